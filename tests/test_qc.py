"""Quality figures: read from files as the tools write them, held against the stated thresholds, each side of every limit."""

import dataclasses
import gzip
import json
from pathlib import Path

import pytest

from neotriage import cli
from neotriage.case import Case, write_case
from neotriage.errors import FormatError
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, ContigKind, ParRegion
from neotriage.panels import read_panel
from neotriage.pedigree import Member, Sex, check_family
from neotriage.qc import SampleFigures, SampleFiles, family_verdict, panel_coverage, read_figures
from neotriage.qc.verdict import sex_by_depth

BUILD = Build(
    "tiny",
    (
        Contig("chr1", 10_000, ContigKind.AUTOSOME),
        Contig("chrX", 10_000, ContigKind.X),
        Contig("chrY", 5_000, ContigKind.Y),
    ),
    (ParRegion("chrX", 0, 1000), ParRegion("chrY", 0, 1000)),
)
STATS = """# This file was produced by samtools stats (1.16.1+htslib-1.16)
SN\traw total sequences:\t1000\t# excluding supplementary and secondary reads
SN\treads mapped:\t900
SN\treads duplicated:\t90\t# PCR or optical duplicate bit set
SN\tinsert size average:\t350.5
"""
REGIONS = (
    "chr1\t100\t200\t30.00\nchr1\t300\t600\t34.00\nchrX\t0\t500\t33.00\nchrX\t2000\t2100\t16.50\nchrY\t2000\t2400\t15.00\n"
)
THRESHOLDS = (
    "#chrom\tstart\tend\tregion\t1X\t10X\t15X\t20X\t30X\n"
    "chr1\t100\t200\tunknown\t100\t100\t100\t80\t20\n"
    "chr1\t300\t600\tunknown\t300\t300\t290\t280\t100\n"
    "chrX\t2000\t2100\tunknown\t0\t0\t0\t0\t0\n"
)
SUMMARY = "chrom\tlength\tbases\tmean\tmin\tmax\nchr1\t10000\t320000\t32.00\t0\t60\ntotal\t25000\t700000\t28.00\t0\t60\n"
FASTP = {"summary": {"before_filtering": {"total_reads": 1100, "total_bases": 1000, "q30_bases": 920}}}


@pytest.fixture
def files(tmp_path: Path) -> SampleFiles:
    (tmp_path / "baby.stats").write_text(STATS)
    (tmp_path / "baby.regions.bed.gz").write_bytes(gzip.compress(REGIONS.encode()))
    (tmp_path / "baby.thresholds.bed.gz").write_bytes(gzip.compress(THRESHOLDS.encode()))
    (tmp_path / "baby.mosdepth.summary.txt").write_text(SUMMARY)
    (tmp_path / "L1.json").write_text(json.dumps(FASTP))
    names = ("baby.stats", "baby.thresholds.bed.gz", "baby.regions.bed.gz", "baby.mosdepth.summary.txt")
    return SampleFiles("baby", *(tmp_path / name for name in names), fastp=(tmp_path / "L1.json", tmp_path / "L1.json"))


def test_read_figures__by_hand(files: SampleFiles) -> None:
    figures = read_figures(files, BUILD)
    assert figures.reads == 1000
    assert figures.mapped_fraction == pytest.approx(0.9)
    assert figures.duplicate_fraction == pytest.approx(0.1)
    assert figures.insert_size == pytest.approx(350.5)
    assert figures.mean_depth == pytest.approx(28.0)
    assert figures.exon_mean_depth == pytest.approx((100 * 30 + 300 * 34) / 400)
    assert figures.fractions == pytest.approx((1.0, 1.0, 390 / 400, 360 / 400, 120 / 400))
    assert figures.x_ratio == pytest.approx(16.5 / 33)  # the pseudoautosomal exon does not count
    assert figures.y_ratio == pytest.approx(15 / 33)
    assert (figures.raw_reads, figures.q30_fraction) == (2200, pytest.approx(0.92))


