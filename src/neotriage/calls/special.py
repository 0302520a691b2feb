"""What small variants do not show, measured of one family: SMN1, repeats, whole chromosomes, disomy, kinship.

`special_document` puts it into words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pysam

from neotriage.calls.aneuploidy import ContigCopies, copies_by_contig, count_contigs, window_copies
from neotriage.calls.disomy import (
    ImprintedRegion,
    Stretch,
    called_sites,
    counts_by_contig,
    find_stretches,
    read_imprinted,
)
from neotriage.calls.expansion_hunter import read_calls
from neotriage.calls.homozygosity import read_runs, summary
from neotriage.calls.repeat_loci import Locus, as_in_reference, read_loci
from neotriage.calls.repeats import RepeatCall, gather, size_alleles
from neotriage.case import Case
from neotriage.copies.smn import SMN1, SmnCopies, SmnPlace, count_copies, find_smn
from neotriage.copies.windows import Window
from neotriage.errors import FormatError
from neotriage.fasta import open_fasta
from neotriage.gene_models import GeneModels
from neotriage.genome import Build, ContigKind
from neotriage.panels import read_panel
from neotriage.pedigree import Member, Sex

__all__ = ["EXCLUDED", "Looked", "SpecialFiles", "look"]

EXCLUDED = "left out: the family excluded SMN1"

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SpecialFiles:
    """The family's files. `roh`: what bcftools roh wrote; `expansion_hunter`: sample -> its VCF, where it was run."""

    calls: Path
    roh: Path
    reference: Path
    alignments: Mapping[str, Path]
    expansion_hunter: Mapping[str, Path]
    has_frequencies: bool


@dataclass(frozen=True)
class Looked:
    """What was measured.

    Attributes:
        smn: where SMN1 is counted, or why not; with each sample's copies.
        repeats: sample -> calls at each locus, of our own and of ExpansionHunter.
        not_in_reference: loci whose repeat the reference does not have.
        contigs: copies of each contig of the baby, with the windows they stand on.
        sites: contig -> SNVs called in the baby.
        says: contig -> sites that say both parents, father alone, mother alone.
        stretches: from one parent alone, each with the copies by depth (NaN not measured).
        homozygosity: as `homozygosity.summary`.
        imprinted: the regions, and the names of those that the gene models lack.
    """

    smn_place: SmnPlace | str
    smn: Mapping[str, SmnCopies]
    repeats: Mapping[str, Sequence[RepeatCall]]
    not_in_reference: Sequence[Locus]
    contigs: Sequence[ContigCopies]
    sites: Mapping[str, int]
    says: Mapping[str, Mapping[str, int]]
    stretches: Sequence[tuple[Stretch, float]]
    homozygosity: Mapping[str, Any]
    imprinted: tuple[Sequence[ImprintedRegion], Sequence[str]]


def look(case: Case, build: Build, models: GeneModels, files: SpecialFiles, threads: int = 1) -> Looked:
    """Measure all of it.

    Raises:
        FormatError: an alignment, the calls or a tool's file cannot be read.
        InputError: a panel cannot be read.
    """
    baby, excluded = case.family.proband, models.names_of(case.excluded_genes)
    with open_fasta(files.reference) as fasta:
        place = EXCLUDED if SMN1 in excluded else find_smn(models, build, fasta)
        loci = [
            locus for locus in read_loci((read_panel(Path(path)) for path in case.panels), build) if locus.gene not in excluded
        ]
        known = {locus.name: found for locus in loci if (found := as_in_reference(locus, fasta)) is not None}
        smn: dict[str, SmnCopies] = {}
        repeats: dict[str, list[RepeatCall]] = {}
        windows: list[Window] = []
        counts: Counts = np.zeros(0, np.int64)
        for member in case.family.members:
            path = files.alignments.get(member.sample)
            if path is None:
                continue
            try:
                with pysam.AlignmentFile(str(path), reference_filename=str(files.reference)) as reads:
                    if not isinstance(place, str):
                        smn[member.sample] = count_copies(reads, place)
                    repeats[member.sample] = [_size(reads, fasta, locus, member, build) for locus in known.values()]
                    if member.sample == baby.sample:
                        windows, counts = count_contigs(reads, fasta, build)
            except (OSError, ValueError) as error:
                raise FormatError(f"cannot be read ({error})", file=path, fix="run the stage `reads` again") from None
            if member.sample in files.expansion_hunter:
                repeats[member.sample] += read_calls(files.expansion_hunter[member.sample], known.values())
    sites, says, stretches = {}, {}, []
    for of in called_sites(files.calls, case.family, build, threads):
        sites[of.contig], says[of.contig] = len(of.positions), counts_by_contig(of)
        stretches += find_stretches(of)
    copies = window_copies(windows, counts, build) if len(windows) else np.zeros(0)
    return Looked(
        smn_place=place,
        smn=smn,
        repeats=repeats,
        not_in_reference=[locus for locus in loci if locus.name not in known],
        contigs=copies_by_contig(windows, counts, build) if windows else [],
        sites=sites,
        says=says,
        stretches=[(stretch, _copies_in(stretch, windows, copies)) for stretch in stretches],
        homozygosity=summary(read_runs(files.roh, baby.sample), sites, build),
        imprinted=read_imprinted(models),
    )


def _size(reads: pysam.AlignmentFile, fasta: pysam.FastaFile, locus: Locus, member: Member, build: Build) -> RepeatCall:
    is_single = build.kind(locus.contig) is ContigKind.X and member.sex is Sex.MALE
    return size_alleles(locus, gather(reads, fasta, locus), 1 if is_single else 2)


def _copies_in(stretch: Stretch, windows: Sequence[Window], copies: npt.NDArray[np.float64]) -> float:
    """Median copies by depth within a stretch, NaN with less than three windows."""
    inside = [
        c for w, c in zip(windows, copies, strict=True) if w.contig == stretch.contig and stretch.start <= w.start < stretch.end
    ]
    return float(np.median(inside)) if len(inside) >= 3 else float("nan")
