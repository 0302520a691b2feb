"""The bins that depth is measured in: exons as bins of their own, fixed ones between them, each with GC and mappability.

    an exon (of any transcript, overlapping ones joined) of 100 to 600 bp     one bin
    a shorter one                                                             100 bp around its middle
    a longer one                                                              parts of like size, at most 500 bp
    between exons                                                             parts of like size, at most 500; below 50 none

Written as BED with three more columns: 1 for an exon's bin, GC share, mappability (`nan` where not known).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from neotriage.calls.regions import Region
from neotriage.errors import FormatError
from neotriage.fasta import open_fasta
from neotriage.gene_models import GeneModels
from neotriage.genome import Build, ContigKind
from neotriage.kernels.depth import gc_fractions

__all__ = ["BINNED", "Bins", "make_bins", "read_bins", "write_bins"]

BINNED = frozenset({ContigKind.AUTOSOME, ContigKind.X, ContigKind.Y})

_FIXED_BP = 500
_LEAST_EXON_BP = 100
_MOST_EXON_BP = 600
_LEAST_BP = 50


@dataclass(frozen=True)
class Bins:
    """Bins in the build's order, arrays (bins,): contig, 0-based start, half-open end, whether an exon's, GC, mappability."""

    contig: npt.NDArray[np.str_]
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    is_exon: npt.NDArray[np.bool_]
    gc: npt.NDArray[np.float32]
    mappability: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.start)


def make_bins(
    build: Build,
    reference: Path,
    gene_models: GeneModels,
    regions: Sequence[Region],
    mappability: Path | None = None,
) -> Bins:
    """The bins of a run.

    Args:
        build: its autosomes, X and Y are binned.
        reference: indexed FASTA.
        gene_models: where the exons lie.
        regions: where to measure, disjoint and in order (`regions.scatter`).
        mappability: bedGraph (contig, start, end, share of unique reads), sorted; None not known.

    Raises:
        FormatError: the reference or the mappability cannot be read.
    """
    exons = gene_models.exon_regions()
    wanted: dict[str, list[tuple[int, int]]] = {}
    for region in regions:
        wanted.setdefault(region.contig, []).append((region.start, region.end))
    parts = []
    with open_fasta(reference) as fasta:
        for contig in build.primary:
            if contig.kind not in BINNED or contig.name not in wanted:
                continue
            starts, ends = exons.get(contig.name, (np.zeros(0, np.int32), np.zeros(0, np.int32)))
            pairs = list(zip(starts.tolist(), ends.tolist(), strict=True))
            rows = _within(np.array(list(_tiled(contig.length, pairs)), np.int32).reshape(-1, 3), wanted[contig.name])
            bases = np.frombuffer(fasta.fetch(contig.name).encode(), np.uint8)
            gc = gc_fractions(bases, np.ascontiguousarray(rows[:, 0]), np.ascontiguousarray(rows[:, 1]))
            parts.append((contig.name, rows[~np.isnan(gc)], gc[~np.isnan(gc)]))
    rows = np.concatenate([part for _, part, _ in parts]) if parts else np.zeros((0, 3), np.int32)
    names = np.repeat(np.array([name for name, _, _ in parts], np.str_), [len(part) for _, part, _ in parts])
    gc = np.concatenate([part for _, _, part in parts]) if parts else np.zeros(0, np.float32)
    known = np.full(len(rows), np.nan, np.float32)
    bins = Bins(names, rows[:, 0].copy(), rows[:, 1].copy(), rows[:, 2] == 1, gc, known)
    return bins if mappability is None else _with_mappability(bins, mappability)


def _tiled(length: int, exons: list[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """(start, end, 1 for an exon's) over a contig, in order, none overlapping."""
    at = 0
    for exon in exons:
        grown = max(0, _LEAST_EXON_BP - (exon[1] - exon[0])) / 2
        low, high = max(exon[0] - ceil(grown), at), min(exon[1] + int(grown), length)
        if high - low < _LEAST_BP:
            continue
        yield from ((a, b, 0) for a, b in _parts(at, low, _FIXED_BP))
        yield from ((a, b, 1) for a, b in (_parts(low, high, _FIXED_BP) if high - low > _MOST_EXON_BP else [(low, high)]))
        at = high
    yield from ((a, b, 0) for a, b in _parts(at, length, _FIXED_BP))


def _parts(start: int, end: int, most: int) -> list[tuple[int, int]]:
    """Parts of like size, at most so long; none of a stretch too short to measure."""
    if end - start < _LEAST_BP:
        return []
    count = -(-(end - start) // most)
    cuts = [start + (end - start) * i // count for i in range(count + 1)]
    return list(pairwise(cuts))


def _within(rows: npt.NDArray[np.int32], regions: list[tuple[int, int]]) -> npt.NDArray[np.int32]:
    """The bins whose middle lies in a region."""
    starts, ends = (np.array(side) for side in zip(*sorted(regions), strict=True))
    middle = (rows[:, 0] + rows[:, 1]) // 2
    place = np.searchsorted(starts, middle, "right") - 1
    return rows[(place >= 0) & (middle < ends[np.maximum(place, 0)])]


def _with_mappability(bins: Bins, path: Path) -> Bins:
    """The bins with the mean mappability of their bases; bases that the file does not name have none."""
    try:
        frame = pl.read_csv(
            path, separator="\t", has_header=False, comment_prefix="#", new_columns=["contig", "start", "end", "value"]
        )
        by_contig = {str(name): part for (name,), part in frame.group_by(["contig"], maintain_order=True)}
        mean = np.zeros(len(bins), np.float32)
        for name in np.unique(bins.contig):
            rows = np.flatnonzero(bins.contig == name)
            part = by_contig.get(str(name))
            if part is None:
                continue
            starts, ends, values = (part[column].to_numpy() for column in ("start", "end", "value"))
            points = np.concatenate([[0], np.column_stack([starts, ends]).ravel()])
            area = np.concatenate([[0.0, 0.0], np.column_stack([values * (ends - starts), np.zeros(len(part))]).ravel()[:-1]])
            total = np.cumsum(area)
            low, high = np.interp(bins.start[rows], points, total), np.interp(bins.end[rows], points, total)
            mean[rows] = (high - low) / (bins.end[rows] - bins.start[rows])
    except (OSError, pl.exceptions.PolarsError, ValueError) as error:
        raise FormatError(f"not a bedGraph ({error})", file=path, fix="give contig, start, end, value, tab-separated") from None
    return Bins(bins.contig, bins.start, bins.end, bins.is_exon, bins.gc, mean)


def write_bins(bins: Bins, path: Path) -> None:
    """Write the bins as BED."""
    columns = {"contig": bins.contig.tolist(), "start": bins.start, "end": bins.end, "exon": bins.is_exon.astype(np.int8)}
    frame = pl.DataFrame({**columns, "gc": bins.gc, "mappability": bins.mappability})
    frame.write_csv(path, separator="\t", include_header=False, float_precision=4)


def read_bins(path: Path) -> Bins:
    """Bins as written.

    Raises:
        FormatError: not such a file.
    """
    names = ["contig", "start", "end", "exon", "gc", "mappability"]
    kinds = dict(zip(names, (pl.String, pl.Int32, pl.Int32, pl.Int8, pl.Float32, pl.Float32), strict=True))
    try:
        frame = pl.read_csv(path, separator="\t", has_header=False, schema=kinds)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise FormatError(f"not bins ({error})", file=path, fix="run the rule that writes it again") from None
    columns = {name: frame[name].to_numpy() for name in names[1:]}
    return Bins(
        frame["contig"].to_numpy().astype(np.str_),
        columns["start"],
        columns["end"],
        columns["exon"] == 1,
        columns["gc"],
        columns["mappability"],
    )
