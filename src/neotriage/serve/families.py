"""The families of a results folder as their report documents tell them. Results are read here and never written.

A family is a folder of the results with `inputs/` or `report/` in it. One whose report cannot be read whole is a family with
a `problem`; it is never left out. Of a document only what the workbench shows is looked at, so that a report of another
release stays readable. What consent does not cover is not taken over: a candidate that bears on no question asked without
consent to secondary findings, a lone recessive hit without consent to carrier status.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from neotriage.checksum import file_sha256
from neotriage.clock import StageTime, job_times, stage_times
from neotriage.errors import InputError
from neotriage.interchange import bears_on_question, beyond_variants, reported_candidates, statement_of
from neotriage.schema import Tier

__all__ = ["URGENCIES", "Beyond", "Candidate", "Family", "Panel", "Quality", "Report", "Results", "Urgent"]

_SHARED = "resources"  # the results' folder of what families share
_LONGEST_PROBLEM = 300  # characters


@dataclass(frozen=True)
class Candidate:
    """A candidate that may be named; `is_reported` if it has a share of at least 5 % or a class P or LP."""

    rank: int
    gene: str
    gene_id: str
    disease: str
    model_words: str
    tier: str
    probability: float
    probability_words: str
    acmg_classes: tuple[str, ...]
    urgency: str
    treatment: str
    is_reported: bool
    is_second_hit_missing: bool


@dataclass(frozen=True)
class Panel:
    """A panel applied; `symbols` None where the report does not list its genes."""

    name: str
    version: str
    symbols: frozenset[str] | None
    not_in_gene_models: frozenset[str]


@dataclass(frozen=True)
class Quality:
    """Verdict of the quality figures: green, amber, red, or not measured; and its reasons."""

    verdict: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Beyond:
    """A finding beyond small variants; urgency and treatment '' where nothing is listed."""

    title: str
    words: str
    urgency: str
    treatment: str


@dataclass(frozen=True)
class Urgent:
    """What can be acted on: a gene or a finding's title, within hours, days or weeks, and how."""

    what: str
    urgency: str
    treatment: str


@dataclass(frozen=True)
class Report:
    """What the workbench shows of one report document.

    `statement` is found, candidate, beyond_variants or nothing_found; `top` the candidate that it is about, None if there is
    none or it may not be named; `received` None if it is not stated or no time (`received_as_written` tells which).
    """

    kind: str
    statement: str
    sentence: str
    top: Candidate | None
    candidates: tuple[Candidate, ...]
    beyond: tuple[Beyond, ...]
    panels: tuple[Panel, ...]
    quality: Quality
    received: datetime | None
    received_as_written: str
    consent: Mapping[str, bool]

    @property
    def urgent(self) -> Urgent | None:
        """The finding beyond variants or reported candidate that can be acted on soonest; None where there is none."""
        treatable = [Urgent(b.title, b.urgency, b.treatment) for b in self.beyond if b.urgency]
        if self.statement in {"found", "candidate"}:
            reported = sorted((c for c in self.candidates if c.is_reported and c.urgency), key=lambda c: c.rank)
            treatable += [Urgent(c.gene, c.urgency, c.treatment) for c in reported]
        return min(treatable, key=lambda one: URGENCIES.index(one.urgency), default=None)


@dataclass(frozen=True)
class Family:
    """One family: its name, the SHA-256 of its report document, and the report or the problem that hides it."""

    name: str
    document_sha256: str
    report: Report | None
    problem: str


