"""The report as one JSON document: everything a reader or a machine is told, from the case's tables and nothing else.

Order of keys and rows is fixed; floats are rounded once, here. `workflow/schemas/report.schema.yaml` describes it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import polars as pl

from neotriage.case import Case, read_case
from neotriage.columns import read_table
from neotriage.gene_models import GeneModels
from neotriage.genome import Build, ContigKind, read_build
from neotriage.interchange import beyond_lines, statement_of
from neotriage.pedigree import Member
from neotriage.report.assessed import assess
from neotriage.report.frequencies import Populations
from neotriage.report.homology import read_homology
from neotriage.report.structural import structural_facts
from neotriage.report.words import (
    CHROMOSOME_CLASSES,
    CLASSES_NOT_ASSESSED,
    CLINVAR_WORDS,
    MODEL_WORDS,
    PHASE_WORDS,
    STRUCTURAL_CLASSES,
    likelihood_words,
    zygosity_words,
)
from neotriage.schema import Model
from neotriage.secondary import read_secondary_genes
from neotriage.treatability import Treatment, read_treatability
from neotriage.whynot import build_index
from neotriage.whynot.names import Model as TranscriptModel

if TYPE_CHECKING:  # both bring libraries that take a second to load, which only those pay who name variants
    from neotriage.interchange.vrs import AlleleIds
    from neotriage.naming import Namer
    from neotriage.store.building import Source

__all__ = ["DOCUMENT_VERSION", "Sources", "build_document", "withheld_genes", "write_whynot"]

DOCUMENT_VERSION = 1
_NAMED = 20  # genes without a model that one line names; the coverage of the panels names them all


@dataclass(frozen=True)
class Sources:
    """The files of a case that the report is made from."""

    case: Path
    build: str
    variants: Path
    consequences: Path
    annotations: Path
    hits: Path
    criteria: Path
    classes: Path
    candidates: Path
    parts: Path
    summary: Path
    counts: Path
    ledgers: Mapping[str, Path]
    qc: Path | None
    provenance: Path
    coverage: Path
    moves: Path | None = None
    frequencies: Sequence[Source] = ()
    act_now: Path | None = None
    chromosomes: Path | None = None
    structural: Path | None = None
    second_hit: Path | None = None


@dataclass(frozen=True)
class _Tables:
    variants: Mapping[int, dict[str, Any]]
    consequences: Mapping[tuple[int, str], list[dict[str, Any]]]
    annotations: Mapping[int, dict[str, Any]]
    hits: Mapping[int, dict[str, Any]]
    criteria: Mapping[tuple[int, int], list[dict[str, Any]]]
    classes: Mapping[tuple[int, int], dict[str, Any]]
    parts: Mapping[int, list[dict[str, Any]]]
    moves: Mapping[int, list[dict[str, Any]]] | None
    treatments: Mapping[str, Treatment]


def build_document(sources: Sources, namer: Namer | None = None, allele_ids: AlleleIds | None = None) -> dict[str, Any]:
    """The whole report of a case as plain JSON values.

    Args:
        sources: the case's files.
        namer: gives the variants' HGVS names; without one they are null, and the document says why.
        allele_ids: gives the variants' VRS ids; without one they are null.

    Raises:
        FormatError: a table is unreadable or of another version.
    """
    case = read_case(sources.case)
    build = read_build(sources.build)
    summary = _summary(sources.summary, case.excluded_genes)
    ranked = read_table(sources.candidates, "candidates")
    ranked, withheld = _without_excluded(ranked, case.excluded_genes)
    shown = ranked.head(case.settings.rank.shown_candidates)
    tables = _tables(sources, shown)
    candidates = [_candidate(row, tables, case, build) for row in shown.iter_rows(named=True)]
    populations = Populations(sources.frequencies)
    for variant in (variant for candidate in candidates for variant in candidate["variants"]):
        variant.update(_names(variant, namer, allele_ids))
        site = (variant["chrom"], variant["position"], variant["ref"], variant["alt"])
        variant["populations"] = populations(*site) if sources.frequencies and not variant["structural"] else None
    qc = json.loads(sources.qc.read_text()) if sources.qc else None
    chromosomes = _chromosomes(sources.chromosomes, case.excluded_genes)
    return {
        "document_version": DOCUMENT_VERSION,
        "case": _case(case, build, summary),
        "summary": _with_beyond(summary, chromosomes),
        "act_now": _act_now(sources.act_now, case.excluded_genes),
        "chromosomes": chromosomes,
        "candidates": [c for c in candidates if c["model"] != Model.RECESSIVE_SINGLE],
        "second_hit_search": _searched(sources.second_hit, shown, case.excluded_genes),
        "second_hit_not_found": [c for c in candidates if c["model"] == Model.RECESSIVE_SINGLE],
        "candidates_not_shown": ranked.height - shown.height,
        "excluded_genes_withheld": withheld,
        "coverage": assess(
            summary["panels"],
            json.loads(sources.coverage.read_text()),
            read_homology(build.name),
            case.family.proband.sample,
            frozenset(case.excluded_genes),
        ),
        "not_looked_at": [
            *_not_looked_at(case, summary, qc, chromosomes, sources.structural),
            *map(_no_populations, populations.not_indexed),
        ],
        "filters": {"counts": _counts(sources.counts), "ledger": _ledger_counts(sources.ledgers.values())},
        "qc": qc,
        "settings": case.settings.as_dict(),
        "provenance": json.loads(sources.provenance.read_text()),
    }


def write_whynot(sources: Sources, output: Path, models: GeneModels, document: Mapping[str, Any]) -> None:
    """The case's why-not index from the stages' ledgers, without the genes that the family's consent leaves out."""
    excluded = models.names_of(withheld_genes(sources))
    hidden = pl.col("gene").is_in(excluded) | pl.col("gene_id").is_in(excluded)
    ledgers = {
        stage: read_table(path, "ledger").filter(~hidden).iter_rows(named=True) for stage, path in sources.ledgers.items()
    }
    build = read_build(sources.build)
    covered = document["coverage"]["genes"]
    build_index(
        ledgers,
        document["summary"]["panels"],
        output,
        _panel_transcripts(models, {row["gene"] for row in covered} - excluded),
        {name: contig.name for contig in build.contigs for name in (contig.name, contig.accession) if name},
        {row["gene"]: "; ".join(row["reasons"]) or "every coding exon has 15 reads or more in the baby" for row in covered},
    )


