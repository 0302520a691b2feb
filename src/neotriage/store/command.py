"""`neotriage store`: build, describe and query a frequency store; build one of ClinVar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from neotriage.errors import InputError

if TYPE_CHECKING:
    from neotriage.store import Store

app = typer.Typer(
    help="Stores: how often alleles are seen in people, and what ClinVar says of them.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command()
def build(
    output: Annotated[Path, typer.Option(help="folder of the store; replaced when the new one is whole")],
    build: Annotated[str, typer.Option(help="GRCh38, GRCh37, or a YAML file that describes the build")],
    source: Annotated[
        list[str], typer.Option(help="name=NAME,vcf=PATH[,af=FIELD[,FIELD…]][,hom=FIELD][,hemi=FIELD]; repeat for each source")
    ],
    absent: Annotated[list[str] | None, typer.Option(help="a contig that no source covers; repeat for each")] = None,
    threads: Annotated[int, typer.Option(min=1, help="threads")] = 1,
) -> None:
    """Build a store from gnomAD-like sites VCFs."""
    from neotriage.genome import read_build
    from neotriage.store.building import build_store, parse_source

    sources = [parse_source(text) for text in source]
    genome = read_build(build)
    with _Progress([file for one in sources for file in one.files]) as progress:
        manifest = build_store(output, genome, sources, absent=absent or (), threads=threads, progress=progress.advance)
    records = {name: part["records"] for name, part in manifest["contigs"].items()}
    without = [contig.name for contig in genome.primary if contig.name not in records and contig.name not in manifest["absent"]]
    typer.echo(f"{sum(records.values())} alleles on {len(records)} contigs", err=True)
    if without:
        typer.echo(f"no record on {', '.join(without)}: a look-up there is an error unless --absent says so", err=True)


@app.command()
def clinvar(
    output: Annotated[Path, typer.Option(help="folder of the store; replaced when the new one is whole")],
    build: Annotated[str, typer.Option(help="GRCh38, GRCh37, or a YAML file that describes the build")],
    vcf: Annotated[Path, typer.Option(help="ClinVar's VCF")],
    threads: Annotated[int, typer.Option(min=1, help="threads")] = 1,
) -> None:
    """Build a store of ClinVar's alleles, for `neotriage table --clinvar`."""
    from neotriage.genome import read_build
    from neotriage.store.clinvar import build_clinvar

    manifest = build_clinvar(vcf, read_build(build), output, threads)
    typer.echo(f"{sum(part['records'] for part in manifest['contigs'].values())} alleles", err=True)


@app.command()
def info(
    store: Annotated[Path, typer.Argument(help="the store's folder")],
    verify: Annotated[bool, typer.Option(help="check every file's checksum")] = False,
) -> None:
    """Say what a store holds."""
    from neotriage.store import open_store

    opened = open_store(store)
    if verify:
        opened.check()
    size = sum(file["bytes"] for part in opened.manifest["contigs"].values() for file in part["files"].values())
    records = sum(opened.contigs.values())
    typer.echo(f"build\t{opened.build}")
    typer.echo(f"alleles\t{records}")
    typer.echo(f"bytes_per_allele\t{size / max(records, 1):.2f}")
    for source in opened.manifest["source_files"]:
        typer.echo(f"source\t{source['name']}\t{source['alleles']} alleles\t{','.join(source['frequencies'])}")
    for name, count in opened.contigs.items():
        typer.echo(f"contig\t{name}\t{count}")
    for name in sorted(opened.absent):
        typer.echo(f"absent\t{name}")


@app.command()
def query(
    store: Annotated[Path, typer.Argument(help="the store's folder")],
    variants: Annotated[list[str], typer.Argument(help="CONTIG:POSITION:REF:ALT, 1-based")],
) -> None:
    """Look variants up; one line each."""
    from neotriage.store import open_store

    opened = open_store(store)
    typer.echo("variant\tallele_frequency\tsource\tsource_filter\thomozygotes\themizygotes\tanswer")
    for text in variants:
        typer.echo("\t".join([text, *_answer(opened, text)]))


def _answer(opened: Store, text: str) -> list[str]:
    import numpy as np

    parts = text.rsplit(":", 3)
    if len(parts) != 4 or not parts[1].isdigit() or int(parts[1]) < 1:
        raise InputError(f"{text!r} is not a variant", fix="write CONTIG:POSITION:REF:ALT, as chr1:12345:A:G")
    contig, position, ref, alt = parts
    found = {name: values[0] for name, values in opened.lookup(contig, np.array([int(position) - 1]), [ref], [alt]).items()}
    if not found["is_covered"]:
        answer = "not covered"
    elif not found["is_seen"]:
        answer = "not seen"
    else:
        answer = "not measured" if np.isnan(found["allele_frequency"]) else "seen"
    return [
        f"{found['allele_frequency']:.6g}",
        opened.sources[found["source"]] if found["source"] >= 0 else ".",
        opened.filters[found["source_filter"]] if found["source_filter"] >= 0 else ".",
        str(found["homozygotes"]),
        str(found["hemizygotes"]),
        answer,
    ]


class _Progress:
    """A progress bar over files by their bytes, on a terminal only."""

    def __init__(self, files: list[Path]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
            console=console, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("reading", total=sum(file.stat().st_size for file in files))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def advance(self, file: Path, size: int) -> None:
        """Some more bytes of a file were read."""
        self._bar.update(self._task, advance=size, description=file.name)
