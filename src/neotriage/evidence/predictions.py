"""An optional table of predictors' scores by exact allele.

Tab-separated with the header chrom, position (1-based), ref, alt, predictor, score. MitoTIP's score is its
percentile as a share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from neotriage.errors import BuildError, FormatError
from neotriage.evidence.protein import MITOCHONDRIAL_PREDICTORS, PREDICTORS
from neotriage.genome import Build

__all__ = ["Predictions", "read_predictions"]

_HEADER = ("chrom", "position", "ref", "alt", "predictor", "score")
_SPLICE = "SpliceAI"
_KNOWN = (*PREDICTORS, *MITOCHONDRIAL_PREDICTORS)

Allele = tuple[str, int, str, str]
Score = tuple[str, float]


@dataclass(frozen=True)
class Predictions:
    """Scores of alleles (chrom, 0-based position, ref, alt) by predictor."""

    by_allele: Mapping[Allele, Mapping[str, float]]

    def scores(self, chrom: str, position: int, ref: str, alt: str) -> tuple[Score | None, Score | None]:
        """(missense predictor, score) and (splice predictor, score) of an allele, None where the table has none.

        Of two missense predictors REVEL speaks, being the one calibrated in the publication that sets the levels.
        """
        found = self.by_allele.get((chrom, position, ref, alt), {})
        missense = next(((name, found[name]) for name in PREDICTORS if name in found and name != _SPLICE), None)
        return missense, ((_SPLICE, found[_SPLICE]) if _SPLICE in found else None)

    def mitochondrial(self, chrom: str, position: int, ref: str, alt: str) -> dict[str, float]:
        """Scores of the mitochondrial predictors for an allele, by predictor."""
        found = self.by_allele.get((chrom, position, ref, alt), {})
        return {name: found[name] for name in MITOCHONDRIAL_PREDICTORS if name in found}

    def is_silent(self, alleles: Iterable[Allele]) -> bool:
        """Whether there are scores, and none for any of these alleles."""
        return bool(self.by_allele) and not any(allele in self.by_allele for allele in alleles)


def read_predictions(path: Path | None, build: Build) -> Predictions:
    """The table's scores; an empty one if no table is given.

    Raises:
        FormatError: another header, an unknown predictor, a score that is not in 0 to 1, or no row.
        BuildError: a contig that the build does not have.
    """
    if path is None:
        return Predictions({})
    lines = path.read_text().splitlines()
    if not lines or tuple(lines[0].split("\t")) != _HEADER:
        raise FormatError(f"the header is not {', '.join(_HEADER)}", file=path, row=1, fix="head the columns so, tab-separated")
    scores: dict[Allele, dict[str, float]] = {}
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split("\t")
        if len(fields) != len(_HEADER) or not fields[1].isdigit():
            raise FormatError("not a row of the table", file=path, row=number, fix="give six tab-separated fields")
        chrom, position, ref, alt, predictor, score = fields
        if chrom not in build.by_name:
            raise BuildError(f"contig {chrom!r} is not in {build.name}", file=path, row=number, fix="rename the contigs")
        if predictor not in _KNOWN:
            known = ", ".join(_KNOWN)
            raise FormatError(
                f"unknown predictor {predictor!r}", file=path, row=number, column="predictor", fix=f"use one of {known}"
            )
        scores.setdefault((chrom, int(position) - 1, ref, alt), {})[predictor] = _score(score, path, number)
    if not scores:
        raise FormatError("holds no score", file=path, fix="give a table with rows, or none")
    return Predictions(scores)


def _score(text: str, path: Path, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise FormatError(f"score {text!r} is not from 0 to 1", file=path, row=number, column="score", fix="mend the row")
    return value
