"""The phenotype term P of the ranking: how well a patient's HPO terms fit each gene's diseases, in decibans.

For a disease d and the patient's terms q (PhenoLR):

    score(d) = tau * sum_q w_q * ln[eps + (1 - eps) * max over ancestors a of q of lambda * f_d(a) / bg(a) * (S_d / S)^-kappa]
             + omega * (mean over d's terms t, weighted by f_d(t), of the information t shares with the patient's terms)
             + tau * sum over excluded terms x of ln[(1 - f_d(x)) / (1 - bg(x))]

f_d: share of d's patients with the term or a descendant; bg: its mean over all diseases; S_d: sum of f_d times information,
S its mean; w_q: informative terms count more, and terms that say the same as another count less. A gene's score is the log
of the sum over its diseases of e^score, against the average gene: score(g) = ln sum e^score(d) - ln mean over genes of the
same. Decibans are 10 log10(e) times that.

`GeneScores.explain` gives the parts; they add up to the gene's score.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neotriage.errors import InputError
from neotriage.kernels import phenotype as kernels
from neotriage.phenotype.model import Disease, PhenotypeModel, Profiles

__all__ = [
    "DB_PER_NAT",
    "Constants",
    "DiseaseScores",
    "Explanation",
    "GeneScores",
    "Part",
    "Query",
    "read_query",
    "score",
    "score_profiles",
]

DB_PER_NAT = 10.0 / math.log(10.0)


@dataclass(frozen=True)
class Constants:
    """Constants of the model, fitted on published solved cases (docs/phenotype.md)."""

    tau: float = 0.45
    eps: float = 0.1
    kappa: float = 0.45
    omega: float = 0.6
    direct_ancestor: float = 0.1
    ancestor: float = 0.06
    information_power: float = 0.25
    excluded_floor: float = 0.1


@dataclass(frozen=True)
class Query:
    """The patient's terms as numbers of the model, and what was done to the ids given.

    Attributes:
        present, excluded: int32, distinct, in the order given.
        weight: float64 (present,), w_q.
        notes: ids mapped or left out, one sentence each.
    """

    present: np.ndarray
    excluded: np.ndarray
    weight: np.ndarray
    notes: tuple[str, ...]


@dataclass(frozen=True)
class DiseaseScores:
    """Parts of each disease's score in nats: float64 (diseases, present), (diseases,), (diseases, excluded).

    `matched` int32 (diseases, present): the term of the disease that answers the patient's term, -1 none.
    """

    present: np.ndarray
    coverage: np.ndarray
    excluded: np.ndarray
    matched: np.ndarray

    @cached_property
    def total(self) -> np.ndarray:
        """float64 (diseases,), nats."""
        return np.asarray(self.present.sum(axis=1) + self.coverage + self.excluded.sum(axis=1))


@dataclass(frozen=True)
class Part:
    """One shown part of a gene's score.

    Attributes:
        kind: present, excluded, coverage, other_diseases or average_gene.
        term, term_name: the patient's term, '' for the last three kinds.
        matched, matched_name: the disease's term that answers it, '' none.
        frequency: share of the disease's patients with the matched (or excluded) term, NaN none.
        background: mean of that share over all diseases, NaN none.
        db: decibans.
    """

    kind: str
    term: str
    term_name: str
    matched: str
    matched_name: str
    frequency: float
    background: float
    db: float


@dataclass(frozen=True)
class Explanation:
    """A gene's score, its best fitting disease, and the parts that add up to the score."""

    gene: str
    disease: Disease
    db: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class GeneScores:
    """The phenotype term of every disease gene, in the order of `model.genes`.

    Attributes:
        db: float64 (genes,), decibans against the average gene.
        best: int32 (genes,), number of the best fitting disease.
        average: ln of the mean over genes of e^score, nats.
    """

    model: PhenotypeModel
    query: Query
    diseases: DiseaseScores
    db: np.ndarray
    best: np.ndarray
    average: float

    @property
    def symbols(self) -> tuple[str, ...]:
        """Gene symbols."""
        return self.model.genes

    @property
    def notes(self) -> tuple[str, ...]:
        """Ids that were mapped or left out."""
        return self.query.notes

    @cached_property
    def order(self) -> np.ndarray:
        """Gene numbers, best first; equal scores by symbol."""
        return np.argsort(-self.db, kind="stable")

    def disease(self, gene: str) -> Disease:
        """The gene's best fitting disease."""
        return self.model.diseases[int(self.best[self._number(gene)])]

    def decibans(self, gene: str) -> float | None:
        """P of a gene; None if HPO links no disease to it, which is neither for nor against it."""
        number = self.model.gene_number.get(gene)
        return None if number is None else float(self.db[number])

    def explain(self, gene: str) -> Explanation:
        """The parts of a gene's score.

        Raises:
            InputError: HPO links no disease to a gene of this symbol.
        """
        number = self._number(gene)
        best = int(self.best[number])
        disease = self.model.diseases[best]
        parts = [*self._present_parts(best), *self._excluded_parts(best)]
        parts.append(_plain("coverage", self.diseases.coverage[best]))
        whole = self.db[number] / DB_PER_NAT + self.average
        parts.append(_plain("other_diseases", whole - self.diseases.total[best]))
        parts.append(_plain("average_gene", -self.average))
        return Explanation(gene, disease, float(self.db[number]), tuple(parts))

    def _number(self, gene: str) -> int:
        if gene not in self.model.gene_number:
            raise InputError(f"HPO {self.model.release} links no disease to gene {gene!r}", fix="give an approved symbol")
        return self.model.gene_number[gene]

    def _present_parts(self, disease: int) -> list[Part]:
        profile = _profile(self.model.profiles, disease)
        parts = []
        for i, term in enumerate(self.query.present.tolist()):
            matched = int(self.diseases.matched[disease, i])
            frequency = profile.get(matched, float("nan"))
            parts.append(self._part("present", term, matched, frequency, float(self.diseases.present[disease, i])))
        return parts

    def _excluded_parts(self, disease: int) -> list[Part]:
        profile = _profile(self.model.profiles, disease)
        return [
            self._part("excluded", term, term, profile.get(term, 0.0), float(self.diseases.excluded[disease, i]))
            for i, term in enumerate(self.query.excluded.tolist())
        ]

    def _part(self, kind: str, term: int, matched: int, frequency: float, nats: float) -> Part:
        model = self.model
        found = matched >= 0
        return Part(
            kind,
            model.term_ids[term],
            model.term_names[term],
            model.term_ids[matched] if found else "",
            model.term_names[matched] if found else "",
            frequency,
            float(model.background[matched]) if found else float("nan"),
            nats * DB_PER_NAT,
        )


