"""The table stage: calls in, variant table, ledger, counts and survivors out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from neotriage.always_look import AlwaysLook
from neotriage.case import Case
from neotriage.clinvar import Clinvar
from neotriage.columns import empty, frame, small_variants, write_table
from neotriage.errors import InputError
from neotriage.gene_models import GeneModels, Regions
from neotriage.genome import Build, Contig, ContigKind
from neotriage.panels import Panel, match_panel
from neotriage.schema import ClinvarSignificance, KeptBy
from neotriage.structural import StructuralPopulation, read_records
from neotriage.table.ledger import Counts, Ledger, PanelGenes
from neotriage.table.reader import Batch, Interest, open_calls
from neotriage.table.rules import FREQUENCY, RULE_IDS, SETTLED, Context, Verdict, apply_frequency, apply_rules
from neotriage.table.structural import Sieve, structural_rows
from neotriage.table.survivors import write_survivors

__all__ = ["FrequencyStore", "TableInputs", "TableOutputs", "triage"]

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]

_WHOLE = 1 << 28  # beyond the end of any contig
_SIGNIFICANCES = (*(word.value for word in ClinvarSignificance), "")  # by ClinvarContig.codes; last: not in ClinVar
_QUALITY_RULES = (*RULE_IDS, *(f"{rule}_not_measured" for rule in RULE_IDS), "")


class FrequencyStore(Protocol):
    """What the stage asks of a frequency store; see `neotriage.store.Store`."""

    sources: tuple[str, ...]

    def lookup(self, contig: str, positions: Int32, refs: Sequence[str], alts: Sequence[str]) -> Mapping[str, Any]:
        """Arrays (variants,): allele_frequency, homozygotes, hemizygotes, source, is_covered."""
        ...


@dataclass(frozen=True)
class TableInputs:
    """What the stage reads. Without a store or without ClinVar, frequency or ClinVar is not looked at, and this is said.

    `panel_genes_only`: records off the panel genes, the always-look places and the mitochondrion are not looked at; with an
    index beside the calls they are not even read. `structural`: files of the family's structural changes in one form, held
    against `population`; without one they are not looked at.
    """

    case: Case
    build: Build
    calls: Path
    gene_models: GeneModels
    panels: Sequence[Panel]
    always_look: AlwaysLook
    store: FrequencyStore | None
    clinvar: Clinvar | None
    panel_genes_only: bool = False
    structural: Sequence[Path] = ()
    population: StructuralPopulation | None = None


@dataclass(frozen=True)
class TableOutputs:
    """What the stage writes."""

    variants: Path
    ledger: Path
    counts: Path
    survivors: Path


@dataclass(frozen=True)
class _Kept:
    """The kept rows of one batch with what was looked up for them, arrays (kept,)."""

    batch: Batch
    frequency: Mapping[str, Any]
    significance: Sequence[str]
    kept_by: npt.NDArray[np.int8]
    quality_rule: Sequence[str]


def triage(inputs: TableInputs, outputs: TableOutputs, threads: int = 1) -> Counts:
    """Apply the rules to every row of the calls and write the stage's files; each whole or not at all.

    The output is the same for any number of threads.

    Raises:
        FormatError: broken calls, or calls without one of the family's samples.
        BuildError: calls of another build.
        ResourceError: a contig with calls of which the store has no record.
    """
    triager = _Triager(inputs)
    samples = inputs.case.family.samples
    calls = open_calls(inputs.calls, samples, inputs.build)
    batches = calls.batches(triager.interest(), threads)
    kept = [part for batch in batches if (part := triager.sift(batch)) is not None]
    triager.counts.add_dropped(calls.dropped)
    write_survivors([part.batch for part in kept], samples, calls.filters, inputs.build, outputs.survivors)
    variants = _variants(kept, samples)
    if inputs.structural:
        variants = pl.concat([variants, triager.sift_structural(inputs.structural, variants)])
    write_table(triager.ledger.finish(), "ledger", outputs.ledger)
    triager.counts.write(outputs.counts)
    write_table(variants, "variants", outputs.variants, samples)
    return triager.counts


class _Triager:
    """Sifts batches, keeping the ledger and the counts."""

    def __init__(self, inputs: TableInputs) -> None:
        models = inputs.gene_models
        self.inputs = inputs
        self.regions = models.exon_regions(inputs.case.settings.regions.exon_padding_bp)
        self.coding = models.cds_regions()
        places = {place for panel in inputs.panels for place in match_panel(panel, models).genes}
        self.panel_genes = PanelGenes(models, models.gene_index(), np.array(sorted(places), np.int32))
        self.ledger = Ledger(self.panel_genes, inputs.clinvar, inputs.build)
        self.counts = Counts("panel_genes" if inputs.panel_genes_only else "")
        if inputs.panel_genes_only and not len(self.panel_genes.places):
            raise InputError("panel genes only, but the case has no panel with a gene of the models", fix="apply a panel")

    def interest(self) -> Interest:
        """What the scan is to hand on: rows that its rules do not drop, and all rows that may be protected or in the ledger."""
        build = self.inputs.build
        whole = {c.name: (np.array([0], np.int32), np.array([_WHOLE], np.int32)) for c in build.contigs if _is_mitochondrial(c)}
        is_everywhere = not self.inputs.panel_genes_only
        return Interest(
            regions={**self.regions, **whole} if is_everywhere else whole,
            taken=self._places(),
            primary=frozenset(contig.name for contig in build.primary),
            lowest_qual=self.inputs.case.settings.quality.qual,
            elsewhere=is_everywhere,
        )

    def _places(self) -> Regions:
        """Padded panel genes, always-look places and, where all is looked at, ClinVar P/LP sites.

        Contig -> int32 starts and ends, in any order.
        """
        padding = self.inputs.case.settings.regions.exon_padding_bp
        found: dict[str, list[tuple[int, int]]] = {}
        genes = self.inputs.gene_models.genes
        for place in self.panel_genes.places.tolist():
            gene = genes[place]
            found.setdefault(gene.contig, []).append((max(gene.start - padding, 0), gene.end + padding))
        for entry in self.inputs.always_look.entries:
            found.setdefault(entry.contig, []).append((entry.start, entry.end))
        clinvar = None if self.inputs.panel_genes_only else self.inputs.clinvar
        contigs = clinvar.contigs if clinvar else {}
        bounds: dict[str, tuple[Int32, Int32]] = {}
        for name in {**found, **contigs}:
            starts, ends = np.array(found.get(name, []), np.int32).reshape(-1, 2).T
            if name in contigs:
                sites = np.flatnonzero(contigs[name].is_pathogenic)
                starts = np.concatenate([starts, contigs[name].positions[sites]])
                ends = np.concatenate([ends, contigs[name].ends[sites]])
            bounds[name] = starts, ends
        return bounds

    def sift(self, batch: Batch) -> _Kept | None:
        """Judge a batch's rows; returns those kept, None if none is."""
        context = self._context(batch)
        verdict = apply_rules(batch, context)
        clinvar_rows = self._clinvar_rows(batch)
        is_candidate = (verdict.failed < 0) | (verdict.failed > SETTLED)
        protected_by = self._protected_by(batch, clinvar_rows) * is_candidate
        rows = np.flatnonzero((verdict.failed < 0) | (protected_by > 0))
        frequency = self._frequency(batch, rows)
        apply_frequency(verdict, rows, frequency["allele_frequency"], frequency["is_covered"], context)
        is_common_coding = (verdict.failed == FREQUENCY) & _overlaps(self.coding, batch)
        kept_by = protected_by + KeptBy.RARE * (verdict.failed < 0) + KeptBy.CODING * is_common_coding
        kept_by = kept_by.astype(np.int8)
        self.counts.add(verdict, kept_by)
        self.ledger.add(batch, verdict, kept_by, clinvar_rows)
        kept = np.flatnonzero(kept_by)
        if not len(kept):
            return None
        return _Kept(
            batch.take(kept),
            {name: values[np.searchsorted(rows, kept)] for name, values in frequency.items()},
            self._significance(batch.contig, clinvar_rows[kept]),
            kept_by[kept],
            _quality_rules(verdict, kept, kept_by[kept]),
        )

    def sift_structural(self, paths: Sequence[Path], small: pl.DataFrame) -> pl.DataFrame:
        """Judge the structural changes of files; returns the rows of those kept, numbered behind the small variants."""
        inputs, samples = self.inputs, self.inputs.case.family.samples
        genes, always_look = inputs.gene_models.gene_index(), inputs.always_look
        sieve = Sieve(inputs.case.settings, inputs.build, self.regions, genes, always_look, inputs.population, small)
        judged = [(record, sieve.judge(record)) for path in paths for record in read_records(path, samples)]
        self.counts.add_structural([fate for _, fate in judged])
        self.ledger.add_structural(judged)
        kept = [(record, fate) for record, fate in judged if fate.kept_by]
        source = inputs.population.name if inputs.population else ""
        return structural_rows(kept, small.height, samples, source)

    def _context(self, batch: Batch) -> Context:
        contig = self.inputs.build.by_name.get(batch.contig)
        kind = ContigKind.OTHER if contig is None else contig.kind
        return Context(self.inputs.case.settings, kind, _overlaps(self.regions, batch))

    def _clinvar_rows(self, batch: Batch) -> Int32:
        if self.inputs.clinvar is None:
            return np.full(len(batch), -1, np.int32)
        return self.inputs.clinvar.find(batch.contig, batch.positions, batch.refs, batch.alts)

    def _protected_by(self, batch: Batch, clinvar_rows: Int32) -> npt.NDArray[np.int8]:
        """KeptBy flags that hold whatever the rules say, int8 (variants,)."""
        flags = np.zeros(len(batch), np.int8)
        if self.inputs.clinvar is not None and batch.contig in self.inputs.clinvar.contigs:
            is_pathogenic = self.inputs.clinvar.contigs[batch.contig].is_pathogenic[clinvar_rows] & (clinvar_rows >= 0)
            flags[is_pathogenic] |= KeptBy.CLINVAR
        entries = self.inputs.always_look.entry_of(batch.contig, batch.positions, batch.refs, batch.alts)
        flags[entries >= 0] |= KeptBy.ALWAYS_LOOK
        return flags

    def _frequency(self, batch: Batch, rows: npt.NDArray[np.int64]) -> dict[str, Any]:
        """What the store knows of these rows, arrays (rows,)."""
        store, count = self.inputs.store, len(rows)
        if store is None or not count:
            return {
                "allele_frequency": np.full(count, np.nan, np.float32),
                "homozygotes": np.full(count, -1, np.int32),
                "hemizygotes": np.full(count, -1, np.int32),
                "source": np.full(count, "", np.str_),
                "is_covered": np.zeros(count, bool),
            }
        part = batch.take(rows)
        found = store.lookup(part.contig, part.positions, part.refs, part.alts)
        names = np.array(["", *store.sources])
        values = {name: found[name] for name in ("allele_frequency", "homozygotes", "hemizygotes", "is_covered")}
        return {**values, "source": names[np.asarray(found["source"]) + 1]}

    def _significance(self, contig: str, rows: Int32) -> list[str]:
        if self.inputs.clinvar is None or contig not in self.inputs.clinvar.contigs:
            return [ClinvarSignificance.NONE.value] * len(rows)
        codes = self.inputs.clinvar.contigs[contig].codes
        return [_SIGNIFICANCES[code] for code in np.where(rows < 0, len(_SIGNIFICANCES) - 1, codes[rows]).tolist()]


