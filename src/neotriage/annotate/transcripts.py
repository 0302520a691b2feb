"""What the gene models say of a transcript that a change lies on."""

from __future__ import annotations

from typing import Any

from neotriage.gene_models import GeneModels, Transcript

__all__ = ["transcript_facts"]


def transcript_facts(transcript: Transcript, start: int, end: int, models: GeneModels) -> dict[str, Any]:
    """Columns of `consequences` that hold of any change of the bases [start, end), 0-based half-open."""
    gene = models.genes[transcript.gene]
    exon, exon_last = transcript.exons_changed(start, end)
    return {
        "gene_id": gene.id,
        "gene": gene.symbol,
        "transcript": transcript.id,
        "refseq": transcript.refseq,
        "is_mane_select": transcript.is_mane_select,
        "strand": transcript.strand,
        "exon": exon,
        "exon_last": exon_last,
        "exons": len(transcript.exons),
    }
