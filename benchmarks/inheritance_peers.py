"""neotriage's inheritance models beside those of `genmod models`, over all genotypes of small families.

    python benchmarks/inheritance_peers.py --genmod PATH_OF_GENMOD [--seed 1]

Every combination of 0/0, 0/1, 1/1 and ./. in child and parents, on an autosome and on X, for each affection of the parents,
and every pair of two heterozygous variants with all genotypes of the parents, goes through both. Prints one line for each
kind of difference, with its reason and a case of it; exits 1 if a difference has no reason. The seed shuffles the order of
the variants, which must not matter.

    python benchmarks/inheritance_peers.py --trio VCF

Prints how many autosomal variants of a real trio (samples: an affected child, well father, well mother) fit each model, each
in a gene of its own, beside the number that a bcftools expression of the same meaning selects; exits 1 if they differ.
"""

import argparse
import itertools
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neotriage import columns
from neotriage.case import Case
from neotriage.genome import read_build
from neotriage.inheritance import find_hits
from neotriage.inheritance.genes import GeneRules
from neotriage.pedigree import Family, Member, Sex
from neotriage.schema import Model

CALLS = {"0/0": [0, 0], "0/1": [0, 1], "1/1": [1, 1], "./.": [-1, -1]}
ABSENT = "-"
OURS = {
    Model.DE_NOVO: "AD_dn",
    Model.DOMINANT_INHERITED: "AD",
    Model.DOMINANT_UNKNOWN: "AD",
    Model.RECESSIVE_HOMOZYGOUS: "AR_hom",
    Model.RECESSIVE_ISODISOMY: "AR_hom_dn",
    Model.RECESSIVE_COMPOUND: "AR_comp",
    Model.X_RECESSIVE: "XR",
    Model.X_DOMINANT: "XD",
    Model.X_DE_NOVO: "X_dn",
    Model.X_COMPOUND: "AR_comp",
}
THEIRS = {"XR_dn": "X_dn", "XD_dn": "X_dn"}
SECONDS = 120
ONE_PARENT_HAS = '((GT[1]="het" && GT[2]="RR") || (GT[1]="RR" && GT[2]="het"))'
NOT_ONE_PARENT_HAS = '((GT[1]="RR" && GT[2]="RR") || (GT[1]="het" && GT[2]="het") || GT[1]="mis" || GT[2]="mis")'
WELL_PARENTS = 'GT[1]!="AA" && GT[2]!="AA"'
EXPRESSIONS = {
    "AD_dn": 'GT[0]="alt" && GT[1]="RR" && GT[2]="RR"',
    "AD": 'GT[0]="alt" && GT[1]!="alt" && GT[2]!="alt" && (GT[1]="mis" || GT[2]="mis")',
    "AR_hom": f'GT[0]="AA" && {WELL_PARENTS} && {NOT_ONE_PARENT_HAS}',
    "AR_hom_dn": f'GT[0]="AA" && {ONE_PARENT_HAS}',
}


@dataclass(frozen=True)
class Group:
    """Families of one shape: where the variants lie, the child's sex, who is there, which parents are affected."""

    chrom: str
    sex: Sex
    present: tuple[bool, bool]
    affected: tuple[bool, bool]

    @property
    def family(self) -> Family:
        """The family; an absent parent is not in it."""
        father = Member("dad", Sex.MALE, self.affected[0])
        mother = Member("mum", Sex.FEMALE, self.affected[1])
        child = Member("kid", self.sex, True, "dad" if self.present[0] else None, "mum" if self.present[1] else None)
        return Family("FAM", (child, *(p for p, is_there in zip((father, mother), self.present, strict=True) if is_there)))

    def __str__(self) -> str:
        parents = [
            f"{name} {'absent' if not is_there else 'affected' if ill else 'well'}"
            for name, is_there, ill in zip(("father", "mother"), self.present, self.affected, strict=True)
        ]
        return f"{self.chrom} {'boy' if self.sex is Sex.MALE else 'girl'}, {', '.join(parents)}"


Row = tuple[str, str, str]  # calls of child, father, mother; ABSENT for an absent parent


def groups() -> Iterator[Group]:
    for chrom, sex in (("chr1", Sex.MALE), ("chrX", Sex.MALE), ("chrX", Sex.FEMALE)):
        for present in itertools.product((True, False), repeat=2):
            for affected in itertools.product((False, True), repeat=2):
                if all(is_there or not ill for is_there, ill in zip(present, affected, strict=True)):
                    yield Group(chrom, sex, present, affected)


