"""ACMG/AMP classes of ClinVar's own variants with their own class masked, family-free: precision and recall by class.

    python benchmarks/acmg.py [--data FOLDER] [--clinvar VCF --reference FASTA --gene-models GFF3 --constraint TSV]

Each unconflicted P/LP and B/LB record is judged as a heterozygous variant of a child without parents; of the variant's own
record nothing is known, all others are. `bcftools csq --local-csq` gives consequences. A gene whose diseases are all
recessive in HPO is held to the recessive frequency cap. The common SNPs of the shared data are the one frequency source: a
variant in it has its frequency; one that is not in it is not known to be rare, so that PM2 is not assessed.
"""

from __future__ import annotations

import argparse
import gzip
import math
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pipeline import shared_folder, show
from planted_cases import is_recessive_only

from neotriage.annotate import consequences_table
from neotriage.case import Case
from neotriage.clinvar import Clinvar, read_clinvar
from neotriage.columns import frame, small_variants
from neotriage.evidence.assemble import Assembler, Tables
from neotriage.evidence.assess import assess
from neotriage.evidence.facts import Facts
from neotriage.evidence.gene_knowledge import KnowledgeSources, read_constraint
from neotriage.evidence.predictions import Predictions
from neotriage.evidence.run import read_reference
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, read_build
from neotriage.pedigree import Member, Sex, check_family
from neotriage.phenotype import PhenotypeModel, load
from neotriage.schema import AcmgClass, ClinvarSignificance, Model

CHILD = "child"
TRUTH = {
    ClinvarSignificance.PATHOGENIC: AcmgClass.PATHOGENIC,
    ClinvarSignificance.LIKELY_PATHOGENIC: AcmgClass.LIKELY_PATHOGENIC,
    ClinvarSignificance.LIKELY_BENIGN: AcmgClass.LIKELY_BENIGN,
    ClinvarSignificance.BENIGN: AcmgClass.BENIGN,
}
_NULL = "stop_gained|frameshift|splice_donor|splice_acceptor|start_lost"
GROUPS = {
    "P/LP": {AcmgClass.PATHOGENIC, AcmgClass.LIKELY_PATHOGENIC},
    "VUS": {AcmgClass.UNCERTAIN},
    "B/LB": {AcmgClass.LIKELY_BENIGN, AcmgClass.BENIGN},
}


@dataclass(frozen=True)
class Files:
    """What the benchmark reads."""

    clinvar: Path
    reference: Path
    gene_models: Path
    constraint: Path
    frequencies: Path


@dataclass(frozen=True)
class Judged:
    """A ClinVar record: the class it has there, ours with its points and criteria, and whether it is one that PVS1 judges."""

    name: str
    truth: AcmgClass
    found: AcmgClass
    points: int
    criteria: tuple[str, ...]
    is_null: bool


Site = tuple[str, int, str, str]


def records(clinvar: Clinvar) -> list[tuple[Site, AcmgClass]]:
    """Records with a class, in order of place."""
    found = []
    for chrom, contig in clinvar.contigs.items():
        for row in range(len(contig.positions)):
            truth = TRUTH.get(contig.significance(row))
            if truth is not None:
                found.append(((chrom, int(contig.positions[row]), contig.refs[row], contig.alts[row]), truth))
    return sorted(found)


def judge(files: Files, folder: Path) -> list[Judged]:
    """Every record with a class that lies in a gene, judged."""
    build = read_build("GRCh38")
    models = read_gene_models(files.gene_models, build)
    clinvar = read_clinvar(files.clinvar, build)
    told = records(clinvar)
    frequencies = read_frequencies(files.frequencies, {chrom for (chrom, _, _, _), _ in told})
    sites = [site for site, _ in told]
    variants = _variants(sites, frequencies)
    consequences, _ = consequences_table(variants, _annotated(sites, build, files, folder), models, CHILD)
    hits = _hits(consequences, load())
    tables = Tables(variants, consequences, _annotations(len(sites)), hits)
    family = check_family("one", [Member(CHILD, Sex.FEMALE, True)], CHILD)
    reference = read_reference(files.reference, build, {gene.contig for gene in models.genes})
    sources = KnowledgeSources(
        clinvar, files.clinvar.name, read_constraint(files.constraint), files.constraint.name, {}, reference
    )
    assembler = Assembler(Case("one", family), build, tables, models, sources, Predictions({}), frozenset())
    criteria, classes = assess(_with_own_coverage(assembler))
    null = set(consequences.filter(pl.col("terms").str.contains(_NULL))["variant"].to_list())
    return list(_best(told, criteria, classes, null))


