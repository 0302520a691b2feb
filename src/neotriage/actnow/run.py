"""From the baby's alignment and its calls in the targets to the provisional page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pysam

from neotriage.actnow.alignment import count_level, gene_coverage
from neotriage.actnow.alleles import find_alleles
from neotriage.actnow.lines import Page, find_lines, looked_at, mitochondrial_line, page_document, smn_line
from neotriage.actnow.targets import find_known, read_known, target_bed, treatable_exons, write_known
from neotriage.always_look import AlwaysLookEntry, EntryKind, read_always_look
from neotriage.case import Case
from neotriage.clinvar import is_pathogenic, read_clinvar
from neotriage.copies.smn import SMN1, SmnCopies, count_copies, find_smn
from neotriage.errors import FormatError
from neotriage.fasta import open_fasta
from neotriage.gene_models import GeneModels, read_gene_models
from neotriage.genome import Build, ContigKind
from neotriage.panels import read_panel
from neotriage.secondary import read_secondary_genes
from neotriage.store import Store
from neotriage.treatability import TreatableMode, Treatment, read_treatability
from neotriage.whole_file import write_text

__all__ = ["allowed_genes", "make_page", "write_targets"]


def write_targets(gene_models: Path, build: Build, clinvar: Path | None, bed: Path, known: Path) -> None:
    """Write the regions to genotype, and what ClinVar says of the alleles there.

    Raises:
        FormatError, BuildError: a file is broken or of another build.
    """
    exons = treatable_exons(read_gene_models(gene_models, build), read_treatability())
    alleles = find_known(read_clinvar(clinvar, build) if clinvar else None, [gene for gene, _ in exons.values()])
    pathogenic = [allele for allele, said in alleles.items() if is_pathogenic(said.significance)]
    write_text(bed, target_bed(exons, pathogenic, build))
    write_known(alleles, known)


def make_page(
    case: Case,
    build: Build,
    gene_models: GeneModels,
    known: Path,
    calls: Path,
    alignment: Path,
    reference: Path,
    store: Store | None,
    always_look: Path | None,
) -> dict[str, Any]:
    """The page of a case's baby as plain JSON values; rules in `alleles` and `lines`.

    Raises:
        FormatError: the alignment or the calls cannot be read.
        ResourceError: the store does not say whether it covers a contig.
    """
    treatments, withheld = allowed_genes(case, gene_models)
    exons = treatable_exons(gene_models, treatments)
    places = {gene: [(model.contig, model.start, model.end)] for gene, (model, _) in exons.items()}
    frequency_cap = case.settings.frequency.recessive
    alleles = find_alleles(calls, treatments, read_known(known), store, places, case.settings.quality, frequency_cap)
    lines, singles = find_lines(alleles, treatments, case.settings)
    entries = _mitochondrial_entries(build, gene_models, treatments, always_look)
    try:
        with pysam.AlignmentFile(str(alignment), reference_filename=str(reference)) as reads:
            levels = [(entry, count_level(reads, entry.contig, entry.start, entry.alt)) for entry in entries]
            coverage = {
                gene: gene_coverage(reads, model.contig, intervals)
                for gene, (model, intervals) in exons.items()
                if build.kind(model.contig) is not ContigKind.MITOCHONDRION
            }
            smn = _smn(gene_models, build, reads, reference) if SMN1 in treatments else None
    except (OSError, ValueError) as error:
        raise FormatError(f"cannot be read ({error})", file=alignment, fix="run the stage `reads` again") from None
    of_mitochondrion = [mitochondrial_line(treatments[entry.gene], entry, level, case.settings) for entry, level in levels]
    of_smn = [smn_line(treatments[SMN1], smn)] if smn else []
    page = Page(
        lines=tuple(line for line in (*of_smn, *of_mitochondrion, *lines) if line),
        single_alleles=singles,
        looked_at=tuple(looked_at(entry, level) for entry, level in levels),
        coverage=coverage,
        not_in_gene_models=tuple(sorted(set(treatments) - set(exons))),
        withheld=withheld,
        smn=smn,
    )
    return page_document(page, case.name, case.family.proband.sample)


def _smn(models: GeneModels, build: Build, reads: pysam.AlignmentFile, reference: Path) -> SmnCopies:
    """Copies of SMN1 and SMN2 in the alignment."""
    with open_fasta(reference) as fasta:
        place = find_smn(models, build, fasta)
    if isinstance(place, str):
        return SmnCopies(None, None, float("nan"), float("nan"), place, None)
    return count_copies(reads, place)


def allowed_genes(case: Case, models: GeneModels) -> tuple[Mapping[str, Treatment], int]:
    """Treatable genes that the page may name, and how many it may not.

    Left out are the genes that the family excluded, by any of their names, and, without consent to secondary findings, the
    genes of that list that no applied panel has.
    """
    panels = {gene.symbol for path in case.panels for gene in read_panel(Path(path)).genes}
    secondary = frozenset() if case.consent.secondary_findings else read_secondary_genes() - panels
    hidden = secondary | models.names_of(case.excluded_genes)
    treatments = read_treatability()
    kept = {gene: row for gene, row in treatments.items() if gene not in hidden}
    return kept, len(treatments) - len(kept)


def _mitochondrial_entries(
    build: Build, models: GeneModels, treatments: Mapping[str, Treatment], always_look: Path | None
) -> list[AlwaysLookEntry]:
    return [
        entry
        for entry in read_always_look(build, models, always_look).entries
        if entry.kind is EntryKind.POSITION
        and len(entry.ref) == len(entry.alt) == 1
        and entry.gene in treatments
        and treatments[entry.gene].mode is TreatableMode.MITOCHONDRIAL
    ]
