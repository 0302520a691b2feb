"""A variant with a wanted effect on a transcript: the first place in an exon, from its middle outwards, that gives it.

| effect | the variant |
|---|---|
| nonsense | one base changed, the codon becomes a stop |
| missense | one base changed, another amino acid, neither the start codon nor a stop |
| synonymous | one base changed, the same amino acid |
| frameshift | one base deleted that differs from its neighbours, so that it can be placed in one way alone |
| splice_donor | the first base of the following intron, G to A |
| intronic | one base changed in the middle of the following intron |
"""

from __future__ import annotations

from collections.abc import Iterator

from neotriage.simulate.genes import Transcript
from neotriage.simulate.haplotypes import Allele
from neotriage.simulate.sequence import CODONS, reverse_complement

__all__ = ["EFFECTS", "substitution_effect", "variant_of_effect"]

EFFECTS = ("nonsense", "missense", "synonymous", "frameshift", "splice_donor", "intronic")
_TRANSITION = {"A": "G", "G": "A", "C": "T", "T": "C"}
_SPLICE_REGION_BP = 6


def variant_of_effect(transcript: Transcript, contig: str, effect: str, exon: int) -> Allele:
    """The variant of that effect in (or after) that exon.

    Args:
        transcript: a coding transcript.
        contig: all bases of its contig.
        effect: one of `EFFECTS`.
        exon: 1-based number in the transcript's order.

    Raises:
        ValueError: an unknown effect, or no place in the exon gives it.
    """
    if effect not in EFFECTS:
        raise ValueError(f"unknown effect {effect!r}")
    if effect in {"splice_donor", "intronic"}:
        return _in_intron(transcript, contig, effect, exon)
    for place in _inside_out(transcript, exon):
        allele = _change(transcript, contig, place, effect)
        if allele is not None:
            return allele
    raise ValueError(f"no {effect} variant in exon {exon} of {transcript.design.symbol}")


def substitution_effect(transcript: Transcript, contig: str, allele: Allele) -> str | None:
    """What one changed base does: nonsense, missense, synonymous, start_lost or stop_lost; None outside the CDS."""
    try:
        offset = transcript.coding_positions.index(allele.position)
    except ValueError:
        return None
    places = transcript.coding_positions[offset - offset % 3 : offset - offset % 3 + 3]
    before = _read(transcript, contig, places)
    base = reverse_complement(allele.alt) if transcript.is_reverse else allele.alt
    after = before[: offset % 3] + base + before[offset % 3 + 1 :]
    if CODONS[before] == CODONS[after]:
        return "synonymous"
    if CODONS[before] == "*":
        return "stop_lost"
    if CODONS[after] == "*":
        return "nonsense"
    return "start_lost" if offset < 3 else "missense"


def _read(transcript: Transcript, contig: str, places: tuple[int, ...]) -> str:
    text = "".join(contig[place] for place in places)
    return "".join(reverse_complement(base) for base in text) if transcript.is_reverse else text


def _inside_out(transcript: Transcript, exon: int) -> Iterator[int]:
    """Coding positions of the exon away from its edges, the middle first."""
    start, end = transcript.exon(exon)
    coding = set(transcript.coding_positions)
    inside = [p for p in range(start + _SPLICE_REGION_BP, end - _SPLICE_REGION_BP) if p in coding]
    middle = (start + end) / 2
    yield from sorted(inside, key=lambda place: (abs(place - middle), place))


def _change(transcript: Transcript, contig: str, place: int, effect: str) -> Allele | None:
    if effect == "frameshift":
        return _deletion(transcript, contig, place)
    return _substitution(transcript, contig, place, effect)


def _substitution(transcript: Transcript, contig: str, place: int, effect: str) -> Allele | None:
    ref = contig[place]
    for alt in sorted("ACGT", key=lambda base: (base != _TRANSITION[ref], base)):
        allele = Allele(transcript.design.contig, place, ref, alt)
        if alt != ref and substitution_effect(transcript, contig, allele) == effect:
            return allele
    return None


def _deletion(transcript: Transcript, contig: str, place: int) -> Allele | None:
    before, base, after = tuple(contig[place - 1 : place + 2])
    if base in {before, after}:
        return None
    return Allele(transcript.design.contig, place - 1, before + base, before)


def _in_intron(transcript: Transcript, contig: str, effect: str, exon: int) -> Allele:
    if exon >= len(transcript.exons):
        raise ValueError(f"no intron after exon {exon} of {transcript.design.symbol}")
    here, following = transcript.exon(exon), transcript.exon(exon + 1)
    low, high = (following[1], here[0]) if transcript.is_reverse else (here[1], following[0])
    donor = high - 1 if transcript.is_reverse else low
    place = donor if effect == "splice_donor" else (low + high) // 2
    ref = contig[place]
    return Allele(transcript.design.contig, place, ref, _TRANSITION[ref])
