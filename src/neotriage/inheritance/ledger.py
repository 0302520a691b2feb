"""The stage's ledger: for every variant and gene, kept, or the first rule that failed, with value and threshold."""

from __future__ import annotations

import numpy as np
import polars as pl

from neotriage import columns
from neotriage.inheritance.candidates import Candidates
from neotriage.inheritance.compound import PAIR_LIMIT
from neotriage.inheritance.hits import Compound, Found
from neotriage.schema import LedgerOutcome

__all__ = ["make_ledger"]


def make_ledger(variants: pl.DataFrame, candidates: Candidates, found: Found, compound: Compound) -> pl.DataFrame:
    """One line per variant and gene, and one more, rule `cis`, for each that is in cis with another in no pair.

    Args:
        variants: the `variants` table.
        candidates: every variant with each of its genes.
        found: all hits.
        compound: what became of the sides.
    """
    is_kept = np.zeros(candidates.variant.size, dtype=np.bool_)
    is_kept[found.row_a] = True
    is_kept[found.row_b[found.row_b >= 0]] = True
    over = ~is_kept & (compound.possible > 0)
    rule = np.where(is_kept, "", np.where(over, "pair_limit", candidates.rule))
    value = np.where(over, compound.possible, candidates.value)
    threshold = np.where(over, PAIR_LIMIT, candidates.threshold)
    outcome = np.where(rule == "no_call", LedgerOutcome.NO_CALL.value, LedgerOutcome.DROPPED.value)
    outcome = np.where(is_kept, LedgerOutcome.KEPT.value, outcome)
    value, threshold = np.where(is_kept, np.nan, value), np.where(is_kept, np.nan, threshold)
    cis = np.flatnonzero((compound.cis > 0) & (compound.possible == 0))
    rows = np.concatenate([np.arange(is_kept.size), cis])
    lines = pl.DataFrame(
        {
            "row": rows,
            "outcome": np.concatenate([outcome, np.full(cis.size, LedgerOutcome.DROPPED.value)]),
            "rule": np.concatenate([rule, np.full(cis.size, "cis")]),
            "value": np.concatenate([value, compound.cis[cis].astype(np.float64)]),
            "threshold": np.concatenate([threshold, np.zeros(cis.size)]),
        }
    ).sort("row", maintain_order=True)
    return _written(lines, variants, candidates)


def _written(lines: pl.DataFrame, variants: pl.DataFrame, candidates: Candidates) -> pl.DataFrame:
    rows = lines["row"].to_numpy()
    sites = variants[candidates.variant[rows]]
    value, threshold = lines["value"].to_numpy(), lines["threshold"].to_numpy()
    return columns.frame(
        "ledger",
        {
            **{name: sites[name] for name in ("chrom", "position", "ref", "alt", "clinvar_significance")},
            "gene_id": [candidates.gene_id[row] for row in rows],
            "gene": [candidates.gene[row] for row in rows],
            "outcome": lines["outcome"],
            "rule": lines["rule"],
            "value": value,
            "threshold": threshold,
            "margin": np.abs(value - threshold),
        },
    )
