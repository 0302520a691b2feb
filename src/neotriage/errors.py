"""Errors a user can act on; everything else is a bug and keeps its traceback.

NeotriageError          one line for the user, exit code 2
├── InputError          a sheet, case file, panel or config says something impossible
├── FormatError         a data file (FASTQ, BAM, VCF, GFF3 …) is broken or of the wrong kind
├── BuildError          files of different reference builds or contig names meet
├── ResourceError       a resource is missing, empty, or not what its manifest says
└── MachineError        a tool, disk or folder of this machine is missing, too old, full or read-only
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "BuildError",
    "FormatError",
    "InputError",
    "MachineError",
    "NeotriageError",
    "ResourceError",
]


class NeotriageError(Exception):
    """One line that names the place and the fix.

    Args:
        problem: what is wrong, in one sentence.
        file: the file it was found in.
        row: 1-based line or record number in that file.
        column: the column or key.
        fix: what to change.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        row: int | None = None,
        column: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = file
        self.row = row
        self.column = column
        self.fix = fix
        super().__init__(str(self))

    def __str__(self) -> str:
        place = [] if self.file is None else [str(self.file)]
        if self.row is not None:
            place.append(f"line {self.row}")
        if self.column is not None:
            place.append(f"column {self.column}")
        text = f"{', '.join(place)}: {self.problem}" if place else self.problem
        if self.fix:
            text = f"{text.rstrip('.')}. Fix: {self.fix}"
        return " ".join(text.split())


class InputError(NeotriageError):
    """A sheet, case file, panel or config says something impossible."""


class FormatError(NeotriageError):
    """A data file is broken, cut short, or not of the format its use asks for."""


class BuildError(NeotriageError):
    """Files of different reference builds or contig names meet."""


class ResourceError(NeotriageError):
    """A resource is missing, empty, or not what its manifest says."""


class MachineError(NeotriageError):
    """A tool, disk or folder of this machine is missing, too old, full or read-only."""
