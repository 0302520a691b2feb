"""Genes with parts that the genome holds more than once, from the open table `resources/homology.tsv`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from neotriage.gene_table import read_gene_table
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
        InputError: as `read_gene_table`.
    """
    rows = read_gene_table(path or resource("homology.tsv"), _COLUMNS)
    return {gene: Homology(**row) for gene, row in rows.items() if row["build"] in {"any", build}}
