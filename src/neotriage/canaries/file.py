"""The canaries of a set of resources, as a JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from neotriage.errors import FormatError
from neotriage.whole_file import write_json

__all__ = ["Canary", "Kind", "read_canaries", "write_canaries"]

_FORMAT = 1


class Kind(StrEnum):
    """What of a variant's annotation is known."""

    CLINVAR = "clinvar"  # expected: CLNSIG as written, '' any
    FREQUENCY = "frequency"  # expected: highest population frequency, '' any that is measured
    CONSEQUENCE = "consequence"  # expected: an SO term


@dataclass(frozen=True)
class Canary:
    """One fact about one allele. `position` is 1-based; `gene` and `transcript` ('' any) are of consequences.

    `resource` is the file that says so, `source` where the fact is from.
    """

    kind: Kind
    chrom: str
    position: int
    ref: str
    alt: str
    expected: str
    resource: str
    source: str
    gene: str = ""
    transcript: str = ""

    @property
    def name(self) -> str:
        """The allele as people write it."""
        return f"{self.chrom}-{self.position}-{self.ref}-{self.alt}"


def write_canaries(canaries: Sequence[Canary], build: str, path: Path) -> None:
    """Write canaries, whole or not at all; same canaries, same bytes."""
    raw = {"format": _FORMAT, "build": build, "canaries": [asdict(canary) for canary in canaries]}
    write_json(path, raw)


def read_canaries(path: Path, build: str) -> tuple[Canary, ...]:
    """The canaries of a file.

    Raises:
        FormatError: not such a file, or of another build.
    """
    fix = "`neotriage canaries choose` again"
    try:
        raw = json.loads(path.read_text())
        canaries = tuple(Canary(**(one | {"kind": Kind(one["kind"])})) for one in raw["canaries"])
        found = raw["format"], raw["build"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"not a file of canaries ({error!r})", file=path, fix=fix) from None
    if found != (_FORMAT, build):
        raise FormatError(f"canaries of build {found[1]}, format {found[0]}", file=path, fix=f"{fix}, for {build}")
    return canaries
