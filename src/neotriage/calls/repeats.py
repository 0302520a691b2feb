"""Sizes of short tandem repeats from the reads themselves, so that a run without ExpansionHunter looks at them too.

| reads                                              | tell                                                        |
|----------------------------------------------------|-------------------------------------------------------------|
| spanning: both flanks in one read                  | the size of an allele                                       |
| flanking: one flank, the rest is repeat to its end | an allele of at least so many                               |
| in-repeat: all repeat, its mate anchored beside    | an allele longer than a read; how many tell by how much     |

An allele that no read spans, though flanking reads tell of it, is as long as the longest of these and up to 3 reads' worth
more. One longer than a read has about depth/2 * (length - read) / read in-repeat reads (as in Dolzhenko et al. 2017,
Genome Research 27:1895); the interval is the 95 % one of that count. Pairs that lie whole inside the repeat have no anchor
and are not counted, so that beyond a fragment's length the size is a lower bound. The tier is Genomics England's: upper limit
at or above the pathogenic number 1, at or above the normal one 2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import log, sqrt
from typing import Any

import pysam

from neotriage.calls.repeat_loci import Locus, share_of_motif

__all__ = ["Allele", "Evidence", "RepeatCall", "gather", "size_alleles", "tier_of"]

_WORD = 10
_OFFSETS = (0, 5, 10, 15)
_FLANK = 700
_PURE = 0.8
_PURE_TAIL = 0.75
_MISMATCHES = 2
_NONE_SEEN = -log(0.05)  # most reads expected, at 95 %, where none is seen
_LEAST_READS = 5
_LEAST_SUPPORT = 2
_LEAST_SHARE = 0.1
_MOST_FAR_MATES = 200
_ANCHOR_QUALITY = 20
_MASK = 0xF00


@dataclass
class Evidence:
    """What the reads at a locus show.

    Attributes:
        spanning: repeats between the flanks -> reads.
        flanking: of each read with one flank, the repeats to its end.
        in_repeat: anchored reads that are all repeat.
        starts_per_bp: reads that begin per base beside the locus, of all copies.
        read_length: mean, bp.
    """

    spanning: Counter[int] = field(default_factory=Counter)
    flanking: list[int] = field(default_factory=list)
    in_repeat: int = 0
    starts_per_bp: float = 0.0
    read_length: float = 0.0


@dataclass(frozen=True)
class Allele:
    """An allele's size in repeats with its interval; reads that support it; `is_bound` where the size is the least possible."""

    size: int
    low: int
    high: int
    reads: int
    is_bound: bool


@dataclass(frozen=True)
class RepeatCall:
    """The alleles of a person at a locus, shortest first; `reason` says why there is no call, '' if there is one."""

    locus: Locus
    alleles: tuple[Allele, ...]
    evidence: Evidence
    reason: str
    caller: str = "repeats"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "locus": self.locus.name,
            "gene": self.locus.gene,
            "alleles": [{"repeats": a.size, "low": a.low, "high": a.high, "at_least": a.is_bound} for a in self.alleles],
            "normal": self.locus.normal,
            "pathogenic": self.locus.pathogenic,
            "spanning_reads": sum(self.evidence.spanning.values()),
            "flanking_reads": len(self.evidence.flanking),
            "in_repeat_reads": self.evidence.in_repeat,
            "caller": self.caller,
            "reason": self.reason,
            "source": self.locus.source,
        }


