"""The first screen's answer: what was found in one sentence, how sure, and what to do in order of how soon.

act now    a treatment within hours for the finding itself, or for a candidate whose every allele is P or LP
found, candidate    the ranking's own statement, about the candidate that it names
beyond variants    what SMN1, repeats and chromosomes show comes before the ranking's statement
nothing_found    neither
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neotriage.interchange import beyond_variants
from neotriage.treatability import Urgency

__all__ = ["Action", "Answer", "answer_of"]

_SOONEST = list(Urgency)
_BEYOND = "Found beyond small variants"
_LABELS = {"found": "Found", "candidate": "Candidate, not proven", "beyond_variants": _BEYOND, "nothing_found": "Nothing found"}


@dataclass(frozen=True)
class Action:
    """A treatable candidate. `is_strong`: it is the finding, or every allele is P or LP."""

    candidate: Mapping[str, Any]
    is_strong: bool

    @property
    def urgency(self) -> str:
        """Hours, days or weeks."""
        return str(self.candidate["treatment"]["urgency"])


@dataclass(frozen=True)
class Answer:
    """What the first screen says. `about` is the candidate that the sentence is about, None where nothing was found."""

    label: str
    sentence: str
    about: Mapping[str, Any] | None
    actions: tuple[Action, ...]
    beyond: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_act_now(self) -> bool:
        """Whether something strong can be treated within hours, or a finding beyond variants is urgent."""
        is_urgent = any(finding["level"] == "urgent" for finding in self.beyond)
        return is_urgent or any(action.is_strong and action.urgency == Urgency.HOURS for action in self.actions)


def answer_of(document: Mapping[str, Any]) -> Answer:
    """The answer of a report document."""
    summary = document["summary"]
    rank = (summary.get("top") or {}).get("rank", 1)
    named = [c for c in document["candidates"] if c["rank"] == rank and summary["statement"] in {"found", "candidate"}]
    about = named[0] if named else None
    treatable = [c for c in document["candidates"] if c["treatment"]]
    actions = [Action(c, c is about or _is_pathogenic(c)) for c in treatable]
    shown = [a for a in actions if a.is_strong or a.candidate["tier"] == "1"]
    shown.sort(key=lambda a: (not a.is_strong, _SOONEST.index(Urgency(a.urgency)), a.candidate["rank"]))
    beyond = tuple(beyond_variants(document))
    label, sentence = _LABELS[summary["statement"]], _sentence(summary["statement"], about)
    if beyond and about is None:
        label, sentence = _BEYOND, f"{beyond[0]['title']}: {beyond[0]['words']}."
    return Answer(label, sentence, about, tuple(shown), beyond)


def _sentence(statement: str, about: Mapping[str, Any] | None) -> str:
    if about is None:
        return "Nothing was found that explains the baby's illness among what was looked at."
    what = f"{about['gene']} ({about['disease'] or 'no disease of this gene in the HPO annotation'})"
    return f"A likely cause was found: {what}." if statement == "found" else f"No proven cause; the best candidate is {what}."


def _is_pathogenic(candidate: Mapping[str, Any]) -> bool:
    return all(variant["acmg_class"] in {"P", "LP"} for variant in candidate["variants"])
