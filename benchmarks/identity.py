"""Mix-ups from reads to report: a father who is another man, a baby with 5 % of another person's reads, a sex mislabelled.

    python benchmarks/identity.py --out DIR

Four trios of one invented genome (12 autosomes, X, Y; seeded, no download), 30 reads deep, drawn and mixed here: as they are,
and with one fault each. The whole workflow runs; printed is what the gates measured, and in which outputs each fault stands.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pysam
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
CONTIGS: Mapping[str, tuple[str, int]] = {f"chr{n}": ("autosome", 40_000) for n in range(1, 13)} | {
    "chrX": ("x", 60_000),
    "chrY": ("y", 40_000),
}
SITE_EVERY_BP = 200
DEPTH = 30
READ_BP, INSERT_BP = 150, 400
ERROR = 0.002
FOREIGN = 0.05
Haplotypes = dict[str, list[np.ndarray]]

FAMILIES = ("RIGHT", "FATHER", "MIXED", "SEX")
EXPECTED = {
    "RIGHT": "",
    "FATHER": "are not parent and child by their genotypes",
    "MIXED": "of the reads may be another person's",
    "SEX": "the sheet says female, the reads say male",
}
OUTPUTS = ("html", "json", "tsv", "vcf.gz", "phenopacket.json", "fhir.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder to work in")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    shutil.rmtree(given.out, ignore_errors=True)
    make(given.out, np.random.default_rng(given.seed))
    command = ["snakemake", "--snakefile", str(CHECKOUT / "Snakefile"), "--configfile", "config.yaml", "--cores", "2"]
    done = subprocess.run(["nice", *command], cwd=given.out, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-6000:])
    wrong = [name for name in FAMILIES if not told(given.out / "results" / name, name)]
    print(f"not as expected: {', '.join(wrong) or 'none'}")
    raise SystemExit(1 if wrong else 0)


def told(folder: Path, name: str) -> bool:
    """Print what the gates say of a family; whether that is as expected."""
    case = name
    qc = json.loads((folder / "qc" / "qc.json").read_text())
    kinship = {"-".join(s.split("-")[1] for s in p["samples"]): p["kinship"] for p in qc["identity"]["pairs"]}
    foreign = {c["sample"].split("-")[1]: c["share"] for c in qc["identity"]["contamination"]}
    sexes = {s["sample"].split("-")[1]: f"{s['sex_stated']}, by depth {s['sex_by_depth']}" for s in qc["samples"]}
    print(f"{name}: {qc['verdict']}; left out: {', '.join(qc['left_out']) or 'nobody'}")
    print(f"  kinship {kinship}; foreign reads {foreign}; baby {sexes['child']}")
    reasons = [reason for reason in qc["reasons"] if EXPECTED[name] and EXPECTED[name] in reason]
    for reason in reasons:
        print(f"  {reason}")
    if not EXPECTED[name]:
        return bool(qc["verdict"] != "red" and not qc["left_out"])
    where = [ending for ending in OUTPUTS if EXPECTED[name] in text_of(folder / "report" / f"{case}.{ending}")]
    print(f"  said in: {', '.join(where)}")
    kind = json.loads((folder / "report" / f"{case}.json").read_text())["case"]["kind"]
    print(f"  reported as a {kind}")
    return bool(qc["verdict"] == "red" and reasons and where == list(OUTPUTS) and (name == "FATHER") == bool(qc["left_out"]))


def text_of(path: Path) -> str:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return content.decode().replace("&#39;", "'")


def make(out: Path, rng: np.random.Generator) -> None:
    """Everything a run takes: genome, genes, frequencies, four families' reads, sheet, cases, config."""
    for folder in ("reads", "cases"):
        (out / folder).mkdir(parents=True)
    genome = {name: rng.integers(0, 4, size).astype(np.uint8) for name, (_, size) in CONTIGS.items()}
    sites = {name: np.arange(100, size - 100, SITE_EVERY_BP) for name, (_, size) in CONTIGS.items() if name != "chrY"}
    frequency = {name: rng.uniform(0.15, 0.85, len(places)) for name, places in sites.items()}
    alternate = {name: (genome[name][places] + 1 + rng.integers(0, 3, len(places))) % 4 for name, places in sites.items()}
    write_genome(out, genome)
    write_frequencies(out / "frequencies.vcf.gz", genome, sites, alternate, frequency)

    def person(sex: str) -> Haplotypes:
        return {
            name: [np.flatnonzero(rng.random(len(f)) < f) for _ in range(copies(name, sex))] for name, f in frequency.items()
        }

    def child(father: Haplotypes, mother: Haplotypes) -> Haplotypes:
        """A boy."""
        pick = {name: (father[name], mother[name]) for name in father if name != "chrX"}
        return {name: [of[rng.integers(0, 2)] for of in pair] for name, pair in pick.items()} | {
            "chrX": [mother["chrX"][rng.integers(0, 2)]]
        }

    rows = ["family\tsample\tfather\tmother\tsex\taffected\tread_group\tfastq_1\tfastq_2"]
    for family in FAMILIES:
        father, mother, guest = person("male"), person("female"), person("male")
        baby = child(father, mother)
        people = {"child": [(baby, 1.0)], "father": [(father, 1.0)], "mother": [(mother, 1.0)]}
        if family == "FATHER":
            people["father"] = [(guest, 1.0)]
        if family == "MIXED":
            people["child"] = [(baby, 1 - FOREIGN), (guest, FOREIGN)]
        for role, mixture in people.items():
            sex = "female" if role == "mother" else "male"
            files = [out / "reads" / f"{family}-{role}_R{mate}.fastq.gz" for mate in (1, 2)]
            write_reads(files, genome, sites, alternate, mixture, sex, rng)
            stated = "female" if (family, role) == ("SEX", "child") else sex
            parents = f"{family}-father\t{family}-mother" if role == "child" else "0\t0"
            affected = "yes" if role == "child" else "no"
            names = "\t".join(f"reads/{file.name}" for file in files)
            rows.append(f"{family}\t{family}-{role}\t{parents}\t{stated}\t{affected}\tL1\t{names}")
        (out / "cases" / f"{family}.yaml").write_text(f"family: {family}\n")
    (out / "samples.tsv").write_text("\n".join(rows) + "\n")


