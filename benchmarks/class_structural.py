"""Structural changes of a trio: deletions, duplications, inversions, single exons; by delly, by depth, and both joined.

Windows of chr20 (GRCh38) with HG002's small variants as background; each change lies on one of the child's copies, inherited
from one parent or new. A change is found if a record of its kind, carried by the child, overlaps it by half of the longer one
and passes the table's rules of quality. False: records of that kind that pass and match none. `family right`: of those found,
the parents' genotypes are as planted.
"""

from __future__ import annotations

import argparse
import gzip
import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pysam
from pipeline import shared_folder

from neotriage.always_look import AlwaysLook
from neotriage.calls.bins import make_bins, read_bins, write_bins
from neotriage.calls.depth import depth_records, measure_depth, read_depths
from neotriage.calls.regions import Region
from neotriage.calls.structural_callers import read_delly
from neotriage.calls.structural_merge import merge_records, open_bases
from neotriage.columns import empty
from neotriage.gene_models import GeneModels, read_gene_models
from neotriage.genome import Build, Contig, ContigKind
from neotriage.pedigree import Family, Member, Sex
from neotriage.schema import Kind
from neotriage.settings import Settings
from neotriage.simulate.alignments import simulate_alignment, write_reference
from neotriage.simulate.haplotypes import Allele, apply_alleles, without_overlaps
from neotriage.simulate.reads import Molecule
from neotriage.structural import Record, reciprocal_overlap
from neotriage.table.structural import LEAST_BP, Sieve

CONTIG = "chr20"
SAMPLES = ("child", "father", "mother")
STARTS = (600_000, 1_500_000, 2_600_000, 3_100_000, 3_700_000, 4_700_000, 5_900_000, 10_400_000)
WINDOWS = tuple((start, start + 300_000) for start in STARTS)
SIZES = {
    Kind.DELETION: {300: 10, 500: 10, 1000: 12, 2000: 12, 5000: 10, 10_000: 8, 30_000: 4, 100_000: 2},
    Kind.DUPLICATION: {500: 6, 1000: 6, 2000: 6, 5000: 6, 10_000: 4, 30_000: 2},
    Kind.INVERSION: {1000: 4, 5000: 4},
}
EXONS = 16
_SPACING_BP = 3000
_QUALITY = frozenset({"site_filter", "site_quality", "support", "genotype_quality", "no_alternate_in_proband"})
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_REFERENCE = "ref/chr20.GRCh38coords.1-11114352.fa.gz"
_TRUTH = "truth/HG002_GRCh38_1_22_v4.2.1_benchmark.chr20.vcf.gz"


