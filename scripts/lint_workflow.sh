#!/usr/bin/env bash
# snakemake --lint on the demo's config, since the workflow is planned from a checked run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
neotriage simulate demo --output "$folder/input" >/dev/null
if ! snakemake --lint --directory "$folder/input" --configfile "$folder/input/config.yaml" >"$folder/lint" 2>&1; then
    cat "$folder/lint"
    exit 1
fi
