"""Copy number of a family by depth: mosdepth's bins, corrected, cut into segments together, as structural records.

1. Copies of a bin: its depth over the person's median depth of a copy, corrected by the median of bins of like GC and, where
   it is known, by mappability (bins below half are left out). Copies are expected by sex and pseudoautosomal region; nothing is
   looked at where none is expected, or where the sex is not stated. Bins in which nobody of a family has reads are left out:
   they cannot be sequenced, or were not. (One person alone may have lost them.)
2. Spread: from the bins themselves, by width, for each person: median absolute deviation from the median of eleven bins around,
   so that copy number itself is no spread. Neighbours share reads: a person's bins count (1 - r) / (1 + r), r being how far
   neighbours agree beyond that median.
3. Segments: one path through the joint states of child and parents (`kernels.depth`). A change that a parent passes on costs
   once and is borne out by both; one that neither parent has costs more.
4. Each person of the family is called on each segment alone: GQ is the phred of the best number of copies over the second.

A gain of two copies or more may lie on one copy of the chromosome or on both: its genotype is ./1.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from neotriage.calls.bins import Bins
from neotriage.errors import FormatError
from neotriage.genome import Build, ContigKind
from neotriage.kernels.depth import best_path, log_likelihoods
from neotriage.pedigree import Family, Sex
from neotriage.schema import Kind
from neotriage.structural import Call, Record
from neotriage.structural.records import NO_CALL

__all__ = ["FamilyDepth", "depth_records", "in_family_order", "joint_states", "measure_depth", "read_depths"]

CALLER = "depth"

_ENTER = 13.0  # natural log of how rare a change is at a bin: chosen on planted truth (docs/structural.md)
_NEW = 3.0  # more where neither parent has it
_MEIOSIS = 0.7
_LEAVE = 1.0
_FLOOR = 0.3
_MOST = 12.0
_GAP_BP = 100_000
_FIXED_GAP_BP = 50
_GC_BINS = 200
_LEAST_MAPPABILITY = 0.5
_LEAST_DEPTH = 5.0
_NO_READS = 0.1  # copies
_AROUND = 11
_PHRED = 10 / np.log(10)

Float32 = npt.NDArray[np.float32]
Int8 = npt.NDArray[np.int8]


@dataclass(frozen=True)
class FamilyDepth:
    """Bins with what was measured: float32 (bins, persons) copies and spread, int8 expected; float64 (persons,) weight."""

    bins: Bins
    samples: tuple[str, ...]
    copies: Float32
    spread: Float32
    expected: Int8
    weight: npt.NDArray[np.float64]

    @cached_property
    def contigs(self) -> Mapping[str, slice]:
        """Contig -> its bins."""
        if not len(self.bins):
            return {}
        first = np.flatnonzero(np.r_[True, self.bins.contig[1:] != self.bins.contig[:-1]])
        last = np.r_[first[1:], len(self.bins)]
        return {str(self.bins.contig[a]): slice(int(a), int(b)) for a, b in zip(first, last, strict=True)}

    def over(self, contig: str, start: int, end: int) -> slice:
        """The bins that lie wholly in an interval."""
        rows = self.contigs.get(contig, slice(0, 0))
        first = rows.start + int(np.searchsorted(self.bins.start[rows], start, "left"))
        last = rows.start + int(np.searchsorted(self.bins.end[rows], end, "right"))
        return slice(first, max(first, last))

    def call(self, rows: slice, person: int, kind: Kind) -> Call:
        """A person's call of a loss or gain over bins, on depth alone."""
        expected = self.expected[rows, person]
        is_asked = (expected > 0) & ~np.isnan(self.copies[rows, person])
        if not is_asked.any():
            return NO_CALL
        usual = int(np.bincount(expected[is_asked]).argmax())
        rates = (
            self.weight[person]
            * log_likelihoods(
                np.ascontiguousarray(self.copies[rows, person : person + 1]),
                np.ascontiguousarray(self.spread[rows, person : person + 1]),
                np.where(expected == usual, expected, 0).astype(np.int8)[:, None],
                _FLOOR,
                _MOST,
            ).sum(axis=0)[0]
        )
        order = np.argsort(-rates, kind="stable")
        copies = usual + int(order[0]) - 2
        quality = int(min(99, _PHRED * (rates[order[0]] - rates[order[1]])))
        return Call(_genotype(copies, usual, kind), quality, copies)

    def mean_copies(self, rows: slice, person: int) -> float:
        """Mean copies over bins, weighted by width; NaN where none was measured."""
        copies = self.copies[rows, person]
        width = (self.bins.end[rows] - self.bins.start[rows]).astype(np.float64)
        is_known = ~np.isnan(copies) & (self.expected[rows, person] > 0)
        return float(np.average(copies[is_known], weights=width[is_known])) if is_known.any() else float("nan")


