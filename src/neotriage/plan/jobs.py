"""The jobs of a run as Snakemake plans them: a graph by who makes whose files, and how much was given to each.

Size is what was given from outside that a job's work goes back to: the bytes of the files that no job makes, of the job's own
family, through the job itself and all before it; a job of a rule that a family has many of (one a region) has an equal share.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

__all__ = ["Job", "job_graph", "read_events", "scaled"]

_SCATTERED = ("chunk", "number")  # wildcards of pieces of one family's work


@dataclass(frozen=True)
class Job:
    """One job. `family` is '' for what families share; `output` is its first file; `after` places of the jobs it waits for."""

    rule: str
    family: str
    threads: int
    memory_mb: int
    size_gb: float
    output: str
    benchmark: str
    log: tuple[str, ...]
    after: tuple[int, ...]


def read_events(path: Path) -> list[dict[str, Any]]:
    """What the logger plugin wrote; a line that is not whole yet is left out."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else []
    return [json.loads(line) for line in lines]


def job_graph(events: Iterable[Mapping[str, Any]], folder: Path) -> tuple[Job, ...]:
    """The jobs of a dry run, each after those it waits for.

    Args:
        events: of a dry run.
        folder: that the run's paths are taken from.
    """
    told = {event["jobid"]: event for event in events if event["event"] == "job_info" and event.get("output")}
    maker = {path: number for number, event in told.items() for path in event["output"]}
    before = {number: {maker[p] for p in event["input"] or () if p in maker} - {number} for number, event in told.items()}
    order = tuple(TopologicalSorter(before).static_order())
    place = {number: at for at, number in enumerate(order)}
    given: dict[int, frozenset[str]] = {}
    for number in order:
        own = {path for path in told[number]["input"] or () if path not in maker}
        own_family = [other for other in before[number] if _family(told[other]) == _family(told[number])]
        given[number] = frozenset(own.union(*(given[other] for other in own_family)))
    share = Counter((event["rule_name"], _family(event)) for event in told.values() if _is_piece(event))
    size = {path: _size_gb(folder / path) for path in frozenset().union(*given.values())}
    return tuple(
        Job(
            rule=told[number]["rule_name"],
            family=_family(told[number]),
            threads=int(told[number].get("threads") or 1),
            memory_mb=int((told[number].get("resources") or {}).get("mem_mb") or 0),
            size_gb=sum(size[path] for path in given[number])
            / (share[told[number]["rule_name"], _family(told[number])] if _is_piece(told[number]) else 1),
            output=told[number]["output"][0],
            benchmark=told[number].get("benchmark") or "",
            log=tuple(told[number].get("log") or ()),
            after=tuple(sorted(place[other] for other in before[number])),
        )
        for number in order
    )


def _family(event: Mapping[str, Any]) -> str:
    return str((event.get("wildcards") or {}).get("case", ""))


def _is_piece(event: Mapping[str, Any]) -> bool:
    return any(name in (event.get("wildcards") or {}) for name in _SCATTERED)


def _size_gb(path: Path) -> float:
    try:
        return path.stat().st_size / 1e9
    except OSError:
        return 0.0


def scaled(jobs: Sequence[Job], family_gb: float) -> tuple[Job, ...]:
    """The jobs as if each family's files came to so many GB: sizes of families' jobs grow or shrink by one factor."""
    largest = max((job.size_gb for job in jobs if job.family), default=0.0)
    factor = family_gb / largest if largest else 1.0
    return tuple(replace(job, size_gb=job.size_gb * factor) if job.family else job for job in jobs)
