"""The criteria in the order in which they are shown: the 28 of ACMG/AMP, and ClinVar's assertion as a line of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from neotriage.evidence.cnv_lines import cnv_points
from neotriage.evidence.exon_loss import structural_strength
from neotriage.evidence.facts import Facts, Finding, not_assessed
from neotriage.evidence.family import bp2, pm3, pm6, pp1, ps2
from neotriage.evidence.known import clinvar, pm5, ps1
from neotriage.evidence.population import ba1, bs1, bs2, pm2
from neotriage.evidence.protein import bp1, bp3, bp4, bp7, pm1, pm4, pp3
from neotriage.evidence.pvs1 import pvs1

__all__ = ["CRITERIA", "NEEDS_PARTNER", "Criterion", "criteria_of"]

Criterion = Callable[[Facts], Finding]

_RICHARDS = "ACMG/AMP, Richards 2015 (PMID 25741868)"
_BIESECKER = "Biesecker and Harrison 2018 (PMID 29543229)"


def _left_out(value: str, source: str, facts: Facts) -> Finding:
    del facts
    return not_assessed(value, source)


def _never(value: str, source: str = _RICHARDS) -> Criterion:
    return partial(_left_out, value, source)


CRITERIA: Mapping[str, Criterion] = {
    "CLINVAR": clinvar,
    "PVS1": pvs1,
    "PS1": ps1,
    "PS2": ps2,
    "PS3": _never("functional studies are not read"),
    "PS4": _never("case counts are not read"),
    "PM1": pm1,
    "PM2": pm2,
    "PM3": pm3,
    "PM4": pm4,
    "PM5": pm5,
    "PM6": pm6,
    "PP1": pp1,
    "PP2": _never("no table of missense constraint by gene"),
    "PP3": pp3,
    "PP4": _never("counted as the phenotype term of the ranking, and only there"),
    "PP5": _never("not used: ClinVar's assertion is a line of its own", _BIESECKER),
    "BA1": ba1,
    "BS1": bs1,
    "BS2": bs2,
    "BS3": _never("functional studies are not read"),
    "BS4": _never("lack of segregation is counted in the inheritance term of the ranking, and only there"),
    "BP1": bp1,
    "BP2": bp2,
    "BP3": bp3,
    "BP4": bp4,
    "BP5": _never("an alternate cause is for the reader of the whole ranking to judge"),
    "BP6": _never("not used: ClinVar's assertion is a line of its own", _BIESECKER),
    "BP7": bp7,
}

_OF_SMALL = frozenset({"PS1", "PM1", "PM4", "PM5", "PP3", "BP1", "BP3", "BP4", "BP7"})


def criteria_of(facts: Facts) -> Mapping[str, Criterion]:
    """The criteria that a variant is judged by: of a structural change also its 2020 copy number points, as a line of none."""
    if facts.structural is None:
        return CRITERIA
    left = _never("a criterion of small changes, which a structural one is not judged by")
    return {**{name: left if name in _OF_SMALL else rule for name, rule in CRITERIA.items()}, "CNV2020": _cnv2020}


def _cnv2020(facts: Facts) -> Finding:
    structural = facts.structural
    if structural is None:
        return not_assessed("a small variant", _RICHARDS)
    judged = None if facts.transcript is None else structural_strength(facts, structural, facts.transcript)
    return cnv_points(facts, structural, int(judged[0]) if judged else 0)


NEEDS_PARTNER = frozenset({"PM3", "BP2"})
