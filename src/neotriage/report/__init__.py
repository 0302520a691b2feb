"""The report stage: one document (JSON) from the case's tables, and the HTML, TSV and annotated VCF made from that document.

The document is the only source of the other three, so that they cannot disagree.
"""

from neotriage.report.annotated_vcf import write_annotated_vcf
from neotriage.report.document import Sources, build_document, withheld_genes, write_whynot
from neotriage.report.page import render_page
from neotriage.report.reads import ReadsView, slice_reads
from neotriage.report.structural import shown_structural
from neotriage.report.tabular import write_tsv

__all__ = [
    "ReadsView",
    "Sources",
    "build_document",
    "render_page",
    "shown_structural",
    "slice_reads",
    "withheld_genes",
    "write_annotated_vcf",
    "write_tsv",
    "write_whynot",
]
