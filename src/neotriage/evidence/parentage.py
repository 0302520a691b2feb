"""Whether the stated parents are the parents, from the alleles that a child can have from one parent only.

For each parent: autosomal alternate alleles of the child that this parent must have given (the child is homozygous, or
heterozygous while the other parent has none). A true parent carries nearly all; the rest is de novo or error.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

__all__ = ["ParentCheck", "Parentage", "check_parentage"]

MINIMUM_ALLELES = 20
MINIMUM_SHARE = 0.9  # an unrelated person carrying a share of 0.6 passes 18 of 20 with probability 0.004


class ParentCheck(StrEnum):
    """What the genotypes say of one stated parent."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    TOO_FEW = "too_few_alleles"
    NOT_SEQUENCED = "not_sequenced"


@dataclass(frozen=True)
class Parentage:
    """Both checks, and in words what they rest on."""

    father: ParentCheck
    mother: ParentCheck
    words: str

    @property
    def is_confirmed(self) -> bool:
        """Both parents confirmed."""
        return self.father is self.mother is ParentCheck.CONFIRMED

    @property
    def is_contradicted(self) -> bool:
        """A stated parent does not fit."""
        return ParentCheck.CONTRADICTED in {self.father, self.mother}


def check_parentage(genotype: npt.NDArray[np.int8], is_autosomal: npt.NDArray[np.bool_], father: int, mother: int) -> Parentage:
    """Check both stated parents.

    Args:
        genotype: int8 (variants, samples, 2), 1 this alternate, -1 missing; the child is sample 0.
        is_autosomal: bool (variants,).
        father: place of the father on the samples axis, -1 not sequenced.
        mother: the same for the mother.
    """
    results = [_check(genotype, is_autosomal, parent, other) for parent, other in ((father, mother), (mother, father))]
    words = "; ".join(f"{who} {text}" for who, (_, text) in zip(("father", "mother"), results, strict=True))
    return Parentage(results[0][0], results[1][0], words)


def _check(
    genotype: npt.NDArray[np.int8], is_autosomal: npt.NDArray[np.bool_], parent: int, other: int
) -> tuple[ParentCheck, str]:
    if parent < 0:
        return ParentCheck.NOT_SEQUENCED, "not sequenced"
    known = is_autosomal & (genotype[:, 0] >= 0).all(axis=1) & (genotype[:, parent] >= 0).all(axis=1)
    copies = (genotype == 1).sum(axis=2)
    must_be_his = copies[:, 0] == 2
    if other >= 0:
        must_be_his |= (copies[:, 0] == 1) & (genotype[:, other] == 0).all(axis=1)
    asked = known & must_be_his
    total = int(asked.sum())
    shared = int((asked & (copies[:, parent] > 0)).sum())
    text = f"carries {shared} of {total} alleles that must come from this parent"
    if total < MINIMUM_ALLELES:
        return ParentCheck.TOO_FEW, f"{text} (fewer than {MINIMUM_ALLELES}: not confirmed)"
    return (ParentCheck.CONFIRMED if shared >= MINIMUM_SHARE * total else ParentCheck.CONTRADICTED), text
