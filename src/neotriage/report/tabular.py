"""The candidates as one tab-separated row per variant, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from neotriage.interchange import beyond_variants, failed_gates
from neotriage.report.structural import support_words

__all__ = ["TSV_COLUMNS", "write_tsv"]

TSV_COLUMNS = (
    "rank",
    "section",
    "gene",
    "gene_id",
    "model",
    "phase",
    "disease_id",
    "disease",
    "tier",
    "probability",
    "total_db",
    "chrom",
    "position",
    "ref",
    "alt",
    "kind",
    "end",
    "size_bp",
    "exons",
    "callers",
    "hgvs_c",
    "hgvs_p",
    "hgvs_g",
    "vrs_id",
    "transcript",
    "terms",
    "amino_acids",
    "acmg_class",
    "acmg_points",
    "clinvar",
    "clinvar_stars",
    "allele_frequency",
    "frequency_source",
    "genotypes",
    "panels",
    "quality_rule",
    "notes",
)


def write_tsv(document: Mapping[str, Any]) -> str:
    """The table as text with a header; empty where not known, so that nothing unknown reads as zero.

    Where the data's quality is red each reason is a row of its own before all others (section `failed_check`); then comes what
    was found beyond small variants (section `beyond_variants`), with no variant.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, TSV_COLUMNS, delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows({"section": "failed_check", "notes": line} for line in failed_gates(document))
    writer.writerows(
        {"section": "beyond_variants", "gene": finding["gene"], "notes": f"{finding['title']}: {finding['words']}"}
        for finding in beyond_variants(document)
    )
    for section in ("candidates", "second_hit_not_found"):
        for candidate in document[section]:
            writer.writerows(_rows(candidate, section))
    return out.getvalue()


def _rows(candidate: Mapping[str, Any], section: str) -> Iterator[dict[str, Any]]:
    shared = {key: candidate[key] for key in ("rank", "gene", "gene_id", "model", "phase", "disease_id", "disease", "tier")}
    for variant in candidate["variants"]:
        consequence = variant["consequence"] or {}
        row = {
            **shared,
            "section": section,
            "probability": candidate["probability"],
            "total_db": candidate["total_db"],
            **{key: variant[key] for key in ("chrom", "position", "ref", "alt", "acmg_class", "acmg_points")},
            **_structural(variant["structural"]),
            **{key: variant[key] for key in ("hgvs_c", "hgvs_p", "hgvs_g", "vrs_id")},
            **{key: consequence.get(key) for key in ("transcript", "terms", "amino_acids")},
            "clinvar": variant["clinvar"]["significance"],
            "clinvar_stars": variant["clinvar"]["stars"],
            **{key: variant[key] for key in ("allele_frequency", "frequency_source", "quality_rule")},
            "genotypes": "; ".join(_genotype(g, variant["structural"]) for g in variant["genotypes"]),
            "panels": "; ".join(candidate["panels"]),
            "notes": "; ".join(candidate["notes"]),
        }
        yield {key: "" if value is None else value for key, value in row.items()}


def _structural(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Kind, end, size, exons and callers of a structural change; `small` and nothing of another."""
    if facts is None:
        return {"kind": "small", "end": None, "size_bp": None, "exons": None, "callers": None}
    return {**{key: facts[key] for key in ("kind", "end", "size_bp", "exons")}, "callers": ",".join(facts["callers"])}


def _genotype(genotype: Mapping[str, Any], structural: Mapping[str, Any] | None) -> str:
    if structural is not None:
        told = support_words(next(p for p in structural["people"] if p["sample"] == genotype["sample"]))
        return f"{genotype['sample']} {genotype['words']}" + (f" ({told})" if told else "")
    reads = (
        f" ({genotype['alt_depth']} of {genotype['depth']} reads)"
        if genotype["alt_depth"] is not None and genotype["depth"] is not None
        else ""
    )
    return f"{genotype['sample']} {genotype['words']}{reads}"
