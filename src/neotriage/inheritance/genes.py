"""What is known of each gene: the curated mode of the applied panels, imprinting, incomplete penetrance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from neotriage.errors import InputError
from neotriage.gene_models import GeneModels
from neotriage.gene_table import read_gene_table
from neotriage.home import resource
from neotriage.panels import ModeOfInheritance, Panel, PanelGene, match_panel, read_panel
from neotriage.pedigree import Sex

__all__ = ["GeneRule", "GeneRules", "read_gene_rules"]

_SILENT = {"maternal": Sex.MALE, "paternal": Sex.FEMALE}


@dataclass(frozen=True)
class GeneRule:
    """A gene's rules.

    `is_listed`: in an applied panel. `allows_dominant`, `allows_recessive`: a panel says so or leaves it open; false for a
    gene of no panel. `silent_parents`: parents whose allele is known to be silent. `penetrance_source`: '' full penetrance.
    """

    is_listed: bool = False
    allows_dominant: bool = False
    allows_recessive: bool = False
    silent_parents: frozenset[Sex] = frozenset()
    penetrance_source: str = ""


@dataclass(frozen=True)
class GeneRules:
    """Rules by gene; a gene that nothing is known of has the default rule."""

    modes_by_id: Mapping[str, Sequence[ModeOfInheritance]] = field(default_factory=dict)
    modes_by_symbol: Mapping[str, Sequence[ModeOfInheritance]] = field(default_factory=dict)
    silent_by_symbol: Mapping[str, Sex] = field(default_factory=dict)
    penetrance_by_symbol: Mapping[str, str] = field(default_factory=dict)

    def rule(self, gene_id: str, symbol: str) -> GeneRule:
        """The rule of a gene by its id and its approved symbol."""
        modes = (*self.modes_by_id.get(gene_id, ()), *self.modes_by_symbol.get(symbol, ()))
        silent = {mode.imprinted_parent for mode in modes} | {self.silent_by_symbol.get(symbol)}
        return GeneRule(
            is_listed=bool(modes),
            allows_dominant=any(mode.allows_dominant for mode in modes),
            allows_recessive=any(mode.allows_recessive for mode in modes),
            silent_parents=frozenset(parent for parent in silent if parent is not None),
            penetrance_source=self.penetrance_by_symbol.get(symbol, ""),
        )


def read_gene_rules(panels: Sequence[str], gene_models: GeneModels | None = None) -> GeneRules:
    """Rules from the applied panels and the project's own two lists.

    Args:
        panels: panel files.
        gene_models: needed where a panel names a gene by HGNC id alone.

    Raises:
        InputError: a panel that cannot be read, or that names a gene by HGNC id alone while there are no gene models.
    """
    by_id: dict[str, list[ModeOfInheritance]] = {}
    by_symbol: dict[str, list[ModeOfInheritance]] = {}
    for path in map(Path, panels):
        panel = read_panel(path)
        for gene_id, symbol, mode in _matched(panel, gene_models) if gene_models else _as_named(panel, path):
            (by_id.setdefault(gene_id, []) if gene_id else by_symbol.setdefault(symbol, [])).append(mode)
    imprinted = read_gene_table(
        resource("imprinted_genes.tsv"), ("gene", "expressed_allele", "source"), {"expressed_allele": tuple(_SILENT)}
    )
    penetrance = read_gene_table(resource("incomplete_penetrance.tsv"), ("gene", "source"))
    return GeneRules(
        by_id,
        by_symbol,
        {gene: _SILENT[row["expressed_allele"]] for gene, row in imprinted.items()},
        {gene: row["source"] for gene, row in penetrance.items()},
    )


def _matched(panel: Panel, models: GeneModels) -> Iterator[tuple[str, str, ModeOfInheritance]]:
    for place, gene in match_panel(panel, models).genes.items():
        yield models.genes[place].id, "", gene.mode


def _as_named(panel: Panel, path: Path) -> Iterator[tuple[str, str, ModeOfInheritance]]:
    for gene in panel.genes:
        _check_named(gene, path)
        if gene.symbol:
            yield "", gene.symbol, gene.mode
        for gene_id in gene.ensembl_ids:
            yield gene_id, "", gene.mode


def _check_named(gene: PanelGene, path: Path) -> None:
    if not gene.symbol and not gene.ensembl_ids:
        raise InputError(f"gene {gene.hgnc_id} is named by its HGNC id alone", file=path, fix="give --gene-models as well")
