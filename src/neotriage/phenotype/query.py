"""A patient's HPO terms as the model's numbers: old ids mapped, what carries no weight left out, and both said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neotriage.errors import InputError
from neotriage.phenotype.model import PhenotypeModel

__all__ = ["Query", "read_query"]


@dataclass(frozen=True)
class Query:
    """The patient's terms as numbers of the model, and what was done to the ids given.

    Attributes:
        present, excluded: int32, distinct, in the order given.
        weight: float64 (present,), w_q.
        notes: ids mapped or left out, one sentence each.
    """

    present: np.ndarray
    excluded: np.ndarray
    weight: np.ndarray
    notes: tuple[str, ...]


def read_query(model: PhenotypeModel, present: Sequence[str], excluded: Sequence[str], *, newborn: bool = True) -> Query:
    """The patient's terms as numbers: old ids mapped, what carries no weight left out, both said in the notes.

    Raises:
        InputError: an unknown id, an obsolete one without a successor, or a term both present and excluded.
    """
    notes: list[str] = []
    has = _numbers(model, present, notes)
    lacks = _numbers(model, excluded, notes)
    both = [model.term_ids[t] for t in lacks if t in set(has)]
    if both:
        raise InputError(f"{both[0]} is both present and excluded", column="hpo", fix="keep one of them")
    implied = {int(a) for t in has for a in model.ancestors(t)}
    for term in lacks:
        if term in implied:
            notes.append(f"excluded {model.term_ids[term]} left out: a present term is a kind of it")
        elif newborn and model.is_late[term]:
            notes.append(f"excluded {model.term_ids[term]} left out: a newborn cannot show it")
    kept = [t for t in lacks if t not in implied and not (newborn and model.is_late[t])]
    numbers = np.array(has, dtype=np.int32)
    return Query(numbers, np.array(kept, dtype=np.int32), _weights(model, numbers), tuple(notes))


def _numbers(model: PhenotypeModel, ids: Sequence[str], notes: list[str]) -> list[int]:
    numbers: list[int] = []
    for given in ids:
        term = model.replaced.get(given, given)
        if term != given:
            notes.append(f"{given} is an old id of {term} {model.term_names[model.term_number[term]]}")
        if term not in model.term_number:
            consider = " or ".join(model.retired.get(given, ())) or "a term of HPO " + model.release
            what = "an obsolete HPO term without a successor" if given in model.retired else "not an HPO term"
            raise InputError(f"{given!r} is {what}", column="hpo", fix=f"use {consider}")
        number = model.term_number[term]
        if not model.is_phenotypic[number]:
            notes.append(f"{term} {model.term_names[number]} left out: not a phenotypic abnormality")
        elif number not in numbers:
            numbers.append(number)
    return numbers


def _weights(model: PhenotypeModel, terms: np.ndarray) -> np.ndarray:
    """w_q = 1 / (1 + sum of Lin^2 to the other terms); float64 (terms,)."""
    information = model.information[terms]
    sets = [set(model.ancestors(t).tolist()) for t in terms.tolist()]
    likeness = np.zeros(terms.size)
    for i in range(terms.size):
        for j in range(terms.size):
            if i != j and information[i] + information[j] > 0.0:
                common = max(model.information[a] for a in sets[i] & sets[j])
                likeness[i] += (2.0 * common / (information[i] + information[j])) ** 2
    return np.asarray(1.0 / (1.0 + likeness))
