"""A pair of FASTQ files, read once from end to end: whole, in step, and the right way round.

A record is four lines: @name, bases, +, qualities. A mate's name is what stands before the first blank, without a closing /1 or
/2; its number is that /1 or /2, or the first field after the blank (Illumina: `1:N:0:…`).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from neotriage.errors import FormatError
from neotriage.gzipped import DAMAGED, IGZIP

__all__ = ["FastqFacts", "check_fastq_pair"]

_CHUNK_BYTES = 4 << 20
_RECORD_LINES = 4
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class FastqFacts:
    """What a FASTQ file holds: number of records, and the headers and lengths compared with its mate's."""

    path: Path
    records: int
    headers: tuple[bytes, ...]
    last_header: bytes


def check_fastq_pair(fastq_1: Path, fastq_2: Path, compared_records: int = 10_000) -> tuple[FastqFacts, FastqFacts]:
    """What both files hold, if they are whole and the mates of each other.

    Args:
        fastq_1: first mates, plain or gzipped.
        fastq_2: second mates.
        compared_records: how many records from the start have their names compared; the last one always has.

    Raises:
        FormatError: cut short, corrupt, not FASTQ, without a record, of unequal length, mates of other names, mates swapped.
    """
    if fastq_1.resolve() == fastq_2.resolve():
        raise FormatError("stands for both mates", file=fastq_1, fix="name the file of the second mates in fastq_2")
    with ThreadPoolExecutor(2) as pool:  # igzip lets go of the GIL
        first, second = pool.map(lambda path: _facts(path, compared_records), (fastq_1, fastq_2))
    for row, (one, two) in enumerate(zip(first.headers, second.headers, strict=False), start=1):
        _check_mates(first, second, one, two, row)
    if first.records != second.records:
        short, long = sorted((first, second), key=lambda facts: facts.records)
        raise FormatError(
            f"{short.records} records, but its mate file {long.path} has {long.records}",
            file=short.path,
            fix="give both files of the same lane, whole; one of them was cut or filtered without the other",
        )
    _check_mates(first, second, first.last_header, second.last_header, first.records)
    return first, second


def _check_mates(first: FastqFacts, second: FastqFacts, one: bytes, two: bytes, row: int) -> None:
    (name_1, number_1), (name_2, number_2) = _mate(one), _mate(two)
    line = (row - 1) * _RECORD_LINES + 1
    if name_1 != name_2:
        raise FormatError(
            f"record {row} is {name_1!r}, in {second.path} it is {name_2!r}: these are not mates",
            file=first.path,
            row=line,
            fix="give the two files of one lane, in the same order (the sheet may pair the wrong lanes)",
        )
    if number_1 == "2" or number_2 == "1":
        raise FormatError(
            f"record {row} says it is mate {number_1 or '?'}, and {second.path} mate {number_2 or '?'}: the files are swapped",
            file=first.path,
            row=line,
            fix="swap fastq_1 and fastq_2 on the samplesheet",
        )


def _mate(header: bytes) -> tuple[str, str]:
    """Name and mate number ('' not stated) of a header line."""
    name, _, comment = header[1:].decode("ascii", "replace").partition(" ")
    if name[-2:] in {"/1", "/2"}:
        return name[:-2], name[-1]
    return name, comment[0] if comment[:2] in {"1:", "2:"} else ""


def _facts(path: Path, compared_records: int) -> FastqFacts:
    """Read a file whole, counting lines; the first and the last records are looked at one by one."""
    chunks = _chunks(path)
    head = bytearray()
    wanted = compared_records * _RECORD_LINES
    for chunk in chunks:
        head += chunk
        if head.count(b"\n") >= wanted:
            break
    if not head.strip():
        raise FormatError("holds no record", file=path, fix="give the file as the sequencer wrote it, or leave the lane out")
    lines = head.count(b"\n")
    tail = bytes(head)
    headers = _headers(path, tail, compared_records)
    for chunk in chunks:
        lines += chunk.count(b"\n")
        tail = _last_lines(tail + chunk)
    last = _last_record(path, tail, lines)
    return FastqFacts(path, (lines + (not tail.endswith(b"\n"))) // _RECORD_LINES, headers, last)


def _headers(path: Path, head: bytes, compared_records: int) -> tuple[bytes, ...]:
    """Header lines of the first whole records, each record checked."""
    lines = head.split(b"\n", compared_records * _RECORD_LINES)[: compared_records * _RECORD_LINES]
    whole = len(lines) // _RECORD_LINES
    for record in range(whole):
        _check_record(path, lines[record * _RECORD_LINES : (record + 1) * _RECORD_LINES], record * _RECORD_LINES + 1)
    return tuple(line.rstrip(b"\r") for line in lines[: whole * _RECORD_LINES : _RECORD_LINES])


def _last_lines(text: bytes) -> bytes:
    """The last record's lines with the newline before them; all of a text that has fewer."""
    at = len(text)
    for _ in range(_RECORD_LINES + 2):
        at = text.rfind(b"\n", 0, at)
        if at < 0:
            return text
    return text[at:]


def _last_record(path: Path, tail: bytes, newlines: int) -> bytes:
    """Header line of the last record, which must be whole.

    Args:
        path: the file, for messages.
        tail: the file's end, at least its last four lines.
        newlines: number of newlines of the whole file.
    """
    has_newline = tail.endswith(b"\n")
    lines = newlines + (not has_newline)
    kept = (tail[:-1] if has_newline else tail).split(b"\n")
    if lines % _RECORD_LINES:
        raise FormatError(
            f"ends within a record ({lines} lines are no multiple of four)",
            file=path,
            row=lines,
            fix="the file was cut short: copy it again, and compare its checksum with the sender's",
        )
    record = kept[-_RECORD_LINES:]
    _check_record(path, record, lines - _RECORD_LINES + 1)
    return record[0].rstrip(b"\r")


def _check_record(path: Path, lines: list[bytes], row: int) -> None:
    header, bases, plus, qualities = (line.rstrip(b"\r") for line in lines)
    if not header.startswith(b"@") or not plus.startswith(b"+"):
        raise FormatError(
            "not a FASTQ record (line one begins with @, line three with +)", file=path, row=row, fix="give a FASTQ file"
        )
    if len(bases) != len(qualities):
        raise FormatError(
            f"{len(bases)} bases but {len(qualities)} qualities",
            file=path,
            row=row,
            fix="the record is cut or damaged: copy the file again, and compare its checksum with the sender's",
        )


def _chunks(path: Path) -> Iterator[bytes]:
    """A file's text in pieces, decompressed.

    Raises:
        FormatError: a gzip stream that ends early or does not agree with its checksum.
    """
    try:
        with _open(path) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except DAMAGED as error:
        raise FormatError(
            f"not a whole gzip file ({error})",
            file=path,
            fix="the file was cut short or damaged: copy it again, and compare its checksum with the sender's",
        ) from None


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        is_gzip = stream.read(2) == _GZIP_MAGIC
    return cast("BinaryIO", IGZIP.open(path, "rb")) if is_gzip else path.open("rb")
