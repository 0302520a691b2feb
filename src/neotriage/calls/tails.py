"""How unlikely many reads are by error alone."""

from __future__ import annotations

from math import lgamma, log

__all__ = ["tail_phred"]


def tail_phred(reads: int, depth: int, chance: float) -> float:
    """Phred of at least the chance that `reads` or more of `depth` are errors, each with that chance; 0 where it is likely.

    The binomial tail is bounded by its first term and a geometric series of its first ratio.
    """
    if reads <= depth * chance:
        return 0.0
    first = lgamma(depth + 1) - lgamma(reads + 1) - lgamma(depth - reads + 1)
    first += reads * log(chance) + (depth - reads) * log(1 - chance)
    ratio = (depth - reads) / (reads + 1) * chance / (1 - chance)
    return max(0.0, -10 / log(10) * (first - log(1 - ratio)))
