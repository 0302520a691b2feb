"""The report in a real browser, offline: no request, every control by keyboard, nothing serious for axe-core."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright
from report_case import make_case, write_tables

from neotriage.report import ReadsView, build_document, render_page
from neotriage.report.reads import Track, Window
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
        assert page.locator("#candidates .gene").all_inner_texts() == expected
    assert heading.get_attribute("aria-pressed") == "true"


def test_report__five_hundred_candidates_and_four_samples_stay_small_and_open(tmp_path: Path, page: Page) -> None:
    tracks = tuple(Track(sample, b"\x1f\x8b" + bytes(range(256)) * 1200, 500, 0) for sample in ("baby", "dad", "mum"))
    reads = ReadsView(">chr20:1-300\n" + "A" * 300 + "\n", (Window("chr20", 0, 300),), (*tracks, tracks[0]))
    text = render_page(_document(tmp_path, 500), [FATE] * 2000, reads)
    assert len(text.encode()) < 15_000_000
    assert _open(page, tmp_path, text) == []
    assert page.locator("details.candidate").count() == 501
