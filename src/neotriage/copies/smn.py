"""Copies of SMN1 and SMN2 from reads, after Chen et al. 2020, Genetics in Medicine 22:945 (SMNCopyNumberCaller).

The two genes differ in so few bases that a read's own place tells little. So the reads of both are counted together, from the
middle of the intron before exon 7 to the genes' end (the part that the common form without exons 7 and 8 lacks), and held
against windows of the autosomes of like GC content: that is their number. Fragments that show a base in which
the genes differ, within 1,500 bp of c.840, tell which share is SMN1's; c.840C>T, which decides on exon 7, is asked by itself
too.

| fragments near exon 7    | c.840 alone           | told                                   |
|--------------------------|-----------------------|----------------------------------------|
| n copies, sure           | n copies possible     | n                                      |
| anything                 | no copy, sure         | 0: exon 7 is what counts               |
| n copies, sure           | another number, sure  | no call (conversion between the genes) |
| unsure                   | unsure                | no call                                |

Where the genes differ is read off the run's own reference; c.840 is counted along SMN1's coding sequence in the gene models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import exp, isnan, log, pi, sqrt
from typing import Any

import numpy as np
import pysam

from neotriage.copies.paralogues import differences
from neotriage.copies.windows import Window, count_starts, gc_share, matched_windows
from neotriage.gene_models import Gene, GeneModels, Transcript
from neotriage.genome import Build

__all__ = ["SMN1", "SMN2", "SmnCopies", "SmnPlace", "Votes", "call_copies", "count_copies", "find_smn"]

SMN1, SMN2 = "SMN1", "SMN2"
_C840 = 839  # 0-based along the coding sequence
_NEAR = 1500
_WINDOWS = 200
_LEAST_WINDOWS = 20
_LEAST_DEPTH = 8.0
_MOST_COPIES = 10
_ERROR = 0.01
_READ_QUALITY = 20
_SURE = 0.95
_REFUTED = 0.01
_POSSIBLE = 0.05
_OUTLIER = 0.02
_GAP = 2000  # bp on either side of the genes where no window is laid

Span = tuple[int, int]


@dataclass(frozen=True)
class SmnPlace:
    """Where to look: the counted stretch of each gene, and the bases in which they differ (place in each, SMN1's, SMN2's).

    `c840` is the place of c.840 in SMN1; `windows` the stretches that depth is held against; 0-based half-open.
    """

    contig: str
    gene: Span
    stretches: tuple[Span, Span]
    sites: tuple[tuple[int, int, str, str], ...]
    c840: int
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class Votes:
    """What was counted in one sample.

    `depth` is the median depth of the windows, reads per base; `spread` their relative scatter beyond chance; `raw` the copies
    of both genes by depth; `near` the fragments with SMN1's and SMN2's bases near exon 7, `at_c840` those with C and T there.
    """

    depth: float
    spread: float
    raw: float
    reads_per_copy: float
    near: tuple[int, int]
    at_c840: tuple[int, int]


@dataclass(frozen=True)
class SmnCopies:
    """The answer for one sample: copies of each, None no call; probability of SMN1's number, and that there is none.

    `reason` says why there is no call, '' if there is one.
    """

    smn1: int | None
    smn2: int | None
    probability: float
    zero_probability: float
    reason: str
    votes: Votes | None

    @property
    def is_zero_possible(self) -> bool:
        """Whether no copy of SMN1 is called, or cannot be excluded although the reads were enough to look."""
        return self.smn1 == 0 or (self.smn1 is None and self.votes is not None and self.zero_probability >= _POSSIBLE)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        votes = self.votes
        return {
            "smn1": self.smn1,
            "smn2": self.smn2,
            "probability": _number(self.probability),
            "zero_probability": _number(self.zero_probability),
            "zero_possible": self.is_zero_possible,
            "reason": self.reason,
            "depth": round(votes.depth, 1) if votes else None,
            "copies_by_depth": round(votes.raw, 2) if votes else None,
            "fragments": list(votes.near) if votes else None,
            "fragments_at_c840": list(votes.at_c840) if votes else None,
        }


def _number(value: float) -> float | None:
    return None if isnan(value) else round(value, 4)


def find_smn(models: GeneModels, build: Build, fasta: pysam.FastaFile) -> SmnPlace | str:
    """Where SMN1 and SMN2 are counted, or why they cannot be."""
    genes = [models.genes[models.by_symbol[symbol][0]] for symbol in (SMN1, SMN2) if models.by_symbol.get(symbol)]
    if len(genes) < 2:
        return "the gene models have not both SMN1 and SMN2"
    first, second = genes
    if first.contig != second.contig or first.contig not in fasta.references:
        return "SMN1 and SMN2 are not on one contig of the reference"
    if (first.strand, second.strand) != ("+", "+"):
        return "SMN1 and SMN2 are not both on the forward strand"
    transcript = _transcript(models, models.by_symbol[SMN1][0])
    at = _coding_place(transcript, _C840) if transcript else None
    if transcript is None or at is None:
        return "the gene models have no coding base c.840 of SMN1"
    return _place(first, second, transcript, at, build, fasta)


def _place(
    first: Gene, second: Gene, transcript: Transcript, c840: int, build: Build, fasta: pysam.FastaFile
) -> SmnPlace | str:
    before = [(end, start) for (_, end), (start, _) in pairwise(transcript.exons) if start <= c840]
    start = sum(before[-1]) // 2 if before else first.start
    bases = [
        fasta.fetch(gene.contig, *span).upper()
        for gene, span in ((first, (start, first.end)), (second, (second.start, second.end)))
    ]
    found = [(start + d.first, second.start + d.second, d.first_base, d.second_base) for d in differences(*bases)]
    decisive = [site for site in found if site[0] == c840]
    if not decisive or decisive[0][2:] != ("C", "T"):
        return "the reference has not C in SMN1 opposite T in SMN2 at c.840"
    sites = tuple(site for site in found if abs(site[0] - c840) <= _NEAR)
    shift = decisive[0][1] - c840
    stretches = ((start, first.end), (start + shift, first.end + shift))
    avoid = [(gene.contig, gene.start - _GAP, gene.end + _GAP) for gene in (first, second)]
    length = first.end - start
    windows = matched_windows(fasta, build, gc=gc_share(bases[0]), length=length, count=_WINDOWS, avoid=avoid)
    return SmnPlace(first.contig, (first.start, first.end), stretches, sites, c840, tuple(windows))


def _transcript(models: GeneModels, gene: int) -> Transcript | None:
    transcripts = [t for t in models.transcripts_of.get(gene, ()) if t.cds]
    return next((t for t in transcripts if t.is_mane_select), transcripts[0] if transcripts else None)


def _coding_place(transcript: Transcript, offset: int) -> int | None:
    """Place of a coding base, 0-based along the coding sequence of a transcript on the forward strand."""
    for start, end in transcript.cds:
        if offset < end - start:
            return start + offset
        offset -= end - start
    return None


def count_copies(reads: pysam.AlignmentFile, place: SmnPlace) -> SmnCopies:
    """The copies of one sample; ValueError and OSError of pysam pass."""
    if len(place.windows) < _LEAST_WINDOWS:
        return _no_call(f"{len(place.windows)} windows to hold depth against, {_LEAST_WINDOWS} are asked for")
    length = place.stretches[0][1] - place.stretches[0][0]
    counts = count_starts(reads, [(w.contig, w.start, w.end) for w in place.windows])
    median = float(np.median(counts))
    near, decisive, read_length = _vote(reads, place)
    depth = median * read_length / length
    if depth < _LEAST_DEPTH:
        return _no_call(f"depth {depth:.1f}, {_LEAST_DEPTH:g} is asked for")
    scatter = 1.4826 * float(np.median(np.abs(counts - median))) / median
    mine = int(count_starts(reads, [(place.contig, *span) for span in place.stretches]).sum())
    spread = sqrt(max(0.0, scatter**2 - 1 / median))
    return call_copies(Votes(depth, spread, 2 * mine / median, median / 2, near, decisive))


def _no_call(reason: str) -> SmnCopies:
    return SmnCopies(None, None, float("nan"), float("nan"), reason, None)


def _vote(reads: pysam.AlignmentFile, place: SmnPlace) -> tuple[tuple[int, int], tuple[int, int], float]:
    """Fragments for SMN1 and for SMN2 by the bases they show, the same at c.840 alone, and the mean length of a read."""
    votes: dict[str, int] = {}
    at_c840: dict[str, int] = {}
    bases = seen = 0
    for gene in (0, 1):
        alleles = {(first, second)[gene]: (a, b, first == place.c840) for first, second, a, b in place.sites}
        for read in reads.fetch(place.contig, min(alleles), max(alleles) + 1):
            if read.flag & 0xF04 or not read.query_sequence or read.query_name is None:
                continue
            bases, seen = bases + read.query_length, seen + 1
            for spot, at in read.get_aligned_pairs(matches_only=True):
                if at in alleles:
                    mine, other, is_decisive = alleles[at]
                    vote = _side(read, spot, mine, other)
                    votes[read.query_name] = votes.get(read.query_name, 0) + vote
                    if is_decisive and vote:
                        at_c840[read.query_name] = vote
    return _sides(votes), _sides(at_c840), bases / seen if seen else 0.0


def _side(read: pysam.AlignedSegment, spot: int, mine: str, other: str) -> int:
    qualities, sequence = read.query_qualities, read.query_sequence or ""
    if qualities is not None and qualities[spot] < _READ_QUALITY:
        return 0
    return 1 if sequence[spot] == mine else -1 if sequence[spot] == other else 0


def _sides(votes: Mapping[str, int]) -> tuple[int, int]:
    return sum(v > 0 for v in votes.values()), sum(v < 0 for v in votes.values())


def call_copies(votes: Votes) -> SmnCopies:
    """The copies from what was counted, by the table above."""
    totals, is_total_sure = _total(votes)
    near, decisive = _smn1(totals, votes.near), _smn1(totals, votes.at_c840)
    best = max(range(len(near)), key=near.__getitem__)
    zero = max(near[0], decisive[0])
    if decisive[0] >= _SURE:
        return _called(0, totals, is_total_sure, decisive[0], zero, votes)
    if near[best] < _SURE:
        return SmnCopies(None, None, near[best], zero, f"SMN1 copies unclear, {best} at {near[best]:.0%}", votes)
    if decisive[best] < _REFUTED:
        told = max(range(len(decisive)), key=decisive.__getitem__)
        reason = f"c.840 says {told}, the bases beside it {best}: conversion between SMN1 and SMN2 is possible"
        return SmnCopies(None, None, near[best], zero, reason, votes)
    if not is_total_sure:
        return SmnCopies(None, None, near[best], zero, f"depth is between whole copies ({votes.raw:.2f} of both genes)", votes)
    return _called(best, totals, is_total_sure, near[best], zero, votes)


def _called(smn1: int, totals: list[float], is_total_sure: bool, probability: float, zero: float, votes: Votes) -> SmnCopies:
    whole = max(range(len(totals)), key=totals.__getitem__)
    return SmnCopies(smn1, whole - smn1 if is_total_sure and whole >= smn1 else None, probability, zero, "", votes)


def _total(votes: Votes) -> tuple[list[float], bool]:
    """Probability of each number of copies of both genes, and whether one is sure."""
    fits = []
    for copies in range(_MOST_COPIES + 1):
        reads = max(copies * votes.reads_per_copy, 1.0)
        scatter = max(0.05, copies * sqrt(1 / reads + votes.spread**2))
        fits.append(exp(-(((votes.raw - copies) / scatter) ** 2) / 2) / (scatter * sqrt(2 * pi)))
    whole = sum(fits)
    if not whole:
        return [1 / len(fits)] * len(fits), False
    return [fit / whole for fit in fits], max(fits) / (whole + _OUTLIER) >= _SURE


def _smn1(totals: list[float], sides: tuple[int, int]) -> list[float]:
    """Probability of each number of copies of SMN1, given the number of both and the fragments of each side."""
    ours, others = sides
    logs: dict[tuple[int, int], float] = {}
    for whole, weight in enumerate(totals):
        for copies in range(whole + 1):
            if weight < 1e-12 or not whole:
                continue
            share = copies / whole
            chance = share * (1 - _ERROR) + (1 - share) * _ERROR
            logs[whole, copies] = log(weight / (whole + 1)) + ours * log(chance) + others * log(1 - chance)
    found = [0.0] * (_MOST_COPIES + 1)
    if not logs:
        found[0] = 1.0
        return found
    top = max(logs.values())
    for (_, copies), value in logs.items():
        found[copies] += exp(value - top)
    whole_weight = sum(found)
    return [value / whole_weight for value in found]
