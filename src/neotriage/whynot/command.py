"""`neotriage whynot RESULTS/FAMILY GENE|chr-pos-ref-alt|HGVS`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def whynot(
    case: Annotated[Path, typer.Argument(help="a finished case's results folder")],
    question: Annotated[str, typer.Argument(help="approved gene symbol, gene id, chr-pos-ref-alt (1-based), or HGVS name")],
    gene_models: Annotated[
        Path | None, typer.Option(help="the run's GFF3; to be sure of an HGVS name of an insertion or deletion")
    ] = None,
    reference: Annotated[Path | None, typer.Option(help="the run's FASTA, indexed; with --gene-models")] = None,
    build: Annotated[str, typer.Option(help="name of the build or its YAML file; with --gene-models")] = "GRCh38",
) -> None:
    """Say why a variant, or the variants of a gene, are or are not in the report."""
    from neotriage.whynot.answer import answer, is_hgvs

    asked = question
    if is_hgvs(question) and gene_models and reference:
        asked = _site(question, gene_models, reference, build)
        typer.echo(f"{question} is {asked}")
    reply = answer(case / "report" / "whynot.sqlite", asked)
    typer.echo(f"{reply.question}: {reply.verdict}")
    for line in reply.lines:
        typer.echo(f"  {line}")


def _site(name: str, gene_models: Path, reference: Path, build: str) -> str:
    from neotriage.gene_models import read_gene_models
    from neotriage.genome import read_build
    from neotriage.naming import Namer

    contig, position, ref, alt = Namer(read_gene_models(gene_models), reference, read_build(build)).site(name)
    return f"{contig}-{position + 1}-{ref}-{alt}"
