"""Where a gene stands in the families: as a candidate that may be named, or only on a panel.

A family answers with its first that holds:
  candidate          the gene is a candidate of its report
  second hit         one change in a recessive gene, with consent to carrier status
  not looked at      on a panel, but not in the gene models
  on a panel         on a panel, no candidate to be named
A gene that the family excluded and one that consent withholds answer like any gene that has nothing to show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from neotriage.serve.families import Candidate, Family, Report

__all__ = ["Answer", "Found", "search"]


@dataclass(frozen=True)
class Found:
    """One family that has something to show for the gene."""

    family: str
    name: str
    words: str
    candidate: Candidate | None


@dataclass(frozen=True)
class Answer:
    """Families with the gene, best place first; and how many could not be asked, or only in part."""

    gene: str
    found: tuple[Found, ...]
    nothing: int
    panels_not_listed: int
    unreadable: int


def search(families: Iterable[tuple[str, Family]], gene: str) -> Answer:
    """Look for an approved symbol or gene id, whatever its case.

    Args:
        families: opaque id and family.
        gene: the symbol or id.
    """
    wanted = gene.strip().casefold()
    placed: list[tuple[int, Found]] = []
    nothing = panels_not_listed = unreadable = 0
    for family_id, family in families:
        if family.report is None:
            unreadable += 1
        elif place := _place(family.report, wanted):
            order, words, candidate = place
            placed.append((order, Found(family_id, family.name, words, candidate)))
        elif any(panel.symbols is None for panel in family.report.panels):
            panels_not_listed += 1
        else:
            nothing += 1
    placed.sort(key=lambda entry: (entry[0], -(entry[1].candidate.probability if entry[1].candidate else 0), entry[1].name))
    return Answer(gene.strip(), tuple(found for _, found in placed), nothing, panels_not_listed, unreadable)


def _place(report: Report, wanted: str) -> tuple[int, str, Candidate | None] | None:
    hits = [c for c in report.candidates if wanted in {c.gene.casefold(), c.gene_id.casefold()}]
    for hit in hits:
        if not hit.is_second_hit_missing:
            return 0, f"candidate, rank {hit.rank}", hit
    if hits:
        return 1, "one change in a recessive gene; a second was not found", hits[0]
    for panel in report.panels:
        if wanted in {symbol.casefold() for symbol in panel.not_in_gene_models}:
            return 2, f"on panel {panel.name}, but not in the gene models: not looked at", None
    for panel in report.panels:
        if wanted in {symbol.casefold() for symbol in panel.symbols or ()}:
            return 3, f"on panel {panel.name}: no candidate to be named", None
    return None
