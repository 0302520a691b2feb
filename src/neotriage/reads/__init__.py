"""Checks of read files before they are aligned or taken over, and the header that every alignment of a run gets."""

from neotriage.reads.alignment import AlignmentFacts, check_alignment, header_for
from neotriage.reads.dictionary import check_dictionary, read_dictionary
from neotriage.reads.fastq import FastqFacts, check_fastq_pair

__all__ = [
    "AlignmentFacts",
    "FastqFacts",
    "check_alignment",
    "check_dictionary",
    "check_fastq_pair",
    "header_for",
    "read_dictionary",
]
