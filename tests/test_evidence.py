"""Evidence: each published rule with the value that its publication gives, and tables to tables on a small family.

Sources: Tavtigian 2020 (points), Abou Tayoun 2018 (PVS1), ClinGen SVI (PS2/PM6 v1.1, PM3 v1.0, PM2 v1.0), Richards 2015,
Jarvik and Browning 2016 (PP1), Pejaver 2022 and Walker 2023 (predictors), McCormick 2020 (mtDNA).
"""

import gzip
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pysam
import pytest

from neotriage.case import Case, write_case
from neotriage.clinvar import read_clinvar
from neotriage.coding import CodingTranscript, SpliceSite, SpliceSiteKind, translate
from neotriage.columns import frame, read_table, small_variants, write_table
from neotriage.errors import BuildError, FormatError, InputError
from neotriage.evidence import CRITERIA, Facts
from neotriage.evidence.assess import findings_of_hit
from neotriage.evidence.cnv import GAIN, LOSS, CnvKind, cnv_class, gene_count_line, pvs1_points, score_cnv
from neotriage.evidence.facts import Change, GeneKnowledge, KnownVariant, Mode, Partner, ResidueChange, changed_bases, mode_of
from neotriage.evidence.family import bp2, pm3, pm6, pp1, ps2
from neotriage.evidence.gene_knowledge import KnowledgeSources, gene_knowledge, read_constraint, standing_by_gene
from neotriage.evidence.known import ASSERTION_POINTS, clinvar, pm5, ps1
from neotriage.evidence.parentage import Parentage, ParentCheck, check_parentage
from neotriage.evidence.points import Strength, acmg_class
from neotriage.evidence.population import ba1, bs1, bs2, pm2
from neotriage.evidence.predictions import read_predictions
from neotriage.evidence.protein import bp1, bp3, bp4, bp7, pm1, pm4, pp3
from neotriage.evidence.pvs1 import mechanism, null_strength, pvs1
from neotriage.evidence.repeats import tandem_copies
from neotriage.evidence.run import EvidenceFiles, run_evidence
from neotriage.gene_models import read_gene_models
from neotriage.genome import ContigKind, read_build
from neotriage.panels import ModeOfInheritance
from neotriage.pedigree import Member, Sex, check_family
from neotriage.schema import ClinvarSignificance as Sig
from neotriage.schema import CriterionState as State
from neotriage.schema import DeNovoConfidence, Model, Phase
from neotriage.settings import RankSettings, Settings
from neotriage.store.reading import VERSION

NAN = float("nan")
PLUS = CodingTranscript("T+", "G", "chr1", "+", ((100, 200), (300, 400), (500, 600)), ((150, 200), (300, 400), (500, 560)))
# the mirror image of PLUS about base 1000: position p of PLUS is 999 - p here
MINUS = CodingTranscript("T-", "G", "chr1", "-", ((400, 500), (600, 700), (800, 900)), ((440, 500), (600, 700), (800, 850)))
SINGLE = CodingTranscript("T1", "G", "chr1", "+", ((100, 400),), ((100, 400),))
NO_PARENTS = Parentage(ParentCheck.NOT_SEQUENCED, ParentCheck.NOT_SEQUENCED, "not sequenced")
CONFIRMED = Parentage(ParentCheck.CONFIRMED, ParentCheck.CONFIRMED, "both fit")
TOO_FEW = Parentage(ParentCheck.TOO_FEW, ParentCheck.CONFIRMED, "few")
WRONG_FATHER = Parentage(ParentCheck.CONTRADICTED, ParentCheck.CONFIRMED, "father does not fit")


def known(
    change: Change, *, exon: int = 0, sig: Sig = Sig.PATHOGENIC, stars: int = 1, position: int = 1, **more
) -> KnownVariant:
    values = {"residue_change": None, "coding_offset": -1, "ref": "A", "alt": "T", **more}
    return KnownVariant(f"r{position}", position, significance=sig, stars=stars, change=change, exon=exon, **values)


LOF_RECORDS = tuple(known(Change.NONSENSE, exon=i, position=i) for i in range(3))
MANY_MISSENSE = tuple(known(Change.MISSENSE, position=10 + i) for i in range(30))


def facts(**changes) -> Facts:
    base = {
        "chrom": "chr1",
        "position": 310,
        "ref": "C",
        "alt": "T",
        "kind": ContigKind.AUTOSOME,
        "allele_frequency": NAN,
        "frequency_source": "",
        "has_frequency": True,
        "homozygotes": -1,
        "hemizygotes": -1,
        "clinvar_significance": Sig.NONE,
        "clinvar_stars": -1,
        "clinvar_id": "",
        "clinvar_text": "",
        "clinvar_review": "",
        "terms": frozenset({"missense"}),
        "residue_change": None,
        "transcript": PLUS,
        "truncation": None,
        "elongates": False,
        "model": Model.DE_NOVO,
        "phase": Phase.NOT_APPLICABLE,
        "de_novo_confidence": DeNovoConfidence.HIGH,
        "explains_affected": True,
        "parentage": CONFIRMED,
        "family_probability": 1.0,
        "gene": GeneKnowledge(has_clinvar=True, known=LOF_RECORDS),
        "settings": Settings(),
    }
    return Facts(**{**base, **changes})


def test_acmg_class__tavtigian_2020_table():
    expected = {10: "P", 12: "P", 9: "LP", 6: "LP", 5: "VUS", 0: "VUS", -1: "LB", -6: "LB", -7: "B", -16: "B"}
    assert {points: acmg_class(points).value for points in expected} == expected


def test_strength__levels_down():
    assert [Strength.VERY_STRONG.weaker_by(n) for n in range(5)] == [8, 4, 2, 1, 0]


def test_registry__holds_the_28_criteria_of_richards_2015_and_clinvar():
    names = {"PVS1", *(f"PS{i}" for i in range(1, 5)), *(f"PM{i}" for i in range(1, 7)), *(f"PP{i}" for i in range(1, 6))}
    names |= {"BA1", *(f"BS{i}" for i in range(1, 5)), *(f"BP{i}" for i in range(1, 8))}
    assert len(names) == 28
    assert set(CRITERIA) == names | {"CLINVAR"}


# --- geometry


@pytest.mark.parametrize("mirror", [False, True], ids=["plus", "minus"])
def test_transcript__geometry_is_the_same_on_both_strands(mirror):
    transcript = MINUS if mirror else PLUS
    at = (lambda p: 999 - p) if mirror else (lambda p: p)
    assert transcript.residues == 69
    assert [transcript.coding_offset(at(p)) for p in (149, 150, 199, 200, 300, 559, 560)] == [-1, 0, 49, -1, 50, 209, -1]
    assert [transcript.bases_to_last_junction(at(p)) for p in (349, 350, 399, 500)] == [51, 50, 1, 0]
    assert [transcript.exon_of(at(p)) for p in (120, 300, 250, 599)] == [0, 1, -1, 2]
    assert transcript.bases_to_exon_edge(at(399)) == (100, 1)
    assert transcript.coding_positions(49, 2) == (at(199), at(300))


