"""The gene models and the FASTA as the `hgvs` library asks for them, through cdot's data provider.

`hgvs` would look transcripts up in a UTA database and sequences in SeqRepo or at NCBI; here both come from the run's files,
one transcript at a time and only when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from bioutils.sequences import reverse_complement
from cdot.hgvs.dataproviders.json_data_provider import AbstractJSONDataProvider
from hgvs.exceptions import HGVSDataNotAvailableError

from neotriage.fasta import open_fasta
from neotriage.gene_models import GeneModels, Transcript
from neotriage.genome import Build

__all__ = ["ModelProvider", "Sequences"]

_CACHED_TRANSCRIPTS = 256


class ModelProvider(AbstractJSONDataProvider):  # type: ignore[misc]
    """cdot's provider over gene models in memory: transcripts under their RefSeq accession, else their Ensembl id."""

    def __init__(self, gene_models: GeneModels, sequences: Sequences) -> None:
        self._sequences = sequences
        self._build = sequences.build
        super().__init__(assemblies=[], seqfetcher=sequences)
        self.assembly_by_contig = dict.fromkeys(sequences.contig_of, self._build.name)
        self._models = gene_models

    def _get_transcript(self, tx_ac: str) -> dict[str, Any] | None:
        transcript = self._sequences.by_accession.get(tx_ac)
        if transcript is None:
            return None
        gene = self._models.genes[transcript.gene]
        coding = _coding_offsets(transcript)
        return {
            "gene_name": gene.symbol,
            "start_codon": coding[0] if coding else None,
            "stop_codon": coding[1] if coding else None,
            "protein": transcript.protein or tx_ac,
            "genome_builds": {
                self._build.name: {
                    "contig": self._sequences.accession(gene.contig),
                    "strand": transcript.strand,
                    "exons": _exons(transcript),
                }
            },
        }

    def _get_gene(self, gene: str) -> None:
        """No facts about genes beyond their transcripts."""
        raise NotImplementedError(gene)

    def get_tx_for_gene(self, gene: str) -> list[Any]:
        """Not asked for: a name is always of one stated transcript."""
        raise NotImplementedError(gene)

    def get_tx_for_region(self, alt_ac: str, alt_aln_method: str, start_i: int, end_i: int) -> list[Any]:
        """Not asked for: a name is always of one stated transcript."""
        raise NotImplementedError(f"{alt_ac}:{start_i}-{end_i} ({alt_aln_method})")


class Sequences:
    """Bases of contigs and of transcripts, each by accession, from the FASTA; the build says which accession a contig has."""

    def __init__(self, gene_models: GeneModels, reference: Path, build: Build) -> None:
        self.build = build
        self.source = "the run's reference"
        self._models = gene_models
        self._fasta = open_fasta(reference)
        self._lengths = dict(zip(self._fasta.references, self._fasta.lengths, strict=True))
        self._transcript_bases = lru_cache(maxsize=_CACHED_TRANSCRIPTS)(self._spliced)

    def accession(self, contig: str) -> str:
        """The accession of a contig, its name where the build states none."""
        known = self.build.by_name.get(contig)
        return known.accession or contig if known else contig

    @cached_property
    def contig_of(self) -> Mapping[str, str]:
        """Accession -> contig of the FASTA."""
        return {self.accession(contig): contig for contig in self._lengths}

    @cached_property
    def by_accession(self) -> Mapping[str, Transcript]:
        """Name of a transcript in HGVS -> transcript."""
        return {self.transcript_accession(t): t for t in reversed(self._models.transcripts)}

    @staticmethod
    def transcript_accession(transcript: Transcript) -> str:
        """RefSeq accession where the gene models state one (MANE), else the Ensembl id with version."""
        return transcript.refseq or transcript.id

    def fetch_seq(self, ac: str, start_i: int | None = None, end_i: int | None = None) -> str:
        """Bases [start, end) of a contig or of a spliced transcript in its own direction, upper case.

        Raises:
            HGVSDataNotAvailableError: no such sequence.
        """
        contig = self.contig_of.get(ac)
        if contig is not None:
            last = self._lengths[contig]
            return str(self._fasta.fetch(contig, max(start_i or 0, 0), min(end_i if end_i is not None else last, last))).upper()
        if ac in self.by_accession:
            return self._transcript_bases(ac)[start_i:end_i]
        raise HGVSDataNotAvailableError(f"no sequence {ac} in the reference and the gene models")

    def length(self, accession: str) -> int:
        """Length of a contig in bp."""
        return self._lengths[self.contig_of[accession]]

    def _spliced(self, accession: str) -> str:
        transcript = self.by_accession[accession]
        contig = self._models.genes[transcript.gene].contig
        if contig not in self._lengths:
            raise HGVSDataNotAvailableError(f"contig {contig} of {accession} is not in the reference")
        bases = "".join(self._fasta.fetch(contig, start, end) for start, end in transcript.exons).upper()
        return bases if transcript.strand == "+" else str(reverse_complement(bases))


def _exons(transcript: Transcript) -> list[tuple[int, int, int, int, int, None]]:
    """Exons by position: 0-based start and end, number in transcript order, 1-based first and last base of the transcript."""
    ordered = transcript.exons if transcript.strand == "+" else transcript.exons[::-1]
    rows, before = [], 0
    for number, (start, end) in enumerate(ordered):
        rows.append((start, end, number, before + 1, before + end - start, None))
        before += end - start
    return sorted(rows)


def _coding_offsets(transcript: Transcript) -> tuple[int, int] | None:
    """Offsets in the transcript of the first coding base and of the end of the last; None if it codes for nothing."""
    if not transcript.cds:
        return None
    low, high = transcript.cds[0][0], transcript.cds[-1][1]
    left = sum(max(0, min(end, low) - start) for start, end in transcript.exons)
    right = sum(max(0, end - max(start, high)) for start, end in transcript.exons)
    length = sum(end - start for start, end in transcript.exons)
    return (left, length - right) if transcript.strand == "+" else (right, length - left)