class _Flanks:
    """The reference beside a repeat, and words of it that are no repeat, with how far each lies from it."""

    def __init__(self, before: str, after: str, motif: str) -> None:
        self.before, self.after, self.motif = before, after, motif
        near = [(before[len(before) - offset - _WORD : len(before) - offset], offset) for offset in _OFFSETS]
        far = [(after[offset : offset + _WORD], offset) for offset in _OFFSETS]
        self.left = [(w, o) for w, o in near if share_of_motif(w, motif) < _PURE_TAIL and before.count(w) == 1]
        self.right = [(w, o) for w, o in far if share_of_motif(w, motif) < _PURE_TAIL and after.count(w) == 1]

    def repeat_start(self, bases: str) -> int | None:
        """Where the repeat begins in a read, None without its left flank."""
        return next((at + _WORD + o for w, o in self.left if (at := bases.rfind(w)) >= 0), None)

    def repeat_end(self, bases: str, start: int) -> int | None:
        """Where the repeat ends in a read, at `start` or later; None without its right flank."""
        return next((at - o for w, o in self.right if (at := bases.find(w, start)) >= 0), None)

    def least_repeats(self, inside: str, *, is_from_left: bool) -> int:
        """The fewest repeats that explain the bases from one flank to a read's end: repeats, then the other flank.

        Compared is each number of repeats by its mismatches; those within two of the best count as explaining.
        """
        if is_from_left:
            bases, motif, beyond = inside, self.motif, self.after
        else:
            bases, motif, beyond = inside[::-1], self.motif[::-1], self.before[::-1]
        unit = len(motif)
        wrong = [base != motif[at % unit] and motif[at % unit] != "N" for at, base in enumerate(bases)]
        costs = []
        for repeats in range(len(bases) // unit + 1):
            rest = bases[repeats * unit :]
            costs.append(sum(wrong[: repeats * unit]) + sum(a != b for a, b in zip(rest, beyond, strict=False)))
        best = min(*costs, sum(wrong))
        return next((n for n, cost in enumerate(costs) if cost <= best + _MISMATCHES), len(bases) // unit)


def gather(reads: pysam.AlignmentFile, fasta: pysam.FastaFile, locus: Locus) -> Evidence:
    """Look at the reads at a locus and at their mates wherever these lie; ValueError and OSError of pysam pass."""
    low, high = max(0, locus.start - _FLANK), min(fasta.get_reference_length(locus.contig), locus.end + _FLANK)
    flanks = _Flanks(
        fasta.fetch(locus.contig, max(0, locus.start - 100), locus.start).upper(),
        fasta.fetch(locus.contig, locus.end, min(high, locus.end + 100)).upper(),
        locus.motif,
    )
    evidence, lengths, starts, away = Evidence(), [], 0, []
    for read in reads.fetch(locus.contig, low, high):
        bases = read.query_sequence
        if read.flag & _MASK or not bases:
            continue
        lengths.append(len(bases))
        is_anchor = not read.is_unmapped and read.mapping_quality >= _ANCHOR_QUALITY
        if not read.is_unmapped and low <= read.reference_start < high:
            starts += 1
        if is_anchor and read.is_paired and not read.mate_is_unmapped and _is_away(read, locus, low, high):
            away.append(read)
        _take(evidence, bases, flanks, locus, is_near=_touches(read, locus))
    evidence.read_length = sum(lengths) / len(lengths) if lengths else 0.0
    evidence.starts_per_bp = starts / (high - low) if high > low else 0.0
    for mate in _mates(reads, away):
        if share_of_motif(mate, locus.motif) >= _PURE or share_of_motif(_reversed(mate), locus.motif) >= _PURE:
            evidence.in_repeat += 1
    return evidence


def _reversed(bases: str) -> str:
    return bases.translate(str.maketrans("ACGTN", "TGCAN"))[::-1]


def _touches(read: pysam.AlignedSegment, locus: Locus) -> bool:
    """Whether a read, its clipped ends laid out, reaches the repeat; one without a place of its own may."""
    if read.is_unmapped or not read.cigartuples:
        return True
    before = read.cigartuples[0][1] if read.cigartuples[0][0] == 4 else 0
    after = read.cigartuples[-1][1] if read.cigartuples[-1][0] == 4 else 0
    return read.reference_start - before < locus.end and (read.reference_end or 0) + after > locus.start


def _is_away(read: pysam.AlignedSegment, locus: Locus, low: int, high: int) -> bool:
    """Whether an anchor points at the locus and its mate has another place."""
    is_pointing = read.reference_start >= locus.start if read.is_reverse else (read.reference_end or 0) <= locus.end
    is_here = read.next_reference_name == locus.contig and low <= read.next_reference_start < high
    return is_pointing and not is_here


def _take(evidence: Evidence, bases: str, flanks: _Flanks, locus: Locus, *, is_near: bool) -> None:
    if not is_near:
        return
    size = len(locus.motif)
    for turned in (bases, _reversed(bases)):
        start = flanks.repeat_start(turned)
        end = flanks.repeat_end(turned, start or 0)
        if start is not None and end is not None and end >= start:
            evidence.spanning[round((end - start) / size)] += 1
            return
        inside = turned[start:] if start is not None else turned[:end] if end is not None else ""
        if len(inside) >= 2 * size and share_of_motif(inside, locus.motif) >= _PURE_TAIL:
            evidence.flanking.append(flanks.least_repeats(inside, is_from_left=start is not None))
            return
        if share_of_motif(turned, locus.motif) >= _PURE:
            evidence.in_repeat += 1
            return


def _mates(reads: pysam.AlignmentFile, anchors: Sequence[pysam.AlignedSegment]) -> Iterator[str]:
    """Bases of the mates that have their place elsewhere."""
    for anchor in anchors[:_MOST_FAR_MATES]:
        spot = anchor.next_reference_start
        for read in reads.fetch(anchor.next_reference_name, spot, spot + 1):
            if read.query_name == anchor.query_name and read.is_read1 != anchor.is_read1 and not read.flag & _MASK:
                yield read.query_sequence or ""
                break


def size_alleles(locus: Locus, evidence: Evidence, copies: int) -> RepeatCall:
    """The alleles of a person with so many copies of the place, by the table above."""
    informative = sum(evidence.spanning.values()) + len(evidence.flanking) + evidence.in_repeat
    if informative < _LEAST_READS:
        return RepeatCall(locus, (), evidence, f"{informative} reads at the repeat, {_LEAST_READS} are asked for")
    spanned = _spanned(evidence.spanning, copies)
    longest = max((a.size for a in spanned), default=0)
    beyond = [size for size in (*evidence.flanking, *evidence.spanning) if size > longest + 1]
    alleles = list(spanned)
    if evidence.in_repeat >= _LEAST_SUPPORT or len(beyond) >= _LEAST_SUPPORT:
        alleles = [*spanned[: copies - 1], _long(locus, evidence, beyond, copies)]
    if not alleles:
        return RepeatCall(locus, (), evidence, "no allele on two reads and more")
    return RepeatCall(locus, tuple(sorted(alleles, key=lambda a: a.size)), evidence, "")


def _spanned(spanning: Counter[int], copies: int) -> list[Allele]:
    """Alleles that whole reads span, the best supported first; a long one is spanned by few reads, so that two are enough."""
    whole = sum(spanning.values())
    ranked = sorted(spanning.items(), key=lambda item: (-item[1], item[0]))
    held = [(size, n) for size, n in ranked if n >= _LEAST_SUPPORT and n >= _LEAST_SHARE * whole]
    return [Allele(size, size, size, n, False) for size, n in held[:copies]]


def _long(locus: Locus, evidence: Evidence, beyond: Sequence[int], copies: int) -> Allele:
    """The allele that no read spans."""
    per_copy = max(evidence.starts_per_bp / copies, 1e-9)
    unit, n = len(locus.motif), evidence.in_repeat
    most = n + 1.96 * sqrt(n) + 1.92 if n else _NONE_SEEN  # 95 % limit of a Poisson count
    seen = max(beyond, default=0)
    by_flanks = seen * unit + _NONE_SEEN / (2 * per_copy)  # none of two sides' reads shows more
    is_within = not n and by_flanks <= evidence.read_length - _WORD
    high = (by_flanks if is_within else evidence.read_length + most / per_copy) / unit
    least = max(seen, evidence.read_length / unit) if n >= _LEAST_SUPPORT else seen
    size = max(least, (evidence.read_length + n / per_copy) / unit if n else least)
    return Allele(round(size), int(least), max(int(high), round(size)), n + len(beyond), True)


def tier_of(locus: Locus, allele: Allele) -> int:
    """1 or 2 by the limits above, 0 neither; a limit that is not stated is not reached."""
    if 0 <= locus.pathogenic <= allele.high:
        return 1
    return 2 if 0 <= locus.normal <= allele.high else 0
