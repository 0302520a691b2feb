"""What the ranking says in one sentence, and what it rests on.

    found          a candidate with probability >= 0.5; every allele P or LP; its mode is not contradicted; the affected are
                   explained; two alleles are known to be in trans; de novo is sure; no call fails a quality rule
    candidate      none such, but one with probability >= 0.1, every allele at 3 points or more (in the words of ACGS 2024 not
                   colder than tepid), and a mode that is not contradicted
    nothing_found  neither

A lone hit in a recessive gene is never found nor candidate: it has a list of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from neotriage.rank.candidates import Ranking
from neotriage.rank.gene_term import AppliedPanels
from neotriage.rank.judge import Candidate, Tables
from neotriage.rank.modes import ModeFit
from neotriage.rank.phenotype_term import PhenotypeTerm
from neotriage.schema import Model, Phase

__all__ = ["CANDIDATE_PROBABILITY", "FOUND_PROBABILITY", "Statement", "state", "summarise"]

FOUND_PROBABILITY = 0.5
CANDIDATE_PROBABILITY = 0.1
CANDIDATE_POINTS = 3

_COMPOUND = frozenset({Model.RECESSIVE_COMPOUND, Model.X_COMPOUND})
_TRANS = frozenset({Phase.TRANS_BY_PARENT, Phase.TRANS_BY_READ})


class Statement(StrEnum):
    """What the ranking says."""

    FOUND = "found"
    CANDIDATE = "candidate"
    NOTHING_FOUND = "nothing_found"


def state(ranking: Ranking) -> tuple[Statement, int]:
    """The statement and the place (from 0) of the candidate that it is about, -1 for none."""
    pairs = list(zip(ranking.candidates, ranking.probabilities, strict=True))
    for place, (candidate, probability) in enumerate(pairs):
        if probability >= FOUND_PROBABILITY and _is_proven(candidate):
            return Statement.FOUND, place
    for place, (candidate, probability) in enumerate(pairs):
        if probability >= CANDIDATE_PROBABILITY and _is_plausible(candidate):
            return Statement.CANDIDATE, place
    return Statement.NOTHING_FOUND, -1


def _is_plausible(candidate: Candidate) -> bool:
    return (
        not candidate.is_single
        and candidate.fit is not ModeFit.CONTRADICTS
        and all(points >= CANDIDATE_POINTS for points in candidate.points)
        and candidate.phase is not Phase.CIS
    )


def _is_proven(candidate: Candidate) -> bool:
    return (
        _is_plausible(candidate)
        and candidate.is_strong
        and candidate.explains_affected
        and (candidate.model not in _COMPOUND or candidate.phase in _TRANS)
        and not candidate.is_de_novo_low
        and not candidate.has_failed_call
    )


def summarise(
    ranking: Ranking,
    tables: Tables,
    panels: AppliedPanels,
    phenotype: PhenotypeTerm,
    hpo_ids: Sequence[str],
    excluded: Sequence[str] = (),
    unknown_excluded: int = 0,
) -> dict[str, Any]:
    """The values of `summary.json`; the genes that the family excluded are named nowhere in it.

    Args:
        ranking: the ranking.
        tables: what it read.
        panels: applied panels.
        phenotype: the phenotype term.
        hpo_ids: the case's terms, present and excluded.
        excluded: every name of the genes that the family excluded.
        unknown_excluded: how many of the names given are no gene of the gene models: under them nothing is withheld.
    """
    statement, place = state(ranking)
    singles = [c.gene for c in ranking.candidates if c.is_single]
    names = dict(zip(phenotype.model.term_ids, phenotype.model.term_names, strict=True))
    replaced = phenotype.model.replaced
    return {
        "statement": statement.value,
        "sentence": _sentence(statement, place, ranking, tables, singles),
        "no_diagnosis_probability": ranking.no_diagnosis,
        "top": _top(ranking, place),
        "panels": [
            {
                "name": panel.name,
                "version": panel.version,
                "sha256": panel.sha256,
                "genes": len(panel.genes),
                "symbols": sorted(
                    {g.label for g in panel.genes} - set(panels.not_in_gene_models[panel.sha256] or ()) - set(excluded)
                ),
                "not_in_gene_models": _listed(panels.not_in_gene_models[panel.sha256], excluded),
                "candidates": {
                    label: list(found)
                    for label, found in sorted(panels.candidates.get(panel.sha256, {}).items())
                    if found and not {label, *found} & set(excluded)
                },
                "signed_off": panel.signed_off,
                "regions": [region.name for region in panel.regions],
                "repeats": [repeat.name for repeat in panel.repeats if repeat.symbol not in excluded],
            }
            for panel in panels.panels
        ],
        "hpo_names": {term: names[replaced.get(term, term)] for term in hpo_ids if replaced.get(term, term) in names},
        "hpo_release": phenotype.model.release,
        "hpo_notes": list(phenotype.scores.notes) if phenotype.scores else [],
        "counts": {
            "variants": tables.variants.height,
            "hits": tables.hits.height,
            "candidates": len(ranking.candidates),
            "weak_single_hits_not_listed": ranking.weak_single_hits,
            "excluded_genes_withheld": ranking.excluded_genes,
            "secondary_findings_withheld": ranking.secondary_findings,
            "excluded_names_unknown": unknown_excluded,
        },
        "second_hit_not_found": singles,
    }


def _listed(labels: tuple[str, ...] | None, excluded: Sequence[str]) -> list[str] | None:
    return None if labels is None else sorted(set(labels) - set(excluded))


def _top(ranking: Ranking, place: int) -> dict[str, Any] | None:
    """The candidate that the statement is about, None for none: nothing found names no gene."""
    if place < 0:
        return None
    candidate = ranking.candidates[place]
    return {
        "gene": candidate.gene,
        "rank": place + 1,
        "probability": ranking.probabilities[place],
        "tier": candidate.tier.value,
        "model": candidate.model.value,
        "acmg_classes": [c.value for c in candidate.classes],
        "mode_fit": candidate.fit.value,
    }


def _sentence(statement: Statement, place: int, ranking: Ranking, tables: Tables, singles: Sequence[str]) -> str:
    extra = ""
    if singles:
        plural = "s" if len(singles) > 1 else ""
        extra = f" One strong allele without a second was seen in the recessive gene{plural} {', '.join(singles)}."
    looked = f"{tables.variants.height} variants and {tables.hits.height} hits were looked at"
    if statement is Statement.NOTHING_FOUND:
        return (
            f"Nothing was found that explains the baby's signs: {looked}; "
            f"probability of no diagnosis here {_percent(ranking.no_diagnosis)}.{extra}"
        )
    candidate, probability = ranking.candidates[place], ranking.probabilities[place]
    what = (
        f"{candidate.gene}, {candidate.model.value.replace('_', ' ')}, class {' and '.join(c.value for c in candidate.classes)}"
    )
    disease = f" ({candidate.disease.name})" if candidate.disease else ""
    if statement is Statement.FOUND:
        return f"A likely cause was found: {what}{disease}; probability {_percent(probability)}.{extra}"
    return f"No proven cause; the best candidate is {what}{disease}; probability {_percent(probability)}, to be judged.{extra}"


def _percent(probability: float) -> str:
    """A probability in words that never claims certainty."""
    if probability > 0.99:
        return "above 99 %"
    return "below 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"
