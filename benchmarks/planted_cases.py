"""Solved cases as trios: the published variants planted among rare decoys, as the tables that the inheritance stage reads.

The published variants keep their GRCh38 coordinates and zygosity. Genotypes of parents are not published; they are made so:

    one heterozygous allele, dominant disease     de novo in three of four, else from an affected parent
    two heterozygous alleles                      one from each healthy parent
    homozygous, recessive disease                 one from each healthy parent
    hemizygous boy                                from his healthy mother in two of three, else de novo
    one heterozygous allele of a girl, X-linked   de novo in three of four, else from her affected mother

Where the zygosity does not agree with the disease's modes in HPO (one allele of a recessive disease, two of a dominant one)
the case is left out and counted; so are structural variants and genes that the gene models lack.

There is no whole reference here, so what a planted variant does to the protein is read from its published HGVS p., and from
c. where p. says nothing (splice sites). An exonic substitution without p. is taken as missense, an indel as frameshift or
in-frame by its length.

Decoys lie in other genes. Missense alleles are drawn by the length of a gene's coding sequence, pairs by its square; an allele
is loss of function with probability 0.06 times the gene's observed over expected rate (gnomAD's constraint table), scaled
to a mean of one.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from neotriage.case import Case
from neotriage.columns import frame, small_variants
from neotriage.gene_models import GeneModels, Transcript
from neotriage.pedigree import Family, Member, Sex, check_family
from neotriage.phenotype import PhenotypeModel

__all__ = ["Allele", "Decoys", "Planted", "Solved", "is_recessive_only", "plant", "read_solved", "tables_of"]

BABY, FATHER, MOTHER = SAMPLES = ("baby", "father", "mother")
LOF_SHARE = 0.06
DE_NOVO_SHARE = 0.75
X_DE_NOVO_SHARE = 1 / 3
CARRIED = 2.0  # known recessive P/LP alleles a baby carries, mean
NEW = 1.0  # coding de novo alleles a baby has, mean
PATTERNS = {"inherited": 0.70, "compound": 0.22, "homozygous": 0.08}  # of the other decoy genes
_STARS_TEXT = "criteria_provided,_multiple_submitters,_no_conflicts"
_TERMS = {
    "stop_gained": "HIGH",
    "frameshift_variant": "HIGH",
    "splice_donor_variant": "HIGH",
    "splice_acceptor_variant": "HIGH",
    "start_lost": "HIGH",
    "stop_lost": "HIGH",
    "missense_variant": "MODERATE",
    "inframe_deletion": "MODERATE",
    "inframe_insertion": "MODERATE",
    "splice_region_variant": "LOW",
    "synonymous_variant": "LOW",
    "intron_variant": "MODIFIER",
    "5_prime_UTR_variant": "MODIFIER",
}
_OFFSET = re.compile(r"c\.[-*]?\d+([+-]\d+)")
_SPLICE_REGION = 8


@dataclass(frozen=True)
class Allele:
    """One variant with the trio's genotypes: 0/1 codes by sample; -2 in second place where haploid."""

    gene: str
    chrom: str
    position: int
    ref: str
    alt: str
    term: str
    genotypes: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
    is_known: bool = False
    frequency: float = float("nan")


@dataclass(frozen=True)
class Solved:
    """A published case: gene, disease, paper, the baby's sex (drawn where not stated), zygosity by allele, and its alleles."""

    name: str
    gene: str
    disease: str
    paper: str
    sex: str
    present: tuple[str, ...]
    excluded: tuple[str, ...]
    zygosity: tuple[str, ...]
    alleles: tuple[Allele, ...]
    modes: tuple[str, ...]


@dataclass(frozen=True)
class Planted:
    """A case with its family, its own alleles and the decoys by gene, in the order in which genes are added."""

    case: Case
    truth: tuple[Allele, ...]
    decoys: tuple[tuple[Allele, ...], ...]


def read_solved(path: Path, models: GeneModels, phenotype: PhenotypeModel) -> tuple[list[Solved], Counter[str]]:
    """Cases that can be planted, in file order, and why the others cannot be."""
    cases: list[Solved] = []
    left_out: Counter[str] = Counter()
    with gzip.open(path, "rt") as lines:
        for line in lines:
            found = _solved(json.loads(line), models, phenotype)
            if isinstance(found, str):
                left_out[found] += 1
            else:
                cases.append(found)
    return cases, left_out


