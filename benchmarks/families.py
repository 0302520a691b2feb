"""Planted babies: trios on HG002's genome around known disease genes of chr20, simulated reads, through the pipeline.

    python benchmarks/families.py --out DIR [--kinds all] [--n 20] [--seed 1] [--run] [--cores 2]
    python benchmarks/families.py --out DIR --whole --kinds de_novo --run      # one family over all 11 Mb

Kinds: de_novo, comp_het_trans, comp_het_cis, homozygote, dominant, none (docs of neotriage.simulate.planting), which are `all`,
and comp_het_deletion, a small variant and the loss of an exon. The report is
to name the planted gene first, or, for comp_het_cis and none, to name no cause; the column `expected` says whether it did.
Beware of what this measures: the HPO terms are drawn from the annotation that the ranking reads, the variants are in the
ClinVar file that it reads, and a window holds few genes. It tests the chain, not how well unsolved babies are ranked.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path

from pipeline import run_pipeline, shared_folder

from neotriage.columns import read_table
from neotriage.simulate.families import SharedData, make_run, plan_families
from neotriage.simulate.planting import Kind

KINDS = [kind for kind in Kind if kind is not Kind.COMP_HET_DELETION]


@dataclass(frozen=True)
class Outcome:
    """What the run said of one family; rank 0 and '-' where the planted gene is no candidate."""

    family: str
    kind: str
    gene: str
    rank: int
    tier: str
    probability: float
    statement: str
    named: str
    is_as_expected: bool
    seconds: float


def judge(truth: dict[str, str], rank_folder: Path, seconds: float) -> Outcome:
    """A family's outcome.

    Args:
        truth: the family's first row of truth.tsv.
        rank_folder: with candidates.parquet and summary.json.
        seconds: wall time of the family's run.
    """
    summary = json.loads((rank_folder / "summary.json").read_text())
    rows = read_table(rank_folder / "candidates.parquet", "candidates").filter(gene=truth["gene"]).to_dicts()
    best = min(rows, key=lambda row: row["rank"], default={"rank": 0, "tier": "-", "probability": 0.0})
    named = summary["top"]["gene"] if summary["statement"] != "nothing_found" else ""
    is_cause = truth["expected"] == "named_first"
    return Outcome(
        truth["family"],
        truth["kind"],
        truth["gene"],
        best["rank"],
        best["tier"],
        best["probability"],
        summary["statement"],
        named,
        (named == truth["gene"] and best["rank"] == 1) if is_cause else named == "",
        seconds,
    )


def _families(folder: Path) -> list[dict[str, str]]:
    """The first row of each family in truth.tsv."""
    with (folder / "truth.tsv").open(newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return list({row["family"]: row for row in reversed(rows)}.values())[::-1]


def _run(folder: Path, cores: int) -> list[Outcome]:
    families = _families(folder)
    shared = run_pipeline(folder, ["results/resources/reference.fa.bwt"], cores)
    print(f"reference and its index, shared by all families: {shared:.0f} s")
    outcomes = []
    for truth in families:
        seconds = run_pipeline(folder, [f"results/{truth['family']}/report/{truth['family']}.html"], cores)
        outcomes.append(judge(truth, folder / "results" / truth["family"] / "rank", seconds))
    return outcomes


def _print(outcomes: list[Outcome], cores: int) -> None:
    print(f"\nplanted families, simulated reads, 30x, wall seconds of reads to report on {cores} cores")
    print("family  kind            gene      rank      tier   prob.  statement     named     expected     s")
    for one in outcomes:
        rank = str(one.rank) if one.rank else "-"
        verdict = "yes" if one.is_as_expected else "NO"
        print(
            f"{one.family:8}{one.kind:16}{one.gene:9}{rank:>5}{one.tier:>10}{one.probability:>8.3f}  "
            f"{one.statement:14}{one.named or '-':9}{verdict:>9}{one.seconds:>6.0f}"
        )
    causes = [one for one in outcomes if Kind(one.kind).is_cause]
    others = [one for one in outcomes if not Kind(one.kind).is_cause]
    print(f"planted cause named first: {sum(one.is_as_expected for one in causes)} of {len(causes)}")
    print(f"no cause, none named: {sum(one.is_as_expected for one in others)} of {len(others)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="run folder")
    parser.add_argument("--kinds", default="all", help="kinds joined by commas, or all")
    parser.add_argument("--n", type=int, default=20, help="families")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--whole", action="store_true", help="one family over all of the reference at hand, 11 Mb")
    parser.add_argument("--run", action="store_true", help="run the pipeline and print the table")
    parser.add_argument("--cores", type=int, default=2)
    given = parser.parse_args()
    kinds = KINDS if given.kinds == "all" else [Kind(name) for name in given.kinds.split(",")]
    plans = plan_families(kinds, given.n, is_whole=given.whole)
    make_run(SharedData(shared_folder()), given.out, plans, given.seed)
    print(f"{len(plans)} families in {given.out}")
    if given.run:
        _print(_run(given.out, given.cores), given.cores)


if __name__ == "__main__":
    main()
