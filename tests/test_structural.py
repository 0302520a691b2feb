"""Structural changes: the one form as VCF, population, the table's rules, consequences, and the comp-het engine."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pysam
import pytest

from neotriage import columns
from neotriage.always_look import AlwaysLook, AlwaysLookEntry, EntryKind
from neotriage.annotate.structural import structural_consequences, structural_terms
from neotriage.case import Case
from neotriage.errors import FormatError, ResourceError
from neotriage.gene_models import Transcript, read_gene_models
from neotriage.genome import Build, Contig, ContigKind
from neotriage.inheritance import find_hits
from neotriage.inheritance.genes import GeneRules
from neotriage.panels import ModeOfInheritance
from neotriage.pedigree import Family, Member, Sex
from neotriage.schema import KeptBy, Kind
from neotriage.settings import Settings
from neotriage.structural import (
    Call,
    Record,
    label,
    mate_of,
    open_population,
    read_records,
    reciprocal_overlap,
    size_words,
    write_records,
)
from neotriage.table.structural import Sieve, structural_rows

SAMPLES = ("kid", "dad", "mum")
BUILD = Build("made", (Contig("chr1", 100_000, ContigKind.AUTOSOME), Contig("chr2", 50_000, ContigKind.AUTOSOME)), ())
GFF = """##gff-version 3
chr1	t	gene	10001	20000	.	+	.	ID=gene:ENSG1;Name=AAA;biotype=protein_coding
chr1	t	mRNA	10001	20000	.	+	.	ID=transcript:ENST1;Parent=gene:ENSG1;biotype=protein_coding;tag=MANE_Select
chr1	t	exon	10001	10200	.	+	.	Parent=transcript:ENST1
chr1	t	CDS	10101	10200	.	+	0	Parent=transcript:ENST1
chr1	t	exon	12001	12101	.	+	.	Parent=transcript:ENST1
chr1	t	CDS	12001	12101	.	+	0	Parent=transcript:ENST1
chr1	t	exon	19001	20000	.	+	.	Parent=transcript:ENST1
chr1	t	CDS	19001	19300	.	+	0	Parent=transcript:ENST1
"""
HET, REF, HOM = (0, 1), (0, 0), (1, 1)


def call(genotype: tuple[int, int] = HET, quality: int = 90, pairs: int = 6, splits: int = 5, copies: int = 1) -> Call:
    return Call(genotype, quality, copies, 10, pairs, 12, splits)


def reference_call(quality: int = 60) -> Call:
    return Call(REF, quality, 2, 20, 0, 18, 0)


def deletion(start: int = 11_500, end: int = 12_600, **changes: object) -> Record:
    """A deletion of [start, end), 0-based."""
    given = Record(
        "chr1", start - 1, end, "A", "<DEL>", Kind.DELETION, end - start, ("delly",), (call(), call(), reference_call())
    )
    return replace(given, qual=900.0, **changes)


@pytest.fixture
def models(tmp_path: Path):
    (tmp_path / "m.gff3").write_text(GFF)
    return read_gene_models(tmp_path / "m.gff3", BUILD)


# --- one form


def test_records__read_back_as_written(tmp_path: Path) -> None:
    missing = Call()
    given = [
        deletion(calls=(call(), missing, reference_call()), margin_bp=4),
        Record("chr1", 30_000, 30_001, "T", "T[chr2:401[", Kind.BREAKEND, -1, ("delly",), (call(), call((1, -2)), missing)),
        Record("chr2", 500, 501, "C", "<INS>", Kind.INSERTION, 80, ("delly", "manta"), (call((-1, 1)),) * 3, filters="LowQual"),
    ]
    write_records(given, SAMPLES, BUILD, tmp_path / "s.vcf.gz")
    found = read_records(tmp_path / "s.vcf.gz", SAMPLES)
    assert [replace(r, qual=0.0) for r in found] == [replace(r, qual=0.0) for r in given]
    assert math.isnan(found[1].qual)
    assert (tmp_path / "s.vcf.gz.tbi").is_file()


def test_records__order_of_samples_is_the_askers(tmp_path: Path) -> None:
    write_records([deletion()], SAMPLES, BUILD, tmp_path / "s.vcf.gz")
    [record] = read_records(tmp_path / "s.vcf.gz", ("mum", "kid"))
    assert [c.genotype for c in record.calls] == [REF, HET]
    with pytest.raises(FormatError, match="no sample 'sister'"):
        read_records(tmp_path / "s.vcf.gz", ("kid", "sister"))


@pytest.mark.parametrize("text", ["SVTYPE=small", "SVTYPE=CPX", "END=300"])
def test_records__unknown_kind_is_an_error(tmp_path: Path, text: str) -> None:
    write_records([deletion()], SAMPLES, BUILD, tmp_path / "s.vcf.gz")
    lines = pysam.BGZFile(str(tmp_path / "s.vcf.gz")).read().decode().replace("SVTYPE=DEL", text)
    (tmp_path / "bad.vcf").write_text(lines)
    with pytest.raises(FormatError, match="SVTYPE"):
        read_records(tmp_path / "bad.vcf", SAMPLES)


@pytest.mark.parametrize(  # VCF 4.3 specification, section 5.4: the four bracket forms
    ("alt", "expected"),
    [
        ("T[chr2:401[", ("chr2", 400)),
        ("T]chr2:401]", ("chr2", 400)),
        ("]HLA-A*01:01:5]T", ("HLA-A*01:01", 4)),
        ("<DEL>", None),
    ],
)
def test_mate__is_read_from_the_brackets(alt: str, expected: object) -> None:
    assert mate_of(alt) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [((0, 100), (0, 100), 1.0), ((0, 100), (50, 150), 0.5), ((0, 100), (20, 40), 0.2), ((0, 100), (100, 200), 0.0)],
)
def test_reciprocal_overlap__share_of_the_longer(first, second, expected) -> None:
    assert reciprocal_overlap(first, second) == reciprocal_overlap(second, first) == pytest.approx(expected)


def test_label__names_kind_place_and_size() -> None:
    row = {"chrom": "chr1", "position": 11_499, "end": 12_600, "kind": "DEL", "size_bp": 1100, "ref": "A", "alt": "<DEL>"}
    assert label(row) == "deletion chr1:11501-12600 (1.1 kb)"
    assert label({**row, "kind": "small", "alt": "C"}) == "chr1:11500 A>C"
    assert [size_words(n) for n in (999, 1000, 2_340_000)] == ["999 bp", "1 kb", "2.34 Mb"]


# --- population


def population(folder: Path, *rows: str, name: str = "pop.vcf"):
    head = ["##fileformat=VCFv4.2", "##contig=<ID=chr1,length=100000>"]
    head += ['##INFO=<ID=SVTYPE,Number=1,Type=String,Description="t">', '##INFO=<ID=END,Number=1,Type=Integer,Description="e">']
    head += [f'##INFO=<ID={n},Number=A,Type=Float,Description="f">' for n in ("AF", "POPMAX_AF")]
    head += ['##INFO=<ID=N_HOMALT,Number=1,Type=Integer,Description="h">', "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    (folder / name).write_text("\n".join([*head, *rows]) + "\n")
    pysam.tabix_compress(str(folder / name), str(folder / f"{name}.gz"), force=True)
    pysam.tabix_index(str(folder / f"{name}.gz"), preset="vcf", force=True)
    return open_population("gnomAD-SV", folder / f"{name}.gz", ("AF", "POPMAX_AF"), "N_HOMALT")


def site(start: int, end: int, af: float, kind: str = "DEL", popmax: float = 0.0) -> str:
    info = f"SVTYPE={kind};END={end};AF={af};POPMAX_AF={popmax};N_HOMALT=2"
    return f"chr1\t{start}\t{kind}_{start}\tN\t<{kind}>\t.\tPASS\t{info}"


def test_population__highest_of_those_that_overlap_by_half(tmp_path: Path) -> None:
    source = population(
        tmp_path, site(11_000, 12_000, 0.2), site(11_500, 12_600, 0.001, popmax=0.004), site(11_600, 12_500, 0.003)
    )
    seen = source.find(deletion())
    assert (seen.allele_frequency, seen.homozygotes, seen.identifier) == (pytest.approx(0.004), 2, "DEL_11500")
    assert source.find(replace(deletion(), kind=Kind.DUPLICATION)) is None
    assert source.find(deletion(40_000, 41_000)) is None
    assert (source.covers("chr1"), source.covers("chr2")) == (True, False)


def test_population__without_index_or_field_is_an_error(tmp_path: Path) -> None:
    source = population(tmp_path, site(1000, 2000, 0.1))
    with pytest.raises(ResourceError, match="declares no INFO AF_nfe"):
        open_population("x", source.path, ("AF_nfe",))
    Path(f"{source.path}.tbi").unlink()
    with pytest.raises(ResourceError, match="no index"):
        open_population("x", source.path, ("AF",))


# --- the table's rules


def sieve(models, source=None, small: pl.DataFrame | None = None, entries=()) -> Sieve:
    none = columns.empty("variants", SAMPLES)
    regions, genes = models.exon_regions(20), models.gene_index()
    return Sieve(Settings(), BUILD, regions, genes, AlwaysLook(tuple(entries), ()), source, none if small is None else small)


BREAKEND = {"kind": Kind.BREAKEND, "alt": "A[chr2:5000[", "size_bp": -1}
PAIRS = {  # rule -> a record that passes it and one that differs in one value and fails
    "genotype_missing": (deletion(calls=(call(),) * 3), deletion(calls=(Call(), call(), call()))),
    "no_alternate_in_proband": (deletion(calls=(call(),) * 3), deletion(calls=(reference_call(), call(), call()))),
    "site_filter": (deletion(filters="PASS"), deletion(filters="LowQual")),
    "site_quality": (deletion(), replace(deletion(), qual=19.9)),
    "region": (deletion(12_120, 13_000), deletion(12_121, 13_000)),
    "size": (deletion(12_000, 12_050), deletion(12_000, 12_049)),
    "support": (deletion(calls=(call(pairs=1, splits=2),) * 3), deletion(calls=(call(pairs=1, splits=1),) * 3)),
    "genotype_quality": (deletion(calls=(call(quality=20),) * 3), deletion(calls=(call(quality=19),) * 3)),
}


@pytest.mark.parametrize("rule", PAIRS)
def test_table__each_rule_by_a_pair_that_differs_in_one_value(models, rule: str) -> None:
    passes, fails = PAIRS[rule]
    judge = sieve(models).judge
    assert (judge(passes).rule, judge(passes).kept_by) == ("", KeptBy.RARE)
    assert judge(passes).quality_rule == "frequency_not_measured"
    assert (judge(fails).rule, judge(fails).kept_by) == (rule, 0)


def test_table__frequency_by_overlap_and_cap(models, tmp_path: Path) -> None:
    rare = sieve(models, population(tmp_path, site(11_500, 12_600, 0.01), name="a.vcf")).judge(deletion())
    common = sieve(models, population(tmp_path, site(11_500, 12_600, 0.0101), name="b.vcf")).judge(deletion())
    assert (rare.rule, rare.quality_rule, rare.seen.allele_frequency) == ("", "", pytest.approx(0.01))
    assert (common.rule, common.threshold) == ("frequency", 0.01)


def test_table__breakend_within_a_gene_and_contig(models) -> None:
    inside = replace(deletion(13_000, 13_001), **BREAKEND)
    outside = replace(deletion(30_000, 30_001), **BREAKEND)
    mate = replace(outside, alt="A[chr1:15000[")
    assert [sieve(models).judge(r).rule for r in (inside, outside, mate)] == ["", "region", ""]
    assert sieve(models).judge(replace(deletion(), chrom="chrUn")).rule == "other_contig"


def test_table__depth_alone_needs_no_reads(models) -> None:
    by_depth = Call(HET, 50, 1)
    assert sieve(models).judge(deletion(calls=(by_depth,) * 3, callers=("depth",))).rule == ""
    unread = sieve(models).judge(deletion(calls=(by_depth,) * 3, callers=("delly",)))
    assert (unread.rule, unread.quality_rule) == ("", "support_not_measured")


def test_table__always_looked_at_stays_but_not_without_an_exon(models) -> None:
    entry = AlwaysLookEntry(EntryKind.REGION, "chr1", 10_000, 20_000, "", "", "AAA", "t", "s")
    judge = sieve(models, entries=[entry]).judge
    low = judge(deletion(filters="LowQual"))
    assert (low.kept_by, low.quality_rule) == (KeptBy.ALWAYS_LOOK, "site_filter")
    assert judge(deletion(13_000, 14_000)).kept_by == 0


def test_table__what_the_small_callers_have_stands_once(models) -> None:
    small = (
        columns.empty("variants", SAMPLES)
        .clear(1)
        .with_columns(chrom=pl.lit("chr1"), position=pl.lit(12_009, pl.Int32), ref=pl.lit("A" * 71), alt=pl.lit("A"))
    )
    judge = sieve(models, small=small).judge
    assert judge(deletion(12_010, 12_080)).rule == "called_small"
    assert judge(deletion(12_040, 12_110)).rule == ""


def test_table__rows_say_reads_copies_and_size(models) -> None:
    record = deletion(calls=(call(), Call(), reference_call()))
    table = structural_rows([(record, sieve(models).judge(record))], 7, SAMPLES, "")
    row = table.row(0, named=True)
    assert [row[name] for name in ("variant", "kind", "position", "end", "size_bp", "callers")] == [
        7,
        "DEL",
        11_499,
        12_600,
        1100,
        "delly",
    ]
    assert [row["depth"], row["ref_depth"], row["alt_depth"]] == [[33, -1, 38], [22, -1, 38], [11, -1, 0]]
    assert [row["alt_pairs"], row["alt_splits"], row["copy_number"]] == [[6, -1, 0], [5, -1, 0], [1, -1, 2]]
    assert row["genotype"] == [[0, 1], [-1, -1], [0, 0]]


# --- consequences

FORWARD = Transcript(
    "T1", "T1", 0, "", True, "protein_coding", "+", ((100, 200), (300, 400), (500, 600)), ((150, 200), (300, 400), (500, 550))
)
NON_CODING = replace(FORWARD, cds=())


@pytest.mark.parametrize(
    ("kind", "start", "end", "terms"),
    [
        (Kind.DELETION, 100, 600, "transcript_ablation"),
        (Kind.DELETION, 101, 600, "exon_loss_variant&feature_truncation&coding_sequence_variant"),
        (Kind.DELETION, 250, 450, "exon_loss_variant&feature_truncation&coding_sequence_variant"),
        (Kind.DELETION, 350, 450, "feature_truncation&coding_sequence_variant"),
        (Kind.DELETION, 560, 700, "feature_truncation"),
        (Kind.DELETION, 200, 300, "intron_variant"),
        (Kind.DELETION, 600, 700, ""),
        (Kind.DUPLICATION, 50, 700, "transcript_amplification"),
        (Kind.DUPLICATION, 250, 450, "feature_elongation&coding_sequence_variant"),
        (Kind.DUPLICATION, 250, 700, "coding_sequence_variant&coding_transcript_variant"),
        (Kind.INVERSION, 50, 700, ""),
        (Kind.INVERSION, 250, 700, "feature_truncation&coding_sequence_variant"),
        (Kind.INVERSION, 210, 290, "intron_variant"),
        (Kind.INSERTION, 350, 351, "feature_elongation&coding_sequence_variant"),
        (Kind.INSERTION, 250, 251, "intron_variant"),
        (Kind.BREAKEND, 250, 251, "feature_truncation"),
    ],
)
def test_terms__by_kind_and_place(kind: Kind, start: int, end: int, terms: str) -> None:
    assert "&".join(structural_terms(kind, start, end, FORWARD)) == terms


def test_terms__of_a_transcript_without_cds() -> None:
    assert structural_terms(Kind.DELETION, 250, 450, NON_CODING) == (
        "exon_loss_variant",
        "feature_truncation",
        "non_coding_transcript_exon_variant",
    )


@pytest.mark.parametrize(("strand", "exons"), [("+", (2, 3)), ("-", (1, 2))])
def test_exons_changed__are_numbered_along_the_transcript(strand: str, exons: tuple[int, int]) -> None:
    assert replace(FORWARD, strand=strand).exons_changed(350, 700) == exons


def test_consequences__a_row_a_transcript_with_exons_and_impact(models) -> None:
    record = deletion()
    table = structural_rows([(record, sieve(models).judge(record))], 0, SAMPLES, "")
    [row] = structural_consequences(table, models)
    assert (row["gene"], row["impact"], row["exon"], row["exon_last"], row["exons"]) == ("AAA", "HIGH", 2, 2, 3)


# --- the comp-het engine

TRIO = Family(
    "F", (Member("kid", Sex.MALE, True, "dad", "mum"), Member("dad", Sex.MALE, False), Member("mum", Sex.FEMALE, False))
)
ALONE = Family("F", (Member("kid", Sex.MALE, True),))


def hits_of(models, family: Family, structural: Record, snv: tuple[tuple[int, int], ...], position: int = 12_050) -> list[dict]:
    """Hits of a deletion and one missense change with these genotypes in family order."""
    samples = family.samples
    n = len(samples)
    count = [g.count(1) for g in snv]
    small = columns.frame(
        "variants",
        {
            **columns.small_variants(1, n),
            "variant": [0],
            "chrom": ["chr1"],
            "position": [position],
            "ref": ["A"],
            "alt": ["C"],
            "qual": [50.0],
            "filters": ["PASS"],
            "allele_frequency": [math.nan],
            "homozygotes": [-1],
            "hemizygotes": [-1],
            "kept_by": [1],
            "genotype": [[list(g) for g in snv]],
            "is_phased": [[False] * n],
            "phase_set": [[-1] * n],
            "depth": [[30] * n],
            "ref_depth": [[30 - 15 * c for c in count]],
            "alt_depth": [[15 * c for c in count]],
            "genotype_quality": [[60] * n],
            **{name: [""] for name in ("frequency_source", "clinvar_significance", "quality_rule")},
        },
        samples,
    )
    large = structural_rows([(structural, sieve(models).judge(structural))], 1, samples, "")
    variants = pl.concat([small, large.with_columns(quality_rule=pl.lit(""))])
    words = {name: [""] for name in ("refseq", "amino_acids", "joined_with")}
    missense = {
        "variant": [0],
        "gene_id": ["ENSG1"],
        "gene": ["AAA"],
        "transcript": ["ENST1"],
        "is_mane_select": [True],
        "strand": ["+"],
    }
    missense |= {"terms": ["missense_variant"], "impact": ["MODERATE"], "exon": [2], "exon_last": [2], "exons": [3], **words}
    rows = structural_consequences(large, models)
    effects = pl.concat(
        [columns.frame("consequences", missense), columns.frame("consequences", {k: [r[k] for r in rows] for k in rows[0]})]
    )
    texts = ("clinvar_id", "clinvar_text", "clinvar_review", "clinvar_conditions", "clinvar_gene")
    notes = columns.frame("annotations", {"variant": [0, 1], "clinvar_stars": [-1] * 2, **{name: [""] * 2 for name in texts}})
    rules = GeneRules({"ENSG1": (ModeOfInheritance.BIALLELIC,)})
    return list(find_hits(Case("F", family), BUILD, variants, effects, notes, rules).hits.iter_rows(named=True))


def compound(hits: list[dict]) -> dict:
    return next(hit for hit in hits if hit["model"] == "recessive_compound")


def test_comphet__homozygous_call_under_a_deletion_is_in_trans_by_the_parents(models) -> None:
    """The child has the deletion of the father and the mother's change, which looks homozygous: no isodisomy, no error."""
    hits = hits_of(models, TRIO, deletion(), (HOM, REF, HET))
    assert compound(hits)["phase"] == "trans_by_parent"
    assert compound(hits)["explains_affected"]
    assert "hemizygous" in compound(hits)["notes"]
    assert {hit["model"] for hit in hits} == {"recessive_compound"}


