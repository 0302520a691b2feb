"""The kept variants as VCF, one record a row of the variant table in its order, for consequence calling.

Written from the columns: only the family's samples, only what the table holds, and no line of the input's history, so that
the same variants give the same bytes. An allele that is neither the reference nor this alternate is written as missing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pysam

from neotriage.genome import Build
from neotriage.table.reader import Batch

__all__ = ["write_survivors"]

_ALLELES = {0: "0", 1: "1", 2: ".", -1: "."}
_FORMATS = (
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Read depth">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads with each allele">',
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality, phred">',
    '##FORMAT=<ID=PS,Number=1,Type=Integer,Description="Phase set">',
)


def write_survivors(
    batches: Iterable[Batch], samples: Sequence[str], filters: Mapping[str, str], build: Build, path: Path
) -> None:
    """Write bgzipped VCF and its index (.tbi), whole or not at all.

    Args:
        batches: the kept rows, in file order.
        samples: the samples axis.
        filters: FILTER id -> description, of those that may occur.
        build: its primary contigs go into the header.
        path: <name>.vcf.gz.
    """
    partial = path.with_name(path.name.removesuffix(".vcf.gz") + ".partial.vcf.gz")
    index, partial_index = (Path(f"{file}.tbi") for file in (path, partial))
    with pysam.BGZFile(str(partial), "wb", None) as out:
        out.write("".join(f"{line}\n" for line in _header(samples, filters, build)).encode())
        for batch in batches:
            out.write("".join(_lines(batch)).encode())
    pysam.tabix_index(str(partial), preset="vcf", force=True)
    os.replace(partial, path)
    os.replace(partial_index, index)


def _header(samples: Sequence[str], filters: Mapping[str, str], build: Build) -> Iterator[str]:
    yield "##fileformat=VCFv4.2"
    yield from (
        f'##FILTER=<ID={name},Description="{filters[name]}">' for name in sorted({"PASS": "All filters passed", **filters})
    )
    yield from (f"##contig=<ID={contig.name},length={contig.length}>" for contig in build.primary)
    yield from _FORMATS
    yield "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples])


def _lines(batch: Batch) -> Iterator[str]:
    samples = range(batch.genotype.shape[1])
    for row in range(len(batch)):
        qual = "." if np.isnan(batch.qual[row]) else f"{batch.qual[row]:g}"
        site = [batch.contig, str(batch.positions[row] + 1), ".", batch.refs[row], batch.alts[row], qual]
        calls = [_call(batch, row, sample) for sample in samples]
        yield "\t".join([*site, batch.filters[row] or ".", ".", "GT:DP:AD:GQ:PS", *calls]) + "\n"


def _call(batch: Batch, row: int, sample: int) -> str:
    codes = [_ALLELES[code] for code in batch.genotype[row, sample].tolist() if code in _ALLELES]
    genotype = ("|" if batch.is_phased[row, sample] else "/").join(codes) or "."
    depths = ",".join(_text(int(reads[row, sample])) for reads in (batch.ref_depth, batch.alt_depth))
    others = (batch.genotype_quality, batch.phase_set)
    return ":".join([genotype, _text(int(batch.depth[row, sample])), depths, *(_text(int(v[row, sample])) for v in others)])


def _text(value: int) -> str:
    return "." if value < 0 else str(value)
