"""V: how strongly the alleles are pathogenic, in decibans.

Per allele the ACMG/AMP points times 3.18 dB (10 log10 350^(1/8), Tavtigian 2020), without what another place counts:
PS2, PM6, PM3, PP1 and BP2 are the family's and stand in I; PM2 tells nothing between hits that are all rare by the filter.
More than ten points a side count as ten: the class does not change beyond.

Two alleles must both be pathogenic. With a prior of 0.1 each (Tavtigian 2018), p = o / (1 + o), o = 350^(points/8) / 9, the
pair has p_a p_b, turned back into points by the same formula. A lone allele of a recessive disease is paired with the chance
of 0.05 that the second is there and was missed, since many healthy people carry one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from neotriage.call_rules import is_call_failed, unmeasured_rule
from neotriage.rank.terms import Part
from neotriage.schema import Model
from neotriage.structural import label

__all__ = ["FAMILY_CRITERIA", "joint_points", "pathogenic_probability", "variant_parts"]

SOURCE = "docs/ranking.md, term V"
FAMILY_CRITERIA = frozenset({"PS2", "PM6", "PM3", "PP1", "BP2"})

_RARITY = "PM2"
_POINT_ODDS = 350 ** (1 / 8)
_PRIOR_ODDS = 1 / 9
_HIGHEST = 10
_MISSED_SECOND = 0.05
_FAILED_CALL_DB = -6.0


def pathogenic_probability(points: float) -> float:
    """Probability that an allele of so many points is pathogenic, at a prior of 0.1 (Tavtigian 2018, 2020)."""
    odds = _PRIOR_ODDS * math.pow(_POINT_ODDS, points)
    return odds / (1 + odds)


def joint_points(probability: float) -> float:
    """The points that stand for a probability of being pathogenic, at a prior of 0.1."""
    return math.log(probability / (1 - probability) / _PRIOR_ODDS, _POINT_ODDS)


def variant_parts(
    model: Model,
    alleles: Sequence[Mapping[str, Any]],
    criteria: Sequence[Sequence[Mapping[str, Any]]],
    db_per_point: float,
) -> list[Part]:
    """The parts of V.

    Args:
        model: the hit's model.
        alleles: rows of `variants`, one or two.
        criteria: rows of `criteria` of each allele.
        db_per_point: decibans a point.
    """
    parts: list[Part] = []
    points: list[int] = []
    for allele, rows in zip(alleles, criteria, strict=True):
        name = label(allele)
        counted = [r for r in rows if r["points"] and r["criterion"] not in FAMILY_CRITERIA | {_RARITY}]
        parts += [
            Part("V", r["criterion"], r["points"] * db_per_point, f"{name}: {r['points']:+d} points, {r['value']}", r["source"])
            for r in counted
        ]
        total = sum(r["points"] for r in counted)
        kept = max(-_HIGHEST, min(_HIGHEST, total))
        if kept != total:
            parts.append(Part("V", "cap", (kept - total) * db_per_point, f"{name}: {total} points count as {kept}", SOURCE))
        if not counted:
            parts.append(Part("V", "no_points", 0.0, f"{name}: no criterion in force but rarity or family", SOURCE))
        if unmeasured_rule(allele["quality_rule"]):
            missing = f"{name}: {unmeasured_rule(allele['quality_rule'])} not measured"
            parts.append(Part("V", "not_measured", 0.0, missing, SOURCE))
        if is_call_failed(allele["quality_rule"]):
            parts.append(Part("V", "call_quality", _FAILED_CALL_DB, f"{name}: fails {allele['quality_rule']}", SOURCE))
        points.append(kept)
    parts += _pair_parts(model, points, db_per_point)
    unknown = "not corrected: no table of how often healthy people carry such alleles in the gene"
    parts.append(Part("V", "gene_background", 0.0, unknown, SOURCE))
    return parts


def _pair_parts(model: Model, points: Sequence[int], db_per_point: float) -> list[Part]:
    probabilities = [pathogenic_probability(p) for p in points]
    if model is Model.RECESSIVE_SINGLE:
        probability, rule = probabilities[0] * _MISSED_SECOND, "second_allele_missing"
        words = f"a second allele is there and was missed with chance {_MISSED_SECOND}"
    elif len(points) == 2:
        probability, rule = probabilities[0] * probabilities[1], "both_alleles_needed"
        words = f"both pathogenic with {probabilities[0]:.3f} x {probabilities[1]:.3f}"
    else:
        return []
    return [Part("V", rule, (joint_points(probability) - sum(points)) * db_per_point, words, SOURCE)]
