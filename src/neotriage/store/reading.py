"""Look-up in a store that was built before: exact, and never silent about what the store does not cover."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from neotriage.errors import ResourceError
from neotriage.store.sites import ContigSites, check_files, read_contig

__all__ = ["FORMAT", "MANIFEST", "VERSION", "Store", "open_store", "read_manifest"]

FORMAT = "neotriage store"
VERSION = 1
MANIFEST = "manifest.json"

_HASHED = 1 << 34  # kernels/scan.py


def open_store(path: str | Path) -> Store:
    """A store by its folder.

    Raises:
        ResourceError: no store there, one that was not built to the end, or of another version.
    """
    folder = Path(path)
    return Store(folder, read_manifest(folder, "frequency"))


def read_manifest(folder: Path, kind: str) -> dict[str, Any]:
    """The manifest of a store of this kind.

    Raises:
        ResourceError: as `open_store`, or a store of another kind.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise ResourceError("not a store: it has no manifest.json", file=folder, fix="build one with `neotriage store`")
    try:
        manifest: dict[str, Any] = json.loads(file.read_text())
        found = manifest["format"], manifest["version"]
    except (ValueError, KeyError, TypeError):
        raise ResourceError("not the manifest of a store", file=file, fix="build the store again") from None
    if found != (FORMAT, VERSION):
        raise ResourceError(
            f"a {found[0]} of version {found[1]}; this neotriage reads version {VERSION}",
            file=file,
            fix="build the store again",
        )
    if manifest.get("kind") != kind:
        raise ResourceError(f"a store of kind {manifest.get('kind')}, not {kind}", file=file, fix="give the right folder")
    return manifest


