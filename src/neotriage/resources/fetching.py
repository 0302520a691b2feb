"""Fetch files over HTTP: resumed where a connection broke, from mirrors where an address fails, refused by checksum.

What is being fetched is `<name>.part`, with `<name>.part.from` beside it (address and ETag, so that a resumed file is never
put together from two releases); the name itself appears only when the file is whole and proven.

What a server may do, and what is done:
    drops the connection       the rest is asked for by Range
    ignores Range              the file is fetched from its beginning
    has another file by now    If-Range fails: the file is fetched from its beginning
    promises more than it has  after the last try an error: how many of how many bytes came
    promises less than it has  what came is short: checksum, stated size, or the end mark of bgzip tells
    has another content        refused; the next mirror is tried
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from urllib3.util import Retry

from neotriage.checksum import file_sha256
from neotriage.errors import ResourceError
from neotriage.resources.lock import Trust
from neotriage.resources.manifest import RemoteFile

if TYPE_CHECKING:
    from requests import Response, Session

__all__ = ["Fetched", "fetch_file", "is_cut_short", "md5_of", "open_session", "published_md5", "remote_size"]

Progress = Callable[[int], None]

_BLOCK = 1 << 16  # what a dropped connection loses at most
_TIMEOUT_S = (20, 120)  # to connect, between two blocks
_BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")  # SAM specification, 4.1.2
_PAUSES_S = (0.0, 1.0, 4.0, 15.0, 60.0)


@dataclass(frozen=True)
class Fetched:
    """A file that is whole: size in bytes, SHA-256, its provider's md5 ('' none), where it came from, on whose word."""

    size: int
    sha256: str
    md5: str
    address: str
    trust: Trust


