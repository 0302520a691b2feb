"""A family's calls as columns: one kernel over the text, on any number of threads, with one answer.

A row is one alternate allele of a record. The rules that need nothing but the record and a list of regions are settled in
the kernel, where a dropped row costs a count and no Python object; what they are, in order:

    reference_record         ALT is `.`
    spanning_deletion        ALT is `*`
    symbolic_allele          ALT is symbolic or a breakend
    other_contig             the contig is none of the primary ones
    genotype_missing         no alternate and a missing allele in the proband
    no_alternate_in_proband  no alternate in the proband
    site_filter              FILTER is neither PASS nor missing
    site_quality             QUAL below the limit; a missing QUAL is not
    region                   REF overlaps no region
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neotriage.alleles import read_texts
from neotriage.errors import FormatError
from neotriage.kernels import scan as kernels
from neotriage.scan.chunks import Chunk, Lines, open_lines
from neotriage.scan.header import Header, read_header

__all__ = ["RULES", "Batch", "Interest", "Scan", "open_scan"]

RULES = (
    "reference_record",
    "spanning_deletion",
    "symbolic_allele",
    "other_contig",
    "genotype_missing",
    "no_alternate_in_proband",
    "site_filter",
    "site_quality",
    "region",
)

Int32 = npt.NDArray[np.int32]
Regions = Mapping[str, tuple[Int32, Int32]]

_ROWS = 16_384  # that the kernel has room for at a time, at most
_LINE_BYTES = 50  # of a short line
_BATCH = 20_000
_UNFILTERED = "PASS"
_NUMERIC = frozenset({"Integer", "Float"})
_TAKE_STEP = 1 << 32  # in a sum of open intervals, above any number of regions that are open at once
_AGAIN = "make the calls again, or fetch the file again"
_PROBLEMS = {
    kernels.FEW_COLUMNS: ("fewer columns than the header has", _AGAIN),
    kernels.MANY_COLUMNS: ("more columns than the header has", _AGAIN),
    kernels.BAD_POSITION: ("POS is not a position of a chromosome", _AGAIN),
    kernels.BAD_ALLELE: ("REF or ALT is neither bases nor `*`, `.`, symbolic or a breakend", _AGAIN),
    kernels.BAD_NUMBER: ("QUAL, AD, DP, GQ or PS is not a number", _AGAIN),
    kernels.UNKNOWN_CONTIG: ("the header lacks its contig", "add it: bcftools reheader --fai reference.fa.fai"),
    kernels.UNSORTED: ("position out of order", "sort the file: bcftools sort"),
    kernels.CONTIG_AGAIN: ("contig stands in two places", "sort the file: bcftools sort"),
    kernels.BAD_GENOTYPE: ("GT is not a genotype of the record's alleles", _AGAIN),
    kernels.BAD_PLOIDY: ("genotype of more than two alleles", "call with ploidy 2 or 1"),
}
_FIELDS = (("GT", frozenset({"String"})), ("AD", _NUMERIC), ("DP", _NUMERIC), ("GQ", _NUMERIC), ("PS", _NUMERIC))


@dataclass(frozen=True)
class Interest:
    """What of the calls is wanted.

    Attributes:
        regions: where the region rule passes: contig -> int32 starts and ends, 0-based half-open.
        taken: where every row is taken whatever the rules say, in the same form.
        primary: contigs that are triaged; None for all.
        lowest_qual: the site_quality limit, phred.
        elsewhere: whether records that overlap neither are read, and counted by the rules; if not, they are passed over, and
            an index beside the file says where the others lie.
    """

    regions: Regions
    taken: Regions
    primary: frozenset[str] | None
    lowest_qual: float
    elsewhere: bool = True

    @property
    def places(self) -> Regions | None:
        """Where records are read, None everywhere."""
        if self.elsewhere:
            return None
        both = (self.regions, self.taken)
        found = {name: [of[name] for of in both if name in of] for name in (*self.regions, *self.taken)}
        return {name: (np.concatenate([a for a, _ in of]), np.concatenate([b for _, b in of])) for name, of in found.items()}


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of one contig, in file order; axes (rows,), (rows, samples) and (rows, samples, 2).

    Attributes:
        contig: contig of all rows.
        positions: int32 (rows,), 0-based.
        refs: reference alleles, upper case.
        alts: alternate alleles, upper case unless symbolic; `.` where the record has none.
        qual: float32 (rows,), phred, NaN missing.
        filters: FILTER as in the file, '' missing.
        genotype: int8 (rows, samples, 2): 0 reference, 1 this alternate, 2 another, -1 missing, -2 none (haploid).
        is_phased: bool (rows, samples).
        phase_set: int32 (rows, samples), PS, -1 missing.
        depth: int32 (rows, samples), DP, -1 missing.
        ref_depth: int32 (rows, samples), AD of the reference, -1 missing.
        alt_depth: int32 (rows, samples), AD of this alternate, -1 missing.
        genotype_quality: int32 (rows, samples), GQ, phred, -1 missing.
    """

    contig: str
    positions: Int32
    refs: Sequence[str]
    alts: Sequence[str]
    qual: npt.NDArray[np.float32]
    filters: Sequence[str]
    genotype: npt.NDArray[np.int8]
    is_phased: npt.NDArray[np.bool_]
    phase_set: Int32
    depth: Int32
    ref_depth: Int32
    alt_depth: Int32
    genotype_quality: Int32

    def __len__(self) -> int:
        return len(self.refs)

    @cached_property
    def ends(self) -> Int32:
        """int32 (rows,): half-open end of the reference allele."""
        return self.positions + np.fromiter(map(len, self.refs), np.int32, len(self.refs))

    def take(self, rows: npt.NDArray[np.int64]) -> Batch:
        """The rows named, in that order."""
        return Batch(self.contig, *(_taken(getattr(self, name), rows) for name in _ROW_COLUMNS))


