"""neotriage: from a newborn's reads to a ranked report of treatable genetic causes."""

__version__ = "0.1.0"
