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
_ALL_BUT_TWO = np.uint64(0xFCFCFCFCFCFCFCFC)
_EIGHTS = np.uint64(0x0808080808080808)
_EVERY = np.uint64(0xFFFFFFFFFFFFFFFF)
_TENS = np.array([10.0**power for power in range(23)])  # all exact
_NOTHING, _ONE, _SEVEN, _FIFTY_SIX = np.uint64(0), np.uint64(1), np.uint64(7), np.uint64(56)


@njit(nogil=True, cache=True)
def split_line(data, words, start, ends):
    """How many fields the line at `start` has; where each ends is written to `ends`, as far as it reaches, last at [-1].

    Eight bytes at a time: tab and newline are 9 and 10, and of the bytes that differ from 8 in the two lowest bits only, text
    has no others. Such a byte of a word is made zero, and found by the borrow it causes (Mycroft 1987).

    Args:
        data: uint8 (bytes,), a multiple of eight.
        words: the same memory as uint64 (bytes // 8,).
        start: where the line starts; it ends in a newline.
        ends: int64 (fields + 1,), written.
    """
    number = 0
    word = start >> 3
    differs = (words[word] & _ALL_BUT_TWO) ^ _EIGHTS
    marks = (differs - _ONES) & ~differs & _HIGHS & (_EVERY << np.uint64((start & 7) << 3))
    while True:
        while marks == _NOTHING:
            word += 1
            differs = (words[word] & _ALL_BUT_TWO) ^ _EIGHTS
            marks = (differs - _ONES) & ~differs & _HIGHS
        lowest = marks & (~marks + _ONE)
        marks ^= lowest
        place = (word << 3) + np.int64(((((lowest - _ONE) >> _SEVEN) & _ONES) * _ONES) >> _FIFTY_SIX)
        is_end = data[place] == NEWLINE
        if is_end or data[place] == TAB:
            if number < ends.size - 1:
                ends[number] = place
            number += 1
            if is_end:
                ends[-1] = place
                return number


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
        result = result / _TENS[-exponent]
    elif exponent < 23:
        result = result * _TENS[exponent]
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
        words: as in `split_line`.
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
        (lines, rows, runs, filters, alleles without key, error code): where there is one, `lines` are those before it.
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
    tabs = np.empty(9, np.int64)
    while at < stop:
        begin = at
        if split_line(data, words, begin, tabs) < 8:
            return line, rows, run, known_filters, keyless, FEW_COLUMNS
        at = tabs[8] + 1
        info_stop = tabs[7]
        if data[info_stop] == NEWLINE and data[info_stop - 1] == 13:
            info_stop -= 1
        if run == 0 or not _same(data, begin, tabs[0], data[runs[run - 1, 0] : runs[run - 1, 1]]):
            runs[run, 0] = begin
            runs[run, 1] = tabs[0]
            runs[run, 2] = rows
            run += 1
        position, is_number = parse_integer(data, tabs[0] + 1, tabs[1])
        if not is_number or position < 0 or position > MAX_POSITION:
            return line, rows, run, known_filters, keyless, BAD_POSITION
        position -= 1
        ref_start, ref_stop = tabs[2] + 1, tabs[3]
        if not is_sequence(data, ref_start, ref_stop):
            return line, rows, run, known_filters, keyless, BAD_ALLELE
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
                    return line, rows, run, known_filters, keyless, BAD_ALLELE
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
                    return line, rows, run, known_filters, keyless, BAD_COUNT
                if name_kinds[number] < 0:
                    value, is_number = parse_float(data, one, two)
                    if not is_number or value < 0.0 or value > 1.0:
                        return line, rows, run, known_filters, keyless, BAD_NUMBER
                    value = np.float32(value)
                    if not np.isnan(value) and (frequency_field[rows] < 0 or value > frequency[rows]):
                        frequency[rows] = value
                        frequency_field[rows] = number
                elif two - one != 1 or data[one] != 46:
                    count, is_number = parse_integer(data, one, two)
                    if not is_number or count < 0:
                        return line, rows, run, known_filters, keyless, BAD_NUMBER
                    counts[rows, name_kinds[number]] = count
            rows += 1
            alt_start = alt_stop + 1
        line += 1
    return line, rows, run, known_filters, keyless, 0


