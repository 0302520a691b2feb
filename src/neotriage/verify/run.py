"""From the table and the alignments to the `reread` table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import log10
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pysam

from neotriage import columns
from neotriage.case import Case, read_case
from neotriage.errors import FormatError
from neotriage.fasta import open_fasta
from neotriage.genome import Build, ContigKind, read_build
from neotriage.pedigree import Sex
from neotriage.schema import KeptBy, Kind, Origin
from neotriage.verify.fragments import ALT, OTHER, Fragment, Site, fragments_at
from neotriage.verify.origin import HYPOTHESES, Verdict, judge_origin
from neotriage.verify.phase import FATHER, REACH_BP, Placed, parent_of, phase_sites

__all__ = ["reread", "run_verify"]

PARENTS_SET = 2_000_000_000
READS_SETS = 1_000_000_000
_PARENTS = ("father", "mother")
_LEAST_QUAL = 20.0
_WORDS = {
    Origin.DE_NOVO: "de novo",
    Origin.MOSAIC_PARENT: "mosaic in a parent",
    Origin.INHERITED: "inherited",
    Origin.ARTEFACT: "artefact",
}
_BASES = frozenset("ACGTN")

Int8 = npt.NDArray[np.int8]


@dataclass
class _Row:
    """What the reads say of one variant."""

    verdict: Verdict | None = None
    fragments: dict[int, list[Fragment]] = field(default_factory=dict)
    phase_set: int = -1
    haplotype: int = -1
    phase_fragments: int = 0
    parent: str = ""
    refusal: str = ""


def run_verify(
    case: Path,
    variants: Path,
    consequences: Path,
    calls: Path,
    alignments: Mapping[str, Path],
    reference: Path,
    output: Path,
    *,
    has_frequencies: bool = False,
) -> None:
    """Read the case's tables and alignments, write `reread`.

    Raises:
        FormatError: a table, the calls or an alignment cannot be read.
    """
    the_case = read_case(case)
    table = reread(
        the_case,
        read_build(the_case.build),
        columns.read_table(variants, "variants"),
        columns.read_table(consequences, "consequences"),
        calls,
        alignments,
        reference,
        has_frequencies=has_frequencies,
    )
    columns.write_table(table, "reread", output, the_case.family.samples)


def reread(
    case: Case,
    build: Build,
    variants: pl.DataFrame,
    consequences: pl.DataFrame,
    calls: Path,
    alignments: Mapping[str, Path],
    reference: Path,
    *,
    has_frequencies: bool = False,
) -> pl.DataFrame:
    """The `reread` table: origin of what looks de novo, and phase by reads.

    Args:
        case: the case; its family is the samples axis.
        build: the reference build.
        variants: the `variants` table.
        consequences: the `consequences` table; says which variants share a gene.
        calls: calls.vcf.gz, indexed: common heterozygous places beside the variants tell the copies apart.
        alignments: sample -> indexed BAM or CRAM; who has none is not looked at, who is not of the case is passed over.
        reference: indexed FASTA of the alignments.
        has_frequencies: the table was held against a frequency source, so that a missing frequency means not seen in it.
    """
    samples = case.family.samples
    genotypes: Int8 = columns.array(variants, "genotype").reshape(variants.height, len(samples), 2).astype(np.int8)
    rows = [_Row() for _ in range(variants.height)]
    is_unseen = np.isnan(variants["allele_frequency"].to_numpy()) & has_frequencies
    try:
        with ExitStack() as stack:
            fasta = stack.enter_context(open_fasta(reference))
            opened = {
                samples.index(sample): stack.enter_context(pysam.AlignmentFile(str(path), reference_filename=str(reference)))
                for sample, path in alignments.items()
                if sample in samples
            }
            sites = [Site.read(fasta, *key) for key in variants.select("chrom", "position", "ref", "alt").iter_rows()]
            kept = (variants["kept_by"].to_numpy() & int(KeptBy.RARE | KeptBy.CLINVAR | KeptBy.ALWAYS_LOOK)) != 0
            asked = [
                _asked(case, build, site, genotypes[n]) if kept[n] and set(site.ref + site.alt) <= _BASES else ()
                for n, site in enumerate(sites)
            ]
            for n, places in enumerate(asked):
                if places:
                    _look(rows[n], sites[n], genotypes[n], places, opened, case, is_unseen=bool(is_unseen[n]))
            if 0 in opened:
                is_small = (variants["kind"] == Kind.SMALL).to_numpy()
                is_het = kept & is_small & _is_het(genotypes[:, 0])
                targets = _targets(is_het, [bool(places) for places in asked], consequences)
                with pysam.VariantFile(str(calls)) as records:
                    for group in _groups(targets, sites):
                        _place(rows, group, sites, asked, genotypes, case, records, fasta, opened[0])
    except (OSError, ValueError) as error:
        raise FormatError(f"the reads cannot be read again ({error})", fix="run the stages `reads` and `calls` again") from None
    who = {0: "baby", case.family.father_index: "father", case.family.mother_index: "mother"}
    return _frame(rows, samples, who)


def _asked(case: Case, build: Build, site: Site, genotype: Int8) -> tuple[str, ...]:
    """The parents who could have passed the allele on, if the baby has it and all of them are called without it."""
    if not (genotype[0] == 1).any():
        return ()
    kind = ContigKind.AUTOSOME if build.is_par(site.contig, site.position) else build.kind(site.contig)
    is_boy = case.family.proband.sex is Sex.MALE
    if kind in {ContigKind.MITOCHONDRION, ContigKind.OTHER}:
        return ()
    asked = {(ContigKind.X, True): ("mother",), (ContigKind.Y, True): ("father",)}.get((kind, is_boy), _PARENTS)
    places = [_place_of(case, parent) for parent in asked]
    is_without = all(place >= 0 and not np.isin(genotype[place], (1, -1)).any() for place in places)
    return asked if is_without else ()


def _place_of(case: Case, parent: str) -> int:
    return case.family.father_index if parent == "father" else case.family.mother_index


def _look(
    row: _Row,
    site: Site,
    genotype: Int8,
    asked: Sequence[str],
    opened: Mapping[int, pysam.AlignmentFile],
    case: Case,
    *,
    is_unseen: bool,
) -> None:
    """Read baby and parents at a candidate; without one of their alignments nothing is said."""
    places = {"baby": 0} | {parent: _place_of(case, parent) for parent in asked}
    absent = [who for who, place in places.items() if place not in opened]
    if absent:
        row.refusal = f"reads not looked at again: no alignment of the {' and the '.join(absent)}"
        return
    row.fragments = {place: fragments_at(opened[place], site) for place in places.values()}
    alleles = genotype[0][genotype[0] != -2]
    row.verdict = judge_origin(
        row.fragments[0],
        {parent: row.fragments[places[parent]] for parent in asked},
        is_hemizygous=bool((alleles == 1).all()),
        haploid_parents=[parent for parent in asked if (genotype[places[parent]] == -2).any()],
        is_unseen=is_unseen,
    )


def _is_het(genotypes: Int8) -> npt.NDArray[np.bool_]:
    """Whether a person has the allele once beside another, int8 (variants, 2) in."""
    is_alt: npt.NDArray[np.bool_] = (genotypes == 1).sum(axis=1) == 1
    return is_alt & (genotypes >= 0).all(axis=1)


def _targets(is_het: npt.NDArray[np.bool_], is_new: Sequence[bool], consequences: pl.DataFrame) -> list[int]:
    """Heterozygous variants whose copy matters: those that look de novo, and those with another one in their gene."""
    by_gene = (
        consequences.select("variant", "gene_id")
        .unique()
        .filter(pl.col("variant").is_in(np.flatnonzero(is_het).tolist()))
        .filter(pl.len().over("gene_id") > 1)
    )
    paired = set(by_gene["variant"].to_list())
    return [n for n in np.flatnonzero(is_het).tolist() if n in paired or is_new[n]]


def _groups(targets: Sequence[int], sites: Sequence[Site]) -> list[list[int]]:
    """Targets in order of place, together where no more than the reach lies between them."""
    groups: list[list[int]] = []
    for n in sorted(targets, key=lambda n: (sites[n].contig, sites[n].position)):
        before = sites[groups[-1][-1]] if groups else None
        if before and before.contig == sites[n].contig and sites[n].position - before.position <= 2 * REACH_BP:
            groups[-1].append(n)
        else:
            groups.append([n])
    return groups


def _place(
    rows: list[_Row],
    group: Sequence[int],
    sites: Sequence[Site],
    asked: Sequence[Sequence[str]],
    genotypes: Int8,
    case: Case,
    records: pysam.VariantFile,
    fasta: pysam.FastaFile,
    alignment: pysam.AlignmentFile,
) -> None:
    """Lay a group's alleles on copies, by the parents' calls and by fragments that reach other heterozygous places."""
    parents = _called_nearby(sites[group[0]].contig, [sites[n].position for n in group], case, records, fasta)
    for n in group:
        codes = [genotypes[n][i].tolist() if i >= 0 else [-1] for i in (case.family.father_index, case.family.mother_index)]
        parents[sites[n]] = None if asked[n] else parent_of(*codes)
    in_order = sorted(parents, key=lambda site: (site.position, site.ref, site.alt))
    placed = phase_sites(alignment, in_order, parents)
    for n in group:
        _put(rows[n], placed.get(sites[n]), parents[sites[n]], is_new=bool(asked[n]), first=min(group))


def _put(row: _Row, placed: Placed | None, parent: int | None, *, is_new: bool, first: int) -> None:
    """Note a variant's copy. Where no parent's copy is known, a set is numbered by the group's first variant and its own."""
    if placed is not None and placed.parent is not None:
        row.phase_set, row.haplotype, row.phase_fragments = PARENTS_SET, placed.parent, placed.fragments
        row.parent = ("father" if placed.parent == FATHER else "mother") if is_new else ""
    elif parent is not None:
        row.phase_set, row.haplotype = PARENTS_SET, parent
    elif placed is not None:
        row.phase_set, row.haplotype, row.phase_fragments = (
            READS_SETS + first * 1000 + placed.number,
            placed.side,
            placed.fragments,
        )