def _is_mitochondrial(contig: Contig) -> bool:
    return contig.kind is ContigKind.MITOCHONDRION


def _overlaps(regions: Regions, batch: Batch) -> Bool:
    """Whether the reference allele of each row overlaps a region, bool (variants,)."""
    if batch.contig not in regions:
        return np.zeros(len(batch), bool)
    starts, ends = regions[batch.contig]
    place = np.searchsorted(ends, batch.positions, "right")
    is_before_end = place < len(starts)
    return is_before_end & (starts[np.minimum(place, len(starts) - 1)] < batch.ends)


def _quality_rules(verdict: Verdict, rows: npt.NDArray[np.int64], kept_by: npt.NDArray[np.int8]) -> list[str]:
    """The rule that a row kept by protection fails, else one that leaves a doubt, else the first whose value is missing.

    A common coding row fails frequency alone, which `kept_by` says.
    """
    failed, doubtful, unmeasured = (of[rows].astype(np.int64) for of in (verdict.failed, verdict.doubtful, verdict.unmeasured))
    places = np.where(unmeasured >= 0, unmeasured + len(RULE_IDS), len(_QUALITY_RULES) - 1)
    places = np.where(doubtful >= 0, doubtful, places)
    places = np.where((failed >= 0) & (kept_by != KeptBy.CODING), failed, places)
    return [_QUALITY_RULES[place] for place in places.tolist()]


