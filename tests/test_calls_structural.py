"""Structural calling: bins, depth of a family, delly's and manta's records, and one list of them all."""

# ruff: noqa: E501 - records stand as the callers wrote them

from __future__ import annotations

import gzip
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pysam
import pytest

from neotriage.calls.bins import Bins, make_bins, read_bins, write_bins
from neotriage.calls.depth import depth_records, in_family_order, joint_states, measure_depth, read_depths
from neotriage.calls.regions import Region, scatter
from neotriage.calls.structural_callers import read_delly, read_manta
from neotriage.calls.structural_merge import DEPTH_UNCHANGED, is_alike, merge_records
from neotriage.errors import FormatError
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, ContigKind, ParRegion
from neotriage.pedigree import Family, Member, Sex
from neotriage.schema import Kind
from neotriage.structural import Call, Record

SAMPLES = ("kid", "dad", "mum")
CONTIGS = (
    Contig("chr1", 400_000, ContigKind.AUTOSOME),
    Contig("chrX", 200_000, ContigKind.X),
    Contig("chrY", 100_000, ContigKind.Y),
    Contig("chrM", 16_569, ContigKind.MITOCHONDRION),
)
BUILD = Build("made", CONTIGS, (ParRegion("chrX", 0, 20_000), ParRegion("chrY", 0, 20_000)))
TRIO = Family(
    "F", (Member("kid", Sex.MALE, True, "dad", "mum"), Member("dad", Sex.MALE, False), Member("mum", Sex.FEMALE, False))
)
GFF = """##gff-version 3
chr1	t	gene	10001	20000	.	+	.	ID=gene:ENSG1;Name=AAA;biotype=protein_coding
chr1	t	mRNA	10001	20000	.	+	.	ID=transcript:ENST1;Parent=gene:ENSG1;biotype=protein_coding
chr1	t	exon	10001	10200	.	+	.	Parent=transcript:ENST1
chr1	t	exon	12001	12040	.	+	.	Parent=transcript:ENST1
chr1	t	exon	19001	20000	.	+	.	Parent=transcript:ENST1
"""


# --- bins


def test_bins__exons_stand_alone_and_nothing_overlaps(tmp_path: Path) -> None:
    (tmp_path / "m.gff3").write_text(GFF)
    bases = "ACGT" * 100_000
    (tmp_path / "r.fa").write_text(f">chr1\n{bases[:30_000]}{'N' * 5000}{bases[35_000:]}\n")
    pysam.faidx(str(tmp_path / "r.fa"))
    build = Build("one", CONTIGS[:1], ())
    regions = [region for chunk in scatter(build, 1 << 30) for region in chunk]
    bins = make_bins(build, tmp_path / "r.fa", read_gene_models(tmp_path / "m.gff3", build), regions)
    exons = list(zip(bins.start[bins.is_exon].tolist(), bins.end[bins.is_exon].tolist(), strict=True))
    assert exons == [(10_000, 10_200), (11_970, 12_070), (19_000, 19_500), (19_500, 20_000)]
    assert (bins.start[1:] >= bins.end[:-1]).all()
    assert ((bins.end - bins.start) <= 600).all()
    assert not ((bins.start >= 30_000) & (bins.end <= 35_000)).any()
    assert bins.gc[bins.is_exon] == pytest.approx(0.5, abs=0.01)
    write_bins(bins, tmp_path / "b.bed")
    again = read_bins(tmp_path / "b.bed")
    assert [again.start.tolist(), again.is_exon.tolist()] == [bins.start.tolist(), bins.is_exon.tolist()]
    assert np.isnan(again.mappability).all()