def parents_of(group: Group) -> list[tuple[str, str]]:
    father, mother = (list(CALLS) if is_there else [ABSENT] for is_there in group.present)
    return list(itertools.product(father, mother))


def ours(group: Group, genes: list[list[Row]]) -> list[set[str]]:
    """Models of each variant that explain the affected, in genmod's words."""
    samples = group.family.samples
    rows = [(n, row) for n, gene in enumerate(genes) for row in gene]
    size = len(rows)
    calls = [[CALLS[c] for c in row if c != ABSENT] for _, row in rows]
    alt = np.array([[15 * sum(code == 1 for code in call) for call in row] for row in calls])
    whole = np.ones((size, len(samples)), dtype=np.int32)
    variants = columns.frame(
        "variants",
        {
            "variant": np.arange(size),
            **columns.small_variants(size, len(samples)),
            "chrom": [group.chrom] * size,
            "position": np.arange(size) * 10 + 50_000_000,
            "genotype": calls,
            "allele_frequency": [np.nan] * size,
            "qual": [50] * size,
            "is_phased": whole == 0,
            "phase_set": -whole,
            "depth": 30 * whole,
            "ref_depth": 30 - alt,
            "alt_depth": alt,
            "genotype_quality": 60 * whole,
            "kept_by": [1] * size,
            "homozygotes": [-1] * size,
            "hemizygotes": [-1] * size,
            **{name: ["A"] * size for name in ("ref", "alt")},
            **{name: [""] * size for name in ("filters", "frequency_source", "clinvar_significance", "quality_rule")},
        },
        samples,
    )
    words = ("refseq", "amino_acids", "joined_with", "strand", "transcript")
    consequences = columns.frame(
        "consequences",
        {
            "variant": np.arange(size),
            **{name: [f"GENE{n}" for n, _ in rows] for name in ("gene_id", "gene")},
            "terms": ["missense_variant"] * size,
            "impact": ["MODERATE"] * size,
            "is_mane_select": [True] * size,
            **{name: [1] * size for name in ("exon", "exon_last", "exons")},
            **{name: [""] * size for name in words},
        },
    )
    words = ("clinvar_id", "clinvar_text", "clinvar_review", "clinvar_conditions", "clinvar_gene")
    notes = {"variant": np.arange(size), "clinvar_stars": [-1] * size, **{name: [""] * size for name in words}}
    found = find_hits(
        Case("FAM", group.family),
        read_build("GRCh38"),
        variants,
        consequences,
        columns.frame("annotations", notes),
        GeneRules(),
    )
    models: list[set[str]] = [set() for _ in rows]
    for hit in found.hits.iter_rows(named=True):
        if hit["explains_affected"] and hit["model"] in OURS:
            for side in {hit["variant_a"], hit["variant_b"]} - {-1}:
                models[side].add(OURS[Model(hit["model"])])
    return models


