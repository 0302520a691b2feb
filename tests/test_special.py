"""Chromosomes: copies by depth, both copies from one parent, homozygosity, the document and its records."""

from __future__ import annotations

import json
import math
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pysam
import pytest
from typer.testing import CliRunner

from neotriage.calls.aneuploidy import ContigCopies, copies_by_contig, karyotype, window_copies
from neotriage.calls.command import app
from neotriage.calls.disomy import ImprintedRegion, Sites, Stretch, called_sites, find_stretches, overlapping, read_imprinted
from neotriage.calls.homozygosity import Run, read_runs, summary
from neotriage.calls.repeat_loci import Locus
from neotriage.calls.repeats import Allele, Evidence, RepeatCall
from neotriage.calls.special import Looked, SpecialFiles
from neotriage.calls.special_document import document
from neotriage.calls.special_records import vcf_lines
from neotriage.case import Case, write_case
from neotriage.copies.smn import SmnCopies, SmnPlace, Votes
from neotriage.copies.windows import Window
from neotriage.errors import FormatError, InputError
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, ContigKind
from neotriage.pedigree import Family, Member, Sex
from neotriage.store.building import build_store, parse_source

NAMES = ("chr1", "chr2", "chr3", "chr18", "chr21")
BUILD = Build(
    "small",
    (
        *(Contig(name, 30_000_000, ContigKind.AUTOSOME) for name in NAMES),
        Contig("chrX", 30_000_000, ContigKind.X),
        Contig("chrY", 30_000_000, ContigKind.Y),
    ),
    (),
)
TRIO = Family(
    "F", (Member("kid", Sex.FEMALE, True, "dad", "mum"), Member("dad", Sex.MALE, False), Member("mum", Sex.FEMALE, False))
)
CASE = Case("case", TRIO)


# ---- numbers of chromosomes


def counted(copies: dict[str, float], reads: float = 400.0, per_contig: int = 100) -> dict[str, ContigCopies]:
    """Contigs of windows drawn with so many copies each, GC content raising the counts by up to half."""
    stream = np.random.default_rng(1)
    windows, counts = [], []
    for name, of in copies.items():
        for place in range(per_contig):
            gc = float(stream.uniform(0.3, 0.6))
            windows.append(Window(name, place * 200_000, place * 200_000 + 2000, gc))
            counts.append(stream.poisson(reads * of / 2 * (1 + (gc - 0.3))))
    return {c.contig: c for c in copies_by_contig(windows, np.array(counts, np.int64), BUILD)}


NORMAL = dict.fromkeys(NAMES, 2.0)


def test_contigs__two_of_each_and_a_trisomy() -> None:
    found = counted({**NORMAL, "chr21": 3.0, "chrX": 2.0, "chrY": 0.0})
    assert {name: c.whole for name, c in found.items()} == {**dict.fromkeys(NAMES, 2), "chr21": 3, "chrX": 2, "chrY": 0}


@pytest.mark.parametrize(("copies", "whole"), [(2.5, None), (2.2, None), (2.02, 2), (1.6, None)])
def test_contigs__mosaic_lies_between(copies: float, whole: int | None) -> None:
    found = counted({**NORMAL, "chr18": copies})["chr18"]
    assert found.whole == whole
    assert ("mosaic" in found.reason) == (whole is None)
    assert abs(found.copies - copies) < 0.1


def test_contigs__too_few_autosomes_windows_or_reads_are_no_call() -> None:
    assert all(math.isnan(c.copies) for c in counted({"chr1": 2.0, "chr2": 2.0}).values())
    assert all("windows" in c.reason for c in counted(NORMAL, per_contig=19).values())
    assert all("reads" in c.reason for c in counted(NORMAL, reads=10).values())


def test_windows__gc_is_taken_out() -> None:
    windows = [Window("chr1", n, n + 1, 0.3 + 0.3 * (n % 2)) for n in range(400)]
    counts = np.array([100 + 100 * (n % 2) for n in range(400)], np.int64)
    assert window_copies(windows, counts, BUILD).tolist() == [2.0] * 400


