"""A BAM or CRAM as it was given: whole, sorted, of the run's build, of one person; and the header it gets here.

All alignments of a run carry the reference's own dictionary in its order, since callers pair the contigs of several files by
number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysam
from pysam.utils import SamtoolsError

from neotriage.errors import BuildError, FormatError, InputError
from neotriage.genome import Build, check_lengths
from neotriage.reads.dictionary import Dictionary

__all__ = ["AlignmentFacts", "check_alignment", "header_for"]


@dataclass(frozen=True)
class AlignmentFacts:
    """What an alignment's header says: contig name -> length in bp in file order, @RG lines as tag -> value, sort order."""

    path: Path
    lengths: Mapping[str, int]
    read_groups: tuple[Mapping[str, str], ...]
    sort_order: str


def check_alignment(path: Path, build: Build, name_in_file: str, *, is_realigned: bool = False) -> AlignmentFacts:
    """What the header of a BAM or CRAM says, if the file can be used.

    Args:
        path: the file.
        build: the run's build.
        name_in_file: the person's SM in its @RG lines.
        is_realigned: the reads are aligned again, so that order and build do not matter.

    Raises:
        FormatError: not BAM or CRAM, cut short, not sorted, reads without @RG.
        BuildError: contigs of another build.
        InputError: it holds another person, or several.
    """
    facts = _facts(path)
    _read_whole(path)
    if not is_realigned:
        check_lengths(build, facts.lengths, file=path)
        if facts.sort_order != "coordinate":
            raise FormatError(
                f"sorted by {facts.sort_order or 'nothing'}, not by coordinate",
                file=path,
                fix=f"samtools sort {path.name}, or set reads.realign: true",
            )
    _check_person(facts, name_in_file)
    return facts


def header_for(facts: AlignmentFacts, dictionary: Dictionary, sample: str) -> str:
    """The SAM header of that file here: the reference's dictionary, its read groups under the sample's name.

    Of a read group only id, platform and unit stay: library and description often hold a person's name.
    """
    groups = [
        "\t".join(
            ["@RG", *(f"{tag}:{group[tag]}" for tag in ("ID", "PL", "PU") if tag in group), f"SM:{sample}", f"LB:{sample}"]
        )
        for group in facts.read_groups
    ]
    return "\n".join(["@HD\tVN:1.6\tSO:coordinate", *dictionary.lines, *groups]) + "\n"


def _facts(path: Path) -> AlignmentFacts:
    try:
        with pysam.AlignmentFile(str(path), check_sq=False, ignore_truncation=False) as file:
            if file.is_sam:
                raise FormatError("is SAM text", file=path, fix="samtools sort -o file.bam, and give that")
            header: dict[str, Any] = file.header.to_dict()
            lengths = dict(zip(file.references, file.lengths, strict=True))
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise InputError(error.strerror or "cannot be read", file=path, fix="give a file that can be read") from None
        raise FormatError(
            f"cut short or not a BAM or CRAM ({error})",
            file=path,
            fix="copy the file again, and compare its checksum with the sender's",
        ) from None
    if not lengths:
        raise BuildError("names no contig (unaligned reads)", file=path, fix="set reads.realign: true, or give FASTQ")
    return AlignmentFacts(path, lengths, tuple(header.get("RG", ())), header.get("HD", {}).get("SO", ""))


def _read_whole(path: Path) -> None:
    """Pass if every block of the file can be read: a damaged one is said here, not by a tool later."""
    try:
        pysam.samtools.view("-c", "-@", "1", str(path), catch_stdout=True)
    except SamtoolsError as error:
        raise FormatError(
            f"damaged within ({' '.join(str(error).split())[-200:]})",
            file=path,
            fix="copy the file again, and compare its checksum with the sender's",
        ) from None


def _check_person(facts: AlignmentFacts, name_in_file: str) -> None:
    names = sorted({group.get("SM", "") for group in facts.read_groups})
    if not names or names == [""]:
        raise FormatError(
            "no @RG line with SM says whose reads these are",
            file=facts.path,
            fix=f"samtools addreplacerg -r '@RG\\tID:1\\tSM:{name_in_file}' -m overwrite_all",
        )
    if names != [name_in_file]:
        raise InputError(
            f"holds reads of {', '.join(names)}, the sheet says {name_in_file}",
            file=facts.path,
            fix="correct sample or file_sample on the samplesheet; give one file per person",
        )
