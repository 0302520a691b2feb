"""Kernels over the bytes of VCF lines. A cached kernel does not notice that a file it imports changed: all of it is here.

Keys: int64, never negative, ordered by position. 28 bits of 0-based position, one flag, 34 bits of alleles after the ends
that both share are trimmed (each keeps a base). Flag 0: at most 13 bases of A, C, G, T in both together, two bits each,
and both lengths: exact. Flag 1: a hash, so that whoever finds the key compares the text too. -1: not a sequence (`*`, `.`,
symbolic, breakend), which has no key.
"""

from __future__ import annotations

import numpy as np
from numba import njit

NEWLINE = 10
TAB = 9
HASHED = 1 << 34
POSITION_SHIFT = 35
MAX_POSITION = 1 << 28

_ONES = np.uint64(0x0101010101010101)
_HIGHS = np.uint64(0x8080808080808080)


@njit(nogil=True, cache=True)
def find_byte(data, words, at, stop, byte):
    """Place of the first `byte` in data[at:stop], `stop` if there is none.

    Args:
        data: uint8 (bytes,).
        words: the same memory as uint64 (bytes // 8,).
        at: where to begin.
        stop: where to end.
        byte: the byte looked for.
    """
    while at < stop and at & 7:
        if data[at] == byte:
            return at
        at += 1
    wanted = _ONES * np.uint64(byte)
    while at + 8 <= stop:
        differs = words[at >> 3] ^ wanted
        if (differs - _ONES) & ~differs & _HIGHS:
            break
        at += 8
    while at < stop and data[at] != byte:
        at += 1
    return at


@njit(nogil=True, cache=True)
def base_code(byte):
    """0 to 3 for A, C, G, T in either case, 4 for another letter of a sequence (IUPAC), -1 for what is no base."""
    upper = byte & 0xDF
    if upper == 65:
        return 0
    if upper == 67:
        return 1
    if upper == 71:
        return 2
    if upper == 84:
        return 3
    if byte < 65:
        return -1
    for letter in (78, 82, 89, 83, 87, 75, 77, 66, 68, 72, 86):
        if upper == letter:
            return 4
    return -1


@njit(nogil=True, cache=True)
def is_sequence(data, start, stop):
    """Whether data[start:stop] is one base or more."""
    if start >= stop:
        return False
    for at in range(start, stop):  # noqa: SIM110 (numba compiles no generator)
        if base_code(int(data[at])) < 0:
            return False
    return True


@njit(nogil=True, cache=True)
def trim(data, ref_start, ref_stop, alt_start, alt_stop):
    """(bases trimmed off the left, off the right): the ends that both alleles share, of which each keeps a base."""
    shorter = min(ref_stop - ref_start, alt_stop - alt_start)
    right = 0
    while right < shorter - 1 and (data[ref_stop - 1 - right] & 0xDF) == (data[alt_stop - 1 - right] & 0xDF):
        right += 1
    left = 0
    while left < shorter - 1 - right and (data[ref_start + left] & 0xDF) == (data[alt_start + left] & 0xDF):
        left += 1
    return left, right


@njit(nogil=True, cache=True)
def trimmed_key(data, position, ref_start, ref_stop, alt_start, alt_stop):
    """Key of an allele that is trimmed already, at a 0-based position."""
    ref_size = ref_stop - ref_start
    alt_size = alt_stop - alt_start
    place = position << POSITION_SHIFT
    if ref_size + alt_size <= 13:
        packed = (ref_size << 4) | alt_size
        for at in range(ref_start, ref_stop):
            code = base_code(int(data[at]))
            if code > 3:
                packed = -1
                break
            packed = (packed << 2) | code
        if packed >= 0:
            for at in range(alt_start, alt_stop):
                code = base_code(int(data[at]))
                if code > 3:
                    packed = -1
                    break
                packed = (packed << 2) | code
        if packed >= 0:
            return place | packed
    mixed = 0x2545F491
    for at in range(ref_start, ref_stop):
        mixed = ((mixed ^ int(data[at] & 0xDF)) * 0x01000193) & (HASHED - 1)
    mixed = ((mixed ^ 62) * 0x01000193) & (HASHED - 1)
    for at in range(alt_start, alt_stop):
        mixed = ((mixed ^ int(data[at] & 0xDF)) * 0x01000193) & (HASHED - 1)
    return place | HASHED | (mixed ^ (mixed >> 17))


