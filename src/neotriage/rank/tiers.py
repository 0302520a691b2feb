"""Genomics England tiers of small variants, beside the rank and never in it.

Genomics England, Rare Disease Results Guide (100,000 Genomes Project), tiering:

    a structural change among the alleles                          untiered
    not PASS, too common for the mode, or does not segregate       untiered
    green on an applied panel, mode as curated, and
        high impact, or de novo and moderate, or known P/LP        1
        moderate impact                                            2
    otherwise high or moderate impact, or known P/LP               3
    otherwise                                                      untiered

Of two alleles the weaker one's tier stands, since both are needed. Two known traps of the scheme are said and not repeated:
a homozygous child of a heterozygous and a reference parent is tiered de novo there; a lone heterozygote in a recessive
gene is dropped there without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neotriage.call_rules import is_call_failed, unmeasured_rule
from neotriage.rank.modes import ModeFit
from neotriage.rank.terms import Part
from neotriage.schema import ClinvarSignificance, DeNovoConfidence, Impact, Kind, Model, Tier
from neotriage.settings import FrequencyLimits

__all__ = ["tier_of", "tier_part"]

SOURCE = "Genomics England, Rare Disease Results Guide, tiering; docs/ranking.md"

_KNOWN = {ClinvarSignificance.PATHOGENIC, ClinvarSignificance.LIKELY_PATHOGENIC}
_ORDER = (Tier.TIER1, Tier.TIER2, Tier.TIER3, Tier.UNTIERED)


def tier_of(
    hit: Mapping[str, Any],
    alleles: Sequence[Mapping[str, Any]],
    impacts: Sequence[str],
    limits: FrequencyLimits,
    *,
    is_green: bool,
    fit: ModeFit,
) -> tuple[Tier, str]:
    """The tier of a hit, and in words why.

    Args:
        hit: row of `hits`.
        alleles: rows of `variants`.
        impacts: `Impact` of each allele on the gene, '' none.
        limits: frequency caps.
        is_green: whether an applied panel has the gene green.
        fit: how the hit's mode lies to the curated one.
    """
    model = Model(hit["model"])
    if model is Model.RECESSIVE_SINGLE:
        return Tier.UNTIERED, "a lone heterozygote in a recessive gene: the scheme drops it without a word; it is kept here"
    if not hit["explains_affected"]:
        return Tier.UNTIERED, "does not segregate with the disease"
    if any(allele["kind"] != Kind.SMALL for allele in alleles):
        return Tier.UNTIERED, "the scheme tiers small variants: a structural change is judged by its points alone"
    cap = limits.of_model(model)
    for allele in alleles:
        if allele["filters"] not in {"PASS", ""} or is_call_failed(allele["quality_rule"]):
            return Tier.UNTIERED, f"not PASS ({allele['quality_rule'] or allele['filters']})"
        if allele["allele_frequency"] > cap:
            return Tier.UNTIERED, f"allele frequency {allele['allele_frequency']:.3g} above the cap {cap:g}"
    on_panel = is_green and fit is not ModeFit.CONTRADICTS
    is_de_novo = model in {Model.DE_NOVO, Model.X_DE_NOVO} and hit["de_novo_confidence"] == DeNovoConfidence.HIGH
    tiers = [_allele_tier(a, i, on_panel=on_panel, is_de_novo=is_de_novo) for a, i in zip(alleles, impacts, strict=True)]
    tier = max(tiers, key=_ORDER.index)
    trap = "; the scheme itself would tier it de novo" if model is Model.RECESSIVE_ISODISOMY else ""
    missing = sorted({rule for allele in alleles if (rule := unmeasured_rule(allele["quality_rule"]))})
    trap += f"; not measured: {', '.join(missing)}" if missing else ""
    place = "green panel gene, mode fits" if on_panel else "outside the applied panels' green genes, or another mode"
    return tier, f"{place}; impact {' and '.join(i or 'none' for i in impacts)}{trap}"


def tier_part(tier: Tier, words: str) -> Part:
    """The tier as a shown line of no decibans."""
    name = "untiered" if tier is Tier.UNTIERED else f"tier {tier.value}"
    return Part("G", "tier", 0.0, f"{name}: {words}", SOURCE)


def _allele_tier(allele: Mapping[str, Any], impact: str, *, on_panel: bool, is_de_novo: bool) -> Tier:
    is_known = allele["clinvar_significance"] in _KNOWN
    is_high, is_moderate = impact == Impact.HIGH, impact == Impact.MODERATE
    if not (is_known or is_high or is_moderate):
        return Tier.UNTIERED
    if not on_panel:
        return Tier.TIER3
    return Tier.TIER1 if is_known or is_high or is_de_novo else Tier.TIER2
