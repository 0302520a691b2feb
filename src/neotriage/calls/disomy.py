"""Uniparental disomy from a trio's genotypes: stretches of a chromosome that the baby has from one parent alone.

| father | mother | child | says                                                             |
|--------|--------|-------|------------------------------------------------------------------|
| A/A    | B/B    | A/B   | both parents                                                     |
| A/A    | B/B    | A/A   | father alone (the mother's allele is absent); B/B mother alone   |
| A/A    | A/B    | B/B   | mother alone, one of her copies twice (isodisomy)                |
| A/B    | A/A    | B/B   | father alone, one of his copies twice (isodisomy)                |

(the classes of UPDio, King et al. 2014, Genome Research 24:673). Such sites in order are a chain of three states (both, father
alone, mother alone) with 1 % of false sites; its best path gives the stretches. Within one, the share of the parent's
heterozygous sites at which the baby is homozygous tells isodisomy (all) from heterodisomy (none); between the two it is mixed.
A deletion of the other parent's copy looks the same: the depth beside it tells.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neotriage.errors import InputError
from neotriage.gene_models import GeneModels
from neotriage.genome import Build, ContigKind
from neotriage.home import resource
from neotriage.pedigree import Family
from neotriage.scan.calls import Batch, Interest, open_scan

__all__ = [
    "ImprintedRegion",
    "Sites",
    "Stretch",
    "called_sites",
    "counts_by_contig",
    "find_stretches",
    "overlapping",
    "read_imprinted",
]

_LEAST_DEPTH = 8
_LEAST_QUALITY = 20
_LEAST_QUAL = 20.0
_FALSE = 0.01
_CHANGE = 1e-6
_LEAST_SITES = 20
_LEAST_BP = 1_000_000
_ISO, _HETERO = 0.9, 0.1
_NUCLEOTIDES = frozenset("ACGT")
_BOTH, _FATHER, _MOTHER = 0, 1, 2
_PARENTS = {_FATHER: "father", _MOTHER: "mother"}

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Sites:
    """A contig's autosomal SNVs that the child, and of a trio both parents, are called at; int32 and int8 (sites,).

    Dosages are 0, 1, 2; a parent who is not sequenced has -1 throughout.
    """

    contig: str
    positions: Int32
    child: Int8
    father: Int8
    mother: Int8


@dataclass(frozen=True)
class Stretch:
    """A stretch from one parent alone, 0-based half-open, with the sites that say so and those in it that say both.

    `kind` is isodisomy, heterodisomy, mixed or not known; `homozygous` the share of the parent's heterozygous sites at which
    the child is homozygous, NaN none.
    """

    contig: str
    start: int
    end: int
    parent: str
    kind: str
    sites: int
    against: int
    homozygous: float
    is_whole: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; positions as people read them."""
        return {
            "contig": self.contig,
            "start": self.start + 1,
            "end": self.end,
            "parent": self.parent,
            "kind": self.kind,
            "sites": self.sites,
            "sites_against": self.against,
            "homozygous_share": None if np.isnan(self.homozygous) else round(self.homozygous, 3),
            "whole_contig": self.is_whole,
        }


@dataclass(frozen=True)
class ImprintedRegion:
    """A region whose disomy from one parent causes a disorder, 0-based half-open."""

    name: str
    contig: str
    start: int
    end: int
    parent: str
    disorder: str
    source: str


def read_imprinted(models: GeneModels, table: Path | None = None) -> tuple[list[ImprintedRegion], list[str]]:
    """The regions of the table that the gene models have, and the names of those they lack.

    Raises:
        InputError: a row is not whole.
    """
    file = table or resource("imprinted_regions.tsv")
    lines = file.read_text(encoding="utf-8").splitlines()
    skipped = sum(line.startswith("#") for line in lines)
    regions, lacking = [], []
    for number, row in enumerate(csv.DictReader(lines[skipped:], delimiter="\t"), skipped + 2):
        if (
            any(not row.get(key) for key in ("region", "genes", "disorder", "source"))
            or row["both_copies_from"] not in _PARENTS.values()
        ):
            raise InputError(
                "a field is empty, or the parent neither father nor mother", file=file, row=number, fix="mend the row"
            )
        places = [models.by_symbol[symbol][0] for symbol in row["genes"].split(",") if models.by_symbol.get(symbol)]
        genes = [models.genes[place] for place in places]
        if not genes or len({gene.contig for gene in genes}) > 1:
            lacking.append(row["region"])
            continue
        span = (genes[0].contig, min(g.start for g in genes), max(g.end for g in genes))
        regions.append(ImprintedRegion(row["region"], *span, row["both_copies_from"], row["disorder"], row["source"]))
    return regions, sorted(set(lacking))


def called_sites(calls: Path, family: Family, build: Build, threads: int = 1) -> Iterator[Sites]:
    """The sites of the child, and of its parents if both are there, contig by contig.

    Raises:
        FormatError: as `open_scan`.
    """
    child = family.proband
    is_trio = child.father is not None and child.mother is not None
    names = [child.sample, child.father, child.mother] if is_trio else [child.sample]
    samples = [family.samples.index(name) for name in names if name is not None]
    parts: dict[str, list[tuple[Int32, Int8]]] = {}
    for batch in _autosomal(calls, family, build, threads):
        dosage = _dosage(batch)[:, samples]
        called = (dosage >= 0).all(axis=1)
        parts.setdefault(batch.contig, []).append((batch.positions[called], dosage[called]))
    for contig, of in parts.items():
        positions = np.concatenate([p for p, _ in of])
        dosage = np.concatenate([d for _, d in of])
        absent = np.full(len(positions), -1, np.int8)
        yield Sites(contig, positions, dosage[:, 0], *((dosage[:, 1], dosage[:, 2]) if is_trio else (absent, absent)))


