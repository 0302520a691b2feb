"""Points and class of a copy number variant by the technical standards of ACMG and ClinGen.

Riggs et al. 2020, Genet Med 22:245, PMID 31690835: table 1 (losses), table 2 (gains), five sections each.

    P >= 0.99    LP 0.90 to 0.98    VUS -0.89 to 0.89    LB -0.90 to -0.98    B <= -0.99

Each line has suggested points, the range in which a judge may move them, and the most that all its cases together may give.
A line of section 4 can hold for several cases (probands, families, studies): its points are a case's, as often as it is
named. What is an established haploinsufficient, triplosensitive or benign region is ClinGen's to say and an argument here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from neotriage.errors import InputError
from neotriage.schema import AcmgClass

__all__ = ["GAIN", "LOSS", "CnvKind", "CnvLine", "CnvScore", "cnv_class", "gene_count_line", "pvs1_points", "score_cnv"]

SOURCE = "ACMG and ClinGen standards for copy number variants, Riggs 2020 (PMID 31690835)"


class CnvKind(StrEnum):
    """Whether copies are lost or gained."""

    LOSS = "loss"
    GAIN = "gain"


@dataclass(frozen=True)
class CnvLine:
    """One line of the table: suggested points of a case, the range of a case, and the most of all cases (signed)."""

    points: float
    low: float
    high: float
    most: float
    words: str


@dataclass(frozen=True)
class CnvScore:
    """The parts (line, points after the line's limit), their sum, and the class; points are rounded to hundredths."""

    parts: tuple[tuple[str, float], ...]
    points: float
    acmg_class: AcmgClass


def _fixed(points: float, words: str) -> CnvLine:
    return CnvLine(points, min(points, 0.0), max(points, 0.0), points, words)


# Sections 4 and 5 of both tables. 4A to 4C: points of an assumed de novo; a confirmed one has the higher of the range's.
_CASES: Mapping[str, CnvLine] = {
    "4A": CnvLine(0.30, 0.15, 0.45, 0.90, "proband, phenotype highly specific and relatively unique"),
    "4B": CnvLine(0.15, 0.0, 0.45, 0.90, "proband, phenotype highly specific, not necessarily unique"),
    "4C": CnvLine(0.10, 0.0, 0.30, 0.90, "proband, phenotype consistent, not highly specific"),
    "4D": CnvLine(0.0, -0.30, 0.0, -0.30, "proband, phenotype not consistent"),
    "4E": CnvLine(0.10, 0.0, 0.15, 0.30, "proband, phenotype highly specific, inheritance unknown"),
    "4F": CnvLine(0.15, 0.0, 0.15, 0.45, "3 to 4 observed segregations"),
    "4G": CnvLine(0.30, 0.0, 0.30, 0.45, "5 to 6 observed segregations"),
    "4H": CnvLine(0.45, 0.0, 0.45, 0.45, "7 or more observed segregations"),
    "4I": CnvLine(-0.45, -0.45, 0.0, -0.90, "not in an affected relative with a specific phenotype"),
    "4J": CnvLine(-0.30, -0.30, 0.0, -0.90, "in an unaffected relative, phenotype specific"),
    "4K": CnvLine(-0.15, -0.15, 0.0, -0.30, "in an unaffected relative, phenotype not specific"),
    "4L": CnvLine(0.45, 0.0, 0.45, 0.45, "more in cases than in controls, phenotype specific"),
    "4M": CnvLine(0.30, 0.0, 0.30, 0.45, "more in cases than in controls, phenotype not specific or unknown"),
    "4N": CnvLine(-0.90, -0.90, 0.0, -0.90, "no difference between cases and controls"),
    "4O": CnvLine(-1.00, -1.00, 0.0, -1.00, "overlap with common population variation"),
    "5A": CnvLine(0.0, 0.0, 0.45, 0.45, "de novo: points of 4A to 4D"),
    "5B": CnvLine(-0.30, -0.45, 0.0, -0.45, "inherited from an unaffected parent, phenotype specific"),
    "5C": CnvLine(-0.15, -0.30, 0.0, -0.30, "inherited from an unaffected parent, phenotype not specific"),
    "5D": CnvLine(0.0, 0.0, 0.45, 0.45, "segregates in the family: points of 4F to 4H"),
    "5E": CnvLine(0.0, -0.45, 0.0, -0.45, "does not segregate in the family: points of 4I to 4K"),
    "5F": _fixed(0.0, "inheritance not known"),
    "5G": CnvLine(0.10, 0.0, 0.15, 0.15, "inheritance not known, phenotype not specific but consistent"),
    "5H": CnvLine(0.30, 0.0, 0.30, 0.30, "inheritance not known, phenotype highly specific and consistent"),
}

LOSS: Mapping[str, CnvLine] = {
    "1A": _fixed(0.0, "holds protein-coding or other functionally important elements"),
    "1B": _fixed(-0.60, "holds none"),
    "2A": _fixed(1.00, "complete overlap of an established haploinsufficient gene or region"),
    "2B": _fixed(0.0, "partial overlap of an established haploinsufficient region, causative gene not known to be hit"),
    "2C-1": CnvLine(0.90, 0.45, 1.00, 1.00, "5' end of an established haploinsufficient gene, with coding sequence"),
    "2C-2": CnvLine(0.0, 0.0, 0.45, 0.45, "5' end of an established haploinsufficient gene, 5' UTR only"),
    "2D-1": _fixed(0.0, "3' end of an established haploinsufficient gene, 3' UTR only"),
    "2D-2": CnvLine(0.90, 0.45, 0.90, 0.90, "3' end, last exon only, with other pathogenic variants in it"),
    "2D-3": CnvLine(0.30, 0.0, 0.45, 0.45, "3' end, last exon only, without other pathogenic variants in it"),
    "2D-4": CnvLine(0.90, 0.45, 1.00, 1.00, "3' end, more exons than the last; decay expected"),
    "2E": CnvLine(0.0, 0.0, 0.90, 0.90, "both breakpoints in one gene: points of PVS1's strength"),
    "2F": _fixed(-1.00, "within an established benign region"),
    "2G": _fixed(0.0, "overlaps an established benign region and more"),
    "2H": _fixed(0.15, "two or more predictors hold a gene in it haploinsufficient"),
    "3A": _fixed(0.0, "0 to 24 genes"),
    "3B": _fixed(0.45, "25 to 34 genes"),
    "3C": _fixed(0.90, "35 genes or more"),
    **_CASES,
}

GAIN: Mapping[str, CnvLine] = {
    "1A": LOSS["1A"],
    "1B": LOSS["1B"],
    "2A": _fixed(1.00, "complete overlap of an established triplosensitive gene or minimal critical region"),
    "2B": _fixed(0.0, "partial overlap of an established triplosensitive region, causative gene not known to be hit"),
    "2C": _fixed(-1.00, "the genes of an established benign gain, no more and no fewer"),
    "2D": _fixed(-1.00, "smaller than an established benign gain, no gene broken"),
    "2E": _fixed(0.0, "smaller than an established benign gain, a gene perhaps broken"),
    "2F": CnvLine(-1.00, -1.00, 0.0, -1.00, "larger than a benign gain, without further genes"),
    "2G": _fixed(0.0, "overlaps a benign gain and more"),
    "2H": _fixed(0.0, "holds a whole haploinsufficient gene"),
    "2I": CnvLine(0.0, 0.0, 0.90, 0.90, "both breakpoints in one gene: points of PVS1's strength"),
    "2J": _fixed(0.0, "a breakpoint in a haploinsufficient gene, phenotype does not fit or is unknown"),
    "2K": _fixed(0.45, "a breakpoint in a haploinsufficient gene, phenotype highly specific for its loss"),
    "2L": _fixed(0.0, "breakpoints in genes of no established significance"),
    "3A": _fixed(0.0, "0 to 34 genes"),
    "3B": _fixed(0.45, "35 to 49 genes"),
    "3C": _fixed(0.90, "50 genes or more"),
    **_CASES,
}

_TABLES: Mapping[CnvKind, Mapping[str, CnvLine]] = {CnvKind.LOSS: LOSS, CnvKind.GAIN: GAIN}
_ENOUGH = {CnvKind.LOSS: (25, 35), CnvKind.GAIN: (35, 50)}
_PVS1 = {  # points of PVS1: lines 2E (loss) and 2I (gain; moderate and supporting are not among its choices)
    CnvKind.LOSS: {8: 0.90, 4: 0.45, 2: 0.30, 1: 0.15, 0: 0.0},
    CnvKind.GAIN: {8: 0.90, 4: 0.45, 2: 0.0, 1: 0.0, 0: 0.0},
}


def cnv_class(points: float) -> AcmgClass:
    """The class of a sum of points, which are hundredths."""
    hundredths = round(100 * points)
    if hundredths >= 99:
        return AcmgClass.PATHOGENIC
    if hundredths >= 90:
        return AcmgClass.LIKELY_PATHOGENIC
    if hundredths > -90:
        return AcmgClass.UNCERTAIN
    return AcmgClass.LIKELY_BENIGN if hundredths > -99 else AcmgClass.BENIGN


def gene_count_line(kind: CnvKind, genes: int) -> str:
    """The line of section 3 for the number of protein-coding genes that lie in it, wholly or in part."""
    some, many = _ENOUGH[kind]
    return "3C" if genes >= many else "3B" if genes >= some else "3A"


def pvs1_points(kind: CnvKind, strength: int) -> float:
    """Points of line 2E (loss) or 2I (gain) for PVS1's ACMG points 8, 4, 2, 1 or 0."""
    return _PVS1[kind][strength]


def score_cnv(kind: CnvKind, lines: Sequence[tuple[str, float | None]]) -> CnvScore:
    """The sum of the lines that hold, each held to its range and limit.

    Args:
        kind: loss or gain.
        lines: line and points given, None for the suggested ones; a line of section 4 once for each case. At most one line
            of section 3 and one of section 5.

    Raises:
        InputError: a line that the table does not have, points outside its range, or lines that exclude each other.
    """
    table = _TABLES[kind]
    given = [(line, _checked(table, kind, line, points)) for line, points in lines]
    for section in "35":
        if len({line for line, _ in given if line[0] == section}) > 1:
            raise InputError(f"two lines of section {section}", fix="choose one")
    names = [line for line, _ in given]
    if len(names) != len({n for n in names if n[0] != "4"}) + sum(n[0] == "4" for n in names):
        raise InputError("a line outside section 4 stands twice", fix="name it once")
    parts = []
    for line, group in groupby(sorted(given), key=lambda pair: pair[0]):
        total, most = sum(points for _, points in group), table[line].most
        parts.append((line, round(min(total, most) if most >= 0 else max(total, most), 2)))
    points = round(sum(points for _, points in parts), 2)
    return CnvScore(tuple(parts), points, cnv_class(points))


def _checked(table: Mapping[str, CnvLine], kind: CnvKind, line: str, points: float | None) -> float:
    if line not in table:
        raise InputError(f"no line {line!r} in the table of a {kind}", fix=f"use one of {', '.join(table)}")
    entry = table[line]
    value = entry.points if points is None else points
    if not entry.low <= value <= entry.high:
        raise InputError(f"line {line}: {value:g} is not within {entry.low:g} to {entry.high:g}", fix="keep to the range")
    return value