def _solved(packet: Mapping[str, Any], models: GeneModels, phenotype: PhenotypeModel) -> Solved | str:
    diagnosis = packet["interpretations"][0]["diagnosis"]
    variants = [i["variantInterpretation"]["variationDescriptor"] for i in diagnosis["genomicInterpretations"]]
    gene, disease = variants[0]["geneContext"]["symbol"], diagnosis["disease"]["id"]
    if any("vcfRecord" not in v for v in variants):
        return "structural variant"
    if gene not in models.by_symbol or gene not in phenotype.gene_number:
        return "gene not in the gene models or in HPO"
    alleles = tuple(_published(gene, v) for v in variants)
    if models.genes[models.by_symbol[gene][0]].contig != alleles[0].chrom:
        return "variant not on the gene's contig"
    zygosity = tuple(v["allelicState"]["label"] for v in variants)
    modes = _modes(phenotype, gene, disease)
    if not _agrees(zygosity, modes, alleles[0].chrom):
        return "zygosity does not agree with the disease's modes in HPO"
    features = packet.get("phenotypicFeatures", [])
    number = phenotype.term_number
    ids: dict[bool, list[str]] = {True: [], False: []}
    for feature in features:
        ids[bool(feature.get("excluded"))].append(phenotype.replaced.get(feature["type"]["id"], feature["type"]["id"]))
    present = tuple(t for t in dict.fromkeys(ids[False]) if t in number and phenotype.is_phenotypic[number[t]])
    if not present:
        return "no present term of this HPO release"
    excluded = tuple(t for t in dict.fromkeys(ids[True]) if t in number and t not in present)
    sex = packet["subject"].get("sex", "").lower()
    paper = packet["metaData"]["externalReferences"][0]["id"]
    return Solved(packet["_file"], gene, disease, paper, sex, present, excluded, zygosity, alleles, modes)


def _modes(phenotype: PhenotypeModel, gene: str, disease: str) -> tuple[str, ...]:
    """Modes of the disease in HPO, else of all the gene's diseases."""
    number = phenotype.disease_number.get(disease)
    if number is not None and phenotype.diseases[number].modes:
        return phenotype.diseases[number].modes
    at = phenotype.gene_number[gene]
    own = phenotype.gene_disease[phenotype.gene_start[at] : phenotype.gene_start[at + 1]].tolist()
    return tuple(sorted({mode for d in own for mode in phenotype.diseases[d].modes}))


def _agrees(zygosity: Sequence[str], modes: Sequence[str], chrom: str) -> bool:
    words = " ".join(modes).lower()
    if chrom == "chrX":
        is_girls = zygosity == ("heterozygous",) and "recessive" not in words
        return "x-linked" in words and (zygosity == ("hemizygous",) or is_girls)
    if zygosity == ("heterozygous",):
        return "autosomal dominant" in words or "semidominant" in words
    is_two = zygosity in {("homozygous",), ("heterozygous", "heterozygous")}
    return is_two and ("autosomal recessive" in words or "semidominant" in words)


def _published(gene: str, descriptor: Mapping[str, Any]) -> Allele:
    record = descriptor["vcfRecord"]
    texts = {e["syntax"]: e["value"].rpartition(":")[2] for e in descriptor.get("expressions", [])}
    term = published_term(texts.get("hgvs.p", ""), texts.get("hgvs.c", ""), record["ref"], record["alt"])
    return Allele(gene, record["chrom"], int(record["pos"]) - 1, record["ref"], record["alt"], term, ((0, 1), (0, 0), (0, 0)))


def published_term(protein: str, coding: str, ref: str, alt: str) -> str:
    """The Sequence Ontology term of a published HGVS p., of c. where p. says nothing, else of the alleles' lengths."""
    by_place = _term_by_place(coding)
    if by_place in {"splice_donor_variant", "splice_acceptor_variant"} or (by_place and not _says_protein(protein)):
        return by_place
    if _says_protein(protein):
        return _term_of_protein(protein)
    if len(ref) == len(alt):
        return "missense_variant"
    if (len(ref) - len(alt)) % 3:
        return "frameshift_variant"
    return "inframe_deletion" if len(ref) > len(alt) else "inframe_insertion"


def _says_protein(protein: str) -> bool:
    return bool(protein) and "?" not in protein.replace("Met1?", "")


