"""A small finished case as the report stage finds it: one de novo candidate, one lone hit, every table on disk."""

import json
from pathlib import Path

from neotriage.case import Case, write_case
from neotriage.columns import frame, write_table
from neotriage.pedigree import Member, Sex, check_family
from neotriage.report import Sources

SAMPLES = ("baby", "dad", "mum")
NAN = float("nan")


def make_case(**changes: object) -> Case:
    members = (
        Member("baby", Sex.MALE, True, "dad", "mum"),
        Member("dad", Sex.MALE, False),
        Member("mum", Sex.FEMALE, False),
    )
    base: dict[str, object] = {"name": "FAM", "family": check_family("FAM", members), "hpo_present": ("HP:0001250",)}
    return Case(**{**base, **changes})  # type: ignore[arg-type]


def write_tables(folder: Path, case: Case) -> Sources:
    write_case(case, folder / "case.json")
    tables = {
        "variants": {
            "variant": [0, 1],
            "chrom": ["chr20", "chr20"],
            "position": [99, 199],
            "ref": ["A", "C"],
            "alt": ["<b>T", "G"],
            "qual": [50.0, NAN],
            "filters": ["PASS", ""],
            "allele_frequency": [NAN, 0.0004],
            "frequency_source": ["", "cohort:all"],
            "homozygotes": [-1, 0],
            "hemizygotes": [-1, -1],
            "clinvar_significance": ["pathogenic", ""],
            "kept_by": [5, 1],
            "quality_rule": ["", "depth"],
            "genotype": [[[0, 1], [0, 0], [0, 0]], [[0, 1], [0, 1], [-1, -1]]],
            "is_phased": [[False] * 3] * 2,
            "phase_set": [[-1] * 3] * 2,
            "depth": [[30, 31, 29], [12, -1, -1]],
            "ref_depth": [[14, 31, 29], [6, -1, -1]],
            "alt_depth": [[16, 0, 0], [6, -1, -1]],
            "genotype_quality": [[99, 99, 99], [50, -1, -1]],
        },
        "consequences": {
            "variant": [0, 1],
            "gene_id": ["ENSG1", "ENSG2"],
            "gene": ["JAG1", "SECRET1"],
            "transcript": ["ENST1.1", "ENST2.1"],
            "refseq": ["NM_1.1", ""],
            "is_mane_select": [True, False],
            "strand": ["-", "+"],
            "terms": ["stop_gained", "missense_variant"],
            "impact": ["HIGH", "MODERATE"],
            "amino_acids": ["12R>12*", "7A>7V"],
            "exon": [2, -1],
            "exons": [26, 3],
            "joined_with": ["", ""],
        },
        "annotations": {
            "variant": [0, 1],
            "clinvar_id": ["12345", ""],
            "clinvar_text": ["Pathogenic", ""],
            "clinvar_review": ["reviewed_by_expert_panel", ""],
            "clinvar_stars": [3, -1],
            "clinvar_conditions": ["Alagille_syndrome_1", ""],
            "clinvar_gene": ["JAG1", ""],
        },
        "hits": {
            "hit": [0, 1],
            "gene_id": ["ENSG1", "ENSG2"],
            "gene": ["JAG1", "SECRET1"],
            "model": ["de_novo", "recessive_single_hit"],
            "variant_a": [0, 1],
            "variant_b": [-1, -1],
            "phase": ["not_applicable"] * 2,
            "de_novo_confidence": ["high", "not_applicable"],
            "is_incomplete": [False, True],
            "explains_affected": [True, True],
            "notes": ["", "mother not called"],
        },
        "criteria": {
            "hit": [0, 0],
            "variant": [0, 0],
            "criterion": ["PVS1", "PP3"],
            "state": ["met", "not_assessed"],
            "points": [8, 0],
            "value": ["stop_gained", ""],
            "source": ["Abou Tayoun 2018", ""],
        },
        "classes": {"hit": [0, 1], "variant": [0, 1], "points": [10, 1], "acmg_class": ["P", "VUS"]},
        "candidates": {
            "rank": [1, 2],
            "gene_id": ["ENSG1", "ENSG2"],
            "gene": ["JAG1", "SECRET1"],
            "hit": [0, 1],
            "model": ["de_novo", "recessive_single_hit"],
            "disease_id": ["OMIM:118450", ""],
            "disease": ["Alagille syndrome 1", ""],
            "panel": ["Cholestasis", ""],
            "panel_mode": ["MONOALLELIC", ""],
            "tier": ["1", "untiered"],
            "phenotype_db": [10.0, 0.0],
            "variant_db": [31.8, 3.0],
            "inheritance_db": [5.0, -10.0],
            "gene_db": [10.0, 0.0],
            "total_db": [56.8, -7.0],
            "probability": [0.97, 0.001],
        },
        "parts": {
            "rank": [1, 1],
            "part": ["P", "V"],
            "rule": ["phenotype", "acmg_points"],
            "points_db": [10.0, 31.8],
            "value": ["1 term", "10 points"],
            "source": ["HPO 2025-01-16", "Tavtigian 2020"],
        },
    }
    for name, columns in tables.items():
        write_table(frame(name, columns, SAMPLES), name, folder / f"{name}.parquet", SAMPLES)
    ledger = {
        "chrom": ["chr20"],
        "position": [5],
        "ref": ["A"],
        "alt": ["G"],
        "gene_id": ["ENSG1"],
        "gene": ["JAG1"],
        "outcome": ["dropped"],
        "rule": ["frequency"],
        "value": [0.2],
        "threshold": [0.01],
        "margin": [0.19],
        "clinvar_significance": [""],
    }
    write_table(frame("ledger", ledger), "ledger", folder / "ledger.parquet")
    (folder / "counts.tsv").write_text("rule\tvariants\nfrequency\t1\n")
    (folder / "provenance.json").write_text('{"pipeline": "0.1.0"}')
    (folder / "summary.json").write_text(
        json.dumps(
            {
                "statement": "found",
                "sentence": "JAG1: a new truncating change.",
                "no_diagnosis_probability": 0.02,
                "panels": [
                    {
                        "name": "Cholestasis",
                        "version": "2.1",
                        "sha256": "ab",
                        "genes": 9,
                        "symbols": ["JAG1", "SECRET1"],
                        "not_in_gene_models": ["XYZ1"],
                    }
                ],
                "hpo_names": {"HP:0001250": "Seizure"},
            }
        )
    )
    paths = {name: folder / f"{name}.parquet" for name in tables}
    return Sources(
        case=folder / "case.json",
        build="GRCh38",
        **paths,
        summary=folder / "summary.json",
        counts=folder / "counts.tsv",
        ledgers={"table": folder / "ledger.parquet"},
        qc=None,
        provenance=folder / "provenance.json",
    )