@njit(nogil=True, cache=True)
def scan_values(data, words, start, stop, names, name_offsets, runs, row_lines, positions, letters, ends, texts, codes):
    """Read position, alleles and the texts of some INFO fields of a VCF of one alternate a record; ALT `.` gives no row.

    Args:
        data: uint8 (bytes,).
        words: as in `split_line`.
        start: where the lines to read start.
        stop: where they end.
        names: uint8, the wanted INFO ids one after the other.
        name_offsets: int64 (ids + 1,), where each starts.
        runs: int64 (lines, 4), written: start and stop of a contig's name in data, its first row, its first line.
        row_lines: int32 (rows,), written: line of this chunk, from 0.
        positions: int32 (rows,), written, 0-based.
        letters: uint8 (bytes,), written: reference and alternate of each row, one after the other.
        ends: int64 (rows, 2), written: where each row's reference and alternate end in `letters`.
        texts: int64 (ids, most, 2), written: start and stop in data of each text met; an absent field is an empty text.
        codes: int16 (rows, ids), written: row of `texts`.

    Returns:
        (lines, rows, runs, error code): where there is one, `lines` are those before it.
    """
    line = 0
    rows = 0
    run = 0
    used = 0
    ids = texts.shape[0]
    known = np.zeros(ids, np.int64)
    tabs = np.empty(9, np.int64)
    at = start
    while at < stop:
        begin = at
        if split_line(data, words, begin, tabs) < 8:
            return line, rows, run, FEW_COLUMNS
        at = tabs[8] + 1
        info_stop = tabs[7]
        if data[info_stop] == NEWLINE and data[info_stop - 1] == 13:
            info_stop -= 1
        if run == 0 or not _same(data, begin, tabs[0], data[runs[run - 1, 0] : runs[run - 1, 1]]):
            runs[run, 0] = begin
            runs[run, 1] = tabs[0]
            runs[run, 2] = rows
            runs[run, 3] = line
            run += 1
        position, is_number = parse_integer(data, tabs[0] + 1, tabs[1])
        if not is_number or position < 1 or position > MAX_POSITION:
            return line, rows, run, BAD_POSITION
        for place in range(tabs[3] + 1, tabs[4]):
            if data[place] == 44:
                return line, rows, run, BAD_COUNT
        line += 1
        if tabs[4] - tabs[3] == 2 and data[tabs[3] + 1] == 46:
            continue
        row_lines[rows] = line - 1
        positions[rows] = position - 1
        for allele in range(2):
            for place in range(tabs[2 + allele] + 1, tabs[3 + allele]):
                letters[used] = data[place]
                used += 1
            ends[rows, allele] = used
        for number in range(ids):
            codes[rows, number] = -1
        key_start = tabs[6] + 1
        while key_start < info_stop:
            last = key_start
            while last < info_stop and data[last] != 59:
                last += 1
            for number in range(ids):
                size = name_offsets[number + 1] - name_offsets[number]
                value = key_start + size + 1
                name = names[name_offsets[number] : name_offsets[number + 1]]
                if (
                    value <= last
                    and data[value - 1] == 61
                    and codes[rows, number] < 0
                    and _same(data, key_start, value - 1, name)
                ):
                    codes[rows, number] = _text_code(data, value, last, texts[number], known, number)
                    if codes[rows, number] < 0:
                        return line - 1, rows, run, BAD_NUMBER
            key_start = last + 1
        for number in range(ids):
            if codes[rows, number] < 0:
                codes[rows, number] = _text_code(data, begin, begin, texts[number], known, number)
        rows += 1
    return line, rows, run, 0


