"""Stores in memory-mapped arrays: population frequencies, exact, a few bytes an allele; and ClinVar's alleles."""

from neotriage.store.clinvar import open_clinvar
from neotriage.store.reading import Store, open_store

__all__ = ["Store", "open_clinvar", "open_store"]
