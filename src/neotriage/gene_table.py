"""The project's own tables by gene, `resources/*.tsv`: comments, one header, one row a gene, no cell empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from neotriage.errors import InputError

__all__ = ["read_gene_table"]


def read_gene_table(
    file: Path, columns: Sequence[str], vocabularies: Mapping[str, Sequence[str]] | None = None
) -> dict[str, dict[str, str]]:
    """Approved gene symbol -> its row by column, in file order.

    Args:
        file: the table; lines that begin with # are comments.
        columns: its columns, of which the first is the gene.
        vocabularies: column -> the words that it may hold; any where a column has none.

    Raises:
        InputError: other columns, an empty cell, an unknown word, or a gene twice.
    """
    lines = [(n, line) for n, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if not line.startswith("#")]
    number, header = lines[0] if lines else (1, "")
    if header.split("\t") != list(columns):
        raise InputError("other columns than expected", file=file, row=number, fix=f"head the columns {', '.join(columns)}")
    rows: dict[str, dict[str, str]] = {}
    for number, line in lines[1:]:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(columns):
            raise InputError(f"{len(cells)} cells under {len(columns)} columns", file=file, row=number, fix="mend the row")
        row = dict(zip(columns, cells, strict=True))
        for column, cell in row.items():
            if not cell:
                raise InputError("empty", file=file, row=number, column=column, fix="fill it in, or leave the row out")
            words = (vocabularies or {}).get(column)
            if words is not None and cell not in words:
                raise InputError(f"unknown {column} {cell!r}", file=file, row=number, column=column, fix=", ".join(words))
        if cells[0] in rows:
            raise InputError(f"{cells[0]} stands twice", file=file, row=number, column=columns[0], fix="join the two rows")
        rows[cells[0]] = row
    return rows
