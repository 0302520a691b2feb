"""The index: one SQLite file per case, one row per variant, the last stage's word on it. Written once, read in milliseconds."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any

from neotriage.errors import FormatError
from neotriage.whynot.names import Model, Place, place_of

__all__ = ["INDEX_VERSION", "Fate", "all_fates", "build_index", "coverage_of", "fates", "fates_between", "panel_genes", "place"]

INDEX_VERSION = 2


@dataclass(frozen=True)
class Fate:
    """What became of one variant in one gene: the last stage that had a say, its rule, value, threshold and margin.

    `position` is 1-based; value, threshold and margin are None where the rule measures nothing.
    """

    chrom: str
    position: int
    ref: str
    alt: str
    gene: str
    gene_id: str
    stage: str
    outcome: str
    rule: str
    value: float | None
    threshold: float | None
    margin: float | None
    clinvar: str


_COLUMNS = tuple(field.name for field in fields(Fate))


def build_index(
    ledgers: Mapping[str, Iterable[Mapping[str, Any]]],
    panels: Sequence[Mapping[str, Any]],
    output: Path,
    models: Mapping[str, Model] | None = None,
    contigs: Mapping[str, str] | None = None,
    coverage: Mapping[str, str] | None = None,
) -> None:
    """Write the index, whole or not at all; same ledgers, same rows in the same order.

    Args:
        ledgers: stage -> rows of its ledger table, stages in the order of the flow: a later stage's row stands for the earlier.
        panels: `summary.json`'s panels: name, version, `symbols` looked at, `not_in_gene_models`.
        output: the SQLite file.
        models: transcript id, with version -> model, of the panels' genes: what HGVS names are led to their sites by.
        contigs: contig name or accession -> contig name.
        coverage: gene -> how well it is covered, in words.
    """
    last: dict[tuple[str, int, str, str, str], Fate] = {}
    for stage, rows in ledgers.items():
        for row in rows:
            fate = _fate(stage, row)
            last[fate.chrom, fate.position, fate.ref, fate.alt, fate.gene_id] = fate
    partial = output.with_name(output.name + ".partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(partial)) as index, index:
        index.execute(f"PRAGMA user_version = {INDEX_VERSION}")
        index.execute(
            "CREATE TABLE fate (chrom TEXT, position INTEGER, ref TEXT, alt TEXT, gene TEXT, gene_id TEXT, stage TEXT,"
            " outcome TEXT, rule TEXT, value REAL, threshold REAL, margin REAL, clinvar TEXT)"
        )
        marks = ", ".join("?" * len(_COLUMNS))
        index.executemany(f"INSERT INTO fate VALUES ({marks})", (astuple(last[key]) for key in sorted(last)))  # noqa: S608
        index.execute("CREATE INDEX fate_gene ON fate (gene, position)")
        index.execute("CREATE INDEX fate_gene_id ON fate (gene_id)")
        index.execute("CREATE INDEX fate_place ON fate (chrom, position)")
        index.execute("CREATE TABLE transcript (name TEXT PRIMARY KEY, model TEXT) WITHOUT ROWID")
        held = [(name, json.dumps(asdict(model))) for name, model in sorted((models or {}).items())]
        index.executemany("INSERT INTO transcript VALUES (?, ?)", held)
        for table, told in (("contig", contigs), ("coverage", coverage)):
            index.execute(f"CREATE TABLE {table} (name TEXT PRIMARY KEY, told TEXT) WITHOUT ROWID")
            index.executemany(f"INSERT INTO {table} VALUES (?, ?)", sorted((told or {}).items()))  # noqa: S608
        index.execute("CREATE TABLE panels (document TEXT)")
        index.execute("INSERT INTO panels VALUES (?)", (json.dumps(list(panels), sort_keys=True),))
    os.replace(partial, output)


def fates(path: Path, *, gene: str | None = None, site: tuple[str, int, str, str] | None = None) -> tuple[Fate, ...]:
    """The rows of a gene (approved symbol or gene id) or of one allele (contig, 1-based position, ref, alt).

    Raises:
        FormatError: no index there, or one of another version.
    """
    columns = ", ".join(_COLUMNS)
    with closing(_open(path)) as index:
        if site is not None:
            where, values = "chrom = ? AND position = ? AND ref = ? AND alt = ?", tuple(site)
        else:
            where, values = "gene = ? OR gene_id = ?", (gene, gene)
        query = f"SELECT {columns} FROM fate WHERE {where} ORDER BY chrom, position, ref, alt"  # noqa: S608
        return tuple(Fate(*row) for row in index.execute(query, values))


def fates_between(path: Path, contig: str, first: int, last: int) -> tuple[Fate, ...]:
    """The rows of a stretch, 1-based and closed."""
    with closing(_open(path)) as index:
        query = (
            f"SELECT {', '.join(_COLUMNS)} FROM fate WHERE chrom = ? AND position BETWEEN ? AND ? ORDER BY position, ref, alt"  # noqa: S608
        )
        return tuple(Fate(*row) for row in index.execute(query, (contig, first, last)))


def place(path: Path, name: str) -> Place:
    """The place of an HGVS name on a transcript or contig of the index.

    Raises:
        InputError: not such a name, or one on a sequence that the index does not hold.
    """
    on = name.partition(":")[0].partition("(")[0]
    with closing(_open(path)) as index:
        contigs = dict(index.execute("SELECT name, told FROM contig WHERE name = ?", (on,)))
        stem = on.partition(".")[0]
        rows = index.execute(
            "SELECT name, model FROM transcript WHERE name = ? OR name BETWEEN ? AND ?", (on, stem, f"{stem}.:")
        )
        models = {key: Model(**json.loads(text)) for key, text in rows}
    return place_of(name, models, contigs)


def coverage_of(path: Path, gene: str) -> str:
    """How well a panel gene is covered, in words; '' where that was not measured, or it is on no panel."""
    with closing(_open(path)) as index:
        row = index.execute("SELECT told FROM coverage WHERE name = ?", (gene,)).fetchone()
    return row[0] if row else ""


def all_fates(path: Path) -> tuple[Fate, ...]:
    """Every row of the index, by contig name and position.

    Raises:
        FormatError: no index there, or one of another version.
    """
    with closing(_open(path)) as index:
        query = f"SELECT {', '.join(_COLUMNS)} FROM fate ORDER BY chrom, position, ref, alt, gene_id"  # noqa: S608
        return tuple(Fate(*row) for row in index.execute(query))


def panel_genes(path: Path) -> list[dict[str, Any]]:
    """The panels applied: name, version, symbols looked at, genes not in the gene models."""
    with closing(_open(path)) as index:
        (text,) = index.execute("SELECT document FROM panels").fetchone()
    panels: list[dict[str, Any]] = json.loads(text)
    return panels


def _open(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise FormatError("no why-not index", file=path, fix="name the results folder of a finished case")
    index = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        (version,) = index.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as error:
        index.close()
        raise FormatError(f"not a why-not index ({error})", file=path, fix="run the stage `report` again") from None
    if version != INDEX_VERSION:
        index.close()
        raise FormatError(f"index version {version}, not {INDEX_VERSION}", file=path, fix="run the stage `report` again")
    return index


def _fate(stage: str, row: Mapping[str, Any]) -> Fate:
    return Fate(
        chrom=row["chrom"],
        position=row["position"] + 1,
        ref=row["ref"],
        alt=row["alt"],
        gene=row["gene"],
        gene_id=row["gene_id"],
        stage=stage,
        outcome=row["outcome"],
        rule=row["rule"],
        value=_number(row["value"]),
        threshold=_number(row["threshold"]),
        margin=_number(row["margin"]),
        clinvar=row["clinvar_significance"],
    )


def _number(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124 - NaN is the one value that differs from itself