def test_transcript__canonical_splice_sites_are_two_bases_each_side():
    donors = [p for p in range(190, 320) if PLUS.splice_site(p, p + 1) == SpliceSite(SpliceSiteKind.DONOR, 0)]
    acceptors = [p for p in range(190, 320) if PLUS.splice_site(p, p + 1) == SpliceSite(SpliceSiteKind.ACCEPTOR, 1)]
    assert (donors, acceptors) == ([200, 201], [298, 299])
    assert PLUS.splice_site(98, 100) is None
    assert PLUS.splice_site(600, 602) is None
    assert MINUS.splice_site(798, 800) == SpliceSite(SpliceSiteKind.DONOR, 0)
    assert MINUS.splice_site(700, 701) == SpliceSite(SpliceSiteKind.ACCEPTOR, 1)


def test_translate__codes_1_and_2_of_ncbi():
    assert [translate(c) for c in ("ATG", "TGA", "TAA", "AGA", "GCN")] == ["M", "*", "*", "R", "X"]
    assert [translate(c, "mitochondrial") for c in ("ATA", "TGA", "AGA", "AGG")] == ["M", "W", "*", "*"]


def test_new_stop__frameshift_read_to_its_stop():
    # one exon: ATG GCA TGA CTA AAA TAA; deleting the A of GCA gives ATG GCT GAC TAA: stop at the old bases 10 to 12
    message = "ATGGCATGACTAAAATAA".replace("TGACTA", "TGACTA")
    transcript = CodingTranscript("T", "G", "chr1", "+", ((0, 18),), ((0, 18),))
    assert transcript.new_stop(5, 6, "", lambda _c, s, e: message[s:e], "standard") == 10
    reverse = message.translate(str.maketrans("ACGT", "TGCA"))[::-1]
    minus = CodingTranscript("T", "G", "chr1", "-", ((0, 18),), ((0, 18),))
    assert minus.new_stop(12, 13, "", lambda _c, s, e: reverse[s:e], "standard") == 17 - 10


def test_new_stop__none_when_the_frame_runs_to_the_end():
    message = "ATGGCAGCATAAGC"
    transcript = CodingTranscript("T", "G", "chr1", "+", ((0, 14),), ((0, 12),))
    assert transcript.new_stop(4, 5, "", lambda _c, s, e: message[s:e], "standard") is None


@pytest.mark.parametrize(
    ("ref", "alt", "expected"),
    [("C", "T", (10, 11, "T")), ("CA", "C", (11, 12, "")), ("C", "CTT", (11, 11, "TT")), ("CAG", "CTG", (11, 12, "T"))],
)
def test_changed_bases__without_what_both_share(ref, alt, expected):
    assert changed_bases(10, ref, alt) == expected


# --- PVS1


@pytest.mark.parametrize(
    ("changes", "strength", "why"),
    [
        ({"terms": {"stop_gained"}, "position": 349}, 8, "51 bp before the last junction: decay"),
        ({"terms": {"stop_gained"}, "position": 350}, 4, "last 50 bp of the penultimate exon, over 10 % lost"),
        ({"terms": {"stop_gained"}, "position": 520}, 4, "last exon, 13 residues of 69 lost"),
        ({"terms": {"stop_gained"}, "position": 545}, 2, "last exon, under 10 % lost"),
        ({"terms": {"frameshift"}, "position": 309, "ref": "CA", "alt": "C"}, 8, "frameshift with decay"),
        (
            {"terms": {"frameshift"}, "position": 309, "ref": "CA", "alt": "C", "truncation": 520},
            4,
            "its stop in the last exon",
        ),
        ({"terms": {"frameshift"}, "position": 545, "ref": "CA", "alt": "C", "elongates": True}, 2, "past the normal stop"),
        ({"terms": {"stop_gained"}, "transcript": SINGLE, "position": 130}, 4, "single exon: no decay, over 10 % lost"),
        ({"terms": {"stop_gained"}, "transcript": SINGLE, "position": 390}, 2, "single exon, under 10 % lost"),
        ({"terms": {"splice_donor"}, "position": 400}, 4, "100 bp exon skipped: frame broken, stop in the last exon"),
        ({"terms": {"splice_acceptor"}, "position": 499}, 4, "last coding exon, over 10 % lost"),
        ({"terms": {"splice_donor"}, "position": 201}, 1, "the exon of the start codon"),
        ({"terms": {"start_lost"}, "position": 150}, 1, "start codon, nothing known before the next methionine"),
    ],
)
def test_pvs1_strength__abou_tayoun_2018(changes, strength, why):
    given = facts(**{**changes, "terms": frozenset(changes["terms"])})
    assert null_strength(given, given.transcript)[0] == strength, why


def four_exons(second: int) -> CodingTranscript:
    """Four coding exons; the second has so many bases."""
    exons = ((0, 99), (200, 200 + second), (600, 900), (1000, 1300))
    return CodingTranscript("T4", "G", "chr1", "+", exons, exons)


@pytest.mark.parametrize(
    ("second", "strength"), [(100, 8), (99, 4), (30, 2)], ids=["frame broken", "in frame 12 %", "in frame 4 %"]
)
def test_pvs1_strength__splice_site_of_an_inner_exon(second, strength):
    transcript = four_exons(second)
    given = facts(terms=frozenset({"splice_donor"}), position=200 + second, transcript=transcript)
    assert null_strength(given, transcript)[0] == strength


def test_pvs1_strength__start_loss_with_pathogenic_record_upstream_of_next_methionine():
    near = GeneKnowledge(has_clinvar=True, next_start_residue=20, known=(known(Change.MISSENSE, coding_offset=30),))
    beyond = replace(near, known=(known(Change.MISSENSE, coding_offset=90),))
    given = facts(terms=frozenset({"start_lost"}), position=150)
    assert null_strength(replace(given, gene=near), PLUS)[0] == Strength.MODERATE
    assert null_strength(replace(given, gene=beyond), PLUS)[0] == Strength.SUPPORTING


def test_pvs1_strength__critical_region_is_strong_however_short():
    given = facts(terms=frozenset({"stop_gained"}), position=545)
    critical = GeneKnowledge(known=tuple(known(Change.MISSENSE, coding_offset=200 + i, position=i) for i in range(2)))
    assert null_strength(given, PLUS)[0] == Strength.MODERATE
    assert null_strength(replace(given, gene=critical), PLUS)[0] == Strength.STRONG


@pytest.mark.parametrize(
    ("gene", "levels"),
    [
        (GeneKnowledge(known=LOF_RECORDS, has_clinvar=True), 0),
        (GeneKnowledge(known=LOF_RECORDS[:2], has_clinvar=True), 1),
        (GeneKnowledge(known=LOF_RECORDS[:1], has_clinvar=True), 2),
        (GeneKnowledge(known=tuple(replace(k, exon=0) for k in LOF_RECORDS), has_clinvar=True), 1),
        (
            GeneKnowledge(known=LOF_RECORDS + MANY_MISSENSE, has_clinvar=True),
            1,
        ),
        (GeneKnowledge(known=tuple(replace(k, significance=Sig.CONFLICTING) for k in LOF_RECORDS), has_clinvar=True), None),
        (GeneKnowledge(loeuf=0.34), 2),
        (GeneKnowledge(loeuf=0.35), None),
        (GeneKnowledge(loeuf=0.34, is_green=True), 1),
        (GeneKnowledge(is_green=True, is_biallelic_on_panel=True), 1),
        (GeneKnowledge(is_green=True), None),
    ],
)
def test_pvs1_mechanism__levels(gene, levels):
    assert mechanism(facts(gene=gene))[0] == levels


