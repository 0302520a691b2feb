"""What would move the first candidates: one HPO term left out, the missing parent or second allele found, phase settled.

    hit                                     change
    any                                     each of the baby's terms left out, for all genes at once
    dominant, origin unknown                in neither parent (de novo, sure); in a healthy parent
    de novo, low confidence                 the parents' reads confirm it; a healthy parent has it
    compound, phase unknown                 in trans; in cis
    lone hit in a recessive gene            a second allele in trans, as strong as the first
    another one with a parent missing       the parents' genotypes confirm it
    a call that fails a quality rule        the call is confirmed

Each is the ranking done again with that one change. If another hit of the gene is then better, that one counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from neotriage.case import Case
from neotriage.columns import frame
from neotriage.phenotype import score
from neotriage.rank.candidates import Ranking
from neotriage.rank.gene_term import AppliedPanels
from neotriage.rank.judge import Candidate, Judge, Tables
from neotriage.rank.phenotype_term import PhenotypeTerm
from neotriage.rank.terms import weights_of
from neotriage.schema import DeNovoConfidence, Model, Phase

__all__ = ["FIRST", "moves_of"]

FIRST = 10

_COMPOUND = frozenset({Model.RECESSIVE_COMPOUND, Model.X_COMPOUND})
_INHERITED = {Model.DE_NOVO: Model.DOMINANT_INHERITED, Model.X_DE_NOVO: Model.X_DOMINANT}
_SURE = {"is_incomplete": False, "explains_affected": True}


@dataclass(frozen=True)
class _Move:
    place: int
    change: str
    total_db: float
    new_rank: int


def moves_of(
    case: Case, tables: Tables, panels: AppliedPanels, phenotype: PhenotypeTerm, ranking: Ranking, first: int = FIRST
) -> pl.DataFrame:
    """The `moves` table of the first candidates.

    Args:
        case: the case.
        tables: what the ranking read.
        panels: applied panels.
        phenotype: the phenotype term with all the baby's terms.
        ranking: the ranking itself.
        first: how many candidates are looked at.
    """
    judge = Judge(case, tables, panels, phenotype)
    moves = [*_without_terms(case, phenotype, ranking, first), *_with_changed_hits(judge, tables, ranking, first)]
    moves.sort(key=lambda move: move.place)
    return frame(
        "moves",
        {
            "rank": [move.place + 1 for move in moves],
            "change": [move.change for move in moves],
            "total_db": [move.total_db for move in moves],
            "new_rank": [move.new_rank for move in moves],
        },
    )


def _without_terms(case: Case, phenotype: PhenotypeTerm, ranking: Ranking, first: int) -> Iterator[_Move]:
    """Each term left out for all genes. A gene keeps its best hit, since P is the same for all its hits."""
    weight = weights_of(case.settings.rank)["P"]
    model = phenotype.model
    names = dict(zip(model.term_ids, model.term_names, strict=True))
    for term in dict.fromkeys((*case.hpo_present, *case.hpo_excluded)):
        present = [t for t in case.hpo_present if t != term]
        excluded = [t for t in case.hpo_excluded if t != term]
        without = PhenotypeTerm(model, score(model, present, excluded) if present or excluded else None)
        totals = [c.total_db + weight * (without.db(c.gene) - phenotype.db(c.gene)) for c in ranking.candidates]
        word = "finding" if term in case.hpo_present else "excluded finding"
        change = f"without the {word} {term} {names.get(model.replaced.get(term, term), '')}".rstrip()
        for place in range(min(first, len(totals))):
            yield _Move(place, change, totals[place], _rank(totals, place))


def _with_changed_hits(judge: Judge, tables: Tables, ranking: Ranking, first: int) -> Iterator[_Move]:
    hits = {row["hit"]: row for row in tables.hits.iter_rows(named=True)}
    totals = [c.total_db for c in ranking.candidates]
    for place, candidate in enumerate(ranking.candidates[:first]):
        others = [c.total_db for c in ranking.judged if c.gene_id == candidate.gene_id and c.hit != candidate.hit]
        for change, changed in _changes(judge, hits[candidate.hit], candidate):
            total = max([changed.total_db, *others])
            yield _Move(place, change, total, _rank([*totals[:place], total, *totals[place + 1 :]], place))


def _rank(totals: Sequence[float], place: int) -> int:
    """1-based rank of a candidate by total; of equal ones the earlier stands first."""
    own = totals[place]
    return 1 + sum(total > own or (total == own and i < place) for i, total in enumerate(totals))


def _changes(judge: Judge, hit: Mapping[str, Any], candidate: Candidate) -> Iterator[tuple[str, Candidate]]:
    for change, columns in _changed_columns(hit):
        yield change, judge.candidate({**hit, **columns})
    if candidate.has_failed_call:
        kept = tuple(part for part in candidate.parts if part.rule != "call_quality")
        yield "the call is confirmed by another method", replace(candidate, parts=kept)


def _changed_columns(hit: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What may yet be learnt of a hit, and the columns of its row that change."""
    model = Model(hit["model"])
    is_unsure = hit["de_novo_confidence"] != DeNovoConfidence.HIGH
    if model is Model.DOMINANT_UNKNOWN:
        new = {"model": Model.DE_NOVO, "de_novo_confidence": DeNovoConfidence.HIGH}
        yield "neither parent has it: de novo", {**new, **_SURE}
        yield "a healthy parent has it", {"model": Model.DOMINANT_INHERITED, "is_incomplete": False, "explains_affected": False}
    elif model in _INHERITED and is_unsure:
        yield "the parents' reads confirm that neither has it", {"de_novo_confidence": DeNovoConfidence.HIGH}
        yield "a healthy parent has it", {"model": _INHERITED[model], "explains_affected": False}
    elif model in _COMPOUND and hit["phase"] == Phase.UNKNOWN:
        yield "the two alleles are in trans", {"phase": Phase.TRANS_BY_PARENT, "is_incomplete": False}
        yield "the two alleles are in cis", {"phase": Phase.CIS, "is_incomplete": False}
    elif model is Model.RECESSIVE_SINGLE:
        pair = {"model": Model.RECESSIVE_COMPOUND, "phase": Phase.TRANS_BY_PARENT, "variant_b": hit["variant_a"]}
        yield "a second allele as strong as this one is found in trans", {**pair, "is_incomplete": False}
    elif hit["is_incomplete"]:
        yield "the parents' genotypes confirm it", {"is_incomplete": False}
