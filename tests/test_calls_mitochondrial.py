"""The mitochondrion's calls: counts of single reads, levels from simulated reads across the origin, large deletions."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pysam
import pytest

from neotriage.calls.circle import Circle, mitochondrion_of
from neotriage.calls.heteroplasmy import allele_quality, count_alleles
from neotriage.calls.mitochondrial import mitochondrial_calls
from neotriage.calls.mitochondrial_deletions import find_deletions, read_junctions
from neotriage.calls.tails import tail_phred
from neotriage.errors import BuildError, FormatError
from neotriage.genome import Build, Contig, ContigKind
from neotriage.simulate.alignments import circular, simulate_alignment, write_reference
from neotriage.simulate.haplotypes import Allele, apply_alleles

LENGTH = 6000
BASES = "".join(random.Random(8).choices("ACGT", k=LENGTH))
CIRCLE = Circle(LENGTH)


def change(position: int) -> Allele:
    return Allele("chrM", position, BASES[position], "ACGT"["ACGT".index(BASES[position]) - 1])


def test_circle__there_and_back() -> None:
    for length in (9, 300, 16569):
        circle = Circle(length)
        assert [circle.from_turned(circle.to_turned(place)) for place in range(length)] == list(range(length))
    turned = CIRCLE.turned(BASES)
    assert all(turned[CIRCLE.to_turned(place)] == BASES[place] for place in range(0, LENGTH, 7))
    assert min(abs(CIRCLE.to_turned(0) - end) for end in (0, LENGTH)) == LENGTH // 2


def test_circle__build_without_mitochondrion() -> None:
    with pytest.raises(BuildError, match="has no mitochondrion"):
        mitochondrion_of(Build("small", (Contig("chr1", 9, ContigKind.AUTOSOME),), ()))


@pytest.mark.parametrize(("reads", "depth", "chance"), [(5, 100, 0.01), (3, 40, 0.001), (10, 1000, 0.002)])
def test_tail_phred__bounds_the_exact_tail_from_above(reads: int, depth: int, chance: float) -> None:
    """The exact binomial tail, summed term by term."""
    from math import comb, log10

    tail = sum(comb(depth, k) * chance**k * (1 - chance) ** (depth - k) for k in range(reads, depth + 1))
    exact = -10 * log10(tail)
    assert exact - 1 < tail_phred(reads, depth, chance) <= exact + 1e-9
    assert tail_phred(1, 1000, 0.01) == 0


def bam(folder: Path, reads: list[tuple[str, int, str, int, int]]) -> Path:
    """A BAM of (bases, start, CIGAR, quality, flag)."""
    path = folder / "r.bam"
    with pysam.AlignmentFile(str(path), "wb", reference_names=["chrM"], reference_lengths=[LENGTH]) as file:
        for number, (bases, start, cigar, quality, flag) in enumerate(sorted(reads, key=lambda r: r[1])):
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.flag, read.reference_id, read.reference_start = f"r{number}", flag, 0, start
            read.query_sequence, read.cigarstring, read.mapping_quality = bases, cigar, 60
            read.query_qualities = pysam.qualitystring_to_array(chr(quality + 33) * len(bases))
            file.write(read)
    pysam.index(str(path))
    return path


@pytest.mark.parametrize(
    ("quality", "flag", "is_counted"), [(20, 0, True), (19, 0, False), (30, 1024, False), (30, 256, False)]
)
def test_counts__which_reads(tmp_path: Path, quality: int, flag: int, *, is_counted: bool) -> None:
    with pysam.AlignmentFile(str(bam(tmp_path, [(BASES[100:200], 100, "100M", quality, flag)]))) as reads:
        assert count_alleles(reads, "chrM", BASES).depth(150) == int(is_counted)


def test_counts__insertion_and_deletion_away_from_the_ends(tmp_path: Path) -> None:
    deleted = BASES[100:150] + BASES[152:202]
    inserted = BASES[100:150] + "TT" + BASES[150:198]
    near_end = BASES[146:150] + BASES[152:248]
    reads = [(deleted, 100, "50M2D50M", 30, 0), (inserted, 100, "50M2I48M", 30, 16), (near_end, 146, "4M2D96M", 30, 0)]
    with pysam.AlignmentFile(str(bam(tmp_path, reads))) as file:
        counts = count_alleles(file, "chrM", BASES)
    assert counts.alt(149, BASES[149:152], BASES[149]) == (1, 0)
    assert counts.alt(149, BASES[149], BASES[149] + "TT") == (0, 1)
    assert counts.depth(150) == 1


@pytest.mark.parametrize(
    ("forward", "reverse", "is_called"), [(5, 5, True), (10, 0, False), (9, 1, True), (1, 1, False), (0, 0, False)]
)
def test_quality__both_strands_and_three_reads(tmp_path: Path, forward: int, reverse: int, *, is_called: bool) -> None:
    allele = change(1050)
    other = apply_alleles(BASES, [allele])[1000:1100]
    reads = [(BASES[1000:1100], 1000, "100M", 35, 16 * (n % 2)) for n in range(100 - forward - reverse)]
    reads += [(other, 1000, "100M", 35, 0)] * forward + [(other, 1000, "100M", 35, 16)] * reverse
    with pysam.AlignmentFile(str(bam(tmp_path, reads))) as file:
        counts = count_alleles(file, "chrM", BASES)
    quality = allele_quality(counts, 1050, allele.ref, allele.alt, BASES, 1e-3)
    assert (quality > 0) == (is_called and forward + reverse >= 3)


# ---- from simulated reads


SITES = {"child": (30, 1500, 5990), "both": (3000,)}
DELETION = (2000, 3800)


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Child: three places at 20 %, one homoplasmic, a deletion of 1,800 bp at 20 %. Mother: the homoplasmic one at 10 %."""
    folder = tmp_path_factory.mktemp("circle")
    reference = write_reference({"chrM": BASES}, folder / "ref.fa")
    turned = write_reference({"chrM": CIRCLE.turned(BASES)}, folder / "turned.fa")
    both = [change(position) for position in SITES["both"]]
    whole = apply_alleles(BASES, both)
    mutant = apply_alleles(BASES, [change(position) for position in SITES["child"]] + both)
    lacking = BASES[: DELETION[0]] + BASES[DELETION[1] :]
    molecules = {
        "kid": [circular("a", whole, 240), circular("b", mutant, 80), circular("c", lacking, 80)],
        "mum": [circular("a", BASES, 360), circular("b", whole, 40)],
    }
    paths = {"reference": reference, "turned_reference": turned}
    for number, (sample, drawn) in enumerate(molecules.items()):
        for name, fasta in (("", reference), ("turned.", turned)):
            paths[name + sample] = simulate_alignment(
                drawn, fasta, folder / f"{name}{sample}.bam", seed=20 + number, sample=sample
            )
    return paths