def _with_own_coverage(assembler: Assembler) -> Iterator[tuple[dict[str, Any], list[tuple[int, Facts]]]]:
    """The facts, a variant's frequency being known only where the source has it."""
    for hit, pair in assembler.facts():
        yield hit, [(v, replace(facts, has_frequency=facts.frequency_source != "")) for v, facts in pair]


def _best(
    told: Sequence[tuple[Site, AcmgClass]], criteria: pl.DataFrame, classes: pl.DataFrame, null: set[int]
) -> Iterator[Judged]:
    """Of a variant in several genes the one with the most points on either side."""
    met = criteria.filter(pl.col("points") != 0)
    by_variant: dict[int, list[dict[str, Any]]] = {}
    for row in classes.iter_rows(named=True):
        by_variant.setdefault(row["variant"], []).append(row)
    for variant, rows in sorted(by_variant.items()):
        row = max(rows, key=lambda r: (abs(r["points"]), r["hit"]))
        own = met.filter((pl.col("hit") == row["hit"]) & (pl.col("variant") == variant))
        (chrom, position, ref, alt), truth = told[variant]
        names = tuple(f"{c}{p:+d}" for c, p in own.select("criterion", "points").iter_rows())
        name = f"{chrom}:{position + 1} {ref}>{alt}"
        yield Judged(name, truth, AcmgClass(row["acmg_class"]), row["points"], names, variant in null)


def read_frequencies(path: Path, chroms: set[str]) -> dict[Site, float]:
    """Allele frequency (INFO/AF) by site on some contigs."""
    found = {}
    with gzip.open(path, "rt") as lines:
        for line in lines:
            if line.startswith("#") or line.partition("\t")[0] not in chroms:
                continue
            chrom, position, _, ref, alt, _, _, info = line.rstrip("\n").split("\t")[:8]
            values = dict(part.split("=", 1) for part in info.split(";") if "=" in part)
            found[chrom, int(position) - 1, ref, alt] = float(values["AF"])
    return found


