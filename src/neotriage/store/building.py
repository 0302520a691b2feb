"""Build a frequency store from sites VCFs: read each source once, sort by contig, join what several sources say of an allele.

Missing is not zero: an allele whose frequency is `.` or absent is kept as seen but not measured. What is not a sequence
(`*`, symbolic) and what lies on contigs that are not triaged is left out and counted.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from neotriage.errors import BuildError, FormatError, InputError
from neotriage.genome import Build, ContigKind, check_lengths
from neotriage.kernels import keys as key_kernels
from neotriage.kernels import scan as scan_kernels
from neotriage.scan.chunks import Chunk, open_lines
from neotriage.scan.header import Header, read_header
from neotriage.store.reading import FORMAT, MANIFEST, VERSION
from neotriage.store.sites import write_contig

__all__ = ["Source", "build_store", "parse_source"]

Progress = Callable[[Path, int], None]

COLUMNS = {
    "allele_frequency": "float32",
    "homozygotes": "int32",
    "hemizygotes": "int32",
    "source": "int32",
    "source_filter": "int32",
}
_DEFAULT_FIELDS = ("AF_grpmax", "AF_popmax", "AF")
_FREQUENCY = -1
_HOMOZYGOTES = 0
_HEMIZYGOTES = 1
_PROBLEMS = {
    scan_kernels.FEW_COLUMNS: "fewer than 8 columns",
    scan_kernels.BAD_POSITION: "POS is not a position of a chromosome",
    scan_kernels.BAD_ALLELE: "REF or ALT is not made of bases",
    scan_kernels.BAD_COUNT: "an INFO field has another number of values than the record has alternate alleles",
    scan_kernels.BAD_NUMBER: "a frequency is not a number from 0 to 1, or a count is not a whole number",
}


@dataclass(frozen=True)
class Source:
    """One source: its name, its VCFs, and the INFO fields it takes frequencies and counts of persons from.

    `frequencies` empty: those of AF_grpmax, AF_popmax and AF that the header declares. `hemizygotes` counts only on X and Y
    outside the pseudoautosomal regions, where gnomAD's AC_XY is a count of hemizygous persons.
    """

    name: str
    files: tuple[Path, ...]
    frequencies: tuple[str, ...] = ()
    homozygotes: str = ""
    hemizygotes: str = ""


def parse_source(text: str) -> Source:
    """A source from `name=NAME,vcf=PATH[,af=FIELD[,FIELD…]][,hom=FIELD][,hemi=FIELD]`; PATH may be a pattern (`*`).

    Raises:
        InputError: a key is unknown, given twice or lacking, or no file is there.
    """
    fix = "write name=NAME,vcf=PATH[,af=FIELD[,FIELD…]][,hom=FIELD][,hemi=FIELD]"
    given: dict[str, list[str]] = {}
    key = ""
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals and key == "af":
            given[key].append(part)
            continue
        if not equals or name not in {"name", "vcf", "af", "hom", "hemi"} or name in given or not value:
            raise InputError(f"--source {text!r}: {part!r} is not understood", fix=fix)
        key = name
        given[key] = [value]
    if "name" not in given or "vcf" not in given:
        raise InputError(f"--source {text!r} lacks name= or vcf=", fix=fix)
    pattern = Path(given["vcf"][0])
    files = tuple(sorted(pattern.parent.glob(pattern.name))) or (pattern,)
    for file in files:
        if not file.is_file():
            raise InputError(f"--source {given['name'][0]}: no file {file}", fix="correct the path after vcf=")
    return Source(given["name"][0], files, tuple(given.get("af", ())), given.get("hom", [""])[0], given.get("hemi", [""])[0])


def build_store(
    output: Path,
    build: Build,
    sources: Sequence[Source],
    *,
    absent: Sequence[str] = (),
    regions: Sequence[tuple[str, int, int]] | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Build a store and return its manifest. The folder appears when it is whole; same sources, same bytes.

    Args:
        output: folder; one that is there already is replaced.
        build: the reference build that the sources are of.
        sources: in the order that decides which of equal frequencies is named.
        absent: contigs that no source covers, to be looked up as "not covered" instead of as an error.
        regions: all that the sources cover (contig, start, end; 0-based half-open, sorted, disjoint), None whole contigs. A
            place outside of them, and a contig without a record, is "not covered", never "not seen".
        threads: how many threads read and sort.
        progress: told of each file how many of its bytes were read since the last time.

    Raises:
        InputError: a contig is declared absent that has records or that the build does not have.
        BuildError: a source of another build or with other contig names.
        FormatError: a source is damaged or says what cannot be.
    """
    for contig in absent:
        build.kind(contig)
    if len({source.name for source in sources}) != len(sources) or not sources:
        raise InputError("sources must be given, each with a name of its own", fix="rename one of the sources")
    partial = output.with_name(output.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    spool = _Spool(partial / "spool", build)
    described = [_read_source(owner, source, spool, threads, progress) for owner, source in enumerate(sources)]
    for contig in absent:
        if contig in spool.contigs:
            raise InputError(f"--absent {contig}, but the sources have records of it", fix="leave --absent out")
    if regions is not None:
        absent = [contig.name for contig in build.primary if contig.name not in spool.contigs]
    with ThreadPoolExecutor(threads) as pool:
        contigs = [contig.name for contig in build.primary if contig.name in spool.contigs]
        parts = dict(zip(contigs, pool.map(lambda name: _finish_contig(partial, spool, name), contigs), strict=True))
    shutil.rmtree(partial / "spool")
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "kind": "frequency",
        "build": build.name,
        "absent": sorted(absent),
        "columns": COLUMNS,
        "sources": spool.sources,
        "filters": spool.filters,
        "source_files": described,
        "contigs": parts,
    }
    if regions is not None:
        manifest["regions"] = {c: [[start, end] for name, start, end in regions if name == c] for c in sorted(parts)}
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(output, ignore_errors=True)
    os.replace(partial, output)
    return manifest


