"""`neotriage serve RESULTS`: the workbench on this machine, its users and its log."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def serve(
    results: Annotated[Path, typer.Argument(help="the results folder, the config's outdir; it is only read")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 8765,
    host: Annotated[str, typer.Option(help="the one address or name to be asked by")] = "127.0.0.1",
    notes: Annotated[Path | None, typer.Option(help="users, notes and audit log; RESULTS.notes.sqlite unless named")] = None,
    add_user: Annotated[str | None, typer.Option(metavar="NAME", help="add a user, ask for a password, end")] = None,
    set_password: Annotated[str | None, typer.Option(metavar="NAME", help="ask for a new password, end")] = None,
    remove_user: Annotated[str | None, typer.Option(metavar="NAME", help="remove a user, whose entries stay, end")] = None,
    check_log: Annotated[bool, typer.Option("--check-log", help="go through the audit log, end")] = False,
    receipt: Annotated[list[str] | None, typer.Option(help="with --check-log: a receipt that has to stand in the log")] = None,
    unencrypted: Annotated[
        bool,
        typer.Option(
            "--i-know-this-is-not-encrypted",
            help="serve at an address that other machines reach: passwords and findings pass the network in the clear",
        ),
    ] = False,
) -> None:
    """Show the families of a results folder, for notes and sign-off by named users."""
    from neotriage.serve import run

    file = run.notes_file(results, notes)
    now = datetime.now(UTC)
    if add_user is not None:
        typer.echo(run.add_user(file, add_user, _new_password(), now))
    elif set_password is not None:
        typer.echo(run.set_password(file, set_password, _new_password(), now))
    elif remove_user is not None:
        typer.echo(run.remove_user(file, remove_user, now))
    elif check_log:
        typer.echo(run.check_notes(file, receipt or ()))
    else:
        run.run_workbench(results, file, host, port, is_known_unencrypted=unencrypted, say=typer.echo)


def _new_password() -> str:
    return str(typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt="The same again"))
