"""BED files that people give: intervals with a name, 0-based half-open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from neotriage.errors import FormatError

__all__ = ["Interval", "bed_intervals", "read_bed"]


class Interval(NamedTuple):
    """An interval in bp, 0-based half-open; `row` is its line in the file, `name` '' where the file has none."""

    contig: str
    start: int
    end: int
    name: str
    row: int


def read_bed(path: Path) -> list[Interval]:
    """The intervals of a BED file, in file order.

    Raises:
        FormatError: cannot be read, or a line is no interval.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot be read ({error})", file=path, fix="give a BED file that is not compressed") from None
    return list(bed_intervals(text, path))


def bed_intervals(text: str, file: Path) -> Iterator[Interval]:
    """The intervals of a BED's text; blank lines, comments, `track` and `browser` lines are passed over.

    Raises:
        FormatError: a line is no interval.
    """
    for row, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        contig, *numbers = line.split("\t")[:3]
        if len(numbers) < 2 or not all(n.isdecimal() for n in numbers) or int(numbers[0]) >= int(numbers[1]):
            fix = "write contig, start and end (0-based half-open) with tabs"
            raise FormatError(f"{line!r} is not an interval", file=file, row=row, fix=fix)
        name = "".join(line.split("\t")[3:4])
        yield Interval(contig, int(numbers[0]), int(numbers[1]), name, row)
