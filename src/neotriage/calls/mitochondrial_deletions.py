"""Large deletions of the mitochondrion: reads whose two parts lie apart on the circle.

A read is taken whose primary and supplementary alignment are on one strand and follow each other in the read; what the circle
has between them is missing from the molecule. A join at the contig's origin is no deletion. Junctions within 15 bp are one,
placed as the most reads place it, leftmost where they tie. The level is junction fragments over these and the fragments that
run through either end unbroken. A tandem duplication makes the same junction as the deletion of the rest of the circle: a
"deletion" of nearly the whole circle is therefore not called.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pysam

from neotriage.calls.tails import tail_phred

__all__ = ["Deletion", "Junctions", "find_deletions", "read_junctions"]

LEAST_BP = 50
_MOST_SHARE = 0.8
_SAME_BP = 15
_ANCHOR_BP = 20
_LEAST_FRAGMENTS = 3
_LEAST_LEVEL = 0.005
_CHIMERAS = 0.001  # joins by chance at one place, in fragments; ours
_LEAST_MAPPING_QUALITY = 20


@dataclass(frozen=True)
class Junctions:
    """A sample's joins (last kept place before, first kept place after) -> fragments, and how many run through a place."""

    joins: Mapping[tuple[int, int], int]
    spans: tuple[tuple[int, int], ...]

    def spanning(self, place: int) -> int:
        """Reads that run unbroken 20 bp to both sides of a place."""
        return sum(start <= place - _ANCHOR_BP and place + _ANCHOR_BP <= end for start, end in self.spans)

    def fragments(self, start: int, end: int) -> int:
        """Fragments with the join of a deletion of [start, end)."""
        return sum(
            count
            for (before, after), count in self.joins.items()
            if abs(before + 1 - start) <= _SAME_BP and abs(after - end) <= _SAME_BP
        )


@dataclass(frozen=True)
class Deletion:
    """Places missing, 0-based half-open, and by sample: junction fragments and fragments without."""

    start: int
    end: int
    alt: tuple[int, ...]
    ref: tuple[int, ...]
    qual: float


def read_junctions(alignment: pysam.AlignmentFile, contig: str) -> Junctions:
    """The joins of a sample's reads on a circular contig."""
    names: dict[tuple[int, int], set[str]] = {}
    spans = []
    for read in alignment.fetch(contig):
        if read.is_duplicate or read.is_secondary or read.is_supplementary or read.is_qcfail or read.is_unmapped:
            continue
        if read.mapping_quality < _LEAST_MAPPING_QUALITY:
            continue
        spans.append((read.reference_start, read.reference_end or 0))
        for join in _joins(read, contig):
            names.setdefault(join, set()).add(read.query_name or "")
    return Junctions({join: len(of) for join, of in names.items()}, tuple(spans))


def find_deletions(samples: Iterable[Junctions], length: int) -> list[Deletion]:
    """Deletions that any of the samples shows, at 0.5 % and three fragments, in order of place."""
    samples = tuple(samples)
    votes: Counter[tuple[int, int]] = Counter()
    for sample in samples:
        votes.update(sample.joins)
    found: list[Deletion] = []
    for (before, after), _ in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        start, end = before + 1, after
        if any(abs(d.start - start) <= _SAME_BP and abs(d.end - end) <= _SAME_BP for d in found):
            continue
        if not LEAST_BP <= end - start <= _MOST_SHARE * length:
            continue
        alt = tuple(sample.fragments(start, end) for sample in samples)
        ref = tuple((sample.spanning(start) + sample.spanning(end)) // 2 for sample in samples)
        qual = max(_quality(a, r) for a, r in zip(alt, ref, strict=True))
        if qual > 0:
            found.append(Deletion(start, end, alt, ref, qual))
    return sorted(found, key=lambda d: (d.start, d.end))


def _quality(alt: int, ref: int) -> float:
    if alt < _LEAST_FRAGMENTS or alt < _LEAST_LEVEL * (alt + ref):
        return 0.0
    return min(9999.0, tail_phred(alt, alt + ref, _CHIMERAS))


def _joins(read: pysam.AlignedSegment, contig: str) -> Iterable[tuple[int, int]]:
    """Joins of a read's primary part with its supplementary ones, where the circle is followed forward; not over its origin."""
    if not read.has_tag("SA"):
        return
    own = _part(read.reference_start, read.cigartuples or [])
    for entry in str(read.get_tag("SA")).rstrip(";").split(";"):
        name, position, strand, cigar, quality, _ = entry.split(",")
        if name != contig or (strand == "-") != read.is_reverse or int(quality) < _LEAST_MAPPING_QUALITY:
            continue
        other = _part(int(position) - 1, _operations(cigar))
        (_, first_end, _, last), (second_start, _, start, _) = sorted((own, other))
        overlap = first_end - second_start
        if overlap < -_SAME_BP or last + 1 >= start + overlap:
            continue
        yield last, start + max(0, overlap)


def _part(start: int, cigar: list[tuple[int, int]]) -> tuple[int, int, int, int]:
    """Of an alignment: first and one-past-last base of the read, first and last place of the contig."""
    before = cigar[0][1] if cigar and cigar[0][0] in {4, 5} else 0
    in_read = sum(n for operation, n in cigar if operation in {0, 1, 7, 8})
    on_contig = sum(n for operation, n in cigar if operation in {0, 2, 3, 7, 8})
    return before, before + in_read, start, start + on_contig - 1


def _operations(cigar: str) -> list[tuple[int, int]]:
    return [("MIDNSHP=X".index(letter), int(bases)) for bases, letter in re.findall(r"(\d+)(\D)", cigar)]
