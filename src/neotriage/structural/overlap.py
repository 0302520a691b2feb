"""How much two intervals have in common."""

from __future__ import annotations

__all__ = ["reciprocal_overlap"]


def reciprocal_overlap(first: tuple[int, int], second: tuple[int, int]) -> float:
    """What two intervals, 0-based half-open, have in common, as a share of the longer one; 0 where they do not overlap."""
    shared = min(first[1], second[1]) - max(first[0], second[0])
    longer = max(first[1] - first[0], second[1] - second[0])
    return max(shared, 0) / longer if longer > 0 else 0.0
