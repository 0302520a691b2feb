"""The kept variants as VCF, one record a row of the variant table in its order, for consequence calling.

Written from the columns: only the family's samples, only what the table holds, and no line of the input's history, so that
the same variants give the same bytes. An allele that is neither the reference nor this alternate is written as missing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
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
            out.write(_lines(batch))
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


def _lines(batch: Batch) -> bytes:
    site = {
        "chrom": pl.Series([batch.contig]).new_from_index(0, len(batch)),
        "pos": batch.positions + 1,
        "id": pl.Series(["."]).new_from_index(0, len(batch)),
        "ref": batch.refs,
        "alt": batch.alts,
        "qual": ["." if qual != qual else f"{qual:g}" for qual in batch.qual.tolist()],  # noqa: PLR0124 - NaN
        "filter": [text or "." for text in batch.filters],
        "info": pl.Series(["."]).new_from_index(0, len(batch)),
        "format": pl.Series(["GT:DP:AD:GQ:PS"]).new_from_index(0, len(batch)),
    }
    calls = {f"sample{sample}": _calls(batch, sample) for sample in range(batch.genotype.shape[1])}
    text = pl.DataFrame({**site, **calls}).write_csv(include_header=False, separator="\t", quote_style="never")
    return text.encode()


def _calls(batch: Batch, sample: int) -> pl.Series:
    """One sample's calls as text, (rows,)."""
    first, second = batch.genotype[:, sample].T.astype(np.int64)
    genotypes = pl.Series(_GENOTYPES).gather((first + 2) * 10 + (second + 2) * 2 + batch.is_phased[:, sample])
    columns = (batch.depth, batch.ref_depth, batch.alt_depth, batch.genotype_quality, batch.phase_set)
    numbers = [pl.Series(f"number{place}", column[:, sample]) for place, column in enumerate(columns)]
    texts = [pl.when(number < 0).then(pl.lit(".")).otherwise(number.cast(pl.String)) for number in numbers]
    return pl.select(pl.format("{}:{}:{},{}:{}:{}", genotypes, *texts)).to_series()


def _genotype(first: int, second: int, is_phased: bool) -> str:
    return ("|" if is_phased else "/").join(_ALLELES[code] for code in (first, second) if code in _ALLELES) or "."


_GENOTYPES = [_genotype(a, b, is_phased) for a in range(-2, 3) for b in range(-2, 3) for is_phased in (False, True)]
