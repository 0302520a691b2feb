"""The header of a VCF: contigs, declared fields, samples (VCF specification 4.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from neotriage.errors import FormatError

__all__ = ["Header", "read_header"]

_FIXED = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
_FORMAT_COLUMN = len(_FIXED)
_META = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^,>]*)')


@dataclass(frozen=True)
class Header:
    """What a header declares.

    `contigs`: name -> length in bp, -1 not stated. `info` and `format`: id -> (Number, Type). `samples` in file order.
    `filters`: FILTER id -> description. `lines`: how many lines it has.
    """

    contigs: dict[str, int]
    info: dict[str, tuple[str, str]]
    format: dict[str, tuple[str, str]]
    filters: dict[str, str]
    samples: tuple[str, ...]
    lines: int


def read_header(lines: Sequence[str], *, file: str) -> Header:
    """The header of a file whose lines that begin with # are given.

    Raises:
        FormatError: not a VCF header, or a sample stands in it twice.
    """
    if not lines or not lines[0].startswith("##fileformat=VCF"):
        raise FormatError("not a VCF: its first line is not ##fileformat=VCF…", file=file, row=1, fix="give a VCF or BCF")
    names = lines[-1].split("\t")
    if names[:_FORMAT_COLUMN] != _FIXED or names[_FORMAT_COLUMN : _FORMAT_COLUMN + 1] not in ([], ["FORMAT"]):
        raise FormatError(
            "the header does not end with the line #CHROM POS ID REF ALT QUAL FILTER INFO …, separated by tabs",
            file=file,
            row=len(lines),
            fix="write the file again with a whole header",
        )
    samples = tuple(names[_FORMAT_COLUMN + 1 :])
    twice = sorted({sample for sample in samples if samples.count(sample) > 1})
    if twice:
        raise FormatError(f"sample {twice[0]!r} stands in the header twice", file=file, row=len(lines), fix="rename one")
    contigs: dict[str, int] = {}
    fields: dict[str, dict[str, tuple[str, str]]] = {"INFO": {}, "FORMAT": {}}
    filters: dict[str, str] = {}
    for line in lines:
        kind, _, rest = line[2:].partition("=<")
        if kind == "contig":
            meta = dict(_META.findall(rest))
            length = meta.get("length", "")
            contigs[meta.get("ID", "")] = int(length) if length.isdigit() else -1
        elif kind == "FILTER":
            meta = dict(_META.findall(rest))
            filters[meta.get("ID", "")] = meta.get("Description", "").strip('"')
        elif kind in fields:
            meta = dict(_META.findall(rest))
            fields[kind][meta.get("ID", "")] = (meta.get("Number", "."), meta.get("Type", "String"))
    return Header(contigs, fields["INFO"], fields["FORMAT"], filters, samples, len(lines))
