"""What of a report goes into a record, and under which name.

A candidate goes in if it has a share of at least 5 % or a variant of class P or LP, and if it bears on the question asked:
its gene is on an applied panel, or the baby's signs speak for it. One that bears on no question asked is a secondary finding
and goes in only with that consent; a lone variant in a recessive gene is a carrier status and goes in only with that one.
What was found beyond small variants (SMN1, repeats, whole chromosomes) and may explain the illness goes in as text. Excluded
genes are not in the document, so they cannot go in.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "LEAST_SHARE",
    "Pseudonyms",
    "allelic_state",
    "bears_on_question",
    "beyond_lines",
    "beyond_variants",
    "conclusion",
    "failed_gates",
    "reported_candidates",
    "statement_of",
]

LEAST_SHARE = 0.05  # below it the report's own words are "remote"
_PATHOGENIC = frozenset({"P", "LP"})


@dataclass(frozen=True)
class Pseudonyms:
    """The names that a case and its members bear outside: of the case `case-` and ten digits of the SHA-256 of its name.

    The digest hides a name from a reader, not from one who has a list of names to try.
    """

    case: str
    members: Mapping[str, str]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Pseudonyms:
        """The pseudonyms of a report document's case: members by role, numbered where a role comes twice."""
        case = "case-" + hashlib.sha256(document["case"]["name"].encode()).hexdigest()[:10]
        members: dict[str, str] = {}
        for member in document["case"]["members"]:
            role = f"{case}-{member['role']}"
            times = sum(name == role or name.startswith(f"{role}-") for name in members.values())
            members[member["sample"]] = f"{role}-{times + 1}" if times else role
        return cls(case, members)

    @property
    def baby(self) -> str:
        """The proband's pseudonym."""
        return f"{self.case}-baby"

    def hide(self, document: Mapping[str, Any], text: str) -> str:
        """A text with the pseudonyms of the persons it names; one who was left out of the case is `left-out`."""
        measured = [sample["sample"] for sample in (document.get("qc") or {"samples": []})["samples"]]
        people = {**dict.fromkeys(measured, f"{self.case}-left-out"), **self.members}
        for name, pseudonym in sorted(people.items(), key=lambda pair: -len(pair[0])):
            text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", pseudonym, text)
        return text

    def table(self, name: str) -> str:
        """The map from pseudonyms to names, tab-separated: to be kept apart from what is sent."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter="\t", lineterminator="\n")
        writer.writerow(["pseudonym", "kind", "name"])
        writer.writerow([self.case, "case", name])
        writer.writerows([pseudonym, "sample", sample] for sample, pseudonym in self.members.items())
        return out.getvalue()


def failed_gates(document: Mapping[str, Any]) -> list[str]:
    """Why the data's quality is red, one line a reason; empty where it is not. Names are the sheet's."""
    qc = document.get("qc")
    return [f"The data failed a check: {reason}" for reason in qc["reasons"]] if qc and qc["verdict"] == "red" else []


def beyond_variants(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Findings in SMN1, repeats and whole chromosomes that may explain the illness, most urgent first."""
    told = document.get("chromosomes") or {"findings": ()}
    return [finding for finding in told["findings"] if finding["level"] in {"urgent", "finding"}]


def beyond_lines(document: Mapping[str, Any]) -> list[str]:
    """The same, one line a finding."""
    return [f"Found beyond small variants: {finding['title']}: {finding['words']}" for finding in beyond_variants(document)]


def statement_of(document: Mapping[str, Any]) -> str:
    """The ranking's found or candidate; where it found nothing, beyond_variants (there is such a finding) or nothing_found."""
    statement = str(document["summary"]["statement"])
    return "beyond_variants" if statement == "nothing_found" and beyond_variants(document) else statement


def reported_candidates(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The candidates of a report document that go into a record, best first."""
    consent = document["case"]["consent"]
    reported = [
        candidate
        for candidate in document["candidates"]
        if _is_worth_it(candidate) and (bears_on_question(candidate) or consent.get("secondary_findings", False))
    ]
    if consent.get("carrier_status", False):
        reported += [candidate for candidate in document["second_hit_not_found"] if _has_pathogenic(candidate)]
    return reported


def bears_on_question(candidate: Mapping[str, Any]) -> bool:
    """Whether its gene is on an applied panel or the baby's signs speak for it; otherwise it is a secondary finding."""
    return bool(candidate["panels"]) or (candidate["parts_db"]["P"] or 0) > 0


def conclusion(document: Mapping[str, Any]) -> tuple[str, str]:
    """The statement (as `statement_of`) and a sentence that names only what is reported."""
    statement, place = statement_of(document), document["summary"].get("top") or {}
    about = [c for c in reported_candidates(document) if c["rank"] == place.get("rank", 1)]
    beyond = "".join(f"{line}. " for line in beyond_lines(document))
    if statement in {"nothing_found", "beyond_variants"} or not about:
        if beyond:
            return "beyond_variants", f"{beyond}To be confirmed by a laboratory. Among variants nothing was found."
        return "nothing_found", "Nothing was found that explains the baby's signs among what was looked at."
    candidate = about[0]
    classes = " and ".join(v["acmg_class"] or "not classified" for v in candidate["variants"])
    what = f"{candidate['gene']}, {candidate['model_words']}, class {classes}"
    disease = f" ({candidate['disease']})" if candidate["disease"] else ""
    start = "A likely cause was found" if statement == "found" else "No proven cause; the best candidate is"
    joint = ": " if statement == "found" else " "
    said = f"{start}{joint}{what}{disease}; {candidate['probability_words']}"
    return statement, f"{beyond}{said}. To be confirmed by a laboratory."


def allelic_state(document: Mapping[str, Any], candidate: Mapping[str, Any], variant: Mapping[str, Any]) -> str | None:
    """The baby's state: heterozygous, homozygous, hemizygous, heteroplasmic, homoplasmic; None where it is not known."""
    [baby] = [genotype for genotype in variant["genotypes"] if genotype["role"] == "baby"]
    if candidate["model"] == "mitochondrial":
        if not baby["depth"] or baby["alt_depth"] is None:
            return None
        share = baby["alt_depth"] / baby["depth"]
        return "homoplasmic" if share >= document["settings"]["quality"]["homoplasmy"] else "heteroplasmic"
    words = str(baby["words"]).partition(" ")[0]
    return words if words in {"heterozygous", "homozygous", "hemizygous"} else None


def _is_worth_it(candidate: Mapping[str, Any]) -> bool:
    return candidate["probability"] >= LEAST_SHARE or _has_pathogenic(candidate)


def _has_pathogenic(candidate: Mapping[str, Any]) -> bool:
    return any(variant["acmg_class"] in _PATHOGENIC for variant in candidate["variants"])