def test_pvs1_mechanism__the_variant_itself_does_not_count():
    own = known(Change.NONSENSE, position=310, ref="C", alt="T", exon=1)
    gene = GeneKnowledge(known=(*LOF_RECORDS[:2], own), has_clinvar=True)
    assert mechanism(facts(gene=gene))[0] == 1
    assert mechanism(facts(gene=gene, position=311))[0] == 0


@pytest.mark.parametrize(
    ("changes", "state", "points"),
    [
        ({}, State.MET, 8),
        ({"gene": GeneKnowledge(known=LOF_RECORDS[:2], has_clinvar=True)}, State.MET, 4),
        ({"gene": GeneKnowledge()}, State.NOT_ASSESSED, 0),
        ({"gene": GeneKnowledge(has_clinvar=True, has_constraint=True, loeuf=1.2)}, State.NOT_MET, 0),
        ({"terms": frozenset({"missense"})}, State.NOT_MET, 0),
        ({"terms": frozenset()}, State.NOT_ASSESSED, 0),
        ({"transcript": None}, State.NOT_ASSESSED, 0),
        ({"kind": ContigKind.MITOCHONDRION}, State.NOT_ASSESSED, 0),
    ],
)
def test_pvs1__state(changes, state, points):
    finding = pvs1(facts(**{"terms": frozenset({"stop_gained"}), **changes}))
    assert (finding.state, finding.points) == (state, points)


# --- population


@pytest.mark.parametrize(
    ("rule", "model", "frequency", "points"),
    [
        (ba1, Model.DE_NOVO, 0.0501, -8),
        (ba1, Model.DE_NOVO, 0.05, 0),
        (ba1, Model.MITOCHONDRIAL, 0.0101, -8),
        (ba1, Model.MITOCHONDRIAL, 0.01, 0),
        (bs1, Model.DE_NOVO, 0.0011, -4),
        (bs1, Model.DE_NOVO, 0.001, 0),
        (bs1, Model.RECESSIVE_HOMOZYGOUS, 0.009, 0),
        (bs1, Model.RECESSIVE_HOMOZYGOUS, 0.011, -4),
        (bs1, Model.MITOCHONDRIAL, 0.0051, -4),
        (bs1, Model.DE_NOVO, 0.06, 0),  # BA1 has it
        (pm2, Model.DE_NOVO, NAN, 1),
        (pm2, Model.DE_NOVO, 2e-5, 1),
        (pm2, Model.DE_NOVO, 3e-5, 0),
        (pm2, Model.RECESSIVE_COMPOUND, 1e-4, 1),
        (pm2, Model.RECESSIVE_COMPOUND, 2e-4, 0),
        (pm2, Model.MITOCHONDRIAL, 1.9e-5, 1),
    ],
)
def test_population__richards_2015_svi_mccormick_2020(rule, model, frequency, points):
    kind = ContigKind.MITOCHONDRION if model is Model.MITOCHONDRIAL else ContigKind.AUTOSOME
    given = facts(model=model, kind=kind, allele_frequency=frequency, homozygotes=0, frequency_source="s")
    assert rule(given).points == points


@pytest.mark.parametrize("rule", [ba1, bs1, bs2, pm2])
def test_population__without_a_covering_source_not_assessed(rule):
    finding = rule(facts(has_frequency=False))
    assert (finding.state, finding.points) == (State.NOT_ASSESSED, 0)


def test_pm2__points_from_the_config():
    settings = Settings(rank=RankSettings(pm2_points=2))
    assert pm2(facts(settings=settings)).points == 2


@pytest.mark.parametrize(
    ("changes", "state", "points"),
    [
        ({"homozygotes": 3}, State.MET, -4),
        ({"homozygotes": 2}, State.NOT_MET, 0),
        ({"homozygotes": -1}, State.NOT_ASSESSED, 0),
        ({"homozygotes": 9, "allele_frequency": 0.002}, State.NOT_MET, 0),  # BS1 has the source's word
        ({"homozygotes": 9, "clinvar_significance": Sig.PATHOGENIC_LOW_PENETRANCE}, State.NOT_ASSESSED, 0),
        ({"hemizygotes": 3, "kind": ContigKind.X, "model": Model.X_RECESSIVE}, State.MET, -4),
        ({"homozygotes": 3, "hemizygotes": 0, "kind": ContigKind.X, "model": Model.X_RECESSIVE}, State.NOT_MET, 0),
        ({"kind": ContigKind.MITOCHONDRION, "model": Model.MITOCHONDRIAL}, State.NOT_ASSESSED, 0),
    ],
)
def test_bs2__healthy_persons(changes, state, points):
    finding = bs2(facts(**{"allele_frequency": 1e-5, "frequency_source": "s", **changes}))
    assert (finding.state, finding.points) == (state, points)


def test_mode_of__every_model_has_one():
    assert {mode_of(m) for m in Model} == set(Mode)
    assert mode_of(Model.X_RECESSIVE) is Mode.RECESSIVE
    assert mode_of(Model.X_DOMINANT) is Mode.DOMINANT


# --- ClinVar


@pytest.mark.parametrize(
    ("sig", "stars", "points"),
    [
        (Sig.PATHOGENIC, 0, 2),
        (Sig.PATHOGENIC, 1, 4),
        (Sig.PATHOGENIC, 2, 6),
        (Sig.PATHOGENIC, 3, 10),
        (Sig.LIKELY_PATHOGENIC, 2, 4),
        (Sig.BENIGN, 2, -4),
        (Sig.CONFLICTING, 1, 0),
        (Sig.UNCERTAIN, 2, 0),
        (Sig.OTHER, 0, 0),
    ],
)
def test_clinvar__points_by_class_and_stars(sig, stars, points):
    given = facts(clinvar_significance=sig, clinvar_stars=stars, clinvar_id="7", clinvar_text=sig.value)
    finding = clinvar(given)
    assert finding.points == points
    assert finding.state is (State.MET if points else State.NOT_MET)


def test_clinvar__absent_is_not_assessed_without_a_file():
    assert clinvar(facts()).state is State.NOT_MET
    assert clinvar(facts(gene=GeneKnowledge())).state is State.NOT_ASSESSED


def test_clinvar__more_stars_never_count_less():
    for points in ASSERTION_POINTS.values():
        assert [abs(p) for p in points] == sorted(abs(p) for p in points)


def residue(
    new: str, *, position: int, old: str = "R", at: int = 54, sig: Sig = Sig.PATHOGENIC, stars: int = 1
) -> KnownVariant:
    change = ResidueChange(at, old, new)
    return known(Change.MISSENSE, position=position, residue_change=change, sig=sig, stars=stars, coding_offset=3 * at)


