"""What HGNC says of a name: approved, an alias or former symbol of others, withdrawn. Shown to people; nothing is resolved.

Reads HGNC's `hgnc_complete_set.txt` and `withdrawn.txt`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from neotriage.errors import FormatError

__all__ = ["GeneNames", "read_gene_names"]

_COLUMNS = ("hgnc_id", "symbol", "alias_symbol", "prev_symbol")
_WITHDRAWN_COLUMNS = ("HGNC_ID", "STATUS", "WITHDRAWN_SYMBOL")


@dataclass(frozen=True)
class GeneNames:
    """HGNC's names: approved symbol -> id; other name -> what it may mean, in words; withdrawn id or symbol -> in words."""

    approved: Mapping[str, str]
    others: Mapping[str, tuple[str, ...]]
    withdrawn: Mapping[str, str]

    def say(self, name: str) -> str:
        """What is known of a symbol or HGNC id, '' if it is approved."""
        if name in self.approved or name in self.approved.values():
            return ""
        words = [self.withdrawn[name]] if name in self.withdrawn else []
        if name in self.others:
            words.append("not approved; may mean " + " or ".join(self.others[name]))
        return "; ".join(words) or "unknown to HGNC"


def read_gene_names(complete: Path, withdrawn: Path | None = None) -> GeneNames:
    """HGNC's tables of approved genes and, if given, of withdrawn ones.

    Raises:
        FormatError: a file cannot be read or lacks a column.
    """
    approved: dict[str, str] = {}
    others: dict[str, list[str]] = {}
    for hgnc_id, symbol, alias, former in _rows(complete, _COLUMNS):
        approved[symbol] = hgnc_id
        for kind, names in (("alias", alias), ("former symbol", former)):
            for name in filter(None, names.strip('"').split("|")):
                others.setdefault(name, []).append(f"{symbol} ({hgnc_id}, {kind})")
    gone = {}
    for hgnc_id, status, symbol in _rows(withdrawn, _WITHDRAWN_COLUMNS) if withdrawn else ():
        gone[hgnc_id] = gone[symbol] = f"withdrawn by HGNC ({hgnc_id} {symbol}: {status})"
    return GeneNames(approved, {name: tuple(found) for name, found in others.items()}, gone)


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[list[str]]:
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot be read ({error})", file=path, fix="give HGNC's table") from None
    header = lines[0].split("\t") if lines else []
    lacking = [column for column in columns if column not in header]
    if lacking:
        raise FormatError(f"no column {lacking[0]}", file=path, row=1, fix="give HGNC's own table")
    at = [header.index(column) for column in columns]
    for number, line in enumerate(lines[1:], 2):
        fields = line.split("\t")
        if len(fields) < max(at) + 1:
            raise FormatError(f"{len(fields)} fields under {len(header)} columns", file=path, row=number, fix="fetch it again")
        yield [fields[i] for i in at]
