"""GA4GH VRS 2.0 identifiers: one computed id for an allele, however a VCF happens to write it.

Built with `ga4gh.vrs`: fully-justified normalisation, then the digest of the canonical JSON. The contig is named by its refget
accession, the digest of its bases in the run's own FASTA, so a masked or altered contig has another id than the published one.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any, Protocol

from ga4gh.core import ga4gh_identify
from ga4gh.vrs import models, normalize
from ga4gh.vrs.dataproxy import _DataProxy

from neotriage.fasta import open_fasta

__all__ = ["AlleleIds", "Bases", "FastaBases", "allele_id", "refget_accession"]

_CHUNK_BP = 8_000_000


class Bases(Protocol):
    """Where the bases of a sequence are read from, by refget accession."""

    def fetch(self, refget: str, start: int, end: int) -> str:
        """Bases [start, end), upper case."""

    def length(self, refget: str) -> int:
        """Length in bp."""


class AlleleIds:
    """VRS ids of the alleles of one reference."""

    def __init__(self, reference: Path) -> None:
        """Ids on an indexed FASTA.

        Raises:
            FormatError: the FASTA cannot be read.
        """
        self._bases = FastaBases(reference)

    def __call__(self, chrom: str, position: int, ref: str, alt: str) -> str | None:
        """The id of an allele given as VCF has it (0-based position); None where it is no plain change of sequence."""
        if not set(alt.upper()) <= set("ACGTN") or not self._bases.holds(chrom, position, ref):
            return None
        return allele_id(self._bases, self._bases.refget(chrom), position, position + len(ref), alt.upper())


class FastaBases:
    """The contigs of a FASTA by refget accession; the digest of a contig is taken once, when first asked for."""

    def __init__(self, reference: Path) -> None:
        self._fasta = open_fasta(reference)
        self._contigs: dict[str, str] = {}

    def refget(self, contig: str) -> str:
        """The refget accession of a contig."""
        known = {name: accession for accession, name in self._contigs.items()}
        if contig not in known:
            length = self._fasta.get_reference_length(contig)
            chunks = (self._fasta.fetch(contig, at, min(at + _CHUNK_BP, length)) for at in range(0, length, _CHUNK_BP))
            known[contig] = refget_accession(*chunks)
            self._contigs[known[contig]] = contig
        return known[contig]

    def holds(self, contig: str, position: int, ref: str) -> bool:
        """Whether the FASTA has these bases at a 0-based position."""
        if contig not in self._fasta.references:
            return False
        return bool(self._fasta.fetch(contig, position, position + len(ref)).upper() == ref.upper())

    def fetch(self, refget: str, start: int, end: int) -> str:
        """Bases [start, end), upper case."""
        return str(self._fasta.fetch(self._contigs[refget], start, end)).upper()

    def length(self, refget: str) -> int:
        """Length in bp."""
        return int(self._fasta.get_reference_length(self._contigs[refget]))


def refget_accession(*chunks: str) -> str:
    """The refget accession of a sequence given in one piece or several: truncated SHA-512 of its upper-case letters."""
    digest = hashlib.sha512()
    for chunk in chunks:
        digest.update(chunk.upper().encode("ascii"))
    return "SQ." + base64.urlsafe_b64encode(digest.digest()[:24]).decode("ascii")


def allele_id(bases: Bases, refget: str, start: int, end: int, alt: str) -> str:
    """The computed id of the allele that has `alt` in place of the bases [start, end) of a sequence."""
    location = models.SequenceLocation(sequenceReference=models.SequenceReference(refgetAccession=refget), start=start, end=end)
    allele = models.Allele(location=location, state=models.LiteralSequenceExpression(sequence=models.sequenceString(alt)))
    return str(ga4gh_identify(normalize(allele, data_proxy=_Proxy(bases)), in_place="never"))


class _Proxy(_DataProxy):  # type: ignore[misc]
    """What `ga4gh.vrs` asks of a sequence store."""

    def __init__(self, bases: Bases) -> None:
        self._bases = bases

    def get_sequence(self, identifier: str, start: int | None = None, end: int | None = None) -> str:
        refget = identifier.removeprefix("ga4gh:")
        last = self._bases.length(refget)
        return self._bases.fetch(refget, start or 0, last if end is None else min(end, last))

    def get_metadata(self, identifier: str) -> dict[str, Any]:
        refget = identifier.removeprefix("ga4gh:")
        return {"length": self._bases.length(refget), "aliases": [f"ga4gh:{refget}"]}
