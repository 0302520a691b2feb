"""Haplotypes: phased variants applied to a window of a reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Allele", "apply_alleles", "normalised", "without_overlaps"]


@dataclass(frozen=True, order=True)
class Allele:
    """One change of the reference on one haplotype: contig, 0-based position of the first base of ref, ref, alt."""

    contig: str
    position: int
    ref: str
    alt: str

    @property
    def end(self) -> int:
        """0-based end of ref, exclusive."""
        return self.position + len(self.ref)


def normalised(allele: Allele, reference: str) -> Allele:
    """The allele as short and as far left as it goes (Tan et al. 2015, Bioinformatics 31:2202).

    Args:
        allele: in any form, ref and alt of one base or more.
        reference: all bases of its contig.
    """
    position, ref, alt = allele.position, allele.ref, allele.alt
    while ref[-1] == alt[-1] and (position > 0 or min(len(ref), len(alt)) > 1):
        ref, alt = ref[:-1], alt[:-1]
        if not ref or not alt:
            position -= 1
            ref, alt = reference[position] + ref, reference[position] + alt
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return Allele(allele.contig, position, ref, alt)


def without_overlaps(alleles: Iterable[Allele]) -> tuple[list[Allele], list[Allele]]:
    """Alleles in order of position that one haplotype can carry together, and those that overlap one before them."""
    kept: list[Allele] = []
    left_out: list[Allele] = []
    for allele in sorted(set(alleles)):
        clashes = bool(kept) and kept[-1].contig == allele.contig and allele.position < kept[-1].end
        (left_out if clashes else kept).append(allele)
    return kept, left_out


def apply_alleles(reference: str, alleles: Sequence[Allele], start: int = 0) -> str:
    """The haplotype's sequence over a window.

    Args:
        reference: the window's reference bases.
        alleles: changes within the window, of one contig, in any order.
        start: 0-based position of the window's first base on the contig.

    Raises:
        ValueError: an allele lies outside the window, its ref is not what the reference has, or two overlap.
    """
    pieces: list[str] = []
    at = start
    for allele in sorted(alleles):
        if allele.position < at or allele.end > start + len(reference):
            raise ValueError(f"{allele} overlaps another or lies outside {start}-{start + len(reference)}")
        found = reference[allele.position - start : allele.end - start]
        if found != allele.ref:
            raise ValueError(f"{allele}: the reference has {found}")
        pieces += [reference[at - start : allele.position - start], allele.alt]
        at = allele.end
    return "".join([*pieces, reference[at - start :]])
