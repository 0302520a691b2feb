"""Every table that passes between stages and every column in it, with dtype, dims, and what it means.

One registry, so that a stage knows its input from here and from no other stage. Coordinates are 0-based half-open; missing
integers are -1, missing floats NaN, missing text ""; missing never means reference, absent or benign.
The `samples` axis is in family order (`pedigree.Family.samples`), and is written into each file's metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag, StrEnum

__all__ = [
    "SCHEMA_VERSION",
    "TABLES",
    "AcmgClass",
    "ClinvarSignificance",
    "Column",
    "CriterionState",
    "DeNovoConfidence",
    "Impact",
    "KeptBy",
    "Kind",
    "LedgerOutcome",
    "Model",
    "Origin",
    "Phase",
    "Table",
    "Tier",
]

SCHEMA_VERSION = 2


class KeptBy(IntFlag):
    """Why a variant is in the table; several may hold."""

    RARE = 1
    CODING = 2
    CLINVAR = 4
    ALWAYS_LOOK = 8


class Kind(StrEnum):
    """What sort of change a variant is: all but SMALL are structural, with a symbolic ALT or a breakend (SVTYPE of VCF 4.3)."""

    SMALL = "small"
    DELETION = "DEL"
    DUPLICATION = "DUP"
    INVERSION = "INV"
    INSERTION = "INS"
    BREAKEND = "BND"
    REPEAT = "STR"


class ClinvarSignificance(StrEnum):
    """ClinVar's aggregate germline classification, parsed whole; CONFLICTING is never a kind of pathogenic."""

    PATHOGENIC = "pathogenic"
    LIKELY_PATHOGENIC = "likely_pathogenic"
    PATHOGENIC_LOW_PENETRANCE = "pathogenic_low_penetrance"
    UNCERTAIN = "uncertain"
    LIKELY_BENIGN = "likely_benign"
    BENIGN = "benign"
    CONFLICTING = "conflicting"
    OTHER = "other"
    NONE = ""


class Impact(StrEnum):
    """Ensembl's impact of the consequence term."""

    HIGH = "HIGH"
    MODERATE = "MODERATE"
    LOW = "LOW"
    MODIFIER = "MODIFIER"


class Model(StrEnum):
    """How a hit explains the affected by inheritance."""

    DE_NOVO = "de_novo"
    DOMINANT_INHERITED = "dominant_inherited"
    DOMINANT_UNKNOWN = "dominant_unknown_origin"
    IMPRINTED_PATERNAL = "imprinted_paternally_inherited"
    IMPRINTED_MATERNAL = "imprinted_maternally_inherited"
    RECESSIVE_HOMOZYGOUS = "recessive_homozygous"
    RECESSIVE_ISODISOMY = "recessive_isodisomy"
    RECESSIVE_COMPOUND = "recessive_compound"
    RECESSIVE_SINGLE = "recessive_single_hit"
    X_RECESSIVE = "x_recessive"
    X_COMPOUND = "x_compound"
    X_DOMINANT = "x_dominant"
    X_DE_NOVO = "x_de_novo"
    Y_LINKED = "y_linked"
    MITOCHONDRIAL = "mitochondrial"

    @property
    def is_recessive(self) -> bool:
        """Whether it asks for every copy of the gene, on X too; these are held to the recessive frequency cap."""
        return self in _RECESSIVE


_RECESSIVE = frozenset(
    {
        Model.RECESSIVE_HOMOZYGOUS,
        Model.RECESSIVE_ISODISOMY,
        Model.RECESSIVE_COMPOUND,
        Model.RECESSIVE_SINGLE,
        Model.X_RECESSIVE,
        Model.X_COMPOUND,
    }
)


class Phase(StrEnum):
    """How the two alleles of a compound hit lie to each other; UNKNOWN is never shown as proven."""

    NOT_APPLICABLE = "not_applicable"
    TRANS_BY_PARENT = "trans_by_parent"
    TRANS_BY_READ = "trans_by_read"
    CIS = "cis"
    UNKNOWN = "unknown"


