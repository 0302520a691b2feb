"""What a shared file is: checksum, the version its own header states, how many records it holds."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from neotriage.checksum import file_sha256
from neotriage.errors import ResourceError

__all__ = ["ResourceRecord", "describe_resource"]

# what a VCF, a GFF3, an HPO annotation table and an OBO file write of themselves
_HEADER = re.compile(r"^(?:#{1,2}!?)?(?P<key>[A-Za-z][A-Za-z-]*)\s*(?:=|:\s|\s)\s*(?P<value>[^<].*)$")
_STATED = frozenset(
    {
        "fileformat", "fileDate", "source", "reference", "assembly", "gff-version", "genome-build", "genome-version",
        "genome-date", "genome-build-accession", "genebuild-last-updated", "description", "provider", "date", "version",
        "hpo-version", "data-version",
    }
)  # fmt: skip
_HEADER_LINES = 10_000
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class ResourceRecord:
    """One resource: `file` is its name without folder, `stated` what its header says of itself, `records` its content lines.

    Records are lines that are neither empty nor begin with #; sequences of a FASTA, terms of an OBO file, genes of PanelApp's
    JSON; of a VCF or BCF with an index the number that it holds, of a BCF without one -1.
    """

    name: str
    file: str
    size_bytes: int
    sha256: str
    stated: Mapping[str, str]
    records: int

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


def describe_resource(name: str, path: Path) -> ResourceRecord:
    """The record of a resource file, plain or gzipped.

    Raises:
        ResourceError: absent, cut short, or without a record.
    """
    try:
        digest = file_sha256(path)
        stated = _stated(path)
        records = _count(path)
    except (EOFError, zlib.error, OSError, json.JSONDecodeError) as error:
        raise ResourceError(f"resource {name} cannot be read ({error})", file=path, fix="fetch the file again") from None
    if records == 0:
        raise ResourceError(f"resource {name} holds no record", file=path, fix="fetch the file again")
    return ResourceRecord(name, path.name, path.stat().st_size, digest, stated, records)


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    with path.open("rb") as file:
        start = file.read(len(_GZIP))
    return gzip.open(path, "rb") if start == _GZIP else path.open("rb")


def _lines(path: Path) -> Iterator[bytes]:
    with _open(path) as file:
        yield from file


def _stated(path: Path) -> dict[str, str]:
    if _is_json(path):
        raw = _json(path)
        return {key: str(raw[key]) for key in ("id", "name", "version", "version_created") if key in raw}
    stated: dict[str, str] = {}
    for raw_line in islice(_lines(path), _HEADER_LINES):
        line = raw_line.decode("utf-8", "replace").strip()
        is_comment = line.startswith("#")
        match = _HEADER.match(line)
        if match and match["key"] in _STATED and (is_comment or match["key"] == "data-version"):
            stated.setdefault(match["key"], _without_folder(match["value"].strip()))
        elif line.startswith("# "):
            stated.setdefault("comment", line[2:])
        if not is_comment and ("\t" in line or line.startswith((">", "[Term]"))):
            break
    return dict(sorted(stated.items()))


def _without_folder(value: str) -> str:
    """A path on the maker's machine says no more than its last part, and must not differ between machines."""
    return value.rpartition("/")[2] if value.startswith(("/", "file:")) else value


def _count(path: Path) -> int:
    indexed = any(path.with_name(path.name + ending).is_file() for ending in (".tbi", ".csi"))
    if path.name.endswith((".vcf.gz", ".bcf")) and indexed:
        from cyvcf2 import VCF

        return int(VCF(str(path)).num_records)
    if _is_json(path):
        return len(_json(path).get("genes", ()))
    with _open(path) as file:
        start = file.read(3)
    if start == b"BCF":
        return -1
    heads = b">" if start.startswith(b">") else b"[Term]" if path.suffix == ".obo" else None
    if heads is not None:
        return sum(line.startswith(heads) for line in _lines(path))
    return sum(bool(line.strip()) and not line.startswith(b"#") for line in _lines(path))


def _is_json(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(".json")


def _json(path: Path) -> dict[str, Any]:
    with _open(path) as file:
        raw: dict[str, Any] = json.load(file)
    return raw
