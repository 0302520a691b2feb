"""Hits: what candidates and pairs become in the `hits` table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from neotriage import columns
from neotriage.inheritance.candidates import Candidates
from neotriage.inheritance.compound import PHASES, Pairs, Sides, find_pairs
from neotriage.inheritance.family import FamilyArrays
from neotriage.inheritance.notes import Notes
from neotriage.inheritance.segregation import Calls, Fit
from neotriage.kernels import inheritance as kernel
from neotriage.schema import DeNovoConfidence, Model, Phase
from neotriage.settings import QualityLimits

__all__ = ["Compound", "Found", "compound_hits", "in_order", "single_hits"]

MODELS = tuple(Model)  # in the order of the kernel's bits
_NEW = kernel.DE_NOVO | kernel.X_DE_NOVO
_DOUBTS = kernel.PARTIAL_CALL | kernel.HAPLOID_CALL | kernel.SEX_NOT_STATED

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """Hits before they are numbered, columns of equal length; `row_a` and `row_b` are candidates, `row_b` -1 none."""

    row_a: Int64
    row_b: Int64
    model: Int64
    phase: tuple[Phase, ...]
    confidence: tuple[DeNovoConfidence, ...]
    is_incomplete: Bool
    explains: Bool
    notes: tuple[str, ...]

    @staticmethod
    def joined(first: Found, second: Found) -> Found:
        """Both together."""
        return Found(
            np.concatenate([first.row_a, second.row_a]),
            np.concatenate([first.row_b, second.row_b]),
            np.concatenate([first.model, second.model]),
            first.phase + second.phase,
            first.confidence + second.confidence,
            np.concatenate([first.is_incomplete, second.is_incomplete]),
            np.concatenate([first.explains, second.explains]),
            first.notes + second.notes,
        )


@dataclass(frozen=True)
class Compound:
    """Compound hits, and what became of each candidate as a side.

    `rows` int64 (sides,) are the candidates; `pairs` as found; `possible` int64 (candidates,), pairs not in cis of the
    candidate's gene, 0 none of its own; `cis` int64 (candidates,), partners in cis.
    """

    rows: Int64
    pairs: Pairs
    found: Found
    possible: Int64
    cis: Int64


def single_hits(fit: Fit, candidates: Candidates, notes: Notes, compound: Compound, limits: QualityLimits) -> Found:
    """Hits of one variant. A single hit in a recessive gene is one only where the allele has no partner but in cis."""
    models = candidates.models & ~np.where(compound.possible > 0, kernel.RECESSIVE_SINGLE, 0)
    row, bit = np.nonzero((models[:, None] >> np.arange(len(MODELS))) & 1)
    flag = (1 << bit).astype(np.int64)
    variant = candidates.variant[row]
    is_allowed = candidates.is_carrier_allowed[row] & ((flag & kernel.ONE_ALLELE_MODELS) != 0)
    is_spared = ((fit.spared[variant] & flag) != 0) & ~is_allowed
    is_homoplasmic = (flag == kernel.MITOCHONDRIAL) & _has_unaffected_homoplasmic(notes, limits)[variant]
    words = [notes.single(r, f) for r, f in zip(row.tolist(), flag.tolist(), strict=True)]
    for place in np.flatnonzero(is_homoplasmic):
        words[place].append("an unaffected maternal relative is homoplasmic")
    for place in np.flatnonzero((flag == kernel.RECESSIVE_SINGLE) & (compound.cis[row] > 0)):
        words[place].append("another altered allele of the gene is in cis")
    return Found(
        row_a=row.astype(np.int64),
        row_b=np.full(row.size, -1, dtype=np.int64),
        model=bit.astype(np.int64),
        phase=(Phase.NOT_APPLICABLE,) * row.size,
        confidence=tuple(_confidence(fit, v, f) for v, f in zip(variant.tolist(), flag.tolist(), strict=True)),
        is_incomplete=(fit.weak[variant] & flag) != 0,
        explains=((fit.lacking[variant] & flag) == 0) & ~is_spared & ~is_homoplasmic,
        notes=tuple("; ".join(text) for text in words),
    )


def _confidence(fit: Fit, variant: int, flag: int) -> DeNovoConfidence:
    is_new_on_y = flag == kernel.Y_LINKED and fit.notes[variant] & kernel.NOT_IN_FATHER
    if not flag & _NEW and not is_new_on_y:
        return DeNovoConfidence.NOT_APPLICABLE
    return DeNovoConfidence.HIGH if fit.is_de_novo_sure[variant] else DeNovoConfidence.LOW


def _has_unaffected_homoplasmic(notes: Notes, limits: QualityLimits) -> Bool:
    """Whether an unaffected person of the proband's maternal line has nearly all reads with the allele."""
    line = notes.family.is_maternal_line & (notes.family.status == 0)
    return np.asarray((notes.calls.fraction[:, line] >= limits.homoplasmy).any(axis=1))


