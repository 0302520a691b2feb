"""`neotriage evidence`: criteria and classes of a case's hits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def evidence(
    case: Annotated[Path, typer.Option(help="case.json of the stage inputs")],
    variants: Annotated[Path, typer.Option(help="variants.parquet")],
    consequences: Annotated[Path, typer.Option(help="consequences.parquet")],
    annotations: Annotated[Path, typer.Option(help="annotations.parquet")],
    hits: Annotated[Path, typer.Option(help="hits.parquet")],
    gene_models: Annotated[Path, typer.Option(help="gene models, GFF3")],
    criteria: Annotated[Path, typer.Option(help="criteria.parquet to write")],
    classes: Annotated[Path, typer.Option(help="classes.parquet to write")],
    clinvar: Annotated[Path | None, typer.Option(help="ClinVar's VCF; without it what ClinVar knows is not assessed")] = None,
    constraint: Annotated[Path | None, typer.Option(help="gnomAD's constraint by gene (gene, oe_lof_upper)")] = None,
    store: Annotated[Path | None, typer.Option(help="frequency store, to know which contigs it covers")] = None,
    reference: Annotated[Path | None, typer.Option(help="reference FASTA, for PS1, PM5, BP1 and a frameshift's stop")] = None,
    predictions: Annotated[Path | None, typer.Option(help="predictors' scores by allele (docs/evidence.md)")] = None,
    dosage: Annotated[Path | None, typer.Option(help="ClinGen's gene curation list, for the 2020 copy number points")] = None,
    has_structural_source: Annotated[
        bool, typer.Option("--has-structural-source", help="structural changes were held against a population file")
    ] = False,
    build: Annotated[str | None, typer.Option(help="name of the build or its YAML file; the case's if absent")] = None,
) -> None:
    """Judge each variant of each hit by the ACMG/AMP criteria."""
    from neotriage.evidence.run import EvidenceFiles, run_evidence

    inputs = (case, variants, consequences, annotations, hits, gene_models)
    given = (clinvar, constraint, store, reference, predictions)
    run_evidence(EvidenceFiles(*inputs, *given, criteria, classes, dosage, has_structural_source), build)
