"""The always-look list: places whose variants stay whatever the filters say, and that the report names even when empty.

An entry is an exact allele (`position`), an interval (`region`), or a whole gene (`gene`) by its symbol in the gene models.
Entries hold for the build they name; a gene entry (`*`) for any build whose gene models have the gene.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neotriage.errors import BuildError, InputError
from neotriage.gene_models import GeneModels
from neotriage.genome import Build
from neotriage.home import resource

__all__ = ["AlwaysLook", "AlwaysLookEntry", "EntryKind", "read_always_look"]

_COLUMNS = ("build", "kind", "contig", "start", "end", "ref", "alt", "gene", "title", "source")
_ANY_BUILD = "*"
_NONE = "."


class EntryKind(StrEnum):
    """What an entry points at."""

    POSITION = "position"
    REGION = "region"
    GENE = "gene"


@dataclass(frozen=True)
class AlwaysLookEntry:
    """One entry. Coordinates 0-based half-open, -1 and '' for a gene that was not found; ref and alt only for an allele."""

    kind: EntryKind
    contig: str
    start: int
    end: int
    ref: str
    alt: str
    gene: str
    title: str
    source: str


@dataclass(frozen=True)
class AlwaysLook:
    """The entries that apply, with their places, and those whose gene the gene models lack: these are not looked at."""

    entries: tuple[AlwaysLookEntry, ...]
    not_looked_at: tuple[AlwaysLookEntry, ...]

    def entry_of(
        self, contig: str, positions: npt.NDArray[np.int32], refs: Sequence[str], alts: Sequence[str]
    ) -> npt.NDArray[np.int32]:
        """The first entry that each allele falls under, int32 (alleles,), place in `entries`, -1 none."""
        found = np.full(len(positions), -1, np.int32)
        here = [(number, entry) for number, entry in enumerate(self.entries) if entry.contig == contig]
        if not here:
            return found
        ends = positions + np.array([len(ref) for ref in refs], np.int32)
        for number, entry in reversed(here):
            for row in np.flatnonzero((positions < entry.end) & (ends > entry.start)).tolist():
                if _is_allele(entry, int(positions[row]), refs[row], alts[row]):
                    found[row] = number
        return found


def read_always_look(build: Build, gene_models: GeneModels, path: Path | None = None) -> AlwaysLook:
    """The entries for a build; the bundled list (resources/always_look.tsv) unless a path is given.

    Raises:
        InputError: a column, kind or coordinate that cannot be.
        BuildError: a contig that the named build lacks.
    """
    path = path or resource("always_look.tsv")
    entries: list[AlwaysLookEntry] = []
    absent: list[AlwaysLookEntry] = []
    for number, row in _rows(path):
        if row["build"] not in {_ANY_BUILD, build.name}:
            continue
        entry = _entry(row, path, number)
        if entry.kind is EntryKind.GENE:
            places = gene_models.by_symbol.get(entry.gene, ())
            genes = [gene_models.genes[place] for place in places]
            entries.extend(replace(entry, contig=gene.contig, start=gene.start, end=gene.end) for gene in genes)
            absent.extend([] if genes else [entry])
        else:
            _check_place(entry, build, path, number)
            entries.append(entry)
    return AlwaysLook(tuple(entries), tuple(absent))


def _is_allele(entry: AlwaysLookEntry, position: int, ref: str, alt: str) -> bool:
    return entry.kind is not EntryKind.POSITION or (position, ref, alt) == (entry.start, entry.ref, entry.alt)


def _rows(path: Path) -> list[tuple[int, Mapping[str, str]]]:
    try:
        lines = [line.split("\t") for line in path.read_text().splitlines()]
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path, fix="give the path of an always-look list") from None
    if not lines or tuple(lines[0]) != _COLUMNS:
        raise InputError("not an always-look list", file=path, row=1, fix=f"head it with the columns {', '.join(_COLUMNS)}")
    for number, fields in enumerate(lines[1:], start=2):
        if len(fields) != len(_COLUMNS):
            raise InputError(f"{len(fields)} fields under {len(_COLUMNS)} columns", file=path, row=number, fix="mend the row")
    return [(n, dict(zip(_COLUMNS, fields, strict=True))) for n, fields in enumerate(lines[1:], start=2)]


def _entry(row: Mapping[str, str], path: Path, number: int) -> AlwaysLookEntry:
    kinds = ", ".join(EntryKind)
    if row["kind"] not in set(EntryKind):
        raise InputError(f"unknown kind {row['kind']!r}", file=path, row=number, column="kind", fix=f"use one of {kinds}")
    kind = EntryKind(row["kind"])
    if not row["source"]:
        raise InputError("no source", file=path, row=number, column="source", fix="name where the entry comes from")
    start, end = -1, -1
    if kind is not EntryKind.GENE:
        start, end = _coordinate(row, "start", path, number) - 1, _coordinate(row, "end", path, number)
    text = {key: "" if row[key] == _NONE else row[key] for key in ("contig", "ref", "alt", "gene")}
    if kind is EntryKind.POSITION and (not text["alt"] or end - start != len(text["ref"])):
        raise InputError("ref and alt do not fit start and end", file=path, row=number, fix="give the exact allele as in a VCF")
    if kind is EntryKind.GENE and not text["gene"]:
        raise InputError("no gene", file=path, row=number, column="gene", fix="give its symbol")
    return AlwaysLookEntry(kind, start=start, end=end, title=row["title"], source=row["source"], **text)


def _coordinate(row: Mapping[str, str], column: str, path: Path, number: int) -> int:
    if not row[column].isdigit() or int(row[column]) < 1:
        raise InputError(f"{row[column]!r} is no position", file=path, row=number, column=column, fix="give a 1-based position")
    return int(row[column])


def _check_place(entry: AlwaysLookEntry, build: Build, path: Path, number: int) -> None:
    contig = build.by_name.get(entry.contig)
    if contig is None or not entry.start < entry.end <= contig.length:
        raise BuildError(
            f"{entry.contig}:{entry.start + 1}-{entry.end} is not in build {build.name}",
            file=path,
            row=number,
            fix="correct the entry's build or coordinates",
        )
