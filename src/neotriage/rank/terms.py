"""One shown part of a candidate's total, and their sums."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Part", "sum_db"]


@dataclass(frozen=True)
class Part:
    """A part of P, V, I or G: rule, decibans, what was measured, and where it comes from."""

    term: str
    rule: str
    db: float
    value: str
    source: str


def sum_db(parts: Iterable[Part], term: str) -> float:
    """Sum of a term's parts, decibans."""
    return math.fsum(part.db for part in parts if part.term == term)
