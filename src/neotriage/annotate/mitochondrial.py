"""Substitutions in the mitochondrion's own genes, read by its own code: bcftools csq 1.16 knows only the standard one.

TGA is tryptophan there, AGA and AGG stop, ATA methionine, and translation starts at any ATN or GTG (NCBI genetic codes,
table 2). Insertions and deletions keep the tool's terms: a shifted frame is one in any code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from neotriage.clinvar import Site
from neotriage.coding import CodingTranscript, Sequence, translate
from neotriage.errors import InputError
from neotriage.fasta import open_fasta
from neotriage.gene_models import GeneModels, Transcript
from neotriage.genome import Build, ContigKind

__all__ = ["Mitochondrion", "open_mitochondrion", "recoded"]

_STARTS = frozenset({"ATA", "ATC", "ATG", "ATT", "GTG"})
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


@dataclass(frozen=True)
class Mitochondrion:
    """The mitochondrial contig and the reference bases by which its genes are read."""

    contig: str
    sequence: Sequence


def open_mitochondrion(build: Build, models: GeneModels, reference: Path | None) -> Mitochondrion | None:
    """The build's mitochondrion with its reference bases; None if no protein gene of the models lies on it.

    Raises:
        InputError: protein genes lie on it and no reference was given.
    """
    names = {contig.name for contig in build.contigs if contig.kind is ContigKind.MITOCHONDRION}
    coding = {models.genes[t.gene].contig for t in models.transcripts if t.cds} & names
    if not coding:
        return None
    if reference is None:
        raise InputError(
            f"the gene models have protein genes on {min(coding)}, which is read by a code of its own", fix="give --reference"
        )
    name = min(coding)
    with open_fasta(reference) as fasta:
        bases = fasta.fetch(name).upper()
    return Mitochondrion(name, lambda _, start, end: bases[start:end])


def recoded(site: Site, transcript: Transcript, models: GeneModels, sequence: Sequence) -> tuple[str, str] | None:
    """The Sequence Ontology term and amino acid change (12R>12W) of a substitution; None if no whole codon of the CDS changes.

    Args:
        site: the variant, on the mitochondrion.
        transcript: a transcript with a CDS.
        models: the gene models it is from.
        sequence: reference bases.
    """
    if len(site.ref) != len(site.alt) or not transcript.cds:
        return None
    gene = models.genes[transcript.gene]
    coding = CodingTranscript(transcript.id, gene.id, gene.contig, transcript.strand, transcript.exons, transcript.cds)
    old = coding.coding_sequence(sequence)
    offsets = {coding.coding_offset(site.position + i): base for i, base in enumerate(site.alt) if base != site.ref[i]}
    offsets.pop(-1, None)
    if not offsets:
        return None
    bases = list(old)
    for offset, base in offsets.items():
        bases[offset] = base if transcript.strand == "+" else base.translate(_COMPLEMENT)
    first, last = min(offsets) // 3, max(offsets) // 3
    if 3 * last + 3 > len(old):
        return None
    new = "".join(bases)
    codons = [(old[i : i + 3], new[i : i + 3]) for i in range(3 * first, 3 * last + 3, 3)]
    before, after = ("".join(_residues(side)) for side in zip(*codons, strict=True))
    term = _term(before, after, is_start=first == 0, starts=codons[0][1] in _STARTS)
    return term, f"{first + 1}{before}" if before == after else f"{first + 1}{before}>{first + 1}{after}"


def _residues(codons: Iterable[str]) -> list[str]:
    return [translate(codon, "mitochondrial") for codon in codons]


def _term(before: str, after: str, *, is_start: bool, starts: bool) -> str:
    if is_start:
        return "start_retained_variant" if starts else "start_lost"
    if "*" in after and "*" not in before:
        return "stop_gained"
    if "*" in before:
        return "stop_retained_variant" if "*" in after else "stop_lost"
    return "synonymous_variant" if before == after else "missense_variant"