def test_read_figures__no_fastq_no_sex_chromosome(files: SampleFiles, tmp_path: Path) -> None:
    (tmp_path / "baby.regions.bed.gz").write_bytes(gzip.compress(b"chr1\t100\t200\t30.00\n"))
    figures = read_figures(dataclasses.replace(files, fastp=()), BUILD)
    assert figures.x_ratio is None
    assert figures.y_ratio is None
    assert figures.raw_reads is None


def test_read_figures__no_exon(files: SampleFiles, tmp_path: Path) -> None:
    for name in ("baby.regions.bed.gz", "baby.thresholds.bed.gz"):
        (tmp_path / name).write_bytes(gzip.compress(b""))
    figures = read_figures(files, BUILD)
    assert figures.exon_mean_depth is None
    assert figures.fractions == (None,) * 5


@pytest.mark.parametrize(
    ("name", "content"), [("baby.stats", b"nothing"), ("baby.regions.bed.gz", b"nothing"), ("L1.json", b"{}")]
)
def test_read_figures__broken_file(files: SampleFiles, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=name):
        read_figures(files, BUILD)


@pytest.mark.parametrize(
    ("x_ratio", "y_ratio", "expected"),
    [
        (0.50, 0.50, Sex.MALE),
        (1.00, 0.00, Sex.FEMALE),
        (0.64, 0.26, Sex.MALE),
        (0.86, 0.09, Sex.FEMALE),
        (0.75, 0.50, Sex.UNKNOWN),
        (0.50, 0.20, Sex.UNKNOWN),
        (1.00, 0.50, Sex.UNKNOWN),  # two X and a Y
        (0.50, 0.00, Sex.UNKNOWN),  # one X and no Y
        (0.50, None, Sex.MALE),
        (None, 0.01, Sex.FEMALE),
        (None, None, None),
    ],
)
def test_sex_by_depth__karyotypes(x_ratio: float | None, y_ratio: float | None, expected: Sex | None) -> None:
    assert sex_by_depth(x_ratio, y_ratio)[0] is expected


GOOD = SampleFigures("baby", 1000, 0.99, 0.05, 350.0, 32.0, 33.0, (1.0, 1.0, 0.99, 0.98, 0.6), 0.5, 0.5, 1000, 0.92)
FAMILY = check_family("F", [Member("baby", Sex.MALE, True)])


def light(**changed: object) -> tuple[str, list[str]]:
    sample = family_verdict(FAMILY, {"baby": dataclasses.replace(GOOD, **changed)})["samples"][0]
    return sample["verdict"], sample["reasons"]


def test_family_verdict__good() -> None:
    verdict = family_verdict(FAMILY, {"baby": GOOD})
    assert verdict["verdict"] == "green"
    assert verdict["reasons"] == ["not assessed: contamination, relatedness"]
    assert verdict["samples"][0]["fraction_20x"] == 0.98
    assert verdict["thresholds"]["fraction_15x"]["green"] == 0.95


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"fractions": (1.0, 1.0, 0.95, 0.9, 0.5)}, "green"),
        ({"fractions": (1.0, 1.0, 0.949, 0.9, 0.5)}, "amber"),
        ({"fractions": (1.0, 1.0, 0.90, 0.8, 0.5)}, "amber"),
        ({"fractions": (1.0, 1.0, 0.899, 0.8, 0.5)}, "red"),
        ({"fractions": (None,) * 5}, "amber"),
        ({"duplicate_fraction": 0.20}, "green"),
        ({"duplicate_fraction": 0.21}, "amber"),
        ({"duplicate_fraction": 0.41}, "red"),
        ({"duplicate_fraction": None}, "amber"),
        ({"x_ratio": 1.0, "y_ratio": 0.0}, "red"),
        ({"x_ratio": 1.0, "y_ratio": 0.5}, "amber"),
        ({"x_ratio": None, "y_ratio": None}, "amber"),
    ],
)
def test_family_verdict__each_side_of_a_limit(changed: dict[str, object], expected: str) -> None:
    verdict, reasons = light(**changed)
    assert verdict == expected
    assert len(reasons) == (expected != "green")


