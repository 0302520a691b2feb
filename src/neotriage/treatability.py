"""What can be done for a treatable cause, from the open table `resources/treatability.tsv`. It adds no point to any rank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from neotriage.gene_table import read_gene_table
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


_VOCABULARIES = {"urgency": tuple(Urgency), "mode": tuple(TreatableMode), "loss_of_function": ("yes", "no")}
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
        InputError: as `read_gene_table`; every row names its source.
    """
    rows = read_gene_table(path or resource("treatability.tsv"), _COLUMNS, _VOCABULARIES)
    return {
        gene: Treatment(
            gene,
            row["condition"],
            row["action"],
            Urgency(row["urgency"]),
            row["source"],
            TreatableMode(row["mode"]),
            row["loss_of_function"] == "yes",
        )
        for gene, row in rows.items()
    }
