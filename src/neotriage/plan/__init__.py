"""What a run's jobs are, how long each takes by what was measured, and when all of them are done on so many cores."""

from neotriage.plan.jobs import Job, job_graph, read_events
from neotriage.plan.rates import Rate, Rates, fit_rates, own_rates, read_rates, write_rates
from neotriage.plan.schedule import Nodes, Scheduled, repeated, schedule

__all__ = [
    "Job",
    "Nodes",
    "Rate",
    "Rates",
    "Scheduled",
    "fit_rates",
    "job_graph",
    "own_rates",
    "read_events",
    "read_rates",
    "repeated",
    "schedule",
    "write_rates",
]
