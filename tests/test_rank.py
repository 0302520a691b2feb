"""Ranking: planted patterns end where they should, every total is the sum of its shown parts, noise is nothing found.

Tiers: Genomics England, Rare Disease Results Guide. Points to decibans: Tavtigian 2020, 10 log10 350^(1/8) = 3.18.
"""

import json
import math
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from neotriage.call_rules import is_call_failed, unmeasured_rule
from neotriage.case import Case, Consent, read_case, write_case
from neotriage.columns import empty, frame, read_table, small_variants, write_table
from neotriage.errors import FormatError, InputError
from neotriage.gene_models import read_gene_models
from neotriage.panels import ModeOfInheritance, Panel, PanelGene, read_panel
from neotriage.pedigree import Member, Sex, check_family
from neotriage.phenotype import Disease, load
from neotriage.rank.candidates import shares
from neotriage.rank.gene_term import PanelEntry, apply_panels, mode_conflicts
from neotriage.rank.inheritance_term import inheritance_parts
from neotriage.rank.modes import GeneModes, ModeFit, Need, modes_of_diseases, modes_of_panels, need_of
from neotriage.rank.run import RankFiles, run_rank
from neotriage.rank.terms import TERMS, sum_db, weights_of
from neotriage.rank.tiers import tier_of
from neotriage.rank.variant_term import joint_points, pathogenic_probability, variant_parts
from neotriage.schema import Model, Tier
from neotriage.settings import FrequencyLimits, RankSettings, Settings
from neotriage.table.rules import RULE_IDS

NAN = float("nan")
SAMPLES = ("baby", "dad", "mum")
ALAGILLE = ("HP:0001396", "HP:0003422", "HP:0001642")  # cholestasis, vertebral segmentation defect, pulmonic stenosis
RIBOFLAVIN = ("HP:0002093", "HP:0001252", "HP:0000407")  # respiratory insufficiency, hypotonia, sensorineural deafness
AD = "MONOALLELIC, autosomal or pseudoautosomal, NOT imprinted"
AR = "BIALLELIC, autosomal or pseudoautosomal"
RANK = Settings().rank


@pytest.fixture(scope="module")
def model():
    return load()


def _hit(gene, how, *alleles, **more):
    """A hit; each allele is (points by criterion, changes of its variant row)."""
    return {"gene": gene, "model": how, "alleles": alleles, **more}


P_LOF = ({"PVS1": 8, "PM2": 1, "CLINVAR": 4}, {"clinvar_significance": "pathogenic", "impact": "HIGH"})
LP_MISSENSE = ({"CLINVAR": 6, "PM2": 1}, {"clinvar_significance": "likely_pathogenic"})
VUS = ({"PM2": 1}, {})
BENIGN = ({"BS1": -4, "CLINVAR": -4}, {"allele_frequency": 0.005, "frequency_source": "s"})


def _tables(folder: Path, hits) -> None:
    rows = {name: [] for name in ("variants", "consequences", "annotations", "hits", "criteria", "classes")}
    for number, hit in enumerate(hits):
        gene_id = f"ENSG{sum(map(ord, hit['gene'])):06d}"
        numbers = [len(rows["variants"]) + i for i in range(len(hit["alleles"]))]
        for variant, (points, changes) in zip(numbers, hit["alleles"], strict=True):
            _add_allele(rows, number, variant, gene_id, hit["gene"], points, dict(changes))
        defaults = {"phase": "not_applicable", "de_novo_confidence": "not_applicable", "is_incomplete": False}
        defaults |= {"explains_affected": True, "notes": ""}
        rows["hits"].append(
            {
                **defaults,
                **{key: value for key, value in hit.items() if key != "alleles"},
                "hit": number,
                "gene_id": gene_id,
                "variant_a": numbers[0],
                "variant_b": numbers[1] if len(numbers) > 1 else -1,
            }
        )
    for name, found in rows.items():
        names = SAMPLES if name == "variants" else ()
        columns = {key: [row[key] for row in found] for key in found[0]} if found else {}
        table = frame(name, columns, names) if found else empty(name, names)
        write_table(table, name, folder / f"{name}.parquet", names)


def _add_allele(rows, number, variant, gene_id, gene, points, changes) -> None:
    impact = changes.pop("impact", "MODERATE")
    base = {
        "variant": variant,
        **{name: values[0] for name, values in small_variants(1, 3).items()},
        "chrom": "chr20",
        "position": 1000 + variant,
        "ref": "C",
        "alt": "T",
        "qual": 50.0,
        "filters": "PASS",
        "allele_frequency": NAN,
        "frequency_source": "",
        "homozygotes": -1,
        "hemizygotes": -1,
        "clinvar_significance": "",
        "kept_by": 1,
        "quality_rule": "",
        "genotype": [[0, 1], [0, 0], [0, 0]],
        "is_phased": [False] * 3,
        **{name: [30] * 3 for name in ("phase_set", "depth", "ref_depth", "alt_depth", "genotype_quality")},
    }
    rows["variants"].append({**base, **changes})
    place = {"gene_id": gene_id, "gene": gene}
    told = {"transcript": "T", "refseq": "", "is_mane_select": True, "strand": "+", "terms": "missense_variant"}
    told |= {"impact": impact, "amino_acids": "", "exon": 1, "exon_last": 1, "exons": 2, "joined_with": ""}
    rows["consequences"].append({"variant": variant, **place, **told})
    empty_texts = dict.fromkeys(("clinvar_id", "clinvar_text", "clinvar_review", "clinvar_conditions", "clinvar_gene"), "")
    rows["annotations"].append({"variant": variant, **empty_texts, "clinvar_stars": -1})
    for criterion in ("CLINVAR", "PVS1", "PM2", "PM3", "PS2", "PP1", "BS1"):
        state = "met" if points.get(criterion) else "not_met"
        row = {"criterion": criterion, "state": state, "points": points.get(criterion, 0), "value": "v", "source": "s"}
        rows["criteria"].append({"hit": number, "variant": variant, **row})
    total = sum(points.values())
    name = "P" if total >= 10 else "LP" if total >= 6 else "VUS" if total >= 0 else "LB" if total >= -6 else "B"
    rows["classes"].append({"hit": number, "variant": variant, "points": total, "acmg_class": name})


