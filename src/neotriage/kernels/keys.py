"""Kernels over sorted key arrays: joining duplicates of a site, and merging queries with a store."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def combine(order, is_new, owner, frequency, source, filters, counts, out):
    """Join the rows of one site: the highest frequency with its source and filter, the persons counted in all sources.

    Args:
        order: int64 (rows,), rows sorted by site.
        is_new: bool (rows,), whether a site begins at that place of `order`.
        owner: int16 (rows,), the source's number, whatever the population.
        frequency: float32 (rows,), NaN not measured.
        source: int16 (rows,), code of source and population.
        filters: int16 (rows,), code of the source's FILTER.
        counts: int32 (rows, 2), persons, -1 not known.
        out: arrays (first row of the site int64, frequency, source, filters, counts), written.

    Returns:
        Number of sites. Of equal frequencies the first stays. Within a source the higher count stays, over sources they add.
    """
    first, out_frequency, out_source, out_filters, out_counts = out
    site = -1
    here = np.empty(2, np.int64)
    before = np.empty(2, np.int64)
    last_owner = -1
    for place in range(order.size):
        row = order[place]
        if is_new[place]:
            site += 1
            first[site] = row
            out_frequency[site] = frequency[row]
            out_source[site] = source[row]
            out_filters[site] = filters[row]
            last_owner = -1
            before[:] = -1
            here[:] = -1
        elif frequency[row] > out_frequency[site] or (np.isnan(out_frequency[site]) and not np.isnan(frequency[row])):
            out_frequency[site] = frequency[row]
            out_source[site] = source[row]
            out_filters[site] = filters[row]
        if owner[row] != last_owner:
            for kind in range(2):
                if here[kind] >= 0:
                    before[kind] = max(before[kind], 0) + here[kind]
                here[kind] = -1
            last_owner = owner[row]
        for kind in range(2):
            here[kind] = max(here[kind], counts[row, kind])
            total = before[kind]
            if here[kind] >= 0:
                total = max(total, 0) + here[kind]
            out_counts[site, kind] = total
    return site + 1
