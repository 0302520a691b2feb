"""The stage `evidence`: ACMG/AMP criteria and classes of the variants of each hit.

`Assembler(…).facts()` gathers what is known of each; `assess(facts)` gives the `criteria` and `classes` tables.
"""

from __future__ import annotations

from neotriage.evidence.assess import assess
from neotriage.evidence.facts import Facts, Finding
from neotriage.evidence.registry import CRITERIA

__all__ = ["CRITERIA", "Facts", "Finding", "assess"]
