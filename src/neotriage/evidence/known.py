"""Criteria of what ClinVar knows: its assertion on the variant itself (CLINVAR), and the same residue (PS1, PM5).

The assertion is a line of its own and not PP5. Its points by class and stars are a choice of this project, argued in
docs/evidence.md; PS1 and PM5 read other records than the variant's own, so that no record counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from neotriage.evidence.facts import Change, Facts, Finding, KnownVariant, met, not_assessed, not_met, pathogenic_of
from neotriage.evidence.points import Strength
from neotriage.schema import ClinvarSignificance, CriterionState

__all__ = ["ASSERTION_POINTS", "clinvar", "pm5", "ps1"]

RULE = "neotriage docs/evidence.md, points of a ClinVar assertion by class and stars"
RICHARDS = "ACMG/AMP, Richards 2015 (PMID 25741868)"

# Points at 0, 1, 2, 3 and 4 review stars.
ASSERTION_POINTS: Mapping[ClinvarSignificance, tuple[int, int, int, int, int]] = {
    ClinvarSignificance.PATHOGENIC: (2, 4, 6, 10, 10),
    ClinvarSignificance.LIKELY_PATHOGENIC: (1, 2, 4, 6, 6),
    ClinvarSignificance.PATHOGENIC_LOW_PENETRANCE: (1, 2, 4, 6, 6),
    ClinvarSignificance.LIKELY_BENIGN: (0, -1, -2, -4, -4),
    ClinvarSignificance.BENIGN: (0, -2, -4, -7, -7),
}


def clinvar(facts: Facts) -> Finding:
    """ClinVar's aggregate assertion on this very variant."""
    source = "; ".join(filter(None, (facts.gene.clinvar_source, RULE)))
    if not facts.clinvar_id and facts.clinvar_significance is ClinvarSignificance.NONE:
        if not facts.gene.has_clinvar:
            return not_assessed("no ClinVar given", source)
        return not_met("not in ClinVar", source)
    stars = max(facts.clinvar_stars, 0)
    plural = "" if stars == 1 else "s"
    words = f"ClinVar {facts.clinvar_id}: {facts.clinvar_text}, {stars} star{plural} ({facts.clinvar_review})"
    if facts.clinvar_significance is ClinvarSignificance.CONFLICTING:
        return not_met(f"{words}: submitters disagree, no points", source)
    points = ASSERTION_POINTS.get(facts.clinvar_significance, (0, 0, 0, 0, 0))[stars]
    if not points:
        return not_met(words, source)
    return Finding(CriterionState.MET, points, words, source)


def ps1(facts: Facts) -> Finding:
    """The same amino acid change by another nucleotide change is pathogenic: strong after P, moderate after LP."""
    found, excuse = _same_residue(facts)
    if excuse is not None:
        return excuse
    same = [k for k in found if k.residue_change == facts.residue_change]
    if not same:
        return not_met(f"no other P/LP record with stars makes {facts.residue_change}", _source(facts))
    best = _best(same)
    strength = Strength.STRONG if best.significance is ClinvarSignificance.PATHOGENIC else Strength.MODERATE
    return met(strength, _record_words(best), _source(facts))


def pm5(facts: Facts) -> Finding:
    """Another amino acid change at the same residue is pathogenic: moderate after P, supporting after LP."""
    found, excuse = _same_residue(facts)
    if excuse is not None:
        return excuse
    if any(k.residue_change == facts.residue_change for k in found):
        return not_met("the residue is counted as PS1", _source(facts))
    if not found or facts.residue_change is None:
        return not_met(f"no other P/LP missense record with stars at the residue of {facts.residue_change}", _source(facts))
    best = _best(found)
    strength = Strength.MODERATE if best.significance is ClinvarSignificance.PATHOGENIC else Strength.SUPPORTING
    return met(strength, _record_words(best), _source(facts))


def _same_residue(facts: Facts) -> tuple[list[KnownVariant], Finding | None]:
    """P/LP missense records with stars at the residue, or why there is nothing to look at."""
    if "missense" not in facts.terms:
        return [], not_met("not a missense variant", _source(facts))
    if not facts.gene.has_clinvar:
        return [], not_assessed("no ClinVar given", _source(facts))
    change = facts.residue_change
    if change is None:
        return [], not_assessed("the residue is not known: no reference given, or more than one base changes", _source(facts))
    records = pathogenic_of(facts.gene.known, facts)
    return [
        k
        for k in records
        if k.change is Change.MISSENSE
        and k.stars >= 1
        and k.residue_change is not None
        and (k.residue_change.residue, k.residue_change.old) == (change.residue, change.old)
    ], None


def _best(records: list[KnownVariant]) -> KnownVariant:
    return min(records, key=lambda k: (k.significance is not ClinvarSignificance.PATHOGENIC, -k.stars, k.identifier))


def _record_words(record: KnownVariant) -> str:
    return f"ClinVar {record.identifier}: {record.residue_change} {record.significance.replace('_', ' ')}, stars {record.stars}"


def _source(facts: Facts) -> str:
    return "; ".join(filter(None, (facts.gene.clinvar_source, RICHARDS)))
