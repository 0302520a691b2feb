"""The mitochondrion's calls of a family as VCF text: substitutions, insertions and deletions by level, large deletions.

Every allele that one person has on 1 in 200 reads beyond error is a record; the others' reads of it stand beside it, so that
the mother's level is told. GT is 0/1 from 0.5 % on, 1/1 from the homoplasmic limit on, 0/0 below, `.` without reads; the level
is AD's. Sites of the rCRS at which reads go wrong bear the filter `artifact_prone_site`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path

import pysam

from neotriage.calls.circle import Circle
from neotriage.calls.heteroplasmy import LEAST_LEVEL, LEAST_READS, Counts, allele_quality, alleles_seen, count_alleles, merged
from neotriage.calls.mitochondrial_deletions import find_deletions, read_junctions
from neotriage.errors import FormatError
from neotriage.fasta import open_fasta

__all__ = ["ARTEFACT_PRONE", "mitochondrial_calls"]

ARTEFACT_PRONE = frozenset({301, 302, 310, 316, 3107, 16182})
"""1-based rCRS positions: gnomAD v3.1's artifact_prone_site (Laricchia et al. 2022, Genome Research 32:569)."""

RCRS_LENGTH = 16569
_LEAST_QUAL = 20.0


@dataclass(frozen=True)
class _Record:
    position: int
    ref: str
    alt: str
    qual: float
    ref_reads: tuple[int, ...]
    alt_reads: tuple[int, ...]
    depths: tuple[int, ...]


def mitochondrial_calls(
    contig: str,
    reference: Path,
    alignments: Mapping[str, Path],
    turned_reference: Path,
    turned: Mapping[str, Path],
    homoplasmy: float,
    regions: Sequence[tuple[int, int]] = (),
) -> Iterator[str]:
    """The lines of a VCF of a family's mitochondrial alleles.

    Args:
        contig: the mitochondrion's name.
        reference: FASTA of the run.
        alignments: sample -> indexed alignment.
        turned_reference: FASTA of the contig turned by half, under the same name.
        turned: sample -> indexed alignment to that, of the reads near the origin.
        homoplasmy: level from which an allele is called on all copies.
        regions: 0-based half-open; calls outside are left out. All if empty.

    Raises:
        FormatError: an alignment or the reference cannot be read.
    """
    try:
        with open_fasta(reference) as fasta:
            bases = fasta.fetch(contig).upper()
        with open_fasta(turned_reference) as fasta:
            turned_bases = fasta.fetch(contig).upper()
        circle = Circle(len(bases))
        counts, junctions = [], []
        for sample, path in alignments.items():
            with pysam.AlignmentFile(str(path), reference_filename=str(reference)) as reads:
                inner = count_alleles(reads, contig, bases)
                junctions.append(read_junctions(reads, contig))
            with pysam.AlignmentFile(str(turned[sample]), reference_filename=str(turned_reference)) as reads:
                counts.append(merged(inner, count_alleles(reads, contig, turned_bases), circle))
    except (OSError, ValueError, KeyError) as error:
        raise FormatError(f"the mitochondrion's reads cannot be read ({error})", fix="run the stage `reads` again") from None
    records = [*_small(counts, bases)]
    for deletion in find_deletions(junctions, len(bases)):
        depths = tuple(ref + alt for ref, alt in zip(deletion.ref, deletion.alt, strict=True))
        ref, anchor = bases[deletion.start - 1 : deletion.end], bases[deletion.start - 1]
        if deletion.start and deletion.qual >= _LEAST_QUAL:
            records.append(_Record(deletion.start - 1, ref, anchor, deletion.qual, deletion.ref, deletion.alt, depths))
    yield from _header(contig, len(bases), tuple(alignments))
    for record in sorted(records, key=lambda r: (r.position, r.ref, r.alt)):
        if not regions or any(start <= record.position < end for start, end in regions):
            yield _line(contig, record, homoplasmy, is_rcrs=len(bases) == RCRS_LENGTH)


def _small(counts: Sequence[Counts], bases: str) -> Iterator[_Record]:
    errors = [sample.error(bases) for sample in counts]
    for position, ref, alt in sorted({key for sample in counts for key in alleles_seen(sample, bases)}):
        qual = max(allele_quality(s, position, ref, alt, bases, e) for s, e in zip(counts, errors, strict=True))
        if qual >= _LEAST_QUAL:
            yield _Record(
                position,
                ref,
                alt,
                qual,
                tuple(sample.ref(position, ref, alt) for sample in counts),
                tuple(sum(sample.alt(position, ref, alt)) for sample in counts),
                tuple(sample.depth(position) for sample in counts),
            )


def _header(contig: str, length: int, samples: Sequence[str]) -> Iterator[str]:
    yield "##fileformat=VCFv4.2\n"
    yield f"##contig=<ID={contig},length={length}>\n"
    yield '##FILTER=<ID=artifact_prone_site,Description="rCRS position at which reads go wrong (gnomAD v3.1)">\n'
    yield '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    yield '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads of each allele">\n'
    yield '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Reads">\n'
    yield '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality, phred">\n'
    yield "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]) + "\n"


def _line(contig: str, record: _Record, homoplasmy: float, *, is_rcrs: bool) -> str:
    is_prone = is_rcrs and len(record.ref) < RCRS_LENGTH // 100 and record.position + 1 in ARTEFACT_PRONE
    calls = [_call(*reads, homoplasmy) for reads in zip(record.ref_reads, record.alt_reads, record.depths, strict=True)]
    head = [contig, str(record.position + 1), ".", record.ref, record.alt, f"{record.qual:.1f}"]
    return "\t".join([*head, "artifact_prone_site" if is_prone else "PASS", ".", "GT:AD:DP:GQ", *calls]) + "\n"


def _call(ref: int, alt: int, depth: int, homoplasmy: float) -> str:
    """GT:AD:DP:GQ. GQ is, for a carrier, how sure it is that the allele is there; else that it is not on 3 % of copies."""
    if not depth:
        return ".:.:.:."
    level = alt / depth
    if alt >= LEAST_READS and level >= LEAST_LEVEL:
        return f"{'1/1' if level >= homoplasmy else '0/1'}:{ref},{alt}:{depth}:{min(99, 10 * alt)}"
    return f"0/0:{ref},{alt}:{depth}:{min(99, int(-10 * depth * log10(1 - 0.03)))}"
