"""What can be done for a treatable cause, from the open table `resources/treatability.tsv`. It adds no point to any rank."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from neotriage.errors import InputError
from neotriage.home import resource

__all__ = ["TreatableMode", "Treatment", "Urgency", "read_treatability"]


class Urgency(StrEnum):
    """How soon the action matters."""

    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"


class TreatableMode(StrEnum):
    """How the condition is inherited, as far as the act-now page needs it."""

    BIALLELIC = "biallelic"
    MONOALLELIC = "monoallelic"
    BOTH = "both"
    X_RECESSIVE = "x_recessive"
    X_DOMINANT = "x_dominant"
    MITOCHONDRIAL = "mitochondrial"


_CHOICES = {"urgency": tuple(Urgency), "mode": tuple(TreatableMode), "loss_of_function": ("yes", "no")}
_COLUMNS = ("gene", "condition", "action", "urgency", "source", "mode", "loss_of_function")


@dataclass(frozen=True)
class Treatment:
    """One row: approved gene symbol, condition, action, how soon, and where that was taken from.

    `mode` is how it is inherited; `is_lost` whether a truncating allele causes it.
    """

    gene: str
    condition: str
    action: str
    urgency: Urgency
    source: str
    mode: TreatableMode
    is_lost: bool


def read_treatability(path: Path | None = None) -> Mapping[str, Treatment]:
    """Approved gene symbol -> treatment.

    Raises:
        InputError: a row without source, with an unknown urgency or mode, or a gene twice.
    """
    file = path or resource("treatability.tsv")
    rows: dict[str, Treatment] = {}
    lines = file.read_text(encoding="utf-8").splitlines()
    skipped = sum(1 for line in lines if line.startswith("#"))
    reader = csv.DictReader(lines[skipped:], delimiter="\t")
    for number, row in enumerate(reader, skipped + 2):
        values = {key: (row.get(key) or "").strip() for key in _COLUMNS}
        empty = [key for key, value in values.items() if not value]
        if empty:
            raise InputError("empty", file=file, row=number, column=empty[0], fix="fill it in, or leave the row out")
        for column, words in _CHOICES.items():
            if values[column] not in words:
                raise InputError(
                    f"unknown {column} {values[column]!r}", file=file, row=number, column=column, fix=", ".join(words)
                )
        if values["gene"] in rows:
            raise InputError(f"{values['gene']} stands twice", file=file, row=number, column="gene", fix="join the two rows")
        rows[values["gene"]] = Treatment(
            values["gene"],
            values["condition"],
            values["action"],
            Urgency(values["urgency"]),
            values["source"],
            TreatableMode(values["mode"]),
            values["loss_of_function"] == "yes",
        )
    return rows