def test_bins__mappability_is_the_mean_of_the_bases(tmp_path: Path) -> None:
    (tmp_path / "m.gff3").write_text(GFF)
    (tmp_path / "r.fa").write_text(">chr1\n" + "ACGT" * 100_000 + "\n")
    pysam.faidx(str(tmp_path / "r.fa"))
    (tmp_path / "map.bg").write_text("chr1\t0\t10100\t1.0\nchr1\t10100\t10150\t0.5\n")
    build = Build("one", CONTIGS[:1], ())
    models = read_gene_models(tmp_path / "m.gff3", build)
    bins = make_bins(build, tmp_path / "r.fa", models, [Region("chr1", 0, 20_000)], tmp_path / "map.bg")
    by_start = dict(zip(bins.start.tolist(), bins.mappability.tolist(), strict=True))
    assert by_start[10_000] == pytest.approx((100 + 25) / 200)
    assert by_start[19_000] == 0.0
    assert by_start[0] == pytest.approx(1.0)


# --- depth


def tiled() -> Bins:
    rows = [(c.name, start, start + 500) for c in CONTIGS[:3] for start in range(0, c.length, 500)]
    names, starts, ends = zip(*rows, strict=True)
    count = len(rows)
    gc = np.random.default_rng(1).uniform(0.35, 0.6, count).astype(np.float32)
    arrays = (
        np.array(starts, np.int32),
        np.array(ends, np.int32),
        np.zeros(count, bool),
        gc,
        np.full(count, np.nan, np.float32),
    )
    return Bins(np.array(names), *arrays)


def drawn(bins: Bins, changes: Sequence[tuple[str, str, int, int, int]], depth: float = 30.0, seed: int = 5) -> np.ndarray:
    """Depth of kid, dad and mum: Poisson reads of 150 bp, fewer where GC is high, copies changed over intervals."""
    stream = np.random.default_rng(seed)
    columns = []
    for sample, is_male in (("kid", True), ("dad", True), ("mum", False)):
        copies = np.full(len(bins), 2)
        copies[(bins.contig == "chrX") & (bins.start >= 20_000)] = 1 if is_male else 2
        copies[bins.contig == "chrY"] = 1 if is_male else 0
        copies[(bins.contig == "chrY") & (bins.start < 20_000)] = 0
        for who, contig, start, end, number in changes:
            if who == sample:
                copies[(bins.contig == contig) & (bins.start >= start) & (bins.end <= end)] = number
        mean = depth * copies / 2 * (1.5 - bins.gc)
        columns.append(stream.poisson(mean * 500 / 150) * 150 / 500)
    return np.column_stack(columns).astype(np.float32)


def found(changes: Sequence[tuple[str, str, int, int, int]], family: Family = TRIO, **given: float) -> list[Record]:
    bins = tiled()
    return depth_records(measure_depth(bins, drawn(bins, changes, **given), BUILD, family, SAMPLES), family)


AUTOSOMAL, ON_X = ("chr1", 50_000, 60_000), ("chrX", 50_000, 60_000)


@pytest.mark.parametrize("seed", range(4))
def test_depth__nothing_planted_nothing_found(seed: int) -> None:
    assert found([], seed=seed) == []


