"""The case file between stages: what is written is read again, and nothing else is taken for it."""

import json
from pathlib import Path

import pytest

from neotriage.case import Case, Clock, Consent, SuspectedMode, read_case, write_case
from neotriage.errors import FormatError, InputError
from neotriage.pedigree import Member, Sex, check_family
from neotriage.settings import FrequencyLimits, QualityLimits, Settings

CASE = Case(
    name="F",
    family=check_family(
        "F",
        (
            Member("baby", Sex.UNKNOWN, True, None, "mum"),
            Member("mum", Sex.FEMALE, None),
            Member("zed", Sex.MALE, False),
            Member("ann", Sex.FEMALE, False),
        ),
    ),
    hpo_present=("HP:0001252", "HP:0001250"),
    hpo_excluded=("HP:0001631",),
    panels=("panels/b.txt", "panels/a.txt"),
    excluded_genes=("BRCA1",),
    suspected_mode=SuspectedMode.X_LINKED,
    consent=Consent(secondary_findings=True),
    clock=Clock(born="2026-11-02T03:40:00+01:00"),
    settings=Settings(quality=QualityLimits(depth=10, het_balance_low=0.25), frequency=FrequencyLimits(recessive=0.005)),
    build="GRCh37",
    notes=("a note – with a dash",),
)


@pytest.mark.parametrize("case", [CASE, Case(name="S", family=check_family("S", (Member("s", Sex.MALE, True),)))])
def test_case__round_trip_and_same_bytes(case: Case, tmp_path: Path) -> None:
    write_case(case, tmp_path / "one.json")
    write_case(read_case(tmp_path / "one.json"), tmp_path / "two.json")
    assert read_case(tmp_path / "two.json") == case
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_case__nothing_is_agreed_to_by_default() -> None:
    assert Consent() == Consent(secondary_findings=False, carrier_status=False)


def _changed(folder: Path, key: str, value: object) -> Path:
    path = folder / "case.json"
    write_case(CASE, path)
    raw = json.loads(path.read_text())
    raw[key] = value
    path.write_text(json.dumps(raw))
    return path


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("members", [{"sample": "baby"}]),
        ("members", None),
        ("suspected_mode", "xl"),
        ("consent", {"secondary_findings": True, "research": True}),
        ("clock", "now"),
    ],
)
def test_read_case__not_what_was_written(tmp_path: Path, key: str, value: object) -> None:
    path = _changed(tmp_path, key, value)
    with pytest.raises(FormatError, match="Fix: ") as error:
        read_case(path)
    assert error.value.file == path


def test_read_case__unknown_setting(tmp_path: Path) -> None:
    path = _changed(tmp_path, "settings", {"quality": {"dept": 8}})
    with pytest.raises(InputError, match=r"quality\.dept.*Fix: ") as error:
        read_case(path)
    assert error.value.file == str(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "F"'])
def test_read_case__no_case_at_all(tmp_path: Path, text: str) -> None:
    path = tmp_path / "case.json"
    path.write_text(text)
    with pytest.raises(FormatError, match="Fix: "):
        read_case(path)
