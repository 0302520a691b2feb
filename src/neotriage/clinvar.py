"""ClinVar: its vocabulary parsed whole, and its VCF read and joined by exact allele.

    aggregate classification (CLNSIG)                           ClinvarSignificance
    Conflicting_…, or words of two of P/LP, VUS, B/LB           conflicting
    Pathogenic alone                                            pathogenic
    Likely_pathogenic, with or without Pathogenic               likely_pathogenic (the weaker of the two)
    any of P/LP with low penetrance                             pathogenic_low_penetrance
    Uncertain_significance                                      uncertain
    Likely_benign, with or without Benign                       likely_benign (the weaker of the two)
    Benign alone                                                benign
    none of these (risk alleles, drug_response, not_provided …) other

Source: ClinVar, "Representation of classifications" (www.ncbi.nlm.nih.gov/clinvar/docs/clinsig) and "Review status"
(www.ncbi.nlm.nih.gov/clinvar/docs/review_status). An unknown word is an error and never a guess.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
import numpy.typing as npt

from neotriage.alleles import read_texts
from neotriage.errors import BuildError, FormatError
from neotriage.genome import Build
from neotriage.kernels import scan as kernels
from neotriage.scan.chunks import Chunk, open_lines
from neotriage.schema import ClinvarSignificance

__all__ = [
    "PATHOGENIC",
    "Clinvar",
    "ClinvarContig",
    "ClinvarRecord",
    "Site",
    "is_pathogenic",
    "parse_review",
    "parse_significance",
    "read_clinvar",
    "read_clinvar_records",
]

Int32 = npt.NDArray[np.int32]

PATHOGENIC = frozenset(
    {
        ClinvarSignificance.PATHOGENIC,
        ClinvarSignificance.LIKELY_PATHOGENIC,
        ClinvarSignificance.PATHOGENIC_LOW_PENETRANCE,
    }
)

_PATHOGENIC_WORDS = frozenset(
    {"Pathogenic", "Likely_pathogenic", "Pathogenic,_low_penetrance", "Likely_pathogenic,_low_penetrance"}
)
_BENIGN_WORDS = frozenset({"Benign", "Likely_benign"})
_UNCERTAIN_WORDS = frozenset({"Uncertain_significance"})
_CONFLICTING_WORDS = frozenset(
    {
        "Conflicting_classifications_of_pathogenicity",
        "Conflicting_interpretations_of_pathogenicity",
        "conflicting_data_from_submitters",
    }
)
_OTHER_WORDS = frozenset(
    {
        "Affects",
        "Established_risk_allele",
        "Likely_risk_allele",
        "Uncertain_risk_allele",
        "association",
        "association_not_found",
        "confers_sensitivity",
        "drug_response",
        "no_classification_for_the_single_variant",
        "no_classification_provided",
        "no_classifications_from_unflagged_records",
        "no_interpretation_for_the_single_variant",
        "not_provided",
        "not_reported_for_simple_variant",
        "other",
        "protective",
        "risk_factor",
    }
)
_KNOWN = _PATHOGENIC_WORDS | _BENIGN_WORDS | _UNCERTAIN_WORDS | _CONFLICTING_WORDS | _OTHER_WORDS
_WORD_BREAK = re.compile(r"[|/;]|,(?!_low_penetrance)")

_STARS: Mapping[str, int] = {
    "practice_guideline": 4,
    "reviewed_by_expert_panel": 3,
    "criteria_provided,_multiple_submitters,_no_conflicts": 2,
    "criteria_provided,_multiple_submitters": 2,
    "criteria_provided,_single_submitter": 1,
    "criteria_provided,_conflicting_classifications": 1,
    "criteria_provided,_conflicting_interpretations": 1,
    "no_assertion_criteria_provided": 0,
    "no_assertion_for_the_individual_variant": 0,
    "no_assertion_provided": 0,
    "no_classification_for_the_individual_variant": 0,
    "no_classification_for_the_single_variant": 0,
    "no_classification_provided": 0,
    "no_classifications_from_unflagged_records": 0,
    "no_interpretation_for_the_single_variant": 0,
    "flagged_submission": 0,
    "": 0,
}
_CODES = tuple(ClinvarSignificance)
_CODE_OF = {significance: code for code, significance in enumerate(_CODES)}
_IS_PATHOGENIC = np.array([significance in PATHOGENIC for significance in _CODES])
_COLUMNS = 8
_VALUES = (b"CLNSIG", b"CLNREVSTAT")
_MOST_TEXTS = 1024  # that differ, of one field in one chunk
_PROBLEMS = {
    kernels.FEW_COLUMNS: ("not a VCF record", "give a ClinVar VCF of NCBI"),
    kernels.BAD_POSITION: ("not a VCF record", "give a ClinVar VCF of NCBI"),
    kernels.BAD_COUNT: ("several alternate alleles", "split them: bcftools norm -m-any"),
    kernels.BAD_NUMBER: (f"more than {_MOST_TEXTS} different values of CLNSIG or CLNREVSTAT", "give a ClinVar VCF of NCBI"),
}


class Site(NamedTuple):
    """One allele: contig of the build, 0-based position, reference and alternate allele."""

    chrom: str
    position: int
    ref: str
    alt: str


@dataclass(frozen=True)
class ClinvarRecord:
    """What ClinVar says of one allele; texts as written, '' where the record has none."""

    id: str
    significance: ClinvarSignificance
    text: str
    review: str
    stars: int
    conditions: str
    gene: str


@dataclass(frozen=True)
class ClinvarContig:
    """ClinVar's alleles on one contig, sorted by position.

    Attributes:
        positions: int32 (alleles,), 0-based.
        refs, alts: alleles as written.
        codes: int8 (alleles,), place in `tuple(ClinvarSignificance)`.
        stars: int8 (alleles,), 0 to 4.
    """

    positions: Int32
    refs: Alleles
    alts: Alleles
    codes: npt.NDArray[np.int8]
    stars: npt.NDArray[np.int8]

    @property
    def ends(self) -> Int32:
        """int32 (alleles,): half-open end of each reference allele."""
        return self.positions + self.refs.lengths

    @cached_property
    def is_pathogenic(self) -> npt.NDArray[np.bool_]:
        """Whether each allele is pathogenic or likely pathogenic, low penetrance included: bool (alleles,)."""
        return np.asarray(_IS_PATHOGENIC[self.codes])

    def significance(self, row: int) -> ClinvarSignificance:
        """Significance of one allele."""
        return _CODES[int(self.codes[row])]

    def find(self, positions: Int32, refs: Sequence[str], alts: Sequence[str]) -> Int32:
        """Place of each allele, int32 (queries,), -1 not in ClinVar. Of two records of one allele the better reviewed."""
        found = np.full(len(positions), -1, np.int32)
        low = np.searchsorted(self.positions, positions, "left")
        high = np.searchsorted(self.positions, positions, "right")
        for query in np.flatnonzero(high > low).tolist():
            same = [r for r in range(low[query], high[query]) if (self.refs[r], self.alts[r]) == (refs[query], alts[query])]
            if same:
                found[query] = max(same, key=lambda row: (self.stars[row], -row))
        return found


@dataclass(frozen=True)
class Clinvar:
    """ClinVar's alleles by contig of the build; `records` is how many were read, `skipped` those without an exact allele."""

    file: str
    contigs: Mapping[str, ClinvarContig]
    records: int
    skipped: int

    def find(self, contig: str, positions: Int32, refs: Sequence[str], alts: Sequence[str]) -> Int32:
        """Place of each allele on its contig, int32 (queries,), -1 not in ClinVar."""
        if contig not in self.contigs:
            return np.full(len(positions), -1, np.int32)
        return self.contigs[contig].find(positions, refs, alts)