def test_comphet__the_same_call_without_the_deletion_is_isodisomy(models) -> None:
    beside = deletion(19_100, 19_200)
    hits = hits_of(models, TRIO, beside, (HOM, REF, HET))
    assert "recessive_isodisomy" in {hit["model"] for hit in hits}
    assert "recessive_compound" not in {hit["model"] for hit in hits}


def test_comphet__without_parents_the_deletion_itself_shows_trans(models) -> None:
    hits = hits_of(models, ALONE, deletion(calls=(call(),)), (HOM,))
    assert compound(hits)["phase"] == "trans_by_read"


def test_comphet__beside_the_deletion_phase_is_the_parents(models) -> None:
    from_mother = hits_of(models, TRIO, deletion(), (HET, REF, HET), 10_150)
    from_father = hits_of(models, TRIO, deletion(), (HET, HET, REF), 10_150)
    assert compound(from_mother)["phase"] == "trans_by_parent"
    assert "recessive_compound" not in {hit["model"] for hit in from_father}
    alone = hits_of(models, ALONE, deletion(calls=(call(),)), (HET,), 10_150)
    assert compound(alone)["phase"] == "unknown"


@pytest.mark.parametrize(
    ("father", "confidence"),
    [
        (reference_call(), "high"),
        (replace(reference_call(), alt_splits=2), "low"),
        (reference_call(19), "low"),
        (Call(REF, 60, 2), "high"),
    ],
)
def test_de_novo__deletion_by_the_parents_reads_or_depth(models, father: Call, confidence: str) -> None:
    rules = GeneRules({"ENSG1": (ModeOfInheritance.MONOALLELIC,)})
    assert rules
    record = deletion(calls=(call(), father, reference_call()), callers=("delly", "depth"))
    hits = hits_of(models, TRIO, record, (REF, REF, REF))
    [new] = [hit for hit in hits if hit["model"] == "de_novo"]
    assert new["de_novo_confidence"] == confidence


def test_de_novo__missing_parent_is_never_reference(models) -> None:
    hits = hits_of(models, TRIO, deletion(calls=(call(), Call(), reference_call())), (REF, REF, REF))
    assert "de_novo" not in {hit["model"] for hit in hits}
    assert {hit["model"]: hit["is_incomplete"] for hit in hits}["dominant_unknown_origin"]


def test_genotype_of_relatives__hemizygous_carrier_counts_one_copy(models) -> None:
    """A healthy father with the deletion and the change on his other copy has both: the pair explains nothing."""
    both = hits_of(models, TRIO, deletion(), (HOM, HOM, HET))
    assert not compound(both)["explains_affected"]
    assert np.isin("recessive_compound", [hit["model"] for hit in both])
