"""The quality figures of one sample, from what samtools stats, mosdepth and fastp wrote; None is not measured.

Depths are means over the exons of the gene models, outside the pseudoautosomal regions, by kind of contig; fractions are
shares of the exon bases of the autosomes with at least so many reads.
"""

from __future__ import annotations

import gzip
import json
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from neotriage.bed import read_bed
from neotriage.errors import FormatError
from neotriage.genome import Build, ContigKind

__all__ = ["DEPTHS", "SampleFigures", "SampleFiles", "mosdepth_rows", "read_figures"]

DEPTHS = (1, 10, 15, 20, 30)
"""Depths whose share of bases is counted, reads."""

_STATS = ("raw total sequences", "reads duplicated", "reads mapped", "insert size average")


@dataclass(frozen=True)
class SampleFiles:
    """A sample's files: samtools stats; mosdepth's thresholds and regions (BED.gz) and summary; fastp's JSON, one a lane."""

    sample: str
    stats: Path
    thresholds: Path
    regions: Path
    summary: Path
    fastp: tuple[Path, ...] = ()


@dataclass(frozen=True)
class SampleFigures:
    """What was measured of one sample's reads.

    `mean_depth` is that of the whole genome; `fractions` are in the order of DEPTHS; `x_ratio` and `y_ratio` are the depth of
    the X and Y exons over that of the autosomes' exons.
    """

    sample: str
    reads: int
    mapped_fraction: float | None
    duplicate_fraction: float | None
    insert_size: float | None
    mean_depth: float | None
    exon_mean_depth: float | None
    fractions: tuple[float | None, ...]
    x_ratio: float | None
    y_ratio: float | None
    raw_reads: int | None
    q30_fraction: float | None


def read_figures(files: SampleFiles, build: Build, target: Path | None = None) -> SampleFigures:
    """A sample's figures.

    Args:
        files: what the tools wrote.
        build: the run's build.
        target: BED of the regions that were called; the exons' figures are of those that touch one. None is all.

    Raises:
        FormatError: one of the files is not what its tool writes, or the target is no BED.
    """
    stats = _stats(files.stats)
    reads = int(stats["raw total sequences"])
    is_wanted = _touching(target)
    depths = _depths_by_kind(files.regions, build, is_wanted)
    autosomes = depths.get(ContigKind.AUTOSOME)
    raw_reads, q30 = _fastp(files.fastp)
    return SampleFigures(
        sample=files.sample,
        reads=reads,
        mapped_fraction=_ratio(stats["reads mapped"], reads),
        duplicate_fraction=_ratio(stats["reads duplicated"], stats["reads mapped"]),
        insert_size=stats["insert size average"] or None,
        mean_depth=_genome_mean(files.summary),
        exon_mean_depth=autosomes,
        fractions=_fractions(files.thresholds, build, is_wanted),
        x_ratio=_ratio(depths.get(ContigKind.X), autosomes),
        y_ratio=_ratio(depths.get(ContigKind.Y), autosomes),
        raw_reads=raw_reads,
        q30_fraction=q30,
    )


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _stats(path: Path) -> dict[str, float]:
    """The summary numbers of samtools stats that are used here."""
    numbers = {}
    for line in path.read_text().splitlines():
        if line.startswith("SN\t"):
            _, name, value, *_ = line.split("\t")
            if name.rstrip(":") in _STATS:
                numbers[name.rstrip(":")] = float(value)
    if len(numbers) != len(_STATS):
        raise FormatError("not the output of samtools stats", file=path, fix="remove it, and run again")
    return numbers


def _genome_mean(path: Path) -> float | None:
    """Mean depth of the whole reference, from mosdepth's summary."""
    for line in path.read_text().splitlines():
        if line.startswith("total\t"):
            return float(line.split("\t")[3])
    return None


def mosdepth_rows(path: Path) -> Iterator[list[str]]:
    """The fields of each line of a BED that mosdepth wrote, without its header.

    Raises:
        FormatError: cannot be read to its end.
    """
    try:
        with gzip.open(path, "rt") as lines:
            for line in lines:
                if not line.startswith("#"):
                    yield line.rstrip("\n").split("\t")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise FormatError(f"not a BED of mosdepth ({error})", file=path, fix="remove it, and run again") from None


def _touching(target: Path | None) -> Callable[[str, int, int], bool]:
    """Whether an interval touches a region of a BED; without one all do."""
    regions: dict[str, list[tuple[int, int]]] = {}
    for interval in read_bed(target) if target else ():
        regions.setdefault(interval.contig, []).append((interval.start, interval.end))
    starts = {contig: [start for start, _ in sorted(of)] for contig, of in regions.items()}
    furthest = {contig: list(accumulate((end for _, end in sorted(of)), max)) for contig, of in regions.items()}

    def touches(contig: str, start: int, end: int) -> bool:
        if target is None:
            return True
        before = bisect_left(starts.get(contig, []), end)  # regions that start before the interval ends
        return before > 0 and furthest[contig][before - 1] > start

    return touches


def _depths_by_kind(path: Path, build: Build, is_wanted: Callable[[str, int, int], bool]) -> dict[ContigKind, float]:
    """Mean depth over the exon bases outside the pseudoautosomal regions, by kind of contig; kinds without exons are absent."""
    bases: dict[ContigKind, int] = {}
    covered: dict[ContigKind, float] = {}
    for fields in mosdepth_rows(path):
        contig, start, end, mean = fields[0], int(fields[1]), int(fields[2]), float(fields[-1])
        if build.is_par(contig, start) or build.is_par(contig, end - 1) or not is_wanted(contig, start, end):
            continue
        kind = build.kind(contig)
        bases[kind] = bases.get(kind, 0) + end - start
        covered[kind] = covered.get(kind, 0.0) + mean * (end - start)
    return {kind: covered[kind] / count for kind, count in bases.items()}


def _fractions(path: Path, build: Build, is_wanted: Callable[[str, int, int], bool]) -> tuple[float | None, ...]:
    """Share of the autosomes' exon bases with at least each of DEPTHS reads."""
    total, counts = 0, [0] * len(DEPTHS)
    for fields in mosdepth_rows(path):
        if build.kind(fields[0]) is not ContigKind.AUTOSOME or not is_wanted(fields[0], int(fields[1]), int(fields[2])):
            continue
        total += int(fields[2]) - int(fields[1])
        for place, count in enumerate(fields[-len(DEPTHS) :]):
            counts[place] += int(count)
    return tuple(count / total if total else None for count in counts)


def _fastp(paths: Sequence[Path]) -> tuple[int | None, float | None]:
    """Reads before trimming and the share of their bases with Q30 or more, over all lanes."""
    reads, bases, good = 0, 0, 0
    for path in paths:
        try:
            before = json.loads(path.read_text())["summary"]["before_filtering"]
            reads, bases, good = reads + before["total_reads"], bases + before["total_bases"], good + before["q30_bases"]
        except (ValueError, KeyError) as error:
            raise FormatError(f"not fastp's JSON ({error!r})", file=path, fix="remove it, and run again") from None
    return (reads, good / bases if bases else None) if paths else (None, None)