@pytest.mark.parametrize(
    ("changes", "kind", "genotypes", "copies"),
    [  # (person, contig, start, end, copies) …
        ([("kid", *AUTOSOMAL, 1)], Kind.DELETION, [(0, 1), (0, 0), (0, 0)], [1, 2, 2]),
        (
            [("kid", *AUTOSOMAL, 0), ("dad", *AUTOSOMAL, 1), ("mum", *AUTOSOMAL, 1)],
            Kind.DELETION,
            [(1, 1), (0, 1), (0, 1)],
            [0, 1, 1],
        ),
        ([("kid", *AUTOSOMAL, 3), ("mum", *AUTOSOMAL, 3)], Kind.DUPLICATION, [(0, 1), (0, 0), (0, 1)], [3, 2, 3]),
        ([("kid", *AUTOSOMAL, 4)], Kind.DUPLICATION, [(-1, 1), (0, 0), (0, 0)], [4, 2, 2]),
        ([("kid", *ON_X, 0), ("mum", *ON_X, 1)], Kind.DELETION, [(1, -2), (0, -2), (0, 1)], [0, 1, 1]),
        ([("kid", "chrX", 5_000, 15_000, 1)], Kind.DELETION, [(0, 1), (0, 0), (0, 0)], [1, 2, 2]),
        ([("kid", "chrY", 50_000, 60_000, 0)], Kind.DELETION, [(1, -2), (0, -2), (-1, -1)], [0, 1, -1]),
    ],
)
def test_depth__by_sex_and_pseudoautosomal_region(changes, kind, genotypes, copies) -> None:
    [record] = found(changes)
    assert (record.kind, record.callers) == (kind, ("depth",))
    start, end = changes[0][2:4]
    assert abs(record.span[0] - start) <= 500
    assert abs(record.span[1] - end) <= 500
    assert [call.genotype for call in record.calls] == genotypes
    assert [call.copy_number for call in record.calls] == copies
    assert all(call.genotype_quality >= 20 for call in record.calls if call.copy_number >= 0)


def test_depth__inherited_loss_is_seen_where_the_child_alone_would_not_do() -> None:
    """1 kb at 10x: two bins of one person are no evidence to hold against the genome, of two persons they are."""
    alone = [bool(found([("kid", "chr1", 50_000, 51_000, 1)], depth=10.0, seed=s)) for s in range(10)]
    shared = [("kid", "chr1", 50_000, 51_000, 1), ("mum", "chr1", 50_000, 51_000, 1)]
    both = [bool(found(shared, depth=10.0, seed=s)) for s in range(10)]
    assert sum(alone) <= 3
    assert sum(both) >= 8


def test_depth__sex_not_stated_is_not_looked_at_on_x() -> None:
    family = Family("F", (replace(TRIO.members[0], sex=Sex.UNKNOWN), *TRIO.members[1:]))
    [record] = found([("kid", "chrX", 50_000, 60_000, 0), ("mum", "chrX", 50_000, 60_000, 1)], family)
    assert record.calls[0] == Call()
    assert record.calls[2].genotype == (0, 1)


def test_depth__where_nobody_has_reads_nobody_is_called() -> None:
    """A third of the genome without reads in anyone: no loss there, and one elsewhere is still found."""
    empty = [(who, "chr1", 150_000, 400_000, 0) for who in SAMPLES]
    assert found(empty) == []
    [record] = found([*empty, ("kid", "chr1", 50_000, 60_000, 1)])
    assert record.calls[0].genotype == (0, 1)
    bins = tiled()
    alone = measure_depth(bins, drawn(bins, empty[:1])[:, :1], BUILD, TRIO, ("kid",))
    assert [r.calls[0].genotype for r in depth_records(alone, TRIO)] == [(1, 1)]


def test_depth__too_shallow_says_nothing() -> None:
    assert found([("kid", "chr1", 50_000, 60_000, 1)], depth=4.0) == []


def test_states__cost_of_inheritance() -> None:
    states, enter = joint_states(3, 1, 2, 0)
    cost = {tuple(state): value for state, value in zip(states.tolist(), enter.tolist(), strict=True)}
    assert states[0].tolist() == [0, 0, 0]
    assert cost[-1, -1, 0] < cost[-1, 0, 0]  # passed on before new
    assert cost[-1, -1, 0] == cost[0, -1, 0]  # or kept
    assert cost[-2, -1, -1] < cost[-2, -1, 0]
    alone, price = joint_states(1, -1, -1, 0)
    assert alone.shape == (5, 1)
    assert price[1:].min() > price[0]


