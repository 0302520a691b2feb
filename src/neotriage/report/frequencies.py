"""How often each shown variant is seen in each population, with counts, looked up in the frequency sources themselves.

The store that the pipeline filters with keeps the highest frequency alone; a report has few variants, so they are looked up
where the populations stand. Field names are gnomAD's: the count and number beside `AF_nfe` are `AC_nfe` and `AN_nfe`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pysam

from neotriage.alleles import trimmed
from neotriage.store.building import Source

__all__ = ["Populations"]

_MAIN = re.compile(r"AF(_joint)?(_(afr|ami|amr|asj|eas|fin|mid|nfe|oth|remaining|sas))?")


class Populations:
    """The frequency sources, opened. `not_indexed` names those that cannot be looked up: no index lies beside their file."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._files: list[tuple[Source, pysam.VariantFile]] = []
        self.not_indexed: list[str] = []
        for source in sources:
            opened = [pysam.VariantFile(str(path)) for path in source.files]
            if all(file.index is not None for file in opened):
                self._files += [(source, file) for file in opened]
            else:
                self.not_indexed.append(source.name)

    def __call__(self, chrom: str, position: int, ref: str, alt: str) -> list[dict[str, Any]]:
        """The populations that an allele was looked for in: source, population, frequency, count and number; null is not known.

        A source without a record of the allele gives one row, of which all figures are null: not seen there.

        Args:
            chrom: contig.
            position: 1-based position.
            ref: reference allele.
            alt: alternate allele.
        """
        wanted = trimmed(position, ref, alt)
        by_source: dict[str, list[dict[str, Any]]] = {}
        for source, opened in self._files:
            rows = by_source.setdefault(source.name, [])
            if chrom in opened.header.contigs:
                for record in opened.fetch(chrom, max(0, wanted[0] - 2), wanted[0] + len(wanted[1])):
                    for place, other in enumerate(record.alts or ()):
                        if trimmed(record.pos, record.ref or "", other) == wanted:
                            rows += _rows(source, opened, record, place)
        return [row for name, rows in by_source.items() for row in rows or [_unseen(name)]]


def _unseen(source: str) -> dict[str, Any]:
    return {"source": source, "population": None, "frequency": None, "count": None, "number": None}


def _rows(source: Source, opened: pysam.VariantFile, record: pysam.VariantRecord, place: int) -> Iterator[dict[str, Any]]:
    declared = list(opened.header.info.keys())

    def value(field: str) -> float | None:
        return _figure(record.info.get(field), place) if field in declared else None

    asked = source.frequencies or tuple(name for name in declared if _MAIN.fullmatch(name))
    for name in dict.fromkeys(("AF", *asked)):
        if name in declared:
            count, number = (value(name.replace("AF", field, 1)) if name.startswith("AF") else None for field in ("AC", "AN"))
            yield {
                "source": source.name,
                "population": name.removeprefix("AF").strip("_") or "all",
                "frequency": value(name),
                "count": None if count is None else int(count),
                "number": None if number is None else int(number),
            }


def _figure(value: Any, place: int) -> float | None:
    one = value[place if len(value) > 1 else 0] if isinstance(value, tuple) else value
    return None if one is None or math.isnan(one) else round(float(one), 8)
