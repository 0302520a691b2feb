"""Kernel over the bins of an index of a BGZF file (.tbi, .csi)."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def _number(text, at, size):
    """The little-endian number of `size` bytes at text[at]."""
    value = 0
    for place in range(size):
        value |= int(text[at + place]) << (8 * place)
    return value


@njit(nogil=True, cache=True)
def find_ranges(text, at, wanted, head, linear, ranges):
    """The ranges of one contig's wanted bins.

    Args:
        text: uint8 (bytes,), the index.
        at: where the contig's number of bins stands.
        wanted: int64 (bins,), sorted, without pseudo-bins.
        head: bytes from a bin's number to its number of ranges.
        linear: bool, whether a linear index follows the bins (.tbi).
        ranges: int64 (ranges, 2), written: start and end, virtual offsets.

    Returns:
        (where the next contig begins, -1 if the index ends before; ranges).
    """
    found = 0
    if at + 4 > text.size:
        return -1, found
    bins = _number(text, at, 4)
    at += 4
    for _ in range(bins):
        if at + head + 4 > text.size:
            return -1, found
        number, pieces = _number(text, at, 4), _number(text, at + head, 4)
        at += head + 4
        if at + 16 * pieces > text.size:
            return -1, found
        place = np.searchsorted(wanted, number)
        if place < wanted.size and wanted[place] == number:
            for piece in range(pieces):
                ranges[found, 0] = _number(text, at + 16 * piece, 8)
                ranges[found, 1] = _number(text, at + 16 * piece + 8, 8)
                found += 1
        at += 16 * pieces
    if linear:
        if at + 4 > text.size:
            return -1, found
        at += 4 + 8 * _number(text, at, 4)
    return at, found
