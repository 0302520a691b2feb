"""Secondary findings: genes that are looked up whatever the question was, and so are shown only with the family's consent."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from neotriage.errors import InputError
from neotriage.home import resource

__all__ = ["read_secondary_genes"]


@cache
def read_secondary_genes(path: Path | None = None) -> frozenset[str]:
    """Approved symbols of `resources/secondary_findings.tsv` (ACMG SF v3.2, Miller et al. 2023).

    Raises:
        InputError: no column `gene`, or a row without one.
    """
    file = path or resource("secondary_findings.tsv")
    lines = [(n, line) for n, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if not line.startswith("#")]
    if not lines or lines[0][1].split("\t")[0] != "gene":
        raise InputError(
            "the first column is not gene", file=file, row=1, fix="give a table with a header gene, condition, mode"
        )
    genes = [(number, line.split("\t")[0].strip()) for number, line in lines[1:]]
    empty = [number for number, gene in genes if not gene]
    if empty:
        raise InputError("no gene", file=file, row=empty[0], column="gene", fix="fill it in, or remove the row")
    return frozenset(gene for _, gene in genes)