@pytest.mark.parametrize(
    ("records", "ps1_points", "pm5_points"),
    [
        ([residue("W", position=311)], 4, 0),  # Richards 2015: same change, other nucleotide: strong
        ([residue("W", position=311, sig=Sig.LIKELY_PATHOGENIC)], 2, 0),
        ([residue("Q", position=311)], 0, 2),  # Richards 2015: other change, same residue: moderate
        ([residue("Q", position=311, sig=Sig.LIKELY_PATHOGENIC)], 0, 1),
        ([residue("W", position=311), residue("Q", position=312)], 4, 0),  # the residue counts once
        ([residue("W", position=311, stars=0)], 0, 0),
        ([residue("W", position=311, sig=Sig.CONFLICTING)], 0, 0),
        ([residue("Q", position=311, at=55)], 0, 0),
        ([known(Change.MISSENSE, position=310, ref="C", alt="T", residue_change=ResidueChange(54, "R", "W"))], 0, 0),  # itself
    ],
)
def test_ps1_pm5__richards_2015(records, ps1_points, pm5_points):
    gene = GeneKnowledge(has_clinvar=True, known=tuple(records))
    given = facts(gene=gene, residue_change=ResidueChange(54, "R", "W"))
    assert (ps1(given).points, pm5(given).points) == (ps1_points, pm5_points)


def test_ps1_pm5__not_assessed_without_reference_or_clinvar():
    for rule in (ps1, pm5):
        assert rule(facts(residue_change=None)).state is State.NOT_ASSESSED
        assert rule(facts(residue_change=ResidueChange(1, "M", "V"), gene=GeneKnowledge())).state is State.NOT_ASSESSED
        assert rule(facts(terms=frozenset({"stop_gained"}))).state is State.NOT_MET


# --- family


@pytest.mark.parametrize(
    ("changes", "ps2_points", "pm6_points"),
    [
        ({}, 2, 0),  # SVI v1.1: confirmed, consistent but not highly specific: 1 point, moderate
        ({"parentage": TOO_FEW}, 0, 1),  # assumed: 0.5 points, supporting
        ({"parentage": WRONG_FATHER}, 0, 0),
        ({"de_novo_confidence": DeNovoConfidence.LOW}, 0, 0),
        ({"model": Model.X_DE_NOVO, "kind": ContigKind.X}, 2, 0),
        ({"model": Model.DOMINANT_INHERITED}, 0, 0),
        ({"kind": ContigKind.MITOCHONDRION, "model": Model.MITOCHONDRIAL}, 0, 0),
    ],
)
def test_de_novo__svi(changes, ps2_points, pm6_points):
    given = facts(**changes)
    assert (ps2(given).points, pm6(given).points) == (ps2_points, pm6_points)


def test_de_novo__unknown_with_a_parent_missing():
    assert ps2(facts(model=Model.DOMINANT_UNKNOWN, parentage=NO_PARENTS)).state is State.NOT_ASSESSED


@pytest.mark.parametrize(
    ("phase", "partner", "points"),
    [
        (Phase.TRANS_BY_PARENT, Partner(Sig.PATHOGENIC, 1, 4), 2),
        (Phase.TRANS_BY_READ, Partner(Sig.LIKELY_PATHOGENIC, 1, 2), 2),
        (Phase.TRANS_BY_PARENT, Partner(Sig.NONE, -1, 6), 2),  # LP by its own points
        (Phase.TRANS_BY_PARENT, Partner(Sig.NONE, -1, 5), 0),
        (Phase.TRANS_BY_PARENT, Partner(Sig.PATHOGENIC, 0, 3), 1),  # asserted without criteria
        (Phase.UNKNOWN, Partner(Sig.PATHOGENIC, 1, 4), 1),
        (Phase.UNKNOWN, Partner(Sig.LIKELY_PATHOGENIC, 1, 4), 0),  # 0.25 points
        (Phase.CIS, Partner(Sig.PATHOGENIC, 2, 12), 0),
        (Phase.TRANS_BY_PARENT, Partner(Sig.CONFLICTING, 1, 1), 0),
    ],
)
def test_pm3__svi_in_trans(phase, partner, points):
    assert pm3(facts(model=Model.RECESSIVE_COMPOUND, phase=phase, partner=partner)).points == points


def test_pm3__homozygous_counts_and_isodisomy_does_not():
    assert pm3(facts(model=Model.RECESSIVE_HOMOZYGOUS)).points == 1
    assert pm3(facts(model=Model.RECESSIVE_ISODISOMY)).points == 0
    assert pm3(facts(model=Model.RECESSIVE_HOMOZYGOUS, allele_frequency=0.02, frequency_source="s")).points == 0


@pytest.mark.parametrize(("chance", "points"), [(1.0, 0), (1 / 4, 0), (1 / 8, 1), (1 / 16, 2), (1 / 32, 4)])
def test_pp1__jarvik_and_browning_2016(chance, points):
    assert pp1(facts(family_probability=chance)).points == points


def test_bp2__in_cis_with_pathogenic():
    compound = {"model": Model.RECESSIVE_COMPOUND, "partner": Partner(Sig.PATHOGENIC, 1, 10)}
    assert bp2(facts(phase=Phase.CIS, **compound)).points == -1
    assert bp2(facts(phase=Phase.TRANS_BY_PARENT, **compound)).points == 0
    assert bp2(facts(phase=Phase.UNKNOWN, **compound)).state is State.NOT_ASSESSED
    assert bp2(facts()).state is State.NOT_ASSESSED


def trio(child, father, mother, sites=30):
    return np.tile(np.array([child, father, mother], np.int8), (sites, 1, 1)), np.ones(sites, np.bool_)


def test_parentage__true_parents_confirmed_and_a_wrong_father_not():
    genotype, is_autosomal = trio([0, 1], [0, 1], [0, 0])
    hers, _ = trio([0, 1], [0, 0], [0, 1])
    both = np.concatenate([genotype, hers]), np.concatenate([is_autosomal, is_autosomal])
    assert check_parentage(*both, 1, 2).is_confirmed
    wrong = both[0].copy()
    wrong[:10, 1] = 0  # he lacks a third of what must be his
    assert check_parentage(wrong, both[1], 1, 2).is_contradicted


def test_parentage__missing_calls_and_sex_chromosomes_say_nothing():
    genotype, is_autosomal = trio([0, 1], [-1, -1], [0, 0])
    assert check_parentage(genotype, is_autosomal, 1, 2).father is ParentCheck.TOO_FEW
    genotype, is_autosomal = trio([1, 1], [0, 1], [0, 1])
    assert check_parentage(genotype, is_autosomal, 1, 2).is_confirmed
    assert check_parentage(genotype, ~is_autosomal, 1, 2).father is ParentCheck.TOO_FEW
    assert check_parentage(genotype, is_autosomal, -1, 2).father is ParentCheck.NOT_SEQUENCED


# --- protein and predictors


@pytest.mark.parametrize(
    ("terms", "ref", "alt", "points"),
    [
        ({"inframe_deletion"}, "CAAATTT", "C", 2),
        ({"inframe_deletion"}, "CAAA", "C", 1),
        ({"protein_altering"}, "CAAATTT", "C", 2),
        ({"stop_lost"}, "T", "C", 2),
        ({"inframe_deletion", "stop_gained"}, "CAAATTT", "C", 0),  # PVS1 has it
        ({"missense"}, "C", "T", 0),
    ],
)
def test_pm4__length_of_the_protein(terms, ref, alt, points):
    assert pm4(facts(terms=frozenset(terms), ref=ref, alt=alt)).points == points


