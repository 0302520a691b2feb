"""The rules between what genotypes fit and what becomes a hit: gene, imprinting, frequency by mode, penetrance, single hits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from neotriage.inheritance.genes import GeneRule, GeneRules
from neotriage.inheritance.segregation import Calls, Fit
from neotriage.kernels import inheritance as kernel
from neotriage.pedigree import Sex
from neotriage.schema import ClinvarSignificance, KeptBy
from neotriage.settings import Settings

__all__ = ["DOMINANT_MODELS", "MITOCHONDRIAL_MODELS", "RECESSIVE_MODELS", "RULES", "Candidates", "find_candidates"]

Bool = npt.NDArray[np.bool_]
Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

RULES = (
    "",
    "frequency",
    "contig",
    "no_call",
    "no_alternate_in_proband",
    "no_gene_model",
    "consequence",
    "frequency_of_mode",
    "heteroplasmy",
    "silent_parent",
    "unaffected_parent",
    "single_het",
    "pair_limit",
    "cis",
)  # '' kept; the others in the order in which they are asked
MITOCHONDRIAL_MODELS = kernel.MITOCHONDRIAL
RECESSIVE_MODELS = kernel.TWO_ALLELE_MODELS | kernel.RECESSIVE_COMPOUND | kernel.RECESSIVE_SINGLE | kernel.X_COMPOUND
DOMINANT_MODELS = kernel.ONE_ALLELE_MODELS & ~kernel.MITOCHONDRIAL
INHERITED_MODELS = kernel.DOMINANT_INHERITED | kernel.X_DOMINANT | kernel.Y_LINKED


@dataclass(frozen=True)
class Candidates:
    """Every variant with each of its genes, arrays (rows,) in order of variant and gene.

    `genes` and their `rules` stand once each, `place` int64 says which is a row's. `models` int32 are those that survive the
    rules; `rule` int8 is the place in `RULES` of the first rule that took a model, 0 none; `value` and `threshold` float64
    are what it measured, NaN none. `is_side`: may be one half of a compound hit. `is_carrier_allowed`: penetrance is known
    to be incomplete.
    """

    variant: Int64
    place: Int64
    genes: pl.DataFrame
    rules: tuple[GeneRule, ...]
    impact: Int8
    is_known: Bool
    models: Int32
    is_side: Bool
    is_carrier_allowed: Bool
    rule: Int8
    value: Float64
    threshold: Float64

    def rule_of(self, row: int) -> GeneRule:
        """What is known of the gene of a row."""
        return self.rules[int(self.place[row])]


def find_candidates(
    places: pl.DataFrame, variants: pl.DataFrame, calls: Calls, fit: Fit, gene_rules: GeneRules, settings: Settings
) -> Candidates:
    """Apply the rules in order; the truth table is in docs/inheritance.md.

    Args:
        places: rows of `places.variant_genes`.
        variants: the `variants` table.
        calls: its calls.
        fit: what the genotypes fit.
        gene_rules: what is known of the genes.
        settings: frequency and heteroplasmy limits.
    """
    variant = places["variant"].to_numpy().astype(np.int64)
    genes = places.select("gene_id", "gene").unique(maintain_order=True)
    place = _numbers(places, genes)
    rules = tuple(gene_rules.rule(*key) for key in genes.iter_rows())
    is_known = places["is_known"].to_numpy()
    is_low = (variants["clinvar_significance"] == ClinvarSignificance.PATHOGENIC_LOW_PENETRANCE.value).to_numpy()[variant]
    is_carrier_allowed = _flags(bool(rule.penetrance_source) for rule in rules)[place] | is_low
    filters = _Filters(fit.models[variant].copy())
    _admit(filters, variants, calls, fit, places, variant)
    is_silent = {sex: _flags(sex in rule.silent_parents for rule in rules)[place] for sex in (Sex.FEMALE, Sex.MALE)}
    _keep_imprinted(filters, is_silent)
    _hold_against_frequency(filters, variants, variant, is_known, settings)
    limit = settings.quality.heteroplasmy
    level = calls.fraction[variant, 0]
    filters.drop("heteroplasmy", ~is_known & (level < limit), kernel.MITOCHONDRIAL, level, limit)
    has_gene = _flags(gene != "" for gene in genes["gene"])[place]
    is_side = ((filters.models & kernel.RECESSIVE_SINGLE) != 0) & has_gene
    may_be_dominant = _flags(rule.allows_dominant for rule in rules)[place] | (fit.kind[variant] == kernel.Y)
    _drop_from_unaffected(filters, fit.notes[variant], is_silent, is_carrier_allowed | (is_known & may_be_dominant))
    may_be_recessive = _flags(rule.allows_recessive for rule in rules)[place]
    is_listed = _flags(rule.is_listed for rule in rules)[place]
    filters.drop("single_het", ~may_be_recessive & ~(is_known & ~is_listed), kernel.RECESSIVE_SINGLE)
    return Candidates(
        variant=variant,
        place=place,
        genes=genes,
        rules=rules,
        impact=places["impact"].to_numpy(),
        is_known=is_known,
        models=filters.models,
        is_side=is_side,
        is_carrier_allowed=is_carrier_allowed,
        rule=filters.rule,
        value=filters.value,
        threshold=filters.threshold,
    )


def _numbers(places: pl.DataFrame, genes: pl.DataFrame) -> Int64:
    """Place of each row's gene among the genes."""
    numbered = genes.with_row_index("place")
    joined = places.select("gene_id", "gene").join(numbered, on=["gene_id", "gene"], how="left", maintain_order="left")
    return joined["place"].to_numpy().astype(np.int64)


