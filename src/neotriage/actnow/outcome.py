"""What became of each provisional line once the whole chain has run: confirmed or withdrawn, with the reason.

| line | confirmed by |
|---|---|
| one allele, or one on both copies | a hit of the gene with that variant that explains the affected |
| several alleles | a compound hit of two of them, not in cis, that explains the affected |
| copies of SMN1 | the family's calls (chromosomes.json) that say no copy too |

Else withdrawn: not in the family's joint calls or dropped by a filter (the ledger names the rule), in cis, or no hit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from neotriage.columns import read_table
from neotriage.schema import Phase

__all__ = ["judge_lines", "read_tables"]


def read_tables(
    variants: Path, hits: Path, candidates: Path, ledgers: Sequence[Path]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The tables that `judge_lines` takes; the ledgers joined in order.

    Raises:
        FormatError: one of them cannot be read.
    """
    ledger = pl.concat([read_table(path, "ledger") for path in ledgers])
    return read_table(variants, "variants"), read_table(hits, "hits"), read_table(candidates, "candidates"), ledger


def judge_lines(
    page: Mapping[str, Any],
    variants: pl.DataFrame,
    hits: pl.DataFrame,
    candidates: pl.DataFrame,
    ledger: pl.DataFrame,
    chromosomes: Mapping[str, Any],
) -> dict[str, Any]:
    """The page's lines, each with `state`, `reason` and the `rank` of its gene (null not ranked), as plain JSON values."""
    by_site = {key[1:]: key[0] for key in variants.select("variant", "chrom", "position", "ref", "alt").iter_rows()}
    ranks = dict(candidates.select("gene", "rank").sort("rank", descending=True).iter_rows())
    lines = []
    for line in page["lines"]:
        sites = [(a["contig"], a["position"] - 1, a["ref"], a["alt"]) for a in line["alleles"]]
        if "copies" in line:
            reason = _copies_reason(chromosomes["smn"].get(page["sample"]))
        else:
            reason = _reason(line, sites, by_site, hits, ledger)
        state = "withdrawn" if reason else "confirmed"
        lines.append({**line, "state": state, "reason": reason, "rank": ranks.get(line["gene"])})
    return {"case": page["case"], "sample": page["sample"], "lines": lines}


def _copies_reason(counted: Mapping[str, Any] | None) -> str:
    """Why a line on SMN1's copies is withdrawn, '' if it is confirmed; what is not called is confirmed by no one."""
    if counted is None or counted["smn1"] is None:
        return "copies of SMN1 not called: " + (counted["reason"] if counted else "not looked at")
    return "" if not counted["smn1"] else f"{counted['smn1']} copies of SMN1"


def _reason(
    line: Mapping[str, Any],
    sites: Sequence[tuple[str, int, str, str]],
    by_site: Mapping[tuple[Any, ...], int],
    hits: pl.DataFrame,
    ledger: pl.DataFrame,
) -> str:
    """Why a line is withdrawn, '' if it is confirmed."""
    present = [by_site[site] for site in sites if site in by_site]
    needed = min(len(sites), 2)
    if len(present) < needed:
        absent = next(site for site in sites if site not in by_site)
        return (
            _fate(absent, line["gene"], ledger)
            or f"{_named(absent)} is not in the family's joint calls, or fell before the table"
        )
    of_gene = hits.filter(pl.col("gene") == line["gene"])
    first, second = pl.col("variant_a").is_in(present), pl.col("variant_b").is_in(present)
    found = of_gene.filter(first & second if needed > 1 else first | second)
    if found.is_empty():
        fates = [fate for site in sites if (fate := _fate(site, line["gene"], ledger))]
        return fates[0] if fates else "the family's genotypes make no hit of it"
    sound = found.filter(pl.col("explains_affected") & (pl.col("phase") != Phase.CIS.value))
    if sound.is_empty():
        return "it does not explain the affected: " + (
            found["notes"][0] or "an unaffected relative has it, or an affected lacks it"
        )
    return ""


def _fate(site: tuple[str, int, str, str], gene: str, ledger: pl.DataFrame) -> str:
    """What the ledgers say of an allele, '' nothing."""
    contig, position, ref, alt = site
    is_site = (pl.col("chrom") == contig) & (pl.col("position") == position) & (pl.col("ref") == ref) & (pl.col("alt") == alt)
    rows = ledger.filter(is_site & pl.col("gene").is_in([gene, ""]) & (pl.col("rule") != ""))
    if rows.is_empty():
        return ""
    row = rows.row(0, named=True)
    return f"{_named(site)}: {row['outcome'].replace('_', ' ')} by the rule {row['rule']}"


def _named(site: tuple[str, int, str, str]) -> str:
    return f"{site[0]}:{site[1] + 1} {site[2]}>{site[3]}"
