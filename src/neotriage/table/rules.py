"""The rules that drop a variant, in order, each as a vectorised check over a batch's columns.

Truth table of a row: the first rule that fails decides.

    rule                     fails when                                                          value        threshold
    reference_record         the record has no alternate allele                                  -            -
    spanning_deletion        the alternate is `*`                                                -            -
    symbolic_allele          the alternate is symbolic or a breakend (structural variants)       -            -
    other_contig             the contig is none of the build's primary ones                      -            -
    genotype_missing         no alternate and a missing allele in the proband: outcome no_call   depth        depth limit
    no_alternate_in_proband  no alternate in the proband                                         -            -
    site_filter              FILTER is neither PASS nor missing                                  -            -
    site_quality             QUAL below the limit                                                QUAL         limit
    region                   off every padded exon, and not mitochondrial                        -            -
    depth                    the proband's depth below the limit                                 DP           limit
    genotype_quality         the proband's GQ below the limit                                    GQ           limit
    allele_balance           see `_allele_balance`; not on the mitochondrion                     share of alt limit
    heteroplasmy             share of alternate reads below the limit; mitochondrion only        share of alt limit
    frequency                popmax above the loosest cap of the contig's kind                   popmax       cap

A value that is missing fails no rule and passes none: the row carries `<rule>_not_measured`. A homozygote of doubtful
balance carries `allele_balance`.
Limits: slivar's trio recommendations (Pedersen et al. 2021, npj Genomic Medicine 6:60) and the caps of the Genomics England
100,000 Genomes tiering, all from `settings`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neotriage.genome import ContigKind
from neotriage.settings import Settings
from neotriage.table.reader import Batch

__all__ = [
    "FREQUENCY",
    "NOT_A_VARIANT",
    "RULES",
    "RULE_IDS",
    "SETTLED",
    "Context",
    "Rule",
    "Verdict",
    "apply_frequency",
    "apply_rules",
    "carries",
]

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

_PROBAND = 0


@dataclass(frozen=True)
class Context:
    """What the rules hold a batch against: the settings, the contig's kind, and bool (variants,) whether in a padded exon."""

    settings: Settings
    kind: ContigKind
    is_in_region: Bool


@dataclass(frozen=True)
class Check:
    """One rule over a batch: bool fails, is_unmeasured, float64 value and threshold (NaN none), bool is_doubtful (or none).

    All are of shape (variants,). A doubtful row does not fail, and carries the rule's name.
    """

    fails: Bool
    is_unmeasured: Bool
    value: Float
    threshold: Float
    is_doubtful: Bool | None = None


@dataclass(frozen=True)
class Rule:
    """One rule: its id and its check."""

    id: str
    check: Callable[[Batch, Context], Check]


@dataclass
class Verdict:
    """The first rule that each row failed.

    Attributes:
        failed: int8 (variants,), place in RULES, -1 none.
        doubtful: int8 (variants,), place of the first rule that leaves a doubt, -1 none.
        unmeasured: int8 (variants,), place of the first rule whose value is missing, -1 none.
        value, threshold: float64 (variants,), of the failed rule, NaN none.
    """

    failed: npt.NDArray[np.int8]
    doubtful: npt.NDArray[np.int8]
    unmeasured: npt.NDArray[np.int8]
    value: Float
    threshold: Float

    def add(self, number: int, check: Check, rows: npt.NDArray[np.int64]) -> None:
        """Enter a rule's check of these rows; a row that failed before stays as it is."""
        newly = rows[check.fails & (self.failed[rows] < 0)]
        which = check.fails & (self.failed[rows] < 0)
        self.failed[newly] = number
        self.value[newly] = check.value[which]
        self.threshold[newly] = check.threshold[which]
        self.unmeasured[rows[check.is_unmeasured & (self.unmeasured[rows] < 0)]] = number
        if check.is_doubtful is not None:
            self.doubtful[rows[check.is_doubtful & (self.doubtful[rows] < 0)]] = number


