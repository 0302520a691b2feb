"""The workbench: what comes first, who may write, what can never be changed, and what never leaves.

The first families are ordered as the issue of the workbench words it: treatable within hours, days, weeks, then by the clock.
"""

import contextlib
import json
import logging
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from starlette.testclient import TestClient
from typer.testing import CliRunner

from neotriage.clock import duration_words
from neotriage.errors import FormatError, InputError
from neotriage.home import schema_file
from neotriage.serve import families as families_module
from neotriage.serve.command import app
from neotriage.serve.families import Results
from neotriage.serve.guard import check_host
from neotriage.serve.log import Action, Log, create_log
from neotriage.serve.pages import COOKIE, workbench
from neotriage.serve.run import add_user, check_notes, notes_file, remove_user, run_workbench, set_password
from neotriage.serve.users import COST, Cost, Sessions, Throttle, credential, is_password
from neotriage.serve.worklist import worklist

CHEAP = Cost(16, 1, 1)  # of scrypt; the real one takes a third of a second
PASSWORD = "four random words here"  # noqa: S105 - of users who live as long as a test
NOW = datetime(2026, 1, 20, 12, 0, tzinfo=UTC)
CHROMIUM = Path("/usr/bin/chromium")
BASE = "http://127.0.0.1:8765"


def candidate(gene: str, **changes: object) -> dict[str, object]:
    base: dict[str, object] = {
        "rank": 1,
        "gene": gene,
        "gene_id": f"ENSG_{gene}",
        "disease": f"Disease of {gene}",
        "model_words": "new in the baby, in neither parent (de novo)",
        "panels": ["Rapid"],
        "parts_db": {"P": 5.0, "V": 20.0, "I": 12.0, "G": 10.0},
        "tier": "1",
        "probability": 0.82,
        "probability_words": "likely",
        "treatment": None,
        "variants": [{"acmg_class": "P"}],
    }
    return {**base, **changes}


def treatment(urgency: str) -> dict[str, str]:
    return {"condition": "The condition", "action": "Give the treatment", "urgency": urgency, "source": "GeneReviews"}


def document(name: str, *candidates: dict[str, object], **changes: object) -> dict[str, object]:
    statement = changes.pop("statement", "candidate" if candidates else "nothing_found")
    panel = {"name": "Rapid", "version": "1", "symbols": ["AAA1", "BBB1", "OTC"], "not_in_gene_models": ["CCC1"]}
    base: dict[str, object] = {
        "document_version": 1,
        "case": {
            "name": name,
            "kind": "trio",
            "consent": {"secondary_findings": False, "carrier_status": False, **changes.pop("consent", {})},  # type: ignore[dict-item]
            "clock": {"born": "", "sample_taken": "", "received": changes.pop("received", "2026-01-19T12:00:00Z")},
        },
        "summary": {
            "statement": statement,
            "sentence": f"The sentence of {name}.",
            "top": {"rank": candidates[0]["rank"]} if candidates else None,
            "panels": changes.pop("panels", [panel]),
        },
        "candidates": list(candidates),
        "second_hit_not_found": changes.pop("second_hits", []),
        "qc": changes.pop("qc", {"verdict": "green", "reasons": []}),
    }
    return {**base, **changes}