@njit(nogil=True, cache=True)
def pack_keys(data, positions, ref_offsets, alt_offsets, keys, lefts, rights):
    """Keys of alleles given as text.

    Args:
        data: uint8 (bytes,), all references then all alternates one after the other.
        positions: int32 (variants,), 0-based.
        ref_offsets: int64 (variants + 1,), where each reference starts in data.
        alt_offsets: int64 (variants + 1,), where each alternate starts in data.
        keys: int64 (variants,), written; -1 not a sequence.
        lefts: int32 (variants,), written: bases trimmed off the left.
        rights: int32 (variants,), written: bases trimmed off the right.
    """
    for row in range(positions.size):
        ref_start, ref_stop = ref_offsets[row], ref_offsets[row + 1]
        alt_start, alt_stop = alt_offsets[row], alt_offsets[row + 1]
        keys[row] = -1
        lefts[row] = 0
        rights[row] = 0
        if is_sequence(data, ref_start, ref_stop) and is_sequence(data, alt_start, alt_stop):
            left, right = trim(data, ref_start, ref_stop, alt_start, alt_stop)
            lefts[row] = left
            rights[row] = right
            keys[row] = trimmed_key(
                data, int(positions[row]) + left, ref_start + left, ref_stop - right, alt_start + left, alt_stop - right
            )


# What a kernel found wrong in a line; the caller names the line.
FEW_COLUMNS = 1
BAD_POSITION = 2
BAD_ALLELE = 3
BAD_COUNT = 4
BAD_NUMBER = 5


@njit(nogil=True, cache=True)
def parse_integer(data, start, stop):
    """(value, whether data[start:stop] is a decimal integer); a sign is allowed, more than 18 digits are not."""
    at = start
    negative = False
    if at < stop and (data[at] == 45 or data[at] == 43):
        negative = data[at] == 45
        at += 1
    if at >= stop or stop - at > 18:
        return 0, False
    value = 0
    while at < stop:
        digit = int(data[at]) - 48
        if digit < 0 or digit > 9:
            return 0, False
        value = value * 10 + digit
        at += 1
    return (-value if negative else value), True


@njit(nogil=True, cache=True)
def parse_float(data, start, stop):
    """(value, whether data[start:stop] is a number); `.` is NaN, and so are nan and inf.

    Exact up to 15 digits and ten to the 22nd, as all that tools write is (Clinger 1990); beyond, off by the last bit.
    """
    size = stop - start
    if size == 1 and data[start] == 46:
        return np.nan, True
    at = start
    negative = False
    if at < stop and (data[at] == 45 or data[at] == 43):
        negative = data[at] == 45
        at += 1
    if stop - at == 3 and (data[at] & 0xDF) in (78, 73):
        return np.nan, True
    digits = 0
    value = 0
    exponent = 0
    after_point = False
    while at < stop:
        byte = int(data[at])
        if 48 <= byte <= 57:
            digits += 1
            if value < 100_000_000_000_000_000:
                value = value * 10 + byte - 48
                if after_point:
                    exponent -= 1
            elif not after_point:
                exponent += 1
        elif byte == 46 and not after_point:
            after_point = True
        else:
            break
        at += 1
    if digits == 0:
        return np.nan, False
    if at < stop:
        if (data[at] & 0xDF) != 69:
            return np.nan, False
        power, is_number = parse_integer(data, at + 1, stop)
        if not is_number or abs(power) > 400:
            return np.nan, False
        exponent += power
    result = float(value)
    if exponent < -22:
        result = result / 1e22
        result = result * 10.0 ** (exponent + 22)
    elif exponent < 0:
        result = result / 10.0**-exponent
    else:
        result = result * 10.0**exponent
    return (-result if negative else result), True