def carries(batch: Batch) -> Bool:
    """Whether the proband's genotype has this alternate allele, bool (variants,)."""
    return np.asarray((batch.genotype[:, _PROBAND] == 1).any(axis=1))


def apply_rules(batch: Batch, context: Context) -> Verdict:
    """Every rule but frequency, in order."""
    count = len(batch)
    nothing = np.full(count, -1, np.int8)
    verdict = Verdict(nothing, nothing.copy(), nothing.copy(), np.full(count, np.nan), np.full(count, np.nan))
    rows = np.arange(count)
    for number, rule in enumerate(RULES):
        verdict.add(number, rule.check(batch, context), rows)
    return verdict


def apply_frequency(
    verdict: Verdict, rows: npt.NDArray[np.int64], frequency: npt.NDArray[np.float32], is_covered: Bool, context: Context
) -> None:
    """Enter the frequency rule for these rows.

    Args:
        verdict: what the other rules said.
        rows: int64 (queries,), the rows whose frequency was looked up.
        frequency: float32 (queries,), popmax, NaN not seen in any source.
        is_covered: bool (queries,), whether the sources cover the contig at all.
        context: settings and kind of contig.
    """
    limits = context.settings.frequency
    is_mitochondrial = context.kind is ContigKind.MITOCHONDRION
    cap = limits.mitochondrial if is_mitochondrial else max(limits.dominant, limits.recessive)
    value = frequency.astype(np.float64)
    verdict.add(FREQUENCY, Check(value > cap, ~is_covered, value, np.full(len(rows), cap)), rows)


def _plain(fails: Bool) -> Check:
    nothing = np.full(len(fails), np.nan)
    return Check(fails, np.zeros(len(fails), bool), nothing, nothing)


def _at_least(value: Float, limit: float, applies: Bool | None = None) -> Check:
    """Fails below the limit; NaN is not measured."""
    where = np.ones(len(value), bool) if applies is None else applies
    missing = np.isnan(value)
    return Check(where & (value < limit), where & missing, value, np.full(len(value), limit))


def _measured(values: npt.NDArray[np.int32]) -> Float:
    """The proband's column as float64, NaN missing."""
    own = values[:, _PROBAND]
    return np.where(own < 0, np.nan, own.astype(np.float64))


