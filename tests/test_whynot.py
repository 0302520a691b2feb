"""Why not: the last stage's word on each variant, from the index alone."""

import random
import timeit
from pathlib import Path
from typing import Any

import pysam
import pytest

from neotriage.cli import main
from neotriage.errors import FormatError, InputError
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, ContigKind
from neotriage.naming import Namer
from neotriage.whynot import answer, build_index
from neotriage.whynot.names import Model, Place, place_of

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


# --- HGVS names, from the index alone ---

GENES = """##gff-version 3
one\t.\tgene\t101\t500\t.\t+\t.\tID=gene:G1;Name=PLUS
one\t.\tmRNA\t101\t500\t.\t+\t.\tID=transcript:T1;Parent=gene:G1;version=2
one\t.\texon\t101\t180\t.\t+\t.\tParent=transcript:T1
one\t.\texon\t231\t300\t.\t+\t.\tParent=transcript:T1
one\t.\texon\t381\t500\t.\t+\t.\tParent=transcript:T1
one\t.\tCDS\t151\t180\t.\t+\t0\tParent=transcript:T1
one\t.\tCDS\t231\t300\t.\t+\t0\tParent=transcript:T1
one\t.\tCDS\t381\t430\t.\t+\t0\tParent=transcript:T1
"""
GENES += GENES.partition("\n")[2].replace("G1", "G2").replace("T1", "T2").replace("PLUS", "MINUS").replace("\t+\t", "\t-\t")
NON_CODING = "".join(line + "\n" for line in GENES.splitlines() if "CDS" not in line)


@pytest.mark.parametrize("text", [GENES, NON_CODING])
def test_place_of__every_substitution_comes_back_from_the_name_that_hgvs_gives_it(tmp_path: Path, text: str) -> None:
    """Each base of exons, introns and untranslated ends on both strands; the names are those of the library `hgvs`."""
    stream = random.Random(3)
    bases = "".join(stream.choice("ACGT") for _ in range(600))
    (tmp_path / "one.fa").write_text(f">one\n{bases}\n")
    pysam.faidx(str(tmp_path / "one.fa"))
    (tmp_path / "g.gff3").write_text(text)
    models = read_gene_models(tmp_path / "g.gff3")
    namer = Namer(models, tmp_path / "one.fa", Build("b", (Contig("one", 600, ContigKind.AUTOSOME),), ()))
    held = {t.id: Model("one", t.strand, t.exons, t.cds) for t in models.transcripts}
    for transcript in models.transcripts:
        for position in range(100, 500):
            ref = bases[position]
            alt = "G" if ref != "G" else "T"
            name = namer.names("one", position, ref, alt, transcript.id).coding
            assert name is not None
            assert place_of(name, held, {}) == Place("one", position + 1, position + 1, ref, alt), name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("T1.2:c.5_7del", Place("one", 155, 157, growth=-3)),
        ("T1.2:c.5dup", Place("one", 155, 155, growth=1)),
        ("T2.2:c.5_6insACG", Place("one", 425, 426, growth=3)),
        ("T2.2:c.5_7delinsA", Place("one", 424, 426, growth=-2)),
        ("NC_1.1:g.7A>G", Place("one", 7, 7, "A", "G")),
        ("one:m.7A>G", Place("one", 7, 7, "A", "G")),
    ],
)
def test_place_of__other_changes_name_a_stretch(name: str, expected: Place) -> None:
    exons, cds = ((100, 180), (230, 300), (380, 500)), ((150, 180), (230, 300), (380, 430))
    models = {"T1.2": Model("one", "+", exons, cds), "T2.2": Model("one", "-", exons, cds)}
    assert place_of(name, models, {"one": "one", "NC_1.1": "one"}) == expected


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("T1.1:c.5A>G", "it holds T1.2"),
        ("T9.1:c.5A>G", "no transcript T9.1"),
        ("T1.2:c.5000A>G", "beyond the transcript"),
        ("T1.2:c.5inv", "no HGVS name of bases"),
        ("two:g.5A>G", "no contig two"),
    ],
)
def test_place_of__what_the_index_does_not_hold_is_an_error(name: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        place_of(name, {"T1.2": Model("one", "+", ((0, 90),), ((0, 90),))}, {"one": "one"})


def _named_index(path: Path, rows: list[dict[str, Any]]) -> None:
    models = {"NM_1.1": Model("chr20", "+", ((0, 5000),), ((8, 5000),))}
    build_index({"table": rows}, PANELS, path, models, {"chr20": "chr20"}, {"JAG1": "exon 2 has 3 bases under 15 reads"})


def test_answer__hgvs_substitution_is_led_to_its_site(tmp_path: Path) -> None:
    _named_index(tmp_path / "i.sqlite", [_row(9, "JAG1", "dropped", "frequency", value=0.05, threshold=0.01)])
    reply = answer(tmp_path / "i.sqlite", "NM_1.1:c.2A>G")
    assert reply.verdict == "chr20-10-A-G: 1 entry in the ledger"
    assert "missed by 0.04" in reply.lines[0]


def test_answer__hgvs_deletion_lists_what_it_may_be(tmp_path: Path) -> None:
    deleted = {**_row(9, "JAG1", "kept"), "ref": "AT", "alt": "A"}
    _named_index(tmp_path / "i.sqlite", [deleted, _row(10, "JAG1", "kept")])
    reply = answer(tmp_path / "i.sqlite", "NM_1.1:c.6del")
    assert len(reply.lines) == 1
    assert "to be sure which, add --gene-models and --reference" in reply.verdict
    assert "no change of that length" in answer(tmp_path / "i.sqlite", "NM_1.1:c.6dup").verdict


def test_answer__gene_says_how_well_it_is_covered(tmp_path: Path) -> None:
    _named_index(tmp_path / "i.sqlite", [_row(9, "JAG1", "kept")])
    assert answer(tmp_path / "i.sqlite", "JAG1").lines[0] == "coverage: exon 2 has 3 bases under 15 reads"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of 200,000 entries, 500 a gene."""
    path = tmp_path_factory.mktemp("large") / "whynot.sqlite"
    _named_index(path, [_row(at, f"G{at // 500}" if at >= 500 else "JAG1", "kept") for at in range(9, 200_009)])
    return path


@pytest.mark.parametrize("question", ["JAG1", "chr20-150009-A-G", "NM_1.1:c.2A>G", "NM_1.1:c.6del"])
def test_answer__under_a_tenth_of_a_second_among_two_hundred_thousand(large: Path, question: str) -> None:
    assert min(timeit.repeat(lambda: answer(large, question), number=1, repeat=3)) < 0.1


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