def theirs(genmod: str, group: Group, genes: list[list[Row]], folder: Path) -> list[set[str]]:
    """The models that genmod writes for each variant."""
    family = group.family
    sexes = {Sex.MALE: 1, Sex.FEMALE: 2}
    ped = folder / "family.ped"
    ped.write_text(
        "".join(
            f"FAM\t{m.sample}\t{m.father or 0}\t{m.mother or 0}\t{sexes[m.sex]}\t{2 if m.is_affected else 1}\n"
            for m in family.members
        )
    )
    chrom = group.chrom.removeprefix("chr")
    lines = ["##fileformat=VCFv4.2", f"##contig=<ID={chrom}>"]
    lines += ['##INFO=<ID=Annotation,Number=.,Type=String,Description="gene">']
    lines += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">']
    lines.append("\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *family.samples]))
    position = 50_000_000
    for n, gene in enumerate(genes):
        for row in gene:
            position += 10
            calls = [c for c in row if c != ABSENT]
            lines.append("\t".join([chrom, str(position), ".", "A", "C", "50", "PASS", f"Annotation=GENE{n}", "GT", *calls]))
    source, target = folder / "in.vcf", folder / "out.vcf"
    source.write_text("\n".join(lines) + "\n")
    command = [
        genmod,
        "models",
        "-f",
        str(ped),
        "-t",
        "ped",
        "-p",
        "1",
        "--temp_dir",
        str(folder),
        "-o",
        str(target),
        str(source),
    ]
    subprocess.run(command, check=True, timeout=SECONDS, capture_output=True)
    return read_models(target)


def read_models(path: Path) -> list[set[str]]:
    by_position = {}
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            continue
        fields = line.split("\t")
        info = dict(item.partition("=")[::2] for item in fields[7].split(";"))
        words = info.get("GeneticModels", "FAM:").partition(":")[2]
        by_position[int(fields[1])] = {THEIRS.get(word, word) for word in words.split("|") if word}
    return [by_position[position] for position in sorted(by_position)]


@dataclass(frozen=True)
class Difference:
    """One model that one side gives to a variant and the other does not."""

    group: Group
    rows: list[Row]  # the variant, and its partner in the gene if there is one
    model: str
    is_ours: bool
    here: set[str]
    there: set[str]

    @property
    def child(self) -> str:
        """The child's call."""
        return self.rows[0][0]

    @property
    def parents(self) -> tuple[str, str]:
        """The father's and the mother's call."""
        return self.rows[0][1:]

    @property
    def is_open(self) -> bool:
        """Whether a parent who matters is absent or not called."""
        return bool({ABSENT, "./."} & set(self.parents))

    @property
    def is_male_het(self) -> bool:
        """Whether a male is called heterozygous on X."""
        males = ([self.child] if self.group.sex is Sex.MALE else []) + [self.parents[0]]
        return self.group.chrom == "chrX" and "0/1" in males

    def carries(self, parent: int) -> bool:
        """Whether the father (0) or mother (1) is called with the allele."""
        return self.parents[parent] in {"0/1", "1/1"}


NOT_CALLED = "child not called: genmod keeps every model that it cannot exclude; here no finding without a call"
PARENT_OPEN = (
    "a parent absent or not called: genmod calls it de novo as well or instead; here inherited or of unknown origin, incomplete"
)
TWO_ALLELES = "homozygous in a dominant model: genmod wants exactly one copy in the affected; here at least one"
WELL_CARRIER = (
    "a well mother carries it on X: genmod lets well women carry a dominant one; here it does not explain the affected"
)
MALE_HET = "a male called heterozygous on X: genmod takes him for a carrier; here his call says nothing"
ONE_PARENT = "homozygous, one parent lacks it: de novo in genmod; here recessive, with isodisomy, deletion or miscall noted"
NO_PARENT = (
    "homozygous, no parent has it: recessive de novo in genmod; here recessive and de novo (low), a Mendelian error noted"
)
PAIR_NEW = "one of a pair is in no parent: AR_comp_dn in genmod; here a compound of unknown phase"
PAIR_CIS = "both of a pair from one parent, the other has neither: AR_comp_dn in genmod; here in cis, no hit"
PAIR_BOY = "a boy has one X: no compound here"
PAIR_OPEN = (
    "pair with a parent absent or not called: AR_comp and AR_comp_dn, or none, in genmod; here a compound of unknown phase"
)
PAIR_CALLS = "pair with a homozygous or affected parent: genmod wants the affected heterozygous for both; here two copies"
PAIR_SHARED = "one of a pair is in both well parents: no compound in genmod; here of unknown phase"


def reason(d: Difference) -> str:
    """Why the two differ, '' unexplained."""
    if d.child == "./.":
        return NOT_CALLED
    if d.model.startswith("AR_comp"):
        return pair_reason(d)
    if d.child == "1/1" and d.parents == ("0/0", "0/0"):
        return NO_PARENT
    if is_of_one_parent(d):
        return ONE_PARENT
    if d.is_ours and d.is_male_het:
        return MALE_HET
    if d.is_ours and d.model in {"AD", "XD"} and "1/1" in (d.child, *d.parents):
        return TWO_ALLELES
    if d.model == "XD" and not d.is_ours and d.carries(1) and not d.group.affected[1]:
        return WELL_CARRIER
    if d.is_open and (d.model.endswith("_dn") or d.is_ours):
        return PARENT_OPEN
    return ""


def is_of_one_parent(d: Difference) -> bool:
    """Whether a homozygous child has one parent with the allele and one called without it."""
    is_diploid = d.group.chrom == "chr1" or d.group.sex is Sex.FEMALE
    is_one = d.child == "1/1" and "0/0" in d.parents and (d.carries(0) or d.carries(1))
    return is_diploid and is_one and d.model in {"AR_hom", "AR_hom_dn", "XR", "X_dn"}


def pair_reason(d: Difference) -> str:
    """Why a pair differs."""
    if d.group.chrom == "chrX" and d.group.sex is Sex.MALE:
        return PAIR_BOY
    calls = [row[1:] for row in d.rows]
    flat = {call for row in calls for call in row}
    has = [[row[parent] in {"0/1", "1/1"} for row in calls] for parent in (0, 1)]
    if d.is_ours and ("1/1" in flat or any(d.group.affected)):
        return PAIR_CALLS
    return pair_of_well(d, flat, has)


def pair_of_well(d: Difference, flat: set[str], has: list[list[bool]]) -> str:
    if d.is_ours and any(has[0][n] and has[1][n] for n in (0, 1)):
        return PAIR_SHARED
    if {ABSENT, "./."} & flat:
        return PAIR_OPEN
    if any(not has[0][n] and not has[1][n] for n in (0, 1)):
        return PAIR_NEW
    if (not any(has[0]) or not any(has[1])) and "AR_comp" not in d.here:
        return PAIR_CIS
    return MALE_HET if d.is_male_het else ""


def called(trio: Path, expression: str) -> list[Row]:
    """Calls of the biallelic records that a bcftools expression selects; records with a call in part are left out."""
    command = ["bcftools", "view", "-H", "-i", f"N_ALT=1 && ({expression})", str(trio)]
    records = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [[call.partition(":")[0].replace("|", "/").replace("1/0", "0/1") for call in r.split("\t")[9:]] for r in records]
    return [(child, father, mother) for child, father, mother in rows if {child, father, mother} <= CALLS.keys()]


def compare_trio(trio: Path) -> bool:
    """Print each model's number here and by bcftools; whether they are all the same."""
    group = Group("chr1", Sex.FEMALE, (True, True), (False, False))
    models = ours(group, [[row] for row in called(trio, "N_ALT=1")])
    print("model\tneotriage\tbcftools\texpression")
    is_same = True
    for model, expression in EXPRESSIONS.items():
        here, there = sum(model in found for found in models), len(called(trio, expression))
        is_same &= here == there
        print(f"{model}\t{here}\t{there}\t{expression}")
    return is_same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genmod", default=shutil.which("genmod"), help="path of genmod")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trio", type=Path, help="VCF of a real trio: compare with bcftools instead")
    arguments = parser.parse_args()
    if arguments.trio is not None:
        sys.exit(not compare_trio(arguments.trio))
    if arguments.genmod is None:
        sys.exit("genmod is not installed: put it into an environment of its own (pip install genmod) and give its path")
    print("slivar:", shutil.which("slivar") or "not installed, not compared")
    shuffle = random.Random(arguments.seed).shuffle
    table: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    compared = same = 0
    for group in groups():
        singles = [[(child, *parents)] for child in CALLS for parents in parents_of(group)]
        pairs = [[("0/1", *a), ("0/1", *b)] for a, b in itertools.combinations_with_replacement(parents_of(group), 2)]
        for genes in (singles, pairs):
            shuffle(genes)
            with tempfile.TemporaryDirectory() as folder:
                there = theirs(arguments.genmod, group, genes, Path(folder))
            here = ours(group, genes)
            rows = [(gene, row) for gene in genes for row in gene]
            for (gene, row), mine, others in zip(rows, here, there, strict=True):
                compared += 1
                same += mine == others
                order = [row, *(other for other in gene if other is not row)]
                for model in sorted(mine ^ others):
                    d = Difference(group, order, model, model in mine, mine, others)
                    case = f"{group}: {' with '.join(' '.join(r) for r in order)}"
                    table[reason(d), model, "neotriage" if d.is_ours else "genmod"].append(case)
    print(f"{compared} variants compared, {same} with the same models")
    for (why, model, only), cases in sorted(table.items()):
        print(f"{len(cases)}\t{model}\tonly {only}\t{why or 'UNEXPLAINED'}\t{min(cases)}")
    sys.exit(any(not why for why, _, _ in table))


if __name__ == "__main__":
    main()
