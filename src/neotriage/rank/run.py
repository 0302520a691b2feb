"""The stage from files to files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from neotriage.case import read_case
from neotriage.columns import read_table, write_table
from neotriage.errors import FormatError, InputError
from neotriage.gene_models import GeneModels, read_gene_models
from neotriage.genome import read_build
from neotriage.panels import read_panel
from neotriage.phenotype import PhenotypeModel, load, score
from neotriage.rank.candidates import rank_case, to_frames
from neotriage.rank.gene_term import apply_panels
from neotriage.rank.judge import Tables
from neotriage.rank.moves import moves_of
from neotriage.rank.phenotype_term import PhenotypeTerm
from neotriage.rank.summary import summarise
from neotriage.whole_file import write_json

__all__ = ["RankFiles", "run_rank"]


@dataclass(frozen=True)
class RankFiles:
    """Files that the stage reads (gene models None where not given), and those that it writes (moves None: not asked for)."""

    case: Path
    variants: Path
    consequences: Path
    annotations: Path
    hits: Path
    criteria: Path
    classes: Path
    gene_models: Path | None
    candidates: Path
    parts: Path
    summary: Path
    moves: Path | None = None


def run_rank(files: RankFiles, build_source: str | None = None, model: PhenotypeModel | None = None) -> None:
    """Write the candidates, their parts and the summary of a case.

    Args:
        files: what to read and write.
        build_source: name of the build or its YAML file, by default the case's.
        model: the phenotype model, by default the installed HPO release's.

    Raises:
        NeotriageError: a file is missing or broken, or a panel cannot be read.
    """
    case = read_case(files.case)
    model = model or load()
    scores = score(model, case.hpo_present, case.hpo_excluded) if case.hpo_present or case.hpo_excluded else None
    phenotype = PhenotypeTerm(model, scores)
    models = None if files.gene_models is None else read_gene_models(files.gene_models, read_build(build_source or case.build))
    given, names = case.excluded_genes, _names_of(case.excluded_genes, models)
    case = replace(case, excluded_genes=tuple(sorted(names)))
    panels = apply_panels([read_panel(Path(path)) for path in case.panels], models)
    tables = Tables(
        *(
            read_table(getattr(files, name), name)
            for name in ("variants", "consequences", "annotations", "hits", "criteria", "classes")
        )
    )
    _check_together(tables, files)
    ranking = rank_case(case, tables, panels, phenotype)
    candidates, parts = to_frames(ranking)
    write_table(candidates, "candidates", files.candidates)
    write_table(parts, "parts", files.parts)
    if files.moves is not None:
        write_table(moves_of(case, tables, panels, phenotype, ranking), "moves", files.moves)
    hpo_ids = (*case.hpo_present, *case.hpo_excluded)
    unknown = 0 if models is None else sum(not _is_known(name, models) for name in given)
    summary = summarise(ranking, tables, panels, phenotype, hpo_ids, case.excluded_genes, unknown)
    write_json(files.summary, summary)


def _names_of(genes: Sequence[str], models: GeneModels | None) -> frozenset[str]:
    """Every name of the genes that the family excluded.

    Raises:
        InputError: one is given by its HGNC id, and without gene models nobody knows which that is.
    """
    if models is not None:
        return models.names_of(genes)
    unresolved = sum(name.startswith("HGNC:") for name in genes)
    if unresolved:
        raise InputError(f"{unresolved} excluded genes are given by HGNC id alone", fix="give --gene-models as well")
    return frozenset(genes)


def _is_known(name: str, models: GeneModels) -> bool:
    return name in models.by_symbol or name in models.by_id or name in models.by_hgnc_id


def _check_together(tables: Tables, files: RankFiles) -> None:
    """Pass if the tables are of one run: every hit's variants are in the table, annotated and judged."""
    fix = "run the stages again from the first that changed"
    if tables.annotations["variant"].to_list() != tables.variants["variant"].to_list():
        raise FormatError("has not the rows of the variant table", file=files.annotations, fix=fix)
    sides = pl.concat([tables.hits.select("hit", variant=pl.col(name)) for name in ("variant_a", "variant_b")])
    asked = sides.filter(pl.col("variant") >= 0)
    if asked.join(tables.variants, on="variant", how="anti").height:
        raise FormatError("names a variant that the table does not have", file=files.hits, fix=fix)
    for frame, file in ((tables.criteria, files.criteria), (tables.classes, files.classes)):
        if asked.join(frame, on=["hit", "variant"], how="anti").height:
            raise FormatError("lacks a variant of a hit", file=file, fix=fix)
