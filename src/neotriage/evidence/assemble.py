"""Facts of every variant of every hit, from the tables of the stages before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from neotriage.case import Case
from neotriage.coding import CodingTranscript
from neotriage.columns import array
from neotriage.evidence.cnv_lines import Dosage, gene_overlaps
from neotriage.evidence.facts import Facts, GeneKnowledge, Mode, ResidueChange, Structural, changed_bases, mode_of
from neotriage.evidence.gene_knowledge import KnowledgeSources, gene_knowledge
from neotriage.evidence.parentage import Parentage, check_parentage
from neotriage.evidence.predictions import Predictions
from neotriage.evidence.repeats import tandem_copies
from neotriage.gene_models import GeneModels
from neotriage.genome import Build, ContigKind
from neotriage.schema import ClinvarSignificance, DeNovoConfidence, Kind, Model, Phase

__all__ = ["Assembler", "Tables"]

_MANY = 50


@dataclass(frozen=True)
class Tables:
    """The schema tables that evidence reads."""

    variants: pl.DataFrame
    consequences: pl.DataFrame
    annotations: pl.DataFrame
    hits: pl.DataFrame


@dataclass
class Assembler:
    """Puts together `Facts`; gene knowledge is worked out once a gene.

    `covered` names the contigs that the frequency store covers; without a store (None) they are those on which it is
    seen to have spoken: at least one variant of the case has a frequency there. `uncovered` are places (contig, 0-based) on
    them that the store, being of some regions alone, says nothing of. `dosage`: ClinGen's table, None not given.
    `has_structural_source`: structural changes were held against a population file.
    """

    case: Case
    build: Build
    tables: Tables
    gene_models: GeneModels
    sources: KnowledgeSources
    predictions: Predictions
    covered: frozenset[str] | None = None
    uncovered: frozenset[tuple[str, int]] = frozenset()
    dosage: Dosage | None = None
    has_structural_source: bool = False
    _structural: dict[int, Structural] = field(default_factory=dict)
    _knowledge: dict[tuple[str, str], tuple[CodingTranscript | None, GeneKnowledge]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        variants = self.tables.variants
        self._rows: Mapping[int, int] = {int(v): i for i, v in enumerate(variants["variant"].to_list())}
        self._genotype = array(variants, "genotype").reshape(variants.height, len(self.case.family.samples), 2)
        self._annotations = {row["variant"]: row for row in self.tables.annotations.iter_rows(named=True)}
        self._consequences = _by_variant_and_gene(self.tables.consequences)
        if self.covered is None:
            self.covered = frozenset(variants.filter(pl.col("frequency_source") != "")["chrom"].to_list())
        self._is_store_silent = self._check_store()
        self._parentage = self._check_parents()
        alleles = variants.filter(pl.col("kind") == Kind.SMALL).select("chrom", "position", "ref", "alt").iter_rows()
        self._is_table_silent = self.predictions.is_silent(alleles)

    def facts(self) -> Iterator[tuple[dict[str, Any], list[tuple[int, Facts]]]]:
        """Each hit with its one or two variants and their facts, in order of the hits table."""
        for hit in self.tables.hits.iter_rows(named=True):
            variants = [v for v in (hit["variant_a"], hit["variant_b"]) if v >= 0]
            yield hit, [(v, self._facts(hit, v)) for v in variants]

    def _facts(self, hit: dict[str, Any], variant: int) -> Facts:
        row = self.tables.variants.row(self._rows[variant], named=True)
        kind = self.build.kind(row["chrom"])
        code = "mitochondrial" if kind is ContigKind.MITOCHONDRION else "standard"
        consequence = self._consequences.get((variant, hit["gene_id"]), {})
        terms = frozenset(_plain_term(t) for t in consequence.get("terms", "").split("&") if t)
        transcript, knowledge = self._gene(hit, consequence.get("transcript", ""), code)
        truncation, elongates = self._truncation(row, terms, transcript, code)
        annotation = self._annotations[variant]
        allele = (row["chrom"], row["position"], row["ref"], row["alt"])
        missense, splice = self.predictions.scores(*allele)
        structural = self._structural_of(variant, row)
        is_small = structural is None
        return Facts(
            chrom=row["chrom"],
            position=row["position"],
            ref=row["ref"],
            alt=row["alt"],
            kind=ContigKind.AUTOSOME if self.build.is_par(row["chrom"], row["position"]) else kind,
            allele_frequency=float(row["allele_frequency"]),
            frequency_source=row["frequency_source"],
            has_frequency=self._has_frequency(row),
            is_store_silent=self._is_store_silent and is_small,
            homozygotes=row["homozygotes"],
            hemizygotes=row["hemizygotes"],
            clinvar_significance=ClinvarSignificance(row["clinvar_significance"]),
            clinvar_stars=annotation["clinvar_stars"],
            clinvar_id=annotation["clinvar_id"],
            clinvar_text=annotation["clinvar_text"],
            clinvar_review=annotation["clinvar_review"],
            terms=terms,
            residue_change=self._residue_change(row, transcript, code),
            transcript=transcript,
            truncation=truncation,
            elongates=elongates,
            model=Model(hit["model"]),
            phase=Phase(hit["phase"]),
            de_novo_confidence=DeNovoConfidence(hit["de_novo_confidence"]),
            explains_affected=hit["explains_affected"],
            parentage=self._parentage,
            family_probability=self._family_probability(hit),
            gene=knowledge,
            settings=self.case.settings,
            missense_score=missense,
            splice_score=splice,
            mitochondrial_scores=self.predictions.mitochondrial(*allele),
            is_table_silent=self._is_table_silent,
            repeat_copies=tandem_copies(*allele, self.sources.reference) if is_small and self.sources.reference else -1,
            structural=structural,
        )

    def _has_frequency(self, row: dict[str, Any]) -> bool:
        """Whether a source that covers the place was asked: the store for small variants, else the structural one."""
        if Kind(row["kind"]) is not Kind.SMALL:
            return row["quality_rule"] != "frequency_not_measured" and self.has_structural_source
        place = (row["chrom"], row["position"])
        return place[0] in (self.covered or ()) and place not in self.uncovered and not self._is_store_silent

    def _structural_of(self, variant: int, row: dict[str, Any]) -> Structural | None:
        kind = Kind(row["kind"])
        if kind is Kind.SMALL:
            return None
        if variant not in self._structural:
            start = row["position"] + (kind not in {Kind.INSERTION, Kind.BREAKEND})
            end = max(row["end"], start + 1)
            self._structural[variant] = Structural(
                kind,
                start,
                end,
                is_junction_seen=max(*row["alt_pairs"], *row["alt_splits"]) > 0,
                genes=gene_overlaps(kind, row["chrom"], start, end, self.gene_models),
                dosage=self.dosage.by_gene if self.dosage else None,
                dosage_source=self.dosage.source if self.dosage else "",
            )
        return self._structural[variant]

    def _check_store(self) -> bool:
        """Whether the store knows none of many variants on its contigs. Common coding variants are among a family's."""
        on_contigs = self.tables.variants.filter(
            (pl.col("kind") == Kind.SMALL) & pl.col("chrom").is_in(list(self.covered or ()))
        )
        return on_contigs.height >= _MANY and not (on_contigs["frequency_source"] != "").any()

    def _gene(self, hit: dict[str, Any], name: str, code: str) -> tuple[CodingTranscript | None, GeneKnowledge]:
        key = (hit["gene_id"], name)
        if key not in self._knowledge:
            transcript = self._transcript(name)
            self._knowledge[key] = (transcript, gene_knowledge(hit["gene_id"], hit["gene"], transcript, self.sources, code))
        return self._knowledge[key]

    def _transcript(self, name: str) -> CodingTranscript | None:
        model = self.gene_models.by_transcript.get(name)
        if model is None or not model.cds:
            return None
        gene = self.gene_models.genes[model.gene]
        return CodingTranscript(name, gene.id, gene.contig, model.strand, model.exons, model.cds)

    def _residue_change(self, row: dict[str, Any], transcript: CodingTranscript | None, code: str) -> ResidueChange | None:
        if (
            transcript is None
            or self.sources.reference is None
            or row["kind"] != Kind.SMALL
            or len(row["ref"]) != 1
            or len(row["alt"]) != 1
        ):
            return None
        coding = transcript.coding_sequence(self.sources.reference)
        change = transcript.residue_change(row["position"], row["ref"], row["alt"], coding, code)
        return None if change is None or "X" in change[1:] else ResidueChange(*change)

    def _truncation(
        self, row: dict[str, Any], terms: frozenset[str], transcript: CodingTranscript | None, code: str
    ) -> tuple[int | None, bool]:
        """Base of a frameshift's new stop where the reference tells, and whether the frame runs past the normal end."""
        if transcript is None or self.sources.reference is None or "frameshift" not in terms:
            return None, False
        if terms & {"splice_donor", "splice_acceptor"}:
            return None, False
        start, end, inserted = changed_bases(row["position"], row["ref"], row["alt"])
        stop = transcript.new_stop(start, end, inserted, self.sources.reference, code)
        if stop is None:
            return None, True
        return stop, transcript.coding_offset(stop) < 0

    def _check_parents(self) -> Parentage:
        variants = self.tables.variants
        kinds = {chrom: self.build.kind(chrom) for chrom in variants["chrom"].unique().to_list()}
        is_autosomal = np.array([kinds[c] is ContigKind.AUTOSOME for c in variants["chrom"].to_list()], dtype=np.bool_)
        family = self.case.family
        return check_parentage(self._genotype, is_autosomal, family.father_index, family.mother_index)

    def _family_probability(self, hit: dict[str, Any]) -> float:
        """Chance that the affected relatives who have the hit have it by descent alone, 1 if it does not explain the affected.

        A half for each who shares one allele, a quarter for each who shares two.
        """
        if not hit["explains_affected"]:
            return 1.0
        pair = [self._genotype[self._rows[v]] for v in (hit["variant_a"], hit["variant_b"]) if v >= 0]
        is_two = mode_of(Model(hit["model"])) is Mode.RECESSIVE and Model(hit["model"]) is not Model.X_RECESSIVE
        needed = 2 if is_two and len(pair) == 1 else 1
        sharing = [
            all((genotype[i] == 1).sum() >= needed for genotype in pair)
            for i, member in enumerate(self.case.family.members)
            if i > 0 and member.is_affected
        ]
        return math.prod((0.25 if is_two else 0.5) for shares in sharing if shares)


def _by_variant_and_gene(consequences: pl.DataFrame) -> dict[tuple[int, str], dict[str, Any]]:
    """The consequence that is judged: on MANE Select, else the first of the gene."""
    chosen: dict[tuple[int, str], dict[str, Any]] = {}
    for row in consequences.iter_rows(named=True):
        key = (row["variant"], row["gene_id"])
        if key not in chosen or (row["is_mane_select"] and not chosen[key]["is_mane_select"]):
            chosen[key] = row
    return chosen


def _plain_term(term: str) -> str:
    return term.removesuffix("_variant")
