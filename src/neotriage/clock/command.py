"""`neotriage clock RESULTS`: of each family when it came, when each stage ran, what was waited for, and how long is left."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def clock(
    results: Annotated[Path, typer.Argument(help="the results folder, the config's outdir; it is only read")],
    case: Annotated[str, typer.Option(help="one family; all if not given")] = "",
) -> None:
    """Show the clock of the families of a results folder."""
    from neotriage.clock.times import family_folders
    from neotriage.clock.words import clock_lines
    from neotriage.errors import InputError

    if not results.is_dir():
        raise InputError(f"no results folder {results}", fix="name the config's outdir")
    folders = [folder for folder in family_folders(results) if case in {"", folder.name}]
    if not folders:
        raise InputError(f"no family {case!r} in {results}" if case else f"no family in {results}", fix="see its folders")
    for folder in folders:
        for line in clock_lines(folder, datetime.now(UTC)):
            typer.echo(line)
