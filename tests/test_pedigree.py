"""The family: array order and every way in which a pedigree can be impossible."""

import itertools
import random

import pytest

from neotriage.errors import InputError
from neotriage.pedigree import Member, Sex, check_family

BABY = Member("baby", Sex.MALE, True, "dad", "mum")
DAD = Member("dad", Sex.MALE, False)
MUM = Member("mum", Sex.FEMALE, False)
SIB = Member("sib", Sex.FEMALE, False, "dad", "mum")


@pytest.mark.parametrize("order", list(itertools.permutations([BABY, DAD, MUM, SIB])))
def test_check_family__order_is_proband_father_mother_others_by_name(order: tuple[Member, ...]) -> None:
    family = check_family("F", order)
    assert family.samples == ("baby", "dad", "mum", "sib")
    assert (family.proband, family.father_index, family.mother_index) == (BABY, 1, 2)
    assert family.index("sib") == 3
    assert family.index(None) == -1


@pytest.mark.parametrize(
    ("members", "kind", "parents"),
    [
        ((Member("baby", Sex.MALE, True),), "singleton", (-1, -1)),
        ((Member("baby", Sex.MALE, True, None, "mum"), MUM), "duo", (-1, 1)),
        ((Member("baby", Sex.MALE, True, "dad", None), DAD), "duo", (1, -1)),
        ((BABY, DAD, MUM), "trio", (1, 2)),
        ((BABY, DAD, MUM, SIB), "quad", (1, 2)),
        ((Member("baby", Sex.MALE, True), Member("sib", Sex.FEMALE, False)), "family of 2", (-1, -1)),
    ],
)
def test_check_family__kind(members: tuple[Member, ...], kind: str, parents: tuple[int, int]) -> None:
    family = check_family("F", members)
    assert (family.kind, (family.father_index, family.mother_index)) == (kind, parents)


def test_check_family__the_affected_father_is_not_the_proband() -> None:
    family = check_family("F", (BABY, Member("dad", Sex.MALE, True), MUM))
    assert family.proband.sample == "baby"


def test_check_family__proband_named() -> None:
    sister = Member("sib", Sex.FEMALE, True, "dad", "mum")
    assert check_family("F", (BABY, DAD, MUM, sister), "sib").samples == ("sib", "dad", "mum", "baby")


def test_check_family__grandparents_and_cousin_marriage_are_no_loop() -> None:
    members = (
        Member("baby", Sex.MALE, True, "dad", "mum"),
        Member("dad", Sex.MALE, False, "grandpa", None),
        Member("mum", Sex.FEMALE, False, "grandpa", None),
        Member("grandpa", Sex.MALE, False),
    )
    assert check_family("F", members).samples == ("baby", "dad", "mum", "grandpa")


@pytest.mark.parametrize(
    ("members", "column", "words"),
    [
        ((BABY, DAD, DAD, MUM), "sample", "dad stands for two"),
        ((BABY, DAD), "mother", "'mum' of baby has no row"),
        ((BABY, MUM), "father", "'dad' of baby has no row"),
        ((BABY, Member("dad", Sex.FEMALE, False), MUM), "father", "dad of baby is stated female"),
        ((BABY, Member("dad", Sex.UNKNOWN, False), MUM), "father", "dad of baby is stated unknown"),
        ((BABY, DAD, Member("mum", Sex.MALE, False)), "mother", "mum of baby is stated male"),
        ((Member("baby", Sex.MALE, True, "baby"),), "father", "baby is among their own ancestors"),
        ((BABY, Member("dad", Sex.MALE, False, "baby"), MUM), "father", "among their own ancestors"),
        (
            (
                Member("baby", Sex.MALE, True, "a"),
                Member("a", Sex.MALE, False, "b"),
                Member("b", Sex.MALE, False, "c"),
                Member("c", Sex.MALE, False, "a"),
            ),
            "father",
            "a is among their own ancestors",
        ),
    ],
)
def test_check_family__impossible_is_named_by_file_line_and_column(
    members: tuple[Member, ...], column: str, words: str
) -> None:
    rows = {member.sample: number for number, member in enumerate(members, 2)}
    with pytest.raises(InputError) as error:
        check_family("F", members, file="s.tsv", rows=rows)
    assert words in str(error.value)
    assert error.value.column == column
    assert str(error.value).startswith(f"s.tsv, line {error.value.row}, ")
    assert error.value.row in rows.values()
    assert error.value.fix


@pytest.mark.parametrize(
    ("members", "proband", "words"),
    [
        ((Member("baby", Sex.MALE, False),), None, "no affected person"),
        ((Member("baby", Sex.MALE, None),), None, "no affected person"),
        ((BABY, DAD, MUM, Member("sib", Sex.FEMALE, True, "dad", "mum")), None, "several could be (baby, sib)"),
        ((BABY, DAD, MUM), "child", "'child' has no row"),
    ],
)
def test_check_family__who_is_the_proband(members: tuple[Member, ...], proband: str | None, words: str) -> None:
    with pytest.raises(InputError, match="Fix: ") as error:
        check_family("F", members, proband, file="s.tsv")
    assert words in str(error.value)
    assert str(error.value).startswith("s.tsv: ")


def test_check_family__random_pedigrees_loop_as_a_topological_sort_says() -> None:
    """Kahn's algorithm as the other logic: a pedigree has a loop when not everyone can be laid after their parents."""
    seeded = random.Random(20261120)
    outcomes = set()
    for _ in range(300):
        names = [f"p{n}" for n in range(6)]
        fathers = {name: seeded.choice([None, None, *names]) for name in names}
        members = [Member(name, Sex.MALE, name == "p0", fathers[name]) for name in names]
        laid: set[str | None] = {None}
        for _ in names:
            laid |= {name for name in names if fathers[name] in laid}
        has_loop = len(laid) <= len(names)
        outcomes.add(has_loop)
        if has_loop:
            with pytest.raises(InputError, match="ancestors"):
                check_family("F", members, "p0")
        else:
            assert set(check_family("F", members, "p0").samples) == set(names)
    assert outcomes == {True, False}