def _rank(folder: Path, model, hits, *, hpo=ALAGILLE, panel=(), sex=Sex.FEMALE, **changes):
    members = (Member("baby", sex, True, "dad", "mum"), Member("dad", Sex.MALE, False), Member("mum", Sex.FEMALE, False))
    panels: tuple[str, ...] = ()
    if panel:
        path = folder / "panel.tsv"
        lines = ["symbol\tconfidence\tmode_of_inheritance", *("\t".join(row) for row in panel)]
        path.write_text("\n".join(lines) + "\n")
        panels = (str(path),)
    case = Case("FAM", check_family("FAM", members, "baby"), hpo_present=hpo, panels=panels, **changes)
    write_case(case, folder / "case.json")
    _tables(folder, hits)
    names = ("variants", "consequences", "annotations", "hits", "criteria", "classes")
    inputs = (folder / "case.json", *(folder / f"{name}.parquet" for name in names))
    outputs = (folder / "candidates.parquet", folder / "parts.parquet", folder / "summary.json")
    files = RankFiles(*inputs, None, *outputs)
    run_rank(files, model=model)
    summary = json.loads(files.summary.read_text())
    candidates, parts = read_table(files.candidates, "candidates"), read_table(files.parts, "parts")
    _assert_sums(candidates, parts, summary)
    return candidates, parts, summary, files


def _assert_sums(candidates: pl.DataFrame, parts: pl.DataFrame, summary) -> None:
    """Every total is the sum of its parts, every term the sum of its own, and the shares make one."""
    columns = dict(zip(TERMS, ("phenotype_db", "variant_db", "inheritance_db", "gene_db"), strict=True))
    for row in candidates.iter_rows(named=True):
        own = parts.filter(pl.col("rank") == row["rank"])
        for term, column in columns.items():
            assert row[column] == pytest.approx(own.filter(pl.col("part") == term)["points_db"].sum(), abs=1e-9)
        assert row["total_db"] == pytest.approx(own["points_db"].sum(), abs=1e-9)
    assert candidates["probability"].sum() + summary["no_diagnosis_probability"] == pytest.approx(1.0)
    assert candidates["rank"].to_list() == list(range(1, candidates.height + 1))
    assert candidates["total_db"].to_list() == sorted(candidates["total_db"].to_list(), reverse=True)


NOISE = (
    _hit("NF1", "dominant_unknown_origin", VUS),
    _hit("TTN", "recessive_compound", VUS, VUS, phase="trans_by_parent"),
    _hit("ABCB4", "recessive_single_hit", VUS),
    _hit("PANK2", "recessive_homozygous", BENIGN),
)
PANEL = (("JAG1", "3", AD), ("SLC52A3", "3", AR), ("NF1", "3", AD), ("PANK2", "3", AR), ("ABCB4", "3", AR))


# --- planted patterns


def test_planted__de_novo_pathogenic_is_found(tmp_path, model):
    hit = _hit("JAG1", "de_novo", P_LOF, de_novo_confidence="high")
    candidates, _, summary, _ = _rank(tmp_path, model, [*NOISE, hit], panel=PANEL)
    assert summary["statement"] == "found"
    assert summary["top"]["gene"] == candidates["gene"][0] == "JAG1"
    assert candidates["tier"][0] == "1"
    assert candidates["probability"][0] > 0.95
    assert (candidates["disease"][0], candidates["panel"][0]) == ("Alagille syndrome 1", "panel")
    assert "JAG1" in summary["sentence"]
    assert "class P" in summary["sentence"]


def test_planted__compound_in_trans_is_found(tmp_path, model):
    hit = _hit("SLC52A3", "recessive_compound", LP_MISSENSE, P_LOF, phase="trans_by_parent")
    candidates, _, summary, _ = _rank(tmp_path, model, [*NOISE, hit], hpo=RIBOFLAVIN, panel=PANEL)
    assert (summary["statement"], candidates["gene"][0], candidates["model"][0]) == ("found", "SLC52A3", "recessive_compound")
    assert candidates["tier"][0] == "1"


def test_planted__two_alleles_of_unknown_phase_are_a_candidate_and_not_found(tmp_path, model):
    hit = _hit("SLC52A3", "recessive_compound", LP_MISSENSE, P_LOF, phase="unknown", is_incomplete=True)
    _, _, summary, _ = _rank(tmp_path, model, [*NOISE, hit], hpo=RIBOFLAVIN, panel=PANEL)
    assert (summary["statement"], summary["top"]["gene"]) == ("candidate", "SLC52A3")


def test_planted__homozygote_is_found(tmp_path, model):
    hit = _hit("SLC52A3", "recessive_homozygous", P_LOF)
    candidates, _, summary, _ = _rank(tmp_path, model, [*NOISE, hit], hpo=RIBOFLAVIN, panel=PANEL)
    assert (summary["statement"], candidates["gene"][0]) == ("found", "SLC52A3")


def test_planted__two_alleles_in_cis_make_no_hit_and_nothing_is_found(tmp_path, model):
    _, _, summary, _ = _rank(tmp_path, model, NOISE, hpo=RIBOFLAVIN, panel=PANEL)
    assert (summary["statement"], summary["second_hit_not_found"]) == ("nothing_found", [])


