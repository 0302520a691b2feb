"""Regions cover all once, ploidy follows sex and PAR, the one form loses and invents nothing, given calls are checked."""

import subprocess
from pathlib import Path

import pysam
import pytest

from neotriage import cli
from neotriage.calls import (
    Region,
    check_calls,
    freebayes_copy_numbers,
    harmonise,
    mitochondrial_regions,
    ploidy_table,
    sample_sexes,
    scatter,
)
from neotriage.calls.one_form import Dropped
from neotriage.errors import BuildError, FormatError, InputError
from neotriage.genome import Build, Contig, ContigKind, ParRegion, read_build
from neotriage.pedigree import Member, Sex, check_family

BUILD = Build(
    "tiny",
    (
        Contig("chr1", 5000, ContigKind.AUTOSOME),
        Contig("chr2", 1500, ContigKind.AUTOSOME),
        Contig("chrX", 1000, ContigKind.X),
        Contig("chrY", 600, ContigKind.Y),
        Contig("chrM", 300, ContigKind.MITOCHONDRION),
        Contig("decoy", 900, ContigKind.OTHER),
    ),
    (ParRegion("chrX", 100, 200), ParRegion("chrX", 900, 1000), ParRegion("chrY", 50, 150)),
)
FAMILY = check_family(
    "F",
    [
        Member("baby", Sex.MALE, True, father="dad", mother="mum"),
        Member("mum", Sex.FEMALE, False),
        Member("dad", Sex.MALE, False),
        Member("other", Sex.UNKNOWN, None),
    ],
)


@pytest.mark.parametrize("size_bp", [1000, 1700, 5000, 10_000_000])
def test_scatter__every_nuclear_base_once(size_bp: int) -> None:
    chunks = scatter(BUILD, size_bp)
    bases = [(r.contig, p) for chunk in chunks for r in chunk for p in range(r.start, r.end)]
    assert len(bases) == len(set(bases)) == 5000 + 1500 + 1000 + 600
    assert all(sum(r.end - r.start for r in chunk) <= size_bp for chunk in chunks)


def test_scatter__small_contigs_share_a_chunk() -> None:
    assert scatter(BUILD, 6000) == (
        (Region("chr1", 0, 5000), Region("chr2", 0, 1000)),
        (Region("chr2", 1000, 1500), Region("chrX", 0, 1000), Region("chrY", 0, 600)),
    )


def test_scatter__whole_genome_has_a_bearable_number() -> None:
    assert len(scatter(read_build("GRCh38"), 100_000_000)) == 31  # 3,088,269,832 bp of 1 to 22, X and Y


def test_scatter__bed_sorted_and_merged(tmp_path: Path) -> None:
    bed = tmp_path / "panel.bed"
    bed.write_text("#comment\nchr2\t10\t20\tname\nchr1\t40\t60\nchr1\t30\t50\nchrM\t5\t9\ndecoy\t0\t9\nchr1\t4990\t6000\n")
    assert scatter(BUILD, 1000, bed) == ((Region("chr1", 30, 60), Region("chr1", 4990, 5000), Region("chr2", 10, 20)),)
    assert mitochondrial_regions(BUILD, bed) == (Region("chrM", 5, 9),)


def test_mitochondrial_regions__whole_or_none(tmp_path: Path) -> None:
    assert mitochondrial_regions(BUILD) == (Region("chrM", 0, 300),)
    bed = tmp_path / "panel.bed"
    bed.write_text("chr1\t1\t2\n")
    assert mitochondrial_regions(BUILD, bed) == ()


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        ("chr1 5 9", FormatError, "line 1: .* is not an interval"),
        ("chr1\t9\t9", FormatError, "line 1: .* is not an interval"),
        ("1\t5\t9", BuildError, "line 1: contig '1' is not in build tiny"),
        ("#none", FormatError, "names no region"),
    ],
)
def test_scatter__bad_bed(tmp_path: Path, line: str, error: type[Exception], words: str) -> None:
    bed = tmp_path / "panel.bed"
    bed.write_text(line + "\n")
    with pytest.raises(error, match=words):
        scatter(BUILD, 1000, bed)


