"""Which models of inheritance each variant fits in a family, from the genotypes alone. Truth tables: docs/inheritance.md.

Models and notes are bit masks; the model bits stand in the order of `schema.Model` (a test holds the two together).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["carrier_bounds", "fit_models"]

# Kinds of place on the genome.
AUTOSOME, X, Y, MITOCHONDRION, ELSEWHERE = 0, 1, 2, 3, 4  # AUTOSOME includes the pseudoautosomal regions
# Sexes.
UNKNOWN_SEX, MALE, FEMALE = 0, 1, 2

DE_NOVO = 1 << 0
DOMINANT_INHERITED = 1 << 1
DOMINANT_UNKNOWN = 1 << 2
IMPRINTED_PATERNAL = 1 << 3
IMPRINTED_MATERNAL = 1 << 4
RECESSIVE_HOMOZYGOUS = 1 << 5
RECESSIVE_ISODISOMY = 1 << 6
RECESSIVE_COMPOUND = 1 << 7
RECESSIVE_SINGLE = 1 << 8
X_RECESSIVE = 1 << 9
X_COMPOUND = 1 << 10
X_DOMINANT = 1 << 11
X_DE_NOVO = 1 << 12
Y_LINKED = 1 << 13
MITOCHONDRIAL = 1 << 14

ONE_ALLELE_MODELS = (
    DE_NOVO
    | DOMINANT_INHERITED
    | DOMINANT_UNKNOWN
    | IMPRINTED_PATERNAL
    | IMPRINTED_MATERNAL
    | X_DOMINANT
    | X_DE_NOVO
    | Y_LINKED
    | MITOCHONDRIAL
)
TWO_ALLELE_MODELS = RECESSIVE_HOMOZYGOUS | RECESSIVE_ISODISOMY | X_RECESSIVE
IMPRINTED_MODELS = IMPRINTED_PATERNAL | IMPRINTED_MATERNAL

# Notes on the genotypes.
MENDELIAN_ERROR = 1 << 0
ONE_PARENT_LACKS = 1 << 1
WEAK_PARENT = 1 << 2
MALE_HET = 1 << 3
Y_IN_FEMALE = 1 << 4
SEX_NOT_STATED = 1 << 5
PARTIAL_CALL = 1 << 6
HAPLOID_CALL = 1 << 7
UNAFFECTED_PARENTS_ONLY = 1 << 8
UNAFFECTED_X_MOTHER = 1 << 9
PARENT_OF_UNKNOWN_STATUS = 1 << 10
DE_NOVO_SHARED = 1 << 11
NOT_IN_MOTHER = 1 << 12
NOT_IN_FATHER = 1 << 13
SILENT_PARENT_ONLY_PATERNAL = 1 << 14
SILENT_PARENT_ONLY_MATERNAL = 1 << 15

# Where a heterozygous allele of the proband can come from.
FROM_FATHER, FROM_MOTHER, FROM_NONE = 1, 2, 4

Int8Matrix = npt.NDArray[np.int8]
Int8Vector = npt.NDArray[np.int8]
Int32Vector = npt.NDArray[np.int32]
BoolMatrix = npt.NDArray[np.bool_]
BoolVector = npt.NDArray[np.bool_]


@njit(nogil=True, cache=True)
def carrier_bounds(genotype: npt.NDArray[np.int8], kind: Int8Vector, sex: Int8Vector) -> tuple[Int8Matrix, Int8Matrix]:
    """Fewest and most copies of the allele that each person's call allows, 0 to 2; a hemizygous person's only copy counts 2.

    A missing allele may be either; a male's heterozygous call on X or Y outside PAR, and a female's call on Y, say nothing.

    Args:
        genotype: int8 (variants, samples, 2), 0 reference, 1 this alternate, 2 another, -1 missing, -2 none (haploid call).
        kind: int8 (variants,), AUTOSOME, X, Y, MITOCHONDRION or ELSEWHERE.
        sex: int8 (samples,), UNKNOWN_SEX, MALE or FEMALE.

    Returns:
        int8 (variants, samples) fewest, int8 (variants, samples) most.
    """
    variants, samples = genotype.shape[0], genotype.shape[1]
    fewest = np.zeros((variants, samples), dtype=np.int8)
    most = np.full((variants, samples), 2, dtype=np.int8)
    for v in range(variants):
        for s in range(samples):
            first, second = genotype[v, s, 0], genotype[v, s, 1]
            ones = int(first == 1) + int(second == 1)
            missing = int(first == -1) + int(second == -1)
            none = int(first == -2) + int(second == -2)
            if none == 2 or (kind[v] == Y and sex[s] == FEMALE):
                continue
            if kind[v] == MITOCHONDRION:
                fewest[v, s] = min(ones, 1)
                most[v, s] = 0 if ones + missing == 0 else 2
            elif kind[v] == Y or (kind[v] == X and (sex[s] == MALE or (sex[s] == UNKNOWN_SEX and none == 1))):
                fewest[v, s] = 2 if ones == 2 - none else 0
                most[v, s] = 0 if ones + missing == 0 else 2
            else:
                fewest[v, s] = ones
                most[v, s] = ones + missing + none
    return fewest, most


@njit(nogil=True, cache=True)
def _allele_sources(father_few: int, father_most: int, mother_few: int, mother_most: int) -> int:
    """Mask of the sources that a heterozygous child's allele can have; 0 when Mendel leaves none."""
    sources = 0
    if father_most >= 1 and mother_few < 2:
        sources |= FROM_FATHER
    if mother_most >= 1 and father_few < 2:
        sources |= FROM_MOTHER
    if father_few == 0 and mother_few == 0:
        sources |= FROM_NONE
    return sources


