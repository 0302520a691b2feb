"""One hit judged: the gene under it, with every part of P, V, I and G, its tier, and how its mode lies to the gene's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from neotriage.call_rules import is_call_failed
from neotriage.case import Case
from neotriage.phenotype import Disease
from neotriage.rank.gene_term import AppliedPanels, PanelEntry, curated_modes, gene_parts, mode_conflicts
from neotriage.rank.inheritance_term import inheritance_parts
from neotriage.rank.modes import GeneModes, ModeFit, modes_of_diseases, need_of
from neotriage.rank.phenotype_term import PhenotypeTerm
from neotriage.rank.terms import TERMS, Part, sum_db, weighted, weights_of
from neotriage.rank.tiers import tier_of, tier_part
from neotriage.rank.variant_term import variant_parts
from neotriage.schema import AcmgClass, Impact, Model, Phase, Tier

__all__ = ["Candidate", "Judge", "Tables"]

_STRONG = frozenset({AcmgClass.PATHOGENIC, AcmgClass.LIKELY_PATHOGENIC})


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


class Judge:
    """Looks up what belongs to a hit and sums it; `weights` are those of the terms."""

    def __init__(self, case: Case, tables: Tables, panels: AppliedPanels, phenotype: PhenotypeTerm) -> None:
        self.case = case
        self.panels = panels
        self.phenotype = phenotype
        self.variants = {row["variant"]: row for row in tables.variants.iter_rows(named=True)}
        self.criteria = _grouped(tables.criteria)
        self.classes = {(row["hit"], row["variant"]): row for row in tables.classes.iter_rows(named=True)}
        self.impacts = _impacts(tables.consequences)
        self.weights = weights_of(case.settings.rank)

    def candidate(self, hit: Mapping[str, Any]) -> Candidate:
        """The gene of a hit (a row of `hits`) under that hit."""
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
            *mode_conflicts(entries, self.phenotype.diseases(gene), self.phenotype.best_disease(gene), need, self._hpo),
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
            weighted(parts, self.weights),
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
        return modes_of_diseases(names, self._hpo)

    @property
    def _hpo(self) -> str:
        return f"HPO {self.phenotype.model.release}"


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