def test_read_depths__other_bins_are_refused(tmp_path: Path) -> None:
    bins = tiled()
    with gzip.open(tmp_path / "a.bed.gz", "wt") as out:
        out.writelines(f"{c}\t{s}\t{e}\t0\t30.5\n" for c, s, e in zip(bins.contig, bins.start, bins.end, strict=True))
    assert read_depths({"kid": tmp_path / "a.bed.gz"}, bins).max() == pytest.approx(30.5)
    with pytest.raises(FormatError, match="not those of the run"):
        read_depths({"kid": tmp_path / "a.bed.gz"}, replace(bins, start=bins.start + 7))


def test_family_order__absent_persons_are_missing() -> None:
    record = Record("chr1", 10, 2000, "N", "<DEL>", Kind.DELETION, 1990, ("depth",), (Call((0, 1), 50, 1),))
    [ordered] = in_family_order([record], ("mum",), TRIO)
    assert [call.genotype for call in ordered.calls] == [(-1, -1), (-1, -1), (0, 1)]


# --- callers' own files: lines as delly 1.1.6 wrote them of a planted 1,500 bp loss and a 4,000 bp gain, and manta's guide

DELLY = """\
##fileformat=VCFv4.2
##FILTER=<ID=PASS,Description="All filters passed">
##FILTER=<ID=LowQual,Description="Poor quality">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="t">
##INFO=<ID=END,Number=1,Type=Integer,Description="e">
##INFO=<ID=CIPOS,Number=2,Type=Integer,Description="c">
##INFO=<ID=SVLEN,Number=1,Type=Integer,Description="l">
##FORMAT=<ID=GT,Number=1,Type=String,Description="g">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="q">
##FORMAT=<ID=RDCN,Number=1,Type=Integer,Description="n">
##FORMAT=<ID=DR,Number=1,Type=Integer,Description="d">
##FORMAT=<ID=DV,Number=1,Type=Integer,Description="d">
##FORMAT=<ID=RR,Number=1,Type=Integer,Description="r">
##FORMAT=<ID=RV,Number=1,Type=Integer,Description="r">
##contig=<ID=chr1,length=400000>
##contig=<ID=chrM,length=16569>
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	mum	kid
chr1	50001	DEL1	T	<DEL>	2100	PASS	SVTYPE=DEL;END=51502;CIPOS=-4,4	GT:GQ:RDCN:DR:DV:RR:RV	0/0:66:2:27:0:22:0	0/1:10000:1:17:5:14:8
chr1	130002	DUP3	G	<DUP>	2400	PASS	SVTYPE=DUP;END=134001;CIPOS=-2,2	GT:GQ:RDCN:DR:DV:RR:RV	./.:0:2:0:0:0:0	0/1:10000:3:28:10:23:13
chr1	200000	BND4	T	]chr1:11000]T	900	LowQual	SVTYPE=BND;END=200001;CIPOS=-1,1	GT:GQ:RDCN:DR:DV:RR:RV	0/0:36:2:12:0:12:0	0/1:99:2:9:7:9:8
chrM	500	DEL5	T	<DEL>	2100	PASS	SVTYPE=DEL;END=1502;CIPOS=-4,4	GT:GQ:RDCN:DR:DV:RR:RV	0/0:66:2:27:0:22:0	0/1:99:1:17:5:14:8
"""


def test_delly__ends_names_and_absent_persons(tmp_path: Path) -> None:
    (tmp_path / "d.vcf").write_text(DELLY)
    loss, gain, breakend = read_delly(tmp_path / "d.vcf", BUILD, SAMPLES)
    assert (loss.span, loss.size_bp) == ((50_001, 51_501), 1500)
    assert (gain.span, gain.size_bp) == ((130_001, 134_001), 4000)
    assert (breakend.kind, breakend.size_bp, breakend.filters) == (Kind.BREAKEND, -1, "LowQual")
    assert loss.calls == (Call((0, 1), 99, 1, 17, 5, 14, 8), Call(), Call((0, 0), 66, 2, 27, 0, 22, 0))
    assert gain.calls[2].genotype == (-1, -1)


