"""Sorted sites of one contig on disk: keys, the text of long alleles, and any columns of values beside them.

    key.npy             int64 (sites,), sorted; see kernels/scan.py
    long.npy            int64 (long sites, 2): row, and where its text starts in text.npy; rows ascend
    text.npy            uint8: REF, tab, ALT, newline of each long site, trimmed, upper case
    <column>.npy        a float column; or, for an integer column, one code byte a row
    <column>.more.npy   int64 (rows, 2): row and value where the code byte is 255

An integer column that holds one value only has no file: the manifest states it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neotriage.checksum import file_sha256
from neotriage.errors import ResourceError

__all__ = ["ContigSites", "SiteColumn", "check_files", "mapped", "read_contig", "write_arrays", "write_contig"]

_ESCAPE = 255
_SHIFT = 1  # -1, missing, is code 0
_AGAIN = "build the store again"


@dataclass(frozen=True)
class SiteColumn:
    """One column of a contig's sites.

    `values`: float32 (sites,) or uint8 codes (sites,); `more`: int64 (rows, 2), see the module; `constant`: the value of all
    rows, when neither is there.
    """

    values: np.ndarray | None
    more: np.ndarray | None
    constant: int

    def take(self, rows: np.ndarray) -> np.ndarray:
        """float32 or int32 (rows,): the values of these rows."""
        if self.values is None:
            return np.full(rows.size, self.constant, np.int32)
        if self.more is None:
            measured: np.ndarray = self.values[rows]
            return measured
        found: np.ndarray = self.values[rows].astype(np.int32) - _SHIFT
        large = np.flatnonzero(found == _ESCAPE - _SHIFT)
        found[large] = self.more[np.searchsorted(self.more[:, 0], rows[large]), 1]
        return found


@dataclass(frozen=True)
class ContigSites:
    """One contig's sites: `keys` int64 (sites,), sorted; `long_rows` and `long_starts` int64 (long sites,); `text` uint8."""

    keys: np.ndarray
    long_rows: np.ndarray
    long_starts: np.ndarray
    text: np.ndarray
    columns: Mapping[str, SiteColumn]

    def long_text(self, row: int) -> bytes:
        """REF, tab, ALT of a row whose key is a hash."""
        place = int(np.searchsorted(self.long_rows, row))
        start = int(self.long_starts[place])
        stop = int(self.long_starts[place + 1]) if place + 1 < self.long_rows.size else self.text.size
        return self.text[start : stop - 1].tobytes()


def write_contig(
    folder: Path, keys: np.ndarray, long_texts: list[bytes], is_long: np.ndarray, columns: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Write one contig's sites and return their part of the manifest.

    Args:
        folder: made if it is not there.
        keys: int64 (sites,), sorted; equal keys are sites with other long alleles.
        long_texts: REF, tab, ALT of each long site, in row order.
        is_long: bool (sites,).
        columns: name -> float32 or int32 (sites,).
    """
    rows = np.flatnonzero(is_long)
    sizes = np.fromiter((len(text) + 1 for text in long_texts), np.int64, len(long_texts))
    long = np.column_stack([rows, np.cumsum(sizes) - sizes]).astype(np.int64)
    text = np.frombuffer(b"".join(text + b"\n" for text in long_texts), np.uint8)
    files = {"key.npy": keys, "long.npy": long, "text.npy": text}
    constants: dict[str, int] = {}
    for name, values in columns.items():
        if values.dtype == np.float32:
            files[f"{name}.npy"] = values
        elif values.size and values.min() == values.max():
            constants[name] = int(values[0])
        else:
            is_large = (values >= _ESCAPE - _SHIFT) | (values < -_SHIFT)
            files[f"{name}.npy"] = np.where(is_large, _ESCAPE, values + _SHIFT).astype(np.uint8)
            files[f"{name}.more.npy"] = np.column_stack([np.flatnonzero(is_large), values[is_large]]).astype(np.int64)
    stated = write_arrays(folder, files)
    return {"records": int(keys.size), "long": int(rows.size), "constants": constants, "files": stated}


def write_arrays(folder: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Write arrays by the names of their files; size and SHA-256 of each, for the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, array in arrays.items():
        np.save(folder / file, array)
    return {file: {"bytes": (folder / file).stat().st_size, "sha256": file_sha256(folder / file)} for file in sorted(arrays)}


def read_contig(folder: Path, part: Mapping[str, Any], columns: Mapping[str, str]) -> ContigSites:
    """One contig's sites, memory-mapped.

    Args:
        folder: where `write_contig` wrote.
        part: what it returned.
        columns: name -> dtype, "float32" or "int32".

    Raises:
        ResourceError: a file is missing or has another size than the manifest states.
    """
    check_files(folder, part, by_content=False)
    long = np.asarray(mapped(folder / "long.npy"))
    return ContigSites(
        keys=mapped(folder / "key.npy"),
        long_rows=np.ascontiguousarray(long[:, 0]),
        long_starts=np.ascontiguousarray(long[:, 1]),
        text=mapped(folder / "text.npy"),
        columns={name: _column(folder, name, part) for name in columns},
    )


def check_files(folder: Path, part: Mapping[str, Any], *, by_content: bool) -> None:
    """Pass if a contig's files are as the manifest states, by size or by checksum.

    Raises:
        ResourceError: one is not.
    """
    for name, stated in part["files"].items():
        file = folder / name
        if not file.is_file() or file.stat().st_size != stated["bytes"]:
            raise ResourceError("missing, or not as long as the store's manifest states", file=file, fix=_AGAIN)
        if by_content and file_sha256(file) != stated["sha256"]:
            raise ResourceError("its checksum is not the one in the store's manifest", file=file, fix=_AGAIN)


def _column(folder: Path, name: str, part: Mapping[str, Any]) -> SiteColumn:
    if name in part["constants"]:
        return SiteColumn(None, None, int(part["constants"][name]))
    more = folder / f"{name}.more.npy"
    return SiteColumn(mapped(folder / f"{name}.npy"), np.asarray(mapped(more)) if more.name in part["files"] else None, -1)


def mapped(file: Path) -> np.ndarray:
    """An array of a file, memory-mapped and read-only."""
    array: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
    return array.view(np.ndarray)