@dataclass
class _Rows:
    """What one chunk of a source gave; arrays as `kernels.scan.scan_sites` writes them, cut to their rows."""

    lines: int
    rows: int
    keyless: int
    size: int
    problem: int
    runs: list[tuple[str, int]]
    filters: list[str]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    texts: list[bytes] = field(default_factory=list)


class _Spool:
    """Rows by contig in files, in the order they were read, so that memory holds one contig at a time."""

    types: ClassVar = {"key": "<i8", "frequency": "<f4", "source": "<i2", "filter": "<i2", "owner": "<i2", "counts": "<i4"}

    def __init__(self, folder: Path, build: Build) -> None:
        self.folder = folder
        self.build = build
        self.primary = {contig.name: contig for contig in build.primary}
        self.contigs: set[str] = set()
        self.sources: list[str] = []
        self.filters: list[str] = []
        folder.mkdir(parents=True)

    def code(self, names: list[str], name: str) -> int:
        """Code of a name in a list that grows."""
        if name not in names:
            names.append(name)
        return names.index(name)

    def append(self, contig: str, arrays: dict[str, np.ndarray], texts: Iterable[bytes]) -> None:
        """Add rows of a contig."""
        self.contigs.add(contig)
        for name, kind in self.types.items():
            with (self.folder / f"{contig}.{name}").open("ab") as handle:
                handle.write(np.ascontiguousarray(arrays[name], dtype=kind).tobytes())
        with (self.folder / f"{contig}.text").open("ab") as handle:
            handle.writelines(text + b"\n" for text in texts)

    def read(self, contig: str) -> tuple[dict[str, np.ndarray], list[bytes]]:
        """All rows of a contig and the texts of its long alleles, in row order."""
        arrays = {name: np.fromfile(self.folder / f"{contig}.{name}", kind) for name, kind in self.types.items()}
        arrays["counts"] = arrays["counts"].reshape(-1, 2)
        return arrays, (self.folder / f"{contig}.text").read_bytes().split(b"\n")[:-1]


def _read_source(owner: int, source: Source, spool: _Spool, threads: int, progress: Progress | None) -> dict[str, Any]:
    """Spool a source's alleles and return what the manifest says of it."""
    counts = {"lines": 0, "alleles": 0, "not_sequences": 0, "other_contigs": 0}
    fields: tuple[str, ...] = ()
    for file in source.files:
        lines = open_lines(file)
        header = read_header(lines.header, file=lines.name)
        fields = source.frequencies or tuple(name for name in _DEFAULT_FIELDS if name in header.info)
        wanted = _wanted(source, fields, header, file)
        lengths = {name: length for name, length in header.contigs.items() if length > 0}
        _check_contigs(spool.build, lengths, file)
        codes = np.array([spool.code(spool.sources, f"{source.name}:{_label(name)}") for name in fields], np.int16)
        line = header.lines
        for rows in lines.each(lambda chunk, wanted=wanted: _read_chunk(chunk, *wanted), threads):  # type: ignore[misc]
            if rows.problem:
                raise FormatError(
                    _PROBLEMS[rows.problem], file=file, row=line + rows.lines + 1, fix="mend or leave out the source"
                )
            counts["other_contigs"] += _spool_rows(spool, rows, owner, codes, file, line)
            line += rows.lines
            counts["lines"] += rows.lines
            counts["alleles"] += rows.rows
            counts["not_sequences"] += rows.keyless
            if progress is not None:
                progress(file, rows.size)
    if not counts["lines"]:  # or every variant would look unseen
        raise FormatError(f"source {source.name} holds no record", file=source.files[0], fix="fetch the file again")
    return {
        "name": source.name,
        "files": [file.name for file in source.files],
        "frequencies": list(fields),
        "homozygotes": source.homozygotes,
        "hemizygotes": source.hemizygotes,
        **counts,
    }


