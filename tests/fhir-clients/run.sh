#!/bin/sh
# The FHIR server, in memory, against clients that others wrote: fhirclient and fhirpy (PyPI), fhir-kit-client (npm).
# usage: run.sh SERVER PYTHON NODE_FOLDER
#   SERVER       the built fhir-local
#   PYTHON       one that has tests/local-aws/emulators/requirements.txt
#   NODE_FOLDER  where `npm ci` has installed package-lock.json
set -eu
here=$(cd "$(dirname "$0")" && pwd)
server=$1 python=$2 node_folder=$3
said=$(mktemp)
PORT=0 "$server" 2>"$said" &
pid=$!
trap 'kill "$pid" 2>/dev/null || :; rm -f "$said"' EXIT

base=
tries=0
while [ -z "$base" ]; do
    base=$(sed -n 's/^FHIR R4 at \(http:[^ ]*\) .*/\1/p' "$said")
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$pid" 2>/dev/null; then
        echo "fhir-local did not start:" >&2
        cat "$said" >&2
        exit 1
    fi
    sleep 0.1
done

FHIR_BASE=$base "$python" -W error::ResourceWarning -m unittest discover --start-directory "$here" --pattern '*_client.py'
# A module finds its packages beside itself only.
cp "$here/kit_client.mjs" "$node_folder/"
FHIR_BASE=$base node --test --test-reporter=dot "$node_folder/kit_client.mjs"
