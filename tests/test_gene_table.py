"""Tables by gene: what is read, and what is refused with its place."""

from pathlib import Path

import pytest

from neotriage.errors import InputError
from neotriage.gene_table import read_gene_table


def read(folder: Path, text: str) -> dict[str, dict[str, str]]:
    (folder / "t.tsv").write_text(text)
    return read_gene_table(folder / "t.tsv", ("gene", "mode"), {"mode": ("AD", "AR")})


def test_read_gene_table__rows_by_gene_in_file_order(tmp_path: Path) -> None:
    found = read(tmp_path, "# a\ngene\tmode\nB\tAD\n# b\nA\t AR \n")
    assert list(found.items()) == [("B", {"gene": "B", "mode": "AD"}), ("A", {"gene": "A", "mode": "AR"})]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: other columns than expected"),
        ("# a\ngene\n", "line 2: other columns than expected. Fix: head the columns gene, mode"),
        ("gene\tmode\nA\n", "line 2: 1 cells under 2 columns"),
        ("gene\tmode\n\tAD\n", "line 2, column gene: empty"),
        ("gene\tmode\n# x\nA\t \n", "line 3, column mode: empty"),
        ("gene\tmode\nA\tXL\n", "line 2, column mode: unknown mode 'XL'. Fix: AD, AR"),
        ("gene\tmode\nA\tAD\nA\tAR\n", "line 3, column gene: A stands twice"),
    ],
)
def test_read_gene_table__refuses(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert told in str(error.value)
