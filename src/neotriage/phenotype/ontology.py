"""HPO's ontology file `hp.obo`: terms, their ancestors, and where old ids went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neotriage.errors import FormatError

__all__ = ["PHENOTYPIC_ABNORMALITY", "Ontology", "read_ontology"]

PHENOTYPIC_ABNORMALITY = "HP:0000118"


@dataclass(frozen=True)
class Ontology:
    """Terms in order of id, with the closure of `is_a`.

    Attributes:
        release: the file's data-version, as written.
        ids, names: one per term in use.
        ancestor_start, ancestor: CSR int32 of each term's ancestors, itself first.
        replaced: old id -> id in use (alt_id, replaced_by).
        retired: obsolete id without a replacement -> ids that HPO says to consider.
    """

    release: str
    ids: tuple[str, ...]
    names: tuple[str, ...]
    ancestor_start: np.ndarray
    ancestor: np.ndarray
    replaced: Mapping[str, str]
    retired: Mapping[str, tuple[str, ...]]


def read_ontology(path: Path) -> Ontology:
    """Read `hp.obo`.

    Raises:
        FormatError: not HPO's obo file, a parent that is no term, or a loop.
    """
    header, stanzas = _stanzas(path)
    live = {s["id"][0]: s for s in stanzas if "is_obsolete" not in s}
    if PHENOTYPIC_ABNORMALITY not in live:
        raise FormatError("holds no term HP:0000118", file=path, fix="give HPO's hp.obo")
    replaced = {old: term for term, s in live.items() for old in s.get("alt_id", [])}
    retired: dict[str, tuple[str, ...]] = {}
    for stanza in stanzas:
        if "is_obsolete" not in stanza:
            continue
        successors = [i for i in stanza.get("replaced_by", []) if i in live]
        if successors:
            replaced.setdefault(stanza["id"][0], successors[0])
        else:
            retired[stanza["id"][0]] = tuple(stanza.get("consider", []))
    ids = tuple(sorted(live))
    number = {term: i for i, term in enumerate(ids)}
    start, ancestor = _closure(path, [[_known(path, number, p) for p in live[t].get("is_a", [])] for t in ids])
    return Ontology(
        release=header.get("data-version", ""),
        ids=ids,
        names=tuple(live[t]["name"][0] for t in ids),
        ancestor_start=start,
        ancestor=ancestor,
        replaced={old: new for old, new in sorted(replaced.items()) if old not in number},
        retired=dict(sorted(retired.items())),
    )


def _stanzas(path: Path) -> tuple[dict[str, str], list[dict[str, list[str]]]]:
    header: dict[str, str] = {}
    stanzas: list[dict[str, list[str]]] = []
    current: dict[str, list[str]] | None = None
    for key, value in _tags(path):
        if key == "[Term]":
            current = {}
            stanzas.append(current)
        elif key.startswith("["):
            current = {}
        elif current is None:
            header.setdefault(key, value)
        else:
            current.setdefault(key, []).append(value)
    for stanza in stanzas:
        if not stanza.get("id") or not stanza.get("name"):
            raise FormatError(
                f"a term without id or name ({stanza.get('id', ['?'])[0]})", file=path, fix="fetch the file again"
            )
    return header, [s for s in stanzas if s["id"][0].startswith("HP:")]


def _tags(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("["):
                yield line.strip(), ""
            elif ": " in line:
                key, value = line.rstrip("\n").split(": ", 1)
                yield key, value.split(" ! ")[0].strip() if key in {"is_a", "replaced_by", "consider", "alt_id"} else value


def _known(path: Path, number: Mapping[str, int], term: str) -> int:
    term = term.split(" ", maxsplit=1)[0]
    if term not in number:
        raise FormatError(f"{term} is named as a parent and is no term", file=path, fix="fetch the file again")
    return number[term]


def _closure(path: Path, parents: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    above: list[frozenset[int] | None] = [None] * len(parents)
    for first in range(len(parents)):
        stack = [first]
        while stack:
            term = stack[-1]
            waiting = [p for p in parents[term] if above[p] is None]
            if len(stack) > len(parents):
                raise FormatError("is_a runs in a loop", file=path, fix="fetch the file again")
            if waiting:
                stack.append(waiting[0])
                continue
            stack.pop()
            above[term] = frozenset().union({term}, *(above[p] or () for p in parents[term]))
    rows = [[term, *sorted((above[term] or frozenset()) - {term})] for term in range(len(parents))]
    start = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int32)
    return start, np.array([a for row in rows for a in row], dtype=np.int32)
