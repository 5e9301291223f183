#!/bin/sh
# Fuzzes what onboarding-trigger reads, a minute in all (or as many seconds as the first argument says), and what the FHIR
# server reads, four fifths of that: libFuzzer, with stable Rust and a C++ compiler. These are cargo-fuzz's own flags, which
# are stable but for its sanitizers; the code is safe Rust. What is found is left beside the build and fails this script; add
# it to the corpus when it is mended.
set -eu
cd "$(dirname "$0")/.."
build=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
total=${1:-60}
host=$(rustc -vV | sed -n 's/^host: //p') # named, or build scripts would be instrumented too
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"

fuzz() { # directory, dictionary, seconds for each target, targets
    directory=$1 dictionary=$2 seconds=$3
    shift 3
    cd "$directory"
    RUSTFLAGS=$(echo $coverage) cargo build --quiet --release --locked --target "$host" --target-dir "$build"
    for target; do
        mkdir -p "$build/corpus/$target"
        "$build/$host/release/$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=512 -max_len=16384 -print_final_stats=1 \
            -dict="$dictionary" -artifact_prefix="$build/$target-" "$build/corpus/$target" "corpus/$target" \
            > "$build/$target.log" 2>&1 || { tail -n 40 "$build/$target.log"; exit 1; }
        echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log") inputs, nothing found"
    done
    cd - > /dev/null
}

fuzz functions/onboarding/fuzz event.dict $((total / 2)) payload event
fuzz functions/fhir/fuzz fhir.dict $((total / 5)) resource search patch request