def _label(name: str) -> str:
    """Population of a frequency field: nfe of AF_nfe, all of AF; other names stay."""
    return "all" if name == "AF" else name.removeprefix("AF_")


def _wanted(source: Source, fields: Sequence[str], header: Header, file: Path) -> tuple[np.ndarray, ...]:
    """INFO ids as the kernel takes them: names, where each starts, kinds, whether Number=R."""
    named = [(name, _FREQUENCY) for name in fields]
    named += [(source.homozygotes, _HOMOZYGOTES)] * bool(source.homozygotes)
    named += [(source.hemizygotes, _HEMIZYGOTES)] * bool(source.hemizygotes)
    for name, _ in named:
        if name not in header.info:
            problem = f"source {source.name}: the header declares no INFO field {name}"
            raise InputError(problem, file=file, fix="correct af=, hom= or hemi=")
    if not fields:
        problem = f"source {source.name}: the header declares none of {', '.join(_DEFAULT_FIELDS)}"
        raise InputError(problem, file=file, fix="name the fields with af=")
    encoded = [name.encode() for name, _ in named]
    return (
        np.frombuffer(b"".join(encoded), np.uint8),
        np.cumsum([0, *map(len, encoded)]).astype(np.int64),
        np.array([kind for _, kind in named], np.int8),
        np.array([header.info[name][0] == "R" for name, _ in named], np.int8),
    )


def _check_contigs(build: Build, lengths: dict[str, int], file: Path) -> None:
    for name in lengths:
        _check_style(build, name, file)
    if lengths:
        check_lengths(build, lengths, file=file)


def _check_style(build: Build, name: str, file: Path) -> None:
    """Pass unless a contig is one that the build has under another style of name."""
    other = build.own_name(name)
    if other is not None:
        raise BuildError(
            f"contig {name!r} is {other!r} in build {build.name}: its variants would all look unseen",
            file=file,
            fix="rename the contigs with `bcftools annotate --rename-chrs`",
        )


def _read_chunk(chunk: Chunk, names: np.ndarray, offsets: np.ndarray, kinds: np.ndarray, per_reference: np.ndarray) -> _Rows:
    lines = chunk.text.count(b"\n", chunk.start)
    most = lines + chunk.text.count(b",", chunk.start)
    runs = np.empty((lines, 3), np.int64)
    row_line, key = np.empty(most, np.int64), np.empty(most, np.int64)
    trimmed = np.empty((most, 4), np.int64)
    frequency, which = np.empty(most, np.float32), np.empty(most, np.int16)
    counts = np.empty((most, 2), np.int32)
    filters, row_filter = np.empty((256, 2), np.int64), np.empty(most, np.int16)
    lines, rows, run, known, keyless, code = scan_kernels.scan_sites(
        chunk.data, chunk.words, chunk.start, chunk.stop, names, offsets, kinds, per_reference,
        runs, row_line, key, trimmed, frequency, which, counts, filters, row_filter,
    )  # fmt: skip
    long = np.flatnonzero(key[:rows] & scan_kernels.HASHED)
    text = chunk.text
    return _Rows(
        lines=lines,
        rows=rows,
        keyless=keyless,
        size=chunk.size,
        problem=code,
        runs=[(text[a:b].decode(), int(row)) for a, b, row in runs[:run]],
        filters=[text[a:b].decode() for a, b in filters[:known]],
        arrays={
            "line": row_line[:rows].copy(),
            "key": key[:rows].copy(),
            "frequency": frequency[:rows].copy(),
            "which": which[:rows].copy(),
            "counts": counts[:rows].copy(),
            "filter": row_filter[:rows].copy(),
            "long": long,
        },
        texts=[bytes(text[a:b] + b"\t" + text[c:d]).upper() for a, b, c, d in trimmed[long].tolist()],
    )


