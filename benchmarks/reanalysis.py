"""Reanalysis of an archive: seconds a family, and whether a planted change of ClinVar is found in the right families alone.

    python benchmarks/reanalysis.py --out DIR [--families 100] [--planted 7]

Runs the embedded demo once from reads to report, copies its results under other names, leaves in every nth family's calls what
ClinVar is to change its mind about, and reanalyses all of them with one command. SYNTHETIC: seconds are of the demo's small
genome.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

COMES_BACK = ("chrX", "21672", "G", "A")  # CDKL5, deep in an intron, dropped by region
WITHDRAWN = ("chrX", "38515")  # OTC, likely pathogenic in the demo's ClinVar


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--families", type=int, default=100)
    parser.add_argument("--planted", type=int, default=7, help="every nth family keeps the variant that ClinVar changes on")
    given = parser.parse_args()
    folder = run_demo(given.out)
    carriers = make_archive(folder, given.families, given.planted)
    newer = write_newer(folder / "clinvar.vcf.gz", folder / "newer.vcf")
    reanalyse = ["reanalyse", "archive", "--config", "config.yaml", "--date", "2026-01-01"]
    unchanged_s = timed(folder, *reanalyse, "--output", "same")
    changed_s = timed(folder, *reanalyse, "--clinvar", newer.name, "--output", "newer")
    report(folder, carriers, given.families, unchanged_s, changed_s)


def run_demo(out: Path) -> Path:
    folder = out / "input"
    if not (folder / "results" / "DEMO" / "report" / "DEMO.html").is_file():
        subprocess.run(["neotriage", "simulate", "demo", "--output", folder], check=True)
        snakefile = Path(__file__).resolve().parents[1] / "Snakefile"
        command = ["snakemake", "-s", snakefile, "--directory", folder, "--configfile", folder / "config.yaml", "--cores", "2"]
        subprocess.run([*command, "--quiet", "rules", "host"], check=True)
    return folder


def make_archive(folder: Path, families: int, every: int) -> set[str]:
    """Copies of the demo's results; but for every nth, the calls lack the variant that may come back. Returns who has it."""
    archive = folder / "archive"
    for name in ("archive", "same", "newer"):
        shutil.rmtree(folder / name, ignore_errors=True)
    archive.mkdir()
    (archive / "resources").symlink_to((folder / "results" / "resources").resolve())
    carriers = set()
    for number in range(families):
        family = f"F{number:03d}"
        shutil.copytree(
            folder / "results" / "DEMO", archive / family, ignore=shutil.ignore_patterns("reads", "logs", "benchmarks")
        )
        if number % every == 0:
            carriers.add(family)
            continue
        calls = archive / family / "calls" / "calls.vcf.gz"
        with gzip.open(calls, "rt") as text:
            lines = [line for line in text if not line.startswith("\t".join(COMES_BACK[:2]) + "\t")]
        plain = calls.with_suffix("")
        plain.write_text("".join(lines))
        subprocess.run(["bgzip", "-f", plain], check=True)
        subprocess.run(["tabix", "-f", "-p", "vcf", calls], check=True)
    return carriers


def write_newer(old: Path, new: Path) -> Path:
    """ClinVar in which one intronic variant has become pathogenic, and one likely pathogenic benign."""
    chrom, position, ref, alt = COMES_BACK
    info = "CLNREVSTAT=criteria_provided,_multiple_submitters,_no_conflicts;CLNSIG=Pathogenic;GENEINFO=CDKL5:6792"
    lines = []
    with gzip.open(old, "rt") as text:
        for line in text:
            fields = line.split("\t", 2)
            if fields[0] == chrom and info and int(fields[1]) > int(position):
                lines.append(f"{chrom}\t{position}\t9999999\t{ref}\t{alt}\t.\t.\t{info}\n")
                info = ""
            is_withdrawn = tuple(fields[:2]) == WITHDRAWN
            lines.append(line.replace("CLNSIG=Likely_pathogenic", "CLNSIG=Benign") if is_withdrawn else line)
    new.write_text("".join(lines))
    return new


def timed(folder: Path, *arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run(["neotriage", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def report(folder: Path, carriers: set[str], families: int, unchanged_s: float, changed_s: float) -> None:
    same = json.loads((folder / "same" / "summary.json").read_text())
    newer = json.loads((folder / "newer" / "summary.json").read_text())
    found = {}
    for one in newer:
        found[one["family"]] = {(change["kind"], change["gene"], "+".join(change["sources"])) for change in one["changes"]}
    withdrawn, back = ("changed", "OTC", "ClinVar"), ("new", "CDKL5", "ClinVar")
    expected = {name: {withdrawn, back} if name in carriers else {withdrawn} for name in found}
    right = sum(found[name] == expected[name] for name in found)
    print(f"families\t{families}, of which {len(carriers)} carry what came back")
    unchanged = sum(not one["has_changed"] for one in same)
    print(f"same sources\t{unchanged} of {families} unchanged\t{unchanged_s / families:.2f} s a family")
    print(f"newer ClinVar\t{right} of {families} with the right differences, no other\t{changed_s / families:.2f} s a family")
    print(same[0]["statement"])
    if right != families:
        sys.exit(1)


if __name__ == "__main__":
    main()