def open_session() -> Session:
    """A session that waits and asks again where a server is busy; bodies come as they lie on the server, not unpacked."""
    session = requests.Session()
    busy = Retry(total=3, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504), raise_on_status=False)
    for scheme in ("http://", "https://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=busy, pool_maxsize=16))
    session.headers["Accept-Encoding"] = "identity"
    return session


def remote_size(session: Session, file: RemoteFile) -> int:
    """Bytes of a file as the manifest or its server says; -1 where neither does."""
    if file.size >= 0 or not file.address:
        return file.size
    try:
        answer = session.head(file.address, allow_redirects=True, timeout=_TIMEOUT_S)
    except requests.RequestException:
        return -1
    return int(answer.headers.get("Content-Length", -1)) if answer.ok else -1


def published_md5(session: Session, address: str) -> str:
    """The md5 that a provider publishes at an address.

    Raises:
        ResourceError: it cannot be had, or is none.
    """
    try:
        answer = session.get(address, timeout=_TIMEOUT_S)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise ResourceError(f"{address}: {_short(error)}", fix="try again later") from None
    word = (answer.text.split() or [""])[0].lower()
    if len(word) != 32 or any(letter not in "0123456789abcdef" for letter in word):
        raise ResourceError(f"{address}: holds no md5", fix="try again later, or mend the manifest")
    return word


def fetch_file(
    session: Session,
    file: RemoteFile,
    target: Path,
    *,
    mirrors: Sequence[str] = (),
    progress: Progress = lambda _: None,
    pauses_s: tuple[float, ...] = _PAUSES_S,
) -> Fetched:
    """Fetch one file from the first of its addresses that gives it whole.

    Args:
        session: as `open_session` makes.
        file: what to fetch.
        target: where it is to lie; its folder is made.
        mirrors: addresses of folders of the manifest's layout, tried before the manifest's own.
        progress: told how many bytes more are here; negative where a beginning was thrown away.
        pauses_s: seconds before each try at an address.

    Raises:
        ResourceError: no address gives it whole and with the checksum expected.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    problems = []
    for address in (*(f"{base.rstrip('/')}/{file.path}" for base in mirrors), *file.addresses):
        try:
            return _from_address(session, file, address, target, progress, pauses_s)
        except ResourceError as error:
            problems.append(error.problem)
    said = "; ".join(dict.fromkeys(problems)) or "the manifest gives no address"
    raise ResourceError(f"{file.path} was not fetched: {said}", fix="try again later, name a mirror, or install with --from")


def _from_address(
    session: Session, file: RemoteFile, address: str, target: Path, progress: Progress, pauses_s: tuple[float, ...]
) -> Fetched:
    md5 = published_md5(session, file.md5_address) if address == file.address and file.md5_address else ""
    part = target.with_name(target.name + ".part")
    problem = ""
    for pause in pauses_s:
        time.sleep(pause)
        try:
            promised = _receive(session, address, part, progress)
        except requests.RequestException as error:
            problem = _short(error)
            if isinstance(error, requests.HTTPError) and error.response is not None and error.response.status_code < 500:
                break  # it will say so again
            continue
        size = part.stat().st_size
        if promised in {-1, size}:
            return _proven(file, address, part, target, md5, progress)
        problem = f"{size} of {promised} bytes came"
    raise ResourceError(f"{address}: {problem}")


def _receive(session: Session, address: str, part: Path, progress: Progress) -> int:
    """Add to the part what is lacking; returns the whole's size as the server says, -1 where it does not."""
    origin = part.with_name(part.name + ".from")
    have = part.stat().st_size if part.is_file() else 0
    known = origin.read_text().split("\n") if origin.is_file() else []
    tag = known[1] if len(known) == 2 and known[0] == address else ""
    headers = {"Range": f"bytes={have}-", "If-Range": tag} if have and tag else {}
    with session.get(address, headers=headers, stream=True, timeout=_TIMEOUT_S) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            if answer.headers.get("Content-Range") == f"bytes */{have}":
                return have  # all of it was here already
            part.unlink()
            progress(-have)
            raise requests.ConnectionError("the server has fewer bytes than were fetched")
        answer.raise_for_status()
        is_rest = answer.status_code == requests.codes.partial_content and _starts_at(answer.headers, have)
        if have and not is_rest:
            part.unlink()
            progress(-have)
        origin.write_text(f"{address}\n{_strong_tag(answer.headers)}")
        whole = _whole_size(answer, is_rest)
        with part.open("ab") as out:
            for block in answer.iter_content(_BLOCK):
                out.write(block)
                progress(len(block))
    return whole


def _strong_tag(headers: Mapping[str, str]) -> str:
    """What If-Range can hold the file against; '' nothing."""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")


def _starts_at(headers: Mapping[str, str], have: int) -> bool:
    return headers.get("Content-Range", "").startswith(f"bytes {have}-")


def _whole_size(answer: Response, is_rest: bool) -> int:
    text = answer.headers.get("Content-Range", "").rpartition("/")[2] if is_rest else answer.headers.get("Content-Length", "")
    return int(text) if text.isdigit() else -1


def _proven(file: RemoteFile, address: str, part: Path, target: Path, md5: str, progress: Progress) -> Fetched:
    """The part as the file itself, once it has shown that it is the one wanted.

    Raises:
        ResourceError: it is not; the part is gone.
    """
    size, sha256 = part.stat().st_size, file_sha256(part)
    fault = _fault(file, part, size, sha256, md5)
    part.with_name(part.name + ".from").unlink(missing_ok=True)
    if fault:
        part.unlink()
        progress(-size)
        raise ResourceError(f"{address}: {fault}")
    os.replace(part, target)
    trust = Trust.MANIFEST if file.sha256 else Trust.PROVIDER if md5 else Trust.FIRST_USE
    return Fetched(size, sha256, md5, address, trust)


def _fault(file: RemoteFile, part: Path, size: int, sha256: str, md5: str) -> str:
    """What shows that it is another file than the one wanted; '' nothing."""
    if file.size >= 0 and size != file.size:
        return f"{size} bytes came, the manifest says {file.size}"
    if file.sha256 and sha256 != file.sha256:
        return f"SHA-256 is {sha256[:16]}…, the manifest says {file.sha256[:16]}…"
    if md5 and (found := md5_of(part)) != md5:
        return f"md5 is {found}, its provider says {md5}"
    return "cut short, bgzip's end mark is lacking" if is_cut_short(part, file.path) else ""


def is_cut_short(path: Path, name: str) -> bool:
    """Whether a bgzipped file lacks the empty block at its end; False for what is not bgzipped."""
    with path.open("rb") as handle:
        head = handle.read(18)
        if head[:4] != _BGZIP_END[:4] or head[12:14] != b"BC" or not name.endswith((".gz", ".bgz", ".bam", ".tbi")):
            return False
        handle.seek(max(0, path.stat().st_size - len(_BGZIP_END)))
        return handle.read() != _BGZIP_END


def md5_of(path: Path) -> str:
    """MD5 of a file, as providers publish it."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _short(error: Exception) -> str:
    """An error of the network in few words: its own text repeats the address and the pool."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "the server does not answer"
    broke = isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError)
    return "the connection broke" if broke else type(error).__name__
