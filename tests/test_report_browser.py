"""The report in a real browser, offline: no request, every control by keyboard, nothing serious for axe-core."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright
from report_case import SAMPLES, make_case, write_reads, write_tables

from neotriage.gene_models import read_gene_models
from neotriage.report import build_document, render_page, slice_reads
from neotriage.whynot import Fate

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")
FATE = Fate("chr20", 500, "A", "G", "JAG1", "ENSG1", "table", "dropped", "frequency", 0.05, 0.01, 0.04, "")


def _document(folder: Path, candidates: int) -> dict[str, Any]:
    document = build_document(write_tables(folder, make_case()))
    first = document["candidates"][0]
    genes = ["JAG1", *(f"GENE{number}" for number in range(2, candidates + 1))]
    document["candidates"] = [
        json.loads(json.dumps(first)) | {"rank": rank, "gene": gene} for rank, gene in enumerate(genes, start=1)
    ]
    return document


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_context(offline=True, viewport={"width": 1280, "height": 900}).new_page()
        browser.close()


def _open(page: Page, folder: Path, text: str) -> list[str]:
    """Open a report; the list fills with every request but for the file itself and data URIs, and with page errors."""
    file = folder / "report.html"
    file.write_text(text)
    seen: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else seen.append(request.url))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.goto(file.as_uri())
    return seen


def test_report__asks_nothing_outside_and_axe_finds_nothing_serious(tmp_path: Path, page: Page) -> None:
    seen = _open(page, tmp_path, render_page(_document(tmp_path, 3), [FATE]))
    page.locator("details.candidate").nth(1).locator("summary").first.click()
    for width in (1280, 768, 390):
        page.set_viewport_size({"width": width, "height": 900})
        found = [v for v in Axe().run(page).response["violations"] if v["impact"] in {"serious", "critical"}]
        assert [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert seen == []


def test_report__dark_mode_has_contrast(tmp_path: Path, page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    _open(page, tmp_path, render_page(_document(tmp_path, 2), [FATE]))
    assert [v["id"] for v in Axe().run(page).response["violations"] if v["id"] == "color-contrast"] == []


def test_report__controls_by_keyboard_alone(tmp_path: Path, page: Page) -> None:
    _open(page, tmp_path, render_page(_document(tmp_path, 3), [FATE]))
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.id") != "filter":
        page.keyboard.press("Tab")
    page.keyboard.type("GENE2")
    assert page.locator("#filtered").inner_text() == "1 of 3 shown"
    assert page.locator("#candidates > details:visible").count() == 1
    while page.evaluate("document.activeElement.tagName") != "SUMMARY":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")
    while page.evaluate("document.activeElement.id") != "whynot":
        page.keyboard.press("Tab")
    page.keyboard.type("chr20-500-A-G")
    page.keyboard.press("Enter")
    assert "dropped in table by frequency: 0.05, the limit is 0.01" in page.locator("#whynot-answer").inner_text()


def test_report__order_by_gene_and_back(tmp_path: Path, page: Page) -> None:
    _open(page, tmp_path, render_page(_document(tmp_path, 3), [FATE]))
    heading = page.get_by_role("button", name="Gene, disease")
    for expected in (["GENE2", "GENE3", "JAG1"], ["JAG1", "GENE3", "GENE2"]):
        heading.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#candidates .gene")).to_have_text(expected)  # it waits: what is off the screen is drawn later
    assert heading.get_attribute("aria-pressed") == "true"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 500 candidates with reads of four persons embedded at ten places, 30 reads deep or more."""
    folder = tmp_path_factory.mktemp("large")
    document = _document(folder, 500)
    files = write_reads(folder)
    for number, candidate in enumerate(document["candidates"]):
        candidate["variants"][0] |= {"position": 100 + 80 * (number % 10), "alt": "T"}
    fourth = {"sample": "sister", "role": "sister", "sex": "female", "is_affected": False}
    document["case"]["members"].append(fourth)
    for candidate in document["candidates"]:
        candidate["variants"][0]["genotypes"].append({**candidate["variants"][0]["genotypes"][0], **fourth, "words": "no call"})
        del candidate["variants"][0]["genotypes"][-1]["sex"]
        candidate["parts"] *= 9
    alignments = {sample: files[sample] for sample in SAMPLES} | {"sister": files["mum"]}
    reads = slice_reads(document, alignments, files["ref.fa"])
    assert reads is not None
    assert len(reads.tracks) == 4
    path = folder / "large.html"
    path.write_text(render_page(document, [FATE] * 20_000, reads, read_gene_models(files["genes.gff3"])))
    return path


