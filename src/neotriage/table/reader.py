"""Calls as columns: a VCF in batches of numpy arrays, one row an alternate allele, samples in family order.

A record with several alternates gives a row for each; in each the other alternates have code 2 in the genotype.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neotriage.errors import BuildError, FormatError
from neotriage.genome import Build, check_lengths

__all__ = ["Batch", "Calls", "open_calls"]

Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]

_BGZF_EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_REFERENCE = re.compile(r"[ACGTNRYSWKMBDHV]+", re.IGNORECASE)
_ALTERNATE = re.compile(r"[ACGTN]+|\.|\*|<[^<>]+>|.*[\[\]].*|\.[ACGTN]+|[ACGTN]+\.", re.IGNORECASE)
_BATCH = 20_000
_PLOIDY = 2
_FIX_AGAIN = "make the calls again, or fetch the file again"


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of one contig; axes (variants,), (variants, samples) and (variants, samples, ploidy).

    Attributes:
        contig: contig of all rows.
        positions: int32 (variants,), 0-based.
        refs, alts: alleles in upper case; alt `.` where the record has none.
        qual: float32 (variants,), phred, NaN missing.
        filters: FILTER, names joined by `;`, `` missing.
        genotype: int8 (variants, samples, 2): 0 reference, 1 this alternate, 2 another, -1 missing, -2 none (haploid).
        is_phased: bool (variants, samples).
        phase_set, depth, ref_depth, alt_depth, genotype_quality: int32 (variants, samples), -1 missing.
    """

    contig: str
    positions: Int32
    refs: Sequence[str]
    alts: Sequence[str]
    qual: npt.NDArray[np.float32]
    filters: Sequence[str]
    genotype: npt.NDArray[np.int8]
    is_phased: Bool
    phase_set: Int32
    depth: Int32
    ref_depth: Int32
    alt_depth: Int32
    genotype_quality: Int32

    def __len__(self) -> int:
        return len(self.refs)

    @property
    def ends(self) -> Int32:
        """int32 (variants,): half-open end of the reference allele."""
        return self.positions + np.array([len(ref) for ref in self.refs], np.int32)

    def take(self, rows: npt.NDArray[np.int64]) -> Batch:
        """The rows named, in that order."""
        columns: dict[str, Any] = {}
        for column in fields(self):
            values = getattr(self, column.name)
            if isinstance(values, np.ndarray):
                values = values[rows]
            elif not isinstance(values, str):
                values = [values[row] for row in rows.tolist()]
            columns[column.name] = values
        return Batch(**columns)


