"""The report's size and speed, from a finished family; needs /usr/bin/chromium.

    python benchmarks/report.py --case CASE --reference FASTA --gene-models GFF3

with, after `make demo`, demo/results/DEMO, demo/results/resources/reference.fa and demo/input/genes.gff3.

Prints the report as it is (bytes, time to the page's load event, printed pages), the same document with 500 candidates and
reads of four persons, and the time of a why-not question of each kind. Times are the best of five.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from neotriage.gene_models import GeneModels, read_gene_models
from neotriage.report import render_page, slice_reads
from neotriage.whynot import all_fates, answer

CHROMIUM = "/usr/bin/chromium"
CANDIDATES, PERSONS = 500, 4


def main() -> None:
    """Measure, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", type=Path, required=True, help="a finished family's results folder")
    parser.add_argument("--reference", type=Path, required=True, help="the run's FASTA")
    parser.add_argument("--gene-models", type=Path, required=True, help="the run's GFF3")
    given = parser.parse_args()
    report, name = given.case / "report", given.case.name
    document = json.loads((report / f"{name}.json").read_text())
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        _page("as it is", report / f"{name}.html", browser)
        pages, summary = _printed(report / f"{name}.html", browser)
        print(f"printed: {pages} pages, of which the summary is {summary}")
        large = Path(folder) / "large.html"
        large.write_text(_large(document, given.case, given.reference, read_gene_models(given.gene_models)))
        _page(f"{CANDIDATES} candidates, reads of {PERSONS}", large, browser)
        browser.close()
    _whynot(given.case, document)


def _large(document: dict[str, Any], case: Path, reference: Path, models: GeneModels) -> str:
    first, members = document["candidates"], document["case"]["members"]
    alignments = {m["sample"]: case / "reads" / f"{m['sample']}.cram" for m in members}
    more = [{**members[-1], "sample": f"more-{i}", "role": "sister"} for i in range(PERSONS - len(members))]
    alignments |= {member["sample"]: alignments[members[-1]["sample"]] for member in more}
    large = {
        **document,
        "candidates": [{**first[i % len(first)], "rank": i + 1} for i in range(CANDIDATES)],
        "case": {**document["case"], "members": [*members, *more]},
    }
    page: str = render_page(
        large, all_fates(case / "report" / "whynot.sqlite"), slice_reads(large, alignments, reference), models
    )
    return page


def _page(title: str, path: Path, browser: Browser) -> None:
    """Wall time to the load event, and the page's own CPU time, which other work on the machine does not lengthen."""
    walls, cpus = [], []
    for _ in range(5):
        context = browser.new_context(offline=True)
        page = context.new_page()
        metrics = context.new_cdp_session(page)
        metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(path.resolve().as_uri())
        walls.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"))
        told = {metric["name"]: metric["value"] for metric in metrics.send("Performance.getMetrics")["metrics"]}
        cpus.append(told["ThreadTime"])
        context.close()
    print(f"{title}: {path.stat().st_size / 1e6:.1f} MB, open in {min(walls):.2f} s, CPU {min(cpus):.2f} s")


def _printed(path: Path, browser: Browser) -> tuple[int, int]:
    """Pages in all and of the summary."""
    page = browser.new_page()
    page.goto(path.resolve().as_uri())
    whole = page.pdf(prefer_css_page_size=True)
    page.add_style_tag(content=".appendix,footer{display:none}")
    pages = [len(re.findall(rb"/Type\s*/Page\b", pdf)) for pdf in (whole, page.pdf(prefer_css_page_size=True))]
    return pages[0], pages[1]


def _whynot(case: Path, document: dict[str, Any]) -> None:
    index = case / "report" / "whynot.sqlite"
    fates = all_fates(index)
    variant = document["candidates"][0]["variants"][0]
    site = "-".join(str(variant[key]) for key in ("chrom", "position", "ref", "alt"))
    for question in (document["candidates"][0]["gene"], site, variant["hgvs_c"] or variant["hgvs_g"]):
        print(f"why not {question}: {_best(partial(answer, index, question)):.1f} ms among {len(fates)} entries")
        command = [sys.executable, "-m", "neotriage", "whynot", str(case), question]
        print(f"  as a command: {_best(partial(subprocess.run, command, check=True, capture_output=True)):.0f} ms")


def _best(call: Callable[[], object]) -> float:
    return 1000 * min(timeit.repeat(call, number=1, repeat=5))


if __name__ == "__main__":
    main()
