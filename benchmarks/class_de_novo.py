"""De novo, mosaic parents and missed carriers: called by bcftools as a trio, then judged by the stage verify.

300 kb of chr20 with HG002's genotypes as the child's background (each heterozygote on one parent's copy at random). Planted: de
novo substitutions and indels, alleles on 10 % of a parent's reads, and heterozygous parents whose allele is in the child. What
counts is the whole: an allele is found if the calls have it in the child, not in the parents, and the verdict is de novo (for a
mosaic or an inherited one: called in the parent, or any verdict but de novo). False: other alleles that end as de novo. Twice:
as with a frequency source that lacks all of them, and as without a source.
"""

from __future__ import annotations

import argparse
import random
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pysam
from pipeline import shared_folder

from neotriage import columns
from neotriage.case import Case
from neotriage.genome import read_build
from neotriage.pedigree import Family, Member, Sex
from neotriage.simulate.alignments import simulate_alignment, write_reference
from neotriage.simulate.haplotypes import Allele, apply_alleles, normalised, without_overlaps
from neotriage.simulate.reads import Molecule
from neotriage.verify import reread

START, END = 1_500_000, 1_800_000
CONTIG = "chr20"
SAMPLES = ("child", "father", "mother")
SPACING_BP = 1500
MOSAIC = 0.1
_REFERENCE = "ref/chr20.GRCh38coords.1-11114352.fa.gz"
_TRUTH = "truth/HG002_GRCh38_1_22_v4.2.1_benchmark.chr20.vcf.gz"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this class."""
    parser.add_argument("--seed", type=int, default=1)


def measure(options: argparse.Namespace, folder: Path) -> Iterator[Sequence[object]]:
    """Rows of what was planted and found."""
    stream = random.Random(options.seed)
    with pysam.FastaFile(str(shared_folder() / _REFERENCE)) as fasta:
        bases = fasta.fetch(CONTIG, START, END).upper()
    reference = write_reference({CONTIG: bases}, folder / "ref.fa")
    planted = _planted(bases, stream)
    copies, origin = _copies(planted, _background(bases, stream), stream)
    for depth in (30, 15):
        alignments = {}
        for number, sample in enumerate(SAMPLES):
            molecules = [
                Molecule(f"{sample}{i}", apply_alleles(bases, alleles), depth * share)
                for i, (alleles, share) in enumerate(copies[sample])
            ]
            path = folder / f"{sample}.{depth}.bam"
            alignments[sample] = simulate_alignment(molecules, reference, path, seed=options.seed + number, sample=sample)
        calls = _call(reference, alignments, folder / f"calls.{depth}.vcf.gz")
        variants = _variants(calls)
        for has_frequencies in (True, False):
            none = columns.empty("consequences")
            build = read_build("GRCh38")
            table = reread(_case(), build, variants, none, calls, alignments, reference, has_frequencies=has_frequencies)
            source = "" if has_frequencies else "no frequency source: "
            yield from ((source + what, *row) for what, *row in _rows(planted, origin, variants, table, depth))


def _planted(bases: str, stream: random.Random) -> dict[str, list[Allele]]:
    kinds = ("de novo substitution", "de novo substitution", "de novo indel", "mosaic parent, 10 %", "inherited")
    found: dict[str, list[Allele]] = {}
    for number, place in enumerate(range(1000, len(bases) - 1000, SPACING_BP)):
        kind = kinds[number % len(kinds)]
        if kind == "de novo indel":
            size = stream.choice((1, 2, 4, 8))
            raw = (
                Allele(CONTIG, place, bases[place : place + size + 1], bases[place])
                if stream.random() < 0.5
                else Allele(CONTIG, place, bases[place], bases[place] + "".join(stream.choices("ACGT", k=size)))
            )
            allele = normalised(raw, bases)
        else:
            allele = Allele(CONTIG, place, bases[place], stream.choice([b for b in "ACGT" if b != bases[place]]))
        found.setdefault(kind, []).append(allele)
    return found


def _background(bases: str, stream: random.Random) -> list[tuple[Allele, tuple[int, int]]]:
    """HG002's alleles, with the copies (paternal, maternal) that have them."""
    found = []
    with pysam.VariantFile(str(shared_folder() / _TRUTH)) as file:
        for record in file.fetch(CONTIG, START, END):
            codes = record.samples[0]["GT"]
            alt = record.alts[0] if record.alts and len(record.alts) == 1 else ""
            allele = Allele(CONTIG, record.pos - 1 - START, str(record.ref), alt)
            if not alt or bases[allele.position : allele.end] != allele.ref or None in codes:
                continue
            sides = (1, 1) if sum(codes) == 2 else stream.choice(((1, 0), (0, 1)))
            found.append((allele, sides))
    return found