def test_report__five_hundred_candidates_and_four_samples_are_under_15_megabytes(large: Path) -> None:
    assert large.stat().st_size < 15_000_000


def test_report__five_hundred_candidates_and_four_samples_open_in_two_seconds(large: Path, page: Page) -> None:
    """By the page's CPU time, which other work on the machine does not lengthen; benchmarks/report.py has the wall time."""
    metrics = page.context.new_cdp_session(page)
    metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(large.as_uri())
    seconds = {metric["name"]: metric["value"] for metric in metrics.send("Performance.getMetrics")["metrics"]}
    assert page.locator("details.candidate").count() == 501
    assert 0 < seconds["ThreadTime"] < 2


def _pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize(("candidates", "genes", "lines"), [(1, 0, 5), (50, 300, 40)])
def test_report__printed_summary_is_two_pages_at_most(
    tmp_path: Path, page: Page, candidates: int, genes: int, lines: int
) -> None:
    document = _document(tmp_path, candidates)
    for candidate in document["candidates"]:
        candidate["variants"] *= 2
    gap = document["coverage"]["genes"][0]
    document["coverage"]["genes"] += [{**gap, "gene": f"GENE{number}"} for number in range(genes)]
    document["not_looked_at"] += [f"Not assessed: thing {number} " + "of some length " * 9 for number in range(lines)]
    _open(page, tmp_path, render_page(document, [FATE]))
    whole = _pages(page.pdf(prefer_css_page_size=True))
    page.add_style_tag(content=".appendix,footer{display:none}")
    summary = _pages(page.pdf(prefer_css_page_size=True))
    assert 1 <= summary <= 2 < whole


def test_report__printed_appendix_opens_the_first_ten_candidates(tmp_path: Path, page: Page) -> None:
    _open(page, tmp_path, render_page(_document(tmp_path, 12), [FATE]))
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#candidates > details[open]").count() == 10


def test_report__without_scripts_everything_still_opens(tmp_path: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(offline=True, java_script_enabled=False).new_page()
        _open(page, tmp_path, render_page(_document(tmp_path, 2), [FATE]))
        page.locator("details.candidate > summary").first.click()
        assert page.get_by_text("Why this rank").first.is_visible()
        browser.close()


def test_report__reads_open_by_keyboard_and_ask_nothing_outside(large: Path, page: Page) -> None:
    seen: list[str] = []
    page.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else seen.append(request.url)
    )
    page.goto(large.as_uri())
    page.locator("details.candidate > summary").first.focus()
    page.keyboard.press("Enter")
    page.locator("button.show-reads").first.focus()
    page.keyboard.press("Enter")
    page.get_by_text("The reads are shown below").wait_for(timeout=60_000)
    assert seen == []


def test_report__details_after_the_thirtieth_come_when_opened(large: Path, page: Page) -> None:
    page.goto(large.as_uri())
    last = page.locator("#candidate-500")
    assert last.locator(".inside").count() == 0
    last.locator("summary").first.focus()
    page.keyboard.press("Enter")
    last.get_by_text("Why this rank").wait_for()


def test_report__why_not_box_answers_gene_coverage_and_hgvs(tmp_path: Path, page: Page) -> None:
    document = _document(tmp_path, 1)
    document["candidates"][0]["variants"][0] |= {"hgvs_c": "NM_1.1:c.5A>G", "position": 500, "ref": "A", "alt": "G"}
    _open(page, tmp_path, render_page(document, [FATE]))
    for question, told in (
        ("JAG1", "Coverage: bases under 15 reads in the baby: exon 2 of 2"),
        ("NM_1.1:c.5A>G", "dropped in table by frequency"),
        ("NM_7.1:c.5A>G", "no candidate of this report has that name"),
        ("TTN", "not a gene of the panels applied"),
    ):
        page.locator("#whynot").fill(question)
        page.keyboard.press("Enter")
        assert told in page.locator("#whynot-answer").inner_text()