class DeNovoConfidence(StrEnum):
    """How well the parents' reads bear out that neither carries the allele."""

    NOT_APPLICABLE = "not_applicable"
    HIGH = "high"
    LOW = "low"


class Origin(StrEnum):
    """Where an allele comes from that the parents are called without, by their reads; UNCLEAR is never shown as de novo."""

    NOT_APPLICABLE = ""
    DE_NOVO = "de_novo"
    MOSAIC_PARENT = "mosaic_parent"
    INHERITED = "inherited"
    ARTEFACT = "artefact"
    UNCLEAR = "unclear"
    NOT_LOOKED_AT = "not_looked_at"


class CriterionState(StrEnum):
    """An ACMG/AMP criterion; `not assessed` means that its data are absent, which is not `not met`."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_ASSESSED = "not_assessed"


class AcmgClass(StrEnum):
    """ACMG/AMP class by points (Tavtigian 2020: P >= 10, LP 6 to 9, VUS 0 to 5, LB -1 to -6, B <= -7)."""

    PATHOGENIC = "P"
    LIKELY_PATHOGENIC = "LP"
    UNCERTAIN = "VUS"
    LIKELY_BENIGN = "LB"
    BENIGN = "B"


class Tier(StrEnum):
    """Genomics England 100,000 Genomes Project tier of a small variant."""

    TIER1 = "1"
    TIER2 = "2"
    TIER3 = "3"
    UNTIERED = "untiered"


class LedgerOutcome(StrEnum):
    """What became of a variant at a rule."""

    KEPT = "kept"
    DROPPED = "dropped"
    NO_CALL = "no_call"


@dataclass(frozen=True)
class Column:
    """One column: name, numpy dtype ("str" for text), dims beyond the row axis, and its meaning."""

    name: str
    dtype: str
    doc: str
    dims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: its name, the stage that writes it, what a row is, its columns in file order."""

    name: str
    stage: str
    row: str
    columns: tuple[Column, ...]

    def __getitem__(self, column: str) -> Column:
        return next(c for c in self.columns if c.name == column)


def _table(name: str, stage: str, row: str, *columns: Column) -> Table:
    return Table(name, stage, row, columns)


def _samples(name: str, dtype: str, doc: str, *more: str) -> Column:
    return Column(name, dtype, doc, ("samples", *more))


