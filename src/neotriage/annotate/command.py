"""`neotriage annotate`: consequences and ClinVar for the variant table."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def annotate(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    variants: Annotated[Path, typer.Option(help="table/variants.parquet")],
    csq: Annotated[Path, typer.Option(help="the kept variants after bcftools csq or VEP")],
    gene_models: Annotated[Path, typer.Option(help="the GFF3 that csq ran with")],
    consequences: Annotated[Path, typer.Option(help="output: consequences")],
    annotations: Annotated[Path, typer.Option(help="output: annotations")],
    clinvar: Annotated[Path | None, typer.Option(help="ClinVar's VCF; without one, ClinVar is not looked at")] = None,
    reference: Annotated[Path | None, typer.Option(help="FASTA; needed where the build has a mitochondrion")] = None,
    build: Annotated[str | None, typer.Option(help="name of the build or its YAML file; the case's if absent")] = None,
) -> None:
    """Write the consequences of each kept variant on each transcript, and what ClinVar says of it."""
    from neotriage.annotate import annotations_table, consequences_table, open_mitochondrion
    from neotriage.case import read_case
    from neotriage.columns import read_table, write_table
    from neotriage.gene_models import read_gene_models
    from neotriage.genome import read_build

    question = read_case(case)
    on_build = read_build(build or question.build)
    rows = read_table(variants, "variants")
    models = read_gene_models(gene_models, on_build)
    effects, unsaid = consequences_table(
        rows, csq, models, question.family.proband.sample, open_mitochondrion(on_build, models, reference)
    )
    if unsaid:
        typer.echo(f"{csq}: on {unsaid} transcript rows a coding change has no protein consequence", err=True)
    write_table(annotations_table(rows, clinvar, on_build), "annotations", annotations)
    write_table(effects, "consequences", consequences)
