"""`SHA256SUMS` of a folder, in the form of coreutils: `sha256sum -c SHA256SUMS` checks it as well.

Not sealed: logs and benchmarks (they tell of the run, not of the result), hidden files, and unless asked for the reads, which
are large and can be made again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from neotriage.checksum import file_sha256
from neotriage.errors import FormatError, InputError, ResourceError
from neotriage.whole_file import write_text

__all__ = ["SUMS", "check_sums", "write_sums"]

SUMS = "SHA256SUMS"
_LINE = re.compile(r"(?P<digest>[0-9a-f]{64}) [ *](?P<path>[^\\]+)")
_NOT_SEALED = frozenset({"logs", "benchmarks"})
_READS = "reads"


def write_sums(folder: Path, *, with_reads: bool = False) -> int:
    """Write the folder's SHA256SUMS, by path; returns how many files it holds.

    Raises:
        InputError: no such folder, nothing to seal, a link, or a name that the form cannot hold.
    """
    if not folder.is_dir():
        raise InputError(f"no folder {folder}", fix="name the folder of a family's results")
    files = _files(folder, _NOT_SEALED if with_reads else _NOT_SEALED | {_READS})
    if not files:
        raise InputError("holds no file to seal", file=folder, fix="name the folder of a family's results")
    lines = [f"{file_sha256(folder / path)}  {path}\n" for path in files]
    write_text(folder / SUMS, "".join(lines))
    return len(files)


def check_sums(folder: Path) -> tuple[int, list[str]]:
    """How many files are as they were sealed, and those that came since.

    Raises:
        FormatError: no SHA256SUMS, or one that is broken or names a path outside the folder.
        ResourceError: a file is missing or has changed; names the first and how many.
    """
    sums = folder / SUMS
    if not sums.is_file():
        raise FormatError("is not sealed: no SHA256SUMS", file=folder, fix="`neotriage seal write`")
    sealed: dict[str, str] = {}
    for number, line in enumerate(sums.read_text().splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None or not _is_inside(folder, match["path"]):
            fix = "take the folder from a sound copy"
            raise FormatError("not a line of SHA256SUMS for this folder", file=sums, row=number, fix=fix)
        sealed[match["path"]] = match["digest"]
    wrong = []
    for path, digest in sealed.items():
        file = folder / path
        if not file.is_file():
            wrong.append(f"{path} is missing")
        elif file_sha256(file) != digest:
            wrong.append(f"{path} has changed")
    if wrong:
        raise ResourceError(
            f"{len(wrong)} of {len(sealed)} sealed files are not as they were: {'; '.join(wrong[:3])}",
            file=folder,
            fix="take the folder from a sound copy, or seal it anew if the change was meant",
        )
    tops = {PurePosixPath(path).parts[0] for path in sealed}
    left_out = _NOT_SEALED | ({_READS} - tops)
    return len(sealed), [path for path in _files(folder, left_out) if path not in sealed]


def _files(folder: Path, left_out: Collection[str]) -> list[str]:
    """Files below the folder as paths from it, sorted; without the folders left out, hidden files and the seal itself."""
    found = []
    for top, folders, names in os.walk(folder):
        here = Path(top)
        if here == folder:
            folders[:] = [name for name in folders if name not in left_out]
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in [*names, *(name for name in folders if (here / name).is_symlink())]:
            path = (here / name).relative_to(folder).as_posix()
            if name.startswith(".") or path in {SUMS, f"{SUMS}.sig", f"{SUMS}.partial"}:
                continue
            if (here / name).is_symlink():
                raise InputError(f"{path} is a link: what it points to is not in the folder", file=folder, fix="seal a copy")
            if "\n" in path or "\\" in path:
                raise InputError(f"{path!r}: a name with a line break or backslash", file=folder, fix="rename it")
            found.append(path)
    return sorted(found)


def _is_inside(folder: Path, path: str) -> bool:
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts and (folder / path).resolve().is_relative_to(folder.resolve())
