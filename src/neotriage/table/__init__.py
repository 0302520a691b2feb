"""The table stage: a family's calls to the variant table, the why-not ledger and the survivors, by the rules of `rules.py`."""

from neotriage.table.triage import TableInputs, TableOutputs, triage

__all__ = ["TableInputs", "TableOutputs", "triage"]