def is_pathogenic(significance: ClinvarSignificance) -> bool:
    """Whether it is pathogenic or likely pathogenic, low penetrance included; conflicting is not."""
    return significance in PATHOGENIC


def parse_significance(text: str, *, file: str | Path, row: int | None = None) -> ClinvarSignificance:
    """The aggregate classification that CLNSIG says, after the table in this module's docstring.

    Raises:
        FormatError: a word that is not ClinVar's.
    """
    try:
        return _significance(text)
    except KeyError as error:
        raise FormatError(
            f"unknown word {error.args[0]!r} in CLNSIG={text}",
            file=file,
            row=row,
            fix="give a ClinVar VCF of NCBI, or report the new word",
        ) from None


def parse_review(text: str, *, file: str | Path, row: int | None = None) -> int:
    """Review stars, 0 to 4, of a review status as CLNREVSTAT writes it.

    Raises:
        FormatError: a status that is not ClinVar's.
    """
    try:
        return _STARS[text]
    except KeyError:
        raise FormatError(
            f"unknown review status {text!r}", file=file, row=row, fix="give a ClinVar VCF of NCBI, or report the new status"
        ) from None


def read_clinvar(path: Path, build: Build, threads: int = 1) -> Clinvar:
    """Every allele of a ClinVar VCF with its significance and stars.

    Args:
        path: ClinVar's VCF, bgzipped or plain, one alternate allele a record.
        build: the run's build; contigs of other names (patches) are left out.
        threads: how many read.

    Raises:
        FormatError: broken or cut short, an unknown word, several alternates in a record, or no record.
        BuildError: contigs named in another way than the build's.
    """
    if not path.is_file():
        raise FormatError("no such file", file=path, fix="give the path of a ClinVar VCF")
    lines = open_lines(path)
    parts: dict[str, list[_Part]] = {}
    records = skipped = 0
    before = len(lines.header)
    for chunk in lines.each(_read_chunk, threads):
        for contig, part in _parts(chunk, build, path, before):
            records += part.lines
            skipped += part.lines - len(part.positions)
            parts.setdefault(contig, []).append(part)
        before += chunk.lines
        if chunk.problem:
            problem, fix = _PROBLEMS[chunk.problem]
            raise FormatError(problem, file=path, row=before + 1, fix=fix)
    if before == len(lines.header):
        raise FormatError("holds no record", file=path, fix="give a ClinVar VCF of NCBI")
    if not parts:
        raise BuildError(f"no record lies on a contig of {build.name}", file=path, fix=f"give ClinVar's VCF for {build.name}")
    return Clinvar(str(path), {contig: _joined(of) for contig, of in parts.items()}, records, skipped)


