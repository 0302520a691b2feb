"""`neotriage whynot RESULTS/FAMILY GENE|chr-pos-ref-alt`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def whynot(
    case: Annotated[Path, typer.Argument(help="a finished case's results folder")],
    question: Annotated[str, typer.Argument(help="approved gene symbol, gene id, or chr-pos-ref-alt (1-based)")],
) -> None:
    """Say why a variant, or the variants of a gene, are or are not in the report."""
    from neotriage.whynot.answer import answer

    reply = answer(case / "report" / "whynot.sqlite", question)
    typer.echo(f"{reply.question}: {reply.verdict}")
    for line in reply.lines:
        typer.echo(f"  {line}")
