"""HGVS names of variants on the run's own gene models and reference; nothing is looked up outside."""

from neotriage.naming.namer import Namer, Names

__all__ = ["Namer", "Names"]
