"""Synthetic genes: transcripts on a contig, their bases, and the Ensembl-style GFF3 that `bcftools csq` takes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from neotriage.simulate.sequence import coding_sequence, intergenic, intron, reverse_complement

__all__ = ["GeneDesign", "Transcript", "gff3_lines", "place_gene"]

_UTR5_BP = 80
_UTR3_BP = 150
_TYPES = {"protein_coding": "mRNA", "Mt_tRNA": "tRNA", "Mt_rRNA": "rRNA"}


@dataclass(frozen=True)
class GeneDesign:
    """A gene as the design names it; its place is the design's, its bases and exon bounds are the seed's.

    `end` is given for a gene without introns or reading frame (RNA genes), `exons` and `codons` for a coding one.
    """

    symbol: str
    gene_id: str
    transcript: str
    hgnc: str
    ncbi: int
    contig: str
    start: int
    strand: str
    disease: str = ""
    omim: str = ""
    refseq: str = ""
    biotype: str = "protein_coding"
    exons: int = 1
    codons: int = 0
    end: int = 0
    mode: str = ""
    confidence: int = 0


@dataclass(frozen=True)
class Transcript:
    """A placed gene with its one transcript. Exons are 0-based half-open, ascending; cds is (start, end) or None."""

    design: GeneDesign
    exons: tuple[tuple[int, int], ...]
    cds: tuple[int, int] | None

    @property
    def start(self) -> int:
        """0-based start of the gene."""
        return self.exons[0][0]

    @property
    def end(self) -> int:
        """0-based end of the gene, exclusive."""
        return self.exons[-1][1]

    @property
    def is_reverse(self) -> bool:
        """Whether the transcript is read from the reverse strand."""
        return self.design.strand == "-"

    @cached_property
    def coding_positions(self) -> tuple[int, ...]:
        """Genomic positions of the coding bases, in the transcript's order; empty for RNA genes."""
        if self.cds is None:
            return ()
        low, high = self.cds
        places = [p for start, end in self.exons for p in range(max(start, low), min(end, high))]
        return tuple(reversed(places)) if self.is_reverse else tuple(places)

    def exon(self, number: int) -> tuple[int, int]:
        """Exon by its 1-based number in the transcript's order."""
        return self.exons[-number] if self.is_reverse else self.exons[number - 1]


def place_gene(design: GeneDesign, stream: random.Random) -> tuple[Transcript, str]:
    """A gene and its genomic bases on the forward strand, from `design.start` on.

    Raises:
        ValueError: an RNA gene without an end.
    """
    if design.codons == 0:
        if design.end <= design.start:
            raise ValueError(f"{design.symbol} has neither codons nor an end")
        return Transcript(design, ((design.start, design.end),), None), intergenic(design.end - design.start, stream, 0.44)
    coding = coding_sequence(design.codons, stream)
    message = intergenic(_UTR5_BP, stream) + coding + intergenic(_UTR3_BP, stream)
    pieces: list[str] = []
    exons: list[tuple[int, int]] = []
    at = 0
    for part in _split(message, design.exons, stream):
        exons.append((at, at + len(part)))
        between = intron(stream.randint(250, 800), stream)
        pieces += [part, between]
        at += len(part) + len(between)
    bases = "".join(pieces[:-1])
    cds = (_genomic(exons, _UTR5_BP), _genomic(exons, _UTR5_BP + len(coding) - 1) + 1)
    if design.strand == "-":
        size = len(bases)
        bases = reverse_complement(bases)
        exons = [(size - end, size - start) for start, end in reversed(exons)]
        cds = (size - cds[1], size - cds[0])
    shifted = tuple((design.start + start, design.start + end) for start, end in exons)
    return Transcript(design, shifted, (design.start + cds[0], design.start + cds[1])), bases


def _split(message: str, parts: int, stream: random.Random) -> list[str]:
    size = len(message) / parts
    cuts = [0, *(round(size * i + stream.uniform(-0.2, 0.2) * size) for i in range(1, parts)), len(message)]
    return [message[a:b] for a, b in pairwise(cuts)]


def _genomic(exons: Sequence[tuple[int, int]], offset: int) -> int:
    for start, end in exons:
        if offset < end - start:
            return start + offset
        offset -= end - start
    raise ValueError("offset beyond the transcript")


def gff3_lines(transcript: Transcript, source: str) -> Iterator[str]:
    """GFF3 lines of a gene, in the layout of Ensembl's files.

    Args:
        transcript: the gene.
        source: text of the source column.
    """
    design = transcript.design
    gene, name = design.gene_id, design.transcript.partition(".")[0]

    def line(kind: str, start: int, end: int, phase: str, attributes: str) -> str:
        fields = (design.contig, source, kind, str(start + 1), str(end), ".", design.strand, phase, attributes)
        return "\t".join(fields) + "\n"

    common = f"Name={design.symbol};biotype={design.biotype}"
    yield line("gene", transcript.start, transcript.end, ".", f"ID=gene:{gene};{common};gene_id={gene}")
    mane = f";tag=MANE_Select;transcript_id={design.transcript}" + (f";refseq={design.refseq}" if design.refseq else "")
    yield line(
        _TYPES[design.biotype], transcript.start, transcript.end, ".", f"ID=transcript:{name};Parent=gene:{gene};{common}{mane}"
    )
    phases = _phases(transcript)
    for start, end in transcript.exons:
        yield line("exon", start, end, ".", f"Parent=transcript:{name}")
        if (start, end) in phases:
            low, high, phase = phases[start, end]
            yield line("CDS", low, high, str(phase), f"Parent=transcript:{name}")


def _phases(transcript: Transcript) -> dict[tuple[int, int], tuple[int, int, int]]:
    """Exon -> coding start, coding end, GFF3 phase (bases to the next codon's first), for exons that code."""
    if transcript.cds is None:
        return {}
    found: dict[tuple[int, int], tuple[int, int, int]] = {}
    before = 0
    for exon in reversed(transcript.exons) if transcript.is_reverse else transcript.exons:
        low, high = max(exon[0], transcript.cds[0]), min(exon[1], transcript.cds[1])
        if low < high:
            found[exon] = (low, high, -before % 3)
            before += high - low
    return found
