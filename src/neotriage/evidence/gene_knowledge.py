"""What ClinVar, the constraint table and the panels say of a gene, on its coding transcript."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neotriage.clinvar import Clinvar
from neotriage.coding import CodingTranscript, translate
from neotriage.coding import Sequence as Reference
from neotriage.errors import FormatError
from neotriage.evidence.facts import Change, GeneKnowledge, KnownVariant, ResidueChange, changed_bases
from neotriage.panels import ModeOfInheritance

__all__ = ["KnowledgeSources", "PanelStanding", "gene_knowledge", "read_constraint"]

_GENE, _UPPER = "gene", "oe_lof_upper"
# Modes in which a healthy copy keeps well: the disease is loss of function. On X a boy has no second copy to lose.
_BIALLELIC = {
    ModeOfInheritance.BIALLELIC,
    ModeOfInheritance.BOTH,
    ModeOfInheritance.BOTH_BIALLELIC_SEVERE,
    ModeOfInheritance.X_BIALLELIC_FEMALES,
}


@dataclass(frozen=True)
class PanelStanding:
    """A gene on the applied panels: whether any has it green, and the modes of those."""

    is_green: bool
    modes: tuple[ModeOfInheritance, ...]


@dataclass(frozen=True)
class KnowledgeSources:
    """Where knowledge of genes comes from; None is not given. `panels` and `constraint` are by gene id and by symbol."""

    clinvar: Clinvar | None
    clinvar_source: str
    constraint: Mapping[str, float] | None
    constraint_source: str
    panels: Mapping[str, PanelStanding]
    reference: Reference | None


def read_constraint(path: Path) -> dict[str, float]:
    """LOEUF (column `oe_lof_upper`) by gene symbol from gnomAD's table by gene; genes without a value are left out.

    Lines that begin with ## are comments; of a gene that stands twice the lower value counts.

    Raises:
        FormatError: no such file, a column is missing, or a value is not a number.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot be read ({error})", file=path, fix="give gnomAD's table by gene") from None
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line and not line.startswith("##")]
    if not numbered:
        raise FormatError("holds no line", file=path, fix="give gnomAD's table by gene")
    header = numbered[0][1].removeprefix("#").split("\t")
    for column in (_GENE, _UPPER):
        if column not in header:
            raise FormatError(
                f"no column {column!r}", file=path, row=numbered[0][0], fix="give gnomAD's table of constraint by gene"
            )
    values: dict[str, float] = {}
    for number, line in numbered[1:]:
        row = dict(zip(header, line.split("\t"), strict=False))
        if row.get(_UPPER, "") in {"", "NA", "NaN"}:
            continue
        try:
            value = float(row[_UPPER])
        except ValueError:
            raise FormatError(f"{row[_UPPER]!r} is not a number", file=path, row=number, column=_UPPER, fix="mend it") from None
        values[row[_GENE]] = min(value, values.get(row[_GENE], value))
    return values


def gene_knowledge(
    gene_id: str, gene: str, transcript: CodingTranscript | None, sources: KnowledgeSources, code: str
) -> GeneKnowledge:
    """What is known of a gene. ClinVar's records are those in its transcript's exons or canonical splice sites.

    Args:
        gene_id: gene id of the gene models.
        gene: symbol.
        transcript: the coding transcript that consequences are judged on, None if there is none.
        sources: what was given.
        code: genetic code, see `CodingTranscript.residue_change`.
    """
    coding = "" if transcript is None or sources.reference is None else transcript.coding_sequence(sources.reference)
    known = () if transcript is None or sources.clinvar is None else tuple(_known(transcript, sources.clinvar, coding, code))
    standing = sources.panels.get(gene_id, PanelStanding(False, ()))
    return GeneKnowledge(
        known=known,
        has_clinvar=sources.clinvar is not None,
        loeuf=None if sources.constraint is None else sources.constraint.get(gene),
        has_constraint=sources.constraint is not None,
        is_green=standing.is_green,
        is_biallelic_on_panel=any(mode in _BIALLELIC for mode in standing.modes),
        next_start_residue=_next_start(coding, code) if coding else None,
        clinvar_source=sources.clinvar_source,
        constraint_source=sources.constraint_source,
    )


