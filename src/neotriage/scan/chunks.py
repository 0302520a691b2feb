"""A variant file of any kind as chunks of whole lines, worked on by threads, answered in file order.

BGZF is inflated on the worker threads. Plain gzip, plain text and standard input (`-`) are read in one stream, and BCF is
written out as text by htslib: the same lines, hence the same answer from the kernels that read them.
"""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
import numpy.typing as npt

from neotriage.errors import FormatError
from neotriage.scan.bgzf import EOF_BLOCK, BgzfFile, Block, is_bgzf
from neotriage.scan.index import Index, open_index

__all__ = ["Chunk", "Lines", "open_lines"]

Result = TypeVar("Result")
Places = Mapping[str, tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]]

_BLOCKS = 48  # a chunk: 3 MB of text
_STREAM_BYTES = _BLOCKS << 16
_BLOCK_BYTES = 1 << 16
_RANGES_BYTES = 1 << 20  # of the file, that a chunk takes of ranges which are shorter
_BCF = b"BCF\x02"
_NEWLINE = ord("\n")
_AGAIN = "copy or write the file again"


@dataclass(frozen=True)
class Chunk:
    """Whole lines, text[start:stop], each ended by a newline; the text is padded to a multiple of eight bytes.

    Bytes of a file that were inflated here lie in a bytearray that nobody writes to any more.

    `size`: how many bytes of the file they took there, 0 not known. `place`: at which byte of the file they were found, where
    the lines before them were not read, else -1.
    """

    text: bytes | bytearray
    start: int
    stop: int
    size: int
    place: int = -1

    @property
    def data(self) -> npt.NDArray[np.uint8]:
        """The text as read-only uint8 (bytes,)."""
        return np.frombuffer(memoryview(self.text).toreadonly(), np.uint8)

    @property
    def words(self) -> npt.NDArray[np.uint64]:
        """The text as read-only uint64 (bytes // 8,)."""
        return np.frombuffer(memoryview(self.text).toreadonly(), np.uint64)


def _chunk(pieces: list[bytes], start: int, size: int) -> Chunk:
    """A chunk of these pieces of text, of which the last may lack its newline."""
    last = next((piece for piece in reversed(pieces) if piece), b"\n")
    if not last.endswith(b"\n"):
        pieces = [*pieces, b"\n"]
    stop = sum(map(len, pieces))
    return Chunk(b"".join([*pieces, bytes(-stop % 8)]), start, stop, size)


def _inflated(file: BgzfFile, blocks: list[Block], rest: bytes, start: int, size: int) -> Chunk:
    """A chunk of the text of blocks and the rest of its last line, which may lack its newline."""
    length = blocks[-1].text_start + blocks[-1].text_size - blocks[0].text_start
    stop = length + len(rest)
    text = bytearray((stop + 8) & ~7)  # with room for a newline
    file.inflate_into(blocks, memoryview(text)[:length])
    text[length:stop] = rest
    if stop and text[stop - 1] != _NEWLINE:
        text[stop] = _NEWLINE
        stop += 1
    return Chunk(text, start, stop, size)


Task = Callable[[], Chunk]
Tasks = Generator[Task, None, None]


class Lines:
    """A file's header (its lines that begin with #) and the lines after it."""

    def __init__(self, name: str, header: list[str], tasks: Callable[[], Tasks], file: BgzfFile | None = None) -> None:
        self.name = name
        self.header = header
        self._tasks = tasks
        self._file = file

    def each(self, work: Callable[[Chunk], Result], threads: int, places: Places | None = None) -> Iterator[Result]:
        """`work` of every chunk in file order, whatever the number of threads; two chunks a thread are held at most.

        Where only the lines at some places are wanted (contig -> starts and ends), and an index lies beside the file, the
        rest of it is not read; else `places` changes nothing.
        """
        index = None if places is None or self._file is None else open_index(self._file.path)
        chosen = self._tasks() if index is None or places is None else self._tasks_at(index, places)
        with closing(chosen) as tasks, ThreadPoolExecutor(threads) as pool:
            waiting: deque[Future[Result]] = deque()
            try:
                for task in tasks:
                    waiting.append(pool.submit(_run, task, work))
                    if len(waiting) >= 2 * threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _tasks_at(self, index: Index, places: Places) -> Tasks:
        assert self._file is not None  # noqa: S101 - it has an index
        ranges: list[tuple[int, int]] = []
        size = 0
        for start, end in index.ranges(places):
            more = (end >> 16) - (start >> 16) + _BLOCK_BYTES
            if ranges and size + more > _RANGES_BYTES:
                yield partial(_ranges_chunk, self._file, ranges)
                ranges, size = [], 0
            ranges.append((start, end))
            size += more
        if ranges:
            yield partial(_ranges_chunk, self._file, ranges)


def _run(task: Task, work: Callable[[Chunk], Result]) -> Result:
    return work(task())


