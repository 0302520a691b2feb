"""Levels of mitochondrial alleles: how many reads have each, and whether that is more than error.

Substitutions are counted base by base (base quality 20, mapping quality 20, mates that overlap once), insertions and deletions
as the aligner placed them, five bases and more from the read's ends. The chance of error is the sample's own: the share of
other bases at places where they are under 1 %; at least 1 in 10,000. QUAL is the binomial tail under it, corrected for the
places and alleles tested. Both strands must show the allele, the rarer one in a tenth of its reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log10

import numpy as np
import numpy.typing as npt
import pysam

from neotriage.calls.circle import Circle
from neotriage.calls.tails import tail_phred

__all__ = ["LEAST_LEVEL", "LEAST_READS", "Counts", "allele_quality", "alleles_seen", "count_alleles", "merged"]

LEAST_LEVEL = 0.005
LEAST_READS = 3
BASES = "ACGT"
_LEAST_QUALITY = 20
_LEAST_STRAND = 0.1
_ERROR_BELOW = 0.01
_LEAST_ERROR = 1e-4
_INDEL_ERROR = 1e-3
_RUN_ERROR = 0.05  # insertions and deletions in a run of one base
_RUN_BP = 5
_FROM_END_BP = 5
_ALLELES_TESTED = 4
_CODE = np.full(256, -1, dtype=np.int8)
for _number, _base in enumerate(BASES):
    _CODE[ord(_base)] = _number

Int64 = npt.NDArray[np.int64]


@dataclass
class Counts:
    """Reads of each base: `bases` int64 (strand, ACGT, positions); `indels` (position, ref, alt) -> reads by strand."""

    bases: Int64
    indels: dict[tuple[int, str, str], Counter[int]] = field(default_factory=dict)

    def depth(self, position: int) -> int:
        """Reads with a base at a position."""
        return int(self.bases[:, :, position].sum())

    def alt(self, position: int, ref: str, alt: str) -> tuple[int, int]:
        """Reads with an allele, on the forward and the reverse strand."""
        if len(ref) == len(alt) == 1:
            of_base = self.bases[:, BASES.index(alt), position]
            return int(of_base[0]), int(of_base[1])
        found = self.indels.get((position, ref, alt), Counter())
        return found[0], found[1]

    def ref(self, position: int, ref: str, alt: str) -> int:
        """Reads with the reference allele: its base, or for an insertion or deletion what does not have it."""
        if len(ref) == len(alt) == 1:
            return int(self.bases[:, BASES.index(ref), position].sum()) if ref in BASES else 0
        return max(0, self.depth(position) - sum(self.alt(position, ref, alt)))

    def error(self, reference: str) -> float:
        """The sample's chance that a base is read as one given other."""
        counts = self.bases.sum(axis=0)
        depth = counts.sum(axis=0)
        codes = _codes(reference)
        is_known = (codes >= 0) & (depth > 0)
        others = depth - counts[np.maximum(codes, 0), np.arange(codes.size)]
        is_error = is_known & (others < _ERROR_BELOW * depth)
        if not depth[is_error].sum():
            return _LEAST_ERROR
        return max(_LEAST_ERROR, float(others[is_error].sum() / depth[is_error].sum()) / 3)


def count_alleles(alignment: pysam.AlignmentFile, contig: str, reference: str) -> Counts:
    """Reads of each allele over a contig; `reference` holds its bases."""
    counts = Counts(np.zeros((2, len(BASES), len(reference)), dtype=np.int64))
    for read in alignment.fetch(contig):
        if read.is_duplicate or read.is_secondary or read.is_supplementary or read.is_qcfail or read.is_unmapped:
            continue
        if read.mapping_quality >= _LEAST_QUALITY and read.query_sequence and read.query_qualities is not None:
            _count_read(counts, read, reference)
    return counts


