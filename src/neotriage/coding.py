"""A coding transcript as geometry: where a base lies in its mRNA and protein, and what a stop there would do.

Coordinates are 0-based half-open. Offsets run along the transcript, 5' to 3', whatever its strand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

__all__ = ["CodingTranscript", "Sequence", "SpliceSite", "SpliceSiteKind", "translate"]

Sequence = Callable[[str, int, int], str]
"""Reference bases of (contig, start, end), upper case."""

_BASES = "TCAG"
_AMINO_ACIDS = {
    "standard": "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
    "mitochondrial": "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSS**VVVVAAAADDEEGGGG",
}  # NCBI translation tables 1 and 2
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
_ESCAPE_BP = 50


class SpliceSiteKind(StrEnum):
    """Which end of an intron, in transcript direction."""

    DONOR = "donor"
    ACCEPTOR = "acceptor"


@dataclass(frozen=True)
class SpliceSite:
    """A canonical +-1,2 site and the exon it bounds (0-based, in transcript order)."""

    kind: SpliceSiteKind
    exon: int


@dataclass(frozen=True)
class CodingTranscript:
    """A coding transcript; `exons` and `cds` are genomic (start, end), ascending; `cds` includes the stop codon."""

    name: str
    gene_id: str
    chrom: str
    strand: str
    exons: tuple[tuple[int, int], ...]
    cds: tuple[tuple[int, int], ...]

    @cached_property
    def ordered_exons(self) -> tuple[tuple[int, int], ...]:
        """Exons in transcript order."""
        return self.exons if self.strand == "+" else self.exons[::-1]

    @cached_property
    def coding_bp(self) -> int:
        """Length of the coding sequence with its stop codon."""
        return sum(end - start for start, end in self.cds)

    @property
    def residues(self) -> int:
        """Length of the protein in amino acids."""
        return max(self.coding_bp // 3 - 1, 1)

    def coding_offset(self, position: int) -> int:
        """Bases of coding sequence 5' of a genomic base; -1 if the base is not coding."""
        if not any(start <= position < end for start, end in self.cds):
            return -1
        return self._bases_before(self.cds, position)

    def bases_to_last_junction(self, position: int) -> int | None:
        """Bases of mRNA from a genomic base to the last exon-exon junction, 1 for the base that touches it.

        0 or less if it lies in the last exon, None for a single-exon transcript.
        """
        if len(self.exons) == 1:
            return None
        last_start, last_end = self.ordered_exons[-1]
        junction = sum(end - start for start, end in self.exons) - (last_end - last_start)
        return junction - self._bases_before(self.exons, position)

    def undergoes_nmd(self, position: int) -> bool:
        """Whether a stop at a genomic base is predicted to trigger nonsense-mediated decay.

        It is not in the last exon, in the last 50 bases of the exon before it, or in a single-exon gene (Abou Tayoun 2018).
        """
        distance = self.bases_to_last_junction(position)
        return distance is not None and distance > _ESCAPE_BP

    def fraction_lost_after(self, coding_offset: int) -> float:
        """Share of the protein behind a coding offset."""
        return max(0, self.residues - coding_offset // 3) / self.residues

    def exon_of(self, position: int) -> int:
        """0-based exon in transcript order; -1 outside the exons."""
        return next((i for i, (start, end) in enumerate(self.ordered_exons) if start <= position < end), -1)

    def bases_to_exon_edge(self, position: int) -> tuple[int, int]:
        """Bases of an exonic base to the 5' and the 3' end of its exon in transcript direction, 1 for the end base itself.

        Raises:
            ValueError: the base is not in an exon.
        """
        exon = self.exon_of(position)
        if exon < 0:
            raise ValueError(f"{self.chrom}:{position + 1} is not in an exon of {self.name}")
        start, end = self.ordered_exons[exon]
        left, right = position - start + 1, end - position
        return (left, right) if self.strand == "+" else (right, left)

    def coding_bp_of_exon(self, exon: int) -> int:
        """Coding bases in an exon (0-based, transcript order)."""
        start, end = self.ordered_exons[exon]
        return sum(max(0, min(end, e) - max(start, s)) for s, e in self.cds)

    def splice_site(self, start: int, end: int) -> SpliceSite | None:
        """The first canonical splice site (two intronic bases at either end of an intron) that a genomic interval touches."""
        for exon, (exon_start, exon_end) in enumerate(self.ordered_exons):
            before, after = (exon_start - 2, exon_start), (exon_end, exon_end + 2)
            upstream, downstream = (before, after) if self.strand == "+" else (after, before)
            if exon > 0 and start < upstream[1] and upstream[0] < end:
                return SpliceSite(SpliceSiteKind.ACCEPTOR, exon)
            if exon < len(self.exons) - 1 and start < downstream[1] and downstream[0] < end:
                return SpliceSite(SpliceSiteKind.DONOR, exon)
        return None

    def coding_positions(self, offset: int, count: int) -> tuple[int, ...]:
        """Genomic positions of `count` coding bases from an offset on, in transcript order, as far as there are any."""
        positions = [p for start, end in self.cds for p in range(start, end)]
        if self.strand == "-":
            positions.reverse()
        return tuple(positions[offset : offset + count])

    def coding_sequence(self, sequence: Sequence) -> str:
        """The coding sequence, 5' to 3', from the reference."""
        bases = "".join(sequence(self.chrom, start, end) for start, end in self.cds)
        return bases if self.strand == "+" else bases.translate(_COMPLEMENT)[::-1]

    def residue_change(self, position: int, ref: str, alt: str, coding: str, code: str) -> tuple[int, str, str] | None:
        """The amino acid change of a substitution of one base: (1-based residue, old, new); None if it is not coding.

        Args:
            position: 0-based genomic position.
            ref: one base, genomic strand.
            alt: one base, genomic strand.
            coding: `coding_sequence` of this transcript.
            code: `standard` or `mitochondrial`.
        """
        offset = self.coding_offset(position)
        if offset < 0 or len(ref) != 1 or len(alt) != 1:
            return None
        base = alt if self.strand == "+" else alt.translate(_COMPLEMENT)
        start = offset - offset % 3
        codon = coding[start : start + 3]
        changed = codon[: offset % 3] + base + codon[offset % 3 + 1 :]
        return start // 3 + 1, translate(codon, code), translate(changed, code)

    def new_stop(self, start: int, end: int, inserted: str, sequence: Sequence, code: str) -> int | None:
        """Genomic base, in the reference, of the first stop codon after a change; None if the old frame's end is passed.

        Args:
            start: first genomic base replaced.
            end: end of the bases replaced; equal to start for an insertion before it.
            inserted: bases put in their place, genomic strand.
            sequence: reference bases.
            code: genetic code, see `residue_change`.
        """
        positions = self._message_positions()
        bases = self._message(sequence)
        kept_before = [i for i, p in enumerate(positions) if (p < start if self.strand == "+" else p >= end)]
        kept_after = [i for i, p in enumerate(positions) if (p >= end if self.strand == "+" else p < start)]
        new = inserted if self.strand == "+" else inserted.translate(_COMPLEMENT)[::-1]
        message = "".join(bases[i] for i in kept_before) + new + "".join(bases[i] for i in kept_after)
        origin = [positions[i] for i in kept_before] + [-1] * len(new) + [positions[i] for i in kept_after]
        stop = next((i for i in range(0, len(message) - 2, 3) if translate(message[i : i + 3], code) == "*"), None)
        if stop is None:
            return None
        return next((p for p in origin[stop:] if p >= 0), None)

    def _message_positions(self) -> list[int]:
        """Genomic positions of the mRNA from the start codon to its 3' end, in transcript order."""
        first = self.coding_positions(0, 1)[0]
        if self.strand == "+":
            return [p for start, end in self.exons for p in range(max(start, first), end)]
        return [p for start, end in self.exons[::-1] for p in range(min(end - 1, first), start - 1, -1)]

    def _message(self, sequence: Sequence) -> str:
        first = self.coding_positions(0, 1)[0]
        if self.strand == "+":
            return "".join(sequence(self.chrom, max(start, first), end) for start, end in self.exons if end > first)
        parts = "".join(sequence(self.chrom, start, min(end, first + 1)) for start, end in self.exons if start <= first)
        return parts.translate(_COMPLEMENT)[::-1]

    def _bases_before(self, blocks: tuple[tuple[int, int], ...], position: int) -> int:
        if self.strand == "+":
            return sum(max(0, min(end, position) - start) for start, end in blocks)
        return sum(max(0, end - max(start, position + 1)) for start, end in blocks)


def translate(codon: str, code: str = "standard") -> str:
    """The amino acid of a codon by a genetic code, `*` for stop, `X` if it is not three known bases."""
    if len(codon) != 3 or any(base not in _BASES for base in codon):
        return "X"
    first, second, third = (_BASES.index(base) for base in codon)
    return _AMINO_ACIDS[code][16 * first + 4 * second + third]
