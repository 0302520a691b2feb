"""`neotriage rank`: candidates of a case, best first, each with the parts of its total."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def rank(
    case: Annotated[Path, typer.Option(help="case.json of the stage inputs")],
    variants: Annotated[Path, typer.Option(help="variants.parquet")],
    consequences: Annotated[Path, typer.Option(help="consequences.parquet")],
    annotations: Annotated[Path, typer.Option(help="annotations.parquet")],
    hits: Annotated[Path, typer.Option(help="hits.parquet")],
    criteria: Annotated[Path, typer.Option(help="criteria.parquet")],
    classes: Annotated[Path, typer.Option(help="classes.parquet")],
    candidates: Annotated[Path, typer.Option(help="candidates.parquet to write")],
    parts: Annotated[Path, typer.Option(help="parts.parquet to write")],
    summary: Annotated[Path, typer.Option(help="summary.json to write")],
    gene_models: Annotated[Path | None, typer.Option(help="gene models, GFF3, to say which panel genes they lack")] = None,
    moves: Annotated[Path | None, typer.Option(help="moves.parquet to write: what would move the first ten")] = None,
    build: Annotated[str | None, typer.Option(help="name of the build or its YAML file; the case's if absent")] = None,
) -> None:
    """Rank the genes that have a hit."""
    from neotriage.rank.run import RankFiles, run_rank

    inputs = (case, variants, consequences, annotations, hits, criteria, classes)
    run_rank(RankFiles(*inputs, gene_models, candidates, parts, summary, moves), build)
