"""Copies of SMN1 and SMN2: 0 to 3 of SMN1 by 0 to 4 of SMN2, on a made-up genome with two near identical genes.

The genes have nine exons, an intron of 6 kb before exon 7, and differ in a base every 300 bp near exon 7, c.840C>T among them.
Each copy is a molecule of its own at half the depth. Called are SMN1 and SMN2; `missed` counts no copy of SMN1 that was neither
called nor said to be possible.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pysam

from neotriage.copies.smn import SmnCopies, count_copies, find_smn
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, ContigKind
from neotriage.simulate.alignments import simulate_alignment, write_reference
from neotriage.simulate.reads import Molecule
from neotriage.simulate.sequence import intergenic

CONTIG, OTHER = "chr5", "chr1"
OTHER_LENGTH = 400_000
FLANK = 3000
EXONS = ((0, 240), (1000, 72), (1900, 120), (2800, 201), (3700, 153), (4600, 96), (10_500, 54), (11_000, 580))
"""Start within the gene and length, bp; the seventh holds c.840 as its sixth base, as exon 7 does."""
_CODING_START = 240 + 72 + 120 + 201 + 153 + 96 - 834  # so that exon 7 begins at c.835
GENE = EXONS[-1][0] + EXONS[-1][1]
C840 = EXONS[6][0] + 5
PLANTED = tuple((smn1, smn2) for smn1 in range(4) for smn2 in range(5) if smn1 + smn2)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this class."""
    parser.add_argument("--seed", type=int, default=1)


def measure(options: argparse.Namespace, folder: Path) -> Iterator[Sequence[object]]:
    """Rows of what was planted and called."""
    genome = make_genome(options.seed, folder)
    for depth in (30, 15):
        called = {planted: call(genome, planted, depth, options.seed, folder) for planted in PLANTED}
        for copies in range(4):
            of = {planted: result for planted, result in called.items() if planted[0] == copies}
            right = sum(result.smn1 == copies for result in of.values())
            wrong = sum(result.smn1 not in (copies, None) for result in of.values())
            yield (f"SMN1 {copies} copies, SMN2 0 to 4", f"{depth}x", len(of), right, f"{right / len(of):.3f}", wrong)
            if not copies:
                told = sum(result.is_zero_possible for result in of.values())
                yield ("SMN1 0 copies, called or said to be possible", f"{depth}x", len(of), told, f"{told / len(of):.3f}", 0)
        right = sum(result.smn2 == planted[1] for planted, result in called.items())
        wrong = sum(result.smn2 not in (planted[1], None) for planted, result in called.items())
        yield ("SMN2 0 to 4 copies, SMN1 0 to 3", f"{depth}x", len(called), right, f"{right / len(called):.3f}", wrong)
        alarms = [result.is_zero_possible for planted, result in called.items() if planted[0]]
        yield ("no copy of SMN1 said of those with copies", f"{depth}x", len(alarms), 0, "", sum(alarms))


class Genome:
    """A made-up genome: its reference, gene models, build, and the bases of a copy of each gene with its flanks."""

    def __init__(self, fasta: Path, gff: Path, build: Build, background: str, copies: tuple[str, str]) -> None:
        """A genome of these files and bases."""
        self.fasta, self.gff, self.build, self.background, self.copies = fasta, gff, build, background, copies


def make_genome(seed: int, folder: Path) -> Genome:
    """Two genes on one contig, and another contig whose depth they are held against."""
    stream = random.Random(f"{seed}:smn")
    first = intergenic(GENE, stream)
    if first[C840] != "C":
        first = first[:C840] + "C" + first[C840 + 1 :]
    second = list(first)
    for place in range(500, GENE, 1200):
        second[place] = _another(first[place], stream)
    for place in range(C840 - 1350, C840 + 500, 300):
        second[place] = _another(first[place], stream)
    second[C840] = "T"
    flanks = [intergenic(FLANK, stream) for _ in range(4)]
    copies = (flanks[2] + first + flanks[3], flanks[0] + "".join(second) + flanks[1])
    background = intergenic(OTHER_LENGTH, stream)
    fasta = write_reference({OTHER: background, CONTIG: copies[1] + copies[0]}, folder / "ref.fa")
    contigs = (Contig(OTHER, OTHER_LENGTH, ContigKind.AUTOSOME), Contig(CONTIG, sum(map(len, copies)), ContigKind.AUTOSOME))
    gff = folder / "genes.gff3"
    gff.write_text("##gff-version 3\n" + _gene("SMN2", FLANK) + _gene("SMN1", FLANK * 3 + GENE))
    return Genome(fasta, gff, Build("made up", contigs, ()), background, copies)


def _another(base: str, stream: random.Random) -> str:
    return stream.choice([other for other in "ACGT" if other != base])


def _gene(symbol: str, start: int) -> str:
    head = f"{CONTIG}\tmade\t%s\t%d\t%d\t.\t+\t.\t"
    gene = head % ("gene", start + 1, start + GENE) + f"ID=gene:{symbol};Name={symbol};biotype=protein_coding\n"
    span = ("mRNA", start + 1, start + GENE)
    lines = [gene, head % span + f"ID=transcript:T{symbol};Parent=gene:{symbol};biotype=protein_coding;tag=MANE_Select\n"]
    for offset, length in EXONS:
        low, high = start + offset, start + offset + length
        lines.append(head % ("exon", low + 1, high) + f"Parent=transcript:T{symbol}\n")
        coding = low + _CODING_START if not offset else low
        if offset <= EXONS[6][0]:
            lines.append(head % ("CDS", coding + 1, high) + f"Parent=transcript:T{symbol}\n")
    return "".join(lines)


def call(genome: Genome, planted: tuple[int, int], depth: int, seed: int, folder: Path) -> SmnCopies:
    """The answer for a person with so many copies of SMN1 and SMN2."""
    reads = simulate(genome, planted, depth, seed, folder)
    with pysam.FastaFile(str(genome.fasta)) as fasta:
        place = find_smn(read_gene_models(genome.gff, genome.build), genome.build, fasta)
    if isinstance(place, str):
        raise TypeError(place)
    with pysam.AlignmentFile(str(reads)) as alignment:
        result = count_copies(alignment, place)
    reads.unlink()
    return result


def simulate(genome: Genome, planted: tuple[int, int], depth: int, seed: int, folder: Path) -> Path:
    """Aligned reads of such a person."""
    molecules = [Molecule("background", genome.background, depth)]
    for gene, (bases, copies) in enumerate(zip(genome.copies, planted, strict=True)):
        molecules += [Molecule(f"smn{gene + 1}.{copy}", bases, depth / 2) for copy in range(copies)]
    name = f"s{planted[0]}{planted[1]}x{depth}"
    return simulate_alignment(
        molecules, genome.fasta, folder / f"{name}.bam", seed=seed * 100 + 10 * planted[0] + planted[1], sample=name
    )
