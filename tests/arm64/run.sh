#!/bin/sh
# The artifacts that ship, started under an emulator of arm64: one event of each kind, whole failovers, whole rotations, devices.
# These are the end-to-end tests again, with the shipped bootstrap in the place of this machine's build.
set -eu
lambda=$CARGO_TARGET_DIR/lambda
emulated=$CARGO_TARGET_DIR/emulated
mkdir -p "$emulated"

for name in "$@"; do
    bootstrap=$lambda/$name/bootstrap

    # Amazon Linux 2023 has glibc 2.34; an artifact that wants a newer one does not start there.
    newest=$(readelf -V "$bootstrap" | grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -n 1)
    [ "$(printf '%s\nGLIBC_2.34\n' "$newest" | sort -V | tail -n 1)" = GLIBC_2.34 ] ||
        { echo "$name wants $newest, Amazon Linux 2023 has GLIBC_2.34" >&2; exit 1; }

    # A larger one starts slower. ssh-rotation has an SSH client and all algorithms of keys on board, fhir the definitions of R4.
    case $name in ssh-rotation) budget=7500000 ;; fhir) budget=10000000 ;; *) budget=7000000 ;; esac
    size=$(wc -c <"$bootstrap")
    [ "$size" -lt "$budget" ] || { echo "$name is $size bytes, the budget is $budget" >&2; exit 1; }
    echo "$name: $size bytes, wants $newest"

    cat >"$emulated/$name" <<EOF
#!/bin/sh
exec qemu-aarch64-static -L /usr/aarch64-linux-gnu $bootstrap
EOF
    chmod +x "$emulated/$name"
done

# shellcheck disable=SC2086 # a list of words
emulated_test() { # emulated_test TEST FILTER...
    test=$1
    shift
    LOCAL_AWS_BOOTSTRAPS=$emulated cargo test --quiet ${WORKSPACE:---workspace} --test "$test" -- "$@"
}

emulated_test nat_failover events:: failover:: failback::
emulated_test ssh_rotation contract::a_rotation rotation::both_keys rotation::every_algorithm
emulated_test iot_firehose samples:: devices:: budgets::
emulated_test onboarding whole:: samples::
