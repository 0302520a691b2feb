"""Secondary findings: the list is ACMG SF v3.2 whole, and a broken one is an error."""

from pathlib import Path

import pytest

from neotriage.errors import InputError
from neotriage.secondary import read_secondary_genes


def test_read_secondary_genes__version_3_2_has_81_genes() -> None:
    genes = read_secondary_genes()
    assert len(genes) == 81  # Miller et al. 2023, Genetics in Medicine 25:100866
    assert {"BRCA1", "LDLR", "RYR1", "CALM1", "CALM2", "CALM3"} <= genes  # the three CALM genes came with v3.2


@pytest.mark.parametrize(
    ("text", "told"), [("BRCA1\tx\n", "line 1"), ("# n\ngene\tcondition\tmode\n\tx\tAD\n", "line 3, column gene")]
)
def test_read_secondary_genes__broken_list_is_an_error(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "genes.tsv"
    file.write_text(text)
    with pytest.raises(InputError, match=told):
        read_secondary_genes(file)
