"""P: how well the baby's HPO terms fit the gene, in decibans, from `neotriage.phenotype`."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import cached_property

from neotriage.phenotype import Disease, GeneScores, PhenotypeModel
from neotriage.rank.terms import Part

__all__ = ["PhenotypeTerm"]


@dataclass(frozen=True)
class PhenotypeTerm:
    """The phenotype model and the case's scores; `scores` is None if no term was given."""

    model: PhenotypeModel
    scores: GeneScores | None

    @property
    def source(self) -> str:
        """The model's source in words."""
        return f"HPO {self.model.release}; docs/phenotype.md"

    @cached_property
    def median_db(self) -> float:
        """Median of all disease genes, 0 at most: what a gene without a disease in HPO gets."""
        return 0.0 if self.scores is None else min(0.0, statistics.median(self.scores.db.tolist()))

    def has_disease(self, gene: str) -> bool:
        """Whether HPO links a disease to a gene symbol."""
        return gene in self.model.gene_number

    def diseases(self, gene: str) -> tuple[Disease, ...]:
        """The diseases that HPO links to a gene symbol."""
        number = self.model.gene_number.get(gene)
        if number is None:
            return ()
        start, end = self.model.gene_start[number], self.model.gene_start[number + 1]
        return tuple(self.model.diseases[int(d)] for d in self.model.gene_disease[start:end])

    def best_disease(self, gene: str) -> Disease | None:
        """The disease that fits best; without terms the gene's only one, if it has one alone."""
        known = self.diseases(gene)
        if self.scores is not None and known:
            return self.scores.disease(gene)
        return known[0] if len(known) == 1 else None

    def db(self, gene: str) -> float:
        """P of a gene symbol, the sum of its parts."""
        if self.scores is None:
            return 0.0
        known = self.scores.decibans(gene)
        return self.median_db if known is None else known

    def parts(self, gene: str) -> list[Part]:
        """The parts of P of a gene symbol."""
        if self.scores is None:
            return [Part("P", "no_terms", 0.0, "no HPO terms given", self.source)]
        if not self.has_disease(gene):
            text = "HPO links no disease to the gene: counted as the median disease gene"
            return [Part("P", "no_disease", self.median_db, text, self.source)]
        explanation = self.scores.explain(gene)
        parts = []
        for part in explanation.parts:
            rule = f"{part.kind} {part.term}".strip()
            if part.term:
                against = f" ~ {part.matched_name}" if part.matched and part.matched != part.term else ""
                share = "" if part.frequency != part.frequency else f", {part.frequency:.0%} of patients"
                value = f"{part.term_name}{against}{share} ({explanation.disease.name})"
            else:
                value = part.kind.replace("_", " ")
            parts.append(Part("P", rule, part.db, value, self.source))
        return parts
