"""Which alleles lie on one copy, from fragments that cover two heterozygous places.

Two places are joined where at least two fragments say the same and at most one in ten contradicts. Joined places make a
set; a set whose joins contradict each other is given up. A set with a place whose allele can come from one parent only is
laid on that parent's copy; places that disagree about it leave the set without parent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pysam

from neotriage.verify.fragments import OTHER, Site, allele_of, usable_reads

__all__ = ["FATHER", "MOTHER", "REACH_BP", "Placed", "parent_of", "phase_sites"]

REACH_BP = 1000
FATHER, MOTHER = 0, 1
_LEAST_FRAGMENTS = 2
_MOST_CONTRADICTION = 0.1


@dataclass(frozen=True)
class Placed:
    """A site's set, numbered from 0, its side in it (0 or 1), the parent of that side or None, and fragments that join it."""

    number: int
    side: int
    parent: int | None
    fragments: int


def parent_of(father: Iterable[int], mother: Iterable[int]) -> int | None:
    """Which parent a heterozygote's allele 1 came from, by their allele codes; None if either could, or a call is missing."""
    of_father, of_mother = set(father) - {-2}, set(mother) - {-2}
    if not of_father or not of_mother or -1 in of_father | of_mother:
        return None
    from_father = 1 in of_father and bool(of_mother - {1})
    from_mother = 1 in of_mother and bool(of_father - {1})
    if from_father == from_mother:
        return None
    return FATHER if from_father else MOTHER


def phase_sites(
    alignment: pysam.AlignmentFile, sites: Sequence[Site], parents: Mapping[Site, int | None]
) -> dict[Site, Placed]:
    """Sites that fragments join to others.

    Args:
        alignment: the person's reads.
        sites: heterozygous sites in order of position, of one contig, within reach of each other.
        parents: site -> parent of its alternate allele, None not known.
    """
    joins: dict[tuple[Site, Site], Counter[bool]] = {}
    order = {site: place for place, site in enumerate(sites)}
    for seen in _by_fragment(alignment, sites).values():
        for pair in combinations(sorted(seen, key=order.__getitem__), 2):
            joins.setdefault(pair, Counter())[seen[pair[0]] == seen[pair[1]]] += 1
    links: dict[Site, list[tuple[Site, bool]]] = {}
    weight: Counter[Site] = Counter()
    for (a, b), counts in joins.items():
        (is_same, most), *_ = counts.most_common(1)
        total = counts.total()
        if most < _LEAST_FRAGMENTS or (total - most) > _MOST_CONTRADICTION * total:
            continue
        links.setdefault(a, []).append((b, is_same))
        links.setdefault(b, []).append((a, is_same))
        weight[a] += most
        weight[b] += most
    placed: dict[Site, Placed] = {}
    for number, sides in enumerate(_components(sites, links)):
        parent = _parent_of_side_0(sides, parents)
        for site, side in sides.items():
            of_side = None if parent is None else parent if side == 0 else 1 - parent
            placed[site] = Placed(number, side, of_side, weight[site])
    return placed


def _by_fragment(alignment: pysam.AlignmentFile, sites: Sequence[Site]) -> dict[str, dict[Site, int]]:
    """Fragment -> allele at each site; a site at which its mates differ is left out."""
    found: dict[str, dict[Site, int]] = {}
    if len(sites) < 2:
        return found
    start, end = sites[0].position, max(site.position + len(site.ref) for site in sites)
    for read in usable_reads(alignment, sites[0].contig, start, end):
        seen = found.setdefault(read.query_name or "", {})
        for site in sites:
            if not read.reference_start <= site.position < (read.reference_end or 0):
                continue
            allele = allele_of(read, site)
            if allele is not None:
                seen[site] = allele if seen.get(site, allele) == allele else OTHER
    return {name: {site: allele for site, allele in seen.items() if allele != OTHER} for name, seen in found.items()}


def _components(sites: Sequence[Site], links: Mapping[Site, list[tuple[Site, bool]]]) -> list[dict[Site, int]]:
    """Joined sites with their sides, the first on side 0; without those whose joins contradict each other."""
    components: list[dict[Site, int]] = []
    reached: set[Site] = set()
    for first in sites:
        if first in reached or first not in links:
            continue
        sides, open_, is_sound = {first: 0}, [first], True
        while open_:
            here = open_.pop()
            for other, is_same in links[here]:
                side = sides[here] if is_same else 1 - sides[here]
                if other not in sides:
                    sides[other] = side
                    open_.append(other)
                is_sound &= sides[other] == side
        reached |= set(sides)
        if is_sound:
            components.append(sides)
    return components


def _parent_of_side_0(sides: Mapping[Site, int], parents: Mapping[Site, int | None]) -> int | None:
    said = {parent if side == 0 else 1 - parent for site, side in sides.items() if (parent := parents.get(site)) is not None}
    return said.pop() if len(said) == 1 else None
