"""Windows of the reference in which a sample's depth is counted, so that a place's depth can be told in copies.

Reads are counted where they begin, whatever their mapping quality: of two near identical places each read lies in one of both,
and together they have all. Windows have no N and lie evenly over each contig; GC content stands beside each, since depth
follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pysam

from neotriage.genome import Build, Contig, ContigKind

__all__ = ["Window", "count_starts", "gc_share", "lay_windows", "matched_windows"]

_NOT_COUNTED = 0xF00 | 0x4  # secondary, failed, duplicate, supplementary; unmapped


@dataclass(frozen=True)
class Window:
    """A stretch of a contig, 0-based half-open, with its share of G and C."""

    contig: str
    start: int
    end: int
    gc: float


def lay_windows(
    fasta: pysam.FastaFile,
    contig: Contig,
    build: Build,
    *,
    count: int,
    length: int,
    avoid: Iterable[tuple[str, int, int]] = (),
) -> list[Window]:
    """At most `count` windows of `length` bp, evenly over a contig, outside N, PAR and what is to be avoided."""
    if contig.name not in fasta.references:
        return []
    places = range(0, contig.length - length, max(length, contig.length // (2 * count)))
    shut = [(start, end) for name, start, end in avoid if name == contig.name]
    shut += [(region.start, region.end) for region in build.par if region.contig == contig.name]
    found = []
    for start in places:
        end = start + length
        if any(start < high and low < end for low, high in shut):
            continue
        bases = fasta.fetch(contig.name, start, end).upper()
        if "N" not in bases:
            found.append(Window(contig.name, start, end, gc_share(bases)))
    step = max(1, -(-len(found) // count))
    return found[::step]


def matched_windows(
    fasta: pysam.FastaFile, build: Build, *, gc: float, length: int, count: int, avoid: Iterable[tuple[str, int, int]]
) -> list[Window]:
    """The `count` windows of the autosomes whose GC share is next to `gc`, in genome order, of four times as many."""
    autosomes = [contig for contig in build.contigs if contig.kind is ContigKind.AUTOSOME]
    whole = sum(contig.length for contig in autosomes) or 1
    shut = list(avoid)
    laid = [
        window
        for contig in autosomes
        for window in lay_windows(
            fasta, contig, build, count=max(1, round(4 * count * contig.length / whole)), length=length, avoid=shut
        )
    ]
    nearest = sorted(range(len(laid)), key=lambda place: (abs(laid[place].gc - gc), place))[:count]
    return [laid[place] for place in sorted(nearest)]


def gc_share(bases: str) -> float:
    """Share of G and C."""
    return (bases.count("G") + bases.count("C")) / max(1, len(bases))


def count_starts(reads: pysam.AlignmentFile, places: Sequence[tuple[str, int, int]]) -> npt.NDArray[np.int64]:
    """Reads that begin in each place, int64 (places,); duplicates, secondary and supplementary alignments are not counted."""
    counts = np.zeros(len(places), np.int64)
    for row, (contig, start, end) in enumerate(places):
        for read in reads.fetch(contig, start, end):
            if not read.flag & _NOT_COUNTED and start <= read.reference_start < end:
                counts[row] += 1
    return counts