def open_lines(path: Path) -> Lines:
    """Open a VCF (BGZF, gzip or text) or a BCF, a file, a pipe or standard input (`-`), told by content and not by name.

    Raises:
        FormatError: the file is empty, cut short or damaged.
    """
    if str(path) == "-" or path.is_fifo():
        stream = _Stream(sys.stdin.buffer, "standard input") if str(path) == "-" else _Stream(path.open("rb"), str(path))
        return _open_spooled(stream) if stream.is_bcf else _open_text(stream.name, lambda: nullcontext(stream))
    with path.open("rb") as handle:
        first = _Stream(handle, str(path))
    if not first.is_bcf and not is_bgzf(first.first):
        return _open_text(str(path), lambda: _opened(path))
    file = BgzfFile(path) if is_bgzf(first.first) else None
    return _open_bcf(str(path), path) if file is None or first.is_bcf else _open_bgzf(file)


def _open_bgzf(file: BgzfFile) -> Lines:
    header, header_size = _bgzf_header(file)
    return Lines(str(file.path), header, lambda: _bgzf_tasks(file, header_size), file)


def _bgzf_header(file: BgzfFile) -> tuple[list[str], int]:
    text = b""
    for block in file.blocks():
        text += file.inflate(block)
        lines = text.split(b"\n")
        for number, line in enumerate(lines[:-1]):
            if not line.startswith(b"#"):
                return _decoded(lines[:number]), sum(len(line) + 1 for line in lines[:number])
    return _decoded(text.splitlines()), len(text)


def _decoded(lines: list[bytes]) -> list[str]:
    return [line.rstrip(b"\r").decode("utf-8", "replace") for line in lines]


def _bgzf_tasks(file: BgzfFile, header_size: int) -> Tasks:
    blocks: list[Block] = []
    for block in file.blocks():
        blocks.append(block)
        if len(blocks) == _BLOCKS:
            yield partial(_bgzf_chunk, file, blocks, header_size)
            blocks = []
    if blocks:
        yield partial(_bgzf_chunk, file, blocks, header_size)


def _bgzf_chunk(file: BgzfFile, blocks: list[Block], header_size: int) -> Chunk:
    """The lines that begin after the first byte of these blocks' text and up to its end: each line is in one chunk alone.

    Chunks need to know nothing of each other for that. The header's lines are in none; the line after it is in the chunk in
    whose text it begins, or just after which it begins.
    """
    text_start, text_end = blocks[0].text_start, blocks[-1].text_start + blocks[-1].text_size
    size = sum(block.size for block in blocks)
    if text_end < header_size:
        return Chunk(b"", 0, 0, size)
    chunk = _inflated(file, blocks, _rest_of_line(file, blocks[-1]), 0, size)
    is_first = header_size > text_start or text_start == 0
    start = header_size - text_start if is_first else chunk.text.find(b"\n") + 1
    if start > text_end - text_start:
        start = chunk.stop  # the first line is longer than the blocks, and a later chunk's
    return replace(chunk, start=start)


def _ranges_chunk(file: BgzfFile, ranges: list[tuple[int, int]]) -> Chunk:
    """The lines of ranges of an index, in one text."""
    chunks = [_range_chunk(file, start, end) for start, end in ranges]
    if len(chunks) == 1:
        return chunks[0]
    return replace(_chunk([bytes(of.text[of.start : of.stop]) for of in chunks], 0, 0), place=chunks[0].place)


def _range_chunk(file: BgzfFile, start: int, end: int) -> Chunk:
    """The lines from one virtual offset of an index to another.

    Raises:
        FormatError: the offsets are not of this file.
    """
    blocks: list[Block] = []
    stop = 0
    for block in file.blocks(start >> 16):
        if block.start > end >> 16 or (block.start == end >> 16 and not end & 0xFFFF):
            break
        blocks.append(block)
        stop = block.text_start + (end & 0xFFFF if block.start == end >> 16 else block.text_size)
    chunk = _inflated(file, blocks, b"", start & 0xFFFF, 0) if blocks else _chunk([], start & 0xFFFF, 0)
    begins = not chunk.start or chunk.text[chunk.start - 1 : chunk.start] == b"\n"
    if not begins or chunk.text[stop - 1 : stop] != b"\n":
        raise FormatError("its index is of another file", file=file.path, fix="make it again: bcftools index -f")
    return replace(chunk, stop=stop, place=start >> 16)


def _rest_of_line(file: BgzfFile, last: Block) -> bytes:
    """What follows a block's text up to and with the next newline, or up to the end of the file."""
    rest = b""
    for block in file.blocks(last.start + last.size):
        text = file.inflate(block)
        end = text.find(b"\n")
        if end >= 0:
            return rest + text[: end + 1]
        rest += text
    return rest


