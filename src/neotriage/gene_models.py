"""Gene models: genes, transcripts, exons and coding parts from an Ensembl-style GFF3, and which genes lie at a position.

Coordinates are 0-based half-open here; GFF3's are 1-based closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

from neotriage.errors import BuildError, FormatError
from neotriage.genome import Build
from neotriage.gzipped import DAMAGED, IGZIP

__all__ = ["Gene", "GeneIndex", "GeneModels", "Regions", "Transcript", "read_gene_models"]

Interval = tuple[int, int]
Int32 = npt.NDArray[np.int32]
Regions = Mapping[str, tuple[Int32, Int32]]

_COLUMNS = 9


@dataclass(frozen=True)
class Gene:
    """One gene. `id` is without version; `hgnc_id` is '' where the file has none; start and end in bp, 0-based half-open."""

    id: str
    symbol: str
    hgnc_id: str
    contig: str
    start: int
    end: int
    strand: str
    biotype: str


@dataclass(frozen=True)
class Transcript:
    """One transcript. `id` is with version where the file gives it, `stable_id` without; `gene` is its place in `genes`.

    `exons` and `cds` are sorted by position whatever the strand; `protein` is the id of its protein, '' where not stated.
    """

    id: str
    stable_id: str
    gene: int
    refseq: str
    is_mane_select: bool
    biotype: str
    strand: str
    exons: tuple[Interval, ...]
    cds: tuple[Interval, ...]
    protein: str = ""

    def exon_number(self, start: int, end: int) -> int:
        """1-based number, in transcript order, of the first exon that [start, end) overlaps; -1 if none."""
        return self.exons_changed(start, end)[0]

    def exons_changed(self, start: int, end: int) -> tuple[int, int]:
        """1-based numbers, in transcript order, of the first and the last exon that [start, end) overlaps; -1 if none."""
        hits = [i for i, (low, high) in enumerate(self.exons) if start < high and low < end]
        if not hits:
            return -1, -1
        count = len(self.exons)
        return (hits[0] + 1, hits[-1] + 1) if self.strand == "+" else (count - hits[-1], count - hits[0])


class GeneIndex:
    """Which genes an interval overlaps: per contig, disjoint segments each with its genes."""

    def __init__(self, contigs: Iterable[str], starts: Int32, ends: Int32, genes: Int32) -> None:
        """Index of intervals [starts, ends) on contigs, int32 (intervals,), each of one gene (place in `GeneModels.genes`)."""
        names = np.asarray(list(contigs), dtype=np.str_)
        self._by_contig = {
            str(name): _segments(starts[of], ends[of], genes[of]) for name in np.unique(names) for of in [names == name]
        }

    def overlaps(self, contig: str, starts: Int32, ends: Int32) -> tuple[npt.NDArray[np.int64], Int32]:
        """Pairs of (query, gene) that overlap, sorted and each once.

        Args:
            contig: contig of all queries.
            starts: int32 (queries,), 0-based.
            ends: int32 (queries,), half-open.

        Returns:
            int64 (pairs,) place of the query, int32 (pairs,) place of the gene in `GeneModels.genes`.
        """
        if contig not in self._by_contig or not len(starts):
            return np.empty(0, np.int64), np.empty(0, np.int32)
        low, high, offsets, genes = self._by_contig[contig]
        first = np.searchsorted(high, starts, "right")
        last = np.searchsorted(low, ends, "left")
        segment, query = _expand(first, last)
        place, pair = _expand(offsets[segment], offsets[segment + 1])
        found = np.unique(np.stack([query[pair], genes[place].astype(np.int64)]), axis=1)
        return found[0], found[1].astype(np.int32)


@dataclass(frozen=True)
class GeneModels:
    """The genes and transcripts of one file, genes and transcripts in file order."""

    file: str
    genes: tuple[Gene, ...]
    transcripts: tuple[Transcript, ...]

    @cached_property
    def by_id(self) -> Mapping[str, int]:
        """Gene id -> place in `genes`."""
        return {gene.id: i for i, gene in enumerate(self.genes)}

    @cached_property
    def by_symbol(self) -> Mapping[str, tuple[int, ...]]:
        """Symbol as written -> places in `genes` (a gene of both pseudoautosomal copies has two)."""
        return _grouped((gene.symbol, i) for i, gene in enumerate(self.genes) if gene.symbol)

    @cached_property
    def by_hgnc_id(self) -> Mapping[str, tuple[int, ...]]:
        """HGNC id (HGNC:5) -> places in `genes`; empty where the file has no HGNC ids."""
        return _grouped((gene.hgnc_id, i) for i, gene in enumerate(self.genes) if gene.hgnc_id)

    @cached_property
    def by_transcript(self) -> Mapping[str, Transcript]:
        """Transcript id with and without version -> transcript."""
        return {name: t for t in self.transcripts for name in (t.stable_id, t.id)}

    @cached_property
    def transcripts_of(self) -> Mapping[int, tuple[Transcript, ...]]:
        """Place of a gene -> its transcripts."""
        grouped: dict[int, list[Transcript]] = {}
        for transcript in self.transcripts:
            grouped.setdefault(transcript.gene, []).append(transcript)
        return {gene: tuple(of) for gene, of in grouped.items()}

    def names_of(self, genes: Iterable[str]) -> frozenset[str]:
        """Every name (id, symbol, HGNC id) of genes given by any of them; a name that no gene bears stands for itself."""
        names: set[str] = set()
        for given in genes:
            places = {*self.by_symbol.get(given, ()), *self.by_hgnc_id.get(given, ())}
            places |= {self.by_id[given]} if given in self.by_id else set()
            names |= {given, *(n for p in places for n in (self.genes[p].id, self.genes[p].symbol, self.genes[p].hgnc_id) if n)}
        return frozenset(names)

    def exon_regions(self, padding_bp: int = 0) -> Regions:
        """Exons of all transcripts, padded and merged: contig -> int32 (regions,) starts and ends, sorted, disjoint."""
        return self._regions(False, padding_bp)

    def cds_regions(self) -> Regions:
        """Coding parts of all transcripts, merged: contig -> int32 (regions,) starts and ends, sorted, disjoint."""
        return self._regions(True, 0)

    def exon_index(self, padding_bp: int = 0) -> GeneIndex:
        """Look-up of the genes whose padded exons an interval overlaps."""
        contigs, starts, ends, genes = self._intervals(False)
        return GeneIndex(contigs, np.maximum(starts - padding_bp, 0), ends + padding_bp, genes)

    def gene_index(self, padding_bp: int = 0) -> GeneIndex:
        """Look-up of the genes whose whole span, introns included and padded, an interval overlaps."""
        starts = np.array([gene.start for gene in self.genes], np.int32)
        ends = np.array([gene.end for gene in self.genes], np.int32)
        contigs = [gene.contig for gene in self.genes]
        numbers = np.arange(len(self.genes), dtype=np.int32)
        return GeneIndex(contigs, np.maximum(starts - padding_bp, 0), ends + padding_bp, numbers)

    def _intervals(self, is_coding: bool) -> tuple[npt.NDArray[np.str_], Int32, Int32, Int32]:
        """Contig, start, end and gene of each part, (parts,)."""
        parts = [t.cds if is_coding else t.exons for t in self.transcripts]
        flat = np.fromiter(chain.from_iterable(chain.from_iterable(parts)), np.int32).reshape(-1, 2)
        genes = np.repeat(np.array([t.gene for t in self.transcripts], np.int32), [len(part) for part in parts])
        contigs = np.array([gene.contig for gene in self.genes], np.str_)
        return contigs[genes], flat[:, 0], flat[:, 1], genes

    def _regions(self, is_coding: bool, padding_bp: int) -> Regions:
        _, starts, ends, genes = self._intervals(is_coding)
        low, high = np.maximum(starts - padding_bp, 0), ends + padding_bp
        names, contigs = np.unique(np.array([gene.contig for gene in self.genes], np.str_), return_inverse=True)
        regions = {str(name): contigs[genes] == place for place, name in enumerate(names)}
        return {name: _merged(low[of], high[of]) for name, of in regions.items() if of.any()}


def read_gene_models(path: Path, build: Build | None = None) -> GeneModels:
    """Genes, transcripts, exons and coding parts of an Ensembl-style GFF3, plain or gzipped.

    Genes are the lines with `ID=gene:`, transcripts those with `ID=transcript:` and `Parent=gene:`; the symbol is `Name`.

    Args:
        path: the GFF3 file.
        build: the run's build; genes on contigs that it lacks (patches, alternate loci) are left out.

    Raises:
        FormatError: not GFF3, cut short, a line that cannot be read, a part without its parent, or no transcript at all.
        BuildError: no contig of the build has a gene, or a gene ends beyond its contig.
    """
    models = _Reader(path, _content(path)).models()
    if not models.transcripts:
        raise FormatError(
            "holds no transcript",
            file=path,
            fix="give an Ensembl-style GFF3: ID=gene:…, ID=transcript:…;Parent=gene:…, exons with Parent=transcript:…",
        )
    return models if build is None else _on_build(models, build)


class _Reader:
    """Reads the text of one GFF3."""

    def __init__(self, path: Path, text: bytes) -> None:
        self.path = path
        self.genes: dict[str, Gene] = {}
        self.raw: dict[str, tuple[str, dict[str, str], int]] = {}  # transcript -> (strand, attributes, line)
        self.proteins: dict[str, str] = {}
        self._text = text
        self._parts, self._runs, others = self._lines()
        for number, start, stop in others:
            self._add(number, text[start:stop].decode())

    def _lines(self) -> tuple[Int32, list[list[int]], list[list[int]]]:
        """Parts, runs and other lines as `kernels.gff3.scan_lines` writes them."""
        from neotriage.kernels.gff3 import scan_lines  # numba takes a quarter of a second to import

        most = self._text.count(b"\n")
        parts, runs, others = np.empty((most, 3), np.int32), np.empty((most, 6), np.int64), np.empty((most, 3), np.int64)
        known, run, other, number, at = scan_lines(np.frombuffer(self._text, np.uint8), parts, runs, others)
        if at < len(self._text):
            raise self._broken(number, self._text[at : self._text.index(b"\n", at)].decode())
        return parts[:known], runs[:run].tolist(), others[:other].tolist()

    def _broken(self, number: int, line: str) -> FormatError:
        """What is wrong with a line that the kernel refused."""
        fields = line.rstrip("\r").split("\t")
        if len(fields) != _COLUMNS:
            return self._error(number, f"{len(fields)} columns where GFF3 has {_COLUMNS}", "give a tab-separated GFF3 file")
        kind, start, end, text = fields[2], fields[3], fields[4], fields[8]
        if not (start.isdigit() and end.isdigit()):
            return self._error(number, f"start {start!r} or end {end!r} is not a number", "mend the line")
        if not 0 < int(start) <= int(end) or "Parent=transcript:" in text:
            return self._error(number, f"start {start} and end {end} make no interval", "mend the line")
        return self._error(number, f"{kind} without Parent=transcript:", "give an Ensembl-style GFF3")

    def _add(self, number: int, line: str) -> None:
        """Take a gene or a transcript from a line that is no part."""
        contig, _, _, start, end, _, strand, _, text = line.split("\t")
        if text.startswith("ID=gene:") or ";ID=gene:" in text:
            attributes = _attributes(text)
            stable = attributes["ID"].removeprefix("gene:")
            if stable in self.genes:
                raise self._error(number, f"gene {stable} stands twice", "keep one of the two")
            self.genes[stable] = Gene(
                stable,
                attributes.get("Name", ""),
                _hgnc_id(attributes.get("description", "")),
                contig,
                int(start) - 1,
                int(end),
                self._strand(number, strand),
                attributes.get("biotype", ""),
            )
        elif text.startswith("ID=transcript:") or ";ID=transcript:" in text:
            attributes = _attributes(text)
            stable = attributes["ID"].removeprefix("transcript:")
            if stable in self.raw:
                raise self._error(number, f"transcript {stable} stands twice", "keep one of the two")
            self.raw[stable] = (self._strand(number, strand), attributes, number)

    def models(self) -> GeneModels:
        places = {stable: i for i, stable in enumerate(self.genes)}
        exons, cds = self._parts_of_transcripts()
        transcripts = tuple(self._transcript(s, places, e, c) for s, e, c in zip(self.raw, exons, cds, strict=True))
        return GeneModels(str(self.path), tuple(self.genes.values()), transcripts)

    def _parts_of_transcripts(self) -> list[list[tuple[Interval, ...]]]:
        """Exons and coding parts of each transcript, in the order of `raw`, sorted by position."""
        places = {stable: i for i, stable in enumerate(self.raw)}
        owners: list[tuple[int, int, int]] = []  # run, kind, transcript
        for run, (kind, number, start, stop, parent, parent_stop) in enumerate(self._runs):
            for stable in self._text[parent:parent_stop].decode().replace("transcript:", "").split(","):
                if stable not in places:
                    raise self._error(number, f"no line for transcript {stable}", "add it, or drop its exons")
                owners.append((run, kind, places[stable]))
                if stable not in self.proteins and self._text.find(b"protein_id=", start, stop) >= 0:
                    text = self._text[start:stop].decode().rpartition("\t")[2]
                    self.proteins[stable] = _protein_id(_attributes(text))
        of_run, kinds, transcripts = np.array(owners, np.int64).reshape(-1, 3).T
        first = np.searchsorted(of_run, self._parts[:, 2], "left")
        owner, part = _expand(first, np.searchsorted(of_run, self._parts[:, 2], "right"))
        return [self._grouped(part[kinds[owner] == kind], transcripts[owner[kinds[owner] == kind]]) for kind in (0, 1)]

    def _grouped(self, parts: npt.NDArray[np.int64], transcripts: npt.NDArray[np.int64]) -> list[tuple[Interval, ...]]:
        """The parts of each transcript, none for one that has none."""
        starts, ends = self._parts[parts, 0], self._parts[parts, 1]
        order = np.lexsort((ends, starts, transcripts))
        intervals = tuple(zip(starts[order].tolist(), ends[order].tolist(), strict=True))
        bounds = np.searchsorted(transcripts[order], np.arange(len(self.raw) + 1)).tolist()
        return [intervals[low:high] for low, high in pairwise(bounds)]

    def _transcript(
        self, stable: str, places: Mapping[str, int], exons: tuple[Interval, ...], cds: tuple[Interval, ...]
    ) -> Transcript:
        strand, attributes, number = self.raw[stable]
        parent = attributes.get("Parent", "").removeprefix("gene:")
        if parent not in places:
            raise self._error(number, f"no line for gene {parent!r} of transcript {stable}", "add it, or drop the transcript")
        if not exons:
            raise self._error(number, f"transcript {stable} has no exon", "add its exon lines, or drop it")
        return Transcript(
            _versioned(stable, attributes),
            stable,
            places[parent],
            attributes.get("refseq", ""),
            "MANE_Select" in attributes.get("tag", "").split(","),
            attributes.get("biotype", ""),
            strand,
            exons,
            cds,
            self.proteins.get(stable, ""),
        )

    def _strand(self, number: int, strand: str) -> str:
        if strand not in {"+", "-"}:
            raise self._error(number, f"strand {strand!r} is neither + nor -", "mend the line")
        return strand

    def _error(self, number: int, problem: str, fix: str) -> FormatError:
        return FormatError(problem, file=self.path, row=number, fix=fix)


def _content(path: Path) -> bytes:
    """The file's text, ended by a newline."""
    try:
        text = path.read_bytes()
        if text[:2] == b"\x1f\x8b":
            text = IGZIP.decompress(text)
        text.decode()
    except FileNotFoundError:
        raise FormatError("no such file", file=path, fix="give the path of a GFF3 file") from None
    except (*DAMAGED, UnicodeDecodeError) as error:
        raise FormatError(f"cannot be read to its end ({error})", file=path, fix="fetch the file again") from None
    return text if text.endswith(b"\n") else text + b"\n"