def sex_copies(x: float, y: float) -> dict[ContigKind, ContigCopies]:
    def one(kind: ContigKind, copies: float) -> ContigCopies:
        whole = round(copies) if abs(copies - round(copies)) < 0.1 else None
        return ContigCopies(kind.value, kind, copies, 0.01, whole, "" if whole is not None else "between: mosaic")

    return {kind: one(kind, copies) for kind, copies in ((ContigKind.X, x), (ContigKind.Y, y))}


@pytest.mark.parametrize(
    ("x", "y", "sex", "name", "is_unusual"),
    [
        (2.0, 0.0, Sex.FEMALE, "46,XX", False),
        (1.0, 1.0, Sex.MALE, "46,XY", False),
        (1.0, 0.0, Sex.FEMALE, "45,X", True),
        (2.0, 1.0, Sex.MALE, "47,XXY", True),
        (1.0, 2.0, Sex.MALE, "47,XYY", True),
        (3.0, 0.0, Sex.FEMALE, "47,XXX", True),
        (1.0, 1.0, Sex.FEMALE, "46,XY", True),
        (1.0, 1.0, Sex.UNKNOWN, "46,XY", False),
        (1.5, 0.0, Sex.FEMALE, "mosaic or unclear: 1.50 copies of X, 0.00 of Y", True),
    ],
)
def test_karyotype__in_words(x: float, y: float, sex: Sex, name: str, *, is_unusual: bool) -> None:
    assert karyotype(sex_copies(x, y), sex) == (name, is_unusual)


def test_karyotype__not_told_without_x_and_y() -> None:
    assert karyotype({}, Sex.MALE) == ("", False)


# ---- both copies from one parent


def inherited(parent: str, kind: str, sites: int = 4000, step: int = 5000, share: slice = slice(None)) -> Sites:
    """A trio's dosages over a contig, of which the share is from one parent alone; haplotypes drawn at frequency 0.4."""
    stream = np.random.default_rng(3)
    father, mother = (stream.random((2, sites)) < 0.4 for _ in range(2))
    child = father[0].astype(np.int8) + mother[0]
    source = father if parent == "father" else mother
    alone = source[0].astype(np.int8) + source[0 if kind == "isodisomy" else 1]
    child[share] = alone[share]
    positions = np.arange(sites, dtype=np.int32) * step
    dosages = (part.sum(axis=0).astype(np.int8) for part in (father, mother))
    return Sites("chr1", positions, child.astype(np.int8), *dosages)


@pytest.mark.parametrize("parent", ["father", "mother"])
@pytest.mark.parametrize("kind", ["isodisomy", "heterodisomy"])
def test_stretches__whole_contig(parent: str, kind: str) -> None:
    (found,) = find_stretches(inherited(parent, kind))
    assert (found.parent, found.kind, found.is_whole) == (parent, kind, True)
    assert found.against == 0


def test_stretches__a_segment_with_its_ends() -> None:
    (found,) = find_stretches(inherited("mother", "isodisomy", share=slice(1000, 2000)))
    assert abs(found.start - 5_000_000) < 150_000
    assert abs(found.end - 10_000_000) < 150_000
    assert not found.is_whole


def test_stretches__none_of_a_normal_child_nor_of_a_short_segment() -> None:
    assert find_stretches(inherited("father", "isodisomy", share=slice(0, 0))) == []
    assert find_stretches(inherited("father", "isodisomy", share=slice(1000, 1150))) == []  # 750 kb


def test_stretches__false_sites_break_nothing_and_make_nothing() -> None:
    sites = inherited("father", "heterodisomy")
    noisy = sites.child.copy()
    noisy[::150] = 1
    (found,) = find_stretches(replace(sites, child=noisy))
    assert found.is_whole
    normal = inherited("father", "heterodisomy", share=slice(0, 0))
    noisy = normal.child.copy()
    noisy[::150] = 2
    assert find_stretches(replace(normal, child=noisy)) == []


GFF = """##gff-version 3
chr1\tx\tgene\t1000001\t1001000\t.\t+\t.\tID=gene:E1;Name=SNRPN;biotype=protein_coding
chr1\tx\tgene\t2000001\t2001000\t.\t+\t.\tID=gene:E2;Name=UBE3A;biotype=protein_coding
chr2\tx\tgene\t2000001\t2001000\t.\t+\t.\tID=gene:E3;Name=PLAGL1;biotype=protein_coding
chr2\tx\tmRNA\t2000001\t2001000\t.\t+\t.\tID=transcript:T3;Parent=gene:E3;biotype=protein_coding
chr2\tx\texon\t2000001\t2001000\t.\t+\t.\tParent=transcript:T3
"""