def test_family_verdict__swapped_sex_names_the_numbers() -> None:
    assert light(x_ratio=1.0, y_ratio=0.0)[1] == [
        "the sheet says male, the reads say female (X 1.00, Y 0.00 of the autosomes' depth)"
    ]


def test_family_verdict__calls_only_is_not_green() -> None:
    family = check_family("F", [Member("baby", Sex.MALE, True, father="dad"), Member("dad", Sex.MALE, False)])
    verdict = family_verdict(family, {"baby": GOOD})
    assert [sample["verdict"] for sample in verdict["samples"]] == ["green", "amber"]
    assert verdict["verdict"] == "amber"
    assert "dad: came as called variants: reads, depth and sex are not assessed" in verdict["reasons"]


def test_command__gather(files: SampleFiles, tmp_path: Path) -> None:
    write_case(Case("F", FAMILY), tmp_path / "case.json")
    (tmp_path / "tiny.yaml").write_text(
        "name: tiny\ncontigs:\n- {name: chr1, length: 10000, kind: autosome}\n- {name: chrX, length: 10000, kind: x}\n"
        "- {name: chrY, length: 5000, kind: y}\n"
    )
    arguments = {
        "--case": tmp_path / "case.json",
        "--build": tmp_path / "tiny.yaml",
        "--sample": "baby",
        "--stats": files.stats,
        "--depth": files.summary,
        "--fastp": f"baby={tmp_path / 'L1.json'}",
        "--output": tmp_path / "qc.json",
    }
    with pytest.raises(SystemExit) as end:
        cli.main(["qc", "gather", *(str(word) for pair in arguments.items() for word in pair)])
    assert end.value.code == 0
    assert json.loads((tmp_path / "qc.json").read_text())["samples"][0]["raw_reads"] == 1100


GFF = """##gff-version 3
chr1\t.\tgene\t101\t600\t.\t+\t.\tID=gene:G1;Name=ONE
chr1\t.\tmRNA\t101\t600\t.\t+\t.\tID=transcript:T1;Parent=gene:G1;tag=MANE_Select
chr1\t.\texon\t101\t200\t.\t+\t.\tParent=transcript:T1
chr1\t.\texon\t301\t600\t.\t+\t.\tParent=transcript:T1
chr1\t.\tCDS\t351\t600\t.\t+\t0\tParent=transcript:T1
chrX\t.\tgene\t2001\t2100\t.\t-\t.\tID=gene:GX;Name=EX
chrX\t.\tmRNA\t2001\t2100\t.\t-\t.\tID=transcript:TX;Parent=gene:GX
chrX\t.\texon\t2001\t2100\t.\t-\t.\tParent=transcript:TX
chrY\t.\tgene\t2001\t2400\t.\t+\t.\tID=gene:GY;Name=WY
chrY\t.\tmRNA\t2001\t2400\t.\t+\t.\tID=transcript:TY;Parent=gene:GY
chrY\t.\texon\t2001\t2400\t.\t+\t.\tParent=transcript:TY
chr1\t.\tgene\t8001\t8100\t.\t+\t.\tID=gene:GO;Name=OFF
chr1\t.\tmRNA\t8001\t8100\t.\t+\t.\tID=transcript:TO;Parent=gene:GO
chr1\t.\texon\t8001\t8100\t.\t+\t.\tParent=transcript:TO
"""
PAIR = check_family("F", [Member("baby", Sex.MALE, True, None, "mum"), Member("mum", Sex.FEMALE, False)])


