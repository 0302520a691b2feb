"""Random DNA that looks like a genome's: GC content that wanders, few CpG, coding sequences without a stop inside."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import product

__all__ = ["CODONS", "STOPS", "coding_sequence", "intergenic", "intron", "reverse_complement", "translate"]

_BASES = "ACGT"
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
_AMINO_ACIDS = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"

CODONS: Mapping[str, str] = {
    "".join(codon): amino_acid for codon, amino_acid in zip(product(_BASES, repeat=3), _AMINO_ACIDS, strict=True)
}
"""Codon -> amino acid, `*` for stop: NCBI translation table 1."""

STOPS = tuple(codon for codon, amino_acid in CODONS.items() if amino_acid == "*")
_SENSE = tuple(codon for codon in CODONS if codon not in STOPS)


def reverse_complement(sequence: str) -> str:
    """The other strand, read 5' to 3'."""
    return sequence.translate(_COMPLEMENT)[::-1]


def translate(coding: str) -> str:
    """Amino acids of a coding sequence under the standard code; a rest of one or two bases is left out."""
    return "".join(CODONS[coding[i : i + 3]] for i in range(0, len(coding) - 2, 3))


def intergenic(length: int, stream: random.Random, gc: float = 0.41) -> str:
    """DNA without genes.

    Args:
        length: in bp.
        stream: the random numbers.
        gc: mean GC content; the human genome's is 0.41. Each 500 bp piece has its own, within 0.08 of it.
    """
    pieces: list[str] = []
    for start in range(0, length, 500):
        share = gc + stream.uniform(-0.08, 0.08)
        weights = ((1 - share) / 2, share / 2, share / 2, (1 - share) / 2)
        pieces.append("".join(stream.choices(_BASES, weights, k=min(500, length - start))))
    return _rare_cpg("".join(pieces), stream)


def coding_sequence(codons: int, stream: random.Random) -> str:
    """An open reading frame of that many codons, from ATG to its stop."""
    return "".join(["ATG", *stream.choices(_SENSE, k=codons - 2), stream.choice(STOPS)])


def intron(length: int, stream: random.Random) -> str:
    """An intron as the spliceosome wants it: GTAAGT, a branch point, a pyrimidine tract, CAG."""
    tract = "".join(stream.choices("CT", k=12))
    tail = f"CTAAC{intergenic(12, stream)}{tract}CAG"
    return f"GTAAGT{intergenic(length - 6 - len(tail), stream)}{tail}"


def _rare_cpg(sequence: str, stream: random.Random) -> str:
    first, *others = sequence.split("CG")
    joints = stream.choices(("CG", "TG", "CA"), (0.25, 0.375, 0.375), k=len(others))
    return first + "".join(joint + piece for joint, piece in zip(joints, others, strict=True))
