"""Pairs of heterozygous alleles of one gene: how they lie to each other, the best of them, and how many there are.

A side is any altered allele of a gene, whatever its class (small variant, deletion, expansion): the kernels see only its
gene, the parents it can come from, and its place in a phase set.

Phase of a pair, first line that holds:
    both have one possible parent, not the same          TRANS_BY_PARENT
    both have one possible parent, the same              CIS
    same phase set, opposite haplotypes                  TRANS_BY_READ
    same phase set, same haplotype                       CIS
    else                                                 UNKNOWN
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["count_pairs", "list_pairs", "pair_phase"]

TRANS_BY_PARENT, TRANS_BY_READ, CIS, UNKNOWN = 0, 1, 2, 3
FROM_FATHER, FROM_MOTHER = 1, 2

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@njit(nogil=True, cache=True)
def pair_phase(source_a: int, phase_set_a: int, haplotype_a: int, source_b: int, phase_set_b: int, haplotype_b: int) -> int:
    """Phase code of a pair of sides of one gene.

    Sources are masks of where an allele can come from, FROM_FATHER 1, FROM_MOTHER 2, de novo 4; exactly one parent's bit is
    proof. Phase sets and haplotypes (0 or 1) are -1 where unphased.
    """
    is_sure_a = source_a in (FROM_FATHER, FROM_MOTHER)
    is_sure_b = source_b in (FROM_FATHER, FROM_MOTHER)
    if is_sure_a and is_sure_b:
        return CIS if source_a == source_b else TRANS_BY_PARENT
    if phase_set_a >= 0 and phase_set_a == phase_set_b and haplotype_a >= 0 and haplotype_b >= 0:
        return CIS if haplotype_a == haplotype_b else TRANS_BY_READ
    return UNKNOWN


@njit(nogil=True, cache=True)
def list_pairs(
    gene: Int32, source: Int8, phase_set: Int32, haplotype: Int8, cell: Int32, limit: int
) -> tuple[Int32, Int32, Int8]:
    """The best pairs not in cis of each gene, at most `limit` a gene: proven trans before unknown, then by the worse side.

    The work does not grow with the square of a gene's sides: of sides alike in source and phase (a cell), only the
    first `limit` + 1 can be in a listed pair.

    Args:
        gene: int32 (sides,), dense from 0, ascending; within a gene the best side first.
        source: int8 (sides,), see `pair_phase`.
        phase_set: int32 (sides,), -1 unphased.
        haplotype: int8 (sides,), -1 unphased.
        cell: int32 (sides,), dense number of the (gene, source, phase set, haplotype) of the side.
        limit: pairs listed at most for a gene.

    Returns:
        int32 (pairs,) places of the better sides, int32 (pairs,) of the worse sides, int8 (pairs,) phase codes.
    """
    sides = gene.size
    seen = np.zeros(sides + 1, dtype=np.int32)
    kept = np.empty(sides, dtype=np.int32)
    trans = np.empty((limit, 2), dtype=np.int32)
    unknown = np.empty((limit, 2), dtype=np.int32)
    better = np.empty(_room(gene, limit), dtype=np.int32)
    worse = np.empty(better.size, dtype=np.int32)
    phases = np.empty(better.size, dtype=np.int8)
    pairs, start = 0, 0
    while start < sides:
        count, end = 0, start
        while end < sides and gene[end] == gene[start]:
            if seen[cell[end]] <= limit:
                kept[count] = end
                count += 1
            seen[cell[end]] += 1
            end += 1
        in_trans, in_doubt = 0, 0
        for j in range(1, count):
            if in_trans == limit:
                break
            b = kept[j]
            for i in range(j):
                a = kept[i]
                phase = pair_phase(source[a], phase_set[a], haplotype[a], source[b], phase_set[b], haplotype[b])
                if phase == UNKNOWN and in_doubt < limit:
                    unknown[in_doubt, 0], unknown[in_doubt, 1] = a, b
                    in_doubt += 1
                elif phase in (TRANS_BY_PARENT, TRANS_BY_READ) and in_trans < limit:
                    trans[in_trans, 0], trans[in_trans, 1] = a, b
                    in_trans += 1
        for n in range(min(limit, in_trans + in_doubt)):
            a, b = (trans[n, 0], trans[n, 1]) if n < in_trans else (unknown[n - in_trans, 0], unknown[n - in_trans, 1])
            better[pairs], worse[pairs] = a, b
            phases[pairs] = pair_phase(source[a], phase_set[a], haplotype[a], source[b], phase_set[b], haplotype[b])
            pairs += 1
        start = end
    return better[:pairs], worse[:pairs], phases[:pairs]


@njit(nogil=True, cache=True)
def _room(gene: Int32, limit: int) -> int:
    """Most pairs that can be listed."""
    room, start = 0, 0
    while start < gene.size:
        end = start
        while end < gene.size and gene[end] == gene[start]:
            end += 1
        n = end - start
        room += min(limit, n * (n - 1) // 2)
        start = end
    return room


@njit(nogil=True, cache=True)
def count_pairs(gene: Int32, source: Int8, phase_set: Int32, haplotype: Int8, genes: int) -> Int64:
    """How many pairs each gene has of each phase, in one pass.

    Args:
        gene: int32 (sides,), dense from 0; the sides sorted by gene, then phase set.
        source: int8 (sides,), see `pair_phase`.
        phase_set: int32 (sides,), -1 unphased.
        haplotype: int8 (sides,), -1 unphased.
        genes: number of genes.

    Returns:
        int64 (genes, 4): pairs TRANS_BY_PARENT, TRANS_BY_READ, CIS, UNKNOWN.
    """
    counts = np.zeros((genes, 4), dtype=np.int64)
    parent = np.zeros(3, dtype=np.int64)  # sides of the gene surely from the father, surely from the mother, all
    block = np.zeros((2, 2), dtype=np.int64)  # sides of the phase set by haplotype: all, with a sure parent
    for i in range(gene.size):
        is_sure = source[i] in (FROM_FATHER, FROM_MOTHER)
        if is_sure:
            parent[source[i] - 1] += 1
        parent[2] += 1
        if phase_set[i] >= 0 and haplotype[i] >= 0:
            block[haplotype[i], 0] += 1
            block[haplotype[i], 1] += int(is_sure)
        is_last_of_gene = i + 1 == gene.size or gene[i + 1] != gene[i]
        if is_last_of_gene or phase_set[i + 1] != phase_set[i]:
            counts[gene[i], TRANS_BY_READ] += block[0, 0] * block[1, 0] - block[0, 1] * block[1, 1]
            for h in range(2):
                counts[gene[i], CIS] += (block[h, 0] * (block[h, 0] - 1) - block[h, 1] * (block[h, 1] - 1)) // 2
            block[:] = 0
        if is_last_of_gene:
            row = counts[gene[i]]
            row[TRANS_BY_PARENT] = parent[0] * parent[1]
            row[CIS] += (parent[0] * (parent[0] - 1) + parent[1] * (parent[1] - 1)) // 2
            row[UNKNOWN] = parent[2] * (parent[2] - 1) // 2 - row[TRANS_BY_PARENT] - row[TRANS_BY_READ] - row[CIS]
            parent[:] = 0
    return counts
