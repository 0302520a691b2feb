"""Green, amber or red, with the reasons: figures held against stated thresholds.

| figure                                  | green   | amber   | red    | source                                              |
|-----------------------------------------|---------|---------|--------|-----------------------------------------------------|
| share of autosomal exon bases >= 15x    | >= 0.95 | >= 0.90 | below  | Genomics England: 95 % of the autosomes at 15x      |
| duplicates among mapped reads           | <= 0.20 | <= 0.40 | above  | neotriage                                           |
| sex by depth against the sheet          | agrees  | unclear | differs| X/autosomes: one X < 0.65, two > 0.85; Y/autosomes: |
|                                         |         |         |        | none < 0.10, one > 0.25 (neotriage)                 |

A figure that was not measured makes amber, and the reason says so: not measured is not good. Who is related to whom, and whose
reads hold another person's, comes from `qc.identity` with limits of its own; where that has too little to go by, the light
stays and the reasons say that it was not assessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from neotriage.pedigree import Family, Sex
from neotriage.qc.figures import DEPTHS, SampleFigures

__all__ = ["THRESHOLDS", "Light", "family_verdict", "sex_by_depth"]


class Light(StrEnum):
    """A verdict, worst last."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


THRESHOLDS: Mapping[str, Mapping[str, float | str]] = {
    "fraction_15x": {
        "green": 0.95,
        "amber": 0.90,
        "source": "Genomics England: 95 % of the autosomes at 15x; here their exons",
    },
    "duplicate_fraction": {"green": 0.20, "amber": 0.40, "source": "neotriage"},
    "x_ratio": {"one_x_below": 0.65, "two_x_above": 0.85, "source": "neotriage"},
    "y_ratio": {"no_y_below": 0.10, "one_y_above": 0.25, "source": "neotriage"},
}
"""What the figures are held against, with the source of each."""

_COVERED = DEPTHS.index(15)


