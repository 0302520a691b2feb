"""What the act-now page asks: exons of treatable genes, ClinVar's alleles there, and where else in these genes it has P/LP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neotriage.clinvar import Clinvar
from neotriage.errors import FormatError
from neotriage.gene_models import Gene, GeneModels
from neotriage.genome import Build, ContigKind
from neotriage.schema import ClinvarSignificance
from neotriage.whole_file import write_text

__all__ = ["Known", "find_known", "read_known", "target_bed", "treatable_exons", "write_known"]

PADDING_BP = 20
_SITE_BP = 5

Allele = tuple[str, int, str, str]


@dataclass(frozen=True)
class Known:
    """What ClinVar says of an allele."""

    significance: ClinvarSignificance
    stars: int


def treatable_exons(models: GeneModels, genes: Iterable[str]) -> dict[str, tuple[Gene, list[tuple[int, int]]]]:
    """Symbol -> the gene and its exons, merged, 0-based half-open; genes that the gene models lack are not in it."""
    found: dict[str, tuple[Gene, list[tuple[int, int]]]] = {}
    for symbol in genes:
        for place in models.by_symbol.get(symbol, ())[:1]:
            exons = (exon for transcript in models.transcripts_of.get(place, ()) for exon in transcript.exons)
            found[symbol] = (models.genes[place], _merged(exons))
    return found


def find_known(clinvar: Clinvar | None, genes: Iterable[Gene]) -> dict[Allele, Known]:
    """ClinVar's alleles within these genes."""
    found: dict[Allele, Known] = {}
    for gene in genes:
        contig = clinvar.contigs.get(gene.contig) if clinvar else None
        if contig is None:
            continue
        low, high = np.searchsorted(contig.positions, [gene.start, gene.end])
        for row in range(int(low), int(high)):
            allele = (gene.contig, int(contig.positions[row]), contig.refs[row], contig.alts[row])
            known = Known(contig.significance(row), int(contig.stars[row]))
            if allele not in found or known.stars > found[allele].stars:
                found[allele] = known
    return found


def target_bed(exons: Mapping[str, tuple[Gene, list[tuple[int, int]]]], pathogenic: Iterable[Allele], build: Build) -> str:
    """Lines of a BED in the build's order: exons with 20 bp, P/LP sites with 5; without the mitochondrion."""
    by_contig: dict[str, list[tuple[int, int]]] = {}
    for gene, intervals in exons.values():
        by_contig.setdefault(gene.contig, []).extend((max(0, start - PADDING_BP), end + PADDING_BP) for start, end in intervals)
    for contig, position, ref, _ in pathogenic:
        by_contig.setdefault(contig, []).append((max(0, position - _SITE_BP), position + len(ref) + _SITE_BP))
    return "".join(
        f"{contig.name}\t{start}\t{min(end, contig.length)}\n"
        for contig in build.primary
        if contig.kind is not ContigKind.MITOCHONDRION
        for start, end in _merged(by_contig.get(contig.name, ()))
    )


def write_known(known: Mapping[Allele, Known], path: Path) -> None:
    """Write alleles with significance and stars as a table."""
    rows = [f"{c}\t{p}\t{r}\t{a}\t{k.significance.value}\t{k.stars}\n" for (c, p, r, a), k in sorted(known.items())]
    write_text(path, "contig\tposition\tref\talt\tsignificance\tstars\n" + "".join(rows))


def read_known(path: Path) -> dict[Allele, Known]:
    """Read what `write_known` wrote.

    Raises:
        FormatError: not such a file.
    """
    try:
        rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
        return {(c, int(p), r, a): Known(ClinvarSignificance(s), int(stars)) for c, p, r, a, s, stars in rows}
    except ValueError as error:
        raise FormatError(f"not a table of known alleles ({error})", file=path, fix="run `neotriage actnow targets`") from None


def _merged(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
