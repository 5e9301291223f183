#!/bin/sh
# Cargo's rustc-wrapper. The AWS SDK crates declare `[hints] mostly-unused` in their manifests: generate code only for
# what is called (aws-sdk-ec2 has hundreds of operations, we call five). Cargo honours the hint on nightly only, so this passes
# the flag itself, for those crates alone. It changes when code is generated, not what it does. Figures: docs/build.md.
rustc=$1
shift
case " $* " in
*" --crate-name aws_sdk_"*) RUSTC_BOOTSTRAP=1 exec "$rustc" -Zhint-mostly-unused "$@" ;;
*) exec "$rustc" "$@" ;;
esac
