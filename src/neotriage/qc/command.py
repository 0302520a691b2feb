"""`neotriage qc`: the command line of the quality figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from neotriage.whole_file import write_json, write_text

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def qc() -> None:
    """Gather the quality figures of a family's reads into one verdict."""


@app.command()
def regions(
    gene_models: Annotated[Path, typer.Option(help="GFF3")],
    build: Annotated[str, typer.Option(help="name of the build or its YAML file")],
    output: Annotated[Path, typer.Option(help="BED of all exons, merged")],
) -> None:
    """Write the exons that depth is measured over."""
    from neotriage.gene_models import read_gene_models
    from neotriage.genome import read_build

    the_build = read_build(build)
    exons = read_gene_models(gene_models, the_build).exon_regions()
    lines = [
        f"{contig.name}\t{start}\t{end}\n"
        for contig in the_build.primary
        if contig.name in exons
        for start, end in zip(*exons[contig.name], strict=True)
    ]
    write_text(output, "".join(lines))


@app.command()
def gather(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    build: Annotated[str, typer.Option(help="name of the build or its YAML file")],
    output: Annotated[Path, typer.Option(help="qc.json")],
    sample: Annotated[
        list[str] | None, typer.Option(help="a sample that came as reads; the options below follow its order")
    ] = None,
    stats: Annotated[list[Path] | None, typer.Option(help="samtools stats, one a sample")] = None,
    depth: Annotated[
        list[Path] | None, typer.Option(help="mosdepth's summary, one a sample, its other files beside it")
    ] = None,
    fastp: Annotated[list[str] | None, typer.Option(help="SAMPLE=JSON of fastp, one a lane")] = None,
    identity: Annotated[Path | None, typer.Option(help="identity.json")] = None,
    target: Annotated[Path | None, typer.Option(help="BED of what was called; depth elsewhere does not count")] = None,
) -> None:
    """Write a family's figures and verdict."""
    from neotriage.case import read_case
    from neotriage.genome import read_build
    from neotriage.qc.figures import SampleFiles, read_figures
    from neotriage.qc.verdict import family_verdict

    lanes: dict[str, list[Path]] = {}
    for pair in fastp or ():
        name, _, path = pair.partition("=")
        lanes.setdefault(name, []).append(Path(path))
    the_build = read_build(build)
    figures = {}
    for name, stats_file, summary in zip(sample or (), stats or (), depth or (), strict=True):
        stem = summary.name.removesuffix(".mosdepth.summary.txt")
        thresholds, exons = (summary.with_name(f"{stem}.{part}.bed.gz") for part in ("thresholds", "regions"))
        files = SampleFiles(name, stats_file, thresholds, exons, summary, tuple(lanes.get(name, ())))
        figures[name] = read_figures(files, the_build, target)
    verdict = family_verdict(read_case(case).family, figures, json.loads(identity.read_text()) if identity else None)
    write_json(output, verdict)


@app.command()
def identity(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    build: Annotated[str, typer.Option(help="name of the build or its YAML file")],
    calls: Annotated[Path, typer.Option(help="calls/calls.vcf.gz")],
    output: Annotated[Path, typer.Option(help="identity.json")],
    confirmed: Annotated[Path, typer.Option(help="case.json to write: without those whom the genotypes refute")],
    store: Annotated[Path | None, typer.Option(help="frequency store; without it contamination is not assessed")] = None,
    threads: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Hold the family against its genotypes, and leave out who is not who the sheet says."""
    from dataclasses import replace

    from neotriage.case import read_case, write_case
    from neotriage.genome import read_build
    from neotriage.qc.identity import check_identity
    from neotriage.qc.relatedness import confirmed_family
    from neotriage.store import open_store

    the_case = read_case(case)
    frequencies = None if store is None else open_store(store)
    found = check_identity(calls, the_case.family, read_build(build), frequencies, threads)
    write_json(output, found)
    family = confirmed_family(the_case.family, found["refuted"])
    write_case(replace(the_case, family=family), confirmed)


@app.command()
def coverage(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    build: Annotated[str, typer.Option(help="name of the build or its YAML file")],
    gene_models: Annotated[Path, typer.Option(help="GFF3 that the depth was measured over")],
    output: Annotated[Path, typer.Option(help="coverage.json")],
    thresholds: Annotated[list[str] | None, typer.Option(help="SAMPLE=mosdepth's thresholds.bed.gz, one a person")] = None,
) -> None:
    """Write how well each exon of the panels' genes is covered in each person."""
    from neotriage.case import read_case
    from neotriage.gene_models import read_gene_models
    from neotriage.genome import read_build
    from neotriage.panels import read_panel
    from neotriage.qc.coverage import panel_coverage

    the_case, the_build = read_case(case), read_build(build)
    files = {name: Path(path) for name, _, path in (text.partition("=") for text in thresholds or ())}
    panels = [read_panel(Path(path)) for path in the_case.panels]
    models = read_gene_models(gene_models, the_build)
    told = panel_coverage(the_case.family, files, panels, models, the_build, the_case.excluded_genes)
    write_json(output, told)
