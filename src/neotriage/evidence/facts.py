"""What is known of one variant in one hit: the input of every criterion. Missing is NaN, -1 or None, and stays so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from neotriage.alleles import trimmed
from neotriage.coding import CodingTranscript
from neotriage.evidence.parentage import Parentage
from neotriage.evidence.points import Strength
from neotriage.genome import ContigKind
from neotriage.schema import ClinvarSignificance, CriterionState, DeNovoConfidence, Kind, Model, Phase
from neotriage.settings import Settings

__all__ = [
    "Change",
    "Facts",
    "Finding",
    "GeneDosage",
    "GeneKnowledge",
    "GeneOverlap",
    "KnownVariant",
    "Mode",
    "Partner",
    "ResidueChange",
    "Structural",
    "changed_bases",
    "is_fully_penetrant_pathogenic",
    "met",
    "mode_of",
    "not_assessed",
    "not_met",
    "pathogenic_of",
]

NULL_TERMS = frozenset({"stop_gained", "frameshift", "splice_donor", "splice_acceptor", "start_lost"})
STRUCTURAL_NULL_TERMS = frozenset({"transcript_ablation", "exon_loss", "feature_truncation", "feature_elongation"})


class Mode(StrEnum):
    """The three ways in which frequency is held against a disease."""

    DOMINANT = "dominant"
    RECESSIVE = "recessive"
    MITOCHONDRIAL = "mitochondrial"


class Change(StrEnum):
    """What a known variant does to the protein, as far as gene models (and the reference, for substitutions) tell."""

    NONSENSE = "nonsense"
    FRAMESHIFT = "frameshift"
    SPLICE = "splice"
    MISSENSE = "missense"
    OTHER = "other"
    UNKNOWN = "unknown"

    @property
    def is_loss_of_function(self) -> bool:
        """Nonsense, frameshift or canonical splice site."""
        return self in {Change.NONSENSE, Change.FRAMESHIFT, Change.SPLICE}


@dataclass(frozen=True)
class ResidueChange:
    """An amino acid change: 1-based residue, old and new amino acid in one letter."""

    residue: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.old}{self.residue}{self.new}"


@dataclass(frozen=True)
class KnownVariant:
    """A ClinVar record in a gene. `coding_offset` is -1 outside the coding sequence, `exon` -1 outside the exons."""

    identifier: str
    position: int
    ref: str
    alt: str
    significance: ClinvarSignificance
    stars: int
    change: Change
    residue_change: ResidueChange | None
    coding_offset: int
    exon: int


@dataclass(frozen=True)
class GeneKnowledge:
    """What is known of a gene: its ClinVar records, LOEUF (None: not in the table), panel modes, sources in words."""

    known: tuple[KnownVariant, ...] = ()
    has_clinvar: bool = False
    loeuf: float | None = None
    has_constraint: bool = False
    is_green: bool = False
    is_biallelic_on_panel: bool = False
    next_start_residue: int | None = None
    clinvar_source: str = ""
    constraint_source: str = ""


@dataclass(frozen=True)
class GeneDosage:
    """ClinGen's dosage scores of a gene: 0 to 3, 30 recessive, 40 unlikely, -1 none."""

    haploinsufficiency: int = -1
    triplosensitivity: int = -1


@dataclass(frozen=True)
class GeneOverlap:
    """How a change lies over a coding gene: whether it takes its first base, its last, coding sequence, its last exon alone."""

    symbol: str
    takes_start: bool
    takes_end: bool
    is_coding: bool
    is_last_exon_alone: bool


@dataclass(frozen=True)
class Structural:
    """A structural change: span 0-based half-open, whether reads show its junction, coding genes touched, dosage if given."""

    kind: Kind
    start: int
    end: int
    is_junction_seen: bool
    genes: tuple[GeneOverlap, ...] = ()
    dosage: Mapping[str, GeneDosage] | None = None
    dosage_source: str = ""


@dataclass(frozen=True)
class Partner:
    """The other allele of a compound hit: its ClinVar assertion, and its own points without PM3."""

    significance: ClinvarSignificance
    stars: int
    points: int


