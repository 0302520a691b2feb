"""Identity: kinship of genotypes drawn by Mendel's rules, each verdict, foreign reads, the real trio with roles exchanged."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neotriage import cli
from neotriage.case import Case, read_case, write_case
from neotriage.genome import Build, Contig, ContigKind
from neotriage.pedigree import Family, Member, Sex, check_family
from neotriage.qc import Pair, check_identity, confirmed_family, family_verdict, judge_pairs, kinship

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA") or CHECKOUT.parent / "shared" / "data")
TRIO = SHARED / "vcf" / "NA12878_trio.GRCh38.chr1_2_3_22.vcf.gz"
CHILD, FATHER, MOTHER = "NA12878x2_80", "NA12891_14", "NA12892_18"
BUILD = Build("tiny", tuple(Contig(f"chr{n}", 20_000_000, ContigKind.AUTOSOME) for n in (1, 2, 3)), ())
SITES, CONTIGS = 6000, 20


def member(name: str, father: str | None = None, mother: str | None = None) -> Member:
    return Member(name, Sex.UNKNOWN, None, father, mother)


FAMILY = Family(
    "F", (member("baby", "dad", "mum"), member("dad"), member("mum"), member("brother", "dad", "mum"), member("guest"))
)


def people(seed: int) -> dict[str, np.ndarray]:
    """Dosages (sites,) of the family on unlinked sites of frequencies 0.05 to 0.95."""
    random = np.random.default_rng(seed)
    frequency = random.uniform(0.05, 0.95, SITES)
    dad, mum, guest = (random.random((2, SITES)) < frequency for _ in range(3))

    def child() -> np.ndarray:
        copies = (np.where(random.random(SITES) < 0.5, *parent) for parent in (dad, mum))
        return sum(copy.astype(np.int8) for copy in copies)

    alone = {"dad": dad, "mum": mum, "guest": guest}
    return {"baby": child(), "brother": child(), **{name: copies.sum(axis=0, dtype=np.int8) for name, copies in alone.items()}}


def pair_of(one: np.ndarray, two: np.ndarray) -> Pair:
    pair = Pair()
    for number, rows in enumerate(np.array_split(np.arange(SITES), CONTIGS), 1):
        pair.add(f"chr{number}", np.linspace(0, 19_000_000, len(rows)).astype(np.int32), one[rows], two[rows])
    return pair


def judged(genotypes: dict[str, np.ndarray], family: Family = FAMILY) -> dict:
    places = [(one, two) for two in range(len(family.members)) for one in range(two)]
    return judge_pairs(
        family, {(a, b): pair_of(genotypes[family.samples[a]], genotypes[family.samples[b]]) for a, b in sorted(places)}
    )


def verdicts(found: dict) -> dict[tuple[str, str], str]:
    return {tuple(pair["samples"]): pair["verdict"] for pair in found["pairs"]}


@pytest.mark.parametrize("seed", range(5))
def test_kinship__of_the_degrees_by_definition(seed: int) -> None:
    drawn = people(seed)
    expected = {
        ("baby", "dad"): 0.25,
        ("baby", "brother"): 0.25,
        ("dad", "mum"): 0.0,
        ("baby", "guest"): 0.0,
        ("mum", "mum"): 0.5,
    }
    for (one, two), value in expected.items():
        assert kinship(pair_of(drawn[one], drawn[two])) == pytest.approx(value, abs=0.04)
    assert sum(pair_of(drawn["baby"], drawn["dad"]).opposite.values()) == 0


def test_judge_pairs__family_as_stated_agrees() -> None:
    found = judged(people(1))
    assert set(verdicts(found).values()) == {"agrees"}
    assert found["refuted"] == []


@pytest.mark.parametrize("who", ["dad", "mum", "brother"])
def test_judge_pairs__stranger_in_a_relatives_place_is_refuted(who: str) -> None:
    drawn = people(2)
    found = judged(drawn | {who: drawn["guest"], "guest": drawn[who]})
    assert found["refuted"] == [who]
    assert verdicts(found)["baby", who] == "differs"


def test_judge_pairs__mothers_sample_twice_leaves_out_both() -> None:
    drawn = people(3)
    assert judged(drawn | {"dad": drawn["mum"]})["refuted"] == ["dad", "mum"]


def test_judge_pairs__babys_sample_twice() -> None:
    drawn = people(3)
    assert judged(drawn | {"mum": drawn["baby"]})["refuted"] == ["mum"]


def test_judge_pairs__related_parents_are_said_and_stay() -> None:
    drawn = people(4)
    family = Family("F", (member("brother", "dad", "baby"), member("dad"), member("baby")))
    found = judged(drawn, family)
    assert verdicts(found)["dad", "baby"] == "related"
    assert "dad" not in found["refuted"]


def test_judge_pairs__one_chromosome_from_one_parent_alone_refutes_nobody() -> None:
    drawn = people(5)
    rows = np.array_split(np.arange(SITES), CONTIGS)[0]
    baby = drawn["baby"].copy()
    baby[rows] = np.where(drawn["mum"][rows] >= 1, 2, 0)
    assert pair_of(baby, drawn["dad"]).opposite["chr1"] > 20
    assert judged(drawn | {"baby": baby})["refuted"] == []


@pytest.mark.parametrize("sites", [400, 0])
def test_judge_pairs__too_few_sites_say_nothing(sites: int) -> None:
    drawn = {name: np.where(np.arange(SITES) < sites, dosage, -1).astype(np.int8) for name, dosage in people(6).items()}
    found = judged(drawn | {"dad": drawn["guest"]})
    assert set(verdicts(found).values()) == {"not_assessed"}
    assert found["refuted"] == []
    assert all(pair["kinship"] is None for pair in found["pairs"])


def test_confirmed_family__a_refuted_parent_is_one_not_sequenced() -> None:
    family = confirmed_family(FAMILY, ["dad"])
    assert family.samples == ("baby", "mum", "brother", "guest")
    assert (family.father_index, family.mother_index) == (-1, 1)
    assert family.members[2] == member("brother", None, "mum")


# --- foreign reads ---


class Frequencies:
    """A store that knows one frequency."""

    def is_covered(self, contig: str) -> bool:  # noqa: D102
        return contig != "chr3"

    def lookup(self, contig: str, positions: np.ndarray, refs: list[str], alts: list[str]) -> dict[str, np.ndarray]:  # noqa: D102
        return {"allele_frequency": np.full(len(refs), 0.6, np.float32)}


def write_calls(path: Path, foreign: int, rows: int = 300) -> None:
    """Homozygous alternate SNVs of 100 reads, `foreign` of them of the reference; half on chr3, which the store lacks."""
    head = ["##fileformat=VCFv4.2", *(f"##contig=<ID=chr{n},length=20000000>" for n in (1, 2, 3))]
    head += [f'##FORMAT=<ID={key},Number={number},Type={kind},Description="x">' for key, number, kind in
             (("GT", 1, "String"), ("AD", "R", "Integer"), ("DP", 1, "Integer"), ("GQ", 1, "Integer"))]  # fmt: skip
    head.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tbaby")
    body = [
        f"chr1\t{1000 * n + 1}\t.\tA\tC\t50\tPASS\t.\tGT:AD:DP:GQ\t1/1:{foreign},{100 - foreign}:100:60" for n in range(rows)
    ]
    body += [f"chr3\t{1000 * n + 1}\t.\tA\tC\t50\tPASS\t.\tGT:AD:DP:GQ\t1/1:50,50:100:60" for n in range(rows)]
    path.write_text("\n".join([*head, *body]) + "\n")


@pytest.mark.parametrize(("foreign", "share", "light"), [(0, 0.0, "green"), (1, 0.025, "amber"), (2, 0.05, "red")])
def test_contamination__reads_of_the_reference_over_its_frequency(
    tmp_path: Path, foreign: int, share: float, light: str
) -> None:
    write_calls(tmp_path / "a.vcf", foreign)
    family = Family("F", (member("baby"),))
    found = check_identity(tmp_path / "a.vcf", family, BUILD, Frequencies())["contamination"][0]
    assert (found["sites"], found["share"], found["light"]) == (300, pytest.approx(share, abs=1e-4), light)


def test_contamination__without_store_or_sites_is_not_assessed(tmp_path: Path) -> None:
    family = Family("F", (member("baby"),))
    write_calls(tmp_path / "a.vcf", 5)
    assert check_identity(tmp_path / "a.vcf", family, BUILD, None)["contamination"][0]["light"] == "not_assessed"
    write_calls(tmp_path / "a.vcf", 5, rows=199)
    assert check_identity(tmp_path / "a.vcf", family, BUILD, Frequencies())["contamination"][0]["light"] == "not_assessed"


# --- the verdict ---


def test_family_verdict__identity_in_its_light_and_reasons() -> None:
    drawn = people(7)
    family = Family("F", (member("baby", "dad", "mum"), member("dad"), member("mum")))
    clean = [{"sample": name, "share": 0.001, "sites": 900, "light": "green", "said": ""} for name in family.samples]
    good = judged(drawn, family) | {"contamination": clean}
    swapped = judged(drawn | {"dad": drawn["guest"]}, family) | {"contamination": clean}
    told = family_verdict(family, {}, swapped)
    assert (told["verdict"], told["left_out"]) == ("red", ["dad"])
    assert any("baby and dad are not parent and child by their genotypes" in reason for reason in told["reasons"])
    assert not any("not assessed:" in reason for reason in family_verdict(family, {}, good)["reasons"])
    assert family_verdict(family, {})["reasons"][-1] == "not assessed: contamination, relatedness"


# --- the real trio ---


@pytest.mark.skipif(not TRIO.is_file(), reason=f"the public data is not at {SHARED}")
@pytest.mark.parametrize(
    ("roles", "left_out"),
    [
        ((CHILD, FATHER, MOTHER), []),
        ((FATHER, MOTHER, CHILD), [MOTHER]),
    ],
    ids=["as they are", "father's place taken by his wife"],
)
def test_command__real_trio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roles: tuple[str, str, str], left_out: list[str]
) -> None:
    child, father, mother = roles
    people = [
        Member(child, Sex.FEMALE, True, father, mother),
        Member(father, Sex.MALE, False),
        Member(mother, Sex.FEMALE, False),
    ]
    write_case(Case("F", check_family("F", people, proband=child)), tmp_path / "case.json")
    arguments = ["--case", "case.json", "--build", "GRCh38", "--calls", str(TRIO)]
    arguments += ["--output", "i.json", "--confirmed", "c.json"]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="0"):
        cli.main(["qc", "identity", *arguments])
    found = json.loads((tmp_path / "i.json").read_text())
    assert found["refuted"] == left_out
    assert all(pair["verdict"] != "not_assessed" for pair in found["pairs"])
    case = read_case(tmp_path / "case.json")
    assert read_case(tmp_path / "c.json") == replace(case, family=confirmed_family(case.family, left_out))
