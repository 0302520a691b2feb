"""The HGVS names of a variant, and the site that a name stands for.

The 3' rule: a change that can be written in more than one place is written at the last one in the transcript's direction,
but not beyond the end of its exon, since a name on an NM_ sequence has no intron to go into (HGVS nomenclature, general
recommendations; `hgvs` keeps to it as `cross_boundaries = False`). On the genome the last place is that of the plus strand.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hgvs.edit
import hgvs.location
import hgvs.posedit
from bioutils.normalize import NormalizationMode
from bioutils.normalize import normalize as shift_alleles
from bioutils.sequences import TranslationTable, reverse_complement, translate_cds
from hgvs.exceptions import HGVSDataNotAvailableError, HGVSError, HGVSUnsupportedOperationError
from hgvs.normalizer import Normalizer
from hgvs.parser import Parser
from hgvs.sequencevariant import SequenceVariant
from hgvs.variantmapper import VariantMapper

from neotriage.alleles import trimmed
from neotriage.errors import InputError
from neotriage.gene_models import GeneModels, Transcript
from neotriage.genome import Build, ContigKind
from neotriage.naming.models import ModelProvider, Sequences

__all__ = ["Namer", "Names"]

# `hgvs` raises its own errors where it foresaw the case and Python's where it did not; each is told as a reason
_REFUSALS = (HGVSError, NotImplementedError, AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class Names:
    """The names of one variant: g. (or m.), c. (or n.), p.; None with a line in `not_named` that says why."""

    genomic: str | None
    coding: str | None
    protein: str | None
    not_named: tuple[str, ...] = ()


class Namer:
    """Gives HGVS names on one reference and one set of gene models, without any network."""

    def __init__(self, gene_models: GeneModels, reference: Path, build: Build) -> None:
        """A namer.

        Args:
            gene_models: the transcripts that names are given on.
            reference: the run's FASTA, indexed.
            build: contig kinds and accessions.

        Raises:
            FormatError: the FASTA cannot be read.
        """
        self._models = gene_models
        self._build = build
        self._sequences = Sequences(gene_models, reference, build)
        self._provider = ModelProvider(gene_models, self._sequences)
        self._mapper = VariantMapper(self._provider, prevalidation_level=None)
        self._verbatim = VariantMapper(self._provider, prevalidation_level=None, replace_reference=False)
        self._shifts = {way: self._normalizer(way) for way in (3, 5)}
        self._protein_tables: dict[str, TranslationTable] = {}

    def names(self, chrom: str, position: int, ref: str, alt: str, transcript: str | None) -> Names:
        """The names of a variant given as VCF has it.

        Args:
            chrom: contig as in the FASTA.
            position: 0-based position of the first base of ref.
            ref: reference allele.
            alt: alternate allele, plain bases.
            transcript: id of a transcript of the gene models, with or without version; None names the genome alone.
        """
        missing: list[str] = []
        try:
            given = self._genomic(chrom, position, ref, alt)
        except _REFUSALS as error:
            reason = f"not named: {_said(error)}"
            return Names(None, None, None, (f"g. {reason}",))
        genomic = self._attempt("g.", missing, lambda: str(self._shifted(given, 3)))
        if transcript is None:
            return Names(genomic, None, None, (*missing, "c. not named: no transcript"))
        model = self._models.by_transcript.get(transcript)
        if model is None:
            return Names(genomic, None, None, (*missing, f"c. not named: no transcript {transcript} in the gene models"))
        on_transcript: list[Any] = []

        def coding() -> str:
            on_transcript.append(self._on_transcript(given, model))
            return str(on_transcript[0])

        name = self._attempt("c.", missing, coding)
        is_mitochondrial = given.type == "m"
        protein = None
        if on_transcript and model.cds:
            protein = self._attempt("p.", missing, lambda: self._protein(on_transcript[0], model, is_mitochondrial))
        elif on_transcript:
            missing.append("p. not named: the transcript codes for no protein")
        if is_mitochondrial and name is not None:
            name = None
            missing.append("c. not named: mitochondrial variants go by their m. name")
        return Names(genomic, name, protein, tuple(missing))

    def site(self, name: str) -> tuple[str, int, str, str]:
        """What a g., m., c. or n. name stands for: contig, 0-based position, ref and alt as a normalised VCF has them.

        Raises:
            InputError: not such a name, its transcript is not in the gene models, or its bases are not those of the reference.
        """
        try:
            variant = Parser().parse_hgvs_variant(name.strip())
            if variant.type in {"c", "n"}:
                variant = self._to_genome(variant)
            elif variant.type not in {"g", "m"}:
                raise HGVSUnsupportedOperationError(f"a {variant.type}. name does not say which bases changed")
            return self._vcf(variant)
        except _REFUSALS as error:
            raise InputError(
                f"{name!r} leads to no site: {_said(error)}", fix="give a g. or c. name on a transcript of the gene models"
            ) from None

    def _normalizer(self, way: int) -> Any:
        return Normalizer(self._provider, shuffle_direction=way, validate=False, variantmapper=self._mapper)

    @staticmethod
    def _attempt(kind: str, missing: list[str], name: Callable[[], str]) -> str | None:
        try:
            return name()
        except _REFUSALS as error:
            missing.append(f"{kind} not named: {_said(error)}")
            return None

    def _genomic(self, chrom: str, position: int, ref: str, alt: str) -> Any:
        """The variant on its contig without the bases that ref and alt share."""
        accession = self._sequences.accession(chrom)
        if self._sequences.fetch_seq(accession, position, position + len(ref)) != ref.upper():
            raise HGVSDataNotAvailableError(f"{ref} is not what the reference has at {chrom}:{position + 1}")
        if not set(alt.upper()) <= set("ACGTN"):
            raise HGVSUnsupportedOperationError(f"alternate {alt} is not a sequence")
        start, ref, alt = trimmed(position, ref, alt)
        kind = "m" if self._build.kind(chrom) is ContigKind.MITOCHONDRION else "g"
        first, last = (start + 1, start + len(ref)) if ref else (start, start + 1)
        interval = hgvs.location.Interval(hgvs.location.SimplePosition(first), hgvs.location.SimplePosition(last))
        edit = hgvs.edit.NARefAlt(ref=ref or None, alt=alt or None)
        return SequenceVariant(ac=accession, type=kind, posedit=hgvs.posedit.PosEdit(interval, edit))

    def _shifted(self, variant: Any, way: int) -> Any:
        return self._shifts[way].normalize(copy.deepcopy(variant))

    def _on_transcript(self, given: Any, model: Transcript) -> Any:
        """The variant on a transcript: from its first possible place to the last within the exon, or in the intron."""
        accession = self._sequences.transcript_accession(model)
        first, last = (5, 3) if model.strand == "+" else (3, 5)
        try:
            return self._shifts[3].normalize(self._mapper.g_to_t(self._shifted(given, first), accession))
        except HGVSError:  # in an intron, across the end of an exon or of the coding part, or before the first base
            return self._mapper.g_to_t(self._shifted(given, last), accession)

    def _protein(self, coding: Any, model: Transcript, is_mitochondrial: bool) -> str:
        table = TranslationTable.vertebrate_mitochondrial if is_mitochondrial else self._table(coding.ac, model)
        accession, _, change = str(self._mapper.c_to_p(coding, translation_table=table)).partition(":")
        if change == "p.Met1?":  # a prediction like any other, which `hgvs` leaves without its parentheses
            change = "p.(Met1?)"
        return f"{accession}:{change}" if model.protein else change

    def _table(self, accession: str, model: Transcript) -> TranslationTable:
        """The code that reads the coding sequence through to its end.

        Raises:
            HGVSDataNotAvailableError: a stop stands inside, so gene models and reference do not fit, or the protein holds
                selenocysteine.
        """
        if accession not in self._protein_tables:
            info = self._provider.get_tx_identity_info(accession)
            bases = self._sequences.fetch_seq(accession, info["cds_start_i"], info["cds_end_i"])
            protein = translate_cds(bases, full_codons=False, translation_table=TranslationTable.standard)
            if "*" in protein[:-1]:
                stop = protein.index("*") + 1
                raise HGVSDataNotAvailableError(
                    f"codon {stop} of {model.id} is a stop before the end of its coding sequence"
                    " (selenocysteine, or gene models that do not fit the reference)"
                )
            self._protein_tables[accession] = TranslationTable.standard
        return self._protein_tables[accession]

    def _to_genome(self, variant: Any) -> Any:
        model = self._sequences.by_accession.get(variant.ac)
        if model is None:
            bare = variant.ac.partition(".")[0]
            near = sorted(name for name in self._sequences.by_accession if name.partition(".")[0] == bare)
            hint = f", they have {', '.join(near)}" if near else ""
            raise HGVSDataNotAvailableError(f"no transcript {variant.ac} in the gene models{hint}")
        contig = self._sequences.accession(self._models.genes[model.gene].contig)
        return self._verbatim.t_to_g(variant, contig)

    def _vcf(self, variant: Any) -> tuple[str, int, str, str]:
        contig = self._sequences.contig_of.get(variant.ac)
        if contig is None:
            raise HGVSDataNotAvailableError(f"no contig {variant.ac} in the reference")
        start, end, alt = self._replaced(variant)
        bases = _Contig(self._sequences, variant.ac)
        (start, end), (ref, alt) = shift_alleles(bases, (start, end), (None, alt), mode=NormalizationMode.LEFTSHUFFLE)
        if ref and alt:
            return contig, start, ref, alt
        if start == 0:
            return contig, 0, ref + bases[end], alt + bases[end]
        return contig, start - 1, bases[start - 1] + ref, bases[start - 1] + alt

    def _replaced(self, variant: Any) -> tuple[int, int, str]:
        """0-based half-open interval of the contig, and the bases that stand in its place."""
        edit, place = variant.posedit.edit, variant.posedit.pos
        start, end = place.start.base - 1, place.end.base
        if edit.type == "ins":
            return start + 1, start + 1, edit.alt.upper()
        held = self._sequences.fetch_seq(variant.ac, start, end)
        if edit.ref and edit.ref.isalpha() and edit.ref.upper() != held:
            raise HGVSDataNotAvailableError(f"the reference has {held} where the name has {edit.ref} (plus strand)")
        if edit.type in {"sub", "delins"}:
            return start, end, edit.alt.upper()
        if edit.type == "del":
            return start, end, ""
        if edit.type == "dup":
            return end, end, held
        if edit.type == "inv":
            return start, end, str(reverse_complement(held))
        raise HGVSUnsupportedOperationError(f"a name of kind {edit.type} changes no stated bases")


class _Contig:
    """A contig that is read by slices, as bioutils takes a sequence."""

    def __init__(self, sequences: Sequences, accession: str) -> None:
        self._sequences = sequences
        self._accession = accession

    def __getitem__(self, bases: slice | int) -> str:
        start, stop = (bases.start, bases.stop) if isinstance(bases, slice) else (bases, bases + 1)
        return self._sequences.fetch_seq(self._accession, start, stop)

    def __len__(self) -> int:
        return self._sequences.length(self._accession)


def _said(error: Exception) -> str:
    """An error in one line; Python's own errors name their kind, since their text alone says little."""
    text = " ".join(str(error).split())
    is_foreseen = isinstance(error, HGVSError | NotImplementedError) and text
    return text if is_foreseen else f"hgvs failed ({type(error).__name__}: {text})"
