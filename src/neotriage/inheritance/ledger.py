"""The stage's ledger: for every variant and gene, kept, or the first rule that failed, with value and threshold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from neotriage import columns
from neotriage.inheritance.candidates import RULES, Candidates
from neotriage.inheritance.compound import PAIR_LIMIT
from neotriage.inheritance.hits import Compound, Found
from neotriage.schema import LedgerOutcome

__all__ = ["make_ledger"]

_OUTCOME = {"": LedgerOutcome.KEPT, "no_call": LedgerOutcome.NO_CALL}
_OUTCOMES = tuple(_OUTCOME.get(rule, LedgerOutcome.DROPPED).value for rule in RULES)


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
    is_over = ~is_kept & (compound.possible > 0)
    rule = np.where(is_kept, 0, np.where(is_over, RULES.index("pair_limit"), candidates.rule))
    value = np.where(is_kept, np.nan, np.where(is_over, compound.possible, candidates.value))
    threshold = np.where(is_kept, np.nan, np.where(is_over, PAIR_LIMIT, candidates.threshold))
    cis = np.flatnonzero((compound.cis > 0) & (compound.possible == 0))
    row = np.concatenate([np.arange(is_kept.size), cis])
    order = np.argsort(row, kind="stable")
    return _written(
        row[order],
        np.concatenate([rule, np.full(cis.size, RULES.index("cis"))])[order],
        np.concatenate([value, compound.cis[cis]])[order],
        np.concatenate([threshold, np.zeros(cis.size)])[order],
        variants,
        candidates,
    )


def _written(
    row: npt.NDArray[np.int64],
    rule: npt.NDArray[np.int64],
    value: npt.NDArray[np.float64],
    threshold: npt.NDArray[np.float64],
    variants: pl.DataFrame,
    candidates: Candidates,
) -> pl.DataFrame:
    sites, genes = variants[candidates.variant[row]], candidates.genes[candidates.place[row]]
    return columns.frame(
        "ledger",
        {
            **{name: sites[name] for name in ("chrom", "position", "ref", "alt", "clinvar_significance")},
            **{name: genes[name] for name in ("gene_id", "gene")},
            "outcome": pl.Series(_OUTCOMES)[rule],
            "rule": pl.Series(RULES)[rule],
            "value": value,
            "threshold": threshold,
            "margin": np.abs(value - threshold),
        },
    )
