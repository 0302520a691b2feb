"""The phenotype term: likelihood ratios of a patient's HPO terms for every disease gene.

model = load()
scores = score(model, ["HP:0001250"], excluded=["HP:0001638"])
scores.db, scores.symbols, scores.explain("SCN1A")
"""

from __future__ import annotations

from neotriage.phenotype.model import Disease, PhenotypeModel, load
from neotriage.phenotype.scoring import Explanation, GeneScores, Part, score

__all__ = ["Disease", "Explanation", "GeneScores", "Part", "PhenotypeModel", "load", "score"]