@pytest.mark.parametrize(
    ("ref", "alt", "copies"),
    [
        ("CAGCAG", "C", 0),
        ("TCAG", "T", 5),
        ("TCAGCAG", "T", 5),
        ("T", "TCAG", 5),
        ("T", "TCAA", 0),
        ("T", "C", 0),
        ("TCAG", "TT", 0),
    ],
)
def test_tandem_copies__of_the_unit_that_changes(ref, alt, copies):
    sequence = "GGT" + "CAG" * 5 + "TTT"
    assert tandem_copies("chr1", 2, ref, alt, lambda _, start, end: sequence[start:end]) == copies


@pytest.mark.parametrize(("copies", "pm4_points", "bp3_points"), [(-1, 2, 0), (0, 2, 0), (3, 2, 0), (4, 0, -1)])
def test_bp3__a_repeat_takes_pm4_away(copies, pm4_points, bp3_points):
    given = facts(terms=frozenset({"inframe_deletion"}), ref="CAAATTT", alt="C", repeat_copies=copies)
    assert (pm4(given).points, bp3(given).points) == (pm4_points, bp3_points)
    assert (bp3(given).state is State.NOT_ASSESSED) == (copies < 0)


@pytest.mark.parametrize(("held", "points"), [(Sig.PATHOGENIC, 0), (Sig.PATHOGENIC_LOW_PENETRANCE, 0), (Sig.CONFLICTING, -1)])
def test_bp3__not_against_clinvar(held, points):
    given = facts(terms=frozenset({"inframe_deletion"}), ref="CAAATTT", alt="C", repeat_copies=4, clinvar_significance=held)
    assert bp3(given).points == points


def test_pm1__a_cluster_without_a_benign_change():
    own = ResidueChange(100, "A", "V")
    records = [known(Change.MISSENSE, position=i, residue_change=ResidueChange(100 + i, "G", "D")) for i in (-8, -2, 1, 8)]
    beyond = known(Change.MISSENSE, position=9, residue_change=ResidueChange(109, "G", "D"))
    same = known(Change.MISSENSE, position=5, residue_change=ResidueChange(100, "A", "D"))
    benign = known(Change.MISSENSE, position=3, residue_change=ResidueChange(103, "G", "D"), sig=Sig.BENIGN)
    for extra, points in (([], 1), ([benign], 0)):
        gene = GeneKnowledge(known=(*records, *extra), has_clinvar=True)
        assert pm1(facts(residue_change=own, gene=gene)).points == points
    gene = GeneKnowledge(known=(*records[1:], beyond, same), has_clinvar=True)
    assert pm1(facts(residue_change=own, gene=gene)).points == 0
    assert pm1(facts(residue_change=own, gene=GeneKnowledge())).state is State.NOT_ASSESSED


def test_bp1__missense_where_truncations_cause():
    truncating = tuple(known(Change.FRAMESHIFT, position=i) for i in range(10))
    missense = tuple(known(Change.MISSENSE, position=20 + i) for i in range(2))
    assert bp1(facts(gene=GeneKnowledge(known=truncating, has_clinvar=True))).points == -1
    assert bp1(facts(gene=GeneKnowledge(known=truncating[:9], has_clinvar=True))).points == 0
    assert bp1(facts(gene=GeneKnowledge(known=truncating + missense, has_clinvar=True))).points == 0
    for held in (Sig.PATHOGENIC, Sig.PATHOGENIC_LOW_PENETRANCE):
        assert bp1(facts(gene=GeneKnowledge(known=truncating, has_clinvar=True), clinvar_significance=held)).points == 0
    assert bp1(facts(gene=GeneKnowledge())).state is State.NOT_ASSESSED


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (ModeOfInheritance.BIALLELIC, True),
        (ModeOfInheritance.BOTH, True),
        (ModeOfInheritance.X_BIALLELIC_FEMALES, True),
        (ModeOfInheritance.X_MONOALLELIC_FEMALES, False),
        (ModeOfInheritance.MONOALLELIC, False),
        (ModeOfInheritance.UNKNOWN, False),
    ],
)
def test_gene_knowledge__panel_modes_in_which_a_healthy_copy_keeps_well(mode, expected):
    panels = standing_by_gene([("G", True, mode)])
    sources = KnowledgeSources(None, "", None, "", panels, None)
    assert gene_knowledge("G", "GENE", None, sources, "standard").is_biallelic_on_panel is expected


@pytest.mark.parametrize(
    ("name", "score", "pp3_points", "bp4_points"),
    [
        ("REVEL", 0.643, 0, 0),
        ("REVEL", 0.644, 1, 0),
        ("REVEL", 0.773, 2, 0),
        ("REVEL", 0.932, 4, 0),
        ("REVEL", 0.291, 0, 0),
        ("REVEL", 0.290, 0, -1),
        ("REVEL", 0.183, 0, -2),
        ("REVEL", 0.016, 0, -4),
        ("REVEL", 0.003, 0, -8),
        ("AlphaMissense", 0.791, 0, 0),
        ("AlphaMissense", 0.792, 1, 0),
        ("AlphaMissense", 0.906, 2, 0),
        ("AlphaMissense", 0.990, 4, 0),
        ("AlphaMissense", 0.169, 0, -1),
        ("AlphaMissense", 0.099, 0, -2),
    ],
)
def test_predictors__pejaver_2022(name, score, pp3_points, bp4_points):
    given = facts(missense_score=(name, score))
    assert (pp3(given).points, bp4(given).points) == (pp3_points, bp4_points)


@pytest.mark.parametrize(("score", "pp3_points", "bp4_points"), [(0.2, 1, 0), (0.19, 0, 0), (0.1, 0, -1)])
def test_predictors__walker_2023(score, pp3_points, bp4_points):
    given = facts(terms=frozenset({"intron"}), splice_score=("SpliceAI", score))
    assert (pp3(given).points, bp4(given).points) == (pp3_points, bp4_points)
    canonical = replace(given, terms=frozenset({"splice_donor"}))
    assert (pp3(canonical).points, bp4(canonical).points) == (0, 0)


def test_predictors__one_speaks_and_none_is_not_assessed():
    both = facts(missense_score=("REVEL", 0.1), splice_score=("SpliceAI", 0.9))
    assert (pp3(both).points, bp4(both).points) == (0, -2)
    assert pp3(facts()).state is State.NOT_ASSESSED


@pytest.mark.parametrize(
    ("scores", "pp3_points", "bp4_points"),
    [
        ({"APOGEE": 0.51}, 1, 0),
        ({"APOGEE": 0.50}, 0, -1),
        ({"MitoTIP": 0.51, "HmtVAR": 0.35}, 1, 0),
        ({"MitoTIP": 0.50, "HmtVAR": 0.35}, 0, 0),
        ({"MitoTIP": 0.50, "HmtVAR": 0.34}, 0, -1),
    ],
)
def test_mitochondrial_predictors__mccormick_2020(scores, pp3_points, bp4_points):
    given = facts(chrom="chrM", kind=ContigKind.MITOCHONDRION, mitochondrial_scores=scores, missense_score=("REVEL", 0.99))
    assert (pp3(given).points, bp4(given).points) == (pp3_points, bp4_points)


