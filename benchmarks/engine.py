"""The triage engine beside other tools on one generated trio: time as multiples of `bgzip -dc`, and peak memory.

    python benchmarks/engine.py --records 1000000 --sites 8000000 --folder DIR [--output figures.tsv]

Everything is drawn from a seed: a joint trio with the INFO that GATK writes and GT:AD:DP:GQ:PL, one record in ten an indel,
one in fifty with two alternates, half of them in dbSNP, genotypes that follow Mendel but for one in 20,000; a frequency
source that holds nine in ten of the alleles called and as many others as it takes; 19,000 genes of ten exons; ClinVar.

Each tool does its own kind of work, said beside it: a ratio is that of the work as each does it, not of equal work. Each run
is paired with a `bgzip -dc` of the same calls just before it, on one core, so that a busy machine slows both; the median of
the runs counts. Slow tools get the first records only, as many as said, and their figure is scaled. A tool that is not
installed, fails, or exceeds the time limit has a dash.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from neotriage import columns
from neotriage.case import Case, write_case
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, read_build
from neotriage.pedigree import Family, Member, Sex

SAMPLES = ("child", "father", "mother")
FILTERS = ("PASS", "LowQual", "VQSRTrancheSNP99.90to100.00")
HEADER = """##FILTER=<ID=LowQual,Description="Low quality">
##FILTER=<ID=VQSRTrancheSNP99.90to100.00,Description="Truth sensitivity tranche">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency in the family">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Allele number">
##INFO=<ID=BaseQRankSum,Number=1,Type=Float,Description="Rank sum of base qualities">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=ExcessHet,Number=1,Type=Float,Description="Excess heterozygosity">
##INFO=<ID=FS,Number=1,Type=Float,Description="Fisher strand">
##INFO=<ID=MLEAC,Number=A,Type=Integer,Description="Allele count, maximum likelihood">
##INFO=<ID=MLEAF,Number=A,Type=Float,Description="Allele frequency, maximum likelihood">
##INFO=<ID=MQ,Number=1,Type=Float,Description="Mapping quality">
##INFO=<ID=MQRankSum,Number=1,Type=Float,Description="Rank sum of mapping qualities">
##INFO=<ID=QD,Number=1,Type=Float,Description="Quality by depth">
##INFO=<ID=ReadPosRankSum,Number=1,Type=Float,Description="Rank sum of read positions">
##INFO=<ID=SOR,Number=1,Type=Float,Description="Strand odds ratio">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Allele depths">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Phred likelihoods">
"""
SITES_HEADER = """##FILTER=<ID=AC0,Description="No genotype of high quality">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">
##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">
##INFO=<ID=AF_grpmax,Number=A,Type=Float,Description="Highest frequency of a group">
##INFO=<ID=nhomalt,Number=A,Type=Integer,Description="Homozygotes">
"""
CLINVAR_HEADER = """##INFO=<ID=CLNREVSTAT,Number=.,Type=String,Description="Review status">
##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Aggregate classification">
"""
RANKS = """[Version]
version = 1.0
name = benchmark
[Categories]
  [[inheritance]]
    category_aggregation = sum
  [[calls]]
    category_aggregation = sum
[genetic_models]
field = INFO
data_type = string
category = inheritance
record_rule = max
separators = ',', ':', '|'
info_key = GeneticModels
description = the models that the variant follows
  [[not_reported]]
  score = -12
  [[dominant]]
  score = 1
  priority = 1
  string = AD
  [[de_novo]]
  score = 1
  priority = 2
  string = AD_dn
  [[compound]]
  score = 1
  priority = 3
  string = AR_comp
[filter]
field = FILTER
data_type = string
category = calls
record_rule = min
separators = ';',
description = the filters of the caller
  [[not_reported]]
  score = 0
  [[passes]]
  score = 3
  priority = 1
  string = PASS
"""
HIGHEST_RANK = 4  # by these
LARGE_PANEL = 4_000
NEOTRIAGE = Path(sys.executable).with_name("neotriage")
HELP = [str(NEOTRIAGE), "--help"]
ALLELES_COUNTED = 152_312  # of gnomAD 3.1
EXPRESSION = 'GT[0]="het" && GT[1]="RR" && GT[2]="RR" && FMT/GQ[0]>=20 && FMT/DP[0]>=8 && FILTER="PASS"'
CYVCF2 = """
import sys; from cyvcf2 import VCF
kept = 0
for record in VCF(sys.argv[1]):
    types, quality, depth, info = record.gt_types, record.gt_quals, record.gt_depths, record.INFO.get("DP")
    kept += record.FILTER is None and types[0] == 1 and types[1] == 0 and types[2] == 0 and quality[0] >= 20 and depth[0] >= 8