_ROW_COLUMNS = tuple(field.name for field in fields(Batch) if field.name != "contig")


def _taken(values: Any, rows: npt.NDArray[np.int64]) -> Any:
    return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows.tolist()]


def _joined(batches: Sequence[Batch]) -> Batch:
    """Batches of one contig as one."""
    if len(batches) == 1:
        return batches[0]
    return Batch(batches[0].contig, *(_concatenated([getattr(batch, name) for batch in batches]) for name in _ROW_COLUMNS))


def _concatenated(parts: Sequence[Any]) -> Any:
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else list(chain(*parts))


@dataclass(frozen=True)
class _ChunkRows:
    """What the kernel made of one chunk. `visits`: (contig, line, from 0) where each contig was met, in line order."""

    lines: int
    problem: int
    dropped: npt.NDArray[np.int64]
    visits: list[tuple[int, int]]
    first_position: int
    last_position: int
    rows: list[Batch]
    place: int


class Scan:
    """An opened file of calls.

    Attributes:
        header: its header.
        records: lines read so far.
        dropped: int64 (RULES,), rows that each rule dropped so far: all of them when `batches` has come to its end.
    """

    def __init__(self, lines: Lines, header: Header, samples: Sequence[str]) -> None:
        self.header = header
        self.records = 0
        self.dropped = np.zeros(len(RULES), np.int64)
        self._lines = lines
        self._family = np.array([header.samples.index(sample) for sample in samples], np.int64)

    def batches(
        self, interest: Interest, threads: int = 1, rows: int = _BATCH, check_contig: Callable[[str], None] | None = None
    ) -> Iterator[Batch]:
        """The rows taken, in file order, in batches of one contig each.

        Args:
            interest: what is taken.
            threads: how many inflate and read; they change nothing but the time.
            rows: how many rows a batch holds at least, but for a contig's last.
            check_contig: told of each contig when the file comes to it.

        Raises:
            FormatError: a broken line, an allele that is not a base, positions out of order, a contig that the header
                lacks; names the line.
        """
        pending: list[Batch] = []
        held = 0
        for batch in self._chunks(interest, threads, check_contig):
            if pending and (batch.contig != pending[0].contig or held >= rows):
                yield _joined(pending)
                pending, held = [], 0
            pending.append(batch)
            held += len(batch)
        if pending:
            yield _joined(pending)

    def _chunks(self, interest: Interest, threads: int, check_contig: Callable[[str], None] | None) -> Iterator[Batch]:
        reader = _Reader(self.header, self._family, interest)
        names = tuple(self.header.contigs)
        seen: set[int] = set()
        contig, position = -1, -1
        for chunk in self._lines.each(reader.read, threads, interest.places):
            for visit, line in chunk.visits:
                if visit == contig and 0 <= chunk.first_position < position:
                    raise self._error(kernels.UNSORTED, line, chunk.place)
                if visit != contig and visit in seen:
                    raise self._error(kernels.CONTIG_AGAIN, line, chunk.place)
                if visit not in seen and check_contig is not None:
                    check_contig(names[visit])
                seen.add(visit)
                contig, position = visit, -1
            if chunk.problem:
                raise self._error(chunk.problem, chunk.lines, chunk.place)
            position = chunk.last_position if chunk.visits else position
            self.records += chunk.lines
            self.dropped += chunk.dropped
            yield from chunk.rows

    def _error(self, problem: int, line: int, place: int) -> FormatError:
        text, fix = _PROBLEMS[problem]
        if place >= 0:  # found by the index: the number of the line is not known
            return FormatError(f"{text}, after the BGZF block at byte {place}", file=self._lines.name, fix=fix)
        return FormatError(text, file=self._lines.name, row=self.header.lines + self.records + line + 1, fix=fix)


