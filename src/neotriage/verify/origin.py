"""Where an allele comes from that the parents are called without: posterior of four origins from the fragments themselves.

| origin | baby has it on | parents have it on | prior, per site |
|---|---|---|---|
| de_novo | half of the fragments (all if hemizygous); or 5 to 40 % | none | 2.4e-8; 6.5 % of it so |
| mosaic_parent | half | one parent 2 to 30 % | 3.8 % of 2.4e-8 |
| inherited | half | one parent half (all, for a father's only copy) | 1.3e-5; 1.1e-6 if no frequency source has it |
| artefact | 5 to 25 %, others none; or all persons alike, 1 to 50 % | | 2e-8 |

A fragment shows the allele with f (1 - e) + (1 - f) e/3, f the share above, e its chance of error (base and mapping quality).
Ranges are integrated with equal weight. The strands of the alternate fragments, and how many have an indel or clip within
10 bp, are likelier lopsided under an artefact.

Sources of the priors. De novo: 1.20e-8 per base and generation (Kong et al. 2012, Nature 488:471), two copies. After the
zygote: 6.5 % of what looks de novo (Acuna-Hidalgo et al. 2015, Am J Hum Genet 97:67). Mosaic parent: 3.8 % (Rahbari et al.
2016, Nat Genet 48:126). Inherited: a genome has at least 40,000 variants rarer than 0.5 % (1000 Genomes Project 2015, Nature
526:68) over 3.1e9 bp; where a large source was asked and lacks the allele, 3,400, as many as a person has alone among 53,831
(46 % of 400 million: Taliun et al. 2021, Nature 590:290). Artefact: ours, about 60 false calls a genome that pass the filters
in the baby alone, as many as there are true ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, exp, lgamma, log

import numpy as np
import numpy.typing as npt

from neotriage.schema import Origin
from neotriage.verify.fragments import ALT, REF, Fragment

__all__ = ["HYPOTHESES", "SURE", "Verdict", "judge_origin"]

SURE = 0.9  # least posterior of a verdict `de_novo`
HYPOTHESES = (Origin.DE_NOVO, Origin.MOSAIC_PARENT, Origin.INHERITED, Origin.ARTEFACT)

_DE_NOVO = 2.4e-8
_AFTER_ZYGOTE = 0.065
_MOSAIC_PARENT = 0.038
_INHERITED = 40_000 / 3.1e9
_INHERITED_UNSEEN = 3_400 / 3.1e9
_ARTEFACT = 2e-8
_NEVER, _HALF, _ALWAYS = 0.0, 0.5, 1.0
_NEIGHBOUR_REAL = 0.02
_CIS_INDEL = 0.05  # share of real alleles that have a real indel beside them

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """The likeliest origin, the posterior of each, and the parent who shows the allele ('' none)."""

    origin: Origin
    posterior: Mapping[Origin, float]
    parent: str


@dataclass(frozen=True)
class _Person:
    """Error chances of the fragments that show the reference and the alternate."""

    ref: Float64
    alt: Float64

    @staticmethod
    def of(fragments: Sequence[Fragment]) -> _Person:
        by_allele = [np.array([f.error for f in fragments if f.allele == allele], dtype=np.float64) for allele in (REF, ALT)]
        return _Person(*by_allele)

    def log_likelihood(self, fractions: Float64) -> Float64:
        """Of each share of the allele, float64 (fractions,)."""
        f = fractions[:, None]
        alt = np.log(f * (1 - self.alt) + (1 - f) * self.alt / 3).sum(axis=1)
        ref = np.log((1 - f) * (1 - self.ref) + f * self.ref / 3).sum(axis=1)
        result: Float64 = alt + ref
        return result

    def at(self, fraction: float) -> float:
        return float(self.log_likelihood(np.array([fraction]))[0])

    def between(self, low: float, high: float) -> float:
        return _log_mean(self.log_likelihood(np.linspace(low, high, 30)))


def judge_origin(
    baby: Sequence[Fragment],
    parents: Mapping[str, Sequence[Fragment]],
    *,
    is_hemizygous: bool = False,
    haploid_parents: Sequence[str] = (),
    is_unseen: bool = False,
) -> Verdict:
    """Where the baby's allele comes from.

    Args:
        baby: the baby's fragments at the site.
        parents: "father" and "mother" -> fragments, of those who could have passed the allele on.
        is_hemizygous: the baby has no other copy of the place.
        haploid_parents: parents with one copy of the place.
        is_unseen: a frequency source was asked and does not have the allele.

    Returns:
        the verdict. Where de novo is likeliest but short of 0.9, or the parents' depth alone leaves an inherited allele the
        likeliest while no parent shows it, the origin is UNCLEAR.
    """
    child = _Person.of(baby)
    people = {name: _Person.of(fragments) for name, fragments in parents.items()}
    own = _ALWAYS - 1e-3 if is_hemizygous else _HALF
    none = sum(person.at(_NEVER) for person in people.values())
    carried = {name: _ALWAYS - 1e-3 if name in haploid_parents else _HALF for name in people}
    real, artefact = _shape(baby)
    de_novo = np.logaddexp(log(1 - _AFTER_ZYGOTE) + child.at(own), log(_AFTER_ZYGOTE) + child.between(0.05, 0.4))
    logs = {
        Origin.DE_NOVO: log(_DE_NOVO) + de_novo + none + real,
        Origin.MOSAIC_PARENT: log(_DE_NOVO * _MOSAIC_PARENT)
        + child.at(own)
        + _over_parents({name: person.between(0.02, 0.3) - person.at(_NEVER) for name, person in people.items()}, none)
        + real,
        Origin.INHERITED: log(_INHERITED_UNSEEN if is_unseen else _INHERITED)
        + child.at(own)
        + _over_parents({name: person.at(carried[name]) - person.at(_NEVER) for name, person in people.items()}, none)
        + real,
        Origin.ARTEFACT: log(_ARTEFACT / 2)
        + float(np.logaddexp(child.between(0.05, 0.25) + none, _alike([child, *people.values()])))
        + artefact,
    }
    top = max(logs.values())
    weights = {origin: exp(value - top) for origin, value in logs.items()}
    posterior = {origin: weight / sum(weights.values()) for origin, weight in weights.items()}
    shown = {name: person.alt.size for name, person in people.items() if person.alt.size}
    parent = max(shown, key=lambda name: shown[name] / (shown[name] + people[name].ref.size)) if shown else ""
    return Verdict(_verdict(posterior, parent), posterior, parent)


def _verdict(posterior: Mapping[Origin, float], parent: str) -> Origin:
    best = max(posterior, key=lambda origin: posterior[origin])
    if best is Origin.DE_NOVO and posterior[best] < SURE:
        return Origin.UNCLEAR
    if best in {Origin.INHERITED, Origin.MOSAIC_PARENT} and not parent:
        return Origin.UNCLEAR
    return best


def _over_parents(gains: Mapping[str, float], none: float) -> float:
    """Log-likelihood of the parents if one of them has it, each as likely."""
    return none + _log_mean(np.array(list(gains.values())))


def _alike(people: Sequence[_Person]) -> float:
    """Log-likelihood if all have the allele on one share, 1 to 50 %."""
    fractions = np.linspace(0.01, 0.5, 30)
    return _log_mean(np.sum([person.log_likelihood(fractions) for person in people], axis=0))


def _shape(baby: Sequence[Fragment]) -> tuple[float, float]:
    """Log-likelihood of strands and neighbours of the alternate fragments, if the allele is real and if it is an artefact."""
    alt = [fragment for fragment in baby if fragment.allele == ALT]
    reverse = sum(fragment.is_reverse for fragment in alt)
    near = sum(fragment.has_neighbour for fragment in alt)
    n = len(alt)
    seldom = (1 - _CIS_INDEL) * comb(n, near) * _NEIGHBOUR_REAL**near * (1 - _NEIGHBOUR_REAL) ** (n - near)
    real = log(comb(n, reverse) * 0.5**n) + log(seldom + _CIS_INDEL / (n + 1))
    return real, _log_beta_binomial(reverse, n, 0.5, 0.5) + _log_beta_binomial(near, n, 0.5, 2.0)


def _log_beta_binomial(k: int, n: int, a: float, b: float) -> float:
    def log_beta(x: float, y: float) -> float:
        return lgamma(x) + lgamma(y) - lgamma(x + y)

    return log(comb(n, k)) + log_beta(k + a, n - k + b) - log_beta(a, b)


def _log_mean(values: Float64) -> float:
    top = float(values.max())
    return top + log(float(np.exp(values - top).mean()))