def _panel_transcripts(models: GeneModels, symbols: set[str]) -> dict[str, TranscriptModel]:
    """The transcripts of the panels' genes by id and, where stated, by RefSeq name."""
    places = {place for symbol in symbols for place in models.by_symbol.get(symbol, ())}
    transcripts = [t for place in sorted(places) for t in models.transcripts_of.get(place, ())]
    return {
        name: TranscriptModel(models.genes[t.gene].contig, t.strand, t.exons, t.cds)
        for t in transcripts
        for name in (t.id, t.refseq)
        if name
    }


def withheld_genes(sources: Sources) -> frozenset[str]:
    """Genes that no output may name.

    Those that the family excluded and, without consent to secondary findings, the genes of that list that are neither on an
    applied panel nor among the candidates.
    """
    case = read_case(sources.case)
    excluded = frozenset(case.excluded_genes)
    if case.consent.secondary_findings:
        return excluded
    panels = json.loads(sources.summary.read_text())["panels"]
    asked = {symbol for panel in panels for symbol in panel.get("symbols", [])}
    asked |= set(read_table(sources.candidates, "candidates")["gene"])
    return excluded | (read_secondary_genes() - asked)


def _summary(path: Path, excluded: Sequence[str]) -> dict[str, Any]:
    """The ranking's summary without the names of excluded genes."""
    summary: dict[str, Any] = json.loads(path.read_text())
    for panel in summary["panels"]:
        for key in ("symbols", "not_in_gene_models"):
            panel[key] = [gene for gene in panel.get(key) or [] if gene not in excluded]
    return summary


def _with_beyond(summary: Mapping[str, Any], chromosomes: Mapping[str, Any] | None) -> dict[str, Any]:
    """The summary; what was found beyond variants stands first in its sentence, and then it does not say nothing_found."""
    told = {"summary": summary, "chromosomes": chromosomes}
    lines = beyond_lines(told)
    sentence = f"{'. '.join(lines)}. By the ranking of variants: {summary['sentence']}" if lines else summary["sentence"]
    return {**summary, "statement": statement_of(told), "sentence": sentence}


def _without_excluded(candidates: pl.DataFrame, excluded: Sequence[str]) -> tuple[pl.DataFrame, int]:
    """Candidates outside the genes that the family excluded, and how many were withheld; their names go nowhere."""
    kept = candidates.filter(~pl.col("gene").is_in(list(excluded)) & ~pl.col("gene_id").is_in(list(excluded)))
    return kept, candidates.height - kept.height


