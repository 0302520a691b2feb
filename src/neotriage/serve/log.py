"""The notes file: one SQLite file with the users and an append-only log of notes, sign-offs and who looked at what.

The log is the record; nothing in it is ever changed.
- Triggers refuse UPDATE, DELETE and an INSERT that is not the next entry.
- Each entry holds the SHA-256 of its own content and of the entry before, so that a change made past the triggers shows.
- Whoever may write to the file can rebuild the whole chain. A receipt (`number:first 16 digits`) written down elsewhere, in the
  patient's record say, shows that too, and shows a log cut short.
A user's credential stands in `users`; its SHA-256 stands in the log, so that one put in past the log shows as well.
Families stand in the log by an opaque id: HMAC-SHA-256 of the name under the file's own secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from neotriage.errors import FormatError, InputError

__all__ = ["Action", "Entry", "Log", "create_log"]

_APPLICATION = 0x6E656F74  # "neot" in the file's header says whose file it is
_VERSION = 1
_RECEIPT_DIGITS = 16

_SCHEMA = (
    "CREATE TABLE secret (value TEXT NOT NULL) STRICT",
    "CREATE TABLE users (name TEXT PRIMARY KEY COLLATE NOCASE, credential TEXT NOT NULL) STRICT",
    """CREATE TABLE log (number INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
family TEXT NOT NULL, report TEXT NOT NULL, text TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL) STRICT""",
    "CREATE INDEX log_family ON log (family, action)",
    "CREATE TRIGGER log_update BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END",
    "CREATE TRIGGER log_delete BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END",
    # INSERT OR REPLACE deletes without a DELETE trigger: only the next number may come
    """CREATE TRIGGER log_insert BEFORE INSERT ON log WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM log)
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    "CREATE TRIGGER secret_update BEFORE UPDATE ON secret BEGIN SELECT RAISE(ABORT, 'the secret is fixed'); END",
    "CREATE TRIGGER secret_delete BEFORE DELETE ON secret BEGIN SELECT RAISE(ABORT, 'the secret is fixed'); END",
)


class Action(StrEnum):
    """What an entry records."""

    USER_ADDED = "user_added"
    PASSWORD_SET = "password_set"  # noqa: S105 - the name of an action
    USER_REMOVED = "user_removed"
    LOGGED_IN = "logged_in"
    LOGIN_REFUSED = "login_refused"
    LOGGED_OUT = "logged_out"
    SEARCHED = "searched"
    OPENED = "opened"
    OPENED_REPORT = "opened_report"
    NOTE = "note"
    SIGNED_OFF = "signed_off"
    WITHDRAWN = "withdrawn"


_CREDENTIAL_ACTIONS = (Action.USER_ADDED, Action.PASSWORD_SET, Action.USER_REMOVED)


@dataclass(frozen=True)
class Entry:
    """One entry. `at` ISO 8601 UTC; `family` opaque id, `report` SHA-256 of what was signed, `text` a note; "" where none."""

    number: int
    at: str
    actor: str
    action: str
    family: str
    report: str
    text: str
    previous: str
    hash: str

    @property
    def receipt(self) -> str:
        """What to write down elsewhere to prove the log whole up to here."""
        return f"{self.number}:{self.hash[:_RECEIPT_DIGITS]}"


