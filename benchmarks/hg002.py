"""Real reads: HG002's calls against GIAB v4.2.1, and the CEU trio as a joint trio.

    python benchmarks/hg002.py --out DIR [--caller bcftools] [--cores 2]

HG002: the reads of b37 20:10.0-10.1 Mb are turned into FASTQ and go through the pipeline on the GRCh38-coordinates slice of
chr20; inside GIAB's confident regions the calls are held against the truth by exact alleles and genotypes, after
`bcftools norm -m -any` on both sides (no haplotype-aware matching). Calls below QUAL 20 are left out, as the table stage does.

CEU trio: NA12878 with both parents, 10 kb, no truth at hand: how many variants, how many genotypes complete, how many
contradict Mendel.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pipeline import run_pipeline, shared_folder

from neotriage.simulate.families import CONTIG, SharedData, write_slice

REGION = (10_019_352, 10_119_352)
"""Where the reads of b37 20:10.0-10.1 Mb lie in GRCh38 coordinates (moved by 19,352), 0-based."""

LEAST_QUAL = 20.0
_TRIO = {"NA12878": "HG001.chr20.10_10p1mb_sorted.bam", "NA12891": "NA12891.chr20.10_10p1mb_sorted.bam"}
_TRIO["NA12892"] = "NA12892.chr20.10_10p1mb_sorted.bam"
_HG002 = "HG002_NIST_150bp_downsampled_30x.chr20.10_10p1mb.bam"
_SHEET = "family\tsample\tfather\tmother\tsex\taffected\tread_group\tfastq_1\tfastq_2\n"

Key = tuple[int, str, str]


@dataclass(frozen=True)
class Comparison:
    """Counts of alleles; `agreeing` are found with the truth's genotype."""

    truth: int
    found: int
    agreeing: int
    extra: int

    @property
    def recall(self) -> float:
        """Share of the truth that was found, genotype aside."""
        return self.found / self.truth if self.truth else float("nan")

    @property
    def precision(self) -> float:
        """Share of the calls that are true, genotype aside."""
        called = self.found + self.extra
        return self.found / called if called else float("nan")

    @property
    def concordance(self) -> float:
        """Share of the found whose genotype is the truth's."""
        return self.agreeing / self.found if self.found else float("nan")


def compare(truth: Mapping[Key, int], calls: Mapping[Key, int]) -> Comparison:
    """Calls against truth, both (0-based position, ref, alt) -> copies of alt, 1 or more."""
    found = truth.keys() & calls.keys()
    agreeing = sum(truth[key] == calls[key] for key in found)
    return Comparison(len(truth), len(found), agreeing, len(calls.keys() - truth.keys()))


def read_alleles(
    vcf: Path, reference: Path, regions: Sequence[tuple[int, int]], sample: str, least_qual: float
) -> dict[Key, int]:
    """Alleles of a sample that lie wholly inside the regions: key -> copies, after `bcftools norm -m -any`.

    Args:
        vcf: indexed VCF.
        reference: FASTA that the alleles are normalised against.
        regions: 0-based half-open intervals on the contig.
        sample: its name, `-` for the file's only one.
        least_qual: records with a lower QUAL are left out; a missing QUAL passes.
    """
    start, end = min(regions)[0], max(end for _, end in regions)
    norm = ["bcftools", "norm", "-m", "-any", "-f", str(reference), "-r", f"{CONTIG}:{start + 1}-{end}", "-Ou", str(vcf)]
    query = ["bcftools", "query", "-f", r"%POS\t%REF\t%ALT\t%QUAL\t[%GT]\n"]
    query += [] if sample == "-" else ["-s", sample]
    normalised = subprocess.run(norm, check=True, capture_output=True)
    text = subprocess.run(query, check=True, capture_output=True, input=normalised.stdout).stdout.decode()
    found: dict[Key, int] = {}
    for line in text.splitlines():
        position, ref, alt, qual, genotype = line.split("\t")
        place, copies = int(position) - 1, genotype.replace("|", "/").split("/").count("1")
        is_inside = any(low <= place and place + len(ref) <= high for low, high in regions)
        if copies and is_inside and alt != "*" and (qual == "." or float(qual) >= least_qual):
            found[place, ref, alt] = copies
    return found


def confident_regions(bed: Path, within: tuple[int, int]) -> list[tuple[int, int]]:
    """The truth's BED, cut to an interval."""
    found = []
    for line in bed.read_text().splitlines():
        contig, start, end = line.split("\t")[:3]
        low, high = max(int(start), within[0]), min(int(end), within[1])
        if contig == CONTIG and low < high:
            found.append((low, high))
    return found


def is_mendelian(child: Sequence[str], father: Sequence[str], mother: Sequence[str]) -> bool:
    """Whether the child has one allele of each parent."""
    return any(sorted(child) == sorted((f, m)) for f in father for m in mother)


def _write_fastq(bam: Path, prefix: Path) -> None:
    """Pairs of a BAM as FASTQ; reads whose mate is not in the file are left out."""
    collate = ["samtools", "collate", "-u", "-O", str(bam), str(prefix.with_suffix(".collate"))]
    paired = ["samtools", "fastq", "-N", "-1", f"{prefix}_R1.fastq.gz", "-2", f"{prefix}_R2.fastq.gz", "-0", "/dev/null"]
    collated = subprocess.run(collate, check=True, capture_output=True).stdout
    subprocess.run([*paired, "-s", "/dev/null", "-"], check=True, capture_output=True, input=collated)


