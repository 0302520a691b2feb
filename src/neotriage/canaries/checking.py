"""Send the canaries through a run's own annotation (table, csq, ClinVar, store), and hold the answers to what is known."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pysam

from neotriage.annotate import annotations_table
from neotriage.api import find_consequences, make_table
from neotriage.canaries.file import Canary, Kind
from neotriage.case import Case
from neotriage.errors import ResourceError
from neotriage.genome import Build, read_build
from neotriage.pedigree import Family, Member, Sex

__all__ = ["check_canaries"]

_SAMPLE = "canary"
_SAME = 1e-5  # relative; the store keeps float32


def check_canaries(
    canaries: Sequence[Canary],
    build_source: str,
    *,
    gene_models: Path,
    reference: Path,
    store: Path | None = None,
    clinvar: Path | None = None,
    clinvar_store: Path | None = None,
    threads: int = 1,
) -> dict[str, Any]:
    """How many canaries of each kind were found as expected.

    Args:
        canaries: what is known.
        build_source: name of the build or its YAML file.
        gene_models: the run's.
        reference: the run's, indexed.
        store: the run's frequency store.
        clinvar: the run's ClinVar VCF.
        clinvar_store: the run's store of it, by default the VCF.
        threads: they change nothing but the time.

    Raises:
        ResourceError: a canary is missed; names the first, how many, and the resources.
    """
    if not canaries:
        return {"canaries": 0}
    build = read_build(build_source)
    family = Family(_SAMPLE, (Member(_SAMPLE, Sex.FEMALE, True),))
    with tempfile.TemporaryDirectory(prefix="neotriage.canaries.") as name:
        folder = Path(name)
        calls = _write_calls(canaries, build, folder)
        case = Case(_SAMPLE, family, build=build_source)
        known = clinvar_store or clinvar
        table = make_table(case, calls, gene_models, folder, store=store, clinvar=known, threads=threads)
        consequences = find_consequences(table, reference=reference)
        annotations = annotations_table(table.variants, clinvar, build)
    answers = _Answers(table.variants, annotations, consequences)
    missed = [(canary, said) for canary in canaries if (said := answers.fault(canary))]
    if missed:
        canary, said = missed[0]
        resources = ", ".join(dict.fromkeys(canary.resource for canary, _ in missed))
        raise ResourceError(
            f"{len(missed)} of {len(canaries)} canaries missed, first {canary.name}, {canary.kind}: {said} ({canary.source})",
            file=resources,
            fix="see whether the resource is whole and of this build; if it was changed on purpose, choose the canaries again",
        )
    kinds = {kind.value: sum(canary.kind is kind for canary in canaries) for kind in Kind}
    return {"canaries": len(canaries), **{kind: count for kind, count in kinds.items() if count}}


class _Answers:
    """What the annotation says of each allele."""

    def __init__(self, variants: pl.DataFrame, annotations: pl.DataFrame, consequences: pl.DataFrame) -> None:
        rows = variants.select("variant", "chrom", "position", "ref", "alt", "allele_frequency", "clinvar_significance")
        both = rows.join(annotations, on="variant")
        self._rows: Mapping[tuple[str, int, str, str], dict[str, Any]] = {
            (row["chrom"], row["position"] + 1, row["ref"], row["alt"]): row for row in both.iter_rows(named=True)
        }
        self._consequences = consequences

    def fault(self, canary: Canary) -> str:
        """What is not as expected, '' nothing."""
        row = self._rows.get((canary.chrom, canary.position, canary.ref, canary.alt))
        if row is None:
            return "it is not in the table"
        if canary.kind is Kind.CLINVAR:
            return _clinvar_fault(canary, row)
        if canary.kind is Kind.FREQUENCY:
            return _frequency_fault(canary, float(row["allele_frequency"]))
        of = self._consequences.filter(pl.col("variant") == row["variant"])
        if canary.transcript:
            of = of.filter(pl.col("transcript") == canary.transcript)
        terms = {term for text in of.filter(pl.col("gene") == canary.gene)["terms"] for term in text.split("&")}
        return "" if canary.expected in terms else f"{canary.expected} expected, {'&'.join(sorted(terms)) or 'nothing'} found"


def _clinvar_fault(canary: Canary, row: Mapping[str, Any]) -> str:
    if not row["clinvar_significance"]:
        return "ClinVar's store does not know it"
    found = row["clinvar_text"]
    if canary.expected and found != canary.expected:
        return f"CLNSIG {canary.expected} expected, {found or 'nothing'} found"
    return "" if found else "ClinVar does not know it"


def _frequency_fault(canary: Canary, found: float) -> str:
    if not canary.expected:
        return "no frequency" if math.isnan(found) else ""
    expected = float(canary.expected)
    return "" if math.isclose(found, expected, rel_tol=_SAME) else f"frequency {expected:.6g} expected, {found:.6g} found"


def _write_calls(canaries: Sequence[Canary], build: Build, folder: Path) -> Path:
    """The canaries as homozygous calls of one person, clean in every figure."""
    path = folder / "canaries.vcf"
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={c.name},length={c.length}>" for c in build.contigs)]
    lines += [f'##FORMAT=<ID={n},Number={c},Type={t},Description="{n}">' for n, c, t in _FORMATS]
    lines.append(f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{_SAMPLE}")
    order = {contig.name: place for place, contig in enumerate(build.contigs)}
    alleles = {(canary.chrom, canary.position, canary.ref, canary.alt) for canary in canaries}
    for chrom, position, ref, alt in sorted(alleles, key=lambda allele: (order[allele[0]], *allele[1:])):
        lines.append(f"{chrom}\t{position}\t.\t{ref}\t{alt}\t100\tPASS\t.\tGT:AD:DP:GQ\t1/1:0,30:30:99")
    path.write_text("\n".join(lines) + "\n")
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return folder / "canaries.vcf.gz"


_FORMATS = (("GT", "1", "String"), ("AD", "R", "Integer"), ("DP", "1", "Integer"), ("GQ", "1", "Integer"))