def score(
    model: PhenotypeModel,
    present: Sequence[str],
    excluded: Sequence[str] = (),
    *,
    newborn: bool = True,
    constants: Constants | None = None,
) -> GeneScores:
    """The phenotype term of every gene.

    Args:
        present, excluded: HPO ids.
        newborn: findings that a newborn cannot show do not count against a disease.

    Raises:
        InputError: an id that HPO does not know, or a term both present and excluded.
    """
    constants = constants or Constants()
    query = read_query(model, present, excluded, constants, newborn=newborn)
    diseases = score_profiles(model, model.profiles, query, constants, newborn=newborn)
    gene_score, best = gene_scores(model, diseases.total)
    average = _log_mean_exp(gene_score)
    return GeneScores(model, query, diseases, (gene_score - average) * DB_PER_NAT, best, average)


def score_profiles(
    model: PhenotypeModel, profiles: Profiles, query: Query, constants: Constants, *, newborn: bool = True
) -> DiseaseScores:
    """The parts of the score of any diseases given by their profiles."""
    size = np.where(profiles.size > 0.0, profiles.size, model.mean_size) / model.mean_size
    ratios, matched = kernels.term_ratios(
        query.present,
        model.ancestor_start,
        model.ancestor,
        profiles.start,
        profiles.term,
        profiles.frequency,
        profiles.is_direct,
        model.background,
        size**-constants.kappa,
        constants.direct_ancestor,
        constants.ancestor,
    )
    shared = kernels.shared_information(query.present, model.ancestor_start, model.ancestor, model.information)
    present_terms = np.isin(profiles.own_term, query.present)
    is_counted = ~profiles.own_is_late | present_terms if newborn else np.ones(profiles.own_term.size, dtype=np.bool_)
    covered = kernels.coverage(profiles.own_start, profiles.own_term, profiles.own_frequency, is_counted, shared)
    excluded = kernels.excluded_logs(
        query.excluded, profiles.start, profiles.term, profiles.frequency, model.background, constants.excluded_floor
    )
    logs = np.log(constants.eps + (1.0 - constants.eps) * ratios)
    return DiseaseScores(constants.tau * query.weight * logs, constants.omega * covered, constants.tau * excluded, matched)


