"""Criteria of the protein change: PM1, PM4, BP1, BP3, BP7, and the predictors' PP3 and BP4.

One predictor speaks per variant: the missense predictor for a missense variant, else SpliceAI outside the canonical sites. On
the mitochondrion APOGEE speaks for proteins, MitoTIP and HmtVAR together for tRNA; PM1, BP1 and BP7 do not apply there.
"""

from __future__ import annotations

from collections.abc import Mapping

from neotriage.clinvar import is_pathogenic
from neotriage.evidence.facts import (
    Change,
    Facts,
    Finding,
    is_fully_penetrant_pathogenic,
    met,
    not_assessed,
    not_met,
    pathogenic_of,
)
from neotriage.evidence.points import Strength
from neotriage.schema import ClinvarSignificance

__all__ = ["MITOCHONDRIAL_PREDICTORS", "PREDICTORS", "bp1", "bp3", "bp4", "bp7", "pm1", "pm4", "pp3"]

RICHARDS = "ACMG/AMP, Richards 2015 (PMID 25741868)"
PEJAVER = "Pejaver 2022 (PMID 36413997)"
WALKER = "Walker 2023 (PMID 37352859)"
BERGQUIST = "Bergquist 2025, Genetics in Medicine 27:101402 (PMID 40084623)"

MTDNA = "ACMG/AMP for mtDNA, McCormick 2020 (PMID 32906214)"

_CLUSTER_RESIDUES = 8
_CLUSTER_RECORDS = 4
_REPEAT_COPIES = 4
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


# McCormick 2020: above for APOGEE (proteins) and MitoTIP (tRNA, percentile), at or above for HmtVAR (tRNA).
MITOCHONDRIAL_PREDICTORS: Mapping[str, float] = {"APOGEE": 0.5, "MitoTIP": 0.5, "HmtVAR": 0.35}


def pm1(facts: Facts) -> Finding:
    """A cluster of pathogenic missense changes around the residue, without a benign one.

    Four or more other P/LP missense records with stars at other residues (the own one is PM5's and PS1's) within eight
    residues either side, no B/LB missense there. Supporting, since a cluster in ClinVar is less than an established domain.
    """
    source = "; ".join(filter(None, (facts.gene.clinvar_source, f"{RICHARDS}; {_CLUSTER_RECORDS} records supporting")))
    if facts.is_mitochondrial:
        return not_assessed("does not apply to the mitochondrion", MTDNA)
    if "missense" not in facts.terms:
        return not_met("not a missense variant", RICHARDS)
    if not facts.gene.has_clinvar or facts.residue_change is None:
        return not_assessed("no table of domains; clusters need ClinVar and the reference", source)
    residue = facts.residue_change.residue
    around = [
        k
        for k in facts.gene.known
        if k.change is Change.MISSENSE
        and k.residue_change is not None
        and 0 < abs(k.residue_change.residue - residue) <= _CLUSTER_RESIDUES
    ]
    harmful = sum(is_fully_penetrant_pathogenic(k.significance) and k.stars >= 1 for k in around)
    harmless = sum(k.significance in {ClinvarSignificance.BENIGN, ClinvarSignificance.LIKELY_BENIGN} for k in around)
    words = f"{harmful} P/LP and {harmless} B/LB missense records within {_CLUSTER_RESIDUES} residues of {residue}"
    if harmful >= _CLUSTER_RECORDS and not harmless:
        return met(Strength.SUPPORTING, words, source)
    return not_met(words, source)


def bp3(facts: Facts) -> Finding:
    """In-frame change of the number of copies of a tandem repeat: four or more copies in the reference."""
    if not facts.terms & _IN_FRAME:
        return not_met("not an in-frame change", RICHARDS)
    if facts.repeat_copies < 0:
        return not_assessed("whether it lies in a repeat is not known: no reference given", RICHARDS)
    words = f"{facts.repeat_copies} tandem copies in the reference"
    if facts.repeat_copies < _REPEAT_COPIES:
        return not_met(words, RICHARDS)
    if is_pathogenic(facts.clinvar_significance):
        return not_met(f"{words}, but ClinVar holds this variant pathogenic", RICHARDS)
    return met(Strength.SUPPORTING, words, RICHARDS, is_benign=True)


def pm4(facts: Facts) -> Finding:
    """The protein changes its length without a truncation; one residue counts supporting."""
    source = f"{RICHARDS}; one residue supporting, as ClinGen panels have it"
    if facts.is_null:
        return not_met("judged by PVS1", source)
    if "stop_lost" in facts.terms:
        return met(Strength.MODERATE, "stop codon lost", source)
    if not facts.terms & _IN_FRAME:
        return not_met("the length of the protein does not change", source)
    if facts.repeat_copies >= _REPEAT_COPIES:
        return not_met(f"in a repeat, {facts.repeat_copies} tandem copies in the reference: see BP3", source)
    residues = abs(len(facts.alt) - len(facts.ref)) // 3
    strength = Strength.SUPPORTING if residues <= 1 else Strength.MODERATE
    place = "whether in a repeat is not known (no reference given)" if facts.repeat_copies < 0 else "not in a repeat"
    return met(strength, f"in-frame change of {residues} residues; {place}", source)


def bp1(facts: Facts) -> Finding:
    """Missense in a gene whose disease comes from truncations: ten P/LP records or more, 90 % of them loss of function."""
    if facts.is_mitochondrial:
        return not_assessed("does not apply to the mitochondrion", MTDNA)
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
    if facts.is_mitochondrial:
        return not_assessed("does not apply to the mitochondrion", MTDNA)
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
    if facts.is_table_silent:
        return not_assessed("the table of predictors has none of the case's variants: another build or release?", PEJAVER)
    if facts.is_mitochondrial:
        return _mitochondrial(facts.mitochondrial_scores, is_benign=is_benign)
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


def _mitochondrial(scores: Mapping[str, float], *, is_benign: bool) -> Finding:
    """APOGEE, else MitoTIP and HmtVAR, which must agree; supporting either way."""
    asked = ("APOGEE",) if "APOGEE" in scores else ("MitoTIP", "HmtVAR")
    if not all(name in scores for name in asked):
        return not_assessed("no score of APOGEE, nor of both MitoTIP and HmtVAR, for this variant", MTDNA)
    limits = MITOCHONDRIAL_PREDICTORS
    harmful = {n: scores[n] >= limits[n] if n == "HmtVAR" else scores[n] > limits[n] for n in asked}
    words = ", ".join(_score_words((name, scores[name])) for name in asked)
    if all(value != is_benign for value in harmful.values()):
        return met(Strength.SUPPORTING, words, MTDNA, is_benign=is_benign)
    return not_met(words, MTDNA)


def _score_words(score: tuple[str, float]) -> str:
    return f"{score[0]} {score[1]:.3f}"