class Alleles(Sequence[str]):
    """Alleles as one text, bytes or uint8 (bytes,), and where each starts and ends in it: int64 (alleles,)."""

    def __init__(self, text: bytes | npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> None:
        self.text = text
        self.starts = starts
        self.ends = ends

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        return bytes(self.text[self.starts[row] : self.ends[row]]).decode()

    def take(self, rows: npt.NDArray[np.int64]) -> list[str]:
        """Some of the alleles."""
        text = np.frombuffer(self.text, np.uint8) if isinstance(self.text, bytes) else self.text
        return read_texts(text, self.starts[rows], self.ends[rows])

    @property
    def lengths(self) -> Int32:
        """Length of each allele in bases, int32 (alleles,)."""
        return (self.ends - self.starts).astype(np.int32)


@dataclass(frozen=True)
class _ChunkRows:
    """What the kernel made of one chunk; `runs` are (contig, first row, first line)."""

    lines: int
    problem: int
    runs: list[tuple[str, int, int]]
    row_lines: Int32
    positions: Int32
    letters: bytes
    ends: npt.NDArray[np.int64]
    texts: list[list[str]]
    codes: npt.NDArray[np.int16]


@dataclass(frozen=True)
class _Part:
    """Consecutive alleles of one contig; `lines` is how many records they were read from."""

    lines: int
    positions: Int32
    letters: bytes
    ends: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int8]
    stars: npt.NDArray[np.int8]