def test_planted__inherited_dominant_is_found(tmp_path, model):
    hit = _hit("JAG1", "dominant_inherited", P_LOF)
    candidates, _, summary, _ = _rank(tmp_path, model, [*NOISE, hit], panel=PANEL)
    assert (summary["statement"], candidates["gene"][0]) == ("found", "JAG1")


def test_planted__hemizygous_boy_is_found(tmp_path, model):
    hit = _hit("ABCD1", "x_recessive", P_LOF)
    hpo = ("HP:0000846", "HP:0002415")  # adrenal insufficiency, leukodystrophy
    candidates, parts, summary, _ = _rank(tmp_path, model, [*NOISE, hit], hpo=hpo, sex=Sex.MALE)
    assert (summary["statement"], candidates["gene"][0]) == ("found", "ABCD1")
    assert parts.filter(rank=1, rule="mode_contradicts").height == 0


def test_planted__mitochondrial_is_found(tmp_path, model):
    hit = _hit("MT-TL1", "mitochondrial", ({"CLINVAR": 10}, {"clinvar_significance": "pathogenic", "chrom": "chrM"}))
    hpo = ("HP:0003128", "HP:0002401", "HP:0001250")  # lactic acidosis, stroke-like episode, seizure
    candidates, _, summary, _ = _rank(tmp_path, model, [*NOISE, hit], hpo=hpo)
    assert (summary["statement"], candidates["gene"][0]) == ("found", "MT-TL1")


@pytest.mark.parametrize("hpo", [ALAGILLE, RIBOFLAVIN, ()])
@pytest.mark.parametrize("panel", [PANEL, ()], ids=["panel", "no panel"])
def test_planted__nothing_is_nothing_found(tmp_path, model, hpo, panel):
    _, _, summary, _ = _rank(tmp_path, model, NOISE, hpo=hpo, panel=panel)
    assert summary["statement"] == "nothing_found"
    assert summary["sentence"].startswith("Nothing was found")
    assert summary["top"] is None


def test_planted__no_hit_at_all(tmp_path, model):
    candidates, _, summary, _ = _rank(tmp_path, model, [])
    assert (candidates.height, summary["statement"], summary["no_diagnosis_probability"]) == (0, "nothing_found", 1.0)
    assert summary["top"] is None


# --- what must not be found


def test_lone_pathogenic_allele_of_a_recessive_gene__has_its_own_list(tmp_path, model):
    hit = _hit("SLC52A3", "recessive_single_hit", P_LOF)
    candidates, _, summary, _ = _rank(tmp_path, model, [*NOISE, hit], hpo=RIBOFLAVIN, panel=PANEL)
    assert summary["statement"] == "nothing_found"
    assert summary["second_hit_not_found"] == ["SLC52A3"]
    assert summary["no_diagnosis_probability"] > 0.5
    assert candidates.filter(gene="SLC52A3")["tier"].to_list() == ["untiered"]


def test_lone_pathogenic_allele__off_panel_and_off_phenotype_is_carrier_status_and_not_named(tmp_path, model):
    hit = _hit("CFTR", "recessive_single_hit", P_LOF)
    candidates, _, summary, files = _rank(tmp_path, model, [*NOISE, hit], hpo=RIBOFLAVIN, panel=PANEL)
    assert "CFTR" not in candidates["gene"].to_list()
    assert "CFTR" not in files.summary.read_text()
    assert summary["counts"]["weak_single_hits_not_listed"] == 2


def test_lone_pathogenic_allele__on_the_panel_and_off_phenotype_needs_consent(tmp_path, model):
    hit = _hit("CFTR", "recessive_single_hit", P_LOF)
    panel = [*PANEL, ("CFTR", "3", "BIALLELIC, autosomal or pseudoautosomal")]
    for consent, named in ((Consent(), []), (Consent(carrier_status=True), ["CFTR"])):
        _, _, summary, files = _rank(tmp_path, model, [hit], hpo=RIBOFLAVIN, panel=panel, consent=consent)
        assert summary["second_hit_not_found"] == named
        assert ("CFTR" in str(read_table(files.candidates, "candidates").to_dicts())) == bool(named)


def test_secondary_finding__counted_and_shown_only_with_consent(tmp_path, model):
    hit = _hit("LDLR", "dominant_inherited", P_LOF)
    for consent, shown in ((Consent(), 0), (Consent(secondary_findings=True), 1)):
        candidates, _, summary, files = _rank(tmp_path, model, [hit], hpo=RIBOFLAVIN, panel=PANEL, consent=consent)
        assert candidates.filter(gene="LDLR").height == shown
        assert summary["counts"]["secondary_findings_withheld"] == 1 - shown
        assert ("LDLR" in files.summary.read_text()) == bool(shown and summary["top"])


def test_secondary_finding__a_gene_of_the_applied_panel_is_no_secondary_finding(tmp_path, model):
    hit = _hit("BRCA1", "dominant_inherited", P_LOF)
    panel = [*PANEL, ("BRCA1", "3", "MONOALLELIC, autosomal or pseudoautosomal, NOT imprinted")]
    candidates, *_ = _rank(tmp_path, model, [hit], panel=panel)
    assert candidates.filter(gene="BRCA1").height == 1


def test_carrier_called_dominant__recessive_gene_is_not_found(tmp_path, model):
    for panel in (PANEL, ()):
        hit = _hit("SLC52A3", "dominant_unknown_origin", P_LOF, is_incomplete=True)
        _, parts, summary, _ = _rank(tmp_path, model, [hit], hpo=RIBOFLAVIN, panel=panel)
        assert summary["statement"] == "nothing_found"
        assert parts.filter(rule="mode_contradicts")["points_db"].to_list() == pytest.approx([-30.0 * RANK.gene_weight])