def _genotype(copies: int, usual: int, kind: Kind) -> tuple[int, int]:
    """Allele codes of so many copies where `usual` are expected; see the module on gains of two and more."""
    lost = usual - copies if kind is Kind.DELETION else copies - usual
    if usual == 1:
        return (1, -2) if lost > 0 else (0, -2)
    if lost <= 0:
        return 0, 0
    if lost == 1:
        return 0, 1
    return (1, 1) if kind is Kind.DELETION else (-1, 1)


def read_depths(paths: Mapping[str, Path], bins: Bins) -> Float32:
    """Mean depth of each bin from mosdepth's regions.bed.gz of each person, float32 (bins, persons).

    Raises:
        FormatError: not such a file, or one of other bins.
    """
    wanted = pl.DataFrame({"contig": bins.contig.tolist(), "start": bins.start})
    columns = []
    for path in paths.values():
        try:
            frame = pl.read_csv(path, separator="\t", has_header=False)
            frame = frame.select(
                contig=pl.nth(0).cast(pl.String), start=pl.nth(1).cast(pl.Int32), depth=pl.nth(-1).cast(pl.Float32)
            )
        except (OSError, pl.exceptions.PolarsError) as error:
            raise FormatError(f"not mosdepth's regions ({error})", file=path, fix="run the rule that writes it again") from None
        joined = wanted.join(frame, on=["contig", "start"], how="left", maintain_order="left")
        if joined.height != wanted.height or joined["depth"].null_count():
            raise FormatError("its bins are not those of the run", file=path, fix="run mosdepth on these bins again")
        columns.append(joined["depth"].to_numpy())
    return np.column_stack(columns).astype(np.float32) if columns else np.zeros((len(bins), 0), np.float32)


def measure_depth(bins: Bins, depths: Float32, build: Build, family: Family, samples: Sequence[str]) -> FamilyDepth:
    """Copies, spread and weight of each person's bins; bins that say nothing are left out.

    Args:
        bins: the bins.
        depths: float32 (bins, persons) of `read_depths`.
        build: the run's build.
        family: sex of each person.
        samples: the persons.
    """
    is_good = np.isnan(bins.mappability) | (bins.mappability >= _LEAST_MAPPABILITY)
    kept = Bins(*(getattr(bins, name)[is_good] for name in ("contig", "start", "end", "is_exon", "gc", "mappability")))
    raw = depths[is_good] / np.where(np.isnan(kept.mappability), 1.0, kept.mappability).astype(np.float32)[:, None]
    sexes = {member.sample: member.sex for member in family.members}
    expected = np.column_stack([_expected(kept, build, sexes[sample]) for sample in samples])
    copies = np.column_stack([_corrected(raw[:, p], kept, expected[:, p]) for p in range(len(samples))])
    if len(samples) > 1:
        copies[~(copies >= _NO_READS).any(axis=1)] = np.nan
    spread: Float32 = np.full_like(raw, np.nan, np.float32)
    weight = np.ones(len(samples))
    for person in range(len(samples)):
        away = _away(copies[:, person], expected[:, person])
        spread[:, person] = _spread(away, kept)
        weight[person] = _weight(away / spread[:, person], kept)
    return FamilyDepth(kept, tuple(samples), copies, spread, expected, weight)


def _expected(bins: Bins, build: Build, sex: Sex) -> Int8:
    """Copies expected of each bin, 0 where none is or it is not known."""
    found = np.zeros(len(bins), np.int8)
    for name in np.unique(bins.contig):
        kind, rows = build.kind(str(name)), bins.contig == name
        if kind is ContigKind.AUTOSOME:
            found[rows] = 2
        elif sex is not Sex.UNKNOWN:
            found[rows] = {(ContigKind.X, Sex.FEMALE): 2, (ContigKind.X, Sex.MALE): 1, (ContigKind.Y, Sex.MALE): 1}.get(
                (kind, sex), 0
            )
    for region in build.par:
        inside = (bins.contig == region.contig) & (bins.start < region.end) & (bins.end > region.start)
        found[inside] = 2 if build.kind(region.contig) is ContigKind.X else 0
    return found


