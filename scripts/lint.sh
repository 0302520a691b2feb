#!/usr/bin/env bash
# Every linter, each to its end, so that one run shows all there is to mend.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.venv/bin:$PATH"
failed=0
run() {
    printf 'lint: %s\n' "$*"
    "$@" || failed=1
}
run ruff check --quiet .
run ruff format --check --quiet .
run mypy
run snakefmt --check Snakefile workflow
run scripts/lint_workflow.sh
exit "$failed"
