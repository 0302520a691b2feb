"""Samplesheet, case files, phenopackets and config, checked whole before a job starts; cheap enough for the Snakefile."""

from neotriage.inputs.config import read_run, read_shared
from neotriage.inputs.run import CaseInputs, FileKind, FrequencySource, InputFile, ReadGroup, Resources, Run, Shared

__all__ = [
    "CaseInputs",
    "FileKind",
    "FrequencySource",
    "InputFile",
    "ReadGroup",
    "Resources",
    "Run",
    "Shared",
    "read_run",
    "read_shared",
]
