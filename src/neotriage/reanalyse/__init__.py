"""Stored families against newer ClinVar, panels and HPO: tiers and ranks anew, without the reads; what changed, and by what."""

from neotriage.reanalyse.archive import NotJudged, Stored, find_families
from neotriage.reanalyse.compare import Change, Snapshot, compare, snapshot
from neotriage.reanalyse.run import Newer, open_newer, reanalyse

__all__ = [
    "Change",
    "Newer",
    "NotJudged",
    "Snapshot",
    "Stored",
    "compare",
    "find_families",
    "open_newer",
    "reanalyse",
    "snapshot",
]
