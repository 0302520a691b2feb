"""The clinical question of one family, from its case file (YAML or JSON) or from a GA4GH phenopacket in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from neotriage.case import Clock, Consent, SuspectedMode
from neotriage.errors import InputError
from neotriage.inputs.document import Document, Key, read_document
from neotriage.inputs.hpo import HpoTerms, read_hpo_terms
from neotriage.inputs.panels import resolve_panel
from neotriage.inputs.phenopacket import is_phenopacket, read_phenopacket
from neotriage.inputs.samplesheet import Sheet, SheetFamily
from neotriage.inputs.validation import with_defaults

__all__ = ["Question", "find_case_files", "read_question"]

_ENDINGS = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Question:
    """What a case file says, checked against the family on the sheet; `proband` is None where it names none."""

    file: Path
    proband: str | None
    hpo_present: tuple[str, ...]
    hpo_excluded: tuple[str, ...]
    panels: tuple[Path, ...]
    suspected_mode: SuspectedMode
    consent: Consent
    excluded_genes: tuple[str, ...]
    clock: Clock
    notes: tuple[str, ...]


def find_case_files(folder: Path, sheet: Sheet) -> tuple[Mapping[str, Path], tuple[Path, ...]]:
    """Family -> its case file (<family>.yaml, .yml or .json), and the folder's case files of no family on the sheet.

    Raises:
        InputError: a family without a case file or with two.
    """
    present = sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS)
    unused = tuple(path for path in present if path.stem not in sheet.families)
    found: dict[str, Path] = {}
    for name, family in sheet.families.items():
        own = [path for path in present if path.stem == name]
        if len(own) != 1:
            problem = f"two case files ({own[0].name}, {own[1].name})" if own else f"no case file in {folder}"
            others = f" (it has {', '.join(path.name for path in unused[:5])})" if unused and not own else ""
            raise InputError(
                f"family {name} has {problem}{others}",
                file=sheet.path,
                row=min(family.rows.values()),
                column="family",
                fix="keep one of them" if own else f"write {folder / name}.yaml",
            )
        found[name] = own[0]
    return found, unused


def read_question(path: Path, family: SheetFamily, panels: Mapping[str, Path]) -> Question:
    """A family's case file or phenopacket, checked against the schema, HPO, the panels and the sheet.

    Args:
        path: the case file.
        family: the family as the sheet has it.
        panels: panel name -> file, as the config's resources give them.

    Raises:
        InputError: with file, line and key where known: a key or word that is not in the schema, another family's name, a
            proband who is not on the sheet, an unknown HPO id, a term both present and excluded, an unknown or empty panel,
            a time without offset or out of order, a phenopacket that contradicts the sheet.
    """
    document = read_document(path)
    if is_phenopacket(document.values):
        return _from_phenopacket(document, path, family)
    values = with_defaults(document, "case")
    if values["family"] != family.name:
        raise document.error(
            f"is of family {values['family']}, its name says {family.name}",
            ("family",),
            "make the file's name and its family agree",
        )
    proband = values.get("proband")
    _check_proband(document, ("proband",), proband, family)
    present, excluded, notes = _terms(
        document, {("hpo", kind, n): term for kind in ("present", "excluded") for n, term in enumerate(values["hpo"][kind])}
    )
    own_notes = [values["notes"]] if isinstance(values["notes"], str) else values["notes"]
    return Question(
        file=path,
        proband=proband,
        hpo_present=present,
        hpo_excluded=excluded,
        panels=tuple(resolve_panel(document, n, name, path.parent, panels) for n, name in enumerate(values["panels"])),
        suspected_mode=SuspectedMode(values["suspected_mode"]),
        consent=Consent(**values["consent"]),
        excluded_genes=tuple(dict.fromkeys(values["excluded_genes"])),
        clock=_clock(document, values["clock"]),
        notes=(*(" ".join(note.split()) for note in own_notes if note.strip()), *notes),
    )


def _from_phenopacket(document: Document, path: Path, family: SheetFamily) -> Question:
    packet = read_phenopacket(document, family)
    _check_proband(document, packet.proband_key, packet.proband, family)
    present, excluded, notes = _terms(document, packet.terms)
    unsaid = "the case came as a phenopacket, which states no panels, consent, suspected mode or clock"
    return Question(
        file=path,
        proband=packet.proband,
        hpo_present=present,
        hpo_excluded=excluded,
        panels=(),
        suspected_mode=SuspectedMode.ANY,
        consent=Consent(),
        excluded_genes=(),
        clock=Clock(),
        notes=(unsaid, *packet.notes, *notes),
    )


def _check_proband(document: Document, key: Key, proband: str | None, family: SheetFamily) -> None:
    if proband is not None and proband not in family.rows:
        raise document.error(
            f"proband {proband!r} is not a sample of family {family.name} on the samplesheet",
            key,
            f"name one of {', '.join(family.rows)}",
        )


def _terms(document: Document, stated: Mapping[Key, str]) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Present and excluded current HPO ids in the order given, and a note for each id that was replaced.

    The last but one part of a key is `excluded` for excluded terms.
    """
    terms = read_hpo_terms() if stated else HpoTerms("", {}, {}, {})
    notes: list[str] = []
    present: dict[str, Key] = {}
    excluded: dict[str, Key] = {}
    for key, term in stated.items():
        current = _current(document, key, term, terms)
        if current != term:
            notes.append(
                f"HPO id {term} is read as {current} ({terms.names[current]}), which replaced it (HPO {terms.release})"
            )
        own, other = (excluded, present) if "excluded" in key else (present, excluded)
        own.setdefault(current, key)
        if current in other:
            raise document.error(
                f"HPO term {current} ({terms.names[current]}) is both present and excluded", key, "keep the one that holds"
            )
    return tuple(present), tuple(excluded), notes


def _current(document: Document, key: Key, term: str, terms: HpoTerms) -> str:
    if term in terms.names:
        return term
    if term in terms.replaced:
        return terms.replaced[term]
    if term in terms.considered:
        others = " or ".join(f"{t} ({terms.names.get(t, '')})" for t in terms.considered[term])
        raise document.error(
            f"HPO id {term} is obsolete and nothing replaced it", key, f"use {others}" if others else "use a current term"
        )
    raise document.error(
        f"unknown HPO id {term} (HPO {terms.release})", key, "look the term up at hpo.jax.org and correct the id"
    )


def _clock(document: Document, values: Mapping[str, Any]) -> Clock:
    names = ("born", "sample_taken", "received")
    times = [(name, _time(document, name, values[name])) for name in names if values[name]]
    for (earlier, before), (later, after) in pairwise(times):
        if after < before:
            raise document.error(f"{later} is before {earlier}", ("clock", later), "correct the times or their offsets")
    return Clock(**values)


def _time(document: Document, name: str, text: str) -> datetime:
    fix = "write it as 2026-11-02T03:40:00+01:00 or 2026-11-02T02:40:00Z"
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise document.error(f"{text!r} is not an ISO 8601 time", ("clock", name), fix) from None
    if time.tzinfo is None:
        raise document.error(f"{text!r} has no offset from UTC", ("clock", name), fix)
    return time
