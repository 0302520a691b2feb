"""Compound heterozygotes: alleles of one gene in pairs, whatever their class, with the phase of each pair.

Small variants, structural changes and repeats are sides alike: one row each of `Sides`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neotriage.kernels import compound as kernel
from neotriage.schema import Phase

__all__ = ["PAIR_LIMIT", "PHASES", "Pairs", "Sides", "find_pairs"]

PAIR_LIMIT = 64  # pairs listed of one gene at most; the others are counted
PHASES = (Phase.TRANS_BY_PARENT, Phase.TRANS_BY_READ, Phase.CIS, Phase.UNKNOWN)  # by the kernel's codes

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sides:
    """Heterozygous alleles of the proband, arrays (sides,).

    `gene` int32, dense from 0; `source` int8, mask of where it can come from (father 1, mother 2, neither 4); `phase_set`
    int32 and `haplotype` int8, -1 unphased; `order` float64 (sides, keys), lower is looked at first, by the first key first.
    """

    gene: Int32
    source: Int8
    phase_set: Int32
    haplotype: Int8
    order: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """Pairs not in cis, and all pairs counted.

    `first`, `second` int32 (pairs,), places in the sides, the better first; `phase` int8 (pairs,), codes of `PHASES`;
    `counts` int64 (genes, 4), pairs of each phase; `cis_partners` int64 (sides,), partners in cis of each side.
    """

    first: Int32
    second: Int32
    phase: Int8
    counts: Int64
    cis_partners: Int64


def find_pairs(sides: Sides, limit: int = PAIR_LIMIT) -> Pairs:
    """The best `limit` pairs of each gene and the count of all; the work grows with the sides, not with their pairs."""
    genes = int(sides.gene.max()) + 1 if sides.gene.size else 0
    best = np.lexsort((*sides.order.T[::-1], sides.gene)).astype(np.int32)
    cell = _cells(sides)
    first, second, phase = kernel.list_pairs(*_arranged(sides, best), cell[best], limit)
    by_set = np.lexsort((sides.phase_set, sides.gene)).astype(np.int32)
    counts = kernel.count_pairs(*_arranged(sides, by_set), genes)
    return Pairs(best[first], best[second], phase, counts, _cis_partners(sides))


def _arranged(sides: Sides, order: Int32) -> tuple[Int32, Int8, Int32, Int8]:
    return sides.gene[order], sides.source[order], sides.phase_set[order], sides.haplotype[order]


def _sure_source(sides: Sides) -> Int8:
    """The one possible parent, else 0."""
    is_sure = np.isin(sides.source, (kernel.FROM_FATHER, kernel.FROM_MOTHER))
    return np.where(is_sure, sides.source, 0).astype(np.int8)


def _cells(sides: Sides) -> Int32:
    """Dense number of each side's (gene, sure parent, phase set, haplotype)."""
    return _dense(sides.gene, _sure_source(sides), sides.phase_set, sides.haplotype)


def _dense(*keys: npt.NDArray[Any]) -> Int32:
    """Dense number of each row's key, int32 (rows,)."""
    if not keys[0].size:
        return np.zeros(0, dtype=np.int32)
    order = np.lexsort(keys)
    is_new = np.zeros(order.size, dtype=np.bool_)
    for key in keys:
        is_new[1:] |= key[order][1:] != key[order][:-1]
    numbers = np.empty(order.size, dtype=np.int32)
    numbers[order] = np.cumsum(is_new)
    return numbers


def _cis_partners(sides: Sides) -> Int64:
    """In how many pairs in cis each side is: by the same sure parent, or by the same haplotype of a phase set."""
    source = _sure_source(sides)
    by_parent = np.where(source > 0, _group_size(_dense(sides.gene, source)) - 1, 0)
    is_phased = (sides.phase_set >= 0) & (sides.haplotype >= 0)
    strand = _dense(sides.gene, sides.phase_set, sides.haplotype)
    on_strand = _group_size(strand)
    sure_on_strand = np.bincount(strand, weights=source > 0)[strand].astype(np.int64) if strand.size else on_strand
    by_read = np.where(source > 0, on_strand - sure_on_strand, on_strand - 1)
    result: Int64 = by_parent + np.where(is_phased, by_read, 0)
    return result


def _group_size(groups: Int32) -> Int64:
    return np.bincount(groups)[groups] if groups.size else np.zeros(0, dtype=np.int64)
