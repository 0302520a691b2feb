"""Kernel over the lines of a GFF3: exons and coding parts as numbers, and where the lines lie that people wrote words in."""

from __future__ import annotations

import numpy as np
from numba import njit

EXON, CDS = 0, 1
_PARENT = np.frombuffer(b"Parent=transcript:", np.uint8)
_FASTA = np.frombuffer(b"##FASTA", np.uint8)
_NAME_AT = 7  # where the value of Parent begins
_COLUMNS = 9


@njit(nogil=True, cache=True)
def _same(data, one, two, size):
    """Whether data[one:one + size] and data[two:two + size] are the same bytes."""
    for at in range(size):  # noqa: SIM110 (numba compiles no generator)
        if data[one + at] != data[two + at]:
            return False
    return True


@njit(nogil=True, cache=True)
def _find(data, start, stop, text):
    """Where `text` first stands in data[start:stop], -1 nowhere."""
    for at in range(start, stop - text.size + 1):
        if data[at] == text[0]:
            found = True
            for place in range(1, text.size):
                if data[at + place] != text[place]:
                    found = False
                    break
            if found:
                return at
    return -1


@njit(nogil=True, cache=True)
def _coordinate(data, start, stop):
    """data[start:stop] as a number, -1 if it is not one of up to nine digits."""
    if start == stop or stop - start > 9:
        return -1
    value = 0
    for at in range(start, stop):
        if data[at] < 48 or data[at] > 57:
            return -1
        value = value * 10 + int(data[at]) - 48
    return value


@njit(nogil=True, cache=True)
def scan_lines(data, parts, runs, others):
    """Read a GFF3's lines up to ##FASTA; comments and blank lines are passed over.

    Args:
        data: uint8 (bytes,), ending in a newline.
        parts: int32 (lines, 3), written: start (0-based), end and run of each exon and coding part.
        runs: int64 (lines, 6), written: kind (EXON, CDS), line number from 1, start and stop in data of the first line of
            each run, start and stop of its text of Parent. A run: parts of one kind, one after the other, of the same Parent.
        others: int64 (lines, 3), written: line number, start and stop in data of every other line.

    Returns:
        (parts, runs, others, lines, start of the last line): the last line is broken if it is before the end.
    """
    known, run, other, number = 0, 0, 0, 0
    last = np.full((2, 3), -1, np.int64)  # of each kind: run, start and stop of its Parent
    tabs = np.empty(_COLUMNS, np.int64)
    begin = 0
    while begin < data.size:
        number += 1
        at, fields = begin, 0
        is_blank = True
        while data[at] != 10:
            if data[at] == 9:
                if fields < _COLUMNS:
                    tabs[fields] = at
                fields += 1
            elif data[at] != 32 and data[at] != 13:
                is_blank = False
            at += 1
        after, stop = at + 1, at
        while stop > begin and data[stop - 1] == 13:
            stop -= 1
        if is_blank or data[begin] == 35:
            if _find(data, begin, min(begin + _FASTA.size, stop), _FASTA) == begin:
                break
            begin = after
            continue
        if fields != _COLUMNS - 1:
            return known, run, other, number, begin
        low, high = _coordinate(data, tabs[2] + 1, tabs[3]), _coordinate(data, tabs[3] + 1, tabs[4])
        if low < 1 or high < low:
            return known, run, other, number, begin
        size = tabs[2] - tabs[1] - 1
        first = data[tabs[1] + 1]
        kind = -1
        if size == 4 and first == 101 and data[tabs[1] + 2] == 120 and data[tabs[1] + 3] == 111 and data[tabs[1] + 4] == 110:
            kind = EXON
        elif size == 3 and first == 67 and data[tabs[1] + 2] == 68 and data[tabs[1] + 3] == 83:
            kind = CDS
        if kind < 0:
            others[other] = number, begin, stop
            other += 1
            begin = after
            continue
        parent = _find(data, tabs[7] + 1, stop, _PARENT)
        if parent < 0:
            return known, run, other, number, begin
        parent += _NAME_AT
        end = parent
        while end < stop and data[end] != 59:
            end += 1
        if (
            last[kind, 0] < 0
            or end - parent != last[kind, 2] - last[kind, 1]
            or not _same(data, parent, last[kind, 1], end - parent)
        ):
            last[kind] = run, parent, end
            runs[run] = kind, number, begin, stop, parent, end
            run += 1
        parts[known] = low - 1, high, last[kind, 0]
        known += 1
        begin = after
    return known, run, other, number, data.size
