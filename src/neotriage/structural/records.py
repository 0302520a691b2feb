"""Structural calls of a family as VCF: one symbolic alternate allele, or breakend, a record.

    ALT      <DEL>, <DUP>, <INV>, <INS>, breakends in bracket notation, <STR…>
    INFO     SVTYPE, END, SVLEN, CIPOS, CALLERS (who found it)
    FORMAT   GT:GQ:CN:DR:DV:RR:RV (copies by depth; pairs and split reads of the reference and of the change, as delly has them)

Missing where not measured; a person who was not looked at is missing, never reference. POS is the base before the change.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysam

from neotriage.errors import FormatError
from neotriage.genome import Build
from neotriage.schema import Kind

__all__ = ["NO_CALL", "Call", "Record", "mate_of", "read_records", "write_records"]

_MATE = re.compile(r"[\[\]](?P<contig>.+):(?P<position>[0-9]+)[\[\]]")
_HEADER = (
    '##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type of structural change">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="Last base of the change">',
    '##INFO=<ID=SVLEN,Number=1,Type=Integer,Description="Bases taken (negative), added or turned">',
    '##INFO=<ID=CIPOS,Number=2,Type=Integer,Description="Confidence interval around POS">',
    '##INFO=<ID=CALLERS,Number=.,Type=String,Description="Who found it">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality, phred">',
    '##FORMAT=<ID=CN,Number=1,Type=Integer,Description="Copies by depth">',
    '##FORMAT=<ID=DR,Number=1,Type=Integer,Description="Read pairs of the reference">',
    '##FORMAT=<ID=DV,Number=1,Type=Integer,Description="Read pairs of the change">',
    '##FORMAT=<ID=RR,Number=1,Type=Integer,Description="Reads over the breakpoints in the reference">',
    '##FORMAT=<ID=RV,Number=1,Type=Integer,Description="Split reads of the change">',
)
_FILTERS = {
    "LowQual": "weak support by the caller's own rule",
    "depth_unchanged": "large loss or gain by reads, depth of every carrier as expected",
}
_NUMBERS = ("GQ", "CN", "DR", "DV", "RR", "RV")


@dataclass(frozen=True)
class Call:
    """One person's call: allele codes as in `variants` (0, 1, -1 missing, -2 none), numbers -1 missing."""

    genotype: tuple[int, int] = (-1, -1)
    genotype_quality: int = -1
    copy_number: int = -1
    ref_pairs: int = -1
    alt_pairs: int = -1
    ref_splits: int = -1
    alt_splits: int = -1

    @property
    def alt_reads(self) -> int:
        """Pairs and split reads that show the change, -1 if neither was looked for."""
        return _sum(self.alt_pairs, self.alt_splits)

    @property
    def ref_reads(self) -> int:
        """Pairs and reads that show the reference, -1 if neither was looked for."""
        return _sum(self.ref_pairs, self.ref_splits)

    @property
    def is_carrier(self) -> bool:
        """Whether the genotype has the change."""
        return 1 in self.genotype


NO_CALL = Call()


@dataclass(frozen=True)
class Record:
    """One structural change. `position` is 0-based of the base before it, `end` 0-based half-open; `size_bp` -1 not known."""

    chrom: str
    position: int
    end: int
    ref: str
    alt: str
    kind: Kind
    size_bp: int
    callers: tuple[str, ...]
    calls: tuple[Call, ...]
    qual: float = float("nan")
    filters: str = "PASS"
    margin_bp: int = 0

    @property
    def span(self) -> tuple[int, int]:
        """The bases that are taken, doubled or turned, 0-based half-open; of an insertion or breakend the base at its place."""
        if self.kind in {Kind.INSERTION, Kind.BREAKEND}:
            return self.position, self.position + 1
        return self.position + 1, max(self.end, self.position + 2)


def mate_of(alt: str) -> tuple[str, int] | None:
    """Contig and 0-based position of the other end of a breakend; None where the ALT names none."""
    found = _MATE.search(alt)
    return (found["contig"], int(found["position"]) - 1) if found else None


def read_records(path: Path, samples: Sequence[str]) -> list[Record]:
    """The records of a file in this form, calls in the order of the samples.

    Raises:
        FormatError: no such file, not VCF, a sample that is not in it, an unknown SVTYPE, more than one alternate allele.
    """
    try:
        with pysam.VariantFile(str(path)) as file:
            absent = [sample for sample in samples if sample not in file.header.samples]
            if absent:
                raise FormatError(f"has no sample {absent[0]!r}", file=path, fix="run the stage `calls` again for this family")
            return [_record(record, samples, path) for record in file]
    except (OSError, ValueError) as error:
        raise FormatError(f"not a VCF of structural changes ({error})", file=path, fix="run the stage `calls` again") from None