@pytest.mark.parametrize("rule", ["PVS1", "PS2", "PM6", "PM1", "PP1", "BS2", "BP1", "BP7"])
def test_mitochondrion__not_assessed_by_nuclear_rules(rule):
    given = facts(chrom="chrM", kind=ContigKind.MITOCHONDRION, model=Model.MITOCHONDRIAL)
    assert CRITERIA[rule](given).state is State.NOT_ASSESSED
    half = replace(given, mitochondrial_scores={"MitoTIP": 0.9})
    assert pp3(half).state is bp4(half).state is State.NOT_ASSESSED


def test_silent_sources__are_not_assessed_and_say_so():
    silent = facts(is_table_silent=True, is_store_silent=True, has_frequency=False, splice_score=("SpliceAI", 0.9))
    for rule in (pp3, bp4, ba1, bs1, pm2):
        assert rule(silent).state is State.NOT_ASSESSED
        assert "none of the case's variants" in rule(silent).value


def test_bp7__needs_a_splice_predictor():
    synonymous = facts(terms=frozenset({"synonymous"}))
    assert bp7(synonymous).state is State.NOT_ASSESSED
    assert bp7(replace(synonymous, splice_score=("SpliceAI", 0.05))).points == -1
    assert bp7(replace(synonymous, splice_score=("SpliceAI", 0.3))).points == 0
    assert bp7(facts(splice_score=("SpliceAI", 0.05))).state is State.NOT_MET


def test_no_fact_twice__one_frequency_one_criterion():
    for frequency in (NAN, 1e-5, 5e-4, 0.002, 0.02, 0.2):
        given = facts(allele_frequency=frequency, frequency_source="s", homozygotes=10)
        assert sum(1 for rule in (ba1, bs1, bs2, pm2) if rule(given).points) <= 1


def test_findings__partner_of_a_pair_without_pm3():
    lof = facts(terms=frozenset({"stop_gained"}), model=Model.RECESSIVE_COMPOUND, phase=Phase.TRANS_BY_PARENT)
    missense = replace(lof, terms=frozenset({"missense"}), position=320)
    first, second = findings_of_hit([lof, missense])
    assert first["PVS1"].points + first["PM2"].points == 9
    assert (first["PM3"].points, second["PM3"].points) == (0, 2)
    assert list(first) == list(CRITERIA)


# --- tables of numbers


def test_read_constraint__gnomad_layout(tmp_path):
    path = tmp_path / "c.tsv"
    path.write_text("## a comment\n#gene\ttranscript\toe_lof_upper\nA\tt\t3.0000e-02\nB\tt\tNA\nA\tu\t0.5\n")
    assert read_constraint(path) == {"A": 0.03}


@pytest.mark.parametrize("text", ["", "gene\tpLI\nA\t1\n", "gene\toe_lof_upper\nA\tx\n"])
def test_read_constraint__refuses(tmp_path, text):
    path = tmp_path / "c.tsv"
    path.write_text(text)
    with pytest.raises(FormatError):
        read_constraint(path)


HEADER = "chrom\tposition\tref\talt\tpredictor\tscore\n"


def test_read_predictions__revel_before_alphamissense(tmp_path):
    path = tmp_path / "p.tsv"
    rows = ["chr1\t11\tC\tT\tAlphaMissense\t0.9", "chr1\t11\tC\tT\tREVEL\t0.5", "chr1\t11\tC\tT\tSpliceAI\t0"]
    path.write_text(HEADER + "\n".join(rows) + "\n")
    scores = read_predictions(path, read_build("GRCh38")).scores("chr1", 10, "C", "T")
    assert scores == (("REVEL", 0.5), ("SpliceAI", 0.0))
    assert read_predictions(None, read_build("GRCh38")).scores("chr1", 10, "C", "T") == (None, None)


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("1\t11\tC\tT\tREVEL\t0.5", BuildError),
        ("chr1\t11\tC\tT\tCADD\t30", FormatError),
        ("chr1\t11\tC\tT\tREVEL\t1.5", FormatError),
    ],
)
def test_read_predictions__refuses(tmp_path, row, error):
    path = tmp_path / "p.tsv"
    path.write_text(HEADER + row + "\n")
    with pytest.raises(error):
        read_predictions(path, read_build("GRCh38"))


# --- copy number variants: Riggs 2020, tables 1 and 2


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (1.0, "P"),
        (0.99, "P"),
        (0.98, "LP"),
        (0.90, "LP"),
        (0.89, "VUS"),
        (0.0, "VUS"),
        (-0.89, "VUS"),
        (-0.90, "LB"),
        (-0.98, "LB"),
        (-0.99, "B"),
    ],
)
def test_cnv_class__riggs_2020(points, expected):
    assert cnv_class(points).value == expected


RIGGS_BOTH = {
    "1A": 0,
    "1B": -0.60,
    "3A": 0,
    "3B": 0.45,
    "3C": 0.90,
    "4D": 0,
    "4E": 0.10,
    "4F": 0.15,
    "4G": 0.30,
    "4H": 0.45,
    "4I": -0.45,
    "4J": -0.30,
    "4K": -0.15,
    "4L": 0.45,
    "4M": 0.30,
    "4N": -0.90,
    "4O": -1,
    "5B": -0.30,
    "5C": -0.15,
    "4A": 0.30,
    "4B": 0.15,
    "4C": 0.10,
    "5A": 0,
    "5D": 0,
    "5E": 0,
    "5F": 0,
    "5G": 0.10,
    "5H": 0.30,
}
RIGGS_LOSS = RIGGS_BOTH | {
    "2A": 1,
    "2B": 0,
    "2C-1": 0.90,
    "2C-2": 0,
    "2D-1": 0,
    "2D-2": 0.90,
    "2D-3": 0.30,
    "2D-4": 0.90,
    "2E": 0,
    "2F": -1,
    "2G": 0,
    "2H": 0.15,
}
RIGGS_GAIN = RIGGS_BOTH | {
    "2A": 1,
    "2B": 0,
    "2C": -1,
    "2D": -1,
    "2E": 0,
    "2F": -1,
    "2G": 0,
    "2H": 0,
    "2I": 0,
    "2J": 0,
    "2K": 0.45,
    "2L": 0,
}


@pytest.mark.parametrize(("kind", "table", "expected"), [("loss", LOSS, RIGGS_LOSS), ("gain", GAIN, RIGGS_GAIN)])
def test_cnv_lines__suggested_points_of_riggs_2020(kind, table, expected):
    assert {line: entry.points for line, entry in table.items()} == expected
    for line in table:
        assert score_cnv(CnvKind(kind), [(line, None)]).points == expected[line]


@pytest.mark.parametrize(
    ("kind", "limits"),
    [("loss", {24: "3A", 25: "3B", 34: "3B", 35: "3C"}), ("gain", {34: "3A", 35: "3B", 49: "3B", 50: "3C"})],
)
def test_cnv_gene_count__riggs_2020(kind, limits):
    assert {genes: gene_count_line(CnvKind(kind), genes) for genes in limits} == limits


def test_cnv_pvs1__lines_2e_and_2i_of_riggs_2020():
    assert [pvs1_points(CnvKind.LOSS, s) for s in (8, 4, 2, 1, 0)] == [0.90, 0.45, 0.30, 0.15, 0]
    assert [pvs1_points(CnvKind.GAIN, s) for s in (8, 4, 2, 1, 0)] == [0.90, 0.45, 0, 0, 0]


