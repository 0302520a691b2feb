"""The stored families of a results folder: which tables are there, and which sources they were judged by. Read only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from neotriage.case import Case, read_case
from neotriage.errors import FormatError, InputError

__all__ = ["NotJudged", "Stored", "find_families"]

_NEEDED = (
    "table/variants.parquet",
    "table/survivors.vcf.gz",
    "annotate/consequences.parquet",
    "annotate/annotations.parquet",
    "inheritance/hits.parquet",
    "evidence/classes.parquet",
    "rank/candidates.parquet",
    "rank/summary.json",
    "report/provenance.json",
)


@dataclass(frozen=True)
class Stored:
    """One stored family; `folder` is its folder in the results."""

    name: str
    folder: Path

    @cached_property
    def case(self) -> Case:
        """The case that the stages read: without those whom the genotypes refuted."""
        confirmed = self.folder / "qc" / "case.json"
        return read_case(confirmed if confirmed.is_file() else self.folder / "inputs" / "case.json")

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """rank/summary.json."""
        return _json(self.folder / "rank" / "summary.json")

    @cached_property
    def provenance(self) -> Mapping[str, Any]:
        """report/provenance.json."""
        return _json(self.folder / "report" / "provenance.json")

    def source(self, name: str) -> Mapping[str, Any]:
        """The record of a shared file (sha256, stated …); empty where the family was judged without it."""
        return next((record for record in self.provenance.get("resources", ()) if record["name"] == name), {})

    @property
    def panels(self) -> Sequence[Mapping[str, Any]]:
        """Name, version and sha256 of the panels as applied."""
        panels: Sequence[Mapping[str, Any]] = self.summary.get("panels", ())
        return panels

    def optional(self, path: str) -> Path | None:
        """A file of the family that it may lack."""
        return self.folder / path if (self.folder / path).is_file() else None


@dataclass(frozen=True)
class NotJudged:
    """A family that could not be held against newer sources, and why."""

    family: str
    reason: str


def find_families(results: Path, names: Sequence[str] = ()) -> tuple[list[Stored], list[NotJudged]]:
    """The finished families of a results folder, by name, and those that lack a table; only those named, if any are.

    Raises:
        InputError: no such folder or family.
    """
    if not results.is_dir():
        raise InputError(f"no results folder {results}", fix="name the config's outdir")
    there = {folder.name: folder for folder in sorted(results.iterdir()) if (folder / "rank").is_dir()}
    for name in names:
        if name not in there:
            raise InputError(f"no finished family {name!r}", file=results, fix=f"it has {', '.join(there) or 'none'}")
    chosen = {name: folder for name, folder in there.items() if not names or name in names}
    if not chosen:
        raise InputError("no finished family", file=results, fix="name the config's outdir")
    lacking = {name: [path for path in _NEEDED if not (folder / path).is_file()] for name, folder in chosen.items()}
    whole = [Stored(name, folder) for name, folder in chosen.items() if not lacking[name]]
    return whole, [NotJudged(name, f"lacks {paths[0]}. Fix: finish its run") for name, paths in lacking.items() if paths]


def _json(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise FormatError(f"cannot be read ({error})", file=path, fix="finish the family's run") from None
    return values