@njit(nogil=True, cache=True)
def _dominant(
    father_few: int, father_most: int, mother_few: int, mother_most: int, father_status: int, mother_status: int
) -> tuple[int, int, int]:
    """Origin of a dominant allele: 0 de novo, 1 inherited, 2 not known; whether incomplete; notes on the carrier parents."""
    if father_most == 0 and mother_most == 0:
        return 0, 0, 0
    father_has, mother_has = father_few >= 1, mother_few >= 1
    if not father_has and not mother_has:
        return 2, 1, 0
    is_supported = (father_has and father_status == 1) or (mother_has and mother_status == 1)
    is_open = (father_has and father_status == -1) or (mother_has and mother_status == -1)
    is_called = (father_has or father_most == 0) and (mother_has or mother_most == 0)
    notes = 0
    if not is_supported:
        notes = PARENT_OF_UNKNOWN_STATUS if is_open else UNAFFECTED_PARENTS_ONLY
    return 1, int(not is_supported and not is_called), notes


@njit(nogil=True, cache=True)
def _autosomal(
    is_full: bool,
    is_het: bool,
    father_few: int,
    father_most: int,
    mother_few: int,
    mother_most: int,
    father_status: int,
    mother_status: int,
    are_parents_sure: bool,
) -> tuple[int, int, int]:
    """Models, models that are incomplete, and notes, for a proband who carries the allele on an autosome or in PAR."""
    father_has, mother_has = father_few >= 1, mother_few >= 1
    father_lacks, mother_lacks = father_most == 0, mother_most == 0
    origin, is_open, notes = _dominant(father_few, father_most, mother_few, mother_most, father_status, mother_status)
    models = DE_NOVO << origin
    weak = models if is_open else 0
    if not father_lacks and (father_has or not mother_has):
        models |= IMPRINTED_PATERNAL
        if not (father_has and (mother_lacks or is_full)):
            weak |= IMPRINTED_PATERNAL
    if not mother_lacks and (mother_has or not father_has):
        models |= IMPRINTED_MATERNAL
        if not (mother_has and (father_lacks or is_full)):
            weak |= IMPRINTED_MATERNAL
    if father_lacks and mother_has:
        notes |= SILENT_PARENT_ONLY_PATERNAL
    if mother_lacks and father_has:
        notes |= SILENT_PARENT_ONLY_MATERNAL
    if not is_full:
        models |= RECESSIVE_SINGLE
        if is_het and father_few == 2 and mother_few == 2:
            notes |= MENDELIAN_ERROR
        return models, weak, notes
    if father_lacks and mother_lacks:
        return models | RECESSIVE_HOMOZYGOUS, weak, notes | MENDELIAN_ERROR
    if (father_lacks and mother_has) or (mother_lacks and father_has):
        if are_parents_sure:
            return models | RECESSIVE_ISODISOMY, weak, notes | ONE_PARENT_LACKS
        return models | RECESSIVE_HOMOZYGOUS, weak | RECESSIVE_HOMOZYGOUS, notes | WEAK_PARENT
    models |= RECESSIVE_HOMOZYGOUS
    if not (father_has and mother_has):
        weak |= RECESSIVE_HOMOZYGOUS
    return models, weak, notes


@njit(nogil=True, cache=True)
def _x_male(mother_few: int, mother_most: int, mother_status: int) -> tuple[int, int, int]:
    """As `_autosomal`, for a male's X outside PAR: his father gives him none."""
    if mother_most == 0:
        return X_DE_NOVO, 0, 0
    if mother_few == 0:
        return X_RECESSIVE | X_DOMINANT, X_RECESSIVE | X_DOMINANT, 0
    if mother_status == 0:
        return X_RECESSIVE, 0, 0
    return X_RECESSIVE | X_DOMINANT, 0, PARENT_OF_UNKNOWN_STATUS if mother_status == -1 else 0