def _autosomal(calls: Path, family: Family, build: Build, threads: int) -> Iterator[Batch]:
    whole = {
        contig.name: (np.array([0], np.int32), np.array([contig.length], np.int32))
        for contig in build.contigs
        if contig.kind is ContigKind.AUTOSOME
    }
    interest = Interest(regions={}, taken=whole, primary=frozenset(whole), lowest_qual=0.0, elsewhere=False)
    for batch in open_scan(calls, family.samples).batches(interest, threads):
        rows = [
            row
            for row, (ref, alt, said) in enumerate(zip(batch.refs, batch.alts, batch.filters, strict=True))
            if ref in _NUCLEOTIDES and alt in _NUCLEOTIDES and said in ("PASS", "", ".") and not batch.qual[row] < _LEAST_QUAL
        ]
        yield batch.take(np.array(rows, np.int64))


def _dosage(batch: Batch) -> Int8:
    """Copies of the alternate, int8 (rows, samples), -1 unless well called."""
    called = np.isin(batch.genotype, (0, 1)).all(axis=2)
    for values, least in ((batch.depth, _LEAST_DEPTH), (batch.genotype_quality, _LEAST_QUALITY)):
        called &= (values < 0) | (values >= least)
    return np.where(called, batch.genotype.sum(axis=2), -1).astype(np.int8)


def find_stretches(sites: Sites) -> list[Stretch]:
    """The stretches of a contig from one parent alone, in order."""
    says = _says(sites)
    told = np.flatnonzero(says >= 0)
    if len(told) < _LEAST_SITES:
        return []
    path = _best_path(says[told])
    edges = np.flatnonzero(np.diff(path)) + 1
    found = []
    for low, high in zip([0, *edges.tolist()], [*edges.tolist(), len(path)], strict=True):
        if path[low] != _BOTH:
            stretch = _stretch(sites, says, told[low:high], int(path[low]), is_whole=(low, high) == (0, len(path)))
            if stretch.sites >= _LEAST_SITES and stretch.end - stretch.start >= _LEAST_BP:
                found.append(stretch)
    return found


def _says(sites: Sites) -> Int8:
    """What each site says by the table above, int8 (sites,): both 0, father alone 1, mother alone 2, nothing -1."""
    child, father, mother = sites.child, sites.father, sites.mother
    opposite = np.abs(father - mother) == 2
    says = np.full(len(child), -1, np.int8)
    says[opposite & (child == 1)] = _BOTH
    lacks_father = (father != 1) & (child == 2 - father)
    lacks_mother = (mother != 1) & (child == 2 - mother)
    says[lacks_mother & ~lacks_father] = _FATHER
    says[lacks_father & ~lacks_mother] = _MOTHER
    return says


def _best_path(says: Int8) -> Int8:
    """The best states of the chain, int8 (sites,)."""
    right, wrong = log(1 - _FALSE), log(_FALSE / 2)
    stay, change = log(1 - 2 * _CHANGE), log(_CHANGE)
    moves = np.where(np.eye(3, dtype=np.bool_), stay, change)
    emits = np.where(np.eye(3, dtype=np.bool_), right, wrong)  # state, what is said
    score = np.log([1 - 2 * _CHANGE, _CHANGE, _CHANGE]) + emits[:, says[0]]
    back = np.zeros((len(says), 3), np.int8)
    for row in range(1, len(says)):
        ways = score[:, None] + moves
        back[row] = ways.argmax(axis=0)
        score = ways.max(axis=0) + emits[:, says[row]]
    path = np.empty(len(says), np.int8)
    path[-1] = score.argmax()
    for row in range(len(says) - 1, 0, -1):
        path[row - 1] = back[row, path[row]]
    return path


def _stretch(sites: Sites, says: Int8, told: npt.NDArray[np.int64], state: int, *, is_whole: bool) -> Stretch:
    start, end = int(sites.positions[told[0]]), int(sites.positions[told[-1]]) + 1
    inside = slice(int(told[0]), int(told[-1]) + 1)
    parent = (sites.father if state == _FATHER else sites.mother)[inside]
    child = sites.child[inside][parent == 1]
    homozygous = float(np.mean(child != 1)) if len(child) else float("nan")
    kind = "isodisomy" if homozygous >= _ISO else "heterodisomy" if homozygous <= _HETERO else "mixed"
    agree, against = int(np.sum(says[told] == state)), int(np.sum(says[told] == _BOTH))
    return Stretch(
        sites.contig, start, end, _PARENTS[state], kind if len(child) else "not known", agree, against, homozygous, is_whole
    )


def overlapping(stretch: Stretch, regions: Sequence[ImprintedRegion]) -> list[ImprintedRegion]:
    """The imprinted regions that a stretch overlaps and whose disorder its parent's copies cause."""
    return [
        r
        for r in regions
        if r.contig == stretch.contig and r.parent == stretch.parent and r.start < stretch.end and stretch.start < r.end
    ]


def counts_by_contig(sites: Sites) -> Mapping[str, int]:
    """How many sites say both, father alone and mother alone."""
    says = _says(sites)
    return {"both": int(np.sum(says == _BOTH)), "father": int(np.sum(says == _FATHER)), "mother": int(np.sum(says == _MOTHER))}