def open_scan(path: Path, samples: Sequence[str]) -> Scan:
    """Open calls for scanning: VCF (BGZF, gzip, text), BCF, or standard input as `-`.

    Args:
        path: the file.
        samples: the samples wanted, the proband first, the order of every samples axis.

    Raises:
        FormatError: cut short, damaged, no VCF, or without one of the samples.
    """
    lines = open_lines(path)
    header = read_header(lines.header, file=lines.name)
    lacking = [sample for sample in samples if sample not in header.samples]
    if lacking:
        has = ", ".join(header.samples) or "none"
        raise FormatError(f"sample {lacking[0]} is not in it (it has {has})", file=path, fix="name samples as in the pedigree")
    return Scan(lines, header, samples)


class _Reader:
    """What the kernel needs besides the text."""

    def __init__(self, header: Header, family: npt.NDArray[np.int64], interest: Interest) -> None:
        encoded = [name.encode() for name in header.contigs]
        self._contigs = list(header.contigs)
        self._names = np.frombuffer(b"".join(encoded) or b" ", np.uint8)
        self._name_offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int64)
        primary = interest.primary
        self._is_primary = np.array([primary is None or name in primary for name in self._contigs], np.bool_)
        parts = [_segments(interest, name) for name in self._contigs] or [(np.empty((0, 2), np.int32), np.empty(0, np.int8))]
        self._segment_offsets = np.cumsum([0, *(len(kinds) for _, kinds in parts)]).astype(np.int64)
        self._segments = np.concatenate([segments for segments, _ in parts])
        self._segment_kinds = np.concatenate([kinds for _, kinds in parts])
        self._samples = len(header.samples)
        self._family = family
        self._wanted = np.array([header.format.get(name, ("", ""))[1] in kinds for name, kinds in _FIELDS], np.int8)
        self._lowest_qual = float(interest.lowest_qual)
        self._elsewhere = interest.elsewhere

    def read(self, chunk: Chunk) -> _ChunkRows:
        """The rows of a chunk; an error is a code, since the chunk knows no line numbers."""
        data, words = chunk.data, chunk.words
        state = np.array([-1, -1, 0, -1], np.int64)
        visited = np.full(len(self._contigs), -1, np.int64)
        dropped = np.zeros(len(RULES), np.int64)
        rows: list[Batch] = []
        at, stop, problem = chunk.start, chunk.stop, 0
        room = most = min(_ROWS, 16 + (stop - at) // _LINE_BYTES)
        while at < stop and not problem:
            before = at
            columns = _Columns.empty(most, self._family.size)
            at, taken, problem = kernels.scan_calls(
                data, words, at, stop, self._names, self._name_offsets, self._is_primary,
                self._segment_offsets, self._segments, self._segment_kinds,
                self._samples, self._family, self._wanted, self._lowest_qual, self._elsewhere, state, visited, dropped,
                columns.contig, columns.position, columns.text, columns.qual, columns.genotype, columns.phased, columns.numbers,
            )  # fmt: skip
            if taken:
                rows.extend(columns.split(taken, data, self._contigs))
            most = 2 * most if at == before else room
        met = np.flatnonzero(visited >= 0)
        visits = sorted(zip(met.tolist(), visited[met].tolist(), strict=True), key=lambda visit: visit[1])
        return _ChunkRows(int(state[2]), int(problem), dropped, visits, int(state[3]), int(state[1]), rows, chunk.place)


@dataclass(frozen=True)
class _Columns:
    """What the kernel writes rows to; see `kernels.scan.scan_calls`."""

    contig: Int32
    position: Int32
    text: npt.NDArray[np.int64]
    qual: npt.NDArray[np.float32]
    genotype: npt.NDArray[np.int8]
    phased: npt.NDArray[np.bool_]
    numbers: Int32

    @classmethod
    def empty(cls, rows: int, samples: int) -> _Columns:
        """Room for this many rows."""
        return cls(
            np.empty(rows, np.int32),
            np.empty(rows, np.int32),
            np.empty((rows, 6), np.int64),
            np.empty(rows, np.float32),
            np.empty((rows, samples, 2), np.int8),
            np.empty((rows, samples), np.bool_),
            np.empty((5, rows, samples), np.int32),
        )

    def split(self, rows: int, data: npt.NDArray[np.uint8], contigs: Sequence[str]) -> Iterator[Batch]:
        """The first rows, contig by contig."""
        starts = np.flatnonzero(np.diff(self.contig[:rows], prepend=-1)).tolist()
        for start, stop in zip(starts, [*starts[1:], rows], strict=True):
            part = slice(start, stop)
            refs, alts = (read_texts(data, self.text[part, at], self.text[part, at + 1]) for at in (0, 2))
            yield Batch(
                contigs[self.contig[start]],
                self.position[part].copy(),
                [ref.upper() for ref in refs],
                [alt if alt[0] == "<" else alt.upper() for alt in alts],
                self.qual[part].copy(),
                _filters(data, self.text[part, 4], self.text[part, 5]),
                self.genotype[part].copy(),
                self.phased[part].copy(),
                *(self.numbers[which, part].copy() for which in range(5)),
            )


def _filters(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> list[str]:
    """FILTER of each row, '' missing; nearly all are PASS."""
    filters = [_UNFILTERED] * len(starts)
    is_pass = stops - starts == len(_UNFILTERED)
    for place, letter in enumerate(_UNFILTERED.encode()):
        is_pass[is_pass] = data[starts[is_pass] + place] == letter
    for row in np.flatnonzero(~is_pass).tolist():
        text = data[starts[row] : stops[row]].tobytes().decode()
        filters[row] = "" if text == "." else text
    return filters


def _segments(interest: Interest, contig: str) -> tuple[Int32, npt.NDArray[np.int8]]:
    """Disjoint sorted segments, int32 (segments, 2), of the regions and the places taken, and their kinds int8 (segments,)."""
    events = [
        (np.concatenate(regions[contig]), np.repeat([kind, -kind], [len(regions[contig][0]), len(regions[contig][1])]))
        for kind, regions in ((kernels.IN_REGION, interest.regions), (_TAKE_STEP, interest.taken))
        if contig in regions
    ]
    if not events:
        return np.empty((0, 2), np.int32), np.empty(0, np.int8)
    places, steps = (np.concatenate(parts) for parts in zip(*events, strict=True))
    order = np.argsort(places, kind="stable")
    depth = np.cumsum(steps[order])
    places = places[order]
    kinds = np.where(depth % _TAKE_STEP > 0, kernels.IN_REGION, 0) + np.where(depth >= _TAKE_STEP, kernels.TAKE, 0)
    filled = np.flatnonzero((kinds[:-1] > 0) & (np.diff(places) > 0))
    return np.column_stack([places[filled], places[filled + 1]]).astype(np.int32), kinds[filled].astype(np.int8)
