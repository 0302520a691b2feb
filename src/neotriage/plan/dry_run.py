"""What Snakemake would do, asked of Snakemake: its dry run, as a graph of jobs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from neotriage.errors import InputError
from neotriage.home import checkout
from neotriage.plan.jobs import Job, job_graph, read_events

__all__ = ["planned_jobs", "snakemake"]


def snakemake(config: Path, folder: Path, options: Sequence[str]) -> list[str]:
    """The command line of a run: this environment's snakemake on the checkout's Snakefile."""
    start = [sys.executable, "-m", "snakemake", "--snakefile", str(checkout() / "Snakefile")]
    return [*start, "--directory", str(folder), "--configfile", str(config), *options]


def planned_jobs(config: Path, folder: Path, options: Sequence[str], *, whole: bool = False) -> tuple[Job, ...]:
    """The jobs that Snakemake would run now, or all there are.

    Raises:
        InputError: Snakemake does not plan; its own line says why.
    """
    with tempfile.TemporaryDirectory() as scratch:
        events = Path(scratch) / "events"
        more = ["--dry-run", "--quiet", "all", "--logger", "neotriage", "--logger-neotriage-events", str(events)]
        done = subprocess.run(
            [*snakemake(config, folder, options), *more, *(["--forceall"] if whole else [])],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            own = [line.removeprefix("neotriage: error: ") for line in said if line.startswith("neotriage: error: ")]
            if own:
                raise InputError(own[0])
            raise InputError(
                f"Snakemake cannot plan: {' '.join(said[-3:])}", file=config, fix="run snakemake --dry-run by itself"
            )
        return job_graph(read_events(events), folder)
