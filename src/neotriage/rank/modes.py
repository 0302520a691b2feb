"""Whether a hit's mode is one that the gene is known for: by the panel's curated mode, else by HPO's diseases.

panel's mode, or that of HPO's diseases        hits that fit
monoallelic                                    dominant, de novo
imprinted                                      the same, and inherited from the parent whose allele is heard
biallelic                                      homozygous, compound, lone hit
both                                           all of these
X-linked                                       a male's allele, two alleles; a female's one where the mode allows it
mitochondrial                                  mitochondrial
other, unknown, nothing                        not stated: neither for nor against
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from neotriage.panels import ModeOfInheritance
from neotriage.pedigree import Sex
from neotriage.schema import Model

__all__ = ["GeneModes", "ModeFit", "Need", "modes_of_diseases", "modes_of_panels", "need_of"]


class ModeFit(StrEnum):
    """How a hit's mode lies to the gene's."""

    FITS = "fits"
    CONTRADICTS = "contradicts"
    NOT_STATED = "not_stated"


class Need(StrEnum):
    """What a hit asks of the gene's mode."""

    ONE_ALLELE = "one_allele"
    TWO_ALLELES = "two_alleles"
    HEARD_FROM_FATHER = "heard_from_father"
    HEARD_FROM_MOTHER = "heard_from_mother"
    X_MALE_OR_TWO = "x_male_or_two"
    X_ONE_IN_FEMALE = "x_one_in_female"
    Y = "y"
    MITOCHONDRIAL = "mitochondrial"


# What the contig alone decides: autosomal words (of another disease, or of another gene of it) do not speak against it.
_BY_CONTIG = frozenset({Need.X_MALE_OR_TWO, Need.Y, Need.MITOCHONDRIAL})


@dataclass(frozen=True)
class GeneModes:
    """The needs that a gene's curated modes meet, None if nothing is stated; in words, and whose words they are."""

    met: frozenset[Need] | None
    words: str
    source: str

    def fit(self, need: Need) -> ModeFit:
        """Whether they meet a hit's need."""
        if self.met is None:
            return ModeFit.NOT_STATED
        if need in self.met:
            return ModeFit.FITS
        is_silent = need in _BY_CONTIG or (need is Need.X_ONE_IN_FEMALE and Need.X_MALE_OR_TWO not in self.met)
        return ModeFit.NOT_STATED if is_silent else ModeFit.CONTRADICTS


def need_of(model: Model, sex: Sex) -> Need:
    """What a hit of a model asks of the gene's mode; the sex is the proband's."""
    if model is Model.X_DE_NOVO:
        return Need.X_ONE_IN_FEMALE if sex is Sex.FEMALE else Need.X_MALE_OR_TWO
    return _NEEDS[model]


_NEEDS = {
    Model.DE_NOVO: Need.ONE_ALLELE,
    Model.DOMINANT_INHERITED: Need.ONE_ALLELE,
    Model.DOMINANT_UNKNOWN: Need.ONE_ALLELE,
    Model.IMPRINTED_PATERNAL: Need.HEARD_FROM_FATHER,
    Model.IMPRINTED_MATERNAL: Need.HEARD_FROM_MOTHER,
    Model.RECESSIVE_HOMOZYGOUS: Need.TWO_ALLELES,
    Model.RECESSIVE_ISODISOMY: Need.TWO_ALLELES,
    Model.RECESSIVE_COMPOUND: Need.TWO_ALLELES,
    Model.RECESSIVE_SINGLE: Need.TWO_ALLELES,
    Model.X_RECESSIVE: Need.X_MALE_OR_TWO,
    Model.X_COMPOUND: Need.X_MALE_OR_TWO,
    Model.X_DOMINANT: Need.X_ONE_IN_FEMALE,
    Model.Y_LINKED: Need.Y,
    Model.MITOCHONDRIAL: Need.MITOCHONDRIAL,
}


def modes_of_panels(modes: Sequence[ModeOfInheritance], words: str, source: str) -> GeneModes:
    """The needs met by the modes under which applied panels have a gene green; nothing stated if one states nothing."""
    if not modes or any(not mode.is_stated for mode in modes):
        return GeneModes(None, words, source)
    return GeneModes(frozenset(need for mode in modes for need in _met_by_panel(mode)), words, source)


def _met_by_panel(mode: ModeOfInheritance) -> Iterable[Need]:
    if mode.is_mitochondrial:
        return {Need.MITOCHONDRIAL}
    if mode.is_x_linked:
        return {Need.X_MALE_OR_TWO, Need.X_ONE_IN_FEMALE} if mode.allows_dominant else {Need.X_MALE_OR_TWO}
    needs = {Need.ONE_ALLELE} if mode.allows_dominant else set()
    if mode.allows_recessive:
        needs.add(Need.TWO_ALLELES)
    heard = {Sex.FEMALE: Need.HEARD_FROM_FATHER, Sex.MALE: Need.HEARD_FROM_MOTHER}
    if mode.imprinted_parent is not None:
        needs.add(heard[mode.imprinted_parent])
    if mode is ModeOfInheritance.MONOALLELIC_IMPRINTING_UNKNOWN:
        needs |= set(heard.values())
    return needs


_HPO_NEEDS = (
    ("autosomal dominant inheritance with maternal imprinting", (Need.ONE_ALLELE, Need.HEARD_FROM_FATHER)),
    ("autosomal dominant inheritance with paternal imprinting", (Need.ONE_ALLELE, Need.HEARD_FROM_MOTHER)),
    ("autosomal dominant", (Need.ONE_ALLELE,)),
    ("autosomal recessive", (Need.TWO_ALLELES,)),
    ("pseudoautosomal dominant", (Need.ONE_ALLELE, Need.X_ONE_IN_FEMALE, Need.X_MALE_OR_TWO)),
    ("pseudoautosomal recessive", (Need.TWO_ALLELES, Need.X_MALE_OR_TWO)),
    ("semidominant", (Need.ONE_ALLELE, Need.TWO_ALLELES)),
    ("x-linked recessive", (Need.X_MALE_OR_TWO,)),
    ("x-linked", (Need.X_MALE_OR_TWO, Need.X_ONE_IN_FEMALE)),
    ("y-linked", (Need.Y,)),
    ("mitochondrial", (Need.MITOCHONDRIAL,)),
)


def modes_of_diseases(names: Iterable[str], source: str) -> GeneModes:
    """The needs met by HPO's names of modes of inheritance of a gene's diseases; names that say nothing of it are passed by."""
    distinct = sorted(set(names))
    needs: set[Need] = set()
    for name in distinct:
        needs.update(next((met for prefix, met in _HPO_NEEDS if name.lower().startswith(prefix)), ()))
    return GeneModes(frozenset(needs) if needs else None, ", ".join(distinct), source)
