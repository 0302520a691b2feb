"""What an annotating tool claims of each variant: bcftools csq's BCSQ or Ensembl VEP's CSQ, read from the VCF's INFO.

    BCSQ entry                                                meaning
    missense|GENE|TRANSCRIPT|biotype|+|12R>12W|100C>T         a consequence
    *missense|…                                               the same, behind a stop gained on the same haplotype
    …|100C>T+102G>A                                           joint consequence of the variants at 100 and 102
    @100                                                      stated at the record at position 100
    intron|GENE||biotype                                      of the gene, no transcript named

Sources: bcftools 1.16, `man bcftools` (csq) and its BCSQ bitmask (30 bits an integer); VEP's "VCF" output format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neotriage.clinvar import Site
from neotriage.errors import FormatError

__all__ = ["Claim", "read_claims"]

_CSQ_TERMS: Mapping[str, str] = {
    "synonymous": "synonymous_variant",
    "missense": "missense_variant",
    "stop_lost": "stop_lost",
    "stop_gained": "stop_gained",
    "inframe_deletion": "inframe_deletion",
    "inframe_insertion": "inframe_insertion",
    "inframe_altering": "protein_altering_variant",
    "frameshift": "frameshift_variant",
    "splice_acceptor": "splice_acceptor_variant",
    "splice_donor": "splice_donor_variant",
    "splice_region": "splice_region_variant",
    "start_lost": "start_lost",
    "start_retained": "start_retained_variant",
    "stop_retained": "stop_retained_variant",
    "5_prime_utr": "5_prime_UTR_variant",
    "3_prime_utr": "3_prime_UTR_variant",
    "coding_sequence": "coding_sequence_variant",
    "feature_elongation": "feature_elongation",
}
_BY_PLACE = frozenset({"intron", "non_coding", "intergenic"})  # csq does not say exon or intron; the gene models do
_MASK_BITS = 30
_CHANGE = re.compile(r"(\d+)([A-Za-z]+)>(\S+)")
_VEP_NEEDS = ("Consequence", "Feature", "Gene")
_VEP_ALLELE_FIX = "split the alleles before annotation: bcftools norm -m-any"


@dataclass(frozen=True)
class Claim:
    """One variant on one transcript. The fields after `joined_with` are VEP's own, for transcripts off the gene models."""

    transcript: str
    terms: tuple[str, ...]
    amino_acids: str = ""
    joined_with: str = ""
    gene_id: str = ""
    gene: str = ""
    strand: str = ""
    refseq: str = ""
    exon: int = -1
    exons: int = -1


@dataclass(frozen=True)
class _Entry:
    """One BCSQ entry as written, its place in the list, and whether the proband's haplotypes have it."""

    text: str
    is_proband: bool

    @property
    def fields(self) -> list[str]:
        return self.text.split("|")


def read_claims(path: Path, proband: str) -> tuple[Mapping[Site, Sequence[Claim]], bool]:
    """The claims of each record, and whether there is any at all.

    Args:
        path: VCF with INFO/BCSQ (bcftools csq) or INFO/CSQ (VEP), told by its header.
        proband: the sample whose haplotypes decide where csq gives several answers for one transcript.

    Raises:
        FormatError: not such a file, an unknown term, or a reference to a record that is not there.
    """
    from cyvcf2 import VCF

    try:
        vcf = VCF(str(path))
    except OSError as error:
        raise FormatError(f"not a VCF ({error})", file=path, fix="give the output of bcftools csq or VEP") from None
    headers = [header.info() for header in vcf.header_iter()]
    formats = {info["ID"]: info.get("Description", "") for info in headers if info.get("HeaderType") == "INFO"}
    if "BCSQ" in formats:
        claims = _csq_claims(vcf, path, proband)
    elif "CSQ" in formats:
        claims = _vep_claims(vcf, path, formats["CSQ"])
    else:
        raise FormatError("has neither BCSQ nor CSQ", file=path, fix="annotate the kept variants with bcftools csq or VEP")
    return claims, any(claims.values())


def _site(record: Any, path: Path) -> Site:
    if len(record.ALT) != 1:
        raise FormatError(f"{record.CHROM}:{record.POS}: not one alternate allele", file=path, fix=_VEP_ALLELE_FIX)
    return Site(record.CHROM, record.POS - 1, record.REF, record.ALT[0])


def _csq_claims(vcf: Any, path: Path, proband: str) -> dict[Site, list[Claim]]:
    if proband not in vcf.samples:
        raise FormatError(
            f"sample {proband} is not in it", file=path, fix="run bcftools csq on the kept variants of the table stage"
        )
    sample = vcf.samples.index(proband)
    entries = {_site(record, path): _entries(record, sample) for record in vcf}
    stated: dict[tuple[str, int], list[_Entry]] = {}
    for site, found in entries.items():
        stated.setdefault((site.chrom, site.position + 1), []).extend(found)
    return {site: _claims(site, found, stated, path) for site, found in entries.items()}


