"""The FASTA: opened, or one line that says what is wrong."""

from pathlib import Path

import pytest

from neotriage.errors import FormatError
from neotriage.fasta import open_fasta


def test_open_fasta__bases(tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_text(">chr1\nACGT\n")
    with open_fasta(tmp_path / "a.fa") as fasta:
        assert fasta.fetch("chr1", 1, 3) == "CG"


@pytest.mark.parametrize("text", [None, "no FASTA\n"])
def test_open_fasta__refuses(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "a.fa").write_text(text)
    with pytest.raises(FormatError, match=r"a.fa: cannot be read as an indexed FASTA .* Fix: run samtools faidx"):
        open_fasta(tmp_path / "a.fa")