_VARIANT = Column("variant", "int32", "number of the variant in the case's `variants` table, in file order")
_GENE = (
    Column("gene_id", "str", "gene id of the gene models (Ensembl ENSG… for MANE), without version"),
    Column("gene", "str", "approved symbol as the gene models give it"),
)
_HIT = Column("hit", "int32", "number of the hit in the case's `hits` table")
_SITE = (
    Column("chrom", "str", "contig name of the build"),
    Column("position", "int32", "0-based position of the first base of ref"),
    Column("ref", "str", "reference allele as normalised in the calls"),
    Column("alt", "str", "alternate allele"),
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        _table(
            "variants",
            "table",
            "one alternate allele that passed the cheap filters, or is kept whatever they say (see kept_by)",
            _VARIANT,
            *_SITE,
            Column("kind", "str", "Kind"),
            Column("end", "int32", "0-based half-open end of a structural change, which begins behind `position`; -1 small"),
            Column("size_bp", "int32", "bases taken, added or turned by a structural change, -1 small or not known"),
            Column("callers", "str", "who found a structural change, joined by ',': delly, manta, depth …; '' small"),
            Column("qual", "float32", "QUAL, phred, NaN missing"),
            Column("filters", "str", "FILTER as in the file; PASS, or names joined by ;, or '' missing"),
            Column(
                "allele_frequency", "float32", "highest population allele frequency over the sources (popmax), NaN not seen"
            ),
            Column("frequency_source", "str", "source and population of that frequency, '' not seen in any"),
            Column("homozygotes", "int32", "homozygous persons in the sources, -1 not known"),
            Column("hemizygotes", "int32", "hemizygous persons in the sources, -1 not known"),
            Column("clinvar_significance", "str", "ClinvarSignificance, '' not in ClinVar"),
            Column("kept_by", "int8", "KeptBy flags"),
            Column(
                "quality_rule",
                "str",
                "first quality rule that the proband's call fails although the variant is kept; '' passes",
            ),
            _samples(
                "genotype",
                "int8",
                "allele codes: 0 reference, 1 this alternate, 2 another, -1 missing, -2 none (haploid)",
                "ploidy",
            ),
            _samples("is_phased", "bool", "whether the genotype is phased (|)"),
            _samples("phase_set", "int32", "PS, -1 missing"),
            _samples("depth", "int32", "DP, reads; of a structural change those of both alleles (DR+DV+RR+RV), -1 missing"),
            _samples("ref_depth", "int32", "reads with the reference allele (AD), -1 missing"),
            _samples("alt_depth", "int32", "reads with this alternate allele (AD), -1 missing"),
            _samples("genotype_quality", "int32", "GQ, phred, -1 missing"),
            _samples("copy_number", "int32", "copies over a structural change by depth (CN), -1 missing or small"),
            _samples("alt_pairs", "int32", "read pairs that show a structural change (DV), -1 missing or small"),
            _samples("alt_splits", "int32", "split reads that show a structural change (RV), -1 missing or small"),
        ),
        _table(
            "ledger",
            "table",
            "the fate of a variant in a panel gene or at a ClinVar P/LP site, at the first rule that failed",
            *_SITE,
            *_GENE,
            Column("outcome", "str", "LedgerOutcome"),
            Column("rule", "str", "rule id, '' when kept by all"),
            Column("value", "float64", "the value measured, NaN missing"),
            Column("threshold", "float64", "the threshold it was held against, NaN none"),
            Column("margin", "float64", "how far it missed, in the value's unit, NaN none"),
            Column("clinvar_significance", "str", "ClinvarSignificance, '' not in ClinVar"),
        ),
        _table(
            "consequences",
            "annotate",
            "one variant on one transcript",
            _VARIANT,
            *_GENE,
            Column("transcript", "str", "transcript id with version where the gene models give it"),
            Column("refseq", "str", "RefSeq transcript matched by MANE, '' none"),
            Column("is_mane_select", "bool", "MANE Select transcript of its gene"),
            Column("strand", "str", "+ or -"),
            Column("terms", "str", "Sequence Ontology terms joined by &, most severe first"),
            Column("impact", "str", "Impact of the most severe term"),
            Column("amino_acids", "str", "amino acid change as bcftools csq writes it (12R>12W), '' none"),
            Column("exon", "int32", "1-based exon number in transcript order, -1 not in an exon"),
            Column("exon_last", "int32", "1-based number of the last exon that is changed, -1 not in an exon"),
            Column("exons", "int32", "exons of the transcript"),
            Column("joined_with", "str", "1-based position of the neighbour whose change it is called with, '' none"),
        ),
        _table(
            "annotations",
            "annotate",
            "one variant, same rows as `variants`: what outside sources say of it",
            _VARIANT,
            Column("clinvar_id", "str", "ClinVar variation id, '' not in ClinVar"),
            Column("clinvar_text", "str", "CLNSIG as written"),
            Column("clinvar_review", "str", "CLNREVSTAT as written"),
            Column("clinvar_stars", "int8", "review stars 0 to 4, -1 not in ClinVar"),
            Column("clinvar_conditions", "str", "CLNDN as written, '' none"),
            Column("clinvar_gene", "str", "symbol of GENEINFO, '' none"),
        ),
        _table(
            "reread",
            "verify",
            "one variant, same rows as `variants`: what the alignments say, read again",
            _VARIANT,
            Column("origin", "str", "Origin; '' where the parents are not called without it"),
            Column("p_de_novo", "float32", "posterior, NaN not looked at; so for the three that follow"),
            Column("p_mosaic_parent", "float32", "posterior that one parent has it in some cells"),
            Column("p_inherited", "float32", "posterior that one parent has it and was called without"),
            Column("p_artefact", "float32", "posterior that the baby does not have it"),
            _samples("fragments", "int32", "fragments with either allele, mates counted once, -1 not looked at"),
            _samples("alt_fragments", "int32", "fragments with this alternate, -1 not looked at"),
            _samples("alt_reverse", "int32", "of those, on the reverse strand, -1 not looked at"),
            _samples("alt_neighbours", "int32", "of those, with an indel or clipped end within 10 bp, -1 not looked at"),
            _samples("alt_phred", "float32", "mean of their chance of error, phred, NaN none or not looked at"),
            Column("parent_of_origin", "str", "father or mother, whose copy a de novo allele lies on; '' not known"),
            Column(
                "phase_set",
                "int32",
                "alleles of one set lie on the same copy where `haplotype` is the same; -1 not placed. 2,000,000,000: the "
                "parents' copies, haplotype 0 the father's; from 1,000,000,000 on: sets by reads alone",
            ),
            Column("haplotype", "int8", "side in the phase set, 0 or 1, -1 not placed"),
            Column("phase_fragments", "int32", "fragments that place it, 0 where the parents' calls do"),
            Column("words", "str", "what was seen, '' nothing to say"),
        ),
        _table(
            "hits",
            "inheritance",
            "one way in which one or two variants of a gene explain the affected",
            _HIT,
            *_GENE,
            Column("model", "str", "Model"),
            Column("variant_a", "int32", "first variant"),
            Column("variant_b", "int32", "second variant of a compound hit, -1 none"),
            Column("phase", "str", "Phase"),
            Column("de_novo_confidence", "str", "DeNovoConfidence"),
            Column("is_incomplete", "bool", "a parent or a genotype that the model needs is missing"),
            Column(
                "explains_affected",
                "bool",
                "every affected person with a call has it, and no unaffected one does (but where penetrance is incomplete)",
            ),
            Column("notes", "str", "what weakens it, joined by ;"),
        ),
        _table(
            "criteria",
            "evidence",
            "one ACMG/AMP criterion on one variant of one hit",
            _HIT,
            _VARIANT,
            Column("criterion", "str", "PVS1, PM2 …, or CLINVAR for the assertion itself"),
            Column("state", "str", "CriterionState"),
            Column("points", "int8", "points in force, 0 unless met"),
            Column("value", "str", "what was measured, in words and numbers"),
            Column("source", "str", "where the value and the rule come from, with version"),
        ),
        _table(
            "classes",
            "evidence",
            "one variant of one hit: sum of its criteria",
            _HIT,
            _VARIANT,
            Column("points", "int8", "sum of points"),
            Column("acmg_class", "str", "AcmgClass"),
        ),
        _table(
            "candidates",
            "rank",
            "one gene under its best mode, best first",
            Column("rank", "int32", "1-based rank"),
            *_GENE,
            _HIT,
            Column("model", "str", "Model"),
            Column("disease_id", "str", "OMIM or ORPHA id of the best matching disease, '' none"),
            Column("disease", "str", "its name, '' none"),
            Column("panel", "str", "applied panels with the gene green, joined by ;, '' none"),
            Column("panel_mode", "str", "mode of inheritance as the panel words it, '' none"),
            Column("tier", "str", "Tier"),
            Column("phenotype_db", "float64", "P, decibans"),
            Column("variant_db", "float64", "V, decibans"),
            Column("inheritance_db", "float64", "I, decibans"),
            Column("gene_db", "float64", "G, decibans"),
            Column("total_db", "float64", "T = P + V + I + G, decibans"),
            Column("probability", "float64", "share among all candidates and `no diagnosis here`"),
        ),
        _table(
            "parts",
            "rank",
            "one shown term of one candidate's total",
            Column("rank", "int32", "the candidate"),
            Column("part", "str", "P, V, I or G"),
            Column("rule", "str", "rule id"),
            Column("points_db", "float64", "decibans"),
            Column("value", "str", "what was measured"),
            Column("source", "str", "where it comes from, with version"),
        ),
        _table(
            "moves",
            "rank",
            "one change that would move one of the first candidates",
            Column("rank", "int32", "the candidate"),
            Column("change", "str", "what would be different, in words"),
            Column("total_db", "float64", "the candidate's total then, decibans"),
            Column("new_rank", "int32", "its 1-based rank then"),
        ),
    )
}
