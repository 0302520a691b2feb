"""A VCF, BCF or gVCF as it was given: whole, of the run's build, with genotypes of the persons that the sheet names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pysam
from isal import igzip

from neotriage.errors import BuildError, FormatError, InputError
from neotriage.genome import Build, check_lengths

__all__ = ["check_calls"]

# What htslib takes without a word: no position, QUAL of letters (read as 0), alleles that are none (VCF 4.3, section 1.6.1).
_BASES = "[ACGTNRYSWKMBDHVacgtnryswkmbdhv]+"
_BREAKEND = rf"(?:{_BASES}|\.)?[\[\]][^\t,\[\]]+[\[\]](?:{_BASES}|\.)?|\.{_BASES}|{_BASES}\."
_ALTERNATE = rf"(?:{_BASES}|\*|\.|<[^<>\t,]+>|{_BREAKEND})"
_QUALITY = r"\.|[0-9.]+(?:[eE][-+]?[0-9]+)?"
_RECORD = re.compile(rf"[^\t]+\t[1-9][0-9]*\t[^\t]*\t{_BASES}\t{_ALTERNATE}(?:,{_ALTERNATE})*\t(?:{_QUALITY})\t".encode())
_IGZIP: Any = igzip  # isal states no types for its files
_PLACE = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL")


def check_calls(path: Path, build: Build, samples: Sequence[str], *, is_gvcf: bool = False) -> int:
    """Number of records on the build's primary contigs, after the whole file was read.

    Args:
        path: the file.
        build: the run's build.
        samples: names that the file must have, as they stand in it.
        is_gvcf: the sheet calls it a gVCF, whose reference blocks (ALT <NON_REF>, <*> or .) then must be there.

    Raises:
        FormatError: not VCF or BCF, cut short, a record that cannot be read, no GT, no blocks in a gVCF.
        BuildError: contigs or lengths of another build, or a record beyond its contig's end.
        InputError: a sample is not in it.
    """
    try:
        with pysam.VariantFile(str(path), ignore_truncation=False) as file:
            _check_header(path, file.header, build, samples)
            records = _read_records(path, file, build, samples, is_gvcf=is_gvcf)
            if file.format == "VCF":
                _check_lines(path)
            return records
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise InputError(error.strerror or "cannot be read", file=path, fix="give a file that can be read") from None
        raise FormatError(
            f"cut short or not a VCF or BCF ({error})", file=path, fix="copy the file again, and compare its checksum"
        ) from None


def _check_header(path: Path, header: pysam.VariantHeader, build: Build, samples: Sequence[str]) -> None:
    lengths = {str(name): contig.length for name, contig in header.contigs.items() if contig.length}
    if lengths:
        check_lengths(build, lengths, file=path)
    present = list(header.samples)
    absent = [sample for sample in samples if sample not in present]
    if absent:
        raise InputError(
            f"has no sample {absent[0]!r}; it has {', '.join(present) or 'none'}",
            file=path,
            fix="set file_sample on the samplesheet to the person's name in this file",
        )
    if "GT" not in header.formats:
        raise FormatError("has no genotypes (FORMAT GT)", file=path, fix="give a VCF with genotypes")


def _check_lines(path: Path) -> None:
    """Pass if every record's place, alleles and quality are such; its text is read, since htslib mends them in silence."""
    with path.open("rb") as start:
        is_packed = start.read(2) == b"\x1f\x8b"
    with _IGZIP.open(path, "rb") if is_packed else path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line[:1] != b"#" and not _RECORD.match(line):
                words = zip(_PLACE, line.decode("ascii", "replace").split("\t"), strict=False)
                said = ", ".join(f"{name} {word[:30]!r}" for name, word in words)
                raise FormatError(f"not a record of a VCF: {said}", file=path, row=number, fix="mend the line")


def _read_records(path: Path, file: pysam.VariantFile, build: Build, samples: Sequence[str], *, is_gvcf: bool) -> int:
    lengths = {contig.name: contig.length for contig in build.primary}
    records = others = 0
    has_blocks = False
    for record in file:
        length = lengths.get(record.chrom)
        if length is None:
            others += 1
            continue
        records += 1
        if record.pos + len(record.ref or "") - 1 > length:
            raise BuildError(
                f"{record.chrom}:{record.pos} lies beyond the contig's end ({length} bp in {build.name})",
                file=path,
                fix=f"give calls of {build.name}",
            )
        alleles = len(record.alleles or ())
        if any(
            allele is not None and allele >= alleles for name in samples for allele in record.samples[name].allele_indices or ()
        ):
            raise FormatError(
                f"{record.chrom}:{record.pos} has a genotype of an allele that it does not list",
                file=path,
                fix="mend the record",
            )
        if is_gvcf and not has_blocks:
            has_blocks = not record.alts or any(alt in {"<NON_REF>", "<*>"} for alt in record.alts)
    if others and not records:
        raise BuildError(
            f"none of its {others} records is on a contig of {build.name}",
            file=path,
            fix=f"give calls of {build.name} with its contig names ({build.primary[0].name})",
        )
    if is_gvcf and records and not has_blocks:
        raise FormatError(
            "named a gVCF, but has no reference blocks (ALT <NON_REF>, <*> or .)",
            file=path,
            fix="name it .vcf.gz, or give the gVCF",
        )
    return records
