"""What the baby's alignment says directly: depth over exons, and the level of an allele of the mitochondrion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pysam

__all__ = ["Coverage", "Level", "count_level", "gene_coverage"]

ENOUGH_READS = 10
_LEAST_MAPPING_QUALITY = 20
_LEAST_BASE_QUALITY = 20


@dataclass(frozen=True)
class Coverage:
    """Exon bases of a gene, the share with 10 reads and more, mean depth; mapping quality 20, base quality 20."""

    bases: int
    fraction_10x: float
    mean_depth: float


@dataclass(frozen=True)
class Level:
    """Reads with an exact base at a position, and all reads there."""

    alt: int
    depth: int

    @property
    def fraction(self) -> float:
        """Share of the reads, NaN without reads."""
        return self.alt / self.depth if self.depth else float("nan")


def gene_coverage(alignment: pysam.AlignmentFile, contig: str, exons: Sequence[tuple[int, int]]) -> Coverage:
    """Depth over a gene's exons."""
    depths = [np.zeros(0)]
    for start, end in exons:
        counts = alignment.count_coverage(contig, start, end, quality_threshold=_LEAST_BASE_QUALITY, read_callback=_is_used)
        depths.append(np.sum([np.asarray(base) for base in counts], axis=0))
    depth = np.concatenate(depths)
    if not depth.size:
        return Coverage(0, float("nan"), float("nan"))
    return Coverage(int(depth.size), float((depth >= ENOUGH_READS).mean()), float(depth.mean()))


def count_level(alignment: pysam.AlignmentFile, contig: str, position: int, alt: str) -> Level:
    """The level of one base at a 0-based position."""
    counts = alignment.count_coverage(
        contig, position, position + 1, quality_threshold=_LEAST_BASE_QUALITY, read_callback=_is_used
    )
    return Level(int(counts["ACGT".index(alt)][0]), sum(int(base[0]) for base in counts))


def _is_used(read: pysam.AlignedSegment) -> bool:
    is_primary = not (read.is_duplicate or read.is_secondary or read.is_supplementary or read.is_qcfail or read.is_unmapped)
    return is_primary and read.mapping_quality >= _LEAST_MAPPING_QUALITY