@njit(nogil=True, cache=True)
def _x_female(
    is_full: bool,
    is_het: bool,
    father_few: int,
    father_most: int,
    mother_few: int,
    mother_most: int,
    father_status: int,
    mother_status: int,
    are_parents_sure: bool,
) -> tuple[int, int, int]:
    """As `_autosomal`, for a female's X outside PAR."""
    father_has, mother_has = father_few >= 1, mother_few >= 1
    father_lacks, mother_lacks = father_most == 0, mother_most == 0
    origin, is_open, notes = _dominant(father_few, father_most, mother_few, mother_most, father_status, mother_status)
    models = X_DE_NOVO if origin == 0 else X_DOMINANT
    weak = models if is_open else 0
    if notes & UNAFFECTED_PARENTS_ONLY and not father_has and mother_few < 2:
        notes = (notes & ~UNAFFECTED_PARENTS_ONLY) | UNAFFECTED_X_MOTHER
    if not is_full:
        models |= RECESSIVE_SINGLE
        if is_het and father_few == 2 and mother_few == 2:
            notes |= MENDELIAN_ERROR
        return models, weak, notes
    models |= X_RECESSIVE
    if father_lacks and mother_lacks:
        return models, weak, notes | MENDELIAN_ERROR
    if (father_lacks and mother_has) or (mother_lacks and father_has):
        if are_parents_sure:
            return models, weak, notes | ONE_PARENT_LACKS
        return models, weak | X_RECESSIVE, notes | WEAK_PARENT
    if not (father_has and mother_has):
        weak |= X_RECESSIVE
    return models, weak, notes


@njit(nogil=True, cache=True)
def _y(is_female: bool, father_few: int, father_most: int, father_status: int) -> tuple[int, int, int]:
    """As `_autosomal`, for Y outside PAR."""
    if is_female:
        return Y_LINKED, Y_LINKED, Y_IN_FEMALE
    if father_most == 0:
        return Y_LINKED, 0, NOT_IN_FATHER
    if father_few == 0:
        return Y_LINKED, Y_LINKED, 0
    if father_status == 0:
        return Y_LINKED, 0, UNAFFECTED_PARENTS_ONLY
    return Y_LINKED, 0, PARENT_OF_UNKNOWN_STATUS if father_status == -1 else 0


@njit(nogil=True, cache=True)
def _mitochondrial(mother_few: int, mother_most: int) -> tuple[int, int, int]:
    """As `_autosomal`, for the mitochondrion: the father has no say."""
    if mother_most == 0:
        return MITOCHONDRIAL, 0, NOT_IN_MOTHER
    return MITOCHONDRIAL, 0 if mother_few >= 1 else MITOCHONDRIAL, 0


@njit(nogil=True, cache=True)
def _against(
    v: int,
    kind: int,
    status: Int8Vector,
    fathers: Int32Vector,
    mothers: Int32Vector,
    is_maternal_line: BoolVector,
    fewest: Int8Matrix,
    most: Int8Matrix,
) -> tuple[int, int]:
    """Models that an affected relative does not have, and models that an unaffected relative has."""
    lacking, spared = 0, 0
    for s in range(1, fewest.shape[1]):
        few, many = fewest[v, s], most[v, s]
        if kind == MITOCHONDRION:
            if status[s] == 1 and many < 1 and is_maternal_line[s]:
                lacking |= MITOCHONDRIAL
        elif status[s] == 1:
            if many < 1:
                lacking |= ONE_ALLELE_MODELS | RECESSIVE_SINGLE
            if many < 2:
                lacking |= TWO_ALLELE_MODELS
        elif status[s] == 0:
            if few >= 1:
                spared |= ONE_ALLELE_MODELS & ~IMPRINTED_MODELS
                spared |= _imprinted_sibling(v, s, fathers, mothers, fewest, most)
            if few >= 2:
                spared |= TWO_ALLELE_MODELS | RECESSIVE_SINGLE
    return lacking, spared


@njit(nogil=True, cache=True)
def _imprinted_sibling(v: int, s: int, fathers: Int32Vector, mothers: Int32Vector, fewest: Int8Matrix, most: Int8Matrix) -> int:
    """Imprinted models under which carrier `s` surely got the allele from the proband's own father or mother."""
    father, mother = fathers[s], mothers[s]
    if father < 0 or mother < 0:
        return 0
    if father == fathers[0] and fewest[v, father] >= 1 and most[v, mother] == 0:
        return IMPRINTED_PATERNAL
    if mother == mothers[0] and fewest[v, mother] >= 1 and most[v, father] == 0:
        return IMPRINTED_MATERNAL
    return 0


@njit(nogil=True, cache=True)
def _is_shared(v: int, father: int, mother: int, fewest: Int8Matrix) -> bool:
    """Whether a relative other than the parents carries the allele."""
    is_shared = False
    for s in range(1, fewest.shape[1]):
        is_shared |= s not in (father, mother) and fewest[v, s] >= 1
    return is_shared


