"""Candidates: every gene under its best hit, T = P + V + I + G, and the share of each beside `no diagnosis here`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from neotriage.case import Case
from neotriage.columns import frame
from neotriage.rank.gene_term import AppliedPanels
from neotriage.rank.judge import Candidate, Judge, Tables
from neotriage.rank.modes import ModeFit
from neotriage.rank.phenotype_term import PhenotypeTerm
from neotriage.rank.terms import TERMS, sum_db
from neotriage.secondary import read_secondary_genes

__all__ = ["Ranking", "in_order", "rank_case", "shares", "to_frames"]

_SIGNS_DB = 5.0


@dataclass(frozen=True)
class Ranking:
    """Candidates best first, with each one's share and that of `no diagnosis here`, and what was left out and counted.

    `judged` are all hits of the genes that take part, the lone ones that are not listed among them.
    """

    candidates: tuple[Candidate, ...]
    probabilities: tuple[float, ...]
    no_diagnosis: float
    excluded_genes: int
    weak_single_hits: int
    secondary_findings: int
    judged: tuple[Candidate, ...]


def rank_case(case: Case, tables: Tables, panels: AppliedPanels, phenotype: PhenotypeTerm) -> Ranking:
    """Rank the genes that have a hit. Genes that the family excluded are counted and take no part."""
    judge = Judge(case, tables, panels, phenotype)
    hits = list(tables.hits.iter_rows(named=True))
    excluded = set(case.excluded_genes)
    left_out = {h["gene_id"] for h in hits if excluded & {h["gene_id"], h["gene"]}}
    judged = [judge.candidate(hit) for hit in hits if hit["gene_id"] not in left_out]
    best = _best_of_each(judged)
    wanted = [c for c in best if not c.is_single or is_second_hit_wanted(c, case)]
    shown = wanted if case.consent.secondary_findings else [c for c in wanted if not is_secondary(c)]
    totals = [c.total_db for c in shown]
    probabilities, no_diagnosis = shares(totals, case.settings.rank.no_diagnosis_db)
    return Ranking(
        tuple(shown),
        probabilities,
        no_diagnosis,
        len(left_out),
        len(best) - len(wanted),
        len(wanted) - len(shown),
        tuple(judged),
    )


def is_second_hit_wanted(candidate: Candidate, case: Case) -> bool:
    """Whether a lone hit is worth a line: a P or LP allele, a mode that fits, and the baby's signs.

    Without that support it says no more than that the baby is a carrier, which is shown only with consent, for green genes. A
    case without HPO terms has no signs to go by: there a green gene is enough.
    """
    if not (candidate.is_strong and candidate.fit is not ModeFit.CONTRADICTS and candidate.explains_affected):
        return False
    if sum_db(candidate.parts, "P") >= _SIGNS_DB:
        return True
    return candidate.is_green and (case.consent.carrier_status or not case.hpo_present)


def is_secondary(candidate: Candidate) -> bool:
    """Whether it is a secondary finding: an ACMG SF gene on no applied panel that the signs do not point to."""
    return candidate.gene in read_secondary_genes() and not candidate.entries and sum_db(candidate.parts, "P") < _SIGNS_DB


def shares(totals_db: Sequence[float], no_diagnosis_db: float) -> tuple[tuple[float, ...], float]:
    """Softmax of totals in decibans with `no diagnosis here` among them: a share each, and its own."""
    highest = max([no_diagnosis_db, *totals_db])
    weights = [10 ** ((t - highest) / 10) for t in totals_db]
    rest = 10 ** ((no_diagnosis_db - highest) / 10)
    whole = math.fsum([rest, *weights])
    return tuple(w / whole for w in weights), rest / whole


def to_frames(ranking: Ranking) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The `candidates` and `parts` tables."""
    rows = []
    parts: list[tuple[int, str, str, float, str, str]] = []
    for rank, (candidate, probability) in enumerate(zip(ranking.candidates, ranking.probabilities, strict=True), start=1):
        rows.append(_row(rank, candidate, probability))
        ordered = [part for term in TERMS for part in candidate.parts if part.term == term]
        parts += [(rank, p.term, p.rule, p.db, p.value, p.source) for p in ordered]
    names = ("rank", "part", "rule", "points_db", "value", "source")
    return (
        frame("candidates", {name: [row[name] for row in rows] for name in _COLUMNS}),
        frame("parts", {name: [p[i] for p in parts] for i, name in enumerate(names)}),
    )


_COLUMNS = (
    "rank",
    "gene_id",
    "gene",
    "hit",
    "model",
    "disease_id",
    "disease",
    "panel",
    "panel_mode",
    "tier",
    "phenotype_db",
    "variant_db",
    "inheritance_db",
    "gene_db",
    "total_db",
    "probability",
)


def _row(rank: int, c: Candidate, probability: float) -> dict[str, Any]:
    green = [entry for entry in c.entries if entry.gene.is_green]
    return {
        "rank": rank,
        "gene_id": c.gene_id,
        "gene": c.gene,
        "hit": c.hit,
        "model": c.model.value,
        "disease_id": c.disease.id if c.disease else "",
        "disease": c.disease.name if c.disease else "",
        "panel": ";".join(entry.panel.name for entry in green),
        "panel_mode": "; ".join(dict.fromkeys(entry.gene.mode_text for entry in green if entry.gene.mode_text)),
        "tier": c.tier.value,
        "phenotype_db": sum_db(c.parts, "P"),
        "variant_db": sum_db(c.parts, "V"),
        "inheritance_db": sum_db(c.parts, "I"),
        "gene_db": sum_db(c.parts, "G"),
        "total_db": c.total_db,
        "probability": probability,
    }


def in_order(candidate: Candidate) -> tuple[float, str, str, int]:
    """Sort key: best first; equal totals by symbol, gene id and hit."""
    return -candidate.total_db, candidate.gene, candidate.gene_id, candidate.hit


def _best_of_each(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The best hit of each gene, genes best first."""
    ordered = sorted(candidates, key=in_order)
    return list({c.gene_id: c for c in reversed(ordered)}.values())[::-1]