@njit(nogil=True, cache=True)
def _text_code(data, start, stop, texts, known, number):
    """Row of `texts` that holds data[start:stop], entered if it is new; -1 if there is no room."""
    for row in range(known[number]):
        if _same(data, start, stop, data[texts[row, 0] : texts[row, 1]]):
            return row
    if known[number] == texts.shape[0]:
        return -1
    texts[known[number], 0] = start
    texts[known[number], 1] = stop
    known[number] += 1
    return known[number] - 1


UNKNOWN_CONTIG = 6
UNSORTED = 7
CONTIG_AGAIN = 8
BAD_GENOTYPE = 9
BAD_PLOIDY = 10
MANY_COLUMNS = 11

# The rules that `scan_calls` can settle, in the order of the table stage; see `scan/calls.py`.
REFERENCE_RECORD, SPANNING_DELETION, SYMBOLIC_ALLELE, OTHER_CONTIG, GENOTYPE_MISSING = 0, 1, 2, 3, 4
NO_ALTERNATE, SITE_FILTER, SITE_QUALITY, REGION = 5, 6, 7, 8

IN_REGION = 1  # the segment lies in a region: the rule REGION passes
TAKE = 2  # rows here are taken whatever the rules say

GENOTYPE, ALLELE_DEPTHS, DEPTH, QUALITY, PHASE_SET = 0, 1, 2, 3, 4


@njit(nogil=True, cache=True)
def _alternate_kind(data, start, stop):
    """0 bases, 1 `.`, 2 `*`, 3 symbolic or breakend, -1 none of these."""
    if start >= stop:
        return -1
    plain = True
    for at in range(start, stop):
        upper = int(data[at]) & 0xDF
        if data[at] < 65 or upper not in (65, 67, 71, 78, 84):
            plain = False
            break
    if plain:
        return 0
    first, last = data[start], data[stop - 1]
    if stop - start == 1:
        if first == 46:
            return 1
        if first == 42:
            return 2
        return -1
    if first == 60:
        return 3 if last == 62 and stop - start > 2 else -1
    for at in range(start, stop):
        if data[at] == 91 or data[at] == 93:
            return 3
    return 3 if (first == 46) != (last == 46) else -1


@njit(nogil=True, cache=True)
def _format_places(data, start, stop, wanted, places):
    """Place of each wanted subfield in a FORMAT text, -1 not in it.

    Args:
        data: uint8 (bytes,).
        start: where the text starts.
        stop: where it ends.
        wanted: int8 (5,), whether GT, AD, DP, GQ, PS can be read as what they are.
        places: int64 (5,), written.
    """
    places[:] = -1
    number = 0
    begin = start
    for at in range(start, stop + 1):
        if at == stop or data[at] == 58:
            if at - begin == 2:
                one, two = int(data[begin]), int(data[begin + 1])
                which = -1
                if one == 71 and two == 84:
                    which = GENOTYPE
                elif one == 65 and two == 68:
                    which = ALLELE_DEPTHS
                elif one == 68 and two == 80:
                    which = DEPTH
                elif one == 71 and two == 81:
                    which = QUALITY
                elif one == 80 and two == 83:
                    which = PHASE_SET
                if which >= 0 and wanted[which]:
                    places[which] = number
            number += 1
            begin = at + 1


@njit(nogil=True, cache=True)
def _subfield(data, start, stop, number):
    """(start, stop) of the numbered subfield of a sample; an empty one at its end if it is dropped there."""
    begin = start
    while number > 0:
        while begin < stop and data[begin] != 58:
            begin += 1
        if begin == stop:
            return stop, stop
        begin += 1
        number -= 1
    end = begin
    while end < stop and data[end] != 58:
        end += 1
    return begin, end


@njit(nogil=True, cache=True)
def _genotype(data, start, stop, alternates):
    """(first allele, second, whether phased, error): -1 missing, -2 none; alleles are numbers of the record."""
    if start == stop:
        return -1, -2, False, 0
    first, second = -1, -2
    is_phased = False
    found = 0
    at = start
    while True:
        allele = -1
        if at < stop and data[at] == 46:
            at += 1
        else:
            allele = 0
            begin = at
            while at < stop and 48 <= data[at] <= 57:
                allele = allele * 10 + int(data[at]) - 48
                at += 1
            if at == begin or at - begin > 9 or allele > alternates:
                return -1, -1, False, BAD_GENOTYPE
        if found == 0:
            first = allele
        elif found == 1:
            second = allele
        else:
            return -1, -1, False, BAD_PLOIDY
        found += 1
        if at == stop:
            return first, second, is_phased, 0
        if data[at] != 47 and data[at] != 124:
            return -1, -1, False, BAD_GENOTYPE
        is_phased = data[at] == 124
        at += 1


