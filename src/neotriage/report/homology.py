"""Genes with parts that the genome holds more than once, from the open table `resources/homology.tsv`."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from neotriage.errors import InputError
from neotriage.home import resource

__all__ = ["Homology", "read_homology"]

_COLUMNS = ("gene", "part", "like", "build", "source")


@dataclass(frozen=True)
class Homology:
    """One row: approved symbol, which part, what it is like, the build it holds for (`any`), and where that was taken from."""

    gene: str
    part: str
    like: str
    build: str
    source: str


def read_homology(build: str, path: Path | None = None) -> Mapping[str, Homology]:
    """Approved gene symbol -> row, of the rows that hold for a build.

    Raises:
        InputError: other columns, an empty field, or a gene twice.
    """
    file = path or resource("homology.tsv")
    lines = file.read_text(encoding="utf-8").splitlines()
    skipped = sum(line.startswith("#") for line in lines)
    reader = csv.DictReader(lines[skipped:], delimiter="\t")
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise InputError(
            "other columns than expected", file=file, row=skipped + 1, fix=f"head the columns {', '.join(_COLUMNS)}"
        )
    rows: dict[str, Homology] = {}
    for number, row in enumerate(reader, skipped + 2):
        values = [(row[name] or "").strip() for name in _COLUMNS]
        if not all(values):
            raise InputError("a field is empty", file=file, row=number, fix="fill it in, or leave the row out")
        if values[0] in rows:
            raise InputError(f"{values[0]} stands twice", file=file, row=number, column="gene", fix="join the two rows")
        rows[values[0]] = Homology(*values)
    return {gene: row for gene, row in rows.items() if row.build in {"any", build}}