class Store:
    """A frequency store.

    Attributes:
        sources: name of each source code, "gnomad_exomes:nfe".
        filters: FILTER text of each filter code, as the source has it.
        build: name of the reference build.
        contigs: contig -> number of records, of the contigs that have any.
        absent: contigs that the store was declared not to cover.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self.folder = folder
        self.manifest = manifest
        self.sources: tuple[str, ...] = tuple(manifest["sources"])
        self.filters: tuple[str, ...] = tuple(manifest["filters"])
        self.build: str = manifest["build"]
        self.absent: frozenset[str] = frozenset(manifest["absent"])
        self._sites: dict[str, ContigSites] = {}

    @cached_property
    def contigs(self) -> Mapping[str, int]:
        """Contig -> number of records, of the contigs that have any."""
        return {name: part["records"] for name, part in self.manifest["contigs"].items()}

    def is_covered(self, contig: str) -> bool:
        """Whether the store has records of a contig; False if it was declared not to cover it.

        Raises:
            ResourceError: it has no record there and was not declared so. Unknown is not rare.
        """
        if contig in self.contigs:
            return True
        if contig in self.absent:
            return False
        raise ResourceError(
            f"the store has no record of contig {contig}; that does not make its variants rare",
            file=self.folder,
            fix=f"build it with a source of {contig}, or with --absent {contig} if there is none",
        )

    def covers(self, contig: str, positions: np.ndarray) -> np.ndarray:
        """Whether the store covers places, bool (places,): all of a contig that it covers, or its regions of it alone.

        Args:
            contig: contig name of the build.
            positions: int32 (places,), 0-based.

        Raises:
            ResourceError: see `is_covered`.
        """
        if not self.is_covered(contig) or self._regions is None:
            return np.full(len(positions), self.is_covered(contig), np.bool_)
        starts, ends = self._regions.get(contig, (np.empty(0, np.int64), np.empty(0, np.int64)))
        place = np.searchsorted(starts, positions, "right") - 1
        inside: np.ndarray = (place >= 0) & (np.append(ends, 0)[place] > positions)
        return inside

    @cached_property
    def _regions(self) -> Mapping[str, tuple[np.ndarray, np.ndarray]] | None:
        """Contig -> starts and ends, int64 (regions,), sorted and disjoint; None where the store covers whole contigs."""
        regions = self.manifest.get("regions")
        if regions is None:
            return None
        bounds = {contig: np.array(spans, np.int64).reshape(-1, 2) for contig, spans in regions.items()}
        return {contig: (spans[:, 0], spans[:, 1]) for contig, spans in bounds.items()}

    def sites(self, contig: str) -> ContigSites:
        """The sites of a contig that is covered, memory-mapped."""
        if contig not in self._sites:
            part = self.manifest["contigs"][contig]
            self._sites[contig] = read_contig(self.folder / contig, part, self.manifest["columns"])
        return self._sites[contig]

    def check(self) -> None:
        """Pass if every file has the checksum of the manifest.

        Raises:
            ResourceError: one has not.
        """
        for contig, part in self.manifest["contigs"].items():
            check_files(self.folder / contig, part, by_content=True)

    def lookup(self, contig: str, positions: np.ndarray, refs: Sequence[str], alts: Sequence[str]) -> dict[str, np.ndarray]:
        """What the store knows of alleles; they need not be sorted or trimmed.

        Args:
            contig: contig name of the build.
            positions: int32 (variants,), 0-based.
            refs: reference alleles.
            alts: alternate alleles; what is no sequence (`*`, symbolic) is never in a store.

        Returns:
            Arrays (variants,): `allele_frequency` float32, the highest over populations and sources, NaN not seen or not
            measured; `homozygotes` and `hemizygotes` int32, persons, -1 not known; `source` int16, code in `sources`, -1 not
            seen or not measured; `source_filter` int16, code in `filters`, -1 not seen; `is_seen` bool, a record is there;
            `is_covered` bool, False throughout if the store was declared not to cover the contig.

        Raises:
            ResourceError: see `is_covered`.
        """
        count = len(refs)
        result: dict[str, np.ndarray] = {
            "allele_frequency": np.full(count, np.nan, np.float32),
            "homozygotes": np.full(count, -1, np.int32),
            "hemizygotes": np.full(count, -1, np.int32),
            "source": np.full(count, -1, np.int16),
            "source_filter": np.full(count, -1, np.int16),
            "is_seen": np.zeros(count, np.bool_),
            "is_covered": self.covers(contig, np.asarray(positions)),
        }
        if not count or not self.is_covered(contig):
            return result
        rows = find_rows(self.sites(contig), np.asarray(positions, np.int32), refs, alts)
        seen = np.flatnonzero(rows >= 0)
        result["is_seen"][seen] = True
        for name, column in self.sites(contig).columns.items():
            result[name][seen] = column.take(rows[seen])
        return result


def find_rows(sites: ContigSites, positions: np.ndarray, refs: Sequence[str], alts: Sequence[str]) -> np.ndarray:
    """int64 (variants,): the row of each allele, -1 not there. Long alleles are compared letter by letter."""
    from neotriage.kernels.scan import pack_keys  # numba takes a quarter of a second to import

    data = np.frombuffer(("".join(refs) + "".join(alts)).encode(), np.uint8)
    ref_offsets = np.concatenate([[0], np.cumsum([len(ref) for ref in refs])]).astype(np.int64)
    alt_offsets = ref_offsets[-1] + np.concatenate([[0], np.cumsum([len(alt) for alt in alts])]).astype(np.int64)
    keys = np.empty(len(refs), np.int64)
    trims = np.empty((2, len(refs)), np.int32)
    pack_keys(data, positions, ref_offsets, alt_offsets, keys, trims[0], trims[1])
    rows = np.searchsorted(sites.keys, keys)
    found = rows < sites.keys.size
    found[found] = sites.keys[rows[found]] == keys[found]
    rows[~found] = -1
    for query in np.flatnonzero(found & (keys & _HASHED != 0)).tolist():
        ref, alt = (_trimmed(text[query], *trims[:, query]) for text in (refs, alts))
        rows[query] = _long_row(sites, int(rows[query]), f"{ref}\t{alt}".encode())
    return rows


def _trimmed(text: str, left: int, right: int) -> str:
    return text[left : len(text) - right].upper()


def _long_row(sites: ContigSites, row: int, text: bytes) -> int:
    """The row with this text among those that share the key of `row`, the first of them; -1 none."""
    key = sites.keys[row]
    while row < sites.keys.size and sites.keys[row] == key:
        if sites.long_text(row) == text:
            return row
        row += 1
    return -1
