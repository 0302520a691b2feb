"""Where two near identical genes differ, from the reference alone: the bases that tell their copies apart.

Stretches of 21 bases that occur once in each of the two regions are their common landmarks. Between two landmarks that lie
equally far apart in both regions the bases stand opposite each other, and those that differ are the answer; where the distances
differ there is an insertion or deletion, and nothing is said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Difference", "differences"]

_LANDMARK = 21
_FARTHEST = 100  # bp between two landmarks that are still compared base by base


@dataclass(frozen=True)
class Difference:
    """A place in each of two sequences, 0-based, and the base there."""

    first: int
    second: int
    first_base: str
    second_base: str


def differences(first: str, second: str) -> list[Difference]:
    """Substitutions between two sequences of one strand, in order of the first; what is next to an insertion is left out."""
    once_in_first, once_in_second = _once(first), _once(second)
    landmarks = sorted((place, once_in_second[word]) for word, place in once_in_first.items() if word in once_in_second)
    found = {}
    for (one, two), (next_one, next_two) in pairwise(landmarks):
        gap = next_one - one
        if gap != next_two - two or not 1 < gap <= _FARTHEST:
            continue
        for shift in range(gap):
            a, b = first[one + shift], second[two + shift]
            if a != b:
                found[one + shift] = Difference(one + shift, two + shift, a, b)
    return [found[place] for place in sorted(found)]


def _once(bases: str) -> dict[str, int]:
    """Words that occur once -> their place."""
    words = [bases[place : place + _LANDMARK] for place in range(len(bases) - _LANDMARK + 1)]
    counts = Counter(words)
    return {word: place for place, word in enumerate(words) if counts[word] == 1 and "N" not in word}
