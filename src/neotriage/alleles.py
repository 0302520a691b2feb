"""Alleles as they are compared: without the bases that reference and alternate share; and read off a file's bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["read_texts", "trimmed"]

_LETTERS = np.array([chr(code) for code in range(256)], object)


def trimmed(position: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Position, ref and alt in capitals without what both share, at the end first, then at the start; either may become ''.

    Padding that repeats the change itself moves it to the left; alleles of bcftools norm have none such.
    """
    ref, alt = ref.upper(), alt.upper()
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt


def read_texts(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> list[str]:
    """data[start:stop] as text; most alleles have one letter, which is looked up for all at once."""
    if not data.size:
        return [""] * len(starts)
    texts: list[str] = _LETTERS[data[np.minimum(starts, data.size - 1)]].tolist()
    long = np.flatnonzero(stops - starts != 1)
    for row, start, stop in zip(long.tolist(), starts[long].tolist(), stops[long].tolist(), strict=True):
        texts[row] = data[start:stop].tobytes().decode()
    return texts