@pytest.mark.parametrize(
    ("changes", "statement"),
    [
        ({}, "found"),
        ({"de_novo_confidence": "low"}, "candidate"),
        ({"explains_affected": False}, "candidate"),
        ({"alleles": (VUS,)}, "nothing_found"),
        ({"alleles": (({"PM2": 1, "PS2": 2}, {}),)}, "candidate"),
        ({"alleles": ((P_LOF[0], {**P_LOF[1], "quality_rule": "depth"}),)}, "candidate"),
        ({"alleles": ((P_LOF[0], {**P_LOF[1], "quality_rule": "frequency_not_measured"}),)}, "found"),
        ({"alleles": ((P_LOF[0], {**P_LOF[1], "quality_rule": "region"}),)}, "found"),
    ],
)
def test_statement__each_condition_of_found(tmp_path, model, changes, statement):
    hit = {**_hit("JAG1", "de_novo", P_LOF, de_novo_confidence="high"), **changes}
    _, _, summary, _ = _rank(tmp_path, model, [*NOISE, hit], panel=PANEL)
    assert summary["statement"] == statement


def test_excluded_genes__counted_and_never_named(tmp_path, model):
    hit = _hit("JAG1", "de_novo", P_LOF, de_novo_confidence="high")
    *_, summary, files = _rank(tmp_path, model, [*NOISE, hit], panel=PANEL, excluded_genes=("JAG1",))
    assert summary["counts"]["excluded_genes_withheld"] == 1
    assert summary["statement"] == "nothing_found"
    assert "JAG1" not in files.summary.read_text()
    assert "JAG1" not in str(read_table(files.candidates, "candidates").to_dicts())


def _models(folder):
    gff = folder / "g.gff3"
    place = "chr20\tt\t{}\t1\t90\t.\t+\t.\t{}\n"
    gene_id = f"ENSG{sum(map(ord, 'JAG1')):06d}"
    gff.write_text(
        place.format("gene", f"ID=gene:{gene_id};Name=JAG1;description=jagged [Source:HGNC Symbol%3BAcc:HGNC:6188]")
        + place.format("mRNA", f"ID=transcript:ENST1;Parent=gene:{gene_id}")
        + place.format("exon", "Parent=transcript:ENST1")
    )
    return gff


def test_excluded_genes__by_hgnc_id_need_gene_models(tmp_path, model):
    hit = _hit("JAG1", "de_novo", P_LOF, de_novo_confidence="high")
    *_, files = _rank(tmp_path, model, [*NOISE, hit], panel=PANEL)
    case = replace(read_case(files.case), excluded_genes=("HGNC:6188", "NOTAGENE"))
    write_case(case, files.case)
    with pytest.raises(InputError, match="HGNC id"):
        run_rank(files, model=model)
    run_rank(replace(files, gene_models=_models(tmp_path)), model=model)
    counts = json.loads(files.summary.read_text())["counts"]
    assert (counts["excluded_genes_withheld"], counts["excluded_names_unknown"]) == (1, 1)
    assert "JAG1" not in read_table(files.candidates, "candidates")["gene"].to_list()


def test_excluded_genes__not_named_among_panel_genes_without_a_model(tmp_path, model):
    *_, files = _rank(tmp_path, model, NOISE, panel=PANEL)
    files = replace(files, gene_models=_models(tmp_path))
    lacking = []
    for excluded in ((), ("NF1",)):
        write_case(replace(read_case(files.case), excluded_genes=excluded), files.case)
        run_rank(files, model=model)
        lacking.append(json.loads(files.summary.read_text())["panels"][0]["not_in_gene_models"])
    assert set(lacking[0]) - set(lacking[1]) == {"NF1"}
    assert "NF1" not in files.summary.read_text()


# --- terms


def test_phenotype__without_terms_is_zero_and_said(tmp_path, model):
    candidates, parts, _, _ = _rank(tmp_path, model, NOISE, hpo=())
    assert set(candidates["phenotype_db"].to_list()) == {0.0}
    assert set(parts.filter(part="P")["value"].to_list()) == {"no HPO terms given"}


def test_phenotype__each_term_is_a_part_and_a_gene_without_disease_is_said(tmp_path, model):
    hits = [_hit("JAG1", "de_novo", VUS), _hit("NOSUCHGENE", "de_novo", VUS)]
    candidates, parts, _, _ = _rank(tmp_path, model, hits)
    own = parts.filter(pl.col("part") == "P")
    assert {f"present {term}" for term in ALAGILLE} <= set(own.filter(rank=1)["rule"].to_list())
    assert candidates["gene"].to_list() == ["JAG1", "NOSUCHGENE"]
    assert parts.filter(rule="no_known_disease")["points_db"].to_list() == pytest.approx([-20.0 * RANK.gene_weight])
    assert own.filter(rule="no_disease")["points_db"][0] < 0


def test_point__is_3_18_decibans():
    assert Settings().rank.db_per_point == pytest.approx(10 * math.log10(350 ** (1 / 8)), abs=0.005)


@pytest.mark.parametrize(("points", "probability"), [(0, 0.1), (6, 0.9), (10, 0.994)])
def test_pathogenic_probability__tavtigian_2018(points, probability):
    assert pathogenic_probability(points) == pytest.approx(probability, abs=0.001)
    assert joint_points(pathogenic_probability(points)) == pytest.approx(points)


