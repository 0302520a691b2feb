"""The thresholds and weights of a run: read once from the config, passed on as values, printed in every report.

Defaults are published ones; each field's comment names its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from neotriage.errors import InputError
from neotriage.schema import Model

__all__ = ["FrequencyLimits", "QualityLimits", "RankSettings", "RegionLimits", "Settings", "settings_from"]


@dataclass(frozen=True)
class QualityLimits:
    """Genotype quality limits (slivar's trio recommendations; Pedersen et al. 2021, npj Genomic Medicine 6:60)."""

    genotype_quality: int = 20
    depth: int = 8
    het_balance_low: float = 0.2
    het_balance_high: float = 0.8
    hom_ref_balance: float = 0.02
    hom_alt_balance: float = 0.98
    de_novo_parent_alt_reads: int = 2
    qual: float = 20.0
    heteroplasmy: float = 0.03
    homoplasmy: float = 0.95


@dataclass(frozen=True)
class FrequencyLimits:
    """Highest population allele frequency by mode (Genomics England 100,000 Genomes tiering)."""

    dominant: float = 0.001
    recessive: float = 0.01
    mitochondrial: float = 0.001

    def of_model(self, model: Model) -> float:
        """The cap that a model is held to."""
        if model is Model.MITOCHONDRIAL:
            return self.mitochondrial
        return self.recessive if model.is_recessive else self.dominant


@dataclass(frozen=True)
class RegionLimits:
    """What of a gene is looked at."""

    exon_padding_bp: int = 20


@dataclass(frozen=True)
class RankSettings:
    """Constants of the ranking."""

    pm2_points: int = 1  # ClinGen SVI: PM2 at supporting
    db_per_point: float = 3.18  # 10 log10(350^(1/8)): Tavtigian 2018/2020
    panel_prior_db: float = 4.0
    # Fitted: `python benchmarks/ranking.py --fit --cases 600` (docs/ranking.md).
    phenotype_weight: float = 0.975
    variant_weight: float = 1.231
    inheritance_weight: float = 2.046
    gene_weight: float = 0.713
    no_diagnosis_db: float = 27.124
    shown_candidates: int = 50


@dataclass(frozen=True)
class Settings:
    """All that may be set of the filters and the ranking."""

    quality: QualityLimits = field(default_factory=QualityLimits)
    frequency: FrequencyLimits = field(default_factory=FrequencyLimits)
    regions: RegionLimits = field(default_factory=RegionLimits)
    rank: RankSettings = field(default_factory=RankSettings)

    def as_dict(self) -> dict[str, dict[str, float]]:
        """As nested plain values, for provenance and JSON."""
        return asdict(self)


def settings_from(raw: Mapping[str, Mapping[str, Any]], *, file: str | None = None) -> Settings:
    """Settings from the config's `quality`, `frequency`, `regions` and `rank` sections; what is not given keeps its default.

    Raises:
        InputError: an unknown key or a value that is not a number.
    """
    parts: dict[str, Any] = {}
    for section in fields(Settings):
        kind = {"quality": QualityLimits, "frequency": FrequencyLimits, "regions": RegionLimits, "rank": RankSettings}[
            section.name
        ]
        given = dict(raw.get(section.name) or {})
        known = {f.name: f.default for f in fields(kind)}
        for key, value in given.items():
            if key not in known:
                raise InputError(f"unknown key {section.name}.{key}", file=file, fix=f"use one of {', '.join(known)}")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f"{section.name}.{key} is {value!r}, not a number", file=file, fix="give a number")
        parts[section.name] = kind(**given)
    return Settings(**parts)
