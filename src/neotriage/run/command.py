"""`neotriage run`: check everything, then let Snakemake do the work, with a live view."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    context: typer.Context,
    config: Annotated[Path, typer.Option(help="config of the run (YAML)")],
    cores: Annotated[int | None, typer.Option(min=1, help="cores to use; all of this machine if not given")] = None,
    profile: Annotated[str, typer.Option(help="default, slurm, or a folder that holds a profile")] = "default",
    directory: Annotated[Path, typer.Option(help="folder that the config's paths are taken from")] = Path(),
) -> None:
    """Check machine, tools, disk and inputs; run; show stage, time left and core hours. Other options go to snakemake."""
    from neotriage.run.launch import launch

    raise SystemExit(launch(config.resolve(), directory, profile, cores, context.args))