def _variant_db(how, *points):
    allele = {"chrom": "chr1", "position": 1, "ref": "A", "alt": "C", "kind": "small", "quality_rule": ""}
    rows = [[{"criterion": c, "points": p, "value": "", "source": ""} for c, p in given.items()] for given in points]
    return sum_db(variant_parts(how, [allele] * len(points), rows, 3.18), "V") / 3.18


def test_variant_term__points_without_rarity_and_family_and_capped():
    assert _variant_db(Model.DE_NOVO, {"PVS1": 8, "PM2": 1, "PS2": 2}) == pytest.approx(8)
    assert _variant_db(Model.DE_NOVO, {"PVS1": 8, "CLINVAR": 10}) == pytest.approx(10)
    assert _variant_db(Model.DE_NOVO, {"BA1": -8, "CLINVAR": -7}) == pytest.approx(-10)


def test_variant_term__a_pair_is_no_stronger_than_its_weaker_allele():
    strong, weak = {"CLINVAR": 10}, {"PP3": 1}
    assert _variant_db(Model.RECESSIVE_COMPOUND, strong, weak) < 1
    assert 8.5 < _variant_db(Model.RECESSIVE_COMPOUND, strong, strong) < 10
    assert _variant_db(Model.RECESSIVE_COMPOUND, {}, {}) < -3
    assert _variant_db(Model.RECESSIVE_SINGLE, strong) < 0


def test_inheritance_term__order_of_the_patterns():
    def db(how, phase="not_applicable", confidence="not_applicable", **more):
        hit = {"model": how, "phase": phase, "de_novo_confidence": confidence, "is_incomplete": False, "notes": ""}
        return sum_db(inheritance_parts({**hit, "explains_affected": True, **more}, [], 3.18), "I")

    trans, open_phase = db("recessive_compound", "trans_by_parent"), db("recessive_compound", "unknown")
    assert db("de_novo", confidence="high") > trans > db("recessive_homozygous") > db("dominant_inherited") > open_phase
    assert db("recessive_compound", "cis") <= -30
    assert db("de_novo", confidence="high", explains_affected=False) == db("de_novo", confidence="high") - 20
    assert db("recessive_homozygous", is_incomplete=True) == db("recessive_homozygous") - 3
    assert db("dominant_unknown_origin", is_incomplete=True) == db("dominant_unknown_origin")
    for how in Model:
        assert math.isfinite(db(how.value))


def test_segregation__pp1_counts_in_i_and_not_in_v(tmp_path, model):
    hit = _hit("JAG1", "dominant_inherited", ({"PP1": 2, "PVS1": 8}, {}))
    _, parts, _, _ = _rank(tmp_path, model, [hit])
    counted = parts.filter(pl.col("points_db") != 0)
    assert counted.filter(rule="segregation")["part"].to_list() == ["I"]
    assert "PP1" not in counted.filter(part="V")["rule"].to_list()


@pytest.mark.parametrize(
    ("confidence", "mode", "share"),
    [("3", AD, 1.0), ("4", AD, 1.0), ("2", AD, 0.5), ("1", AD, 0.0), ("3", "", 1.0), ("3", AR, 0.0)],
)
def test_gene_term__panel_prior(tmp_path, model, confidence, mode, share):
    hit = _hit("JAG1", "de_novo", VUS)
    _, parts, _, _ = _rank(tmp_path, model, [hit], panel=(("JAG1", confidence, mode),))
    expected = share * RANK.panel_prior_db * RANK.gene_weight
    assert parts.filter(rule="panel")["points_db"].to_list() == pytest.approx([expected])
    assert parts.filter(rule="mode_contradicts").height == (mode == AR)


def test_gene_term__off_panel_is_kept(tmp_path, model):
    candidates, parts, _, _ = _rank(tmp_path, model, [_hit("JAG1", "de_novo", VUS)], panel=(("NF1", "3", AD),))
    assert candidates["gene"].to_list() == ["JAG1"]
    assert parts.filter(rule="panel")["value"].to_list() == ["on no applied panel"]


def test_mode_conflicts__of_panels_and_of_diseases_are_flagged():
    def entry(name, mode):
        gene = PanelGene("G", "", (), 3, ModeOfInheritance(mode), mode)
        return PanelEntry(Panel(name, name, "1", name, (gene,)), gene)

    both = [entry("A", "biallelic"), entry("B", "monoallelic")]
    mild = Disease("OMIM:1", "mild", ("Autosomal dominant inheritance",), ())
    severe = Disease("OMIM:2", "severe", ("Autosomal recessive inheritance",), ())
    panels, diseases = mode_conflicts(both, [mild, severe], mild, Need.TWO_ALLELES, "HPO")
    assert panels.value == "the gene's panels differ in mode: the hit fits A v1 (biallelic), not B v1 (monoallelic)"
    assert "fits severe (Autosomal recessive inheritance), not mild (Autosomal dominant inheritance)" in diseases.value
    assert diseases.value.endswith("the signs fit best one that it does not fit")
    assert panels.db == diseases.db == 0.0
    assert mode_conflicts(both[:1], [severe], severe, Need.TWO_ALLELES, "HPO") == []
    silent = Disease("OMIM:3", "silent", (), ())
    assert mode_conflicts([], [severe, silent], silent, Need.TWO_ALLELES, "HPO") == []


