"""Kinship of every pair of a family against the pedigree.

Kinship is the robust estimator of KING (Manichaikul 2010, Bioinformatics 26:2867, equation 11), with its limits for degrees of
relation (table 1). A parent passes on one copy of every autosome, so that parent and child are never opposite homozygotes;
the share of those is the median over contigs, so that one chromosome inherited from one parent alone (uniparental disomy)
does not make the other a stranger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neotriage.pedigree import Family, Member

__all__ = ["LIMITS", "WINDOW_BP", "Pair", "confirmed_family", "judge_pairs", "kinship"]

LIMITS: Mapping[str, float] = {
    "least_sites": 500,
    "least_windows": 10,
    "same_person": 0.354,
    "first_degree": 0.177,
    "third_degree": 0.0442,
    "opposite_homozygotes": 0.02,
}
"""Limits; `same_person`, `first_degree` and `third_degree` are KING's, the others neotriage's."""

WINDOW_BP = 1_000_000


@dataclass
class Pair:
    """Counts of two persons over the autosomal SNVs that both are called at.

    Attributes:
        het: heterozygous sites of each.
        both_het: sites where both are.
        opposite: contig -> sites where they are opposite homozygotes.
        homozygous: contig -> sites where one of them is homozygous for the alternate.
        windows: (contig, Mb) that the sites lie in.
    """

    het: list[int] = field(default_factory=lambda: [0, 0])
    both_het: int = 0
    opposite: dict[str, int] = field(default_factory=dict)
    homozygous: dict[str, int] = field(default_factory=dict)
    windows: set[tuple[str, int]] = field(default_factory=set)

    def add(self, contig: str, positions: npt.NDArray[np.int32], one: npt.NDArray[np.int8], two: npt.NDArray[np.int8]) -> None:
        """Count sites of a contig; dosages 0, 1, 2 and -1 not called, int8 (sites,)."""
        both = (one >= 0) & (two >= 0) & (one + two > 0)
        one, two = one[both], two[both]
        self.het[0] += int(np.count_nonzero(one == 1))
        self.het[1] += int(np.count_nonzero(two == 1))
        self.both_het += int(np.count_nonzero((one == 1) & (two == 1)))
        self.opposite[contig] = self.opposite.get(contig, 0) + int(np.count_nonzero(np.abs(one - two) == 2))
        self.homozygous[contig] = self.homozygous.get(contig, 0) + int(np.count_nonzero((one == 2) | (two == 2)))
        self.windows.update((contig, window) for window in np.unique(positions[both] // WINDOW_BP).tolist())

    @property
    def is_assessed(self) -> bool:
        """Whether there are enough sites, far enough apart, to say anything."""
        return min(self.het) >= LIMITS["least_sites"] and len(self.windows) >= LIMITS["least_windows"]

    @property
    def opposite_share(self) -> float:
        """Opposite homozygotes among sites where one is homozygous for the alternate, median over contigs; NaN without one."""
        shares = [self.opposite[name] / sites for name, sites in self.homozygous.items() if sites]
        return float(np.median(shares)) if shares else float("nan")


def kinship(pair: Pair) -> float:
    """KING's robust kinship coefficient of two persons: 0.5 the same, 0.25 parent and child, 0 strangers; NaN without sites."""
    fewer, more = sorted(pair.het)
    if not fewer:
        return float("nan")
    opposite = sum(pair.opposite.values())
    return (pair.both_het - 2 * opposite) / (2 * fewer) + 0.5 - 0.25 * (fewer + more) / fewer


def judge_pairs(family: Family, pairs: Mapping[tuple[int, int], Pair]) -> dict[str, Any]:
    """Every pair held against the pedigree.

    Args:
        family: as the sheet has it.
        pairs: places on the samples axis, lower first -> counts.

    Returns:
        `pairs`: of each the samples, the relation on the sheet, kinship, share of opposite homozygotes, sites, verdict
        (agrees, differs, not_assessed, related) and `said`, a sentence; `refuted`: the proband's relatives who are not who
        the sheet says and have to be left out, and two relatives with the same genome.
    """
    rows = []
    refuted = set()
    for (one, two), pair in pairs.items():
        first, second = family.members[one], family.members[two]
        relation = _relation(first, second)
        verdict, said = _verdict(first, second, relation, pair)
        rows.append(
            {
                "samples": [first.sample, second.sample],
                "relation": relation,
                "kinship": _rounded(kinship(pair)) if pair.is_assessed else None,
                "opposite_homozygotes": _rounded(pair.opposite_share) if pair.is_assessed else None,
                "heterozygous_sites": min(pair.het),
                "verdict": verdict,
                "said": said,
            }
        )
        if verdict == "differs" and one == 0:
            refuted.add(second.sample)
        elif verdict == "differs" and kinship(pair) > LIMITS["same_person"]:  # whose sample it is, is not known
            refuted.update((first.sample, second.sample))
    return {"pairs": rows, "refuted": sorted(refuted)}


def confirmed_family(family: Family, refuted: Iterable[str]) -> Family:
    """The family without those whom the genotypes refute; a parent left out is a parent not sequenced."""
    left_out = set(refuted)
    members = tuple(
        replace(
            member,
            father=None if member.father in left_out else member.father,
            mother=None if member.mother in left_out else member.mother,
        )
        for member in family.members
        if member.sample not in left_out
    )
    return replace(family, members=members)


def _relation(one: Member, two: Member) -> str:
    if two.sample in (one.father, one.mother) or one.sample in (two.father, two.mother):
        return "parent and child"
    if one.father and one.mother and (one.father, one.mother) == (two.father, two.mother):
        return "siblings"
    return "not stated"


def _verdict(one: Member, two: Member, relation: str, pair: Pair) -> tuple[str, str]:
    names = f"{one.sample} and {two.sample}"
    if not pair.is_assessed:
        sites = f"{min(pair.het)} heterozygous SNVs in {len(pair.windows)} windows of 1 Mb"
        asked = f"{LIMITS['least_sites']:.0f} in {LIMITS['least_windows']:.0f}"
        return "not_assessed", f"{names}: kinship not assessed, {sites}; {asked} are asked for"
    value, opposite = kinship(pair), pair.opposite_share
    said = f"kinship {value:.3f}, opposite homozygotes {opposite:.1%}"
    if value > LIMITS["same_person"]:
        return "differs", f"{names} have the same genome ({said}): one sample twice, or identical twins"
    if relation == "parent and child":
        if value >= LIMITS["first_degree"] and not opposite > LIMITS["opposite_homozygotes"]:
            return "agrees", f"{names} are parent and child ({said})"
        return "differs", f"{names} are not parent and child by their genotypes ({said})"
    if relation == "siblings":
        if value >= LIMITS["first_degree"]:
            return "agrees", f"{names} are siblings ({said})"
        return "differs", f"{names} are not full siblings by their genotypes ({said})"
    if value > LIMITS["third_degree"]:
        return "related", f"{names} are related, which the sheet does not state ({said})"
    return "agrees", f"{names} are not related ({said})"


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
