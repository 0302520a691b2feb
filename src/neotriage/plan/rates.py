"""How long a job of each rule takes: seconds = fixed + per GB given, fitted to what was measured, and where that was.

The table is `resources/rates.tsv`; `neotriage plan --learn` puts a finished run into it. Where only one size was measured,
a job that took over ten seconds is taken to grow with the size, and a shorter one to be fixed. What was measured on less than
0.1 GB says nothing of growth: such a rate is fixed, and a plan for more says that it goes beyond what was measured.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neotriage.clock import job_times
from neotriage.errors import FormatError
from neotriage.home import resource
from neotriage.plan.jobs import Job
from neotriage.whole_file import write_text

__all__ = ["Rate", "Rates", "fit_rates", "own_rates", "read_rates", "write_rates"]

_COLUMNS = ("rule", "jobs", "fixed_s", "per_gb_s", "memory_mb", "largest_gb")
_UNKNOWN_S = 10.0
_LONG_S = 10.0
_LEAST_GB = 0.1  # below it start-up and compilation are all that is measured
_TWO_SIZES = 2.0  # times that the largest has to be of the smallest


@dataclass(frozen=True)
class Rate:
    """Of one rule: jobs measured, seconds fixed and per GB, the most memory seen in MB, the largest size seen in GB."""

    jobs: int
    fixed_s: float
    per_gb_s: float
    memory_mb: float
    largest_gb: float

    def seconds(self, size_gb: float) -> float:
        """Expected wall seconds of a job of that size."""
        return self.fixed_s + self.per_gb_s * size_gb


Rates = Mapping[str, Rate]


def own_rates() -> Path:
    """The project's own table."""
    return resource("rates.tsv")


def read_rates(path: Path) -> dict[str, Rate]:
    """Rule -> rate, of such a table; empty where there is none.

    Raises:
        FormatError: a row that is none.
    """
    if not path.is_file():
        return {}
    rates = {}
    rows = csv.reader((line for line in path.read_text().splitlines() if not line.startswith("#")), delimiter="\t")
    for number, row in enumerate(rows, start=1):
        if number == 1:
            continue
        try:
            rates[row[0]] = Rate(int(row[1]), *map(float, row[2:6]))
        except (IndexError, ValueError, TypeError):
            raise FormatError(
                f"not a rate: {row}", file=path, row=number, fix="take the table from the release again"
            ) from None
    return rates


def write_rates(rates: Rates, path: Path, measured_on: str) -> None:
    """Write such a table, rules by name."""
    rows = [
        f"{rule}\t{rate.jobs}\t{rate.fixed_s:.2f}\t{rate.per_gb_s:.1f}\t{rate.memory_mb:.0f}\t{rate.largest_gb:.4g}"
        for rule, rate in sorted(rates.items())
    ]
    write_text(path, "\n".join([f"# {measured_on}", "\t".join(_COLUMNS), *rows]) + "\n")


def fit_rates(runs: Iterable[tuple[Iterable[Job], Path]]) -> dict[str, Rate]:
    """Rates of finished runs.

    Args:
        runs: of each run all its jobs, and the folder that their paths are taken from.
    """
    seen: dict[str, list[tuple[float, float, float]]] = {}
    for jobs, folder in runs:
        for job in jobs:
            measured = _measured(folder / job.benchmark) if job.benchmark else None
            if measured is not None:
                seen.setdefault(job.rule, []).append((job.size_gb, *measured))
    return {rule: _fitted(of) for rule, of in seen.items()}


def expected_s(job: Job, rates: Rates) -> float:
    """Expected wall seconds of a job; ten where no job of its rule was ever measured."""
    return rates[job.rule].seconds(job.size_gb) if job.rule in rates else _UNKNOWN_S


def _measured(path: Path) -> tuple[float, float] | None:
    """Seconds and MB of one benchmark file."""
    root = next((parent for parent in path.parents if parent.name == "benchmarks"), None)
    if root is None or not path.is_file():
        return None
    name = path.relative_to(root).with_suffix("").parts
    wanted = ("/".join(name[1:]) or name[0], name[0] if len(name) > 1 else "resources")
    for job in job_times(root.parent):
        if (job.name, job.stage) == wanted:
            return job.wall_s, job.memory_mb
    return None


def _fitted(seen: list[tuple[float, float, float]]) -> Rate:
    sizes, seconds, memory = (np.array(column) for column in zip(*seen, strict=True))
    largest = float(sizes.max())
    if largest < _LEAST_GB:
        slope, fixed = 0.0, float(seconds.mean())
    elif largest > _TWO_SIZES * float(sizes.min()) and len(seen) > 1:
        slope, fixed = np.polyfit(sizes, seconds, 1)
        slope, fixed = max(float(slope), 0.0), max(float(fixed), 0.0)
        if slope == 0.0:
            fixed = float(seconds.mean())
    elif float(seconds.mean()) > _LONG_S and largest > 0:
        slope, fixed = float(seconds.mean() / sizes.mean()), 0.0
    else:
        slope, fixed = 0.0, float(seconds.mean())
    return Rate(len(seen), fixed, slope, float(memory.max()), largest)
