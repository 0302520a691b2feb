"""Trimming: padding that does not repeat the change leaves the same allele."""

import pytest

from neotriage.alleles import trimmed

FLANK = "GATTACA"


@pytest.mark.parametrize(
    ("ref", "alt", "expected"),
    [
        ("C", "T", (10, "C", "T")),
        ("c", "t", (10, "C", "T")),
        ("CA", "C", (11, "A", "")),
        ("C", "CTT", (11, "", "TT")),
        ("CAG", "CTG", (11, "A", "T")),
        ("A", "ACA", (10, "", "AC")),
        ("CT", "AG", (10, "CT", "AG")),
    ],
)
def test_trimmed__however_it_is_padded(ref: str, alt: str, expected: tuple[int, str, str]) -> None:
    for before in range(len(FLANK)):
        for after in range(len(FLANK)):
            left, right = FLANK[len(FLANK) - before :], FLANK[:after]
            assert trimmed(10 - before, left + ref + right, left + alt + right) == expected
