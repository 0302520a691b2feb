"""Depth of coverage: GC of bins, and segments of altered copy number over a family by one path through joint states.

A joint state says for each person how many copies he or she has beside those expected: -2 to 2. The path that the bins make
most likely is found by Viterbi's algorithm; entering a state costs what the caller says, staying costs nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["best_path", "gc_fractions", "log_likelihoods"]

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]


@njit(nogil=True, cache=True)
def gc_fractions(bases: npt.NDArray[np.uint8], starts: Int32, ends: Int32) -> Float32:
    """Share of G and C among the known bases of each bin.

    Args:
        bases: uint8 (length,), a contig's bases as ASCII, either case.
        starts: int32 (bins,), 0-based.
        ends: int32 (bins,), half-open.

    Returns:
        float32 (bins,); NaN where more than a tenth of the bases are not known, or the bin is empty.
    """
    found = np.full(starts.size, np.nan, dtype=np.float32)
    for i in range(starts.size):
        gc, at = 0, 0
        for j in range(max(starts[i], 0), min(ends[i], bases.size)):
            base = bases[j] & 0xDF
            if base in (67, 71):
                gc += 1
            elif base in (65, 84):
                at += 1
        if gc + at > 0 and 10 * (gc + at) >= 9 * (ends[i] - starts[i]):
            found[i] = gc / (gc + at)
    return found


@njit(nogil=True, cache=True)
def log_likelihoods(copies: Float32, spread: Float32, expected: Int8, floor: float, most: float) -> Float32:
    """How likely each bin's depth is under each number of copies, relative to the most likely one.

    Normal around the number of copies, with a variance that grows with it as counts' does; cut off below `-most`, so that no
    bin alone decides.

    Args:
        copies: float32 (bins, persons), copies by depth, NaN not measured.
        spread: float32 (bins, persons), standard deviation at two copies.
        expected: int8 (bins, persons), copies expected, 0 not looked at.
        floor: copies whose variance none has less than (reads from elsewhere).
        most: natural log units.

    Returns:
        float32 (bins, persons, 5) by copies beside those expected, -2 to 2; 0 throughout where nothing was measured,
        `-most` for fewer copies than none.
    """
    bins, persons = copies.shape
    result = np.zeros((bins, persons, 5), dtype=np.float32)
    for i in range(bins):
        for p in range(persons):
            if expected[i, p] == 0 or np.isnan(copies[i, p]) or np.isnan(spread[i, p]):
                continue
            best = -np.inf
            for d in range(5):
                number = expected[i, p] + d - 2
                if number < 0:
                    result[i, p, d] = -np.inf
                    continue
                sd = spread[i, p] * np.sqrt(max(float(number), floor) / 2.0)
                z = (copies[i, p] - number) / sd
                result[i, p, d] = -0.5 * z * z - np.log(sd)
                best = max(best, result[i, p, d])
            for d in range(5):
                result[i, p, d] = max(result[i, p, d] - best, -most)
    return result


@njit(nogil=True, cache=True)
def best_path(likelihood: Float32, weight: Float64, states: Int8, enter: Float64) -> Int16:
    """The most likely state of each bin.

    Args:
        likelihood: float32 (bins, persons, 5) of `log_likelihoods`, in order of place on one contig.
        weight: float64 (persons,), what a person's bins count: below 1 where neighbours say the same thing twice.
        states: int8 (states, persons), copies beside those expected, -2 to 2; state 0 is all zeros.
        enter: float64 (states,), cost of entering each state, natural log units; of state 0 that of coming back.

    Returns:
        int16 (bins,), the state of each bin.
    """
    bins, persons = likelihood.shape[0], likelihood.shape[1]
    count = states.shape[0]
    path = np.zeros(bins, dtype=np.int16)
    if bins == 0:
        return path
    score = np.zeros(count, dtype=np.float64)
    stays = np.ones((bins, count), dtype=np.bool_)
    best_before = np.zeros(bins, dtype=np.int16)
    for i in range(bins):
        best = 0
        for s in range(1, count):
            if score[s] > score[best]:
                best = s
        best_before[i] = best
        top = score[best]
        for s in range(count):
            entered = top - enter[s] if i > 0 or s > 0 else 0.0
            if i == 0:
                score[s] = entered
            elif entered > score[s]:
                score[s] = entered
                stays[i, s] = False
            total = 0.0
            for p in range(persons):
                total += weight[p] * likelihood[i, p, states[s, p] + 2]
            score[s] += total
    state = 0
    for s in range(1, count):
        if score[s] > score[state]:
            state = s
    for i in range(bins - 1, -1, -1):
        path[i] = state
        if not stays[i, state]:
            state = best_before[i]
    return path
