"""The act-now page: each rule by a pair that differs in one thing; a baby's simulated reads from alignment to page."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pysam
import pytest

from neotriage import columns
from neotriage.actnow.alignment import Coverage, Level, count_level, gene_coverage
from neotriage.actnow.alleles import FoundAllele, find_alleles
from neotriage.actnow.lines import Page, find_lines, mitochondrial_line, page_document, smn_line
from neotriage.actnow.outcome import judge_lines
from neotriage.actnow.page import render
from neotriage.actnow.run import allowed_genes, make_page, write_targets
from neotriage.actnow.targets import Known, read_known
from neotriage.always_look import AlwaysLookEntry, EntryKind
from neotriage.case import Case, Consent
from neotriage.copies.smn import SmnCopies, Votes
from neotriage.errors import FormatError, ResourceError
from neotriage.gene_models import GeneModels, read_gene_models
from neotriage.genome import Build, Contig, ContigKind
from neotriage.pedigree import Family, Member, Sex
from neotriage.schema import ClinvarSignificance, Phase
from neotriage.settings import Settings
from neotriage.simulate.alignments import simulate_alignment, write_reference
from neotriage.simulate.haplotypes import Allele, apply_alleles
from neotriage.simulate.reads import Molecule
from neotriage.store import Store, open_store
from neotriage.store.building import Source, build_store
from neotriage.treatability import TreatableMode, Treatment, Urgency, read_treatability

BUILD = Build("small", (Contig("chr1", 6000, ContigKind.AUTOSOME), Contig("chrM", 3000, ContigKind.MITOCHONDRION)), ())
CASE = Case("case", Family("F", (Member("kid", Sex.MALE, True),)))
NONE = ClinvarSignificance.NONE
P = ClinvarSignificance.PATHOGENIC


def treatment(gene: str, mode: TreatableMode, *, is_lost: bool = True, urgency: Urgency = Urgency.HOURS) -> Treatment:
    return Treatment(gene, f"disease of {gene}", "treat", urgency, "source", mode, is_lost)


def allele(gene: str = "G", position: int = 100, **changes: object) -> FoundAllele:
    made = FoundAllele(gene, "chr1", position, "A", "C", 1, False, 30, 15, "", P, 2, float("nan"))
    return replace(made, **changes)  # type: ignore[arg-type]


def genes_of(alleles: Sequence[FoundAllele], mode: TreatableMode) -> tuple[list[str], int]:
    lines, singles = find_lines(alleles, {"G": treatment("G", mode)}, Settings())
    return [line["words"] for line in lines], singles


@pytest.mark.parametrize("mode", list(TreatableMode))
def test_lines__two_copies_or_the_only_one_in_every_mode(mode: TreatableMode) -> None:
    assert genes_of([allele(copies=2)], mode)[0][0].startswith("on both copies")
    assert genes_of([allele(is_hemizygous=True)], mode)[0][0].startswith("on the only copy")
    assert "not known yet" in genes_of([allele(), allele(position=200)], mode)[0][0]


@pytest.mark.parametrize(
    ("mode", "is_line"),
    [
        (TreatableMode.BIALLELIC, False),
        (TreatableMode.MONOALLELIC, True),
        (TreatableMode.BOTH, True),
        (TreatableMode.X_RECESSIVE, False),
        (TreatableMode.X_DOMINANT, True),
    ],
)
def test_lines__one_allele(mode: TreatableMode, *, is_line: bool) -> None:
    words, singles = genes_of([allele()], mode)
    assert (bool(words), singles) == (is_line, 0 if is_line else 1)


def test_lines__one_truncating_allele_above_the_dominant_cap_is_none() -> None:
    rare, common = (allele(significance=NONE, consequence="stop_gained", frequency=f) for f in (0.001, 0.0011))
    assert genes_of([rare], TreatableMode.MONOALLELIC)[1] == 0
    assert genes_of([common], TreatableMode.MONOALLELIC)[1] == 1
    assert genes_of([allele(frequency=0.0011)], TreatableMode.MONOALLELIC)[1] == 0


@pytest.mark.parametrize(
    ("mode", "is_line"),
    [(TreatableMode.MONOALLELIC, True), (TreatableMode.X_DOMINANT, True), (TreatableMode.BOTH, False)],
)
def test_lines__one_truncating_allele_unknown_to_clinvar(mode: TreatableMode, *, is_line: bool) -> None:
    stop = allele(significance=NONE, consequence="stop_gained")
    assert bool(genes_of([stop], mode)[0]) == is_line
    assert genes_of([stop, replace(stop, position=200)], mode)[0]


def test_treatments__long_qt_3_is_gain_of_function() -> None:
    """GeneReviews, Long QT Syndrome Overview: SCN5A (LQT3) by gain, KCNQ1 and KCNH2 by loss of function."""
    assert {gene: read_treatability()[gene].is_lost for gene in ("SCN5A", "KCNQ1", "KCNH2")} == {
        "SCN5A": False,
        "KCNQ1": True,
        "KCNH2": True,
    }


def test_lines__most_urgent_first() -> None:
    treatments = {
        "A": treatment("A", TreatableMode.MONOALLELIC, urgency=Urgency.DAYS),
        "B": treatment("B", TreatableMode.MONOALLELIC),
    }
    lines, _ = find_lines([allele("A"), allele("B")], treatments, Settings())
    assert [line["gene"] for line in lines] == ["B", "A"]


ENTRY = AlwaysLookEntry(EntryKind.POSITION, "chrM", 1554, 1555, "A", "G", "MT-RNR1", "m.1555A>G", "CPIC")


@pytest.mark.parametrize(("level", "is_line"), [(Level(3, 100), True), (Level(2, 50), False), (Level(3, 101), False)])
def test_mitochondrial_line__level_and_reads(level: Level, *, is_line: bool) -> None:
    line = mitochondrial_line(treatment("MT-RNR1", TreatableMode.MITOCHONDRIAL), ENTRY, level, Settings())
    assert (line is not None) == is_line


def page(**changes: object) -> dict[str, object]:
    whole = Page((), 0, (), {"G": Coverage(100, 1.0, 30.0)}, (), 0)
    return page_document(replace(whole, **changes), "case", "kid")  # type: ignore[arg-type]


@pytest.mark.parametrize(("share", "is_thin"), [(0.95, False), (0.949, True), (float("nan"), True)])
def test_page__thin_coverage_is_named(share: float, *, is_thin: bool) -> None:
    document = page(coverage={"G": Coverage(100, share, 12.0)})
    assert document["poorly_covered"] == (["G"] if is_thin else [])
    assert ("a finding may be missed" in render(document)) == is_thin


@pytest.mark.parametrize(
    ("depth", "words"), [(100, "looked for in 100 reads, absent"), (99, "too few to rule it out"), (0, "not looked at")]
)
def test_page__absent_only_on_enough_reads(depth: int, words: str) -> None:
    seen = {"title": "m.1555A>G", "depth": depth, "alt_depth": 0, "is_enough": depth >= 100, "source": "CPIC"}
    assert words in render(page(looked_at=(seen,)))


def test_page__says_provisional_and_what_was_not_looked_at() -> None:
    html = render(page(withheld=2, not_in_gene_models=("XYZ",)))
    for words in ("PROVISIONAL", "SMN1", "2 treatable gene(s) left out by consent", "XYZ", "does not rule out"):
        assert words in html


def test_allowed_genes__consent() -> None:
    plain, withheld = allowed_genes(CASE, GeneModels("none", (), ()))
    assert "RB1" not in plain
    assert withheld > 0
    agreed, _ = allowed_genes(replace(CASE, consent=Consent(secondary_findings=True)), GeneModels("none", (), ()))
    assert "RB1" in agreed


@pytest.mark.parametrize("name", ["GALT", "HGNC:4135", "ENSG1"])
def test_allowed_genes__excluded_by_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "genes.gff3").write_text(GFF)
    models = read_gene_models(tmp_path / "genes.gff3", BUILD)
    assert "GALT" in allowed_genes(CASE, models)[0]
    assert "GALT" not in allowed_genes(replace(CASE, excluded_genes=(name,)), models)[0]


# ---- a VCF of the baby


HEADER = [
    "##fileformat=VCFv4.2",
    "##contig=<ID=chr1,length=6000>",
    '##INFO=<ID=BCSQ,Number=.,Type=String,Description="c">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="a">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">',
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="q">',
]
STOP = "BCSQ=stop_gained|G|T|protein_coding|+|1A>1*|100A>C"


def record(folder: Path, qual: str = "99", info: str = STOP, call: str = "0/1:15,15:30:60") -> Path:
    head = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tkid"
    row = f"chr1\t101\t.\tA\tC\t{qual}\t.\t{info}\tGT:AD:DP:GQ\t{call}"
    path = folder / "calls.vcf"
    path.write_text("\n".join([*HEADER, head, row]) + "\n")
    return path


def found(
    calls: Path, significance: ClinvarSignificance | None = None, *, is_lost: bool = True, store: Store | None = None
) -> int:
    known = {("chr1", 100, "A", "C"): Known(significance, 1)} if significance else {}
    treatments = {"G": treatment("G", TreatableMode.BIALLELIC, is_lost=is_lost)}
    limits = Settings().quality
    return len(find_alleles(calls, treatments, known, store, {"G": [("chr1", 0, 1000)]}, limits, 0.01))


@pytest.mark.parametrize(
    ("significance", "info", "is_lost", "count"),
    [
        (None, STOP, True, 1),
        (None, STOP, False, 0),
        (None, ".", True, 0),
        (None, STOP.replace("stop_gained", "missense"), True, 0),
        (None, STOP.replace("|G|", "|H|"), True, 0),
        (P, ".", False, 1),
        (ClinvarSignificance.LIKELY_PATHOGENIC, ".", False, 1),
        (ClinvarSignificance.CONFLICTING, STOP, True, 0),
        (ClinvarSignificance.BENIGN, STOP, True, 0),
        (ClinvarSignificance.UNCERTAIN, STOP, True, 0),
    ],
)
def test_alleles__clinvar_or_truncating(
    tmp_path: Path, significance: ClinvarSignificance | None, info: str, count: int, *, is_lost: bool
) -> None:
    assert found(record(tmp_path, info=info), significance, is_lost=is_lost) == count


@pytest.mark.parametrize(
    ("qual", "call", "count"),
    [
        ("20", "0/1:15,15:30:20", 1),
        ("19", "0/1:15,15:30:60", 0),
        ("99", "0/1:4,3:7:60", 0),
        ("99", "0/1:15,15:30:19", 0),
        ("99", "0/1:25,5:30:60", 0),
        ("99", "0/1:24,6:30:60", 1),
        ("99", "1/1:0,30:30:60", 1),
        ("99", "1/1:10,20:30:60", 0),
        ("99", "1:0,30:30:60", 1),
        ("99", "0/0:30,0:30:60", 0),
        ("99", "./1:0,30:30:60", 0),
        ("99", "0/1:.:30:60", 0),
        (".", "0/1:15,15:30:60", 0),
    ],
)
def test_alleles__the_call_must_be_good(tmp_path: Path, qual: str, call: str, count: int) -> None:
    assert found(record(tmp_path, qual=qual, call=call)) == count


def frequency_store(folder: Path, row: str) -> Store:
    lines = ["##fileformat=VCFv4.2", '##INFO=<ID=AF,Number=A,Type=Float,Description="f">']
    lines += ["#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO", row]
    (folder / "f.vcf").write_text("\n".join(lines) + "\n")
    build_store(folder / "store", BUILD, [Source("f", (folder / "f.vcf",), ("AF",))])
    return open_store(folder / "store")


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ("chr1\t101\t.\tA\tG,C\t.\t.\tAF=0.9,0.01", 1),
        ("chr1\t101\t.\tA\tG,C\t.\t.\tAF=0.9,0.011", 0),
        ("chr1\t101\t.\tAT\tCT\t.\t.\tAF=0.011", 0),
        ("chr1\t102\t.\tA\tC\t.\t.\tAF=0.011", 1),
    ],
)
def test_alleles__frequency_however_the_allele_is_padded(tmp_path: Path, row: str, count: int) -> None:
    calls, store = record(tmp_path), frequency_store(tmp_path, row)
    assert found(calls, store=store) == count
    assert found(calls, P, store=store) == 1


def test_alleles__contig_that_the_store_says_nothing_of(tmp_path: Path) -> None:
    store = frequency_store(tmp_path, "chrM\t101\t.\tA\tC\t.\t.\tAF=0.5")
    with pytest.raises(ResourceError, match="chr1"):
        found(record(tmp_path), store=store)


def test_known__not_such_a_table(tmp_path: Path) -> None:
    (tmp_path / "k.tsv").write_text("a\nb\n")
    with pytest.raises(FormatError, match="not a table of known alleles"):
        read_known(tmp_path / "k.tsv")


# ---- what became of the lines


def outcome(
    line: dict[str, object],
    hits: list[dict[str, object]],
    variants: Sequence[int],
    ledger: Sequence[tuple[int, str]] = (),
    smn: dict[str, object] | None = None,
) -> tuple[str, str]:
    """State and reason of one line, with variants at these 0-based positions in the table."""
    table = pl.DataFrame(
        {"variant": range(len(variants)), "chrom": "chr1", "position": variants, "ref": "A", "alt": "C"},
        schema_overrides={"position": pl.Int32},
    )
    empty = {"gene": [], "variant_a": [], "variant_b": [], "explains_affected": [], "phase": [], "notes": []}
    the_hits = pl.DataFrame(hits) if hits else pl.DataFrame(empty, schema_overrides={"gene": pl.String, "variant_a": pl.Int32})
    fates = columns.empty("ledger")
    if ledger:
        rows = {name: [""] * len(ledger) for name in fates.columns} | {
            "chrom": ["chr1"] * len(ledger),
            "position": [position for position, _ in ledger],
            "ref": ["A"] * len(ledger),
            "alt": ["C"] * len(ledger),
            "outcome": ["dropped"] * len(ledger),
            "rule": [rule for _, rule in ledger],
            **dict.fromkeys(("value", "threshold", "margin"), [0.0] * len(ledger)),
        }
        fates = columns.frame("ledger", rows)
    candidates = pl.DataFrame({"gene": ["G"], "rank": [1]})
    page = {"case": "c", "sample": "s", "lines": [line]}
    judged = judge_lines(page, table, the_hits, candidates, fates, {"smn": {"s": smn} if smn else {}})["lines"][0]
    return judged["state"], judged["reason"]


def line(*positions: int) -> dict[str, object]:
    return {"gene": "G", "alleles": [{"contig": "chr1", "position": p + 1, "ref": "A", "alt": "C"} for p in positions]}


def hit(a: int, b: int = -1, *, explains: bool = True, phase: Phase = Phase.NOT_APPLICABLE) -> dict[str, object]:
    return {"gene": "G", "variant_a": a, "variant_b": b, "explains_affected": explains, "phase": phase.value, "notes": "why"}


def test_outcome__confirmed_by_a_hit_that_explains() -> None:
    assert outcome(line(100), [hit(0)], [100]) == ("confirmed", "")
    assert outcome(line(100, 200), [hit(0, 1, phase=Phase.TRANS_BY_PARENT)], [100, 200]) == ("confirmed", "")


@pytest.mark.parametrize(
    ("hits", "variants", "ledger", "reason"),
    [
        ([], [], [], "chr1:101 A>C is not in the family's joint calls, or fell before the table"),
        ([], [], [(100, "frequency")], "chr1:101 A>C: dropped by the rule frequency"),
        ([], [100], [(100, "unaffected_parent")], "chr1:101 A>C: dropped by the rule unaffected_parent"),
        ([], [100], [], "the family's genotypes make no hit of it"),
        ([hit(0, explains=False)], [100], [], "it does not explain the affected: why"),
    ],
)
def test_outcome__withdrawn_with_the_reason(
    hits: list[dict[str, object]], variants: list[int], ledger: list[tuple[int, str]], reason: str
) -> None:
    assert outcome(line(100), hits, variants, ledger) == ("withdrawn", reason)


def test_outcome__two_in_cis_or_hit_alone_are_withdrawn() -> None:
    assert outcome(line(100, 200), [hit(0)], [100, 200])[0] == "withdrawn"
    assert outcome(line(100, 200), [hit(0, 1, phase=Phase.CIS)], [100, 200])[0] == "withdrawn"


SMN_LINE: dict[str, object] = {"gene": "SMN1", "alleles": [], "copies": 0}


@pytest.mark.parametrize(
    ("smn", "state", "words"),
    [
        ({"smn1": 0, "reason": ""}, "confirmed", ""),
        ({"smn1": 1, "reason": ""}, "withdrawn", "1 copies of SMN1"),
        ({"smn1": None, "reason": "depth 4"}, "withdrawn", "copies of SMN1 not called: depth 4"),
        (None, "withdrawn", "copies of SMN1 not called: not looked at"),
    ],
)
def test_outcome__copies_of_smn1(smn: dict[str, object] | None, state: str, words: str) -> None:
    assert outcome(SMN_LINE, [], [], smn=smn) == (state, words)


def copies(smn1: int | None, zero: float = 0.0, reason: str = "") -> SmnCopies:
    votes = Votes(30.0, 0.01, 2.0, 400.0, (0, 200), (0, 30))
    return SmnCopies(smn1, None if smn1 is None else 2, 0.999, zero, reason, votes)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (copies(0), "no copy of SMN1, 2 of SMN2"),
        (copies(1), None),
        (copies(None, 0.5, "unclear"), "not excluded (unclear)"),
        (copies(None, 0.001, "unclear"), None),
        (SmnCopies(None, None, float("nan"), float("nan"), "depth 3", None), None),
    ],
)
def test_smn_line__no_copy_or_not_excluded(found: SmnCopies, words: str | None) -> None:
    made = smn_line(treatment("SMN1", TreatableMode.BIALLELIC), found)
    assert (made is None) == (words is None)
    assert words is None or words in (made or {})["words"]


def test_page__smn1_called_or_not_looked_at() -> None:
    called, uncalled = page(smn=copies(2)), page(smn=copies(None, 0.001, "unclear"))
    assert "SMN1: 2 copies" in render(called)
    assert not [line for line in called["not_looked_at"] if "SMN1" in line]  # type: ignore[attr-defined]
    assert "SMN1 and SMN2 copy number: unclear" in uncalled["not_looked_at"]  # type: ignore[operator]
    assert "No call: unclear" in render(uncalled)


# ---- from reads to page


BASES = "".join(random.Random(5).choices("ACGT", k=6000))
MITOCHONDRION = "".join(random.Random(6).choices("ACGT", k=3000))
ALWAYS = "build\tkind\tcontig\tstart\tend\tref\talt\tgene\ttitle\tsource\n"
GFF = """##gff-version 3
chr1\tx\tgene\t1001\t1600\t.\t+\t.\tID=gene:ENSG1;Name=GALT;description=x [Source:HGNC Symbol%3BAcc:HGNC:4135];gene_id=ENSG1
chr1\tx\tmRNA\t1001\t1600\t.\t+\t.\tID=transcript:ENST1;Parent=gene:ENSG1;biotype=protein_coding;transcript_id=ENST1;tag=MANE_Select
chr1\tx\texon\t1001\t1600\t.\t+\t.\tParent=transcript:ENST1
chr1\tx\tCDS\t1001\t1600\t.\t+\t0\tParent=transcript:ENST1
"""


def change(bases: str, contig: str, position: int) -> Allele:
    return Allele(contig, position, bases[position], "ACGT"["ACGT".index(bases[position]) - 1])


@pytest.fixture(scope="module")
def baby(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reference, gene models, ClinVar, and a baby with a ClinVar P allele twice and a mitochondrial one in 20 % of reads."""
    folder = tmp_path_factory.mktemp("baby")
    reference = write_reference({"chr1": BASES, "chrM": MITOCHONDRION}, folder / "ref.fa")
    cause, level = change(BASES, "chr1", 1300), change(MITOCHONDRION, "chrM", 1554)
    molecules = [
        Molecule("a", apply_alleles(BASES, [cause]), 30),
        Molecule("m", MITOCHONDRION, 160),
        Molecule("n", apply_alleles(MITOCHONDRION, [level]), 40),
    ]
    simulate_alignment(molecules, reference, folder / "kid.bam", seed=3, sample="kid")
    (folder / "genes.gff3").write_text(GFF)
    (folder / "look.tsv").write_text(
        ALWAYS + f"small\tposition\tchrM\t1555\t1555\t{level.ref}\t{level.alt}\tMT-RNR1\tm.1555\tCPIC\n"
    )
    info = "CLNSIG=Pathogenic;CLNREVSTAT=criteria_provided,_single_submitter;GENEINFO=GALT:1"
    (folder / "clinvar.vcf").write_text(
        "##fileformat=VCFv4.1\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        f"chr1\t1301\t7\t{cause.ref}\t{cause.alt}\t.\t.\t{info}\nchr1\t4001\t8\tA\tC\t.\t.\t{info}\n"
    )
    return folder


