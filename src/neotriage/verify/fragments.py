"""What each fragment of a person's library says at a variant: reference, this alternate, or neither.

A substitution is read off the base. An indel is read off the haplotypes: from the base before it, the rest of the read is
compared with the reference and with the alternate haplotype, so that a read which ends inside a repeat says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pysam

__all__ = ["ALT", "OTHER", "REF", "Fragment", "Site", "allele_of", "fragments_at", "usable_reads"]

REF, ALT, OTHER = 0, 1, -1
LEAST_MAPPING_QUALITY = 20
LEAST_BASE_QUALITY = 10
_NEIGHBOUR_BP = 10
_HAPLOTYPE_BP = 60
_LEAST_LEAD = 2  # mismatches by which one haplotype must be the better
_MOST_MISMATCHES = 3
_INDEL_PHRED = 30
_MATCHES = frozenset({0, 7, 8})  # CIGAR M, =, X
_IN_READ = frozenset({1, 4})  # I, S
_IN_REFERENCE = frozenset({2, 3})  # D, N


@dataclass(frozen=True)
class Site:
    """One alternate allele: contig, 0-based position of the first base of ref, ref, alt; `after` is the reference behind it."""

    contig: str
    position: int
    ref: str
    alt: str
    after: str = ""

    @staticmethod
    def read(fasta: pysam.FastaFile, contig: str, position: int, ref: str, alt: str) -> Site:
        """The site with the reference behind it."""
        end = position + len(ref)
        return Site(contig, position, ref.upper(), alt.upper(), fasta.fetch(contig, end, end + _HAPLOTYPE_BP).upper())

    @property
    def is_substitution(self) -> bool:
        """Whether ref and alt are of one length."""
        return len(self.ref) == len(self.alt)


@dataclass(frozen=True)
class Fragment:
    """One fragment at a site: allele (REF, ALT, OTHER), chance that it is misread, strand, an indel or clip close by."""

    allele: int
    error: float
    is_reverse: bool
    has_neighbour: bool


def usable_reads(alignment: pysam.AlignmentFile, contig: str, start: int, end: int) -> Iterator[pysam.AlignedSegment]:
    """Primary, unduplicated reads of mapping quality 20 and more over a stretch."""
    for read in alignment.fetch(contig, start, end):
        if read.is_duplicate or read.is_secondary or read.is_supplementary or read.is_qcfail:
            continue
        if read.mapping_quality >= LEAST_MAPPING_QUALITY and read.cigartuples and read.query_sequence:
            yield read


def fragments_at(alignment: pysam.AlignmentFile, site: Site) -> list[Fragment]:
    """The fragments that say something at a site; mates that overlap there count once, and not at all if they differ."""
    found: dict[str, list[Fragment]] = {}
    for read in usable_reads(alignment, site.contig, site.position, site.position + len(site.ref)):
        fragment = _fragment(read, site)
        if fragment is not None:
            found.setdefault(read.query_name or "", []).append(fragment)
    agreed = (mates for _, mates in sorted(found.items()) if len({mate.allele for mate in mates}) == 1)
    return [min(mates, key=lambda mate: mate.error) for mates in agreed]


def allele_of(read: pysam.AlignedSegment, site: Site) -> int | None:
    """The allele that a read shows, OTHER for a third one; None where it does not reach far enough to tell."""
    bases = read.query_sequence or ""
    offset = _offset(read, site.position)
    if offset < 0:
        return None
    if site.is_substitution:
        seen = bases[offset : offset + len(site.ref)]
        if len(seen) < len(site.ref):
            return None
        return ALT if seen == site.alt else REF if seen == site.ref else OTHER
    as_ref = _mismatches(bases, offset, site.ref + site.after)
    as_alt = _mismatches(bases, offset, site.alt + site.after)
    if abs(as_ref - as_alt) < _LEAST_LEAD:
        return None
    if min(as_ref, as_alt) > _MOST_MISMATCHES:
        return OTHER
    return ALT if as_alt < as_ref else REF


def _fragment(read: pysam.AlignedSegment, site: Site) -> Fragment | None:
    allele = allele_of(read, site)
    if allele is None:
        return None
    offset = _offset(read, site.position)
    qualities = read.query_qualities
    seen = list(qualities[offset : offset + len(site.ref)]) if qualities is not None and site.is_substitution else []
    phred = min(seen, default=_INDEL_PHRED)
    if phred < LEAST_BASE_QUALITY:
        return None
    error = 1 - (1 - 10 ** (-phred / 10)) * (1 - 10 ** (-read.mapping_quality / 10))
    return Fragment(allele, error, read.is_reverse, site.is_substitution and _has_neighbour(read, site.position))


def _offset(read: pysam.AlignedSegment, position: int) -> int:
    """Place in the read of the base aligned to a position, -1 if none is."""
    in_read, in_reference = 0, read.reference_start
    for operation, length in read.cigartuples or ():
        if operation in _MATCHES:
            if in_reference <= position < in_reference + length:
                return in_read + position - in_reference
            in_read, in_reference = in_read + length, in_reference + length
        elif operation in _IN_READ:
            in_read += length
        elif operation in _IN_REFERENCE:
            in_reference += length
    return -1


def _mismatches(bases: str, offset: int, haplotype: str) -> int:
    return sum(a != b for a, b in zip(bases[offset:], haplotype, strict=False))


def _has_neighbour(read: pysam.AlignedSegment, position: int) -> bool:
    """Whether the read has an indel or a clipped end within 10 bp of a position."""
    at = read.reference_start
    for operation, length in read.cigartuples or ():
        spans = length if operation in _MATCHES or operation in _IN_REFERENCE else 0
        if operation not in _MATCHES and at - _NEIGHBOUR_BP <= position < at + spans + _NEIGHBOUR_BP:
            return True
        at += spans
    return False
