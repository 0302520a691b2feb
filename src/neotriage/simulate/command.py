"""`neotriage simulate`: the command line of the simulated families."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def simulate() -> None:
    """Make families whose truth is known."""


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="folder to make; one that was made before is brought up to date")],
    seed: Annotated[int, typer.Option(min=0, help="same seed, same bytes")] = 7,
) -> None:
    """The embedded demo: a small synthetic genome and a trio's reads with planted causes and decoys."""
    from neotriage.simulate.demo import make_demo

    was_made = make_demo(output, seed)
    typer.echo(f"{'made' if was_made else 'already there'}: {output}")
