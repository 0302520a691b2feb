"""Repeats: loci from panels, sizes from reads, tiers, ExpansionHunter's documented record."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pysam
import pytest

from neotriage.calls.expansion_hunter import catalogue, read_calls
from neotriage.calls.repeat_loci import Locus, as_in_reference, read_loci, rotations, share_of_motif
from neotriage.calls.repeats import Allele, Evidence, RepeatCall, gather, size_alleles, tier_of
from neotriage.calls.special_document import repeat_level
from neotriage.errors import FormatError
from neotriage.genome import read_build
from neotriage.panels import read_panel
from neotriage.simulate.alignments import simulate_alignment, write_reference
from neotriage.simulate.reads import Molecule
from neotriage.simulate.sequence import intergenic

PANEL = Path(__file__).resolve().parents[2] / "shared" / "data" / "panels" / "panel_467.json.gz"
LOCUS = Locus("DMPK_CTG", "DMPK", "chr19", 2000, 2060, "CTG", 35, 50, False, True, "PanelApp")


@pytest.mark.skipif(not PANEL.is_file(), reason="no public data in ../shared")
def test_loci__thresholds_of_the_panel_take_the_bundled_row() -> None:
    loci = {locus.gene: locus for locus in read_loci([read_panel(PANEL)], read_build("GRCh38"))}
    dmpk = loci["DMPK"]
    assert (dmpk.contig, dmpk.start, dmpk.end) == ("chr19", 45770204, 45770264)  # ExpansionHunter's catalogue has the same
    assert (dmpk.normal, dmpk.pathogenic, dmpk.is_on_panel) == (35, 50, True)
    assert loci["FXN"].is_recessive
    assert not loci["GLS"].is_on_panel  # red
    assert {"PHOX2B", "FMR1", "ATN1"} <= set(loci)
    assert not loci["PHOX2B"].is_on_panel


def test_loci__bundled_without_panels() -> None:
    phox2b = {locus.gene: locus for locus in read_loci([], read_build("GRCh38"))}["PHOX2B"]
    assert (phox2b.reference_repeats, phox2b.normal, phox2b.pathogenic) == (20, 20, 24)


def test_rotations__of_a_motif_with_any_base() -> None:
    assert rotations("CTG") == {"CTG", "TGC", "GCT"}
    assert {"GCA", "CAG", "AGC", "GCT"} <= rotations("GCN")
    assert share_of_motif("CTGCTGCTG", "CTG") == 1.0
    assert share_of_motif("GCAGCTGCGGCC", "GCN") == 1.0
    assert share_of_motif("AATTAATT", "CTG") == 0.0


def test_reference__motif_turned_and_locus_refused(tmp_path: Path) -> None:
    flank = intergenic(2000, random.Random(1))
    fasta = tmp_path / "r.fa"
    fasta.write_text(f">chr19\n{flank}{'CAG' * 20}{flank}\n")
    pysam.faidx(str(fasta))
    with pysam.FastaFile(str(fasta)) as bases:
        found = as_in_reference(LOCUS, bases)
        assert found is not None
        assert found.motif == "CAG"
        assert as_in_reference(replace(LOCUS, start=100, end=160), bases) is None
        assert as_in_reference(replace(LOCUS, contig="chr1"), bases) is None


# ---- sizes from counts


def sized(copies: int = 2, **evidence: object) -> RepeatCall:
    base: dict[str, object] = {
        "spanning": Counter(),
        "flanking": [],
        "in_repeat": 0,
        "starts_per_bp": 0.2,
        "read_length": 150.0,
    }
    return size_alleles(LOCUS, Evidence(**{**base, **evidence}), copies)  # type: ignore[arg-type]


def test_size__two_spanned_alleles() -> None:
    call = sized(spanning=Counter({5: 12, 13: 9, 12: 1}))
    assert [a.size for a in call.alleles] == [5, 13]
    assert not any(a.is_bound for a in call.alleles)


def test_size__in_repeat_reads_by_the_formula() -> None:
    """Ten reads at 0.1 starts a base and copy are 100 bp beyond a read of 150: 250 bp, 83 repeats."""
    longest = sized(spanning=Counter({12: 20}), in_repeat=10).alleles[-1]
    assert (longest.size, longest.low, longest.is_bound) == (83, 50, True)
    assert 83 < longest.high < 150


@pytest.mark.parametrize(("in_repeat", "alleles"), [(1, 1), (2, 2)])
def test_size__one_in_repeat_read_is_no_allele(in_repeat: int, alleles: int) -> None:
    assert len(sized(spanning=Counter({12: 20}), in_repeat=in_repeat).alleles) == alleles


def test_size__few_reads_are_no_call() -> None:
    assert sized(spanning=Counter({12: 4})).reason.startswith("4 reads")
    assert sized(spanning=Counter({12: 5})).reason == ""


def test_size__one_copy_in_a_boy_has_one_allele() -> None:
    assert [a.size for a in sized(copies=1, spanning=Counter({12: 20, 30: 3})).alleles] == [12]


# ---- tiers (Genomics England: upper limit against the panel's numbers)


@pytest.mark.parametrize(("high", "tier"), [(34, 0), (35, 2), (49, 2), (50, 1)])
def test_tier__upper_limit(high: int, tier: int) -> None:
    assert tier_of(LOCUS, Allele(20, 20, high, 5, False)) == tier


def call(*alleles: tuple[int, int, int], **changes: object) -> RepeatCall:
    made = tuple(Allele(size, low, high, 5, low != high) for size, low, high in alleles)
    return RepeatCall(replace(LOCUS, **changes), made, Evidence(), "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "level"),
    [
        (call((12, 12, 12), (80, 50, 110)), "finding"),
        (call((12, 12, 12), (30, 30, 55)), "note"),
        (call((12, 12, 12), (40, 40, 40)), "note"),
        (call((12, 12, 12), (40, 40, 40), is_on_panel=False), ""),
        (call((12, 12, 12), (80, 50, 110), is_on_panel=False), "finding"),
        (call((12, 12, 12), (80, 50, 110), is_recessive=True), "note"),
        (call((70, 70, 70), (80, 50, 110), is_recessive=True), "finding"),
        (call((12, 12, 12)), ""),
        (call(), ""),
    ],
)
def test_level__of_alleles(told: RepeatCall, level: str) -> None:
    assert repeat_level(told)[0] == level
    assert ("tier" in repeat_level(told)[1]) == (told.locus.is_on_panel and bool(level))


# ---- from reads


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A contig with CAG 20 in the reference and a decoy elsewhere; a person with 12 and 150, and one with 12 and 13."""
    folder, stream = tmp_path_factory.mktemp("repeat"), random.Random(2)
    left, right, rest = (intergenic(n, stream) for n in (2000, 2000, 3000))
    decoy = intergenic(1000, stream) + "CAG" * 30 + intergenic(1000, stream)
    reference = write_reference({"chr19": left + "CAG" * 20 + right + rest + decoy}, folder / "ref.fa")
    for name, pair in (("long", (12, 150)), ("short", (12, 13))):
        molecules = [Molecule(f"a{n}", left + "CAG" * n + right, 15) for n in pair] + [Molecule("rest", rest + decoy, 30)]
        simulate_alignment(molecules, reference, folder / f"{name}.bam", seed=5, sample=name)
    return folder