@njit(nogil=True, cache=True)
def _same(data, start, stop, name):
    if stop - start != name.size:
        return False
    for at in range(name.size):  # noqa: SIM110 (numba compiles no generator)
        if data[start + at] != name[at]:
            return False
    return True


@njit(nogil=True, cache=True)
def _value_at(data, start, stop, number, per_reference, alternates):
    """(start, stop) of an alternate's value in a comma list; (-1, 0) if the list has another length than it should.

    Args:
        data: uint8 (bytes,).
        start: where the list starts.
        stop: where it ends.
        number: 0-based number of the alternate.
        per_reference: 1 if the list starts with the reference's value (Number=R), else 0.
        alternates: how many the record has.
    """
    values = 1
    found_start, found_stop = -1, 0
    begin = start
    wanted = number + per_reference
    at = start
    while at <= stop:
        if at == stop or data[at] == 44:
            if values - 1 == wanted:
                found_start, found_stop = begin, at
            if at < stop:
                values += 1
                begin = at + 1
        at += 1
    if values == alternates + per_reference:
        return found_start, found_stop
    if values == 1 and stop - start == 1 and data[start] == 46:
        return start, stop
    return -1, 0


@njit(nogil=True, cache=True)
def scan_sites(
    data, words, start, stop, names, name_offsets, name_kinds, per_reference,
    runs, rows_line, rows_key, rows_trim, frequency, frequency_field, counts, filters, rows_filter,
):  # fmt: skip
    """Read the alternate alleles of a sites VCF, each with its key, highest frequency and counts.

    Args:
        data: uint8 (bytes,).
        words: as in `find_byte`.
        start: where the lines to read start.
        stop: where they end.
        names: uint8, the wanted INFO ids one after the other.
        name_offsets: int64 (ids + 1,), where each starts.
        name_kinds: int8 (ids,), -1 a frequency, 0 homozygotes, 1 hemizygotes.
        per_reference: int8 (ids,), 1 for Number=R.
        runs: int64 (lines, 3), written: start and stop of a contig's name in data, first row of it.
        rows_line: int32 (rows,), written: line of this chunk, from 0.
        rows_key: int64 (rows,), written.
        rows_trim: int64 (rows, 4), written: start and stop of the trimmed reference and alternate in data.
        frequency: float32 (rows,), written: highest, NaN not measured.
        frequency_field: int16 (rows,), written: which id that was, -1 not measured.
        counts: int32 (rows, 2), written: homozygotes, hemizygotes, -1 not known.
        filters: int64 (256, 2), written: start and stop in data of each FILTER text met.
        rows_filter: int16 (rows,), written: row of `filters`, 255 for any text beyond the 255th.

    Returns:
        (lines, rows, runs, filters, alleles without key, error code, line of the error, its start in data).
    """
    line = 0
    rows = 0
    run = 0
    known_filters = 0
    keyless = 0
    at = start
    ids = name_kinds.size
    value_start = np.empty(ids, np.int64)
    value_stop = np.empty(ids, np.int64)
    tabs = np.empty(8, np.int64)
    while at < stop:
        begin = at
        end = find_byte(data, words, begin, stop, NEWLINE)
        at = end + 1
        if end > begin and data[end - 1] == 13:
            end -= 1
        if end == begin and at >= stop:
            break
        found = 0
        place = begin
        while found < 7:
            place = find_byte(data, words, place, end, TAB)
            if place == end:
                break
            tabs[found] = place
            found += 1
            place += 1
        if found < 7:
            return line, rows, run, known_filters, keyless, FEW_COLUMNS, line, begin
        info_stop = find_byte(data, words, place, end, TAB)
        if run == 0 or not _same(data, begin, tabs[0], data[runs[run - 1, 0] : runs[run - 1, 1]]):
            runs[run, 0] = begin
            runs[run, 1] = tabs[0]
            runs[run, 2] = rows
            run += 1
        position, is_number = parse_integer(data, tabs[0] + 1, tabs[1])
        if not is_number or position < 0 or position > MAX_POSITION:
            return line, rows, run, known_filters, keyless, BAD_POSITION, line, begin
        position -= 1
        ref_start, ref_stop = tabs[2] + 1, tabs[3]
        if not is_sequence(data, ref_start, ref_stop):
            return line, rows, run, known_filters, keyless, BAD_ALLELE, line, begin
        # FILTER
        code = -1
        for number in range(known_filters):
            if _same(data, tabs[5] + 1, tabs[6], data[filters[number, 0] : filters[number, 1]]):
                code = number
                break
        if code < 0:
            code = known_filters
            if known_filters < 255:
                filters[known_filters, 0] = tabs[5] + 1
                filters[known_filters, 1] = tabs[6]
                known_filters += 1
        # INFO
        value_start[:] = -1
        key_start = tabs[6] + 1
        while key_start < info_stop:
            key_stop = key_start
            while key_stop < info_stop and data[key_stop] != 61 and data[key_stop] != 59:
                key_stop += 1
            last = key_stop
            while last < info_stop and data[last] != 59:
                last += 1
            if last > key_stop:
                for number in range(ids):
                    if _same(data, key_start, key_stop, names[name_offsets[number] : name_offsets[number + 1]]):
                        value_start[number] = key_stop + 1
                        value_stop[number] = last
            key_start = last + 1
        alternates = 1
        for place in range(tabs[3] + 1, tabs[4]):
            if data[place] == 44:
                alternates += 1
        alt_start = tabs[3] + 1
        for alternate in range(alternates):
            alt_stop = alt_start
            while alt_stop < tabs[4] and data[alt_stop] != 44:
                alt_stop += 1
            if not is_sequence(data, alt_start, alt_stop):
                first = data[alt_start] if alt_start < alt_stop else 0
                last_byte = data[alt_stop - 1] if alt_start < alt_stop else 0
                is_other = first in (42, 46, 60) or last_byte == 46
                for place in range(alt_start, alt_stop):
                    is_other = is_other or data[place] == 91 or data[place] == 93
                if not is_other:
                    return line, rows, run, known_filters, keyless, BAD_ALLELE, line, begin
                keyless += 1
                alt_start = alt_stop + 1
                continue
            left, right = trim(data, ref_start, ref_stop, alt_start, alt_stop)
            rows_trim[rows, 0] = ref_start + left
            rows_trim[rows, 1] = ref_stop - right
            rows_trim[rows, 2] = alt_start + left
            rows_trim[rows, 3] = alt_stop - right
            rows_key[rows] = trimmed_key(
                data, position + left, ref_start + left, ref_stop - right, alt_start + left, alt_stop - right
            )
            rows_line[rows] = line
            rows_filter[rows] = code
            frequency[rows] = np.nan
            frequency_field[rows] = -1
            counts[rows, 0] = -1
            counts[rows, 1] = -1
            for number in range(ids):
                if value_start[number] < 0:
                    continue
                one, two = _value_at(
                    data, value_start[number], value_stop[number], alternate, int(per_reference[number]), alternates
                )
                if one < 0:
                    return line, rows, run, known_filters, keyless, BAD_COUNT, line, begin
                if name_kinds[number] < 0:
                    value, is_number = parse_float(data, one, two)
                    if not is_number or value < 0.0 or value > 1.0:
                        return line, rows, run, known_filters, keyless, BAD_NUMBER, line, begin
                    value = np.float32(value)
                    if not np.isnan(value) and (frequency_field[rows] < 0 or value > frequency[rows]):
                        frequency[rows] = value
                        frequency_field[rows] = number
                elif two - one != 1 or data[one] != 46:
                    count, is_number = parse_integer(data, one, two)
                    if not is_number or count < 0:
                        return line, rows, run, known_filters, keyless, BAD_NUMBER, line, begin
                    counts[rows, name_kinds[number]] = count
            rows += 1
            alt_start = alt_stop + 1
        line += 1
    return line, rows, run, known_filters, keyless, 0, 0, 0
