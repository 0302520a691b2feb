"""`neotriage seal`: checksums and a signature over a family's results, and the check of both."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Checksums and signature of results.", no_args_is_help=True, add_completion=False)

Folders = Annotated[list[Path], typer.Argument(help="folders of families, results/FAMILY")]


@app.command()
def write(
    folders: Folders,
    key: Annotated[Path | None, typer.Option(help="SSH key to sign with; without one only checksums are written")] = None,
    reads: Annotated[bool, typer.Option("--reads", help="seal the alignments as well")] = False,
) -> None:
    """Write SHA256SUMS into each folder, and SHA256SUMS.sig if a key is given."""
    from neotriage.seal import SIGNATURE, sign, write_sums

    for folder in folders:
        count = write_sums(folder, with_reads=reads)
        (folder / SIGNATURE).unlink(missing_ok=True)
        if key is not None:
            sign(folder, key)
        typer.echo(f"{folder}\t{count} files{', signed' if key is not None else ''}")


@app.command()
def check(
    folders: Folders,
    signers: Annotated[Path | None, typer.Option(help="file of those who may sign (ssh-keygen's ALLOWED SIGNERS)")] = None,
) -> None:
    """Hold each folder to its seal; exit 2 if a file is missing or has changed, or if the signature is not good."""
    from neotriage.seal import check_signature, check_sums

    for folder in folders:
        by = f"signed by {check_signature(folder, signers)}" if signers is not None else "signature not looked at"
        count, since = check_sums(folder)
        came = f", {len(since)} came since: {', '.join(since[:3])}" if since else ""
        typer.echo(f"{folder}\t{count} files as sealed, {by}{came}")
