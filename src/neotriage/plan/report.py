"""A plan in words: of each number of families wall and core hours, and the rules that decide when the last is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neotriage.clock import seconds_words
from neotriage.plan.jobs import Job
from neotriage.plan.rates import Rates, expected_s
from neotriage.plan.schedule import Nodes, repeated, schedule

__all__ = ["table"]


def table(
    jobs: Sequence[Job], rates: Rates, families: Sequence[int], nodes: int, cores: int, memory_mb: int, launch_s: float
) -> Iterator[str]:
    """One line a number of families, and what to know of them."""
    yield f"on {nodes} x {cores} cores"
    yield f"{'families':>8}  {'jobs':>6}  {'all done in':>12}  {'core hours':>10}  decided by"
    for count in families:
        planned = repeated(jobs, count)
        result = schedule(planned, lambda job: expected_s(job, rates), Nodes(nodes, cores, memory_mb, launch_s))
        longest = sorted(result.critical, key=lambda at: result.starts[at] - result.ends[at])[:3]
        names = ", ".join(dict.fromkeys(planned[at].rule for at in longest))
        yield f"{count:>8}  {len(planned):>6}  {seconds_words(result.end_s):>12}  {result.core_s / 3600:>10.2f}  {names}"
    unknown = sorted({job.rule for job in jobs} - rates.keys() - {"all"})
    if unknown:
        yield f"never measured, taken for 10 s each: {', '.join(unknown)}"
    beyond = sorted({job.rule for job in jobs if job.rule in rates and job.size_gb > 3 * rates[job.rule].largest_gb})
    if beyond:
        yield f"beyond three times the largest size measured: {', '.join(beyond)}"