def _spool_rows(spool: _Spool, rows: _Rows, owner: int, codes: np.ndarray, file: Path, line: int) -> int:
    """Spool a chunk's rows by contig; the number of rows on contigs that are not triaged."""
    filters = np.array([spool.code(spool.filters, text) for text in rows.filters] + [0], np.int16)
    arrays = dict(rows.arrays)
    arrays["source"] = np.where(arrays["which"] < 0, -1, codes[arrays["which"]])
    arrays["filter"] = filters[arrays["filter"]]
    arrays["owner"] = np.full(rows.rows, owner, np.int16)
    elsewhere = 0
    ends = [*(first for _, first in rows.runs), rows.rows][1:]
    for (name, first), end in zip(rows.runs, ends, strict=True):
        if name not in spool.primary:
            _check_style(spool.build, name, file)
            elsewhere += end - first
            continue
        part = {key: arrays[key][first:end] for key in (*spool.types, "line")}
        _check_positions(spool, name, part, file, line)
        part["counts"] = _hemizygous_only(spool.build, name, part)
        low, high = np.searchsorted(arrays["long"], [first, end])
        spool.append(name, part, rows.texts[low:high])
    return elsewhere


def _check_positions(spool: _Spool, name: str, part: dict[str, np.ndarray], file: Path, line: int) -> None:
    beyond = np.flatnonzero(part["key"] >> scan_kernels.POSITION_SHIFT >= spool.primary[name].length)
    if beyond.size:
        raise BuildError(
            f"a position beyond the end of {name} in build {spool.build.name}",
            file=file,
            row=line + int(part["line"][beyond[0]]) + 1,
            fix=f"give a source of {spool.build.name}",
        )


def _hemizygous_only(build: Build, name: str, part: dict[str, np.ndarray]) -> np.ndarray:
    """Counts of persons, with hemizygotes known only where the sex chromosomes do not recombine."""
    counts = part["counts"].copy()
    shared = np.full(len(counts), build.by_name[name].kind not in {ContigKind.X, ContigKind.Y})
    positions = part["key"] >> scan_kernels.POSITION_SHIFT
    for region in build.par:
        if region.contig == name:
            shared |= (positions >= region.start) & (positions < region.end)
    counts[shared, _HEMIZYGOTES] = -1
    return counts


def _finish_contig(folder: Path, spool: _Spool, contig: str) -> dict[str, Any]:
    """Sort and join a contig's rows, write them, and return their part of the manifest."""
    arrays, texts = spool.read(contig)
    keys = arrays["key"]
    is_long = keys & scan_kernels.HASHED != 0
    text_number = np.cumsum(is_long) - 1
    order = np.argsort(keys, kind="stable")
    is_new = np.ones(keys.size, np.bool_)
    is_new[1:] = keys[order[1:]] != keys[order[:-1]]
    _split_long(order, is_new, is_long, texts, text_number)
    sites = int(np.count_nonzero(is_new))
    first = np.empty(sites, np.int64)
    frequency, source, filters = np.empty(sites, np.float32), np.empty(sites, np.int16), np.empty(sites, np.int16)
    counts = np.empty((sites, 2), np.int32)
    key_kernels.combine(
        order, is_new, arrays["owner"], arrays["frequency"], arrays["source"], arrays["filter"], arrays["counts"],
        (first, frequency, source, filters, counts),
    )  # fmt: skip
    columns = {
        "allele_frequency": frequency,
        "homozygotes": counts[:, _HOMOZYGOTES],
        "hemizygotes": counts[:, _HEMIZYGOTES],
        "source": source.astype(np.int32),
        "source_filter": filters.astype(np.int32),
    }
    long = first[is_long[first]]
    return write_contig(folder / contig, keys[first], [texts[n] for n in text_number[long]], is_long[first], columns)


def _split_long(
    order: np.ndarray, is_new: np.ndarray, is_long: np.ndarray, texts: list[bytes], text_number: np.ndarray
) -> None:
    """Put rows that share a hashed key in the order of their texts, and begin a site at each new text, in place."""
    starts = np.flatnonzero(is_new)
    stops = np.append(starts[1:], order.size)
    for group in np.flatnonzero((stops - starts > 1) & is_long[order[starts]]):
        place = slice(starts[group], stops[group])
        rows = sorted(order[place].tolist(), key=lambda row: (texts[text_number[row]], row))
        order[place] = rows
        here = [texts[text_number[row]] for row in rows]
        is_new[place] = [True] + [one != two for one, two in zip(here[1:], here[:-1], strict=True)]
