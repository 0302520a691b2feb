"""Criteria of population frequency: BA1, BS1, BS2, PM2. Each fact counts once: BA1 before BS1 before BS2, and PM2 with none.

Not seen is not rare: without a source that saw anything on the contig, nothing is assessed.
"""

from __future__ import annotations

import math

from neotriage.evidence.facts import Facts, Finding, Mode, met, not_assessed, not_met
from neotriage.evidence.points import Strength
from neotriage.genome import ContigKind
from neotriage.schema import ClinvarSignificance, Model

__all__ = ["ba1", "bs1", "bs2", "pm2"]

RICHARDS = "ACMG/AMP, Richards 2015 (PMID 25741868)"
MTDNA = "ACMG/AMP for mtDNA, McCormick 2020 (PMID 32906214)"
SVI_PM2 = "ClinGen SVI recommendation for absence/rarity (PM2) v1.0"

_STAND_ALONE = 0.05  # Richards 2015
_STAND_ALONE_MT = 0.01  # McCormick 2020
_STRONG_MT = 0.005  # McCormick 2020
_PM2_LIMIT = {Mode.DOMINANT: 2e-5, Mode.RECESSIVE: 1e-4, Mode.MITOCHONDRIAL: 2e-5}  # mtDNA: McCormick 2020; docs/evidence.md
_HEALTHY = 3


def ba1(facts: Facts) -> Finding:
    """Too common for any rare disease: stand-alone benign, 8 points."""
    source = _source(facts, MTDNA if facts.is_mitochondrial else RICHARDS)
    if not facts.has_frequency:
        return not_assessed(_no_source(facts), source)
    limit = _STAND_ALONE_MT if facts.is_mitochondrial else _STAND_ALONE
    if facts.allele_frequency > limit:
        return met(Strength.VERY_STRONG, f"{_frequency(facts)}, above {limit:g}", source, is_benign=True)
    return not_met(f"{_frequency(facts)}, not above {limit:g}", source)


def bs1(facts: Facts) -> Finding:
    """More common than a cause of this mode is expected to be."""
    source = _source(facts, MTDNA if facts.is_mitochondrial else f"{RICHARDS}; caps of Genomics England's tiering")
    if not facts.has_frequency:
        return not_assessed(_no_source(facts), source)
    if ba1(facts).points:
        return not_met("counted as BA1", source)
    limit = _STRONG_MT if facts.is_mitochondrial else facts.frequency_cap
    if facts.allele_frequency > limit:
        return met(Strength.STRONG, f"{_frequency(facts)}, above the {facts.mode} cap {limit:g}", source, is_benign=True)
    return not_met(f"{_frequency(facts)}, not above the {facts.mode} cap {limit:g}", source)


def bs2(facts: Facts) -> Finding:
    """Seen in persons of a reference population who would be ill if it caused a fully penetrant disease of early onset."""
    source = _source(facts, f"{RICHARDS}; {_HEALTHY} persons asked for, since reference populations are not all healthy")
    if facts.is_mitochondrial:
        return not_assessed("homoplasmic healthy adults are not counted here", MTDNA)
    if not facts.has_frequency:
        return not_assessed(_no_source(facts), source)
    if ba1(facts).points or bs1(facts).points:
        return not_met("the source's frequency is counted as BA1 or BS1 already", source)
    if facts.clinvar_significance is ClinvarSignificance.PATHOGENIC_LOW_PENETRANCE:
        return not_assessed("ClinVar states low penetrance: healthy carriers say nothing", source)
    count, who = _healthy(facts)
    if count < 0:
        return not_assessed("the source does not count homozygous or hemizygous persons", source)
    if count >= _HEALTHY:
        return met(Strength.STRONG, f"{count} {who} persons in the source", source, is_benign=True)
    return not_met(f"{count} {who} persons in the source, fewer than {_HEALTHY}", source)


def pm2(facts: Facts) -> Finding:
    """Absent from the source, or rarer than the limit of the mode; points as configured (supporting by default)."""
    rule = MTDNA if facts.is_mitochondrial else SVI_PM2
    source = _source(facts, rule)
    if not facts.has_frequency:
        return not_assessed(_no_source(facts), source)
    limit = _PM2_LIMIT[facts.mode]
    if facts.allele_frequency > limit:
        return not_met(f"{_frequency(facts)}, above {limit:g} ({facts.mode})", source)
    count, who = _healthy(facts)
    if count > 0:
        return not_met(f"{_frequency(facts)}, but {count} {who} persons in the source", source)
    points = facts.settings.rank.pm2_points
    seen = _frequency(facts)
    value = seen if math.isnan(facts.allele_frequency) else f"{seen}, at most {limit:g} ({facts.mode})"
    return Finding(met(Strength.SUPPORTING, value, source).state, points, value, source)


def _healthy(facts: Facts) -> tuple[int, str]:
    """Persons of the source with the genotype that should make ill, -1 not known, and in words which."""
    if math.isnan(facts.allele_frequency):
        return 0, "homozygous or hemizygous"
    if facts.kind in {ContigKind.X, ContigKind.Y} and facts.model is not Model.X_COMPOUND:
        return facts.hemizygotes, "hemizygous"
    return facts.homozygotes, "homozygous"


def _frequency(facts: Facts) -> str:
    if math.isnan(facts.allele_frequency):
        return "not seen in the population source"
    return f"allele frequency {facts.allele_frequency:.3g} ({facts.frequency_source})"


def _no_source(facts: Facts) -> str:
    if facts.is_store_silent:
        return "the population source has none of the case's variants: another build or contig style?"
    return f"no population source that covers {facts.chrom}"


def _source(facts: Facts, rule: str) -> str:
    return f"{facts.frequency_source}; {rule}" if facts.frequency_source else rule
