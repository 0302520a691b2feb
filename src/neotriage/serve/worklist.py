"""What is to be read first: by how soon something can be done, then by who has waited longest.

order  1  a finding beyond small variants, or a reported candidate of found or candidate, is treatable within hours, days, weeks
       2  found, candidate or a finding beyond small variants, nothing known to be done
       3  nothing found
within each: received not stated or not readable, since nobody can say that it is in time; then the earliest received.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from neotriage.clock import MARKS, duration_words, mark_words
from neotriage.serve.families import URGENCIES, Candidate, Family, Quality, Report, Urgent

__all__ = ["STATEMENT_WORDS", "Row", "SignedOff", "clock_words", "worklist"]

STATEMENT_WORDS: Mapping[str, str] = {
    "found": "likely cause found",
    "candidate": "candidate, not proven",
    "beyond_variants": "found beyond small variants",
    "nothing_found": "nothing found",
}


@dataclass(frozen=True)
class SignedOff:
    """State of a family's sign-off: `is_current` if the report that was signed is the one that stands there now."""

    by: tuple[str, ...] = ()
    at: datetime | None = None
    is_current: bool = False

    @property
    def is_done(self) -> bool:
        """Whether a sign-off stands for the report as it is now."""
        return bool(self.by) and self.is_current

    @property
    def words(self) -> str:
        """The state in words."""
        if not self.by:
            return "open"
        who = " and ".join(self.by)
        return f"signed off by {who}" if self.is_current else f"open: report changed since {who} signed off"


@dataclass(frozen=True)
class Row:
    """One line of the worklist; `family` is the opaque id, `elapsed` and `mark` are words."""

    family: str
    name: str
    report: Report
    statement: str
    top: Candidate | None
    urgent: Urgent | None
    quality: Quality
    received: str
    elapsed: str
    mark: str
    is_late: bool
    signed_off: SignedOff


def worklist(
    families: Iterable[tuple[str, Family]], signed_off: Mapping[str, SignedOff], now: datetime
) -> tuple[list[Row], list[Row]]:
    """The readable families, first to read first: those to sign off, and those signed off.

    Args:
        families: opaque id and family.
        signed_off: opaque id -> state; not there is open.
        now: with its offset.
    """
    rows = [
        _row(family_id, family.name, family.report, signed_off.get(family_id, SignedOff()), now)
        for family_id, family in families
        if family.report is not None
    ]
    rows.sort(key=_order)
    return [row for row in rows if not row.signed_off.is_done], [row for row in rows if row.signed_off.is_done]


def _row(family_id: str, name: str, report: Report, signed_off: SignedOff, now: datetime) -> Row:
    until = signed_off.at if signed_off.is_done and signed_off.at else now
    received, elapsed, mark = clock_words(report, until)
    return Row(
        family=family_id,
        name=name,
        report=report,
        statement=STATEMENT_WORDS[report.statement],
        top=report.top,
        urgent=report.urgent,
        quality=report.quality,
        received=received,
        elapsed=elapsed,
        mark=mark,
        is_late=report.received is None or until - report.received >= MARKS[0],
        signed_off=signed_off,
    )


def _order(row: Row) -> tuple[int, bool, float, str]:
    report = row.report
    if report.statement == "nothing_found":
        group = len(URGENCIES) + 1
    else:
        group = URGENCIES.index(row.urgent.urgency) if row.urgent else len(URGENCIES)
    received = report.received
    return group, received is not None, received.timestamp() if received else 0.0, row.name


def clock_words(report: Report, until: datetime) -> tuple[str, str, str]:
    """When received, how long until then, and where that stands to day 7 and day 14 ("" not known)."""
    received = report.received
    if received is None:
        written = report.received_as_written
        return (f"not readable: {written}" if written else "not stated"), "not known", ""
    words = f"{received:%Y-%m-%d %H:%M} {_offset_words(received)}"
    elapsed = until - received
    if elapsed < timedelta(0):
        return words, "lies in the future", "check the clock of the case file"
    return words, duration_words(elapsed), mark_words(elapsed)


def _offset_words(time: datetime) -> str:
    offset = time.utcoffset() or timedelta(0)
    return "UTC" if not offset else f"UTC{time:%z}"
