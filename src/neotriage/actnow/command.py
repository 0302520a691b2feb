"""`neotriage actnow`: what to genotype at once, the provisional page, and what became of its lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from neotriage.whole_file import write_json, write_text

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

_BUILD_HELP = "name of the build or its YAML file"


@app.callback()
def actnow() -> None:
    """The provisional page of treatable findings, made as soon as the baby's alignment is indexed."""


@app.command()
def targets(
    gene_models: Annotated[Path, typer.Option(help="GFF3")],
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    bed: Annotated[Path, typer.Option(help="BED of what is genotyped, to write")],
    known: Annotated[Path, typer.Option(help="ClinVar's alleles of the treatable genes, to write")],
    clinvar: Annotated[Path | None, typer.Option(help="ClinVar's VCF")] = None,
) -> None:
    """Write what is genotyped: exons of treatable genes and ClinVar's P/LP sites in them."""
    from neotriage.actnow.run import write_targets
    from neotriage.genome import read_build

    write_targets(gene_models, read_build(build), clinvar, bed, known)


@app.command()
def page(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    build: Annotated[str, typer.Option(help=_BUILD_HELP)],
    gene_models: Annotated[Path, typer.Option(help="GFF3")],
    known: Annotated[Path, typer.Option(help="ClinVar's alleles, of `targets`")],
    calls: Annotated[Path, typer.Option(help="the baby's calls in the targets, after bcftools csq")],
    alignment: Annotated[Path, typer.Option(help="the baby's indexed CRAM")],
    reference: Annotated[Path, typer.Option(help="FASTA of the run")],
    json_: Annotated[Path, typer.Option("--json")],
    html: Annotated[Path, typer.Option()],
    store: Annotated[Path | None, typer.Option(help="frequency store")] = None,
    always_look: Annotated[Path | None, typer.Option(help="the always-look list; the bundled one if not given")] = None,
) -> None:
    """Write the provisional page."""
    from neotriage.actnow.page import render
    from neotriage.actnow.run import make_page
    from neotriage.case import read_case
    from neotriage.gene_models import read_gene_models
    from neotriage.genome import read_build
    from neotriage.store import open_store

    the_build = read_build(build)
    models = read_gene_models(gene_models, the_build)
    frequencies = None if store is None else open_store(store)
    document = make_page(read_case(case), the_build, models, known, calls, alignment, reference, frequencies, always_look)
    write_json(json_, document)
    write_text(html, render(document))


@app.command()
def outcome(
    page: Annotated[Path, typer.Option(help="the provisional page's JSON")],
    variants: Annotated[Path, typer.Option()],
    hits: Annotated[Path, typer.Option()],
    candidates: Annotated[Path, typer.Option()],
    ledger: Annotated[list[Path], typer.Option(help="of the table stage, then of the inheritance stage")],
    chromosomes: Annotated[Path, typer.Option(help="calls/chromosomes.json")],
    output: Annotated[Path, typer.Option(help="JSON: the lines confirmed or withdrawn")],
) -> None:
    """Confirm or withdraw each line of the page by the family's tables."""
    from neotriage.actnow.outcome import judge_lines, read_tables

    given: dict[str, Any] = json.loads(page.read_text())
    tables = read_tables(variants, hits, candidates, ledger)
    write_json(output, judge_lines(given, *tables, json.loads(chromosomes.read_text())))
