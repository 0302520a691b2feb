"""Runs of homozygosity of the baby from `bcftools roh`, and what they say of how related the parents are.

F_ROH is the length of the runs of 1.5 Mb and more over that of the autosomes that were looked at (McQuillan et al. 2008,
American Journal of Human Genetics 83:359). Expected for a child of first cousins is 1/16, of second cousins 1/64.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neotriage.errors import FormatError
from neotriage.genome import Build, ContigKind
from neotriage.store import Store

__all__ = ["LEAST_RUN_BP", "Run", "frequency_lines", "read_runs", "summary"]

LEAST_RUN_BP = 1_500_000
_LEAST_QUALITY = 20.0
_LEAST_LOOKED_AT_BP = 50_000_000
_LEAST_SITES_PER_MB = 20


@dataclass(frozen=True)
class Run:
    """A run of homozygosity, 0-based half-open, with its markers and quality (phred)."""

    contig: str
    start: int
    end: int
    markers: int
    quality: float

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        place = {"contig": self.contig, "start": self.start + 1, "end": self.end}
        return place | {"markers": self.markers, "quality": self.quality}


def frequency_lines(calls: Path, samples: Sequence[str], build: Build, store: Store) -> Iterator[str]:
    """Lines of `bcftools roh --AF-file` (contig, position, `REF,ALT`, frequency) of the calls' autosomal SNVs in a store.

    Raises:
        FormatError: as `open_scan`.
    """
    import numpy as np

    from neotriage.scan.calls import Interest, open_scan

    autosomes = [c for c in build.contigs if c.kind is ContigKind.AUTOSOME and store.is_covered(c.name)]
    whole = {c.name: (np.array([0], np.int32), np.array([c.length], np.int32)) for c in autosomes}
    interest = Interest(regions={}, taken=whole, primary=frozenset(whole), lowest_qual=0.0, elsewhere=False)
    for batch in open_scan(calls, samples).batches(interest):
        found = store.lookup(batch.contig, batch.positions, batch.refs, batch.alts)["allele_frequency"]
        for position, ref, alt, frequency in zip(batch.positions.tolist(), batch.refs, batch.alts, found.tolist(), strict=True):
            if len(ref) == len(alt) == 1 and 0 < frequency < 1:
                yield f"{batch.contig}\t{position + 1}\t{ref},{alt}\t{frequency:.6g}\n"


def read_runs(path: Path, sample: str) -> list[Run]:
    """The runs of a sample from the region lines (RG) of `bcftools roh`, of quality 20 and more.

    Raises:
        FormatError: a line is not one of `bcftools roh`.
    """
    runs = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        cells = line.split("\t")
        if line.startswith("#") or not line or cells[0] != "RG" or cells[1] != sample:
            continue
        try:
            _, _, contig, start, end, _, markers, quality = cells
            run = Run(contig, int(start) - 1, int(end), int(markers), float(quality))
        except ValueError:
            raise FormatError("not a line of bcftools roh", file=path, row=number, fix="remove it, and run again") from None
        if run.quality >= _LEAST_QUALITY:
            runs.append(run)
    return runs


def summary(runs: Sequence[Run], sites: Mapping[str, int], build: Build) -> dict[str, Any]:
    """F_ROH with what it stands on: `f_roh` None where too little was looked at, and `said`, a sentence.

    Args:
        runs: of the baby.
        sites: autosome -> SNVs called there.
        build: the run's build.
    """
    looked_at = [
        c
        for c in build.contigs
        if c.kind is ContigKind.AUTOSOME and sites.get(c.name, 0) >= _LEAST_SITES_PER_MB * c.length / 1e6
    ]
    length = sum(contig.length for contig in looked_at)
    names = {contig.name for contig in looked_at}
    long = [run for run in runs if run.end - run.start >= LEAST_RUN_BP and run.contig in names]
    held = sum(run.end - run.start for run in long)
    told = {"length_bp": length, "in_runs_bp": held, "runs": [run.as_dict() for run in long]}
    if length < _LEAST_LOOKED_AT_BP:
        megabases = f"{length / 1e6:.1f} Mb, {_LEAST_LOOKED_AT_BP / 1e6:.0f} are asked for"
        return told | {"f_roh": None, "said": f"not assessed: autosomes with calls all over are {megabases}"}
    share = held / length
    said = f"{share:.1%} of the autosomes in {len(long)} runs of 1.5 Mb and more; 6.3 % is expected of a child of first cousins"
    return told | {"f_roh": round(share, 4), "said": said}
