"""The clock of a family: the service's marks, and what each stage took by the times that Snakemake wrote of its jobs.

Times of jobs stand in `<results>/<case>/benchmarks/` and are not part of the report, which is the same whenever it is made.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = [
    "MARKS",
    "JobTime",
    "StageTime",
    "duration_words",
    "family_folders",
    "job_times",
    "mark_words",
    "seconds_words",
    "stage_times",
    "waited_for",
]

MARKS = (timedelta(days=7), timedelta(days=14))
"""The days after receipt that the clock is held against."""


@dataclass(frozen=True)
class JobTime:
    """One finished job: its stage, its name in it, wall and processor seconds, memory in MB, and when it ended (UTC).

    `stage` is `resources` for what families share; processor time and memory are 0 where Snakemake could not measure them.
    """

    stage: str
    name: str
    wall_s: float
    cpu_s: float
    memory_mb: float
    finished: datetime

    @property
    def started(self) -> datetime:
        """When it began."""
        return self.finished - timedelta(seconds=self.wall_s)


@dataclass(frozen=True)
class StageTime:
    """A stage's first start and last end, its jobs, and their wall and processor seconds in all."""

    stage: str
    jobs: int
    started: datetime
    finished: datetime
    wall_s: float
    cpu_s: float


def family_folders(results: Path) -> list[Path]:
    """The folders of a results folder's families, by name."""
    return [folder for folder in sorted(results.iterdir()) if folder.name != "resources" and (folder / "inputs").is_dir()]


def job_times(folder: Path) -> tuple[JobTime, ...]:
    """The finished jobs of a family's folder, or of the shared one, by their end; of a job done again the last."""
    root = folder / "benchmarks"
    found = [_job_time(path, root) for path in sorted(root.rglob("*.tsv"))]
    return tuple(sorted((job for job in found if job is not None), key=lambda job: job.finished))


def stage_times(jobs: Iterable[JobTime]) -> tuple[StageTime, ...]:
    """What each stage took, by its start."""
    by_stage: dict[str, list[JobTime]] = {}
    for job in jobs:
        by_stage.setdefault(job.stage, []).append(job)
    stages = [
        StageTime(
            stage,
            len(of),
            min(job.started for job in of),
            max(job.finished for job in of),
            sum(job.wall_s for job in of),
            sum(job.cpu_s for job in of),
        )
        for stage, of in by_stage.items()
    ]
    return tuple(sorted(stages, key=lambda stage: stage.started))


def waited_for(jobs: Iterable[JobTime]) -> tuple[JobTime, ...]:
    """The critical path as it was lived: from the last job back, each time the job that ended last before this one began."""
    left = sorted(jobs, key=lambda job: job.finished)
    path: list[JobTime] = []
    slack = timedelta(seconds=1)  # of the clocks: the end is the file's time, written a moment later
    while left:
        path.append(left.pop())
        left = [job for job in left if job.finished <= path[-1].started + slack]
    return tuple(reversed(path))


def duration_words(duration: timedelta) -> str:
    """A duration of zero or more: `0 h` to `47 h`, then `2 d 0 h` and on; begun hours are left out."""
    hours = duration // timedelta(hours=1)
    return f"{hours} h" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def seconds_words(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def mark_words(elapsed: timedelta) -> str:
    """Where a time since the sample was received stands to day 7 and day 14."""
    first, second = MARKS
    if elapsed < first:
        return f"day 7 in {duration_words(first - elapsed)}"
    if elapsed < second:
        return f"past day 7; day 14 in {duration_words(second - elapsed)}"
    return "past day 14"


def _job_time(path: Path, root: Path) -> JobTime | None:
    """None where the file is being written, or is of no job."""
    try:
        with path.open(newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        wall_s, cpu_s, memory_mb = (_number(row.get(name)) for name in ("s", "cpu_time", "max_rss"))
        finished = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, StopIteration, ValueError):
        return None
    parts = path.relative_to(root).with_suffix("").parts
    stage, name = ("resources", parts[0]) if len(parts) == 1 else (parts[0], "/".join(parts[1:]))
    return JobTime(stage, name, wall_s, cpu_s, memory_mb, finished)


def _number(text: str | None) -> float:
    return 0.0 if text in {None, "", "NA", "-"} else float(str(text))
