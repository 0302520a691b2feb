"""The family as the kernels take it: sex, affection and parents as arrays along the samples axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neotriage.kernels import inheritance as kernel
from neotriage.pedigree import Family, Sex

__all__ = ["FamilyArrays", "family_arrays"]

_SEX = {Sex.UNKNOWN: kernel.UNKNOWN_SEX, Sex.MALE: kernel.MALE, Sex.FEMALE: kernel.FEMALE}


@dataclass(frozen=True)
class FamilyArrays:
    """Arrays along the samples axis; the proband is sample 0.

    `sex` int8 as the kernel codes it; `status` int8, 1 affected, 0 unaffected, -1 not known; `fathers` and `mothers` int32
    places, -1 not sequenced; `is_maternal_line` bool, shares the proband's mitochondria by descent.
    """

    sex: npt.NDArray[np.int8]
    status: npt.NDArray[np.int8]
    fathers: npt.NDArray[np.int32]
    mothers: npt.NDArray[np.int32]
    is_maternal_line: npt.NDArray[np.bool_]

    @property
    def father(self) -> int:
        """Place of the proband's father, -1 none."""
        return int(self.fathers[0])

    @property
    def mother(self) -> int:
        """Place of the proband's mother, -1 none."""
        return int(self.mothers[0])


def family_arrays(family: Family) -> FamilyArrays:
    """The kernel's view of a family."""
    mothers = np.array([family.index(m.mother) for m in family.members], dtype=np.int32)
    founders = [_founding_mother(place, mothers) for place in range(len(family.members))]
    return FamilyArrays(
        sex=np.array([_SEX[m.sex] for m in family.members], dtype=np.int8),
        status=np.array([-1 if m.is_affected is None else int(m.is_affected) for m in family.members], dtype=np.int8),
        fathers=np.array([family.index(m.father) for m in family.members], dtype=np.int32),
        mothers=mothers,
        is_maternal_line=np.array([founder == founders[0] for founder in founders]),
    )


def _founding_mother(place: int, mothers: npt.NDArray[np.int32]) -> int:
    while mothers[place] >= 0:
        place = int(mothers[place])
    return place
