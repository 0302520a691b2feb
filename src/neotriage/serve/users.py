"""Users' names, passwords and sessions.

Passwords are kept as scrypt (RFC 7914) with n 2^15, r 8, p 3, which OWASP's Password Storage Cheat Sheet holds equal to
n 2^17, p 1, in a quarter of the memory. Sessions live in memory and end with the server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from neotriage.errors import InputError
from neotriage.serve.log import Log

__all__ = ["COST", "Cost", "Sessions", "Throttle", "checked_name", "checked_password", "credential", "is_password"]

LEAST_PASSWORD = 12  # characters
_LONGEST_PASSWORD = 1000
_IDLE = timedelta(hours=1)
_LONGEST_SESSION = timedelta(hours=12)
_TRIES = 5
_TRIES_WITHIN = timedelta(minutes=15)
_MOST_MEMORY = 1 << 28  # bytes scrypt may take
_ONE_AT_A_TIME = threading.Lock()  # scrypt takes memory and a core; many at once would stop the page for the others


@dataclass(frozen=True)
class Cost:
    """scrypt's cost parameters."""

    n: int
    r: int
    p: int


COST = Cost(2**15, 8, 3)


def checked_name(name: str) -> str:
    """The name in Unicode's composed form (NFC), spaces at its ends taken off.

    Raises:
        InputError: not 2 to 60 printable characters.
    """
    short = unicodedata.normalize("NFC", name).strip()
    if not 2 <= len(short) <= 60 or not short.isprintable():
        raise InputError(f"the user name {name!r} is not 2 to 60 printable characters", fix="use the person's own name")
    return short


def checked_password(password: str) -> str:
    """The password, as it is.

    Raises:
        InputError: it is shorter than 12 characters, or longer than 1,000.
    """
    if not LEAST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise InputError(
            f"the password has {len(password)} characters", fix=f"use {LEAST_PASSWORD} or more: four random words, say"
        )
    return password


def credential(password: str, cost: Cost = COST) -> str:
    """What is kept of a password: `scrypt$n$r$p$salt$hash`, salt and hash in base64."""
    salt = secrets.token_bytes(16)
    fields = ("scrypt", str(cost.n), str(cost.r), str(cost.p), _text(salt), _text(_scrypt(password, salt, cost)))
    return "$".join(fields)


def is_password(password: str, kept: str) -> bool:
    """Whether the password is the one that the credential was made of."""
    _, n, r, p, salt, digest = kept.split("$")
    asked = _scrypt(password, base64.b64decode(salt), Cost(int(n), int(r), int(p)))
    return hmac.compare_digest(asked, base64.b64decode(digest))


def _scrypt(password: str, salt: bytes, cost: Cost) -> bytes:
    normal = unicodedata.normalize("NFC", password[: _LONGEST_PASSWORD + 1]).encode()
    with _ONE_AT_A_TIME:
        return hashlib.scrypt(normal, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=_MOST_MEMORY)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Throttle:
    """Five wrong passwords for a name within 15 minutes, and the name has to wait. Unknown names wait together."""

    def __init__(self) -> None:
        self._wrong: dict[str, list[datetime]] = {}

    def has_to_wait(self, user: str, now: datetime) -> bool:
        """Whether no password is looked at for now."""
        self._wrong[user] = [at for at in self._wrong.get(user, []) if now - at < _TRIES_WITHIN]
        return len(self._wrong[user]) >= _TRIES

    def was_wrong(self, user: str, now: datetime) -> None:
        """Count a wrong password."""
        self._wrong.setdefault(user, []).append(now)

    def was_right(self, user: str) -> None:
        """Forget the wrong ones."""
        self._wrong.pop(user, None)


@dataclass(frozen=True)
class _Session:
    user: str
    credential: str
    started: datetime
    seen: datetime


class Sessions:
    """Who is logged in: by a random cookie, for 12 hours at most and one idle hour.

    A session ends when the user is removed or gets another password.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._key = secrets.token_bytes(32)
        self._sessions: dict[str, _Session] = {}

    @staticmethod
    def new_cookie() -> str:
        """A cookie that nobody has: 256 random bits."""
        return secrets.token_urlsafe(32)

    def start(self, user: str, now: datetime) -> str:
        """Log the user in; return the new cookie."""
        cookie, known = self.new_cookie(), self._log.credential(user)
        if known is None:
            raise InputError(f"no user {user!r}")
        self._sessions = {c: s for c, s in self._sessions.items() if _is_alive(s, now)}
        self._sessions[cookie] = _Session(known[0], known[1], now, now)
        return cookie

    def user(self, cookie: str, now: datetime) -> str | None:
        """The user whose cookie this is; None if nobody is logged in with it."""
        session = self._sessions.get(cookie)
        if session is None:
            return None
        if not _is_alive(session, now) or self._log.credential(session.user) != (session.user, session.credential):
            self.end(cookie)
            return None
        self._sessions[cookie] = replace(session, seen=now)
        return session.user

    def end(self, cookie: str) -> None:
        """Log out."""
        self._sessions.pop(cookie, None)

    def csrf_token(self, cookie: str) -> str:
        """What a form must bring along to be taken for one of our own pages'."""
        return hmac.new(self._key, cookie.encode(), hashlib.sha256).hexdigest()

    def is_csrf_token(self, cookie: str, token: str) -> bool:
        """Whether the form came from a page given to this cookie."""
        return hmac.compare_digest(self.csrf_token(cookie).encode(), token.encode())


def _is_alive(session: _Session, now: datetime) -> bool:
    return now - session.seen < _IDLE and now - session.started < _LONGEST_SESSION
