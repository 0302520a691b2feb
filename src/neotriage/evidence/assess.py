"""Every criterion on every variant of every hit, and the class of their sum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from neotriage.columns import frame
from neotriage.evidence.facts import Facts, Finding, Partner
from neotriage.evidence.points import acmg_class
from neotriage.evidence.registry import NEEDS_PARTNER, criteria_of

__all__ = ["assess", "findings_of_hit"]

_LOWEST, _HIGHEST = -128, 127


def assess(hits: Iterable[tuple[Mapping[str, Any], list[tuple[int, Facts]]]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The `criteria` and `classes` tables, in order of hit, variant and registry.

    Args:
        hits: rows of the hits table, each with its variants' numbers and facts.
    """
    criteria: list[tuple[int, int, str, str, int, str, str]] = []
    classes: list[tuple[int, int, int, str]] = []
    for hit, pair in hits:
        findings = findings_of_hit([facts for _, facts in pair])
        for (variant, _), found in zip(pair, findings, strict=True):
            criteria += [(hit["hit"], variant, name, f.state.value, f.points, f.value, f.source) for name, f in found.items()]
            points = max(_LOWEST, min(_HIGHEST, sum(f.points for f in found.values())))
            classes.append((hit["hit"], variant, points, acmg_class(points).value))
    return _frame("criteria", criteria), _frame("classes", classes)


def findings_of_hit(pair: list[Facts]) -> list[dict[str, Finding]]:
    """Findings by criterion for each variant of a hit; PM3 and BP2 see the other's points without PM3 and BP2."""
    alone = [{name: rule(facts) for name, rule in criteria_of(facts).items() if name not in NEEDS_PARTNER} for facts in pair]
    points = [sum(f.points for f in found.values()) for found in alone]
    results = []
    for i, own in enumerate(pair):
        other = pair[1 - i] if len(pair) == 2 else None
        partner = None if other is None else Partner(other.clinvar_significance, other.clinvar_stars, points[1 - i])
        facts = replace(own, partner=partner)
        results.append({name: alone[i][name] if name in alone[i] else rule(facts) for name, rule in criteria_of(facts).items()})
    return results


_NAMES = {
    "criteria": ("hit", "variant", "criterion", "state", "points", "value", "source"),
    "classes": ("hit", "variant", "points", "acmg_class"),
}


def _frame(table: str, rows: list[Any]) -> pl.DataFrame:
    return frame(table, {name: [row[i] for row in rows] for i, name in enumerate(_NAMES[table])})
