"""A gene and a transcript. Coordinates are 0-based half-open; GFF3's are 1-based closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Gene", "Interval", "Transcript"]

Interval = tuple[int, int]


class Gene(NamedTuple):
    """One gene. `id` is without version; `hgnc_id` is '' where the file has none; start and end in bp, 0-based half-open."""

    id: str
    symbol: str
    hgnc_id: str
    contig: str
    start: int
    end: int
    strand: str
    biotype: str


@dataclass(frozen=True)
class Transcript:
    """One transcript. `id` is with version where the file gives it, `stable_id` without; `gene` is its place in `genes`.

    `exons` and `cds` are sorted by position whatever the strand; `protein` is the id of its protein, '' where not stated.
    """

    id: str
    stable_id: str
    gene: int
    refseq: str
    is_mane_select: bool
    biotype: str
    strand: str
    exons: tuple[Interval, ...]
    cds: tuple[Interval, ...]
    protein: str = ""

    def exon_number(self, start: int, end: int) -> int:
        """1-based number, in transcript order, of the first exon that [start, end) overlaps; -1 if none."""
        return self.exons_changed(start, end)[0]

    def exons_changed(self, start: int, end: int) -> tuple[int, int]:
        """1-based numbers, in transcript order, of the first and the last exon that [start, end) overlaps; -1 if none."""
        hits = [i for i, (low, high) in enumerate(self.exons) if start < high and low < end]
        if not hits:
            return -1, -1
        count = len(self.exons)
        return (hits[0] + 1, hits[-1] + 1) if self.strand == "+" else (count - hits[-1], count - hits[0])
