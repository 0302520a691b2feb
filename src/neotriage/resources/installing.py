"""Fill a resources folder: by fetching, or from a folder that was carried here; each file enters the lock as it comes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from requests import Session

from neotriage.checksum import file_sha256
from neotriage.errors import MachineError, ResourceError
from neotriage.resources.fetching import Fetched, fetch_file, is_cut_short, md5_of, published_md5, remote_size
from neotriage.resources.lock import Locked, Trust, read_lock, write_lock
from neotriage.resources.manifest import Entry, RemoteFile

__all__ = [
    "BY_HAND",
    "HERE",
    "NEWER",
    "SLICED",
    "SLICES",
    "TO_GET",
    "Wanted",
    "check_room",
    "fetch_all",
    "install_from",
    "plan",
]

SLICES = "sliced"  # the folder of what the lite tier takes
HERE, NEWER, TO_FETCH, OTHER, SLICED, BY_HAND = "here", "newer there", "to fetch", "other version here", "to slice", "by hand"
TO_GET = frozenset({TO_FETCH, OTHER})

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Wanted:
    """One file of the plan: `size` in bytes, -1 not known; `state` one of the constants of this module."""

    entry: Entry
    file: RemoteFile
    size: int
    state: str


def plan(
    entries: Sequence[Entry],
    folder: Path,
    session: Session | None,
    *,
    is_lite: bool = False,
    renew: bool = False,
    jobs: int = 8,
) -> list[Wanted]:
    """What is here and what is to be fetched, in the manifest's order; nothing is written.

    Args:
        entries: what is wanted.
        folder: the resources folder.
        session: asks servers for sizes that the manifest lacks; None: nobody is asked.
        is_lite: sliced entries take the panels' genes alone.
        renew: what is here is fetched again, but for files whose provider's md5 is still the lock's.
        jobs: how many servers are asked at a time.
    """
    lock = read_lock(folder)

    def one(entry: Entry, file: RemoteFile) -> Wanted:
        is_sliced = is_lite and entry.is_sliced and not file.path.endswith(".tbi")
        held = lock.get(f"{SLICES}/{file.path}" if is_sliced else file.path)
        is_here = held is not None and (folder / held.path).is_file()
        if held is not None and is_here and held.version == entry.version:
            is_older = False
            if session is not None and held.md5 and file.md5_address:
                is_older = published_md5(session, file.md5_address) != held.md5
            state = (TO_FETCH if renew else NEWER) if is_older else HERE
            state = (SLICED if is_sliced else TO_FETCH) if renew and not held.md5 else state
            return Wanted(entry, file, held.size, state)
        if not file.address:
            return Wanted(entry, file, file.size, BY_HAND)
        if is_sliced:
            return Wanted(entry, file, -1, SLICED)
        size = remote_size(session, file) if session is not None else file.size
        return Wanted(entry, file, size, OTHER if is_here else TO_FETCH)

    with ThreadPoolExecutor(jobs) as pool:
        pairs = [(entry, file) for entry in entries for file in entry.files]
        return list(pool.map(lambda pair: one(*pair), pairs))


def check_room(wanted: Sequence[Wanted], folder: Path) -> None:
    """Pass if the disk has room for what is to be fetched, as far as its size is known.

    Raises:
        MachineError: it has not.
    """
    needed = sum(max(one.size, 0) for one in wanted if one.state in TO_GET)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise MachineError(
            f"{needed / 1e9:.1f} GB are to be fetched, {free / 1e9:.1f} GB are free",
            file=folder,
            fix="free space, name another folder, or take the lite tier",
        )


def fetch_all(
    wanted: Sequence[Wanted],
    folder: Path,
    session: Session,
    today: str,
    *,
    jobs: int = 4,
    mirrors: Sequence[str] = (),
    progress: Progress = lambda _path, _size: None,
    pauses_s: tuple[float, ...] | None = None,
) -> Iterator[Locked]:
    """Fetch files at the same time, each entered in the lock and handed on as it is whole.

    Args:
        wanted: files to fetch.
        folder: the resources folder.
        session: as `fetching.open_session` makes.
        today: the date for the lock, YYYY-MM-DD.
        jobs: how many at a time.
        mirrors: see `fetching.fetch_file`.
        progress: told of each file how many bytes more are here.
        pauses_s: see `fetching.fetch_file`.

    Raises:
        ResourceError: files that could not be had; the others are here and in the lock.
    """
    lock = read_lock(folder)
    options = {} if pauses_s is None else {"pauses_s": pauses_s}

    def one(what: Wanted) -> Fetched:
        path = what.file.path
        return fetch_file(
            session, what.file, folder / path, mirrors=mirrors, progress=lambda size: progress(path, size), **options
        )

    problems: list[str] = []
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(one, what): what for what in wanted}
        for done in as_completed(running):
            what = running[done]
            try:
                got = done.result()
            except ResourceError as error:
                problems.append(error.problem)
                continue
            locked = _locked(what.entry, what.file, got, today)
            lock[what.file.path] = locked
            write_lock(folder, lock.values())
            yield locked
    if problems:
        raise ResourceError(
            f"{len(problems)} of {len(wanted)} files not fetched: {'; '.join(sorted(problems))}",
            fix="run the same command again: what is here stays, what was begun is resumed",
        )


def install_from(entries: Sequence[Entry], source: Path, folder: Path, today: str) -> Iterator[Locked]:
    """Take files from another folder, by their path or by their name, each proven before it is entered in the lock.

    A file is held against the manifest's checksum, the `.md5` beside it, or the other folder's own lock.

    Raises:
        ResourceError: a file is not in the folder, or is not what its checksum says.
    """
    lock, theirs = read_lock(folder), read_lock(source)
    for entry in entries:
        for file in entry.files:
            found = next((p for p in (source / file.path, source / Path(file.path).name) if p.is_file()), None)
            if found is None:
                if lock.get(file.path) is None and file.address:
                    raise ResourceError(f"no {file.path} of {entry.name}", file=source, fix="add it, or name fewer resources")
                continue
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            shutil.copyfile(found, part)
            got = _proven_copy(file, found, part, theirs.get(file.path))
            part.replace(target)
            lock[file.path] = locked = _locked(entry, file, got, today)
            write_lock(folder, lock.values())
            yield locked


def _proven_copy(file: RemoteFile, found: Path, part: Path, theirs: Locked | None) -> Fetched:
    sha256, size = file_sha256(part), part.stat().st_size
    beside = found.with_name(found.name + ".md5")
    md5 = (beside.read_text().split() or [""])[0].lower() if beside.is_file() else ""
    if file.sha256:
        trust, expected = Trust.MANIFEST, file.sha256
    elif theirs is not None:
        trust, expected = Trust.OTHER_LOCK, theirs.sha256
    else:
        trust, expected = (Trust.PROVIDER, sha256) if md5 else (Trust.FIRST_USE, sha256)
    is_wrong = sha256 != expected or (bool(md5) and md5_of(part) != md5) or is_cut_short(part, file.path)
    if is_wrong:
        part.unlink()
        raise ResourceError(f"is not what its {trust} says, or is cut short", file=found, fix="copy or fetch it again")
    return Fetched(size, sha256, md5, str(found.name), trust)


def _locked(entry: Entry, file: RemoteFile, got: Fetched, today: str) -> Locked:
    return Locked(file.path, entry.name, entry.version, got.size, got.sha256, got.md5, today, got.address, got.trust)
