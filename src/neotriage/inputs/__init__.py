"""Samplesheet, case files, phenopackets and config, checked whole before a job starts; cheap enough for the Snakefile."""

from neotriage.inputs.config import read_run
from neotriage.inputs.run import CaseInputs, FileKind, FrequencySource, InputFile, ReadGroup, Resources, Run

__all__ = [
    "CaseInputs",
    "FileKind",
    "FrequencySource",
    "InputFile",
    "ReadGroup",
    "Resources",
    "Run",
    "read_run",
]
