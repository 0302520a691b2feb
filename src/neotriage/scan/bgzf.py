"""BGZF: gzip in blocks of up to 64 kB of text, each with its own CRC (SAM specification 4.1), inflated on any thread."""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from neotriage.errors import FormatError

igzip: Any
GzipReader: Any
try:
    from isal import igzip_lib as igzip
    from isal.isal_zlib import _GzipReader as GzipReader  # what isal.igzip reads with: the one way into a buffer of ours
except ImportError:  # no wheel for this machine: zlib does the same at half the speed
    igzip = GzipReader = None
_Damaged = zlib.error if igzip is None else igzip.IsalError

__all__ = ["EOF_BLOCK", "BgzfFile", "Block", "is_bgzf"]

EOF_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_USUAL_HEADER = EOF_BLOCK[:16]  # the only extra field is BC; its value, the block size less one, comes next
_SIZE, _TEXT_SIZE = struct.Struct("<H"), struct.Struct("<I")
_FIXED_HEADER = 12
_TRAILER = 8
_AGAIN = "copy or write the file again"


def is_bgzf(start: bytes) -> bool:
    """Whether a file that starts with these bytes (16 at least) is BGZF: gzip whose extra field names a block size."""
    return start[:4] == EOF_BLOCK[:4] and start[12:16] == b"BC\x02\x00"


class Block(NamedTuple):
    """One block: where it starts in the file and how long it is there; where its text starts and how long that is; bytes."""

    start: int
    size: int
    text_start: int
    text_size: int


class BgzfFile:
    """A memory-mapped BGZF file.

    Raises:
        FormatError: the file lacks the end-of-file block, so that it may have been cut short.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as handle:
            self._map = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        self.size = len(self._map)
        if self._map[-len(EOF_BLOCK) :] != EOF_BLOCK:
            raise FormatError(f"cut short: no BGZF end-of-file block at byte {self.size}", file=path, fix=_AGAIN)

    def blocks(self, start: int = 0) -> Iterator[Block]:
        """The blocks from the one at file offset `start` on; their text is counted from there.

        Raises:
            FormatError: bytes that are not a block.
        """
        text_start = 0
        while start < self.size:
            size = self._block_size(start)
            text_size: int = _TEXT_SIZE.unpack_from(self._map, start + size - _TEXT_SIZE.size)[0]
            yield Block(start, size, text_start, text_size)
            start += size
            text_start += text_size

    def inflate(self, block: Block) -> bytes:
        """The text of a block, its CRC checked.

        Raises:
            FormatError: the block is damaged.
        """
        text = _inflated(memoryview(self._map)[block.start : block.start + block.size], block.text_size)
        if text is None:
            raise FormatError(f"the BGZF block at byte {block.start} is damaged (its CRC is wrong)", file=self.path, fix=_AGAIN)
        return text

    def inflate_into(self, blocks: Sequence[Block], text: memoryview) -> None:
        """Write the text of blocks that follow each other to `text`, which is as long; the CRC of each is checked.

        Raises:
            FormatError: a block is damaged.
        """
        raw = memoryview(self._map)[blocks[0].start : blocks[-1].start + blocks[-1].size]
        if GzipReader is not None and _is_read(raw, text):
            return
        at = 0
        for block in blocks:  # one by one, to name the one that is damaged
            part = self.inflate(block)
            text[at : at + len(part)] = part
            at += len(part)

    def _block_size(self, start: int) -> int:
        if self._map[start : start + len(_USUAL_HEADER)] == _USUAL_HEADER and start + len(EOF_BLOCK) <= self.size:
            (less_one,) = _SIZE.unpack_from(self._map, start + len(_USUAL_HEADER))
            if len(_USUAL_HEADER) + _SIZE.size + _TRAILER <= less_one < self.size - start:
                return int(less_one) + 1
        header = self._map[start : start + _FIXED_HEADER]
        if header[:4] == EOF_BLOCK[:4] and len(header) == _FIXED_HEADER:
            extra = self._map[start + _FIXED_HEADER : start + _FIXED_HEADER + int.from_bytes(header[10:12], "little")]
            size = _size_field(extra)
            if _FIXED_HEADER + len(extra) + _TRAILER < size <= self.size - start:
                return size
        raise FormatError(f"no BGZF block at byte {start}", file=self.path, fix=_AGAIN)


def _size_field(extra: bytes) -> int:
    """The block size that the gzip extra field BC states, 0 if there is none."""
    at = 0
    while at + 4 <= len(extra):
        length = int.from_bytes(extra[at + 2 : at + 4], "little")
        if extra[at : at + 2] == b"BC" and length == 2 and at + 6 <= len(extra):
            return int.from_bytes(extra[at + 4 : at + 6], "little") + 1
        at += 4 + length
    return 0


def _is_read(raw: memoryview, text: memoryview) -> bool:
    """Whether the gzip members of `raw`, undamaged, hold as much text as there is room for; it is written to `text`."""
    reader, at = GzipReader(raw), 0
    try:
        while at < len(text):
            count = reader.readinto(text[at:])
            if not count:
                return False
            at += count
        return not reader.read(1)  # which checks the last member's trailer
    except (_Damaged, EOFError, OSError):
        return False


def _inflated(raw: memoryview, text_size: int) -> bytes | None:
    """The text of one gzip member, None if it is damaged; both libraries check the trailer's CRC-32 and size."""
    try:
        if igzip is None:
            text = zlib.decompress(raw, 31, max(text_size, 1))
        else:
            text = igzip.decompress(raw, igzip.DECOMP_GZIP, 15, max(text_size, 1))
    except _Damaged:
        return None
    return text if len(text) == text_size else None
