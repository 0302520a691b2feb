"""The family: who was sequenced, who is whose parent, who is affected.

The meaning is that of a PED file. A parent who was not sequenced is a name without a sample: known to exist, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from neotriage.errors import InputError

__all__ = ["Family", "Member", "Sex", "check_family"]


class Sex(StrEnum):
    """Sex as stated on the sheet, which the sex chromosomes' ploidy follows."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Member:
    """One sequenced person. `father` and `mother` are sample names, None where not stated or not sequenced."""

    sample: str
    sex: Sex
    is_affected: bool | None
    father: str | None = None
    mother: str | None = None


@dataclass(frozen=True)
class Family:
    """A family in the order of every per-sample array: proband, father, mother, then the others by name."""

    name: str
    members: tuple[Member, ...]

    @property
    def proband(self) -> Member:
        """The baby this case is about."""
        return self.members[0]

    @cached_property
    def samples(self) -> tuple[str, ...]:
        """Sample names in array order."""
        return tuple(member.sample for member in self.members)

    def index(self, sample: str | None) -> int:
        """Place of a sample on the samples axis, -1 for none."""
        return -1 if sample is None else self.samples.index(sample)

    @property
    def father_index(self) -> int:
        """Place of the proband's father on the samples axis, -1 if he was not sequenced."""
        return self.index(self.proband.father)

    @property
    def mother_index(self) -> int:
        """Place of the proband's mother on the samples axis, -1 if she was not sequenced."""
        return self.index(self.proband.mother)

    @property
    def kind(self) -> str:
        """Singleton, duo, trio, or quad and larger, counted by who was sequenced."""
        parents = (self.father_index >= 0) + (self.mother_index >= 0)
        others = len(self.members) - 1 - parents
        if others:
            return "quad" if parents == 2 and others == 1 else f"family of {len(self.members)}"
        return ("singleton", "duo", "trio")[parents]


def check_family(
    name: str,
    members: Sequence[Member],
    proband: str | None = None,
    *,
    file: str | Path | None = None,
    rows: Mapping[str, int] | None = None,
) -> Family:
    """A family in array order, after every check of a pedigree.

    Args:
        name: the family's name.
        members: sequenced persons in any order.
        proband: the sample the case is about; None if the pedigree leaves one choice (an affected person who is nobody's
            parent).
        file: the sheet the family was read from, for messages.
        rows: sample -> 1-based line in that sheet, for messages.

    Raises:
        InputError: a sample twice, a father who is not male, a mother who is not female, a person among their own
            ancestors, no or several possible probands.
    """
    by_name = {member.sample: member for member in members}
    if len(by_name) != len(members):
        twice = sorted({m.sample for m in members if sum(o.sample == m.sample for o in members) > 1})
        raise InputError(
            f"family {name}: sample {twice[0]} stands for two persons",
            file=file,
            row=(rows or {}).get(twice[0]),
            column="sample",
            fix="give each person one name",
        )
    for member in members:
        _check_parents(name, member, by_name, _Place(file, (rows or {}).get(member.sample)))
    chosen = by_name[_choose_proband(name, by_name, proband, file)]
    first = [chosen.sample] + [p for p in (chosen.father, chosen.mother) if p is not None]
    rest = sorted(set(by_name) - set(first))
    return Family(name, tuple(by_name[sample] for sample in first + rest))


@dataclass(frozen=True)
class _Place:
    """The line of a sheet that a person stands on."""

    file: str | Path | None
    row: int | None

    def error(self, problem: str, column: str, fix: str) -> InputError:
        return InputError(problem, file=self.file, row=self.row, column=column, fix=fix)


def _check_parents(name: str, member: Member, by_name: dict[str, Member], place: _Place) -> None:
    for role, parent, sex in (("father", member.father, Sex.MALE), ("mother", member.mother, Sex.FEMALE)):
        if parent is None:
            continue
        if parent not in by_name:
            raise place.error(
                f"family {name}: {role} {parent!r} of {member.sample} has no row",
                role,
                "add a row for this person, or put 0 if not sequenced",
            )
        if by_name[parent].sex is not sex:
            raise place.error(
                f"family {name}: {role} {parent} of {member.sample} is stated {by_name[parent].sex}",
                role,
                f"set {parent}'s sex to {sex}, or name the right {role}",
            )
    line, seen = [member.sample], {member.sample}
    while line:
        person = by_name[line.pop()]
        for role, parent in (("father", person.father), ("mother", person.mother)):
            if parent == member.sample:
                raise place.error(
                    f"family {name}: {member.sample} is among their own ancestors",
                    role,
                    "correct the father and mother columns",
                )
            if parent is not None and parent in by_name and parent not in seen:
                seen.add(parent)
                line.append(parent)


def _choose_proband(name: str, by_name: dict[str, Member], proband: str | None, file: str | Path | None) -> str:
    if proband is not None:
        if proband not in by_name:
            raise InputError(
                f"family {name}: proband {proband!r} has no row", file=file, fix=f"name one of {', '.join(sorted(by_name))}"
            )
        return proband
    parents = {p for m in by_name.values() for p in (m.father, m.mother) if p is not None}
    choices = sorted(m.sample for m in by_name.values() if m.is_affected and m.sample not in parents)
    if len(choices) != 1:
        found = f"several could be ({', '.join(choices)})" if choices else "no affected person who is nobody's parent"
        raise InputError(f"family {name}: who is the proband? {found}", file=file, fix="set `proband:` in the case file")
    return choices[0]
