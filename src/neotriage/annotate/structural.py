"""What a structural change does to each transcript, from the gene models alone.

    change   lies over                                        terms
    DEL      the whole transcript                             transcript_ablation
             some exons, or parts of them                     feature_truncation, with exon_loss_variant if one is lost whole
             an intron alone                                  intron_variant
    DUP      the whole transcript                             transcript_amplification
             exons, both ends within the transcript           feature_elongation (in tandem the transcript has them twice)
             exons, one end within                            coding_transcript_variant: in tandem, one whole copy stays
             an intron alone                                  intron_variant
    INV      exons, an end within the transcript              feature_truncation
             an intron alone                                  intron_variant
             the whole transcript                             none: it is turned and stays whole
    INS      an exon                                          feature_elongation
             an intron                                        intron_variant
    BND      an end within the transcript                     feature_truncation
    STR      an exon, an intron                               feature_elongation, intron_variant

Where coding exons are touched coding_sequence_variant stands beside it; of one without CDS non_coding_transcript_exon_variant.
A transcript counts from its first to its last exon. Terms are Sequence Ontology's; impacts: `terms.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from neotriage.annotate.terms import impact_of, sorted_terms
from neotriage.annotate.transcripts import transcript_facts
from neotriage.gene_models import GeneModels, Transcript
from neotriage.schema import Kind
from neotriage.structural import mate_of

__all__ = ["structural_consequences", "structural_terms"]

_FILE = "structural consequences"


def structural_consequences(variants: pl.DataFrame, models: GeneModels) -> list[dict[str, Any]]:
    """Rows of `consequences` of the structural rows of the variant table, by variant, gene id and transcript."""
    index = models.gene_index()
    rows = []
    for variant in variants.iter_rows(named=True):
        found: dict[str, dict[str, Any]] = {}
        for contig, start, end in _spans(variant):
            _, genes = index.overlaps(contig, np.array([start], np.int32), np.array([end], np.int32))
            for transcript in (t for gene in genes.tolist() for t in models.transcripts_of.get(gene, ())):
                terms = structural_terms(Kind(variant["kind"]), start, end, transcript)
                if terms:
                    found.setdefault(transcript.id, _row(variant["variant"], transcript, models, start, end, terms))
        rows += sorted(found.values(), key=lambda row: (row["gene_id"], row["transcript"]))
    return rows


def _spans(variant: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Contig and 0-based half-open span; of an insertion its place, of a breakend both of its ends."""
    kind, chrom, position = Kind(variant["kind"]), variant["chrom"], variant["position"]
    if kind is Kind.BREAKEND:
        yield chrom, position, position + 1
        mate = mate_of(variant["alt"])
        if mate is not None:
            yield mate[0], mate[1], mate[1] + 1
    elif kind is Kind.INSERTION:
        yield chrom, position, position + 1
    else:
        yield chrom, position + 1, max(variant["end"], position + 2)


def structural_terms(kind: Kind, start: int, end: int, transcript: Transcript) -> tuple[str, ...]:
    """Terms, most severe first, of a change of [start, end) on a transcript; () for none. The table is this module's."""
    first, last = transcript.exons[0][0], transcript.exons[-1][1]
    if start >= last or end <= first:
        return ()
    is_whole = start <= first and last <= end
    touched = [(low, high) for low, high in transcript.exons if start < high and low < end]
    if is_whole and kind in _WHOLE:
        return _WHOLE[kind]
    if kind is Kind.BREAKEND:
        terms = {"feature_truncation"}
    elif not touched:
        return ("intron_variant",)
    elif kind is Kind.DELETION:
        is_lost = any(start <= low and high <= end for low, high in touched)
        terms = {"feature_truncation", *(["exon_loss_variant"] if is_lost else [])}
    elif kind is Kind.DUPLICATION:
        is_within = first <= start and end <= last
        terms = {"feature_elongation" if is_within else "coding_transcript_variant"}
        if not is_within and not transcript.cds:
            terms = {"non_coding_transcript_variant"}
    elif kind is Kind.INVERSION:
        terms = {"feature_truncation"}
    else:
        terms = {"feature_elongation"}
    if any(start < high and low < end for low, high in transcript.cds):
        terms.add("coding_sequence_variant")
    elif not transcript.cds and touched:
        terms.add("non_coding_transcript_exon_variant")
    return sorted_terms(terms, file=_FILE)


_WHOLE: Mapping[Kind, tuple[str, ...]] = {
    Kind.DELETION: ("transcript_ablation",),
    Kind.DUPLICATION: ("transcript_amplification",),
    Kind.INVERSION: (),
}


def _row(
    number: int, transcript: Transcript, models: GeneModels, start: int, end: int, terms: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "variant": number,
        **transcript_facts(transcript, start, end, models),
        "terms": "&".join(terms),
        "impact": impact_of(terms).value,
        "amino_acids": "",
        "joined_with": "",
    }
