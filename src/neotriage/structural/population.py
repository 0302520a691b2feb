"""How often structural changes like one are seen in a population file: sites VCF as gnomAD's SV release lays it out.

Alike: the same SVTYPE and a reciprocal overlap of half or more (as gnomAD-SV compares its own with other sets, Collins et al.
2020, Nature 581:444); an insertion within 100 bp, since its length is often not known. Of several the highest frequency counts.
gnomAD's `CNV` (multiallelic) and `CPX` sites are held against deletions and duplications by place alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysam

from neotriage.errors import ResourceError
from neotriage.schema import Kind
from neotriage.structural.overlap import reciprocal_overlap
from neotriage.structural.records import Record

__all__ = ["PopulationRecord", "StructuralPopulation", "open_population"]

_LEAST_OVERLAP = 0.5
_INSERTION_BP = 100
_COPY_NUMBER = frozenset({Kind.DELETION, Kind.DUPLICATION})


@dataclass(frozen=True)
class PopulationRecord:
    """What the source has of a change: highest frequency of its fields, homozygous persons (-1 not counted), its id."""

    allele_frequency: float
    homozygotes: int
    identifier: str


class StructuralPopulation:
    """An opened source of structural frequencies."""

    def __init__(self, name: str, path: Path, file: pysam.VariantFile, frequencies: Sequence[str], homozygotes: str) -> None:
        self.name = name
        self.path = path
        self._file = file
        self._frequencies = tuple(frequencies)
        self._homozygotes = homozygotes
        self._contigs = frozenset(str(name) for name in file.header.contigs)

    def covers(self, contig: str) -> bool:
        """Whether the source has the contig at all."""
        return contig in self._contigs

    def find(self, record: Record) -> PopulationRecord | None:
        """The most frequent change of the source that is alike, None if there is none."""
        if not self.covers(record.chrom) or record.kind in {Kind.BREAKEND, Kind.REPEAT}:
            return None
        start, end = record.span
        reach = _INSERTION_BP if record.kind is Kind.INSERTION else 0
        alike = [
            self._seen(other)
            for other in self._file.fetch(record.chrom, max(0, start - reach), end + reach)
            if _is_alike(record, other)
        ]
        return max(alike, key=lambda seen: (seen.allele_frequency, seen.identifier), default=None)

    def _seen(self, other: pysam.VariantRecord) -> PopulationRecord:
        values = [value for name in self._frequencies for value in _floats(other.info.get(name))]
        homozygotes = other.info.get(self._homozygotes) if self._homozygotes else None
        counts = _floats(homozygotes)
        return PopulationRecord(max(values, default=0.0), int(max(counts)) if counts else -1, other.id or "")


def _is_alike(record: Record, other: pysam.VariantRecord) -> bool:
    kind = str(other.info.get("SVTYPE", ""))
    if record.kind is Kind.INSERTION:
        return kind.startswith("INS") and abs(other.pos - 1 - record.position) <= _INSERTION_BP
    is_same = kind == record.kind.value or (kind in {"CNV", "MCNV"} and record.kind in _COPY_NUMBER)
    return is_same and reciprocal_overlap(record.span, (other.pos, other.stop)) >= _LEAST_OVERLAP


def _floats(value: Any) -> list[float]:
    values = value if isinstance(value, tuple) else (value,)
    return [float(one) for one in values if one is not None and not math.isnan(one)]


def open_population(name: str, path: Path, frequencies: Sequence[str], homozygotes: str = "") -> StructuralPopulation:
    """Open a source.

    Args:
        name: what the report calls it.
        path: bgzipped, indexed VCF.
        frequencies: INFO fields of allele frequency; the highest counts.
        homozygotes: INFO field with the count of homozygous persons, '' none.

    Raises:
        ResourceError: no such file, no index, or a field that its header does not declare.
    """
    try:
        file = pysam.VariantFile(str(path))
    except (OSError, ValueError) as error:
        raise ResourceError(
            f"not a VCF ({error})", file=path, fix="give gnomAD's SV sites VCF, or one laid out like it"
        ) from None
    if file.index is None:
        raise ResourceError("has no index", file=path, fix=f"run tabix -p vcf {path}")
    for field in (*frequencies, *([homozygotes] if homozygotes else []), "SVTYPE"):
        if field not in file.header.info:
            raise ResourceError(f"declares no INFO {field}", file=path, fix="name the fields as the file's header has them")
    return StructuralPopulation(name, path, file, frequencies, homozygotes)
