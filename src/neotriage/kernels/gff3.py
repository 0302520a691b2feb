"""Kernel over the lines of a GFF3: exons and coding parts as numbers, and where the genes' and transcripts' words lie."""

from __future__ import annotations

import numpy as np
from numba import njit

EXON, CDS = 0, 1
GENE, TRANSCRIPT = 0, 1
ATTRIBUTES = ("ID", "Parent", "Name", "biotype", "description")
ATTRIBUTES_AT = 9  # of a feature's numbers, where those of its attributes begin
FEATURE = ATTRIBUTES_AT + 2 * len(ATTRIBUTES)  # numbers of a feature
_PARENT = np.frombuffer(b"Parent=transcript:", np.uint8)
_FASTA = np.frombuffer(b"##FASTA", np.uint8)
_NAME_AT = 7  # where the value of Parent begins
_COLUMNS = 9
_KEYS = np.frombuffer("".join(f"{name}=" for name in ATTRIBUTES).encode(), np.uint8)
_KEY_ENDS = np.cumsum(np.array([len(name) + 1 for name in ATTRIBUTES]))
_KINDS = (np.frombuffer(b"gene:", np.uint8), np.frombuffer(b"transcript:", np.uint8))


@njit(nogil=True, cache=True)
def _same(data, one, two, size):
    """Whether data[one:one + size] and data[two:two + size] are the same bytes."""
    for at in range(size):  # noqa: SIM110 (numba compiles no generator)
        if data[one + at] != data[two + at]:
            return False
    return True


@njit(nogil=True, cache=True)
def _starts(data, start, stop, text):
    """Whether data[start:stop] starts with `text`."""
    if stop - start < text.size:
        return False
    for at in range(text.size):  # noqa: SIM110
        if data[start + at] != text[at]:
            return False
    return True


@njit(nogil=True, cache=True)
def _find(data, start, stop, text):
    """Where `text` first stands in data[start:stop], -1 nowhere."""
    for at in range(start, stop - text.size + 1):
        if data[at] == text[0] and _starts(data, at, stop, text):
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
def _read_attributes(data, start, stop, spans):
    """Write where the values of ATTRIBUTES lie in data[start:stop], int64 (2 * attributes,), -1 absent; of two the last."""
    spans[:] = -1
    at = start
    while at < stop:
        while at < stop and data[at] == 32:
            at += 1
        end = at
        while end < stop and data[end] != 59:
            end += 1
        before = 0
        for key in range(_KEY_ENDS.size):
            if _starts(data, at, end, _KEYS[before : _KEY_ENDS[key]]):
                spans[2 * key] = at + _KEY_ENDS[key] - before
                spans[2 * key + 1] = end
                break
            before = _KEY_ENDS[key]
        at = end + 1


@njit(nogil=True, cache=True)
def scan_lines(data, parts, runs, features):
    """Read a GFF3's lines up to ##FASTA; comments, blank lines and lines of other kinds are passed over.

    Args:
        data: uint8 (bytes,), ending in a newline.
        parts: int32 (lines, 3), written: start (0-based), end and run of each exon and coding part.
        runs: int64 (lines, 6), written: kind (EXON, CDS), line number from 1, start and stop in data of the first line of
            each run, start and stop of its text of Parent. A run: parts of one kind, one after the other, of the same Parent.
        features: int64 (lines, FEATURE), written of each gene and transcript: kind (GENE, TRANSCRIPT), line number, start
            and stop in data, stop of its contig, start (0-based) and end, its strand's byte (0 if it is not one byte), start of
            its attributes; then start and stop of the value of each of ATTRIBUTES, -1 absent, ID without its prefix.

    Returns:
        (parts, runs, features, lines, start of the last line, whether any byte is not ASCII): the last line is broken if it
        is before the end.
    """
    known, run, feature, number = 0, 0, 0, 0
    last = np.full((2, 3), -1, np.int64)  # of each kind: run, start and stop of its Parent
    tabs = np.empty(_COLUMNS, np.int64)
    spans = np.empty(2 * _KEY_ENDS.size, np.int64)
    begin = 0
    letters = np.uint8(0)
    while begin < data.size:
        number += 1
        at, fields = begin, 0
        while data[at] != 10 and fields < _COLUMNS - 1:
            if data[at] == 9:
                tabs[fields] = at
                fields += 1
            letters |= data[at]
            at += 1
        while data[at] != 10:
            if data[at] == 9:
                fields += 1
            letters |= data[at]
            at += 1
        after, stop = at + 1, at
        while stop > begin and data[stop - 1] == 13:
            stop -= 1
        if data[begin] == 35:
            if _starts(data, begin, stop, _FASTA):
                break
            begin = after
            continue
        blank = begin
        while blank < stop and (data[blank] == 9 or data[blank] == 13 or data[blank] == 32):
            blank += 1
        if blank == stop:
            begin = after
            continue
        if fields != _COLUMNS - 1:
            return known, run, feature, number, begin, letters >= 128
        low, high = _coordinate(data, tabs[2] + 1, tabs[3]), _coordinate(data, tabs[3] + 1, tabs[4])
        if low < 1 or high < low:
            return known, run, feature, number, begin, letters >= 128
        size = tabs[2] - tabs[1] - 1
        first = data[tabs[1] + 1]
        kind = -1
        if size == 4 and first == 101 and data[tabs[1] + 2] == 120 and data[tabs[1] + 3] == 111 and data[tabs[1] + 4] == 110:
            kind = EXON
        elif size == 3 and first == 67 and data[tabs[1] + 2] == 68 and data[tabs[1] + 3] == 83:
            kind = CDS
        if kind < 0:
            _read_attributes(data, tabs[7] + 1, stop, spans)
            for which in range(2):
                if spans[0] >= 0 and _starts(data, spans[0], spans[1], _KINDS[which]):
                    kind = which
                    spans[0] += _KINDS[which].size
                    break
            if kind >= 0:
                features[feature, :4] = kind, number, begin, stop
                strand = int(data[tabs[5] + 1]) if tabs[6] - tabs[5] == 2 else 0
                features[feature, 4:ATTRIBUTES_AT] = tabs[0], low - 1, high, strand, tabs[7] + 1
                features[feature, ATTRIBUTES_AT:] = spans
                feature += 1
            begin = after
            continue
        parent = _find(data, tabs[7] + 1, stop, _PARENT)
        if parent < 0:
            return known, run, feature, number, begin, letters >= 128
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
    return known, run, feature, number, data.size, letters >= 128
