"""The phenotype term P of the ranking: how well a patient's HPO terms fit each gene's diseases, in decibans.

PhenoLR, with three additions that measured better (docs/phenotype.md): an ancestor counts less the more general it is than
the patient's term, a gene's diseases lend each other their terms, and a disease that many genes cause says less of each.

    r(d, q)  = max over ancestors a of q of  lambda(a) * f_d(a) / bg(a) * (S_d / S)^-kappa
    r(g, d, q) = max(r(d, q), mu / sqrt(n) * max over g's n diseases of r)
    score(g, d) = tau * sum_q w_q * ln[eps + r(g, d, q)]
                + omega * (mean over d's terms t, weighted by f_d(t), of the information t shares with the patient's terms)
                + tau * sum over excluded terms x of ln[(1 - f_d(x)) / (1 - bg(x))]
                - rho * ln(genes that cause d)
    score(g) = ln sum_d e^score(g, d)
    P(g) = scale * n^-power * 10 log10(e) * (score(g) - ln mean over genes of e^score), n present terms

f_d: share of d's patients with the term or a descendant; bg: its mean over all diseases; S_d: sum of f_d times information,
S its mean. lambda is 1 where a is q; else `ancestor`, or where d is annotated at a itself
`direct_ancestor` * e^(-decay * (information of q - information of a)). w_q: terms that say the same as another count less.
scale and power make P a calibrated likelihood ratio: the more terms, the more of them say the same twice.

`GeneScores.explain` gives the parts; they add up to P.
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
from neotriage.phenotype.query import Query, read_query

__all__ = [
    "DB_PER_NAT",
    "Constants",
    "DiseaseEvidence",
    "Explanation",
    "GeneScores",
    "Links",
    "Part",
    "disease_evidence",
    "gene_scores",
    "link_scores",
    "score",
]

DB_PER_NAT = 10.0 / math.log(10.0)


@dataclass(frozen=True)
class Constants:
    """Constants of the model, chosen on published solved cases by cross-validation over genes (docs/phenotype.md)."""

    tau: float = 0.45
    eps: float = 0.2
    kappa: float = 0.45
    omega: float = 0.6
    direct_ancestor: float = 0.2
    decay: float = 0.3
    ancestor: float = 0.06
    mu: float = 0.05
    rho: float = 0.3
    excluded_floor: float = 0.1
    scale: float = 1.5
    power: float = 0.25


@dataclass(frozen=True)
class DiseaseEvidence:
    """What each disease has of the patient's terms.

    Attributes:
        ratio: float64 (diseases, present), r(d, q).
        matched: int32 (diseases, present), the disease's term that gives it, -1 none.
        coverage: float64 (diseases,), nats, without omega.
        excluded: float64 (diseases, excluded), nats, without tau.
    """

    ratio: np.ndarray
    matched: np.ndarray
    coverage: np.ndarray
    excluded: np.ndarray


@dataclass(frozen=True)
class Links:
    """Parts in nats of the score of each gene with each of its diseases, along `model.gene_disease`.

    Attributes:
        present: float64 (links, present).
        is_lent: bool (links, present), the term's ratio comes from another disease of the gene.
        coverage, shared: float64 (links,).
        excluded: float64 (links, excluded).
    """

    present: np.ndarray
    is_lent: np.ndarray
    coverage: np.ndarray
    excluded: np.ndarray
    shared: np.ndarray

    @cached_property
    def total(self) -> np.ndarray:
        """float64 (links,), nats."""
        return np.asarray(self.present.sum(axis=1) + self.coverage + self.excluded.sum(axis=1) + self.shared)


@dataclass(frozen=True)
class Part:
    """One shown part of a gene's score.

    Attributes:
        kind: present, excluded, coverage, shared_disease, other_diseases or average_gene.
        term, term_name: the patient's term, '' for the last four kinds.
        disease: id of the disease that answers the term: the best fitting one, or another of the gene that lends it; '' none.
        matched, matched_name: that disease's term that answers it, '' none.
        frequency: share of that disease's patients with the matched (or excluded) term, NaN none.
        background: mean of that share over all diseases, NaN none.
        db: decibans.
    """

    kind: str
    term: str
    term_name: str
    disease: str
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
        best: int64 (genes,), link of the best fitting disease, along `model.gene_disease`.
        average: ln of the mean over genes of e^score, nats.
    """

    model: PhenotypeModel
    constants: Constants
    query: Query
    evidence: DiseaseEvidence
    links: Links
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
        return self.model.diseases[int(self.model.gene_disease[self.best[self._number(gene)]])]

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
        link = int(self.best[number])
        disease = int(self.model.gene_disease[link])
        parts = [self._present_part(number, link, i) for i in range(self.query.present.size)]
        parts += [self._excluded_part(link, disease, i) for i in range(self.query.excluded.size)]
        whole = float(self.db[number]) / _db_per_nat(self.constants, self.query) + self.average
        plain = {
            "coverage": float(self.links.coverage[link]),
            "shared_disease": float(self.links.shared[link]),
            "other_diseases": whole - float(self.links.total[link]),
            "average_gene": -self.average,
        }
        parts += [
            Part(kind, "", "", "", "", "", math.nan, math.nan, nats * _db_per_nat(self.constants, self.query))
            for kind, nats in plain.items()
        ]
        return Explanation(gene, self.model.diseases[disease], float(self.db[number]), tuple(parts))

    def _number(self, gene: str) -> int:
        if gene not in self.model.gene_number:
            raise InputError(f"HPO {self.model.release} links no disease to gene {gene!r}", fix="give an approved symbol")
        return self.model.gene_number[gene]

    def _present_part(self, gene: int, link: int, i: int) -> Part:
        disease = int(self.model.gene_disease[link])
        if self.links.is_lent[link, i]:
            siblings = self.model.gene_disease[self.model.gene_start[gene] : self.model.gene_start[gene + 1]]
            disease = int(siblings[np.argmax(self.evidence.ratio[siblings, i])])
        matched = int(self.evidence.matched[disease, i])
        return self._term_part("present", int(self.query.present[i]), disease, matched, float(self.links.present[link, i]))

    def _excluded_part(self, link: int, disease: int, i: int) -> Part:
        term = int(self.query.excluded[i])
        return self._term_part("excluded", term, disease, term, float(self.links.excluded[link, i]))

    def _term_part(self, kind: str, term: int, disease: int, matched: int, nats: float) -> Part:
        model = self.model
        found = matched >= 0
        return Part(
            kind,
            model.term_ids[term],
            model.term_names[term],
            model.diseases[disease].id if found else "",
            model.term_ids[matched] if found else "",
            model.term_names[matched] if found else "",
            model.profiles.share(disease, matched) if found else math.nan,
            float(model.background[matched]) if found else math.nan,
            nats * _db_per_nat(self.constants, self.query),
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
        model: from `load`.
        present: HPO ids of the findings.
        excluded: HPO ids of findings looked for and absent.
        newborn: findings that a newborn cannot show do not count against a disease.
        constants: other than the default ones, for measuring.

    Raises:
        InputError: an id that HPO does not know, or a term both present and excluded.
    """
    constants = constants or Constants()
    query = read_query(model, present, excluded, newborn=newborn)
    evidence = disease_evidence(model, model.profiles, query, constants, newborn=newborn)
    links = link_scores(model, evidence, query, constants)
    gene_score, best = gene_scores(model, links.total)
    average = _log_mean_exp(gene_score)
    db = (gene_score - average) * _db_per_nat(constants, query)
    return GeneScores(model, constants, query, evidence, links, db, best, average)


def disease_evidence(
    model: PhenotypeModel, profiles: Profiles, query: Query, constants: Constants, *, newborn: bool = True
) -> DiseaseEvidence:
    """What any diseases, given by their profiles, have of the patient's terms."""
    size = np.where(profiles.size > 0.0, profiles.size, model.mean_size) / model.mean_size
    ratio, matched = kernels.term_ratios(
        query.present,
        model.ancestor_start,
        model.ancestor,
        profiles.start,
        profiles.term,
        profiles.frequency,
        profiles.is_direct,
        model.background,
        model.information,
        size**-constants.kappa,
        constants.direct_ancestor,
        constants.decay,
        constants.ancestor,
    )
    shared = kernels.shared_information(query.present, model.ancestor_start, model.ancestor, model.information)
    is_present = np.zeros(model.information.size, dtype=np.bool_)
    is_present[query.present] = True
    is_counted = ~profiles.own_is_late | is_present[profiles.own_term] if newborn else np.ones_like(profiles.own_is_late)
    coverage = kernels.coverage(profiles.own_start, profiles.own_term, profiles.own_frequency, is_counted, shared)
    excluded = kernels.excluded_logs(
        query.excluded, profiles.start, profiles.term, profiles.frequency, model.background, constants.excluded_floor
    )
    return DiseaseEvidence(ratio, matched, coverage, excluded)


def link_scores(model: PhenotypeModel, evidence: DiseaseEvidence, query: Query, constants: Constants) -> Links:
    """The parts of each gene with each of its diseases."""
    count = np.diff(model.gene_start)
    own = evidence.ratio[model.gene_disease]
    best = np.maximum.reduceat(own, model.gene_start[:-1], axis=0)
    lent = np.repeat(best * (constants.mu / np.sqrt(count))[:, np.newaxis], count, axis=0)
    return Links(
        present=constants.tau * query.weight * np.log(constants.eps + np.maximum(own, lent)),
        is_lent=lent > own,
        coverage=constants.omega * evidence.coverage[model.gene_disease],
        excluded=constants.tau * evidence.excluded[model.gene_disease],
        shared=-constants.rho * np.log(model.gene_count[model.gene_disease]),
    )


def gene_scores(model: PhenotypeModel, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each gene's score, float64 (genes,) nats, and the link of its best disease, int64 (genes,), from float64 (links,)."""
    starts = model.gene_start[:-1]
    count = np.diff(model.gene_start)
    highest = np.maximum.reduceat(total, starts)
    summed = np.add.reduceat(np.exp(total - np.repeat(highest, count)), starts)
    is_best = np.flatnonzero(total == np.repeat(highest, count))
    first = np.unique(np.repeat(np.arange(starts.size), count)[is_best], return_index=True)[1]
    return highest + np.log(summed), is_best[first]


def _db_per_nat(constants: Constants, query: Query) -> float:
    return float(constants.scale * max(query.present.size, 1) ** -constants.power * DB_PER_NAT)


def _log_mean_exp(values: np.ndarray) -> float:
    highest = float(values.max())
    return highest + math.log(float(np.exp(values - highest).mean()))
