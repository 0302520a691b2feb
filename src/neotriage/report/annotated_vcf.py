"""The kept variants as a VCF that bcftools and IGV read, with the candidates' fields in INFO."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from heapq import merge
from pathlib import Path
from typing import Any

import pysam

from neotriage.interchange import beyond_lines, failed_gates

__all__ = ["write_annotated_vcf"]

_FIELDS = (
    ("NEO_RANK", "1", "Integer", "Rank of the candidate that this variant is part of"),
    ("NEO_GENE", "1", "String", "Gene of that candidate"),
    ("NEO_MODEL", "1", "String", "Inheritance model of that candidate"),
    ("NEO_PROBABILITY", "1", "Float", "Probability of that candidate among all and no diagnosis here"),
    ("NEO_TIER", "1", "String", "Genomics England tier of that candidate"),
    ("NEO_ACMG", "1", "String", "ACMG/AMP class of the variant in that candidate"),
    ("NEO_POINTS", "1", "Integer", "ACMG/AMP points of the variant in that candidate"),
)


def write_annotated_vcf(
    document: Mapping[str, Any],
    called: Path,
    output: Path,
    withheld: Collection[str] = (),
    structural: Sequence[Path] = (),
    shown: Collection[tuple[str, int, int, str]] = (),
) -> None:
    """Write `called` with the best candidate of each variant in INFO, bgzipped and indexed, whole or not at all.

    Args:
        document: the report document.
        called: the case's kept variants with consequences (VCF.gz).
        output: ends in .vcf.gz; the index is written beside it.
        withheld: genes that the family excluded, by every name that a consequence may have for them; a variant whose
            consequences are all in them is left out, else those consequences are.
        structural: files of the family's structural changes (VCF.gz).
        shown: contig, position, end and alternate of those to write.
    """
    best: dict[tuple[str, int, int, str, str], tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
    for candidate in [*document["candidates"], *document["second_hit_not_found"]]:
        for variant in candidate["variants"]:
            end = variant["structural"]["end"] if variant["structural"] else 0
            key = (variant["chrom"], variant["position"], end, variant["ref"], variant["alt"])
            best.setdefault(key, (candidate, variant))
    partial = output.with_name(output.name.removesuffix(".vcf.gz") + ".partial.vcf.gz")
    with ExitStack() as stack:
        source = stack.enter_context(pysam.VariantFile(str(called)))
        others = [stack.enter_context(pysam.VariantFile(str(path))) for path in structural]
        for other in others:
            other.subset_samples(list(source.header.samples))
            source.header.merge(other.header)
        for name, number, kind, text in _FIELDS:
            source.header.add_meta("INFO", items=[("ID", name), ("Number", number), ("Type", kind), ("Description", text)])
        for line in failed_gates(document):
            source.header.add_meta("neotriage_failed_check", value=line)
        for line in beyond_lines(document):
            source.header.add_meta("neotriage_beyond_variants", value=line)
        with pysam.VariantFile(str(partial), "wz", header=source.header) as sink:
            for record in _in_order(source, others, shown):
                if withheld and not _without(record, withheld):
                    continue
                alt = (record.alts or ("",))[0]
                is_structural = "SVTYPE" in record.info
                key = (record.chrom, record.pos, record.stop if is_structural else 0, record.ref or "", alt)
                if key in best:
                    _annotate(record, *best[key])
                sink.write(record)
    pysam.tabix_index(str(partial), preset="vcf", force=True)
    os.replace(f"{partial}.tbi", f"{output}.tbi")
    os.replace(partial, output)


def _in_order(
    source: pysam.VariantFile, others: Sequence[pysam.VariantFile], shown: Collection[tuple[str, int, int, str]]
) -> Iterator[pysam.VariantRecord]:
    """The records of all files in the order of the first one's contigs, of the others those that are to be shown."""
    order = {name: place for place, name in enumerate(source.header.contigs)}
    kept = [r for other in others for r in other if (r.chrom, r.pos, r.stop, (r.alts or ("",))[0]) in shown]
    for record in kept:
        record.translate(source.header)
    kept.sort(key=lambda record: (order[record.chrom], record.pos))
    return merge(source, kept, key=lambda record: (order[record.chrom], record.pos))


def _without(record: pysam.VariantRecord, withheld: Collection[str]) -> bool:
    """Whether the record may be shown; what its consequences say of withheld genes is taken out."""
    if "BCSQ" not in record.info:
        return True
    told = record.info["BCSQ"]
    kept = tuple(text for text in told if text.partition("|")[2].partition("|")[0] not in withheld)
    if len(kept) == len(told):
        return True
    for sample in record.samples.values():
        if "BCSQ" in sample:  # bits that count the consequences as they stood
            del sample["BCSQ"]
    if kept:
        record.info["BCSQ"] = kept
    return bool(kept)


def _annotate(record: pysam.VariantRecord, candidate: Mapping[str, Any], variant: Mapping[str, Any]) -> None:
    values = {
        "NEO_RANK": candidate["rank"],
        "NEO_GENE": candidate["gene"],
        "NEO_MODEL": candidate["model"],
        "NEO_PROBABILITY": candidate["probability"],
        "NEO_TIER": candidate["tier"],
        "NEO_ACMG": variant["acmg_class"],
        "NEO_POINTS": variant["acmg_points"],
    }
    for name, value in values.items():
        if value is not None:
            record.info[name] = value
