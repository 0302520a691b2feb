"""Secondary findings: genes that are looked up whatever the question was, and so are shown only with the family's consent."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from neotriage.gene_table import read_gene_table
from neotriage.home import resource

__all__ = ["read_secondary_genes"]


@cache
def read_secondary_genes(path: Path | None = None) -> frozenset[str]:
    """Approved symbols of `resources/secondary_findings.tsv` (ACMG SF v3.2, Miller et al. 2023).

    Raises:
        InputError: as `read_gene_table`.
    """
    return frozenset(read_gene_table(path or resource("secondary_findings.tsv"), ("gene", "condition", "mode")))
