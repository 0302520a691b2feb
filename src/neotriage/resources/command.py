"""`neotriage resources`: plan, fetch, verify, build and compare the outside resources. A run fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from neotriage.resources.installing import Wanted
    from neotriage.resources.manifest import Entry

app = typer.Typer(
    help="Outside resources: plan, fetch, verify, build, compare. A run fetches nothing.",
    no_args_is_help=True,
    add_completion=False,
)

Folder = Annotated[Path, typer.Option("--folder", help="the resources folder")]
Manifest = Annotated[Path | None, typer.Option("--manifest", help="another manifest than the bundled one")]
Tier = Annotated[str, typer.Option("--tier", help="lite: the panels' genes of gnomAD; full: all of it")]
Names = Annotated[list[str] | None, typer.Argument(help="resources; all of the tier if none is named")]
_FOLDER = Path("resources/local")


@app.command()
def plan(
    names: Names = None,
    folder: Folder = _FOLDER,
    tier: Tier = "lite",
    manifest: Manifest = None,
    ask: Annotated[bool, typer.Option("--ask/--no-ask", help="ask servers for sizes that the manifest lacks")] = True,
) -> None:
    """Say what a tier takes: files, sizes, licences, what is here; nothing is fetched."""
    from neotriage.resources import open_session
    from neotriage.resources.installing import plan as plan_files

    entries = _entries(manifest, tier, names)
    wanted = plan_files(entries, folder, open_session() if ask else None, is_lite=tier == "lite")
    _show(entries, wanted)


@app.command()
def fetch(
    names: Names = None,
    folder: Folder = _FOLDER,
    tier: Tier = "lite",
    manifest: Manifest = None,
    from_: Annotated[Path | None, typer.Option("--from", help="take the files from this folder, without a network")] = None,
    panels: Annotated[
        list[Path] | None, typer.Option(help="lite: a panel whose genes are sliced; by default all in panels/")
    ] = None,
    build: Annotated[str, typer.Option(help="GRCh38, GRCh37, or a YAML file that describes the build")] = "GRCh38",
    mirror: Annotated[
        list[str] | None, typer.Option(help="address of a folder of the same layout, tried first; repeat")
    ] = None,
    renew: Annotated[
        bool, typer.Option("--renew", help="fetch anew what is here, unless its provider's md5 is the same")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="files fetched at a time")] = 4,
) -> None:
    """Fetch what the plan lacks: resumed where it broke off, proven by checksum, entered in resources.lock."""
    from neotriage.resources import open_session
    from neotriage.resources.installing import SLICED, TO_GET, check_room, fetch_all, install_from
    from neotriage.resources.installing import plan as plan_files

    entries = _entries(manifest, tier, names)
    folder.mkdir(parents=True, exist_ok=True)
    today = datetime.now(UTC).date().isoformat()
    if from_ is not None:
        for locked in install_from(entries, from_, folder, today):
            typer.echo(f"{locked.path}\t{locked.size}\tby {locked.trust}")
        return
    session = open_session()
    wanted = plan_files(entries, folder, session, is_lite=tier == "lite", renew=renew)
    _show(entries, wanted)
    check_room(wanted, folder)
    missing = [one for one in wanted if one.state in TO_GET]
    on_trust = 0
    with _bars(missing) as progress:
        for locked in fetch_all(missing, folder, session, today, jobs=jobs, mirrors=mirror or (), progress=progress):
            on_trust += locked.trust == "first use"
            typer.echo(f"{locked.path}\t{locked.size}\tby {locked.trust}")
    if on_trust:
        typer.echo(f"{on_trust} files have no checksum of their provider: trusted on this first use, held to it from now on")
    sliced = [one for one in wanted if one.state == SLICED]
    if sliced:
        _slice(sliced, folder, panels, build, today)


def _slice(sliced: Sequence[Wanted], folder: Path, panels: list[Path] | None, build: str, today: str) -> None:
    """Fetch the panels' genes of the sliced resources."""
    from neotriage.checksum import file_sha256
    from neotriage.errors import ResourceError
    from neotriage.gene_models import read_gene_models
    from neotriage.genome import read_build
    from neotriage.resources.building import build_gene_models
    from neotriage.resources.installing import SLICES
    from neotriage.resources.lock import Locked, Trust, read_lock, write_lock
    from neotriage.resources.slicing import panel_regions, slice_vcf

    genome = read_build(build)
    models = read_gene_models(build_gene_models(folder, genome), genome)
    given = panels or sorted(path for path in (folder / "panels").glob("*") if path.suffix in {".json", ".tsv", ".txt"})
    if not given:
        raise ResourceError("the lite tier slices by panels, and none is here", file=folder / "panels", fix="give --panels")
    regions = panel_regions(given, models)
    (folder / "built").mkdir(exist_ok=True)
    (folder / "built" / "lite.bed").write_text("".join(f"{c}\t{start}\t{end}\n" for c, start, end in regions))
    typer.echo(f"{len(regions)} regions, {sum(end - start for _, start, end in regions) / 1e6:.1f} Mb, of {len(given)} panels")
    for one in sliced:
        target = folder / SLICES / one.file.path
        with _bars([one]) as progress:
            records = slice_vcf(
                one.file.address,
                folder / f"{one.file.path}.tbi",
                regions,
                target,
                lambda size, path=one.file.path: progress(path, size),  # type: ignore[misc]
            )
        lock = read_lock(folder)
        path = f"{SLICES}/{one.file.path}"
        size, address = target.stat().st_size, one.file.address
        lock[path] = Locked(
            path, one.entry.name, one.entry.version, size, file_sha256(target), "", today, address, Trust.FIRST_USE
        )
        write_lock(folder, lock.values())
        typer.echo(f"{path}\t{size}\t{records} records")


