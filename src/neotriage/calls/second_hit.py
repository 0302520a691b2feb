"""A second look in a recessive gene that has one strong change, in the baby's alignment and in what filters dropped.

| looked for             | told                                                                                           |
|------------------------|------------------------------------------------------------------------------------------------|
| an exon's depth        | half or less of what 100 windows of like GC content have, too little by chance (1 in 1,000)    |
| uncovered exons        | coding bases under 8 reads of mapping quality 20: a change there is not seen                   |
| ends of rearrangements | 3 reads and more clipped at one place (10 bases and more), in a tenth of the reads there       |
| pairs                  | 4 fragments and more whose mates lie too far apart, on another contig, or turned the wrong way |
| dropped calls          | the baby's rare calls in the gene that a filter dropped, nearest to an exon first              |

The place is the gene with 2,000 bp on either side. A relative who shows the same is named; what lies on the copy that the first
change came with is not left out, since phase is often not known. Nothing found here is proven: each line asks for a look at
the reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import exp, fsum, isnan, lgamma, log
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pysam

from neotriage.case import Case
from neotriage.copies.windows import count_starts, gc_share, matched_windows
from neotriage.errors import FormatError
from neotriage.fasta import open_fasta
from neotriage.gene_models import GeneModels, Transcript
from neotriage.genome import Build, ContigKind
from neotriage.scan.calls import Interest, open_scan
from neotriage.schema import KeptBy, Model
from neotriage.store import Store

__all__ = ["Depths", "Searched", "clipped_places", "exon_losses", "look_again", "single_hits", "strange_pairs"]

_MOST_GENES = 5
_BESIDE_BP = 2000
_WINDOWS = 100
_WINDOW_BP = 2000
_LEAST_WINDOWS = 10
_LEAST_DEPTH = 8
_LEAST_QUALITY = 20
_LOST = 0.65
_CHANCE = 1e-3
_LEAST_CLIP = 10
_SAME_PLACE_BP = 3
_LEAST_CLIPPED = 3
_LEAST_CLIPPED_SHARE = 0.1
_LEAST_PAIRS = 4
_FAR = 10
_PAIR_SPAN = 500
_NEAR_EXON_BP = 50
_MOST_CALLS = 10
_MASK = 0xF04
_MASK_CLIPS = 0x704  # a supplementary alignment is the other part of a clipped read
_REACH = 75  # reads that begin so far before an exon reach well into it


@dataclass(frozen=True)
class Depths:
    """Reads that begin in an exon, and those expected of two copies; the exon's number and place, 0-based half-open."""

    exon: int
    start: int
    end: int
    reads: int
    expected: float

    @property
    def ratio(self) -> float:
        """Reads over those expected."""
        return self.reads / self.expected


@dataclass(frozen=True)
class Searched:
    """A gene that was looked at again: what was found, and what could not be looked at. Lines for people."""

    gene: str
    gene_id: str
    looked_at: tuple[str, ...]
    found: tuple[str, ...]
    not_looked_at: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "gene": self.gene,
            "gene_id": self.gene_id,
            "looked_at": list(self.looked_at),
            "found": list(self.found),
            "not_looked_at": list(self.not_looked_at),
        }


def single_hits(candidates: pl.DataFrame, excluded: Iterable[str]) -> list[tuple[str, str]]:
    """(id, symbol) of the genes whose candidate is a lone hit, best first, at most five."""
    left_out = set(excluded)
    rows = candidates.filter(pl.col("model") == Model.RECESSIVE_SINGLE.value).sort("rank").select("gene_id", "gene").iter_rows()
    return [row for row in rows if not left_out & set(row)][:_MOST_GENES]