def _flags(values: Iterable[bool]) -> Bool:
    return np.fromiter(values, dtype=np.bool_)


class _Filters:
    """Models left to each row, and the first rule that took one which mattered."""

    def __init__(self, models: Int32) -> None:
        self.models = models
        self.rule = np.zeros(models.size, dtype=np.int8)
        self.value = np.full(models.size, np.nan)
        self.threshold = np.full(models.size, np.nan)

    def drop(
        self,
        rule: str,
        rows: Bool,
        models: int = -1,
        value: Float64 | float = np.nan,
        threshold: Float64 | float = np.nan,
    ) -> None:
        """Take models from rows; a row keeps the first rule named for it."""
        is_hit = rows & ((self.models & models) != 0)
        if models == -1:
            is_hit = rows
        is_first = is_hit & (self.rule == 0)
        self.rule[is_first] = RULES.index(rule)
        self.value[is_first] = np.broadcast_to(value, rows.shape)[is_first]
        self.threshold[is_first] = np.broadcast_to(threshold, rows.shape)[is_first]
        self.models[is_hit] &= ~models


def _admit(filters: _Filters, variants: pl.DataFrame, calls: Calls, fit: Fit, places: pl.DataFrame, variant: Int64) -> None:
    """Rules on the variant itself: kept not for its codon alone, carried by the proband, of a consequence looked at."""
    kept_by = variants["kept_by"].to_numpy().astype(np.int32)
    is_usable = (kept_by & int(KeptBy.RARE | KeptBy.CLINVAR | KeptBy.ALWAYS_LOOK)) != 0
    frequency = variants["allele_frequency"].to_numpy().astype(np.float64)
    filters.drop("frequency", ~is_usable[variant], value=frequency[variant])
    filters.drop("contig", (fit.kind == kernel.ELSEWHERE)[variant])
    depth = calls.depth[:, 0]
    is_missing = (calls.genotype[:, 0, :] == -1).any(axis=1) & ~(calls.genotype[:, 0, :] == 1).any(axis=1)
    filters.drop("no_call", is_missing[variant], value=np.where(depth < 0, np.nan, depth)[variant])
    filters.drop("no_alternate_in_proband", (fit.models == 0)[variant])
    has_model = places["gene_id"].to_numpy() != ""
    filters.drop("no_gene_model", ~places["passes"].to_numpy() & ~has_model)
    filters.drop("consequence", ~places["passes"].to_numpy())


def _keep_imprinted(filters: _Filters, is_silent: Mapping[Sex, Bool]) -> None:
    """Imprinted models stay only where the gene is known to be so imprinted; no rule is named, since another model is left."""
    for model, silent in ((kernel.IMPRINTED_PATERNAL, Sex.FEMALE), (kernel.IMPRINTED_MATERNAL, Sex.MALE)):
        filters.models[~is_silent[silent]] &= ~model


def _hold_against_frequency(
    filters: _Filters, variants: pl.DataFrame, variant: Int64, is_known: Bool, settings: Settings
) -> None:
    """Caps by mode; a frequency at the cap passes, so does a variant that no source has seen."""
    frequency = variants["allele_frequency"].to_numpy().astype(np.float32)[variant]
    caps: Mapping[int, float] = {
        RECESSIVE_MODELS: settings.frequency.recessive,
        DOMINANT_MODELS: settings.frequency.dominant,
        MITOCHONDRIAL_MODELS: settings.frequency.mitochondrial,
    }
    for models, cap in caps.items():
        is_common = ~is_known & (frequency > np.float32(cap))
        filters.drop("frequency_of_mode", is_common, models, frequency.astype(np.float64), cap)


def _drop_from_unaffected(filters: _Filters, notes: Int32, is_silent: Mapping[Sex, Bool], is_exempt: Bool) -> None:
    """Dominant alleles that come from unaffected parents alone."""
    is_unaffected = ((notes & kernel.UNAFFECTED_PARENTS_ONLY) != 0) & ~is_exempt
    from_mother = (notes & kernel.SILENT_PARENT_ONLY_PATERNAL) != 0
    from_father = (notes & kernel.SILENT_PARENT_ONLY_MATERNAL) != 0
    is_from_silent = (is_silent[Sex.FEMALE] & from_mother) | (is_silent[Sex.MALE] & from_father)
    filters.drop("silent_parent", is_unaffected & is_from_silent, INHERITED_MODELS)
    filters.drop("unaffected_parent", is_unaffected, INHERITED_MODELS)