def _annotated(sites: Sequence[Site], build: Build, files: Files, folder: Path) -> Path:
    plain, annotated = folder / "sites.vcf", folder / "csq.vcf"
    contigs = dict.fromkeys(chrom for chrom, *_ in sites)
    head = ["##fileformat=VCFv4.2", *(f"##contig=<ID={c},length={build.by_name[c].length}>" for c in contigs)]
    head += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
    head += [f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{CHILD}"]
    rows = [f"{c}\t{p + 1}\t.\t{ref}\t{alt}\t.\t.\t.\tGT\t0/1" for c, p, ref, alt in sites]
    plain.write_text("\n".join([*head, *rows]) + "\n")
    command = ["bcftools", "csq", "--local-csq", "-f", str(files.reference), "-g", str(files.gene_models)]
    subprocess.run([*command, "-Ov", "-o", str(annotated), str(plain)], check=True, stderr=subprocess.DEVNULL)
    return annotated


def _variants(sites: Sequence[Site], frequencies: Mapping[Site, float]) -> pl.DataFrame:
    count = len(sites)
    known = [frequencies.get(site, math.nan) for site in sites]
    columns = dict(zip(("chrom", "position", "ref", "alt"), zip(*sites, strict=True), strict=True))
    samples = {name: np.full((count, 1), 30) for name in ("depth", "genotype_quality")}
    samples |= {name: np.full((count, 1), 15) for name in ("ref_depth", "alt_depth")}
    return frame(
        "variants",
        {
            "variant": np.arange(count),
            **small_variants(count, 1),
            **columns,
            "qual": np.full(count, 50.0),
            "filters": ["PASS"] * count,
            "allele_frequency": known,
            "frequency_source": ["" if math.isnan(f) else "common exome SNPs" for f in known],
            "homozygotes": np.full(count, -1),
            "hemizygotes": np.full(count, -1),
            "clinvar_significance": [""] * count,
            "kept_by": np.ones(count),
            "quality_rule": [""] * count,
            "genotype": np.tile([0, 1], (count, 1, 1)),
            "is_phased": np.zeros((count, 1), dtype=np.bool_),
            "phase_set": np.full((count, 1), -1),
            **samples,
        },
        [CHILD],
    )


def _annotations(count: int) -> pl.DataFrame:
    texts = ("clinvar_id", "clinvar_text", "clinvar_review", "clinvar_conditions", "clinvar_gene")
    columns = {"variant": np.arange(count), "clinvar_stars": np.full(count, -1), **{name: [""] * count for name in texts}}
    return frame("annotations", columns)


def _hits(consequences: pl.DataFrame, phenotype: PhenotypeModel) -> pl.DataFrame:
    """One hit for each variant and gene."""
    pairs = consequences.select("variant", "gene_id", "gene").unique(maintain_order=True)
    count = pairs.height
    models = [Model.RECESSIVE_SINGLE if is_recessive_only(phenotype, g) else Model.DOMINANT_UNKNOWN for g in pairs["gene"]]
    return frame(
        "hits",
        {
            "hit": np.arange(count),
            "gene_id": pairs["gene_id"],
            "gene": pairs["gene"],
            "model": [model.value for model in models],
            "variant_a": pairs["variant"],
            "variant_b": np.full(count, -1),
            "phase": ["not_applicable"] * count,
            "de_novo_confidence": ["not_applicable"] * count,
            "is_incomplete": [True] * count,
            "explains_affected": [True] * count,
            "notes": [""] * count,
        },
    )


def confusion(judged: Sequence[Judged]) -> list[list[str]]:
    """ClinVar's class in rows, ours in columns."""
    counts = Counter((j.truth, j.found) for j in judged)
    rows = [["ClinVar", *(c.value for c in AcmgClass), "all"]]
    for truth in TRUTH.values():
        own = [counts[truth, c] for c in AcmgClass]
        rows.append([truth.value, *map(str, own), str(sum(own))])
    return rows


def precision_and_recall(judged: Sequence[Judged]) -> list[list[str]]:
    """By class, and with P and LP, LB and B together; '-' where nothing is divided."""
    rows = [["class", "precision", "recall", "called", "in ClinVar"]]
    rows += [_row(truth.value, {truth}, judged) for truth in TRUTH.values()]
    return [*rows, *(_row(name, GROUPS[name], judged) for name in ("P/LP", "B/LB"))]


def _row(name: str, members: set[AcmgClass], judged: Sequence[Judged]) -> list[str]:
    called = [j for j in judged if j.found in members]
    have = [j for j in judged if j.truth in members]
    both = sum(j.truth in members for j in called)
    precision = f"{100 * both / len(called):.1f}" if called else "-"
    recall = f"{100 * both / len(have):.1f}" if have else "-"
    return [name, precision, recall, str(len(called)), str(len(have))]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="ACMG/AMP classes of ClinVar's variants, their own class masked.")
    parser.add_argument("--data", type=Path, default=shared_folder(), help="folder of the public data")
    for name in ("clinvar", "reference", "gene-models", "constraint", "frequencies"):
        parser.add_argument(f"--{name}", type=Path, help="in place of the shared one")
    parser.add_argument("--list", action="store_true", help="also print each record whose side is called wrongly")
    given = parser.parse_args(arguments)
    data = given.data
    files = Files(
        given.clinvar or data / "clinvar" / "clinvar_2016-11.GRCh38.chr20_1-11114352.vcf.gz",
        given.reference or data / "ref" / "chr20.GRCh38coords.1-11114352.fa.gz",
        given.gene_models or data / "genes" / "mane.grch38.gff3.gz",
        given.constraint or data / "constraint" / "gnomad.v2.1.1.gene-constraints.tsv",
        given.frequencies or data / "vcf" / "common_exome_snps.GRCh38.vcf.gz",
    )
    with tempfile.TemporaryDirectory() as folder:
        judged = judge(files, Path(folder))
    print(f"# {len(judged)} records with a class and a consequence in a gene; {files.clinvar.name}")
    show("classes", confusion(judged))
    show("percentages, all", precision_and_recall(judged))
    show("percentages, null variants", precision_and_recall([j for j in judged if j.is_null]))
    show("percentages, other variants", precision_and_recall([j for j in judged if not j.is_null]))
    met = Counter(c.partition("+")[0].partition("-")[0] for j in judged for c in j.criteria)
    print(f"\n# criteria in force: {dict(sorted(met.items()))}")
    if given.list:
        sides = {c: name for name, members in GROUPS.items() for c in members}
        for j in judged:
            if sides[j.found] != "VUS" and sides[j.found] != sides[j.truth]:
                print(f"{j.name}\t{j.truth}\t{j.found}\t{j.points}\t{' '.join(j.criteria)}")


if __name__ == "__main__":
    main()