MANTA = """\
##fileformat=VCFv4.1
##FILTER=<ID=PASS,Description="All filters passed">
##FILTER=<ID=MinQUAL,Description="q">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="t">
##INFO=<ID=END,Number=1,Type=Integer,Description="e">
##INFO=<ID=SVLEN,Number=.,Type=Integer,Description="l">
##INFO=<ID=MATEID,Number=.,Type=String,Description="m">
##INFO=<ID=CIPOS,Number=2,Type=Integer,Description="c">
##FORMAT=<ID=GT,Number=1,Type=String,Description="g">
##FORMAT=<ID=FT,Number=1,Type=String,Description="f">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="q">
##FORMAT=<ID=PR,Number=.,Type=Integer,Description="p">
##FORMAT=<ID=SR,Number=.,Type=Integer,Description="s">
##contig=<ID=chr1,length=400000>
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	kid	dad	mum
chr1	50001	MantaDEL:1	T	<DEL>	500	PASS	SVTYPE=DEL;END=51501;SVLEN=-1500	GT:FT:GQ:PR:SR	0/1:PASS:200:15,7:12,9	0/0:PASS:80:30,0:28,0	0/0:PASS:90:25,0
chr1	70001	MantaDEL:2	TACGTACGTA	T	300	MinQUAL	SVTYPE=DEL;END=70010;SVLEN=-9	GT:FT:GQ:PR:SR	0/1:PASS:99:1,1:1,1	0/0:PASS:80:3,0:2,0	./.:.:.:.:.
chr1	90001	MantaDUP:3	T	<DUP:TANDEM>	500	PASS	SVTYPE=DUP;END=91001;SVLEN=1000	GT:FT:GQ:PR:SR	0/1:PASS:200:15,7:12,9	0/0:PASS:80:30,0:28,0	0/0:PASS:90:25,0:20,0
chr1	100001	MantaBND:4:0	T	T[chr1:300001[	500	PASS	SVTYPE=BND;MATEID=MantaBND:4:1	GT:FT:GQ:PR:SR	0/1:PASS:200:15,7:12,9	0/0:PASS:80:30,0:28,0	0/0:PASS:90:25,0:20,0
chr1	300001	MantaBND:4:1	T	]chr1:100001]T	500	PASS	SVTYPE=BND;MATEID=MantaBND:4:0	GT:FT:GQ:PR:SR	0/1:PASS:200:15,7:12,9	0/0:PASS:80:30,0:28,0	0/0:PASS:90:25,0:20,0
"""


def test_manta__forms_counts_and_one_record_a_junction(tmp_path: Path) -> None:
    (tmp_path / "m.vcf").write_text(MANTA)
    records = read_manta(tmp_path / "m.vcf", BUILD, SAMPLES)
    assert [(r.kind, r.alt, r.size_bp) for r in records] == [
        (Kind.DELETION, "<DEL>", 1500),
        (Kind.DELETION, "<DEL>", 9),
        (Kind.DUPLICATION, "<DUP>", 1000),
        (Kind.BREAKEND, "T[chr1:300001[", -1),
    ]
    assert records[0].span == (50_001, 51_501)
    assert records[0].calls[0] == Call((0, 1), 99, -1, 15, 7, 12, 9)
    assert records[0].calls[2] == Call((0, 0), 90, -1, 25, 0, -1, -1)
    assert records[1].filters == "MinQUAL"


@pytest.mark.parametrize("read", [read_delly, read_manta])
def test_callers__a_broken_file_is_said(tmp_path: Path, read) -> None:
    (tmp_path / "b.vcf").write_text("chr1\t1\n")
    with pytest.raises(FormatError, match="not a VCF"):
        read(tmp_path / "b.vcf", BUILD, SAMPLES)


# --- one list