def compound_hits(
    variants: pl.DataFrame, calls: Calls, fit: Fit, family: FamilyArrays, candidates: Candidates, notes: Notes
) -> Compound:
    """Compound heterozygous hits of the sides among the candidates."""
    rows = np.flatnonzero(candidates.is_side)
    sides = _sides(variants, calls, fit, candidates, rows, notes)
    pairs = find_pairs(sides)
    first, second = rows[pairs.first], rows[pairs.second]
    swap = candidates.variant[first] > candidates.variant[second]
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    a, b = candidates.variant[first], candidates.variant[second]
    phases = tuple(PHASES[code] for code in pairs.phase)
    possible = pairs.counts[:, [PHASES.index(p) for p in PHASES if p is not Phase.CIS]].sum(axis=1)
    listed = np.bincount(sides.gene[pairs.first], minlength=possible.size) if pairs.first.size else np.zeros_like(possible)
    of_gene = sides.gene[pairs.first]
    is_unknown = np.array([phase is Phase.UNKNOWN for phase in phases], dtype=np.bool_)
    lacks, has = _against(fit, family, a, b)
    words = _pair_words(notes, sides, pairs, first, second, phases, listed[of_gene], possible[of_gene])
    for place in np.flatnonzero(lacks):
        words[place].append("an affected relative does not have both")
    for place in np.flatnonzero(has):
        words[place].append("an unaffected relative has both")
    found = Found(
        row_a=first,
        row_b=second,
        model=np.where(fit.kind[a] == kernel.X, MODELS.index(Model.X_COMPOUND), MODELS.index(Model.RECESSIVE_COMPOUND)),
        phase=phases,
        confidence=(DeNovoConfidence.NOT_APPLICABLE,) * first.size,
        is_incomplete=(is_unknown & (_is_open(fit, family, a) | _is_open(fit, family, b)))
        | (((fit.notes[a] | fit.notes[b]) & _DOUBTS) != 0),
        explains=~lacks & ~has,
        notes=tuple("; ".join(text) for text in words),
    )
    by_candidate = np.zeros((2, candidates.variant.size), dtype=np.int64)
    by_candidate[0, rows] = _possible_of_side(sides, pairs, possible)
    by_candidate[1, rows] = pairs.cis_partners
    return Compound(rows, pairs, found, by_candidate[0], by_candidate[1])


def _possible_of_side(sides: Sides, pairs: Pairs, possible: Int64) -> Int64:
    """Pairs not in cis that each side's gene has, 0 for a side whose every partner is in cis."""
    others = np.bincount(sides.gene)[sides.gene] - 1 if sides.gene.size else np.zeros(0, dtype=np.int64)
    return np.where(others > pairs.cis_partners, possible[sides.gene], 0)


