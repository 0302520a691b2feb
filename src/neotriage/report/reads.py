"""The reads around each shown variant, cut from the family's alignments, as igv.js takes them from within the page.

One small BAM per person holds all windows; the reference comes as slices named `contig:start-end`. Nothing is looked up
outside: CRAM is decoded with the run's own reference.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pysam

from neotriage.errors import FormatError, MachineError
from neotriage.fasta import open_fasta
from neotriage.schema import Kind
from neotriage.structural import mate_of

__all__ = ["WINDOW_BP", "ReadsView", "Track", "Window", "igv_script", "slice_reads", "variant_sites"]

WINDOW_BP = 150
_READS_PER_WINDOW = 400


@dataclass(frozen=True)
class Window:
    """A stretch of a contig, 0-based half-open, around shown variants."""

    contig: str
    start: int
    end: int


@dataclass(frozen=True)
class Track:
    """One person's reads: BAM bytes, and how many reads were left out where a window holds very many."""

    sample: str
    bam: bytes
    reads: int
    left_out: int

    @property
    def data_uri(self) -> str:
        """The BAM as a data URI."""
        return "data:application/gzip;base64," + base64.b64encode(self.bam).decode()


@dataclass(frozen=True)
class ReadsView:
    """What igv.js needs to show the family's reads at every shown variant."""

    fasta: str
    windows: tuple[Window, ...]
    tracks: tuple[Track, ...]

    @property
    def fasta_uri(self) -> str:
        """The reference slices as a data URI."""
        return "data:application/octet-stream;base64," + base64.b64encode(self.fasta.encode()).decode()


def slice_reads(
    document: Mapping[str, Any], alignments: Mapping[str, Path], reference: Path, *, most_candidates: int = 10
) -> ReadsView | None:
    """The reads at the variants of the first candidates; None where there is no alignment or no candidate.

    Args:
        document: the report document.
        alignments: sample -> indexed BAM or CRAM; persons without one are left out.
        reference: indexed FASTA that the alignments were made with.
        most_candidates: how many candidates of each section get their reads shown.

    Raises:
        FormatError: an alignment or the reference cannot be read.
    """
    shown = [*document["candidates"][:most_candidates], *document["second_hit_not_found"][:most_candidates]]
    sites = [site for c in shown for v in c["variants"] for site in variant_sites(v)]
    if not sites or not alignments:
        return None
    try:
        with open_fasta(reference) as fasta:
            windows = _windows(sites, dict(zip(fasta.references, fasta.lengths, strict=True)))
            slices = "".join(f">{w.contig}:{w.start + 1}-{w.end}\n{fasta.fetch(w.contig, w.start, w.end)}\n" for w in windows)
        order = [member["sample"] for member in document["case"]["members"] if member["sample"] in alignments]
        tracks = tuple(_track(sample, alignments[sample], reference, windows) for sample in order)
    except (OSError, ValueError) as error:
        raise FormatError(f"the reads cannot be cut out ({error})", fix="run the stage `reads` again") from None
    return ReadsView(slices, windows, tracks)


def variant_sites(variant: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Contig, 0-based position and length of the places where a variant is to be seen: the ends of a structural change."""
    chrom, position, structural = variant["chrom"], variant["position"] - 1, variant["structural"]
    if structural is None:
        return [(chrom, position, len(variant["ref"]))]
    if structural["kind"] == Kind.BREAKEND:
        mate = mate_of(variant["alt"])
        return [(chrom, position, 1), *([(mate[0], mate[1], 1)] if mate else [])]
    if structural["kind"] == Kind.INSERTION or structural["end"] <= position + 1:
        return [(chrom, position, 1)]
    return [(chrom, position, 1), (chrom, structural["end"] - 1, 1)]


def igv_script() -> str:
    """igv.js as a script (MIT, from the igv-notebook package).

    Raises:
        MachineError: the package is not installed.
    """
    spec = find_spec("igv_notebook")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        script = Path(folder) / "js" / "igv.min.js"
        if script.is_file():
            return script.read_text(encoding="utf-8")
    raise MachineError("igv.js is missing", fix="run `make setup`, which installs the package igv-notebook")


def _windows(sites: Sequence[tuple[str, int, int]], lengths: Mapping[str, int]) -> tuple[Window, ...]:
    """Windows around the sites, those that touch joined, in order of contig name and place."""
    joined: list[Window] = []
    for contig, position, length in sorted(set(sites)):
        start, end = max(0, position - WINDOW_BP), min(lengths[contig], position + length + WINDOW_BP)
        if joined and joined[-1].contig == contig and start <= joined[-1].end:
            joined[-1] = Window(contig, joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Window(contig, start, end))
    return tuple(joined)


def _track(sample: str, path: Path, reference: Path, windows: Sequence[Window]) -> Track:
    with pysam.AlignmentFile(str(path), reference_filename=str(reference)) as source:
        header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": source.header.to_dict()["SQ"]}
        order = {name: i for i, name in enumerate(source.references)}
        kept, left_out = [], 0
        for window in sorted(windows, key=lambda w: (order[w.contig], w.start)):
            reads = [r for r in source.fetch(window.contig, window.start, window.end) if not r.is_duplicate]
            chosen = set(sorted(range(len(reads)), key=lambda i: _draw(reads[i]))[:_READS_PER_WINDOW])
            left_out += len(reads) - len(chosen)
            kept += [read for i, read in enumerate(reads) if i in chosen]
    plain = pysam.AlignmentHeader.from_dict({**header, "SQ": [{"SN": s["SN"], "LN": s["LN"]} for s in header["SQ"]]})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "slice.bam"
        seen: set[tuple[str | None, int, int]] = set()
        with pysam.AlignmentFile(str(file), "wb", header=plain, add_sam_header=True) as sink:
            for read in sorted(kept, key=lambda r: (r.reference_id, r.reference_start)):
                key = (read.query_name, read.flag, read.reference_start)
                if key not in seen:
                    seen.add(key)
                    sink.write(_bare(read, plain))
        return Track(sample, file.read_bytes(), len(seen), left_out)


def _draw(read: pysam.AlignedSegment) -> bytes:
    """A fixed draw by the pair's name, so that mates stay together and every run shows the same reads."""
    return hashlib.sha256((read.query_name or "").encode()).digest()


def _bare(read: pysam.AlignedSegment, header: pysam.AlignmentHeader) -> pysam.AlignedSegment:
    """The read without its name and tags: what is seen in the view, and nothing that could tell a run or a person."""
    bare = pysam.AlignedSegment(header)
    bare.query_name = hashlib.sha256((read.query_name or "").encode()).hexdigest()[:12]
    bare.flag = read.flag
    bare.reference_id = read.reference_id
    bare.reference_start = read.reference_start
    bare.mapping_quality = read.mapping_quality
    bare.cigartuples = read.cigartuples
    bare.next_reference_id = read.next_reference_id
    bare.next_reference_start = read.next_reference_start
    bare.template_length = read.template_length
    bare.query_sequence = read.query_sequence
    bare.query_qualities = read.query_qualities
    return bare