def _read_chunk(chunk: Chunk) -> _ChunkRows:
    most = chunk.text.count(b"\n", chunk.start)
    runs, row_lines, positions = np.empty((most, 4), np.int64), np.empty(most, np.int32), np.empty(most, np.int32)
    letters, ends = np.empty(len(chunk.text), np.uint8), np.empty((most, 2), np.int64)
    texts, codes = np.full((len(_VALUES), _MOST_TEXTS, 2), -1, np.int64), np.empty((most, len(_VALUES)), np.int16)
    lines, rows, run, problem = kernels.scan_values(
        chunk.data, chunk.words, chunk.start, chunk.stop, np.frombuffer(b"".join(_VALUES), np.uint8),
        np.cumsum([0, *map(len, _VALUES)]), runs, row_lines, positions, letters, ends, texts, codes,
    )  # fmt: skip
    used = int(ends[rows - 1, 1]) if rows else 0
    return _ChunkRows(
        lines,
        problem,
        [(chunk.text[a:b].decode(), int(row), int(line)) for a, b, row, line in runs[:run]],
        row_lines[:rows].copy(),
        positions[:rows].copy(),
        letters[:used].tobytes(),
        ends[:rows].copy(),
        [[chunk.text[a:b].decode() for a, b in of.tolist() if a >= 0] for of in texts],
        codes[:rows].copy(),
    )


def _parts(chunk: _ChunkRows, build: Build, path: Path, before: int) -> Iterator[tuple[str, _Part]]:
    """A chunk's alleles on the build's contigs; `before` is how many lines come before it."""
    significances = np.full(len(chunk.texts[0]), -1, np.int8)
    stars = np.full(len(chunk.texts[1]), -1, np.int8)
    if not chunk.runs:
        return
    stops = [*((row, line) for _, row, line in chunk.runs[1:]), (len(chunk.positions), chunk.lines)]
    for (contig, row, line), (end, end_line) in zip(chunk.runs, stops, strict=True):
        if contig not in build.by_name:
            _check_name(contig, build, path, before + line + 1)
            continue
        said, reviewed = chunk.codes[row:end].T
        lines = before + chunk.row_lines[row:end] + 1
        for text, first in zip(*np.unique(said, return_index=True), strict=True):
            significances[text] = _CODE_OF[parse_significance(chunk.texts[0][text], file=path, row=int(lines[first]))]
        for text, first in zip(*np.unique(reviewed, return_index=True), strict=True):
            stars[text] = parse_review(chunk.texts[1][text], file=path, row=int(lines[first]))
        begin = int(chunk.ends[row - 1, 1]) if row else 0
        letters = chunk.letters[begin : int(chunk.ends[end - 1, 1]) if end else 0]
        of = slice(row, end)
        yield (
            contig,
            _Part(end_line - line, chunk.positions[of], letters, chunk.ends[of] - begin, significances[said], stars[reviewed]),
        )


def _joined(parts: Sequence[_Part]) -> ClinvarContig:
    """The alleles of one contig, sorted by position."""
    shifts = np.cumsum([0, *(len(part.letters) for part in parts)])
    ends = np.concatenate([part.ends + shift for part, shift in zip(parts, shifts[:-1], strict=True)])
    starts = np.append(0, ends[:-1, 1]) if len(ends) else np.empty(0, np.int64)
    positions = np.concatenate([part.positions for part in parts])
    order = np.argsort(positions, kind="stable")
    text = b"".join(part.letters for part in parts)
    return ClinvarContig(
        positions[order],
        Alleles(text, starts[order], ends[order, 0]),
        Alleles(text, ends[order, 0], ends[order, 1]),
        np.concatenate([part.codes for part in parts])[order],
        np.concatenate([part.stars for part in parts])[order],
    )


def read_clinvar_records(path: Path, build: Build, wanted: Collection[Site]) -> dict[Site, ClinvarRecord]:
    """ClinVar's records of the wanted alleles; of two records of one allele the better reviewed.

    Raises:
        FormatError, BuildError: as `read_clinvar`.
    """
    lines = {(site.chrom, str(site.position + 1)) for site in wanted}
    found: dict[Site, ClinvarRecord] = {}
    for number, fields in _records(path, build):
        if (fields[0], fields[1]) not in lines:
            continue
        site = Site(fields[0], int(fields[1]) - 1, fields[3], fields[4])
        if site not in wanted:
            continue
        record = _record(fields, path, number)
        if site not in found or record.stars > found[site].stars:
            found[site] = record
    return found


