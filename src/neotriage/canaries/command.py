"""`neotriage canaries`: choose sentinel variants from the resources, and send them through the annotation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Sentinel variants whose annotation is known.", no_args_is_help=True, add_completion=False)

Build = Annotated[str, typer.Option(help="GRCh38, GRCh37, or a YAML file that describes the build")]
Models = Annotated[Path, typer.Option(help="gene models, GFF3")]
Reference = Annotated[Path, typer.Option(help="indexed FASTA")]
Vcf = Annotated[Path | None, typer.Option(help="ClinVar's VCF")]


@app.command()
def choose(
    build: Build,
    gene_models: Models,
    reference: Reference,
    output: Annotated[Path, typer.Option(help="the canaries, JSON")],
    clinvar: Vcf = None,
    source: Annotated[
        list[str] | None, typer.Option(help="name=NAME,vcf=PATH[,af=FIELD[,FIELD…]]…, as `neotriage store build` takes it")
    ] = None,
) -> None:
    """Choose canaries, with what the resources say of them now."""
    from neotriage.canaries import Sources, choose_canaries, write_canaries
    from neotriage.gene_models import read_gene_models
    from neotriage.genome import read_build
    from neotriage.store.building import parse_source

    genome = read_build(build)
    sources = Sources(read_gene_models(gene_models, genome), reference, clinvar, [parse_source(text) for text in source or ()])
    canaries = choose_canaries(genome, sources)
    write_canaries(canaries, genome.name, output)
    typer.echo(f"{len(canaries)} canaries on {len({canary.chrom for canary in canaries})} contigs", err=True)


@app.command()
def check(
    canaries: Annotated[Path, typer.Option(help="the canaries, JSON")],
    build: Build,
    gene_models: Models,
    reference: Reference,
    output: Annotated[Path, typer.Option(help="what was found, JSON; written if none is missed")],
    store: Annotated[Path | None, typer.Option(help="frequency store")] = None,
    clinvar: Vcf = None,
    clinvar_store: Annotated[Path | None, typer.Option(help="store of ClinVar, for the table")] = None,
) -> None:
    """Annotate the canaries as a run annotates; exit 2 if one is missed."""
    from neotriage.canaries import check_canaries, read_canaries
    from neotriage.genome import read_build
    from neotriage.whole_file import write_json

    known = read_canaries(canaries, read_build(build).name)
    found = check_canaries(
        known,
        build,
        gene_models=gene_models,
        reference=reference,
        store=store,
        clinvar=clinvar,
        clinvar_store=clinvar_store,
    )
    write_json(output, found)
    said = (
        f"{len(known)} canaries, all as expected"
        if known
        else "no canary: the resources had none to choose, nothing was checked"
    )
    typer.echo(said, err=True)
