"""Why not? The fate of any variant in a panel gene or at a ClinVar P/LP site, from an index of the stages' ledgers."""

from neotriage.whynot.answer import Answer, answer
from neotriage.whynot.index import Fate, build_index, fates

__all__ = ["Answer", "Fate", "answer", "build_index", "fates"]
