"""Structural changes through the table's rules, one by one: they are few. What stays is appended to the small variants.

Truth table of a record: the first rule that fails decides.

    rule                     fails when                                                          value      threshold
    other_contig             the contig is none of the primary ones, or the mitochondrion        -          -
    genotype_missing         no change and a missing allele in the proband: outcome no_call      -          -
    no_alternate_in_proband  no change in the proband                                            -          -
    site_filter              FILTER is neither PASS nor missing                                  -          -
    site_quality             QUAL below the limit                                                QUAL       limit
    region                   no padded exon is touched; of a breakend: neither end in a gene     -          -
    size                     shorter than 50 bp (small callers have those); not a breakend       bp         50
    called_small             the small variants have the same deletion or insertion              overlap    0.8
    support                  fewer than 3 pairs and split reads in the proband, and no depth     reads      3
    genotype_quality         the proband's GQ below the limit                                    GQ         limit
    frequency                population frequency of changes alike above the loosest cap         frequency  cap

Missing values are treated as those of small variants: neither failed nor passed. A repeat lies where its caller looked: region,
size and support do not apply. The always-look list's genes and regions hold against all but the first three and the region.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from neotriage.always_look import AlwaysLook, EntryKind
from neotriage.columns import frame
from neotriage.gene_models import GeneIndex, Regions
from neotriage.genome import Build, ContigKind
from neotriage.schema import KeptBy, Kind
from neotriage.settings import Settings
from neotriage.structural import PopulationRecord, Record, StructuralPopulation, mate_of, reciprocal_overlap

__all__ = ["LEAST_BP", "STRUCTURAL_RULES", "Fate", "Sieve", "structural_rows"]

STRUCTURAL_RULES = ("size", "called_small", "support")
"""Rules that small variants do not have."""

LEAST_BP = 50
"""Shortest structural change, bp: shorter ones are the small callers'."""
_LEAST_READS = 3
_SAME_OVERLAP = 0.8
_SAME_PLACE_BP = 50
_SMALL_BP = 30
_DEPTH = "depth"


@dataclass(frozen=True)
class Fate:
    """What the rules say of a record: the first failed ('' none) with its figures, the first not measured, KeptBy flags."""

    rule: str
    value: float
    threshold: float
    unmeasured: str
    kept_by: int
    seen: PopulationRecord | None

    @property
    def quality_rule(self) -> str:
        """What `quality_rule` says of a kept record."""
        return self.rule or (f"{self.unmeasured}_not_measured" if self.unmeasured else "")


@dataclass(frozen=True)
class _Check:
    """One rule on one record; a value of NaN is not measured."""

    rule: str
    fails: bool
    value: float = math.nan
    threshold: float = math.nan
    is_measured: bool = True


