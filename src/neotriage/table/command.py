"""`neotriage table`: filter a family's calls into the variant table and the why-not ledger."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def table(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    calls: Annotated[Path, typer.Option(help="joint calls, VCF or BCF; - for standard input")],
    gene_models: Annotated[Path, typer.Option(help="Ensembl-style GFF3")],
    variants: Annotated[Path, typer.Option(help="output: variant table")],
    ledger: Annotated[Path, typer.Option(help="output: why-not ledger")],
    counts: Annotated[Path, typer.Option(help="output: counts by rule")],
    survivors: Annotated[Path, typer.Option(help="output: kept variants, VCF.gz with index")],
    store: Annotated[Path | None, typer.Option(help="frequency store; without one, frequency is not measured")] = None,
    clinvar: Annotated[Path | None, typer.Option(help="ClinVar's VCF or store; without one, it is not looked at")] = None,
    always_look: Annotated[Path | None, typer.Option(help="always-look list in place of the bundled one")] = None,
    structural: Annotated[
        Path | None, typer.Option(help="structural changes, VCF.gz in their one form; without it they are not looked at")
    ] = None,
    special: Annotated[Path | None, typer.Option(help="losses of SMN1 and repeat expansions, likewise")] = None,
    structural_source: Annotated[
        str | None, typer.Option(help="their population file: as `store build --source` takes one")
    ] = None,
    panel_genes_only: Annotated[
        bool, typer.Option("--panel-genes-only", help="look at panel genes only; an index beside the calls makes it quick")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="threads that read the calls")] = 1,
    build: Annotated[str | None, typer.Option(help="name of the build or its YAML file; the case's if absent")] = None,
) -> None:
    """Filter a family's calls into the variant table and the why-not ledger."""
    import gc

    gc.disable()  # hundreds of thousands of small objects that stay, and no cycles: there is nothing to collect

    from neotriage.always_look import read_always_look
    from neotriage.case import read_case
    from neotriage.gene_models import read_gene_models
    from neotriage.genome import read_build
    from neotriage.panels import read_panel
    from neotriage.store import open_clinvar, open_store
    from neotriage.store.building import parse_source
    from neotriage.structural import open_population
    from neotriage.table import TableInputs, TableOutputs, triage

    of = None if structural_source is None else parse_source(structural_source)
    question = read_case(case)
    reference = read_build(build or question.build)
    models = read_gene_models(gene_models, reference)
    triage(
        TableInputs(
            case=question,
            build=reference,
            calls=calls,
            gene_models=models,
            panels=[read_panel(Path(panel)) for panel in question.panels],
            always_look=read_always_look(reference, models, always_look),
            store=None if store is None else open_store(store),
            clinvar=None if clinvar is None else open_clinvar(clinvar, reference, threads),
            panel_genes_only=panel_genes_only,
            structural=[path for path in (structural, special) if path is not None],
            population=open_population(of.name, of.files[0], of.frequencies, of.homozygotes) if of else None,
        ),
        TableOutputs(variants, ledger, counts, survivors),
        threads,
    )
