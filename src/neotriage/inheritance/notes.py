"""What weakens a hit, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from neotriage.call_rules import is_call_failed, unmeasured_rule
from neotriage.inheritance.candidates import DOMINANT_MODELS, MITOCHONDRIAL_MODELS, Candidates
from neotriage.inheritance.deletions import Opposite
from neotriage.inheritance.family import FamilyArrays
from neotriage.inheritance.segregation import Calls, Fit, asked_parents
from neotriage.kernels import inheritance as kernel
from neotriage.schema import ClinvarSignificance, Kind, Phase
from neotriage.settings import Settings

__all__ = ["Notes"]

_DE_NOVO = kernel.DE_NOVO | kernel.X_DE_NOVO
_ANY = -1
_WORDS: tuple[tuple[int, int, str], ...] = (  # flag, models it is said of, words
    (kernel.MENDELIAN_ERROR, _ANY, "the parents' calls cannot give this genotype: miscall, deletion, or a sample mixed up"),
    (
        kernel.ONE_PARENT_LACKS,
        kernel.RECESSIVE_ISODISOMY | kernel.X_RECESSIVE,
        "one parent does not carry it: isodisomy, deletion in trans, or miscalled",
    ),
    (
        kernel.WEAK_PARENT,
        kernel.RECESSIVE_HOMOZYGOUS | kernel.X_RECESSIVE,
        "one parent is called without it, on weak evidence",
    ),
    (kernel.MALE_HET, _ANY, "heterozygous call where a male has one copy: artefact or mosaic"),
    (kernel.Y_IN_FEMALE, _ANY, "call on Y in a female: mismapped reads, or the sex is stated wrongly"),
    (kernel.SEX_NOT_STATED, _ANY, "the proband's sex is not stated"),
    (kernel.PARTIAL_CALL, _ANY, "one allele of the proband's genotype is missing"),
    (kernel.HAPLOID_CALL, _ANY, "haploid call where two copies are expected: deletion in trans, or miscalled"),
    (kernel.UNAFFECTED_X_MOTHER, kernel.X_DOMINANT, "the mother carries it and is unaffected: X inactivation may spare her"),
    (
        kernel.PARENT_OF_UNKNOWN_STATUS,
        kernel.DOMINANT_INHERITED | kernel.X_DOMINANT | kernel.Y_LINKED,
        "a parent who carries it is not known to be affected or not",
    ),
    (kernel.DE_NOVO_SHARED, _DE_NOVO, "a relative other than the parents carries it too: mosaic in a parent, or miscalled"),
    (kernel.NOT_IN_MOTHER, kernel.MITOCHONDRIAL, "not called in the mother: new, or below detection in her sample"),
    (kernel.NOT_IN_FATHER, kernel.Y_LINKED, "not called in the father: new, or another father"),
)


@dataclass(frozen=True)
class Notes:
    """Words for the hits of one case."""

    variants: pl.DataFrame
    calls: Calls
    fit: Fit
    family: FamilyArrays
    candidates: Candidates
    settings: Settings
    reread: pl.DataFrame
    opposite: Opposite

    def single(self, row: int, model: int) -> list[str]:
        """Notes of a hit of one variant; `row` is its candidate, `model` its bit."""
        v = int(self.candidates.variant[row])
        flags = int(self.fit.notes[v])
        words = [text for flag, models, text in _WORDS if flags & flag and model & models]
        if model & (_DE_NOVO | kernel.Y_LINKED) and not self.fit.is_de_novo_sure[v] and not self.fit.weak[v] & model:
            is_new = model & _DE_NOVO or flags & kernel.NOT_IN_FATHER
            words += self._doubts_of_parents(v) if is_new else []
        if model & (_DE_NOVO | kernel.Y_LINKED) and self.reread.height and self.reread["words"][v]:
            words.append(self.reread["words"][v])
        if self.fit.weak[v] & model:
            words += self._missing_parents(v)
        if self.fit.lacking[v] & model:
            words.append("an affected relative does not have it")
        if self.fit.spared[v] & model:
            words.append(self._spared(row, model))
        if model == kernel.MITOCHONDRIAL:
            words += self._levels(v)
        return words + self.of_call(row, model)

    def of_call(self, row: int, model: int) -> list[str]:
        """Notes on the proband's own call and on the variant's frequency, under a model."""
        v = int(self.candidates.variant[row])
        words = []
        fraction = self.calls.fraction[v, 0]
        if v in self.opposite.deletion_of:
            words.append("called homozygous, but a deletion takes the other copy: hemizygous")
        is_het = self.fit.fewest[v, 0] == 1 and self.fit.most[v, 0] == 1 and self.variants["kind"][v] == Kind.SMALL
        if is_het and fraction < self.settings.quality.het_balance_low and model != kernel.MITOCHONDRIAL:
            words.append(f"allele in {fraction:.0%} of reads: mosaic or artefact".replace("%", " %"))
        rule = self.variants["quality_rule"][v]
        if is_call_failed(rule):
            words.append(f"the proband's call fails {rule}")
        elif rule:
            words.append(f"kept although {rule}" if not unmeasured_rule(rule) else f"{unmeasured_rule(rule)} was not measured")
        return words + self._frequency(row, model)

    def _frequency(self, row: int, model: int) -> list[str]:
        limits = self.settings.frequency
        cap = limits.dominant if model & DOMINANT_MODELS else limits.recessive
        cap = limits.mitochondrial if model & MITOCHONDRIAL_MODELS else cap
        v = int(self.candidates.variant[row])
        frequency = self.variants["allele_frequency"][v]
        if not np.float32(frequency) > np.float32(cap):
            return []
        known = self.variants["clinvar_significance"][v]
        reason = f"ClinVar ({known.replace('_', ' ')})" if known else "the always-look list"
        return [f"above the frequency cap ({frequency:.4g} > {cap:g}): conflict with {reason}"]

    def _spared(self, row: int, model: int) -> str:
        if not model & kernel.ONE_ALLELE_MODELS or not self.candidates.is_carrier_allowed[row]:
            return "an unaffected relative has it"
        source = self.candidates.rule_of(row).penetrance_source or f"ClinVar: {ClinvarSignificance.PATHOGENIC_LOW_PENETRANCE}"
        return f"an unaffected relative has it: penetrance is incomplete ({source})"

    def _missing_parents(self, v: int) -> list[str]:
        words = []
        for name, parent in asked_parents(int(self.fit.kind[v]), self.family):
            if parent < 0:
                words.append(f"{name} not sequenced")
            elif self.fit.is_unknown(v, parent):
                words.append(f"no certain call of the {name}")
        return words

    def _doubts_of_parents(self, v: int) -> list[str]:
        """Why a de novo call is not sure."""
        words, reads = [], 0
        for name, parent in asked_parents(int(self.fit.kind[v]), self.family):
            reads += max(int(self.calls.alt_depth[v, parent]), 0)
            words += self._doubts_of(name, v, parent)
        if reads >= self.settings.quality.de_novo_parent_alt_reads:
            words.append(f"{reads} reads of the parents have the allele: mosaic in a parent, or inherited")
        return words

    def _doubts_of(self, name: str, v: int, parent: int) -> list[str]:
        limits, words = self.settings.quality, []
        is_by_depth = self.calls.is_by_depth[v, parent]
        for what, value, limit in (
            ("depth", self.calls.depth[v, parent], limits.depth),
            ("genotype quality", self.calls.genotype_quality[v, parent], limits.genotype_quality),
        ):
            if value < limit and not (what == "depth" and is_by_depth):
                words.append(f"{name}'s {what} {'is missing' if value < 0 else f'{value} is below {limit}'}")
        if self.calls.alt_depth[v, parent] < 0 and not is_by_depth:
            words.append(f"{name}'s alternate reads are not given")
        if (self.calls.genotype[v, parent] == 2).any():
            words.append(f"the {name} has another alternate allele here")
        return words

    def _levels(self, v: int) -> list[str]:
        child = self.calls.fraction[v, 0]
        mother = self.calls.fraction[v, self.family.mother] if self.family.mother >= 0 else np.nan
        words = [] if np.isnan(mother) else [f"mother {mother * 100:.0f} %"]
        words.append("child's level not known" if np.isnan(child) else f"child {child * 100:.0f} %")
        return [", ".join(words)]

    def pair(self, row_a: int, row_b: int, phase: Phase, read_phase: Phase, listed: int, possible: int) -> list[str]:
        """Notes of a compound hit.

        Args:
            row_a: candidate of the first variant.
            row_b: candidate of the second variant.
            phase: how they lie to each other.
            read_phase: what the phase set alone says, UNKNOWN if nothing.
            listed: pairs of the gene that are listed.
            possible: pairs of the gene that are not in cis.
        """
        words = self._unknown_phase(row_a, row_b) if phase is Phase.UNKNOWN else []
        if read_phase is Phase.CIS and phase is Phase.TRANS_BY_PARENT:
            words.append("the reads place both on one haplotype, the parents' calls do not")
        if phase is Phase.TRANS_BY_PARENT and not self._is_trans_sure(row_a, row_b):
            words.append("a parent is called without the allele on weak evidence")
        for name, row in (("first", row_a), ("second", row_b)):
            flags = int(self.fit.notes[self.candidates.variant[row]])
            said = [text for flag, models, text in _WORDS if flags & flag and models == _ANY]
            words += [f"{name}: {text}" for text in said + self.of_call(row, kernel.RECESSIVE_COMPOUND)]
        if possible > listed:
            words.append(f"{listed} best of {possible} possible pairs are listed")
        return words

    def _unknown_phase(self, row_a: int, row_b: int) -> list[str]:
        sources = {int(self.fit.sources[self.candidates.variant[row]]) for row in (row_a, row_b)}
        if kernel.FROM_NONE in sources:
            return ["one of the two is not in the parents: phase not known"]
        pair = [int(self.candidates.variant[row]) for row in (row_a, row_b)]
        is_open = any(self.fit.is_unknown(v, p) for p in (self.family.father, self.family.mother) for v in pair)
        why = "a parent's call is missing" if is_open else "both parents carry one of the two"
        return [f"phase not known: {why}"]

    def _is_trans_sure(self, row_a: int, row_b: int) -> bool:
        """Whether the parent who must lack each allele is called on enough reads."""
        other = {kernel.FROM_FATHER: self.family.mother, kernel.FROM_MOTHER: self.family.father}
        pair = [int(self.candidates.variant[row]) for row in (row_a, row_b)]
        return all(bool(self.fit.is_deep[v, other[int(self.fit.sources[v])]]) for v in pair)
