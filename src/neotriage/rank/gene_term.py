"""G: what is known of the gene before this baby was looked at, in decibans. It moves a gene, and never hides it.

green on an applied panel, mode fits or is not stated     + panel_prior_db (4)
amber there, the same                                     + half of it
red, off the panels, no panel applied, mode contradicts     0
no known disease (HPO) and green on no panel              -20
one altered allele, gene known for two                    -30
another contradiction of mode                             -10
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neotriage.gene_models import GeneModels
from neotriage.panels import GREEN, Panel, PanelGene, match_panel
from neotriage.phenotype import Disease
from neotriage.rank.modes import GeneModes, ModeFit, Need, modes_of_diseases, modes_of_panels
from neotriage.rank.terms import Part

__all__ = ["AppliedPanels", "PanelEntry", "apply_panels", "gene_parts", "mode_conflicts"]

SOURCE = "docs/ranking.md, term G"

_AMBER = GREEN - 1
_NO_DISEASE_DB = -20.0
_LONE_ALLELE_DB = -30.0
_OTHER_MODE_DB = -10.0
_ONE_ALLELE = frozenset({Need.ONE_ALLELE, Need.X_ONE_IN_FEMALE, Need.HEARD_FROM_FATHER, Need.HEARD_FROM_MOTHER})


@dataclass(frozen=True)
class PanelEntry:
    """A gene's entry on one applied panel."""

    panel: Panel
    gene: PanelGene

    @property
    def label(self) -> str:
        """The panel's name with its version, if it has one."""
        return f"{self.panel.name} v{self.panel.version}" if self.panel.version else self.panel.name


@dataclass(frozen=True)
class AppliedPanels:
    """The applied panels: entries by gene id (and, without gene models, by symbol), and what the gene models lack.

    `candidates`: panel's SHA-256 -> label of a gene not in the gene models -> symbols there that it might mean.
    """

    panels: tuple[Panel, ...]
    by_gene: Mapping[str, tuple[PanelEntry, ...]]
    not_in_gene_models: Mapping[str, tuple[str, ...] | None]
    candidates: Mapping[str, Mapping[str, tuple[str, ...]]]

    def entries(self, gene_id: str, gene: str) -> tuple[PanelEntry, ...]:
        """A gene's entries, in order of the panels."""
        return self.by_gene.get(gene_id) or self.by_gene.get(f"symbol {gene}", ())


def apply_panels(panels: Sequence[Panel], models: GeneModels | None) -> AppliedPanels:
    """Panels against the gene models; without these, genes are met by Ensembl id or exactly the same symbol."""
    by_gene: dict[str, list[PanelEntry]] = {}
    lacking: dict[str, tuple[str, ...] | None] = {}
    candidates: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for panel in panels:
        if models is None:
            lacking[panel.sha256] = None
            for gene in panel.genes:
                for key in [*gene.ensembl_ids, *([f"symbol {gene.symbol}"] if gene.symbol else [])]:
                    by_gene.setdefault(key, []).append(PanelEntry(panel, gene))
            continue
        match = match_panel(panel, models)
        lacking[panel.sha256] = tuple(gene.label for gene in match.unmatched)
        candidates[panel.sha256] = match.candidates
        for place, gene in match.genes.items():
            by_gene.setdefault(models.genes[place].id, []).append(PanelEntry(panel, gene))
    return AppliedPanels(tuple(panels), {gene: tuple(entries) for gene, entries in by_gene.items()}, lacking, candidates)


def curated_modes(entries: Sequence[PanelEntry]) -> GeneModes | None:
    """The modes under which panels have a gene green, None if none has it green."""
    green = [entry for entry in entries if entry.gene.is_green]
    if not green:
        return None
    words = "; ".join(dict.fromkeys(entry.gene.mode_text or "no mode stated" for entry in green))
    return modes_of_panels([entry.gene.mode for entry in green], words, "; ".join(entry.label for entry in green))


