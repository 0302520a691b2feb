"""The inheritance stage: hits and ledger of small families, rule by rule, each limit by a pair that differs in one value."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("NUMBA_CACHE_DIR", tempfile.mkdtemp(prefix="numba-"))
os.environ.setdefault("NUMBA_BOUNDSCHECK", "1")

import numpy as np
import polars as pl
import pytest

from neotriage import columns
from neotriage.case import Case, write_case
from neotriage.errors import FormatError, InputError
from neotriage.genome import read_build
from neotriage.inheritance import Inheritance, find_hits, run_inheritance
from neotriage.inheritance.compound import PAIR_LIMIT
from neotriage.inheritance.genes import GeneRules, read_gene_rules
from neotriage.panels import ModeOfInheritance
from neotriage.pedigree import Family, Member, Sex
from neotriage.schema import ClinvarSignificance, Impact, KeptBy, Model

BUILD = read_build("GRCh38")
GOOD = {"depth": 30, "genotype_quality": 60, "phase_set": -1}
AR, AD = ModeOfInheritance.BIALLELIC, ModeOfInheritance.MONOALLELIC


def family(*others: Member, sex: Sex = Sex.MALE, father: bool | None = False, mother: bool | None = False) -> Family:
    return Family(
        "F",
        (
            Member("kid", sex, True, "dad", "mum"),
            Member("dad", Sex.MALE, father),
            Member("mum", Sex.FEMALE, mother),
            *others,
        ),
    )


TRIO = family()
GIRL = family(sex=Sex.FEMALE)
SINGLETON = Family("F", (Member("kid", Sex.MALE, True),))
GIRL_ALONE = Family("F", (Member("kid", Sex.FEMALE, True),))
DUO = Family("F", (Member("kid", Sex.MALE, True, None, "mum"), Member("mum", Sex.FEMALE, False)))


def sibling(name: str, is_affected: bool | None, sex: Sex = Sex.FEMALE) -> Member:
    return Member(name, sex, is_affected, "dad", "mum")


@dataclass
class Site:
    """One variant. `calls` are genotypes as in a VCF, in family order; reads and quality follow from them unless given."""

    calls: str
    chrom: str = "chr1"
    position: int = 1_000_000
    gene: str = "GENE"
    terms: str = "missense_variant"
    impact: Impact = Impact.MODERATE
    frequency: float = float("nan")
    clinvar: str = ""
    kept_by: KeptBy = KeptBy.RARE
    quality_rule: str = ""
    clinvar_gene: str = ""
    sample_values: dict[str, list[int]] = field(default_factory=dict)


def genotype(text: str) -> tuple[list[int], bool]:
    codes = [-1 if c == "." else int(c) for c in text.replace("|", "/").split("/")]
    return [*codes, -2][:2], "|" in text


def reads(codes: list[int]) -> tuple[int, int]:
    alleles = [c for c in codes if c != -2]
    alt = round(30 * sum(c == 1 for c in alleles) / len(alleles))
    return 30 - alt, alt


def table(sites: list[Site], samples: tuple[str, ...]) -> pl.DataFrame:
    calls = [[genotype(text) for text in site.calls.split()] for site in sites]
    for row in calls:
        assert len(row) == len(samples)
    values: dict[str, Any] = {
        "variant": np.arange(len(sites)),
        **columns.small_variants(len(sites), len(samples)),
        "chrom": [s.chrom for s in sites],
        "position": [s.position + n for n, s in enumerate(sites)],
        "ref": ["A"] * len(sites),
        "alt": ["C"] * len(sites),
        "qual": [50.0] * len(sites),
        "filters": ["PASS"] * len(sites),
        "allele_frequency": [s.frequency for s in sites],
        "frequency_source": [""] * len(sites),
        "homozygotes": [-1] * len(sites),
        "hemizygotes": [-1] * len(sites),
        "clinvar_significance": [s.clinvar for s in sites],
        "kept_by": [int(s.kept_by) for s in sites],
        "quality_rule": [s.quality_rule for s in sites],
        "genotype": [[g for g, _ in row] for row in calls],
        "is_phased": [[p for _, p in row] for row in calls],
        "ref_depth": [[reads(g)[0] for g, _ in row] for row in calls],
        "alt_depth": [[reads(g)[1] for g, _ in row] for row in calls],
        **{name: [[value] * len(samples) for _ in sites] for name, value in GOOD.items()},
    }
    for n, site in enumerate(sites):
        for name, given in site.sample_values.items():
            values[name][n] = given
    return columns.frame("variants", values, samples)


def consequences(sites: list[Site]) -> pl.DataFrame:
    rows = [(n, gene, s) for n, s in enumerate(sites) for gene in s.gene.split("+") if gene]
    return columns.frame(
        "consequences",
        {
            "variant": [n for n, _, _ in rows],
            "gene_id": [f"ENSG_{gene}" for _, gene, _ in rows],
            "gene": [gene for _, gene, _ in rows],
            "transcript": [f"ENST_{gene}" for _, gene, _ in rows],
            "refseq": [""] * len(rows),
            "is_mane_select": [True] * len(rows),
            "strand": ["+"] * len(rows),
            "terms": [s.terms for _, _, s in rows],
            "impact": [s.impact.value for _, _, s in rows],
            "amino_acids": [""] * len(rows),
            "exon": [1] * len(rows),
            "exon_last": [1] * len(rows),
            "exons": [2] * len(rows),
            "joined_with": [""] * len(rows),
        },
    )


def annotations(sites: list[Site]) -> pl.DataFrame:
    none = [""] * len(sites)
    return columns.frame(
        "annotations",
        {
            "variant": np.arange(len(sites)),
            "clinvar_id": none,
            "clinvar_text": none,
            "clinvar_review": none,
            "clinvar_stars": [-1] * len(sites),
            "clinvar_conditions": none,
            "clinvar_gene": [s.clinvar_gene for s in sites],
        },
    )


def rules(**modes: ModeOfInheritance) -> GeneRules:
    return GeneRules(modes_by_symbol={gene: [mode] for gene, mode in modes.items()})


RECESSIVE = rules(GENE=AR)


def find(the_family: Family, *sites: Site, gene_rules: GeneRules = RECESSIVE, seen: pl.DataFrame | None = None) -> Inheritance:
    given = list(sites)
    case = Case("case", the_family)
    variants = table(given, the_family.samples)
    return find_hits(case, BUILD, variants, consequences(given), annotations(given), gene_rules, seen)


def reread(origins: list[str], phase_set: list[int], haplotype: list[int], samples: tuple[str, ...]) -> pl.DataFrame:
    """A `reread` table with words for each origin."""
    n = len(origins)
    none = np.full((n, len(samples)), -1)
    return columns.frame(
        "reread",
        {
            "variant": np.arange(n),
            "origin": origins,
            **dict.fromkeys(("p_de_novo", "p_mosaic_parent", "p_inherited", "p_artefact"), [np.nan] * n),
            **dict.fromkeys(("fragments", "alt_fragments", "alt_reverse", "alt_neighbours", "alt_phred"), none),
            "parent_of_origin": [""] * n,
            "phase_set": phase_set,
            "haplotype": haplotype,
            "phase_fragments": [0] * n,
            "words": [f"seen: {origin}" if origin else "" for origin in origins],
        },
        samples,
    )


def models(found: Inheritance) -> list[str]:
    return found.hits["model"].to_list()


def hit(found: Inheritance, model: Model) -> dict[str, Any]:
    rows = found.hits.filter(pl.col("model") == model.value).to_dicts()
    assert len(rows) == 1, models(found)
    return rows[0]


def fate(found: Inheritance, row: int = 0) -> tuple[str, str]:
    return found.ledger.select("outcome", "rule").row(row)


# --- large deletions of the mitochondrion ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "chrom", "genes"), [(51, "chrM", ["mtDNA"]), (50, "chrM", []), (51, "chr1", [])])
def test_mitochondrial_deletion__from_50_bp_once_whatever_its_genes(length: int, chrom: str, genes: list[str]):
    terms = {"terms": "non_coding_transcript_variant", "impact": Impact.MODIFIER}
    sites = [Site("0/1 0/0 0/1", chrom=chrom, position=8481, gene="MT-ATP8+MT-ATP6", **terms)]
    variants = table(sites, TRIO.samples).with_columns(ref=pl.lit("A" * length))
    found = find_hits(Case("case", TRIO), BUILD, variants, consequences(sites), annotations(sites), RECESSIVE)
    assert found.hits["gene"].to_list() == genes
    assert models(found) == ["mitochondrial"] * len(genes)


# --- the reads, looked at again ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "depth", "confidence"),
    [
        ("de_novo", 30, "high"),
        ("de_novo", 7, "high"),
        ("mosaic_parent", 30, "low"),
        ("inherited", 30, "low"),
        ("artefact", 30, "low"),
        ("unclear", 30, "low"),
        ("not_looked_at", 30, "high"),
        ("not_looked_at", 7, "low"),
        ("", 30, "high"),
    ],
)
def test_reread__verdict_decides_where_there_is_one(origin: str, depth: int, confidence: str):
    site = Site("0/1 0/0 0/0", sample_values={"depth": [30, depth, 30]})
    row = hit(find(TRIO, site, seen=reread([origin], [-1], [-1], TRIO.samples)), Model.DE_NOVO)
    assert row["de_novo_confidence"] == confidence
    assert (f"seen: {origin}" in row["notes"]) == bool(origin)


def test_reread__verdict_does_not_mend_the_babys_own_call():
    site = Site("0/1 0/0 0/0", quality_rule="allele_balance")
    row = hit(find(TRIO, site, seen=reread(["de_novo"], [-1], [-1], TRIO.samples)), Model.DE_NOVO)
    assert row["de_novo_confidence"] == "low"


@pytest.mark.parametrize(("haplotype", "phase"), [([0, 1], "trans_by_read"), ([1, 1], None), ([0, -1], "unknown")])
def test_reread__phase_of_two_that_the_parents_leave_open(haplotype: list[int], phase: str | None):
    sets = [2_000_000_000 if side >= 0 else -1 for side in haplotype]
    both = [Site("0/1 0/1 0/1"), Site("0/1 0/0 0/0")]
    found = find(TRIO, *both, seen=reread(["", "de_novo"], sets, haplotype, TRIO.samples))
    pairs = found.hits.filter(pl.col("model") == Model.RECESSIVE_COMPOUND.value)
    assert pairs["phase"].to_list() == ([phase] if phase else [])


# --- de novo -------------------------------------------------------------------------------------------------------------


def test_de_novo__well_covered_parents():
    row = hit(find(TRIO, Site("0/1 0/0 0/0")), Model.DE_NOVO)
    assert row["de_novo_confidence"] == "high"
    assert row["explains_affected"]
    assert not row["is_incomplete"]
    assert row["notes"] == ""


@pytest.mark.parametrize(
    ("column", "good", "bad", "words"),
    [
        ("depth", [30, 8, 30], [30, 7, 30], "father's depth 7 is below 8"),
        ("depth", [30, 30, 8], [30, 30, -1], "mother's depth is missing"),
        ("genotype_quality", [60, 60, 20], [60, 60, 19], "mother's genotype quality 19 is below 20"),
        ("alt_depth", [15, 1, 0], [15, 1, 1], "2 reads of the parents have the allele"),
        ("alt_depth", [15, 1, 0], [15, 1, -1], "mother's alternate reads are not given"),
    ],
)
def test_de_novo__each_limit_on_the_parents(column, good, bad, words):
    high = hit(find(TRIO, Site("0/1 0/0 0/0", sample_values={column: good})), Model.DE_NOVO)
    low = hit(find(TRIO, Site("0/1 0/0 0/0", sample_values={column: bad})), Model.DE_NOVO)
    assert (high["de_novo_confidence"], low["de_novo_confidence"]) == ("high", "low")
    assert words in low["notes"]


def test_de_novo__parent_with_another_allele():
    row = hit(find(TRIO, Site("0/1 0/2 0/0")), Model.DE_NOVO)
    assert row["de_novo_confidence"] == "low"
    assert "the father has another alternate allele here" in row["notes"]


def test_de_novo__probands_call_fails_a_quality_rule():
    site = Site("0/1 0/0 0/0", clinvar="pathogenic", kept_by=KeptBy.CLINVAR, quality_rule="depth")
    row = hit(find(TRIO, site), Model.DE_NOVO)
    assert row["de_novo_confidence"] == "low"
    assert "the proband's call fails depth" in row["notes"]


@pytest.mark.parametrize("calls", ["0/1 ./. 0/0", "0/1 0/0 ./.", "0/1 0/. 0/0", "0/1 0 0/0"])
def test_de_novo__never_with_a_missing_parent(calls):
    found = find(TRIO, Site(calls))
    assert Model.DE_NOVO not in models(found)
    row = hit(found, Model.DOMINANT_UNKNOWN)
    assert row["is_incomplete"]
    assert "no certain call of the" in row["notes"]


@pytest.mark.parametrize("the_family", [SINGLETON, DUO])
def test_de_novo__never_without_both_parents(the_family):
    found = find(the_family, Site(" ".join(["0/1", "0/0"][: len(the_family.members)])))
    assert Model.DE_NOVO not in models(found)
    row = hit(found, Model.DOMINANT_UNKNOWN)
    assert row["is_incomplete"]
    assert "father not sequenced" in row["notes"]


def test_de_novo__homozygous_child_of_reference_parents():
    found = find(TRIO, Site("1/1 0/0 0/0"))
    assert models(found) == [Model.DE_NOVO, Model.RECESSIVE_HOMOZYGOUS]
    assert hit(found, Model.DE_NOVO)["de_novo_confidence"] == "low"
    assert "the parents' calls cannot give this genotype" in hit(found, Model.RECESSIVE_HOMOZYGOUS)["notes"]


def test_de_novo__mosaic_proband():
    row = hit(find(TRIO, Site("0/1 0/0 0/0", sample_values={"ref_depth": [27, 30, 30], "alt_depth": [3, 0, 0]})), Model.DE_NOVO)
    assert "allele in 10 % of reads: mosaic or artefact" in row["notes"]


def test_de_novo__twin_probands():
    twins = family(sibling("twin", True, Sex.MALE))
    both = hit(find(twins, Site("0/1 0/0 0/0 0/1")), Model.DE_NOVO)
    one = hit(find(twins, Site("0/1 0/0 0/0 0/0")), Model.DE_NOVO)
    assert both["explains_affected"]
    assert "a relative other than the parents carries it too" in both["notes"]
    assert not one["explains_affected"]
    assert "an affected relative does not have it" in one["notes"]


# --- dominant ------------------------------------------------------------------------------------------------------------


def test_dominant__from_an_affected_parent():
    row = hit(find(family(mother=True), Site("0/1 0/0 0/1"), gene_rules=rules(GENE=AD)), Model.DOMINANT_INHERITED)
    assert row["explains_affected"]
    assert not row["is_incomplete"]


def test_dominant__from_an_unaffected_parent_goes_to_the_ledger():
    found = find(TRIO, Site("0/1 0/0 0/1"), gene_rules=rules(GENE=AD))
    assert models(found) == []
    assert fate(found) == ("dropped", "unaffected_parent")


def test_dominant__incomplete_penetrance_by_gene():
    gene_rules = GeneRules({}, {"GENE": [AD]}, {}, {"GENE": "GeneReviews, Example"})
    row = hit(find(TRIO, Site("0/1 0/0 0/1"), gene_rules=gene_rules), Model.DOMINANT_INHERITED)
    assert row["explains_affected"]
    assert "penetrance is incomplete (GeneReviews, Example)" in row["notes"]


def test_dominant__incomplete_penetrance_by_clinvar():
    site = Site("0/1 0/0 0/1", clinvar="pathogenic_low_penetrance", kept_by=KeptBy.CLINVAR)
    row = hit(find(TRIO, site, gene_rules=rules(GENE=AD)), Model.DOMINANT_INHERITED)
    assert row["explains_affected"]
    assert "penetrance is incomplete (ClinVar" in row["notes"]


def test_dominant__known_pathogenic_from_an_unaffected_parent_is_not_lost():
    site = Site("0/1 0/0 0/1", clinvar="pathogenic", kept_by=KeptBy.RARE | KeptBy.CLINVAR)
    row = hit(find(TRIO, site, gene_rules=rules(GENE=AD)), Model.DOMINANT_INHERITED)
    assert not row["explains_affected"]
    assert "an unaffected relative has it" in row["notes"]


def test_dominant__parent_of_unknown_status_constrains_nothing():
    row = hit(find(family(mother=None), Site("0/1 0/0 0/1")), Model.DOMINANT_INHERITED)
    assert row["explains_affected"]
    assert "not known to be affected" in row["notes"]


def test_dominant__unaffected_sibling_carries():
    quad = family(sibling("sister", False), mother=True)
    carrier = hit(find(quad, Site("0/1 0/0 0/1 0/1")), Model.DOMINANT_INHERITED)
    free = hit(find(quad, Site("0/1 0/0 0/1 0/0")), Model.DOMINANT_INHERITED)
    assert (carrier["explains_affected"], free["explains_affected"]) == (False, True)


# --- imprinted -----------------------------------------------------------------------------------------------------------

MATERNALLY = rules(GENE=ModeOfInheritance.MONOALLELIC_MATERNALLY_IMPRINTED)
PATERNALLY = rules(GENE=ModeOfInheritance.MONOALLELIC_PATERNALLY_IMPRINTED)


def test_imprinted__paternal_allele_of_a_maternally_imprinted_gene():
    row = hit(find(TRIO, Site("0/1 0/1 0/0"), gene_rules=MATERNALLY), Model.IMPRINTED_PATERNAL)
    assert row["explains_affected"]
    assert not row["is_incomplete"]


def test_imprinted__silent_parents_allele():
    found = find(TRIO, Site("0/1 0/0 0/1"), gene_rules=MATERNALLY)
    assert models(found) == []
    assert fate(found) == ("dropped", "silent_parent")


def test_imprinted__maternal_allele_of_a_paternally_imprinted_gene():
    assert hit(find(TRIO, Site("0/1 0/0 0/1"), gene_rules=PATERNALLY), Model.IMPRINTED_MATERNAL)["explains_affected"]


def test_imprinted__not_without_a_source():
    assert models(find(TRIO, Site("0/1 0/1 0/0"), gene_rules=rules(GENE=AD))) == []


def test_imprinted__father_missing_weakens():
    row = hit(find(DUO, Site("0/1 0/0"), gene_rules=MATERNALLY), Model.IMPRINTED_PATERNAL)
    assert row["is_incomplete"]
    assert "father not sequenced" in row["notes"]


# --- recessive -----------------------------------------------------------------------------------------------------------


def test_recessive__homozygous_child_of_carriers():
    found = find(TRIO, Site("1/1 0/1 0/1"))
    assert models(found) == [Model.RECESSIVE_HOMOZYGOUS]
    assert hit(found, Model.RECESSIVE_HOMOZYGOUS)["explains_affected"]


@pytest.mark.parametrize(("sister", "explains"), [("1/1", False), ("0/1", True), ("./.", True), ("./1", True)])
def test_recessive__unaffected_sister(sister, explains):
    quad = family(sibling("sister", False))
    assert hit(find(quad, Site(f"1/1 0/1 0/1 {sister}")), Model.RECESSIVE_HOMOZYGOUS)["explains_affected"] is explains


@pytest.mark.parametrize(("sister", "explains"), [("1/1", True), ("0/1", False), ("./.", True)])
def test_recessive__affected_sister(sister, explains):
    quad = family(sibling("sister", True))
    assert hit(find(quad, Site(f"1/1 0/1 0/1 {sister}")), Model.RECESSIVE_HOMOZYGOUS)["explains_affected"] is explains


def test_recessive__isodisomy_is_not_de_novo():
    found = find(TRIO, Site("1/1 0/1 0/0"))
    assert models(found) == [Model.RECESSIVE_ISODISOMY]
    row = hit(found, Model.RECESSIVE_ISODISOMY)
    assert row["notes"] == "one parent does not carry it: isodisomy, deletion in trans, or miscalled"
    assert row["de_novo_confidence"] == "not_applicable"


def test_recessive__weak_reference_parent_is_no_isodisomy():
    found = find(TRIO, Site("1/1 0/1 0/0", sample_values={"depth": [30, 30, 7]}))
    row = hit(found, Model.RECESSIVE_HOMOZYGOUS)
    assert row["is_incomplete"]
    assert "on weak evidence" in row["notes"]


def test_recessive__missing_parent():
    row = hit(find(DUO, Site("1/1 0/1")), Model.RECESSIVE_HOMOZYGOUS)
    assert row["is_incomplete"]
    assert "father not sequenced" in row["notes"]


def test_recessive__haploid_call_on_an_autosome():
    found = find(TRIO, Site("1 0/1 0/0"))
    row = hit(found, Model.RECESSIVE_SINGLE)
    assert row["is_incomplete"]
    assert "haploid call where two copies are expected" in row["notes"]


@pytest.mark.parametrize(
    ("gene_rules", "clinvar", "is_hit"),
    [
        (rules(GENE=AR), "", True),
        (rules(GENE=ModeOfInheritance.BOTH), "", True),
        (rules(GENE=ModeOfInheritance.UNKNOWN), "", True),
        (rules(GENE=AD), "", False),
        (rules(OTHER=AR), "", False),
        (rules(OTHER=AR), "pathogenic", True),
        (rules(OTHER=AR), "conflicting", False),
    ],
)
def test_recessive__single_hit_by_the_panels_mode(gene_rules, clinvar, is_hit):
    found = find(TRIO, Site("0/1 0/0 0/1", clinvar=clinvar), gene_rules=gene_rules)
    assert models(found) == ([Model.RECESSIVE_SINGLE] if is_hit else [])


# --- compound ------------------------------------------------------------------------------------------------------------


def pair(the_family: Family, first: str, second: str, **values: Any) -> Inheritance:
    return find(the_family, Site(first, **values), Site(second, **values))


def test_compound__trans_by_parent():
    found = pair(TRIO, "0/1 0/1 0/0", "0/1 0/0 0/1")
    assert models(found) == [Model.RECESSIVE_COMPOUND]
    row = hit(found, Model.RECESSIVE_COMPOUND)
    assert (row["variant_a"], row["variant_b"], row["phase"]) == (0, 1, "trans_by_parent")
    assert row["explains_affected"]
    assert not row["is_incomplete"]
    assert row["notes"] == ""


def test_compound__cis_makes_no_hit():
    found = pair(TRIO, "0/1 0/1 0/0", "0/1 0/1 0/0")
    assert models(found) == [Model.RECESSIVE_SINGLE] * 2
    assert "another altered allele of the gene is in cis" in found.hits["notes"][0]
    assert [fate(found, n) for n in range(4)] == [("kept", ""), ("dropped", "cis")] * 2


def test_compound__cis_in_a_gene_of_no_panel():
    found = find(TRIO, Site("0/1 0/1 0/0"), Site("0/1 0/1 0/0"), gene_rules=GeneRules())
    assert models(found) == []
    assert set(found.ledger["rule"]) == {"cis", "unaffected_parent"}


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("0/1 0/1 0/1", "0/1 0/0 0/1", "both parents carry one of the two"),
        ("0/1 0/1 ./.", "0/1 0/0 0/1", "a parent's call is missing"),
        ("0/1 0/0 0/0", "0/1 0/0 0/1", "one of the two is not in the parents"),
    ],
)
def test_compound__phase_unknown(first, second, words):
    row = hit(pair(TRIO, first, second), Model.RECESSIVE_COMPOUND)
    assert row["phase"] == "unknown"
    assert words in row["notes"]
    assert row["is_incomplete"] is ("missing" in words)


def test_compound__unaffected_parent_with_both():
    row = hit(pair(TRIO, "0/1 0/1 0/1", "0/1 0/1 0/0"), Model.RECESSIVE_COMPOUND)
    assert not row["explains_affected"]
    assert "an unaffected relative has both" in row["notes"]


def test_compound__neither_parent_has_either():
    row = hit(pair(TRIO, "0/1 0/0 0/0", "0/1 0/0 0/0"), Model.RECESSIVE_COMPOUND)
    assert row["phase"] == "unknown"


@pytest.mark.parametrize(("the_family", "n"), [(SINGLETON, 1), (DUO, 2)])
def test_compound__missing_parents_weaken(the_family, n):
    calls = " ".join(["0/1", "0/1"][:n]), " ".join(["0/1", "0/0"][:n])
    row = hit(pair(the_family, *calls), Model.RECESSIVE_COMPOUND)
    assert (row["phase"], row["is_incomplete"]) == ("unknown", True)


@pytest.mark.parametrize(
    ("second", "sets", "phase"),
    [("1|0", 5, "trans_by_read"), ("0|1", 5, "cis"), ("1|0", 6, "unknown"), ("1|0", -1, "unknown"), ("1/0", 5, "unknown")],
)
def test_compound__phase_by_read(second, sets, phase):
    found = find(
        SINGLETON,
        Site("0|1", sample_values={"phase_set": [5]}),
        Site(second, sample_values={"phase_set": [sets]}),
    )
    if phase == "cis":
        assert Model.RECESSIVE_COMPOUND not in models(found)
        assert ("dropped", "cis") in found.ledger.select("outcome", "rule").rows()
        return
    row = hit(found, Model.RECESSIVE_COMPOUND)
    assert (row["phase"], row["is_incomplete"]) == (phase, phase == "unknown")


def test_compound__reads_against_parents_are_noted():
    phased = {"phase_set": [5, -1, -1]}
    row = hit(
        find(TRIO, Site("0|1 0/1 0/0", sample_values=phased), Site("0|1 0/0 0/1", sample_values=phased)),
        Model.RECESSIVE_COMPOUND,
    )
    assert row["phase"] == "trans_by_parent"
    assert "the reads place both on one haplotype" in row["notes"]


def test_compound__parent_called_reference_on_few_reads():
    found = find(TRIO, Site("0/1 0/1 0/0", sample_values={"depth": [30, 30, 4]}), Site("0/1 0/0 0/1"))
    assert "a parent is called without the allele on weak evidence" in hit(found, Model.RECESSIVE_COMPOUND)["notes"]


@pytest.mark.parametrize(
    ("status", "sister", "explains"),
    [
        (False, ("0/1", "0/1"), False),
        (False, ("0/1", "0/0"), True),
        (False, ("0/1", "./."), True),
        (True, ("0/1", "0/1"), True),
        (True, ("0/1", "0/0"), False),
        (True, ("0/1", "./."), True),
        (None, ("0/1", "0/1"), True),
    ],
)
def test_compound__siblings(status, sister, explains):
    found = pair(family(sibling("sister", status)), f"0/1 0/1 0/0 {sister[0]}", f"0/1 0/0 0/1 {sister[1]}")
    assert hit(found, Model.RECESSIVE_COMPOUND)["explains_affected"] is explains


def test_compound__other_genes_do_not_pair():
    found = find(TRIO, Site("0/1 0/1 0/0", gene="ONE"), Site("0/1 0/0 0/1", gene="TWO"))
    assert Model.RECESSIVE_COMPOUND not in models(found)


def test_compound__variant_in_two_genes_pairs_in_each():
    found = find(TRIO, Site("0/1 0/1 0/0", gene="ONE+TWO"), Site("0/1 0/0 0/1", gene="TWO"))
    assert hit(found, Model.RECESSIVE_COMPOUND)["gene"] == "TWO"


def test_compound__homozygous_is_a_hit_of_its_own():
    found = find(TRIO, Site("1/1 0/1 0/1"), Site("0/1 0/1 0/0"))
    assert models(found) == [Model.RECESSIVE_HOMOZYGOUS, Model.RECESSIVE_SINGLE]


@pytest.mark.parametrize("frequency", [0.01, 0.0101])
def test_compound__frequency_of_a_side(frequency):
    found = find(TRIO, Site("0/1 0/1 0/0", frequency=frequency), Site("0/1 0/0 0/1"))
    assert (Model.RECESSIVE_COMPOUND in models(found)) is (frequency == 0.01)


def test_compound__side_with_every_partner_in_cis_stands_alone():
    """The first is in cis with the second by read and with the third by parent; the second and third may be in trans."""
    phased = {"phase_set": [5, -1, -1]}
    found = find(
        TRIO,
        Site("0|1 0/1 0/0", sample_values=phased),
        Site("0|1 0/1 0/1", sample_values=phased),
        Site("0/1 0/1 0/0"),
    )
    assert found.hits.select("variant_a", "variant_b", "model").rows() == [
        (0, -1, Model.RECESSIVE_SINGLE),
        (1, 2, Model.RECESSIVE_COMPOUND),
    ]
    assert fate(found, 1) == ("dropped", "cis")


def test_compound__pairs_beyond_the_limit_are_counted_and_said():
    sites = [Site("0/1 0/1 0/0", frequency=0.0001 * n) for n in range(20)] + [Site("0/1 0/0 0/1") for _ in range(20)]
    found = find(TRIO, *sites)
    hits = found.hits.filter(pl.col("model") == Model.RECESSIVE_COMPOUND.value)
    assert hits.height == PAIR_LIMIT
    assert f"{PAIR_LIMIT} best of 400 possible pairs are listed" in hits["notes"][0]
    line = found.ledger.filter(pl.col("rule") == "pair_limit").row(0, named=True)
    assert (line["value"], line["threshold"], line["outcome"]) == (400, PAIR_LIMIT, "dropped")
    assert Model.RECESSIVE_SINGLE not in models(found)


# --- X, Y, PAR -----------------------------------------------------------------------------------------------------------

ON_X = {"chrom": "chrX", "position": 50_000_000}
IN_PAR = {"chrom": "chrX", "position": 1_000_000}
ON_Y = {"chrom": "chrY", "position": 10_000_000}


@pytest.mark.parametrize("call", ["1", "1/1"])
def test_x__hemizygous_boy_of_a_carrier(call):
    found = find(TRIO, Site(f"{call} 0 0/1", **ON_X))
    assert models(found) == [Model.X_RECESSIVE]
    assert hit(found, Model.X_RECESSIVE)["explains_affected"]


@pytest.mark.parametrize("call", ["1", "1/1"])
def test_x__de_novo_in_a_boy_whatever_the_father(call):
    for father in ("0", "0/0", "./."):
        found = find(TRIO, Site(f"{call} {father} 0/0", **ON_X))
        assert models(found) == [Model.X_DE_NOVO]
        assert hit(found, Model.X_DE_NOVO)["de_novo_confidence"] == "high"


def test_x__boy_without_his_mother():
    row = hit(find(SINGLETON, Site("1", **ON_X)), Model.X_RECESSIVE)
    assert row["is_incomplete"]
    assert "mother not sequenced" in row["notes"]


def test_x__unaffected_brother_and_father():
    quad = family(sibling("brother", False, Sex.MALE))
    assert not hit(find(quad, Site("1 0 0/1 1", **ON_X)), Model.X_RECESSIVE)["explains_affected"]
    assert hit(find(quad, Site("1 0 0/1 0", **ON_X)), Model.X_RECESSIVE)["explains_affected"]
    assert not hit(find(quad, Site("1 1 0/1 0", **ON_X)), Model.X_RECESSIVE)["explains_affected"]


def test_x__heterozygous_boy():
    row = hit(find(TRIO, Site("0/1 0 0/1", **ON_X)), Model.X_RECESSIVE)
    assert row["is_incomplete"]
    assert "heterozygous call where a male has one copy" in row["notes"]


def test_x__girl_from_an_affected_mother():
    row = hit(find(family(sex=Sex.FEMALE, mother=True), Site("0/1 0 0/1", **ON_X)), Model.X_DOMINANT)
    assert row["explains_affected"]


def test_x__girl_from_an_unaffected_mother_is_kept_and_noted():
    row = hit(find(GIRL, Site("0/1 0 0/1", **ON_X)), Model.X_DOMINANT)
    assert not row["explains_affected"]
    assert "X inactivation" in row["notes"]


def test_x__girl_from_an_unaffected_father():
    found = find(GIRL, Site("0/1 1 0/0", **ON_X), gene_rules=rules(GENE=AD))
    assert models(found) == []
    assert fate(found) == ("dropped", "unaffected_parent")


def test_x__compound_girl():
    found = find(GIRL, Site("0/1 1 0/0", **ON_X), Site("0/1 0 0/1", **ON_X))
    row = hit(found, Model.X_COMPOUND)
    assert row["phase"] == "trans_by_parent"
    assert not row["explains_affected"]  # the unaffected father has his only copy altered


def test_x__girl_alone():
    row = hit(find(GIRL_ALONE, Site("0/1", **ON_X)), Model.X_DOMINANT)
    assert row["is_incomplete"]
    assert models(find(GIRL_ALONE, Site("1/1", **ON_X))) == [Model.X_RECESSIVE, Model.X_DOMINANT]


def test_x__sex_not_stated():
    unknown = Family("F", (Member("kid", Sex.UNKNOWN, True),))
    row = hit(find(unknown, Site("1", **ON_X)), Model.X_RECESSIVE)
    assert row["is_incomplete"]
    assert "sex is not stated" in row["notes"]


def test_par__is_autosomal():
    assert models(find(TRIO, Site("0/1 0/0 0/0", **IN_PAR))) == [Model.DE_NOVO, Model.RECESSIVE_SINGLE]
    assert models(find(TRIO, Site("1/1 0/1 0/1", **IN_PAR))) == [Model.RECESSIVE_HOMOZYGOUS]


def test_par__ends_at_its_last_base():
    inside, outside = (Site("0/1 0 0/1", chrom="chrX", position=p) for p in (2_781_478, 2_781_479))
    assert Model.X_RECESSIVE not in models(find(TRIO, inside))
    assert Model.X_RECESSIVE in models(find(TRIO, outside))


@pytest.mark.parametrize("call", ["1", "1/1"])
def test_y__boy(call):
    affected = hit(find(family(father=True), Site(f"{call} 1 .", **ON_Y)), Model.Y_LINKED)
    assert affected["explains_affected"]
    new = hit(find(TRIO, Site(f"{call} 0 .", **ON_Y)), Model.Y_LINKED)
    assert (new["de_novo_confidence"], "not called in the father" in new["notes"]) == ("high", True)
    assert fate(find(TRIO, Site(f"{call} 1 .", **ON_Y))) == ("dropped", "unaffected_parent")
    assert hit(find(SINGLETON, Site(call, **ON_Y)), Model.Y_LINKED)["is_incomplete"]


def test_y__girl():
    row = hit(find(GIRL, Site("0/1 0 0/0", **ON_Y)), Model.Y_LINKED)
    assert row["is_incomplete"]
    assert "call on Y in a female" in row["notes"]


# --- mitochondrion -------------------------------------------------------------------------------------------------------


def mito(calls: str, ref: list[int], alt: list[int], **values: Any) -> Site:
    reads_given = {"ref_depth": ref, "alt_depth": alt, "depth": [r + a for r, a in zip(ref, alt, strict=True)]}
    return Site(calls, chrom="chrM", position=3242, gene="MT-TL1", sample_values=reads_given, **values)


def test_mitochondrial__levels_of_mother_and_child():
    row = hit(find(TRIO, mito("0/1 0/0 0/1", [29, 100, 82], [71, 0, 18])), Model.MITOCHONDRIAL)
    assert row["notes"] == "mother 18 %, child 71 %"
    assert row["explains_affected"]


def test_mitochondrial__father_and_affected_maternal_line():
    father = family(father=True)
    assert hit(find(father, mito("0/1 0/0 0/1", [29, 100, 82], [71, 0, 18])), Model.MITOCHONDRIAL)["explains_affected"]
    mother = family(mother=True)
    assert not hit(find(mother, mito("0/1 0/0 0/0", [29, 100, 100], [71, 0, 0])), Model.MITOCHONDRIAL)["explains_affected"]


@pytest.mark.parametrize(("alt", "is_hit"), [(30, True), (29, False)])
def test_mitochondrial__heteroplasmy_limit(alt, is_hit):
    found = find(SINGLETON, mito("0/1", [1000 - alt], [alt]))
    assert (models(found) == [Model.MITOCHONDRIAL]) is is_hit
    if not is_hit:
        line = found.ledger.row(0, named=True)
        assert (line["rule"], line["threshold"]) == ("heteroplasmy", 0.03)
        assert line["margin"] == pytest.approx(0.001)


@pytest.mark.parametrize(("mother", "explains"), [(95, False), (94, True)])
def test_mitochondrial__homoplasmic_unaffected_mother(mother, explains):
    row = hit(find(TRIO, mito("1/1 0/0 1/1", [0, 100, 100 - mother], [100, 0, mother])), Model.MITOCHONDRIAL)
    assert row["explains_affected"] is explains


def test_mitochondrial__mother_absent_and_reads_not_given():
    row = hit(find(SINGLETON, mito("1", [-1], [-1])), Model.MITOCHONDRIAL)
    assert row["is_incomplete"]
    assert "mother not sequenced" in row["notes"]
    assert "child's level not known" in row["notes"]


# --- caps and gate -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calls", "place", "cap", "model"),
    [
        ("0/1 0/0 0/0", {}, 0.001, Model.DE_NOVO),
        ("1/1 0/1 0/1", {}, 0.01, Model.RECESSIVE_HOMOZYGOUS),
        ("0/1 0/1 0/0", {}, 0.01, Model.RECESSIVE_SINGLE),
        ("1 0 0/1", ON_X, 0.01, Model.X_RECESSIVE),
        ("1 0 0/0", ON_X, 0.001, Model.X_DE_NOVO),
        ("1 0/0 0/1", {"chrom": "chrM", "position": 100}, 0.001, Model.MITOCHONDRIAL),
    ],
)
def test_frequency__cap_of_each_mode(calls, place, cap, model):
    below, above = Site(calls, frequency=cap, **place), Site(calls, frequency=cap * 1.01, **place)
    assert model in models(find(TRIO, below))
    assert model in models(find(TRIO, Site(calls, **place)))
    found = find(TRIO, above)
    assert model not in models(found)
    known = Site(calls, frequency=cap * 1.01, clinvar="likely_pathogenic", kept_by=KeptBy.CLINVAR, **place)
    assert "above the frequency cap" in hit(find(TRIO, known), model)["notes"]


def test_frequency__ledger_has_value_threshold_and_margin():
    line = find(TRIO, Site("1/1 0/1 0/1", frequency=0.03)).ledger.row(0, named=True)
    assert (line["rule"], line["outcome"], line["threshold"]) == ("frequency_of_mode", "dropped", 0.01)
    assert line["value"] == pytest.approx(0.03)
    assert line["margin"] == pytest.approx(0.02)


def test_frequency__kept_for_its_codon_alone_forms_no_hit():
    found = find(TRIO, Site("0/1 0/0 0/0", kept_by=KeptBy.CODING, frequency=0.2))
    assert models(found) == []
    assert fate(found) == ("dropped", "frequency")


@pytest.mark.parametrize(
    ("terms", "impact", "passes"),
    [
        ("stop_gained", Impact.HIGH, True),
        ("missense_variant", Impact.MODERATE, True),
        ("splice_region_variant&intron_variant", Impact.LOW, True),
        ("synonymous_variant", Impact.LOW, False),
        ("intron_variant", Impact.MODIFIER, False),
        ("non_coding_transcript_exon_variant", Impact.MODIFIER, True),
    ],
)
def test_consequence__gate(terms, impact, passes):
    found = find(TRIO, Site("0/1 0/0 0/0", terms=terms, impact=impact))
    assert (Model.DE_NOVO in models(found)) is passes
    assert fate(found) == (("kept", "") if passes else ("dropped", "consequence"))


def test_consequence__non_coding_transcript_of_a_coding_gene():
    exon = Site("0/1 0/0 0/0", terms="non_coding_transcript_exon_variant", impact=Impact.MODIFIER)
    coding = Site("0/1 0/1 0/0", terms="synonymous_variant", impact=Impact.LOW)
    assert fate(find(TRIO, exon, coding)) == ("dropped", "consequence")


def test_consequence__known_pathogenic_passes():
    site = Site("0/1 0/0 0/0", terms="intron_variant", impact=Impact.MODIFIER, clinvar="pathogenic", kept_by=KeptBy.CLINVAR)
    assert hit(find(TRIO, site), Model.DE_NOVO)["explains_affected"]


def test_consequence__known_pathogenic_in_the_gene_clinvar_names():
    site = Site("0/1 0/0 0/0", gene="ONE+TWO", terms="intron_variant", impact=Impact.MODIFIER, clinvar="pathogenic")
    site.clinvar_gene = "TWO"
    assert hit(find(TRIO, site), Model.DE_NOVO)["gene"] == "TWO"


def test_consequence__known_pathogenic_without_a_gene_model():
    site = Site("0/1 0/0 0/0", gene="", clinvar="pathogenic", clinvar_gene="FAR")
    row = hit(find(TRIO, site), Model.DE_NOVO)
    assert (row["gene"], row["gene_id"]) == ("FAR", "")
    assert fate(find(TRIO, Site("0/1 0/0 0/0", gene=""))) == ("dropped", "no_gene_model")


def test_consequence__known_variants_of_no_gene_do_not_pair():
    found = find(TRIO, *[Site(calls, gene="", clinvar="pathogenic") for calls in ("0/1 0/1 0/0", "0/1 0/0 0/1")])
    assert models(found) == [Model.RECESSIVE_SINGLE] * 2


def test_consequence__always_look_list_passes_gate_and_cap():
    site = Site("0/1 0/0 0/0", terms="intron_variant", impact=Impact.MODIFIER, kept_by=KeptBy.ALWAYS_LOOK, frequency=0.2)
    assert "conflict with the always-look list" in hit(find(TRIO, site), Model.DE_NOVO)["notes"]


@pytest.mark.parametrize(("call", "fates"), [("0/0", ("dropped", "no_alternate_in_proband")), ("./.", ("no_call", "no_call"))])
def test_ledger__proband_without_the_allele(call, fates):
    assert fate(find(TRIO, Site(f"{call} 0/1 0/1"))) == fates


# --- table and command ---------------------------------------------------------------------------------------------------


def test_hits__order_and_numbers():
    sites = [Site("1/1 0/1 0/1"), Site("0/1 0/0 0/0"), Site("0/1 0/1 0/0"), Site("0/1 0/0 0/1")]
    hits = find(TRIO, *sites).hits
    assert hits["hit"].to_list() == list(range(hits.height))
    keys = [(a, list(Model).index(Model(m)), b) for a, m, b in hits.select("variant_a", "model", "variant_b").rows()]
    assert keys == sorted(keys)


def test_hits__empty_table():
    found = find(TRIO)
    assert found.hits.equals(columns.empty("hits"))
    assert found.ledger.equals(columns.empty("ledger"))


def test_hits__many_variants_of_one_gene():
    """Time is not asserted; a quadratic step over 100,000 alleles of one gene would not end."""
    n = 200_000
    base = table([Site("0/1 0/1 0/0"), Site("0/1 0/0 0/1", terms="intron_variant", impact=Impact.MODIFIER)], TRIO.samples)
    variants = pl.concat([base] * (n // 2)).with_columns(variant=pl.arange(n, dtype=pl.Int32))
    effects = consequences([Site(""), Site("", terms="intron_variant", impact=Impact.MODIFIER)])
    effects = pl.concat([effects] * (n // 2)).with_columns(variant=pl.arange(n, dtype=pl.Int32))
    notes = pl.concat([annotations([Site("")])] * n).with_columns(variant=pl.arange(n, dtype=pl.Int32))
    found = find_hits(Case("case", TRIO), BUILD, variants, effects, notes, GeneRules())
    assert found.hits.height == 0
    assert found.ledger.height == n + n // 2


def write_inputs(folder: Path, *sites: Site, panels: tuple[str, ...] = ()) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    paths = {name: folder / f"{name}.parquet" for name in ("variants", "consequences", "annotations", "hits", "ledger")}
    paths["case"] = folder / "case.json"
    write_case(Case("case", TRIO, panels=panels), paths["case"])
    given = list(sites)
    columns.write_table(table(given, TRIO.samples), "variants", paths["variants"], TRIO.samples)
    columns.write_table(consequences(given), "consequences", paths["consequences"])
    columns.write_table(annotations(given), "annotations", paths["annotations"])
    return paths


def test_command__same_input_same_bytes(tmp_path):
    outputs = []
    for name in ("one", "two"):
        paths = write_inputs(tmp_path / name, Site("0/1 0/0 0/0"), Site("0/1 0/1 0/0"), Site("0/1 0/0 0/1"))
        command = [sys.executable, "-m", "neotriage", "inheritance"]
        command += [part for key, path in paths.items() for part in (f"--{key}", str(path))]
        subprocess.run(command, check=True)
        outputs.append((paths["hits"].read_bytes(), paths["ledger"].read_bytes()))
    assert outputs[0] == outputs[1]
    assert columns.read_table(paths["hits"], "hits").height > 0


def run(paths: dict[str, Path]) -> None:
    run_inheritance(**paths)


def test_run__other_samples(tmp_path):
    paths = write_inputs(tmp_path, Site("0/1 0/0 0/0"))
    write_case(Case("case", SINGLETON), paths["case"])
    with pytest.raises(FormatError, match=r"its samples are kid, dad, mum, the case's are kid"):
        run(paths)


def test_run__unknown_impact(tmp_path):
    paths = write_inputs(tmp_path, Site("0/1 0/0 0/0"))
    wrong = columns.read_table(paths["consequences"], "consequences").with_columns(impact=pl.lit("SEVERE"))
    columns.write_table(wrong, "consequences", paths["consequences"])
    with pytest.raises(FormatError, match=r"line 1, column impact: unknown word 'SEVERE'"):
        run(paths)


def test_run__variants_out_of_order(tmp_path):
    paths = write_inputs(tmp_path, Site("0/1 0/0 0/0"))
    wrong = columns.read_table(paths["variants"], "variants").with_columns(variant=pl.lit(3, dtype=pl.Int32))
    columns.write_table(wrong, "variants", paths["variants"], TRIO.samples)
    with pytest.raises(FormatError, match="not numbered from 0"):
        run(paths)


def test_run__panel_gives_the_mode(tmp_path):
    panel = tmp_path / "panel.tsv"
    panel.write_text("symbol\tmode_of_inheritance\nGENE\tBIALLELIC, autosomal or pseudoautosomal\n")
    paths = write_inputs(tmp_path, Site("0/1 0/1 0/0"), panels=(str(panel),))
    run(paths)
    assert columns.read_table(paths["hits"], "hits")["model"].to_list() == [Model.RECESSIVE_SINGLE]


def test_gene_rules__panel_by_hgnc_id_alone_needs_gene_models(tmp_path):
    panel = tmp_path / "panel.txt"
    panel.write_text("HGNC:1100\n")
    with pytest.raises(InputError, match=r"HGNC:1100.*--gene-models"):
        read_gene_rules([str(panel)])


def test_gene_rules__lists_of_the_project():
    found = read_gene_rules(())
    assert found.rule("", "UBE3A").silent_parents == {Sex.MALE}
    assert found.rule("", "MAGEL2").silent_parents == {Sex.FEMALE}
    assert found.rule("", "TOR1A").penetrance_source.startswith("GeneReviews")
    assert found.rule("", "JAG1").penetrance_source == ""


def test_places__every_clinvar_word_is_known():
    for word in ClinvarSignificance:
        find(TRIO, Site("0/1 0/0 0/0", clinvar=word.value))
