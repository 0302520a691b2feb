"""How well each exon of each gene on the applied panels is covered, in each person: what a negative answer rests on.

Depth is mosdepth's, over exons merged across transcripts: an exon's stretch may be longer than the exon of the transcript
named, by what other transcripts add to it. Genes that the family excluded are not in it; nor are genes outside the panels.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neotriage.errors import FormatError
from neotriage.gene_models import Gene, GeneModels, Transcript
from neotriage.genome import Build, ContigKind
from neotriage.panels import Panel, match_panel
from neotriage.pedigree import Family, Sex
from neotriage.qc.figures import DEPTHS, mosdepth_rows

__all__ = ["LIMITS", "panel_coverage"]

LIMITS = (15, 20)
"""Depths that a base is held against: 15 as in Genomics England's rule, 20 for a heterozygous call with room to spare."""

_Stretch = tuple[int, int, tuple[int, ...]]


def panel_coverage(
    family: Family,
    thresholds: Mapping[str, Path],
    panels: Sequence[Panel],
    models: GeneModels,
    build: Build,
    excluded: Sequence[str] = (),
) -> dict[str, Any]:
    """The coverage of the panels' genes as plain values, for coverage.json.

    Args:
        family: gives the order of samples and their sexes: a woman's Y is not looked for.
        thresholds: sample -> mosdepth's thresholds.bed.gz, of those who came as reads.
        panels: the applied panels.
        models: the gene models that the depth was measured over.
        build: contig kinds.
        excluded: genes that the family excluded, by any of their names.

    Raises:
        FormatError: a file is not mosdepth's, or was measured over other exons.
    """
    members = [member for member in family.members if member.sample in thresholds]
    measured = [_read(thresholds[member.sample]) for member in members]
    on_panels: dict[int, dict[str, str]] = {}
    for panel in panels:
        for place, listed in match_panel(panel, models).genes.items():
            on_panels.setdefault(place, {})[panel.sha256] = listed.label
    hidden = models.names_of(excluded)
    genes = []
    for place in sorted(on_panels):
        gene = models.genes[place]
        is_on_y = build.kind(gene.contig) is ContigKind.Y
        if {gene.id, gene.symbol} & hidden or place not in models.transcripts_of:
            continue
        if is_on_y and build.is_par(gene.contig, gene.start):  # reads of the pseudoautosomal regions are looked at on X
            continue
        transcript = _shown_transcript(models.transcripts_of[place])
        counts = [
            None if is_on_y and member.sex is Sex.FEMALE else _Counts(by_contig.get(gene.contig, []), transcript)
            for member, by_contig in zip(members, measured, strict=True)
        ]
        genes.append(
            {
                "gene": gene.symbol or gene.id,
                "gene_id": gene.id,
                "panels": on_panels[place],
                "transcript": transcript.id,
                "one_copy": [_has_one_copy(member.sex, gene, build) for member in members],
                **_gene(gene.contig, transcript, counts),
            }
        )
    return {"limits": list(LIMITS), "samples": [member.sample for member in members], "genes": genes}


def _has_one_copy(sex: Sex, gene: Gene, build: Build) -> bool:
    """Whether half the depth is to be expected: X and Y of a man outside the pseudoautosomal regions."""
    is_sex_chromosome = build.kind(gene.contig) in {ContigKind.X, ContigKind.Y}
    return sex is Sex.MALE and is_sex_chromosome and not build.is_par(gene.contig, gene.start)


class _Counts:
    """One person's stretches over a transcript's exons: exon number -> (start, end, bases with at least each of LIMITS)."""

    def __init__(self, stretches: Sequence[_Stretch], transcript: Transcript) -> None:
        starts, ends = [s[0] for s in stretches], [s[1] for s in stretches]
        self.by_exon: dict[int, _Stretch] = {}
        for start, end in transcript.exons:
            found = stretches[bisect_right(ends, start) : bisect_left(starts, end)]
            if len(found) != 1 or start < found[0][0] or found[0][1] < end:  # merged exons: one stretch holds the whole exon
                raise FormatError(
                    f"depth was not measured over the exon {start + 1}-{end} of {transcript.id}",
                    fix="run the stage `qc` again with the gene models of this run",
                )
            self.by_exon[transcript.exon_number(start, end)] = found[0]


def _gene(contig: str, transcript: Transcript, counts: Sequence[_Counts | None]) -> dict[str, Any]:
    """Exons in transcript order: how many, and those that are short of a limit in anyone who is looked at."""
    of_exon = {transcript.exon_number(start, end): (start, end) for start, end in transcript.exons}
    coding = {
        number
        for number, (start, end) in of_exon.items()
        if not transcript.cds or any(low < end and start < high for low, high in transcript.cds)
    }
    short = []
    for number in sorted(of_exon):
        stretches = [None if c is None else c.by_exon[number] for c in counts]
        seen = next((s for s in stretches if s is not None), None)
        if seen is None:
            continue
        bases = seen[1] - seen[0]
        below = {
            str(limit): [None if s is None else bases - s[2][place] for s in stretches] for place, limit in enumerate(LIMITS)
        }
        if any(value for values in below.values() for value in values):
            row = {"exon": number, "chrom": contig, "start": seen[0] + 1, "end": seen[1], "bases": bases}
            short.append({**row, "is_coding": number in coding, "bases_below": below})
    return {"exons": len(of_exon), "coding_exons": len(coding), "exons_short": short}


def _shown_transcript(transcripts: Sequence[Transcript]) -> Transcript:
    """MANE Select, else the one with the most coding bases, else the one with the most exon bases."""

    def worth(transcript: Transcript) -> tuple[bool, int, int]:
        sums = [sum(end - start for start, end in parts) for parts in (transcript.cds, transcript.exons)]
        return transcript.is_mane_select, sums[0], sums[1]

    return max(transcripts, key=worth)


def _read(path: Path) -> dict[str, list[_Stretch]]:
    """Contig -> stretches in order, with the bases at each of LIMITS."""
    columns = [DEPTHS.index(limit) - len(DEPTHS) for limit in LIMITS]
    by_contig: dict[str, list[_Stretch]] = {}
    try:
        for fields in mosdepth_rows(path):
            stretch = int(fields[1]), int(fields[2]), tuple(int(fields[column]) for column in columns)
            by_contig.setdefault(fields[0], []).append(stretch)
    except (ValueError, IndexError) as error:
        raise FormatError(f"not the thresholds of mosdepth ({error})", file=path, fix="remove it, and run again") from None
    for stretches in by_contig.values():
        stretches.sort()
    return by_contig
