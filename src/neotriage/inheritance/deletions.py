"""Small variants opposite a deletion: who has one copy left there looks homozygous, and is not.

    a person's call, under a deletion that he or she has on one copy    read as
    1/1                                                                 this allele on the copy that is left (1 and another)
    anything else                                                       as called

So the child of a carrier of the variant and a carrier of the deletion has two alleles in trans, and no homozygote that one
parent cannot have given. The proband's two are placed on opposite copies, whether or not the parents were sequenced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from neotriage.inheritance.segregation import Calls
from neotriage.schema import KeptBy, Kind

__all__ = ["DELETION_SETS", "Opposite", "beside_deletions"]

DELETION_SETS = 1_900_000_000  # phase sets of deletions: above those of the reads, below that of the parents
_PROBAND = 0


@dataclass(frozen=True)
class Opposite:
    """The proband's small variants opposite a deletion: small variant -> deletion, numbers of the variant table."""

    deletion_of: Mapping[int, int] = field(default_factory=dict)

    def phase(
        self, variant: npt.NDArray[np.int64], phase_set: npt.NDArray[np.int32], haplotype: npt.NDArray[np.int8]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]:
        """Phase sets and haplotypes (rows,) of variants, with those of deletions and what lies opposite put in."""
        deletions = set(self.deletion_of.values())
        phase_set, haplotype = phase_set.copy(), haplotype.copy()
        for row, number in enumerate(variant.tolist()):
            if number in deletions:
                phase_set[row], haplotype[row] = DELETION_SETS + number, 0
            elif number in self.deletion_of:
                phase_set[row], haplotype[row] = DELETION_SETS + self.deletion_of[number], 1
        return phase_set, haplotype


def beside_deletions(variants: pl.DataFrame, calls: Calls) -> tuple[Calls, Opposite]:
    """The calls with those opposite a deletion read as hemizygous, and which of the proband's they are.

    Args:
        variants: the `variants` table.
        calls: its calls.
    """
    is_rare = (variants["kept_by"].to_numpy().astype(np.int32) & int(KeptBy.RARE)) != 0
    deletions = np.flatnonzero((variants["kind"] == Kind.DELETION).to_numpy() & is_rare)
    if not len(deletions):
        return calls, Opposite()
    genotype = calls.genotype.copy()
    small = np.flatnonzero((variants["kind"] == Kind.SMALL).to_numpy())
    chrom, position = variants["chrom"].to_numpy(), variants["position"].to_numpy()
    end = variants["end"].to_numpy()
    opposite: dict[int, int] = {}
    for deletion in deletions.tolist():
        under = small[
            (chrom[small] == chrom[deletion]) & (position[small] > position[deletion]) & (position[small] < end[deletion])
        ]
        for person in range(genotype.shape[1]):
            if sorted(calls.genotype[deletion, person].tolist()) != [0, 1]:
                continue
            rows = under[(calls.genotype[under, person] == 1).all(axis=1)]
            genotype[rows, person, 1] = 2
            if person == _PROBAND:
                opposite.update(dict.fromkeys(rows.tolist(), deletion))
    return replace(calls, genotype=genotype), Opposite(opposite)