@app.command()
def verify(folder: Folder = _FOLDER, threads: Annotated[int, typer.Option(min=1, help="files read at a time")] = 4) -> None:
    """Hold every file against the lock: size and SHA-256."""
    from neotriage.errors import ResourceError
    from neotriage.resources import check_files, read_lock

    lock = read_lock(folder)
    if not lock:
        raise ResourceError("no resources.lock here", file=folder, fix="`neotriage resources fetch` first")
    wrong = check_files(folder, lock, threads)
    for error in wrong[1:]:
        typer.echo(str(error), err=True)
    if wrong:
        raise wrong[0]
    typer.echo(f"{len(lock)} files are as they were taken in")


@app.command()
def build(
    folder: Folder = _FOLDER,
    build: Annotated[str, typer.Option(help="GRCh38, GRCh37, or a YAML file that describes the build")] = "GRCh38",
    threads: Annotated[int, typer.Option(min=1, help="threads for the frequency store")] = 2,
) -> None:
    """Build the frequency store, gene models, ClinVar, phenotype arrays, and a config that names them."""
    from neotriage.genome import read_build
    from neotriage.resources.building import build_all

    for part, done in build_all(folder, read_build(build), threads):
        typer.echo(f"{part}\t{done}")


@app.command()
def diff(
    other: Annotated[Path | None, typer.Argument(help="another resources folder; the manifest if none is given")] = None,
    folder: Folder = _FOLDER,
    tier: Tier = "full",
    manifest: Manifest = None,
) -> None:
    """Say in what the folder differs from another one, or from the manifest."""
    from neotriage.resources import read_lock

    lock = read_lock(folder)
    if other is not None:
        there = {path: (one.version, one.sha256) for path, one in read_lock(other).items()}
    else:
        there = {file.path: (e.version, file.sha256) for e in _entries(manifest, tier, None) for file in e.files}
    name = other or "the manifest"
    lines = 0
    for path in sorted({*lock, *there}):
        here = (lock[path].version, lock[path].sha256) if path in lock else None
        if here is None:
            said = f"only in {name}\t{there[path][0]}"
        elif path not in there:
            said = f"only here\t{here[0]}"
        elif here[0] != there[path][0]:
            said = f"version\t{here[0]} here, {there[path][0]} in {name}"
        elif there[path][1] and here[1] != there[path][1]:
            said = f"content\t{here[1][:16]}… here, {there[path][1][:16]}… in {name}"
        else:
            continue
        lines += 1
        typer.echo(f"{path}\t{said}")
    if not lines:
        typer.echo(f"no difference to {name}")


def _entries(manifest: Path | None, tier: str, names: list[str] | None) -> tuple[Entry, ...]:
    from neotriage.resources import chosen, read_manifest

    return chosen(read_manifest(manifest), tier, names or ())


def _show(entries: Sequence[Entry], wanted: Sequence[Wanted]) -> None:
    """One line a resource, and the sum of what is to be fetched."""
    from neotriage.resources.installing import BY_HAND, TO_GET

    typer.echo("resource\tversion\tfiles\tsize\tstate\tlicence\tneeded by")
    for entry in entries:
        of = [one for one in wanted if one.entry is entry]
        states = ", ".join(f"{sum(o.state == s for o in of)} {s}" for s in dict.fromkeys(o.state for o in of)) or BY_HAND
        row = (entry.name, entry.version, str(len(of)), _sum(of), states, entry.licence, entry.needed_by)
        typer.echo("\t".join(row))
        if entry.note and (not of or any(one.state == BY_HAND for one in of)):
            typer.echo(f"  {entry.note}")
    missing = [one for one in wanted if one.state in TO_GET]
    typer.echo(f"to fetch: {len(missing)} files, {_sum(missing)}")


def _sum(wanted: Sequence[Wanted]) -> str:
    known = [one.size for one in wanted if one.size >= 0]
    unknown = len(wanted) - len(known)
    size = sum(known)
    text = f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
    return f"{text} and {unknown} files of unknown size" if unknown else text


@contextmanager
def _bars(wanted: Sequence[Wanted]) -> Iterator[Callable[[str, int], None]]:
    """A bar a file, on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {
            one.file.path: bars.add_task(one.file.path, total=one.size if one.size >= 0 else None, start=True) for one in wanted
        }
        yield lambda path, size: bars.update(tasks[path], advance=size)
