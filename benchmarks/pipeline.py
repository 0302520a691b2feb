"""What benchmarks share: the pipeline run as a user would, the folder of public data, tables on screen."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["CHECKOUT", "run_pipeline", "shared_folder", "show"]

CHECKOUT = Path(__file__).resolve().parents[1]


def shared_folder() -> Path:
    """The folder with the public data: NEOTRIAGE_SHARED_DATA, or ../shared/data beside the checkout."""
    return Path(os.environ.get("NEOTRIAGE_SHARED_DATA") or CHECKOUT.parent / "shared" / "data")


def show(title: str, rows: Sequence[Sequence[str]]) -> None:
    """Print a table under its title, columns to the right."""
    print(f"\n# {title}")
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))


def run_pipeline(folder: Path, targets: Sequence[str], cores: int) -> float:
    """Wall seconds of the pipeline for these targets (paths within the run folder); its output goes to <folder>/snakemake.log.

    Raises:
        SystemExit: it failed; the end of its output is the message.
    """
    programs = Path(sys.executable).parent
    command = [str(programs / "snakemake"), "--snakefile", str(CHECKOUT / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", str(folder / "config.yaml"), "--cores", str(cores), *targets]
    start = time.perf_counter()
    with (folder / "snakemake.log").open("a") as log:
        paths = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(command, cwd=CHECKOUT, env=paths, stdout=log, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        sys.exit("\n".join((folder / "snakemake.log").read_text().splitlines()[-30:]))
    return time.perf_counter() - start
