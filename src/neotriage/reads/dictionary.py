"""The reference's sequence dictionary (`samtools dict`): the @SQ lines that every alignment of a run carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from neotriage.errors import BuildError, FormatError
from neotriage.genome import Build, check_lengths

__all__ = ["Dictionary", "check_dictionary", "read_dictionary"]


@dataclass(frozen=True)
class Dictionary:
    """The reference's contigs in file order: `lines` are its @SQ lines, `lengths` contig name -> length in bp."""

    path: Path
    lines: tuple[str, ...]
    lengths: Mapping[str, int]


def read_dictionary(path: Path) -> Dictionary:
    """The contigs of a `.dict` file.

    Raises:
        FormatError: no @SQ line with SN and LN in it.
    """
    lines = tuple(line for line in path.read_text().splitlines() if line.startswith("@SQ\t"))
    try:
        fields = [dict(field.split(":", 1) for field in line.split("\t")[1:]) for line in lines]
        lengths = {field["SN"]: int(field["LN"]) for field in fields}
    except (KeyError, ValueError) as error:
        raise FormatError(f"not a sequence dictionary ({error!r})", file=path, fix="make it with samtools dict") from None
    if not lengths:
        raise FormatError("holds no contig", file=path, fix="give a reference FASTA with sequences in it")
    return Dictionary(path, lines, lengths)


def check_dictionary(dictionary: Dictionary, build: Build, reference: Path) -> None:
    """Pass if the reference holds every contig that is called, each of the build's length.

    Raises:
        BuildError: a contig is absent or of another length.
    """
    check_lengths(build, dictionary.lengths, file=reference)
    absent = [contig.name for contig in build.primary if contig.name not in dictionary.lengths]
    if absent:
        raise BuildError(
            f"lacks {len(absent)} of the contigs that build {build.name} names, {absent[0]} first",
            file=reference,
            fix="give the whole reference, or a build file (reference.build) that names the contigs it has",
        )
