#!/usr/bin/env bash
# The embedded family from reads to report: made (seeded, no download), run on all cores, and where the report is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.venv/bin:$PATH"
neotriage simulate demo --output demo/input
# (--quiet progress would hide what went wrong, too)
snakemake --directory demo/input --configfile demo/input/config.yaml --config outdir=../results --cores all --quiet rules host 2>&1 |
    { grep --line-buffered -vE '^(Select jobs|Execute [0-9]+ jobs|\[|Finished jobid|$)' || true; }
printf '\nThe report: %s\n' "$PWD"/demo/results/*/report/*.html