def gene_parts(
    entries: Sequence[PanelEntry], modes: GeneModes, need: Need, *, has_disease: bool, has_panels: bool, prior_db: float
) -> list[Part]:
    """The parts of G.

    Args:
        entries: the gene's entries on applied panels.
        modes: what the gene is known for: the panels' word if a panel has it green with a mode, else HPO's.
        need: what the hit asks of it.
        has_disease: whether HPO links a disease to the gene.
        has_panels: whether any panel was applied.
        prior_db: decibans of a green gene.
    """
    fit = modes.fit(need)
    best = max((entry.gene.confidence for entry in entries), default=-1)
    parts = [_panel_part(entries, best, fit, has_panels, prior_db)]
    if not has_disease and best < GREEN:
        parts.append(Part("G", "no_known_disease", _NO_DISEASE_DB, "HPO links no disease to the gene", SOURCE))
    if fit is ModeFit.CONTRADICTS:
        is_lone = need in _ONE_ALLELE
        db = _LONE_ALLELE_DB if is_lone else _OTHER_MODE_DB
        text = f"the hit needs {need.value.replace('_', ' ')}, the gene is known for: {modes.words}"
        parts.append(Part("G", "mode_contradicts", db, text, f"{modes.source}; {SOURCE}"))
    else:
        text = f"{modes.words or 'no mode known'} ({fit.value.replace('_', ' ')})"
        parts.append(Part("G", "mode", 0.0, text, f"{modes.source}; {SOURCE}" if modes.source else SOURCE))
    return parts


def mode_conflicts(
    entries: Sequence[PanelEntry], diseases: Sequence[Disease], best: Disease | None, need: Need, source: str
) -> list[Part]:
    """Flagged lines of 0 dB: applied panels that disagree on the mode, and diseases of the gene that do.

    Args:
        entries: the gene's entries on applied panels.
        diseases: the gene's diseases in HPO.
        best: the disease that the signs fit best.
        need: what the hit asks of the mode.
        source: HPO's release in words.
    """
    by_panel = {e.label: modes_of_panels([e.gene.mode], e.gene.mode_text, e.label) for e in entries if e.gene.is_green}
    by_disease = {d.name or d.id: modes_of_diseases(d.modes, source) for d in diseases}
    parts = []
    for rule, whose, of in (("panels_differ", "panels", by_panel), ("diseases_differ", "diseases", by_disease)):
        fits = {name: modes.fit(need) for name, modes in of.items()}
        against = [f"{name} ({of[name].words})" for name, fit in fits.items() if fit is ModeFit.CONTRADICTS]
        fitting = [f"{name} ({of[name].words})" for name, fit in fits.items() if fit is ModeFit.FITS]
        if against and fitting:
            text = f"the gene's {whose} differ in mode: the hit fits {'; '.join(fitting)}, not {'; '.join(against)}"
            if whose == "diseases" and best is not None and fits.get(best.name or best.id) is ModeFit.CONTRADICTS:
                text += "; the signs fit best one that it does not fit"
            parts.append(Part("G", rule, 0.0, text, source if whose == "diseases" else "; ".join(of)))
    return parts


def _panel_part(entries: Sequence[PanelEntry], best: int, fit: ModeFit, has_panels: bool, prior_db: float) -> Part:
    if not has_panels:
        return Part("G", "panel", 0.0, "no panel applied", SOURCE)
    if best < 0:
        return Part("G", "panel", 0.0, "on no applied panel", SOURCE)
    colour = "green" if best >= GREEN else "amber" if best == _AMBER else "red"
    names = "; ".join(entry.label for entry in entries if entry.gene.confidence == best)
    if fit is ModeFit.CONTRADICTS:
        return Part("G", "panel", 0.0, f"{colour} on {names}, but another mode", SOURCE)
    db = {"green": prior_db, "amber": prior_db / 2, "red": 0.0}[colour]
    return Part("G", "panel", db, f"{colour} on {names}", SOURCE)
