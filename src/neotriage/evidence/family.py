"""Criteria of the family: PS2 and PM6 (de novo), PM3 (the other allele), PP1 (segregation), BP2 (in cis).

de novo, confident, both parents confirmed by genotype      PS2 moderate    SVI: 1 point
de novo, confident, too few genotypes to confirm them       PM6 supporting  SVI: 0.5 points
in trans with P or LP                                       PM3 moderate    SVI: 1 point
phase unknown, other allele P                               PM3 supporting  SVI: 0.5 points
phase unknown, other allele LP                              none            SVI: 0.25 points
homozygous                                                  PM3 supporting  SVI: 0.5 points

An allele that ClinVar holds P or LP without a star counts half as much in trans (supporting).
"""

from __future__ import annotations

from neotriage.evidence.facts import Facts, Finding, is_fully_penetrant_pathogenic, met, not_assessed, not_met
from neotriage.evidence.points import Strength
from neotriage.evidence.population import ba1, bs1
from neotriage.schema import ClinvarSignificance, DeNovoConfidence, Model, Phase

__all__ = ["bp2", "pm3", "pm6", "pp1", "ps2"]

SVI_DE_NOVO = "ClinGen SVI recommendation for de novo criteria (PS2/PM6) v1.1: consistent phenotype, not highly specific"
SVI_TRANS = "ClinGen SVI recommendation for in trans criterion (PM3) v1.0"
JARVIK = "Jarvik and Browning 2016 (PMID 27236918): one family"
RICHARDS = "ACMG/AMP, Richards 2015 (PMID 25741868)"

_DE_NOVO = {Model.DE_NOVO, Model.X_DE_NOVO}
_COMPOUND = {Model.RECESSIVE_COMPOUND, Model.X_COMPOUND}
_TRANS = {Phase.TRANS_BY_PARENT, Phase.TRANS_BY_READ}


def ps2(facts: Facts) -> Finding:
    """De novo with both parents confirmed."""
    refusal = _not_de_novo(facts)
    if refusal is not None:
        return refusal
    if not facts.parentage.is_confirmed:
        return not_met(f"parents not confirmed by genotype, see PM6: {facts.parentage.words}", SVI_DE_NOVO)
    return met(Strength.MODERATE, f"in neither parent; both confirmed: {facts.parentage.words}", SVI_DE_NOVO)


def pm6(facts: Facts) -> Finding:
    """Assumed de novo: in neither parent, parents not confirmed."""
    refusal = _not_de_novo(facts)
    if refusal is not None:
        return refusal
    if facts.parentage.is_confirmed:
        return not_met("counted as PS2", SVI_DE_NOVO)
    return met(Strength.SUPPORTING, f"in neither parent; parenthood assumed: {facts.parentage.words}", SVI_DE_NOVO)


def _not_de_novo(facts: Facts) -> Finding | None:
    if facts.is_mitochondrial:
        return not_assessed("de novo is not judged on the mitochondrion here", SVI_DE_NOVO)
    if facts.model not in _DE_NOVO:
        if facts.model is Model.DOMINANT_UNKNOWN:
            return not_assessed("a parent is missing: whether it is de novo is not known", SVI_DE_NOVO)
        return not_met(f"not de novo by this hit ({facts.model})", SVI_DE_NOVO)
    if facts.de_novo_confidence is not DeNovoConfidence.HIGH:
        return not_met("the parents' reads do not bear out that neither carries it", SVI_DE_NOVO)
    if facts.parentage.is_contradicted:
        return not_met(f"a stated parent does not fit: {facts.parentage.words}", SVI_DE_NOVO)
    return None


def pm3(facts: Facts) -> Finding:
    """Recessive disease, and the other allele is pathogenic."""
    if ba1(facts).points or bs1(facts).points:
        return not_met("too frequent (BA1 or BS1)", SVI_TRANS)
    if facts.model is Model.RECESSIVE_HOMOZYGOUS:
        return met(Strength.SUPPORTING, "homozygous", SVI_TRANS)
    if facts.model is Model.RECESSIVE_ISODISOMY:
        return not_met("homozygous by isodisomy, which makes any allele so", SVI_TRANS)
    if facts.model not in _COMPOUND or facts.partner is None:
        return not_met(f"no second allele in this hit ({facts.model})", SVI_TRANS)
    standing, words = _standing(facts)
    if facts.phase in _TRANS:
        if standing in {"P", "LP"}:
            return met(Strength.MODERATE, f"in trans ({facts.phase.replace('_', ' ')}) with {words}", SVI_TRANS)
        if standing == "unreviewed":
            return met(Strength.SUPPORTING, f"in trans ({facts.phase.replace('_', ' ')}) with {words}", SVI_TRANS)
        return not_met(f"in trans with {words}", SVI_TRANS)
    if facts.phase is Phase.UNKNOWN and standing == "P":
        return met(Strength.SUPPORTING, f"phase unknown, with {words}", SVI_TRANS)
    return not_met(f"phase {facts.phase}, with {words}", SVI_TRANS)


def _standing(facts: Facts) -> tuple[str, str]:
    """The other allele as P, LP, `unreviewed` (ClinVar P/LP without a star) or `none`, and in words."""
    partner = facts.partner
    if partner is None:
        return "none", "no other allele"
    known = is_fully_penetrant_pathogenic(partner.significance)
    starred = known and partner.stars >= 1
    asserted = partner.significance.replace("_", " ") or "none"
    words = f"the other allele ({partner.points} points without PM3, ClinVar {asserted})"
    if partner.points >= 10 or (starred and partner.significance is ClinvarSignificance.PATHOGENIC):
        return "P", words
    if partner.points >= 6 or starred:
        return "LP", words
    return ("unreviewed" if known else "none"), words


def pp1(facts: Facts) -> Finding:
    """Affected relatives share the hit beyond what chance explains."""
    if facts.is_mitochondrial:
        return not_assessed("maternal segregation is not counted here", RICHARDS)
    chance = facts.family_probability
    text = "no affected relative shares it" if chance == 1 else f"chance of sharing by descent alone 1/{round(1 / chance)}"
    for limit, strength in ((1 / 32, Strength.STRONG), (1 / 16, Strength.MODERATE), (1 / 8, Strength.SUPPORTING)):
        if chance <= limit:
            return met(strength, text, JARVIK)
    return not_met(f"{text}; 1/8 asked for", JARVIK)


def bp2(facts: Facts) -> Finding:
    """In cis with a pathogenic variant."""
    if facts.partner is None:
        return not_assessed("no second variant in this hit", RICHARDS)
    standing, words = _standing(facts)
    if facts.phase is Phase.CIS and standing in {"P", "LP"}:
        return met(Strength.SUPPORTING, f"in cis with {words}", RICHARDS, is_benign=True)
    if facts.phase is Phase.UNKNOWN:
        return not_assessed(f"phase unknown, with {words}", RICHARDS)
    return not_met(f"{facts.phase.replace('_', ' ')}, with {words}", RICHARDS)
