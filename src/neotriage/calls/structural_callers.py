"""Structural calls of delly and manta as records of the one form.

    delly (1.1.6, BCF)        what becomes of it
    DEL, END                  END is the base behind the last one lost: one less
    DUP, POS                  POS is the first base doubled: one less
    INV, INS, BND             as they are
    GT where GQ is below 15   kept with its GQ: the table's rules decide

    manta (1.6, diploidSV)    what becomes of it
    <DUP:TANDEM>              <DUP>
    REF and ALT spelled out   <DEL> or <INS>, by which is longer
    BND                       of a pair (MATEID) the first in the file
    PR, SR                    DR,DV and RR,RV

A person whose genotype the caller leaves open (./.) is missing. Sources: delly's README and header; manta's user guide, "VCF".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pysam

from neotriage.errors import FormatError
from neotriage.genome import Build, ContigKind
from neotriage.schema import Kind
from neotriage.structural import Call, Record
from neotriage.structural.records import NO_CALL

__all__ = ["read_delly", "read_manta"]

_MOST_QUALITY = 99
_CALLED = frozenset({ContigKind.AUTOSOME, ContigKind.X, ContigKind.Y})


def read_delly(path: Path, build: Build, samples: Sequence[str]) -> list[Record]:
    """Delly's records on autosomes, X and Y; calls in the order of the samples, missing for those not in the file.

    Raises:
        FormatError: not such a file.
    """
    return [record for raw in _raw(path) for record in _delly(raw, build, samples)]


def read_manta(path: Path, build: Build, samples: Sequence[str]) -> list[Record]:
    """Manta's records (diploidSV.vcf.gz, joint over the family), as `read_delly`.

    Raises:
        FormatError: not such a file.
    """
    seen: set[str] = set()
    found = []
    for raw in _raw(path):
        mate = raw.info.get("MATEID")
        if str(mate[0] if isinstance(mate, tuple) else mate) in seen:
            continue
        seen.add(str(raw.id))
        found += list(_manta(raw, build, samples))
    return found


def _raw(path: Path) -> list[pysam.VariantRecord]:
    try:
        with pysam.VariantFile(str(path)) as file:
            return list(file)
    except (OSError, ValueError) as error:
        raise FormatError(f"not a VCF of structural changes ({error})", file=path, fix="run the caller again") from None


def _is_called(raw: pysam.VariantRecord, build: Build) -> bool:
    contig = build.by_name.get(raw.chrom)
    return contig is not None and contig.kind in _CALLED


def _delly(raw: pysam.VariantRecord, build: Build, samples: Sequence[str]) -> Iterator[Record]:
    kind = Kind(str(raw.info["SVTYPE"]))
    if not _is_called(raw, build):
        return
    position, end = raw.pos - 1, raw.stop
    if kind is Kind.DELETION:
        end -= 1
    elif kind is Kind.DUPLICATION:
        position -= 1
    if kind is Kind.BREAKEND:
        end = position + 1
    size = int(raw.info.get("SVLEN", -1)) if kind is Kind.INSERTION else -1 if kind is Kind.BREAKEND else end - position - 1
    names = {name: raw.samples[name] for name in raw.samples}
    yield Record(
        chrom=raw.chrom,
        position=max(position, 0),
        end=max(end, position + 1),
        ref=str(raw.ref),
        alt=(raw.alts or ("",))[0],
        kind=kind,
        size_bp=size,
        callers=("delly",),
        calls=tuple(_delly_call(names[sample]) if sample in names else NO_CALL for sample in samples),
        qual=float("nan") if raw.qual is None else float(raw.qual),
        filters=";".join(map(str, raw.filter.keys())),
        margin_bp=max(abs(int(m)) for m in raw.info.get("CIPOS", (0, 0))),
    )


def _delly_call(sample: Any) -> Call:
    return Call(
        _codes(sample.get("GT")),
        min(_whole(sample.get("GQ")), _MOST_QUALITY),
        _whole(sample.get("RDCN")),
        *(_whole(sample.get(name)) for name in ("DR", "DV", "RR", "RV")),
    )


def _manta(raw: pysam.VariantRecord, build: Build, samples: Sequence[str]) -> Iterator[Record]:
    if not _is_called(raw, build):
        return
    kind = Kind(str(raw.info["SVTYPE"]))
    alt = (raw.alts or ("",))[0]
    length = raw.info.get("SVLEN")
    length = length[0] if isinstance(length, tuple) else length
    names = {name: raw.samples[name] for name in raw.samples}
    yield Record(
        chrom=raw.chrom,
        position=raw.pos - 1,
        end=raw.pos if kind is Kind.BREAKEND else raw.stop,
        ref=str(raw.ref)[0],
        alt=alt if kind is Kind.BREAKEND else f"<{kind.value}>",
        kind=kind,
        size_bp=-1 if kind is Kind.BREAKEND or length is None else abs(int(length)),
        callers=("manta",),
        calls=tuple(_manta_call(names[sample]) if sample in names else NO_CALL for sample in samples),
        qual=float("nan") if raw.qual is None else float(raw.qual),
        filters=";".join(map(str, raw.filter.keys())),
        margin_bp=max(abs(int(m)) for m in raw.info.get("CIPOS", (0, 0))),
    )


def _manta_call(sample: Any) -> Call:
    pairs, splits = (sample.get(name) or (None, None) for name in ("PR", "SR"))
    counts = [_whole(value) for value in (*pairs, *splits)]
    return Call(_codes(sample.get("GT")), min(_whole(sample.get("GQ")), _MOST_QUALITY), -1, *counts)


def _codes(genotype: Sequence[int | None] | None) -> tuple[int, int]:
    codes = [-1 if code is None else code for code in genotype or (None, None)]
    return codes[0], codes[1] if len(codes) > 1 else -2


def _whole(value: Any) -> int:
    value = value[0] if isinstance(value, tuple) else value
    return -1 if value is None else int(value)
