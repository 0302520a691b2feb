"""Gene models: genes, transcripts, exons and coding parts from an Ensembl-style GFF3, and which genes lie at a position.

Coordinates are 0-based half-open here; GFF3's are 1-based closed.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, overload
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

from neotriage.errors import BuildError, FormatError
from neotriage.genome import Build
from neotriage.gzipped import DAMAGED, IGZIP

__all__ = ["Gene", "GeneIndex", "GeneModels", "Regions", "Transcript", "read_gene_models"]

Interval = tuple[int, int]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Regions = Mapping[str, tuple[Int32, Int32]]

_COLUMNS = 9
_NEWLINE = ord("\n")


class Gene(NamedTuple):
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
        names, codes = _coded(contigs)
        parts = [codes == code for code in range(len(names))]
        self._by_contig = {name: _segments(starts[of], ends[of], genes[of]) for name, of in zip(names, parts, strict=True)}

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
        return _distinct(query[pair], genes[place])


@dataclass(frozen=True)
class GeneModels:
    """The genes and transcripts of one file, genes and transcripts in file order."""

    file: str
    genes: Sequence[Gene]
    transcripts: Sequence[Transcript]

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

    @cached_property
    def _contigs(self) -> tuple[list[str], Int32]:
        """The contigs that have genes, and which of them each gene lies on, int32 (genes,)."""
        return _coded(gene.contig for gene in self.genes)

    def _intervals(self, is_coding: bool) -> tuple[list[str], Int32, Int32, Int32]:
        """Contig, start, end and gene of each part, (parts,)."""
        starts, ends, genes = self._parts(is_coding)
        contigs = [gene.contig for gene in self.genes]
        return [contigs[gene] for gene in genes.tolist()], starts, ends, genes

    def _parts(self, is_coding: bool) -> tuple[Int32, Int32, Int32]:
        """Start, end and gene of each part, int32 (parts,)."""
        if isinstance(self.transcripts, _Transcripts):
            parts = self.transcripts.cds if is_coding else self.transcripts.exons
            return parts.starts, parts.ends, np.repeat(self.transcripts.genes, np.diff(parts.bounds))
        of = [t.cds if is_coding else t.exons for t in self.transcripts]
        flat = np.fromiter(chain.from_iterable(chain.from_iterable(of)), np.int32).reshape(-1, 2)
        genes = np.repeat(np.array([t.gene for t in self.transcripts], np.int32), [len(part) for part in of])
        return flat[:, 0], flat[:, 1], genes

    def _regions(self, is_coding: bool, padding_bp: int) -> Regions:
        starts, ends, genes = self._parts(is_coding)
        low, high = np.maximum(starts - padding_bp, 0), ends + padding_bp
        names, contigs = self._contigs
        regions = {name: contigs[genes] == code for code, name in sorted(enumerate(names), key=lambda of: of[1])}
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


@dataclass(frozen=True)
class _Parts:
    """Spans of transcripts: (parts,) starts and ends, int64 (transcripts + 1,) where those of each transcript begin."""

    starts: npt.NDArray[Any]
    ends: npt.NDArray[Any]
    bounds: Int64

    def of(self, row: int) -> tuple[Interval, ...]:
        """The parts of one transcript."""
        part = slice(self.bounds[row], self.bounds[row + 1])
        return tuple(zip(self.starts[part].tolist(), self.ends[part].tolist(), strict=True))

    def take(self, rows: Int64) -> _Parts:
        """The parts of these transcripts."""
        part, _ = _expand(self.bounds[rows], self.bounds[rows + 1])
        lengths = self.bounds[rows + 1] - self.bounds[rows]
        return _Parts(self.starts[part], self.ends[part], np.append(0, np.cumsum(lengths)))


@dataclass(frozen=True, eq=False)
class _Transcripts(Sequence[Transcript]):
    """Transcripts as columns, each made an object when it is asked for: a stage wants few of them.

    Attributes:
        text: the GFF3.
        ids: id of each, without version.
        genes: int32 (transcripts,), place of the gene.
        lines: int64 (transcripts, 3): start and stop of the attributes in the text, the strand's byte.
        exons, cds: their places, int32, sorted by position.
        parts: the lines of parts that may name the protein, int64, where in the text.
    """

    text: bytes | mmap.mmap
    ids: Sequence[str]
    genes: Int32
    lines: Int64
    exons: _Parts
    cds: _Parts
    parts: _Parts

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, row: int) -> Transcript: ...
    @overload
    def __getitem__(self, row: slice) -> list[Transcript]: ...
    def __getitem__(self, row: int | slice) -> Transcript | list[Transcript]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        stable, place = self.ids[row], row % len(self)
        start, stop, strand = self.lines[row].tolist()
        attributes = _attributes(self.text[start:stop].decode())
        return Transcript(
            _versioned(stable, attributes),
            stable,
            int(self.genes[row]),
            attributes.get("refseq", ""),
            "MANE_Select" in attributes.get("tag", "").split(","),
            attributes.get("biotype", ""),
            chr(strand),
            self.exons.of(place),
            self.cds.of(place),
            self._protein(place),
        )

    def _protein(self, row: int) -> str:
        for start, stop in self.parts.of(row):
            line = self.text[start:stop].decode()
            if "protein_id=" in line:
                return _protein_id(_attributes(line.rpartition("\t")[2]))
        return ""

    def take(self, rows: Int64, genes: Int32) -> _Transcripts:
        """These transcripts, with these places of their genes."""
        ids, lines = [self.ids[row] for row in rows.tolist()], self.lines[rows]
        return _Transcripts(self.text, ids, genes, lines, *(parts.take(rows) for parts in (self.exons, self.cds, self.parts)))


class _Reader:
    """Reads the text of one GFF3."""

    def __init__(self, path: Path, text: bytes | mmap.mmap) -> None:
        self.path = path
        self._text = text
        self._parts, self._runs, features = self._lines()
        for number, strand in features[~np.isin(features[:, 7], list(b"+-"))][:, [1, 7]].tolist():
            raise self._error(number, f"strand {chr(strand)!r} is neither + nor -", "mend the line")
        self._genes, self._transcripts = (features[features[:, 0] == kind] for kind in range(2))

    def _lines(self) -> tuple[Int32, Int64, Int64]:
        """Parts, runs and features as `kernels.gff3.scan_lines` writes them."""
        from neotriage.kernels.gff3 import FEATURE, scan_lines  # numba takes a quarter of a second to import

        data = np.frombuffer(self._text, np.uint8)
        most = np.count_nonzero(data == _NEWLINE)
        parts, runs, features = (
            np.empty((most, 3), np.int32),
            np.empty((most, 6), np.int64),
            np.empty((most, FEATURE), np.int64),
        )
        known, run, feature, number, at, is_text = scan_lines(data, parts, runs, features)
        if is_text:
            _check_text(self._text[:], self.path)
        if at < len(self._text):
            raise self._broken(number, self._text[at : self._text.find(b"\n", at)].decode())
        return parts[:known].copy(), runs[:run].copy(), features[:feature].copy()

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

    def models(self) -> GeneModels:
        gene_ids, ids = self._ids(self._genes, "gene"), self._ids(self._transcripts, "transcript")
        symbols, biotypes, descriptions = (self._values(self._genes, name) for name in ("Name", "biotype", "description"))
        spans = zip(*self._genes[:, [2, 4, 5, 6, 7]].T.tolist(), strict=True)
        genes = tuple(
            Gene(stable, symbol, _hgnc_id(description), self._text[a:b].decode(), start, end, chr(strand), biotype)
            for stable, symbol, description, biotype, (a, b, start, end, strand) in zip(
                gene_ids, symbols, descriptions, biotypes, spans, strict=True
            )
        )
        run, row = self._owners(ids)
        exons, cds = (self._parts_of(kind, run, row, len(ids)) for kind in range(2))
        order = np.argsort(row, kind="stable")
        parts = self._runs[run[order]]
        lines = _Parts(parts[:, 2], parts[:, 3], np.searchsorted(row[order], np.arange(len(ids) + 1)))
        places = self._genes_of(gene_ids, ids, np.diff(exons.bounds))
        transcripts = _Transcripts(self._text, ids, places, self._transcripts[:, [8, 3, 7]], exons, cds, lines)
        return GeneModels(str(self.path), genes, transcripts)

    def _values(self, features: Int64, name: str) -> list[str]:
        """An attribute of each feature, '' where it is absent."""
        from neotriage.kernels.gff3 import ATTRIBUTES

        at = 9 + 2 * ATTRIBUTES.index(name)
        text, starts, stops = self._text, features[:, at].tolist(), features[:, at + 1].tolist()
        found = [text[start:stop].decode() if start >= 0 else "" for start, stop in zip(starts, stops, strict=True)]
        return [unquote(value) if "%" in value else value for value in found]

    def _ids(self, features: Int64, kind: str) -> list[str]:
        """The id of each feature, without prefix."""
        ids = self._values(features, "ID")
        if len(set(ids)) < len(ids):
            seen: set[str] = set()
            for stable, number in zip(ids, features[:, 1].tolist(), strict=True):
                if stable in seen:
                    raise self._error(number, f"{kind} {stable} stands twice", "keep one of the two")
                seen.add(stable)
        return ids

    def _genes_of(self, gene_ids: Sequence[str], ids: Sequence[str], exons: Int64) -> Int32:
        """Place of each transcript's gene, int32 (transcripts,)."""
        places = {stable: place for place, stable in enumerate(gene_ids)}
        parents = [text.removeprefix("gene:") for text in self._values(self._transcripts, "Parent")]
        numbers = self._transcripts[:, 1].tolist()
        for stable, parent, count, number in zip(ids, parents, exons.tolist(), numbers, strict=True):
            if parent not in places:
                problem = f"no line for gene {parent!r} of transcript {stable}"
                raise self._error(number, problem, "add it, or drop the transcript")
            if not count:
                raise self._error(number, f"transcript {stable} has no exon", "add its exon lines, or drop it")
        return np.array([places[parent] for parent in parents], np.int32)

    def _owners(self, ids: Sequence[str]) -> tuple[Int64, Int64]:
        """Pairs of run and transcript whose parts it has, int64 (pairs,), by run."""
        places = {f"transcript:{stable}".encode(): row for row, stable in enumerate(ids)}
        text = self._text
        parents = [text[start:stop] for start, stop in zip(*self._runs[:, 4:6].T.tolist(), strict=True)]
        if all(parent in places for parent in parents):
            return np.arange(len(parents)), np.array([places[parent] for parent in parents], np.int64)
        pairs: list[tuple[int, int]] = []
        for run, (parent, number) in enumerate(zip(parents, self._runs[:, 1].tolist(), strict=True)):
            for stable in parent.decode().replace("transcript:", "").split(","):
                place = places.get(f"transcript:{stable}".encode())
                if place is None:
                    raise self._error(number, f"no line for transcript {stable}", "add it, or drop its exons")
                pairs.append((run, place))
        runs, rows = np.array(pairs, np.int64).T
        return runs, rows

    def _parts_of(self, kind: int, run: Int64, transcript: Int64, count: int) -> _Parts:
        """The parts of a kind of each transcript, none for one that has none."""
        parts = self._parts[self._runs[self._parts[:, 2], 0] == kind]
        bounds = np.searchsorted(run, np.arange(len(self._runs) + 1))
        pair, part = _expand(bounds[parts[:, 2]], bounds[parts[:, 2] + 1])
        owner, starts, ends = transcript[pair], parts[part, 0], parts[part, 1]
        order = np.lexsort((ends, starts, owner))
        return _Parts(starts[order], ends[order], np.searchsorted(owner[order], np.arange(count + 1)))

    def _error(self, number: int, problem: str, fix: str) -> FormatError:
        return FormatError(problem, file=self.path, row=number, fix=fix)