def called(family: dict[str, Path], **changes: object) -> dict[tuple[int, str, str], list[str]]:
    given = {
        "contig": "chrM",
        "reference": family["reference"],
        "alignments": {sample: family[sample] for sample in ("kid", "mum")},
        "turned_reference": family["turned_reference"],
        "turned": {sample: family[f"turned.{sample}"] for sample in ("kid", "mum")},
        "homoplasmy": 0.95,
    }
    rows = [line.rstrip("\n").split("\t") for line in mitochondrial_calls(**{**given, **changes}) if line[0] != "#"]  # type: ignore[arg-type]
    return {(int(row[1]) - 1, row[3], row[4]): row for row in rows}


def level(cell: str) -> float:
    ref, alt = map(int, cell.split(":")[1].split(","))
    return alt / (ref + alt)


def test_calls__levels_of_child_and_mother_across_the_origin(family: dict[str, Path]) -> None:
    found = called(family)
    small = {key: row for key, row in found.items() if len(key[1]) == 1}
    expected = {(a.position, a.ref, a.alt) for a in map(change, (*SITES["child"], *SITES["both"]))}
    assert set(small) == expected
    for position in SITES["child"]:
        a = change(position)
        row = small[a.position, a.ref, a.alt]
        assert level(row[9]) == pytest.approx(0.2, abs=0.06)
        assert row[10].startswith("0/0")
    a = change(3000)
    assert level(small[a.position, a.ref, a.alt][10]) == pytest.approx(0.1, abs=0.05)
    assert small[a.position, a.ref, a.alt][10].startswith("0/1")


def test_calls__large_deletion_with_its_level(family: dict[str, Path]) -> None:
    [(key, row)] = [(key, row) for key, row in called(family).items() if len(key[1]) > 50]
    assert abs(key[0] + 1 - DELETION[0]) <= 15
    assert len(key[1]) - 1 == DELETION[1] - DELETION[0]
    assert level(row[9]) == pytest.approx(0.2, abs=0.08)
    assert row[10].startswith("0/0")


def test_calls__inside_the_regions_only(family: dict[str, Path]) -> None:
    assert {key[0] for key in called(family, regions=[(1000, 2500)]) if len(key[1]) == 1} == {1500}


def test_deletions__the_origin_is_none(family: dict[str, Path]) -> None:
    with pysam.AlignmentFile(str(family["mum"])) as reads:
        assert find_deletions([read_junctions(reads, "chrM")], LENGTH) == []


def test_calls__broken_alignment_is_one_line(family: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "kid.bam").write_bytes(family["kid"].read_bytes()[:2000])
    with pytest.raises(FormatError, match="the mitochondrion's reads cannot be read"):
        called(family, alignments={"kid": tmp_path / "kid.bam"})


def test_calls__bcftools_takes_them(family: dict[str, Path], tmp_path: Path) -> None:
    lines = mitochondrial_calls(
        "chrM",
        family["reference"],
        {"kid": family["kid"]},
        family["turned_reference"],
        {"kid": family["turned.kid"]},
        0.95,
    )
    (tmp_path / "m.vcf").write_text("".join(lines))
    done = subprocess.run(
        ["bcftools", "norm", "-f", str(family["reference"]), "-m", "-any", str(tmp_path / "m.vcf")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert sum(not line.startswith("#") for line in done.stdout.splitlines()) == 5