def _entries(record: Any, sample: int) -> list[_Entry]:
    text = record.INFO.get("BCSQ")
    if not text:
        return []
    masks = record.format("BCSQ") if "BCSQ" in record.FORMAT else None
    own = [] if masks is None else [int(mask) for mask in masks[sample]]
    return [_Entry(part, _has_bit(own, 2 * n) or _has_bit(own, 2 * n + 1)) for n, part in enumerate(text.split(","))]


def _has_bit(masks: Sequence[int], bit: int) -> bool:
    word, place = divmod(bit, _MASK_BITS)
    return word < len(masks) and masks[word] > 0 and bool(masks[word] >> place & 1)


def _claims(
    site: Site, entries: Sequence[_Entry], stated: Mapping[tuple[str, int], Sequence[_Entry]], path: Path
) -> list[Claim]:
    """Claims of one variant; of several answers for one transcript those on the proband's haplotypes."""
    found = [
        (_claim(site, whole, path), entry.is_proband) for entry in entries for whole in _resolved(site, entry, stated, path)
    ]
    has_own = {claim.transcript for claim, is_proband in found if is_proband and claim.amino_acids}
    return [claim for claim, is_proband in found if is_proband or not claim.amino_acids or claim.transcript not in has_own]


def _resolved(site: Site, entry: _Entry, stated: Mapping[tuple[str, int], Sequence[_Entry]], path: Path) -> Iterator[_Entry]:
    """The entry itself, or those that an `@position` points at and that name this variant."""
    if not entry.text.startswith("@"):
        yield entry
        return
    place = entry.text.removeprefix("@")
    targets = stated.get((site.chrom, int(place)), ()) if place.isdigit() else ()
    named = [t for t in targets if any(int(change[0]) == site.position + 1 for change in _changes(t))]
    if not named:
        raise FormatError(
            f"{site.chrom}:{site.position + 1}: BCSQ points at {entry.text}, where nothing names this variant",
            file=path,
            fix="run bcftools csq on the whole file again, not on a part of its output",
        )
    yield from named


def _changes(entry: _Entry) -> list[tuple[str, ...]]:
    fields = entry.fields
    parts = fields[6].split("+") if len(fields) > 6 else []
    return [match.groups() for match in map(_CHANGE.fullmatch, parts) if match]


def _claim(site: Site, entry: _Entry, path: Path) -> Claim:
    fields = [*entry.fields, "", "", "", "", "", ""]
    words = fields[0].removeprefix("*").split("&")
    for word in words:
        if word not in _CSQ_TERMS and word not in _BY_PLACE:
            raise FormatError(
                f"{site.chrom}:{site.position + 1}: unknown consequence {word!r} in BCSQ",
                file=path,
                fix="use bcftools csq, or report the term",
            )
    others = [change[0] for change in _changes(entry) if int(change[0]) != site.position + 1]
    terms = tuple(_CSQ_TERMS[word] for word in words if word in _CSQ_TERMS)
    return Claim(transcript=fields[2], terms=terms, amino_acids=fields[5], joined_with=",".join(others), gene=fields[1])


def _vep_claims(vcf: Any, path: Path, description: str) -> dict[Site, list[Claim]]:
    _, found, names = description.strip('"').partition("Format: ")
    fields = names.split("|")
    lacking = [name for name in _VEP_NEEDS if name not in fields]
    if not found or lacking:
        raise FormatError(
            f"CSQ header has no field {lacking[0] if lacking else 'list'}",
            file=path,
            fix="run VEP with --vcf and its default fields",
        )
    claims: dict[Site, list[Claim]] = {}
    for record in vcf:
        rows = (dict(zip(fields, text.split("|"), strict=False)) for text in (record.INFO.get("CSQ") or "").split(",") if text)
        claims[_site(record, path)] = [_vep_claim(row) for row in rows if row.get("Feature_type", "Transcript") == "Transcript"]
    return claims


def _vep_claim(row: Mapping[str, str]) -> Claim:
    number, _, total = row.get("EXON", "").partition("/")
    return Claim(
        transcript=row["Feature"],
        terms=tuple(row["Consequence"].split("&")),
        amino_acids=_vep_amino_acids(row.get("Protein_position", ""), row.get("Amino_acids", "")),
        gene_id=row["Gene"],
        gene=row.get("SYMBOL", ""),
        strand={"1": "+", "-1": "-"}.get(row.get("STRAND", ""), ""),
        refseq=row.get("MANE_SELECT", ""),
        exon=int(number.partition("-")[0]) if number else -1,
        exons=int(total) if total else -1,
    )


def _vep_amino_acids(position: str, change: str) -> str:
    """As bcftools csq writes it: 12R>12W, and 12R where it stays."""
    if not position or not change:
        return ""
    place = position.partition("/")[0].partition("-")[0]
    old, _, new = change.partition("/")
    return f"{place}{old}>{place}{new}" if new else f"{place}{old}"
