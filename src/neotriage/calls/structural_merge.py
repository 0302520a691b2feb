"""One list of structural changes from several callers: alike ones become one record, which names all who found it.

    kind            alike
    DEL, DUP, INV   reciprocal overlap of half or more; or ends within the margin that depth leaves
    INS             within 50 bp
    BND             both ends within 200 bp

The record of the caller named first stays (its place is the sharpest: reads before depth); a person whose call it lacks, or
holds less sure, has the other's. Copies are by depth. A loss or gain of 5 kb and more that reads show, while the depth of
every carrier stays as expected, bears the filter `depth_unchanged`: such pairs come from elsewhere in the genome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from neotriage.calls.depth import FamilyDepth
from neotriage.fasta import open_fasta
from neotriage.genome import Build, ContigKind
from neotriage.pedigree import Family, Sex
from neotriage.schema import Kind
from neotriage.structural import Call, Record, mate_of, reciprocal_overlap

__all__ = ["DEPTH_UNCHANGED", "is_alike", "merge_records", "open_bases"]

DEPTH_UNCHANGED = "depth_unchanged"

_OVERLAP = 0.5
_INSERTION_BP = 50
_BREAKEND_BP = 200
_DEPTH_TELLS_BP = 5000
_LEAST_BINS = 5
_UNCHANGED = 0.35
_BASES = Callable[[str, int], str]


def merge_records(
    sets: Iterable[Sequence[Record]],
    depth: FamilyDepth | None,
    build: Build,
    family: Family,
    base_at: _BASES,
) -> list[Record]:
    """The records of all callers in one list, alike ones joined, none standing twice.

    Args:
        sets: each caller's records, the caller whose places are sharpest first; calls in family order.
        depth: the family's depth, None where it was not measured.
        build: the run's build.
        family: gives the sexes, and the order of calls.
        base_at: reference base of (contig, 0-based position).
    """
    merged: list[Record] = []
    by_place: dict[tuple[str, Kind], list[int]] = {}
    for records in sets:
        for record in records:
            near = by_place.setdefault((record.chrom, record.kind), [])
            twin = next((place for place in near if is_alike(merged[place], record)), None)
            if twin is None:
                near.append(len(merged))
                merged.append(record)
            else:
                merged[twin] = _joined(merged[twin], record)
    finished = [_finished(record, depth, build, family, base_at) for record in merged]
    return list({(r.chrom, r.position, r.end, r.alt): r for r in reversed(finished)}.values())[::-1]


def open_bases(reference: Path) -> _BASES:
    """The reference base of a place, upper case.

    Raises:
        FormatError: not an indexed FASTA.
    """
    fasta = open_fasta(reference)
    return lambda contig, position: fasta.fetch(contig, position, position + 1).upper() or "N"


def is_alike(first: Record, second: Record) -> bool:
    """Whether two records of one kind and contig are one change; see the module's table."""
    if first.kind is Kind.INSERTION:
        return abs(first.position - second.position) <= _INSERTION_BP
    if first.kind is Kind.BREAKEND:
        ends = mate_of(first.alt), mate_of(second.alt)
        if ends[0] is None or ends[1] is None or ends[0][0] != ends[1][0]:
            return False
        return max(abs(first.position - second.position), abs(ends[0][1] - ends[1][1])) <= _BREAKEND_BP
    if first.kind is Kind.REPEAT:
        return first.position == second.position and first.alt == second.alt
    if reciprocal_overlap(first.span, second.span) >= _OVERLAP:
        return True
    margin = max(first.margin_bp, second.margin_bp) if "depth" in first.callers or "depth" in second.callers else 0
    away = max(abs(a - b) for a, b in zip(first.span, second.span, strict=True))
    return margin > 0 and away <= margin


def _joined(first: Record, second: Record) -> Record:
    calls = tuple(_better(a, b) for a, b in zip(first.calls, second.calls, strict=True))
    quals = [qual for qual in (first.qual, second.qual) if qual == qual]  # noqa: PLR0124 - NaN
    return replace(
        first,
        callers=tuple(dict.fromkeys((*first.callers, *second.callers))),
        calls=calls,
        qual=max(quals, default=float("nan")),
        filters="PASS" if "PASS" in {first.filters, second.filters} else first.filters,
    )


def _better(first: Call, second: Call) -> Call:
    """The surer genotype, with the reads of the one that has them and the copies of the one by depth."""
    surer = second if second.genotype_quality > first.genotype_quality and _is_open(first) else first
    reads = first if first.alt_reads >= 0 else second
    copies = second.copy_number if second.copy_number >= 0 else first.copy_number
    return replace(
        reads,
        genotype=surer.genotype,
        genotype_quality=surer.genotype_quality,
        copy_number=copies,
    )


def _is_open(call: Call) -> bool:
    """Whether a call settles nothing: missing, or of a quality that no rule would take."""
    return -1 in call.genotype or call.genotype_quality < 20


def _finished(record: Record, depth: FamilyDepth | None, build: Build, family: Family, base_at: _BASES) -> Record:
    sexes = {member.sample: member.sex for member in family.members}
    is_par = build.is_par(record.chrom, record.position + 1)
    is_single = build.kind(record.chrom) in {ContigKind.X, ContigKind.Y} and not is_par
    calls = [
        _haploid(call) if is_single and sexes[sample] is Sex.MALE else call
        for call, sample in zip(record.calls, family.samples, strict=True)
    ]
    record = replace(record, calls=tuple(calls), ref=base_at(record.chrom, record.position))
    if depth is None or record.kind not in {Kind.DELETION, Kind.DUPLICATION}:
        return record
    return _with_depth(record, depth, family)


def _haploid(call: Call) -> Call:
    """The call of a person with one copy there; a heterozygous one stays, and is told as such."""
    first, second = call.genotype
    return replace(call, genotype=(first, -2)) if first == second and first >= 0 else call


def _with_depth(record: Record, depth: FamilyDepth, family: Family) -> Record:
    """The record with each person's copies by depth, and the filter where it is a large change without a change of depth."""
    rows = depth.over(record.chrom, *record.span)
    bins = rows.stop - rows.start
    if not bins:
        return record
    places: Mapping[str, int] = {sample: place for place, sample in enumerate(depth.samples)}
    calls, unchanged = [], []
    for call, sample in zip(record.calls, family.samples, strict=True):
        mean = depth.mean_copies(rows, places[sample]) if sample in places else float("nan")
        if np.isnan(mean):
            calls.append(call)
            continue
        calls.append(replace(call, copy_number=round(mean)))
        usual = int(np.median(depth.expected[rows, places[sample]]))
        if call.is_carrier:
            unchanged.append(abs(mean - usual) < _UNCHANGED)
    is_large = record.size_bp >= _DEPTH_TELLS_BP and bins >= _LEAST_BINS
    is_doubted = is_large and bool(unchanged) and all(unchanged)
    return replace(record, calls=tuple(calls), filters=DEPTH_UNCHANGED if is_doubted else record.filters)
