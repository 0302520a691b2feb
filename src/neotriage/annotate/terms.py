"""Sequence Ontology consequence terms, most severe first, with Ensembl's impact.

Source: Ensembl Variation, "Calculated variant consequences"
(www.ensembl.org/info/genome/variation/prediction/predicted_data.html). A term that is not in it is an error, but for
exon_loss_variant (SO:0001572), which Ensembl does not calculate and SnpEff rates HIGH: this project's own code alone gives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from neotriage.errors import FormatError
from neotriage.schema import Impact

__all__ = ["IMPACTS", "impact_of", "sorted_terms"]

IMPACTS: Mapping[str, Impact] = {
    "transcript_ablation": Impact.HIGH,
    "exon_loss_variant": Impact.HIGH,
    "splice_acceptor_variant": Impact.HIGH,
    "splice_donor_variant": Impact.HIGH,
    "stop_gained": Impact.HIGH,
    "frameshift_variant": Impact.HIGH,
    "stop_lost": Impact.HIGH,
    "start_lost": Impact.HIGH,
    "transcript_amplification": Impact.HIGH,
    "feature_elongation": Impact.HIGH,
    "feature_truncation": Impact.HIGH,
    "inframe_insertion": Impact.MODERATE,
    "inframe_deletion": Impact.MODERATE,
    "missense_variant": Impact.MODERATE,
    "protein_altering_variant": Impact.MODERATE,
    "splice_donor_5th_base_variant": Impact.LOW,
    "splice_region_variant": Impact.LOW,
    "splice_donor_region_variant": Impact.LOW,
    "splice_polypyrimidine_tract_variant": Impact.LOW,
    "incomplete_terminal_codon_variant": Impact.LOW,
    "start_retained_variant": Impact.LOW,
    "stop_retained_variant": Impact.LOW,
    "synonymous_variant": Impact.LOW,
    "coding_sequence_variant": Impact.MODIFIER,
    "mature_miRNA_variant": Impact.MODIFIER,
    "5_prime_UTR_variant": Impact.MODIFIER,
    "3_prime_UTR_variant": Impact.MODIFIER,
    "non_coding_transcript_exon_variant": Impact.MODIFIER,
    "intron_variant": Impact.MODIFIER,
    "NMD_transcript_variant": Impact.MODIFIER,
    "non_coding_transcript_variant": Impact.MODIFIER,
    "coding_transcript_variant": Impact.MODIFIER,
    "upstream_gene_variant": Impact.MODIFIER,
    "downstream_gene_variant": Impact.MODIFIER,
    "TFBS_ablation": Impact.MODIFIER,
    "TFBS_amplification": Impact.MODIFIER,
    "TF_binding_site_variant": Impact.MODIFIER,
    "regulatory_region_ablation": Impact.MODIFIER,
    "regulatory_region_amplification": Impact.MODIFIER,
    "regulatory_region_variant": Impact.MODIFIER,
    "intergenic_variant": Impact.MODIFIER,
    "sequence_variant": Impact.MODIFIER,
}
_SEVERITY = {term: place for place, term in enumerate(IMPACTS)}


def sorted_terms(terms: Iterable[str], *, file: str | Path) -> tuple[str, ...]:
    """The terms, each once, most severe first.

    Raises:
        FormatError: a term that is not Ensembl's.
    """
    found = set(terms)
    for term in sorted(found):
        if term not in _SEVERITY:
            raise FormatError(
                f"unknown consequence term {term!r}",
                file=file,
                fix="annotate with bcftools csq or Ensembl VEP, or report the term",
            )
    return tuple(sorted(found, key=_SEVERITY.__getitem__))


def impact_of(terms: Iterable[str]) -> Impact:
    """Impact of the most severe of known terms."""
    return IMPACTS[min(terms, key=_SEVERITY.__getitem__)]