def _term_of_protein(protein: str) -> str:
    rules = (
        ("Met1", "start_lost"),
        ("ext", "stop_lost"),
        ("fs", "frameshift_variant"),
        ("Ter", "stop_gained"),
        ("*", "stop_gained"),
        ("=", "synonymous_variant"),
        ("dup", "inframe_insertion"),
        ("delins", "inframe_deletion"),
        ("ins", "inframe_insertion"),
        ("del", "inframe_deletion"),
    )
    return next((term for text, term in rules if text in protein), "missense_variant")


def _term_by_place(coding: str) -> str:
    """The term of an intronic or untranslated place by HGVS c., '' where it is exonic."""
    found = _OFFSET.search(coding)
    if found is None:
        return "5_prime_UTR_variant" if coding.startswith(("c.-", "c.*")) else ""
    offset = int(found[1])
    if abs(offset) <= 2:
        return "splice_donor_variant" if offset > 0 else "splice_acceptor_variant"
    return "splice_region_variant" if abs(offset) <= _SPLICE_REGION else "intron_variant"


@dataclass(frozen=True)
class Decoys:
    """Genes that decoys are drawn from: places in the gene models, weights by coding length, rate of loss of function."""

    models: GeneModels
    transcripts: Mapping[str, Transcript]
    genes: np.ndarray
    length: np.ndarray
    lof: np.ndarray
    carried: tuple[str, ...]

    @staticmethod
    def of(models: GeneModels, constraint: Path, phenotype: PhenotypeModel, *, diseases_only: bool) -> Decoys:
        """From the gene models (MANE Select, autosomes and X) and gnomAD's table of constraint by gene."""
        rate = _observed_over_expected(constraint)
        transcripts = {
            models.genes[t.gene].symbol: t
            for t in models.transcripts
            if t.is_mane_select and t.cds and models.genes[t.gene].contig not in {"chrY", "chrM"}
        }
        names = [g for g in sorted(transcripts) if g in phenotype.gene_number or not diseases_only]
        lengths = np.array([sum(e - s for s, e in transcripts[g].cds) for g in names], dtype=np.float64)
        rates = np.array([rate.get(g, 1.0) for g in names])
        mean = float((rates * lengths).sum() / lengths.sum())
        autosomal = (g for g in sorted(transcripts) if models.genes[transcripts[g].gene].contig != "chrX")
        carried = tuple(g for g in autosomal if is_recessive_only(phenotype, g))
        return Decoys(models, transcripts, np.array(names), lengths, LOF_SHARE * rates / mean, carried)

    def place(self, gene: str, random: np.random.Generator) -> tuple[str, int]:
        """Contig and a coding position of a gene."""
        transcript = self.transcripts[gene]
        starts = np.array([s for s, _ in transcript.cds])
        lengths = np.array([e - s for s, e in transcript.cds])
        part = int(random.choice(lengths.size, p=lengths / lengths.sum()))
        return self.models.genes[transcript.gene].contig, int(starts[part] + random.integers(lengths[part]))


def _observed_over_expected(path: Path) -> dict[str, float]:
    rows = [line.rstrip("\n").split("\t") for line in path.read_text().splitlines() if line and not line.startswith("##")]
    header = rows[0]
    gene, rate = header.index("#gene") if "#gene" in header else header.index("gene"), header.index("oe_lof")
    return {row[gene]: float(row[rate]) for row in rows[1:] if row[rate] not in {"", "NA", "NaN"}}


def is_recessive_only(phenotype: PhenotypeModel, gene: str) -> bool:
    """Whether HPO's diseases of the gene that state a mode are all autosomal recessive, and there is one."""
    at = phenotype.gene_number.get(gene)
    if at is None:
        return False
    own = phenotype.gene_disease[phenotype.gene_start[at] : phenotype.gene_start[at + 1]].tolist()
    modes = {mode for d in own for mode in phenotype.diseases[d].modes}
    return modes == {"Autosomal recessive inheritance"}


def plant(solved: Solved, decoys: Decoys, count: int, random: np.random.Generator) -> Planted:
    """A trio with the case's alleles and `count` decoy genes."""
    sex = Sex(solved.sex) if solved.sex in {"male", "female"} else random.choice([Sex.MALE, Sex.FEMALE])
    sex = Sex.MALE if "hemizygous" in solved.zygosity else sex
    genotypes, affected = _inheritance(solved, random)
    sex = Sex.FEMALE if solved.zygosity == ("heterozygous",) and solved.alleles[0].chrom == "chrX" else sex
    truth = tuple(replace(a, genotypes=g) for a, g in zip(solved.alleles, genotypes, strict=True))
    case = Case(solved.name, _family(sex, affected), hpo_present=solved.present)
    return Planted(case, truth, tuple(_decoy_genes(solved.gene, decoys, count, sex, random)))


