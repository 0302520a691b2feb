"""The stage `evidence`: ACMG/AMP criteria and classes of the variants of each hit.

facts = Assembler(…).facts()
criteria, classes = assess(facts)
"""

from __future__ import annotations

from neotriage.evidence.assess import assess
from neotriage.evidence.facts import Facts, Finding
from neotriage.evidence.registry import CRITERIA

__all__ = ["CRITERIA", "Facts", "Finding", "assess"]