@njit(nogil=True, cache=True)
def fit_models(
    genotype: npt.NDArray[np.int8],
    kind: Int8Vector,
    sex: Int8Vector,
    status: Int8Vector,
    fathers: Int32Vector,
    mothers: Int32Vector,
    is_maternal_line: BoolVector,
    is_sure: BoolMatrix,
    fewest: Int8Matrix,
    most: Int8Matrix,
) -> tuple[Int32Vector, Int32Vector, Int32Vector, Int32Vector, Int32Vector, Int8Vector]:
    """Models that the proband's call fits, and how the family bears on each.

    Args:
        genotype: int8 (variants, samples, 2), see `carrier_bounds`; sample 0 is the proband.
        kind: int8 (variants,).
        sex: int8 (samples,).
        status: int8 (samples,), 1 affected, 0 unaffected, -1 not known.
        fathers: int32 (samples,), place of each person's father, -1 none.
        mothers: int32 (samples,), place of each person's mother, -1 none.
        is_maternal_line: bool (samples,), shares the proband's mitochondria by descent.
        is_sure: bool (variants, samples), call with depth and quality at the limits or above.
        fewest: int8 (variants, samples) of `carrier_bounds`.
        most: int8 (variants, samples) of `carrier_bounds`.

    Returns:
        int32 (variants,) each: models; those of them that lack a genotype; those that an affected person does not have;
        those that an unaffected person has; notes; and int8 (variants,) sources of a heterozygous proband's allele.
    """
    variants = fewest.shape[0]
    models = np.zeros(variants, dtype=np.int32)
    weak = np.zeros(variants, dtype=np.int32)
    lacking = np.zeros(variants, dtype=np.int32)
    spared = np.zeros(variants, dtype=np.int32)
    notes = np.zeros(variants, dtype=np.int32)
    sources = np.zeros(variants, dtype=np.int8)
    father, mother = fathers[0], mothers[0]
    father_status = status[father] if father >= 0 else -1
    mother_status = status[mother] if mother >= 0 else -1
    father_few, father_most, mother_few, mother_most = 0, 2, 0, 2
    for v in range(variants):
        first, second = genotype[v, 0, 0], genotype[v, 0, 1]
        if (first != 1 and second != 1) or kind[v] == ELSEWHERE:
            continue
        if father >= 0:
            father_few, father_most = fewest[v, father], most[v, father]
        if mother >= 0:
            mother_few, mother_most = fewest[v, mother], most[v, mother]
        sure = (father < 0 or is_sure[v, father]) and (mother < 0 or is_sure[v, mother])
        is_haploid = first == -2 or second == -2
        is_partial = first == -1 or second == -1
        is_full = fewest[v, 0] == 2
        is_het = not is_full and not is_partial and not is_haploid
        has_one_copy = kind[v] == Y or (kind[v] == X and (sex[0] == MALE or (sex[0] == UNKNOWN_SEX and is_haploid)))
        if kind[v] == AUTOSOME:
            fit, thin, note = _autosomal(
                is_full, is_het, father_few, father_most, mother_few, mother_most, father_status, mother_status, sure
            )
        elif kind[v] == Y:
            fit, thin, note = _y(sex[0] == FEMALE, father_few, father_most, father_status)
        elif kind[v] == MITOCHONDRION:
            fit, thin, note = _mitochondrial(mother_few, mother_most)
        elif has_one_copy:
            fit, thin, note = _x_male(mother_few, mother_most, mother_status)
        else:
            fit, thin, note = _x_female(
                is_full, is_het, father_few, father_most, mother_few, mother_most, father_status, mother_status, sure
            )
        if kind[v] != MITOCHONDRION:
            doubt = PARTIAL_CALL if is_partial else 0
            if is_haploid and not has_one_copy:
                doubt |= HAPLOID_CALL
            if is_het and has_one_copy and sex[0] != FEMALE:
                doubt |= MALE_HET
            if sex[0] == UNKNOWN_SEX and kind[v] != AUTOSOME:
                doubt |= SEX_NOT_STATED
            if doubt != 0:
                note |= doubt
                thin = fit
        if fit & RECESSIVE_SINGLE:
            sources[v] = _allele_sources(father_few, father_most, mother_few, mother_most)
        if fit & (DE_NOVO | X_DE_NOVO) and _is_shared(v, father, mother, fewest):
            note |= DE_NOVO_SHARED
        without, within = _against(v, kind[v], status, fathers, mothers, is_maternal_line, fewest, most)
        models[v], weak[v], notes[v] = fit, thin, note
        lacking[v], spared[v] = fit & without, fit & within
    return models, weak, lacking, spared, notes, sources
