"""Chromosomes by depth: copies of each contig of one person, autosomes and X and Y, with what share of cells could be seen.

Reads are counted in windows over each contig (`copies.windows`), held against the median of the autosomes' windows of like GC
content; a contig's copies are the median over its windows. The scatter of a contig is that of its windows, and no less than the
scatter between the autosomes themselves. Its number of copies is whole if that is within four of these, or within 0.1 copies
(a third copy in 10 % of cells); else it lies between the two numbers, as in a mosaic. Triploidy, which changes all contigs
alike, and balanced changes do not show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pysam

from neotriage.copies.windows import Window, count_starts, lay_windows
from neotriage.genome import Build, ContigKind
from neotriage.pedigree import Sex

__all__ = ["ContigCopies", "contig_copies", "copies_by_contig", "count_contigs", "karyotype", "window_copies"]

_WINDOWS = 150
_LENGTH = 2000
_LEAST_WINDOWS = 20
_LEAST_AUTOSOMES = 3
_LEAST_READS = 20  # of the median autosomal window
_GC_STEPS = 10
_LEAST_OF_STEP = 20
_LIMIT = 4.0
_LEAST_SHIFT = 0.05

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ContigCopies:
    """Copies of a contig, its scatter (one standard error), and the least share of cells with one copy more or less that shows.

    `whole` is the whole number of copies, None where it lies between two or is not assessed; `reason` says why not.
    """

    contig: str
    kind: ContigKind
    copies: float
    error: float
    whole: int | None
    reason: str

    @property
    def least_mosaic(self) -> float:
        """Least share of cells with another number of copies that would show."""
        return max(_LIMIT * self.error, 2 * _LEAST_SHIFT)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        is_measured = not np.isnan(self.copies)
        return {
            "contig": self.contig,
            "copies": round(self.copies, 3) if is_measured else None,
            "error": round(self.error, 3) if is_measured else None,
            "whole": self.whole,
            "least_mosaic": round(self.least_mosaic, 2) if is_measured else None,
            "reason": self.reason,
        }


def count_contigs(
    reads: pysam.AlignmentFile, fasta: pysam.FastaFile, build: Build
) -> tuple[list[Window], npt.NDArray[np.int64]]:
    """Windows over autosomes, X and Y, and the reads that begin in each, int64 (windows,)."""
    kinds = {ContigKind.AUTOSOME, ContigKind.X, ContigKind.Y}
    windows = [
        window
        for contig in build.contigs
        if contig.kind in kinds
        for window in lay_windows(fasta, contig, build, count=_WINDOWS, length=_LENGTH)
    ]
    return windows, count_starts(reads, [(w.contig, w.start, w.end) for w in windows])


def window_copies(windows: Sequence[Window], counts: npt.NDArray[np.int64], build: Build) -> Float:
    """Copies by each window's own count, float64 (windows,): twice its reads over what autosomal windows of its GC have."""
    is_autosome = np.array([build.kind(w.contig) is ContigKind.AUTOSOME for w in windows], np.bool_)
    gc = np.array([w.gc for w in windows])
    expected = np.full(len(windows), np.median(counts[is_autosome]) if is_autosome.any() else np.nan)
    if is_autosome.sum() >= _GC_STEPS * _LEAST_OF_STEP:
        edges = np.quantile(gc[is_autosome], np.linspace(0, 1, _GC_STEPS + 1))
        steps = np.clip(np.searchsorted(edges, gc, "right") - 1, 0, _GC_STEPS - 1)
        for step in range(_GC_STEPS):
            of = counts[is_autosome & (steps == step)]
            if len(of) >= _LEAST_OF_STEP:
                expected[steps == step] = np.median(of)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2.0 * counts / expected, np.float64)


def copies_by_contig(windows: Sequence[Window], counts: npt.NDArray[np.int64], build: Build) -> list[ContigCopies]:
    """Copies of each contig that has windows, in the build's order."""
    copies = window_copies(windows, counts, build)
    names = np.array([w.contig for w in windows])
    of_autosomes = [
        c.name for c in build.contigs if c.kind is ContigKind.AUTOSOME and np.sum(names == c.name) >= _LEAST_WINDOWS
    ]
    median = float(np.median(counts[np.isin(names, of_autosomes)])) if of_autosomes else 0.0
    if len(of_autosomes) < _LEAST_AUTOSOMES or median < _LEAST_READS:
        reason = (
            f"{len(of_autosomes)} autosomes with {_LEAST_WINDOWS} windows, {_LEAST_AUTOSOMES} are asked for"
            if len(of_autosomes) < _LEAST_AUTOSOMES
            else f"{median:.0f} reads in the median window, {_LEAST_READS} are asked for"
        )
        nan = float("nan")
        return [ContigCopies(n, build.kind(n), nan, nan, None, reason) for n in dict.fromkeys(names.tolist())]
    medians = {name: float(np.median(copies[names == name])) for name in dict.fromkeys(names.tolist())}
    centre = float(np.median([medians[name] for name in of_autosomes]))
    between = 1.4826 * float(np.median([abs(medians[name] - centre) for name in of_autosomes]))
    return [
        contig_copies(name, build.kind(name), 2 * copies[names == name] / centre, between)
        for name in dict.fromkeys(names.tolist())
    ]


def contig_copies(name: str, kind: ContigKind, copies: Float, between: float) -> ContigCopies:
    """Copies of one contig from those of its windows, float64 (windows,), and the scatter between autosomes."""
    if len(copies) < _LEAST_WINDOWS:
        nan = float("nan")
        return ContigCopies(name, kind, nan, nan, None, f"{len(copies)} windows, {_LEAST_WINDOWS} are asked for")
    median = float(np.median(copies))
    within = 1.4826 * float(np.median(np.abs(copies - median))) * 1.2533 / sqrt(len(copies))
    error = max(within, between)
    whole = round(median)
    is_whole = abs(median - whole) <= max(_LIMIT * error, 2 * _LEAST_SHIFT) and _LIMIT * error < 0.5
    reason = (
        "" if is_whole else "too uneven to tell" if _LIMIT * error >= 0.5 else "between two whole numbers of copies: mosaic"
    )
    return ContigCopies(name, kind, median, error, whole if is_whole else None, reason)


def karyotype(copies: Mapping[ContigKind, ContigCopies], sex: Sex) -> tuple[str, bool]:
    """The sex chromosomes in words, and whether they are unusual or not those of the sex stated; '' not told."""
    x, y = copies.get(ContigKind.X), copies.get(ContigKind.Y)
    if x is None or y is None or np.isnan(x.copies) or np.isnan(y.copies):
        return "", False
    if x.whole is None or y.whole is None:
        return f"mosaic or unclear: {x.copies:.2f} copies of X, {y.copies:.2f} of Y", "mosaic" in x.reason + y.reason
    letters = "X" * x.whole + "Y" * y.whole
    number = 44 + len(letters)
    name = f"{number},{letters or '0'}"
    usual = {Sex.MALE: {"XY"}, Sex.FEMALE: {"XX"}, Sex.UNKNOWN: {"XX", "XY"}}[sex]
    return name, letters not in usual
