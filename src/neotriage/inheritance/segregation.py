"""The kernel's answer for a case, and what the reads say of it: parents' evidence, de novo confidence, mitochondrial levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from neotriage import columns
from neotriage.genome import Build, ContigKind
from neotriage.inheritance.family import FamilyArrays
from neotriage.kernels import inheritance as kernel
from neotriage.schema import Origin
from neotriage.settings import QualityLimits

__all__ = ["Calls", "Fit", "asked_parents", "fit_family", "place_kinds", "read_calls"]

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int8 = npt.NDArray[np.int8]
Float64 = npt.NDArray[np.float64]

_KINDS = {
    ContigKind.AUTOSOME: kernel.AUTOSOME,
    ContigKind.X: kernel.X,
    ContigKind.Y: kernel.Y,
    ContigKind.MITOCHONDRION: kernel.MITOCHONDRION,
    ContigKind.OTHER: kernel.ELSEWHERE,
}


@dataclass(frozen=True)
class Calls:
    """The variants' calls as arrays.

    `genotype` int8 (variants, samples, 2) allele codes; `depth`, `alt_depth`, `genotype_quality` int32 (variants, samples),
    -1 missing; `fraction` float64 (variants, samples), share of the reads of both alleles that have this one, NaN missing;
    `is_by_depth` bool (variants, samples), a structural call that stands on copy number alone: it has no reads of alleles.
    """

    genotype: Int8
    depth: Int32
    alt_depth: Int32
    genotype_quality: Int32
    fraction: Float64
    is_by_depth: Bool


@dataclass(frozen=True)
class Fit:
    """What the genotypes and reads say of each variant, arrays (variants,) unless noted; see `kernels.inheritance`.

    `fewest`, `most`: int8 (variants, samples), copies of the allele that each person's call allows.
    `is_deep`: bool (variants, samples), depth and genotype quality at the limits or above.
    `is_de_novo_sure`: whether the reads bear out that the parents who could have passed the allele on lack it.
    """

    kind: Int8
    models: Int32
    weak: Int32
    lacking: Int32
    spared: Int32
    notes: Int32
    sources: Int8
    fewest: Int8
    most: Int8
    is_deep: Bool
    is_de_novo_sure: Bool

    def is_unknown(self, variant: int, person: int) -> bool:
        """Whether it is not known if a person carries the allele; so for one not sequenced (-1)."""
        return person < 0 or bool(self.fewest[variant, person] == 0 and self.most[variant, person] > 0)


def read_calls(variants: pl.DataFrame, samples: int) -> Calls:
    """The calls of a `variants` table."""
    ref_depth, alt_depth = _matrix(variants, "ref_depth", samples), _matrix(variants, "alt_depth", samples)
    depth = _matrix(variants, "depth", samples)
    total = np.where(ref_depth >= 0, ref_depth + alt_depth, depth)
    is_given = (alt_depth >= 0) & (total > 0)
    fraction = np.full(total.shape, np.nan)
    np.divide(alt_depth, total, out=fraction, where=is_given)
    genotype = np.ascontiguousarray(columns.array(variants, "genotype").reshape(variants.height, samples, 2))
    is_by_depth = (_matrix(variants, "copy_number", samples) >= 0) & (alt_depth < 0)
    return Calls(genotype, depth, alt_depth, _matrix(variants, "genotype_quality", samples), fraction, is_by_depth)


def place_kinds(variants: pl.DataFrame, build: Build) -> Int8:
    """Kind of each variant's place, int8 (variants,) as the kernel codes it; a pseudoautosomal place is autosomal.

    Raises:
        BuildError: a contig that the build does not have.
    """
    codes = {name: _KINDS[build.kind(name)] for name in variants["chrom"].unique().sort()}
    kind = variants["chrom"].replace_strict(codes, return_dtype=pl.Int8).to_numpy().copy() if codes else np.zeros(0, np.int8)
    position, chrom = variants["position"].to_numpy(), variants["chrom"]
    for region in build.par:
        kind[(chrom == region.contig).to_numpy() & (position >= region.start) & (position < region.end)] = kernel.AUTOSOME
    return kind


def fit_family(
    calls: Calls, kind: Int8, family: FamilyArrays, limits: QualityLimits, is_call_good: Bool, origin: Sequence[str] = ()
) -> Fit:
    """Fit every variant to the models in this family.

    Args:
        calls: the family's calls.
        kind: int8 (variants,) of `place_kinds`.
        family: who is who.
        limits: depth, quality and alternate reads at which a parent's reference call is believed.
        is_call_good: bool (variants,), the proband's own call passes all quality rules.
        origin: Origin of each variant where the reads were looked at again; then they decide whether the parents lack it.
    """
    fewest, most = kernel.carrier_bounds(calls.genotype, kind, family.sex)
    is_deep = ((calls.depth >= limits.depth) | calls.is_by_depth) & (calls.genotype_quality >= limits.genotype_quality)
    models, weak, lacking, spared, notes, sources = kernel.fit_models(
        calls.genotype,
        kind,
        family.sex,
        family.status,
        family.fathers,
        family.mothers,
        family.is_maternal_line,
        is_deep,
        fewest,
        most,
    )
    doubts = kernel.MENDELIAN_ERROR | kernel.MALE_HET | kernel.PARTIAL_CALL | kernel.HAPLOID_CALL | kernel.SEX_NOT_STATED
    lacks = _parents_lack(calls, kind, most, family, limits, is_deep)
    if len(origin):
        words = np.asarray(origin, dtype=np.str_)
        is_unseen = np.isin(words, (Origin.NOT_APPLICABLE.value, Origin.NOT_LOOKED_AT.value))
        lacks = np.where(is_unseen, lacks, words == Origin.DE_NOVO.value)
    is_sure = is_call_good & ((notes & doubts) == 0) & lacks
    return Fit(kind, models, weak, lacking, spared, notes, sources, fewest, most, is_deep, is_sure)


def asked_parents(kind: int, family: FamilyArrays) -> tuple[tuple[str, int], ...]:
    """The parents who could have passed the proband's allele on: what they are, and their place, -1 for one not sequenced."""
    father, mother = ("father", family.father), ("mother", family.mother)
    if kind == kernel.Y:
        return (father,)
    if kind == kernel.MITOCHONDRION or (kind == kernel.X and family.sex[0] == kernel.MALE):
        return (mother,)
    return (father, mother)


