"""The baby's alleles that speak for a treatable disease: ClinVar P/LP, or truncating in a gene where loss causes it.

An allele is taken if
    its call is good                 depth, genotype quality, allele balance and QUAL at the settings' limits
    and it is                        pathogenic or likely pathogenic in ClinVar (conflicting is not), or truncating
                                     (stop, frameshift, splice site, start lost, by bcftools csq), the treatability table
                                     says that loss of function causes the disease, and ClinVar does not say otherwise
    and, unless ClinVar knows it,    at most the recessive cap in the run's frequency store; the dominant one for one allele
A truncating allele that the store lacks may still be common: that is one reason why a line is provisional.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam

from neotriage.actnow.targets import Allele, Known
from neotriage.clinvar import is_pathogenic
from neotriage.errors import FormatError
from neotriage.schema import ClinvarSignificance
from neotriage.settings import QualityLimits
from neotriage.store import Store
from neotriage.treatability import Treatment

__all__ = ["FoundAllele", "find_alleles"]

_TRUNCATING = frozenset({"stop_gained", "frameshift", "splice_acceptor", "splice_donor", "start_lost"})
_VETO = frozenset(
    {
        ClinvarSignificance.BENIGN,
        ClinvarSignificance.LIKELY_BENIGN,
        ClinvarSignificance.UNCERTAIN,
        ClinvarSignificance.CONFLICTING,
    }
)


@dataclass(frozen=True)
class FoundAllele:
    """One allele of the baby in a gene; `copies` 1 or 2, `is_hemizygous` with no other copy; frequency NaN not known."""

    gene: str
    contig: str
    position: int
    ref: str
    alt: str
    copies: int
    is_hemizygous: bool
    depth: int
    alt_depth: int
    consequence: str
    significance: ClinvarSignificance
    stars: int
    frequency: float


def find_alleles(
    calls: Path,
    treatments: Mapping[str, Treatment],
    known: Mapping[Allele, Known],
    store: Store | None,
    genes: Mapping[str, Sequence[tuple[str, int, int]]],
    limits: QualityLimits,
    cap: float,
) -> list[FoundAllele]:
    """Alleles of the baby by the table above, in file order.

    Args:
        calls: the baby's calls in the targets with BCSQ, one alternate allele a record.
        treatments: gene -> treatment.
        known: ClinVar's alleles in the genes.
        store: the run's frequencies, None without any.
        genes: gene -> (contig, start, end), where it lies.
        limits: the settings' quality limits.
        cap: highest allele frequency.

    Raises:
        FormatError: the calls cannot be read.
        ResourceError: the store does not say whether it covers a contig.
    """
    found: list[FoundAllele] = []
    try:
        with pysam.VariantFile(str(calls)) as file:
            for record in file:
                found += _of_record(record, treatments, known, store, genes, limits, cap)
    except (OSError, ValueError) as error:
        raise FormatError(f"cannot be read ({error})", file=calls, fix="run the rule actnow again") from None
    return found


def _of_record(
    record: pysam.VariantRecord,
    treatments: Mapping[str, Treatment],
    known: Mapping[Allele, Known],
    store: Store | None,
    genes: Mapping[str, Sequence[tuple[str, int, int]]],
    limits: QualityLimits,
    cap: float,
) -> Iterator[FoundAllele]:
    call = record.samples[0]
    codes = [code for code in call["GT"] if code is not None]
    copies = codes.count(1)
    if not copies or len(codes) < len(call["GT"]) or not _is_good(record, copies, len(codes), limits):
        return
    allele = (record.chrom, record.pos - 1, str(record.ref), (record.alts or ("",))[0])
    of_clinvar = known.get(allele, Known(ClinvarSignificance.NONE, -1))
    truncated = _truncated(record)
    here = [
        gene
        for gene, places in genes.items()
        if gene in treatments and any(c == record.chrom and s < record.stop and record.start < e for c, s, e in places)
    ]
    for gene in here:
        is_lost = gene in truncated and treatments[gene].is_lost and of_clinvar.significance not in _VETO
        if not is_pathogenic(of_clinvar.significance) and not is_lost:
            continue
        frequency = _frequency(store, allele)
        if frequency > cap and not is_pathogenic(of_clinvar.significance):
            continue
        yield FoundAllele(
            gene,
            *allele,
            copies=copies,
            is_hemizygous=len(codes) == 1,
            depth=int(call["DP"]),
            alt_depth=int(call["AD"][1]),
            consequence=truncated.get(gene, ""),
            significance=of_clinvar.significance,
            stars=of_clinvar.stars,
            frequency=frequency,
        )


def _frequency(store: Store | None, allele: Allele) -> float:
    if store is None:
        return float("nan")
    contig, position, ref, alt = allele
    return float(store.lookup(contig, np.array([position], np.int32), [ref], [alt])["allele_frequency"][0])


def _is_good(record: pysam.VariantRecord, copies: int, ploidy: int, limits: QualityLimits) -> bool:
    call = record.samples[0]
    depth, quality, depths = call.get("DP"), call.get("GQ"), call.get("AD")
    if None in (depth, quality, depths) or record.qual is None or None in depths or not sum(depths):
        return False
    balance = depths[1] / sum(depths)
    is_het = copies < ploidy
    fits = limits.het_balance_low <= balance <= limits.het_balance_high if is_het else balance > limits.het_balance_high
    return bool(depth >= limits.depth and quality >= limits.genotype_quality and record.qual >= limits.qual and fits)


def _truncated(record: pysam.VariantRecord) -> dict[str, str]:
    """Gene -> truncating terms, of BCSQ (consequence|gene|transcript|biotype|…; `*` and `@` are not this record's own)."""
    found: dict[str, str] = {}
    entries = record.info.get("BCSQ", ()) if "BCSQ" in record.header.info else ()
    for entry in (entries,) if isinstance(entries, str) else entries:
        if entry.startswith("@"):
            continue
        terms, gene = entry.split("|")[:2]
        if set(terms.split("&")) & _TRUNCATING:
            found.setdefault(gene, terms)
    return found