class Log:
    """An existing notes file.

    Raises:
        InputError: no such file.
        FormatError: not a notes file of neotriage.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise InputError(f"no notes file {path}", fix="add a user first, with --add-user NAME")
        self.path = path
        try:
            with self._connection() as connection:
                marks = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
                if marks != [_APPLICATION, _VERSION]:
                    raise FormatError("not a notes file of this neotriage", file=path, fix="name another with --notes")
                [(self._secret,)] = connection.execute("SELECT value FROM secret").fetchall()
        except (sqlite3.DatabaseError, ValueError) as error:
            raise FormatError(f"not a notes file of neotriage ({error})", file=path, fix="name another with --notes") from None

    def family_id(self, name: str) -> str:
        """The opaque id of a family: 32 hexadecimal digits, different in each notes file."""
        return hmac.new(self._secret.encode(), name.encode(), hashlib.sha256).hexdigest()[:32]

    def append(self, actor: str, action: Action, at: datetime, *, family: str = "", report: str = "", text: str = "") -> Entry:
        """Write one entry and return it."""
        with self._writing() as connection:
            return self._append(connection, actor, action, at, family=family, report=report, text=text)

    def entries(self, family: str, actions: Sequence[Action]) -> list[Entry]:
        """The family's entries of these actions, oldest first."""
        marks = ",".join("?" * len(actions))
        query = f"SELECT * FROM log WHERE family = ? AND action IN ({marks}) ORDER BY number"  # noqa: S608 - only ? is put in
        with self._connection() as connection:
            return [Entry(*row) for row in connection.execute(query, (family, *actions))]

    def standing(self) -> dict[str, list[Entry]]:
        """Opaque family id -> the sign-offs that their own signers have not withdrawn, oldest first."""
        query = "SELECT * FROM log WHERE action IN (?, ?) ORDER BY number"
        latest: dict[tuple[str, str], Entry] = {}
        with self._connection() as connection:
            for row in connection.execute(query, (Action.SIGNED_OFF, Action.WITHDRAWN)):
                entry = Entry(*row)
                latest[entry.family, entry.actor] = entry
        standing: dict[str, list[Entry]] = {}
        for entry in sorted(latest.values(), key=lambda entry: entry.number):
            if entry.action == Action.SIGNED_OFF:
                standing.setdefault(entry.family, []).append(entry)
        return standing

    def credential(self, user: str) -> tuple[str, str] | None:
        """The user's name as it was added, whatever the case asked in, and credential; None for no such user."""
        with self._connection() as connection:
            row = connection.execute("SELECT name, credential FROM users WHERE name = ?", (user,)).fetchone()
        return (row[0], row[1]) if row else None

    def has_users(self) -> bool:
        """Whether anyone can log in."""
        with self._connection() as connection:
            return connection.execute("SELECT 1 FROM users").fetchone() is not None

    def add_user(self, user: str, credential: str, at: datetime) -> None:
        """Add a user.

        Raises:
            InputError: there is one of that name.
        """
        with self._writing() as connection:
            try:
                connection.execute("INSERT INTO users VALUES (?, ?)", (user, credential))
            except sqlite3.IntegrityError:
                raise InputError(f"there is a user {user!r}", fix="use --set-password for a new password") from None
            self._append(connection, user, Action.USER_ADDED, at, text=_fingerprint(credential))

    def set_credential(self, user: str, credential: str, at: datetime) -> None:
        """Give a user another credential, which ends the user's sessions.

        Raises:
            InputError: no such user.
        """
        with self._writing() as connection:
            changed = connection.execute("UPDATE users SET credential = ? WHERE name = ?", (credential, user)).rowcount
            self._changed(changed, user)
            self._append(connection, self._as_added(connection, user), Action.PASSWORD_SET, at, text=_fingerprint(credential))

    def remove_user(self, user: str, at: datetime) -> None:
        """Remove a user, whose entries stay.

        Raises:
            InputError: no such user.
        """
        with self._writing() as connection:
            name = self._as_added(connection, user)
            self._changed(connection.execute("DELETE FROM users WHERE name = ?", (user,)).rowcount, user)
            self._append(connection, name, Action.USER_REMOVED, at)

    def check(self, receipts: Sequence[str] = ()) -> Entry | None:
        """Go through the whole log; return its last entry, None for an empty one.

        Args:
            receipts: receipts written down elsewhere, which have to stand in the log.

        Raises:
            FormatError: the log was changed, cut short or taken out of its triggers; the first such place is named.
        """
        with self._connection() as connection:
            self._check_schema(connection)
            held: dict[str, str] = {}
            found: set[str] = set()
            previous, last = self._genesis(), None
            for place, row in enumerate(connection.execute("SELECT * FROM log ORDER BY number"), start=1):
                last = Entry(*row)
                if last.number != place or last.previous != previous or last.hash != _hash(last):
                    raise self._tampered(f"entry {place} was changed, put in or taken out")
                previous = last.hash
                found.add(last.receipt)
                if last.action in _CREDENTIAL_ACTIONS:
                    held[last.actor] = last.text
            users = {name: _fingerprint(credential) for name, credential in connection.execute("SELECT * FROM users")}
        if users != {name: mark for name, mark in held.items() if mark}:
            raise self._tampered("the users are not those that the log says")
        for receipt in receipts:
            if receipt not in found:
                raise self._tampered(f"the receipt {receipt} does not stand in it")
        return last

    def _check_schema(self, connection: sqlite3.Connection) -> None:
        held = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
        if held != set(_SCHEMA):
            raise self._tampered("its tables and triggers are not those it was made with")

    def _tampered(self, problem: str) -> FormatError:
        return FormatError(problem, file=self.path, fix="keep the file as evidence, and go back to a copy that checks")

    def _genesis(self) -> str:
        return hashlib.sha256(f"neotriage log {self._secret}".encode()).hexdigest()

    def _append(
        self,
        connection: sqlite3.Connection,
        actor: str,
        action: Action,
        at: datetime,
        *,
        family: str = "",
        report: str = "",
        text: str = "",
    ) -> Entry:
        row = connection.execute("SELECT number, hash FROM log ORDER BY number DESC LIMIT 1").fetchone()
        number, previous = row or (0, self._genesis())
        time = at.astimezone(UTC).isoformat(timespec="seconds")
        entry = Entry(number + 1, time, actor, action.value, family, report, text, previous, hash="")
        entry = replace(entry, hash=_hash(entry))
        connection.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(entry))
        return entry

    def _as_added(self, connection: sqlite3.Connection, user: str) -> str:
        row = connection.execute("SELECT name FROM users WHERE name = ?", (user,)).fetchone()
        return str(row[0]) if row else user

    def _changed(self, rows: int, user: str) -> None:
        if rows == 0:
            raise InputError(f"no user {user!r} in {self.path}", fix="add one with --add-user NAME")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def create_log(path: Path) -> Log:
    """Make an empty notes file that only its owner may read.

    Raises:
        FileExistsError: there is a file.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(path)) as connection:
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute("INSERT INTO secret VALUES (?)", (secrets.token_hex(32),))
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.commit()
    return Log(path)


def _hash(entry: Entry) -> str:
    content = json.dumps(astuple(entry)[:-1], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _fingerprint(credential: str) -> str:
    return hashlib.sha256(credential.encode()).hexdigest()