@dataclass(frozen=True)
class Facts:
    """One variant of one hit.

    `terms` are SO terms without `_variant`. `truncation` is the genomic base of the new stop, None if not known exactly.
    `family_probability` is the chance that the affected relatives carry the hit by descent alone (1: none does).
    `missense_score` and `splice_score` are (predictor, score), None where the table has none; `mitochondrial_scores` are by
    predictor. `is_table_silent`: a table of predictors was given and has none of the case's variants. `repeat_copies`: tandem
    copies of what an in-frame change takes or adds, -1 if not known (no reference). `is_store_silent`: the frequency store has
    none of the case's many variants. `structural` is None for a small variant.
    """

    chrom: str
    position: int
    ref: str
    alt: str
    kind: ContigKind
    allele_frequency: float
    frequency_source: str
    has_frequency: bool
    homozygotes: int
    hemizygotes: int
    clinvar_significance: ClinvarSignificance
    clinvar_stars: int
    clinvar_id: str
    clinvar_text: str
    clinvar_review: str
    terms: frozenset[str]
    residue_change: ResidueChange | None
    transcript: CodingTranscript | None
    truncation: int | None
    elongates: bool
    model: Model
    phase: Phase
    de_novo_confidence: DeNovoConfidence
    explains_affected: bool
    parentage: Parentage
    family_probability: float
    gene: GeneKnowledge
    settings: Settings
    partner: Partner | None = None
    missense_score: tuple[str, float] | None = None
    splice_score: tuple[str, float] | None = None
    mitochondrial_scores: Mapping[str, float] = field(default_factory=dict)
    is_table_silent: bool = False
    is_store_silent: bool = False
    repeat_copies: int = -1
    structural: Structural | None = None

    @cached_property
    def mode(self) -> Mode:
        """The mode whose frequency cap holds for this hit."""
        return mode_of(self.model)

    @property
    def is_mitochondrial(self) -> bool:
        """Whether the variant is on the mitochondrion, where the 2020 mtDNA specifications hold."""
        return self.kind is ContigKind.MITOCHONDRION

    @property
    def is_null(self) -> bool:
        """Whether its consequence is one that PVS1 judges."""
        return bool(self.terms & (NULL_TERMS if self.structural is None else STRUCTURAL_NULL_TERMS))

    @cached_property
    def frequency_cap(self) -> float:
        """Highest allele frequency that a cause of this mode is expected to have."""
        return self.settings.frequency.of_model(self.model)


@dataclass(frozen=True)
class Finding:
    """What a criterion says: state, points in force (0 unless met), what was measured, and from where."""

    state: CriterionState
    points: int
    value: str
    source: str


def met(strength: Strength, value: str, source: str, *, is_benign: bool = False) -> Finding:
    """A criterion in force at a strength."""
    return Finding(CriterionState.MET, -int(strength) if is_benign else int(strength), value, source)


def not_met(value: str, source: str) -> Finding:
    """A criterion looked at and not in force."""
    return Finding(CriterionState.NOT_MET, 0, value, source)


def not_assessed(value: str, source: str) -> Finding:
    """A criterion whose data are absent, or that is left to another term of the ranking; says which."""
    return Finding(CriterionState.NOT_ASSESSED, 0, value, source)


def mode_of(model: Model) -> Mode:
    """The mode whose frequency cap a model is held to."""
    if model is Model.MITOCHONDRIAL:
        return Mode.MITOCHONDRIAL
    return Mode.RECESSIVE if model.is_recessive else Mode.DOMINANT


def is_fully_penetrant_pathogenic(significance: ClinvarSignificance) -> bool:
    """Whether ClinVar's aggregate is P or LP, unconflicted and of full penetrance: what other alleles are judged by."""
    return significance in {ClinvarSignificance.PATHOGENIC, ClinvarSignificance.LIKELY_PATHOGENIC}


def changed_bases(position: int, ref: str, alt: str) -> tuple[int, int, str]:
    """Genomic interval [start, end) that a change replaces, and by what, without the bases that ref and alt share."""
    start, ref, alt = trimmed(position, ref, alt)
    return start, start + len(ref), alt


def pathogenic_of(known: Sequence[KnownVariant], facts: Facts) -> tuple[KnownVariant, ...]:
    """Unconflicted P/LP records of the gene other than the variant itself."""
    own = (facts.position, facts.ref, facts.alt)
    return tuple(k for k in known if is_fully_penetrant_pathogenic(k.significance) and (k.position, k.ref, k.alt) != own)
