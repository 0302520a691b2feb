"""What ClinVar says of each variant of the table, as written, with its review stars."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from neotriage.annotate.consequences import sites_of
from neotriage.clinvar import ClinvarRecord, Site, read_clinvar_records
from neotriage.columns import frame
from neotriage.genome import Build

__all__ = ["annotations_of", "annotations_table"]


def annotations_table(variants: pl.DataFrame, clinvar: Path | None, build: Build) -> pl.DataFrame:
    """The `annotations` table, rows as in `variants`; without ClinVar's file nothing is said, stars -1.

    Raises:
        FormatError, BuildError: as `clinvar.read_clinvar_records`.
    """
    records = {} if clinvar is None else read_clinvar_records(clinvar, build, frozenset(sites_of(variants)))
    return annotations_of(variants, records)


def annotations_of(variants: pl.DataFrame, records: Mapping[Site, ClinvarRecord]) -> pl.DataFrame:
    """The `annotations` table, rows as in `variants`, from ClinVar's records of them."""
    found = [records.get(site) for site in sites_of(variants)]
    return frame(
        "annotations",
        {
            "variant": variants["variant"].to_numpy(),
            "clinvar_id": [record.id if record else "" for record in found],
            "clinvar_text": [record.text if record else "" for record in found],
            "clinvar_review": [record.review if record else "" for record in found],
            "clinvar_stars": [record.stars if record else -1 for record in found],
            "clinvar_conditions": [record.conditions if record else "" for record in found],
            "clinvar_gene": [record.gene if record else "" for record in found],
        },
    )