@njit(nogil=True, cache=True)
def _count_at(data, start, stop, number):
    """(value, whether it can be read) of the numbered integer of a comma list; -1 where it is missing or negative."""
    begin = start
    while number > 0:
        while begin < stop and data[begin] != 44:
            begin += 1
        if begin == stop:
            return -1, True
        begin += 1
        number -= 1
    end = begin
    while end < stop and data[end] != 44:
        end += 1
    if begin == end or (end - begin == 1 and data[begin] == 46):
        return -1, True
    value, is_number = parse_integer(data, begin, end)
    if not is_number:
        real, is_number = parse_float(data, begin, end)
        value = -1 if not is_number or np.isnan(real) or abs(real) > 2147483647.0 else int(real)
    return max(value, -1), is_number


@njit(nogil=True, cache=True)
def scan_calls(
    data, words, start, stop, names, name_offsets, is_primary, segment_offsets, segments, segment_kinds,
    columns, family, wanted, lowest_qual, elsewhere, state, visited, counts,
    row_contig, row_position, row_text, row_qual, row_genotype, row_phased, row_numbers,
):  # fmt: skip
    """Read calls: count the alternate alleles that the cheap rules drop, take all columns of the others.

    A row is an alternate allele. One that overlaps a segment of kind TAKE is taken. Of the others the first rule that fails
    is counted, and a row that fails none is taken.

    Args:
        data: uint8 (bytes,).
        words: as in `split_line`.
        start: where the lines to read start.
        stop: where they end.
        names: uint8, the header's contig names one after the other.
        name_offsets: int64 (contigs + 1,), where each starts.
        is_primary: bool (contigs,), False fails OTHER_CONTIG.
        segment_offsets: int64 (contigs + 1,), where each contig's segments start.
        segments: int32 (segments, 2), 0-based half-open, sorted and disjoint on each contig.
        segment_kinds: int8 (segments,), IN_REGION and TAKE.
        columns: how many samples the file has.
        family: int64 (samples,), the file's column of each sample wanted, the proband first.
        wanted: as in `_format_places`.
        lowest_qual: SITE_QUALITY fails below it.
        elsewhere: bool, whether lines that overlap no segment are judged; else they are passed over.
        state: int64 (4,), contig and 0-based position of the line before, lines so far, position of the first line; -1, -1,
            0, -1 to begin with; read and written.
        visited: int64 (contigs,), the line, from 0, at which each contig was met, -1 not yet, read and written.
        counts: int64 (9,), rows dropped by each rule, added to.
        row_contig: int32 (rows,), written.
        row_position: int32 (rows,), written, 0-based.
        row_text: int64 (rows, 6), written: start and stop of REF, ALT, FILTER in data.
        row_qual: float32 (rows,), written, NaN missing.
        row_genotype: int8 (rows, samples, 2), written: see `schema`.
        row_phased: bool (rows, samples), written.
        row_numbers: int32 (5, rows, samples), written: PS, DP, AD of the reference, of the alternate, GQ; -1 missing.

    Returns:
        (place of the next line: `stop` when all are read, less when the rows are full; rows; error code, with the lines
        before it in `state`).
    """
    rows = 0
    lines = state[2]
    at = start
    most = row_position.size
    samples = family.size
    contig = state[0]
    last_position = state[1]
    segment = 0
    places = np.full(5, -1, np.int64)
    format_start, format_stop = 0, -1
    ends = np.empty(columns + 10, np.int64)
    alt_ends = np.empty(16, np.int64)
    alt_kinds = np.empty(16, np.int64)
    own = np.empty(5, np.int64)
    proband = family[0]
    is_fresh = True
    problem = 0
    while at < stop:
        begin = at
        fields = split_line(data, words, begin, ends)
        if fields != columns + 9:
            problem = FEW_COLUMNS if fields < columns + 9 else MANY_COLUMNS
            break
        at = ends[-1] + 1
        if data[at - 2] == 13:
            ends[fields - 1] -= 1
        # CHROM
        if contig < 0 or not _same(data, begin, ends[0], names[name_offsets[contig] : name_offsets[contig + 1]]):
            contig = -1
            for number in range(is_primary.size):
                if _same(data, begin, ends[0], names[name_offsets[number] : name_offsets[number + 1]]):
                    contig = number
                    break
            if contig < 0:
                problem = UNKNOWN_CONTIG
                break
            if visited[contig] >= 0:
                problem = CONTIG_AGAIN
                break
            visited[contig] = lines
            last_position = -1
            is_fresh = True
        # POS
        position, is_number = parse_integer(data, ends[0] + 1, ends[1])
        if not is_number or position < 1 or position > MAX_POSITION:
            problem = BAD_POSITION
            break
        position -= 1
        if position < last_position:
            problem = UNSORTED
            break
        last_position = position
        if state[3] < 0:
            state[3] = position
        # REF and ALT
        ref_start, ref_stop = ends[2] + 1, ends[3]
        alt_start = ends[3] + 1
        alternates = 1
        for place in range(alt_start, ends[4]):
            if data[place] == 44:
                if alternates + 1 > alt_ends.size:
                    longer = np.empty(2 * alt_ends.size, np.int64)
                    longer[: alt_ends.size] = alt_ends
                    alt_ends = longer
                    alt_kinds = np.empty(2 * alt_kinds.size, np.int64)
                alt_ends[alternates - 1] = place
                alternates += 1
        alt_ends[alternates - 1] = ends[4]
        qual_start, qual_stop = ends[4] + 1, ends[5]
        filter_start, filter_stop = ends[5] + 1, ends[6]
        # FORMAT
        field = ends[7] + 1
        if format_stop < 0 or not _same(data, field, ends[8], data[format_start:format_stop]):
            format_start, format_stop = field, ends[8]
            _format_places(data, format_start, format_stop, wanted, places)
        if not is_sequence(data, ref_start, ref_stop):
            problem = BAD_ALLELE
            break
        field = alt_start
        for number in range(alternates):
            alt_kinds[number] = _alternate_kind(data, field, alt_ends[number])
            if alt_kinds[number] < 0 or (alt_kinds[number] == 1 and alternates > 1):
                problem = BAD_ALLELE
            field = alt_ends[number] + 1
        if problem:
            break
        qual = np.nan
        if qual_stop - qual_start != 1 or data[qual_start] != 46:
            qual, is_number = parse_float(data, qual_start, qual_stop)
            if not is_number:
                problem = BAD_NUMBER
                break
        # segments that the reference allele overlaps
        kinds = 0
        if is_fresh:
            is_fresh = False
            segment = segment_offsets[contig]
            segment += np.searchsorted(segments[segment : segment_offsets[contig + 1], 1], position, "right")
        while segment < segment_offsets[contig + 1] and segments[segment, 1] <= position:
            segment += 1
        number = segment
        while number < segment_offsets[contig + 1] and segments[number, 0] < position + ref_stop - ref_start:
            kinds |= segment_kinds[number]
            number += 1
        if kinds == 0 and not elsewhere:
            lines += 1
            continue
        # the proband's genotype
        first, second = -1, -1
        if places[GENOTYPE] >= 0:
            one, two = _subfield(data, ends[8 + proband] + 1, ends[9 + proband], places[GENOTYPE])
            first, second, is_phased, problem = _genotype(data, one, two, alternates)
            if problem:
                break
        passes = filter_stop - filter_start == 1 and data[filter_start] == 46
        if filter_stop - filter_start == 4:
            passes = (
                data[filter_start] == 80 and data[filter_start + 1] == 65
                and data[filter_start + 2] == 83 and data[filter_start + 3] == 83
            )  # fmt: skip
        taken = 0
        for number in range(alternates):
            rule = -1
            if kinds & TAKE == 0:
                carried = first == number + 1 or second == number + 1
                if alt_kinds[number] == 1:
                    rule = REFERENCE_RECORD
                elif alt_kinds[number] == 2:
                    rule = SPANNING_DELETION
                elif alt_kinds[number] == 3:
                    rule = SYMBOLIC_ALLELE
                elif not is_primary[contig]:
                    rule = OTHER_CONTIG
                elif not carried and (first == -1 or second == -1):
                    rule = GENOTYPE_MISSING
                elif not carried:
                    rule = NO_ALTERNATE
                elif not passes:
                    rule = SITE_FILTER
                elif np.float32(qual) < lowest_qual:
                    rule = SITE_QUALITY
                elif kinds & IN_REGION == 0:
                    rule = REGION
            alt_kinds[number] = rule
            if rule < 0:
                taken += 1
        if rows + taken > most:
            at = begin
            break
        lines += 1
        for number in range(alternates):
            if alt_kinds[number] >= 0:
                counts[alt_kinds[number]] += 1
        if taken == 0:
            continue
        width = 0
        if places[ALLELE_DEPTHS] >= 0:
            for number in range(columns):
                one, two = _subfield(data, ends[8 + number] + 1, ends[9 + number], places[ALLELE_DEPTHS])
                values = 1
                for place in range(one, two):
                    if data[place] == 44:
                        values += 1
                width = max(width, values)
        row = rows
        field = alt_start
        for number in range(alternates):
            if alt_kinds[number] < 0:
                row_contig[row] = contig
                row_position[row] = position
                row_text[row, 0] = ref_start
                row_text[row, 1] = ref_stop
                row_text[row, 2] = field
                row_text[row, 3] = alt_ends[number]
                row_text[row, 4] = filter_start
                row_text[row, 5] = filter_stop
                row_qual[row] = qual
                row += 1
            field = alt_ends[number] + 1
        for sample in range(samples):
            column = family[sample]
            first, second, is_phased = -1, -1, False
            if places[GENOTYPE] >= 0:
                one, two = _subfield(data, ends[8 + column] + 1, ends[9 + column], places[GENOTYPE])
                first, second, is_phased, problem = _genotype(data, one, two, alternates)
                if problem:
                    break
            own[:] = -1
            depth_start, depth_stop = 0, 0
            for which in range(1, 5):
                if places[which] >= 0:
                    one, two = _subfield(data, ends[8 + column] + 1, ends[9 + column], places[which])
                    if which == ALLELE_DEPTHS:
                        depth_start, depth_stop = one, two
                    own[which], is_number = _count_at(data, one, two, 0)
                    if not is_number:
                        problem = BAD_NUMBER
            if problem:
                break
            row = rows
            for number in range(alternates):
                if alt_kinds[number] >= 0:
                    continue
                code = number + 1
                row_genotype[row, sample, 0] = first if first <= 0 else (1 if first == code else 2)
                row_genotype[row, sample, 1] = second if second <= 0 else (1 if second == code else 2)
                row_phased[row, sample] = is_phased and second != -2
                row_numbers[0, row, sample] = own[PHASE_SET]
                row_numbers[1, row, sample] = own[DEPTH]
                row_numbers[2, row, sample] = -1
                row_numbers[3, row, sample] = -1
                row_numbers[4, row, sample] = own[QUALITY]
                if width == alternates + 1:
                    row_numbers[2, row, sample] = own[ALLELE_DEPTHS]
                    value, is_number = _count_at(data, depth_start, depth_stop, code)
                    if not is_number:
                        problem = BAD_NUMBER
                    row_numbers[3, row, sample] = value
                row += 1
        if problem:
            lines -= 1
            break
        rows += taken
    state[0] = contig
    state[1] = last_position
    state[2] = lines
    return at, rows, problem
