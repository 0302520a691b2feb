"""From an HGVS name to its place, by the transcripts that the index holds: no reference, no library, a millisecond.

A substitution names its site in full. A deletion, duplication or insertion names a stretch, and which of the alleles called
there it is takes the reference, since VCF writes it as far left as it goes and HGVS as far right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neotriage.errors import InputError

__all__ = ["Model", "Place", "place_of"]

_NAME = re.compile(
    r"(?P<on>[^:()\s]+)(\([^()]*\))?:(?P<kind>[cgmn])\.(?P<first>[-*]?\d+([-+]\d+)?)(_(?P<last>[-*]?\d+([-+]\d+)?))?(?P<edit>\D.*)"
)
_POINT = re.compile(r"(?P<side>[-*]?)(?P<base>\d+)(?P<offset>[-+]\d+)?")
_EDIT = re.compile(r"(?P<ref>[ACGT])>(?P<alt>[ACGT])|(?P<what>delins|del|dup|ins)(?P<bases>[ACGTN]*)")
_OTHER_STRAND = str.maketrans("ACGT", "TGCA")


@dataclass(frozen=True)
class Model:
    """One transcript of the index: exons and coding parts sorted by position, 0-based half-open."""

    contig: str
    strand: str
    exons: Sequence[Sequence[int]]
    cds: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Place:
    """What a name says: a contig, 1-based first and last position, and either both alleles or by how much the length changes.

    `ref` and `alt` are '' and `growth` counts where the name is no substitution; growth None is not known from the name.
    """

    contig: str
    first: int
    last: int
    ref: str = ""
    alt: str = ""
    growth: int | None = None


def place_of(name: str, models: Mapping[str, Model], contigs: Mapping[str, str]) -> Place:
    """The place of an HGVS g., m., c. or n. name.

    Args:
        name: the name.
        models: transcript id, with version -> its model.
        contigs: contig name or accession -> contig name.

    Raises:
        InputError: not such a name, or one on a sequence that the index does not hold.
    """
    found = _NAME.fullmatch(name.strip())
    edit = _EDIT.fullmatch(found["edit"]) if found else None
    if not found or not edit:
        raise InputError(f"{name!r} is no HGVS name of bases that is understood here", fix="ask chr-pos-ref-alt")
    first, last = found["first"], found["last"] or found["first"]
    if found["kind"] in "gm":
        if found["on"] not in contigs:
            raise InputError(f"no contig {found['on']} in this family's index", fix="ask chr-pos-ref-alt")
        return _changed(contigs[found["on"]], int(first), int(last), "+", edit)
    model = models.get(found["on"])
    if model is None:
        same = sorted(other for other in models if other.partition(".")[0] == found["on"].partition(".")[0])
        raise InputError(
            f"no transcript {found['on']} in this family's index" + (f"; it holds {', '.join(same)}" if same else ""),
            fix="add --gene-models and --reference, or ask chr-pos-ref-alt",
        )
    ends = sorted(_genomic(model, point, found["kind"]) for point in (first, last))
    return _changed(model.contig, ends[0] + 1, ends[1] + 1, model.strand, edit)


def _changed(contig: str, first: int, last: int, strand: str, edit: re.Match[str]) -> Place:
    if edit["ref"]:
        ref, alt = (edit[side] if strand == "+" else edit[side].translate(_OTHER_STRAND) for side in ("ref", "alt"))
        return Place(contig, first, last, ref, alt)
    length, bases = last - first + 1, len(edit["bases"])
    growth = {"del": -length, "dup": length, "ins": bases, "delins": bases - length}[edit["what"]]
    return Place(contig, first, last, growth=growth)


def _genomic(model: Model, point: str, kind: str) -> int:
    """0-based position on the contig of a point such as 550, -12, *5 or 99+2."""
    found = _POINT.fullmatch(point)
    if found is None:
        raise InputError(f"{point!r} is no place of an HGVS name", fix="ask chr-pos-ref-alt")
    forward = model.strand == "+"
    order = list(model.exons) if forward else list(reversed(model.exons))
    base = int(found["base"])
    if kind == "n" or not model.cds:
        offset = base - 1
    else:
        starts = [_along(order, forward, position) for position in (model.cds[0][0], model.cds[-1][1] - 1)]
        offset = {"": min(starts) + base - 1, "-": min(starts) - base, "*": max(starts) + base}[found["side"]]
    away = int(found["offset"] or 0)
    for start, end in order:
        if offset < end - start:
            return (start + offset + away) if forward else (end - 1 - offset - away)
        offset -= end - start
    raise InputError(f"{point!r} lies beyond the transcript", fix="ask chr-pos-ref-alt")


def _along(order: Sequence[Sequence[int]], forward: bool, position: int) -> int:
    """How many bases of the transcript come before a position in one of its exons."""
    before = 0
    for start, end in order:
        if start <= position < end:
            return before + (position - start if forward else end - 1 - position)
        before += end - start
    raise InputError("its coding part lies outside its exons", fix="mend the gene models")