def copies(table: str, contig: str, position: int, sex: str) -> int:
    """Ploidy by bcftools' rule: the first line that fits, else the default of that sex."""
    default = 2
    for line in table.splitlines():
        name, first, last, of, number = line.split()
        if of != sex:
            continue
        if name == "*":
            default = int(number)
        elif name == contig and int(first) <= position + 1 <= int(last):
            return int(number)
    return default


@pytest.mark.parametrize(
    ("contig", "position", "male", "female", "unknown"),
    [
        ("chr1", 10, 2, 2, 2),
        ("chrX", 99, 1, 2, 2),
        ("chrX", 100, 2, 2, 2),
        ("chrX", 199, 2, 2, 2),
        ("chrX", 200, 1, 2, 2),
        ("chrX", 899, 1, 2, 2),
        ("chrX", 999, 2, 2, 2),
        ("chrY", 60, 1, 0, 1),
        ("chrY", 300, 1, 0, 1),
    ],
)
def test_ploidy_table__sex_and_par(contig: str, position: int, male: int, female: int, unknown: int) -> None:
    table = ploidy_table(BUILD)
    assert [copies(table, contig, position, sex) for sex in "MFU"] == [male, female, unknown]


def test_ploidy_table__grch38_as_bcftools_has_it() -> None:
    preset = subprocess.run(["bcftools", "call", "--ploidy", "GRCh38?"], capture_output=True, text=True, check=False)
    theirs = [line for line in (preset.stdout + preset.stderr).splitlines() if line.startswith("chr")]
    assert theirs
    table = ploidy_table(read_build("GRCh38"))
    for line in theirs:
        contig, first, last, sex, number = line.split()
        if contig != "chrM":
            ends = (int(first) - 1, min(int(last), read_build("GRCh38").by_name[contig].length) - 1)
            assert [copies(table, contig, position, sex) for position in ends] == [int(number)] * 2, line


def test_sample_sexes__order_given() -> None:
    assert sample_sexes(FAMILY.members) == "baby\tM\ndad\tM\nmum\tF\nother\tU\n"


def test_freebayes_copy_numbers__never_zero() -> None:
    lines = [line.split("\t") for line in freebayes_copy_numbers(BUILD, FAMILY.members).splitlines()]
    assert ["chrX", "200", "900", "baby", "1"] in lines
    assert ["chrY", "0", "600", "mum", "1"] in lines
    assert not [line for line in lines if line[3] == "mum" and line[0] == "chrX"]
    assert {line[4] for line in lines} == {"1"}


CONTIGS = {"chr1": 5000, "chr2": 1500, "chrX": 1000, "chrY": 600, "chrM": 300, "decoy": 900}
HEAD = (
    "##fileformat=VCFv4.2\n##fileDate=20260101\n##source=caller\n##commandline=caller --threads 8\n"
    '##FILTER=<ID=LowQual,Description="low">\n##contig=<ID=chr1,length=5000>\n'
    '##FORMAT=<ID=GQ,Number=1,Type=Float,Description="x">\n'
)


Harmonised = tuple[list[str], list[list[str]], Dropped]


