"""Mitochondrial levels of child and mother, across the origin, and a large deletion; a synthetic circle of the rCRS's length.

Depth is that of the nuclear genome; the mitochondrion is given 30 times as much (blood has more). Beside it stand the same
alleles by freebayes --pooled-continuous on the linear contig, which was used before, and the caller without the turned contig.
"""

from __future__ import annotations

import argparse
import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from neotriage.calls.circle import Circle
from neotriage.calls.mitochondrial import RCRS_LENGTH, mitochondrial_calls
from neotriage.simulate.alignments import circular, simulate_alignment, write_reference
from neotriage.simulate.haplotypes import Allele, apply_alleles
from neotriage.simulate.sequence import intergenic

CONTIG = "chrM"
LEVELS = (0.01, 0.02, 0.05, 0.2, 1.0)
SITES = 24
NEAR_ORIGIN = (3, 40, 90, RCRS_LENGTH - 90, RCRS_LENGTH - 40, RCRS_LENGTH - 4)
DELETION = (8482, 13447, 0.2)
"""0-based places and level: the length and place of the common deletion, 4,977 bp less its repeat."""
COPIES = 30

Key = tuple[int, str, str]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this class."""
    parser.add_argument("--seed", type=int, default=1)


def measure(options: argparse.Namespace, folder: Path) -> Iterator[Sequence[object]]:
    """Rows of what was planted and found."""
    bases = intergenic(RCRS_LENGTH, random.Random(f"{options.seed}:circle"), 0.44)
    circle = Circle(len(bases))
    reference = write_reference({CONTIG: bases}, folder / "ref.fa")
    turned = write_reference({CONTIG: circle.turned(bases)}, folder / "turned.fa")
    planted = _planted(bases, random.Random(f"{options.seed}:sites"))
    for depth in (30, 15):
        paths = {}
        for number, (name, fasta) in enumerate((("as_is", reference), ("turned", turned))):
            del number
            molecules = _molecules(bases, planted, depth * COPIES)
            paths[name] = simulate_alignment(
                molecules, fasta, folder / f"{name}.{depth}.bam", seed=options.seed, sample="child"
            )
        found = _ours(reference, paths["as_is"], turned, paths["turned"])
        linear = _freebayes(reference, paths["as_is"])
        yield from _rows(planted, found, depth, "")
        yield from _rows(planted, linear, depth, "freebayes before: ")
        deleted = [key for key in found if len(key[1]) > 50]
        hits = [k for k in deleted if abs(k[0] + 1 - DELETION[0]) < 20 and abs(len(k[1]) - 1 - DELETION[1] + DELETION[0]) < 20]
        level = f"{100 * found[hits[0]]:.0f} %" if hits else "none"
        yield (
            "deletion of 4,965 bp at 20 %: level found " + level,
            f"{depth}x",
            1,
            len(hits),
            len(hits),
            len(deleted) - len(hits),
        )


def _planted(bases: str, stream: random.Random) -> Mapping[float, list[Allele]]:
    places = [p for p in stream.sample(range(300, RCRS_LENGTH - 300, 25), SITES * len(LEVELS)) if not _in_deletion(p)]
    found: dict[float, list[Allele]] = {}
    for number, level in enumerate(LEVELS):
        chosen = places[number :: len(LEVELS)][: SITES - len(NEAR_ORIGIN)]
        near = [p + number for p in NEAR_ORIGIN if p + number < RCRS_LENGTH]
        found[level] = [
            Allele(CONTIG, p, bases[p], stream.choice([b for b in "ACGT" if b != bases[p]])) for p in (*chosen, *near)
        ]
    return found


def _in_deletion(position: int) -> bool:
    return DELETION[0] - 200 < position < DELETION[1] + 200


def _molecules(bases: str, planted: Mapping[float, Sequence[Allele]], depth: float) -> list:
    fixed = list(planted[1.0])
    parts = [(level, [*alleles, *fixed]) for level, alleles in planted.items() if level < 1]
    drawn = [circular(f"l{level}", apply_alleles(bases, alleles), depth * level) for level, alleles in parts]
    start, end, share = DELETION
    whole = apply_alleles(bases, fixed)
    drawn.append(circular("deleted", whole[:start] + whole[end:], depth * share))
    rest = 1 - share - sum(level for level, _ in parts)
    return [*drawn, circular("rest", whole, depth * rest)]


def _ours(reference: Path, reads: Path, turned: Path, turned_reads: Path) -> dict[Key, float]:
    lines = mitochondrial_calls(CONTIG, reference, {"child": reads}, turned, {"child": turned_reads}, 0.95)
    found = {}
    for line in lines:
        if not line.startswith("#"):
            cells = line.split("\t")
            ref, alt = map(int, cells[9].split(":")[1].split(","))
            if not cells[9].startswith("0/0"):
                found[int(cells[1]) - 1, cells[3], cells[4]] = alt / max(1, ref + alt)
    return found


def _freebayes(reference: Path, reads: Path) -> dict[Key, float]:
    """What the pipeline did before: records that carry the allele in GT, QUAL 20 and more."""
    command = ["freebayes", "-f", str(reference), "--pooled-continuous", "--genotype-qualities", "--strict-vcf"]
    command += ["--min-alternate-fraction", "0.01", "--min-alternate-count", "3", "--min-mapping-quality", "20"]
    command += ["--min-base-quality", "20", str(reads)]
    called = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    split = ["bcftools", "norm", "-f", str(reference), "-m", "-any", "-a"]
    text = subprocess.run(split, input=called, capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    kept = [row for row in rows if float(row[5]) >= 20 and "1" in row[9].split(":")[0]]
    return {(int(row[1]) - 1, row[3], row[4]): 0.0 for row in kept}


def _rows(
    planted: Mapping[float, Sequence[Allele]], found: Mapping[Key, float], depth: int, prefix: str
) -> Iterator[Sequence[object]]:
    truth = {(a.position, a.ref, a.alt) for alleles in planted.values() for a in alleles}
    false = sum(key not in truth and len(key[1]) <= 50 for key in found)
    for level, alleles in planted.items():
        near = [a for a in alleles if a.position < 300 or a.position >= RCRS_LENGTH - 300]
        for what, of in (("", [a for a in alleles if a not in near]), (", within 100 bp of the origin", near)):
            hit = sum((a.position, a.ref, a.alt) in found for a in of)
            yield (f"{prefix}{100 * level:g} %{what}", f"{depth}x", len(of), hit, f"{hit / len(of):.3f}", false)
