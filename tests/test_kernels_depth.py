"""Kernels of depth against plain Python from the definition: GC of bins, likelihoods, and the best path by all paths."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from neotriage.kernels import depth as kernel


def both(function):
    return [function, function.py_func]


@pytest.mark.parametrize("gc_fractions", both(kernel.gc_fractions))
def test_gc__counts_known_bases_of_either_case(gc_fractions) -> None:
    bases = np.frombuffer(b"GCATgcatcNNNNNNNGC", np.uint8)
    starts, ends = np.array([0, 0, 0, 0, 9, 16, 16, 18], np.int32), np.array([4, 8, 10, 11, 16, 18, 40, 18], np.int32)
    found = gc_fractions(bases, starts, ends)
    assert found[:3].tolist() == pytest.approx([0.5, 0.5, 5 / 9])  # the third with one base in ten not known
    assert np.isnan(found[3])  # two in eleven
    assert np.isnan(found[4])
    assert found[5] == 1.0
    assert np.isnan(found[6])  # beyond the contig's end: two of 24 bases
    assert np.isnan(found[7])


def likelihood_by_definition(copies: float, spread: float, expected: int, floor: float, most: float) -> list[float]:
    if expected == 0 or math.isnan(copies) or math.isnan(spread):
        return [0.0] * 5
    raw = []
    for beside in range(-2, 3):
        number = expected + beside
        if number < 0:
            raw.append(-math.inf)
            continue
        variance = spread**2 * max(number, floor) / 2
        raw.append(-((copies - number) ** 2) / (2 * variance) - 0.5 * math.log(variance))
    return [max(value - max(raw), -most) for value in raw]


@pytest.mark.parametrize("log_likelihoods", both(kernel.log_likelihoods))
def test_likelihood__is_the_definition(log_likelihoods) -> None:
    cases = list(itertools.product((0.0, 0.4, 1.0, 2.2, 5.0, math.nan), (0.2, 0.6, math.nan), (0, 1, 2)))
    copies = np.array([[c] for c, _, _ in cases], np.float32)
    spread = np.array([[s] for _, s, _ in cases], np.float32)
    expected = np.array([[e] for _, _, e in cases], np.int8)
    found = log_likelihoods(copies, spread, expected, 0.3, 12.0)
    for row, case in enumerate(cases):
        assert found[row, 0].tolist() == pytest.approx(likelihood_by_definition(*case, 0.3, 12.0), abs=1e-3), case


def best_by_all_paths(likelihood, weight, states, enter) -> float:
    """The score of the best of all paths, each written out."""
    bins, persons = likelihood.shape[:2]
    best = -math.inf
    for path in itertools.product(range(len(states)), repeat=bins):
        best = max(best, score_of(path, likelihood, weight, states, enter, persons))
    return best


def score_of(path, likelihood, weight, states, enter, persons) -> float:
    score = 0.0
    for i, state in enumerate(path):
        if (i == 0 and state != 0) or (i > 0 and state != path[i - 1]):
            score -= enter[state]
        score += sum(weight[p] * likelihood[i, p, states[state][p] + 2] for p in range(persons))
    return score


@pytest.mark.parametrize("best_path", both(kernel.best_path))
@pytest.mark.parametrize("seed", range(12))
def test_path__is_the_best_of_all(best_path, seed: int) -> None:
    stream = np.random.default_rng(seed)
    states = np.array([[0, 0], [-1, 0], [-1, -1], [0, 1]], np.int8)
    enter = np.array([1.0, 3.0, 2.0, 4.0])
    likelihood = -stream.gamma(1.0, 2.0, size=(6, 2, 5)).astype(np.float32)
    weight = np.array([1.0, 0.6])
    path = best_path(likelihood, weight, states, enter)
    found = score_of(path.tolist(), likelihood, weight, states, enter, 2)
    assert found == pytest.approx(best_by_all_paths(likelihood, weight, states, enter), abs=1e-6)


@pytest.mark.parametrize("best_path", both(kernel.best_path))
def test_path__no_bins_and_nothing_measured(best_path) -> None:
    states, enter = np.array([[0], [-1]], np.int8), np.array([1.0, 5.0])
    assert best_path(np.zeros((0, 1, 5), np.float32), np.ones(1), states, enter).tolist() == []
    assert best_path(np.zeros((4, 1, 5), np.float32), np.ones(1), states, enter).tolist() == [0, 0, 0, 0]