@pytest.mark.parametrize(
    ("mode", "fits"),
    [
        (ModeOfInheritance.MONOALLELIC, {Need.ONE_ALLELE}),
        (ModeOfInheritance.BIALLELIC, {Need.TWO_ALLELES}),
        (ModeOfInheritance.BOTH, {Need.ONE_ALLELE, Need.TWO_ALLELES}),
        (ModeOfInheritance.MONOALLELIC_MATERNALLY_IMPRINTED, {Need.ONE_ALLELE, Need.HEARD_FROM_FATHER}),
        (ModeOfInheritance.X_BIALLELIC_FEMALES, {Need.X_MALE_OR_TWO}),
        (ModeOfInheritance.X_MONOALLELIC_FEMALES, {Need.X_MALE_OR_TWO, Need.X_ONE_IN_FEMALE}),
        (ModeOfInheritance.MITOCHONDRIAL, {Need.MITOCHONDRIAL}),
        (ModeOfInheritance.UNKNOWN, set()),
        (ModeOfInheritance.OTHER, set()),
    ],
)
def test_modes__panelapp(mode, fits):
    modes = modes_of_panels([mode], "", "")
    assert {need for need in Need if modes.fit(need) is ModeFit.FITS} == fits


def test_modes__hpo_names_and_what_the_contig_decides():
    recessive = modes_of_diseases(["Autosomal recessive inheritance", "Typified by incomplete penetrance"], "")
    assert recessive.fit(Need.TWO_ALLELES) is ModeFit.FITS
    assert recessive.fit(Need.ONE_ALLELE) is ModeFit.CONTRADICTS
    assert recessive.fit(Need.MITOCHONDRIAL) is ModeFit.NOT_STATED
    assert modes_of_diseases(["Sporadic"], "").fit(Need.ONE_ALLELE) is ModeFit.NOT_STATED
    x_recessive = modes_of_diseases(["X-linked recessive inheritance"], "")
    assert x_recessive.fit(Need.X_ONE_IN_FEMALE) is ModeFit.CONTRADICTS
    assert modes_of_diseases(["X-linked dominant inheritance"], "").fit(Need.X_ONE_IN_FEMALE) is ModeFit.FITS
    assert GeneModes(None, "", "").fit(Need.Y) is ModeFit.NOT_STATED


def test_need__every_model_has_one():
    assert {need_of(how, Sex.MALE) for how in Model} | {need_of(Model.X_DE_NOVO, Sex.FEMALE)} == set(Need)
    assert need_of(Model.X_DE_NOVO, Sex.FEMALE) is Need.X_ONE_IN_FEMALE


# --- tiers


def _tier(how="de_novo", impacts=("HIGH",), *, green=True, fit=ModeFit.FITS, confidence="high", explains=True, **changes):
    allele = {
        "kind": "small",
        "filters": "PASS",
        "quality_rule": "",
        "allele_frequency": NAN,
        "clinvar_significance": "",
        **changes,
    }
    hit = {"model": how, "explains_affected": explains, "de_novo_confidence": confidence}
    return tier_of(hit, [allele] * len(impacts), impacts, FrequencyLimits(), is_green=green, fit=fit)[0]


@pytest.mark.parametrize(
    ("tier", "given"),
    [
        (Tier.TIER1, {}),
        (Tier.TIER1, {"impacts": ("MODERATE",)}),  # de novo and moderate
        (Tier.TIER2, {"impacts": ("MODERATE",), "how": "dominant_inherited"}),
        (Tier.TIER2, {"impacts": ("MODERATE",), "confidence": "low"}),
        (Tier.TIER1, {"impacts": ("LOW",), "clinvar_significance": "pathogenic"}),
        (Tier.UNTIERED, {"impacts": ("LOW",)}),
        (Tier.UNTIERED, {"impacts": ("LOW",), "clinvar_significance": "conflicting"}),
        (Tier.TIER3, {"green": False}),
        (Tier.TIER3, {"fit": ModeFit.CONTRADICTS}),
        (Tier.TIER1, {"fit": ModeFit.NOT_STATED}),
        (Tier.UNTIERED, {"filters": "LowQual"}),
        (Tier.UNTIERED, {"quality_rule": "depth"}),
        (Tier.TIER1, {"quality_rule": "frequency_not_measured"}),
        (Tier.TIER1, {"allele_frequency": 0.001}),
        (Tier.UNTIERED, {"allele_frequency": 0.0011}),
        (Tier.TIER1, {"allele_frequency": 0.01, "how": "recessive_homozygous"}),
        (Tier.UNTIERED, {"allele_frequency": 0.011, "how": "recessive_homozygous"}),
        (Tier.UNTIERED, {"allele_frequency": 0.0011, "how": "mitochondrial"}),
        (Tier.TIER2, {"how": "recessive_compound", "impacts": ("HIGH", "MODERATE")}),  # the weaker allele's
        (Tier.UNTIERED, {"explains": False}),
        (Tier.UNTIERED, {"how": "recessive_single_hit"}),
    ],
)
def test_tier__genomics_england(tier, given):
    assert _tier(**given) is tier


def test_tier__impact_on_mane_select_wherever_it_stands(tmp_path, model):
    hit = _hit("JAG1", "de_novo", P_LOF, de_novo_confidence="high")
    *_, files = _rank(tmp_path, model, [hit], panel=PANEL)
    mane = read_table(files.consequences, "consequences")
    other = mane.with_columns(is_mane_select=pl.lit(value=False), impact=pl.lit("MODIFIER"))
    plain = read_table(files.variants, "variants").with_columns(clinvar_significance=pl.lit(""))
    write_table(plain, "variants", files.variants, SAMPLES)
    for rows in ([other, mane], [mane, other]):
        write_table(pl.concat(rows), "consequences", files.consequences)
        run_rank(files, model=model)
        assert read_table(files.candidates, "candidates")["tier"].to_list() == ["1"]