def look_again(
    genes: Sequence[tuple[str, str]],
    case: Case,
    build: Build,
    models: GeneModels,
    variants: pl.DataFrame,
    calls: Path,
    reference: Path,
    alignments: Mapping[str, Path],
    store: Store | None,
) -> list[Searched]:
    """Each gene looked at again.

    Args:
        genes: (id, symbol).
        case: the family; its first sample is the baby.
        build: the run's build.
        models: the gene models.
        variants: the `variants` table: what the filters kept.
        calls: joint calls, indexed.
        reference: indexed FASTA.
        alignments: sample -> indexed alignment; without the baby's only the calls are looked at.
        store: frequencies; without one common changes are not left out.

    Raises:
        FormatError: a file cannot be read.
    """
    kept = variants.filter((pl.col("kept_by") & int(KeptBy.RARE | KeptBy.CLINVAR | KeptBy.ALWAYS_LOOK)) != 0)
    known = set(kept.select("chrom", "position", "ref", "alt").iter_rows())
    searched = []
    try:
        with ExitStack() as stack:
            fasta = stack.enter_context(open_fasta(reference))
            opened = {
                sample: stack.enter_context(pysam.AlignmentFile(str(path), reference_filename=str(reference)))
                for sample, path in alignments.items()
                if sample in case.family.samples
            }
            for gene_id, symbol in genes:
                transcript = _transcript(models, gene_id)
                if transcript is None:
                    searched.append(Searched(symbol, gene_id, (), (), ("the gene models have no transcript of it",)))
                    continue
                searched.append(_look(symbol, gene_id, transcript, case, build, models, known, calls, fasta, opened, store))
    except (OSError, ValueError) as error:
        raise FormatError(f"the reads cannot be read again ({error})", fix="run the stages `reads` and `calls` again") from None
    return searched


def _transcript(models: GeneModels, gene_id: str) -> Transcript | None:
    place = models.by_id.get(gene_id)
    transcripts = models.transcripts_of.get(place, ()) if place is not None else ()
    return next((t for t in transcripts if t.is_mane_select), transcripts[0] if transcripts else None)


def _look(
    symbol: str,
    gene_id: str,
    transcript: Transcript,
    case: Case,
    build: Build,
    models: GeneModels,
    known: set[tuple[Any, ...]],
    calls: Path,
    fasta: pysam.FastaFile,
    opened: Mapping[str, pysam.AlignmentFile],
    store: Store | None,
) -> Searched:
    gene, baby = models.genes[transcript.gene], case.family.proband.sample
    low = max(0, gene.start - _BESIDE_BP)
    high = min(gene.end + _BESIDE_BP, build.by_name[gene.contig].length)
    looked_at = [f"calls in {gene.contig}:{low + 1}-{high}, whatever filter they failed"]
    found = list(_dropped_calls(gene.contig, low, high, transcript, case, known, calls, store))
    not_looked_at = [] if store else ["frequencies: common changes are not left out of the dropped calls"]
    reads = opened.get(baby)
    if reads is None:
        not_looked_at.append("reads: the baby came as calls")
        return Searched(symbol, gene_id, tuple(looked_at), tuple(found), tuple(not_looked_at))
    relatives = {sample: file for sample, file in opened.items() if sample != baby}
    lines, told = _exons(gene.contig, (low, high), transcript, build, fasta, reads, relatives)
    found += lines
    looked_at.append(told)
    uncovered = _uncovered(gene.contig, transcript, reads)
    if uncovered:
        not_looked_at.append(f"coding bases under {_LEAST_DEPTH} reads: {'; '.join(uncovered)}")
    for place, clipped, depth in clipped_places(reads, gene.contig, low, high):
        others = [name for name, file in relatives.items() if _has_clip(file, gene.contig, place)]
        found.append(f"{clipped} of {depth} reads end clipped at {gene.contig}:{place + 1}{_shared(others)}")
    for start, end, count in strange_pairs(reads, gene.contig, low, high):
        others = [name for name, file in relatives.items() if _has_pairs(file, gene.contig, low, high, start)]
        found.append(f"{count} fragments beside {gene.contig}:{start + 1}-{end} whose mates lie elsewhere{_shared(others)}")
    looked_at.append("clipped reads and strange pairs in the same place")
    return Searched(symbol, gene_id, tuple(looked_at), tuple(found), tuple(not_looked_at))


def _shared(others: Sequence[str]) -> str:
    return f"; also in {', '.join(others)}" if others else ""


# ---- depth


