"""Numbers of chromosomes, and both copies from one parent, on made-up contigs.

Numbers: contigs of 120 kb (a real one has three times the windows), reads drawn from each at its number of copies. Counted is
whether the number, or for a mosaic that it is uneven, is told; false is any other contig that is not told right.

One parent alone: contigs of 3 Mb with a common SNV every 5 kb; reads are drawn of 700 bp around each, in a trio, aligned and
called jointly by bcftools as the workflow does. Found is a stretch of the right parent and kind, its ends within 200 kb.
"""

from __future__ import annotations

import argparse
import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pysam

from neotriage.calls.aneuploidy import ContigCopies, copies_by_contig, count_contigs, karyotype
from neotriage.calls.disomy import Stretch, called_sites, find_stretches
from neotriage.genome import Build, Contig, ContigKind
from neotriage.pedigree import Family, Member, Sex
from neotriage.simulate.alignments import simulate_alignment, write_reference
from neotriage.simulate.reads import Molecule
from neotriage.simulate.sequence import intergenic

AUTOSOMES = ("chr1", "chr2", "chr13", "chr18", "chr21")
LENGTH = 120_000
FEMALE = {**dict.fromkeys(AUTOSOMES, 2.0), "chrX": 2.0, "chrY": 0.0}
PEOPLE: Mapping[str, Mapping[str, float]] = {
    "46,XX": {},
    "46,XY": {"chrX": 1, "chrY": 1},
    "trisomy 13": {"chr13": 3},
    "trisomy 18": {"chr18": 3},
    "trisomy 21": {"chr21": 3},
    "trisomy 21 in 50 % of cells": {"chr21": 2.5},
    "trisomy 21 in 30 % of cells": {"chr21": 2.3},
    "trisomy 21 in 20 % of cells": {"chr21": 2.2},
    "trisomy 21 in 10 % of cells": {"chr21": 2.1},
    "45,X": {"chrX": 1},
    "45,X in 50 % of cells": {"chrX": 1.5},
    "47,XXY": {"chrX": 2, "chrY": 1},
    "47,XYY": {"chrX": 1, "chrY": 2},
    "47,XXX": {"chrX": 3},
}

