"""Another person's reads, at homozygous places.

They are counted as in CHARR (Lu 2023, Am J Hum Genet 110:2068): reads of the reference at homozygous alternate SNVs, over the
depth and the reference's frequency. The store's frequency is the highest of its populations, which makes the estimate too high
rather than too low.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neotriage.scan.calls import Batch
from neotriage.store import Store

__all__ = ["LIMITS", "ForeignReads", "count_foreign", "judge_foreign"]

LIMITS: Mapping[str, float] = {
    "least_contamination_sites": 200,
    "contamination_amber": 0.02,
    "contamination_red": 0.03,
}
"""Limits, neotriage's own."""

_DEEPEST = 100
_COMMON = (0.1, 0.9)


@dataclass
class ForeignReads:
    """Sites, and the sum of each one's share of reference reads over the reference's frequency."""

    sites: int = 0
    share: float = 0.0


def count_foreign(foreign: Sequence[ForeignReads], batch: Batch, dosage: npt.NDArray[np.int8], store: Store) -> None:
    """Add a batch's common homozygous SNVs to the counts of each person.

    Args:
        foreign: one a person, on the samples axis.
        batch: SNVs of a contig.
        dosage: int8 (rows, samples), -1 unless well called.
        store: frequencies.
    """
    if not len(batch) or not store.is_covered(batch.contig):
        return
    frequency = store.lookup(batch.contig, batch.positions, batch.refs, batch.alts)["allele_frequency"]
    common = (frequency > _COMMON[0]) & (frequency < _COMMON[1])
    for person, counts in enumerate(foreign):
        depth, reference = batch.depth[:, person], batch.ref_depth[:, person]
        rows = common & (dosage[:, person] == 2) & (depth > 0) & (depth <= _DEEPEST) & (reference >= 0)
        counts.sites += int(np.count_nonzero(rows))
        counts.share += float((reference[rows] / depth[rows] / (1.0 - frequency[rows].astype(np.float64))).sum())


def judge_foreign(samples: Sequence[str], foreign: Sequence[ForeignReads]) -> list[dict[str, Any]]:
    """Of each person the share of foreign reads (None: not assessed), sites, light and `said`, a sentence."""
    rows: list[dict[str, Any]] = []
    for sample, counts in zip(samples, foreign, strict=True):
        if counts.sites < LIMITS["least_contamination_sites"]:
            least = f"{LIMITS['least_contamination_sites']:.0f}"
            said = f"contamination not assessed, {counts.sites} common homozygous SNVs; {least} are asked for"
            rows.append({"sample": sample, "share": None, "sites": counts.sites, "light": "not_assessed", "said": said})
            continue
        share = counts.share / counts.sites
        light = "green" if share < LIMITS["contamination_amber"] else "amber" if share < LIMITS["contamination_red"] else "red"
        said = f"{share:.1%} of the reads may be another person's, under {LIMITS['contamination_amber']:.0%} is expected"
        rows.append({"sample": sample, "share": round(share, 4), "sites": counts.sites, "light": light, "said": said})
    return rows
