"""What `neotriage serve` does: serve, change the users, check the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import uvicorn

from neotriage.errors import InputError
from neotriage.serve.families import Results
from neotriage.serve.guard import check_host, listen
from neotriage.serve.log import Log, create_log
from neotriage.serve.pages import workbench
from neotriage.serve.users import checked_name, checked_password, credential

__all__ = ["add_user", "check_notes", "notes_file", "remove_user", "run_workbench", "set_password"]


def notes_file(results: Path, named: Path | None) -> Path:
    """The notes file: as named, else beside the results folder.

    Raises:
        InputError: it lies in the results, which are only read.
    """
    file = named or results.resolve().with_name(f"{results.resolve().name}.notes.sqlite")
    if file.resolve().is_relative_to(results.resolve()):
        raise InputError(f"the notes file {file} lies in the results", fix="choose another place with --notes")
    return file


def add_user(file: Path, name: str, password: str, now: datetime) -> str:
    """Add a user, and make the notes file if there is none; return what was done.

    Raises:
        InputError: the name or the password will not do, or there is such a user.
    """
    user, kept = checked_name(name), credential(checked_password(password))
    log = Log(file) if file.exists() else create_log(file)
    log.add_user(user, kept, now)
    return f"added {user} to {file}"


def set_password(file: Path, name: str, password: str, now: datetime) -> str:
    """Give a user another password, which ends the user's sessions; return what was done.

    Raises:
        InputError: no such user, or the password will not do.
    """
    user = checked_name(name)
    Log(file).set_credential(user, credential(checked_password(password)), now)
    return f"new password for {user}; every session of that name has ended"


def remove_user(file: Path, name: str, now: datetime) -> str:
    """Remove a user, whose entries stay; return what was done.

    Raises:
        InputError: no such user.
    """
    user = checked_name(name)
    Log(file).remove_user(user, now)
    return f"removed {user}; what was written under that name stays"


def check_notes(file: Path, receipts: Sequence[str]) -> str:
    """Go through the log; return what was found.

    Raises:
        FormatError: it was tampered with.
    """
    last = Log(file).check(receipts)
    return f"{file}: whole, {last.number} entries, last receipt {last.receipt}" if last else f"{file}: whole, no entry"


def run_workbench(
    folder: Path, file: Path, host: str, port: int, *, is_known_unencrypted: bool, say: Callable[[str], None]
) -> None:
    """Serve until Ctrl-C.

    Raises:
        InputError: the folder, the notes file or the address will not do, or there is no user yet.
        FormatError: the log was tampered with.
        MachineError: the port cannot be had.
    """
    hosts = check_host(host, is_known_unencrypted=is_known_unencrypted)
    results, log = Results(folder), Log(file)
    log.check()
    if not log.has_users():
        raise InputError(f"nobody can log in: {file} holds no user", fix="add one with --add-user NAME")
    with listen(host, port) as listening:
        shown = f"[{host}]" if ":" in host else host
        say(f"neotriage workbench: http://{shown}:{listening.getsockname()[1]}/ (Ctrl-C ends it)")
        config = uvicorn.Config(
            workbench(results, log, hosts),
            access_log=False,
            lifespan="off",
            log_config=None,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            ws="none",
        )
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            say("ended")
