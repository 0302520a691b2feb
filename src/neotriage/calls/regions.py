"""The regions that calling is scattered over: chunks of nuclear contigs, and the mitochondrion by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from neotriage.bed import read_bed
from neotriage.errors import BuildError, FormatError
from neotriage.genome import Build, ContigKind

__all__ = ["Region", "bed_text", "mitochondrial_regions", "scatter"]


class Region(NamedTuple):
    """An interval of a contig, 0-based half-open."""

    contig: str
    start: int
    end: int


def scatter(build: Build, size_bp: int, regions_bed: Path | None = None) -> tuple[tuple[Region, ...], ...]:
    """Chunks of the nuclear contigs, in the build's order, each of at most `size_bp` in all.

    Args:
        build: the run's build.
        size_bp: most bases of a chunk; small contigs share one.
        regions_bed: calling stays inside this BED; whole contigs if None.

    Raises:
        FormatError: a line of the BED that is no interval.
        BuildError: the BED names a contig that the build lacks.
    """
    wanted = [region for region in _wanted(build, regions_bed) if build.kind(region.contig) is not ContigKind.MITOCHONDRION]
    chunks: list[list[Region]] = []
    room = 0
    for region in wanted:
        start = region.start
        while start < region.end:
            if room == 0:
                chunks.append([])
                room = size_bp
            end = min(region.end, start + room)
            chunks[-1].append(Region(region.contig, start, end))
            room -= end - start
            start = end
    return tuple(tuple(chunk) for chunk in chunks)


def mitochondrial_regions(build: Build, regions_bed: Path | None = None) -> tuple[Region, ...]:
    """The mitochondrion, or what of it the BED covers; empty if the build or the BED has none."""
    return tuple(region for region in _wanted(build, regions_bed) if build.kind(region.contig) is ContigKind.MITOCHONDRION)


def bed_text(regions: Iterable[Region]) -> str:
    """Regions as the text of a BED file."""
    return "".join(f"{contig}\t{start}\t{end}\n" for contig, start, end in regions)


def _wanted(build: Build, regions_bed: Path | None) -> Sequence[Region]:
    """Disjoint regions in the build's order."""
    if regions_bed is None:
        return [Region(contig.name, 0, contig.length) for contig in build.primary]
    given = _of_build(regions_bed, build)
    order = {contig.name: number for number, contig in enumerate(build.primary)}
    merged: list[Region] = []
    for region in sorted((r for r in given if r.contig in order), key=lambda r: (order[r.contig], r.start, r.end)):
        last = merged[-1] if merged else None
        if last is not None and last.contig == region.contig and region.start <= last.end:
            merged[-1] = last._replace(end=max(last.end, region.end))
        else:
            merged.append(region)
    if not merged:
        raise FormatError("names no region", file=regions_bed, fix="give regions, or leave calls.regions_bed out")
    return merged


def _of_build(path: Path, build: Build) -> list[Region]:
    regions = []
    for contig, start, end, _, row in read_bed(path):
        if contig not in build.by_name:
            raise BuildError(
                f"contig {contig!r} is not in build {build.name}", file=path, row=row, fix=f"give a BED of {build.name}"
            )
        regions.append(Region(contig, start, min(end, build.by_name[contig].length)))
    return regions
