"""A second look for a second change: each thing that is looked for, planted in a gene and found; and not where it is not."""

from __future__ import annotations

import random
import subprocess
from dataclasses import replace
from pathlib import Path

import polars as pl
import pysam
import pytest

from neotriage import columns
from neotriage.calls.second_hit import Depths, Searched, exon_losses, look_again, single_hits
from neotriage.case import Case
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, ContigKind
from neotriage.pedigree import Family, Member, Sex
from neotriage.simulate.alignments import simulate_alignment, write_reference
from neotriage.simulate.reads import Molecule
from neotriage.simulate.sequence import intergenic

LENGTH = 120_000
GENE = 20_000
EXONS = ((20_000, 20_300), (22_000, 22_250), (25_000, 25_200), (28_000, 28_600))
DEEP = 23_400
BUILD = Build("small", (Contig("chr1", LENGTH, ContigKind.AUTOSOME),), ())
FAMILY = Family("F", (Member("kid", Sex.MALE, True, "dad"), Member("dad", Sex.MALE, False)))
CASE = Case("case", FAMILY)
BASES = intergenic(LENGTH, random.Random(8))


def gff() -> str:
    head = "chr1\tx\t%s\t%d\t%d\t.\t+\t.\t"
    lines = ["##gff-version 3", head % ("gene", GENE + 1, EXONS[-1][1]) + "ID=gene:E1;Name=G1;biotype=protein_coding"]
    lines.append(head % ("mRNA", GENE + 1, EXONS[-1][1]) + "ID=transcript:T1;Parent=gene:E1;biotype=protein_coding")
    for kind in ("exon", "CDS"):
        lines += [head % (kind, start + 1, end) + "Parent=transcript:T1" for start, end in EXONS]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gene, its models, a baby with exon 3 deleted on one copy and a deep intronic change, and a father without."""
    folder = tmp_path_factory.mktemp("second")
    reference = write_reference({"chr1": BASES}, folder / "ref.fa")
    (folder / "genes.gff3").write_text(gff())
    deep = "A" if BASES[DEEP] != "A" else "C"
    changed = BASES[:DEEP] + deep + BASES[DEEP + 1 :]
    deleted = changed[:24_500] + changed[26_000:]
    for name, copies in (("kid", (deleted, BASES)), ("dad", (BASES, BASES))):
        molecules = [Molecule(f"c{n}", bases, 15) for n, bases in enumerate(copies)]
        simulate_alignment(molecules, reference, folder / f"{name}.bam", seed=9, sample=name)
    pile = ["bcftools", "mpileup", "-f", str(reference), "-r", "chr1:15000-35000", "-a", "AD,DP", "-Ou"]
    piled = subprocess.run([*pile, str(folder / "kid.bam"), str(folder / "dad.bam")], capture_output=True, check=True).stdout
    call = ["bcftools", "call", "-mv", "-a", "GQ", "-Oz", "-o", str(folder / "calls.vcf.gz")]
    subprocess.run(call, input=piled, capture_output=True, check=True)
    subprocess.run(["bcftools", "index", "-t", str(folder / "calls.vcf.gz")], check=True)
    return folder


def look(place: Path, *people: str) -> Searched:
    models = read_gene_models(place / "genes.gff3", BUILD)
    alignments = {name: place / f"{name}.bam" for name in people}
    variants = columns.empty("variants", FAMILY.samples)
    (found,) = look_again(
        [("E1", "G1")], CASE, BUILD, models, variants, place / "calls.vcf.gz", place / "ref.fa", alignments, None
    )
    return found


def test_look__a_deleted_exon_its_ends_and_a_deep_change(place: Path) -> None:
    found = look(place, "kid", "dad").found
    exons = [line for line in found if line.startswith("exon")]
    assert len(exons) == 1
    assert exons[0].startswith("exon 3 (chr1:25001-25200)")
    clips = [int(line.split("chr1:")[1].split(";")[0]) for line in found if "clipped" in line]
    assert {24_501, 26_001} <= {place + shift for place in clips for shift in range(-6, 7)}
    assert any("whose mates lie elsewhere" in line for line in found)
    assert any(f"chr1:{DEEP + 1}" in line and "deep in the intron" in line and "no relative" in line for line in found)
    assert not any("also in" in line for line in found)


def test_look__nothing_in_the_father(place: Path) -> None:
    swapped = replace(CASE, family=Family("F", (Member("dad", Sex.MALE, True),)))
    models = read_gene_models(place / "genes.gff3", BUILD)
    variants = columns.empty("variants", ("dad",))
    (found,) = look_again(
        [("E1", "G1")],
        swapped,
        BUILD,
        models,
        variants,
        place / "calls.vcf.gz",
        place / "ref.fa",
        {"dad": place / "dad.bam"},
        None,
    )
    assert found.found == ()
    assert not [line for line in found.not_looked_at if "coding bases" in line]


def test_look__without_reads_only_the_calls(place: Path) -> None:
    found = look(place)
    assert [line for line in found.found if "dropped call" in line] == list(found.found)
    assert any("came as calls" in line for line in found.not_looked_at)


def test_look__uncovered_exons_are_not_looked_at(place: Path, tmp_path: Path) -> None:
    with (
        pysam.AlignmentFile(str(place / "dad.bam")) as reads,
        pysam.AlignmentFile(str(tmp_path / "kid.bam"), "wb", reads) as out,
    ):
        for read in reads:
            if not (read.reference_start < 22_100 and (read.reference_end or 0) > 22_050):
                out.write(read)
    pysam.index(str(tmp_path / "kid.bam"))
    models = read_gene_models(place / "genes.gff3", BUILD)
    (found,) = look_again(
        [("E1", "G1")],
        CASE,
        BUILD,
        models,
        columns.empty("variants", FAMILY.samples),
        place / "calls.vcf.gz",
        place / "ref.fa",
        {"kid": tmp_path / "kid.bam"},
        None,
    )
    (line,) = [line for line in found.not_looked_at if "coding bases" in line]
    assert "exon 2, " in line


def test_look__a_gene_without_a_model_is_said(place: Path) -> None:
    models = read_gene_models(place / "genes.gff3", BUILD)
    variants = columns.empty("variants", FAMILY.samples)
    (found,) = look_again([("E9", "G9")], CASE, BUILD, models, variants, place / "calls.vcf.gz", place / "ref.fa", {}, None)
    assert found.not_looked_at == ("the gene models have no transcript of it",)


@pytest.mark.parametrize(("reads", "is_lost"), [(50, True), (65, True), (66, False), (100, False)])
def test_exons__half_the_depth(reads: int, *, is_lost: bool) -> None:
    assert bool(exon_losses([Depths(1, 0, 500, reads, 100.0)])) == is_lost


def test_exons__few_reads_are_chance() -> None:
    assert exon_losses([Depths(1, 0, 60, 5, 10.0)]) == []


def test_exon_losses__exon_with_thousands_of_reads() -> None:
    lost = Depths(1, 0, 17_000, 1700, 3400.0)  # half: exp(-3400) is no number that a float holds
    assert exon_losses([lost, Depths(2, 20_000, 37_000, 3350, 3400.0)]) == [lost]


def test_genes__lone_hits_best_first_without_the_excluded() -> None:
    rows = {
        "rank": [3, 1, 2, 4],
        "gene_id": ["E3", "E1", "E2", "E4"],
        "gene": ["G3", "G1", "G2", "G4"],
        "model": ["recessive_single_hit", "de_novo", "recessive_single_hit", "recessive_single_hit"],
    }
    assert single_hits(pl.DataFrame(rows), ["G4"]) == [("E2", "G2"), ("E3", "G3")]