def _attributes(text: str) -> dict[str, str]:
    pairs = (part.split("=", 1) for part in text.split(";") if "=" in part)
    return {key.strip(): unquote(value) if "%" in value else value for key, value in pairs}


def _versioned(stable: str, attributes: Mapping[str, str]) -> str:
    """The id with version: Ensembl writes `version=2`, the MANE files `transcript_id=ENST….2`."""
    given = attributes.get("transcript_id", "")
    if given.startswith(f"{stable}."):
        return given
    return f"{stable}.{attributes['version']}" if "version" in attributes else stable


def _protein_id(attributes: Mapping[str, str]) -> str:
    """The protein's id with version: Ensembl writes `version=2` beside it, the MANE files put it behind the dot."""
    given, version = attributes["protein_id"], attributes.get("version", "")
    return f"{given}.{version}" if version and "." not in given else given


def _hgnc_id(description: str) -> str:
    """HGNC id of an Ensembl description ('… [Source:HGNC Symbol;Acc:HGNC:14825]'), '' if none."""
    _, found, rest = description.partition("Acc:HGNC:")
    return f"HGNC:{rest.partition(']')[0]}" if found else ""


def _on_build(models: GeneModels, build: Build) -> GeneModels:
    on_build = [gene.contig in build.by_name for gene in models.genes]
    if not any(on_build):
        raise BuildError(
            f"no contig of {build.name} has a gene in it (its first contig is {models.genes[0].contig!r})",
            file=models.file,
            fix=f"give gene models of {build.name} with the same contig names",
        )
    for gene, kept in zip(models.genes, on_build, strict=True):
        if kept and gene.end > build.by_name[gene.contig].length:
            raise BuildError(
                f"gene {gene.id} ends at {gene.contig}:{gene.end}, beyond the contig's end in {build.name}",
                file=models.file,
                fix=f"give gene models of {build.name}",
            )
    if all(on_build):
        return models
    places = np.cumsum(on_build) - 1
    genes = tuple(gene for gene, kept in zip(models.genes, on_build, strict=True) if kept)
    transcripts = tuple(Transcript(**{**vars(t), "gene": int(places[t.gene])}) for t in models.transcripts if on_build[t.gene])
    return GeneModels(models.file, genes, transcripts)


