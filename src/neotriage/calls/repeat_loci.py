"""Short tandem repeats that are looked at: those of the applied panels, and the neonatal ones of `repeat_loci.tsv`."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pysam

from neotriage.errors import InputError
from neotriage.genome import Build
from neotriage.home import resource
from neotriage.panels import GREEN, ModeOfInheritance, Panel, PanelRepeat

__all__ = ["Locus", "as_in_reference", "read_loci", "rotations", "share_of_motif"]

_COLUMNS = ("gene", "contig", "start", "end", "motif", "normal", "pathogenic", "mode", "condition", "source")
_PURE = 0.6
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


@dataclass(frozen=True)
class Locus:
    """A repeat: place 0-based half-open, motif on the forward strand of the reference (N any base), thresholds in repeats.

    `normal` is the highest normal number, `pathogenic` the lowest that causes disease, -1 not stated. `is_on_panel` is of a
    green entry of an applied panel; `is_recessive` where the mode asks for two.
    """

    name: str
    gene: str
    contig: str
    start: int
    end: int
    motif: str
    normal: int
    pathogenic: int
    is_recessive: bool
    is_on_panel: bool
    source: str
    condition: str = ""

    @property
    def reference_repeats(self) -> int:
        """Repeats in the reference."""
        return (self.end - self.start) // len(self.motif)


def read_loci(panels: Iterable[Panel], build: Build, table: Path | None = None) -> list[Locus]:
    """The loci, by place; of two entries for one gene and place the panel's with the higher confidence counts.

    Raises:
        InputError: a row of the table is broken.
    """
    found: dict[tuple[str, str], tuple[int, Locus]] = {}
    for locus in _bundled(table or resource("repeat_loci.tsv")):
        found[locus.gene, locus.contig] = (-1, locus)
    for panel in panels:
        for repeat in panel.repeats:
            contig = repeat.contig if repeat.contig in build.by_name else build.own_name(repeat.contig) or repeat.contig
            key = (repeat.symbol, contig)
            if repeat.start >= 0 and repeat.confidence > found.get(key, (-2,))[0]:
                found[key] = (repeat.confidence, _of_panel(repeat, contig, panel, found.get(key)))
    order = {contig.name: place for place, contig in enumerate(build.contigs)}
    loci = [locus for _, locus in found.values()]
    return sorted(loci, key=lambda locus: (order.get(locus.contig, len(order)), locus.start))


def _of_panel(repeat: PanelRepeat, contig: str, panel: Panel, before: tuple[int, Locus] | None) -> Locus:
    version = f" {panel.version}" if panel.version else ""
    return Locus(
        name=repeat.name,
        gene=repeat.symbol,
        contig=contig,
        start=repeat.start,
        end=repeat.end,
        motif=repeat.motif.upper(),
        normal=repeat.normal_repeats,
        pathogenic=repeat.pathogenic_repeats,
        is_recessive=repeat.mode is ModeOfInheritance.BIALLELIC,
        is_on_panel=repeat.confidence >= GREEN,
        source=f"PanelApp, {panel.name}{version}",
        condition=before[1].condition if before else "",
    )


def _bundled(table: Path) -> list[Locus]:
    lines = table.read_text(encoding="utf-8").splitlines()
    skipped = sum(line.startswith("#") for line in lines)
    loci = []
    for number, row in enumerate(csv.DictReader(lines[skipped:], delimiter="\t"), skipped + 2):
        empty = [column for column in _COLUMNS if not row.get(column)]
        if empty:
            raise InputError("empty", file=table, row=number, column=empty[0], fix="fill it in, or leave the row out")
        try:
            start, end, normal, pathogenic = (int(row[column]) for column in ("start", "end", "normal", "pathogenic"))
        except ValueError as error:
            raise InputError(str(error), file=table, row=number, fix="give whole numbers") from None
        is_recessive = row["mode"] == "biallelic"
        place = (f"{row['gene']}_{row['motif']}", row["gene"], row["contig"], start, end, row["motif"], normal, pathogenic)
        loci.append(Locus(*place, is_recessive, False, row["source"], row["condition"]))
    return loci


def as_in_reference(locus: Locus, fasta: pysam.FastaFile) -> Locus | None:
    """The locus, its motif as on the reference's forward strand; None if the reference has no such repeat there."""
    if locus.contig not in fasta.references or fasta.get_reference_length(locus.contig) < locus.end:
        return None
    bases = fasta.fetch(locus.contig, locus.start, locus.end).upper()
    other = locus.motif.translate(_COMPLEMENT)[::-1]
    best = max((locus.motif, other), key=lambda motif: share_of_motif(bases, motif))
    if share_of_motif(bases, best) < _PURE:
        return None
    return Locus(**{**locus.__dict__, "motif": best})


def rotations(motif: str) -> frozenset[str]:
    """Every word that a run of the motif is made of, N as each of the four bases."""
    words = {""}
    for base in motif:
        words = {word + choice for word in words for choice in ("ACGT" if base == "N" else base)}
    return frozenset(word[turn:] + word[:turn] for word in words for turn in range(len(motif)))


def share_of_motif(bases: str, motif: str) -> float:
    """Share of the words of the motif's length, at every base, that belong to a run of it; 0 for fewer bases than a motif."""
    size = len(motif)
    words = [bases[place : place + size] for place in range(len(bases) - size + 1)]
    of_motif = rotations(motif)
    return sum(word in of_motif for word in words) / len(words) if words else 0.0