def _record(record: pysam.VariantRecord, samples: Sequence[str], path: Path) -> Record:
    kind = str(record.info.get("SVTYPE", ""))
    if kind not in set(Kind) - {Kind.SMALL} or len(record.alts or ()) != 1:
        raise FormatError(
            f"{record.chrom}:{record.pos}: SVTYPE {kind!r}, alternates {record.alts}",
            file=path,
            fix=f"write one symbolic allele a record, of {', '.join(sorted(set(Kind) - {Kind.SMALL}))}",
        )
    size = record.info.get("SVLEN")
    size = size[0] if isinstance(size, tuple) else size
    margins = record.info.get("CIPOS") or (0,)
    return Record(
        chrom=record.chrom,
        position=record.pos - 1,
        end=record.stop,
        ref=str(record.ref),
        alt=(record.alts or ("",))[0],
        kind=Kind(kind),
        size_bp=-1 if size is None else abs(int(size)),
        callers=_callers(record.info.get("CALLERS")),
        calls=tuple(_call(record.samples[sample]) for sample in samples),
        qual=float("nan") if record.qual is None else float(record.qual),
        filters=";".join(map(str, record.filter.keys())),
        margin_bp=max(abs(int(m)) for m in margins),
    )


def _callers(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, tuple) else (str(value),) if value else ()


def _call(sample: Any) -> Call:
    alleles = [-1 if code is None else int(code) for code in sample.get("GT") or (None,)]
    if len(alleles) == 1 and alleles[0] == -1:
        alleles = [-1, -1]
    numbers = [_number(sample.get(name)) for name in _NUMBERS]
    return Call((alleles[0], alleles[1] if len(alleles) > 1 else -2), *numbers)


def _number(value: Any) -> int:
    value = value[0] if isinstance(value, tuple) else value
    return -1 if value is None else int(value)


def write_records(records: Sequence[Record], samples: Sequence[str], build: Build, path: Path) -> None:
    """Write records in the build's order as .vcf.gz with its .tbi, whole or not at all; same records, same bytes."""
    order = {contig.name: place for place, contig in enumerate(build.contigs)}
    partial = path.with_name(path.name.removesuffix(".vcf.gz") + ".partial.vcf.gz")
    lines = ["##fileformat=VCFv4.3"]
    lines += [f"##contig=<ID={contig.name},length={contig.length}>" for contig in build.contigs]
    filters = {name for record in records for name in record.filters.split(";") if name and name != "PASS"}
    lines += [f'##FILTER=<ID={name},Description="{_FILTERS.get(name, "as the caller has it")}">' for name in sorted(filters)]
    lines += [*_HEADER]
    lines += [f'##ALT=<ID={kind.value},Description="{kind.name.lower()}">' for kind in Kind if kind is not Kind.SMALL]
    lines += ["\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples])]
    ordered = sorted(records, key=lambda r: (order[r.chrom], r.position, r.end, r.alt))
    with pysam.BGZFile(str(partial), "wb", None) as out:
        out.write("".join(f"{line}\n" for line in [*lines, *map(_line, ordered)]).encode())
    pysam.tabix_index(str(partial), preset="vcf", force=True)
    os.replace(partial, path)
    os.replace(f"{partial}.tbi", f"{path}.tbi")


def _line(record: Record) -> str:
    info: Mapping[str, object] = {
        "SVTYPE": record.kind.value,
        **({} if record.kind is Kind.BREAKEND else {"END": record.end}),
        **({} if record.size_bp < 0 else {"SVLEN": -record.size_bp if record.kind is Kind.DELETION else record.size_bp}),
        **({"CIPOS": f"-{record.margin_bp},{record.margin_bp}"} if record.margin_bp else {}),
        "CALLERS": ",".join(record.callers),
    }
    qual = "." if record.qual != record.qual else f"{record.qual:.4g}"
    cells = [record.chrom, record.position + 1, ".", record.ref, record.alt, qual, record.filters or "."]
    cells += [";".join(f"{name}={value}" for name, value in info.items()), "GT:GQ:CN:DR:DV:RR:RV"]
    return "\t".join([*map(str, cells), *map(_cell, record.calls)])


def _cell(call: Call) -> str:
    genotype = "/".join("." if code == -1 else str(code) for code in call.genotype if code != -2)
    numbers = (
        call.genotype_quality,
        call.copy_number,
        call.ref_pairs,
        call.alt_pairs,
        call.ref_splits,
        call.alt_splits,
    )
    return ":".join([genotype, *("." if number < 0 else str(number) for number in numbers)])


def _sum(first: int, second: int) -> int:
    known = [number for number in (first, second) if number >= 0]
    return sum(known) if known else -1
