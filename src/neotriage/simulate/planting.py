"""Families with a planted cause on a real genetic background: one person's genotypes become the child's, and parents for it.

| kind | the planted variants lie on | the report should |
|---|---|---|
| de_novo | one haplotype of the child, new | name the gene first |
| comp_het_trans | one each on the haplotypes that father and mother pass on | name the gene first |
| comp_het_cis | both on the haplotype that one healthy parent passes on | not name it as the explanation |
| homozygote | the same on both haplotypes passed on | name the gene first |
| dominant | the haplotype that an affected parent passes on | name the gene first |
| comp_het_deletion | as comp_het_trans, a small variant and the loss of one exon | name the gene first |
| none | nothing is planted | say that nothing was found |
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from neotriage.simulate.haplotypes import Allele, without_overlaps

__all__ = ["Background", "Kind", "PlantedFamily", "background_frequencies", "phase_randomly", "plant"]

_CLEARANCE_BP = 5
_PARENTS = ("father", "mother")


class Kind(StrEnum):
    """What is planted; see the module's table."""

    DE_NOVO = "de_novo"
    COMP_HET_TRANS = "comp_het_trans"
    COMP_HET_CIS = "comp_het_cis"
    HOMOZYGOTE = "homozygote"
    DOMINANT = "dominant"
    NONE = "none"
    COMP_HET_DELETION = "comp_het_deletion"

    @property
    def variants(self) -> int:
        """How many different variants are planted."""
        return {Kind.NONE: 0, Kind.COMP_HET_TRANS: 2, Kind.COMP_HET_CIS: 2, Kind.COMP_HET_DELETION: 2}.get(self, 1)

    @property
    def is_cause(self) -> bool:
        """Whether what is planted explains the child's disease."""
        return self not in {Kind.NONE, Kind.COMP_HET_CIS}


@dataclass(frozen=True)
class Background:
    """One person's alleles over a window, on two haplotypes."""

    first: frozenset[Allele]
    second: frozenset[Allele]


@dataclass
class PlantedFamily:
    """A trio: role -> its two haplotypes, the parents who are affected, and what was planted."""

    haplotypes: dict[str, tuple[set[Allele], set[Allele]]]
    planted: tuple[Allele, ...]
    affected: frozenset[str] = field(default_factory=frozenset)

    def genotype(self, role: str, allele: Allele) -> str:
        """0/0, 0/1 or 1/1."""
        return "/".join(sorted(str(int(allele in haplotype)) for haplotype in self.haplotypes[role]))


def phase_randomly(sites: Iterable[Sequence[tuple[int, Allele]]], stream: random.Random) -> Background:
    """Haplotypes from unphased genotypes.

    Args:
        sites: one site at a time, its alternate alleles as (haplotype 0 or 1 in the genotype's order, allele).
        stream: which of the two is turned over, one draw a site.
    """
    haplotypes: tuple[set[Allele], set[Allele]] = (set(), set())
    for site in sites:
        turn = stream.randrange(2)
        for side, allele in site:
            haplotypes[side ^ turn].add(allele)
    return Background(frozenset(without_overlaps(haplotypes[0])[0]), frozenset(without_overlaps(haplotypes[1])[0]))


def background_frequencies(alleles: Iterable[Allele], seed: int, private_share: float = 0.015) -> dict[Allele, float]:
    """Invented population frequencies, log-uniform in 0.02 to 0.5, of all alleles but a private share, which has none."""
    found: dict[Allele, float] = {}
    for allele in alleles:
        stream = random.Random(f"{seed}:{allele}")
        if stream.random() >= private_share:
            found[allele] = 0.02 * 25 ** stream.random()
    return found


def plant(
    kind: Kind, planted: Sequence[Allele], background: Background, frequencies: Mapping[Allele, float], stream: random.Random
) -> PlantedFamily:
    """A family of a kind.

    The background's haplotypes are those passed on; each parent's other one is drawn anew from the background's alleles by
    their frequencies.

    Args:
        kind: what is planted.
        planted: as many variants as the kind has.
        background: the child's haplotypes before planting; alleles within 5 bp of a planted one are left out.
        frequencies: population frequency of the background's alleles, absent ones are private to the family.
        stream: the random numbers.

    Raises:
        ValueError: not as many variants as the kind has.
    """
    if len(planted) != kind.variants:
        raise ValueError(f"{kind} takes {kind.variants} variants, not {len(planted)}")
    clear = [{a for a in side if not _is_near(a, planted)} for side in (background.first, background.second)]
    stream.shuffle(clear)
    passed_on = dict(zip(_PARENTS, clear, strict=True))
    pool = sorted(clear[0] | clear[1])
    others = {parent: _draw(pool, frequencies, stream) for parent in _PARENTS}
    parent = stream.choice(_PARENTS)
    child_only: dict[str, set[Allele]] = {name: set() for name in _PARENTS}
    if kind is Kind.DE_NOVO:
        child_only[parent].update(planted)
    elif kind in {Kind.COMP_HET_TRANS, Kind.COMP_HET_DELETION}:
        for name, allele in zip(_PARENTS, planted, strict=True):
            passed_on[name].add(allele)
    elif kind is Kind.HOMOZYGOTE:
        for name in _PARENTS:
            passed_on[name].update(planted)
    else:
        passed_on[parent].update(planted)
    child = (passed_on["father"] | child_only["father"], passed_on["mother"] | child_only["mother"])
    haplotypes = {"child": child, **{name: (passed_on[name], others[name]) for name in _PARENTS}}
    return PlantedFamily(haplotypes, tuple(planted), frozenset({parent} if kind is Kind.DOMINANT else ()))


def _is_near(allele: Allele, planted: Iterable[Allele]) -> bool:
    return any(
        allele.contig == one.contig and allele.position < one.end + _CLEARANCE_BP and one.position < allele.end + _CLEARANCE_BP
        for one in planted
    )


def _draw(pool: Iterable[Allele], frequencies: Mapping[Allele, float], stream: random.Random) -> set[Allele]:
    return set(without_overlaps(allele for allele in pool if stream.random() < frequencies.get(allele, 0.0))[0])
