"""Common variants of a made-up population, and their draw into a family's founders.

Sites lie on average every 220 bp with allele frequencies log-uniform in 0.02 to 0.5, which gives a person about one
difference from the reference per 1,000 bp, as people have; 15 % are short indels, and none of those is in an exon.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from neotriage.genome import ContigKind
from neotriage.simulate.assembly import Assembly
from neotriage.simulate.effects import substitution_effect
from neotriage.simulate.genes import Transcript
from neotriage.simulate.haplotypes import Allele
from neotriage.simulate.trio import FOUNDERS, ROLES, Trio, haplotypes_at

__all__ = ["common_sites", "draw_founders", "rare_sites"]

_SITE_SPACING_BP = 220
_LEAST_GAP_BP = 15
_CLEARANCE_BP = 60
_SPLICE_REGION_BP = 10
_INDEL_SHARE = 0.15
_TRANSITION_SHARE = 0.67
_TRANSITION = {"A": "G", "G": "A", "C": "T", "T": "C"}
_EDGE_BP = 300


def common_sites(assembly: Assembly, seed: int, avoid: Iterable[Allele]) -> dict[Allele, float]:
    """Allele -> its frequency, 0.02 to 0.5, over all contigs; none within 60 bp of an allele to avoid."""
    return {
        allele: 0.02 * 25 ** random.Random(f"{seed}:{allele}").random()
        for allele in _sites(assembly, random.Random(f"{seed}:common"), _SITE_SPACING_BP, list(avoid))
    }


def rare_sites(assembly: Assembly, seed: int, avoid: Iterable[Allele]) -> dict[Allele, float]:
    """Allele -> its frequency, 0.00001 to 0.005: variants of the population that the family does not have."""
    return {
        allele: 0.00001 * 500 ** random.Random(f"{seed}:{allele}").random()
        for allele in _sites(assembly, random.Random(f"{seed}:rare"), 4 * _SITE_SPACING_BP, list(avoid))
    }


def draw_founders(trio: Trio, sites: dict[Allele, float], seed: int) -> None:
    """Put each site's allele on each founder haplotype that has the place, with the site's frequency."""
    stream = random.Random(f"{seed}:founders")
    for allele, frequency in sites.items():
        there = {name for role in ROLES for name in haplotypes_at(trio.assembly, role, allele.contig, allele.position)}
        for name in FOUNDERS:
            if stream.random() < frequency and name in there:
                trio.put(allele, [name])


def _sites(assembly: Assembly, stream: random.Random, spacing: int, avoid: Sequence[Allele]) -> list[Allele]:
    found: list[Allele] = []
    for contig in assembly.design.build.contigs:
        bases = assembly.reference[contig.name]
        genes = [t for t in assembly.transcripts if t.design.contig == contig.name]
        near = [a.position for a in avoid if a.contig == contig.name]
        rarer = 4 if contig.kind is ContigKind.MITOCHONDRION else 1
        at = _EDGE_BP
        while (at := at + _LEAST_GAP_BP + int(stream.expovariate(1 / (rarer * spacing)))) < contig.length - _EDGE_BP:
            if any(abs(at - place) < _CLEARANCE_BP for place in near) or "N" in bases[at - 10 : at + 10]:
                continue
            allele = _allele(contig.name, bases, at, stream, is_indel=rarer == 1 and stream.random() < _INDEL_SHARE)
            if allele is not None and _is_harmless(allele, bases, genes):
                found.append(allele)
    return found


def _allele(contig: str, bases: str, at: int, stream: random.Random, *, is_indel: bool) -> Allele | None:
    if not is_indel:
        others = [base for base in "ACGT" if base != bases[at]]
        is_transition = stream.random() < _TRANSITION_SHARE
        return Allele(contig, at, bases[at], _TRANSITION[bases[at]] if is_transition else stream.choice(others))
    size = stream.choice((1, 1, 1, 2, 2, 3, 4))
    if stream.random() < 0.5:
        deleted = bases[at + 1 : at + 1 + size]
        return Allele(contig, at, bases[at] + deleted, bases[at]) if deleted[-1] != bases[at] else None
    inserted = "".join(stream.choices("ACGT", k=size))
    return Allele(contig, at, bases[at], bases[at] + inserted) if inserted[-1] != bases[at] else None


def _is_harmless(allele: Allele, bases: str, genes: Sequence[Transcript]) -> bool:
    """Not an indel, nor a change of a splice site, start or stop codon, in or beside an exon."""
    for gene in genes:
        exons = [(start - _SPLICE_REGION_BP, end + _SPLICE_REGION_BP) for start, end in gene.exons]
        if not any(start <= allele.end and allele.position < end for start, end in exons):
            continue
        if len(allele.ref) != 1 or len(allele.alt) != 1 or gene.cds is None:
            return False
        if not any(start <= allele.position < end for start, end in gene.exons):
            return False
        if substitution_effect(gene, bases, allele) in {"nonsense", "start_lost", "stop_lost"}:
            return False
    return True
