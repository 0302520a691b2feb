"""The frequency store: how often alleles are seen in people, by exact look-up in memory-mapped arrays."""

from neotriage.store.reading import Store, open_store

__all__ = ["Store", "open_store"]