@pytest.mark.parametrize(
    ("lines", "points", "expected"),
    [
        ([("1A", None), ("2A", None), ("3A", None)], 1.0, "P"),
        ([("1A", None), ("3B", None), ("4A", 0.45), ("5A", 0.45)], 1.35, "P"),
        ([("4A", 0.45), ("4A", 0.45), ("4A", 0.45)], 0.90, "LP"),  # 4A gives 0.90 at most
        ([("4D", -0.3), ("4D", -0.3)], -0.30, "VUS"),
        ([("1A", None), ("2F", None)], -1.0, "B"),
    ],
)
def test_cnv_score__is_the_sum_of_its_parts(lines, points, expected):
    found = score_cnv(CnvKind.LOSS, lines)
    assert (found.points, found.acmg_class.value) == (points, expected)
    assert round(sum(p for _, p in found.parts), 2) == points


@pytest.mark.parametrize(
    "lines", [[("2Z", None)], [("2C", None)], [("3A", None), ("3B", None)], [("4E", 0.3)], [("2A", None)] * 2]
)
def test_cnv_score__refuses(lines):
    with pytest.raises(InputError):
        score_cnv(CnvKind.LOSS, lines)


# --- ClinVar on gene models, against bcftools csq


SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data (set NEOTRIAGE_SHARED_DATA)")
def test_clinvar_changes__as_bcftools_csq_calls_them(tmp_path):
    vcf = SHARED / "clinvar" / "clinvar_2016-11.GRCh38.chr20_1-11114352.vcf.gz"
    packed = SHARED / "ref" / "chr20.GRCh38coords.1-11114352.fa.gz"
    gff = tmp_path / "chr20.gff3"
    with gzip.open(SHARED / "genes" / "mane.grch38.gff3.gz", "rt") as lines:
        gff.write_text("".join(line for line in lines if line.startswith("chr20\t") and int(line.split("\t")[4]) < 11_000_000))
    command = ["bcftools", "csq", "-l", "-f", packed, "-g", gff, "-p", "a", vcf]
    called = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    oracle: dict[tuple[int, str, str], dict[str, tuple[str, str]]] = {}
    for line in called.splitlines():
        if not line.startswith("#") and "BCSQ=" in line:
            fields = line.split("\t")
            rows = fields[7].partition("BCSQ=")[2].split(";")[0].split(",")
            key = (int(fields[1]) - 1, fields[3], fields[4])
            split = [row.split("|") for row in rows if not row.startswith("@")]
            oracle[key] = {r[2]: (r[0], r[5] if len(r) > 5 else "") for r in split}
    models, build = read_gene_models(gff), read_build("GRCh38")
    fasta = pysam.FastaFile(str(packed))
    sources = KnowledgeSources(read_clinvar(vcf, build), "", None, "", {}, lambda c, s, e: fasta.fetch(c, s, e).upper())
    compared = dict.fromkeys(Change, 0)
    for model in models.transcripts:
        if not model.cds:
            continue
        gene = models.genes[model.gene]
        transcript = CodingTranscript(model.id, gene.id, gene.contig, model.strand, model.exons, model.cds)
        for record in gene_knowledge(gene.id, gene.symbol, transcript, sources, "standard").known:
            said = oracle.get((record.position, record.ref, record.alt), {}).get(model.stable_id)
            if said is None or len(record.ref) != 1 or len(record.alt) != 1:
                continue
            term, amino_acids = said
            if record.residue_change is not None and record.residue_change.residue == 1:
                continue  # PANK2 starts at CTG, which bcftools takes for any leucine
            first = term.split("&")[0].lstrip("*")
            expected = {
                "missense": Change.MISSENSE,
                "stop_gained": Change.NONSENSE,
                "splice_donor": Change.SPLICE,
                "splice_acceptor": Change.SPLICE,
            }.get(first, Change.OTHER)
            assert record.change is expected, (record, said)
            compared[expected] += 1
            if expected in {Change.MISSENSE, Change.NONSENSE}:
                change = record.residue_change
                assert f"{change.residue}{change.old}>{change.residue}{change.new}" == amino_acids
    assert compared[Change.MISSENSE] > 100
    assert compared[Change.NONSENSE] > 30
    assert compared[Change.SPLICE] > 5


# --- tables to tables

GFF = """\
chr1\tt\tgene\t101\t600\t.\t+\t.\tID=gene:ENSG1;Name=AAA;biotype=protein_coding
chr1\tt\tmRNA\t101\t600\t.\t+\t.\tID=transcript:ENST1;Parent=gene:ENSG1;biotype=protein_coding;tag=MANE_Select
chr1\tt\texon\t101\t200\t.\t+\t.\tParent=transcript:ENST1
chr1\tt\texon\t301\t400\t.\t+\t.\tParent=transcript:ENST1
chr1\tt\texon\t501\t600\t.\t+\t.\tParent=transcript:ENST1
chr1\tt\tCDS\t151\t200\t.\t+\t0\tParent=transcript:ENST1
chr1\tt\tCDS\t301\t400\t.\t+\t1\tParent=transcript:ENST1
chr1\tt\tCDS\t501\t560\t.\t+\t0\tParent=transcript:ENST1
"""
VCF = """\
##fileformat=VCFv4.2
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
chr1\t161\t1\tCA\tC\t.\t.\tCLNSIG=Pathogenic;CLNREVSTAT=criteria_provided,_single_submitter;GENEINFO=AAA:1
chr1\t303\t2\tCA\tC\t.\t.\tCLNSIG=Pathogenic;CLNREVSTAT=criteria_provided,_single_submitter;GENEINFO=AAA:1
chr1\t401\t3\tG\tA\t.\t.\tCLNSIG=Pathogenic;CLNREVSTAT=criteria_provided,_single_submitter;GENEINFO=AAA:1
chr1\t311\t4\tC\tT\t.\t.\tCLNSIG=Pathogenic;CLNREVSTAT=criteria_provided,_single_submitter;GENEINFO=AAA:1
"""


