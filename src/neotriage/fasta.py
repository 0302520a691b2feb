"""The run's FASTA."""

from __future__ import annotations

from pathlib import Path

import pysam

from neotriage.errors import FormatError

__all__ = ["open_fasta"]


def open_fasta(path: Path) -> pysam.FastaFile:
    """An indexed FASTA, opened.

    Raises:
        FormatError: no such file, none that is a FASTA, or no index beside it.
    """
    try:
        return pysam.FastaFile(str(path))
    except (OSError, ValueError) as error:
        raise FormatError(f"cannot be read as an indexed FASTA ({error})", file=path, fix="run samtools faidx") from None