def _variants(kept: Sequence[_Kept], samples: Sequence[str]) -> pl.DataFrame:
    if not kept:
        return empty("variants", samples)
    batches = [part.batch for part in kept]
    count = sum(len(batch) for batch in batches)
    columns: dict[str, Any] = {
        **small_variants(count, len(samples)),
        "variant": np.arange(count, dtype=np.int32),
        "chrom": pl.concat([pl.Series([batch.contig]).new_from_index(0, len(batch)) for batch in batches]),
        "position": np.concatenate([batch.positions for batch in batches]),
        "ref": [ref for batch in batches for ref in batch.refs],
        "alt": [alt for batch in batches for alt in batch.alts],
        "filters": [text for batch in batches for text in batch.filters],
        "frequency_source": np.concatenate([part.frequency["source"] for part in kept]).tolist(),
        "clinvar_significance": [value for part in kept for value in part.significance],
        "kept_by": np.concatenate([part.kept_by for part in kept]),
        "quality_rule": [rule for part in kept for rule in part.quality_rule],
    }
    for name in ("allele_frequency", "homozygotes", "hemizygotes"):
        columns[name] = np.concatenate([part.frequency[name] for part in kept])
    for name in ("qual", "genotype", "is_phased", "phase_set", "depth", "ref_depth", "alt_depth", "genotype_quality"):
        columns[name] = np.concatenate([getattr(batch, name) for batch in batches])
    return frame("variants", columns, samples)
