"""Which panels a baby's HPO terms speak for.

The phenotype term gives each disease gene a share (softmax of its decibans). A panel's green genes hold together a share m of
that, where chance would give them their number's share c. Panels are ordered by m ln(m/c) + (1-m) ln((1-m)/(1-c)), nats: what
is learnt by hearing that the gene is on the panel. A panel with m <= c is not suggested.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from neotriage.panels.reading import Panel
from neotriage.phenotype import GeneScores

__all__ = ["Suggestion", "suggest_panels"]

_SHOWN_GENES = 5
_LEAST = 1e-12


@dataclass(frozen=True)
class Suggestion:
    """A panel: share of the genes' probability that its green genes hold, share by chance, nats, and its best genes."""

    panel: Panel
    share: float
    by_chance: float
    nats: float
    genes: tuple[str, ...]


def suggest_panels(scores: GeneScores, panels: Iterable[Panel]) -> list[Suggestion]:
    """The panels that the terms speak for, best first; only green genes that HPO links to a disease count."""
    share = np.power(10.0, (scores.db - scores.db.max()) / 10.0)
    share /= share.sum()
    number = scores.model.gene_number
    found = []
    for panel in panels:
        places = sorted({number[g.symbol] for g in panel.genes if g.is_green and g.symbol in number}, key=lambda i: -share[i])
        held, chance = float(share[places].sum()), len(places) / share.size
        if held > chance:
            best = tuple(scores.model.genes[i] for i in places[:_SHOWN_GENES])
            found.append(Suggestion(panel, held, chance, _nats(held, chance), best))
    return sorted(found, key=lambda s: (-s.nats, s.panel.name))


def _nats(held: float, chance: float) -> float:
    rest, chance_rest = max(1.0 - held, _LEAST), max(1.0 - chance, _LEAST)
    return held * math.log(held / chance) + rest * math.log(rest / chance_rest)