def record(start: int, end: int, kind: Kind = Kind.DELETION, caller: str = "delly", **changes: object) -> Record:
    calls = (Call((0, 1), 99, 1, 10, 6, 12, 5), Call((0, 0), 60, 2, 20, 0, 20, 0), Call((0, 0), 15, 2, 3, 0, 2, 0))
    given = Record("chr1", start - 1, end, "N", f"<{kind.value}>", kind, end - start, (caller,), calls, qual=500.0)
    return replace(given, **changes)


def merged(*sets: Sequence[Record], depth=None) -> list[Record]:
    return merge_records(sets, depth, BUILD, TRIO, lambda contig, position: "A")


def test_merge__alike_are_one_that_names_both() -> None:
    by_depth = record(1200, 2300, caller="depth", calls=(Call((0, 1), 40, 1), Call((0, 0), 30, 2), Call((0, 1), 35, 1)))
    [one] = merged([record(1000, 2200)], [by_depth])
    assert (one.span, one.callers, one.ref) == ((1000, 2200), ("delly", "depth"), "A")
    assert one.calls[0] == Call((0, 1), 99, 1, 10, 6, 12, 5)
    assert one.calls[1].genotype == (0, 0)
    assert one.calls[2] == Call((0, 1), 35, 1, 3, 0, 2, 0)  # the reads left it open, the depth did not


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        (record(1500, 2500), True),
        (record(1501, 2501), False),
        (record(1500, 2500, Kind.DUPLICATION), False),
        (replace(record(1000, 2000), chrom="chrX"), False),
        (record(1250, 1750, caller="depth", margin_bp=300), True),
        (record(1250, 1499, caller="depth", margin_bp=100), False),
    ],
)
def test_merge__what_is_alike(other: Record, is_one: bool) -> None:
    assert len(merged([record(1000, 2000)], [other])) == (1 if is_one else 2)


def test_merge__insertions_and_breakends_by_place() -> None:
    inserted = record(1000, 1001, Kind.INSERTION)
    assert is_alike(inserted, record(1050, 1051, Kind.INSERTION))
    assert not is_alike(inserted, record(1051, 1052, Kind.INSERTION))
    broken = record(1000, 1001, Kind.BREAKEND, alt="A[chrX:5000[")
    assert is_alike(broken, record(1200, 1201, Kind.BREAKEND, alt="A[chrX:5200["))
    assert not is_alike(broken, record(1200, 1201, Kind.BREAKEND, alt="A[chrX:5201["))
    assert not is_alike(broken, record(1000, 1001, Kind.BREAKEND, alt="A[chr1:5000["))


def test_merge__a_male_has_one_copy_outside_par() -> None:
    calls = (Call((1, 1), 99), Call((0, 0), 99), Call((0, 1), 99))
    [outside] = merged([replace(record(50_000, 51_000), chrom="chrX", calls=calls)])
    [inside] = merged([replace(record(5000, 6000), chrom="chrX", calls=calls)])
    assert [c.genotype for c in outside.calls] == [(1, -2), (0, -2), (0, 1)]
    assert [c.genotype for c in inside.calls] == [(1, 1), (0, 0), (0, 1)]


@pytest.mark.parametrize(("copies", "filters"), [(1, "PASS"), (2, DEPTH_UNCHANGED)])
def test_merge__a_large_loss_without_loss_of_depth_is_doubted(copies: int, filters: str) -> None:
    bins = tiled()
    depth = measure_depth(bins, drawn(bins, [("kid", "chr1", 50_000, 60_000, copies)]), BUILD, TRIO, SAMPLES)
    [one] = merged([record(50_000, 60_000)], depth=depth)
    assert one.filters == filters
    assert [call.copy_number for call in one.calls] == [copies, 2, 2]
    [small] = merged([record(50_000, 52_000)], depth=depth)
    assert small.filters == "PASS"


def test_merge__same_record_twice_stands_once() -> None:
    assert len(merged([record(1000, 2000), record(1000, 2000)])) == 1
    assert math.isnan(Record("chr1", 0, 10, "N", "<DEL>", Kind.DELETION, 9, ("x",), ()).qual)
