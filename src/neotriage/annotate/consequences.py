"""One row for each variant and transcript: the tool's claim, and by the gene models what the tool leaves unsaid.

    the transcript has                                 the row's terms
    a claim with terms                                 those; with splice_region alone, the place is added
    no claim, and the variant changes no exon          intron_variant
    no claim, an exon of a transcript without CDS      non_coding_transcript_exon_variant
    no claim, an exon outside the CDS                  5_prime_UTR_variant or 3_prime_UTR_variant, by strand
    no claim, the CDS                                  coding_sequence_variant: the tool said nothing; counted and said

A variant outside every gene has no row. Structural changes are judged by `structural.py`, whatever csq says of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from neotriage.annotate.claims import Claim, read_claims
from neotriage.annotate.mitochondrial import Mitochondrion, recoded
from neotriage.annotate.structural import structural_consequences
from neotriage.annotate.terms import impact_of, sorted_terms
from neotriage.annotate.transcripts import transcript_facts
from neotriage.clinvar import Site
from neotriage.coding import Sequence as Bases
from neotriage.columns import empty, frame
from neotriage.errors import FormatError
from neotriage.gene_models import GeneModels, Transcript
from neotriage.schema import TABLES, Kind

__all__ = ["consequences_table", "sites_of"]


_UNSAID = "coding_sequence_variant"
_COLUMNS = tuple(column.name for column in TABLES["consequences"].columns)


def sites_of(variants: pl.DataFrame) -> list[Site]:
    """The site of each row of the variant table."""
    return [Site(*row) for row in variants.select("chrom", "position", "ref", "alt").iter_rows()]


def consequences_table(
    variants: pl.DataFrame,
    csq: Path,
    gene_models: GeneModels,
    proband: str,
    mitochondrion: Mitochondrion | None = None,
) -> tuple[pl.DataFrame, int]:
    """The `consequences` table, and on how many rows the tool left a change of the coding sequence unsaid.

    Args:
        variants: the variant table.
        csq: the kept variants with BCSQ (bcftools csq) or CSQ (VEP).
        gene_models: the gene models that csq ran with.
        proband: the proband's sample.
        mitochondrion: its contig and reference bases; None where the build has none.

    Raises:
        FormatError: a variant that is not in the file, an unknown transcript or term, or no annotation at all although
            variants lie in exons.
    """
    claims, is_annotated = read_claims(csq, proband)
    small, structural = (variants.filter(test) for test in (pl.col("kind") == Kind.SMALL, pl.col("kind") != Kind.SMALL))
    sites = sites_of(small)
    overlapping = _overlapping(sites, gene_models)
    if not is_annotated:
        _refuse_silence(sites, overlapping, csq)
    rows: list[dict[str, Any]] = []
    for number, site in zip(small["variant"].to_list(), sites, strict=True):
        if site not in claims:
            raise FormatError(
                f"{site.chrom}:{site.position + 1} {site.ref}>{site.alt} is not in it",
                file=csq,
                fix="annotate the survivors of this table stage run",
            )
        rows.extend(_rows(number, site, claims[site], overlapping[number], gene_models, csq))
        if mitochondrion is not None and site.chrom == mitochondrion.contig:
            _recode(rows, number, site, overlapping[number], gene_models, mitochondrion.sequence)
    unsaid = sum(row["terms"] == _UNSAID and not row.pop("has_claim") for row in rows)
    rows += structural_consequences(structural, gene_models)
    if not rows:
        return empty("consequences"), 0
    return frame("consequences", {name: [row[name] for row in rows] for name in _COLUMNS}), unsaid


def _recode(
    rows: Sequence[dict[str, Any]],
    number: int,
    site: Site,
    overlapping: Sequence[Transcript],
    models: GeneModels,
    sequence: Bases,
) -> None:
    """Put what the mitochondrion's own code says in place of the tool's term, on the rows of one variant."""
    by_name = {t.id: t for t in overlapping}
    for row in rows:
        transcript = by_name.get(row["transcript"]) if row["variant"] == number else None
        change = recoded(site, transcript, models, sequence) if transcript else None
        if change is not None:
            row.update(terms=change[0], impact=impact_of((change[0],)).value, amino_acids=change[1], has_claim=True)


def _refuse_silence(sites: Sequence[Site], overlapping: Sequence[Sequence[Transcript]], csq: Path) -> None:
    for site, transcripts in zip(sites, overlapping, strict=True):
        if any(t.cds and t.exon_number(*_changed(site)) > 0 for t in transcripts):
            raise FormatError(
                f"nothing is annotated, although {site.chrom}:{site.position + 1} lies in an exon",
                file=csq,
                fix="give csq gene models with biotypes and the contig names of the calls",
            )


def _overlapping(sites: Sequence[Site], models: GeneModels) -> list[list[Transcript]]:
    """Transcripts of the gene models that each site overlaps, in file order."""
    index = models.gene_index()
    found: list[list[Transcript]] = [[] for _ in sites]
    by_contig: dict[str, list[int]] = {}
    for number, site in enumerate(sites):
        by_contig.setdefault(site.chrom, []).append(number)
    for contig, numbers in by_contig.items():
        spans = np.array([_changed(sites[n]) for n in numbers], np.int32)
        rows, genes = index.overlaps(contig, spans[:, 0], spans[:, 1])
        for row, gene in zip(rows.tolist(), genes.tolist(), strict=True):
            start, end = spans[row].tolist()
            transcripts = models.transcripts_of.get(gene, ())
            found[numbers[row]].extend(t for t in transcripts if start < t.exons[-1][1] and t.exons[0][0] < end)
    return found


def _changed(site: Site) -> tuple[int, int]:
    """The bases that change, 0-based half-open; of an insertion the base before it."""
    anchor = 1 if len(site.ref) > 1 and site.ref[:1] == site.alt[:1] else 0
    return site.position + anchor, site.position + len(site.ref)


def _rows(
    number: int, site: Site, claims: Sequence[Claim], overlapping: Sequence[Transcript], models: GeneModels, csq: Path
) -> list[dict[str, Any]]:
    grouped: dict[str, list[Claim]] = {}
    for claim in claims:
        if claim.transcript:
            known = models.by_transcript.get(claim.transcript) or models.by_transcript.get(claim.transcript.partition(".")[0])
            grouped.setdefault(known.stable_id if known else claim.transcript, []).append(claim)
    names = dict.fromkeys([*(t.stable_id for t in overlapping), *grouped])
    rows = [_row(number, site, name, grouped.get(name, []), models, csq) for name in names]
    return sorted(rows, key=lambda row: (row["gene_id"], row["transcript"]))


def _row(number: int, site: Site, name: str, claims: Sequence[Claim], models: GeneModels, csq: Path) -> dict[str, Any]:
    transcript = models.by_transcript.get(name)
    claimed = {term for claim in claims for term in claim.terms}
    if transcript is not None and claimed <= {"splice_region_variant"}:
        terms = sorted_terms({*claimed, _place_term(transcript, site)}, file=csq)
    else:
        terms = sorted_terms(claimed, file=csq)
    speaking = _most_severe(claims, csq)
    facts = _own_facts(claims[0], csq) if transcript is None else transcript_facts(transcript, *_changed(site), models)
    return {
        "variant": number,
        **facts,
        "terms": "&".join(terms),
        "impact": impact_of(terms).value,
        "amino_acids": speaking.amino_acids if speaking else "",
        "joined_with": speaking.joined_with if speaking else "",
        "has_claim": bool(claimed),
    }


def _most_severe(claims: Iterable[Claim], csq: Path) -> Claim | None:
    """The claim on the protein that counts: the most severe, the first of equals."""
    severity = {claim: sorted_terms(claim.terms, file=csq) for claim in claims if claim.amino_acids and claim.terms}
    order = {term: place for place, term in enumerate(sorted_terms({t for s in severity.values() for t in s}, file=csq))}
    return min(severity, key=lambda claim: order[severity[claim][0]], default=None)


def _own_facts(claim: Claim, csq: Path) -> Mapping[str, Any]:
    """What VEP itself says of a transcript that the gene models lack; csq has no such transcript."""
    if not claim.gene_id:
        raise FormatError(
            f"transcript {claim.transcript!r} is not in the gene models", file=csq, fix="run csq with the same gene models"
        )
    return {
        "gene_id": claim.gene_id,
        "gene": claim.gene,
        "transcript": claim.transcript,
        "refseq": claim.refseq,
        "is_mane_select": bool(claim.refseq),
        "strand": claim.strand,
        "exon": claim.exon,
        "exon_last": claim.exon,
        "exons": claim.exons,
    }


def _place_term(transcript: Transcript, site: Site) -> str:
    """The term that the place alone gives; see this module's table."""
    start, end = _changed(site)
    if transcript.exon_number(start, end) < 0:
        return "intron_variant"
    if not transcript.cds:
        return "non_coding_transcript_exon_variant"
    if any(start < high and low < end for low, high in transcript.cds):
        return _UNSAID
    is_left = end <= transcript.cds[0][0]
    return "5_prime_UTR_variant" if is_left == (transcript.strand == "+") else "3_prime_UTR_variant"