def _grouped(pairs: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    grouped: dict[str, tuple[int, ...]] = {}
    for key, place in pairs:
        grouped[key] = (*grouped.get(key, ()), place)
    return grouped


def _merged(starts: Int32, ends: Int32) -> tuple[Int32, Int32]:
    """Union of intervals as sorted disjoint ones that do not touch."""
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    is_first = np.ones(len(starts), bool)
    is_first[1:] = starts[1:] > reach[:-1]
    firsts = np.flatnonzero(is_first)
    lasts = np.append(firsts[1:], len(starts)) - 1
    return starts[firsts].astype(np.int32), reach[lasts].astype(np.int32)


def _segments(starts: Int32, ends: Int32, genes: Int32) -> tuple[Int32, Int32, npt.NDArray[np.int64], Int32]:
    """Disjoint segments (starts, ends) and, as CSR (offsets, genes), the genes whose intervals cover each."""
    points = np.unique(np.concatenate([starts, ends]))
    segment, interval = _expand(np.searchsorted(points, starts), np.searchsorted(points, ends))
    pairs = np.unique(np.stack([segment, genes[interval].astype(np.int64)]), axis=1)
    offsets = np.searchsorted(pairs[0], np.arange(len(points)))
    return points[:-1], points[1:], offsets, pairs[1].astype(np.int32)


def _expand(first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Every number of [first[i], last[i]) with its i, both int64 (sum of lengths,)."""
    lengths = np.maximum(last - first, 0)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return first[owner] + within, owner