def family_verdict(
    family: Family, figures: Mapping[str, SampleFigures], identity: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The verdict of a family as plain values, samples in family order, for qc.json.

    Args:
        family: as the sheet has it.
        figures: sample -> figures; a sample that came as calls only has none, and is said to be not assessed.
        identity: what `check_identity` found; None says that nobody looked.
    """
    samples = [_sample(member.sample, member.sex, figures.get(member.sample)) for member in family.members]
    reasons = [f"{entry['sample']}: {reason}" for entry in samples for reason in entry["reasons"]]
    lights = [Light(entry["verdict"]) for entry in samples]
    not_assessed = []
    judged = (("contamination", _foreign_reads(identity)), ("relatedness", _relations(identity)))
    for what, found in judged:
        if found is None:
            not_assessed.append(what)
            continue
        lights += [light for light, _ in found]
        reasons += [reason for light, reason in found if light is not Light.GREEN]
    return {
        "verdict": _worst(lights),
        "reasons": [*reasons, *([f"not assessed: {', '.join(not_assessed)}"] if not_assessed else [])],
        "left_out": list(identity["refuted"]) if identity else [],
        "identity": identity,
        "samples": samples,
        "thresholds": {name: dict(values) for name, values in THRESHOLDS.items()},
    }


def _relations(identity: Mapping[str, Any] | None) -> list[tuple[Light, str]] | None:
    """Light and reason of each pair; None if no pair was assessed. One who is alone has nobody to be related to."""
    if identity is None or (identity["pairs"] and all(pair["verdict"] == "not_assessed" for pair in identity["pairs"])):
        return None
    lights = {"agrees": Light.GREEN, "related": Light.AMBER, "not_assessed": Light.AMBER, "differs": Light.RED}
    return [(lights[pair["verdict"]], pair["said"]) for pair in identity["pairs"]]


def _foreign_reads(identity: Mapping[str, Any] | None) -> list[tuple[Light, str]] | None:
    """Light and reason of each sample; None if none was assessed."""
    if identity is None or all(sample["light"] == "not_assessed" for sample in identity["contamination"]):
        return None
    return [
        (Light.AMBER if sample["light"] == "not_assessed" else Light(sample["light"]), f"{sample['sample']}: {sample['said']}")
        for sample in identity["contamination"]
    ]


def sex_by_depth(x_ratio: float | None, y_ratio: float | None) -> tuple[Sex | None, str]:
    """Sex as the depth of X and Y says it, and the numbers in words; None where neither has exons to measure.

    Sex.UNKNOWN says that the depths fit neither a male nor a female karyotype.
    """
    if x_ratio is None and y_ratio is None:
        return None, "no exon on X or Y to measure"
    said = ", ".join(f"{name} {ratio:.2f}" for name, ratio in (("X", x_ratio), ("Y", y_ratio)) if ratio is not None)
    votes = {_x_says(x_ratio), _y_says(y_ratio)} - {None}
    sex = votes.pop() if len(votes) == 1 else Sex.UNKNOWN
    return sex, f"{said} of the autosomes' depth"


def _x_says(ratio: float | None) -> Sex | None:
    if ratio is None:
        return None
    if ratio < float(THRESHOLDS["x_ratio"]["one_x_below"]):
        return Sex.MALE
    return Sex.FEMALE if ratio > float(THRESHOLDS["x_ratio"]["two_x_above"]) else Sex.UNKNOWN


def _y_says(ratio: float | None) -> Sex | None:
    if ratio is None:
        return None
    if ratio > float(THRESHOLDS["y_ratio"]["one_y_above"]):
        return Sex.MALE
    return Sex.FEMALE if ratio < float(THRESHOLDS["y_ratio"]["no_y_below"]) else Sex.UNKNOWN


def _sample(sample: str, stated: Sex, figures: SampleFigures | None) -> dict[str, Any]:
    if figures is None:
        reason = "came as called variants: reads, depth and sex are not assessed"
        return {"sample": sample, "verdict": Light.AMBER, "reasons": [reason], "sex_stated": stated}
    found, said = sex_by_depth(figures.x_ratio, figures.y_ratio)
    judged = [_coverage(figures.fractions[_COVERED]), _duplicates(figures.duplicate_fraction), _sex(stated, found, said)]
    return {
        "sample": sample,
        "verdict": _worst([light for light, _ in judged]),
        "reasons": [reason for light, reason in judged if light is not Light.GREEN],
        "reads": figures.reads,
        "raw_reads": figures.raw_reads,
        "q30_fraction": _rounded(figures.q30_fraction),
        "mapped_fraction": _rounded(figures.mapped_fraction),
        "duplicate_fraction": _rounded(figures.duplicate_fraction),
        "insert_size": _rounded(figures.insert_size, 1),
        "mean_depth": _rounded(figures.mean_depth, 2),
        "exon_mean_depth": _rounded(figures.exon_mean_depth, 2),
        **{f"fraction_{depth}x": _rounded(value) for depth, value in zip(DEPTHS, figures.fractions, strict=True)},
        "x_ratio": _rounded(figures.x_ratio),
        "y_ratio": _rounded(figures.y_ratio),
        "sex_stated": stated,
        "sex_by_depth": found,
    }


def _coverage(fraction: float | None) -> tuple[Light, str]:
    if fraction is None:
        return Light.AMBER, "depth over exons not measured (no exon on an autosome)"
    limits = THRESHOLDS["fraction_15x"]
    light = _light(fraction >= float(limits["green"]), fraction >= float(limits["amber"]))
    return light, f"{fraction:.1%} of exon bases have 15 reads or more, {float(limits['green']):.0%} are asked for"


def _duplicates(fraction: float | None) -> tuple[Light, str]:
    if fraction is None:
        return Light.AMBER, "duplicates not measured (no mapped read)"
    limits = THRESHOLDS["duplicate_fraction"]
    light = _light(fraction <= float(limits["green"]), fraction <= float(limits["amber"]))
    return light, f"{fraction:.1%} of mapped reads are duplicates, at most {float(limits['green']):.0%} are expected"


def _sex(stated: Sex, found: Sex | None, said: str) -> tuple[Light, str]:
    if found is None:
        return Light.AMBER, f"sex not checked: {said}"
    if found is Sex.UNKNOWN:
        return Light.AMBER, f"depth fits neither male nor female ({said}); the sheet says {stated}"
    if stated is Sex.UNKNOWN:
        return Light.AMBER, f"the sheet states no sex; by depth {found} ({said})"
    return (Light.GREEN if found is stated else Light.RED), f"the sheet says {stated}, the reads say {found} ({said})"


def _light(is_green: bool, is_amber: bool) -> Light:
    return Light.GREEN if is_green else Light.AMBER if is_amber else Light.RED


def _worst(lights: Sequence[Light]) -> Light:
    return max(lights, key=list(Light).index)


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)
