"""The samplesheet: one row per read group or file, with the meaning of a PED.

A repeated person's rows must agree. A parent without a row is 0; a person with a row but no file is stated, not sequenced.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from neotriage.errors import InputError
from neotriage.inputs.document import read_text
from neotriage.inputs.run import FileKind, InputFile
from neotriage.inputs.validation import nearest, read_schema
from neotriage.pedigree import Member, Sex

__all__ = ["Sheet", "SheetFamily", "read_sheet"]

_SEX = {"male": Sex.MALE, "1": Sex.MALE, "female": Sex.FEMALE, "2": Sex.FEMALE, "unknown": Sex.UNKNOWN, "0": Sex.UNKNOWN}
_AFFECTED = {"yes": True, "2": True, "no": False, "1": False, "unknown": None, "0": None, "-9": None}
_NONE_IS_ZERO = ("father", "mother", "read_group", "fastq_1", "fastq_2", "file", "file_sample")
_DELIMITERS = {".tsv": "\t", ".txt": "\t", ".csv": ","}
_KINDS = (
    (re.compile(r"\.f(ast)?q(\.gz)?$"), FileKind.FASTQ),
    (re.compile(r"\.bam$"), FileKind.BAM),
    (re.compile(r"\.cram$"), FileKind.CRAM),
    (re.compile(r"\.g(\.)?vcf(\.b?gz)?$|\.g\.bcf$"), FileKind.GVCF),
    (re.compile(r"\.vcf(\.b?gz)?$|\.bcf$"), FileKind.VCF),
)
_MATE = re.compile(r"^(?P<before>.*?[._-][rR]?)(?P<mate>[12])(?P<after>(_\d{3})?\.f(ast)?q(\.gz)?)$")
_UNNAMED_READ_GROUP = "1"
_SHARED_FOLDER = "resources"  # beside the families' folders in outdir


@dataclass(frozen=True)
class SheetFamily:
    """One family of the sheet: persons in sheet order, their files, and sample -> line of its first row."""

    name: str
    members: tuple[Member, ...]
    files: tuple[InputFile, ...]
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Sheet:
    """A checked samplesheet; family name -> family, in sheet order."""

    path: Path
    families: Mapping[str, SheetFamily]


@dataclass(frozen=True)
class _Row:
    """One row: its line, and column -> cell with 0 and absent columns as ''."""

    file: Path
    number: int
    cells: Mapping[str, str]

    def error(self, problem: str, column: str, fix: str) -> InputError:
        return InputError(problem, file=self.file, row=self.number, column=column, fix=fix)


def read_sheet(path: Path) -> Sheet:
    """A samplesheet (TSV by .tsv or .txt, CSV by .csv), its files found and readable.

    The pedigree as a whole is checked by `pedigree.check_family`.

    Raises:
        InputError: with file, line, column and fix: an unknown or lacking column, a cell that is not of its column's words, a
            sample in two families or with rows that disagree, a file absent, empty, used twice or of unknown kind, mates that
            are unpaired or swapped.
    """
    rows = list(_rows(path))
    if not rows:
        raise InputError("has no row below its header", file=path, row=2, fix="add a row per read group or file")
    families: dict[str, list[_Row]] = {}
    for row in rows:
        families.setdefault(row.cells["family"], []).append(row)
    first: dict[str, _Row] = {}
    for row in rows:
        _check_same_person(row, first.setdefault(row.cells["sample"], row))
    files = [_files(row) for row in rows]
    _check_used_once([f for row_files in files for f in row_files], path)
    by_row = {row.number: row_files for row, row_files in zip(rows, files, strict=True)}
    return Sheet(path, {name: _family(name, own, by_row) for name, own in families.items()})


def _family(name: str, rows: list[_Row], files: Mapping[int, tuple[InputFile, ...]]) -> SheetFamily:
    first: dict[str, _Row] = {}
    for row in rows:
        first.setdefault(row.cells["sample"], row)
    members = tuple(_member(row) for row in first.values())
    own = tuple(f for row in rows for f in files[row.number])
    _check_one_way_in(own, {row.number: row for row in rows})
    return SheetFamily(name, members, own, {sample: row.number for sample, row in first.items()})


def _rows(path: Path) -> Iterator[_Row]:
    if path.suffix not in _DELIMITERS:
        raise InputError(
            f"ending {path.suffix!r} is not known", file=path, fix="name the samplesheet .tsv (tabs) or .csv (commas)"
        )
    reader = csv.reader(read_text(path).splitlines(), delimiter=_DELIMITERS[path.suffix])
    header = [name.strip() for name in next(reader, [])]
    _check_header(path, header)
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise InputError(
                f"{len(cells)} cells, the header has {len(header)}",
                file=path,
                row=reader.line_num,
                column=header[min(len(cells), len(header) - 1)],
                fix=f"give one cell a column, parted by {'commas' if path.suffix == '.csv' else 'tabs'}",
            )
        row = _Row(path, reader.line_num, _plain(dict(zip(header, cells, strict=True))))
        _check_cells(row)
        _check_family_name(row)
        yield row


def _plain(cells: Mapping[str, str]) -> dict[str, str]:
    known = read_schema("samplesheet")["properties"]
    plain = {name: cells.get(name, "").strip() for name in known}
    lowered = {name: plain[name].lower() for name in ("sex", "affected")}
    empty = {name: "" for name in _NONE_IS_ZERO if plain[name] == "0"}
    return {**plain, **lowered, **empty}


def _check_header(path: Path, header: list[str]) -> None:
    schema = read_schema("samplesheet")
    known = schema["properties"]
    for name in header:
        if name not in known:
            raise InputError(f"unknown column {name!r}", file=path, row=1, column=name or "''", fix=nearest(name, known))
        if header.count(name) > 1:
            raise InputError("the column stands twice", file=path, row=1, column=name, fix="keep one of the two")
    for name in schema["required"]:
        if name not in header:
            raise InputError(
                "the column is lacking",
                file=path,
                row=1,
                column=name,
                fix=f"add the column {name} ({known[name]['description']})",
            )


@cache
def _cell_rules() -> Mapping[str, tuple[frozenset[str] | None, re.Pattern[str] | None, str]]:
    """Column -> allowed words, pattern, description; read from the schema, for jsonschema is slow by the row."""
    properties = read_schema("samplesheet")["properties"]
    return {
        name: (
            frozenset(rule["enum"]) if "enum" in rule else None,
            re.compile(rule["pattern"]) if "pattern" in rule else None,
            rule["description"],
        )
        for name, rule in properties.items()
    }


def _check_cells(row: _Row) -> None:
    for name, (words, pattern, description) in _cell_rules().items():
        cell = row.cells[name]
        if words is not None and cell not in words:
            raise row.error(f"{cell!r} is not one of its words", name, f"give {description}")
        if pattern is not None and not pattern.fullmatch(cell):
            raise row.error(f"{cell!r} is not allowed", name, f"give {description}")


def _check_family_name(row: _Row) -> None:
    if row.cells["family"] == _SHARED_FOLDER:
        raise row.error(f"{_SHARED_FOLDER!r} is the results folder that families share", "family", "name the family otherwise")


def _check_same_person(row: _Row, first: _Row) -> None:
    for column in ("family", "father", "mother", "sex", "affected"):
        here, there = row.cells[column], first.cells[column]
        same = here == there or (column == "sex" and _SEX[here] is _SEX[there])
        same = same or (column == "affected" and _AFFECTED[here] is _AFFECTED[there])
        if same:
            continue
        sample = row.cells["sample"]
        if column == "family":
            raise row.error(
                f"sample {sample} is in family {here} here and in family {there} on line {first.number}",
                "sample",
                "give each person a name of their own",
            )
        raise row.error(
            f"sample {sample} has {here or 'none'!r} here and {there or 'none'!r} on line {first.number}",
            column,
            "make the person's rows agree",
        )


def _member(row: _Row) -> Member:
    cells = row.cells
    return Member(
        cells["sample"], _SEX[cells["sex"]], _AFFECTED[cells["affected"]], cells["father"] or None, cells["mother"] or None
    )


def _files(row: _Row) -> tuple[InputFile, ...]:
    cells = row.cells
    if cells["file"] and (cells["fastq_1"] or cells["fastq_2"]):
        raise row.error("the row has a FASTQ and a file", "file", "put the file on a row of its own")
    if cells["fastq_1"] or cells["fastq_2"]:
        return _fastq_pair(row)
    if cells["read_group"]:
        raise row.error(
            "a read group is named without FASTQ", "read_group", "give fastq_1 and fastq_2, or leave read_group empty"
        )
    if not cells["file"]:
        if cells["file_sample"]:
            raise row.error("a sample of a file is named without the file", "file_sample", "give the file, or leave it empty")
        return ()
    kind = _kind(row, "file")
    if kind is FileKind.FASTQ:
        raise row.error("a FASTQ is given as file", "file", "give it as fastq_1 with its mates as fastq_2")
    name = cells["file_sample"] or cells["sample"]
    return (InputFile(kind, cells["sample"], name, "", _found(row, "file"), 0, row.number),)


def _fastq_pair(row: _Row) -> tuple[InputFile, ...]:
    cells = row.cells
    for column, other in (("fastq_1", "fastq_2"), ("fastq_2", "fastq_1")):
        if not cells[column]:
            raise row.error(f"{other} has no mates: {column} is empty", column, f"give the mates of {cells[other]}")
        if _kind(row, column) is not FileKind.FASTQ:
            raise row.error(
                f"{cells[column]!r} is not named as FASTQ", column, "give a .fastq.gz or .fq.gz; other files go in file"
            )
    if cells["file_sample"]:
        raise row.error("a FASTQ holds no sample names", "file_sample", "leave it empty")
    paths = {mate: _found(row, f"fastq_{mate}") for mate in (1, 2)}
    _check_mates(row)
    name = cells["read_group"] or _UNNAMED_READ_GROUP
    return tuple(
        InputFile(FileKind.FASTQ, cells["sample"], cells["sample"], name, path, mate, row.number)
        for mate, path in paths.items()
    )


def _check_mates(row: _Row) -> None:
    first, second = row.cells["fastq_1"], row.cells["fastq_2"]
    if (row.file.parent / first).samefile(row.file.parent / second):
        raise row.error("fastq_1 and fastq_2 are the same file", "fastq_2", f"give the second mates of {first}")
    one, two = _MATE.match(first), _MATE.match(second)
    if one is None or two is None:
        return
    if one["mate"] == two["mate"]:
        raise row.error(
            f"{first} and {second} are both named as mates {one['mate']}", "fastq_2", "pair first mates with their second mates"
        )
    if one["mate"] == "2" and (one["before"], one["after"]) == (two["before"], two["after"]):
        raise row.error(f"mates are swapped by their names ({first}, {second})", "fastq_1", "exchange fastq_1 and fastq_2")


def _kind(row: _Row, column: str) -> FileKind:
    for pattern, kind in _KINDS:
        if pattern.search(row.cells[column]):
            return kind
    raise row.error(
        f"{row.cells[column]!r} is of no known kind",
        column,
        "give .fastq.gz, .bam, .cram, .vcf.gz, .bcf or .g.vcf.gz",
    )


def _found(row: _Row, column: str) -> Path:
    path = row.file.parent / row.cells[column]
    if str(path).startswith("-"):
        raise row.error(f"{str(path)!r} begins with a dash and would be taken for an option", column, "rename it")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise row.error(
            f"{path} cannot be read ({error.strerror})", column, "correct the path; it is taken from the sheet's folder"
        ) from None
    if not path.is_file():
        raise row.error(f"{path} is not a file", column, "give the path of a file")
    if not os.access(path, os.R_OK):
        raise row.error(f"{path} may not be read", column, "give yourself the right to read it")
    if size == 0:
        raise row.error(f"{path} is empty", column, "fetch the file again")
    return path


def _check_used_once(files: list[InputFile], sheet: Path) -> None:
    """A file once; a called file once a column."""
    seen: dict[tuple[int, int, str], InputFile] = {}
    groups: dict[tuple[str, str, int], InputFile] = {}
    for file in files:
        stat = file.path.stat()
        other = seen.setdefault((stat.st_dev, stat.st_ino, file.name_in_file if file.kind.is_called else ""), file)
        column = f"fastq_{file.mate}" if file.mate else "file"
        if other is not file:
            what = f"sample {file.name_in_file} of {file.path}" if file.kind.is_called else f"{file.path}"
            raise InputError(
                f"{what} is already given on line {other.row}",
                file=sheet,
                row=file.row,
                column="file_sample" if file.kind.is_called else column,
                fix="give each file once, to the person it is of",
            )
        if file.kind is FileKind.FASTQ:
            same = groups.setdefault((file.sample, file.read_group, file.mate), file)
            if same is not file:
                raise InputError(
                    f"sample {file.sample} already has read group {file.read_group!r} on line {same.row}",
                    file=sheet,
                    row=file.row,
                    column="read_group",
                    fix="give each of the sample's lanes a name of its own",
                )


def _check_one_way_in(files: tuple[InputFile, ...], rows: Mapping[int, _Row]) -> None:
    first: dict[str, InputFile] = {}
    for file in files:
        other = first.setdefault(file.sample, file)
        if other is file or not (other.kind.is_called or file.kind.is_called):
            continue
        both = file.kind.is_called and other.kind.is_called
        raise rows[file.row].error(
            f"sample {file.sample} has {'two called files' if both else 'reads and a called file'} (see line {other.row})",
            "file" if not file.mate else f"fastq_{file.mate}",
            "join the files by `bcftools concat`" if both else "give the reads, or the called file, not both",
        )