print(kept)
"""


@dataclass(frozen=True)
class Drawn:
    """The generated files."""

    calls: Path
    sites: Path
    genes: Path
    clinvar: Path
    case: Path


class Bgzip:
    """A file written through `bgzip`, whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(path.name + ".partial")

    def __enter__(self) -> Self:
        self.file = self.partial.open("wb")
        self.process = subprocess.Popen(["bgzip", "-c", "-@", "2"], stdin=subprocess.PIPE, stdout=self.file)
        assert self.process.stdin
        self.sink = self.process.stdin
        return self

    def header(self, lines: str, build: Build, columns: list[str]) -> None:
        """Write a VCF header."""
        contigs = "".join(f"##contig=<ID={c.name},length={c.length}>\n" for c in build.contigs)
        names = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", *columns]
        self.sink.write(f"##fileformat=VCFv4.2\n{lines}{contigs}{chr(9).join(names)}\n".encode())

    def lines(self, frame: pl.DataFrame) -> None:
        """Write a frame as lines."""
        frame.write_csv(self.sink, include_header=False, separator="\t", quote_style="never")

    def __exit__(self, *error: object) -> None:
        self.process.communicate()
        self.file.close()
        if error[0] is None:
            os.replace(self.partial, self.path)


def draw(folder: Path, records: int, sites: int, clinvar: int, samples: int, panel: int, seed: int) -> Drawn:
    """Write the files, those that are not there from an earlier run."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = Drawn(
        folder / f"calls.{records}.{samples}.vcf.gz",
        folder / f"sites.{records}.{sites}.vcf.gz",
        folder / "genes.gff3",
        folder / f"clinvar.{records}.{clinvar}.vcf.gz",
        folder / f"case.{samples}.{panel}.json",
    )
    build = read_build("GRCh38")
    contigs = [contig for contig in build.primary if contig.kind.value in {"autosome", "x"}]
    write_genes(drawn.genes, contigs, seed)
    write_family(folder, drawn.case, samples, panel)
    if all(path.exists() for path in (drawn.calls, drawn.sites, drawn.clinvar)):
        return drawn
    total = sum(contig.length for contig in contigs)
    with Bgzip(drawn.calls) as calls, Bgzip(drawn.sites) as source, Bgzip(drawn.clinvar) as reviewed:
        calls.header(HEADER, build, ["FORMAT", *sample_names(samples)])
        source.header(SITES_HEADER, build, [])
        reviewed.header(CLINVAR_HEADER, build, [])
        for number, contig in enumerate(contigs):
            rng = np.random.default_rng([seed, number])
            called = draw_alleles(contig, round(records * contig.length / total), rng)
            calls.lines(call_lines(called, samples, rng))
            source.lines(site_lines(called, draw_alleles(contig, round(sites * contig.length / total), rng), rng))
            others = draw_alleles(contig, round(clinvar * contig.length / total), rng)
            reviewed.lines(clinvar_lines(called, others, rng))
    subprocess.run(["tabix", "-f", "-p", "vcf", drawn.calls], check=True)
    subprocess.run(["tabix", "-f", "-p", "vcf", drawn.sites], check=True)
    return drawn


def sample_names(samples: int) -> list[str]:
    return [*SAMPLES, *(f"sibling{n}" for n in range(1, samples - 2))][:samples]


def draw_alleles(contig: Contig, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Sites in order: chrom, pos, ref, alt, and a frequency in the population, most of those called common."""
    positions = np.unique(rng.integers(10_000, contig.length - 10_000, count)).astype(np.int64)
    count = len(positions)
    bases = np.array(["A", "C", "G", "T"])
    first, shift = rng.integers(0, 4, count), rng.integers(1, 4, count)
    tails = ["".join(bases[rng.integers(0, 4, size)]) for size in np.minimum(rng.geometric(0.3, 4000), 60)]
    kind, tail = rng.random(count), rng.integers(0, len(tails), count)
    common = np.where(rng.random(count) < 0.85, rng.beta(0.6, 0.9, count), 10 ** rng.uniform(-5, -2, count))
    frame = pl.DataFrame(
        {
            "pos": positions,
            "ref": bases[first],
            "alt": bases[(first + shift) % 4],
            "tail": np.array(tails)[tail],
            "kind": kind,
            "frequency": common,
        }
    )
    insertion, deletion = pl.col("kind") < 0.05, pl.col("kind") > 0.95
    return frame.select(
        pl.lit(contig.name).alias("chrom"),
        "pos",
        pl.when(deletion).then(pl.col("ref") + pl.col("tail")).otherwise("ref").alias("ref"),
        pl.when(insertion).then(pl.col("ref") + pl.col("tail")).when(deletion).then("ref").otherwise("alt").alias("alt"),
        "frequency",
    )


