"""`neotriage report`: the case's tables to HTML, TSV, JSON and annotated VCF."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neotriage.whole_file import write_json, write_text

if TYPE_CHECKING:
    from neotriage.gene_models import GeneModels
    from neotriage.interchange.vrs import AlleleIds
    from neotriage.naming import Namer

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
    coverage: Annotated[Path, typer.Option(help="qc/coverage.json")],
    calls: Annotated[Path, typer.Option(help="kept variants with consequences, VCF.gz")],
    gene_models: Annotated[Path, typer.Option(help="GFF3, for the drawings of the genes")],
    html: Annotated[Path, typer.Option()],
    tsv: Annotated[Path, typer.Option()],
    json_: Annotated[Path, typer.Option("--json")],
    vcf: Annotated[Path, typer.Option()],
    whynot: Annotated[Path, typer.Option(help="the why-not index to write")],
    qc: Annotated[Path | None, typer.Option(help="qc/qc.json; without it nothing is said of the reads")] = None,
    act_now: Annotated[Path | None, typer.Option(help="actnow/outcome.json: the provisional lines, confirmed or not")] = None,
    chromosomes: Annotated[Path | None, typer.Option(help="calls/chromosomes.json: SMN1, repeats, chromosomes")] = None,
    structural: Annotated[
        Path | None, typer.Option(help="calls/structural.vcf.gz; without it structural changes were not looked at")
    ] = None,
    special: Annotated[Path | None, typer.Option(help="calls/special.vcf.gz: losses of SMN1, repeat expansions")] = None,
    second_hit: Annotated[Path | None, typer.Option(help="calls/second_hit.json: the second look for a second change")] = None,
    moves: Annotated[Path | None, typer.Option(help="rank/moves.parquet: what would move the first candidates")] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="name=NAME,vcf=PATH[,af=FIELD[,FIELD…]]…, as `neotriage store build` takes it")
    ] = None,
    alignment: Annotated[list[str] | None, typer.Option(help="SAMPLE=indexed BAM or CRAM, once for each person")] = None,
    reference: Annotated[Path | None, typer.Option(help="FASTA of the run: reads, HGVS names, VRS ids")] = None,
    ledger: Annotated[list[str] | None, typer.Option(help="STAGE=its ledger, in the order of the flow")] = None,
    phenopacket: Annotated[Path | None, typer.Option(help="GA4GH phenopacket to write, under pseudonyms")] = None,
    fhir: Annotated[Path | None, typer.Option(help="HL7 FHIR genomics bundle to write, under pseudonyms")] = None,
    identities: Annotated[Path | None, typer.Option(help="the map from pseudonyms to names to write; to be kept apart")] = None,
) -> None:
    """Write the report of one case."""
    if (phenopacket or fhir) and not identities:
        raise typer.BadParameter("--phenopacket and --fhir bear pseudonyms: say where the map to names goes")
    from neotriage.gene_models import read_gene_models
    from neotriage.report import (
        Sources,
        build_document,
        render_page,
        shown_structural,
        slice_reads,
        withheld_genes,
        write_annotated_vcf,
        write_tsv,
        write_whynot,
    )
    from neotriage.store.building import parse_source
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
        coverage=coverage,
        moves=moves,
        act_now=act_now,
        chromosomes=chromosomes,
        structural=structural,
        second_hit=second_hit,
        frequencies=[parse_source(text) for text in source or ()],
    )
    models = read_gene_models(gene_models)
    document = build_document(sources, *(_naming(models, reference, build) if reference else ()))
    withheld = models.names_of(withheld_genes(sources))
    beside = [path for path in (structural, special) if path is not None]
    shown = shown_structural(variants, consequences, withheld) if beside else ()
    write_annotated_vcf(document, calls, vcf, withheld, beside, shown)
    write_whynot(sources, whynot, models, document)
    write_text(tsv, write_tsv(document))
    write_json(json_, document)
    alignments = dict(_named_path(text, "--alignment") for text in alignment or ())
    reads = slice_reads(document, alignments, reference) if reference else None
    write_text(html, render_page(document, all_fates(whynot), reads, models))
    if identities:
        _interchange(document, phenopacket, fhir, identities)


def _naming(models: "GeneModels", reference: Path, build: str) -> tuple["Namer", "AlleleIds"]:
    from neotriage.genome import read_build
    from neotriage.interchange.vrs import AlleleIds
    from neotriage.naming import Namer

    return Namer(models, reference, read_build(build)), AlleleIds(reference)


def _interchange(document: dict[str, Any], phenopacket: Path | None, fhir: Path | None, identities: Path) -> None:
    from neotriage.interchange import Pseudonyms

    write_text(identities, Pseudonyms.of(document).table(document["case"]["name"]))
    if phenopacket:
        from neotriage.interchange.phenopacket import build_phenopacket

        write_text(phenopacket, build_phenopacket(document))
    if fhir:
        from neotriage.interchange.fhir import build_bundle

        write_text(fhir, build_bundle(document))


def _named_path(text: str, option: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not path:
        raise typer.BadParameter(f"{text!r} is not NAME=PATH", param_hint=option)
    return name, Path(path)
