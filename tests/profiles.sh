#!/bin/sh
# The table in docs/build.md: what each release profile costs to build, and what it gives. About 10 minutes a row on two
# cores. `tests/profiles.sh ROW...`, a row being OPT_LEVEL,LTO,CODEGEN_UNITS,HINT, as in `z,fat,1,on`.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
figures=${CARGO_TARGET_DIR:-target}/debug/figures
[ -x "$figures" ] || cargo build --quiet -p e2e --bin figures

echo '| opt-level | LTO | codegen units | mostly-unused | CPU time of a clean build | bootstrap | start, median |'
echo '| --- | --- | --- | --- | --- | --- | --- |'
for row in "$@"; do
    opt=${row%%,*}; rest=${row#*,}
    lto=${rest%%,*}; rest=${rest#*,}
    units=${rest%%,*}; hint=${rest#*,}
    export CARGO_PROFILE_RELEASE_OPT_LEVEL="$opt" CARGO_PROFILE_RELEASE_LTO="$lto" CARGO_PROFILE_RELEASE_CODEGEN_UNITS="$units"
    if [ "$hint" = off ]; then export RUSTC_WRAPPER=; else unset RUSTC_WRAPPER || true; fi
    cpu=$(python3 -c 'import os, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
times = os.times()
print(f"{(times.children_user + times.children_system) / 60:.1f} min")' \
        env CARGO_TARGET_DIR="$work" cargo build --quiet --release -p nat-failover)
    size=$(wc -c <"$work/release/nat-failover")
    start=$(LOCAL_AWS_BOOTSTRAPS="$work/release" "$figures" start | sed -n 's/^| start[^|]*| \([^|]*\) |.*/\1/p')
    echo "| $opt | $lto | $units | $hint | $cpu | $size | $start |"
    rm -rf "${work:?}"/*
done
