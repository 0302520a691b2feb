"""Likelihood ratios of a patient's HPO terms for diseases: dense loops over arrays, nothing else.

Terms and diseases are row numbers. A disease's profile is a slice of a CSR over propagated terms; `frequency` is the share
of its patients with the term. See `neotriage.phenotype.scoring` for the model and its sources.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["coverage", "excluded_logs", "shared_information", "term_ratios"]


@njit(nogil=True, cache=True)
def term_ratios(
    query: np.ndarray,
    ancestor_start: np.ndarray,
    ancestor: np.ndarray,
    profile_start: np.ndarray,
    profile_term: np.ndarray,
    profile_frequency: np.ndarray,
    profile_is_direct: np.ndarray,
    background: np.ndarray,
    information: np.ndarray,
    size_factor: np.ndarray,
    direct_ancestor_factor: float,
    decay: float,
    ancestor_factor: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Best ratio of each query term in each disease, and the term that gives it.

    The ratio at ancestor a of query term q is factor * f_d(a) / bg(a) * size_factor(d); the factor is 1 where a is q, else
    `ancestor_factor`, or `direct_ancestor_factor` * e^(-decay * information lost) where the disease is annotated at a.

    Args:
        query: int32 (queries,), term numbers.
        ancestor_start: int32 (terms + 1,), CSR of each term's ancestors, itself among them.
        ancestor: int32, its entries.
        profile_start: int32 (diseases + 1,), CSR of each disease's terms with all their ancestors.
        profile_term: int32, its entries.
        profile_frequency: float64, share of the disease's patients with the entry's term.
        profile_is_direct: bool, the disease is annotated at the term itself.
        background: float64 (terms,), mean frequency over all diseases; 0 where none has the term.
        information: float64 (terms,), nats.
        size_factor: float64 (diseases,).
        direct_ancestor_factor: see above.
        decay: see above, per nat.
        ancestor_factor: see above.

    Returns:
        float64 (diseases, queries) ratios, 0 where nothing is shared; int32 (diseases, queries) terms, -1 where nothing is.
    """
    diseases = profile_start.shape[0] - 1
    terms = background.shape[0]
    # the queries below each term, CSR by term: the query's place, and the factor where the disease is annotated and is not
    start = np.zeros(terms + 1, dtype=np.int32)
    for i in range(query.shape[0]):
        for k in range(ancestor_start[query[i]], ancestor_start[query[i] + 1]):
            if background[ancestor[k]] > 0.0:
                start[ancestor[k] + 1] += 1
    for t in range(terms):
        start[t + 1] += start[t]
    below = np.empty(start[terms], dtype=np.int32)
    if_direct = np.empty(start[terms], dtype=np.float64)
    if_spread = np.empty(start[terms], dtype=np.float64)
    filled = start[:-1].copy()
    for i in range(query.shape[0]):
        q = query[i]
        for k in range(ancestor_start[q], ancestor_start[q + 1]):
            a = ancestor[k]
            if background[a] > 0.0:
                at = filled[a]
                filled[a] += 1
                below[at] = i
                if_direct[at] = 1.0 if a == q else direct_ancestor_factor * np.exp(decay * (information[a] - information[q]))
                if_spread[at] = 1.0 if a == q else ancestor_factor
    ratios = np.zeros((diseases, query.shape[0]), dtype=np.float64)
    matched = np.full((diseases, query.shape[0]), -1, dtype=np.int32)
    for d in range(diseases):
        for k in range(profile_start[d], profile_start[d + 1]):
            a = profile_term[k]
            for at in range(start[a], start[a + 1]):
                i = below[at]
                factor = if_direct[at] if profile_is_direct[k] else if_spread[at]
                value = factor * profile_frequency[k] / background[a]
                if value > ratios[d, i] or (value > 0.0 and value == ratios[d, i] and a == query[i]):
                    ratios[d, i] = value
                    matched[d, i] = a
        for i in range(query.shape[0]):
            ratios[d, i] *= size_factor[d]
    return ratios, matched


@njit(nogil=True, cache=True)
def shared_information(
    query: np.ndarray, ancestor_start: np.ndarray, ancestor: np.ndarray, information: np.ndarray
) -> np.ndarray:
    """Information content of the best common ancestor of each term with any query term: float64 (terms,)."""
    terms = information.shape[0]
    is_above_query = np.zeros(terms, dtype=np.bool_)
    for i in range(query.shape[0]):
        for k in range(ancestor_start[query[i]], ancestor_start[query[i] + 1]):
            is_above_query[ancestor[k]] = True
    shared = np.zeros(terms, dtype=np.float64)
    for t in range(terms):
        for k in range(ancestor_start[t], ancestor_start[t + 1]):
            a = ancestor[k]
            if is_above_query[a] and information[a] > shared[t]:
                shared[t] = information[a]
    return shared


@njit(nogil=True, cache=True)
def coverage(
    profile_start: np.ndarray,
    profile_term: np.ndarray,
    profile_frequency: np.ndarray,
    is_counted: np.ndarray,
    shared: np.ndarray,
) -> np.ndarray:
    """Mean information that a disease's terms share with the query, weighted by frequency: float64 (diseases,).

    Args:
        profile_start: int32 (diseases + 1,), CSR of the terms each disease is annotated with.
        profile_term: int32, its entries.
        profile_frequency: float64, share of the disease's patients with the entry's term.
        is_counted: bool (profile entries,); entries left out neither add nor count against.
        shared: float64 (terms,), from `shared_information`.

    Returns:
        0 for a disease without a counted term.
    """
    diseases = profile_start.shape[0] - 1
    mean = np.zeros(diseases, dtype=np.float64)
    for d in range(diseases):
        weight = 0.0
        total = 0.0
        for k in range(profile_start[d], profile_start[d + 1]):
            if is_counted[k]:
                weight += profile_frequency[k]
                total += profile_frequency[k] * shared[profile_term[k]]
        if weight > 0.0:
            mean[d] = total / weight
    return mean


@njit(nogil=True, cache=True)
def excluded_logs(
    excluded: np.ndarray,
    profile_start: np.ndarray,
    profile_term: np.ndarray,
    profile_frequency: np.ndarray,
    background: np.ndarray,
    floor: float,
) -> np.ndarray:
    """Natural log of (1 - f_d(t)) / (1 - bg(t)) for each term the patient does not have: float64 (diseases, excluded).

    Args:
        excluded: int32 (excluded,), term numbers.
        profile_start: int32 (diseases + 1,), CSR of each disease's terms with all their ancestors.
        profile_term: int32, its entries.
        profile_frequency: float64, share of the disease's patients with the entry's term.
        background: float64 (terms,), mean frequency over all diseases.
        floor: lower bound of 1 - f_d(t): the share of patients whose absent finding was missed or is yet to come.
    """
    diseases = profile_start.shape[0] - 1
    logs = np.zeros((diseases, excluded.shape[0]), dtype=np.float64)
    if excluded.shape[0] == 0:
        return logs
    slot = np.full(background.shape[0], -1, dtype=np.int32)
    for i in range(excluded.shape[0]):
        slot[excluded[i]] = i
    for d in range(diseases):
        for i in range(excluded.shape[0]):
            logs[d, i] = -np.log(max(1.0 - background[excluded[i]], floor))
        for k in range(profile_start[d], profile_start[d + 1]):
            i = slot[profile_term[k]]
            if i >= 0:
                logs[d, i] += np.log(max(1.0 - profile_frequency[k], floor))
    return logs
