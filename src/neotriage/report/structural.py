"""What the report says of a structural change: what it is, its size, the exons it touches, who found it, each one's reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from neotriage.columns import read_table
from neotriage.schema import Kind
from neotriage.structural import label

__all__ = ["shown_structural", "structural_facts", "support_words"]

Key = tuple[str, int, int, str]
"""Contig, 1-based position, end, alternate allele of a structural record."""

_EXON_WORDS: Mapping[Kind, str] = {
    Kind.DELETION: "lost",
    Kind.DUPLICATION: "doubled",
    Kind.INVERSION: "turned",
}


_SUPPORT = (
    ("pairs", "pair", "pairs"),
    ("splits", "split read", "split reads"),
    ("copies", "copy", "copies"),
    ("repeats", "repeat", "repeats"),
)


def structural_facts(
    row: Mapping[str, Any], consequence: Mapping[str, Any] | None, samples: Sequence[str]
) -> dict[str, Any] | None:
    """The facts of a row of `variants` as plain values, None of a small variant; null is not known.

    Args:
        row: the row.
        consequence: the shown row of `consequences`, None if there is none.
        samples: the samples axis.
    """
    kind = Kind(row["kind"])
    if kind is Kind.SMALL:
        return None
    people = zip(samples, row["copy_number"], row["alt_pairs"], row["alt_splits"], strict=True)
    return {
        "kind": kind.value,
        "words": label(row),
        "end": row["end"],
        "size_bp": None if row["size_bp"] < 0 else row["size_bp"],
        "exons": _exons(kind, consequence),
        "callers": row["callers"].split(",") if row["callers"] else [],
        "people": [
            {
                "sample": sample,
                "copies": None if kind is Kind.REPEAT else _known(copies),
                "repeats": _known(copies) if kind is Kind.REPEAT else None,
                "pairs": _known(pairs),
                "splits": _known(splits),
            }
            for sample, copies, pairs, splits in people
        ],
    }


def _exons(kind: Kind, consequence: Mapping[str, Any] | None) -> str | None:
    """Exons 2 to 4 of 12 lost; None where none is touched."""
    if consequence is None or consequence["exon"] < 0:
        return None
    first, last = consequence["exon"], consequence["exon_last"]
    which = f"exon {first}" if first == last else f"exons {first} to {last}"
    return f"{which} of {consequence['exons']} {_EXON_WORDS.get(kind, 'touched')}"


def support_words(person: Mapping[str, Any]) -> str:
    """A person's reads and copies in words: 9 pairs, 7 split reads, 1 copy; '' where nothing was measured."""
    told = []
    for key, one, many in _SUPPORT:
        if person[key] is not None:
            told.append(f"{person[key]} {one if person[key] == 1 else many}")
    return ", ".join(told)


def _known(value: int) -> int | None:
    return None if value < 0 else value


def shown_structural(variants: Path, consequences: Path, withheld: frozenset[str]) -> frozenset[Key]:
    """The structural rows of a case's table that an output may show: not those whose every gene is withheld.

    Args:
        variants: `variants` table.
        consequences: `consequences` table.
        withheld: genes that no output may name, by every name.
    """
    rows = read_table(variants, "variants").filter(pl.col("kind") != Kind.SMALL)
    hidden = pl.col("gene").is_in(withheld) | pl.col("gene_id").is_in(withheld)
    genes = read_table(consequences, "consequences").group_by("variant").agg(is_hidden=hidden.all())
    dark = genes.filter("is_hidden")["variant"]
    shown = rows.filter(~pl.col("variant").is_in(dark.to_list())).select("chrom", pl.col("position") + 1, "end", "alt")
    return frozenset(shown.iter_rows())
