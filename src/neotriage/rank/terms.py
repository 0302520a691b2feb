"""One shown part of a candidate's total, and their sums."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from neotriage.settings import RankSettings

__all__ = ["TERMS", "Part", "sum_db", "weighted", "weights_of"]

TERMS = ("P", "V", "I", "G")


@dataclass(frozen=True)
class Part:
    """A part of P, V, I or G: rule, decibans, what was measured, and where it comes from.

    Rules give decibans as their docstrings have them; `weighted` turns them into those that are shown and added up.
    """

    term: str
    rule: str
    db: float
    value: str
    source: str


def sum_db(parts: Iterable[Part], term: str) -> float:
    """Sum of a term's parts, decibans."""
    return math.fsum(part.db for part in parts if part.term == term)


def weights_of(settings: RankSettings) -> dict[str, float]:
    """Each term's weight."""
    values = (settings.phenotype_weight, settings.variant_weight, settings.inheritance_weight, settings.gene_weight)
    return dict(zip(TERMS, values, strict=True))


def weighted(parts: Iterable[Part], weights: Mapping[str, float]) -> tuple[Part, ...]:
    """The parts as they are shown: each with its term's weight in its decibans, so that totals stay plain sums."""
    return tuple(replace(part, db=part.db * weights[part.term]) for part in parts)