def _exons(
    contig: str,
    span: tuple[int, int],
    transcript: Transcript,
    build: Build,
    fasta: pysam.FastaFile,
    reads: pysam.AlignmentFile,
    relatives: Mapping[str, pysam.AlignmentFile],
) -> tuple[list[str], str]:
    """Lines on exons that are lost, and what was looked at."""
    if build.kind(contig) is not ContigKind.AUTOSOME:
        return [], "depth of exons: not on a sex chromosome"
    numbers = {exon: transcript.exon_number(*exon) for exon in transcript.exons}
    gc = gc_share("".join(fasta.fetch(contig, *exon).upper() for exon in transcript.exons))
    windows = matched_windows(fasta, build, gc=gc, length=_WINDOW_BP, count=_WINDOWS, avoid=[(contig, *span)])
    if len(windows) < _LEAST_WINDOWS:
        return [], f"depth of exons: not assessed, {len(windows)} windows to hold it against"
    places = [(w.contig, w.start, w.end) for w in windows]

    def depths(file: pysam.AlignmentFile) -> list[Depths]:
        per_base = float(np.median(count_starts(file, places))) / _WINDOW_BP
        counts = count_starts(file, [(contig, max(0, start - _REACH), end) for start, end in transcript.exons])
        return [
            Depths(numbers[exon], *exon, int(count), max(1e-9, per_base * (exon[1] - max(0, exon[0] - _REACH))))
            for exon, count in zip(transcript.exons, counts.tolist(), strict=True)
        ]

    lost = exon_losses(depths(reads))
    of_relatives = {name: {d.exon for d in exon_losses(depths(file))} for name, file in relatives.items()} if lost else {}
    lines = []
    for exon in lost:
        others = [name for name, exons in of_relatives.items() if exon.exon in exons]
        where = f"exon {exon.exon} ({contig}:{exon.start + 1}-{exon.end})"
        lines.append(f"{where} has {exon.ratio:.0%} of the depth of two copies: a deletion is possible{_shared(others)}")
    return lines, f"depth of {len(transcript.exons)} exons of {transcript.id}"


def exon_losses(depths: Sequence[Depths]) -> list[Depths]:
    """The exons with half the reads of two copies or less, give or take, that chance does not explain."""
    return [d for d in depths if d.ratio <= _LOST and _poisson_at_most(d.reads, d.expected) < _CHANCE]


def _poisson_at_most(count: int, mean: float) -> float:
    """Chance of so many reads or fewer; each term by its logarithm, since a large exon's mean makes exp(-mean) nothing."""
    return fsum(exp(n * log(mean) - mean - lgamma(n + 1)) for n in range(count + 1))


def _uncovered(contig: str, transcript: Transcript, reads: pysam.AlignmentFile) -> list[str]:
    """Coding parts with bases under 8 reads, by exon."""

    def counts(read: pysam.AlignedSegment) -> bool:
        return not read.flag & _MASK and read.mapping_quality >= _LEAST_QUALITY

    told = []
    for start, end in transcript.cds:
        depth = np.sum(reads.count_coverage(contig, start, end, quality_threshold=0, read_callback=counts), axis=0)
        short = int(np.sum(depth < _LEAST_DEPTH))
        if short:
            told.append(f"exon {transcript.exon_number(start, end)}, {short} of {end - start}")
    return told


# ---- ends of rearrangements


def clipped_places(reads: pysam.AlignmentFile, contig: str, start: int, end: int) -> list[tuple[int, int, int]]:
    """Places where reads end clipped: (0-based place, clipped reads, reads over it), in order."""
    clips: Counter[int] = Counter()
    for read in reads.fetch(contig, start, end):
        if read.flag & _MASK_CLIPS or read.mapping_quality < _LEAST_QUALITY or not read.cigartuples:
            continue
        ends = ((read.cigartuples[0], read.reference_start), (read.cigartuples[-1], read.reference_end or 0))
        for (operation, length), place in ends:
            if operation in (4, 5) and length >= _LEAST_CLIP:
                clips[place] += 1
    found = []
    for place in _tops(clips):
        count = sum(clips[place + shift] for shift in range(-_SAME_PLACE_BP, _SAME_PLACE_BP + 1))
        if count >= _LEAST_CLIPPED and start <= place < end:
            depth = max(count, reads.count(contig, max(0, place - 1), place + 1))
            if count / depth >= _LEAST_CLIPPED_SHARE:
                found.append((place, count, depth))
    return found


def _tops(clips: Counter[int]) -> list[int]:
    """Places with the most clipped reads among those of one end, in order."""
    tops: list[int] = []
    for place, _ in sorted(clips.items(), key=lambda item: (-item[1], item[0])):
        if all(abs(place - top) > _SAME_PLACE_BP for top in tops):
            tops.append(place)
    return sorted(tops)


