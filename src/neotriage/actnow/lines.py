"""From alleles to the page's lines: what fits the inheritance of the disease, and what was looked for and is absent.

| mode of the treatability table | a line |
|---|---|
| biallelic | one allele twice, or two different alleles (phase not yet known) |
| monoallelic | one allele, P/LP in ClinVar or within the dominant cap; or as biallelic |
| both | one allele, P/LP in ClinVar: loss of one copy need not cause what loss of both does; or as biallelic |
| x_recessive | a boy's only copy, or as biallelic in a girl |
| x_dominant | as monoallelic |
| mitochondrial | an allele of the always-look list, at the settings' level and on three reads and more |

SMN1 has a line of its own: no copy by depth and the differing bases, or no copy not excluded on enough reads.

One allele of a biallelic gene is no line: one in several babies carries one. How many there are is counted, and not named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

from neotriage.actnow.alignment import Coverage, Level
from neotriage.actnow.alleles import FoundAllele
from neotriage.always_look import AlwaysLookEntry
from neotriage.clinvar import is_pathogenic
from neotriage.copies.smn import SmnCopies
from neotriage.schema import ClinvarSignificance
from neotriage.settings import Settings
from neotriage.treatability import TreatableMode, Treatment, Urgency

__all__ = ["NOT_LOOKED_AT", "Page", "find_lines", "looked_at", "mitochondrial_line", "page_document", "smn_line"]

_LEAST_READS = 3
_LEAST_MITOCHONDRIAL_DEPTH = 100
_ENOUGH_COVERED = 0.95
NOT_LOOKED_AT = (
    "deletions, duplications, repeat expansions, uniparental disomy",
    "genes with no entry in the treatability table, and uncertain (VUS) or common alleles of those that have one",
    "the parents: which allele came from whom",
    "the baby's signs (HPO): nothing here is ranked",
)
_MODES = {
    TreatableMode.BIALLELIC: "recessive",
    TreatableMode.MONOALLELIC: "dominant",
    TreatableMode.BOTH: "dominant or recessive",
    TreatableMode.X_RECESSIVE: "X-linked",
    TreatableMode.X_DOMINANT: "X-linked",
    TreatableMode.MITOCHONDRIAL: "mitochondrial",
}


@dataclass(frozen=True)
class Page:
    """What the page says: lines, single alleles not shown, mitochondrial places looked at, coverage by gene."""

    lines: tuple[dict[str, Any], ...]
    single_alleles: int
    looked_at: tuple[dict[str, Any], ...]
    coverage: Mapping[str, Coverage]
    not_in_gene_models: tuple[str, ...]
    withheld: int
    smn: SmnCopies | None = None


def find_lines(
    alleles: Sequence[FoundAllele], treatments: Mapping[str, Treatment], settings: Settings
) -> tuple[list[dict[str, Any]], int]:
    """Lines by the table above, most urgent first, and the number of genes with one allele that make none."""
    lines, singles = [], 0
    for gene in sorted({allele.gene for allele in alleles}):
        treatment = treatments[gene]
        of_gene = [allele for allele in alleles if allele.gene == gene]
        chosen = _chosen(of_gene, treatment.mode, settings.frequency.dominant)
        if chosen:
            lines.append(_line(treatment, chosen))
        else:
            singles += 1
    order = list(Urgency)
    return sorted(lines, key=lambda line: (order.index(line["urgency"]), line["gene"])), singles


def _chosen(alleles: Sequence[FoundAllele], mode: TreatableMode, cap: float) -> list[FoundAllele]:
    double = [allele for allele in alleles if allele.copies > 1 or allele.is_hemizygous]
    if double:
        return double
    if len(alleles) > 1:
        return list(alleles)
    known = [allele for allele in alleles if is_pathogenic(allele.significance)]
    if mode is TreatableMode.BOTH:
        return known
    if mode in {TreatableMode.MONOALLELIC, TreatableMode.X_DOMINANT}:
        return known or [allele for allele in alleles if not allele.frequency > cap]
    return []


def _line(treatment: Treatment, alleles: Sequence[FoundAllele]) -> dict[str, Any]:
    if alleles[0].is_hemizygous:
        words = "on the only copy"
    elif alleles[0].copies > 1:
        words = "on both copies"
    elif len(alleles) > 1:
        words = f"{len(alleles)} different alleles; whether on opposite copies is not known yet"
    else:
        words = "on one of two copies"
    return {
        "gene": treatment.gene,
        **_treatment(treatment),
        "words": f"{words} ({_MODES[treatment.mode]})",
        "alleles": [_allele(allele) for allele in alleles],
    }


def mitochondrial_line(treatment: Treatment, entry: AlwaysLookEntry, level: Level, settings: Settings) -> dict[str, Any] | None:
    """The line of an allele of the always-look list, None where it is not there."""
    if level.alt < _LEAST_READS or level.fraction < settings.quality.heteroplasmy:
        return None
    allele = {"contig": entry.contig, "position": entry.start + 1, "ref": entry.ref, "alt": entry.alt}
    return {
        "gene": treatment.gene,
        **_treatment(treatment) | {"source": entry.source},
        "words": f"{entry.title}; in {100 * level.fraction:.0f} % of mitochondrial reads",
        "alleles": [{**allele, "depth": level.depth, "alt_depth": level.alt, "why": "on the always-look list"}],
    }


def smn_line(treatment: Treatment, copies: SmnCopies) -> dict[str, Any] | None:
    """The line of SMN1, None where at least one copy is there or the reads could not be looked at."""
    if not copies.is_zero_possible:
        return None
    if copies.smn1 == 0:
        of_smn2 = "not known how many" if copies.smn2 is None else str(copies.smn2)
        words = f"no copy of SMN1, {of_smn2} of SMN2, by depth and differing bases; confirm by MLPA"
    else:
        words = f"no copy of SMN1 is not excluded ({copies.reason}); confirm by MLPA"
    return {"gene": treatment.gene, **_treatment(treatment), "words": words, "alleles": [], "copies": copies.smn1}


def _treatment(treatment: Treatment) -> dict[str, str]:
    return {
        "condition": treatment.condition,
        "action": treatment.action,
        "urgency": treatment.urgency.value,
        "source": treatment.source,
    }


def _allele(allele: FoundAllele) -> dict[str, Any]:
    kept = ("contig", "ref", "alt", "depth", "alt_depth")
    return {name: value for name, value in asdict(allele).items() if name in kept} | {
        "position": allele.position + 1,
        "why": _why(allele),
    }


def _why(allele: FoundAllele) -> str:
    if allele.significance is not ClinvarSignificance.NONE:
        reason = f"ClinVar {allele.significance.replace('_', ' ')}, {allele.stars} stars"
    else:
        reason = f"{allele.consequence.replace('_', ' ').replace('&', ', ')}, not in ClinVar"
    seen = "no frequency known" if isnan(allele.frequency) else f"frequency {allele.frequency:.2g}"
    return f"{reason}; {seen}"


def looked_at(entry: AlwaysLookEntry, level: Level) -> dict[str, Any]:
    """What was looked for at a mitochondrial place, and with how many reads."""
    is_enough = level.depth >= _LEAST_MITOCHONDRIAL_DEPTH
    return {
        "title": entry.title,
        "depth": level.depth,
        "alt_depth": level.alt,
        "is_enough": is_enough,
        "source": entry.source,
    }


def page_document(page: Page, case: str, sample: str) -> dict[str, Any]:
    """The page as plain JSON values."""
    copies = page.smn.as_dict() if page.smn else None
    not_called = "SMN1 and SMN2 copy number" + (f": {page.smn.reason}" if page.smn and page.smn.reason else "")
    thin = {gene: c for gene, c in page.coverage.items() if not c.fraction_10x >= _ENOUGH_COVERED}
    return {
        "status": "PROVISIONAL",
        "case": case,
        "sample": sample,
        "lines": list(page.lines),
        "single_alleles_not_shown": page.single_alleles,
        "mitochondrial": list(page.looked_at),
        "genes": len(page.coverage),
        "coverage": {
            gene: {
                "bases": c.bases,
                "fraction_10x": None if isnan(c.fraction_10x) else round(c.fraction_10x, 4),
                "mean_depth": None if isnan(c.mean_depth) else round(c.mean_depth, 1),
            }
            for gene, c in sorted(page.coverage.items())
        },
        "poorly_covered": sorted(thin),
        "not_in_gene_models": list(page.not_in_gene_models),
        "genes_withheld": page.withheld,
        "smn": copies,
        "not_looked_at": [*([] if page.smn and not page.smn.reason else [not_called]), *NOT_LOOKED_AT],
    }