def _content(path: Path) -> bytes | mmap.mmap:
    """The file's text, ended by a newline; memory-mapped if that is how it lies on disk."""
    try:
        with path.open("rb") as file:
            if path.is_file() and path.stat().st_size:
                text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                if text[:2] != b"\x1f\x8b" and text[-1:] == b"\n":
                    return text
            read = file.read()
        content = IGZIP.decompress(read) if read[:2] == b"\x1f\x8b" else read
    except FileNotFoundError:
        raise FormatError("no such file", file=path, fix="give the path of a GFF3 file") from None
    except DAMAGED as error:
        raise FormatError(f"cannot be read to its end ({error})", file=path, fix="fetch the file again") from None
    return content if content.endswith(b"\n") else content + b"\n"


def _check_text(text: bytes, path: Path) -> None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"cannot be read to its end ({error})", file=path, fix="fetch the file again") from None


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
    assert isinstance(models.transcripts, _Transcripts)  # noqa: S101 - they were read
    places, is_kept = np.cumsum(on_build, dtype=np.int32) - 1, np.array(on_build)
    genes = tuple(gene for gene, kept in zip(models.genes, on_build, strict=True) if kept)
    rows = np.flatnonzero(is_kept[models.transcripts.genes])
    transcripts = models.transcripts.take(rows, places[models.transcripts.genes[rows]].astype(np.int32))
    return GeneModels(models.file, genes, transcripts)


def _coded(names: Iterable[str]) -> tuple[list[str], Int32]:
    """The names that differ, and the place among them of each name given, int32 (names,)."""
    codes: dict[str, int] = {}
    coded = np.fromiter((codes.setdefault(name, len(codes)) for name in names), np.int32)
    return list(codes), coded


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
    covered, covering = _distinct(segment, genes[interval])
    return points[:-1], points[1:], np.searchsorted(covered, np.arange(len(points))), covering


def _distinct(first: npt.NDArray[np.int64], second: Int32) -> tuple[npt.NDArray[np.int64], Int32]:
    """Pairs (first, second), both from 0 and below 2^31, sorted and each once."""
    pairs = np.sort(first << 32 | second)
    pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])[: pairs.size]]
    return pairs >> 32, (pairs & 0xFFFFFFFF).astype(np.int32)


def _expand(first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Every number of [first[i], last[i]) with its i, both int64 (sum of lengths,)."""
    lengths = np.maximum(last - first, 0)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return first[owner] + within, owner
