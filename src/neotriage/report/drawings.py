"""Two small drawings as SVG text: the family with its genotypes, and the gene's exons with the variants in them.

Pedigree symbols follow Bennett et al. 2008 (J Genet Couns 17:424): square male, circle female, diamond unknown, filled
affected, and an arrow at the proband.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from neotriage.gene_models import Transcript

__all__ = ["draw_gene", "draw_pedigree"]

_STEP, _SIZE, _TOP, _ROW = 210, 34, 22, 130
_WIDTH, _INTRON, _MIN_EXON = 720.0, 14.0, 6.0


def draw_pedigree(members: Sequence[Mapping[str, Any]], labels: Mapping[str, Sequence[str]]) -> str:
    """The proband with parents and siblings; other relatives are named below.

    Args:
        members: the document's members: sample, role, sex, is_affected; the baby first.
        labels: sample -> lines under its symbol (the genotype at each variant).
    """
    by_role: dict[str, list[Mapping[str, Any]]] = {}
    for member in members:
        by_role.setdefault(member["role"], []).append(member)
    parents = [m for role in ("father", "mother") for m in by_role.get(role, [])]
    children = [*by_role["baby"], *(m for role in ("brother", "sister", "sibling") for m in by_role.get(role, []))]
    others = by_role.get("relative", [])
    columns = max(len(parents), len(children), 1)
    width = columns * _STEP
    places = {m["sample"]: (_centre(i, len(parents), width), _TOP) for i, m in enumerate(parents)}
    child_y = _TOP + _ROW if parents else _TOP
    places |= {m["sample"]: (_centre(i, len(children), width), child_y) for i, m in enumerate(children)}
    depth = max((len(labels.get(m["sample"], ())) for m in (*parents, *children)), default=0)
    height = child_y + _SIZE + 16 * (depth + 2) + 18 * len(others)
    parts = _family_lines([places[m["sample"]] for m in parents], [places[m["sample"]] for m in children])
    for member in (*parents, *children):
        parts += _person(member, places[member["sample"]], labels.get(member["sample"], ()))
    for number, member in enumerate(others):
        text = "; ".join([f"relative {member['sample']}", *labels.get(member["sample"], ())])
        parts.append(f'<text x="8" y="{height - 18 * (len(others) - number) + 12}">{escape(text)}</text>')
    told = "; ".join(f"{m['role']}: {', '.join(labels.get(m['sample'], ['no genotype']))}" for m in members)
    return _svg("pedigree", width, height, f"Pedigree. {told}", parts)


def draw_gene(transcript: Transcript, marks: Sequence[tuple[int, str]]) -> str:
    """The transcript's exons left to right as it is read, introns cut short, with a mark at each variant.

    Args:
        transcript: exons and coding parts, 0-based half-open.
        marks: 0-based position and label of each variant.
    """
    exons = sorted(transcript.exons)
    bases = sum(end - start for start, end in exons)
    room = _WIDTH - _INTRON * (len(exons) - 1)
    widths = [max(_MIN_EXON, room * (end - start) / bases) for start, end in exons]
    scale = room / sum(widths) if sum(widths) > room else 1.0
    lefts, at = [], 0.0
    for width in widths:
        lefts.append(at)
        at += width * scale + _INTRON
    is_reverse = transcript.strand == "-"

    def x_of(position: int) -> float:
        for (start, end), left, width in zip(exons, lefts, widths, strict=True):
            if position < start:
                return _flip(left - _INTRON / 2, is_reverse)
            if position < end:
                return _flip(left + width * scale * (position - start + 0.5) / (end - start), is_reverse)
        return _flip(at - _INTRON, is_reverse)

    parts = [f'<line x1="0" y1="60" x2="{_WIDTH:.0f}" y2="60"/>']
    for (start, end), left, width in zip(exons, lefts, widths, strict=True):
        parts.append(_box(left, width * scale, 54, 12, is_reverse=is_reverse, kind="untranslated"))
        for low, high in transcript.cds:
            if low < end and start < high:
                share = width * scale / (end - start)
                inner = left + (max(low, start) - start) * share
                length = (min(high, end) - max(low, start)) * share
                parts.append(_box(inner, length, 48, 24, is_reverse=is_reverse, kind="coding"))
    for row, (position, label) in enumerate(marks):
        x, y = x_of(position), 14 + 16 * (row % 2)
        anchor = "end" if x > _WIDTH * 0.7 else "start"
        parts.append(
            f'<line class="mark" x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="48"/><circle class="mark" cx="{x:.1f}" cy="{y}" r="5"/>'
        )
        parts.append(
            f'<text x="{x + (-9 if anchor == "end" else 9):.1f}" y="{y + 4}" text-anchor="{anchor}">{escape(label)}</text>'
        )
    parts.append(f'<text x="0" y="94">exon 1</text><text x="{_WIDTH:.0f}" y="94" text-anchor="end">exon {len(exons)}</text>')
    told = f"{transcript.id}: {len(exons)} exons; " + ", ".join(label for _, label in marks)
    return _svg("gene-model", _WIDTH, 100, told, parts)


def _svg(kind: str, width: float, height: float, told: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="{kind}" role="img" aria-label="{escape(told)}" viewBox="-6 0 {width + 12:.0f} {height:.0f}" '
        f'width="{width + 12:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'
    )


def _centre(place: int, of: int, width: int) -> float:
    return width * (place + 0.5) / max(of, 1)


def _family_lines(parents: Sequence[tuple[float, float]], children: Sequence[tuple[float, float]]) -> list[str]:
    if not parents:
        return []
    y = parents[0][1] + _SIZE / 2
    middle = sum(x for x, _ in parents) / len(parents)
    bar = y + _ROW - _SIZE / 2 - 16
    lines = [(parents[0][0], y, parents[-1][0], y), (middle, y if len(parents) > 1 else y + _SIZE / 2, middle, bar)]
    lines += [(min(middle, *(x for x, _ in children)), bar, max(middle, *(x for x, _ in children)), bar)]
    lines += [(x, bar, x, child_y) for x, child_y in children]
    return [f'<line x1="{a:.1f}" y1="{b:.1f}" x2="{c:.1f}" y2="{d:.1f}"/>' for a, b, c, d in lines]


def _person(member: Mapping[str, Any], place: tuple[float, float], lines: Sequence[str]) -> list[str]:
    x, y = place
    half = _SIZE / 2
    kind = "shape affected" if member["is_affected"] else "shape"
    shapes = {
        "male": f'<rect class="{kind}" x="{x - half:.1f}" y="{y}" width="{_SIZE}" height="{_SIZE}"/>',
        "female": f'<circle class="{kind}" cx="{x:.1f}" cy="{y + half}" r="{half}"/>',
    }
    diamond = f'<path class="{kind}" d="M{x:.1f} {y}l{half} {half}l-{half} {half}l-{half} -{half}z"/>'
    drawn = [shapes.get(member["sex"], diamond)]
    if member["is_affected"] is None:
        drawn.append(f'<text x="{x:.1f}" y="{y + half + 5}" text-anchor="middle">?</text>')
    if member["role"] == "baby":
        drawn.append(f'<path class="proband" d="M{x - half - 22:.1f} {y + _SIZE + 6}l16 -10m-8 -1l8 1l-3 8"/>')
    texts = [("name", f"{member['role']} {member['sample']}"), *(("detail", line) for line in lines)]
    drawn += [
        f'<text x="{x:.1f}" y="{y + _SIZE + 16 * (row + 1)}" text-anchor="middle" class="{kind}">{escape(text)}</text>'
        for row, (kind, text) in enumerate(texts)
    ]
    return drawn


def _flip(x: float, is_reverse: bool) -> float:
    return _WIDTH - x if is_reverse else x


def _box(left: float, width: float, y: float, height: float, *, is_reverse: bool, kind: str) -> str:
    x = _WIDTH - left - width if is_reverse else left
    return f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{max(width, 1.0):.1f}" height="{height}"/>'
