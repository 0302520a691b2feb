"""The annotate stage: consequences on transcripts, and what ClinVar says, for the rows of the variant table."""

from neotriage.annotate.clinvar_columns import annotations_of, annotations_table
from neotriage.annotate.consequences import consequences_table
from neotriage.annotate.mitochondrial import open_mitochondrion
from neotriage.annotate.terms import impact_of, sorted_terms

__all__ = ["annotations_of", "annotations_table", "consequences_table", "impact_of", "open_mitochondrion", "sorted_terms"]