def _has_clip(reads: pysam.AlignmentFile, contig: str, place: int) -> bool:
    return any(
        abs(other - place) <= _SAME_PLACE_BP for other, *_ in clipped_places(reads, contig, max(0, place - 20), place + 20)
    )


def strange_pairs(reads: pysam.AlignmentFile, contig: str, start: int, end: int) -> list[tuple[int, int, int]]:
    """Groups of reads whose mates lie too far, on another contig or turned wrongly: (start, end, fragments), in order."""
    sizes = [abs(r.template_length) for r in reads.fetch(contig, start, end) if r.is_proper_pair and not r.flag & _MASK]
    if not sizes:
        return []
    middle = float(np.median(sizes))
    spread = max(1.4826 * float(np.median(np.abs(np.array(sizes) - middle))), 10.0)
    strange = [
        (read.reference_start, str(read.query_name))
        for read in reads.fetch(contig, start, end)
        if not read.flag & _MASK
        and read.mapping_quality >= _LEAST_QUALITY
        and read.is_paired
        and not read.mate_is_unmapped
        and _is_strange(read, middle + _FAR * spread)
    ]
    groups: list[list[tuple[int, str]]] = []
    for place, name in sorted(strange):
        if groups and place - groups[-1][-1][0] <= _PAIR_SPAN // 2:
            groups[-1].append((place, name))
        else:
            groups.append([(place, name)])
    counted = [(of[0][0], of[-1][0], len({name for _, name in of})) for of in groups]
    return [group for group in counted if group[2] >= _LEAST_PAIRS]


def _has_pairs(reads: pysam.AlignmentFile, contig: str, low: int, high: int, place: int) -> bool:
    return any(abs(start - place) < _PAIR_SPAN for start, *_ in strange_pairs(reads, contig, low, high))


def _is_strange(read: pysam.AlignedSegment, farthest: float) -> bool:
    if read.next_reference_id != read.reference_id or abs(read.template_length) > farthest:
        return True
    return read.is_reverse == read.mate_is_reverse


# ---- calls that the filters dropped


def _dropped_calls(
    contig: str,
    low: int,
    high: int,
    transcript: Transcript,
    case: Case,
    known: set[tuple[Any, ...]],
    calls: Path,
    store: Store | None,
) -> Iterator[str]:
    """Lines on the baby's calls in the gene that are not in the table, nearest to an exon first."""
    place = {contig: (np.array([low], np.int32), np.array([high], np.int32))}
    interest = Interest(regions={}, taken=place, primary=frozenset({contig}), lowest_qual=0.0, elsewhere=False)
    rows: list[tuple[int, str]] = []
    for batch in open_scan(calls, case.family.samples).batches(interest):
        frequency = (
            store.lookup(contig, batch.positions, batch.refs, batch.alts)["allele_frequency"].tolist()
            if store and store.is_covered(contig)
            else [float("nan")] * len(batch)
        )
        for row in range(len(batch)):
            position, ref, alt = int(batch.positions[row]), batch.refs[row], batch.alts[row]
            carried = (batch.genotype[row] == 1).any(axis=1)
            is_common = frequency[row] > case.settings.frequency.recessive
            if not carried[0] or (contig, position, ref, alt) in known or is_common:
                continue
            distance = min(max(start - position, position - end + 1, 0) for start, end in transcript.exons)
            where = "in an exon" if not distance else f"{distance} bp from an exon"
            is_inside = transcript.exons[0][0] <= position < transcript.exons[-1][1]
            where += ", deep in the intron" if distance > _NEAR_EXON_BP and is_inside else ""
            said = batch.filters[row] or "no filter"
            seen = "not in the frequency files" if isnan(frequency[row]) else f"frequency {frequency[row]:.2g}"
            quality = "" if isnan(float(batch.qual[row])) else f", QUAL {batch.qual[row]:.0f}"
            others = [s for s, is_carrier in zip(case.family.samples[1:], carried[1:], strict=True) if is_carrier]
            from_whom = f"; also in {', '.join(others)}" if others else "; in no relative called"
            allele = f"{contig}:{position + 1} {ref}>{alt}"
            rows.append((distance, f"dropped call {allele}, {where} ({said}{quality}, {seen}){from_whom}"))
    rows.sort()
    yield from (line for _, line in rows[:_MOST_CALLS])
    if len(rows) > _MOST_CALLS:
        yield f"{len(rows) - _MOST_CALLS} more dropped calls lie farther from the exons"
