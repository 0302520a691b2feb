"""The demo's genome: contigs with genes set into them, X and Y sharing their pseudoautosomal region."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from neotriage.genome import ContigKind
from neotriage.simulate.design import Design
from neotriage.simulate.genes import Transcript, place_gene
from neotriage.simulate.sequence import intergenic

__all__ = ["Assembly", "make_assembly"]

_MITOCHONDRIAL_GC = 0.44


@dataclass(frozen=True)
class Assembly:
    """Contig -> bases as a person has them (PAR on Y too), and the genes in order of position."""

    sequences: Mapping[str, str]
    transcripts: tuple[Transcript, ...]
    design: Design

    @property
    def reference(self) -> Mapping[str, str]:
        """Contig -> bases of the analysis set: the PAR of Y masked with N, so that its reads map to X."""
        par = self.design.par_y
        bases = self.sequences[par.contig]
        return {**self.sequences, par.contig: bases[: par.start] + "N" * (par.end - par.start) + bases[par.end :]}

    def transcript(self, symbol: str) -> Transcript:
        """The gene of that symbol."""
        return next(t for t in self.transcripts if t.design.symbol == symbol)


def make_assembly(design: Design, seed: int) -> Assembly:
    """The genome of a design and a seed.

    Raises:
        ValueError: two genes overlap or one does not fit its contig.
    """
    sequences: dict[str, list[str]] = {}
    for contig in design.build.contigs:
        stream = random.Random(f"{seed}:{contig.name}")
        gc = {ContigKind.MITOCHONDRION: _MITOCHONDRIAL_GC}.get(contig.kind, 0.41)
        sequences[contig.name] = list(intergenic(contig.length, stream, gc))
    transcripts: list[Transcript] = []
    for gene in design.genes:
        transcript, bases = place_gene(gene, random.Random(f"{seed}:{gene.symbol}"))
        before = max((t.end for t in transcripts if t.design.contig == gene.contig and t.start < transcript.end), default=0)
        if transcript.start < before or transcript.end > len(sequences[gene.contig]):
            raise ValueError(f"{gene.symbol} at {transcript.start}-{transcript.end} overlaps a gene or leaves {gene.contig}")
        sequences[gene.contig][transcript.start : transcript.end] = bases
        transcripts.append(transcript)
    for (name, position), base in design.fixed_bases.items():
        sequences[name][position] = base
    for region in (design.par_x, design.par_y):
        sequences[region.contig][: design.telomere_bp] = "N" * design.telomere_bp
    x, y = design.par_x, design.par_y
    sequences[y.contig][y.start : y.end] = sequences[x.contig][x.start : x.end]
    order = [contig.name for contig in design.build.contigs]
    ordered = sorted(transcripts, key=lambda t: (order.index(t.design.contig), t.start))
    return Assembly({name: "".join(bases) for name, bases in sequences.items()}, tuple(ordered), design)