def harmonised(*records: str, samples: tuple[str, ...] = ("mum", "baby", "dad", "other")) -> Harmonised:
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(samples) + "\n"
    text = HEAD + columns + "".join(record.replace(" ", "\t") + "\n" for record in records)
    dropped = Dropped()
    names = {name: name for name in FAMILY.samples}
    lines = list(harmonise(text.splitlines(keepends=True), BUILD, CONTIGS, FAMILY, names, dropped))
    header = [line.rstrip("\n") for line in lines if line.startswith("#")]
    return header, [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")], dropped


def test_harmonise__family_order_and_nothing_of_the_making() -> None:
    header, records, _ = harmonised("chr1 100 rs1 A G 50 LowQual DP=9 GT:GQ:DP:AD 0/1:9.9:9:4,5 1/1:99:8:0,8 0/0:20:7:7,0 ./.")
    assert header[-1].split("\t")[9:] == ["baby", "dad", "mum", "other"]
    assert not [line for line in header if line.startswith(("##fileDate", "##source", "##commandline"))]
    assert '##FILTER=<ID=LowQual,Description="low">' in header
    contigs = [line for line in header if line.startswith("##contig")]
    assert contigs == [f"##contig=<ID={name},length={size}>" for name, size in CONTIGS.items()]
    site = ["chr1", "100", ".", "A", "G", "50", "LowQual", "."]
    assert records == [[*site, "GT:AD:DP:GQ", "1/1:0,8:8:99", "0/0:7,0:7:20", "0/1:4,5:9:9", "./.:.:.:."]]


def test_harmonise__no_depth_is_missing_not_zero() -> None:
    _, records, _ = harmonised("chr1 100 . A G . . . GT 0/1 0/0 ./. 1/1")
    assert records[0][9:] == ["0/0:.:.:.", "./.:.:.:.", "0/1:.:.:.", "1/1:.:.:."]


def test_harmonise__freebayes_counts() -> None:
    _, records, _ = harmonised("chr1 100 . A G,T 9 . . GT:RO:AO:GQ 1/2:1,2:3,4:1e3 0/1:5:6,0:nan 0/0:.:.:. .:1:.:5")
    assert [call.split(":")[1] for call in records[0][9:]] == ["5,6,0", ".", "1,2,3,4", "."]
    assert [call.split(":")[3] for call in records[0][9:]] == [".", ".", "1000", "5"]


def test_harmonise__woman_has_no_y() -> None:
    _, records, _ = harmonised("chrY 300 . A G 9 . . GT:DP 0/1:3 1:9 0:8 1:2")
    assert [call.split(":")[0] for call in records[0][9:]] == ["1", "0", ".", "1"]


def test_harmonise__phase_and_blocks_stay() -> None:
    _, records, _ = harmonised("chr1 100 . A <NON_REF> . . END=140;X=1 GT:PS 0|0:7 0|1:7 ./.:. 0/0:.")
    assert records[0][7:10] == ["END=140", "GT:AD:DP:GQ:PS", "0|1:.:.:.:7"]


def test_harmonise__trailing_fields_left_out() -> None:
    _, records, _ = harmonised("chr1 100 . A G 9 . . GT:AD:DP:GQ 0/1 0/1:3,4 0/1:3,4:7 0/1:3,4:7:50")
    assert records[0][9:] == ["0/1:3,4:.:.", "0/1:3,4:7:.", "0/1:.:.:.", "0/1:3,4:7:50"]


def test_harmonise__other_contigs_counted() -> None:
    _, records, dropped = harmonised("decoy 5 . A G 9 . . GT 0/1 0/1 0/1 0/1", "chrEBV 5 . A G 9 . . GT 0/1 0/1 0/1 0/1")
    assert records == []
    assert str(dropped) == "records on contigs that are not triaged, left out: chrEBV 1, decoy 1"


def test_harmonise__stranger() -> None:
    with pytest.raises(InputError, match="sample 'stranger' of the calls is not on the sheet"):
        harmonised("chr1 5 . A G 9 . . GT 0/1", samples=("stranger",))


def test_harmonise__ragged_and_headless() -> None:
    with pytest.raises(FormatError, match="line 9: 12 columns, the header has 13"):
        harmonised("chr1 5 . A G 9 . . GT 0/1 0/1 0/1")
    with pytest.raises(FormatError, match="no #CHROM line"):
        list(harmonise(["chr1\t5\n"], BUILD, CONTIGS, FAMILY, {}, Dropped()))


def vcf(path: Path, records: list[str], *, contigs: dict[str, int] | None = None, formats: str = "GT") -> Path:
    lines = ["##fileformat=VCFv4.2"]
    lines += [f"##contig=<ID={name},length={size}>" for name, size in (CONTIGS if contigs is None else contigs).items()]
    lines += ['##ALT=<ID=NON_REF,Description="x">', '##INFO=<ID=END,Number=1,Type=Integer,Description="x">']
    lines += [f'##FORMAT=<ID={formats},Number=1,Type=String,Description="x">']
    lines += ["#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tbaby\tmum", *(r.replace(" ", "\t") for r in records)]
    plain = path.with_suffix("")
    plain.write_text("\n".join(lines) + "\n")
    pysam.tabix_compress(str(plain), str(path), force=True)
    return path


RECORDS = [f"chr1 {position} . A G 50 PASS . GT 0/1 0/0" for position in range(1, 4000)]


def test_check_calls__fit(tmp_path: Path) -> None:
    assert check_calls(vcf(tmp_path / "a.vcf.gz", RECORDS), BUILD, ["baby", "mum"]) == 3999


@pytest.mark.parametrize("cut", [28, 29, 5000])
def test_check_calls__truncated(tmp_path: Path, cut: int) -> None:
    path = vcf(tmp_path / "a.vcf.gz", RECORDS)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(FormatError, match=r"a.vcf.gz: cut short"):
        check_calls(path, BUILD, ["baby"])


def test_check_calls__not_a_vcf(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_text("hello\n")
    with pytest.raises(FormatError, match=r"a.vcf: cut short or not a VCF"):
        check_calls(path, BUILD, ["baby"])


def test_check_calls__absent_sample(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no sample 'dad'; it has baby, mum. Fix: set file_sample"):
        check_calls(vcf(tmp_path / "a.vcf.gz", RECORDS), BUILD, ["dad"])


def test_check_calls__no_genotypes(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="has no genotypes"):
        check_calls(vcf(tmp_path / "a.vcf.gz", [], formats="DP"), BUILD, ["baby"])


def test_check_calls__other_build_by_length(tmp_path: Path) -> None:
    path = vcf(tmp_path / "b37.vcf.gz", [], contigs={"20": 63025520, "X": 155270560})
    with pytest.raises(BuildError, match="looks like GRCh37 without chr"):
        check_calls(path, read_build("GRCh38"), ["baby"])
    path = vcf(tmp_path / "hg19.vcf.gz", [], contigs={"chr20": 63025520})
    with pytest.raises(BuildError, match="contig chr20 is 63025520 bp long, in GRCh38 it is 64444167"):
        check_calls(path, read_build("GRCh38"), ["baby"])


def test_check_calls__beyond_the_end_without_lengths_in_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    head = '##fileformat=VCFv4.2\n##contig=<ID=chr1>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n'
    path.write_text(
        head + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tbaby\nchr1\t5001\t.\tA\tG\t9\t.\t.\tGT\t0/1\n"
    )
    with pytest.raises(BuildError, match=r"chr1:5001 lies beyond the contig's end \(5000 bp in tiny\)"):
        check_calls(path, BUILD, ["baby"])


def test_check_calls__names_of_another_style_without_lengths(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    head = '##fileformat=VCFv4.2\n##contig=<ID=1>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n'
    path.write_text(head + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tbaby\n1\t50\t.\tA\tG\t9\t.\t.\tGT\t0/1\n")
    with pytest.raises(BuildError, match="none of its 1 records is on a contig of tiny"):
        check_calls(path, BUILD, ["baby"])


def test_check_calls__gvcf_by_its_blocks(tmp_path: Path) -> None:
    path = vcf(tmp_path / "a.g.vcf.gz", [*RECORDS[:1], "chr1 9 . A <NON_REF> . . END=50 GT 0/0 0/0"])
    assert check_calls(path, BUILD, ["baby"], is_gvcf=True) == 2
    with pytest.raises(FormatError, match="named a gVCF, but has no reference blocks"):
        check_calls(vcf(tmp_path / "b.g.vcf.gz", RECORDS[:1]), BUILD, ["baby"], is_gvcf=True)


def test_command__regions(tmp_path: Path) -> None:
    build = tmp_path / "tiny.yaml"
    build.write_text(
        "name: t\ncontigs:\n- {name: chr1, length: 1500, kind: autosome}\n- {name: M, length: 9, kind: mitochondrion}\n"
    )
    outputs = [tmp_path / "1.bed", tmp_path / "2.bed"]
    words = [word for path in outputs for word in ("--output", str(path))]
    with pytest.raises(SystemExit) as end:
        cli.main(
            ["calls", "regions", "--build", str(build), "--size-bp", "1000", "--mitochondrion", str(tmp_path / "m.bed"), *words]
        )
    assert end.value.code == 0
    assert [path.read_text() for path in outputs] == ["chr1\t0\t1000\n", "chr1\t1000\t1500\n"]
    assert (tmp_path / "m.bed").read_text() == "M\t0\t9\n"