def test_imprinted__regions_of_the_gene_models(tmp_path: Path) -> None:
    (tmp_path / "g.gff3").write_text(GFF)
    regions, lacking = read_imprinted(read_gene_models(tmp_path / "g.gff3", BUILD))
    of_15 = {r.parent: (r.disorder, r.start, r.end) for r in regions if r.name == "15q11-q13"}
    assert of_15["mother"] == ("Prader-Willi syndrome", 1_000_000, 2_001_000)  # GeneReviews
    assert of_15["father"][0] == "Angelman syndrome"
    assert "14q32" in lacking
    (tmp_path / "t.tsv").write_text("region\tgenes\tboth_copies_from\tdisorder\tsource\na\tUBE3A\tuncle\td\ts\n")
    with pytest.raises(InputError, match="neither father nor mother"):
        read_imprinted(read_gene_models(tmp_path / "g.gff3", BUILD), tmp_path / "t.tsv")


STRETCH = Stretch("chr1", 500_000, 3_000_000, "mother", "isodisomy", 100, 1, 1.0, False)
REGION = ImprintedRegion("15q11-q13", "chr1", 1_000_000, 2_000_000, "mother", "Prader-Willi syndrome", "GeneReviews")


def test_imprinted__only_of_the_parent_whose_copies_cause_it() -> None:
    assert overlapping(STRETCH, [REGION]) == [REGION]
    assert overlapping(replace(STRETCH, parent="father"), [REGION]) == []
    assert overlapping(replace(STRETCH, end=1_000_000), [REGION]) == []


VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=30000000>\n##contig=<ID=chrX,length=30000000>\n"
    + "".join(
        f'##FORMAT=<ID={n},Number={c},Type={t},Description="x">\n'
        for n, c, t in (("GT", "1", "String"), ("DP", "1", "Integer"))
    )
    + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tkid\tdad\tmum\n"
)


def test_sites__called_in_all_three(tmp_path: Path) -> None:
    rows = [
        ("chr1", 100, "A", "G", "50", ".", "0/1:20\t0/0:20\t1/1:20"),
        ("chr1", 200, "A", "G", "50", ".", "0/1:20\t./.:20\t1/1:20"),
        ("chr1", 300, "A", "G", "50", ".", "0/1:7\t0/0:20\t1/1:20"),
        ("chr1", 400, "A", "GT", "50", ".", "0/1:20\t0/0:20\t1/1:20"),
        ("chr1", 500, "A", "G", "5", ".", "0/1:20\t0/0:20\t1/1:20"),
        ("chr1", 600, "A", "G", "50", "low", "0/1:20\t0/0:20\t1/1:20"),
        ("chrX", 100, "A", "G", "50", ".", "0/1:20\t0/0:20\t1/1:20"),
    ]
    text = VCF + "".join(f"{c}\t{p}\t.\t{r}\t{a}\t{q}\t{f}\t.\tGT:DP\t{g}\n" for c, p, r, a, q, f, g in rows)
    (tmp_path / "c.vcf").write_text(text)
    pysam.tabix_compress(str(tmp_path / "c.vcf"), str(tmp_path / "c.vcf.gz"))
    pysam.tabix_index(str(tmp_path / "c.vcf.gz"), preset="vcf", force=True)
    (sites,) = called_sites(tmp_path / "c.vcf.gz", TRIO, BUILD)
    assert (sites.contig, sites.positions.tolist()) == ("chr1", [99])
    assert (sites.child.tolist(), sites.father.tolist(), sites.mother.tolist()) == ([1], [0], [2])
    alone = Family("F", (Member("kid", Sex.FEMALE, True),))
    (sites,) = called_sites(tmp_path / "c.vcf.gz", alone, BUILD)
    assert (sites.positions.tolist(), sites.father.tolist()) == ([99, 199], [-1, -1])


# ---- homozygosity


ROH = (
    "# RG\t[2]Sample\nRG\tkid\tchr1\t1000001\t5000000\t4000000\t3000\t60.0\nRG\tdad\tchr1\t1\t9\t9\t1\t60\n"
    "RG\tkid\tchr2\t1\t9000000\t9\t9\t3.0\n"
)