@pytest.mark.parametrize(("name", "level"), [("long", "finding"), ("short", "")])
def test_reads__expansion_beyond_a_read(person: Path, name: str, level: str) -> None:
    with pysam.FastaFile(str(person / "ref.fa")) as fasta, pysam.AlignmentFile(str(person / f"{name}.bam")) as reads:
        locus = as_in_reference(LOCUS, fasta)
        assert locus is not None
        told = size_alleles(locus, gather(reads, fasta, locus), 2)
    assert repeat_level(told)[0] == level
    assert told.alleles[0].size == 12
    assert told.alleles[-1].size >= (50 if level else 13)


# ---- ExpansionHunter


HEADER = """##fileformat=VCFv4.1
##contig=<ID=chr9,length=138394717>
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="t">
##INFO=<ID=END,Number=1,Type=Integer,Description="e">
##INFO=<ID=REF,Number=1,Type=Integer,Description="r">
##INFO=<ID=RL,Number=1,Type=Integer,Description="l">
##INFO=<ID=RU,Number=1,Type=String,Description="u">
##INFO=<ID=REPID,Number=1,Type=String,Description="i">
##FORMAT=<ID=GT,Number=1,Type=String,Description="g">
##FORMAT=<ID=SO,Number=1,Type=String,Description="s">
{fields}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tkid
"""
RECORD = "chr9\t27573526\t.\tC\t<STR2>,<STR349>\t.\tPASS\tSVTYPE=STR;END=27573544;REF=3;RL=18;RU=GGCCCC;REPID=ALS\t"
CALL = "1/2:SPANNING/INREPEAT:2/349:2-2/323-376:19/0:3/6:0/459"
ALS = Locus("ALS", "C9orf72", "chr9", 27573526, 27573544, "GGCCCC", 23, 60, False, True, "test")


@pytest.mark.parametrize("names", [("CN", "CI", "AD_SP", "AD_FL", "AD_IR"), ("REPCN", "REPCI", "ADSP", "ADFL", "ADIR")])
def test_expansion_hunter__record_of_its_documentation(tmp_path: Path, names: tuple[str, ...]) -> None:
    fields = "".join(f'##FORMAT=<ID={name},Number=1,Type=String,Description="x">\n' for name in names)
    vcf = tmp_path / "kid.vcf"
    vcf.write_text(HEADER.format(fields=fields) + RECORD + ":".join(("GT", "SO", *names)) + f"\t{CALL}\n")
    told, absent = read_calls(vcf, [ALS, LOCUS])
    assert [(a.size, a.low, a.high) for a in told.alleles] == [(2, 2, 2), (349, 323, 376)]
    assert (told.evidence.in_repeat, told.alleles[1].reads) == (459, 465)
    assert repeat_level(told)[0] == "finding"
    assert (absent.alleles, absent.reason) == ((), "no record of ExpansionHunter")


def test_expansion_hunter__no_genotype_is_no_call(tmp_path: Path) -> None:
    fields = '##FORMAT=<ID=REPCN,Number=1,Type=String,Description="x">\n'
    vcf = tmp_path / "kid.vcf"
    vcf.write_text(HEADER.format(fields=fields) + RECORD.replace("<STR2>,<STR349>", ".") + "GT:SO:REPCN\t./.:.:.\n")
    assert read_calls(vcf, [ALS])[0].reason == "ExpansionHunter has no genotype"


def test_expansion_hunter__another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.vcf").write_text("no VCF\n")
    with pytest.raises(FormatError, match="ExpansionHunter"):
        read_calls(tmp_path / "x.vcf", [ALS])


def test_catalogue__as_its_documentation_has_it() -> None:
    row = json.loads(catalogue([replace(LOCUS, motif="CAG")]))[0]
    assert row == {
        "LocusId": "DMPK_CTG",
        "LocusStructure": "(CAG)*",
        "ReferenceRegion": "chr19:2000-2060",
        "VariantType": "Repeat",
    }
