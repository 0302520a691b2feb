"""Which panel file a case file means, and that it holds a gene."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from neotriage.errors import InputError
from neotriage.inputs.document import Document, Key
from neotriage.inputs.validation import nearest

__all__ = ["list_panels", "resolve_panel"]

_ENDINGS = (".gz", ".json", ".tsv", ".txt")


def list_panels(document: Document, given: str | list[str]) -> Mapping[str, Path]:
    """Panel name -> file, of the config's `resources.panels`: a folder's panel files, or those of a list.

    A panel's name is its file's name without .gz, .json, .tsv and .txt.

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

    Raises:
        InputError: no such panel, or one that is broken or has no gene; names the case file and the panel's place in it.
    """
    key = ("panels", number)
    path = named.get(given) or folder / given
    if not path.is_file():
        raise document.error(f"no panel {given!r}", key, nearest(given, named))
    problem = _problem(path)
    if problem is not None:
        raise document.error(f"panel {given!r}: {path}: {problem.problem}", key, problem.fix or "correct the panel")
    return path


def _name(path: Path) -> str:
    name = path.name
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name


@cache
def _problem(path: Path) -> InputError | None:
    # reading panels takes numpy, which the Snakefile need not load before a case names a panel
    from neotriage.panels import read_panel

    try:
        read_panel(path)
    except InputError as error:
        return error
    return None
