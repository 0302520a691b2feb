"""The lines of the 2020 copy number standards (`cnv.py`) that gene models, ClinGen's dosage table and the family settle.

    section 1     1A if a coding gene's exon lies in it, else 1B
    2, losses     of each gene with haploinsufficiency score 3: 2A whole; 2C-1 5' end with coding sequence, 2C-2 without;
                  2D-1 3' end without coding sequence, 2D-3 last exon alone, 2D-4 more; 2E both ends in it: by PVS1's strength
    2, gains      2A a whole gene with triplosensitivity score 3; of genes with haploinsufficiency score 3: 2H whole, 2I both
                  ends in it: by PVS1's strength, 2J one end in it
    3             by the number of coding genes
    5, dominant   de novo: 0.15 with the parents confirmed, 0.10 without (4C: signs consistent, not highly specific); inherited
                  from an unaffected parent 5C; else 5F

Of the lines of section 2 the weightiest counts. Not looked at: benign regions (2B, 2C to 2G of gains, 2F and 2G of losses),
predictors (2H of losses), published cases (section 4). The points stand on a scale of their own: the line shows them, and adds
nothing to the ACMG/AMP points.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from neotriage.errors import FormatError
from neotriage.evidence.cnv import SOURCE, CnvKind, gene_count_line, pvs1_points, score_cnv
from neotriage.evidence.facts import Facts, Finding, GeneDosage, GeneOverlap, Mode, Structural, not_assessed
from neotriage.gene_models import GeneModels, Transcript
from neotriage.schema import CriterionState, DeNovoConfidence, Kind, Model

__all__ = ["Dosage", "cnv_points", "gene_overlaps", "read_dosage"]

_SUFFICIENT = 3
_GENE, _HAPLO, _TRIPLO = "Gene Symbol", "Haploinsufficiency Score", "Triplosensitivity Score"
_KINDS = {Kind.DELETION: CnvKind.LOSS, Kind.DUPLICATION: CnvKind.GAIN}
_DE_NOVO = frozenset({Model.DE_NOVO, Model.X_DE_NOVO})
_CONFIRMED, _ASSUMED = 0.15, 0.10


@dataclass(frozen=True)
class Dosage:
    """ClinGen's scores by symbol, and the file's name."""

    by_gene: Mapping[str, GeneDosage]
    source: str


def read_dosage(path: Path) -> Dosage:
    """ClinGen's gene curation list (ClinGen_gene_curation_list_GRCh38.tsv): tab-separated, `#Gene Symbol …` heads the columns.

    Raises:
        FormatError: no such file, or a column that is not there.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot be read ({error})", file=path, fix="give ClinGen's gene curation list") from None
    head = next((n for n, line in enumerate(lines) if line.removeprefix("#").startswith(f"{_GENE}\t")), -1)
    columns = lines[head].removeprefix("#").split("\t") if head >= 0 else []
    for column in (_GENE, _HAPLO, _TRIPLO):
        if column not in columns:
            raise FormatError(f"no column {column!r}", file=path, fix="give ClinGen's gene curation list as it is published")
    rows = [dict(zip(columns, line.split("\t"), strict=False)) for line in lines[head + 1 :] if not line.startswith("#")]
    return Dosage({row[_GENE]: GeneDosage(_score(row, _HAPLO), _score(row, _TRIPLO)) for row in rows}, path.name)


def _score(row: Mapping[str, str], column: str) -> int:
    """A score (0 to 3, 30 recessive, 40 unlikely), -1 where there is none (Not yet evaluated)."""
    text = row.get(column, "").strip()
    return int(text) if text.isdigit() else -1


def gene_overlaps(kind: Kind, chrom: str, start: int, end: int, models: GeneModels) -> tuple[GeneOverlap, ...]:
    """The coding genes of which a change touches an exon, each by its MANE Select transcript or else its longest coding one."""
    import numpy as np

    if kind not in _KINDS:
        return ()
    _, places = models.gene_index().overlaps(chrom, np.array([start], np.int32), np.array([end], np.int32))
    found = []
    for place in places.tolist():
        coding = [t for t in models.transcripts_of.get(place, ()) if t.cds]
        if coding:
            chosen = max(coding, key=lambda t: (t.is_mane_select, sum(high - low for low, high in t.cds)))
            found.append(_overlap(models.genes[place].symbol, chosen, start, end))
    return tuple(overlap for overlap in found if overlap is not None)


