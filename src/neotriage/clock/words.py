"""The clock of one family in lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from neotriage.case import read_case
from neotriage.clock.times import duration_words, job_times, mark_words, seconds_words, stage_times, waited_for

__all__ = ["clock_lines"]


def clock_lines(folder: Path, now: datetime) -> Iterator[str]:
    """Received, marks, each stage's start, end and work, the critical path, core hours.

    Args:
        folder: the family's.
        now: with its offset.
    """
    case = folder / "inputs" / "case.json"
    received = read_case(case).clock.received if case.is_file() else ""
    yield f"{folder.name}: received {received or 'not stated'}"
    jobs = job_times(folder)
    is_done = any((folder / "report").glob("*.html"))
    until = jobs[-1].finished if jobs and is_done else now
    if received:
        elapsed = until - datetime.fromisoformat(received)
        words = f"{duration_words(elapsed)}, {mark_words(elapsed)}"
        what = "reported after" if is_done else "elapsed"
        yield f"  {what} {words}" if elapsed >= timedelta(0) else "  the receipt lies in the future"
    if not jobs:
        yield "  no job is done"
        return
    yield f"  {'stage':<12} {'jobs':>4}  {'started':<16} {'ended':<16} {'work':>10}"
    for stage in stage_times(jobs):
        times = f"{stage.started:%Y-%m-%d %H:%M} {stage.finished:%Y-%m-%d %H:%M}"
        yield f"  {stage.stage:<12} {stage.jobs:>4}  {times} {seconds_words(stage.wall_s):>10}"
    whole = (jobs[-1].finished - min(job.started for job in jobs)).total_seconds()
    longest = sorted(waited_for(jobs), key=lambda job: -job.wall_s)[:5]
    names = ", ".join(f"{job.stage}/{job.name} {seconds_words(job.wall_s)}" for job in longest)
    yield f"  from first start to last end {seconds_words(whole)}; longest of what was waited for: {names}"
    yield f"  {sum(job.cpu_s for job in jobs) / 3600:.3f} core hours of processor time"
