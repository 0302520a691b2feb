"""The honest negative: of each gene on the applied panels, whether it was fully assessed, and if not, why.

A gene is fully assessed if it is in the gene models, every base of its coding exons has 15 reads or more in the baby, and no
part of it is known to lie in the genome twice. Genes outside the applied panels are not listed, nor are those that the family
excluded. What this run assesses in no gene (variant classes) is said elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neotriage.report.homology import Homology

__all__ = ["assess"]

_LIMIT = "15"


def assess(
    panels: Sequence[Mapping[str, Any]],
    coverage: Mapping[str, Any],
    homology: Mapping[str, Homology],
    proband: str,
    excluded: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """What of the applied panels was assessed, as plain values.

    Args:
        panels: `summary.json`'s panels: name, version, sha256, genes, symbols, not_in_gene_models.
        coverage: `qc/coverage.json`; without samples where nobody came as reads.
        homology: approved symbol -> row of the table.
        proband: the baby's sample.
        excluded: every name of the genes that the family excluded.
    """
    samples = list(coverage["samples"])
    rows = [row for row in coverage["genes"] if not {row["gene"], row["gene_id"]} & excluded]
    by_label = {(sha, label): row for row in rows for sha, label in row["panels"].items()}
    genes: dict[str, dict[str, Any]] = {}
    told = []
    for panel in panels:
        lacking = set(panel.get("not_in_gene_models") or ())
        names = sorted({*panel.get("symbols", []), *lacking})
        judged = [
            _gene(name, by_label.get((panel["sha256"], name)), homology, name in lacking, samples, proband) for name in names
        ]
        for gene in judged:
            genes.setdefault(gene["gene"], gene)
        told.append(
            {
                "name": panel["name"],
                "version": panel["version"],
                "genes": panel["genes"],
                "not_fully_assessed": sum(not gene["is_fully_assessed"] for gene in judged),
                "not_listed": panel["genes"] - len(judged),
            }
        )
    return {
        "limits": coverage["limits"],
        "samples": samples,
        "panels": told,
        "people": [_person(sample, place, rows, samples, proband) for place, sample in enumerate(samples)],
        "genes": [genes[name] for name in sorted(genes)],
    }


def _gene(
    name: str,
    row: Mapping[str, Any] | None,
    homology: Mapping[str, Homology],
    is_lacking: bool,
    samples: Sequence[str],
    proband: str,
) -> dict[str, Any]:
    shown = row["gene"] if row else name
    alike = homology.get(shown)
    row = row if proband in samples else None
    short = row["exons_short"] if row else []
    reasons = []
    if is_lacking:
        reasons.append("not in the gene models: not looked at")
    elif row is None:
        reasons.append("coverage not measured")
    else:
        baby = samples.index(proband)
        below = [e["exon"] for e in short if e["is_coding"] and e["bases_below"][_LIMIT][baby]]
        if below:
            exons = f"exon{'s' if len(below) > 1 else ''} {', '.join(map(str, below))}"
            expected = "; one copy of this gene, so half the depth is to be expected" if row["one_copy"][baby] else ""
            reasons.append(f"bases under 15 reads in the baby: {exons} of {row['exons']}{expected}")
    if alike:
        reasons.append(f"{alike.part} like {alike.like}: short reads may be placed wrongly ({alike.source})")
    return {
        "gene": shown,
        "transcript": row["transcript"] if row else None,
        "exons": row["exons"] if row else None,
        "is_fully_assessed": not reasons,
        "reasons": reasons,
        "exons_short": short,
    }


def _person(sample: str, place: int, rows: Sequence[Mapping[str, Any]], samples: Sequence[str], proband: str) -> dict[str, Any]:
    """How many coding exons of the panels are whole at each limit in a person; for a relative, how many only in the baby.

    Where the baby's exon is whole and a parent's is not, a change there may not be told new from inherited.
    """
    exons = sum(row["coding_exons"] for row in rows)
    short = [e["bases_below"] for row in rows for e in row["exons_short"] if e["is_coding"]]
    baby = samples.index(proband) if proband in samples else None
    only_here = [b[_LIMIT] for b in short if baby is not None and b[_LIMIT][place] and not b[_LIMIT][baby]]
    return {
        "sample": sample,
        "coding_exons": exons,
        "whole_at": {limit: exons - sum(bool(b[limit][place]) for b in short) for limit in ("15", "20")},
        "short_here_not_in_baby": None if sample == proband or baby is None else len(only_here),
    }
