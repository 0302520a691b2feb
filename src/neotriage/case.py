"""The case: one family with its clinical question, as every stage reads it from `<outdir>/<case>/inputs/case.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from neotriage.errors import FormatError
from neotriage.pedigree import Family, Member, Sex
from neotriage.settings import Settings, settings_from
from neotriage.whole_file import write_json

__all__ = ["Case", "Clock", "Consent", "SuspectedMode", "read_case", "write_case"]


class SuspectedMode(StrEnum):
    """The inheritance the clinician suspects; it is shown, and never filters."""

    ANY = "any"
    DOMINANT = "dominant"
    RECESSIVE = "recessive"
    X_LINKED = "x_linked"
    MITOCHONDRIAL = "mitochondrial"


@dataclass(frozen=True)
class Consent:
    """What the family agreed to beyond the question asked; nothing unless the case file says so."""

    secondary_findings: bool = False
    carrier_status: bool = False


@dataclass(frozen=True)
class Clock:
    """Times as ISO 8601 with offset or Z; '' not stated."""

    born: str = ""
    sample_taken: str = ""
    received: str = ""


@dataclass(frozen=True)
class Case:
    """A family and its clinical question. `panels` are file paths of the panels applied, already resolved and checked."""

    name: str
    family: Family
    hpo_present: tuple[str, ...] = ()
    hpo_excluded: tuple[str, ...] = ()
    panels: tuple[str, ...] = ()
    excluded_genes: tuple[str, ...] = ()
    suspected_mode: SuspectedMode = SuspectedMode.ANY
    consent: Consent = field(default_factory=Consent)
    clock: Clock = field(default_factory=Clock)
    settings: Settings = field(default_factory=Settings)
    build: str = "GRCh38"
    notes: tuple[str, ...] = ()


def write_case(case: Case, path: Path) -> None:
    """Write a case as JSON, keys sorted: same case, same bytes."""
    raw = {
        "name": case.name,
        "family": case.family.name,
        "members": [
            {"sample": m.sample, "sex": m.sex.value, "is_affected": m.is_affected, "father": m.father, "mother": m.mother}
            for m in case.family.members
        ],
        "hpo_present": case.hpo_present,
        "hpo_excluded": case.hpo_excluded,
        "panels": case.panels,
        "excluded_genes": case.excluded_genes,
        "suspected_mode": case.suspected_mode.value,
        "consent": {"secondary_findings": case.consent.secondary_findings, "carrier_status": case.consent.carrier_status},
        "clock": {"born": case.clock.born, "sample_taken": case.clock.sample_taken, "received": case.clock.received},
        "settings": case.settings.as_dict(),
        "build": case.build,
        "notes": case.notes,
    }
    write_json(path, raw)


def read_case(path: Path) -> Case:
    """Read what `write_case` wrote; members stay in array order.

    Raises:
        FormatError: not such a file.
    """
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        members = tuple(Member(m["sample"], Sex(m["sex"]), m["is_affected"], m["father"], m["mother"]) for m in raw["members"])
        return Case(
            name=raw["name"],
            family=Family(raw["family"], members),
            hpo_present=tuple(raw["hpo_present"]),
            hpo_excluded=tuple(raw["hpo_excluded"]),
            panels=tuple(raw["panels"]),
            excluded_genes=tuple(raw["excluded_genes"]),
            suspected_mode=SuspectedMode(raw["suspected_mode"]),
            consent=Consent(**raw["consent"]),
            clock=Clock(**raw["clock"]),
            settings=settings_from(raw["settings"], file=str(path)),
            build=raw["build"],
            notes=tuple(raw["notes"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"not a case file of neotriage ({error!r})", file=path, fix="run `neotriage inputs` again") from None
