"""The stage from files to files."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from neotriage.case import Case, read_case
from neotriage.coding import Sequence as Reference
from neotriage.columns import read_table, write_table
from neotriage.errors import BuildError
from neotriage.evidence.assemble import Assembler, Tables
from neotriage.evidence.assess import assess
from neotriage.evidence.cnv_lines import read_dosage
from neotriage.evidence.gene_knowledge import KnowledgeSources, read_constraint, standing_by_gene
from neotriage.evidence.predictions import read_predictions
from neotriage.fasta import open_fasta
from neotriage.gene_models import GeneModels, read_gene_models
from neotriage.genome import Build, read_build
from neotriage.panels import match_panel, read_panel
from neotriage.store import Store, open_clinvar, open_store

__all__ = ["EvidenceFiles", "read_reference", "run_evidence"]


@dataclass(frozen=True)
class EvidenceFiles:
    """Files that the stage reads, None where not given, and the two that it writes.

    `clinvar` is its VCF, or a store made of it, and `clinvar_name` then the VCF's name.
    """

    case: Path
    variants: Path
    consequences: Path
    annotations: Path
    hits: Path
    gene_models: Path
    clinvar: Path | None
    constraint: Path | None
    store: Path | None
    reference: Path | None
    predictions: Path | None
    criteria: Path
    classes: Path
    dosage: Path | None = None
    has_structural_source: bool = False
    clinvar_name: str = ""


def run_evidence(files: EvidenceFiles, build_source: str | None = None) -> None:
    """Write the criteria and classes of a case.

    Args:
        files: what to read and write.
        build_source: name of the build or its YAML file, by default the case's.

    Raises:
        NeotriageError: a file is missing, broken, or of another build.
    """
    case = read_case(files.case)
    build = read_build(build_source or case.build)
    models = read_gene_models(files.gene_models, build)
    tables = Tables(
        read_table(files.variants, "variants"),
        read_table(files.consequences, "consequences"),
        read_table(files.annotations, "annotations"),
        read_table(files.hits, "hits"),
    )
    covered, uncovered = None, frozenset[tuple[str, int]]()
    if files.store is not None:
        store = open_store(files.store)
        covered, uncovered = frozenset(store.contigs), _uncovered(store, tables.variants)
    predictions = read_predictions(files.predictions, build)
    assembler = Assembler(
        case,
        build,
        tables,
        models,
        _sources(files, case, build, models),
        predictions,
        covered,
        uncovered,
        None if files.dosage is None else read_dosage(files.dosage),
        files.has_structural_source,
    )
    criteria, classes = assess(assembler.facts())
    write_table(criteria, "criteria", files.criteria)
    write_table(classes, "classes", files.classes)


def _uncovered(store: Store, variants: pl.DataFrame) -> frozenset[tuple[str, int]]:
    """Places of variants on the store's contigs that it does not cover."""
    found: set[tuple[str, int]] = set()
    for (contig,), rows in variants.group_by("chrom"):
        if contig in store.contigs:
            positions = rows["position"].to_numpy()
            found.update((str(contig), place) for place in positions[~store.covers(str(contig), positions)].tolist())
    return frozenset(found)


def _sources(files: EvidenceFiles, case: Case, build: Build, models: GeneModels) -> KnowledgeSources:
    matches = [match_panel(read_panel(Path(path)), models) for path in case.panels]
    places = [(models.genes[i].id, gene.is_green, gene.mode) for match in matches for i, gene in match.genes.items()]
    return KnowledgeSources(
        clinvar=None if files.clinvar is None else open_clinvar(files.clinvar, build),
        clinvar_source="" if files.clinvar is None else f"ClinVar ({files.clinvar_name or files.clinvar.name})",
        constraint=None if files.constraint is None else read_constraint(files.constraint),
        constraint_source="" if files.constraint is None else f"gnomAD constraint ({files.constraint.name})",
        panels=standing_by_gene(places),
        reference=None
        if files.reference is None
        else read_reference(files.reference, build, {gene.contig for gene in models.genes}),
    )


def read_reference(path: Path, build: Build, contigs: AbstractSet[str]) -> Reference:
    """Bases of an indexed FASTA.

    Raises:
        FormatError: no such file, or no index beside it.
        BuildError: none of the contigs is in it.
    """
    fasta = open_fasta(path)
    if not contigs & set(fasta.references):
        raise BuildError(f"no contig of {build.name} with genes is in it", file=path, fix="give the run's reference")

    @lru_cache(maxsize=256)
    def bases(contig: str, start: int, end: int) -> str:
        if contig not in fasta.references:
            return "N" * (end - start)
        return fasta.fetch(contig, start, end).upper().ljust(end - start, "N")

    return bases
