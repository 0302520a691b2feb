"""I: how well the family fits, in decibans. One row of the table below for each hit, then what weakens it.

de novo, high confidence                      +12     hemizygous male, X                     +5
de novo, low confidence                        -3     both alleles on X, by phase            as compound
compound, in trans by parent or by read        +8     dominant on X                           0
compound, phase unknown                        -4     dominant, from an affected parent      +2
compound, in cis                              -30     dominant, origin unknown               -4
homozygous                                     +6     imprinted, by the parent of origin      0
homozygous by isodisomy                        +3     Y-linked                                0
lone hit in a recessive gene                  -10     mitochondrial                           0

a parent or genotype that the model needs is missing                                         -3
an affected person lacks it, or an unaffected one has it                                    -20
affected relatives share it: the points of PP1, at 3.18 dB a point
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neotriage.rank.terms import Part
from neotriage.schema import DeNovoConfidence, Model, Phase

__all__ = ["inheritance_parts"]

SOURCE = "docs/ranking.md, term I"

_BY_MODEL: Mapping[Model, float] = {
    Model.DOMINANT_INHERITED: 2.0,
    Model.DOMINANT_UNKNOWN: -4.0,
    Model.IMPRINTED_PATERNAL: 0.0,
    Model.IMPRINTED_MATERNAL: 0.0,
    Model.RECESSIVE_HOMOZYGOUS: 6.0,
    Model.RECESSIVE_ISODISOMY: 3.0,
    Model.RECESSIVE_SINGLE: -10.0,
    Model.X_RECESSIVE: 5.0,
    Model.X_DOMINANT: 0.0,
    Model.Y_LINKED: 0.0,
    Model.MITOCHONDRIAL: 0.0,
}
_BY_PHASE: Mapping[Phase, float] = {
    Phase.TRANS_BY_PARENT: 8.0,
    Phase.TRANS_BY_READ: 8.0,
    Phase.UNKNOWN: -4.0,
    Phase.CIS: -30.0,
    Phase.NOT_APPLICABLE: -4.0,
}
_BY_DE_NOVO: Mapping[DeNovoConfidence, float] = {
    DeNovoConfidence.HIGH: 12.0,
    DeNovoConfidence.LOW: -3.0,
    DeNovoConfidence.NOT_APPLICABLE: -3.0,
}
_INCOMPLETE_DB = -3.0
_CONTRADICTED_DB = -20.0
_INCOMPLETE_COUNTED = frozenset({Model.DOMINANT_UNKNOWN, Model.RECESSIVE_SINGLE})


def inheritance_parts(hit: Mapping[str, Any], criteria: Sequence[Mapping[str, Any]], db_per_point: float) -> list[Part]:
    """The parts of I of a hit (a row of `hits`), given the `criteria` rows of its first variant."""
    model, phase = Model(hit["model"]), Phase(hit["phase"])
    parts = [Part("I", *_pattern(model, phase, DeNovoConfidence(hit["de_novo_confidence"])), SOURCE)]
    if hit["is_incomplete"] and model not in _INCOMPLETE_COUNTED and phase is not Phase.UNKNOWN:
        parts.append(Part("I", "incomplete", _INCOMPLETE_DB, "a parent or genotype that the model needs is missing", SOURCE))
    if not hit["explains_affected"]:
        text = "an affected person lacks it, or an unaffected one has it"
        parts.append(Part("I", "does_not_explain_affected", _CONTRADICTED_DB, text, SOURCE))
    parts += [
        Part("I", "segregation", row["points"] * db_per_point, row["value"], row["source"])
        for row in criteria
        if row["criterion"] == "PP1" and row["points"]
    ]
    if hit["notes"]:
        parts.append(Part("I", "notes", 0.0, hit["notes"], "inheritance stage"))
    return parts


def _pattern(model: Model, phase: Phase, confidence: DeNovoConfidence) -> tuple[str, float, str]:
    if model in {Model.DE_NOVO, Model.X_DE_NOVO}:
        return "de_novo", _BY_DE_NOVO[confidence], f"{model.value.replace('_', ' ')}, confidence {confidence.value}"
    if model in {Model.RECESSIVE_COMPOUND, Model.X_COMPOUND}:
        return "compound", _BY_PHASE[phase], f"two alleles, {phase.value.replace('_', ' ')}"
    return "model", _BY_MODEL[model], model.value.replace("_", " ")