def _copies(
    planted: dict[str, list[Allele]], background: list[tuple[Allele, tuple[int, int]]], stream: random.Random
) -> tuple[dict[str, list[tuple[list[Allele], float]]], dict[Allele, str]]:
    """Each person's molecules with their share of the depth, and the parent on whose copy each de novo allele lies."""
    given: tuple[list[Allele], list[Allele]] = ([], [])
    new: tuple[list[Allele], list[Allele]] = ([], [])
    mosaic: tuple[list[Allele], list[Allele]] = ([], [])
    origin = {}
    near = {a.position for alleles in planted.values() for a in alleles}
    for allele, sides in background:
        if any(abs(allele.position - p) < 60 for p in near):
            continue
        for side in (0, 1):
            if sides[side]:
                given[side].append(allele)
    for kind, alleles in planted.items():
        for allele in alleles:
            side = stream.randrange(2)
            origin[allele] = ("father", "mother")[side]
            if kind == "inherited":
                given[side].append(allele)
            elif kind.startswith("mosaic"):
                mosaic[side].append(allele)
            else:
                new[side].append(allele)
    sound = [without_overlaps(of)[0] for of in given]
    child = [(without_overlaps([*sound[s], *new[s], *mosaic[s]])[0], 0.5) for s in (0, 1)]
    parents = [[(sound[s], 0.5 - MOSAIC), (without_overlaps([*sound[s], *mosaic[s]])[0], MOSAIC), ([], 0.5)] for s in (0, 1)]
    return {"child": child, "father": parents[0], "mother": parents[1]}, origin


def _call(reference: Path, alignments: dict[str, Path], path: Path) -> Path:
    pile = ["bcftools", "mpileup", "-f", str(reference), "-q", "20", "-Q", "20", "-d", "1000", "-a", "AD,DP", "-Ou"]
    with subprocess.Popen(
        [*pile, *map(str, alignments.values())], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as mpileup:
        call = ["bcftools", "call", "-mv", "-a", "GQ", "-Ou"]
        with subprocess.Popen(call, stdin=mpileup.stdout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as caller:
            norm = ["bcftools", "norm", "-f", str(reference), "-m", "-any", "-Oz", "-o", str(path)]
            subprocess.run(norm, stdin=caller.stdout, capture_output=True, check=True)
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return path


def _case() -> Case:
    members = (
        Member("child", Sex.MALE, True, "father", "mother"),
        Member("father", Sex.MALE, False),
        Member("mother", Sex.FEMALE, False),
    )
    return Case("planted", Family("F", members))


def _variants(calls: Path) -> pl.DataFrame:
    """The `variants` table of a trio's calls of QUAL 20 and more; what verify does not read is missing."""
    rows = []
    with pysam.VariantFile(str(calls)) as file:
        for record in file:
            if record.qual is not None and record.qual >= 20:
                codes = [[-1 if c is None else c for c in record.samples[s]["GT"]] for s in SAMPLES]
                rows.append((record.pos - 1, str(record.ref), str((record.alts or ("",))[0]), codes))
    n = len(rows)
    none = np.full((n, 3), -1)
    return columns.frame(
        "variants",
        {
            "variant": np.arange(n),
            **columns.small_variants(n, 3),
            "chrom": [CONTIG] * n,
            "position": [row[0] for row in rows],
            "ref": [row[1] for row in rows],
            "alt": [row[2] for row in rows],
            "genotype": np.array([row[3] for row in rows]),
            "kept_by": [1] * n,
            "is_phased": none > 0,
            **dict.fromkeys(("qual", "allele_frequency"), [np.nan] * n),
            **dict.fromkeys(("filters", "frequency_source", "clinvar_significance", "quality_rule"), [""] * n),
            **dict.fromkeys(("homozygotes", "hemizygotes"), [-1] * n),
            **dict.fromkeys(("phase_set", "depth", "ref_depth", "alt_depth", "genotype_quality"), none),
        },
        SAMPLES,
    )


def _rows(
    planted: dict[str, list[Allele]], origin: dict[Allele, str], variants: pl.DataFrame, table: pl.DataFrame, depth: int
) -> Iterator[Sequence[object]]:
    keys = [Allele(*row) for row in variants.select("chrom", "position", "ref", "alt").iter_rows()]
    verdicts = dict(zip(keys, table["origin"].to_list(), strict=True))
    parents = dict(zip(keys, table["parent_of_origin"].to_list(), strict=True))
    new = {allele for kind in planted if kind.startswith("de novo") for allele in planted[kind]}
    false = [key for key, verdict in verdicts.items() if verdict == "de_novo" and key not in new]
    for kind in sorted(planted):
        alleles = planted[kind]
        said = Counter(verdicts.get(allele, "not called") or "called in a parent" for allele in alleles)
        found = said["de_novo"] if kind.startswith("de novo") else len(alleles) - said["de_novo"] - said["not called"]
        words = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(said.items()))
        wrong = sum(key in false for key in alleles)
        yield (f"{kind} ({words})", f"{depth}x", len(alleles), found, f"{found / len(alleles):.3f}", wrong)
    others = sum(key not in origin for key in false)
    asked = sum(verdict != "" and key not in origin for key, verdict in verdicts.items())
    yield (f"background alleles that the calls have in the child alone: {asked}", f"{depth}x", 0, 0, "", others)
    placed = [(allele, parents.get(allele, "")) for allele in sorted(new) if parents.get(allele, "")]
    right = sum(origin[allele] == parent for allele, parent in placed)
    share = f"{right / len(placed):.3f}" if placed else ""
    yield (
        f"parent of origin stated for {len(placed)} of the de novo",
        f"{depth}x",
        len(placed),
        right,
        share,
        len(placed) - right,
    )
