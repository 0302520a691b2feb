"""`neotriage plan`: what so many families take on so many nodes, by what was measured."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def plan(
    config: Annotated[Path, typer.Option(help="config of a run; its first family is the pattern")],
    families: Annotated[list[int] | None, typer.Option(min=1, help="so many of it; may be repeated (1, 8, 50)")] = None,
    nodes: Annotated[int, typer.Option(min=1, help="machines")] = 1,
    cores: Annotated[int | None, typer.Option(min=1, help="cores of each; this machine's if not given")] = None,
    memory_gb: Annotated[float, typer.Option(min=0, help="memory of each, GB; 0 is not looked at")] = 0.0,
    launch_s: Annotated[float, typer.Option(min=0, help="seconds that sending a job to a node costs")] = 0.0,
    family_gb: Annotated[float | None, typer.Option(min=0, help="GB of a family's read files (the config's)")] = None,
    directory: Annotated[Path, typer.Option(help="folder that the config's paths are taken from")] = Path(),
    rates: Annotated[Path | None, typer.Option(help="table of rates; the project's own if not given")] = None,
    learn: Annotated[bool, typer.Option("--learn", help="write the rates of this finished run to --rates, and end")] = False,
) -> None:
    """Say when all is done, how many core hours it takes, and which jobs decide."""
    from neotriage.errors import InputError
    from neotriage.plan.dry_run import planned_jobs
    from neotriage.plan.jobs import scaled
    from neotriage.plan.rates import fit_rates, own_rates, read_rates, write_rates
    from neotriage.plan.report import table

    table_file = rates or own_rates()
    jobs = planned_jobs(config.resolve(), directory, ["--cores", "1000000"], whole=True)
    if learn:
        found = fit_rates([(jobs, directory)])
        if not found:
            fix = "run it first, and give the config and --directory that it ran with"
            raise InputError("no job of this run has ended, so there is nothing to learn from", file=config, fix=fix)
        origin = f"seconds on {os.cpu_count()} cores, of {config.resolve().parent.name}"
        write_rates(read_rates(table_file) | found, table_file, origin)
        typer.echo(f"{table_file}: rates of {len(found)} rules")
        return
    known = read_rates(table_file) | fit_rates([(jobs, directory)])
    wanted = scaled(jobs, family_gb) if family_gb is not None else jobs
    machine = (nodes, cores or os.cpu_count() or 1, int(memory_gb * 1000), launch_s)
    for line in table(wanted, known, families or [1, 8, 50], *machine):
        typer.echo(line)
