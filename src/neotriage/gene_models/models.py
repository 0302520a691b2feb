"""The genes and transcripts of one file, by name and by place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from neotriage.gene_models.columns import Transcripts
from neotriage.gene_models.intervals import GeneIndex, Int32, coded, merged
from neotriage.gene_models.records import Gene, Transcript

__all__ = ["GeneModels", "Regions"]

Regions = Mapping[str, tuple[Int32, Int32]]


@dataclass(frozen=True)
class GeneModels:
    """The genes and transcripts of one file, genes and transcripts in file order."""

    file: str
    genes: Sequence[Gene]
    transcripts: Sequence[Transcript]

    @cached_property
    def by_id(self) -> Mapping[str, int]:
        """Gene id -> place in `genes`."""
        return {gene.id: i for i, gene in enumerate(self.genes)}

    @cached_property
    def by_symbol(self) -> Mapping[str, tuple[int, ...]]:
        """Symbol as written -> places in `genes` (a gene of both pseudoautosomal copies has two)."""
        return _grouped((gene.symbol, i) for i, gene in enumerate(self.genes) if gene.symbol)

    @cached_property
    def by_hgnc_id(self) -> Mapping[str, tuple[int, ...]]:
        """HGNC id (HGNC:5) -> places in `genes`; empty where the file has no HGNC ids."""
        return _grouped((gene.hgnc_id, i) for i, gene in enumerate(self.genes) if gene.hgnc_id)

    @cached_property
    def by_transcript(self) -> Mapping[str, Transcript]:
        """Transcript id with and without version -> transcript."""
        return {name: t for t in self.transcripts for name in (t.stable_id, t.id)}

    @cached_property
    def transcripts_of(self) -> Mapping[int, tuple[Transcript, ...]]:
        """Place of a gene -> its transcripts."""
        grouped: dict[int, list[Transcript]] = {}
        for transcript in self.transcripts:
            grouped.setdefault(transcript.gene, []).append(transcript)
        return {gene: tuple(of) for gene, of in grouped.items()}

    def names_of(self, genes: Iterable[str]) -> frozenset[str]:
        """Every name (id, symbol, HGNC id) of genes given by any of them; a name that no gene bears stands for itself."""
        names: set[str] = set()
        for given in genes:
            places = {*self.by_symbol.get(given, ()), *self.by_hgnc_id.get(given, ())}
            places |= {self.by_id[given]} if given in self.by_id else set()
            names |= {given, *(n for p in places for n in (self.genes[p].id, self.genes[p].symbol, self.genes[p].hgnc_id) if n)}
        return frozenset(names)

    def exon_regions(self, padding_bp: int = 0) -> Regions:
        """Exons of all transcripts, padded and merged: contig -> int32 (regions,) starts and ends, sorted, disjoint."""
        return self._regions(False, padding_bp)

    def cds_regions(self) -> Regions:
        """Coding parts of all transcripts, merged: contig -> int32 (regions,) starts and ends, sorted, disjoint."""
        return self._regions(True, 0)

    def exon_index(self, padding_bp: int = 0) -> GeneIndex:
        """Look-up of the genes whose padded exons an interval overlaps."""
        contigs, starts, ends, genes = self._intervals(False)
        return GeneIndex(contigs, np.maximum(starts - padding_bp, 0), ends + padding_bp, genes)

    def gene_index(self, padding_bp: int = 0) -> GeneIndex:
        """Look-up of the genes whose whole span, introns included and padded, an interval overlaps."""
        starts = np.array([gene.start for gene in self.genes], np.int32)
        ends = np.array([gene.end for gene in self.genes], np.int32)
        contigs = [gene.contig for gene in self.genes]
        numbers = np.arange(len(self.genes), dtype=np.int32)
        return GeneIndex(contigs, np.maximum(starts - padding_bp, 0), ends + padding_bp, numbers)

    @cached_property
    def _contigs(self) -> tuple[list[str], Int32]:
        """The contigs that have genes, and which of them each gene lies on, int32 (genes,)."""
        return coded(gene.contig for gene in self.genes)

    def _intervals(self, is_coding: bool) -> tuple[list[str], Int32, Int32, Int32]:
        """Contig, start, end and gene of each part, (parts,)."""
        starts, ends, genes = self._parts(is_coding)
        contigs = [gene.contig for gene in self.genes]
        return [contigs[gene] for gene in genes.tolist()], starts, ends, genes

    def _parts(self, is_coding: bool) -> tuple[Int32, Int32, Int32]:
        """Start, end and gene of each part, int32 (parts,)."""
        if isinstance(self.transcripts, Transcripts):
            parts = self.transcripts.cds if is_coding else self.transcripts.exons
            return parts.starts, parts.ends, np.repeat(self.transcripts.genes, np.diff(parts.bounds))
        of = [t.cds if is_coding else t.exons for t in self.transcripts]
        flat = np.fromiter(chain.from_iterable(chain.from_iterable(of)), np.int32).reshape(-1, 2)
        genes = np.repeat(np.array([t.gene for t in self.transcripts], np.int32), [len(part) for part in of])
        return flat[:, 0], flat[:, 1], genes

    def _regions(self, is_coding: bool, padding_bp: int) -> Regions:
        starts, ends, genes = self._parts(is_coding)
        low, high = np.maximum(starts - padding_bp, 0), ends + padding_bp
        names, contigs = self._contigs
        regions = {name: contigs[genes] == code for code, name in sorted(enumerate(names), key=lambda of: of[1])}
        return {name: merged(low[of], high[of]) for name, of in regions.items() if of.any()}


def _grouped(pairs: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    grouped: dict[str, tuple[int, ...]] = {}
    for key, place in pairs:
        grouped[key] = (*grouped.get(key, ()), place)
    return grouped
