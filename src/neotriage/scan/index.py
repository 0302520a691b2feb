"""The index beside a BGZF file (.tbi or .csi; SAM specification 5.2 and CSIv1): where in it the records of some places lie."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neotriage.errors import FormatError
from neotriage.scan.bgzf import BgzfFile

__all__ = ["Index", "open_index"]

Int32 = npt.NDArray[np.int32]
Range = tuple[int, int]

_TBI, _CSI = b"TBI\x01", b"CSI\x01"
_TBI_SHAPE = (14, 5)  # bits of the smallest bin, levels above it
_TABIX_HEADER = 28  # seven integers before the names
_TBI_HEAD, _CSI_HEAD = 4, 12  # bytes from a bin's number to its number of ranges
_INTEGER = struct.Struct("<i")
_MOST_BYTES = 1 << 20  # of the file that a range takes, unless a bin of the index has more


@dataclass(frozen=True)
class Index:
    """An index: the smallest bin is 2^`shift` bp, and each of the `depth` levels above it eight times the one below.

    `text` from byte `start` on has the bins of each contig in turn, a bin its number and ranges; a range is two virtual offsets
    (byte of a block << 16 | byte of its text).
    """

    path: Path
    shift: int
    depth: int
    contigs: Sequence[str]
    text: bytes
    start: int
    is_csi: bool

    def ranges(self, places: Mapping[str, tuple[Int32, Int32]]) -> list[Range]:
        """Ranges of the file that hold every record at the places, and others; in file order, without overlap.

        Args:
            places: contig -> int32 starts and ends, 0-based half-open.

        Raises:
            FormatError: the index is damaged.
        """
        from neotriage.kernels.index import find_ranges

        text = np.frombuffer(self.text, np.uint8)
        room = np.empty((text.size // 16 + 1, 2), np.int64)
        found: set[Range] = set()
        at = self.start
        for contig in self.contigs:
            wanted = self._numbers(*places[contig]) if contig in places else set()
            numbers = np.array(sorted(wanted), np.int64)
            at, count = find_ranges(text, at, numbers, _CSI_HEAD if self.is_csi else _TBI_HEAD, not self.is_csi, room)
            if at < 0:
                raise _error(self.path)
            found.update((start, end) for start, end in room[:count].tolist())
        joined: list[Range] = []
        for start, end in sorted(found):
            if joined and (start < joined[-1][1] or self._is_near(joined[-1], start, end)):
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((start, end))
        return joined

    def _numbers(self, starts: Int32, ends: Int32) -> set[int]:
        """The bins that may hold records which overlap the places."""
        numbers: set[int] = set()
        for level in range(self.depth + 1):
            first = ((1 << 3 * level) - 1) // 7
            shift = self.shift + 3 * (self.depth - level)
            low, high = starts.astype(np.int64) >> shift, np.maximum(ends.astype(np.int64) - 1, 0) >> shift
            most = (1 << 3 * level) - 1
            pairs = {(min(a, most), min(b, most)) for a, b in zip(low.tolist(), high.tolist(), strict=True)}
            numbers.update(first + place for a, b in pairs for place in range(a, b + 1))
        return numbers

    @staticmethod
    def _is_near(before: Range, start: int, end: int) -> bool:
        """Whether a range begins where the one before ends, and both are not too much at a time."""
        return start == before[1] and (end >> 16) - (before[0] >> 16) < _MOST_BYTES


def open_index(path: Path) -> Index | None:
    """The index of a BGZF file, None if there is none that is as new as the file.

    Raises:
        FormatError: it is no index, or damaged.
    """
    for ending in (".tbi", ".csi"):
        beside = Path(f"{path}{ending}")
        if beside.is_file() and beside.stat().st_mtime >= path.stat().st_mtime:
            file = BgzfFile(beside)
            try:
                return _parse(beside, b"".join(file.inflate(block) for block in file.blocks()))
            except (struct.error, ValueError, IndexError, UnicodeDecodeError):
                raise _error(beside) from None
    return None


def _error(path: Path) -> FormatError:
    return FormatError("not an index", file=path, fix="make it again: bcftools index")


def _parse(path: Path, text: bytes) -> Index:
    if text[:4] == _TBI:
        count, names, start = _names(text, 4, 8)
        return Index(path, *_TBI_SHAPE, names[:count], text, start, False)
    if text[:4] == _CSI:
        shift, depth, size = struct.unpack_from("<3i", text, 4)
        count, names, _ = _names(text, 16 + size, 16)
        return Index(path, shift, depth, names[:count], text, 16 + size + _INTEGER.size, True)
    raise ValueError("no index")


def _names(text: bytes, count_at: int, at: int) -> tuple[int, list[str], int]:
    """How many contigs have bins, the names in tabix's header at byte `at`, and where that ends."""
    (count,) = _INTEGER.unpack_from(text, count_at)
    (size,) = _INTEGER.unpack_from(text, at + _TABIX_HEADER - _INTEGER.size)
    stop = at + _TABIX_HEADER + size
    return count, text[at + _TABIX_HEADER : stop].decode().split("\0")[:-1], stop
