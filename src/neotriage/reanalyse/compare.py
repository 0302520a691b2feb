"""What of a family's candidates is new, lost or changed between two rankings.

A candidate counts as changed if its tier, class, mode, alleles or an allele's ClinVar assertion differ, or if its share moved
by 0.1 or more, or across 0.05, below which the report calls it remote. Smaller moves are drift and not listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import polars as pl

from neotriage.columns import read_table

__all__ = ["Change", "ChangeKind", "Snapshot", "compare", "snapshot"]

REMOTE = 0.05
MOVED = 0.1


class ChangeKind(StrEnum):
    """What became of a candidate."""

    NEW = "new"
    LOST = "lost"
    CHANGED = "changed"


@dataclass(frozen=True)
class Snapshot:
    """One candidate: `alleles` are chrom-position-ref-alt (1-based) with the class and ClinVar's words of each."""

    gene: str
    rank: int
    tier: str
    model: str
    probability: float
    alleles: Mapping[str, tuple[str, str]]

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        alleles = [{"variant": v, "acmg_class": c, "clinvar": w} for v, (c, w) in sorted(self.alleles.items())]
        return {
            "rank": self.rank,
            "tier": self.tier,
            "model": self.model,
            "probability": round(self.probability, 4),
            "alleles": alleles,
        }


@dataclass(frozen=True)
class Change:
    """One candidate that is not what it was; `differences` in words, `sources` that did it."""

    kind: ChangeKind
    gene: str
    before: Snapshot | None
    after: Snapshot | None
    differences: tuple[str, ...]
    sources: tuple[str, ...] = ()


def snapshot(rank: Path, evidence: Path, inheritance: Path, table: Path, annotate: Path) -> dict[str, Snapshot]:
    """Gene id -> its candidate, from the folders of a family's stages."""
    candidates = read_table(rank / "candidates.parquet", "candidates")
    hits = read_table(inheritance / "hits.parquet", "hits")
    classes = read_table(evidence / "classes.parquet", "classes")
    variants = read_table(table / "variants.parquet", "variants")
    said = variants.select("variant", "chrom", "position", "ref", "alt").join(
        read_table(annotate / "annotations.parquet", "annotations").select("variant", "clinvar_text"), on="variant"
    )
    alleles = classes.join(said, on="variant").with_columns(
        name=pl.format("{}-{}-{}-{}", "chrom", pl.col("position") + 1, "ref", "alt")
    )
    by_hit: dict[int, dict[str, tuple[str, str]]] = {int(hit): {} for hit in hits["hit"]}
    for row in alleles.iter_rows(named=True):
        by_hit[row["hit"]][row["name"]] = (row["acmg_class"], row["clinvar_text"])
    return {
        row["gene_id"]: Snapshot(row["gene"], row["rank"], row["tier"], row["model"], row["probability"], by_hit[row["hit"]])
        for row in candidates.iter_rows(named=True)
    }


def compare(before: Mapping[str, Snapshot], after: Mapping[str, Snapshot]) -> dict[str, Change]:
    """Gene id -> what became of its candidate, for those of which something did."""
    found: dict[str, Change] = {}
    for gene in sorted({*before, *after}):
        old, new = before.get(gene), after.get(gene)
        if old is None and new is not None:
            found[gene] = Change(ChangeKind.NEW, new.gene, None, new, (_words(new),))
        elif new is None and old is not None:
            found[gene] = Change(ChangeKind.LOST, old.gene, old, None, (_words(old),))
        elif old is not None and new is not None and (differences := tuple(_differences(old, new))):
            found[gene] = Change(ChangeKind.CHANGED, new.gene, old, new, differences)
    return found


def _differences(old: Snapshot, new: Snapshot) -> list[str]:
    words = [
        f"{name} {before or 'none'} -> {after or 'none'}"
        for name, before, after in (("tier", old.tier, new.tier), ("mode", old.model, new.model))
        if before != after
    ]
    for variant in sorted({*old.alleles, *new.alleles}):
        if variant not in new.alleles or variant not in old.alleles:
            words.append(f"{variant} {'comes in' if variant in new.alleles else 'goes out'}")
            continue
        (old_class, old_said), (new_class, new_said) = old.alleles[variant], new.alleles[variant]
        if old_said != new_said:
            words.append(f"{variant} ClinVar {old_said or 'nothing'} -> {new_said or 'nothing'}")
        if old_class != new_class:
            words.append(f"{variant} class {old_class} -> {new_class}")
    crosses = (old.probability >= REMOTE) != (new.probability >= REMOTE)
    if crosses or abs(old.probability - new.probability) >= MOVED:
        words.append(f"probability {old.probability:.3f} -> {new.probability:.3f}")
    return words


def _words(one: Snapshot) -> str:
    alleles = ", ".join(f"{v} class {c}, ClinVar {w or 'nothing'}" for v, (c, w) in sorted(one.alleles.items()))
    return f"tier {one.tier}, {one.model}, probability {one.probability:.3f}: {alleles}"
