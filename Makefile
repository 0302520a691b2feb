# Set up, run, check and test; the same commands serve people and CI. Every target works twice in a row.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format check lock clean
BIN := .venv/bin

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

setup: ## install Debian's tools and the Python environment .venv
	@scripts/setup.sh

demo: ## run the embedded family from reads to report (demo/)
	@scripts/setup.sh
	@scripts/demo.sh

test: ## set up, then run the tests
	@scripts/setup.sh --test
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: ## ruff, mypy, snakefmt, snakemake --lint
	@scripts/setup.sh
	@scripts/lint.sh

format: ## format the Python and Snakemake code
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/snakefmt --quiet Snakefile workflow

check: lint test ## lint, then test

lock: ## resolve requirements.lock anew from pyproject.toml
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --extra dev --generate-hashes \
	  --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml --output-file requirements.lock

clean: ## remove what the demo and the tools wrote
	@rm -rf demo .pytest_cache .mypy_cache .ruff_cache .snakemake
