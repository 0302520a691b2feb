"""Jobs on nodes: a list schedule. Of the jobs that are ready, the one with the longest way to the end starts where it fits."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from neotriage.plan.jobs import Job

__all__ = ["Nodes", "Scheduled", "repeated", "schedule"]


@dataclass(frozen=True)
class Nodes:
    """So many equal nodes with cores and memory in MB (0: not looked at); `launch_s` is what it costs to send a job to one."""

    nodes: int = 1
    cores: int = 1
    memory_mb: int = 0
    launch_s: float = 0.0


@dataclass(frozen=True)
class Scheduled:
    """When each job starts and ends, in seconds from now; the path that decides the end; core seconds in all."""

    starts: tuple[float, ...]
    ends: tuple[float, ...]
    critical: tuple[int, ...]
    core_s: float

    @property
    def end_s(self) -> float:
        """Seconds until the last job is done."""
        return max(self.ends, default=0.0)


def repeated(jobs: Sequence[Job], families: int) -> tuple[Job, ...]:
    """One family's jobs and those that families share, with so many families."""
    names = sorted({job.family for job in jobs} - {""})
    kept = {at for at, job in enumerate(jobs) if job.family in {"", *names[:1]} and job.rule != "all"}
    result: list[Job] = []
    place: dict[tuple[int, int], int] = {}
    for copy in range(families):
        for at in sorted(kept):
            if jobs[at].family == "" and copy:
                place[copy, at] = place[0, at]
                continue
            place[copy, at] = len(result)
            family = f"{jobs[at].family}.{copy}" if jobs[at].family else ""
            after = tuple(place[copy, other] for other in jobs[at].after if other in kept)
            result.append(replace(jobs[at], family=family, after=after))
    return tuple(result)


def schedule(jobs: Sequence[Job], seconds: Callable[[Job], float], nodes: Nodes, first: Collection[int] = ()) -> Scheduled:
    """When every job is done; a job that asks for more cores or memory than a node has gets all of one.

    Args:
        jobs: each after those it waits for.
        seconds: wall seconds of a job on the threads it asks for.
        nodes: what they run on.
        first: places of jobs that run already, and so start first.
    """
    wall = [seconds(job) + nodes.launch_s for job in jobs]
    cores = [min(job.threads, nodes.cores) for job in jobs]
    memory = [min(job.memory_mb, nodes.memory_mb) for job in jobs]
    after, to_end = _way_to_end(jobs, wall)
    for at in first:
        to_end[at] = float("inf")
    waiting = [len(job.after) for job in jobs]
    ready = [(-to_end[at], at) for at, count in enumerate(waiting) if not count]
    heapq.heapify(ready)
    free = [[nodes.cores, nodes.memory_mb] for _ in range(nodes.nodes)]
    running: list[tuple[float, int, int]] = []
    starts, ends, cause = [0.0] * len(jobs), [0.0] * len(jobs), [-1] * len(jobs)
    now, last = 0.0, -1
    while ready or running:
        held = []
        while ready:
            item = heapq.heappop(ready)
            at = item[1]
            where = next((n for n, (c, m) in enumerate(free) if c >= cores[at] and m >= memory[at]), None)
            if where is None:
                held.append(item)
                if all(c == 0 for c, _ in free):
                    break
                continue
            free[where][0] -= cores[at]
            free[where][1] -= memory[at]
            starts[at], ends[at], cause[at] = now, now + wall[at], last
            heapq.heappush(running, (ends[at], at, where))
        for item in held:
            heapq.heappush(ready, item)
        now, last, where = heapq.heappop(running)
        free[where][0] += cores[last]
        free[where][1] += memory[last]
        for later in after[last]:
            waiting[later] -= 1
            if not waiting[later]:
                heapq.heappush(ready, (-to_end[later], later))
    critical = []
    at = max(range(len(jobs)), key=ends.__getitem__, default=-1)
    while at >= 0:
        critical.append(at)
        at = cause[at]
    core_s = sum(seconds(job) * count for job, count in zip(jobs, cores, strict=True))
    return Scheduled(tuple(starts), tuple(ends), tuple(reversed(critical)), core_s)


def _way_to_end(jobs: Sequence[Job], wall: Sequence[float]) -> tuple[list[list[int]], list[float]]:
    """Of each job those that wait for it, and the seconds of the longest chain from its start."""
    after: list[list[int]] = [[] for _ in jobs]
    for at, job in enumerate(jobs):
        for other in job.after:
            after[other].append(at)
    to_end = [0.0] * len(jobs)
    for at in reversed(range(len(jobs))):
        to_end[at] = wall[at] + max((to_end[later] for later in after[at]), default=0.0)
    return after, to_end
