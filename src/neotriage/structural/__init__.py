"""Structural changes in the one form that stages share: records read and written as VCF, overlap, population, words."""

from neotriage.structural.overlap import reciprocal_overlap
from neotriage.structural.population import PopulationRecord, StructuralPopulation, open_population
from neotriage.structural.records import Call, Record, mate_of, read_records, write_records
from neotriage.structural.words import label, size_words

__all__ = [
    "Call",
    "PopulationRecord",
    "Record",
    "StructuralPopulation",
    "label",
    "mate_of",
    "open_population",
    "read_records",
    "reciprocal_overlap",
    "size_words",
    "write_records",
]
