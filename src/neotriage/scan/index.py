"""The index beside a BGZF file (.tbi or .csi; SAM specification 5.2 and CSIv1): where in it the records of some places lie."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from neotriage.errors import FormatError
from neotriage.scan.bgzf import BgzfFile

__all__ = ["Index", "open_index"]

Int32 = npt.NDArray[np.int32]
Range = tuple[int, int]

_TBI = (b"TBI\x01", 14, 5)  # magic, bits of the smallest bin, levels above it
_CSI = b"CSI\x01"
_HEADER = 28  # of tabix: seven integers before the names
_MOST_BYTES = 1 << 20  # of the file that a range takes, unless a bin of the index has more


@dataclass(frozen=True)
class Index:
    """An index.

    `bins`: contig -> bin -> ranges; a range is two virtual offsets (byte of a block << 16 | byte of its text). The smallest
    bin is 2^`shift` bp, and each of the `depth` levels above it eight times the one below.
    """

    shift: int
    depth: int
    bins: Mapping[str, Mapping[int, list[Range]]]

    def ranges(self, places: Mapping[str, tuple[Int32, Int32]]) -> list[Range]:
        """Ranges of the file that hold every record at the places, and others; in file order, without overlap.

        Args:
            places: contig -> int32 starts and ends, 0-based half-open.
        """
        found: set[Range] = set()
        for contig, (starts, ends) in places.items():
            known = self.bins.get(contig, {})
            if len(known):
                found.update(piece for number in self._numbers(starts, ends) & known.keys() for piece in known[number])
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
            text = b"".join(file.inflate(block) for block in file.blocks())
            try:
                return _parse(text)
            except (struct.error, ValueError, IndexError, UnicodeDecodeError):
                raise FormatError("not an index", file=beside, fix="make it again: bcftools index") from None
    return None


def _parse(text: bytes) -> Index:
    magic = text[:4]
    if magic == _TBI[0]:
        shift, depth, at = _TBI[1], _TBI[2], 4
        (count,) = struct.unpack_from("<i", text, at)
        names, at = _names(text, at + 4)
        is_csi = False
    elif magic == _CSI:
        shift, depth, size = struct.unpack_from("<3i", text, 4)
        names, _ = _names(text, 16)
        at = 16 + size
        (count,) = struct.unpack_from("<i", text, at)
        at += 4
        is_csi = True
    else:
        raise ValueError("no index")
    bins: dict[str, dict[int, list[Range]]] = {}
    for name in names[:count]:
        bins[name], at = _contig_bins(text, at, is_csi, sum(1 << 3 * level for level in range(depth + 1)))
    return Index(shift, depth, bins)


def _names(text: bytes, at: int) -> tuple[list[str], int]:
    """Contig names of tabix's header, and where it ends."""
    (size,) = struct.unpack_from("<i", text, at + _HEADER - 4)
    stop = at + _HEADER + size
    return text[at + _HEADER : stop].decode().split("\0")[:-1], stop


def _contig_bins(text: bytes, at: int, is_csi: bool, most: int) -> tuple[dict[int, list[Range]], int]:
    """One contig's bins, the one of statistics left out, and where they end."""
    bins: dict[int, list[Range]] = {}
    (count,) = struct.unpack_from("<i", text, at)
    at += 4
    for _ in range(count):
        (number,) = struct.unpack_from("<I", text, at)
        at += 12 if is_csi else 4
        (pieces,) = struct.unpack_from("<i", text, at)
        offsets = struct.unpack_from(f"<{2 * pieces}Q", text, at + 4)
        at += 4 + 16 * pieces
        if number < most:
            bins[number] = list(zip(offsets[::2], offsets[1::2], strict=True))
    if not is_csi:
        (linear,) = struct.unpack_from("<i", text, at)
        at += 4 + 8 * linear
    return bins, at
