#!/bin/sh
# Installs the Debian packages that the tests want and that are missing: a real Squid with its network, OpenSSH, an emulator
# of arm64; with the argument `demo` only what the demo wants. Without the rights to install it says what is missing and
# fails: a test that is skipped proves nothing.
set -eu
missing=
want() { # want COMMAND PACKAGE...
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || { shift; missing="$missing $*"; }
}
want sshd openssh-server
want ssh openssh-client
want unshare util-linux
[ "$(id -u)" = 0 ] || want newuidmap uidmap
if [ "${1:-}" != demo ]; then
    want squid squid-openssl
    want nft nftables
    want ip iproute2
    want curl curl
    want openssl openssl
    want busybox busybox # shells and awks of the script for authorized_keys
    want mksh mksh
    want gawk gawk
    want mawk mawk
    want shellcheck shellcheck
    want qemu-aarch64-static qemu-user-static
    want readelf binutils
    want node nodejs # a FHIR client's; the Makefile says which version
    want npm npm
    want c++ g++ # libFuzzer's
    [ -e /usr/aarch64-linux-gnu/lib/libc.so.6 ] || missing="$missing libc6-arm64-cross"
    [ -e /usr/aarch64-linux-gnu/lib/libgcc_s.so.1 ] || missing="$missing libgcc-s1-arm64-cross"
fi
[ -n "$missing" ] || exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
printf '\n== Debian packages:%s\n' "$missing"
# shellcheck disable=SC2086 # a list of words
if command -v apt-get >/dev/null 2>&1 && $sudo true 2>/dev/null; then
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "install them first (as root): apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