class _Stream:
    """Text read once from a handle: inflated if it is gzip, its end checked if it is BGZF."""

    def __init__(self, handle: IO[bytes], name: str) -> None:
        self.name = name
        self._handle = handle
        self.first = self._kept = handle.read(_STREAM_BYTES)
        if not self.first:
            raise FormatError("empty, not a VCF", file=name, fix="give a VCF or BCF with a header")
        self._tail = b""
        self._text = b""
        is_gzip = self.first[:2] == b"\x1f\x8b"
        start = zlib.decompressobj(31).decompress(self.first, len(_BCF)) if is_gzip else self.first
        self.is_bcf = start[: len(_BCF)] == _BCF
        self._gzip = gzip.GzipFile(fileobj=self, mode="rb") if is_gzip else None  # type: ignore[call-overload]

    def read(self, size: int = _STREAM_BYTES, /) -> bytes:
        """Up to `size` bytes as they are in the file; none at the end.

        Raises:
            FormatError: BGZF without its end-of-file block.
        """
        if self._kept:
            found, self._kept = self._kept[:size], self._kept[size:]
        else:
            found = self._handle.read(size)
        self._tail = (self._tail + found)[-len(EOF_BLOCK) :]
        if not found and is_bgzf(self.first) and self._tail != EOF_BLOCK:
            raise FormatError("cut short: no BGZF end-of-file block", file=self.name, fix=_AGAIN)
        return found

    def text(self) -> bytes:
        """The next part of the text; none at the end.

        Raises:
            FormatError: cut short or damaged.
        """
        if self._text:
            found, self._text = self._text, b""
            return found
        if self._gzip is None:
            return self.read()
        try:
            text: bytes = self._gzip.read(_STREAM_BYTES)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FormatError(f"cut short or damaged ({error})", file=self.name, fix=_AGAIN) from None
        return text

    def close(self) -> None:
        """Close the handle; standard input stays open."""
        if self._handle is not sys.stdin.buffer:
            self._handle.close()

    def put_back(self, text: bytes) -> None:
        """Have this text read again."""
        self._text = text + self._text


@contextmanager
def _opened(path: Path) -> Iterator[_Stream]:
    with path.open("rb") as handle:
        yield _Stream(handle, str(path))


def _open_text(name: str, opened: Callable[[], AbstractContextManager[_Stream]]) -> Lines:
    """The lines of a stream that can be opened twice, once for the header; or whose text can be put back."""
    with opened() as stream:
        header, size, text = _read_header(stream)
        stream.put_back(text)

    def tasks() -> Tasks:
        with opened() as stream:
            stream.put_back(_read_header(stream)[2][size:])
            yield from _text_tasks(stream)

    return Lines(name, header, tasks)


def _read_header(stream: _Stream) -> tuple[list[str], int, bytes]:
    """The lines that begin with #, their size in bytes, and all text read to find them."""
    text = b""
    while True:
        more = stream.text()
        text += more
        lines = text.split(b"\n")
        for number, line in enumerate(lines[:-1] if more else lines):
            if not line.startswith(b"#"):
                return _decoded(lines[:number]), min(sum(len(line) + 1 for line in lines[:number]), len(text)), text
        if not more:
            return _decoded(lines), len(text), text


def _text_tasks(stream: _Stream) -> Tasks:
    rest = b""
    while more := stream.text():
        rest += more
        end = rest.rfind(b"\n") + 1
        if end:
            yield partial(_chunk, [rest[:end]], 0, 0)
            rest = rest[end:]
    stream.close()
    if rest:
        yield partial(_chunk, [rest], 0, 0)


def _open_spooled(stream: _Stream) -> Lines:
    """BCF from a stream, by way of a temporary file: htslib reads it again from its start, and holds the interpreter's lock."""
    with tempfile.NamedTemporaryFile(suffix=".bcf", delete=False) as spool:
        shutil.copyfileobj(stream, spool, _STREAM_BYTES)
    stream.close()
    path = Path(spool.name)
    try:
        return _open_bcf(stream.name, path)
    finally:
        path.unlink()  # htslib has it open


def _open_bcf(name: str, path: Path) -> Lines:
    from cyvcf2 import VCF  # not needed by other formats

    reader = VCF(str(path))
    return Lines(name, reader.raw_header.rstrip("\n").split("\n"), lambda: _bcf_tasks(reader, name))


def _bcf_tasks(records: Iterable[object], name: str) -> Tasks:
    lines: list[str] = []
    size = 0
    try:
        for record in records:
            lines.append(str(record))
            size += len(lines[-1])
            if size >= _STREAM_BYTES:
                yield partial(_chunk, ["".join(lines).encode()], 0, 0)
                lines, size = [], 0
    except Exception as error:
        if type(error) is not Exception:  # cyvcf2 raises the bare class when htslib cannot read a record
            raise
        raise FormatError(f"a record cannot be read ({error})", file=name, fix=_AGAIN) from None
    if lines:
        yield partial(_chunk, ["".join(lines).encode()], 0, 0)
