"""`neotriage inheritance`: variants, consequences and annotations to hits and the stage's ledger."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def inheritance(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    variants: Annotated[Path, typer.Option(help="table/variants.parquet")],
    consequences: Annotated[Path, typer.Option(help="annotate/consequences.parquet")],
    annotations: Annotated[Path, typer.Option(help="annotate/annotations.parquet")],
    hits: Annotated[Path, typer.Option(help="hits to write")],
    ledger: Annotated[Path, typer.Option(help="ledger to write")],
    gene_models: Annotated[
        Path | None, typer.Option(help="gene models; needed only where a panel names genes by HGNC id alone")
    ] = None,
    reread: Annotated[Path | None, typer.Option(help="verify/reread.parquet; without it the calls alone are judged")] = None,
) -> None:
    """Find the ways in which variants explain the affected."""
    from neotriage.inheritance import run_inheritance

    run_inheritance(case, variants, consequences, annotations, hits=hits, ledger=ledger, gene_models=gene_models, reread=reread)