def _tables(sources: Sources, shown: pl.DataFrame) -> _Tables:
    hits = read_table(sources.hits, "hits").filter(pl.col("hit").is_in(shown["hit"].to_list()))
    used = pl.concat([hits["variant_a"], hits["variant_b"]]).unique().to_list()

    def of_variants(path: Path, table: str) -> pl.DataFrame:
        return read_table(path, table).filter(pl.col("variant").is_in(used))

    criteria = read_table(sources.criteria, "criteria").filter(pl.col("hit").is_in(hits["hit"].to_list()))
    classes = read_table(sources.classes, "classes").filter(pl.col("hit").is_in(hits["hit"].to_list()))
    return _Tables(
        variants={row["variant"]: row for row in of_variants(sources.variants, "variants").iter_rows(named=True)},
        consequences=_grouped(of_variants(sources.consequences, "consequences"), "variant", "gene_id"),
        annotations={row["variant"]: row for row in of_variants(sources.annotations, "annotations").iter_rows(named=True)},
        hits={row["hit"]: row for row in hits.iter_rows(named=True)},
        criteria=_grouped(criteria, "hit", "variant"),
        classes={(row["hit"], row["variant"]): row for row in classes.iter_rows(named=True)},
        parts={rank: rows for (rank,), rows in _grouped(read_table(sources.parts, "parts"), "rank").items()},
        moves={rank: rows for (rank,), rows in _grouped(read_table(sources.moves, "moves"), "rank").items()}
        if sources.moves
        else None,
        treatments=read_treatability(),
    )


def _grouped(frame: pl.DataFrame, *keys: str) -> dict[Any, list[dict[str, Any]]]:
    groups: dict[Any, list[dict[str, Any]]] = {}
    for row in frame.iter_rows(named=True):
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return groups


def _candidate(row: dict[str, Any], tables: _Tables, case: Case, build: Build) -> dict[str, Any]:
    hit = tables.hits[row["hit"]]
    variants = [v for v in (hit["variant_a"], hit["variant_b"]) if v >= 0]
    return {
        "rank": row["rank"],
        "gene": row["gene"],
        "gene_id": row["gene_id"],
        "model": row["model"],
        "model_words": MODEL_WORDS[row["model"]],
        "phase": hit["phase"],
        "phase_words": PHASE_WORDS[hit["phase"]],
        "de_novo_confidence": hit["de_novo_confidence"],
        "is_incomplete": hit["is_incomplete"],
        "explains_affected": hit["explains_affected"],
        "notes": _split(hit["notes"]),
        "disease_id": row["disease_id"],
        "disease": row["disease"],
        "panels": _split(row["panel"]),
        "panel_mode": row["panel_mode"],
        "tier": row["tier"],
        "probability": _number(row["probability"], 4),
        "probability_words": likelihood_words(row["probability"]),
        "total_db": _number(row["total_db"], 2),
        "parts_db": {part: _number(row[f"{name}_db"], 2) for part, name in _PARTS.items()},
        "parts": [
            {"part": p["part"], "rule": p["rule"], "db": _number(p["points_db"], 2), "value": p["value"], "source": p["source"]}
            for p in tables.parts.get(row["rank"], [])
        ],
        "moves": _moves(row, tables.moves),
        "treatment": _treatment(tables.treatments.get(row["gene"])),
        "variants": [_variant(variant, row, tables, case, build) for variant in variants],
    }


def _moves(row: Mapping[str, Any], moves: Mapping[int, list[dict[str, Any]]] | None) -> list[dict[str, Any]] | None:
    """What would move the candidate, the changes of its place first; None where that was not worked out."""
    if moves is None or row["rank"] not in moves:
        return None
    rows = [
        {"change": m["change"], "total_db": _number(m["total_db"], 2), "new_rank": m["new_rank"]} for m in moves[row["rank"]]
    ]
    return sorted(rows, key=lambda m: (m["new_rank"] == row["rank"], -abs(m["total_db"] - row["total_db"]), m["change"]))


def _treatment(row: Treatment | None) -> dict[str, str] | None:
    if row is None:
        return None
    return {"condition": row.condition, "action": row.action, "urgency": row.urgency.value, "source": row.source}


_PARTS = {"P": "phenotype", "V": "variant", "I": "inheritance", "G": "gene"}