def _family(sex: Sex, affected: str) -> Family:
    members = (
        Member(BABY, sex, True, FATHER, MOTHER),
        Member(FATHER, Sex.MALE, affected == FATHER),
        Member(MOTHER, Sex.FEMALE, affected == MOTHER),
    )
    return check_family("planted", members, BABY)


_HET, _REF, _HOM = (0, 1), (0, 0), (1, 1)
_HEMI, _HAPLOID_REF = (1, -2), (0, -2)
Genotypes = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def _inheritance(solved: Solved, random: np.random.Generator) -> tuple[list[Genotypes], str]:
    """Genotypes by allele, and which parent is affected ('' none)."""
    is_x = solved.alleles[0].chrom == "chrX"
    if solved.zygosity == ("hemizygous",):
        mother = _REF if random.random() < X_DE_NOVO_SHARE else _HET
        return [(_HEMI, _HAPLOID_REF, mother)], ""
    if solved.zygosity == ("homozygous",):
        return [(_HOM, _HET, _HET)], ""
    if len(solved.zygosity) == 2:
        return [(_HET, _HET, _REF), (_HET, _REF, _HET)], ""
    father_reference = _HAPLOID_REF if is_x else _REF
    if random.random() < DE_NOVO_SHARE:
        return [(_HET, father_reference, _REF)], ""
    if is_x or random.random() < 0.5:
        return [(_HET, father_reference, _HET)], MOTHER
    return [(_HET, _HET, _REF)], FATHER


def _decoy_genes(gene: str, decoys: Decoys, count: int, sex: Sex, random: np.random.Generator) -> Iterator[tuple[Allele, ...]]:
    """Alleles of each decoy gene; de novo and carried ones are spread among the first 40 genes and those after alike."""
    used = {gene}
    kinds = [str(kind) for kind in random.choice(list(PATTERNS), size=count, p=list(PATTERNS.values()))]
    is_new = random.random(count) < NEW / 40
    is_carried = random.random(count) < CARRIED / 40
    for i, kind in enumerate(kinds):
        pattern = "de_novo" if is_new[i] else "carried" if is_carried[i] else kind
        name = _draw(decoys, pattern, used, random)
        used.add(name)
        yield tuple(_decoy_alleles(name, pattern, decoys, sex, random))


def _draw(decoys: Decoys, pattern: str, used: set[str], random: np.random.Generator) -> str:
    weight = decoys.length**2 if pattern == "compound" else decoys.length
    while True:
        if pattern == "carried":
            name = str(random.choice(decoys.carried))
        else:
            name = str(decoys.genes[int(np.searchsorted(np.cumsum(weight), random.random() * weight.sum()))])
        if name not in used:
            return name


def _decoy_alleles(name: str, pattern: str, decoys: Decoys, sex: Sex, random: np.random.Generator) -> Iterator[Allele]:
    chrom, _ = decoys.place(name, random)
    is_boy = chrom == "chrX" and sex is Sex.MALE
    from_father, from_mother = (_HET, _HET, _REF), (_HET, _REF, _HET)
    if chrom == "chrX":
        from_father = (_HET, _HEMI, _REF)
        from_mother = (_HET, _HAPLOID_REF, _HET)
    one = from_father if random.random() < 0.5 else from_mother
    if is_boy:
        genotypes: list[Genotypes] = [(_HEMI, _HAPLOID_REF, _REF if pattern == "de_novo" else _HET)]
    elif pattern == "de_novo":
        genotypes = [(_HET, _HAPLOID_REF if chrom == "chrX" else _REF, _REF)]
    elif pattern == "compound":
        genotypes = [from_father, from_mother]
    elif pattern == "homozygous":
        genotypes = [(_HOM, _HEMI if chrom == "chrX" else _HET, _HET)]
    else:
        genotypes = [one]
    for genotype in genotypes:
        yield _decoy(name, genotype, decoys, random, is_known=pattern == "carried", is_new=pattern == "de_novo")