def gene_scores(model: PhenotypeModel, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log of the sum over each gene's diseases of e^total, and the number of the best disease."""
    values = total[model.gene_disease]
    starts = model.gene_start[:-1]
    highest = np.maximum.reduceat(values, starts)
    lengths = np.diff(model.gene_start)
    summed = np.add.reduceat(np.exp(values - np.repeat(highest, lengths)), starts)
    is_best = np.flatnonzero(values == np.repeat(highest, lengths))
    gene_of = np.repeat(np.arange(starts.size), lengths)[is_best]
    first = np.unique(gene_of, return_index=True)[1]
    return highest + np.log(summed), model.gene_disease[is_best[first]]


def read_query(
    model: PhenotypeModel, present: Sequence[str], excluded: Sequence[str], constants: Constants, *, newborn: bool = True
) -> Query:
    """The patient's terms as numbers: old ids mapped, what carries no weight left out, both said in the notes.

    Raises:
        InputError: an unknown id, an obsolete one without a successor, or a term both present and excluded.
    """
    notes: list[str] = []
    has = _numbers(model, present, notes)
    lacks = _numbers(model, excluded, notes)
    both = [model.term_ids[t] for t in lacks if t in set(has)]
    if both:
        raise InputError(f"{both[0]} is both present and excluded", column="hpo", fix="keep one of them")
    implied = {int(a) for t in has for a in model.ancestors(t)}
    for term in lacks:
        if term in implied:
            notes.append(f"excluded {model.term_ids[term]} left out: a present term is a kind of it")
        elif newborn and model.is_late[term]:
            notes.append(f"excluded {model.term_ids[term]} left out: a newborn cannot show it")
    kept = [t for t in lacks if t not in implied and not (newborn and model.is_late[t])]
    numbers = np.array(has, dtype=np.int32)
    weight = _weights(model, numbers, constants)
    return Query(numbers, np.array(kept, dtype=np.int32), weight, tuple(notes))


def _numbers(model: PhenotypeModel, ids: Sequence[str], notes: list[str]) -> list[int]:
    numbers: list[int] = []
    for given in ids:
        term = model.replaced.get(given, given)
        if term != given:
            notes.append(f"{given} is an old id of {term} {model.term_names[model.term_number[term]]}")
        if term not in model.term_number:
            consider = " or ".join(model.retired.get(given, ())) or "a term of HPO " + model.release
            what = "an obsolete HPO term without a successor" if given in model.retired else "not an HPO term"
            raise InputError(f"{given!r} is {what}", column="hpo", fix=f"use {consider}")
        number = model.term_number[term]
        if not model.is_phenotypic[number]:
            notes.append(f"{term} {model.term_names[number]} left out: not a phenotypic abnormality")
        elif number not in numbers:
            numbers.append(number)
    return numbers


def _weights(model: PhenotypeModel, terms: np.ndarray, constants: Constants) -> np.ndarray:
    """w_q = (information / highest information)^power / (1 + sum of Lin^2 to the other terms); float64 (terms,)."""
    information = model.information[terms]
    sets = [set(model.ancestors(t).tolist()) for t in terms.tolist()]
    likeness = np.zeros(terms.size)
    for i in range(terms.size):
        for j in range(terms.size):
            if i != j and information[i] + information[j] > 0.0:
                common = max(model.information[a] for a in sets[i] & sets[j])
                likeness[i] += (2.0 * common / (information[i] + information[j])) ** 2
    informative = (information / model.information.max()) ** constants.information_power
    return np.asarray(informative / (1.0 + likeness))


def _profile(profiles: Profiles, disease: int) -> dict[int, float]:
    entries = slice(profiles.start[disease], profiles.start[disease + 1])
    return dict(zip(profiles.term[entries].tolist(), profiles.frequency[entries].tolist(), strict=True))


def _plain(kind: str, nats: float) -> Part:
    return Part(kind, "", "", "", "", float("nan"), float("nan"), float(nats) * DB_PER_NAT)


def _log_mean_exp(values: np.ndarray) -> float:
    highest = float(values.max())
    return highest + math.log(float(np.exp(values - highest).mean()))
