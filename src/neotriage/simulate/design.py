"""The demo's design as resources/demo/design.yaml states it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from neotriage.errors import InputError
from neotriage.genome import Build, Contig, ContigKind, ParRegion
from neotriage.simulate.genes import GeneDesign

__all__ = ["Assertion", "CaseDesign", "Design", "Planted", "read_design"]


@dataclass(frozen=True)
class Assertion:
    """What the demo's ClinVar file says of a variant, in ClinVar's own words (CLNSIG, CLNREVSTAT)."""

    significance: str
    review: str


@dataclass(frozen=True)
class Planted:
    """A planted variant: a cause that is to be reported, or a decoy that is not.

    It is given by effect and exon of its gene, or by 0-based position, ref and alt. `haplotypes` names those that carry
    it; `fraction` the share of a person's reads instead (mitochondrion, artefact).
    """

    id: str
    role: str
    gene: str
    expected: str
    note: str
    effect: str = ""
    exon: int = 0
    position: int = -1
    ref: str = ""
    alt: str = ""
    haplotypes: tuple[str, ...] = ()
    fraction: Mapping[str, float] | None = None
    clinvar: Assertion | None = None
    frequency: float | None = None


@dataclass(frozen=True)
class CaseDesign:
    """The clinical side: case name, role -> sample name, HPO ids, suspected mode, clock."""

    name: str
    samples: Mapping[str, str]
    hpo_present: tuple[str, ...]
    hpo_excluded: tuple[str, ...]
    suspected_mode: str
    clock: Mapping[str, str]


@dataclass(frozen=True)
class Design:
    """All that the demo is made of. `telomere_bp` bases of N open X and Y; `par` lies at the same length on both."""

    build: Build
    telomere_bp: int
    par_x: ParRegion
    par_y: ParRegion
    nuclear_depth: float
    mitochondrial_depth: float
    genes: tuple[GeneDesign, ...]
    fixed_bases: Mapping[tuple[str, int], str]
    planted: tuple[Planted, ...]
    case: CaseDesign
    panel: Mapping[str, Any]


def read_design(path: Path) -> Design:
    """The design.

    Raises:
        InputError: the file lacks something or says something unknown.
    """
    try:
        raw: dict[str, Any] = yaml.safe_load(path.read_text())
        par = raw["par"]
        contigs = tuple(Contig(c["name"], c["length"], ContigKind(c["kind"])) for c in raw["contigs"])
        by_kind = {contig.kind: contig.name for contig in contigs}
        par_x = ParRegion(by_kind[ContigKind.X], par["x_start"], par["x_start"] + par["length"])
        par_y = ParRegion(by_kind[ContigKind.Y], par["y_start"], par["y_start"] + par["length"])
        return Design(
            build=Build(raw["name"], contigs, (par_x, par_y)),
            telomere_bp=raw["telomere_bp"],
            par_x=par_x,
            par_y=par_y,
            nuclear_depth=raw["depth"]["nuclear"],
            mitochondrial_depth=raw["depth"]["mitochondrion"],
            genes=tuple(GeneDesign(**gene) for gene in raw["genes"]),
            fixed_bases={(f["contig"], f["position"]): f["base"] for f in raw["fixed_bases"]},
            planted=tuple(_planted(one) for one in raw["planted"]),
            case=_case(raw["case"]),
            panel=raw["panel"],
        )
    except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"not a demo design ({error!r})", file=path, fix="restore it from the checkout") from None


def _planted(raw: dict[str, Any]) -> Planted:
    clinvar = Assertion(**raw["clinvar"]) if "clinvar" in raw else None
    return Planted(**{**raw, "haplotypes": tuple(raw.get("haplotypes", ())), "clinvar": clinvar})


def _case(raw: dict[str, Any]) -> CaseDesign:
    lists = {key: tuple(raw[key]) for key in ("hpo_present", "hpo_excluded")}
    return CaseDesign(**{**raw, **lists})