@pytest.fixture
def covered(tmp_path: Path) -> dict[str, Path]:
    """The Y gene has no reads in the mother; the X gene has 10 reads throughout in the boy."""
    rows = {"baby": ("0\t0\t0", "100\t50\t0"), "mum": ("100\t90\t60", "0\t0\t0")}
    for sample, (x, y) in rows.items():
        text = f"{THRESHOLDS.rpartition('chrX')[0]}chrX\t2000\t2100\tu\t100\t100\t{x}\nchrY\t2000\t2400\tu\t400\t400\t{y}\n"
        (tmp_path / f"{sample}.thresholds.bed.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "genes.gff3").write_text(GFF)
    (tmp_path / "panel.txt").write_text("ONE\nEX\nWY\n")
    return {sample: tmp_path / f"{sample}.thresholds.bed.gz" for sample in rows}


def _coverage(folder: Path, thresholds: dict[str, Path], excluded: tuple[str, ...] = ()) -> dict[str, dict[str, object]]:
    models, panel = read_gene_models(folder / "genes.gff3"), read_panel(folder / "panel.txt")
    told = panel_coverage(PAIR, thresholds, [panel], models, BUILD, excluded)
    assert told["samples"] == ["baby", "mum"]
    return {gene["gene"]: gene for gene in told["genes"]}


def test_panel_coverage__short_exons_by_hand(covered: dict[str, Path], tmp_path: Path) -> None:
    gene = _coverage(tmp_path, covered)["ONE"]
    assert (gene["exons"], gene["coding_exons"]) == (2, 1)
    assert gene["exons_short"] == [
        {
            "exon": number,
            "chrom": "chr1",
            "start": start,
            "end": end,
            "bases": bases,
            "is_coding": number == 2,
            "bases_below": {"15": [below_15] * 2, "20": [below_20] * 2},
        }
        for number, start, end, bases, below_15, below_20 in ((1, 101, 200, 100, 0, 20), (2, 301, 600, 300, 10, 20))
    ]


def test_panel_coverage__one_copy_is_said_and_a_womans_y_is_not_looked_for(covered: dict[str, Path], tmp_path: Path) -> None:
    genes = _coverage(tmp_path, covered)
    assert genes["EX"]["one_copy"] == [True, False]
    assert genes["EX"]["exons_short"][0]["bases_below"] == {"15": [100, 0], "20": [100, 10]}
    assert genes["WY"]["exons_short"][0]["bases_below"] == {"15": [300, None], "20": [350, None]}


def test_panel_coverage__neither_off_panel_nor_excluded_genes(covered: dict[str, Path], tmp_path: Path) -> None:
    assert set(_coverage(tmp_path, covered)) == {"ONE", "EX", "WY"}
    assert set(_coverage(tmp_path, covered, ("GX",))) == {"ONE", "WY"}


def test_panel_coverage__measured_over_other_exons(covered: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "genes.gff3").write_text(GFF.replace("exon\t101\t200", "exon\t150\t250"))
    with pytest.raises(FormatError, match="not measured over the exon 150-250 of T1"):
        _coverage(tmp_path, covered)


def test_panel_coverage__broken_file(covered: dict[str, Path], tmp_path: Path) -> None:
    covered["mum"].write_bytes(b"nothing")
    with pytest.raises(FormatError, match="mum"):
        _coverage(tmp_path, covered)


def test_read_figures__target_leaves_out_what_was_not_called(files: SampleFiles, tmp_path: Path) -> None:
    bed = tmp_path / "target.bed"
    bed.write_text("# what was called\nchr1\t150\t300\nchrX\t2050\t2060\n")
    figures = read_figures(files, BUILD, bed)
    assert figures.exon_mean_depth == 30.0
    assert (figures.x_ratio, figures.y_ratio) == (0.55, None)
    assert figures.fractions == (1.0, 1.0, 1.0, 0.8, 0.2)
    assert read_figures(files, BUILD).exon_mean_depth == 33.0
    bed.write_text("chr1\t150\n")
    with pytest.raises(FormatError, match=r"target.bed, line 1: .* is not an interval"):
        read_figures(files, BUILD, bed)
