"""Gene panels: which genes are looked at, how sure each is, and the inheritance it is known for."""

from __future__ import annotations

from neotriage.panels.reading import (
    GREEN,
    ModeOfInheritance,
    Panel,
    PanelGene,
    PanelMatch,
    PanelRegion,
    PanelRepeat,
    match_panel,
    parse_mode,
    read_panel,
    read_panel_table,
)

__all__ = [
    "GREEN",
    "ModeOfInheritance",
    "Panel",
    "PanelGene",
    "PanelMatch",
    "PanelRegion",
    "PanelRepeat",
    "match_panel",
    "parse_mode",
    "read_panel",
    "read_panel_table",
]
