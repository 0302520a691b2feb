"""The reads in the report: cut to the window, nameless, the same every time; shown by igv.js without any network."""

from pathlib import Path
from typing import Any

import pysam
import pytest

from neotriage.errors import FormatError
from neotriage.report import slice_reads
from neotriage.report.reads import WINDOW_BP, igv_script

LENGTH = 5000


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    fasta = tmp_path / "ref.fa"
    fasta.write_text(">c1\n" + "ACGT" * (LENGTH // 4) + "\n")
    pysam.faidx(str(fasta))
    return fasta


def _alignment(folder: Path, starts: list[int], *, duplicate_at: int | None = None) -> Path:
    path = folder / "baby.bam"
    header = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "c1", "LN": LENGTH}]})
    with pysam.AlignmentFile(str(path), "wb", header=header) as sink:
        for number, start in enumerate(starts):
            read = pysam.AlignedSegment(header)
            read.query_name = f"SECRET-FLOWCELL:{number}"
            read.query_sequence = ("ACGT" * 30)[start % 4 : start % 4 + 100]
            read.flag = 1024 if start == duplicate_at else 0
            read.reference_id, read.reference_start, read.mapping_quality = 0, start, 60
            read.cigarstring = "100M"
            read.query_qualities = pysam.qualitystring_to_array("I" * 100)
            sink.write(read)
    pysam.index(str(path))
    return path


def _document(position: int) -> dict[str, Any]:
    variant = {"chrom": "c1", "position": position, "ref": "A", "structural": None}
    return {
        "case": {"members": [{"sample": "baby", "role": "baby"}]},
        "candidates": [{"variants": [variant]}],
        "second_hit_not_found": [],
    }


def _starts(bam: bytes, folder: Path) -> list[int]:
    file = folder / "read_back.bam"
    file.write_bytes(bam)
    with pysam.AlignmentFile(str(file), check_sq=False) as source:
        return [read.reference_start for read in source.fetch(until_eof=True)]


def test_slice_reads__only_the_window_and_no_duplicates(tmp_path: Path, reference: Path) -> None:
    path = _alignment(tmp_path, [100, 1950, 2000, 2050, 4000], duplicate_at=2050)
    view = slice_reads(_document(2001), {"baby": path}, reference)
    assert view is not None
    assert _starts(view.tracks[0].bam, tmp_path) == [1950, 2000]
    assert view.fasta.splitlines()[0] == f">c1:{2000 - WINDOW_BP + 1}-{2001 + WINDOW_BP}"
    assert view.fasta.splitlines()[1][WINDOW_BP] == "A"


def test_slice_reads__names_do_not_leave_the_alignment(tmp_path: Path, reference: Path) -> None:
    view = slice_reads(_document(2001), {"baby": _alignment(tmp_path, [2000])}, reference)
    assert view is not None
    file = tmp_path / "back.bam"
    file.write_bytes(view.tracks[0].bam)
    assert "SECRET" not in pysam.view("-h", str(file))


def test_slice_reads__many_reads_are_drawn_alike_each_time_and_counted(tmp_path: Path, reference: Path) -> None:
    path = _alignment(tmp_path, [2000] * 450)
    first, second = (slice_reads(_document(2001), {"baby": path}, reference) for _ in range(2))
    assert first is not None
    assert first == second
    assert (first.tracks[0].reads, first.tracks[0].left_out) == (400, 50)


def test_slice_reads__none_without_alignments(reference: Path) -> None:
    assert slice_reads(_document(2001), {}, reference) is None


def test_slice_reads__unreadable_alignment_is_an_error(tmp_path: Path, reference: Path) -> None:
    broken = tmp_path / "broken.bam"
    broken.write_bytes(b"not an alignment")
    with pytest.raises(FormatError, match="reads cannot be cut out"):
        slice_reads(_document(2001), {"baby": broken}, reference)


def test_igv_script__is_whole_and_names_no_script_end() -> None:
    assert "createBrowser" in igv_script()
