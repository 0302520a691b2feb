"""The clock: the marks of a family's days, and what each stage took."""

from neotriage.clock.times import (
    MARKS,
    JobTime,
    StageTime,
    duration_words,
    family_folders,
    job_times,
    mark_words,
    seconds_words,
    stage_times,
    waited_for,
)

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
