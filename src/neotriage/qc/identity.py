"""Who is who by the joint genotypes, read once: kinship of every pair (`relatedness`), and foreign reads (`contamination`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neotriage.genome import Build, ContigKind
from neotriage.pedigree import Family
from neotriage.qc import contamination, relatedness
from neotriage.qc.contamination import ForeignReads, count_foreign, judge_foreign
from neotriage.qc.relatedness import WINDOW_BP, Pair, judge_pairs
from neotriage.scan.calls import Batch, Interest, open_scan
from neotriage.store import Store

__all__ = ["LIMITS", "check_identity"]

LIMITS: Mapping[str, float] = {
    "least_depth": 10,
    "least_genotype_quality": 20,
    **relatedness.LIMITS,
    **contamination.LIMITS,
}
"""Limits of a good call, neotriage's own, and those of both checks."""

_SAMPLED_BP = 200_000  # of each window
_WHOLE_GENOME_BP = 1_000_000_000
_NUCLEOTIDES = frozenset("ACGT")


def check_identity(calls: Path, family: Family, build: Build, store: Store | None, threads: int = 1) -> dict[str, Any]:
    """Kinship and foreign reads of a family's joint calls as plain values, for identity.json.

    Args:
        calls: joint calls of the family.
        family: as the sheet has it.
        build: the run's build; of a whole genome a fifth is read.
        store: frequencies, for foreign reads; without it these are not assessed.
        threads: how many read.

    Raises:
        FormatError: as `open_scan`.
    """
    pairs = {names: Pair() for names in combinations(range(len(family.members)), 2)}
    foreign = [ForeignReads() for _ in family.members]
    for batch in _autosomal(calls, family.samples, build, threads):
        dosage = _dosage(batch)
        for (one, two), pair in pairs.items():
            pair.add(batch.contig, batch.positions, dosage[:, one], dosage[:, two])
        if store is not None:
            count_foreign(foreign, batch, dosage, store)
    return judge_pairs(family, pairs) | {"contamination": judge_foreign(family.samples, foreign), "limits": dict(LIMITS)}


def _autosomal(calls: Path, samples: Sequence[str], build: Build, threads: int) -> Iterable[Batch]:
    """SNVs of the autosomes that pass; of a whole genome the start of each window."""
    autosomes = [contig for contig in build.contigs if contig.kind is ContigKind.AUTOSOME]
    sampled = _SAMPLED_BP if sum(contig.length for contig in autosomes) > _WHOLE_GENOME_BP else WINDOW_BP
    places = {}
    for contig in autosomes:
        starts = np.arange(0, contig.length, WINDOW_BP, dtype=np.int32)
        places[contig.name] = (starts, starts + np.int32(sampled))
    interest = Interest(
        regions={}, taken=places, primary=frozenset(contig.name for contig in autosomes), lowest_qual=0.0, elsewhere=False
    )
    for batch in open_scan(calls, samples).batches(interest, threads):
        wanted = [
            row
            for row, (ref, alt, said) in enumerate(zip(batch.refs, batch.alts, batch.filters, strict=True))
            if ref in _NUCLEOTIDES and alt in _NUCLEOTIDES and said in ("PASS", "", ".")
        ]
        yield batch.take(np.array(wanted, np.int64))


def _dosage(batch: Batch) -> npt.NDArray[np.int8]:
    """Copies of the alternate, int8 (rows, samples), -1 unless well called. A depth or quality that was not given passes."""
    called = np.isin(batch.genotype, (0, 1)).all(axis=2)
    for values, least in ((batch.depth, "least_depth"), (batch.genotype_quality, "least_genotype_quality")):
        called &= (values < 0) | (values >= LIMITS[least])
    return np.where(called, batch.genotype.sum(axis=2), -1).astype(np.int8)