def test_roh__lines_of_bcftools_of_the_baby(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text(ROH)
    assert read_runs(tmp_path / "r.txt", "kid") == [Run("chr1", 1_000_000, 5_000_000, 3000, 60.0)]
    (tmp_path / "r.txt").write_text("RG\tkid\tchr1\n")
    with pytest.raises(FormatError, match="line 1"):
        read_runs(tmp_path / "r.txt", "kid")


def test_f_roh__share_of_what_was_looked_at() -> None:
    runs = [Run("chr1", 0, 3_000_000, 9, 99), Run("chr1", 9_000_000, 10_000_000, 9, 99), Run("chr3", 0, 9_000_000, 9, 99)]
    told = summary(runs, {"chr1": 30_000, "chr2": 30_000}, BUILD)
    assert told["f_roh"] == 0.05  # 3 of 60 Mb; 1 Mb is too short, chr3 was not looked at
    assert summary(runs, {"chr1": 30_000}, BUILD)["f_roh"] is None


# ---- the document


PLACE = SmnPlace("chr1", (1000, 2000), ((1500, 2000), (500, 1000)), (), 1600, ())
SMN_VOTES = Votes(30.0, 0.01, 2.0, 400.0, (0, 200), (0, 30))
LOCUS = Locus("DMPK_CTG", "DMPK", "chr2", 5000, 5060, "CTG", 35, 50, False, True, "PanelApp", "Myotonic dystrophy type 1")
HOMOZYGOSITY = {"f_roh": 0.01, "said": "1.0 %", "runs": []}


def smn(copies: int | None, zero: float = 0.0, reason: str = "") -> SmnCopies:
    return SmnCopies(copies, None if copies is None else 2, 0.999, zero, reason, SMN_VOTES)


def looked(**changes: object) -> Looked:
    base = Looked(
        PLACE, {"kid": smn(2)}, {}, [], [], {}, {"chr1": {"both": 50, "father": 0, "mother": 0}}, [], HOMOZYGOSITY, ([], [])
    )
    return replace(base, **changes)  # type: ignore[arg-type]


FILES = SpecialFiles(Path("c"), Path("r"), Path("f"), {"kid": Path("k")}, {}, True)


def titles(**changes: object) -> list[tuple[str, str]]:
    return [(f["level"], f["title"]) for f in document(CASE, looked(**changes), FILES)["findings"]]


def test_document__nothing_found_tells_what_was_looked_at() -> None:
    told = document(CASE, looked(), FILES)
    assert told["findings"] == []
    rows = {row["class"]: row["result"] for row in told["looked_at"]}
    assert "silent carrier" in rows["smn"]
    assert rows["disomy"].startswith("0 stretches")


@pytest.mark.parametrize(
    ("copies", "level"),
    [
        (smn(0), "urgent"),
        (smn(1), "note"),
        (smn(2), None),
        (smn(None, 0.2, "unclear"), "urgent"),
        (smn(None, 0.001, "unclear"), None),
    ],
)
def test_document__smn1(copies: SmnCopies, level: str | None) -> None:
    assert [at for at, _ in titles(smn={"kid": copies})] == ([level] if level else [])


def test_document__smn1_of_a_parent_is_no_finding_of_the_baby() -> None:
    assert titles(smn={"kid": smn(2), "mum": smn(1)}) == []


def test_document__no_copy_of_smn1_comes_first_with_its_treatment() -> None:
    repeat = RepeatCall(LOCUS, (Allele(12, 12, 12, 9, False), Allele(90, 50, 120, 9, True)), Evidence(), "")
    told = document(CASE, looked(smn={"kid": smn(0)}, repeats={"kid": [repeat]}), FILES)["findings"]
    assert [f["class"] for f in told] == ["smn", "repeat"]
    assert told[0]["treatment"]["condition"] == "Spinal muscular atrophy"
    assert "tier 1" in told[1]["title"]


def test_document__chromosomes() -> None:
    contigs = list(counted({**NORMAL, "chr21": 3.0, "chr18": 2.4, "chrX": 1.0, "chrY": 0.0}).values())
    assert [title for _, title in titles(contigs=contigs)] == [
        "Uneven number of chromosome 18",
        "Trisomy 21",
        "Sex chromosomes: 45,X",
    ]


@pytest.mark.parametrize(
    ("copies", "words", "level"),
    [(2.0, "uniparental disomy from the mother", "finding"), (1.0, "a deletion of the father's copy", "finding")],
)
def test_document__disomy_of_an_imprinted_region(copies: float, words: str, level: str) -> None:
    (found,) = document(CASE, looked(stretches=[(STRETCH, copies)], imprinted=([REGION], [])), FILES)["findings"]
    assert (found["level"], words in found["words"], "Prader-Willi" in found["title"]) == (level, True, True)
    assert titles(stretches=[(STRETCH, 2.0)])[0][0] == "note"


def test_document__related_parents_from_a_thirty_second() -> None:
    assert titles(homozygosity={**HOMOZYGOSITY, "f_roh": 0.0312}) == []
    assert titles(homozygosity={**HOMOZYGOSITY, "f_roh": 0.0313})[0] == ("note", "The parents may be related")


def test_document__the_trios_x_is_not_looked_at_for_disomy() -> None:
    assert "uniparental disomy of the X chromosome" in document(CASE, looked(), FILES)["not_looked_at"]


def test_document__not_looked_at_is_said() -> None:
    alone = Case("case", Family("F", (Member("kid", Sex.FEMALE, True),)))
    told = document(alone, looked(), replace(FILES, alignments={}, has_frequencies=False))["not_looked_at"]
    for words in ("came as calls", "both parents", "without population frequencies"):
        assert any(words in line for line in told), words


# ---- records


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    path = tmp_path / "ref.fa"
    path.write_text("".join(f">{name}\n{'ACGT' * 2500}\n" for name in ("chr1", "chr2")))
    pysam.faidx(str(path))
    return path


def records(fasta: Path, **changes: object) -> list[list[str]]:
    with pysam.FastaFile(str(fasta)) as bases:
        lines = list(vcf_lines(looked(**changes), TRIO, BUILD, bases))
    (fasta.parent / "s.vcf").write_text("".join(lines))
    with pysam.VariantFile(str(fasta.parent / "s.vcf")) as written:
        assert list(written.header.samples) == ["kid", "dad", "mum"]
    return [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]


def test_records__lost_copies_of_smn1(fasta: Path) -> None:
    (row,) = records(fasta, smn={"kid": smn(0), "dad": smn(1), "mum": smn(None)})
    assert row[:7] == ["chr1", "1000", ".", "T", "<DEL>", ".", "PASS"]
    assert "SVTYPE=DEL;END=2000;SVLEN=-1000" in row[7]
    assert "CALLERS=smn" in row[7]
    assert [cell.split(":")[0] for cell in row[9:]] == ["1/1", "0/1", "./."]
    assert [cell.split(":")[2] for cell in row[9:]] == ["0", "1", "."]
    assert records(fasta, smn={"kid": smn(2)}) == []


def test_records__an_expansion_and_who_has_the_like(fasta: Path) -> None:
    def of(*alleles: tuple[int, int, int]) -> RepeatCall:
        made = tuple(Allele(size, low, high, 9, low != high) for size, low, high in alleles)
        return RepeatCall(LOCUS, made, Evidence(Counter({12: 9})), "")

    calls = {
        "kid": [of((12, 12, 12), (90, 50, 120))],
        "mum": [of((12, 12, 12), (70, 50, 100))],
        "dad": [of((5, 5, 5), (12, 12, 12))],
    }
    (row,) = records(fasta, repeats=calls)
    assert row[:5] == ["chr2", "5000", ".", "T", "<STR90>"]
    assert "SVTYPE=STR;END=5060;SVLEN=210" in row[7]
    assert [cell.split(":")[0] for cell in row[9:]] == ["0/1", "0/0", "0/1"]
    assert [cell.split(":")[2] for cell in row[9:]] == ["90", "12", "70"]
    (row,) = records(fasta, repeats={"kid": [of((90, 50, 120))]})
    assert [cell.split(":")[0] for cell in row[9:]] == ["./1", "./.", "./."]


# ---- from calls to the documents, by the commands


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """Calls of a trio: the baby homozygous over 4 Mb of chr1, all of it from the mother alone; frequencies, genes, case."""
    stream = np.random.default_rng(5)
    rows, sites = [], []
    for place in range(1000, 9_000_000, 3000):
        father, mother = stream.random(2) < 0.4, stream.random(2) < 0.4
        child = [father[0], mother[0]]
        if 1_500_000 <= place < 5_500_000:
            child = [mother[0], mother[0]]
        sites.append(f"chr1\t{place}\t.\tA\tG\t.\tPASS\tAF=0.4\n")
        if father.any() or mother.any():
            cells = [f"{int(a)}/{int(b)}:30:60" for a, b in (child, father, mother)]
            rows.append(f"chr1\t{place}\t.\tA\tG\t60\tPASS\t.\tGT:DP:GQ\t" + "\t".join(cells) + "\n")
    contigs = "".join(f"##contig=<ID={c.name},length={c.length}>\n" for c in BUILD.contigs)
    head = f"##fileformat=VCFv4.2\n{contigs}"
    formats = "".join(
        f'##FORMAT=<ID={n},Number=1,Type={t},Description="x">\n' for n, t in (("GT", "String"), ("DP", "Integer"))
    )
    formats += '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="x">\n##FILTER=<ID=PASS,Description="x">\n'
    line = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    for name, text in (
        ("calls", head + formats + f"{line}\tFORMAT\tkid\tdad\tmum\n" + "".join(rows)),
        ("sites", f'{head}##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n{line}\n' + "".join(sites)),
    ):
        (tmp_path / f"{name}.vcf").write_text(text)
        pysam.tabix_index(str(tmp_path / f"{name}.vcf"), preset="vcf", force=True)
    (tmp_path / "g.gff3").write_text(GFF)
    (tmp_path / "ref.fa").write_text(">chr1\n" + "ACGT" * 100 + "\n")
    pysam.faidx(str(tmp_path / "ref.fa"))
    kinds = "".join(f"  - {{name: {c.name}, length: {c.length}, kind: {c.kind.value}}}\n" for c in BUILD.contigs)
    (tmp_path / "build.yaml").write_text(f"name: small\ncontigs:\n{kinds}")
    write_case(CASE, tmp_path / "case.json")
    return tmp_path


def test_commands__frequencies_roh_and_the_document(planted: Path) -> None:
    where = [
        "--case",
        str(planted / "case.json"),
        "--build",
        str(planted / "build.yaml"),
        "--calls",
        str(planted / "calls.vcf.gz"),
    ]
    absent = [c.name for c in BUILD.contigs if c.name != "chr1"]
    build_store(planted / "store", BUILD, [parse_source(f"name=s,vcf={planted / 'sites.vcf.gz'},af=AF")], absent=absent)
    told = CliRunner().invoke(app, ["frequencies", *where, "--store", str(planted / "store")])
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines()[0].split("\t")[0::2] == ["chr1", "A,G"]
    (planted / "af.tsv").write_text(told.stdout)
    known = pysam.tabix_index(str(planted / "af.tsv"), seq_col=0, start_col=1, end_col=1, force=True)
    command = ["bcftools", "roh", "-G", "30", "--AF-file", known, "-s", "kid", "-O", "r", str(planted / "calls.vcf.gz")]
    (planted / "roh.txt").write_text(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    (run,) = read_runs(planted / "roh.txt", "kid")
    assert abs(run.start - 1_500_000) < 300_000
    assert abs(run.end - 5_500_000) < 300_000
    given = [
        "--gene-models",
        str(planted / "g.gff3"),
        "--reference",
        str(planted / "ref.fa"),
        "--roh",
        str(planted / "roh.txt"),
    ]
    written = ["--json", str(planted / "c.json"), "--vcf", str(planted / "s.vcf")]
    done = CliRunner().invoke(app, ["special", *where, *given, "--has-frequencies", *written])
    assert done.exit_code == 0, done.output
    document = json.loads((planted / "c.json").read_text())
    (found,) = document["findings"]
    assert (found["class"], found["level"]) == ("disomy", "finding")  # over UBE3A, SNRPN: Prader-Willi
    assert "Prader-Willi" in found["title"]
    assert "isodisomy" in found["words"]
    assert "a deletion looks the same" in found["words"]
    assert any("came as calls" in line for line in document["not_looked_at"])