def write_family(
    results: Path, name: str, content: object, page: str | None = "<!doctype html><title>Report</title>Read me"
) -> None:
    folder = results / name / "report"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content))
    if page is not None:
        (folder / f"{name}.html").write_text(page)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Seven readable families, named so that no order but the right one comes out, and a shared folder."""
    folder = tmp_path / "results"
    (folder / "resources" / "report").mkdir(parents=True)
    hours, days, weeks = treatment("hours"), treatment("days"), treatment("weeks")
    write_family(folder, "FAM-A-nothing", document("FAM-A-nothing", received="2026-01-01T00:00:00Z"))
    write_family(
        folder, "FAM-B-plain", document("FAM-B-plain", candidate("BBB1"), statement="found", received="2026-01-02T00:00:00Z")
    )
    write_family(
        folder, "FAM-C-weeks", document("FAM-C-weeks", candidate("CCC9", treatment=weeks), received="2026-01-03T00:00:00Z")
    )
    write_family(
        folder, "FAM-D-days", document("FAM-D-days", candidate("DDD1", treatment=days), received="2026-01-12T00:00:00Z")
    )
    write_family(
        folder, "FAM-E-late", document("FAM-E-late", candidate("OTC", treatment=hours), received="2026-01-19T13:00:00+01:00")
    )
    write_family(
        folder, "FAM-F-early", document("FAM-F-early", candidate("OTC", treatment=hours), received="2026-01-18T12:00:00Z")
    )
    write_family(folder, "FAM-G-unknown", document("FAM-G-unknown", candidate("OTC", treatment=hours), received=""))
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Log:
    log = create_log(tmp_path / "notes.sqlite")
    for user in ("Ada Lovelace", "Grace Hopper"):
        log.add_user(user, credential(PASSWORD, CHEAP), NOW)
    return log


class _Bench:
    """A client of the application, with a clock that the test moves."""

    def __init__(self, results: Path, log: Log) -> None:
        self.results, self.log, self.now = Results(results), log, NOW
        hosts = check_host("127.0.0.1", is_known_unencrypted=False)
        self.app = workbench(self.results, log, hosts, cost=CHEAP, now=lambda: self.now)
        self.client = TestClient(self.app, base_url=BASE, follow_redirects=False)

    def csrf(self, path: str = "/login") -> str:
        [token] = set(re.findall(r'name="csrf" value="([0-9a-f]{64})"', self.client.get(path).text))
        return token

    def post(self, path: str, **form: str):
        return self.client.post(path, data={"csrf": self.csrf("/search"), **form})

    def log_in(self, user: str = "Ada Lovelace", password: str = PASSWORD) -> int:
        return self.client.post("/login", data={"csrf": self.csrf(), "name": user, "password": password}).status_code

    def family(self, name: str) -> str:
        return f"/family/{self.log.family_id(name)}"

    def digest(self, name: str) -> str:
        return self.results.digest(self.results.family(name))

    def sign_off(self, name: str, **form: str) -> int:
        given = {"report": self.digest(name), "password": PASSWORD, "text": "", **form}
        return self.post(f"{self.family(name)}/sign-off", **given).status_code

    def actions(self) -> list[str]:
        with contextlib.closing(sqlite3.connect(self.log.path)) as connection:
            return [action for (action,) in connection.execute("SELECT action FROM log ORDER BY number")]


@pytest.fixture
def bench(results: Path, log: Log) -> _Bench:
    return _Bench(results, log)


def names(text: str) -> list[str]:
    return re.findall(r'<a href="/family/[0-9a-f]{32}">([^<]+)</a>', text)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# the worklist


def test_worklist__urgency_then_clock(bench: _Bench) -> None:
    bench.log_in()
    order = ["G-unknown", "F-early", "E-late", "D-days", "C-weeks", "B-plain", "A-nothing"]
    assert names(bench.client.get("/").text) == [f"FAM-{name}" for name in order]


def test_worklist__columns_of_a_family(bench: _Bench) -> None:
    bench.log_in()
    [row] = [row for row in bench.client.get("/").text.split("<tr ") if "FAM-D-days" in row]
    cells = re.findall(r'data-label="([^"]+)"[^>]*>(.*?)</t[dh]>', row, re.DOTALL)
    said = {label: " ".join(re.sub(r"<[^>]+>", " ", text).split()) for label, text in cells}
    assert said == {
        "Family": "FAM-D-days trio",
        "Answer": "candidate, not proven",
        "First gene": "DDD1",
        "Tier": "1",
        "Probability": "82 %",
        "Treatable within": "days",
        "Received": "2026-01-12 00:00 UTC",
        "Elapsed": "8 d 12 h past day 7; day 14 in 5 d 12 h",
        "Quality": "green",
        "Sign-off": "open",
    }


def test_worklist__urgency_of_a_reported_candidate_below_the_first(results: Path) -> None:
    second = candidate("OTC", rank=2, probability=0.06, treatment=treatment("hours"), variants=[{"acmg_class": "VUS"}])
    remote = {**second, "probability": 0.049}
    for name, other in (("SHOWN", second), ("REMOTE", remote)):
        write_family(results, name, document(name, candidate("AAA1"), other))
    report = {name: Results(results).family(name).report for name in ("SHOWN", "REMOTE")}
    assert report["SHOWN"].urgent.what == "OTC"
    assert report["REMOTE"].urgent is None


def finding(title: str, urgency: str = "", level: str = "finding") -> dict[str, object]:
    treats = treatment(urgency) if urgency else None
    return {"level": level, "title": title, "words": "confirm by karyotype", "treatment": treats}


def test_worklist__a_finding_beyond_variants_is_not_nothing(tmp_path: Path) -> None:
    found = {
        "A-NOTHING": [],
        "B-NOTE": [finding("Related parents", level="note")],
        "C-TRISOMY": [finding("Trisomy 21")],
        "D-SMN": [finding("No copy of SMN1", "days", "urgent")],
    }
    for name, findings in found.items():
        write_family(tmp_path, name, document(name, chromosomes={"findings": findings}))
    rows, _ = worklist(((family.name, family) for family in Results(tmp_path).families()), {}, NOW)
    assert [(row.name, row.statement, row.urgent.urgency if row.urgent else "") for row in rows] == [
        ("D-SMN", "found beyond small variants", "days"),
        ("C-TRISOMY", "found beyond small variants", ""),
        ("A-NOTHING", "nothing found", ""),
        ("B-NOTE", "nothing found", ""),
    ]
    assert rows[0].urgent.what == "No copy of SMN1"


def test_worklist__nothing_found_names_no_gene_and_no_urgency(results: Path) -> None:
    write_family(results, "NONE", document("NONE", candidate("OTC", treatment=treatment("hours")), statement="nothing_found"))
    report = Results(results).family("NONE").report
    assert (report.top, report.urgent) == (None, None)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("", ("not stated", "not known", "", True)),
        ("last Tuesday", ("not readable: last Tuesday", "not known", "", True)),
        ("2026-01-19T12:00:00", ("not readable: 2026-01-19T12:00:00", "not known", "", True)),  # without an offset
        ("2026-01-20T13:00:00Z", ("2026-01-20 13:00 UTC", "lies in the future", "check the clock of the case file", False)),
        ("2026-01-13T12:00:01Z", ("2026-01-13 12:00 UTC", "6 d 23 h", "day 7 in 0 h", False)),
        ("2026-01-13T12:00:00Z", ("2026-01-13 12:00 UTC", "7 d 0 h", "past day 7; day 14 in 7 d 0 h", True)),
        ("2026-01-06T13:00:00+01:00", ("2026-01-06 13:00 UTC+0100", "14 d 0 h", "past day 14", True)),
    ],
)
def test_worklist__clock(tmp_path: Path, received: str, expected: tuple[str, str, str, bool]) -> None:
    write_family(tmp_path, "F", document("F", received=received))
    [row], _ = worklist([("id", Results(tmp_path).family("F"))], {}, NOW)
    assert (row.received, row.elapsed, row.mark, row.is_late) == expected


def test_duration_words__hours_then_days() -> None:
    spans = [timedelta(0), timedelta(minutes=59), timedelta(hours=47, minutes=59), timedelta(hours=48)]
    assert [duration_words(span) for span in spans] == ["0 h", "0 h", "47 h", "2 d 0 h"]


@pytest.mark.parametrize(
    ("content", "page", "problem"),
    [
        ('{"document_version": 1, "case"', "page", "not whole"),
        ("", "page", "not whole"),
        ("[" * 100_000, "page", "not whole"),
        (document("BAD", document_version=2), "page", "document_version"),
        (document("OTHER"), "page", "of another family, OTHER"),
        (document("BAD", candidate("OTC", probability=float("nan"))), "page", "NaN"),
        (document("BAD", candidate("OTC", tier="4")), "page", "candidates[0].tier"),
        (document("BAD", candidate("OTC", treatment=treatment("soon"))), "page", "candidates[0].treatment"),
        (document("BAD", statement="perhaps"), "page", "summary.statement"),
        (document("BAD", qc={"verdict": "purple", "reasons": []}), "page", "qc"),
        (document("BAD", candidate("OTC")), None, "BAD.html is missing"),
    ],
)
def test_families__broken_report_is_listed_with_its_problem(
    bench: _Bench, content: object, page: str | None, problem: str
) -> None:
    write_family(bench.results.folder, "BAD", content, page)
    bench.log_in()
    listed = bench.client.get("/").text
    assert names(listed)[0] == "BAD"
    assert problem in bench.results.family("BAD").problem
    assert bench.client.get(bench.family("BAD")).status_code == 200
    assert bench.sign_off("BAD") == 409


def test_families__unfinished_are_listed_and_shared_folders_are_not(bench: _Bench) -> None:
    for folder in ("RUNNING/inputs", "WRITING/report", "notes"):
        (bench.results.folder / folder).mkdir(parents=True)
    (bench.results.folder / "WRITING" / "report" / "WRITING.json.partial").write_text("{")
    found = {family.name: family.problem for family in bench.results.families() if family.problem}
    assert found == {"RUNNING": "there is no report yet", "WRITING": "its report is not whole yet, or was cut off"}


def test_families__changed_report_is_read_again(bench: _Bench) -> None:
    name = "FAM-B-plain"
    before = bench.digest(name)
    write_family(bench.results.folder, name, document(name, candidate("NEW1")))
    assert bench.results.family(name).report.top.gene == "NEW1"
    assert bench.digest(name) != before


def test_families__ask_for_nothing_that_the_published_schema_does_not_promise() -> None:
    published = yaml.safe_load(schema_file("report").read_text())

    def resolved(schema: dict) -> dict:
        return published["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema

    def compare(asked: dict, given: dict, path: str) -> list[str]:
        given = resolved(given)
        branches = asked.get("anyOf", [asked])
        wrong = []
        for branch in branches:
            wrong += [f"{path}.{key}" for key in set(branch.get("required", ())) - set(given.get("required", ()))]
            if "enum" in branch:
                wrong += [f"{path}: {word}" for word in set(given["enum"]) - set(branch["enum"])]
            for key, inner in branch.get("properties", {}).items():
                if key in given.get("properties", {}):
                    wrong += compare(inner, given["properties"][key], f"{path}.{key}")
            if "items" in branch and "items" in given:
                wrong += compare(branch["items"], given["items"], f"{path}[]")
        return wrong

    # qc and parts_db are open in the published schema; docs/architecture.md states their keys
    assert set(compare(families_module._NEEDED.schema, published, "$")) <= {
        "$.qc.verdict",
        "$.qc.reasons",
        "$.candidates[].parts_db.P",
        "$.second_hit_not_found[].parts_db.P",
    }


# search and consent


def search(bench: _Bench, gene: str) -> str:
    return bench.post("/search", gene=gene).text


def test_search__candidates_before_panels_and_the_rest_counted(bench: _Bench) -> None:
    write_family(bench.results.folder, "BROKEN", "{")
    bench.log_in()
    page = search(bench, " otc ")
    assert names(page)[:3] == ["FAM-E-late", "FAM-F-early", "FAM-G-unknown"]
    assert page.count("on panel Rapid: no candidate to be named") == 4
    assert "1 more have no report that can be read: not searched" in page


def test_search__not_in_the_gene_models_is_not_looked_at(bench: _Bench) -> None:
    bench.log_in()
    assert "on panel Rapid, but not in the gene models: not looked at" in search(bench, "CCC1")


def test_search__by_gene_id(bench: _Bench) -> None:
    bench.log_in()
    assert names(search(bench, "ensg_ddd1")) == ["FAM-D-days"]


def test_search__panel_without_its_genes_says_so(tmp_path: Path, log: Log) -> None:
    write_family(
        tmp_path / "r", "F", document("F", panels=[{"name": "P", "version": "1", "symbols": [], "not_in_gene_models": None}])
    )
    bench = _Bench(tmp_path / "r", log)
    bench.log_in()
    assert "1 more: no candidate to be named; their reports do not list the genes" in search(bench, "AAA1")


OFF_PANEL = candidate("BRCA2", panels=[], parts_db={"P": -2.0}, treatment=treatment("weeks"))
CARRIED = candidate("CFTR", rank=2, panels=[], parts_db={"P": -2.0})


@pytest.mark.parametrize("consent", [False, True])
def test_consent__secondary_finding(tmp_path: Path, log: Log, *, consent: bool) -> None:
    results = tmp_path / "r"
    write_family(results, "F", document("F", OFF_PANEL, consent={"secondary_findings": consent}))
    bench = _Bench(results, log)
    bench.log_in()
    pages = bench.client.get("/").text + bench.client.get(bench.family("F")).text
    assert ("BRCA2" in pages) is consent
    assert ("The sentence of F" in pages) is consent
    assert (names(search(bench, "BRCA2")) == ["F"]) is consent


@pytest.mark.parametrize("consent", [False, True])
def test_consent__carrier_status(tmp_path: Path, log: Log, *, consent: bool) -> None:
    results = tmp_path / "r"
    write_family(results, "F", document("F", second_hits=[CARRIED], consent={"carrier_status": consent}))
    bench = _Bench(results, log)
    bench.log_in()
    pages = bench.client.get("/").text + bench.client.get(bench.family("F")).text
    assert ("CFTR" in pages) is consent
    assert (names(search(bench, "CFTR")) == ["F"]) is consent


# who may come in


@pytest.mark.parametrize("path", ["/", "/search", "/family/{id}", "/family/{id}/report"])
def test_login__asked_for_on_every_page(bench: _Bench, path: str) -> None:
    answer = bench.client.get(path.format(id=bench.log.family_id("FAM-D-days")))
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert bench.log_in() == 303
    assert bench.client.get(path.format(id=bench.log.family_id("FAM-D-days"))).status_code == 200


@pytest.mark.parametrize(("user", "password"), [("Ada Lovelace", "wrong password"), ("Nobody", PASSWORD), ("", "")])
def test_login__wrong(bench: _Bench, user: str, password: str) -> None:
    assert bench.log_in(user, password) == 403
    assert bench.client.get("/").status_code == 303
    assert bench.actions()[-1] == Action.LOGIN_REFUSED


def test_login__five_wrong_then_even_the_right_one_waits(bench: _Bench) -> None:
    assert [bench.log_in("Ada Lovelace", "wrong") for _ in range(5)] == [403] * 5
    assert bench.log_in() == 429
    assert bench.log_in("Grace Hopper") == 303
    bench.now += timedelta(minutes=15)
    bench.post("/logout")
    assert bench.log_in() == 303


def test_login__what_was_typed_as_a_name_is_not_kept(bench: _Bench) -> None:
    bench.log_in("my secret password", "x")
    assert b"my secret password" not in bench.log.path.read_bytes()


def test_session__new_cookie_at_login_and_none_after_logout(bench: _Bench) -> None:
    bench.csrf()
    before = bench.client.cookies[COOKIE]
    bench.log_in("ada lovelace")
    inside = bench.client.cookies[COOKIE]
    assert inside != before
    assert "Ada Lovelace" in bench.client.get("/").text
    bench.post("/logout")
    bench.client.cookies.set(COOKIE, inside)
    assert bench.client.get("/").status_code == 303


def test_session__cookie_is_out_of_reach_of_scripts_and_other_sites(bench: _Bench) -> None:
    held = bench.client.get("/login").headers["set-cookie"].lower()
    assert "httponly" in held
    assert "samesite=strict" in held


@pytest.mark.parametrize(("idle", "status"), [(timedelta(minutes=59), 200), (timedelta(minutes=60), 303)])
def test_session__ends_when_idle(bench: _Bench, idle: timedelta, status: int) -> None:
    bench.log_in()
    bench.now += idle
    assert bench.client.get("/").status_code == status


def test_session__ends_after_twelve_hours(bench: _Bench) -> None:
    bench.log_in()
    codes = []
    for _ in range(13):
        bench.now += timedelta(minutes=58)
        codes.append(bench.client.get("/").status_code)
    assert codes == [200] * 12 + [303]


def test_session__ends_with_a_new_password_and_with_the_user(bench: _Bench) -> None:
    bench.log_in()
    bench.log.set_credential("Ada Lovelace", credential("another password", CHEAP), NOW)
    assert bench.client.get("/").status_code == 303
    assert bench.log_in() == 403
    assert bench.log_in("Ada Lovelace", "another password") == 303
    bench.log.remove_user("Ada Lovelace", NOW)
    assert bench.client.get("/").status_code == 303


def test_throttle__forgets_after_a_right_one() -> None:
    throttle = Throttle()
    for _ in range(4):
        throttle.was_wrong("Ada", NOW)
    throttle.was_right("Ada")
    throttle.was_wrong("Ada", NOW)
    assert not throttle.has_to_wait("Ada", NOW)


def test_credential__scrypt_at_owasp_cost() -> None:
    kept = credential(PASSWORD)
    assert kept.startswith("scrypt$32768$8$3$")
    assert is_password(PASSWORD, kept)
    assert not is_password(PASSWORD + " ", kept)
    assert credential(PASSWORD, CHEAP) != credential(PASSWORD, CHEAP)
    assert (COST.n, COST.r, COST.p) == (2**15, 8, 3)


POSTS = ["/logout", "/search", "/family/{id}/note", "/family/{id}/sign-off", "/family/{id}/withdraw"]


@pytest.mark.parametrize("path", [*POSTS, "/login"])
@pytest.mark.parametrize("token", ["", "0" * 64, "other"])
def test_csrf__form_without_its_token_writes_nothing(bench: _Bench, path: str, token: str) -> None:
    bench.log_in()
    given = bench.actions()
    sent = Sessions(bench.log).csrf_token(bench.client.cookies[COOKIE]) if token == "other" else token  # noqa: S105
    form = {"csrf": sent, "text": "planted", "gene": "OTC", "name": "Ada Lovelace", "password": PASSWORD}
    answer = bench.client.post(path.format(id=bench.log.family_id("FAM-D-days")), data=form)
    assert answer.status_code == 403
    assert bench.actions() == given


@pytest.mark.parametrize(("site", "status"), [("same-origin", 200), ("same-site", 403), ("cross-site", 403)])
def test_csrf__browser_says_where_the_form_came_from(bench: _Bench, site: str, status: int) -> None:
    bench.log_in()
    form = {"csrf": bench.csrf("/search"), "gene": "OTC"}
    assert bench.client.post("/search", data=form, headers={"Sec-Fetch-Site": site}).status_code == status


@pytest.mark.parametrize("path", POSTS)
def test_post__nobody_logged_in(bench: _Bench, path: str) -> None:
    given = bench.actions()
    form = {"csrf": bench.csrf(), "text": "planted"}
    answer = bench.client.post(path.format(id=bench.log.family_id("FAM-D-days")), data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert bench.actions() == given


def test_post__longer_than_the_form(bench: _Bench) -> None:
    bench.log_in()
    assert bench.client.post("/search", content=b"gene=" + b"A" * 70_000).status_code == 413
    assert bench.post(f"{bench.family('FAM-D-days')}/note", text="x" * 8001).status_code == 413
    assert bench.client.post("/search", content=b"gene=%FF").status_code == 400


# notes and sign-off


def test_note__is_shown_as_text_with_its_writer(bench: _Bench) -> None:
    bench.log_in()
    answer = bench.post(f"{bench.family('FAM-D-days')}/note", text="<script>alert(1)</script>\r\nsecond line")
    assert answer.status_code == 303
    page = bench.client.get(bench.family("FAM-D-days")).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\nsecond line" in page
    assert "<script>alert" not in page
    assert "<strong>Ada Lovelace</strong>: note" in page
    assert bench.post(f"{bench.family('FAM-D-days')}/note", text="  ").status_code == 400


def test_sign_off__moves_the_family_and_stops_its_clock(bench: _Bench) -> None:
    bench.log_in()
    assert bench.sign_off("FAM-D-days") == 303
    bench.now += timedelta(minutes=50)
    page = bench.client.get("/").text
    assert names(page)[-1] == "FAM-D-days"
    assert "signed off by Ada Lovelace" in page
    assert "8 d 12 h" in page
    assert bench.log.check() is not None


def test_sign_off__two_users(bench: _Bench) -> None:
    bench.log_in()
    bench.sign_off("FAM-D-days")
    bench.post("/logout")
    bench.log_in("Grace Hopper")
    bench.sign_off("FAM-D-days")
    assert "signed off by Ada Lovelace and Grace Hopper" in bench.client.get("/").text


@pytest.mark.parametrize(("form", "status"), [({"password": "wrong password"}, 403), ({"report": "0" * 64}, 409), ({}, 303)])
def test_sign_off__needs_the_password_and_the_report_that_was_read(bench: _Bench, form: dict[str, str], status: int) -> None:
    bench.log_in()
    assert bench.sign_off("FAM-D-days", **form) == status
    assert (Action.SIGNED_OFF in bench.actions()) is (status == 303)


def test_sign_off__refused_keeps_the_remark(bench: _Bench) -> None:
    bench.log_in()
    given = {"report": bench.digest("FAM-D-days"), "password": "wrong", "text": "long thought"}
    assert ">long thought</textarea>" in bench.post(f"{bench.family('FAM-D-days')}/sign-off", **given).text


@pytest.mark.parametrize("ending", ["json", "html"])
def test_sign_off__another_report_opens_the_family_again(bench: _Bench, ending: str) -> None:
    bench.log_in()
    bench.sign_off("FAM-D-days")
    path = bench.results.folder / "FAM-D-days" / "report" / f"FAM-D-days.{ending}"
    path.write_text(path.read_text() + " ")
    page = bench.client.get("/").text
    assert "open: report changed since Ada Lovelace signed off" in page
    assert names(page).index("FAM-D-days") < names(page).index("FAM-C-weeks")


def test_withdraw__own_sign_off_with_a_reason(bench: _Bench) -> None:
    bench.log_in()
    path = f"{bench.family('FAM-D-days')}/withdraw"
    assert bench.post(path, text="why").status_code == 409
    bench.sign_off("FAM-D-days")
    assert bench.post(path, text="").status_code == 400
    assert bench.post(path, text="read the wrong family").status_code == 303
    page = bench.client.get(bench.family("FAM-D-days")).text
    assert "withdrew the sign-off" in page
    assert '<p role="status">Open.</p>' in page


def test_family__unknown_id(bench: _Bench) -> None:
    bench.log_in()
    assert bench.client.get("/family/" + "0" * 32).status_code == 404
    assert bench.client.get("/family/FAM-D-days").status_code == 404
    assert bench.client.get("/family/..%2F..%2Fetc").status_code == 404


def test_family__id_differs_between_notes_files(tmp_path: Path, log: Log) -> None:
    other = create_log(tmp_path / "other.sqlite")
    assert other.family_id("FAM-D-days") != log.family_id("FAM-D-days")
    assert Log(log.path).family_id("FAM-D-days") == log.family_id("FAM-D-days")


# the log


def test_log__keeps_who_did_what(bench: _Bench) -> None:
    bench.log_in()
    bench.client.get(bench.family("FAM-D-days"))
    bench.client.get(f"{bench.family('FAM-D-days')}/report")
    search(bench, "OTC")
    bench.post("/logout")
    assert bench.actions() == ["user_added", "user_added", "logged_in", "opened", "opened_report", "searched", "logged_out"]
    assert b"OTC" not in bench.log.path.read_bytes()
    assert b"FAM-D" not in bench.log.path.read_bytes()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET text = 'x' WHERE number = 1",
        "DELETE FROM log WHERE number = 2",
        "DELETE FROM log",
        "INSERT OR REPLACE INTO log SELECT number, at, 'Eve', action, family, report, text, previous, hash FROM log LIMIT 1",
        "REPLACE INTO log SELECT number, at, 'Eve', action, family, report, text, previous, hash FROM log WHERE number = 2",
        "INSERT INTO log SELECT 9, at, actor, action, family, report, text, previous, hash FROM log WHERE number = 1",
        "UPDATE secret SET value = 'x'",
        "DELETE FROM secret",
    ],
)
def test_log__database_refuses_a_change(log: Log, statement: str) -> None:
    before = log.check()
    with contextlib.closing(sqlite3.connect(log.path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    assert log.check() == before


def tamper(log: Log, *statements: str) -> None:
    """Change the file as one may who takes the triggers away, and puts them back."""
    with contextlib.closing(sqlite3.connect(log.path)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE log SET text = 'another' WHERE number = 3", "entry 3"),
        ("UPDATE log SET actor = 'Eve' WHERE number = 3", "entry 3"),
        ("UPDATE log SET at = '2026-01-01T00:00:00+00:00' WHERE number = 1", "entry 1"),
        ("DELETE FROM log WHERE number = 3", "entry 3"),
        ("UPDATE log SET number = number + 10 WHERE number > 2", "entry 3"),
        (
            "INSERT INTO log SELECT 5, at, actor, action, family, report, text, previous, hash FROM log WHERE number = 4",
            "entry 5",
        ),
        ("UPDATE secret SET value = 'x'", "entry 1"),
        ("UPDATE users SET credential = (SELECT credential FROM users WHERE name = 'Grace Hopper')", "users"),
        ("INSERT INTO users VALUES ('Eve', 'scrypt$16$1$1$x$x')", "users"),
        ("DELETE FROM users WHERE name = 'Ada Lovelace'", "users"),
    ],
)
def test_log__tampering_past_the_triggers_shows(log: Log, statement: str, problem: str) -> None:
    log.append("Ada Lovelace", Action.NOTE, NOW, family="f", text="one")
    log.append("Ada Lovelace", Action.NOTE, NOW, family="f", text="two")
    assert log.check() is not None
    tamper(log, statement)
    with pytest.raises(FormatError, match=problem):
        Log(log.path).check()


def test_log__missing_trigger_shows(log: Log) -> None:
    with contextlib.closing(sqlite3.connect(log.path)) as connection:
        connection.execute("DROP TRIGGER log_delete")
    with pytest.raises(FormatError, match="triggers"):
        log.check()


def test_log__receipt_shows_a_log_cut_short(log: Log) -> None:
    receipts = [log.append("Ada Lovelace", Action.NOTE, NOW, text=text).receipt for text in ("one", "two")]
    assert log.check(receipts) is not None
    tamper(log, "DELETE FROM log WHERE number = 4")
    assert log.check(receipts[:1]) is not None
    with pytest.raises(FormatError, match=receipts[1]):
        log.check(receipts)


def test_log__only_its_owner_may_read_it(log: Log) -> None:
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_log__another_file_is_not_taken_for_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no notes file"):
        Log(tmp_path / "none.sqlite")
    (tmp_path / "text").write_text("not a database, but long enough to be read as one" * 10)
    with contextlib.closing(sqlite3.connect(tmp_path / "other")) as connection:
        connection.execute("CREATE TABLE secret (value TEXT)")
    for name in ("text", "other"):
        with pytest.raises(FormatError, match="not a notes file"):
            Log(tmp_path / name)


def test_log__removed_user_can_come_back(log: Log) -> None:
    log.remove_user("ada lovelace", NOW)
    with pytest.raises(InputError, match="no user"):
        log.remove_user("Ada Lovelace", NOW)
    log.add_user("Ada Lovelace", credential(PASSWORD, CHEAP), NOW)
    with pytest.raises(InputError, match="there is a user"):
        log.add_user("ADA LOVELACE", credential(PASSWORD, CHEAP), NOW)
    assert log.check() is not None


# what never leaves


def test_headers__on_every_answer(bench: _Bench) -> None:
    bench.log_in()
    for path in ("/", "/search", bench.family("FAM-D-days"), "/static/serve.css", "/nowhere", "/login"):
        headers = bench.client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'; "), path
        assert headers["cache-control"] == "no-store", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert headers["x-content-type-options"] == "nosniff", path


def test_headers__report_runs_in_a_sandbox_without_network(bench: _Bench) -> None:
    bench.log_in()
    answer = bench.client.get(f"{bench.family('FAM-D-days')}/report")
    assert answer.text.endswith("Read me")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'; ")
    assert "allow-same-origin" not in policy
    assert "http" not in policy
    assert answer.headers["cache-control"] == "no-store"


def test_pages__ask_for_nothing_elsewhere(bench: _Bench) -> None:
    bench.log_in()
    for path in ("/", "/search", bench.family("FAM-D-days"), "/static/serve.css", "/static/serve.js"):
        assert re.findall(r"(?:src|href|action|url)\W{1,3}(?:https?:)?//", bench.client.get(path).text) == []


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1:8765", 200), ("localhost", 200), ("[::1]:8765", 200)])
def test_host__own_names(bench: _Bench, host: str, status: int) -> None:
    assert bench.client.get("/login", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]"])
def test_host__another_name_is_refused(bench: _Bench, host: str) -> None:
    answer = bench.client.get("/login", headers={"Host": host})
    assert answer.status_code == 400
    assert "csrf" not in answer.text


def test_privacy__no_name_or_gene_in_addresses_or_logs(bench: _Bench, caplog: pytest.LogCaptureFixture, capfd: object) -> None:
    caplog.set_level(logging.DEBUG)
    bench.log_in()
    path = bench.family("FAM-D-days")
    pages = [bench.client.get("/").text, search(bench, "DDD1"), bench.client.get(path).text]
    bench.client.get(f"{path}/report")
    bench.post(f"{path}/note", text="about FAM-D-days and DDD1")
    bench.sign_off("FAM-D-days")
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', "".join(pages))
    assert [a for a in addresses if not re.fullmatch(r"/|/\w+|/static/[\w.]+|#\w+|/family/[0-9a-f]{32}(/[\w-]+)?", a)] == []
    assert "DDD1" in pages[1]
    said = caplog.text + "".join(capfd.readouterr())  # type: ignore[attr-defined]
    assert [word for word in ("FAM-D", "DDD1", "Disease of", "planted", "Ada Lovelace") if word in said] == []


def test_privacy__error_is_logged_without_its_text(
    bench: _Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench.log_in()

    said = "FAM-D-days has DDD1"

    def fail(self: Results) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(Results, "families", fail)
    answer = bench.client.get("/")
    assert answer.status_code == 500
    assert said not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text
    assert "families.py" in caplog.text or "test_serve.py" in caplog.text


def test_results__are_never_written_to(bench: _Bench) -> None:
    before = contents(bench.results.folder)
    bench.log_in()
    bench.client.get("/")
    bench.post(f"{bench.family('FAM-D-days')}/note", text="a note")
    bench.sign_off("FAM-D-days")
    assert contents(bench.results.folder) == before


# the command


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "::1", "localhost"])
def test_check_host__this_machine(host: str) -> None:
    assert host in check_host(host, is_known_unencrypted=False)


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::7", "lab.example"])
def test_check_host__other_machines_need_the_flag(host: str) -> None:
    with pytest.raises(InputError, match=r"not encrypted.*--i-know-this-is-not-encrypted"):
        check_host(host, is_known_unencrypted=False)
    assert check_host(host, is_known_unencrypted=True) == (host,)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])  # noqa: S104 - refused
def test_check_host__never_every_address(host: str) -> None:
    with pytest.raises(InputError, match="every address"):
        check_host(host, is_known_unencrypted=True)


def test_notes_file__beside_the_results_and_never_inside(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    assert notes_file(results, None) == tmp_path / "results.notes.sqlite"
    (tmp_path / "link").symlink_to(results)
    for inside in (results / "notes.sqlite", tmp_path / "link" / "notes.sqlite"):
        with pytest.raises(InputError, match="lies in the results"):
            notes_file(results, inside)


def test_command__users_and_log(results: Path, tmp_path: Path) -> None:
    notes = tmp_path / "kept" / "notes.sqlite"
    notes.parent.mkdir()

    def run(*arguments: str, say: str = "") -> str:
        answer = CliRunner().invoke(app, [str(results), "--notes", str(notes), *arguments], input=say)
        assert answer.exit_code == 0, answer.exception
        assert PASSWORD not in answer.output
        return answer.output

    assert "added Ada" in run("--add-user", "Ada", say=f"{PASSWORD}\n{PASSWORD}\n")
    assert "new password for Ada" in run("--set-password", "Ada", say=f"{PASSWORD}\n{PASSWORD}\n")
    said = run("--check-log")
    assert "whole, 2 entries" in said
    receipt = said.split()[-1]
    assert "removed Ada" in run("--remove-user", "Ada")
    assert "whole, 3 entries" in run("--check-log", "--receipt", receipt)


def test_users__names_and_passwords_that_will_not_do(tmp_path: Path) -> None:
    file = tmp_path / "notes.sqlite"
    with pytest.raises(InputError, match="password has 11 characters"):
        add_user(file, "Ada", "x" * 11, NOW)
    for name in ("A", " A ", "x" * 61, "A\nB"):
        with pytest.raises(InputError, match="printable"):
            add_user(file, name, PASSWORD, NOW)
    assert not file.exists()
    for change in (lambda: set_password(file, "Ada", PASSWORD, NOW), lambda: remove_user(file, "Ada", NOW)):
        with pytest.raises(InputError, match="no notes file"):
            change()


def test_run__refuses_what_it_cannot_serve(results: Path, tmp_path: Path, log: Log) -> None:
    def run(folder: Path, file: Path) -> None:
        run_workbench(folder, file, "127.0.0.1", 0, is_known_unencrypted=False, say=print)

    with pytest.raises(InputError, match="no notes file"):
        run(results, tmp_path / "none.sqlite")
    with pytest.raises(InputError, match="no results folder"):
        run(tmp_path / "nowhere", log.path)
    with pytest.raises(InputError, match="nobody can log in"):
        run(results, create_log(tmp_path / "empty.sqlite").path)
    tamper(log, "UPDATE log SET actor = 'Eve'")
    with pytest.raises(FormatError, match="entry 1"):
        run(results, log.path)
    with pytest.raises(FormatError, match="entry 1"):
        check_notes(log.path, ())


REPORT = """<!doctype html><html lang="en"><title>Report</title><p>Read me</p><button type="button">Inside</button>
<img alt="" src="https://outside.example/pixel.png">
<script>const say = (word) => { document.body.dataset.fetch = word };
fetch("https://outside.example/x").then(() => say("went"), () => say("refused"))</script></html>"""


@contextlib.contextmanager
def serving(results: Path, log: Log) -> Iterator[tuple[str, list[str]]]:
    """The command itself, on a free port: its address, and at the end the lines it said."""
    command = [sys.executable, "-m", "neotriage", "serve", str(results), "--notes", str(log.path), "--port", "0"]
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        try:
            first = server.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", first)
            assert found, first
            yield found.group(), said
        finally:
            server.send_signal(signal.SIGINT)
            said.append(server.communicate(timeout=30)[0])
    assert server.returncode == 0, said


def test_browser__keyboard_only_sign_off_and_no_request_elsewhere(results: Path, log: Log) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}")
    write_family(results, "FAM-D-days", document("FAM-D-days", candidate("DDD1", treatment=treatment("days"))), REPORT)
    before = contents(results)
    requests: list[str] = []
    blocked: list[tuple[str, str]] = []
    with serving(results, log) as (address, said), sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("requestfailed", lambda request: blocked.append((request.url, request.failure)))

        def tab_to(wanted: str) -> None:
            for _ in range(60):
                page.keyboard.press("Tab")
                if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
                    return
            raise AssertionError(f"the Tab key does not reach {wanted}")

        page.goto(address)
        page.wait_for_selector("#name:focus")
        page.keyboard.type("Ada Lovelace")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:text('Worklist')")
        tab_to("#filter")
        page.keyboard.type("fam-d")
        page.wait_for_selector("#filtered:text('1 of 7 lines shown')")
        tab_to(f"a[href='/family/{log.family_id('FAM-D-days')}']")
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:text('Family FAM-D-days')")
        report = page.query_selector("iframe").content_frame()
        report.wait_for_selector("body[data-fetch=refused]")
        assert report.evaluate("origin") == "null"
        tab_to("#remark")
        page.keyboard.type("agreed")
        tab_to("#sign-password")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=status]:text-is('Signed off by Ada Lovelace.')")
        tab_to("a[href='/']")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=6 to sign off, 1 signed off")
        browser.close()
    outside = [url for url in requests if not url.startswith(address)]
    assert set(outside) == {"https://outside.example/pixel.png"}  # the report's own attempt
    assert [one for one in blocked if not one[0].startswith(address)] == [(url, "csp") for url in outside]
    assert said == ["ended\n"]
    assert contents(results) == before
    assert [entry.text for entry in log.entries(log.family_id("FAM-D-days"), [Action.SIGNED_OFF])] == ["agreed"]
