"""Points of the ACMG/AMP criteria and the class of their sum.

Tavtigian et al. 2020 (Hum Mutat 41:1734, PMID 32720330): supporting 1, moderate 2, strong 4, very strong 8, benign criteria
negative; P >= 10, LP 6 to 9, VUS 0 to 5, LB -1 to -6, B <= -7. A point multiplies the odds of pathogenicity by 350^(1/8).
"""

from __future__ import annotations

from enum import IntEnum

from neotriage.schema import AcmgClass

__all__ = ["Strength", "acmg_class"]


class Strength(IntEnum):
    """Points of a pathogenic criterion by strength; a benign criterion has them negative."""

    NONE = 0
    SUPPORTING = 1
    MODERATE = 2
    STRONG = 4
    VERY_STRONG = 8

    def weaker_by(self, levels: int) -> Strength:
        """The strength so many levels down: very strong, strong, moderate, supporting, none."""
        order = list(Strength)
        return order[max(0, order.index(self) - levels)]


def acmg_class(points: int) -> AcmgClass:
    """The class of a sum of points."""
    if points >= 10:
        return AcmgClass.PATHOGENIC
    if points >= 6:
        return AcmgClass.LIKELY_PATHOGENIC
    if points >= 0:
        return AcmgClass.UNCERTAIN
    return AcmgClass.LIKELY_BENIGN if points >= -6 else AcmgClass.BENIGN