def _variant(variant: int, candidate: dict[str, Any], tables: _Tables, case: Case, build: Build) -> dict[str, Any]:
    row = tables.variants[variant]
    annotation = tables.annotations[variant]
    judged = tables.classes.get((candidate["hit"], variant))
    told = _shown_consequence(tables.consequences.get((variant, candidate["gene_id"]), []))
    return {
        "chrom": row["chrom"],
        "position": row["position"] + 1,
        "ref": row["ref"],
        "alt": row["alt"],
        "structural": structural_facts(row, told, case.family.samples),
        "consequence": _shown(told),
        "genotypes": [_genotype(i, member, row, case, build) for i, member in enumerate(case.family.members)],
        "allele_frequency": _number(row["allele_frequency"], 8),
        "frequency_source": row["frequency_source"],
        "homozygotes": _count(row["homozygotes"]),
        "hemizygotes": _count(row["hemizygotes"]),
        "clinvar": {
            "significance": row["clinvar_significance"],
            "words": CLINVAR_WORDS[row["clinvar_significance"]],
            "as_written": annotation["clinvar_text"],
            "id": annotation["clinvar_id"],
            "stars": _count(annotation["clinvar_stars"]),
            "review": annotation["clinvar_review"],
            "conditions": unquote(annotation["clinvar_conditions"]),
        },
        "qual": _number(row["qual"], 1),
        "quality_rule": row["quality_rule"],
        "acmg_class": judged["acmg_class"] if judged else None,
        "acmg_points": judged["points"] if judged else None,
        "criteria": [
            {key: c[key] for key in ("criterion", "state", "points", "value", "source")}
            for c in tables.criteria.get((candidate["hit"], variant), [])
        ],
    }