def _corrected(depth: Float32, bins: Bins, expected: Int8) -> Float32:
    """Copies of each bin, NaN where a person's depth is too low to tell, or GC has no like in the genome."""
    known = expected > 0
    per_copy = np.where(known, depth / np.maximum(expected, 1), np.nan)
    usable = known & (per_copy > 0)
    middle = np.median(per_copy[usable]) if usable.any() else 0.0
    if not usable.any() or 2 * middle < _LEAST_DEPTH:
        return np.full(len(depth), np.nan, np.float32)
    order = np.argsort(bins.gc[usable], kind="stable")
    groups = np.array_split(order, max(1, min(40, len(order) // _GC_BINS)))
    places = [float(np.median(bins.gc[usable][group])) for group in groups]
    usual = [float(np.median(per_copy[usable][group])) for group in groups]
    by_gc = np.interp(bins.gc, places, usual)
    copies = np.where(known & (by_gc > middle / 4), depth / by_gc, np.nan)
    return copies.astype(np.float32)


def _away(copies: Float32, expected: Int8) -> Float32:
    """Copies beyond the median of the bins around, as they would vary at two copies; NaN where there are no reads to tell."""
    known = np.where((expected > 0) & (copies >= _NO_READS), copies, np.nan)
    values = pl.Series(known, nan_to_null=True)
    around = values.rolling_median(window_size=_AROUND, min_samples=_AROUND // 2, center=True).to_numpy()
    usual = np.maximum(np.where(np.isnan(around), expected, around), 0.5)
    away: Float32 = ((known - around) * np.sqrt(2 / usual)).astype(np.float32)
    return away


def _spread(away: Float32, bins: Bins) -> Float32:
    """Standard deviation of a bin at two copies, by its width."""
    known = np.flatnonzero(~np.isnan(away))
    if not len(known):
        return np.full(len(away), np.nan, np.float32)
    width = (bins.end - bins.start).astype(np.float64)
    groups = np.array_split(known[np.argsort(width[known], kind="stable")], max(1, min(12, len(known) // _GC_BINS)))
    places = [float(np.median(width[group])) for group in groups]
    found = [max(1.4826 * float(np.median(np.abs(away[group]))), 0.05) for group in groups]
    return np.interp(width, places, found).astype(np.float32)


def _weight(z: Float32, bins: Bins) -> float:
    """What a bin counts beside its neighbour, 0.3 to 1: by the correlation of neighbours, extremes left out."""
    is_next = (bins.contig[1:] == bins.contig[:-1]) & (bins.start[1:] - bins.end[:-1] < _FIXED_GAP_BP)
    is_asked = is_next & (np.abs(z[1:]) < 3) & (np.abs(z[:-1]) < 3)
    if is_asked.sum() < _GC_BINS:
        return 0.7
    shared = float(np.corrcoef(z[1:][is_asked], z[:-1][is_asked])[0, 1])
    return float(np.clip((1 - shared) / (1 + shared), 0.3, 1.0))


def joint_states(persons: int, father: int, mother: int, child: int) -> tuple[Int8, npt.NDArray[np.float64]]:
    """States of a family and the cost of entering each; int8 (states, persons), float64 (states,).

    Args:
        persons: how many there are.
        father: place of the father, -1 none.
        mother: place of the mother, -1 none.
        child: place of their child, -1 none.
    """
    states = sorted(itertools.product(range(-2, 3), repeat=persons), key=lambda s: (any(s), s))
    costs = [_LEAVE, *(_cost(state, father, mother, child) for state in states[1:])]
    return np.array(states, np.int8).reshape(-1, persons), np.array(costs)


def _cost(state: Sequence[int], father: int, mother: int, child: int) -> float:
    parents = [place for place in (father, mother) if place >= 0]
    founders = [place for place in range(len(state)) if place != child or len(parents) < 2]
    cost = _ENTER * sum(min(abs(state[place]), 2) if state[place] < 0 else bool(state[place]) for place in founders)
    if child < 0 or len(parents) < 2:
        inherited = any(state[p] and state[p] == state[child] for p in parents) if child >= 0 else False
        return cost - (_ENTER - _MEIOSIS if inherited else 0.0)
    passed = {a + b for a in _gametes(state[father]) for b in _gametes(state[mother])}
    if state[child] in passed:
        return cost + _MEIOSIS * sum(state[place] != 0 for place in parents)
    return cost + _ENTER + _NEW


def _gametes(beside: int) -> set[int]:
    """Copies beside one that a parent may pass on."""
    if beside == 0:
        return {0}
    if abs(beside) == 1:
        return {0, beside}
    return {-1} if beside == -2 else {0, 1, 2}


def depth_records(depth: FamilyDepth, family: Family) -> list[Record]:
    """The losses and gains of a family by depth, calls in the order of `depth.samples`."""
    places = {sample: place for place, sample in enumerate(depth.samples)}
    baby = family.proband
    trio = [places[s] for s in (baby.sample, baby.father, baby.mother) if s is not None and s in places] or [0]
    child = 0 if baby.sample in places else -1
    father = trio.index(places[baby.father]) if baby.father in places else -1
    mother = trio.index(places[baby.mother]) if baby.mother in places else -1
    states, enter = joint_states(len(trio), father, mother, child)
    records = []
    for contig, rows in depth.contigs.items():
        for piece in _pieces(depth.bins, rows):
            likelihood = log_likelihoods(
                np.ascontiguousarray(depth.copies[piece][:, trio]),
                np.ascontiguousarray(depth.spread[piece][:, trio]),
                np.ascontiguousarray(depth.expected[piece][:, trio]),
                _FLOOR,
                _MOST,
            )
            path = best_path(likelihood, depth.weight[trio], states, enter)
            for first, last, kind in _segments(states[path]):
                records.append(_record(depth, contig, slice(piece.start + first, piece.start + last), kind))
    return [record for record in records if any(call.is_carrier for call in record.calls)]


def in_family_order(records: Sequence[Record], samples: Sequence[str], family: Family) -> list[Record]:
    """Records with their calls in family order, missing for those who were not measured."""
    places = {sample: place for place, sample in enumerate(samples)}
    order = [places.get(sample, -1) for sample in family.samples]
    return [replace(r, calls=tuple(r.calls[place] if place >= 0 else NO_CALL for place in order)) for r in records]


def _pieces(bins: Bins, rows: slice) -> Iterator[slice]:
    """A contig's bins, cut where a long stretch has none."""
    gaps = np.flatnonzero(bins.start[rows][1:] - bins.end[rows][:-1] > _GAP_BP) + 1
    cuts = [rows.start, *(rows.start + int(g) for g in gaps), rows.stop]
    yield from (slice(a, b) for a, b in itertools.pairwise(cuts) if b > a)


def _segments(path: Int8) -> Iterator[tuple[int, int, Kind]]:
    """Runs of bins in which someone has fewer copies, and in which someone has more: (first, past the last, kind)."""
    for kind, altered in ((Kind.DELETION, (path < 0)), (Kind.DUPLICATION, (path > 0))):
        pattern = altered @ (1 << np.arange(path.shape[1]))
        edges = np.flatnonzero(np.r_[True, pattern[1:] != pattern[:-1], True])
        yield from ((int(a), int(b), kind) for a, b in itertools.pairwise(edges) if pattern[a])


def _record(depth: FamilyDepth, contig: str, rows: slice, kind: Kind) -> Record:
    start, end = int(depth.bins.start[rows][0]), int(depth.bins.end[rows][-1])
    calls = tuple(depth.call(rows, person, kind) for person in range(len(depth.samples)))
    margin = int(max(depth.bins.end[rows.start] - start, end - depth.bins.start[rows.stop - 1]))
    qual = max((call.genotype_quality for call in calls if call.is_carrier), default=0)
    return Record(
        chrom=contig,
        position=max(start - 1, 0),
        end=end,
        ref="N",
        alt=f"<{kind.value}>",
        kind=kind,
        size_bp=end - start,
        callers=(CALLER,),
        calls=calls,
        qual=float(qual),
        margin_bp=margin,
    )