@dataclass(frozen=True)
class Sieve:
    """What records are held against. `small` are the kept small variants."""

    settings: Settings
    build: Build
    exons: Regions
    genes: GeneIndex
    always_look: AlwaysLook
    population: StructuralPopulation | None
    small: pl.DataFrame

    def judge(self, record: Record) -> Fate:
        """The fate of a record."""
        seen = None if self.population is None else self.population.find(record)
        first, unmeasured = None, ""
        for check in self._checks(record, seen):
            if check.fails:
                first = check
                break
            if not check.is_measured and not unmeasured:
                unmeasured = check.rule
        is_protected = self._is_always_looked_at(record) and (first is None or first.rule in _QUALITY)
        kept_by = KeptBy.ALWAYS_LOOK * is_protected + KeptBy.RARE * (first is None)
        if first is None:
            return Fate("", math.nan, math.nan, unmeasured, kept_by, seen)
        return Fate(first.rule, first.value, first.threshold, unmeasured, kept_by, seen)

    def _checks(self, record: Record, seen: PopulationRecord | None) -> Iterator[_Check]:
        limits, own = self.settings.quality, record.calls[0]
        contig = self.build.by_name.get(record.chrom)
        is_other = contig is None or contig.kind in {ContigKind.OTHER, ContigKind.MITOCHONDRION}
        yield _Check("other_contig", is_other)
        yield _Check("genotype_missing", not own.is_carrier and -1 in own.genotype)
        yield _Check("no_alternate_in_proband", not own.is_carrier)
        yield _Check("site_filter", record.filters not in {"", "PASS"})
        yield _at_least("site_quality", record.qual, limits.qual)
        if record.kind is not Kind.REPEAT:
            yield _Check("region", not self._is_in_region(record))
            if record.kind is not Kind.BREAKEND and record.size_bp >= 0:
                yield _at_least("size", record.size_bp, LEAST_BP)
            shared = self._shared_with_small(record)
            yield _Check("called_small", shared >= _SAME_OVERLAP, shared, _SAME_OVERLAP)
            if _DEPTH not in record.callers:
                yield _at_least("support", math.nan if own.alt_reads < 0 else own.alt_reads, _LEAST_READS)
        yield _at_least(
            "genotype_quality", math.nan if own.genotype_quality < 0 else own.genotype_quality, limits.genotype_quality
        )
        cap = max(self.settings.frequency.dominant, self.settings.frequency.recessive)
        is_covered = self.population is not None and self.population.covers(record.chrom)
        value = math.nan if seen is None else seen.allele_frequency
        yield _Check("frequency", value > cap, value, cap, is_covered)

    def _is_in_region(self, record: Record) -> bool:
        if record.kind is Kind.BREAKEND:
            ends = [(record.chrom, record.position), *filter(None, [mate_of(record.alt)])]
            return any(len(genes_at(self.genes, chrom, place, place + 1)) for chrom, place in ends)
        if record.chrom not in self.exons:
            return False
        starts, ends_of = self.exons[record.chrom]
        start, end = record.span
        place = int(np.searchsorted(ends_of, start, "right"))
        return place < len(starts) and int(starts[place]) < end

    def _is_always_looked_at(self, record: Record) -> bool:
        start, end = record.span
        return any(
            entry.kind is not EntryKind.POSITION and entry.contig == record.chrom and entry.start < end and start < entry.end
            for entry in self.always_look.entries
        )

    def _shared_with_small(self, record: Record) -> float:
        """Overlap with the small deletion, or nearness to the small insertion, that is most alike; 0 none."""
        if record.kind not in {Kind.DELETION, Kind.INSERTION}:
            return 0.0
        growth = pl.col("alt").str.len_bytes().cast(pl.Int64) - pl.col("ref").str.len_bytes().cast(pl.Int64)
        here = self.small.filter(pl.col("chrom") == record.chrom)
        if record.kind is Kind.INSERTION:
            near = here.filter((growth >= _SMALL_BP) & ((pl.col("position") - record.position).abs() <= _SAME_PLACE_BP))
            return 1.0 if near.height else 0.0
        taken = here.filter(growth <= -_SMALL_BP).select("position", pl.col("ref").str.len_bytes())
        return max((reciprocal_overlap(record.span, (p + 1, p + size)) for p, size in taken.iter_rows()), default=0.0)


_QUALITY = frozenset({"site_filter", "site_quality", "size", "support", "genotype_quality", "frequency"})


def _at_least(rule: str, value: float, limit: float) -> _Check:
    return _Check(rule, value < limit, value, limit, not math.isnan(value))


def genes_at(genes: GeneIndex, chrom: str, start: int, end: int) -> np.ndarray:
    """Places of the genes that an interval overlaps, int32 (genes,)."""
    return genes.overlaps(chrom, np.array([start], np.int32), np.array([end], np.int32))[1]


def structural_rows(kept: Sequence[tuple[Record, Fate]], first: int, samples: Sequence[str], source: str) -> pl.DataFrame:
    """Rows of the `variants` table, numbered from `first`.

    Args:
        kept: records with their fates, in order.
        first: number of the first row.
        samples: the samples axis.
        source: name of the population source, '' none.
    """
    records = [record for record, _ in kept]
    seen = [fate.seen for _, fate in kept]
    calls = [record.calls for record in records]

    def of_calls(name: str) -> list[list[Any]]:
        return [[getattr(call, name) for call in row] for row in calls]

    alt, ref = of_calls("alt_reads"), of_calls("ref_reads")
    depth = [[a + r if a >= 0 and r >= 0 else -1 for a, r in zip(*pair, strict=True)] for pair in zip(alt, ref, strict=True)]
    none = np.full((len(kept), len(samples)), -1)
    columns: Mapping[str, Any] = {
        "variant": np.arange(first, first + len(kept)),
        **{name: [getattr(r, name) for r in records] for name in ("chrom", "position", "ref", "alt", "end", "size_bp", "qual")},
        "kind": [record.kind.value for record in records],
        "callers": [",".join(record.callers) for record in records],
        "filters": [record.filters for record in records],
        "allele_frequency": [math.nan if one is None else one.allele_frequency for one in seen],
        "frequency_source": ["" if one is None else " ".join(filter(None, (source, one.identifier))) for one in seen],
        "homozygotes": [-1 if one is None else one.homozygotes for one in seen],
        "hemizygotes": [-1] * len(kept),
        "clinvar_significance": [""] * len(kept),
        "kept_by": [fate.kept_by for _, fate in kept],
        "quality_rule": [fate.quality_rule for _, fate in kept],
        "genotype": np.array(of_calls("genotype"), np.int8).reshape(-1, len(samples), 2),
        "is_phased": none > 0,
        "phase_set": none,
        "depth": depth,
        "ref_depth": ref,
        "alt_depth": alt,
        **{name: of_calls(name) for name in ("genotype_quality", "copy_number", "alt_pairs", "alt_splits")},
    }
    return frame("variants", columns, samples)