def make_run(shared: SharedData, folder: Path, caller: str) -> None:
    """A run folder with two families: HG002 alone, and the CEU trio."""
    for name in ("cases", "reads"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for sample, bam in {"HG002": _HG002, **_TRIO}.items():
        _write_fastq(shared.folder / "reads" / bam, folder / "reads" / sample)
    rows = ["HG002\tHG002\t0\t0\tmale\tyes", "CEU\tNA12878\tNA12891\tNA12892\tfemale\tyes"]
    rows += ["CEU\tNA12891\t0\t0\tmale\tno", "CEU\tNA12892\t0\t0\tfemale\tno"]
    lines = [
        f"{row}\tL1\treads/{name}_R1.fastq.gz\treads/{name}_R2.fastq.gz\n" for row in rows for name in (row.split("\t")[1],)
    ]
    (folder / "samples.tsv").write_text("".join([_SHEET, *lines]))
    for family, proband in (("HG002", "HG002"), ("CEU", "NA12878")):
        (folder / "cases" / f"{family}.yaml").write_text(yaml.safe_dump({"family": family, "proband": proband}))
    write_slice(shared, folder, [REGION])
    config = {
        "samplesheet": "samples.tsv",
        "cases": "cases",
        "outdir": "results",
        "reference": {"build": "genome.yaml", "fasta": str(shared.path("reference").resolve()), "gene_models": "genes.gff3"},
        "resources": {"clinvar": "clinvar.vcf.gz"},
        "calls": {"caller": caller, "regions_bed": "windows.bed"},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


def _print_hg002(shared: SharedData, folder: Path, caller: str) -> None:
    regions = confident_regions(shared.path("regions"), REGION)
    fasta = shared.path("reference")
    truth = read_alleles(shared.path("truth"), fasta, regions, "-", 0.0)
    calls = read_alleles(folder / "results/HG002/calls/calls.vcf.gz", fasta, regions, "HG002", LEAST_QUAL)
    print(f"\nHG002, real reads, {caller}, against GIAB v4.2.1 in {sum(e - s for s, e in regions):,} confident bp of chr20")
    print("exact alleles and genotypes after bcftools norm -m -any on both sides; QUAL >= 20")
    print(f"{'':8}{'truth':>8}{'found':>8}{'missed':>8}{'extra':>8}{'recall':>9}{'precision':>11}{'genotype':>10}")
    for name, chosen in (("all", None), ("SNV", True), ("indel", False)):
        parts = [{k: n for k, n in side.items() if chosen in (None, len(k[1]) == len(k[2]))} for side in (truth, calls)]
        found = compare(parts[0], parts[1])
        counts = (found.truth, found.found, found.truth - found.found, found.extra)
        shares = f"{found.recall:>9.4f}{found.precision:>11.4f}{found.concordance:>10.4f}"
        print(f"{name:8}" + "".join(f"{n:>8}" for n in counts) + shares)
    for what, keys in (("missed", truth.keys() - calls.keys()), ("extra", calls.keys() - truth.keys())):
        for position, ref, alt in sorted(keys):
            print(f"{what}: {CONTIG}:{position + 1} {ref}>{alt}")
    for key in sorted(key for key in truth.keys() & calls.keys() if truth[key] != calls[key]):
        print(f"other genotype: {CONTIG}:{key[0] + 1} {key[1]}>{key[2]}, truth {truth[key]} copies, called {calls[key]}")


def trio_genotypes(vcf: Path) -> Iterator[list[list[str]]]:
    """Genotypes of child, father and mother, each as a list of allele codes, of the records of QUAL 20 and more."""
    query = ["bcftools", "query", "-i", f"QUAL>={LEAST_QUAL}", "-s", ",".join(_TRIO), "-f", r"[%GT\t]\n", str(vcf)]
    text = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        yield [genotype.replace("|", "/").split("/") for genotype in line.split()]


def _print_trio(folder: Path, caller: str) -> None:
    genotypes = list(trio_genotypes(folder / "results/CEU/calls/calls.vcf.gz"))
    complete = [trio for trio in genotypes if all("." not in genotype for genotype in trio)]
    against = sum(not is_mendelian(*trio) for trio in complete)
    print(f"\nCEU trio, real reads, {caller}, joint, 10 kb: {len(genotypes)} variants, {len(complete)} with three genotypes,")
    print(f"{against} against Mendel")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="run folder")
    parser.add_argument("--caller", default="bcftools", choices=("bcftools", "freebayes"))
    parser.add_argument("--cores", type=int, default=2)
    given = parser.parse_args()
    shared = SharedData(shared_folder())
    make_run(shared, given.out, given.caller)
    seconds = run_pipeline(given.out, [f"results/{family}/calls/calls.vcf.gz" for family in ("HG002", "CEU")], given.cores)
    _print_hg002(shared, given.out, given.caller)
    _print_trio(given.out, given.caller)
    print(f"\nreads to calls, both families, {given.cores} cores: {seconds:.0f} s")


if __name__ == "__main__":
    main()