def _decoy(
    name: str, genotypes: Genotypes, decoys: Decoys, random: np.random.Generator, *, is_known: bool, is_new: bool
) -> Allele:
    chrom, position = decoys.place(name, random)
    lof = float(decoys.lof[int(np.searchsorted(decoys.genes, name))]) if name in decoys.genes else LOF_SHARE
    is_lof = random.random() < (0.5 if is_known else lof)
    term = ("stop_gained" if random.random() < 0.5 else "frameshift_variant") if is_lof else "missense_variant"
    ref, alt = ("CA", "C") if term == "frameshift_variant" else ("C", "T")
    is_unseen = is_new or random.random() < 0.4
    frequency = float("nan") if is_unseen else float(10 ** random.uniform(-5.5, -2.1))
    return Allele(name, chrom, position, ref, alt, term, genotypes, is_known, frequency)


def tables_of(
    planted: Planted, models: GeneModels, transcripts: Mapping[str, Transcript], *, is_truth_known: bool
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The `variants`, `consequences` and `annotations` tables of a planted case.

    Args:
        planted: the case.
        models: gene models.
        transcripts: MANE Select transcript by symbol.
        is_truth_known: whether ClinVar has the case's own alleles as pathogenic with two stars.
    """
    alleles = [replace(a, is_known=is_truth_known) for a in planted.truth] + [a for gene in planted.decoys for a in gene]
    numbers = np.arange(len(alleles))
    return _variants(alleles, numbers), _consequences(alleles, models, transcripts), _annotations(alleles, numbers)


def _variants(alleles: Sequence[Allele], numbers: np.ndarray) -> pl.DataFrame:
    genotype = np.array([a.genotypes for a in alleles], dtype=np.int8).reshape(-1, 3, 2)
    copies = (genotype == 1).sum(axis=2)
    ploidy = (genotype >= 0).sum(axis=2)
    depth = np.full(copies.shape, 34, dtype=np.int32)
    alt = (depth * copies / ploidy).astype(np.int32)
    is_seen = [a.frequency == a.frequency for a in alleles]
    constant = {"qual": 200.0, "filters": "PASS", "homozygotes": 0, "hemizygotes": 0, "quality_rule": ""}
    return frame(
        "variants",
        {
            "variant": numbers,
            **small_variants(len(alleles), len(SAMPLES)),
            **{name: [getattr(a, name) for a in alleles] for name in ("chrom", "position", "ref", "alt")},
            **{name: [value] * len(alleles) for name, value in constant.items()},
            "allele_frequency": [a.frequency for a in alleles],
            "frequency_source": ["planted" if seen else "" for seen in is_seen],
            "clinvar_significance": ["pathogenic" if a.is_known else "" for a in alleles],
            "kept_by": [5 if a.is_known else 1 for a in alleles],
            "genotype": genotype,
            "is_phased": np.zeros(copies.shape, dtype=np.bool_),
            "phase_set": np.full(copies.shape, -1),
            "depth": depth,
            "ref_depth": depth - alt,
            "alt_depth": alt,
            "genotype_quality": np.full(copies.shape, 80),
        },
        SAMPLES,
    )


def _consequences(alleles: Sequence[Allele], models: GeneModels, transcripts: Mapping[str, Transcript]) -> pl.DataFrame:
    own = [transcripts[a.gene] for a in alleles]
    return frame(
        "consequences",
        {
            "variant": np.arange(len(alleles)),
            "gene_id": [models.genes[t.gene].id for t in own],
            "gene": [a.gene for a in alleles],
            "transcript": [t.id for t in own],
            "refseq": [t.refseq for t in own],
            "is_mane_select": [True] * len(own),
            "strand": [t.strand for t in own],
            "terms": [a.term for a in alleles],
            "impact": [_TERMS[a.term] for a in alleles],
            "amino_acids": [""] * len(own),
            "exon": [t.exon_number(a.position, a.position + 1) for a, t in zip(alleles, own, strict=True)],
            "exon_last": [t.exon_number(a.position, a.position + 1) for a, t in zip(alleles, own, strict=True)],
            "exons": [len(t.exons) for t in own],
            "joined_with": [""] * len(own),
        },
    )


def _annotations(alleles: Sequence[Allele], numbers: np.ndarray) -> pl.DataFrame:
    known = [a.is_known for a in alleles]
    return frame(
        "annotations",
        {
            "variant": numbers,
            "clinvar_id": ["planted" if k else "" for k in known],
            "clinvar_text": ["Pathogenic" if k else "" for k in known],
            "clinvar_review": [_STARS_TEXT if k else "" for k in known],
            "clinvar_stars": [2 if k else -1 for k in known],
            "clinvar_conditions": [""] * len(known),
            "clinvar_gene": [a.gene if a.is_known else "" for a in alleles],
        },
    )
