"""How far a run is, by Snakemake's events: of each family the stage, what is done and when it will be, and what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from neotriage.plan import Job, Nodes, Rates, schedule
from neotriage.plan.rates import expected_s

__all__ = ["Failure", "Line", "Progress", "failure_words"]

_SHARED = "shared files"
_LAST_LINES = 3


@dataclass(frozen=True)
class Line:
    """One family: stages that run now, its share of the work done (0 to 1), seconds until its end by the plan."""

    family: str
    stages: tuple[str, ...]
    done: int
    jobs: int
    share: float
    left_s: float


@dataclass(frozen=True)
class Failure:
    """A job that failed: rule, family, its logs."""

    rule: str
    family: str
    logs: tuple[str, ...]


@dataclass
class Progress:
    """A run's jobs and what became of them."""

    jobs: Sequence[Job]
    rates: Rates
    nodes: Nodes
    finished: set[int] = field(default_factory=set)
    running: dict[int, float] = field(default_factory=dict)
    seen: int = 0

    def __post_init__(self) -> None:
        """Jobs are known again by their first output."""
        self._place = {job.output: at for at, job in enumerate(self.jobs)}
        self._of: dict[int, int] = {}
        self._failed: list[tuple[int | None, Failure]] = []

    @property
    def failures(self) -> list[Failure]:
        """The jobs that failed, without those that were put in again and are done."""
        return [failure for at, failure in self._failed if at not in self.finished]

    def follow(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Take in all events so far, in their order; those seen before are passed over."""
        for event in events[self.seen :]:
            name = event["event"]
            if name == "job_info" and event.get("output"):
                at = self._place.get(event["output"][0])
                if at is not None:
                    self._of[event["jobid"]] = at
                    self.running[at] = event["time"]
            elif name == "job_finished":
                at = self._of.get(event["job_id"])
                if at is not None:
                    self.running.pop(at, None)
                    self.finished.add(at)
            elif name == "job_error":
                at = self._of.get(event.get("jobid", -1))
                if at is not None:
                    self.running.pop(at, None)
                family = str((event.get("wildcards") or {}).get("case", "")) or (self.jobs[at].family if at is not None else "")
                rule = str(event.get("rule_name") or (self.jobs[at].rule if at is not None else "a job"))
                logs = event.get("log") or (self.jobs[at].log if at is not None else ())
                self._failed.append((at, Failure(rule, family, tuple(logs))))
        self.seen = len(events)

    def left_s(self, now: float) -> list[float]:
        """Seconds until each job's end by a list schedule of what is left; 0 for one that is done."""
        left = [at for at in range(len(self.jobs)) if at not in self.finished]
        place = {at: n for n, at in enumerate(left)}
        rest = [self._rest(at, now) for at in left]
        kept = [tuple(place[other] for other in self.jobs[at].after if other in place) for at in left]
        jobs = [replace(self.jobs[at], after=after) for at, after in zip(left, kept, strict=True)]
        seconds = dict(zip(map(id, jobs), rest, strict=True))
        ends = schedule(jobs, lambda job: seconds[id(job)], self.nodes, [place[at] for at in self.running]).ends
        result = [0.0] * len(self.jobs)
        for at, end in zip(left, ends, strict=True):
            result[at] = end
        return result

    def lines(self, now: float) -> list[Line]:
        """One line a family, and one for what they share."""
        left = self.left_s(now)
        families: dict[str, list[int]] = {}
        for at, job in enumerate(self.jobs):
            families.setdefault(job.family or _SHARED, []).append(at)
        return [
            self._line(name, of, left) for name, of in sorted(families.items(), key=lambda item: (item[0] != _SHARED, item[0]))
        ]

    def core_hours(self, now: float) -> float:
        """Core hours of the jobs that are done, by their expected time, and of those that run, by the time since they began."""
        done = sum(expected_s(self.jobs[at], self.rates) * self._cores(at) for at in self.finished)
        return (done + sum((now - began) * self._cores(at) for at, began in self.running.items())) / 3600

    def _line(self, name: str, of: Sequence[int], left: Sequence[float]) -> Line:
        work = {at: expected_s(self.jobs[at], self.rates) * self._cores(at) for at in of}
        done = [at for at in of if at in self.finished]
        stages = dict.fromkeys(self.jobs[at].rule.split("_")[0] for at in of if at in self.running)
        share = sum(work[at] for at in done) / (sum(work.values()) or 1.0)
        return Line(name, tuple(stages), len(done), len(of), share, max(left[at] for at in of))

    def _rest(self, at: int, now: float) -> float:
        whole = expected_s(self.jobs[at], self.rates)
        return max(whole - (now - self.running[at]), 0.05 * whole) if at in self.running else whole

    def _cores(self, at: int) -> int:
        return min(self.jobs[at].threads, self.nodes.cores)


def failure_words(failures: Iterable[Failure], folder: Path) -> list[str]:
    """Of each failed job one line: what, of whom, why by the last words of its log, where the log is; each once."""
    lines = []
    for failure in failures:
        logs = [folder / log for log in failure.logs]
        said = next((line for log in logs for line in _telling(log)), "its log says nothing")
        where = ", ".join(str(log) for log in logs)
        of = f" of {failure.family}" if failure.family else ""
        lines.append(f"{failure.rule}{of} failed: {said}" + (f" (log: {where})" if where else ""))
    return list(dict.fromkeys(lines))


def _telling(log: Path) -> list[str]:
    """The line that names place and fix, else the log's last lines in one."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return []
    own = [line for line in lines if line.startswith(("neotriage: error: ", "error: "))]
    return [own[-1].removeprefix("neotriage: ")] if own else [" / ".join(lines[-_LAST_LINES:])] if lines else []