@lru_cache(maxsize=4096)
def _significance(text: str) -> ClinvarSignificance:
    words = {word.removeprefix("_") for word in _WORD_BREAK.split(text)} if text not in {"", "."} else set()
    for word in sorted(words):
        if word not in _KNOWN:
            raise KeyError(word)
    pathogenic, benign = words & _PATHOGENIC_WORDS, words & _BENIGN_WORDS
    uncertain = words & _UNCERTAIN_WORDS
    if words & _CONFLICTING_WORDS or bool(pathogenic) + bool(benign) + bool(uncertain) > 1:
        return ClinvarSignificance.CONFLICTING
    if any(word.endswith("low_penetrance") for word in pathogenic):
        return ClinvarSignificance.PATHOGENIC_LOW_PENETRANCE
    if pathogenic:
        is_plain = pathogenic == {"Pathogenic"}
        return ClinvarSignificance.PATHOGENIC if is_plain else ClinvarSignificance.LIKELY_PATHOGENIC
    if benign:
        return ClinvarSignificance.BENIGN if benign == {"Benign"} else ClinvarSignificance.LIKELY_BENIGN
    return ClinvarSignificance.UNCERTAIN if uncertain else ClinvarSignificance.OTHER


def _record(fields: Sequence[str], path: Path, number: int) -> ClinvarRecord:
    info = _info(fields[7])
    text, review = info.get("CLNSIG", ""), info.get("CLNREVSTAT", "")
    return ClinvarRecord(
        id="" if fields[2] == "." else fields[2],
        significance=parse_significance(text, file=path, row=number),
        text=text,
        review=review,
        stars=parse_review(review, file=path, row=number),
        conditions=info.get("CLNDN", ""),
        gene=info.get("GENEINFO", "").partition(":")[0],
    )


def _records(path: Path, build: Build) -> Iterator[tuple[int, list[str]]]:
    """Line number and the eight columns of each record on the build's contigs."""
    has_record = has_shared = False
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        fields = line.rstrip("\r\n").split("\t", _COLUMNS)[:_COLUMNS]
        if len(fields) < _COLUMNS or not fields[1].isdigit():
            raise FormatError("not a VCF record", file=path, row=number, fix="give a ClinVar VCF of NCBI")
        has_record = True
        if fields[0] not in build.by_name:
            _check_name(fields[0], build, path, number)
            continue
        has_shared = True
        if "," in fields[4]:
            raise FormatError("several alternate alleles", file=path, row=number, fix="split them: bcftools norm -m-any")
        yield number, fields
    if not has_record:
        raise FormatError("holds no record", file=path, fix="give a ClinVar VCF of NCBI")
    if not has_shared:
        raise BuildError(f"no record lies on a contig of {build.name}", file=path, fix=f"give ClinVar's VCF for {build.name}")


def _check_name(contig: str, build: Build, path: Path, number: int) -> None:
    """Refuse a contig that is one of the build's under another name; its records would be lost in silence."""
    name = build.own_name(contig)
    if name is not None:
        raise BuildError(
            f"contig {contig} is called {name} in {build.name}",
            file=path,
            row=number,
            fix="rename it: bcftools annotate --rename-chrs",
        )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as handle:
            is_gzip = handle.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rt") if is_gzip else path.open() as text:
            yield from enumerate(text, start=1)
    except FileNotFoundError:
        raise FormatError("no such file", file=path, fix="give the path of a ClinVar VCF") from None
    except (EOFError, UnicodeDecodeError, gzip.BadGzipFile, zlib.error) as error:
        raise FormatError(f"cannot be read to its end ({error})", file=path, fix="fetch the file again") from None


def _info(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(";") if "=" in part)