def write_case_tables(folder: Path) -> EvidenceFiles:
    members = (Member("b", Sex.FEMALE, True, "f", "m"), Member("f", Sex.MALE, False), Member("m", Sex.FEMALE, False))
    write_case(Case("FAM", check_family("FAM", members)), folder / "case.json")
    (folder / "genes.gff3").write_text(GFF)
    (folder / "clinvar.vcf").write_text(VCF)
    samples = ("b", "f", "m")
    count = 2
    variants = {
        "variant": [0, 1],
        **small_variants(count, 3),
        "chrom": ["chr1"] * count,
        "position": [310, 320],
        "ref": ["C", "G"],
        "alt": ["T", "A"],
        "qual": [50.0] * count,
        "filters": ["PASS"] * count,
        "allele_frequency": [NAN, 1e-5],
        "frequency_source": ["", "made:all"],
        "homozygotes": [-1, 0],
        "hemizygotes": [-1, -1],
        "clinvar_significance": ["pathogenic", ""],
        "kept_by": [5, 1],
        "quality_rule": [""] * count,
        "genotype": [[[0, 1], [0, 1], [0, 0]], [[0, 1], [0, 0], [0, 1]]],
        "is_phased": [[False] * 3] * count,
        "phase_set": [[-1] * 3] * count,
        **{name: [[30] * 3] * count for name in ("depth", "ref_depth", "alt_depth", "genotype_quality")},
    }
    consequences = {
        "variant": [0, 1],
        "gene_id": ["ENSG1"] * count,
        "gene": ["AAA"] * count,
        "transcript": ["ENST1"] * count,
        "refseq": [""] * count,
        "is_mane_select": [True] * count,
        "strand": ["+"] * count,
        "terms": ["stop_gained", "missense_variant"],
        "impact": ["HIGH", "MODERATE"],
        "amino_acids": ["21Q>21*", "24R>24K"],
        "exon": [2] * count,
        "exon_last": [2] * count,
        "exons": [3] * count,
        "joined_with": [""] * count,
    }
    annotations = {
        "variant": [0, 1],
        "clinvar_id": ["4", ""],
        "clinvar_text": ["Pathogenic", ""],
        "clinvar_review": ["criteria_provided,_single_submitter", ""],
        "clinvar_stars": [1, -1],
        "clinvar_conditions": ["", ""],
        "clinvar_gene": ["AAA", ""],
    }
    hits = {
        "hit": [0],
        "gene_id": ["ENSG1"],
        "gene": ["AAA"],
        "model": ["recessive_compound"],
        "variant_a": [0],
        "variant_b": [1],
        "phase": ["trans_by_parent"],
        "de_novo_confidence": ["not_applicable"],
        "is_incomplete": [False],
        "explains_affected": [True],
        "notes": [""],
    }
    tables = {"variants": variants, "consequences": consequences, "annotations": annotations, "hits": hits}
    for name, columns in tables.items():
        named = samples if name == "variants" else ()
        write_table(frame(name, columns, named), name, folder / f"{name}.parquet", named)
    paths = [folder / f"{name}.parquet" for name in ("variants", "consequences", "annotations", "hits")]
    given = (folder / "case.json", *paths, folder / "genes.gff3", folder / "clinvar.vcf", None, None, None, None)
    return EvidenceFiles(*given, folder / "criteria.parquet", folder / "classes.parquet")


def test_run_evidence__compound_with_a_known_truncation(tmp_path):
    files = write_case_tables(tmp_path)
    run_evidence(files)
    criteria = {(r["variant"], r["criterion"]): r for r in read_table(files.criteria, "criteria").iter_rows(named=True)}
    assert len(criteria) == 2 * len(CRITERIA)
    in_force = {key: row["points"] for key, row in criteria.items() if row["state"] == "met"}
    assert in_force == {(0, "CLINVAR"): 4, (0, "PVS1"): 8, (0, "PM2"): 1, (1, "PM2"): 1, (1, "PM3"): 2}
    assert all(row["points"] == 0 for row in criteria.values() if row["state"] != "met")
    assert all(row["value"] and row["source"] for row in criteria.values())
    classes = read_table(files.classes, "classes")
    assert classes["points"].to_list() == [13, 3]
    assert classes["acmg_class"].to_list() == ["P", "VUS"]
    shown = {v: sum(row["points"] for (u, _), row in criteria.items() if u == v) for v in classes["variant"].to_list()}
    assert dict(zip(classes["variant"].to_list(), classes["points"].to_list(), strict=True)) == shown


def test_run_evidence__same_input_same_bytes(tmp_path):
    files = write_case_tables(tmp_path)
    run_evidence(files)
    first = files.criteria.read_bytes(), files.classes.read_bytes()
    run_evidence(files)
    assert (files.criteria.read_bytes(), files.classes.read_bytes()) == first


def test_run_evidence__a_reference_without_index_is_an_error(tmp_path):
    files = write_case_tables(tmp_path)
    bad = tmp_path / "no.fa"
    with pytest.raises(FormatError, match="samtools faidx"):
        run_evidence(replace(files, reference=bad))


def test_run_evidence__with_the_reference_ps1_and_pm5_are_assessed(tmp_path):
    files = write_case_tables(tmp_path)
    bases = ["A"] * 700
    # residue 24 (coding offset 69 to 71: genomic 319 to 321) is CGA here: R, and G>A at 320 makes Q
    bases[319:322] = "CGA"
    (tmp_path / "ref.fa").write_text(">chr1\n" + "".join(bases) + "\n")
    subprocess.run(["samtools", "faidx", tmp_path / "ref.fa"], check=True)
    known_record = "chr1\t320\t5\tC\tG\t.\t.\tCLNSIG=Pathogenic;CLNREVSTAT=reviewed_by_expert_panel;GENEINFO=AAA:1\n"
    (tmp_path / "clinvar.vcf").write_text(VCF + known_record)  # CGA to GGA: R24G
    run_evidence(replace(files, reference=tmp_path / "ref.fa"))
    criteria = read_table(files.criteria, "criteria").filter(variant=1)
    found = {r["criterion"]: (r["state"], r["points"]) for r in criteria.iter_rows(named=True)}
    assert (found["PS1"], found["PM5"]) == (("not_met", 0), ("met", 2))


def _criteria(files: EvidenceFiles, variant: int) -> dict[str, tuple[str, int]]:
    run_evidence(files)
    rows = read_table(files.criteria, "criteria").filter(variant=variant).iter_rows(named=True)
    return {row["criterion"]: (row["state"], row["points"]) for row in rows}


def test_run_evidence__mane_select_is_judged_wherever_it_stands(tmp_path):
    files = write_case_tables(tmp_path)
    mane = read_table(files.consequences, "consequences")
    other = mane.with_columns(is_mane_select=pl.lit(value=False), terms=pl.lit("intron_variant"), transcript=pl.lit("ENST9"))
    for rows in ([other, mane], [mane, other]):
        write_table(pl.concat(rows), "consequences", files.consequences)
        assert _criteria(files, 0)["PVS1"] == ("met", 8)


def test_run_evidence__rarity_needs_a_source_that_covers_the_contig(tmp_path):
    files = write_case_tables(tmp_path)
    variants = read_table(files.variants, "variants")
    assert _criteria(files, 0)["PM2"] == ("met", 1)
    silent = variants.with_columns(frequency_source=pl.lit(""))
    write_table(silent, "variants", files.variants, ("b", "f", "m"))
    assert _criteria(files, 0)["PM2"] == ("not_assessed", 0)
    assert _criteria(replace(files, store=_store(tmp_path, "chr1")), 0)["PM2"] == ("met", 1)
    write_table(variants, "variants", files.variants, ("b", "f", "m"))
    assert _criteria(replace(files, store=_store(tmp_path, "chr2")), 0)["PM2"] == ("not_assessed", 0)


def _store(folder: Path, contig: str) -> Path:
    """A store's manifest; evidence asks no more of it than which contigs it covers."""
    store = folder / f"store_{contig}"
    store.mkdir()
    manifest = {
        "format": "neotriage store",
        "version": VERSION,
        "kind": "frequency",
        "sources": [],
        "filters": [],
        "build": "GRCh38",
    }
    manifest |= {"absent": [], "contigs": {contig: {"records": 1}}, "columns": {}}
    (store / "manifest.json").write_text(json.dumps(manifest))
    return store