def _parents_lack(calls: Calls, kind: Int8, most: Int8, family: FamilyArrays, limits: QualityLimits, is_deep: Bool) -> Bool:
    """Whether the parents asked are called reference on enough reads and together show fewer alternate reads than the limit."""
    lacks = np.ones(kind.size, dtype=np.bool_)
    reads = np.zeros(kind.size, dtype=np.int64)
    for name, parent in (("father", family.father), ("mother", family.mother)):
        asking = [k for k in range(kernel.ELSEWHERE + 1) if (name, parent) in asked_parents(k, family)]
        is_asked = np.isin(kind, asking)
        if parent < 0:
            lacks &= ~is_asked
            continue
        codes = calls.genotype[:, parent, :]
        is_reference = ((codes == 0) | (codes == -2)).all(axis=1) & (most[:, parent] == 0)
        lacks &= ~is_asked | (
            is_reference & is_deep[:, parent] & ((calls.alt_depth[:, parent] >= 0) | calls.is_by_depth[:, parent])
        )
        reads += np.where(is_asked & ~calls.is_by_depth[:, parent], calls.alt_depth[:, parent], 0)
    return lacks & (reads < limits.de_novo_parent_alt_reads)


def _matrix(variants: pl.DataFrame, column: str, samples: int) -> Int32:
    return columns.array(variants, column).reshape(variants.height, samples).astype(np.int32, copy=False)
