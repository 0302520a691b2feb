"""Criteria of the protein change: PM4, BP1, BP7, and the predictors' PP3 and BP4.

One predictor speaks per variant: the missense predictor for a missense variant, else SpliceAI outside the canonical sites.
"""

from __future__ import annotations

from collections.abc import Mapping

from neotriage.evidence.facts import Change, Facts, Finding, is_pathogenic, met, not_assessed, not_met, pathogenic_of
from neotriage.evidence.points import Strength

__all__ = ["PREDICTORS", "bp1", "bp4", "bp7", "pm4", "pp3"]

RICHARDS = "ACMG/AMP, Richards 2015 (PMID 25741868)"
PEJAVER = "Pejaver 2022 (PMID 36413997)"
WALKER = "Walker 2023 (PMID 37352859)"
BERGQUIST = "Bergquist 2025, Genetics in Medicine 27:101402 (PMID 40084623)"

_IN_FRAME = {"inframe_deletion", "inframe_insertion", "protein_altering"}
_TRUNCATING_SHARE = 0.9
_RECORDS = 10

# predictor -> (PP3: at or above, BP4: at or below), strongest first, and the publication.
PREDICTORS: Mapping[str, tuple[tuple[tuple[float, Strength], ...], tuple[tuple[float, Strength], ...], str]] = {
    "REVEL": (
        ((0.932, Strength.STRONG), (0.773, Strength.MODERATE), (0.644, Strength.SUPPORTING)),
        (
            (0.003, Strength.VERY_STRONG),
            (0.016, Strength.STRONG),
            (0.183, Strength.MODERATE),
            (0.290, Strength.SUPPORTING),
        ),
        PEJAVER,
    ),
    "AlphaMissense": (
        ((0.990, Strength.STRONG), (0.906, Strength.MODERATE), (0.792, Strength.SUPPORTING)),
        ((0.099, Strength.MODERATE), (0.169, Strength.SUPPORTING)),
        BERGQUIST,
    ),
    "SpliceAI": (((0.2, Strength.SUPPORTING),), ((0.1, Strength.SUPPORTING),), WALKER),
}


def pm4(facts: Facts) -> Finding:
    """The protein changes its length without a truncation; one residue counts supporting."""
    source = f"{RICHARDS}; one residue supporting, as ClinGen panels have it"
    if facts.is_null:
        return not_met("judged by PVS1", source)
    if "stop_lost" in facts.terms:
        return met(Strength.MODERATE, "stop codon lost", source)
    if not facts.terms & _IN_FRAME:
        return not_met("the length of the protein does not change", source)
    residues = abs(len(facts.alt) - len(facts.ref)) // 3
    strength = Strength.SUPPORTING if residues <= 1 else Strength.MODERATE
    return met(strength, f"in-frame change of {residues} residues; whether in a repeat was not looked at", source)


def bp1(facts: Facts) -> Finding:
    """Missense in a gene whose disease comes from truncations: ten P/LP records or more, 90 % of them loss of function."""
    if "missense" not in facts.terms:
        return not_met("not a missense variant", RICHARDS)
    records = pathogenic_of(facts.gene.known, facts)
    if not facts.gene.has_clinvar or any(k.change is Change.UNKNOWN for k in records):
        return not_assessed("the effect of ClinVar's records is not known: no ClinVar or no reference given", RICHARDS)
    lof = sum(k.change.is_loss_of_function for k in records)
    words = f"{lof} of {len(records)} other P/LP records in the gene are loss of function"
    if is_pathogenic(facts.clinvar_significance):
        return not_met(f"{words}, but ClinVar holds this variant pathogenic", RICHARDS)
    if len(records) >= _RECORDS and lof >= _TRUNCATING_SHARE * len(records):
        return met(Strength.SUPPORTING, words, f"{facts.gene.clinvar_source}; {RICHARDS}", is_benign=True)
    return not_met(words, f"{facts.gene.clinvar_source}; {RICHARDS}")


def bp7(facts: Facts) -> Finding:
    """Synonymous, and a splice predictor sees nothing; without a predictor it is not assessed, since silence is no proof."""
    if not facts.terms & {"synonymous", "stop_retained", "start_retained"}:
        return not_met("not a synonymous variant", RICHARDS)
    if facts.splice_score is None:
        return not_assessed("synonymous, but no splice predictor was given", f"{RICHARDS}; {WALKER}")
    if bp4(facts).points:
        return met(Strength.SUPPORTING, f"synonymous, {_score_words(facts.splice_score)}", WALKER, is_benign=True)
    return not_met(f"synonymous, but {_score_words(facts.splice_score)}", WALKER)


def pp3(facts: Facts) -> Finding:
    """The predictor holds it damaging."""
    return _predicted(facts, is_benign=False)


def bp4(facts: Facts) -> Finding:
    """The predictor holds it harmless."""
    return _predicted(facts, is_benign=True)


def _predicted(facts: Facts, *, is_benign: bool) -> Finding:
    if facts.is_null:
        return not_met("judged by PVS1", PEJAVER)
    score = facts.missense_score if "missense" in facts.terms and facts.missense_score else facts.splice_score
    if score is None:
        return not_assessed("no predictor's score for this variant", f"{PEJAVER}; {WALKER}")
    damaging, harmless, source = PREDICTORS[score[0]]
    levels = harmless if is_benign else damaging
    for limit, strength in levels:
        if (score[1] <= limit) if is_benign else (score[1] >= limit):
            return met(strength, _score_words(score), source, is_benign=is_benign)
    return not_met(_score_words(score), source)


def _score_words(score: tuple[str, float]) -> str:
    return f"{score[0]} {score[1]:.3f}"
