"""Tables of the schema as polars frames and Parquet files. What is read or written is checked against the registry."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from neotriage.errors import FormatError
from neotriage.schema import SCHEMA_VERSION, TABLES, Column, Kind

__all__ = ["array", "empty", "frame", "read_table", "small_variants", "table_samples", "write_table"]

_POLARS = {
    "str": pl.String,
    "bool": pl.Boolean,
    "int8": pl.Int8,
    "int32": pl.Int32,
    "int64": pl.Int64,
    "float32": pl.Float32,
    "float64": pl.Float64,
}
_PLOIDY = 2
_ROW_GROUP = 1 << 15


def frame(table: str, columns: Mapping[str, Any], samples: Sequence[str] = ()) -> pl.DataFrame:
    """A checked frame of a schema table from numpy arrays or sequences, in schema order.

    Args:
        table: name in `schema.TABLES`.
        columns: name -> array of shape (rows,), (rows, samples) or (rows, samples, 2).
        samples: the samples axis, for tables that have one.

    Raises:
        ValueError: a column is missing, unknown or of the wrong shape.
    """
    spec = TABLES[table]
    unknown = set(columns) - {c.name for c in spec.columns}
    lacking = {c.name for c in spec.columns} - set(columns)
    if unknown or lacking:
        raise ValueError(f"table {table}: unknown columns {sorted(unknown)}, lacking columns {sorted(lacking)}")
    return pl.DataFrame([_series(c, columns[c.name], len(samples)) for c in spec.columns])


def empty(table: str, samples: Sequence[str] = ()) -> pl.DataFrame:
    """A schema table without a row."""
    return pl.DataFrame(schema={c.name: _dtype(c, len(samples)) for c in TABLES[table].columns})


def small_variants(rows: int, samples: int) -> dict[str, Any]:
    """The columns of `variants` that only structural changes fill, as they stand for that many small ones."""
    none = np.full((rows, samples), -1)
    words = {"kind": [Kind.SMALL.value] * rows, "callers": [""] * rows, "end": [-1] * rows, "size_bp": [-1] * rows}
    return {**words, **dict.fromkeys(("copy_number", "alt_pairs", "alt_splits"), none)}


def array(frame: pl.DataFrame, column: str) -> np.ndarray:
    """A column as numpy array of shape (rows,), (rows, samples) or (rows, samples, 2)."""
    return frame[column].to_numpy()


def write_table(frame: pl.DataFrame, table: str, path: Path, samples: Sequence[str] = ()) -> None:
    """Write a schema table as Parquet, whole or not at all; same rows, same bytes."""
    spec = TABLES[table]
    wanted = {c.name: _dtype(c, len(samples)) for c in spec.columns}
    if dict(frame.schema) != wanted:
        raise ValueError(f"table {table}: schema {dict(frame.schema)} is not {wanted}")
    schema = _arrow(frame.head(0)).schema.with_metadata(
        {"neotriage.table": table, "neotriage.schema_version": str(SCHEMA_VERSION), "neotriage.samples": "\t".join(samples)}
    )
    partial = path.with_name(path.name + ".partial")
    with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        for rows in frame.iter_slices(_ROW_GROUP):  # whole, the copy to Arrow would be the peak of a large ledger's memory
            writer.write_table(_arrow(rows).replace_schema_metadata(schema.metadata))
    os.replace(partial, path)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def read_table(path: Path, table: str) -> pl.DataFrame:
    """Read a schema table.

    Raises:
        FormatError: not Parquet, cut short, another table, or another schema version.
    """
    metadata = _metadata(path)
    if metadata.get("neotriage.table") != table:
        raise FormatError(
            f"holds table {metadata.get('neotriage.table')!r}, not {table!r}", file=path, fix="give the right file"
        )
    if metadata.get("neotriage.schema_version") != str(SCHEMA_VERSION):
        raise FormatError(
            f"schema version {metadata.get('neotriage.schema_version')}, this neotriage reads {SCHEMA_VERSION}",
            file=path,
            fix="run the stage again with this version",
        )
    result = pl.from_arrow(pq.ParquetFile(path).read())  # pq.read_table would import pyarrow.dataset, and pandas with it
    assert isinstance(result, pl.DataFrame)
    return result


def table_samples(path: Path) -> tuple[str, ...]:
    """The samples axis of a table file, in order; empty for tables without one."""
    text = _metadata(path).get("neotriage.samples", "")
    return tuple(text.split("\t")) if text else ()


def _metadata(path: Path) -> dict[str, str]:
    try:
        raw = pq.read_schema(path).metadata or {}
    except (pa.ArrowInvalid, OSError) as error:
        raise FormatError(f"not a readable table ({error})", file=path, fix="run the stage that writes it again") from None
    return {key.decode(): value.decode() for key, value in raw.items()}


def _shape(column: Column, samples: int) -> tuple[int, ...]:
    return tuple({"samples": samples, "ploidy": _PLOIDY}[dim] for dim in column.dims)


def _dtype(column: Column, samples: int) -> Any:
    inner: Any = _POLARS[column.dtype]
    shape = _shape(column, samples)
    return pl.Array(inner, shape) if shape else inner()


def _series(column: Column, values: Any, samples: int) -> pl.Series:
    dtype = _dtype(column, samples)
    if isinstance(values, pl.Series) and values.dtype == dtype and not values.null_count():
        return values.alias(column.name)
    if isinstance(values, pl.Series):
        values = values.to_numpy() if column.dims else values.to_list()
    if column.dims:
        values = np.asarray(values, dtype=column.dtype).reshape(-1, *_shape(column, samples))
    elif column.dtype == "str":
        values = values if set(map(type, values)) <= {str} else [str(value) for value in values]
    else:
        values = np.asarray(values, dtype=column.dtype)
    return pl.Series(column.name, values, dtype=dtype)
