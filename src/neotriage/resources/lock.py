"""`resources.lock`: size, SHA-256 and date of every file that was taken in, and on whose word.

A tab-separated table beside the files. What the manifest gives no checksum for and its provider publishes none for is trusted
on first use; from then on the lock decides, and another content is an error until the file is fetched anew on purpose.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from pathlib import Path

from neotriage.checksum import file_sha256
from neotriage.errors import FormatError, ResourceError
from neotriage.whole_file import write_text

__all__ = ["LOCK", "Locked", "Trust", "check_file", "check_files", "read_lock", "write_lock"]

LOCK = "resources.lock"


class Trust(StrEnum):
    """On whose word a file was taken in."""

    MANIFEST = "manifest"
    PROVIDER = "provider's md5"
    OTHER_LOCK = "lock of the folder it came from"
    FIRST_USE = "first use"


@dataclass(frozen=True)
class Locked:
    """One file as taken in. `size` in bytes; `md5` as the provider published it, '' none; `date` is YYYY-MM-DD."""

    path: str
    name: str
    version: str
    size: int
    sha256: str
    md5: str
    date: str
    address: str
    trust: Trust


_COLUMNS = [field.name for field in fields(Locked)]


def read_lock(folder: Path) -> dict[str, Locked]:
    """Path -> what was taken in; empty where nothing was.

    Raises:
        FormatError: the lock is broken.
    """
    path = folder / LOCK
    if not path.is_file():
        return {}
    rows = list(csv.reader(path.read_text().splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    if not rows or rows[0] != _COLUMNS:
        raise FormatError("not a lock of resources", file=path, fix="fetch the resources into a new folder")
    found: dict[str, Locked] = {}
    for number, row in enumerate(rows[1:], 2):
        try:
            file, name, version, size, sha256, md5, date, address, trust = row
            found[file] = Locked(file, name, version, int(size), sha256, md5, date, address, Trust(trust))
        except ValueError:
            raise FormatError(
                "not a line of the lock", file=path, row=number, fix="fetch the resources into a new folder"
            ) from None
    return found


def write_lock(folder: Path, files: Iterable[Locked]) -> None:
    """Write the lock, by path, whole or not at all."""
    lines = ["\t".join(_COLUMNS), *("\t".join(map(str, astuple(file))) for file in sorted(files, key=lambda one: one.path))]
    write_text(folder / LOCK, "\n".join(lines) + "\n")


def check_file(folder: Path, locked: Locked) -> None:
    """Pass if the file is what the lock says.

    Raises:
        ResourceError: missing, of another size, or of another content.
    """
    path = folder / locked.path
    fix = f"`neotriage resources fetch {locked.name}` anew, or take it from a sound copy"
    if not path.is_file():
        raise ResourceError("is in the lock, and not in the folder", file=path, fix=fix)
    if path.stat().st_size != locked.size:
        raise ResourceError(f"has {path.stat().st_size} bytes, the lock says {locked.size}", file=path, fix=fix)
    found = file_sha256(path)
    if found != locked.sha256:
        raise ResourceError(f"has SHA-256 {found[:16]}…, the lock says {locked.sha256[:16]}…", file=path, fix=fix)


def check_files(folder: Path, locked: Mapping[str, Locked], threads: int = 1) -> list[ResourceError]:
    """What is wrong with the files of a lock, by path; each is read whole."""

    def problem(one: Locked) -> ResourceError | None:
        try:
            check_file(folder, one)
        except ResourceError as error:
            return error
        return None

    with ThreadPoolExecutor(threads) as pool:
        found = pool.map(problem, [locked[path] for path in sorted(locked)])
        return [error for error in found if error is not None]
