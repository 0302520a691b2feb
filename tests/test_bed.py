"""BED: what is read, what is passed over, and what is refused with its place."""

from pathlib import Path

import pytest

from neotriage.bed import Interval, read_bed
from neotriage.errors import FormatError


def test_read_bed__intervals_with_name_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.bed").write_text("track x\nbrowser y\n#z\n\nchr1\t0\t5\r\nchr1\t3\t9\tmine\t0\t+\n")
    assert read_bed(tmp_path / "a.bed") == [Interval("chr1", 0, 5, "", 5), Interval("chr1", 3, 9, "mine", 6)]


@pytest.mark.parametrize("line", ["chr1\t5", "chr1\t5\t5", "chr1\t-1\t5", "chr1\t²\t5", "chr1 1 9"])
def test_read_bed__not_an_interval(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.bed").write_text(f"chr1\t0\t5\n{line}\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"a.bed, line 2: .* is not an interval. Fix: .* with tabs"):
        read_bed(tmp_path / "a.bed")


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08", None])
def test_read_bed__cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.bed").write_bytes(content)
    with pytest.raises(FormatError, match=r"a.bed: cannot be read"):
        read_bed(tmp_path / "a.bed")