def _each(texts: Sequence[str], test: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
    """Whether each text passes a test, bool (texts,); a text that stands often is tested once."""
    chosen = {text for text in set(texts) if test(text)}
    if not chosen:
        return np.zeros(len(texts), np.bool_)
    return np.fromiter((text in chosen for text in texts), np.bool_, len(texts))


def _reference_record(batch: Batch, _: Context) -> Check:
    return _plain(_each(batch.alts, lambda alt: alt == "."))


def _spanning_deletion(batch: Batch, _: Context) -> Check:
    return _plain(_each(batch.alts, lambda alt: alt == "*"))


def _symbolic_allele(batch: Batch, _: Context) -> Check:
    return _plain(_each(batch.alts, lambda alt: alt[0] == "<" or "[" in alt or "]" in alt or (len(alt) > 1 and "." in alt)))


def _other_contig(batch: Batch, context: Context) -> Check:
    return _plain(np.full(len(batch), context.kind is ContigKind.OTHER))


def _genotype_missing(batch: Batch, context: Context) -> Check:
    is_missing = (batch.genotype[:, _PROBAND] == -1).any(axis=1)
    limit = np.full(len(batch), float(context.settings.quality.depth))
    return Check(~carries(batch) & is_missing, np.zeros(len(batch), bool), _measured(batch.depth), limit)


def _no_alternate(batch: Batch, _: Context) -> Check:
    return _plain(~carries(batch))


def _site_filter(batch: Batch, _: Context) -> Check:
    return _plain(_each(batch.filters, lambda text: text not in {"", "PASS"}))


def _site_quality(batch: Batch, context: Context) -> Check:
    return _at_least(batch.qual.astype(np.float64), context.settings.quality.qual)


def _region(_: Batch, context: Context) -> Check:
    is_mitochondrial = context.kind is ContigKind.MITOCHONDRION
    return _plain(~context.is_in_region & (not is_mitochondrial))


def _depth(batch: Batch, context: Context) -> Check:
    return _at_least(_measured(batch.depth), context.settings.quality.depth)


def _genotype_quality(batch: Batch, context: Context) -> Check:
    return _at_least(_measured(batch.genotype_quality), context.settings.quality.genotype_quality)


def _balance(batch: Batch) -> tuple[Float, Float, Float]:
    """The proband's share of alternate reads among reference and alternate ones, alternate reads, reference reads."""
    ref, alt = _measured(batch.ref_depth), _measured(batch.alt_depth)
    total = ref + alt
    return np.divide(alt, total, out=np.full(len(batch), np.nan), where=total > 0), alt, ref


def _allele_balance(batch: Batch, context: Context) -> Check:
    """Heterozygous: fails outside its two limits. Homozygous, hemizygous or haploid: fails within the heterozygote's limits.

    The upper limit of a heterozygote is held against all its reads (DP), for at a site with two alternates, split in two
    records, the reads of the other alternate are in neither of the record's counts. A homozygote below slivar's limit of
    0.98, yet above what a heterozygote may have, is kept with a doubt: of the 189 homozygotes that bcftools calls in the
    30x reads of GIAB HG002 (chr20:10.0-10.1 Mb) that limit would lose 16.
    """
    limits = context.settings.quality
    share, alt, ref = _balance(batch)
    of_all = np.fmin(share, alt / np.fmax(_measured(batch.depth), alt + ref))
    codes = batch.genotype[:, _PROBAND]
    is_hom = ((codes == 1) | (codes == -2)).all(axis=1)
    is_low = ~is_hom & (share < limits.het_balance_low)
    is_high = ~is_hom & (of_all > limits.het_balance_high)
    is_mixed = is_hom & (share <= limits.het_balance_high)
    is_doubtful = is_hom & ~is_mixed & (share < limits.hom_alt_balance)
    threshold = np.where(is_hom | is_high, limits.het_balance_high, limits.het_balance_low)
    applies = np.full(len(batch), context.kind is not ContigKind.MITOCHONDRION)
    fails = applies & (is_low | is_high | is_mixed)
    return Check(fails, applies & np.isnan(share), np.where(is_high, of_all, share), threshold, applies & is_doubtful)


def _heteroplasmy(batch: Batch, context: Context) -> Check:
    applies = np.full(len(batch), context.kind is ContigKind.MITOCHONDRION)
    return _at_least(_balance(batch)[0], context.settings.quality.heteroplasmy, applies)


RULES: Sequence[Rule] = (
    Rule("reference_record", _reference_record),
    Rule("spanning_deletion", _spanning_deletion),
    Rule("symbolic_allele", _symbolic_allele),
    Rule("other_contig", _other_contig),
    Rule("genotype_missing", _genotype_missing),
    Rule("no_alternate_in_proband", _no_alternate),
    Rule("site_filter", _site_filter),
    Rule("site_quality", _site_quality),
    Rule("region", _region),
    Rule("depth", _depth),
    Rule("genotype_quality", _genotype_quality),
    Rule("allele_balance", _allele_balance),
    Rule("heteroplasmy", _heteroplasmy),
)
FREQUENCY = len(RULES)  # last, since it alone asks the store
RULE_IDS: Sequence[str] = (*(rule.id for rule in RULES), "frequency")
NOT_A_VARIANT = frozenset({RULE_IDS.index("reference_record"), RULE_IDS.index("spanning_deletion")})
SETTLED = RULE_IDS.index("no_alternate_in_proband")  # a row that fails up to here is no small variant of the proband