class Calls:
    """An opened VCF; `filters` maps each FILTER of its header to its description."""

    def __init__(self, path: Path, vcf: Any, order: Sequence[int], filters: Mapping[str, str], build: Build) -> None:
        self.path = path
        self.filters = filters
        self._vcf = vcf
        self._order = list(order)
        self._build = build

    def batches(self, rows: int = _BATCH) -> Iterator[Batch]:
        """The file's rows in order, at most about `rows` at a time, each batch of one contig.

        Raises:
            FormatError: broken or cut short, an allele that is not a base, positions out of order, more than two alleles in
                a genotype.
            BuildError: a chromosome under another name than the build's.
        """
        pending: list[tuple[Any, ...]] = []
        contig, last = "", -1
        seen: set[str] = set()
        for record in self._records():
            chrom, position = record.CHROM, record.POS - 1
            if chrom != contig:
                if pending:
                    yield self._batch(contig, pending)
                    pending = []
                self._check_contig(chrom, position, seen)
                seen.add(chrom)
                contig, last = chrom, -1
            if position < last:
                raise self._error("position out of order", chrom, position, "sort the file: bcftools sort")
            last = position
            pending.extend(self._rows(record))
            if len(pending) >= rows:
                yield self._batch(contig, pending)
                pending = []
        if pending:
            yield self._batch(contig, pending)

    def _check_contig(self, contig: str, position: int, seen: Collection[str]) -> None:
        if contig in seen:
            raise self._error("contig stands in two places", contig, position, "sort the file: bcftools sort")
        name = self._build.own_name(contig)
        if name is not None:
            raise BuildError(
                f"contig {contig} is called {name} in {self._build.name}",
                file=self.path,
                fix="rename it: bcftools annotate --rename-chrs",
            )

    def _records(self) -> Iterator[Any]:
        try:
            yield from self._vcf
        except Exception as error:
            if type(error) is not Exception:  # cyvcf2 raises the bare class when htslib cannot read a record
                raise
            raise FormatError(f"a record cannot be read ({error})", file=self.path, fix=_FIX_AGAIN) from None

    def _rows(self, record: Any) -> Iterator[tuple[Any, ...]]:
        place = record.CHROM, record.POS - 1
        ref = record.REF.upper()
        if not _REFERENCE.fullmatch(ref):
            raise self._error(f"REF {record.REF} is not made of bases", *place, _FIX_AGAIN)
        genotype = self._genotype(record)
        depths = self._format(record, "AD")
        numbers = [self._number(record, name) for name in ("PS", "DP", "GQ")]
        qual = np.nan if record.QUAL is None else record.QUAL
        filters = ";".join(record.FILTERS)
        for number, alt in enumerate(record.ALT or ["."], start=1):
            if not _ALTERNATE.fullmatch(alt):
                raise self._error(f"ALT {alt} is not made of bases", *place, _FIX_AGAIN)
            alleles = genotype[:, :_PLOIDY]
            codes = np.where(alleles <= 0, alleles, np.where(alleles == number, 1, 2)).astype(np.int8)
            is_phased = (genotype[:, _PLOIDY] == 1) & (codes[:, 1] != -2)
            pair = self._allele_depths(depths, number, 1 + max(len(record.ALT), 1))
            upper = alt if alt.startswith("<") else alt.upper()
            yield (place[1], ref, upper, qual, filters, codes, is_phased, numbers[0], numbers[1], *pair, numbers[2])

    def _genotype(self, record: Any) -> npt.NDArray[np.int16]:
        """Alleles and phase, int16 (samples, 3), in family order; missing where the record has no GT."""
        if "GT" not in record.FORMAT:
            return np.tile(np.array([-1, -1, 0], np.int16), (len(self._order), 1))
        found = record.genotype.array(fill=-2)[self._order]
        if found.shape[1] > _PLOIDY + 1:
            raise self._error("genotype of more than two alleles", record.CHROM, record.POS - 1, "call with ploidy 2 or 1")
        if found.shape[1] == _PLOIDY:  # every sample is haploid
            return np.stack([found[:, 0], np.full(len(found), -2), np.zeros(len(found))], axis=1).astype(np.int16)
        return np.asarray(found, np.int16)

    def _format(self, record: Any, name: str) -> Int32 | None:
        values = record.format(name) if name in record.FORMAT else None
        if values is None or values.dtype.kind not in "if":
            return None
        return np.where(values[self._order] < 0, -1, values[self._order]).astype(np.int32)

    def _number(self, record: Any, name: str) -> Int32:
        values = self._format(record, name)
        return np.full(len(self._order), -1, np.int32) if values is None else values[:, 0]

    def _allele_depths(self, depths: Int32 | None, number: int, alleles: int) -> tuple[Int32, Int32]:
        if depths is None or depths.shape[1] != alleles:
            missing = np.full(len(self._order), -1, np.int32)
            return missing, missing
        return depths[:, 0], depths[:, number]

    def _batch(self, contig: str, rows: Sequence[tuple[Any, ...]]) -> Batch:
        columns = list(zip(*rows, strict=True))
        return Batch(
            contig,
            np.array(columns[0], np.int32),
            columns[1],
            columns[2],
            np.array(columns[3], np.float32),
            columns[4],
            np.stack(columns[5]),
            np.stack(columns[6]),
            *(np.stack(column).astype(np.int32) for column in columns[7:]),
        )

    def _error(self, problem: str, contig: str, position: int, fix: str) -> FormatError:
        return FormatError(f"{contig}:{position + 1}: {problem}", file=self.path, fix=fix)


def open_calls(path: Path, samples: Sequence[str], build: Build) -> Calls:
    """A VCF opened for reading, its header checked.

    Args:
        path: VCF, bgzipped or plain, or BCF.
        samples: the family's samples, the order of every samples axis.
        build: the run's build.

    Raises:
        FormatError: no such file, not a VCF, cut short, or without one of the samples.
        BuildError: contigs of another build.
    """
    from cyvcf2 import VCF

    _check_end(path)
    try:
        vcf = VCF(str(path))
    except OSError as error:
        raise FormatError(f"not a VCF ({error})", file=path, fix="give the family's calls as VCF") from None
    lacking = [sample for sample in samples if sample not in vcf.samples]
    if lacking:
        has = ", ".join(vcf.samples) or "none"
        raise FormatError(f"sample {lacking[0]} is not in it (it has {has})", file=path, fix="name samples as in the pedigree")
    lengths = _lengths(vcf)
    if lengths:
        check_lengths(build, lengths, file=path)
    headers = [record.info() for record in vcf.header_iter()]
    filters = {h["ID"]: h.get("Description", "").strip('"') for h in headers if h.get("HeaderType") == "FILTER"}
    return Calls(path, vcf, [vcf.samples.index(sample) for sample in samples], filters, build)


def _lengths(vcf: Any) -> dict[str, int]:
    """Contig -> length in bp, of those whose length the header gives."""
    try:
        pairs = zip(vcf.seqnames, vcf.seqlens, strict=True)
    except AttributeError:  # cyvcf2's way to say that the header gives none
        return {}
    return {name: length for name, length in pairs if length > 0}


def _check_end(path: Path) -> None:
    """Pass if the file is there and, where bgzipped, ends with BGZF's end marker; htslib only warns of its absence."""
    if not path.is_file():
        raise FormatError("no such file", file=path, fix="give the family's calls as VCF")
    with path.open("rb") as handle:
        head = handle.read(16)
        if head[:4] != b"\x1f\x8b\x08\x04" or head[12:14] != b"BC":
            return
        handle.seek(max(path.stat().st_size - len(_BGZF_EOF), 0))
        if handle.read() != _BGZF_EOF:
            raise FormatError("cut short: it has no end-of-file block", file=path, fix=_FIX_AGAIN)