def _overlap(symbol: str, transcript: Transcript, start: int, end: int) -> GeneOverlap | None:
    if transcript.exon_number(start, end) < 0:
        return None
    first, last = transcript.exons[0][0], transcript.exons[-1][1]
    takes_low, takes_high = start <= first, end >= last
    takes_start, takes_end = (takes_low, takes_high) if transcript.strand == "+" else (takes_high, takes_low)
    low, high = transcript.exons_changed(start, end)
    return GeneOverlap(
        symbol,
        takes_start=takes_start,
        takes_end=takes_end,
        is_coding=any(start < b and a < end for a, b in transcript.cds),
        is_last_exon_alone=low == high == len(transcript.exons),
    )


def cnv_points(facts: Facts, structural: Structural, pvs1_strength: int) -> Finding:
    """The points and class of a loss or gain; not assessed for other changes, or without ClinGen's table.

    Args:
        facts: the variant and its hit.
        structural: the change.
        pvs1_strength: points of PVS1's strength in the hit's gene, before the gene's mechanism.
    """
    if structural.kind not in _KINDS:
        return not_assessed("neither a loss nor a gain of copies", SOURCE)
    if structural.dosage is None:
        return not_assessed("no ClinGen dosage table given", SOURCE)
    kind = _KINDS[structural.kind]
    genes = structural.genes
    lines: list[tuple[str, float | None]] = [("1A" if genes else "1B", None)]
    second = max(_section_2(kind, structural, pvs1_strength), key=lambda line: line[1], default=None)
    lines += [second] if second else []
    lines += [(gene_count_line(kind, len(genes)), None)]
    lines += _section_5(facts)
    score = score_cnv(kind, lines)
    parts = ", ".join(f"{line} {points:g}" for line, points in score.parts)
    value = f"{kind.value} of {len(genes)} coding genes: {parts}; sum {score.points:g}, {score.acmg_class.value} by these alone"
    return Finding(CriterionState.MET, 0, value, f"{SOURCE}; ClinGen dosage ({structural.dosage_source})")


def _section_2(kind: CnvKind, structural: Structural, pvs1_strength: int) -> Iterator[tuple[str, float]]:
    for gene in structural.genes:
        scores = (structural.dosage or {}).get(gene.symbol, GeneDosage())
        is_within = not gene.takes_start and not gene.takes_end
        is_whole = gene.takes_start and gene.takes_end
        if kind is CnvKind.GAIN and is_whole and scores.triplosensitivity == _SUFFICIENT:
            yield "2A", 1.0
        if scores.haploinsufficiency != _SUFFICIENT:
            continue
        if kind is CnvKind.GAIN:
            line = "2H" if is_whole else "2I" if is_within else "2J"
            yield line, pvs1_points(kind, pvs1_strength) if is_within else 0.0
        elif is_whole:
            yield "2A", 1.0
        elif is_within:
            yield "2E", pvs1_points(kind, pvs1_strength)
        elif gene.takes_start:
            yield ("2C-1", 0.90) if gene.is_coding else ("2C-2", 0.0)
        elif not gene.is_coding:
            yield "2D-1", 0.0
        else:
            yield ("2D-3", 0.30) if gene.is_last_exon_alone else ("2D-4", 0.90)


def _section_5(facts: Facts) -> list[tuple[str, float | None]]:
    if facts.mode is Mode.RECESSIVE:
        return []
    if facts.model in _DE_NOVO and facts.de_novo_confidence is DeNovoConfidence.HIGH and not facts.parentage.is_contradicted:
        return [("5A", _CONFIRMED if facts.parentage.is_confirmed else _ASSUMED)]
    if facts.model is Model.DOMINANT_INHERITED and not facts.explains_affected:
        return [("5C", None)]
    return [("5F", None)]
