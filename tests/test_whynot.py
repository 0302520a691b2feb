"""Why not: the last stage's word on each variant, from the index alone."""

from pathlib import Path
from typing import Any

import pytest

from neotriage.cli import main
from neotriage.errors import FormatError, InputError
from neotriage.whynot import answer, build_index

NAN = float("nan")
PANELS = [{"name": "Liver", "version": "2.1", "symbols": ["JAG1", "GALT", "OTC"], "not_in_gene_models": ["GONE1"]}]


def _row(
    position: int, gene: str, outcome: str, rule: str = "", *, value: float = NAN, threshold: float = NAN
) -> dict[str, Any]:
    return {
        "chrom": "chr20",
        "position": position,
        "ref": "A",
        "alt": "G",
        "gene": gene,
        "gene_id": f"ENSG_{gene}",
        "outcome": outcome,
        "rule": rule,
        "value": value,
        "threshold": threshold,
        "margin": value - threshold,
        "clinvar_significance": "",
    }


@pytest.fixture
def index(tmp_path: Path) -> Path:
    path = tmp_path / "FAM" / "report" / "whynot.sqlite"
    path.parent.mkdir(parents=True)
    table = [
        _row(9, "JAG1", "dropped", "frequency", value=0.05, threshold=0.01),
        _row(19, "JAG1", "kept"),
        _row(29, "GALT", "kept"),
        _row(39, "GALT", "no_call", "no_alternate_in_proband", value=3),
    ]
    inheritance = [_row(29, "GALT", "dropped", "cis")]
    build_index({"table": table, "inheritance": inheritance}, PANELS, path)
    return path


def test_answer__site_names_rule_value_limit_and_margin(index: Path) -> None:
    [line] = answer(index, "chr20-10-A-G").lines
    assert line == "chr20-10-A-G (JAG1): dropped in table by frequency: 0.05, the limit is 0.01 (missed by 0.04)"


def test_answer__later_stage_has_the_last_word(index: Path) -> None:
    [line] = answer(index, "chr20:30:A>G").lines
    assert "dropped in inheritance by cis" in line


def test_answer__no_call_gives_the_depth(index: Path) -> None:
    [line] = answer(index, "chr20-40-A-G").lines
    assert "no call, no alternate in proband: 3" in line


def test_answer__gene_counts_kept_and_dropped(index: Path) -> None:
    reply = answer(index, "JAG1")
    assert reply.verdict == "2 variants in the ledger, 1 kept"
    assert len(reply.lines) == 2


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("OTC", "looked at: no variant was called in it"),
        ("GONE1", "on Liver v2.1, but not in the gene models: not looked at"),
        ("TTN", "not in this panel version (Liver v2.1): its variants are counted and not listed"),
    ],
)
def test_answer__gene_without_variants_says_which_kind(index: Path, question: str, verdict: str) -> None:
    assert answer(index, question).verdict == verdict


def test_answer__unknown_site_is_not_called_absent_everywhere(index: Path) -> None:
    assert "not in the ledger" in answer(index, "chr1-5-A-G").verdict


def test_answer__neither_gene_nor_site_is_an_error(index: Path) -> None:
    with pytest.raises(InputError, match="neither a gene nor"):
        answer(index, "what about the liver?")


def test_answer__no_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no why-not index"):
        answer(tmp_path / "none.sqlite", "JAG1")


def test_answer__broken_index_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"not a database, but long enough to look at" * 5)
    with pytest.raises(FormatError, match="not a why-not index"):
        answer(broken, "JAG1")


def test_build_index__same_rows_same_bytes(tmp_path: Path) -> None:
    rows = [_row(9, "JAG1", "kept"), _row(5, "GALT", "kept")]
    for name in ("a", "b"):
        build_index({"table": rows if name == "a" else rows[::-1]}, PANELS, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_command__prints_the_fate(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["whynot", str(index.parents[1]), "chr20-10-A-G"])
    assert stopped.value.code == 0
    assert "by frequency" in capsys.readouterr().out
