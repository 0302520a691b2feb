"""HPO's disease annotations `phenotype.hpoa` and the gene-to-disease links of `genes_to_phenotype.txt`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from neotriage.errors import FormatError

__all__ = ["Annotation", "Link", "frequency_of", "pooled_frequency", "read_annotations", "read_links"]

_COLUMNS = ("database_id", "disease_name", "qualifier", "hpo_id", "reference", "onset", "frequency", "aspect")
_LINK_COLUMNS = ("gene_symbol", "disease_id")

# Middle of the range that HPO's frequency terms name (HP:0040279 and below).
_FREQUENCY_TERMS = {
    "HP:0040280": 1.0,
    "HP:0040281": 0.895,
    "HP:0040282": 0.545,
    "HP:0040283": 0.17,
    "HP:0040284": 0.025,
    "HP:0040285": 0.0,
}
_UNSTATED = 0.7
_SMOOTHED_HITS = 0.4
_COUNTS = re.compile(r"(\d+)/(\d+)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")


@dataclass(frozen=True, slots=True)
class Annotation:
    """One row of `phenotype.hpoa`.

    Attributes:
        affected, examined: n of n/m; -1 where the frequency is no count.
        stated: frequency as a term or percentage, 0 to 1; NaN where it is a count or missing.
    """

    disease: str
    disease_name: str
    is_negated: bool
    term: str
    reference: str
    onset: str
    aspect: str
    affected: int = -1
    examined: int = -1
    stated: float = float("nan")


@dataclass(frozen=True, slots=True)
class Link:
    """A gene, by symbol, and a disease that it causes."""

    gene: str
    disease: str


def read_annotations(path: Path) -> list[Annotation]:
    """The rows of `phenotype.hpoa`, in file order.

    Raises:
        FormatError: a column is missing or a frequency is none of n/m, a percentage and a frequency term.
    """
    table = _read(path, _COLUMNS, comment="#")
    first = _comment_lines(path) + 2
    known: dict[str, tuple[int, int, float]] = {}
    rows = []
    for i, (disease, name, qualifier, term, reference, onset, frequency, aspect) in enumerate(table.iter_rows(), first):
        if frequency not in known:
            known[frequency] = frequency_of(frequency, path, i)
        if qualifier not in ("", "NOT"):
            raise FormatError(f"qualifier {qualifier!r}", file=path, row=i, column="qualifier", fix="use NOT or nothing")
        rows.append(Annotation(disease, name, qualifier == "NOT", term, reference, onset, aspect, *known[frequency]))
    return rows


def read_links(path: Path) -> list[Link]:
    """The distinct gene-disease pairs of `genes_to_phenotype.txt`, sorted.

    Raises:
        FormatError: a column is missing.
    """
    pairs = _read(path, _LINK_COLUMNS).unique().sort(_LINK_COLUMNS)
    return [Link(gene, disease) for gene, disease in pairs.iter_rows() if gene not in ("", "-")]


def frequency_of(text: str, path: Path | str = "", row: int = 0) -> tuple[int, int, float]:
    """Affected, examined, stated share of a frequency as hpoa words it; (-1, -1, NaN) where it is empty.

    Raises:
        FormatError: neither n/m nor a percentage nor a frequency term.
    """
    if text == "":
        return -1, -1, float("nan")
    if text in _FREQUENCY_TERMS:
        return -1, -1, _FREQUENCY_TERMS[text]
    counts = _COUNTS.fullmatch(text)
    if counts and int(counts[1]) <= int(counts[2]) and int(counts[2]) > 0:
        return int(counts[1]), int(counts[2]), float("nan")
    percent = _PERCENT.fullmatch(text)
    if percent and float(percent[1]) <= 100.0:
        return -1, -1, float(percent[1]) / 100.0
    raise FormatError(f"frequency {text!r}", file=path, row=row, column="frequency", fix="give n/m, a percentage or HP:004028x")


def pooled_frequency(rows: Sequence[Annotation]) -> float:
    """Share of a disease's patients with a term, from all its rows for that term; 0 where none was affected.

    Counts are added up and smoothed as (n + 0.4) / (m + 1); without counts the highest stated share; without either 0.7.
    """
    examined = sum(r.examined for r in rows if r.examined > 0)
    affected = sum(r.affected for r in rows if r.examined > 0)
    stated = [r.stated for r in rows if r.stated == r.stated]
    if examined > 0:
        share = (affected + _SMOOTHED_HITS) / (examined + 1.0) if affected > 0 else 0.0
        return max([share, *stated]) if affected == 0 else share
    return max(stated) if stated else _UNSTATED


def _comment_lines(path: Path) -> int:
    with path.open(encoding="utf-8") as lines:
        return sum(1 for _ in itertools.takewhile(lambda line: line.startswith("#"), lines))


def _read(path: Path, columns: Sequence[str], comment: str | None = None) -> pl.DataFrame:
    try:
        table = pl.read_csv(path, separator="\t", comment_prefix=comment, quote_char=None, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FormatError(f"not a tab-separated table ({error})", file=path, fix="fetch the file again") from None
    lacking = [c for c in columns if c not in table.columns]
    if lacking:
        raise FormatError(f"no column {', '.join(lacking)}", file=path, row=1, fix="give HPO's own file")
    return table.select(columns).fill_null("")