def test_tier__known_traps_are_said():
    allele = {"kind": "small", "filters": "PASS", "quality_rule": "", "allele_frequency": NAN, "clinvar_significance": ""}
    hit = {"model": "recessive_isodisomy", "explains_affected": True, "de_novo_confidence": "not_applicable"}
    limits = FrequencyLimits()
    assert "de novo" in tier_of(hit, [allele], ["HIGH"], limits, is_green=True, fit=ModeFit.FITS)[1]
    lone = {**hit, "model": "recessive_single_hit"}
    assert "kept here" in tier_of(lone, [allele], ["HIGH"], limits, is_green=True, fit=ModeFit.FITS)[1]


def test_call_rules__every_rule_of_the_table_is_told_apart():
    failing = {rule for rule in RULE_IDS if is_call_failed(rule)}
    assert failing == {"site_filter", "site_quality", "depth", "genotype_quality", "allele_balance", "heteroplasmy"}
    assert [unmeasured_rule(rule) for rule in ("depth_not_measured", "depth", "")] == ["depth", "", ""]


# --- weights and moves


def test_weights__stand_in_every_shown_part(tmp_path, model):
    plain = RankSettings(phenotype_weight=1.0, variant_weight=1.0, inheritance_weight=1.0, gene_weight=1.0)
    other = RankSettings(phenotype_weight=2.0, variant_weight=3.0, inheritance_weight=0.5, gene_weight=4.0)
    hit = _hit("JAG1", "de_novo", P_LOF, de_novo_confidence="high")
    shown = []
    for name, settings in (("a", plain), ("b", other)):
        (tmp_path / name).mkdir()
        _, parts, _, _ = _rank(tmp_path / name, model, [hit], panel=PANEL, settings=Settings(rank=settings))
        shown.append(parts)
    weights = {"P": 2.0, "V": 3.0, "I": 0.5, "G": 4.0}
    assert weights_of(other) == weights
    expected = [row["points_db"] * weights[row["part"]] for row in shown[0].iter_rows(named=True)]
    assert shown[1]["points_db"].to_list() == pytest.approx(expected)


def _moves(folder, model, hits, **more):
    *_, files = _rank(folder, model, hits, **more)
    files = replace(files, moves=folder / "moves.parquet")
    run_rank(files, model=model)
    return read_table(files.moves, "moves"), read_table(files.candidates, "candidates")


def test_moves__a_term_left_out_is_the_ranking_without_it(tmp_path, model):
    hits = [*NOISE, _hit("JAG1", "de_novo", VUS, de_novo_confidence="high"), _hit("NOSUCHGENE", "de_novo", VUS)]
    moves, candidates = _moves(tmp_path, model, hits, panel=PANEL)
    for place, term in enumerate(ALAGILLE):
        (tmp_path / term).mkdir()
        left = ALAGILLE[:place] + ALAGILLE[place + 1 :]
        again, *_ = _rank(tmp_path / term, model, hits, hpo=left, panel=PANEL)
        own = moves.filter(pl.col("change").str.contains(term))
        assert own.height == candidates.height
        for row in own.iter_rows(named=True):
            gene = candidates.filter(rank=row["rank"])["gene"][0]
            expected = again.filter(gene=gene)
            assert row["total_db"] == pytest.approx(expected["total_db"][0])
            assert row["new_rank"] == expected["rank"][0]


@pytest.mark.parametrize(
    ("hit", "change", "becomes"),
    [
        (
            {"model": "recessive_compound", "phase": "unknown", "is_incomplete": True},
            "in trans",
            {"phase": "trans_by_parent", "is_incomplete": False},
        ),
        ({"model": "recessive_compound", "phase": "unknown"}, "in cis", {"phase": "cis"}),
        (
            {"model": "dominant_unknown_origin", "is_incomplete": True},
            "de novo",
            {"model": "de_novo", "de_novo_confidence": "high", "is_incomplete": False},
        ),
        (
            {"model": "dominant_unknown_origin", "is_incomplete": True},
            "a healthy parent has it",
            {"model": "dominant_inherited", "explains_affected": False, "is_incomplete": False},
        ),
        ({"model": "de_novo", "de_novo_confidence": "low"}, "confirm", {"de_novo_confidence": "high"}),
        (
            {"model": "x_de_novo", "de_novo_confidence": "low"},
            "a healthy parent has it",
            {"model": "x_dominant", "explains_affected": False, "de_novo_confidence": "low"},
        ),
        ({"model": "recessive_homozygous", "is_incomplete": True}, "confirm", {"is_incomplete": False}),
    ],
)
def test_moves__a_changed_hit_is_the_ranking_with_that_hit(tmp_path, model, hit, change, becomes):
    alleles = (P_LOF, LP_MISSENSE) if hit["model"] == "recessive_compound" else (P_LOF,)
    before = {**_hit("SLC52A3", hit["model"], *alleles), **hit}
    other = _hit("JAG1", "de_novo", P_LOF, de_novo_confidence="high")
    (tmp_path / "then").mkdir()
    moves, candidates = _moves(tmp_path, model, [other, before], hpo=RIBOFLAVIN, panel=PANEL)
    then, *_ = _rank(tmp_path / "then", model, [other, {**before, **becomes}], hpo=RIBOFLAVIN, panel=PANEL)
    rank = candidates.filter(gene="SLC52A3")["rank"][0]
    (row,) = moves.filter((pl.col("rank") == rank) & pl.col("change").str.contains(change)).to_dicts()
    assert row["total_db"] == pytest.approx(then.filter(gene="SLC52A3")["total_db"][0])
    assert row["new_rank"] == then.filter(gene="SLC52A3")["rank"][0]