class Results:
    """A results folder. What was read is kept until the file's time, size or number changes.

    Raises:
        InputError: no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"no results folder {folder}", fix="name the config's outdir")
        self.folder = folder
        self._read: dict[Path, tuple[tuple[int, ...], Family]] = {}
        self._digests: dict[Path, tuple[tuple[int, ...], str]] = {}

    def families(self) -> list[Family]:
        """Every family, by name."""
        return [self.family(folder.name) for folder in sorted(self._folders())]

    def family(self, name: str) -> Family:
        """The family of that name as its files stand now."""
        path, page = self._document(name), self.page(name)
        try:
            stamp = _stamp(path)
        except FileNotFoundError:
            is_started = page.exists() or path.with_name(path.name + ".partial").exists()
            return _broken(name, "its report is not whole yet, or was cut off" if is_started else "there is no report yet")
        except OSError as error:
            return _broken(name, f"its report cannot be opened: {error.strerror}")
        held = self._read.get(path)
        if held is None or held[0] != stamp:
            held = self._read[path] = stamp, _read(name, path)
        if not held[1].problem and not page.is_file():
            return _broken(name, f"the report's page {page.name} is missing: the report is not whole")
        return held[1]

    def page(self, name: str) -> Path:
        """The family's report as HTML."""
        return self.folder / name / "report" / f"{name}.html"

    def stages(self, name: str) -> tuple[StageTime, ...]:
        """What each stage of the family's run took so far, by its start."""
        return stage_times(job_times(self.folder / name))

    def digest(self, family: Family) -> str:
        """SHA-256 over the report's document and its page: what a sign-off is about; "" without a whole report."""
        if family.report is None:
            return ""
        page = self.page(family.name)
        try:
            stamp = _stamp(page)
            held = self._digests.get(page)
            if held is None or held[0] != stamp:
                held = self._digests[page] = stamp, file_sha256(page)
        except OSError:
            return ""
        return hashlib.sha256(f"{family.document_sha256} {held[1]}".encode()).hexdigest()

    def _document(self, name: str) -> Path:
        return self.folder / name / "report" / f"{name}.json"

    def _folders(self) -> Iterator[Path]:
        for folder in self.folder.iterdir():
            if folder.name != _SHARED and ((folder / "report").is_dir() or (folder / "inputs").is_dir()):
                yield folder


