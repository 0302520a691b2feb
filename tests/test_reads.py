"""Read files: whole or cut, mates or strangers, this build or another, this person or another."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pysam
import pytest

from neotriage import cli
from neotriage.errors import BuildError, FormatError, InputError
from neotriage.genome import Build, Contig, ContigKind, read_build
from neotriage.reads import check_alignment, check_dictionary, check_fastq_pair, header_for, read_dictionary
from neotriage.reads.alignment import AlignmentFacts

BUILD = Build("tiny", (Contig("chr20", 1000, ContigKind.AUTOSOME), Contig("chrX", 500, ContigKind.X)), ())


def fastq(
    path: Path, names: list[str], *, mate: int = 1, comment: str = "{mate}:N:0:ACGT", bases: str = "ACGTACGT", gz: bool = True
) -> Path:
    text = "".join(f"@{name} {comment.format(mate=mate)}\n{bases}\n+\n{'I' * len(bases)}\n" for name in names)
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if gz else text.encode())
    return path


@pytest.fixture
def pair(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    def make(count: int = 20) -> tuple[Path, Path]:
        names = [f"read{number}" for number in range(count)]
        return fastq(tmp_path / "a_R1.fastq.gz", names), fastq(tmp_path / "a_R2.fastq.gz", names, mate=2)

    return make


def test_check_fastq_pair__whole(pair) -> None:
    first, second = check_fastq_pair(*pair(20), compared_records=5)
    assert (first.records, second.records) == (20, 20)
    assert first.headers[0] == b"@read0 1:N:0:ACGT"
    assert first.last_header == b"@read19 1:N:0:ACGT"


@pytest.mark.parametrize("compared", [1, 3, 20, 10_000])
def test_check_fastq_pair__any_number_compared(pair, compared: int) -> None:
    first, _ = check_fastq_pair(*pair(20), compared_records=compared)
    assert first.records == 20
    assert len(first.headers) >= min(compared, 20)


def test_check_fastq_pair__plain_text_and_no_final_newline(tmp_path: Path) -> None:
    one = fastq(tmp_path / "1.fastq", ["a", "b"], gz=False)
    two = fastq(tmp_path / "2.fastq", ["a", "b"], mate=2, gz=False)
    two.write_text(two.read_text().rstrip("\n"))
    first, second = check_fastq_pair(one, two)
    assert (first.records, second.records) == (2, 2)


def test_check_fastq_pair__carriage_returns(tmp_path: Path) -> None:
    one = fastq(tmp_path / "1.fastq", ["a", "b"], gz=False)
    one.write_bytes(one.read_bytes().replace(b"\n", b"\r\n"))
    first, _ = check_fastq_pair(one, fastq(tmp_path / "2.fastq", ["a", "b"], mate=2, gz=False))
    assert first.last_header == b"@b 1:N:0:ACGT"


def test_check_fastq_pair__larger_than_one_chunk(tmp_path: Path) -> None:
    names = [f"read{number}" for number in range(60_000)]
    one = fastq(tmp_path / "1.fastq", names, bases="ACGT" * 25, gz=False)
    two = fastq(tmp_path / "2.fastq", names, mate=2, bases="ACGT" * 25, gz=False)
    assert one.stat().st_size > 3 * (4 << 20)
    first, _ = check_fastq_pair(one, two)
    assert first.records == 60_000
    assert first.last_header == b"@read59999 1:N:0:ACGT"


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_check_fastq_pair__truncated_gzip(pair, share: float) -> None:
    one, two = pair(2000)
    raw = two.read_bytes()
    two.write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(FormatError, match=r"a_R2.fastq.gz: not a whole gzip file .* Fix: .*copy it again"):
        check_fastq_pair(one, two)


def test_check_fastq_pair__damaged_gzip(pair) -> None:
    one, two = pair(2000)
    raw = bytearray(two.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    two.write_bytes(raw)
    with pytest.raises(FormatError, match="a_R2"):
        check_fastq_pair(one, two)


def test_check_fastq_pair__cut_within_a_record(tmp_path: Path, pair) -> None:
    one, two = pair(20)
    text = gzip.decompress(two.read_bytes())
    two.write_bytes(gzip.compress(text[: text.rindex(b"+\n")]))
    with pytest.raises(FormatError, match=r"a_R2.fastq.gz, line 78: ends within a record"):
        check_fastq_pair(one, two)


def test_check_fastq_pair__cut_within_the_qualities(pair) -> None:
    one, two = pair(20)
    text = gzip.decompress(two.read_bytes())
    two.write_bytes(gzip.compress(text[:-4]))
    with pytest.raises(FormatError, match=r"a_R2.fastq.gz, line 77: 8 bases but 5 qualities"):
        check_fastq_pair(one, two)


def test_check_fastq_pair__unequal_counts(pair, tmp_path: Path) -> None:
    one, _ = pair(20)
    two = fastq(tmp_path / "short_R2.fastq.gz", [f"read{number}" for number in range(19)], mate=2)
    with pytest.raises(FormatError, match=r"short_R2.fastq.gz: 19 records, but its mate file .*a_R1.fastq.gz has 20"):
        check_fastq_pair(one, two)


def test_check_fastq_pair__mates_of_other_names(pair, tmp_path: Path) -> None:
    one, _ = pair(20)
    names = [f"read{number}" for number in range(20)]
    names[6], names[7] = names[7], names[6]
    with pytest.raises(FormatError, match=r"a_R1.fastq.gz, line 25: record 7 is 'read6', in .* it is 'read7': these"):
        check_fastq_pair(one, fastq(tmp_path / "2.fastq.gz", names, mate=2))


def test_check_fastq_pair__last_mates_of_other_names(pair, tmp_path: Path) -> None:
    one, _ = pair(20)
    names = [f"read{number}" for number in range(19)] + ["stranger"]
    with pytest.raises(FormatError, match=r"record 20 is 'read19', in .* it is 'stranger'"):
        check_fastq_pair(one, fastq(tmp_path / "2.fastq.gz", names, mate=2), compared_records=3)


def test_check_fastq_pair__swapped(pair) -> None:
    one, two = pair(5)
    with pytest.raises(FormatError, match=r"the files are swapped. Fix: swap fastq_1 and fastq_2"):
        check_fastq_pair(two, one)


def test_check_fastq_pair__swapped_by_slash(tmp_path: Path) -> None:
    one = fastq(tmp_path / "1.fastq", ["a/1"], comment="", gz=False)
    two = fastq(tmp_path / "2.fastq", ["a/2"], comment="", gz=False)
    check_fastq_pair(one, two)
    with pytest.raises(FormatError, match="swapped"):
        check_fastq_pair(two, one)


def test_check_fastq_pair__one_file_for_both(pair) -> None:
    one, _ = pair(5)
    with pytest.raises(FormatError, match="stands for both mates"):
        check_fastq_pair(one, one)


def test_check_fastq_pair__empty(pair, tmp_path: Path) -> None:
    one, _ = pair(5)
    with pytest.raises(FormatError, match=r"none.fastq.gz: holds no record"):
        check_fastq_pair(one, fastq(tmp_path / "none.fastq.gz", []))


def test_check_fastq_pair__not_fastq(pair, tmp_path: Path) -> None:
    one, _ = pair(2)
    fasta = tmp_path / "genome.fa"
    fasta.write_text(">chr1\nACGT\n>chr2\nACGT\n" * 2)
    with pytest.raises(FormatError, match=r"genome.fa, line 1: not a FASTQ record"):
        check_fastq_pair(one, fasta)


def bam(path: Path, *, lengths: dict[str, int], names: tuple[str, ...] = ("baby",), order: str = "coordinate") -> Path:
    header = {
        "HD": {"VN": "1.6", "SO": order},
        "SQ": [{"SN": name, "LN": length} for name, length in lengths.items()],
        "RG": [{"ID": f"lane{number}", "SM": name, "PL": "ILLUMINA"} for number, name in enumerate(names, 1)],
    }
    with pysam.AlignmentFile(str(path), "wb", header=header) as file:
        for number in range(500):
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.query_sequence, read.flag = f"r{number}", "ACGTTGCA" * 10, 0
            read.reference_id, read.reference_start, read.mapping_quality = 0, number, 60
            read.cigartuples, read.query_qualities = [(0, 80)], pysam.qualitystring_to_array("I" * 80)
            read.set_tag("RG", "lane1")
            file.write(read)
    return path


TINY = {"chr20": 1000, "chrX": 500}


def test_check_alignment__fit(tmp_path: Path) -> None:
    facts = check_alignment(bam(tmp_path / "a.bam", lengths=TINY), BUILD, "baby")
    assert facts.lengths == TINY
    assert facts.sort_order == "coordinate"


@pytest.mark.parametrize("cut", [28, 40, 2000])
def test_check_alignment__truncated(tmp_path: Path, cut: int) -> None:
    path = bam(tmp_path / "a.bam", lengths=TINY)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(FormatError, match=r"a.bam: cut short or not a BAM .* Fix: copy the file again"):
        check_alignment(path, BUILD, "baby")


def test_check_alignment__text_of_a_bam(tmp_path: Path) -> None:
    path = tmp_path / "a.bam"
    path.write_text("not a BAM\n")
    with pytest.raises(FormatError, match=r"a.bam: cut short or not a BAM"):
        check_alignment(path, BUILD, "baby")


def test_check_alignment__unsorted(tmp_path: Path) -> None:
    path = bam(tmp_path / "a.bam", lengths=TINY, order="queryname")
    with pytest.raises(FormatError, match=r"sorted by queryname, not by coordinate"):
        check_alignment(path, BUILD, "baby")
    check_alignment(path, BUILD, "baby", is_realigned=True)


def test_check_alignment__grch37_where_grch38_is_asked(tmp_path: Path) -> None:
    build = read_build("GRCh38")
    path = bam(tmp_path / "b37.bam", lengths={"20": 63025520, "X": 155270560})
    with pytest.raises(BuildError, match=r"no contig of GRCh38 is in it .*looks like GRCh37 without chr"):
        check_alignment(path, build, "baby")


def test_check_alignment__same_names_other_lengths(tmp_path: Path) -> None:
    build = read_build("GRCh38")
    path = bam(tmp_path / "hg19.bam", lengths={"chr20": 63025520, "chrX": 155270560})
    with pytest.raises(BuildError, match=r"contig chr20 is 63025520 bp long, in GRCh38 it is 64444167"):
        check_alignment(path, build, "baby")


def test_check_alignment__another_person(tmp_path: Path) -> None:
    path = bam(tmp_path / "a.bam", lengths=TINY, names=("father",))
    with pytest.raises(InputError, match=r"holds reads of father, the sheet says baby"):
        check_alignment(path, BUILD, "baby")


def test_check_alignment__two_persons(tmp_path: Path) -> None:
    path = bam(tmp_path / "a.bam", lengths=TINY, names=("baby", "father"))
    with pytest.raises(InputError, match=r"holds reads of baby, father"):
        check_alignment(path, BUILD, "baby")


def test_check_alignment__no_read_group(tmp_path: Path) -> None:
    path = bam(tmp_path / "a.bam", lengths=TINY, names=())
    with pytest.raises(FormatError, match=r"no @RG line .* samtools addreplacerg"):
        check_alignment(path, BUILD, "baby")


DICTIONARY = "@HD\tVN:1.0\n@SQ\tSN:chr20\tLN:1000\tM5:aa\n@SQ\tSN:chrX\tLN:500\tM5:bb\n@SQ\tSN:chrUn\tLN:77\tM5:cc\n"


def test_header_for__dictionary_of_the_reference_name_of_the_sheet(tmp_path: Path) -> None:
    (tmp_path / "r.dict").write_text(DICTIONARY)
    facts = check_alignment(bam(tmp_path / "a.bam", lengths={"chrX": 500, "chr20": 1000}, names=("lab7",)), BUILD, "lab7")
    assert header_for(facts, read_dictionary(tmp_path / "r.dict"), "baby").splitlines() == [
        "@HD\tVN:1.6\tSO:coordinate",
        "@SQ\tSN:chr20\tLN:1000\tM5:aa",
        "@SQ\tSN:chrX\tLN:500\tM5:bb",
        "@SQ\tSN:chrUn\tLN:77\tM5:cc",
        "@RG\tID:lane1\tPL:ILLUMINA\tSM:baby\tLB:baby",
    ]


def test_header_for__library_and_description_stay_behind(tmp_path: Path) -> None:
    (tmp_path / "r.dict").write_text(DICTIONARY)
    group = {"ID": "1", "SM": "lab7", "LB": "Jane Smith", "DS": "Jane Smith 1999", "PU": "flowcell.1", "CN": "lab"}
    facts = AlignmentFacts(tmp_path / "a.bam", {}, (group,), "coordinate")
    header = header_for(facts, read_dictionary(tmp_path / "r.dict"), "baby")
    assert header.splitlines()[-1] == "@RG\tID:1\tPU:flowcell.1\tSM:baby\tLB:baby"


def test_check_dictionary__fit_and_lacking(tmp_path: Path) -> None:
    path = tmp_path / "r.dict"
    path.write_text(DICTIONARY)
    check_dictionary(read_dictionary(path), BUILD, Path("genome.fa"))
    path.write_text(DICTIONARY.replace("chrX", "chr21"))
    with pytest.raises(BuildError, match=r"genome.fa: lacks 1 of the contigs that build tiny names, chrX first"):
        check_dictionary(read_dictionary(path), BUILD, Path("genome.fa"))


def test_read_dictionary__empty(tmp_path: Path) -> None:
    (tmp_path / "r.dict").write_text("@HD\tVN:1.0\n")
    with pytest.raises(FormatError, match="holds no contig"):
        read_dictionary(tmp_path / "r.dict")


def test_command__check_fastq_says_the_pairs(pair, capsys) -> None:
    one, two = map(str, pair(7))
    with pytest.raises(SystemExit) as end:
        cli.main(["reads", "check-fastq", "--fastq-1", one, "--fastq-2", two])
    assert end.value.code == 0
    assert capsys.readouterr().out == "7 read pairs\n"


def test_command__check_fastq_ends_with_2_where_mates_are_swapped(pair) -> None:
    one, two = map(str, pair(7))
    with pytest.raises(SystemExit) as end:
        cli.main(["reads", "check-fastq", "--fastq-1", two, "--fastq-2", one])
    assert end.value.code == 2


def test_command__full_disk_is_one_line(tmp_path: Path, capsys) -> None:
    file = bam(tmp_path / "a.bam", lengths={"chr20": 64444167})
    (tmp_path / "r.dict").write_text("@HD\tVN:1.0\n@SQ\tSN:chr20\tLN:64444167\tM5:aa\n")
    (tmp_path / "header.sam.partial").symlink_to("/dev/full")
    names = ["--name-in-file", "baby", "--sample", "baby", "--build", "GRCh38"]
    files = ["--file", file, "--dictionary", tmp_path / "r.dict", "--header", tmp_path / "header.sam"]
    with pytest.raises(SystemExit) as end:
        cli.main(["reads", "check-alignment", *names, *map(str, files)])
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("neotriage: error: No space left on device")
    assert not (tmp_path / "header.sam").exists()
