"""From the tables of a case to its hits and the ledger of what became no hit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from neotriage import columns
from neotriage.call_rules import is_call_doubtful
from neotriage.case import Case, read_case
from neotriage.errors import FormatError
from neotriage.gene_models import GeneModels, read_gene_models
from neotriage.genome import Build, ContigKind, read_build
from neotriage.inheritance.candidates import find_candidates
from neotriage.inheritance.deletions import beside_deletions
from neotriage.inheritance.family import family_arrays
from neotriage.inheritance.genes import GeneRules, read_gene_rules
from neotriage.inheritance.hits import Found, compound_hits, in_order, single_hits
from neotriage.inheritance.ledger import make_ledger
from neotriage.inheritance.notes import Notes
from neotriage.inheritance.places import check_words, variant_genes
from neotriage.inheritance.segregation import fit_family, place_kinds, read_calls
from neotriage.schema import ClinvarSignificance, Impact

__all__ = ["Inheritance", "find_hits", "run_inheritance"]


@dataclass(frozen=True)
class Inheritance:
    """The stage's two tables: `hits` and its own `ledger`, as in schema.py."""

    hits: pl.DataFrame
    ledger: pl.DataFrame


def run_inheritance(
    case: Path,
    variants: Path,
    consequences: Path,
    annotations: Path,
    *,
    hits: Path,
    ledger: Path,
    gene_models: Path | None = None,
    reread: Path | None = None,
) -> None:
    """Read the case's tables, write `hits` and the stage's `ledger`; without `reread` the calls alone are judged.

    Raises:
        FormatError: a table is broken, of other samples, or does not fit the others.
        InputError: a panel cannot be read.
    """
    the_case = read_case(case)
    build = read_build(the_case.build)
    models: GeneModels | None = read_gene_models(gene_models, build) if gene_models else None
    table = columns.read_table(variants, "variants")
    _check_variants(table, columns.table_samples(variants), the_case, variants)
    effects = columns.read_table(consequences, "consequences")
    check_words(effects, "impact", Impact, consequences)
    found = find_hits(
        the_case,
        build,
        table,
        effects,
        columns.read_table(annotations, "annotations"),
        read_gene_rules(the_case.panels, models),
        columns.read_table(reread, "reread") if reread else None,
    )
    columns.write_table(found.hits, "hits", hits)
    columns.write_table(found.ledger, "ledger", ledger)


def find_hits(
    case: Case,
    build: Build,
    variants: pl.DataFrame,
    consequences: pl.DataFrame,
    annotations: pl.DataFrame,
    gene_rules: GeneRules,
    reread: pl.DataFrame | None = None,
) -> Inheritance:
    """The hits of a case and the fate of every other variant.

    Args:
        case: the case; its family is the samples axis of `variants`.
        build: the reference build.
        variants: the `variants` table, numbered from 0.
        consequences: the `consequences` table.
        annotations: the `annotations` table.
        gene_rules: what is known of the genes.
        reread: the `reread` table, None where no reads were looked at again.
    """
    seen = columns.empty("reread") if reread is None else reread
    family = family_arrays(case.family)
    calls, opposite = beside_deletions(variants, read_calls(variants, len(case.family.members)))
    doubtful = [rule for rule in variants["quality_rule"].unique() if is_call_doubtful(rule)]
    is_call_good = (~variants["quality_rule"].is_in(doubtful)).to_numpy()
    fit = fit_family(calls, place_kinds(variants, build), family, case.settings.quality, is_call_good, seen["origin"].to_list())
    mitochondria = [contig.name for contig in build.contigs if contig.kind is ContigKind.MITOCHONDRION]
    places = variant_genes(variants, consequences, annotations, mitochondria)
    candidates = find_candidates(places, variants, calls, fit, gene_rules, case.settings)
    notes = Notes(variants, calls, fit, family, candidates, case.settings, seen, opposite)
    compound = compound_hits(variants, calls, fit, family, candidates, notes)
    found = Found.joined(single_hits(fit, candidates, notes, compound, case.settings.quality), compound.found)
    return Inheritance(in_order(found, candidates), make_ledger(variants, candidates, found, compound))


def _check_variants(table: pl.DataFrame, samples: tuple[str, ...], case: Case, path: Path) -> None:
    if samples != case.family.samples:
        raise FormatError(
            f"its samples are {', '.join(samples) or 'none'}, the case's are {', '.join(case.family.samples)}",
            file=path,
            fix="run the table stage again for this case",
        )
    if not np.array_equal(table["variant"].to_numpy(), np.arange(table.height)):
        raise FormatError("variants are not numbered from 0 in order", file=path, fix="run the table stage again")
    check_words(table, "clinvar_significance", ClinvarSignificance, path)
