"""Reads an Ensembl-style GFF3 into gene models."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from neotriage.errors import BuildError, FormatError
from neotriage.gene_models.columns import Parts, Transcripts
from neotriage.gene_models.intervals import Int32, Int64, expand
from neotriage.gene_models.models import GeneModels
from neotriage.gene_models.records import Gene
from neotriage.genome import Build
from neotriage.gzipped import DAMAGED, IGZIP

__all__ = ["read_gene_models"]

_COLUMNS = 9
_NEWLINE = ord("\n")


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
        lines = Parts(parts[:, 2], parts[:, 3], np.searchsorted(row[order], np.arange(len(ids) + 1)))
        places = self._genes_of(gene_ids, ids, np.diff(exons.bounds))
        transcripts = Transcripts(self._text, ids, places, self._transcripts[:, [8, 3, 7]], exons, cds, lines)
        return GeneModels(str(self.path), genes, transcripts)

    def _values(self, features: Int64, name: str) -> list[str]:
        """An attribute of each feature, '' where it is absent."""
        from neotriage.kernels.gff3 import ATTRIBUTES, ATTRIBUTES_AT

        at = ATTRIBUTES_AT + 2 * ATTRIBUTES.index(name)
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

    def _parts_of(self, kind: int, run: Int64, transcript: Int64, count: int) -> Parts:
        """The parts of a kind of each transcript, none for one that has none."""
        parts = self._parts[self._runs[self._parts[:, 2], 0] == kind]
        bounds = np.searchsorted(run, np.arange(len(self._runs) + 1))
        pair, part = expand(bounds[parts[:, 2]], bounds[parts[:, 2] + 1])
        owner, starts, ends = transcript[pair], parts[part, 0], parts[part, 1]
        order = np.lexsort((ends, starts, owner))
        return Parts(starts[order], ends[order], np.searchsorted(owner[order], np.arange(count + 1)))

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
    assert isinstance(models.transcripts, Transcripts)  # noqa: S101 - they were read
    places, is_kept = np.cumsum(on_build, dtype=np.int32) - 1, np.array(on_build)
    genes = tuple(gene for gene, kept in zip(models.genes, on_build, strict=True) if kept)
    rows = np.flatnonzero(is_kept[models.transcripts.genes])
    transcripts = models.transcripts.take(rows, places[models.transcripts.genes[rows]].astype(np.int32))
    return GeneModels(models.file, genes, transcripts)
