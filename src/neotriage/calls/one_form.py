"""Calls of any caller in one form: the same header lines, FORMAT GT:AD:DP:GQ:PS, no INFO but END, no command lines.

| field | from                                              | missing                    |
|-------|---------------------------------------------------|----------------------------|
| GT    | GT; `.` where the person has no copy (Y, female)  | `.`                        |
| AD    | AD, else RO and AO (freebayes)                    | `.`                        |
| DP    | DP                                                | `.`, never 0               |
| GQ    | GQ rounded down to an integer                     | `.`                        |
| PS    | PS                                                | left out where no one has one |

Records on contigs outside the build's primary ones are dropped and counted. Text of a VCF in, text of a VCF out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from neotriage.errors import FormatError, InputError
from neotriage.genome import Build, ContigKind
from neotriage.pedigree import Family, Sex

__all__ = ["Dropped", "harmonise"]

_FIXED = 9
_FORMATS = (
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads of each allele">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Reads">',
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality, phred">',
    '##FORMAT=<ID=PS,Number=1,Type=Integer,Description="Phase set">',
)
_END = '##INFO=<ID=END,Number=1,Type=Integer,Description="Last position of a block, 1-based">'


@dataclass
class Dropped:
    """Records left out, by contig outside the build's primary ones."""

    by_contig: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        counts = ", ".join(f"{contig} {count}" for contig, count in sorted(self.by_contig.items()))
        return f"records on contigs that are not triaged, left out: {counts or 'none'}"


def harmonise(
    lines: Iterable[str], build: Build, contigs: Mapping[str, int], family: Family, names: Mapping[str, str], dropped: Dropped
) -> Iterator[str]:
    """The lines of a VCF in the one form, samples under their names of the sheet, in family order.

    Args:
        lines: a VCF's lines with their newlines.
        build: the run's build.
        contigs: contig name -> length in bp, in the reference's order.
        family: the family; gives the samples' order and sex.
        names: sample's name in the VCF -> its name here.
        dropped: gathers what is left out.

    Raises:
        FormatError: no header line, or a record of another number of columns than it.
        InputError: a sample of the file is not in `names`.
    """
    kept_header: list[str] = []
    columns: list[int] | None = None
    sexes: list[Sex] = []
    primary = {contig.name for contig in build.primary}
    for number, line in enumerate(lines, start=1):
        if line.startswith("##"):
            if line.startswith(("##FILTER=", "##ALT=")):
                kept_header.append(line)
        elif line.startswith("#CHROM"):
            given = _samples(line, names)
            members = sorted((family.index(sample), place) for place, sample in enumerate(given))
            columns = [_FIXED + place for _, place in members]
            sexes = [family.members[index].sex for index, _ in members]
            yield from _header(kept_header, contigs, [family.samples[index] for index, _ in members])
        elif columns is None:
            raise FormatError("no #CHROM line before the first record", row=number, fix="give a VCF with its header")
        else:
            fields = line.rstrip("\r\n").split("\t")
            if len(fields) != _FIXED + len(columns):
                raise FormatError(
                    f"{len(fields)} columns, the header has {_FIXED + len(columns)}", row=number, fix="mend the VCF"
                )
            if fields[0] not in primary:
                dropped.by_contig[fields[0]] = dropped.by_contig.get(fields[0], 0) + 1
                continue
            yield _record(fields, columns, sexes, is_y=build.kind(fields[0]) is ContigKind.Y)
    if columns is None:
        raise FormatError("no #CHROM line", fix="give a VCF with its header")


def _samples(line: str, names: Mapping[str, str]) -> list[str]:
    given = line.rstrip("\r\n").split("\t")[_FIXED:]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise InputError(f"sample {unknown[0]!r} of the calls is not on the sheet", fix="set file_sample on the samplesheet")
    return [names[name] for name in given]


def _header(kept: Sequence[str], contigs: Mapping[str, int], samples: Sequence[str]) -> Iterator[str]:
    yield "##fileformat=VCFv4.2\n"
    yield '##FILTER=<ID=PASS,Description="All filters passed">\n'
    yield from (line for line in kept if "<ID=PASS," not in line)
    for name, length in contigs.items():
        yield f"##contig=<ID={name},length={length}>\n"
    yield _END + "\n"
    yield from (line + "\n" for line in _FORMATS)
    yield "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]) + "\n"


def _record(fields: list[str], columns: Sequence[int], sexes: Sequence[Sex], *, is_y: bool) -> str:
    keys = {key: place for place, key in enumerate(fields[8].split(":"))}
    has_phase = "PS" in keys
    calls = []
    for sex, column in zip(sexes, columns, strict=True):
        values = fields[column].split(":")
        given = {key: values[place] for key, place in keys.items() if place < len(values)}
        genotype = "." if is_y and sex is Sex.FEMALE else given.get("GT", ".")
        call = [genotype, _allele_depths(given), given.get("DP", "."), _quality(given.get("GQ", "."))]
        calls.append(":".join([*call, given.get("PS", ".")] if has_phase else call))
    end = next((entry for entry in fields[7].split(";") if entry.startswith("END=")), ".")
    return "\t".join([*fields[:2], ".", *fields[3:7], end, "GT:AD:DP:GQ" + (":PS" if has_phase else ""), *calls]) + "\n"


def _allele_depths(given: Mapping[str, str]) -> str:
    if "AD" in given:
        return given["AD"]
    if given.get("RO", ".") != "." and given.get("AO", ".") != ".":
        return f"{given['RO']},{given['AO']}"
    return "."


def _quality(text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        return "."
    return str(math.floor(value)) if math.isfinite(value) else "."