@dataclass(frozen=True)
class Planted:
    """One change: what it is called, its kind, 0-based half-open span, and the parent that has it ('' new in the child)."""

    what: str
    kind: Kind
    start: int
    end: int
    parent: str

    def allele(self, bases: str) -> Allele:
        """As a change of the sequence."""
        inside, before = bases[self.start : self.end], bases[self.start - 1]
        if self.kind is Kind.DELETION:
            return Allele(CONTIG, self.start - 1, before + inside, before)
        if self.kind is Kind.DUPLICATION:
            return Allele(CONTIG, self.start - 1, before, before + inside)
        return Allele(CONTIG, self.start, inside, inside.translate(_COMPLEMENT)[::-1])


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this class."""
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder that keeps the alignments; those of this seed there are used again")


def measure(options: argparse.Namespace, folder: Path) -> Iterator[Sequence[object]]:
    """Rows of what was planted and found."""
    stream = random.Random(options.seed)
    if options.keep is not None:
        folder = options.keep
        folder.mkdir(parents=True, exist_ok=True)
    with pysam.FastaFile(str(shared_folder() / _REFERENCE)) as fasta:
        whole = fasta.fetch(CONTIG).upper()
    shown = bytearray(b"N" * len(whole))
    for start, end in WINDOWS:
        shown[start:end] = whole[start:end].encode()
    bases = shown.decode()
    reference = write_reference({CONTIG: bases}, folder / "ref.fa")
    build = Build("slice", (Contig(CONTIG, len(bases), ContigKind.AUTOSOME),), ())
    models = _models(folder, build)
    planted = list(_planted(bases, models, stream))
    copies = _copies(planted, bases, stream)
    bins = make_bins(build, reference, models, [Region(CONTIG, *window) for window in WINDOWS])
    write_bins(bins, folder / "bins.bed")
    for depth in (30, 15):
        alignments = {}
        for number, sample in enumerate(SAMPLES):
            molecules = [
                Molecule(
                    f"{sample}{side}w{start}", apply_alleles(bases[start:end], _inside(alleles, start, end), start), depth / 2
                )
                for side, alleles in enumerate(copies[sample])
                for start, end in WINDOWS
            ]
            path = alignments[sample] = folder / f"{sample}.{depth}.{options.seed}.bam"
            if not Path(f"{path}.bai").is_file():
                simulate_alignment(molecules, reference, path, seed=options.seed * 10 + number, sample=sample)
        by_reads, by_depth, joined = _called(folder, reference, build, alignments)
        for name, records in (("", joined), ("delly alone: ", by_reads), ("depth alone: ", by_depth)):
            yield from _rows(planted, records, build, models, f"{depth}x", name)


def _models(folder: Path, build: Build) -> GeneModels:
    with gzip.open(shared_folder() / "genes" / "mane.grch38.gff3.gz", "rt") as lines:
        kept = [line for line in lines if line.startswith(f"{CONTIG}\t") and int(line.split("\t")[4]) < build.contigs[0].length]
    (folder / "genes.gff3").write_text("".join(["##gff-version 3\n", *kept]))
    return read_gene_models(folder / "genes.gff3", build)


def _planted(bases: str, models: GeneModels, stream: random.Random) -> Iterator[Planted]:
    """Single exons first, where the genes are; then the others wherever they fit, each some way from the next."""
    taken: list[tuple[int, int]] = []

    def is_free(start: int, end: int) -> bool:
        inside = any(low + 2000 < start and end < high - 2000 for low, high in WINDOWS)
        apart = all(end + _SPACING_BP < a or b + _SPACING_BP < start for a, b in taken)
        return inside and apart and "N" not in bases[start - 1 : end]

    exons = [
        (
            max(low - stream.randrange(100, 900), (before + low) // 2),
            min(high + stream.randrange(100, 900), (high + after) // 2),
        )
        for transcript in models.transcripts
        if transcript.cds
        for (_, before), (low, high), (after, _) in zip(
            transcript.exons, transcript.exons[1:], transcript.exons[2:], strict=False
        )
        if after - high > 300 and low - before > 300
    ]
    stream.shuffle(exons)
    for start, end in exons:
        if len(taken) < EXONS and is_free(start, end):
            taken.append((start, end))
            yield Planted("one exon lost", Kind.DELETION, start, end, stream.choice(("father", "mother", "")))
    wanted = [(kind, size) for kind, sizes in SIZES.items() for size, count in sizes.items() for _ in range(count)]
    for kind, size in sorted(wanted, key=lambda pair: -pair[1]):
        for _ in range(5000):
            low, high = stream.choice(WINDOWS)
            start = stream.randrange(low + 2000, high - size - 2000)
            if is_free(start, start + size):
                taken.append((start, start + size))
                yield Planted(f"{kind.value} {size} bp", kind, start, start + size, stream.choice(("father", "mother", "")))
                break


def _copies(planted: Sequence[Planted], bases: str, stream: random.Random) -> dict[str, list[list[Allele]]]:
    """Each person's two copies; HG002's small variants lie on one side or both at random, none near a planted change."""
    sides: list[list[Allele]] = [[], []]
    new: list[list[Allele]] = [[], []]
    for one in planted:
        side = {"father": 0, "mother": 1}.get(one.parent, stream.randrange(2))
        (sides if one.parent else new)[side].append(one.allele(bases))
    with pysam.VariantFile(str(shared_folder() / _TRUTH)) as file:
        for record in (r for window in WINDOWS for r in file.fetch(CONTIG, *window)):
            codes, alts = record.samples[0]["GT"], record.alts or ()
            allele = Allele(CONTIG, record.pos - 1, str(record.ref), alts[0] if len(alts) == 1 else "")
            near = any(one.start - 100 < allele.end and allele.position < one.end + 100 for one in planted)
            if not near and allele.alt and bases[allele.position : allele.end] == allele.ref:
                for side in (0, 1) if sum(c or 0 for c in codes) == 2 else (stream.randrange(2),):
                    sides[side].append(allele)
    child = [without_overlaps([*sides[s], *new[s]])[0] for s in (0, 1)]
    given = [without_overlaps(sides[s])[0] for s in (0, 1)]
    return {"child": [list(c) for c in child], "father": [list(given[0]), []], "mother": [list(given[1]), []]}


def _inside(alleles: Sequence[Allele], start: int, end: int) -> list[Allele]:
    return [allele for allele in alleles if start <= allele.position and allele.end <= end]


def _called(folder: Path, reference: Path, build: Build, alignments: dict[str, Path]) -> tuple[list[Record], ...]:
    family = Family(
        "F",
        (
            Member("child", Sex.MALE, True, "father", "mother"),
            Member("father", Sex.MALE, False),
            Member("mother", Sex.FEMALE, False),
        ),
    )
    bcf = folder / "delly.bcf"
    command = ["delly", "call", "-g", str(reference), "-o", str(bcf), *map(str, alignments.values())]
    subprocess.run(command, check=True, capture_output=True)
    paths = {}
    for sample, path in alignments.items():
        prefix = folder / f"depth.{sample}"
        subprocess.run(["mosdepth", "--no-per-base", "--by", str(folder / "bins.bed"), str(prefix), str(path)], check=True)
        paths[sample] = Path(f"{prefix}.regions.bed.gz")
    bins = read_bins(folder / "bins.bed")
    depth = measure_depth(bins, read_depths(paths, bins), build, family, SAMPLES)
    by_reads, by_depth = read_delly(bcf, build, SAMPLES), depth_records(depth, family)
    return by_reads, by_depth, merge_records([by_reads, by_depth], depth, build, family, open_bases(reference))


def _rows(
    planted: Sequence[Planted], records: Sequence[Record], build: Build, models: GeneModels, depth: str, name: str
) -> Iterator[Sequence[object]]:
    sieve = Sieve(
        Settings(), build, models.exon_regions(20), models.gene_index(), AlwaysLook((), ()), None, empty("variants", SAMPLES)
    )
    long = [record for record in records if not 0 <= record.size_bp < LEAST_BP]
    kept = [record for record in long if sieve.judge(record).rule not in _QUALITY]
    found = {one: _match(one, kept) for one in planted}
    used = {id(record) for record in found.values() if record is not None}
    groups: dict[str, list[Planted]] = {}
    for one in planted:
        groups.setdefault(one.what, []).append(one)
        if one.kind is Kind.DELETION and one.end - one.start >= 1000:
            groups.setdefault("DEL of 1 kb and more, all", []).append(one)
    for what in sorted(groups, key=lambda w: (w.split()[0], groups[w][0].end - groups[w][0].start)):
        of = groups[what]
        hits = [(one, found[one]) for one in of if found[one] is not None]
        right = sum(_is_family_right(one, record) for one, record in hits if record is not None)
        yield (f"{name}{what} (family right {right})", depth, len(of), len(hits), f"{len(hits) / len(of):.3f}", "")
    for kind in (*SIZES, Kind.INSERTION, Kind.BREAKEND):
        wrong = [r for r in kept if r.kind is kind and id(r) not in used and not _is_part(r, planted)]
        told = " ".join(f"{r.position + 1}-{r.end}" for r in wrong[:4])
        yield (f"{name}{kind.value} not planted {told}".strip(), depth, 0, 0, "", len(wrong))


def _match(one: Planted, records: Sequence[Record]) -> Record | None:
    alike = [(reciprocal_overlap((one.start, one.end), r.span), r) for r in records if r.kind is one.kind]
    share, best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
    return best if share >= 0.5 else None


def _is_part(record: Record, planted: Sequence[Planted]) -> bool:
    """Whether a record says a planted change again, or a part of one."""
    start, end = record.span
    return any(one.kind is record.kind and one.start - 1000 < start and end < one.end + 1000 for one in planted)


def _is_family_right(one: Planted, record: Record) -> bool:
    calls = dict(zip(SAMPLES, record.calls, strict=True))
    return all(calls[parent].is_carrier == (one.parent == parent) for parent in ("father", "mother"))
