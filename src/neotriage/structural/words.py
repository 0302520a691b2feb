"""Structural changes in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neotriage.schema import Kind

__all__ = ["KIND_WORDS", "label", "size_words"]

KIND_WORDS: Mapping[Kind, str] = {
    Kind.SMALL: "small variant",
    Kind.DELETION: "deletion",
    Kind.DUPLICATION: "duplication",
    Kind.INVERSION: "inversion",
    Kind.INSERTION: "insertion",
    Kind.BREAKEND: "breakpoint",
    Kind.REPEAT: "repeat expansion",
}


def label(row: Mapping[str, Any]) -> str:
    """A row of `variants` by name: chr20:1001 A>C, deletion chr20:2001-3500 (1.5 kb)."""
    kind = Kind(row["kind"])
    first = f"{row['chrom']}:{row['position'] + 1}"
    if kind is Kind.SMALL:
        return f"{first} {row['ref']}>{row['alt']}"
    size = f" ({size_words(row['size_bp'])})" if row["size_bp"] >= 0 else ""
    if kind is Kind.BREAKEND:
        return f"{KIND_WORDS[kind]} {first} {row['alt']}"
    if kind is Kind.REPEAT:
        return f"{KIND_WORDS[kind]} {first} {row['alt']}{size}"
    if kind is Kind.INSERTION:
        return f"{KIND_WORDS[kind]} {first}{size}"
    return f"{KIND_WORDS[kind]} {row['chrom']}:{row['position'] + 2}-{row['end']}{size}"


def size_words(size_bp: int) -> str:
    """A length as people read it: 850 bp, 1.5 kb, 2.3 Mb."""
    if size_bp < 1000:
        return f"{size_bp} bp"
    return f"{size_bp / 1000:.3g} kb" if size_bp < 1_000_000 else f"{size_bp / 1_000_000:.3g} Mb"
