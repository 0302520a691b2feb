"""Which panel file a case file means, and that it holds a gene."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from neotriage.errors import NeotriageError
from neotriage.inputs.document import Document, Key
from neotriage.inputs.validation import nearest

__all__ = ["list_panels", "resolve_panel"]

_ENDINGS = (".gz", ".bed", ".json", ".tsv", ".txt")


def list_panels(document: Document, given: str | list[str]) -> Mapping[str, Path]:
    """Panel name -> file, of the config's `resources.panels`: a folder's panel files, or those of a list.

    A panel's name is its file's name without .gz, .bed, .json, .tsv and .txt.

    Raises:
        InputError: no such folder or file, or two files of one name.
    """
    key: Key = ("resources", "panels")
    if isinstance(given, str):
        if not Path(given).is_dir():
            raise document.error(f"no folder {given!r}", key, "give a folder of panel files, or a list of files")
        files = {path: key for path in sorted(Path(given).iterdir()) if path.name.endswith(_ENDINGS)}
    else:
        files = {Path(path): (*key, number) for number, path in enumerate(given)}
    named: dict[str, Path] = {}
    for path, place in files.items():
        if not path.is_file():
            raise document.error(f"no panel file {str(path)!r}", place, "correct the path")
        other = named.setdefault(_name(path), path)
        if other != path:
            raise document.error(f"{path} and {other} have the same panel name", place, "rename one of them")
    return named


def resolve_panel(document: Document, number: int, given: str, folder: Path, named: Mapping[str, Path]) -> Path:
    """The file of a panel that a case file gives as a name of `resources.panels`, or as a path from its own folder.

    `NAME@VERSION` asks for that version of it.

    Raises:
        InputError: no such panel, another version, or one that is broken or has no gene; names the case file and the place.
    """
    key = ("panels", number)
    name, _, version = given.rpartition("@") if "@" in given else (given, "", "")
    path = named.get(name) or folder / name
    if not path.is_file():
        raise document.error(f"no panel {name!r}", key, nearest(name, named))
    found = _read(path)
    if isinstance(found, NeotriageError):
        place = path if found.row is None else f"{path}, line {found.row}"
        raise document.error(f"panel {given!r}: {place}: {found.problem}", key, found.fix or "correct the panel")
    if version and found != version:
        raise document.error(f"panel {name!r} is version {found or 'not stated'} here", key, f"fetch version {version}")
    return path


def _name(path: Path) -> str:
    name = path.name
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name


@cache
def _read(path: Path) -> NeotriageError | str:
    """The panel's version, or what is wrong with it."""
    # reading panels takes numpy, which the Snakefile need not load before a case names a panel
    from neotriage.panels import read_panel

    try:
        return read_panel(path).version
    except NeotriageError as error:
        return error
