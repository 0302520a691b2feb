"""`neotriage report`: the case's tables to HTML, TSV, JSON and annotated VCF."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def report(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    build: Annotated[str, typer.Option(help="name of the build or its YAML file")],
    variants: Annotated[Path, typer.Option()],
    consequences: Annotated[Path, typer.Option()],
    annotations: Annotated[Path, typer.Option()],
    hits: Annotated[Path, typer.Option()],
    criteria: Annotated[Path, typer.Option()],
    classes: Annotated[Path, typer.Option()],
    candidates: Annotated[Path, typer.Option()],
    parts: Annotated[Path, typer.Option()],
    summary: Annotated[Path, typer.Option()],
    counts: Annotated[Path, typer.Option(help="table/counts.tsv")],
    provenance: Annotated[Path, typer.Option()],
    calls: Annotated[Path, typer.Option(help="kept variants with consequences, VCF.gz")],
    gene_models: Annotated[Path, typer.Option(help="GFF3, for the drawings of the genes")],
    html: Annotated[Path, typer.Option()],
    tsv: Annotated[Path, typer.Option()],
    json_: Annotated[Path, typer.Option("--json")],
    vcf: Annotated[Path, typer.Option()],
    whynot: Annotated[Path, typer.Option(help="the why-not index to write")],
    qc: Annotated[Path | None, typer.Option(help="qc/qc.json; none where the family came as calls only")] = None,
    alignment: Annotated[list[str] | None, typer.Option(help="SAMPLE=indexed BAM or CRAM, once for each person")] = None,
    reference: Annotated[Path | None, typer.Option(help="FASTA of the alignments")] = None,
    ledger: Annotated[list[str] | None, typer.Option(help="STAGE=its ledger, in the order of the flow")] = None,
) -> None:
    """Write the report of one case."""
    from neotriage.gene_models import read_gene_models
    from neotriage.report import Sources, build_document, render_page, slice_reads, write_annotated_vcf, write_tsv, write_whynot
    from neotriage.whynot import all_fates

    sources = Sources(
        case=case,
        build=build,
        variants=variants,
        consequences=consequences,
        annotations=annotations,
        hits=hits,
        criteria=criteria,
        classes=classes,
        candidates=candidates,
        parts=parts,
        summary=summary,
        counts=counts,
        ledgers=dict(_named_path(text, "--ledger") for text in ledger or ()),
        qc=qc,
        provenance=provenance,
    )
    document = build_document(sources)
    write_annotated_vcf(document, calls, vcf)
    write_whynot(sources, whynot)
    _write(tsv, write_tsv(document))
    _write(json_, json.dumps(document, indent=1, sort_keys=True) + "\n")
    alignments = dict(_named_path(text, "--alignment") for text in alignment or ())
    reads = slice_reads(document, alignments, reference) if reference else None
    _write(html, render_page(document, all_fates(whynot), reads, read_gene_models(gene_models)))


def _named_path(text: str, option: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not path:
        raise typer.BadParameter(f"{text!r} is not NAME=PATH", param_hint=option)
    return name, Path(path)


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