SPAN = 3_000_000
SPACING = 5000
AROUND = 350
SEGMENT = (1_000_000, 2_200_000)
WHOLE = (0, SPAN)
EVENTS: Mapping[str, Mapping[str, tuple[str, str, tuple[int, int]]]] = {
    "child1": {"chr1": ("mother", "isodisomy", SEGMENT), "chr2": ("father", "heterodisomy", WHOLE)},
    "child2": {"chr1": ("mother", "heterodisomy", SEGMENT), "chr2": ("father", "isodisomy", WHOLE)},
}
"""Child -> contig -> what is planted; chr3 is from both parents."""
NEAR_BP = 200_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this class."""
    parser.add_argument("--seed", type=int, default=1)


def measure(options: argparse.Namespace, folder: Path) -> Iterator[Sequence[object]]:
    """Rows of what was planted and told."""
    yield from _numbers(options.seed, folder)
    yield from _disomy(options.seed, folder)


# ---- numbers of chromosomes


def _numbers(seed: int, folder: Path) -> Iterator[Sequence[object]]:
    bases = {name: intergenic(LENGTH, random.Random(f"{seed}:{name}")) for name in FEMALE}
    reference = write_reference(bases, folder / "numbers.fa")
    kinds = {"chrX": ContigKind.X, "chrY": ContigKind.Y}
    build = Build("made up", tuple(Contig(n, LENGTH, kinds.get(n, ContigKind.AUTOSOME)) for n in bases), ())
    for depth in (30, 15):
        for number, (person, copies) in enumerate(PEOPLE.items()):
            planted = {**FEMALE, **copies}
            molecules = [Molecule(n, bases[n], round(depth * planted[n] / 2, 3)) for n in bases if planted[n]]
            path = folder / "person.bam"
            simulate_alignment(molecules, reference, path, seed=seed * 100 + number, sample="person")
            with pysam.AlignmentFile(str(path)) as reads, pysam.FastaFile(str(reference)) as fasta:
                told = {c.contig: c for c in copies_by_contig(*count_contigs(reads, fasta, build), build)}
            changed = [name for name in planted if planted[name] != FEMALE[name]]
            right = all(_is_right(told[name], planted[name]) for name in changed)
            false = sum(not _is_right(told[name], planted[name]) for name in planted if name not in changed)
            name, _ = karyotype({told[n].kind: told[n] for n in ("chrX", "chrY")}, Sex.UNKNOWN)
            by_depth = ", ".join(f"{n} {told[n].copies:.2f}" for n in changed) or "none changed"
            yield (f"{person}: {by_depth}; {name}", f"{depth}x", 1, int(right), f"{int(right):.3f}", false)


def _is_right(told: ContigCopies, planted: float) -> bool:
    if planted == round(planted):
        return told.whole == planted
    return told.whole is None and "mosaic" in told.reason


# ---- both copies from one parent


def _disomy(seed: int, folder: Path) -> Iterator[Sequence[object]]:
    contigs = ("chr1", "chr2", "chr3")
    stream = random.Random(f"{seed}:disomy")
    bases = {name: intergenic(SPAN, stream) for name in contigs}
    reference = write_reference(bases, folder / "disomy.fa")
    build = Build("made up", tuple(Contig(name, SPAN, ContigKind.AUTOSOME) for name in contigs), ())
    sites = {name: list(range(SPACING, SPAN - SPACING, SPACING)) for name in contigs}
    parents = {who: {name: [[stream.random() < 0.4 for _ in sites[name]] for _ in (0, 1)] for name in contigs} for who in "fm"}
    people = {"father": parents["f"], "mother": parents["m"]}
    for child, events in EVENTS.items():
        people[child] = {name: _inherited(parents, name, sites[name], events.get(name)) for name in contigs}
    for depth in (30, 15):
        paths = {
            name: _reads(bases, sites, of, reference, folder / f"{name}.bam", depth, seed * 10 + number)
            for number, (name, of) in enumerate(people.items())
        }
        for child, events in EVENTS.items():
            calls = _called(reference, [paths[name] for name in (child, "father", "mother")], folder / f"{child}.vcf.gz")
            relatives = (Member("father", Sex.MALE, False), Member("mother", Sex.FEMALE, False))
            family = Family("F", (Member(child, Sex.FEMALE, True, "father", "mother"), *relatives))
            found = [stretch for of in called_sites(calls, family, build) for stretch in find_stretches(of)]
            hits = {name: [s for s in found if s.contig == name and _is_event(s, event)] for name, event in events.items()}
            false = sum(not any(s in of for of in hits.values()) for s in found)
            for name, (parent, kind, span) in events.items():
                told = ", ".join(f"{s.kind} {s.start / 1e6:.2f} to {s.end / 1e6:.2f} Mb" for s in hits[name]) or "none"
                hit = int(bool(hits[name]))
                what = f"{kind} from the {parent}, {(span[1] - span[0]) / 1e6:.1f} Mb: told {told}"
                yield (what, f"{depth}x", 1, hit, f"{hit:.3f}", false)


def _inherited(
    parents: Mapping[str, Mapping[str, list[list[bool]]]],
    contig: str,
    sites: Sequence[int],
    event: tuple[str, str, tuple[int, int]] | None,
) -> list[list[bool]]:
    copies = [list(parents["f"][contig][0]), list(parents["m"][contig][0])]
    if event:
        parent, kind, (start, end) = event
        source = parents[parent[0]][contig]
        for place, site in enumerate(sites):
            if start <= site < end:
                copies[0][place] = source[0][place]
                copies[1][place] = source[0 if kind == "isodisomy" else 1][place]
    return copies


def _reads(
    bases: Mapping[str, str],
    sites: Mapping[str, Sequence[int]],
    haplotypes: Mapping[str, list[list[bool]]],
    reference: Path,
    path: Path,
    depth: float,
    seed: int,
) -> Path:
    molecules = []
    for name, places in sites.items():
        for copy, alleles in enumerate(haplotypes[name]):
            for site, has_alternate in zip(places, alleles, strict=True):
                around = list(bases[name][site - AROUND : site + AROUND])
                if has_alternate:
                    around[AROUND] = "ACGT"["ACGT".index(around[AROUND]) - 1]
                molecules.append(Molecule(f"{name}.{site}.{copy}", "".join(around), depth / 2))
    return simulate_alignment(molecules, reference, path, seed=seed, sample=path.stem)


def _called(reference: Path, reads: Sequence[Path], output: Path) -> Path:
    """Joint calls as the rule calls_bcftools makes them."""
    pile = ["bcftools", "mpileup", "-f", str(reference), "-q", "20", "-Q", "20", "-a", "AD,DP", "-Ou", *map(str, reads)]
    with subprocess.Popen(pile, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as piled:
        call = ["bcftools", "call", "-mv", "-a", "GQ", "-Oz", "-o", str(output)]
        subprocess.run(call, stdin=piled.stdout, check=True)
    subprocess.run(["bcftools", "index", "-t", str(output)], check=True)
    return output


def _is_event(stretch: Stretch, event: tuple[str, str, tuple[int, int]]) -> bool:
    parent, kind, (start, end) = event
    is_near = abs(stretch.start - start) < NEAR_BP and abs(stretch.end - end) < NEAR_BP
    return (stretch.parent, stretch.kind) == (parent, kind) and is_near
