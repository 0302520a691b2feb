"""Alleles as they are compared: without the bases that reference and alternate share."""

from __future__ import annotations

__all__ = ["trimmed"]


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
