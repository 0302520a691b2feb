"""The manifest of outside resources, `resources/manifest.yaml`: what each is, where it lies, under which licence, who needs it.

One entry is one release of one source; its files may be given once for many contigs (`{contig}` and `contigs:`). A checksum
stands in the manifest only where it is known; otherwise the provider's .md5 or the lock file of the first fetch decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from neotriage.errors import InputError
from neotriage.home import resource

__all__ = ["TIERS", "Entry", "RemoteFile", "chosen", "read_manifest"]

TIERS = ("lite", "full")
_ENTRY = {"name", "version", "build", "licence", "tiers", "needed_by", "note", "files", "contigs", "slice"}
_FILE = {"address", "mirrors", "path", "bytes", "sha256", "md5_address"}


@dataclass(frozen=True)
class RemoteFile:
    """One file: where it is fetched (address, then mirrors), where it lies below the resources folder, what is known of it.

    `size` is in bytes, -1 not known; `sha256` and `md5_address` are '' where there is none; no address: given by hand.
    """

    path: str
    address: str = ""
    mirrors: tuple[str, ...] = ()
    size: int = -1
    sha256: str = ""
    md5_address: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where to fetch it, in order."""
        return (self.address, *self.mirrors) if self.address else ()


@dataclass(frozen=True)
class Entry:
    """One release of one source; `is_sliced`: the lite tier takes the panels' genes alone, over its index."""

    name: str
    version: str
    build: str
    licence: str
    tiers: tuple[str, ...]
    needed_by: str
    note: str
    files: tuple[RemoteFile, ...]
    is_sliced: bool = False


def read_manifest(path: Path | None = None) -> tuple[Entry, ...]:
    """The entries of a manifest, by default of the bundled one, in file order.

    Raises:
        InputError: not a manifest: a key unknown or lacking, a path that leaves the folder, a name or path that stands twice.
    """
    path = path or resource("manifest.yaml")
    try:
        raw = yaml.safe_load(path.read_text())
        entries = tuple(_entry(one, path) for one in raw["resources"])
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise InputError(
            f"not a manifest of resources ({error!r})", file=path, fix="see resources/manifest.yaml for the form"
        ) from None
    for what, names in (("resource", [e.name for e in entries]), ("path", [f.path for e in entries for f in e.files])):
        twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
        if twice is not None:
            raise InputError(f"{what} {twice!r} stands twice", file=path, fix="give each its own")
    return entries


def chosen(entries: Sequence[Entry], tier: str, names: Sequence[str] = ()) -> tuple[Entry, ...]:
    """The entries of a tier, or those named whatever their tier.

    Raises:
        InputError: no such tier or name.
    """
    if tier not in TIERS:
        raise InputError(f"no tier {tier!r}", fix=f"use one of {', '.join(TIERS)}")
    known = {entry.name for entry in entries}
    for name in names:
        if name not in known:
            raise InputError(f"no resource {name!r} in the manifest", fix=f"use one of {', '.join(sorted(known))}")
    return tuple(e for e in entries if (e.name in names if names else tier in e.tiers))


def _entry(raw: Mapping[str, Any], path: Path) -> Entry:
    name = str(raw.get("name", "?"))
    if unknown := set(raw) - _ENTRY:
        raise InputError(f"resource {name}: unknown key {min(unknown)!r}", file=path, fix=f"use {', '.join(sorted(_ENTRY))}")
    if lacking := {"name", "version", "licence", "tiers", "needed_by"} - set(raw):
        raise InputError(f"resource {name}: no {min(lacking)}", file=path, fix="add it")
    tiers = tuple(raw["tiers"])
    if not set(tiers) <= set(TIERS):
        raise InputError(f"resource {name}: tiers are {tiers}", file=path, fix=f"use {', '.join(TIERS)}")
    contigs = [str(contig) for contig in raw.get("contigs") or [""]]
    files = tuple(_file(one, contig, name, path) for one in raw.get("files") or () for contig in contigs)
    return Entry(
        name,
        str(raw["version"]),
        str(raw.get("build", "")),
        str(raw["licence"]),
        tiers,
        str(raw["needed_by"]),
        str(raw.get("note", "")),
        files,
        bool(raw.get("slice", False)),
    )


def _file(raw: Mapping[str, Any], contig: str, name: str, manifest: Path) -> RemoteFile:
    if unknown := set(raw) - _FILE:
        raise InputError(
            f"resource {name}: unknown key {min(unknown)!r} of a file", file=manifest, fix=f"use {', '.join(sorted(_FILE))}"
        )
    texts = {key: str(raw.get(key) or "").replace("{contig}", contig) for key in ("path", "address", "sha256", "md5_address")}
    place = PurePosixPath(texts["path"])
    if not texts["path"] or place.is_absolute() or ".." in place.parts or "\\" in texts["path"]:
        raise InputError(f"resource {name}: path {texts['path']!r} is not below the folder", file=manifest, fix="mend it")
    mirrors = tuple(str(mirror).replace("{contig}", contig) for mirror in raw.get("mirrors") or ())
    for address in _addresses(texts, mirrors):
        if not address.startswith(("https://", "http://")):
            raise InputError(f"resource {name}: {address!r} is no web address", file=manifest, fix="give https://…")
    size = int(raw.get("bytes") or -1)
    return RemoteFile(texts["path"], texts["address"], mirrors, size, texts["sha256"].lower(), texts["md5_address"])


def _addresses(texts: Mapping[str, str], mirrors: Sequence[str]) -> Iterator[str]:
    yield from (address for address in (texts["address"], texts["md5_address"], *mirrors) if address)
