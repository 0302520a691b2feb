"""Why not? The fate of any variant in a panel gene or at a ClinVar P/LP site, from an index of the stages' ledgers."""

from neotriage.whynot.answer import Answer, answer, sentence
from neotriage.whynot.index import Fate, all_fates, build_index, fates

__all__ = ["Answer", "Fate", "all_fates", "answer", "build_index", "fates", "sentence"]
