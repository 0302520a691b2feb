"""Transcripts as columns over the text of a GFF3: an object is made when it is asked for."""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

from neotriage.gene_models.intervals import Int32, Int64, expand
from neotriage.gene_models.records import Interval, Transcript

__all__ = ["Parts", "Transcripts"]


@dataclass(frozen=True)
class Parts:
    """Spans of transcripts: (parts,) starts and ends, int64 (transcripts + 1,) where those of each transcript begin."""

    starts: npt.NDArray[Any]
    ends: npt.NDArray[Any]
    bounds: Int64

    def of(self, row: int) -> tuple[Interval, ...]:
        """The parts of one transcript."""
        part = slice(self.bounds[row], self.bounds[row + 1])
        return tuple(zip(self.starts[part].tolist(), self.ends[part].tolist(), strict=True))

    def take(self, rows: Int64) -> Parts:
        """The parts of these transcripts."""
        part, _ = expand(self.bounds[rows], self.bounds[rows + 1])
        lengths = self.bounds[rows + 1] - self.bounds[rows]
        return Parts(self.starts[part], self.ends[part], np.append(0, np.cumsum(lengths)))


@dataclass(frozen=True, eq=False)
class Transcripts(Sequence[Transcript]):
    """Transcripts as columns, each made an object when it is asked for: a stage wants few of them.

    Attributes:
        text: the GFF3.
        ids: id of each, without version.
        genes: int32 (transcripts,), place of the gene.
        lines: int64 (transcripts, 3): start and stop of the attributes in the text, the strand's byte.
        exons, cds: their places, int32, sorted by position.
        parts: the lines of parts that may name the protein, int64, where in the text.
    """

    text: bytes | mmap.mmap
    ids: Sequence[str]
    genes: Int32
    lines: Int64
    exons: Parts
    cds: Parts
    parts: Parts

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, row: int) -> Transcript: ...
    @overload
    def __getitem__(self, row: slice) -> list[Transcript]: ...
    def __getitem__(self, row: int | slice) -> Transcript | list[Transcript]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        stable, place = self.ids[row], row % len(self)
        start, stop, strand = self.lines[row].tolist()
        attributes = _attributes(self.text[start:stop].decode())
        return Transcript(
            _versioned(stable, attributes),
            stable,
            int(self.genes[row]),
            attributes.get("refseq", ""),
            "MANE_Select" in attributes.get("tag", "").split(","),
            attributes.get("biotype", ""),
            chr(strand),
            self.exons.of(place),
            self.cds.of(place),
            self._protein(place),
        )

    def _protein(self, row: int) -> str:
        for start, stop in self.parts.of(row):
            line = self.text[start:stop].decode()
            if "protein_id=" in line:
                return _protein_id(_attributes(line.rpartition("\t")[2]))
        return ""

    def take(self, rows: Int64, genes: Int32) -> Transcripts:
        """These transcripts, with these places of their genes."""
        ids, lines = [self.ids[row] for row in rows.tolist()], self.lines[rows]
        return Transcripts(self.text, ids, genes, lines, *(parts.take(rows) for parts in (self.exons, self.cds, self.parts)))


def _attributes(text: str) -> dict[str, str]:
    pairs = (part.split("=", 1) for part in text.split(";") if "=" in part)
    return {key.strip(): unquote(value) if "%" in value else value for key, value in pairs}


def _versioned(stable: str, attributes: Mapping[str, str]) -> str:
    """The id with version: Ensembl writes `version=2`, the MANE files `transcript_id=ENST….2`."""
    given = attributes.get("transcript_id", "")
    if given.startswith(f"{stable}."):
        return given
    return f"{stable}.{attributes['version']}" if "version" in attributes else stable


def _protein_id(attributes: Mapping[str, str]) -> str:
    """The protein's id with version: Ensembl writes `version=2` beside it, the MANE files put it behind the dot."""
    given, version = attributes["protein_id"], attributes.get("version", "")
    return f"{given}.{version}" if version and "." not in given else given
