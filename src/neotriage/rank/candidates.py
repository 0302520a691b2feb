"""Candidates: every gene under its best hit, T = P + V + I + G, and the share of each beside `no diagnosis here`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from neotriage.call_rules import is_call_failed
from neotriage.case import Case
from neotriage.columns import frame
from neotriage.phenotype import Disease
from neotriage.rank.gene_term import AppliedPanels, PanelEntry, curated_modes, gene_parts
from neotriage.rank.inheritance_term import inheritance_parts
from neotriage.rank.modes import GeneModes, ModeFit, modes_of_diseases, need_of
from neotriage.rank.phenotype_term import PhenotypeTerm
from neotriage.rank.terms import Part, sum_db
from neotriage.rank.tiers import tier_of, tier_part
from neotriage.rank.variant_term import variant_parts
from neotriage.schema import AcmgClass, Impact, Model, Phase, Tier

__all__ = ["TERMS", "Candidate", "Ranking", "Tables", "rank_case", "shares", "to_frames"]

TERMS = ("P", "V", "I", "G")

_STRONG = frozenset({AcmgClass.PATHOGENIC, AcmgClass.LIKELY_PATHOGENIC})
_SINGLE_PHENOTYPE_DB = 5.0


@dataclass(frozen=True)
class Tables:
    """The schema tables that the ranking reads."""

    variants: pl.DataFrame
    consequences: pl.DataFrame
    annotations: pl.DataFrame
    hits: pl.DataFrame
    criteria: pl.DataFrame
    classes: pl.DataFrame


@dataclass(frozen=True)
class Candidate:
    """A gene under one hit. `points` and `classes` are by allele; `entries` are its entries on applied panels."""

    gene_id: str
    gene: str
    hit: int
    model: Model
    phase: Phase
    explains_affected: bool
    has_failed_call: bool
    parts: tuple[Part, ...]
    fit: ModeFit
    tier: Tier
    points: tuple[int, ...]
    classes: tuple[AcmgClass, ...]
    disease: Disease | None
    entries: tuple[PanelEntry, ...]
    is_de_novo_low: bool

    @property
    def total_db(self) -> float:
        """T, decibans: the sum of the four sums of parts."""
        return math.fsum(sum_db(self.parts, term) for term in TERMS)

    @property
    def is_single(self) -> bool:
        """Whether it is a lone hit in a recessive gene."""
        return self.model is Model.RECESSIVE_SINGLE

    @property
    def is_strong(self) -> bool:
        """Whether every allele is P or LP."""
        return all(c in _STRONG for c in self.classes)

    @property
    def is_green(self) -> bool:
        """Whether an applied panel has the gene green."""
        return any(entry.gene.is_green for entry in self.entries)


@dataclass(frozen=True)
class Ranking:
    """Candidates best first, with each one's share and that of `no diagnosis here`, and what was left out and counted."""

    candidates: tuple[Candidate, ...]
    probabilities: tuple[float, ...]
    no_diagnosis: float
    excluded_genes: int
    weak_single_hits: int


def rank_case(case: Case, tables: Tables, panels: AppliedPanels, phenotype: PhenotypeTerm) -> Ranking:
    """Rank the genes that have a hit. Genes that the family excluded are counted and take no part."""
    judge = _Judge(case, tables, panels, phenotype)
    hits = list(tables.hits.iter_rows(named=True))
    excluded = set(case.excluded_genes)
    left_out = {h["gene_id"] for h in hits if excluded & {h["gene_id"], h["gene"]}}
    judged = [judge.candidate(hit) for hit in hits if hit["gene_id"] not in left_out]
    best = _best_of_each(judged)
    shown = [c for c in best if not c.is_single or is_second_hit_wanted(c)]
    totals = [c.total_db for c in shown]
    probabilities, no_diagnosis = shares(totals, case.settings.rank.no_diagnosis_db)
    return Ranking(tuple(shown), probabilities, no_diagnosis, len(left_out), len(best) - len(shown))


def is_second_hit_wanted(candidate: Candidate) -> bool:
    """Whether a lone hit is worth a line: a P or LP allele, a mode that fits, and a green panel or a phenotype for it."""
    fits = candidate.fit is not ModeFit.CONTRADICTS and candidate.explains_affected
    wanted = candidate.is_green or sum_db(candidate.parts, "P") >= _SINGLE_PHENOTYPE_DB
    return candidate.is_strong and fits and wanted


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