def copies(contig: str, sex: str) -> int:
    return 1 if sex == "male" and contig == "chrX" else 2


def bases(codes: np.ndarray) -> bytes:
    return np.frombuffer(b"ACGT", np.uint8)[codes].tobytes()


def write_genome(out: Path, genome: Mapping[str, np.ndarray]) -> None:
    """FASTA, build, and a gene of four exons on each contig."""
    (out / "genome.fa").write_bytes(b"".join(b">%s\n%s\n" % (name.encode(), bases(codes)) for name, codes in genome.items()))
    contigs = [{"name": name, "length": size, "kind": kind} for name, (kind, size) in CONTIGS.items()]
    (out / "genome.yaml").write_text(yaml.safe_dump({"name": "mixed1", "contigs": contigs, "par": []}))
    lines = ["##gff-version 3"]
    for number, name in enumerate(genome, start=1):
        gene, transcript = f"ENSG{number:011d}", f"ENST{number:011d}"
        exons = [(5001 + 6000 * n, 6000 + 6000 * n) for n in range(4)]
        span = f"{name}\tidentity\t{{}}\t5001\t24000\t.\t+\t.\t"
        lines.append(span.format("gene") + f"ID=gene:{gene};Name=GENE{number};biotype=protein_coding")
        lines.append(span.format("mRNA") + f"ID=transcript:{transcript};Parent=gene:{gene};biotype=protein_coding")
        for start, end in exons:
            lines.append(f"{name}\tidentity\texon\t{start}\t{end}\t.\t+\t.\tParent=transcript:{transcript}")
            lines.append(f"{name}\tidentity\tCDS\t{start}\t{end - 1}\t.\t+\t0\tParent=transcript:{transcript}")
    (out / "genes.gff3").write_text("\n".join(lines) + "\n")
    config = {
        "samplesheet": "samples.tsv",
        "cases": "cases",
        "reference": {"build": "genome.yaml", "fasta": "genome.fa", "gene_models": "genes.gff3"},
        "resources": {"frequencies": [{"name": "drawn", "vcf": "frequencies.vcf.gz", "allele_frequency": "AF"}]},
    }
    (out / "config.yaml").write_text(yaml.safe_dump(config))


def write_frequencies(
    path: Path,
    genome: Mapping[str, np.ndarray],
    sites: Mapping[str, np.ndarray],
    alternate: Mapping[str, np.ndarray],
    frequency: Mapping[str, np.ndarray],
) -> None:
    head = ["##fileformat=VCFv4.2", '##INFO=<ID=AF,Number=A,Type=Float,Description="allele frequency">']
    head += [f"##contig=<ID={name},length={size}>" for name, (_, size) in CONTIGS.items()]
    body = [
        f"{name}\t{at + 1}\t.\t{'ACGT'[genome[name][at]]}\t{'ACGT'[other]}\t.\tPASS\tAF={af:.4f}"
        for name, places in sites.items()
        for at, other, af in zip(places, alternate[name], frequency[name], strict=True)
    ]
    text = "\n".join([*head, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO", *body]) + "\n"
    with pysam.BGZFile(str(path), "wb") as file:
        file.write(text.encode())
    pysam.tabix_index(str(path), preset="vcf", force=True)


def write_reads(
    files: Sequence[Path],
    genome: Mapping[str, np.ndarray],
    sites: Mapping[str, np.ndarray],
    alternate: Mapping[str, np.ndarray],
    mixture: Sequence[tuple[Haplotypes, float]],
    sex: str,
    rng: np.random.Generator,
) -> None:
    """Pairs of every copy of every contig, uniform in place, with errors, of each person in a mixture by the share."""
    pairs: list[tuple[bytes, bytes]] = []
    for haplotypes, share in mixture:
        for name, codes in genome.items():
            carried: list[np.ndarray] = haplotypes.get(name, [np.empty(0, np.int64)] * (sex == "male"))
            for hap in carried:
                own = codes.copy()
                if name in sites:
                    own[sites[name][hap]] = alternate[name][hap]
                count = round(len(own) * DEPTH / 2 * share / (2 * READ_BP))
                starts = rng.integers(0, len(own) - INSERT_BP, count)
                for first in (0, INSERT_BP - READ_BP):
                    reads = own[starts[:, None] + first + np.arange(READ_BP)]
                    slips = rng.random(reads.shape) < ERROR
                    reads[slips] = (reads[slips] + 1) % 4
                    if first == 0:
                        ones = [bases(read) for read in reads]
                    else:
                        pairs += zip(ones, [bases(3 - read[::-1]) for read in reads], strict=True)
    order = rng.permutation(len(pairs))
    quality = b"I" * READ_BP
    for mate, file in enumerate(files):
        text = b"".join(b"@r%d\n%s\n+\n%s\n" % (n, pairs[at][mate], quality) for n, at in enumerate(order))
        file.write_bytes(gzip.compress(text, 1, mtime=0))


if __name__ == "__main__":
    main()
