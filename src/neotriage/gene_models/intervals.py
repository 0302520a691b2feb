"""Intervals of genes: which an interval overlaps, their union, and pairs of numbers as arrays."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

__all__ = ["GeneIndex", "Int32", "Int64", "coded", "expand", "merged"]

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


class GeneIndex:
    """Which genes an interval overlaps: per contig, disjoint segments each with its genes."""

    def __init__(self, contigs: Iterable[str], starts: Int32, ends: Int32, genes: Int32) -> None:
        """Index of intervals [starts, ends) on contigs, int32 (intervals,), each of one gene (place in `GeneModels.genes`)."""
        names, codes = coded(contigs)
        parts = [codes == code for code in range(len(names))]
        self._by_contig = {name: _segments(starts[of], ends[of], genes[of]) for name, of in zip(names, parts, strict=True)}

    def overlaps(self, contig: str, starts: Int32, ends: Int32) -> tuple[npt.NDArray[np.int64], Int32]:
        """Pairs of (query, gene) that overlap, sorted and each once.

        Args:
            contig: contig of all queries.
            starts: int32 (queries,), 0-based.
            ends: int32 (queries,), half-open.

        Returns:
            int64 (pairs,) place of the query, int32 (pairs,) place of the gene in `GeneModels.genes`.
        """
        if contig not in self._by_contig or not len(starts):
            return np.empty(0, np.int64), np.empty(0, np.int32)
        low, high, offsets, genes = self._by_contig[contig]
        first = np.searchsorted(high, starts, "right")
        last = np.searchsorted(low, ends, "left")
        segment, query = expand(first, last)
        place, pair = expand(offsets[segment], offsets[segment + 1])
        return _distinct(query[pair], genes[place])


def coded(names: Iterable[str]) -> tuple[list[str], Int32]:
    """The names that differ, and the place among them of each name given, int32 (names,)."""
    codes: dict[str, int] = {}
    coded = np.fromiter((codes.setdefault(name, len(codes)) for name in names), np.int32)
    return list(codes), coded


def merged(starts: Int32, ends: Int32) -> tuple[Int32, Int32]:
    """Union of intervals as sorted disjoint ones that do not touch."""
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    is_first = np.ones(len(starts), bool)
    is_first[1:] = starts[1:] > reach[:-1]
    firsts = np.flatnonzero(is_first)
    lasts = np.append(firsts[1:], len(starts)) - 1
    return starts[firsts].astype(np.int32), reach[lasts].astype(np.int32)


def _segments(starts: Int32, ends: Int32, genes: Int32) -> tuple[Int32, Int32, npt.NDArray[np.int64], Int32]:
    """Disjoint segments (starts, ends) and, as CSR (offsets, genes), the genes whose intervals cover each."""
    points = np.unique(np.concatenate([starts, ends]))
    segment, interval = expand(np.searchsorted(points, starts), np.searchsorted(points, ends))
    covered, covering = _distinct(segment, genes[interval])
    return points[:-1], points[1:], np.searchsorted(covered, np.arange(len(points))), covering


def _distinct(first: npt.NDArray[np.int64], second: Int32) -> tuple[npt.NDArray[np.int64], Int32]:
    """Pairs (first, second), both from 0 and below 2^31, sorted and each once."""
    pairs = np.sort(first << 32 | second)
    pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])[: pairs.size]]
    return pairs >> 32, (pairs & 0xFFFFFFFF).astype(np.int32)


def expand(first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Every number of [first[i], last[i]) with its i, both int64 (sum of lengths,)."""
    lengths = np.maximum(last - first, 0)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return first[owner] + within, owner