def _best_of_each(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The best hit of each gene, genes best first; equal totals by symbol, gene id and hit."""
    ordered = sorted(candidates, key=lambda c: (-c.total_db, c.gene, c.gene_id, c.hit))
    return list({c.gene_id: c for c in reversed(ordered)}.values())[::-1]


class _Judge:
    """Looks up what belongs to a hit and sums it."""

    def __init__(self, case: Case, tables: Tables, panels: AppliedPanels, phenotype: PhenotypeTerm) -> None:
        self.case = case
        self.panels = panels
        self.phenotype = phenotype
        self.variants = {row["variant"]: row for row in tables.variants.iter_rows(named=True)}
        self.criteria = _grouped(tables.criteria)
        self.classes = {(row["hit"], row["variant"]): row for row in tables.classes.iter_rows(named=True)}
        self.impacts = _impacts(tables.consequences)

    def candidate(self, hit: Mapping[str, Any]) -> Candidate:
        gene_id, gene, model = hit["gene_id"], hit["gene"], Model(hit["model"])
        numbers = [v for v in (hit["variant_a"], hit["variant_b"]) if v >= 0]
        alleles = [self.variants[v] for v in numbers]
        criteria = [self.criteria[hit["hit"], v] for v in numbers]
        classes = [self.classes[hit["hit"], v] for v in numbers]
        entries = self.panels.entries(gene_id, gene)
        modes = self._modes(gene, entries)
        need = need_of(model, self.case.family.proband.sex)
        fit = modes.fit(need)
        settings = self.case.settings
        is_green = any(entry.gene.is_green for entry in entries)
        impacts = [self.impacts.get((v, gene_id), "") for v in numbers]
        tier, words = tier_of(hit, alleles, impacts, settings.frequency, is_green=is_green, fit=fit)
        parts = [
            *self.phenotype.parts(gene),
            *variant_parts(model, alleles, criteria, settings.rank.db_per_point),
            *inheritance_parts(hit, criteria[0], settings.rank.db_per_point),
            *gene_parts(
                entries,
                modes,
                need,
                has_disease=self.phenotype.has_disease(gene),
                has_panels=bool(self.panels.panels),
                prior_db=settings.rank.panel_prior_db,
            ),
            tier_part(tier, words),
        ]
        return Candidate(
            gene_id,
            gene,
            hit["hit"],
            model,
            Phase(hit["phase"]),
            hit["explains_affected"],
            any(is_call_failed(allele["quality_rule"]) for allele in alleles),
            tuple(parts),
            fit,
            tier,
            tuple(row["points"] for row in classes),
            tuple(AcmgClass(row["acmg_class"]) for row in classes),
            self.phenotype.best_disease(gene),
            entries,
            model in {Model.DE_NOVO, Model.X_DE_NOVO} and hit["de_novo_confidence"] != "high",
        )

    def _modes(self, gene: str, entries: Sequence[PanelEntry]) -> GeneModes:
        """The panel's word on the mode if a panel has the gene green with one, else HPO's."""
        curated = curated_modes(entries)
        if curated is not None and curated.met is not None:
            return curated
        names = [mode for disease in self.phenotype.diseases(gene) for mode in disease.modes]
        return modes_of_diseases(names, f"HPO {self.phenotype.model.release}")


def _grouped(criteria: pl.DataFrame) -> dict[tuple[int, int], list[dict[str, Any]]]:
    groups: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for row in criteria.iter_rows(named=True):
        groups.setdefault((row["hit"], row["variant"]), []).append(row)
    return groups


def _impacts(consequences: pl.DataFrame) -> dict[tuple[int, str], str]:
    """Impact of each variant on each gene: on MANE Select, else the highest of its transcripts."""
    order = list(Impact)
    chosen: dict[tuple[int, str], tuple[bool, int]] = {}
    for row in consequences.iter_rows(named=True):
        key = (row["variant"], row["gene_id"])
        standing = (not row["is_mane_select"], order.index(Impact(row["impact"])))
        chosen[key] = min(standing, chosen.get(key, standing))
    return {key: order[place].value for key, (_, place) in chosen.items()}
