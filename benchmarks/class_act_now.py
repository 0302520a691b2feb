"""The act-now page: its share of a run's time, and the lines that it has for healthy people.

Time, of each --run (a results folder that has finished): seconds of the jobs that make the page, over those of all jobs of the
family that start from the alignment, both from the run's own benchmark files; and the same of processor time.

Healthy people: HG002 and NA12878, from their real reads (100 kb and 10 kb of chr20, where no treatable gene lies) and, for
HG002, GIAB's calls in the treatable genes of chr20 up to 11.1 Mb with ClinVar's 2016 records there. Any line is false.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pysam
from pipeline import shared_folder

from neotriage.actnow.run import make_page, write_targets
from neotriage.case import Case, Consent
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, ContigKind
from neotriage.pedigree import Family, Member, Sex
from neotriage.simulate.alignments import align, write_reference

LENGTH = 11_114_352
CONTIG = "chr20"
_READS = {
    "HG002": ("HG002_NIST_150bp_downsampled_30x.chr20.10_10p1mb.bam", Sex.MALE),
    "NA12878": ("HG001.chr20.10_10p1mb_sorted.bam", Sex.FEMALE),
}
_TRUTH = "truth/HG002_GRCh38_1_22_v4.2.1_benchmark.chr20.vcf.gz"
_BEFORE = {"reads", "inputs"}
_PAGE = ("actnow", "actnow.tsv")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this class."""
    parser.add_argument("--run", type=Path, action="append", default=[], help="a finished results folder")
    parser.add_argument("--no-people", action="store_true", help="the time alone")


def measure(options: argparse.Namespace, folder: Path) -> Iterator[Sequence[object]]:
    """Rows of time shares, and of lines for healthy people."""
    for run in options.run:
        for case in sorted(path.parent.parent for path in run.glob("*/actnow/outcome.json")):
            yield from _times(run, case)
    if not options.no_people:
        yield from _people(folder)


def _times(run: Path, case: Path) -> Iterator[Sequence[object]]:
    jobs = [(path.parent.name, path.name, *_cost(path)) for path in sorted((case / "benchmarks").rglob("*.tsv"))]
    shared = _cost(run / "resources" / "benchmarks" / "actnow_targets.tsv")
    page = [shared, *((wall, cpu) for stage, name, wall, cpu in jobs if (stage, name) == _PAGE)]
    later = [shared, *((wall, cpu) for stage, _, wall, cpu in jobs if stage not in _BEFORE and not _is_reads(case, stage))]
    for what, place in (("job seconds", 0), ("processor seconds", 1)):
        mine, whole = sum(cost[place] for cost in page), sum(cost[place] for cost in later)
        yield (
            f"{what} of the page, of all jobs after the alignment, {case.name}",
            "",
            f"{whole:.0f}",
            f"{mine:.0f}",
            f"{mine / whole:.3f}",
            "",
        )


def _is_reads(case: Path, stage: str) -> bool:
    """Whether a folder of benchmark files is a sample's in the stage reads."""
    return (case / "benchmarks" / "reads" / stage).is_dir()


def _cost(path: Path) -> tuple[float, float]:
    """Wall and processor seconds of a benchmark file."""
    with path.open() as file:
        row = next(csv.DictReader(file, delimiter="\t"))
    return float(row["s"]), float(row["cpu_time"]) if row["cpu_time"] not in {"-", "NA"} else 0.0


def _people(folder: Path) -> Iterator[Sequence[object]]:
    shared = shared_folder()
    build = Build("chr20", (Contig(CONTIG, LENGTH, ContigKind.AUTOSOME),), ())
    with pysam.FastaFile(str(shared / "ref" / "chr20.GRCh38coords.1-11114352.fa.gz")) as fasta:
        reference = write_reference({CONTIG: fasta.fetch(CONTIG)}, folder / "ref.fa")
    with pysam.TabixFile(str(shared / "genes" / "mane.grch38.gff3.gz")) as tabix:
        genes = [row for row in tabix.fetch(CONTIG, 0, LENGTH) if int(row.split("\t")[4]) <= LENGTH]
    (folder / "genes.gff3").write_text("##gff-version 3\n" + "\n".join(genes) + "\n")
    clinvar = shared / "clinvar" / "clinvar_2016-11.GRCh38.chr20_1-11114352.vcf.gz"
    bed, known = folder / "targets.bed", folder / "known.tsv"
    write_targets(folder / "genes.gff3", build, clinvar, bed, known)
    models = read_gene_models(folder / "genes.gff3", build)
    for name, (file, sex) in _READS.items():
        reads = _aligned(shared / "reads" / file, reference, folder / f"{name}.bam")
        case = Case(name, Family(name, (Member(name, sex, True),)), consent=Consent(secondary_findings=True))
        sets = {"real reads": ["bcftools", "mpileup", "-f", str(reference), "-a", "AD,DP", "-R", str(bed), "-Ou", str(reads)]}
        if name == "HG002":
            sets["GIAB's calls"] = ["bcftools", "view", "-T", str(bed), str(shared / _TRUTH)]
        for what, command in sets.items():
            calls = _consequences(
                command, reference, folder / "genes.gff3", folder / f"{name}.vcf", is_called="mpileup" not in command
            )
            page = make_page(case, build, models, known, calls, reads, reference, None, None)
            alleles = sum(1 for _ in pysam.VariantFile(str(calls)))
            words = f"{name}, {what}: lines, of {alleles} alleles in {page['genes']} treatable genes"
            yield (words, "", 0, len(page["lines"]), "", len(page["lines"]))


def _aligned(given: Path, reference: Path, output: Path) -> Path:
    fastq = output.with_suffix(".fq")
    with fastq.open("w") as file:
        collate = ["samtools", "collate", "-u", "-O", str(given), str(output.with_suffix(""))]
        with subprocess.Popen(collate, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as collated:
            subprocess.run(
                ["samtools", "fastq", "-n", "-"], stdin=collated.stdout, stdout=file, stderr=subprocess.DEVNULL, check=True
            )
    return align(reference, [fastq], output, sample=output.stem)


def _consequences(command: Sequence[str], reference: Path, genes: Path, output: Path, *, is_called: bool) -> Path:
    """Calls with consequences as the rule actnow makes them."""
    text = subprocess.run(command, capture_output=True, check=True).stdout
    steps = [] if is_called else [["bcftools", "call", "-mv", "-a", "GQ", "-Ou"]]
    steps += [["bcftools", "norm", "-f", str(reference), "-m", "-any", "-Ou"]]
    steps += [["bcftools", "csq", "--local-csq", "-p", "a", "-f", str(reference), "-g", str(genes), "-Ov"]]
    for step in steps:
        text = subprocess.run(step, input=text, capture_output=True, check=True).stdout
    output.write_bytes(text)
    return output