def draw_people(frequency: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Alternate alleles of each person, int (sites, samples): parents from the population, children from them."""
    count = len(frequency)
    parents = rng.random((count, 4)) < np.clip(frequency, 0.02, 0.98)[:, None]
    nobody = ~parents.any(axis=1)
    parents[nobody, rng.integers(0, 4, nobody.sum())] = True
    people = [parents[:, :2].sum(axis=1), parents[:, 2:].sum(axis=1)]
    rows = np.arange(count)
    for child in range(max(samples - 2, 1)):
        inherited = parents[rows, rng.integers(0, 2, count)].astype(int) + parents[rows, 2 + rng.integers(0, 2, count)]
        people.insert(0 if child == 0 else len(people), inherited)
    dosage = np.stack(people, axis=1)[:, :samples]
    dosage[rng.random(count) < 1 / 20_000] = [1] + [0] * (samples - 1)
    return dosage


def call_lines(sites: pl.DataFrame, samples: int, rng: np.random.Generator) -> pl.DataFrame:
    """VCF columns of the family's calls."""
    count = len(sites)
    dosage = draw_people(sites["frequency"].to_numpy(), samples, rng)
    depth = rng.poisson(34, (count, samples)) + 2
    alt_reads = rng.binomial(depth, np.choose(dosage, [0.001, 0.49, 0.999]))
    second = rng.random(count)
    has_second = pl.Series(second < 0.02)
    pool = info_pool(rng)
    counts = pl.Series(dosage.sum(axis=1))
    frame = sites.select(
        "chrom",
        pl.col("pos") + 1,
        pl.when(pl.Series(rng.random(count) < 0.5))
        .then(pl.format("rs{}", pl.Series(rng.integers(10**6, 10**9, count))))
        .otherwise(pl.lit("."))
        .alias("id"),
        "ref",
        pl.when(pl.Series(second < 0.004))
        .then(pl.format("{},*", "alt"))
        .when(has_second)
        .then(pl.format("{},{}A", "alt", "alt"))
        .otherwise("alt")
        .alias("alt"),
        pl.Series("qual", np.round(rng.gamma(4, 300, count), 2)),
        pl.Series("filter", np.array(FILTERS)[np.searchsorted([0.97, 0.98], rng.random(count))]),
        pl.format(
            "AC={}{};AF={}{};AN={};{};DP={}",
            counts,
            pl.when(has_second).then(pl.lit(",0")).otherwise(pl.lit("")),
            (counts / (2 * samples)).round(3),
            pl.when(has_second).then(pl.lit(",0.00")).otherwise(pl.lit("")),
            pl.lit(2 * samples),
            pl.Series(np.array(pool)[rng.integers(0, len(pool), count)]),
            pl.Series(depth.sum(axis=1)),
        ).alias("info"),
        pl.lit("GT:AD:DP:GQ:PL").alias("format"),
    )
    return frame.with_columns(
        sample_column(dosage[:, s], depth[:, s], alt_reads[:, s], has_second, rng).alias(f"s{s}") for s in range(samples)
    )


def sample_column(
    dosage: np.ndarray, depth: np.ndarray, alt_reads: np.ndarray, has_second: pl.Series, rng: np.random.Generator
) -> pl.Expr:
    """One person's calls as text."""
    quality = pl.Series(np.minimum(rng.poisson(90, len(dosage)), 99))
    likelihood = rng.integers(200, 1500, len(dosage))
    low, high = pl.Series(likelihood), pl.Series(likelihood + 90)
    kind = pl.Series(dosage)
    likelihoods = (
        pl.when(kind == 0)
        .then(pl.format("0,{},{}", quality, low))
        .when(kind == 1)
        .then(pl.format("{},0,{}", low, high))
        .otherwise(pl.format("{},{},0", high, quality))
    )
    return pl.format(
        "{}:{},{}{}:{}:{}:{}{}",
        pl.Series(np.array(["0/0", "0/1", "1/1"])[dosage]),
        pl.Series(depth - alt_reads),
        pl.Series(alt_reads),
        pl.when(has_second).then(pl.lit(",0")).otherwise(pl.lit("")),
        pl.Series(depth),
        quality,
        likelihoods,
        pl.when(has_second).then(pl.format(",{},{},{}", high, high, high)).otherwise(pl.lit("")),
    )


def info_pool(rng: np.random.Generator) -> list[str]:
    """INFO fields that GATK writes beside counts."""
    return [
        f"BaseQRankSum={a:.3f};ExcessHet={abs(b):.4f};FS={abs(c) * 3:.3f};MLEAC=2;MLEAF=0.333;MQ=60.00;"
        f"MQRankSum={d:.3f};QD={abs(a) * 9:.2f};ReadPosRankSum={b:.3f};SOR={abs(c):.3f}"
        for a, b, c, d in rng.normal(0, 1, (5000, 4)).tolist()
    ]


def site_lines(called: pl.DataFrame, others: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """VCF columns of the frequency source: nine in ten alleles called, and others, which are rare."""
    known = called.filter(pl.Series(rng.random(len(called)) < 0.9))
    rest = (
        others.head(0)
        if len(others) <= len(known)
        else others.filter(pl.Series(rng.random(len(others)) < 1 - len(known) / len(others)))
    )
    rest = rest.with_columns(pl.Series("frequency", 10 ** rng.uniform(-5.2, -2.5, len(rest))))
    both = pl.concat([known, rest]).unique(["pos"], keep="first", maintain_order=True).sort("pos", maintain_order=True)
    frequency = pl.col("frequency")
    return both.select(
        "chrom",
        pl.col("pos") + 1,
        pl.lit(".").alias("id"),
        "ref",
        "alt",
        pl.lit(".").alias("qual"),
        pl.when(pl.col("pos") % 17 == 0).then(pl.lit("AC0")).otherwise(pl.lit("PASS")).alias("filter"),
        pl.format(
            "AC={};AF={};AF_grpmax={};nhomalt={}",
            (frequency * ALLELES_COUNTED).round().cast(pl.Int64),
            frequency.round_sig_figs(6),
            (frequency * 1.3).clip(upper_bound=1.0).round_sig_figs(6),
            (frequency * frequency * ALLELES_COUNTED / 2).round().cast(pl.Int64),
        ).alias("info"),
    )


def clinvar_lines(called: pl.DataFrame, others: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """VCF columns of ClinVar: one in 50 alleles called, mostly benign, and others, of which one in eleven is pathogenic.

    INFO has the fields and the length that NCBI writes.
    """
    known = called.filter(pl.Series(rng.random(len(called)) < 1 / 50))
    words = np.array(["Benign", "Likely_benign", "Uncertain_significance", "Pathogenic", "Likely_pathogenic"])
    said = [(known, [0.6, 0.3, 0.098, 0.001, 0.001]), (others, [0.07, 0.32, 0.52, 0.05, 0.04])]
    parts = [frame.with_columns(pl.Series("said", rng.choice(words, len(frame), p=shares))) for frame, shares in said]
    both = pl.concat(parts).unique(["pos"], keep="first", maintain_order=True).sort("pos", maintain_order=True)
    number = pl.Series(rng.integers(10**5, 10**7, len(both)))
    return both.select(
        "chrom",
        pl.col("pos") + 1,
        number.alias("id"),
        "ref",
        "alt",
        pl.lit(".").alias("qual"),
        pl.lit(".").alias("filter"),
        pl.format(
            "ALLELEID={};CLNDISDB=MONDO:MONDO:0100038,MedGen:C{},OMIM:{}|MedGen:C3661900;CLNDN=Disease_of_a_gene_{}|not_provided;"
            "CLNHGVS=NC_000001.11:g.{}{}>{};CLNREVSTAT=criteria_provided,_single_submitter;CLNSIG={};CLNVC=single_nucleotide_variant;"
            "CLNVCSO=SO:0001483;GENEINFO=GENE{}:{};MC=SO:0001583|missense_variant;ORIGIN=1;RS={}",
            *[number] * 4, pl.col("pos") + 1, "ref", "alt", "said", *[number] * 3,
        ).alias("info"),
    )  # fmt: skip


def write_genes(path: Path, contigs: list[Contig], seed: int) -> None:
    """Gene models: 19,000 genes of ten exons, 30 kb each."""
    rng = np.random.default_rng([seed, 10**6])
    total = sum(contig.length for contig in contigs)
    lines = []
    for contig in contigs:
        starts = rng.integers(50_000, contig.length - 100_000, round(19_000 * contig.length / total))
        for start in np.unique(starts).tolist():
            name = f"{contig.name}_{start}"
            place = f"{contig.name}\tx\t{{}}\t{start}\t{start + 30_000}\t.\t+\t.\t"
            lines.append(place.format("gene") + f"ID=gene:{name};Name={name};biotype=protein_coding\n")
            lines.append(place.format("mRNA") + f"ID=transcript:T{name};Parent=gene:{name};biotype=protein_coding\n")
            lines.extend(
                f"{contig.name}\tx\t{kind}\t{exon}\t{exon + 150}\t.\t+\t0\tParent=transcript:T{name}\n"
                for exon in range(start, start + 30_000, 3_200)
                for kind in ("exon", "CDS")
            )
    path.write_text("".join(lines))


def write_family(folder: Path, path: Path, samples: int, panel: int) -> None:
    """The case: the family with a panel of so many genes, spread over the genome, and its PED file."""
    names = sample_names(samples)
    has_parents = samples >= len(SAMPLES)
    parents = ("father", "mother") if has_parents else (None, None)
    children = [names[0], *names[3:]]
    members = [Member(child, Sex.MALE, child == names[0], *parents) for child in children]
    if has_parents:
        members[1:1] = [Member("father", Sex.MALE, False), Member("mother", Sex.FEMALE, False)]
    lines = [line for line in (folder / "genes.gff3").read_text().splitlines() if "\tgene\t" in line]
    genes = [line.split("ID=gene:")[1].split(";")[0] for line in lines]
    chosen = folder / f"panel.{panel}.txt"
    chosen.write_text("".join(f"{gene}\n" for gene in genes[:: max(len(genes) // max(panel, 1), 1)][:panel]))
    write_case(Case("benchmark", Family("f", tuple(members)), panels=(str(chosen),) if panel else ()), path)
    rows = [
        "\t".join(
            ["f", m.sample, m.father or "0", m.mother or "0", str(1 + (m.sex is Sex.FEMALE)), str(1 + bool(m.is_affected))]
        )
        for m in members
    ]
    (folder / "family.ped").write_text("".join(f"{row}\n" for row in rows))


@dataclass(frozen=True)
class Run:
    """What one run took: wall and processor seconds, highest resident and anonymous memory of its processes, MB."""

    wall: float
    processor: float
    resident: float
    anonymous: float


def measure(command: list[str], limit: float, log: Path) -> Run | None:
    """Run a command; None if it fails or takes longer than the limit."""
    begun = time.perf_counter()
    with log.open("ab") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True, env=environment())
    peaks = [0, 0]
    done = threading.Event()
    sampler = threading.Thread(target=sample_memory, args=(process.pid, peaks, done))
    sampler.start()
    timer = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    timer.cancel()
    done.set()
    sampler.join()
    if process.returncode:
        return None
    return Run(wall, usage.ru_utime + usage.ru_stime, peaks[0] / 1024, peaks[1] / 1024)


def environment() -> dict[str, str]:
    """The environment of what is measured: compiled Python may be kept, as in any installation."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def sample_memory(leader: int, peaks: list[int], done: threading.Event) -> None:
    """Keep the highest resident and anonymous memory (kB) of a process and those it started, looked at each 50 ms."""
    while not done.wait(0.05):
        statuses = [status_of(pid) for pid in descendants(leader)]
        for place, names in enumerate((("VmRSS",), ("RssAnon",))):
            peaks[place] = max(peaks[place], sum(status.get(name, 0) for status in statuses for name in names))


def descendants(pid: int) -> list[int]:
    """A process and all that it started and that still run."""
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # it ended meanwhile
        return []
    return [pid, *(one for child in children for one in descendants(child))]


def status_of(pid: int) -> dict[str, int]:
    """The sizes in a process's status, kB; none if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith(" kB")}


@dataclass(frozen=True)
class Tool:
    """One tool: its name, what it does here, its command, and the share of the records it is given."""

    name: str
    work: str
    command: list[str]
    share: float = 1.0


def tools(drawn: Drawn, folder: Path, options: argparse.Namespace) -> list[Tool]:
    """The tools that are installed, and their work."""
    store, few = folder / f"store.{options.records}.{options.sites}", first_records(drawn.calls, options.few)
    share = min(options.few / options.records, 1.0)
    annotate = f"bcftools annotate -a {drawn.sites} -c INFO/gAF:=INFO/AF {drawn.calls} -Ou"
    rare = f"bcftools view -i '({EXPRESSION}) && (INFO/gAF<0.001 || INFO/gAF=\".\")' -Ou"
    found = [Tool("bgzip -dc, 2 threads", "inflate", ["bgzip", "-dc", "-@", "2", str(drawn.calls)])]
    found += engines(drawn, folder, store, options)
    found += [
        Tool("bcftools view, 2 threads", "parse, write BCF", ["bcftools", "view", "--threads", "2", "-Ou", str(drawn.calls)]),
        Tool("bcftools view -i", "quality, de novo", ["bcftools", "view", "-i", EXPRESSION, "-Ou", str(drawn.calls)]),
        Tool(
            "bcftools annotate | view -i",
            "frequency, quality, de novo",
            ["bash", "-c", f"set -o pipefail; {annotate} | {rare}"],
        ),
        Tool("cyvcf2 loop", "quality, de novo", [sys.executable, "-c", CYVCF2, str(drawn.calls)]),
    ]
    if vcfanno := shutil.which(options.vcfanno):
        config = folder / "vcfanno.toml"
        config.write_text(f'[[annotation]]\nfile="{drawn.sites}"\nfields=["AF"]\nops=["self"]\nnames=["gAF"]\n')
        found.append(Tool("vcfanno -p 2", "frequency", [vcfanno, "-p", "2", str(config), str(drawn.calls)]))
    if slivar := shutil.which(options.slivar):
        de_novo = "denovo:kid.het && mom.hom_ref && dad.hom_ref && kid.GQ >= 20 && kid.DP >= 8"
        command = [slivar, "expr", "--vcf", str(drawn.calls), "--ped", str(folder / "family.ped"), "--trio", de_novo]
        found.append(Tool("slivar expr", "quality, de novo", command))
    if genmod := shutil.which(options.genmod):
        regions = folder / "genes.bed"
        rows = [line.split("\t") for line in drawn.genes.read_text().splitlines() if "\tgene\t" in line]
        regions.write_text("".join(f"{r[0]}\t{int(r[3]) - 1}\t{r[4]}\t{r[8].split(';')[0][8:]}\n" for r in rows))
        (folder / "genmod.ini").write_text(RANKS)
        found += genmod_chain(genmod, few, regions, folder, options)
    if vartriage := shutil.which(options.vartriage):
        people = [
            "--proband",
            "child",
            "--mother",
            "mother",
            "--father",
            "father",
            "--skip-qc",
            "--no-confirm",
        ]
        command = [vartriage, "--vcf", str(few), "--output", str(folder / "vartriage.csv"), "--output-format", "csv", *people]
        found.append(Tool("vartriage", "quality, ACMG", command, share))
    return found


def genmod_chain(genmod: str, calls: Path, regions: Path, folder: Path, options: argparse.Namespace) -> list[Tool]:
    """The first two steps of genmod, and all four; records with one alternate alone, for `genmod compound` fails on others."""
    single, people, out = folder / f"single.{calls.name}", folder / "family.ped", folder / "out"
    if not single.exists():
        subprocess.run(["bcftools", "view", "-m2", "-M2", "-Oz", "-o", str(single), str(calls)], check=True)
    given = subprocess.run(["bcftools", "view", "-H", str(single)], capture_output=True, check=True).stdout.count(b"\n")
    first = f"set -o pipefail; {genmod} annotate --annotate-regions --region-file {regions} {single}"
    models = f"{first} | {genmod} models -p 2 -f {people} -"
    score = f"{genmod} score -c {folder / 'genmod.ini'} -f {people} - > {out / 'genmod.scored.vcf'}"
    compound = f"{genmod} compound -p 2 --threshold {HIGHEST_RANK} -o {out / 'genmod.vcf'} {out / 'genmod.scored.vcf'}"
    share = given / options.records
    return [
        Tool("genmod annotate, models", "genes, inheritance", ["bash", "-c", models], share),
        Tool(
            "genmod chain", "genes, inheritance, score, compounds", ["bash", "-c", f"{models} | {score} && {compound}"], share
        ),
    ]


def engines(drawn: Drawn, folder: Path, store: Path, options: argparse.Namespace) -> list[Tool]:
    """The table stage with all that it does, less of it, and on fewer records; the inheritance stage after it."""
    clinvar, whole = clinvar_store(folder, options), str(drawn.calls)
    no_panel, large = folder / "case.none.json", folder / "case.large.json"
    write_family(folder, no_panel, options.samples, 0)
    write_family(folder, large, options.samples, LARGE_PANEL)
    all_of_it, work = ["--store", str(store), "--clinvar", str(clinvar)], "frequency, quality, genes, ClinVar, ledger"
    runs = [
        (f"{threads} thread{'s' * (threads > 1)}", work, drawn.case, whole, [*all_of_it, "--threads", str(threads)], 1.0)
        for threads in (1, 2)
    ]
    two = ["--threads", "2"]
    runs += [
        ("no look-up", "the same without frequency", drawn.case, whole, ["--clinvar", str(clinvar), *two], 1.0),
        ("no ledger", "the same without panel and ClinVar", no_panel, whole, ["--store", str(store), *two], 1.0),
        ("panel by index", f"{LARGE_PANEL} genes only", large, whole, [*all_of_it, *two, "--panel-genes-only"], 1.0),
        ("ClinVar's VCF", "the same, ClinVar not as store", drawn.case, whole, [*all_of_it[:3], str(drawn.clinvar), *two], 1.0),
    ]
    for part in options.parts:
        few = str(first_records(drawn.calls, part))
        runs.append((f"first {part} records", work, drawn.case, few, [*all_of_it, *two], part / options.records))
    found = [
        Tool(f"neotriage table, {name}", work, engine(drawn, folder, case, calls, given), share)
        for name, work, case, calls, given, share in runs
    ]
    tables = [folder / "out" / f"{name}.parquet" for name in ("variants", "consequences", "annotations", "hits", "ledger2")]
    names = ("--variants", "--consequences", "--annotations", "--hits", "--ledger")
    given = [text for name, path in zip(names, tables, strict=True) for text in (name, str(path))]
    command = [str(NEOTRIAGE), "inheritance", "--case", str(drawn.case), *given]
    return [*found, Tool("neotriage inheritance", "models, compound pairs", command), Tool("neotriage --help", "start", HELP)]


def engine(drawn: Drawn, folder: Path, case: Path, calls: str, given: list[str]) -> list[str]:
    """The command of the table stage; each kind of run writes to the same place."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    return [
        str(NEOTRIAGE), "table", "--case", str(case), "--calls", calls, "--gene-models", str(drawn.genes), *given,
        "--variants", str(out / "variants.parquet"), "--ledger", str(out / "ledger.parquet"),
        "--counts", str(out / "counts.tsv"), "--survivors", str(out / "survivors.vcf.gz"),
    ]  # fmt: skip


def warm_up(drawn: Drawn, folder: Path, store: Path) -> None:
    """Run the table stage once, and write what the inheritance stage needs of annotate: a missense change in each exon."""
    given = ["--store", str(store), "--clinvar", str(drawn.clinvar), "--threads", "2"]
    subprocess.run(engine(drawn, folder, drawn.case, str(drawn.calls), given), check=True, env=environment())
    out = folder / "out"
    variants = columns.read_table(out / "variants.parquet", "variants")
    index = read_gene_models(drawn.genes).exon_index(20)
    rows, genes = [], []
    for (contig,), part in variants.group_by(["chrom"], maintain_order=True):
        starts = part["position"].to_numpy()
        row, gene = index.overlaps(str(contig), starts, starts + part["ref"].str.len_bytes().cast(pl.Int32).to_numpy())
        rows += part["variant"].gather(row).to_list()
        genes += [f"G{number}" for number in gene]
    texts = dict.fromkeys(("refseq", "amino_acids", "joined_with", "strand", "transcript"), [""] * len(rows))
    effects = {"variant": rows, "gene_id": genes, "gene": genes, "terms": ["missense_variant"] * len(rows), **texts}
    effects |= {"impact": ["MODERATE"] * len(rows), "is_mane_select": [True] * len(rows), "exon": [1] * len(rows)}
    columns.write_table(
        columns.frame("consequences", {**effects, "exon_last": [1] * len(rows), "exons": [1] * len(rows)}),
        "consequences",
        out / "consequences.parquet",
    )
    size = variants.height
    texts = dict.fromkeys(("clinvar_id", "clinvar_text", "clinvar_review", "clinvar_conditions", "clinvar_gene"), [""] * size)
    notes = {**texts, "variant": variants["variant"], "clinvar_stars": [-1] * size}
    columns.write_table(columns.frame("annotations", notes), "annotations", out / "annotations.parquet")


def first_records(calls: Path, count: int) -> Path:
    """The header and the first records of the calls, for slow tools."""
    path = calls.with_name(f"first.{count}.{calls.name}")
    if not path.exists():
        command = (
            f"(bcftools view -h {calls}; bcftools view -H {calls} | head -n {count}) | bgzip -c > {path} && tabix -p vcf {path}"
        )
        subprocess.run(["bash", "-c", command], check=True)
    return path


def build_stores(drawn: Drawn, folder: Path, options: argparse.Namespace) -> list[str]:
    """Build the stores, timed, if they are not there, and query that of frequencies; rows of the report."""
    store, clinvar = folder / f"store.{options.records}.{options.sites}", clinvar_store(folder, options)
    frequencies = [
        "--source",
        f"name=drawn,vcf={drawn.sites},af=AF_grpmax,AF,hom=nhomalt",
        "--absent",
        "chrY",
        "--absent",
        "chrM",
    ]
    rows = []
    for kind, path, source, given in (
        ("build", store, drawn.sites, frequencies),
        ("clinvar", clinvar, drawn.clinvar, ["--vcf", str(drawn.clinvar)]),
    ):
        if path.exists():
            continue
        command = [str(NEOTRIAGE), "store", kind, "--output", str(path), "--build", "GRCh38", *given, "--threads", "2"]
        base = measure(["bgzip", "-dc", str(source)], options.limit, folder / "log")
        run = measure(command, options.limit, folder / "log")
        assert base and run, f"the store {path} was not built: see the log"  # noqa: PT018
        rows.append(
            f"store {kind}, 2 threads\t{run.wall:.2f} s\t{run.wall / base.wall:.2f} x bgzip -dc of the source, CPU "
            f"{run.processor / base.processor:.2f} x\t{run.anonymous:.0f} MB anonymous"
        )
    info = subprocess.run([str(NEOTRIAGE), "store", "info", str(store)], capture_output=True, text=True, check=True).stdout
    fields = dict(line.split("\t")[:2] for line in info.splitlines())
    rows.append(f"store size\t{fields['alleles']} alleles\t{fields['bytes_per_allele']} bytes an allele")
    return rows + query_rates(store)


def clinvar_store(folder: Path, options: argparse.Namespace) -> Path:
    return folder / f"clinvar_store.{options.records}.{options.clinvar}"


def query_rates(store: Path) -> list[str]:
    """Look-ups a second, half of them of alleles that are there."""
    from neotriage.store import open_store

    opened = open_store(store)
    rng = np.random.default_rng(1)
    keys = opened.sites("chr1").keys
    rows = []
    for count, what in ((5_000, "scattered"), (1_000_000, "sorted")):
        positions = (keys[rng.integers(0, keys.size, count)] >> 35).astype(np.int32)
        positions = np.sort(positions) if what == "sorted" else positions
        refs, alts = ["A"] * count, [("C", "G", "T")[n % 3] for n in range(count)]
        opened.lookup("chr1", positions[:1000], refs[:1000], alts[:1000])
        begun = time.perf_counter()
        opened.lookup("chr1", positions, refs, alts)
        seconds = time.perf_counter() - begun
        rows.append(f"store query\t{count} {what} on chr1\t{seconds * 1000:.1f} ms\t{count / seconds / 1e6:.2f} M/s")
    return rows


def compare(found: list[Tool], calls: Path, folder: Path, options: argparse.Namespace) -> list[str]:
    """Each tool's runs against `bgzip -dc`; rows of the report."""
    base_command = ["bgzip", "-dc", str(calls)]
    rows = ["tool\twork\twall, x bgzip -dc\tCPU, x bgzip -dc\tseconds\tpeak MB\tanonymous MB\trecords"]
    for tool in found:
        ratios, runs = [], []
        for _ in range(options.repeat if tool.share == 1.0 else 1):
            base = measure(base_command, options.limit, folder / "log")
            run = measure(tool.command, options.limit, folder / "log")
            if run is None or base is None:
                break
            ratios.append((run.wall / base.wall / tool.share, run.processor / base.processor / tool.share))
            runs.append(run)
        if not runs:
            rows.append(f"{tool.name}\t{tool.work}\t-\t-\t-\t-\t-\tfailed, or longer than {options.limit:.0f} s")
            continue
        wall, processor = (statistics.median(values) for values in zip(*ratios, strict=True))
        seconds = statistics.median(run.wall for run in runs)
        resident, anonymous = max(run.resident for run in runs), max(run.anonymous for run in runs)
        scaled = f"{round(options.records * tool.share)}{', scaled' if tool.share < 1 else ''}"
        rows.append(
            f"{tool.name}\t{tool.work}\t{wall:.2f}\t{processor:.2f}\t{seconds:.2f}\t{resident:.0f}\t{anonymous:.0f}\t{scaled}"
        )
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--sites", type=int, default=2_000_000)
    parser.add_argument("--clinvar", type=int, default=200_000, help="alleles of ClinVar beside those called")
    parser.add_argument("--samples", type=int, default=3)
    parser.add_argument("--panel", type=int, default=500, help="genes of the panel, whose every variant is in the ledger")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--few", type=int, default=20_000, help="records for the tools that are slow")
    parser.add_argument("--parts", type=int, nargs="*", default=[], help="run the engine on so many first records, too")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds that a tool may take")
    parser.add_argument("--only", nargs="*", default=[""], help="only the tools whose name holds one of these")
    parser.add_argument("--folder", type=Path, required=True, help="for the generated files; they are used again")
    parser.add_argument("--output", type=Path, help="the figures as TSV")
    for name in ("vcfanno", "slivar", "genmod", "vartriage"):
        parser.add_argument(f"--{name}", default=name, help="its command, if it is not on PATH")
    options = parser.parse_args()
    folder = options.folder.resolve()
    drawn = draw(folder, options.records, options.sites, options.clinvar, options.samples, options.panel, options.seed)
    rows = [f"processors\t{os.cpu_count()}\tload at start\t{' '.join(f'{load:.1f}' for load in os.getloadavg())}"]
    rows += build_stores(drawn, folder, options)
    print(*rows, sep="\n", flush=True)
    warm_up(drawn, folder, folder / f"store.{options.records}.{options.sites}")
    found = [tool for tool in tools(drawn, folder, options) if any(word in tool.name for word in options.only)]
    rows += compare(found, drawn.calls, folder, options)
    rows.append(f"load at end\t{' '.join(f'{load:.1f}' for load in os.getloadavg())}")
    print(rows[-1])
    if options.output:
        options.output.write_text("".join(f"{row}\n" for row in rows))


if __name__ == "__main__":
    main()