def test_page__from_reads(baby: Path, tmp_path: Path) -> None:
    write_targets(baby / "genes.gff3", BUILD, baby / "clinvar.vcf", tmp_path / "targets.bed", tmp_path / "known.tsv")
    assert (tmp_path / "targets.bed").read_text() == "chr1\t980\t1620\n"
    pile = ["bcftools", "mpileup", "-f", str(baby / "ref.fa"), "-R", str(tmp_path / "targets.bed"), "-a", "AD,DP", "-Ou"]
    with subprocess.Popen([*pile, str(baby / "kid.bam")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as mpileup:
        call = ["bcftools", "call", "-mv", "-a", "GQ", "-Ov", "-o", str(tmp_path / "calls.vcf")]
        subprocess.run(call, stdin=mpileup.stdout, check=True, capture_output=True)
    models = read_gene_models(baby / "genes.gff3", BUILD)
    made = make_page(
        CASE,
        BUILD,
        models,
        tmp_path / "known.tsv",
        tmp_path / "calls.vcf",
        baby / "kid.bam",
        baby / "ref.fa",
        None,
        baby / "look.tsv",
    )
    assert [found["gene"] for found in made["lines"]] == ["MT-RNR1", "GALT"]
    assert made["lines"][1]["words"] == "on both copies (recessive)"
    assert made["mitochondrial"][0]["is_enough"]
    assert made["coverage"]["GALT"]["fraction_10x"] > 0.95
    html = render(json.loads(json.dumps(made)))
    assert "Classic galactosemia" in html
    assert "http" not in html


def test_alignment__depth_and_level(baby: Path) -> None:
    level = change(MITOCHONDRION, "chrM", 1554)
    with pysam.AlignmentFile(str(baby / "kid.bam")) as reads:
        assert count_level(reads, "chrM", 1554, level.alt).fraction == pytest.approx(0.2, abs=0.08)
        assert count_level(reads, "chrM", 1554, level.ref).fraction == pytest.approx(0.8, abs=0.08)
        assert gene_coverage(reads, "chr1", [(1000, 1600)]).bases == 600
        assert gene_coverage(reads, "chr1", []).bases == 0


def test_page__broken_alignment_is_one_line(baby: Path, tmp_path: Path) -> None:
    (tmp_path / "kid.bam").write_bytes((baby / "kid.bam").read_bytes()[:500])
    (tmp_path / "known.tsv").write_text("contig\n")
    models = read_gene_models(baby / "genes.gff3", BUILD)
    with pytest.raises(FormatError, match="cannot be read"):
        make_page(
            CASE,
            BUILD,
            models,
            tmp_path / "known.tsv",
            record(tmp_path),
            tmp_path / "kid.bam",
            baby / "ref.fa",
            None,
            baby / "look.tsv",
        )