def merged(inner: Counts, outer: Counts, circle: Circle) -> Counts:
    """Counts of the contig as it is, but near its origin those of the turned contig; what spans the origin has no place."""
    places = np.arange(circle.length)
    is_near = (places < circle.flank) | (places >= circle.length - circle.flank)
    bases = inner.bases.copy()
    bases[:, :, is_near] = outer.bases[:, :, (places[is_near] - circle.shift) % circle.length]
    indels = {key: found for key, found in inner.indels.items() if not circle.is_near_origin(key[0])}
    for (position, ref, alt), found in outer.indels.items():
        place = circle.from_turned(position)
        if circle.is_near_origin(place) and place + len(ref) <= circle.length:
            indels[place, ref, alt] = found
    return Counts(bases, indels)


def allele_quality(counts: Counts, position: int, ref: str, alt: str, reference: str, error: float) -> float:
    """Phred quality of an allele in a sample, 0 where it is too rare or on one strand only."""
    forward, reverse = counts.alt(position, ref, alt)
    reads, depth = forward + reverse, counts.depth(position)
    if reads < LEAST_READS or reads < LEAST_LEVEL * depth or min(forward, reverse) < _LEAST_STRAND * reads:
        return 0.0
    is_indel = len(ref) != len(alt)
    chance = (_RUN_ERROR if _is_run(reference, position + 1) else _INDEL_ERROR) if is_indel else error
    tested = 10 * log10(_ALLELES_TESTED * len(reference))
    return min(9999.0, max(0.0, tail_phred(reads, max(depth, reads), chance) - tested))


def alleles_seen(counts: Counts, reference: str) -> Iterator[tuple[int, str, str]]:
    """Alleles on three reads and one in two hundred."""
    total = counts.bases.sum(axis=0)
    depth = total.sum(axis=0)
    enough = np.maximum(LEAST_READS, LEAST_LEVEL * depth)
    for code, position in zip(*np.nonzero(total >= enough), strict=True):
        ref, alt = reference[position], BASES[code]
        if ref in BASES and ref != alt:
            yield int(position), ref, alt
    for key, found in counts.indels.items():
        if found.total() >= enough[key[0]]:
            yield key


def _count_read(counts: Counts, read: pysam.AlignedSegment, reference: str) -> None:
    bases = read.query_sequence or ""
    codes, qualities = _codes(bases), np.asarray(read.query_qualities)
    strand = int(read.is_reverse)
    counted_from = _overlap_end(read)
    in_read, place = 0, read.reference_start
    for operation, length in read.cigartuples or ():
        if operation in {0, 7, 8}:
            skip = max(0, min(length, counted_from - place))
            of_read = slice(in_read + skip, in_read + length)
            is_good = (qualities[of_read] >= _LEAST_QUALITY) & (codes[of_read] >= 0)
            places = np.arange(place + skip, place + length)[is_good]
            counts.bases[strand, codes[of_read][is_good], places] += 1
            in_read, place = in_read + length, place + length
            continue
        is_inside = _FROM_END_BP <= in_read <= len(bases) - _FROM_END_BP - (length if operation == 1 else 0)
        if operation in {1, 2} and is_inside and place - 1 >= counted_from:
            anchor = reference[place - 1]
            key = (
                (place - 1, anchor, anchor + bases[in_read : in_read + length])
                if operation == 1
                else (place - 1, anchor + reference[place : place + length], anchor)
            )
            counts.indels.setdefault(key, Counter())[strand] += 1
        in_read += length if operation in {1, 4} else 0
        place += length if operation in {2, 3} else 0


def _overlap_end(read: pysam.AlignedSegment) -> int:
    """The place from which a read is counted: behind its mate, if that lies to its left and was counted there."""
    if not read.is_paired or read.mate_is_unmapped or read.next_reference_id != read.reference_id:
        return 0
    is_right = (read.next_reference_start, read.is_read1) < (read.reference_start, read.is_read2)
    return read.next_reference_start + read.query_length if is_right else 0


def _codes(bases: str) -> npt.NDArray[np.int8]:
    return _CODE[np.frombuffer(bases.upper().encode(), dtype=np.uint8)]


def _is_run(reference: str, position: int) -> bool:
    """Whether a run of one base of 5 and more starts at a place or beside it."""
    return any(
        len(set(piece)) == 1 and len(piece) == _RUN_BP
        for start in (position, position + 1)
        for piece in (reference[start : start + _RUN_BP],)
    )