def _called_nearby(
    contig: str, positions: Sequence[int], case: Case, records: pysam.VariantFile, fasta: pysam.FastaFile
) -> dict[Site, int | None]:
    """The baby's heterozygous places within reach, each with the parent of its alternate allele (None not known)."""
    found: dict[Site, int | None] = {}
    family = case.family
    for record in records.fetch(contig, max(0, min(positions) - REACH_BP), max(positions) + REACH_BP):
        alt = record.alts[0] if record.alts else ""
        if not alt or not set(alt.upper()) <= _BASES or (record.qual is not None and record.qual < _LEAST_QUAL):
            continue
        codes = {sample: _codes(record.samples[sample]["GT"]) for sample in family.samples if sample in record.samples}
        if sorted(codes[family.proband.sample]) != [0, 1]:
            continue
        of_parents = [codes.get(str(sample), [-1]) for sample in (family.proband.father, family.proband.mother)]
        found[Site.read(fasta, contig, record.pos - 1, str(record.ref), alt)] = parent_of(*of_parents)
    return found


def _codes(genotype: Sequence[int | None]) -> list[int]:
    return [-1 if allele is None else allele for allele in genotype]


def _frame(rows: Sequence[_Row], samples: Sequence[str], who: Mapping[int, str]) -> pl.DataFrame:
    seen = {
        name: np.full((len(rows), len(samples)), -1) for name in ("fragments", "alt_fragments", "alt_reverse", "alt_neighbours")
    }
    phred = np.full((len(rows), len(samples)), np.nan)
    for n, row in enumerate(rows):
        for place, fragments in row.fragments.items():
            alt = [fragment for fragment in fragments if fragment.allele == ALT]
            seen["fragments"][n, place] = sum(fragment.allele != OTHER for fragment in fragments)
            seen["alt_fragments"][n, place] = len(alt)
            seen["alt_reverse"][n, place] = sum(fragment.is_reverse for fragment in alt)
            seen["alt_neighbours"][n, place] = sum(fragment.has_neighbour for fragment in alt)
            if alt:
                phred[n, place] = -10 * log10(sum(fragment.error for fragment in alt) / len(alt))
    given: dict[str, Any] = {
        f"p_{origin.value}": [row.verdict.posterior[origin] if row.verdict else np.nan for row in rows] for origin in HYPOTHESES
    }
    return columns.frame(
        "reread",
        {
            "variant": np.arange(len(rows)),
            "origin": [_origin(row).value for row in rows],
            **given,
            **seen,
            "alt_phred": phred,
            "parent_of_origin": [row.parent for row in rows],
            "phase_set": [row.phase_set for row in rows],
            "haplotype": [row.haplotype for row in rows],
            "phase_fragments": [row.phase_fragments for row in rows],
            "words": [_words(row, who) for row in rows],
        },
        samples,
    )


def _origin(row: _Row) -> Origin:
    if row.verdict is not None:
        return row.verdict.origin
    return Origin.NOT_LOOKED_AT if row.refusal else Origin.NOT_APPLICABLE


def _words(row: _Row, who: Mapping[int, str]) -> str:
    """For the clinician: who shows the allele on how many fragments, and what follows."""
    if row.verdict is None:
        return row.refusal
    counts = [
        f"{who[place]} {sum(f.allele == ALT for f in fragments)} of {sum(f.allele != OTHER for f in fragments)}"
        for place, fragments in row.fragments.items()
    ]
    ranked = sorted(row.verdict.posterior.items(), key=lambda item: -item[1])
    odds = ", ".join(f"{_WORDS[origin]} {100 * p:.3g} %" for origin, p in ranked if p >= 0.001)
    text = f"reads looked at again: {', '.join(counts)} have it: {odds}"
    if row.verdict.origin is Origin.MOSAIC_PARENT:
        text += f" (the {row.verdict.parent}; it may come again in a sibling)"
    if row.parent:
        text += f"; on the {row.parent}'s copy by {row.phase_fragments} read pairs"
    return text
