"""SMN1 and SMN2 counted: differing bases from the sequences alone, the table of calls, and a person's simulated reads."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pysam
import pytest

from neotriage.copies.paralogues import differences
from neotriage.copies.smn import Votes, call_copies, find_smn
from neotriage.copies.windows import count_starts, lay_windows, matched_windows
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, ContigKind, ParRegion

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import class_smn

BASES = "".join(random.Random(3).choices("ACGT", k=3000))


def changed(bases: str, place: int) -> str:
    return bases[:place] + ("A" if bases[place] != "A" else "C") + bases[place + 1 :]


def test_differences__substitutions_found_across_an_insertion() -> None:
    other = changed(changed(BASES, 500), 2000)
    other = other[:1000] + "TTGCA" + other[1000:]
    found = differences(BASES, other)
    assert [(d.first, d.second) for d in found] == [(500, 500), (2000, 2005)]
    assert [(d.first_base, d.second_base) for d in found] == [(BASES[p], other[q]) for p, q in ((500, 500), (2000, 2005))]


def test_differences__same_sequence_has_none() -> None:
    assert differences(BASES, BASES) == []
    assert differences(BASES, "".join(random.Random(4).choices("ACGT", k=3000))) == []


# ---- windows


BUILD = Build("small", (Contig("a", 3000, ContigKind.AUTOSOME), Contig("x", 3000, ContigKind.X)), (ParRegion("x", 0, 1500),))


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    path = tmp_path / "ref.fa"
    path.write_text(f">a\n{BASES[:1400]}{'N' * 200}{BASES[1600:]}\n>x\n{BASES}\n")
    pysam.faidx(str(path))
    return path


def test_windows__no_n_no_par_and_not_where_shut(fasta: Path) -> None:
    with pysam.FastaFile(str(fasta)) as bases:
        plain = lay_windows(bases, BUILD.contigs[0], BUILD, count=30, length=100)
        assert plain
        assert not [w for w in plain if w.start < 1600 and w.end > 1400]
        shut = lay_windows(bases, BUILD.contigs[0], BUILD, count=30, length=100, avoid=[("a", 0, 1000)])
        assert min(w.start for w in shut) >= 1000
        assert min(w.start for w in lay_windows(bases, BUILD.contigs[1], BUILD, count=30, length=100)) >= 1500


def test_windows__matched_by_gc_on_autosomes_only(fasta: Path) -> None:
    with pysam.FastaFile(str(fasta)) as bases:
        laid = lay_windows(bases, BUILD.contigs[0], BUILD, count=20, length=100)
        chosen = matched_windows(bases, BUILD, gc=0.9, length=100, count=5, avoid=[])
    assert {w.contig for w in chosen} == {"a"}
    assert len(chosen) == 5
    assert min(w.gc for w in chosen) >= sorted(w.gc for w in laid)[-5]


def test_count_starts__each_read_once_and_no_duplicate(tmp_path: Path) -> None:
    header = pysam.AlignmentHeader.from_dict({"HD": {"SO": "coordinate"}, "SQ": [{"SN": "a", "LN": 3000}]})
    path = tmp_path / "r.bam"
    with pysam.AlignmentFile(str(path), "wb", header=header) as sink:
        for start, flag, quality in ((90, 0, 60), (100, 0, 0), (150, 0x400, 60), (199, 0, 60), (199, 0x900, 60), (200, 0, 60)):
            read = pysam.AlignedSegment(header)
            read.query_name, read.flag, read.reference_id, read.reference_start = f"r{start}{flag}", flag, 0, start
            read.query_sequence, read.cigarstring, read.mapping_quality = "A" * 50, "50M", quality
            sink.write(read)
    pysam.index(str(path))
    with pysam.AlignmentFile(str(path)) as reads:
        assert count_starts(reads, [("a", 100, 200), ("a", 200, 300)]).tolist() == [2, 1]


# ---- calls from counts


def votes(raw: float, near: tuple[int, int], at_c840: tuple[int, int], depth: float = 30.0) -> Votes:
    return Votes(depth, 0.02, raw, 400.0, near, at_c840)


@pytest.mark.parametrize(
    ("raw", "near", "at_c840", "smn1", "smn2"),
    [
        (2.02, (0, 190), (0, 25), 0, 2),
        (2.98, (1, 280), (0, 40), 0, 3),
        (3.97, (199, 205), (29, 31), 2, 2),
        (3.03, (98, 201), (14, 30), 1, 2),
        (3.0, (300, 0), (44, 0), 3, 0),
        (0.98, (0, 95), (0, 14), 0, 1),
    ],
)
def test_call__copies_of_both(raw: float, near: tuple[int, int], at_c840: tuple[int, int], smn1: int, smn2: int) -> None:
    found = call_copies(votes(raw, near, at_c840))
    assert (found.smn1, found.smn2, found.reason) == (smn1, smn2, "")
    assert found.probability > 0.95


def test_call__zero_is_called_though_depth_lies_between() -> None:
    found = call_copies(votes(2.5, (0, 230), (0, 33)))
    assert (found.smn1, found.smn2) == (0, None)
    assert found.is_zero_possible


def test_call__copies_are_not_called_where_depth_lies_between() -> None:
    found = call_copies(votes(2.5, (120, 120), (17, 17)))
    assert found.smn1 is None
    assert "copies" in found.reason or "unclear" in found.reason
    assert not found.is_zero_possible


def test_call__exon_7_decides_where_the_genes_are_mixed() -> None:
    lost = call_copies(votes(3.0, (90, 200), (0, 42)))
    assert lost.smn1 == 0
    mixed = call_copies(votes(3.0, (90, 200), (40, 0)))
    assert (mixed.smn1, "conversion" in mixed.reason) == (None, True)


def test_call__a_few_reads_leave_zero_possible() -> None:
    found = call_copies(Votes(8.0, 0.05, 3.9, 30.0, (1, 9), (0, 2)))
    assert found.smn1 is None
    assert found.is_zero_possible


# ---- from reads


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> class_smn.Genome:
    return class_smn.make_genome(7, tmp_path_factory.mktemp("smn"))


@pytest.mark.parametrize(("smn1", "smn2"), [(0, 2), (2, 2)])
def test_reads__no_copy_and_two(genome: class_smn.Genome, tmp_path: Path, smn1: int, smn2: int) -> None:
    found = class_smn.call(genome, (smn1, smn2), 30, 7, tmp_path)
    assert (found.smn1, found.smn2) == (smn1, smn2)


def test_find__c840_is_counted_along_the_coding_sequence(genome: class_smn.Genome) -> None:
    with pysam.FastaFile(str(genome.fasta)) as fasta:
        place = find_smn(read_gene_models(genome.gff, genome.build), genome.build, fasta)
    assert not isinstance(place, str)
    assert place.c840 == class_smn.FLANK * 3 + class_smn.GENE + class_smn.C840
    assert (place.c840, "C", "T") in {(first, a, b) for first, _, a, b in place.sites}
    assert all(abs(first - place.c840) <= 1500 for first, *_ in place.sites)


def test_find__says_why_not(genome: class_smn.Genome, tmp_path: Path) -> None:
    lines = genome.gff.read_text().splitlines(keepends=True)
    (tmp_path / "one.gff3").write_text("".join(line for line in lines if "SMN2" not in line))
    with pysam.FastaFile(str(genome.fasta)) as fasta:
        assert "not both" in str(find_smn(read_gene_models(tmp_path / "one.gff3", genome.build), genome.build, fasta))
        (tmp_path / "minus.gff3").write_text("".join(lines).replace("\t+\t", "\t-\t"))
        minus = read_gene_models(tmp_path / "minus.gff3", genome.build)
        assert "forward strand" in str(find_smn(minus, genome.build, fasta))
        (tmp_path / "swapped.gff3").write_text(
            "".join(lines).replace("SMN1", "SMNx").replace("SMN2", "SMN1").replace("SMNx", "SMN2")
        )
        swapped = read_gene_models(tmp_path / "swapped.gff3", genome.build)
        assert "c.840" in str(find_smn(swapped, genome.build, fasta))
