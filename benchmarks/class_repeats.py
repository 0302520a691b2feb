"""Short tandem repeats sized from reads: expansions of DMPK (CTG) and PHOX2B (GCN) beside a normal allele, and people without.

A made-up contig with a repeat of the reference's length at each place, and decoys: the same repeats of 30 units elsewhere. An
expansion is found if it is a finding: upper limit at or above the pathogenic number (tier 1), least size above the normal one.
False is a finding of a normal pair.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pysam

from neotriage.calls.repeat_loci import Locus, as_in_reference
from neotriage.calls.repeats import RepeatCall, gather, size_alleles
from neotriage.calls.special_document import repeat_level
from neotriage.simulate.alignments import simulate_alignment, write_reference
from neotriage.simulate.reads import Molecule
from neotriage.simulate.sequence import intergenic

CONTIG = "chr4"
FLANK = 6000
THRESHOLDS = {"DMPK": ("CTG", 20, 35, 50), "PHOX2B": ("GCN", 20, 20, 24)}
"""Motif, repeats in the reference, highest normal and lowest pathogenic number; DMPK's as PanelApp has them (panel 467)."""
EXPANDED = {"DMPK": (52, 80, 150, 400, 1000), "PHOX2B": (24, 25, 26, 27, 30, 33)}
NORMAL = {"DMPK": ((5, 12), (12, 13), (5, 5), (13, 34), (20, 30)), "PHOX2B": ((20, 20), (20, 15), (13, 20))}
BACKGROUND = {"DMPK": 12, "PHOX2B": 20}
REPLICATES = 3


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this class."""
    parser.add_argument("--seed", type=int, default=1)


def measure(options: argparse.Namespace, folder: Path) -> Iterator[Sequence[object]]:
    """Rows of what was planted and found."""
    for gene in THRESHOLDS:
        genome = Genome(gene, options.seed, folder)
        for depth in (30, 15):
            for size in EXPANDED[gene]:
                pairs = [(BACKGROUND[gene], size)] * REPLICATES
                calls = [genome.call(pair, depth, number, folder) for number, pair in enumerate(pairs)]
                hit = sum(_is_finding(call) for call in calls)
                sizes = [call.alleles[-1] for call in calls if call.alleles]
                told = ", ".join(f"{'>=' if a.is_bound else ''}{a.size} ({a.low}-{a.high})" for a in sizes)
                yield (f"{gene} {size} repeats: told {told}", f"{depth}x", len(pairs), hit, f"{hit / len(pairs):.3f}", "")
            pairs = [pair for pair in NORMAL[gene] for _ in range(REPLICATES)]
            calls = [genome.call(pair, depth, 100 + number, folder) for number, pair in enumerate(pairs)]
            exact = sum([a.size for a in call.alleles] == sorted(set(pair)) for call, pair in zip(calls, pairs, strict=True))
            false = sum(map(_is_finding, calls))
            yield (f"{gene} normal pairs, both sizes right", f"{depth}x", len(pairs), exact, f"{exact / len(pairs):.3f}", false)


def _is_finding(call: RepeatCall) -> bool:
    return repeat_level(call)[0] == "finding"


class Genome:
    """A contig with one repeat between flanks and decoys of it elsewhere."""

    def __init__(self, gene: str, seed: int, folder: Path) -> None:
        """The genome for a gene's repeat, written with its index."""
        self.seed, self.gene = seed, gene
        motif, repeats, normal, pathogenic = THRESHOLDS[gene]
        stream = random.Random(f"{seed}:{gene}")
        self.flanks = (intergenic(FLANK, stream), intergenic(FLANK, stream))
        decoys = [intergenic(1500, stream) + run(motif, 30, f"{seed}:decoy{n}") for n in range(4)]
        self.rest = "".join(decoys) + intergenic(1500, stream)
        bases = self.flanks[0] + run(motif, repeats, f"{seed}:reference") + self.flanks[1] + self.rest
        self.reference = write_reference({CONTIG: bases}, folder / f"{gene}.fa")
        end = FLANK + repeats * len(motif)
        self.locus = Locus(gene, gene, CONTIG, FLANK, end, motif, normal, pathogenic, False, True, "planted")

    def call(self, pair: tuple[int, int], depth: float, number: int, folder: Path) -> RepeatCall:
        """The alleles told of a person with two alleles of so many repeats."""
        motif = self.locus.motif
        molecules = [Molecule("rest", self.rest, depth)]
        for place, size in enumerate(pair):
            bases = self.flanks[0] + run(motif, size, f"{self.seed}:reference") + self.flanks[1]
            molecules.append(Molecule(f"allele{place}", bases, depth / 2))
        path = folder / "person.bam"
        simulate_alignment(molecules, self.reference, path, seed=self.seed * 1000 + number, sample="person")
        with pysam.AlignmentFile(str(path)) as reads, pysam.FastaFile(str(self.reference)) as fasta:
            locus = as_in_reference(self.locus, fasta)
            if locus is None:
                raise ValueError("the reference does not have the repeat")
            return size_alleles(locus, gather(reads, fasta, locus), 2)


def run(motif: str, repeats: int, seed: str) -> str:
    """So many repeats of a motif, an N of it drawn anew each time."""
    stream = random.Random(seed)
    return "".join("".join(stream.choice("ACGT") if base == "N" else base for base in motif) for _ in range(repeats))