def _sides(variants: pl.DataFrame, calls: Calls, fit: Fit, candidates: Candidates, rows: Int64, notes: Notes) -> Sides:
    """The candidates that may be half of a compound hit. A gene that lies in and out of PAR counts as two.

    The phase that the reads show stands before the caller's, and before both what lies opposite a deletion.
    """
    reread = notes.reread
    variant = candidates.variant[rows]
    key = candidates.place[rows] * (kernel.ELSEWHERE + 1) + fit.kind[variant]
    is_phased = columns.array(variants, "is_phased").reshape(calls.depth.shape)[variant, 0]
    phase_set = columns.array(variants, "phase_set").reshape(calls.depth.shape)[variant, 0]
    is_placed = is_phased & (phase_set >= 0)
    phase_set = np.where(is_placed, phase_set, -1)
    haplotype = np.where(is_placed, np.where(calls.genotype[variant, 0, 0] == 1, 0, 1), -1)
    if reread.height:
        is_read = reread["phase_set"].to_numpy()[variant] >= 0
        phase_set = np.where(is_read, reread["phase_set"].to_numpy()[variant], phase_set)
        haplotype = np.where(is_read, reread["haplotype"].to_numpy()[variant], haplotype)
    phase_set, haplotype = notes.opposite.phase(variant, phase_set.astype(np.int32), haplotype.astype(np.int8))
    frequency = variants["allele_frequency"].to_numpy().astype(np.float64)[variant]
    return Sides(
        gene=np.unique(key, return_inverse=True)[1].astype(np.int32),
        source=fit.sources[variant],
        phase_set=phase_set,
        haplotype=haplotype,
        order=np.column_stack([~candidates.is_known[rows], candidates.impact[rows], np.nan_to_num(frequency), variant]).astype(
            np.float64
        ),
    )


def _against(fit: Fit, family: FamilyArrays, a: Int64, b: Int64) -> tuple[Bool, Bool]:
    """Whether an affected relative lacks two copies over a pair, and whether an unaffected one has them."""
    most = fit.most[a] + fit.most[b]
    fewest = fit.fewest[a] + fit.fewest[b]
    relatives = np.arange(family.status.size) > 0
    lacks: Bool = ((most < 2) & relatives & (family.status == 1)).any(axis=1)
    has: Bool = ((fewest >= 2) & relatives & (family.status == 0)).any(axis=1)
    return lacks, has


def _is_open(fit: Fit, family: FamilyArrays, variant: Int64) -> Bool:
    """Whether it is not known if one of the parents carries each variant."""
    is_open = np.full(variant.size, family.father < 0 or family.mother < 0)
    for parent in (family.father, family.mother):
        if parent >= 0:
            is_open |= (fit.fewest[variant, parent] == 0) & (fit.most[variant, parent] > 0)
    return is_open


def _pair_words(
    notes: Notes,
    sides: Sides,
    pairs: Pairs,
    first: Int64,
    second: Int64,
    phases: Sequence[Phase],
    listed: Int64,
    possible: Int64,
) -> list[list[str]]:
    i, j = pairs.first, pairs.second
    is_same_set = (sides.phase_set[i] >= 0) & (sides.phase_set[i] == sides.phase_set[j])
    by_read = np.where(sides.haplotype[i] == sides.haplotype[j], PHASES.index(Phase.CIS), PHASES.index(Phase.TRANS_BY_READ))
    codes = np.where(is_same_set, by_read, PHASES.index(Phase.UNKNOWN))
    return [
        notes.pair(int(first[n]), int(second[n]), phases[n], PHASES[codes[n]], int(listed[n]), int(possible[n]))
        for n in range(first.size)
    ]


def in_order(found: Found, candidates: Candidates) -> pl.DataFrame:
    """The `hits` table, numbered from 0 by first variant, model, second variant, gene."""
    a = candidates.variant[found.row_a]
    b = np.where(found.row_b >= 0, candidates.variant[found.row_b], -1)
    order = np.lexsort((found.row_a, b, found.model, a))
    genes = candidates.genes[candidates.place[found.row_a[order]]]
    return columns.frame(
        "hits",
        {
            "hit": np.arange(order.size),
            "gene_id": genes["gene_id"],
            "gene": genes["gene"],
            "model": [MODELS[code].value for code in found.model[order]],
            "variant_a": a[order],
            "variant_b": b[order],
            "phase": [found.phase[n].value for n in order],
            "de_novo_confidence": [found.confidence[n].value for n in order],
            "is_incomplete": found.is_incomplete[order],
            "explains_affected": found.explains[order],
            "notes": [found.notes[n] for n in order],
        },
    )
