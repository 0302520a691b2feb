"""The reference build: kinds of contigs, pseudoautosomal regions, and files of another build told by their lengths.

Lengths and regions are the Genome Reference Consortium's: GRCh38.p14 and GRCh37.p13 assembly reports.
"""

from pathlib import Path

import pytest

from neotriage.errors import BuildError, InputError
from neotriage.genome import ContigKind, check_lengths, read_build


@pytest.mark.parametrize(
    ("build", "contig", "length", "kind"),
    [
        ("GRCh38", "chr1", 248956422, ContigKind.AUTOSOME),
        ("GRCh38", "chr20", 64444167, ContigKind.AUTOSOME),
        ("GRCh38", "chrX", 156040895, ContigKind.X),
        ("GRCh38", "chrY", 57227415, ContigKind.Y),
        ("GRCh38", "chrM", 16569, ContigKind.MITOCHONDRION),
        ("GRCh37", "20", 63025520, ContigKind.AUTOSOME),
        ("GRCh37", "X", 155270560, ContigKind.X),
        ("GRCh37", "Y", 59373566, ContigKind.Y),
        ("GRCh37", "MT", 16569, ContigKind.MITOCHONDRION),
    ],
)
def test_read_build__bundled(build: str, contig: str, length: int, kind: ContigKind) -> None:
    found = read_build(build)
    assert (found.by_name[contig].length, found.kind(contig)) == (length, kind)
    assert len(found.primary) == 25
    assert sum(c.kind is ContigKind.AUTOSOME for c in found.contigs) == 22


@pytest.mark.parametrize(
    ("build", "contig", "first", "last"),
    [  # 0-based positions of the first and last base; the reports give 1-based ends
        ("GRCh38", "chrX", 10000, 2781478),
        ("GRCh38", "chrX", 155701382, 156030894),
        ("GRCh38", "chrY", 10000, 2781478),
        ("GRCh38", "chrY", 56887902, 57217414),
        ("GRCh37", "X", 60000, 2699519),
        ("GRCh37", "Y", 59034049, 59363565),
    ],
)
def test_is_par__both_ends(build: str, contig: str, first: int, last: int) -> None:
    genome = read_build(build)
    inside_and_out = [genome.is_par(contig, position) for position in (first - 1, first, last, last + 1)]
    assert inside_and_out == [False, True, True, False]


def test_is_par__an_autosome_has_none() -> None:
    assert not read_build("GRCh38").is_par("chr1", 20000)


def test_kind__of_a_contig_that_is_not_there() -> None:
    with pytest.raises(BuildError, match=r"'20' is not in build GRCh38.*Fix: "):
        read_build("GRCh38").kind("20")


def test_read_build__of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(
        "name: tiny\ncontigs:\n- {name: chrA, length: 1000, kind: autosome}\n- {name: chrU, length: 10, kind: other}\n"
        "- {name: sexX, length: 500, kind: x}\npar: [{contig: sexX, start: 10, end: 20}]\n"
    )
    build = read_build(path)
    assert [contig.name for contig in build.primary] == ["chrA", "sexX"]
    assert build.is_par("sexX", 19)
    assert not build.is_par("sexX", 20)


@pytest.mark.parametrize(
    "text",
    [
        "name: tiny\n",
        "- a\n",
        "contigs: []\n",
        "name: t\ncontigs: [{name: a, length: many, kind: autosome}]\n",
        "name: t\ncontigs: [{name: a, length: 1, kind: allosome}]\n",
        "name: [\n",
    ],
)
def test_read_build__file_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="Fix: ") as error:
        read_build(path)
    assert error.value.file == path


def test_read_build__unknown_name() -> None:
    with pytest.raises(InputError, match=r"'hg20'.*Fix: name one of GRCh37, GRCh38"):
        read_build("hg20")


@pytest.mark.parametrize("name", ["GRCh38", "GRCh37"])
def test_check_lengths__own_build_and_extra_contigs_pass(name: str) -> None:
    build = read_build(name)
    lengths = {contig.name: contig.length for contig in build.contigs}
    check_lengths(build, {**lengths, "chrUn_KI270302v1": 2274}, file="a.bam")
    check_lengths(build, dict([next(iter(lengths.items()))]), file="a.bam")


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ({"20": 63025520}, "GRCh37 without chr in the names"),  # b37
        ({"chr20": 63025520}, "GRCh37 with chr names"),  # hg19
        ({"20": 64444167}, "GRCh38 without chr in the names"),  # Ensembl's names
        ({"chr1": 248956422, "chr20": 63025520}, "contig chr20 is 63025520 bp long"),  # mixed
        ({"chr20": 64444168}, "in GRCh38 it is 64444167"),
        ({"contig1": 5}, "its first is 'contig1'"),
        ({}, "its first is 'none'"),
    ],
)
def test_check_lengths__other_build_is_recognised(lengths: dict[str, int], words: str) -> None:
    with pytest.raises(BuildError, match="Fix: ") as error:
        check_lengths(read_build("GRCh38"), lengths, file="a.bam")
    assert words in str(error.value)
    assert str(error.value).startswith("a.bam: ")