def test_moves__second_allele_confirmed_call_and_a_better_hit_of_the_gene(tmp_path, model):
    lone = _hit("SLC52A3", "recessive_single_hit", P_LOF)
    moves, candidates = _moves(tmp_path, model, [lone], hpo=RIBOFLAVIN, panel=PANEL)
    (row,) = moves.filter(pl.col("change").str.contains("second allele")).to_dicts()
    assert row["total_db"] > candidates["total_db"][0] + 10
    failed = ({"PVS1": 8}, {"quality_rule": "depth"})
    hits = [_hit("JAG1", "de_novo", failed, de_novo_confidence="high")]
    moves, candidates = _moves(tmp_path, model, hits, panel=PANEL)
    (row,) = moves.filter(pl.col("change").str.contains("confirmed by another method")).to_dicts()
    weight = Settings().rank.variant_weight
    assert row["total_db"] == pytest.approx(candidates["total_db"][0] + 6 * weight)
    open_phase = _hit("SLC52A3", "recessive_compound", P_LOF, P_LOF, phase="unknown")
    weaker = _hit("SLC52A3", "recessive_compound", P_LOF, VUS, phase="trans_by_parent")
    moves, _ = _moves(tmp_path, model, [open_phase, weaker], hpo=RIBOFLAVIN, panel=PANEL)
    (tmp_path / "alone").mkdir()
    alone, *_ = _rank(tmp_path / "alone", model, [weaker], hpo=RIBOFLAVIN, panel=PANEL)
    (row,) = moves.filter(pl.col("change").str.contains("in cis")).to_dicts()
    assert row["total_db"] == pytest.approx(alone["total_db"][0])


def test_moves__ten_candidates_at_most_and_none_without_hits(tmp_path, model):
    genes = ("JAG1", "NF1", "KMT2D", "PANK2", "ABCB4", "SLC52A3", "ABCD1", "SCN1A", "KCNQ2", "CHD7", "PTPN11", "HEXA")
    moves, candidates = _moves(tmp_path, model, [_hit(g, "de_novo", VUS, de_novo_confidence="high") for g in genes])
    assert candidates.height == 12
    assert sorted(set(moves["rank"].to_list())) == list(range(1, 11))
    moves, _ = _moves(tmp_path, model, [])
    assert moves.height == 0


# --- shares, files


def test_shares__softmax_in_decibans():
    probabilities, none = shares([30.0, 20.0], 20.0)
    assert probabilities == pytest.approx((10 / 12, 1 / 12))
    assert none == pytest.approx(1 / 12)
    assert shares([], 20.0) == ((), 1.0)
    assert shares([9000.0], -9000.0)[1] == pytest.approx(0.0)


def test_best_mode__one_candidate_a_gene(tmp_path, model):
    hits = [
        _hit("JAG1", "dominant_unknown_origin", VUS),
        _hit("JAG1", "de_novo", P_LOF, de_novo_confidence="high"),
        _hit("JAG1", "recessive_single_hit", P_LOF),
    ]
    candidates, _, _, _ = _rank(tmp_path, model, hits)
    assert candidates.select("gene", "hit").rows() == [("JAG1", 1)]


def test_summary__panels_and_terms(tmp_path, model):
    _, _, summary, files = _rank(tmp_path, model, NOISE, panel=PANEL)
    (panel,) = summary["panels"]
    assert (panel["name"], panel["genes"], panel["not_in_gene_models"]) == ("panel", 5, None)
    assert panel["sha256"] == read_panel(files.case.parent / "panel.tsv").sha256
    assert set(summary["hpo_names"]) == set(ALAGILLE)
    assert summary["counts"]["hits"] == 4


def test_apply_panels__genes_that_the_gene_models_lack(tmp_path):
    gff = tmp_path / "g.gff3"
    place = "chr20\tt\t{}\t1\t90\t.\t+\t.\t{}\n"
    gff.write_text(
        place.format("gene", "ID=gene:ENSG1;Name=JAG1")
        + place.format("mRNA", "ID=transcript:ENST1;Parent=gene:ENSG1")
        + place.format("exon", "Parent=transcript:ENST1")
    )
    panel_file = tmp_path / "p.txt"
    panel_file.write_text("JAG1\nNF1\n")
    panel = read_panel(panel_file)
    applied = apply_panels([panel], read_gene_models(gff))
    assert applied.not_in_gene_models[panel.sha256] == ("NF1",)
    assert [entry.gene.symbol for entry in applied.entries("ENSG1", "JAG1")] == ["JAG1"]
    assert applied.entries("ENSG2", "NF1") == ()


def test_run_rank__same_input_same_bytes(tmp_path, model):
    *_, files = _rank(tmp_path, model, NOISE, panel=PANEL)
    outputs = (files.candidates, files.parts, files.summary)
    first = [path.read_bytes() for path in outputs]
    run_rank(files, model=model)
    assert [path.read_bytes() for path in outputs] == first


def test_run_rank__order_of_hits_does_not_matter(tmp_path, model):
    hits = [*NOISE, _hit("JAG1", "de_novo", P_LOF, de_novo_confidence="high")]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, _, _, _ = _rank(tmp_path / "a", model, hits)
    second, _, _, _ = _rank(tmp_path / "b", model, hits[::-1])
    assert first.drop("hit").equals(second.drop("hit"))


def test_run_rank__tables_of_another_run_are_refused(tmp_path, model):
    *_, files = _rank(tmp_path, model, NOISE)
    classes = read_table(files.classes, "classes")
    write_table(classes.head(2), "classes", files.classes)
    with pytest.raises(FormatError, match="lacks a variant of a hit"):
        run_rank(files, model=model)
    write_table(classes, "classes", files.classes)
    other = tmp_path / "other"
    other.mkdir()
    *_, stale = _rank(other, model, NOISE[:1])
    with pytest.raises(FormatError, match="has not the rows"):
        run_rank(replace(files, annotations=stale.annotations), model=model)