def _next_start(coding: str, code: str) -> int:
    """1-based residue of the first methionine after the start codon; one past the protein if there is none."""
    residues = range(1, len(coding) // 3)
    found = next((i for i in residues if translate(coding[3 * i : 3 * i + 3], code) == "M"), len(coding) // 3)
    return found + 1


def _known(transcript: CodingTranscript, clinvar: Clinvar, coding: str, code: str) -> Iterator[KnownVariant]:
    contig = clinvar.contigs.get(transcript.chrom)
    if contig is None:
        return
    low = int(np.searchsorted(contig.positions, transcript.exons[0][0] - 1))
    high = int(np.searchsorted(contig.positions, transcript.exons[-1][1]))
    for row in range(low, high):
        position, ref, alt = int(contig.positions[row]), contig.refs[row], contig.alts[row]
        start, end, inserted = changed_bases(position, ref, alt)
        end = max(end, start + 1)
        change, residue = _change(transcript, start, end, ref, alt, inserted, coding, code)
        offsets = [o for p in (start, end - 1) if (o := transcript.coding_offset(p)) >= 0]
        site = transcript.splice_site(start, end)
        exon = site.exon if site else transcript.exon_of(start)
        if offsets or site:
            yield KnownVariant(
                f"{transcript.chrom}:{position + 1} {ref}>{alt}",
                position,
                ref,
                alt,
                contig.significance(row),
                int(contig.stars[row]),
                change,
                residue,
                min(offsets, default=-1),
                exon,
            )


_Described = tuple[Change, ResidueChange | None]


def _change(
    transcript: CodingTranscript, start: int, end: int, ref: str, alt: str, inserted: str, coding: str, code: str
) -> _Described:
    site = transcript.splice_site(start, end) if not _is_insertion_at_edge(ref, alt) else None
    if site is not None:
        return Change.SPLICE, None
    if transcript.coding_offset(start) < 0 and transcript.coding_offset(end - 1) < 0:
        return Change.OTHER, None
    if (len(alt) - len(ref)) % 3:
        return Change.FRAMESHIFT, None
    if len(alt) != len(ref) or end - start != 1 or len(inserted) != 1:
        return Change.OTHER, None
    if not coding:
        return Change.UNKNOWN, None
    return _substitution(transcript, start, ref[start_of(ref, alt)], inserted, coding, code)


def _is_insertion_at_edge(ref: str, alt: str) -> bool:
    """An insertion replaces no base of a splice site, though its anchor may touch one."""
    return len(ref) < len(alt) and alt.startswith(ref)


def start_of(ref: str, alt: str) -> int:
    """Place in ref of the first base that differs."""
    return next(i for i, (a, b) in enumerate(zip(ref, alt, strict=False)) if a != b)


def _substitution(transcript: CodingTranscript, position: int, ref: str, alt: str, coding: str, code: str) -> _Described:
    change = transcript.residue_change(position, ref, alt, coding, code)
    if change is None or "X" in change[1:]:
        return Change.UNKNOWN, None
    residue = ResidueChange(*change)
    if residue.new == residue.old:
        return Change.OTHER, residue
    if residue.new == "*":
        return Change.NONSENSE, residue
    return (Change.OTHER if residue.old == "*" or residue.residue == 1 else Change.MISSENSE), residue


def standing_by_gene(places: Sequence[tuple[str, bool, ModeOfInheritance]]) -> dict[str, PanelStanding]:
    """Gene id -> standing, from (gene id, whether green, mode) of every applied panel."""
    grouped: dict[str, list[tuple[bool, ModeOfInheritance]]] = {}
    for gene_id, is_green, mode in places:
        grouped.setdefault(gene_id, []).append((is_green, mode))
    return {
        gene_id: PanelStanding(any(g for g, _ in rows), tuple(sorted({mode for g, mode in rows if g})))
        for gene_id, rows in grouped.items()
    }