def _stamp(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _broken(name: str, problem: str, document_sha256: str = "") -> Family:
    short = problem if len(problem) <= _LONGEST_PROBLEM else f"{problem[:_LONGEST_PROBLEM]}…"
    return Family(name, document_sha256, None, short)


def _read(name: str, path: Path) -> Family:
    try:
        content = path.read_bytes()
    except OSError as error:
        return _broken(name, f"its report cannot be opened: {error.strerror}")
    digest = hashlib.sha256(content).hexdigest()
    try:
        document = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        return _broken(name, f"its report is not whole, or not JSON: {error}", digest)
    unexpected = best_match(_NEEDED.iter_errors(document))
    if unexpected is not None:
        return _broken(name, f"its report says something unexpected at {unexpected.json_path}: {unexpected.message}", digest)
    if document["case"]["name"] != name:
        return _broken(name, f"its report is of another family, {document['case']['name']}", digest)
    return Family(name, digest, _report(document), "")


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _report(document: Mapping[str, Any]) -> Report:
    consent = document["case"]["consent"]
    candidates = tuple(_candidates(document))
    summary, received = document["summary"], document["case"]["clock"].get("received", "")
    statement = statement_of(document)
    place = (summary.get("top") or {}).get("rank", 1)
    about = [c for c in candidates if c.rank == place and not c.is_second_hit_missing]
    has_top = statement in {"found", "candidate"}
    is_named = not has_top or bool(about)
    return Report(
        kind=document["case"]["kind"],
        statement=statement,
        sentence=summary["sentence"] if is_named else "",
        top=about[0] if about and has_top else None,
        candidates=candidates,
        beyond=tuple(map(_beyond, beyond_variants(document))),
        panels=tuple(map(_panel, summary["panels"])),
        quality=_quality(document["qc"]),
        received=_time(received),
        received_as_written=received,
        consent=consent,
    )


def _beyond(finding: Mapping[str, Any]) -> Beyond:
    treatment = finding["treatment"]
    act = (treatment["urgency"], _treatment_words(treatment)) if treatment else ("", "")
    return Beyond(finding["title"], finding["words"], *act)


def _treatment_words(treatment: Mapping[str, str]) -> str:
    return f"{treatment['condition']}: {treatment['action']}"


def _candidates(document: Mapping[str, Any]) -> Iterator[Candidate]:
    consent = document["case"]["consent"]
    reported = {candidate["rank"] for candidate in reported_candidates(document)}
    for candidate in document["candidates"]:
        if consent.get("secondary_findings", False) or bears_on_question(candidate):
            yield _candidate(candidate, is_reported=candidate["rank"] in reported, is_second_hit_missing=False)
    if consent.get("carrier_status", False):
        for candidate in document["second_hit_not_found"]:
            yield _candidate(candidate, is_reported=candidate["rank"] in reported, is_second_hit_missing=True)


def _candidate(raw: Mapping[str, Any], *, is_reported: bool, is_second_hit_missing: bool) -> Candidate:
    treatment = raw["treatment"]
    return Candidate(
        rank=raw["rank"],
        gene=raw["gene"],
        gene_id=raw["gene_id"],
        disease=raw["disease"],
        model_words=raw["model_words"],
        tier=raw["tier"],
        probability=raw["probability"],
        probability_words=raw["probability_words"],
        acmg_classes=tuple(variant["acmg_class"] or "not classified" for variant in raw["variants"]),
        urgency=treatment["urgency"] if treatment else "",
        treatment=_treatment_words(treatment) if treatment else "",
        is_reported=is_reported,
        is_second_hit_missing=is_second_hit_missing,
    )


def _panel(raw: Mapping[str, Any]) -> Panel:
    symbols = frozenset(raw.get("symbols") or ())
    return Panel(raw["name"], raw.get("version") or "", symbols or None, frozenset(raw.get("not_in_gene_models") or ()))


def _quality(raw: Mapping[str, Any] | None) -> Quality:
    return Quality("not measured", ()) if raw is None else Quality(raw["verdict"], tuple(raw["reasons"]))


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None


URGENCIES = ("hours", "days", "weeks")
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


_TREATMENT = {"anyOf": [{"type": "null"}, _object(condition=_TEXT, action=_TEXT, urgency={"enum": list(URGENCIES)})]}
_CANDIDATES = {
    "type": "array",
    "items": _object(
        rank={"type": "integer", "minimum": 1},
        gene={"type": "string", "minLength": 1},
        gene_id=_TEXT,
        disease=_TEXT,
        model_words=_TEXT,
        panels=_TEXTS,
        parts_db=_object(P={"type": ["number", "null"]}),
        tier={"enum": [tier.value for tier in Tier]},
        probability={"type": "number", "minimum": 0, "maximum": 1},
        probability_words=_TEXT,
        treatment=_TREATMENT,
        variants={"type": "array", "minItems": 1, "items": _object(acmg_class={"type": ["string", "null"]})},
    ),
}
_PANEL = _object(name=_TEXT) | {
    "properties": {
        "name": _TEXT,
        "version": {"type": ["string", "null"]},
        "symbols": {"anyOf": [{"type": "null"}, _TEXTS]},
        "not_in_gene_models": {"anyOf": [{"type": "null"}, _TEXTS]},
    }
}
_FINDINGS = {"type": "array", "items": _object(level=_TEXT, title=_TEXT, words=_TEXT, treatment=_TREATMENT)}
_TOP = {"type": "object", "properties": {"rank": {"type": "integer"}}}
_NEEDED = Draft202012Validator(
    {
        "properties": {"chromosomes": {"anyOf": [{"type": "null"}, _object(findings=_FINDINGS)]}},
        "allOf": [
            _object(
                document_version={"const": 1},
                case=_object(
                    name=_TEXT,
                    kind=_TEXT,
                    consent={"type": "object", "additionalProperties": {"type": "boolean"}},
                    clock={"type": "object", "additionalProperties": _TEXT},
                ),
                summary={
                    "type": "object",
                    "required": ["statement", "sentence", "panels"],
                    "properties": {
                        "statement": {"enum": ["found", "candidate", "beyond_variants", "nothing_found"]},
                        "sentence": _TEXT,
                        "panels": {"type": "array", "items": _PANEL},
                        "top": {"anyOf": [{"type": "null"}, _TOP]},
                    },
                },
                candidates=_CANDIDATES,
                second_hit_not_found=_CANDIDATES,
                qc={"anyOf": [{"type": "null"}, _object(verdict={"enum": ["green", "amber", "red"]}, reasons=_TEXTS)]},
            )
        ],
    }
)