def _shown_consequence(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The consequence on MANE Select, else the first of the gene; all others stay in the table and the VCF."""
    return next((r for r in rows if r["is_mane_select"]), rows[0]) if rows else None


def _shown(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    keys = ("transcript", "refseq", "is_mane_select", "terms", "impact", "amino_acids", "joined_with")
    return {**{key: row[key] for key in keys}, "exon": _count(row["exon"]), "exons": _count(row["exons"])}


def _names(variant: Mapping[str, Any], namer: Namer | None, allele_ids: AlleleIds | None) -> dict[str, Any]:
    """HGVS names on the shown transcript, the VRS id, and for each name that is null the reason."""
    site = (variant["chrom"], variant["position"] - 1, variant["ref"], variant["alt"])
    consequence = variant["consequence"]
    if variant["structural"]:
        reasons = ["not named: a structural change, whose bases are not known to the last"]
        return {"hgvs_g": None, "hgvs_c": None, "hgvs_p": None, "hgvs_not_named": reasons, "vrs_id": None}
    vrs_id = allele_ids(*site) if allele_ids else None
    if namer is None:
        reasons = ["not named: no reference FASTA was given"]
        return {"hgvs_g": None, "hgvs_c": None, "hgvs_p": None, "hgvs_not_named": reasons, "vrs_id": vrs_id}
    names = namer.names(*site, consequence["transcript"] if consequence else None)
    protein, reasons = names.protein, list(names.not_named)
    if consequence and consequence["joined_with"]:
        protein = None
        reasons.append(f"p. not named: read together with its neighbour at {consequence['joined_with']}")
    return {
        "hgvs_g": names.genomic,
        "hgvs_c": names.coding,
        "hgvs_p": protein,
        "hgvs_not_named": reasons,
        "vrs_id": vrs_id,
    }


def _genotype(index: int, member: Member, row: dict[str, Any], case: Case, build: Build) -> dict[str, Any]:
    depth, ref_depth, alt_depth = (row[name][index] for name in ("depth", "ref_depth", "alt_depth"))
    is_mitochondrial = build.kind(row["chrom"]) is ContigKind.MITOCHONDRION
    return {
        "sample": member.sample,
        "role": _role(member, case),
        "is_affected": member.is_affected,
        "words": zygosity_words(row["genotype"][index], is_mitochondrial=is_mitochondrial, alt_depth=alt_depth, depth=depth),
        "depth": _count(depth),
        "ref_depth": _count(ref_depth),
        "alt_depth": _count(alt_depth),
        "genotype_quality": _count(row["genotype_quality"][index]),
    }


def _role(member: Member, case: Case) -> str:
    proband = case.family.proband
    if member is proband:
        return "baby"
    if member.sample == proband.father:
        return "father"
    if member.sample == proband.mother:
        return "mother"
    if (member.father, member.mother) == (proband.father, proband.mother) and (proband.father or proband.mother):
        return {"male": "brother", "female": "sister"}.get(member.sex.value, "sibling")
    return "relative"


def _case(case: Case, build: Build, summary: Mapping[str, Any]) -> dict[str, Any]:
    names = summary.get("hpo_names", {})
    return {
        "name": case.name,
        "kind": case.family.kind,
        "build": build.name,
        "members": [
            {"sample": m.sample, "role": _role(m, case), "sex": m.sex.value, "is_affected": m.is_affected}
            for m in case.family.members
        ],
        "hpo_present": [{"id": term, "name": names.get(term, "")} for term in case.hpo_present],
        "hpo_excluded": [{"id": term, "name": names.get(term, "")} for term in case.hpo_excluded],
        "suspected_mode": case.suspected_mode.value,
        "consent": {"secondary_findings": case.consent.secondary_findings, "carrier_status": case.consent.carrier_status},
        "clock": {"born": case.clock.born, "sample_taken": case.clock.sample_taken, "received": case.clock.received},
        "notes": list(case.notes),
    }


def _act_now(path: Path | None, excluded: Sequence[str]) -> list[dict[str, Any]] | None:
    """The provisional page's lines as they ended; None where no page was made."""
    if path is None:
        return None
    keys = ("gene", "condition", "words", "state", "reason", "rank")
    return [{key: line[key] for key in keys} for line in json.loads(path.read_text())["lines"] if line["gene"] not in excluded]


def _chromosomes(path: Path | None, excluded: Sequence[str]) -> dict[str, Any] | None:
    """What was found beyond variants, who was looked at and what was not; None where the job was not run."""
    if path is None:
        return None
    told = json.loads(path.read_text())
    findings = [finding for finding in told["findings"] if finding["gene"] not in excluded]
    return {"findings": findings, "looked_at": told["looked_at"], "not_looked_at": told["not_looked_at"]}


def _searched(path: Path | None, shown: pl.DataFrame, excluded: Sequence[str]) -> list[dict[str, Any]]:
    """What the second look for a second change told, of each gene shown; none where it was not run."""
    genes = json.loads(path.read_text())["genes"] if path else []
    return [gene for gene in genes if gene["gene_id"] in set(shown["gene_id"]) and gene["gene"] not in excluded]


def _not_looked_at(
    case: Case,
    summary: Mapping[str, Any],
    qc: Mapping[str, Any] | None,
    chromosomes: Mapping[str, Any] | None,
    structural: Path | None,
) -> list[str]:
    names = [*(() if structural else STRUCTURAL_CLASSES), *CLASSES_NOT_ASSESSED, *(() if chromosomes else CHROMOSOME_CLASSES)]
    lines = [f"Not assessed: {name}" for name in (*names, *(chromosomes["not_looked_at"] if chromosomes else ()))]
    absent = [who for who, index in (("father", case.family.father_index), ("mother", case.family.mother_index)) if index < 0]
    if qc and qc["left_out"]:
        lines.append(f"Left out, because the genotypes refute who they are: {', '.join(qc['left_out'])}")
    lines += [f"The {who} was not sequenced, or was left out: what he or she carries is not known" for who in absent]
    for panel in summary.get("panels", []):
        missing = panel.get("not_in_gene_models") or []
        if missing:
            name = f"{panel['name']} v{panel['version']}" if panel["version"] else panel["name"]
            which = f": {', '.join(missing)}" if len(missing) <= _NAMED else ""
            lines.append(f"Panel {name}: {len(missing)} genes not in the gene models, so not looked at{which}")
    if not case.hpo_present:
        lines.append("No HPO terms were given: the baby's signs did not enter the ranking")
    if qc is None or not any("fraction_15x" in sample for sample in qc["samples"]):
        lines.append("Not assessed: large mitochondrial deletions, which need reads")
        lines.append("No read data: coverage was not measured, so a gene without a finding may be a gene without reads")
    return lines


def _no_populations(source: str) -> str:
    return f"Frequencies by population: the file of {source} has no index, so only its highest frequency is shown"


def _counts(path: Path) -> list[dict[str, Any]]:
    frame = pl.read_csv(path, separator="\t")
    return list(frame.iter_rows(named=True))


def _ledger_counts(paths: Iterable[Path]) -> list[dict[str, Any]]:
    frames = [read_table(path, "ledger") for path in paths]
    if not frames:
        return []
    rows = pl.concat(frames).group_by("outcome", "rule").len().sort("outcome", "rule")
    return [{"outcome": r["outcome"], "rule": r["rule"], "variants": r["len"]} for r in rows.iter_rows(named=True)]


def _number(value: float | None, digits: int) -> float | None:
    return None if value is None or math.isnan(value) else round(value, digits)


def _count(value: int) -> int | None:
    return None if value < 0 else value


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
