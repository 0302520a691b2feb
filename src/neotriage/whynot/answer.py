"""From a question (gene, chr-pos-ref-alt or HGVS name) to lines a clinician can read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from neotriage.errors import InputError
from neotriage.whynot.index import Fate, coverage_of, fates, fates_between, panel_genes, place

__all__ = ["Answer", "answer", "is_hgvs", "sentence"]

_SITE = re.compile(r"(?P<chrom>[^-:>\s]+)[-:](?P<position>[0-9]+)[-:](?P<ref>[ACGTNacgtn]+)[-:>](?P<alt>[ACGTNacgtn*]+)")
_HGVS = re.compile(r"[A-Za-z][A-Za-z0-9_.]*(\([A-Za-z0-9._-]+\))?:[cgmn]\..+")


_SHIFT_BP = 100  # how far apart VCF and HGVS may write one insertion or deletion in a repeat


@dataclass(frozen=True)
class Answer:
    """The question, one line of verdict, and a line per variant."""

    question: str
    verdict: str
    lines: tuple[str, ...]


def answer(index: Path, question: str) -> Answer:
    """Why a variant, or the variants of a gene, are or are not in the report.

    Args:
        index: the case's why-not index.
        question: an approved gene symbol, a gene id, chr-pos-ref-alt with a 1-based position, or an HGVS g., m., c. or n. name.

    Raises:
        InputError: the question is none of them, or a name on a sequence that the index does not hold.
        FormatError: no index there.
    """
    named = _SITE.fullmatch(question.strip())
    if named:
        site = (named["chrom"], int(named["position"]), named["ref"].upper(), named["alt"].upper())
        return _site_answer(index, question, fates(index, site=site))
    if is_hgvs(question):
        return _named_answer(index, question.strip())
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9@_.-]*", question.strip()):
        raise InputError(f"{question!r} is neither a gene nor chr-pos-ref-alt", fix="ask like JAG1 or chr20-10654178-C-T")
    return _gene_answer(index, question.strip())


def is_hgvs(question: str) -> bool:
    """Whether a question is an HGVS name of bases (c., g., m. or n.)."""
    return _HGVS.fullmatch(question.strip()) is not None


def sentence(fate: Fate) -> str:
    """One variant's fate in words, with the value, the threshold and the margin where the rule measured one."""
    where = f"{fate.chrom}-{fate.position}-{fate.ref}-{fate.alt}"
    gene = f" ({fate.gene})" if fate.gene else ""
    clinvar = f", ClinVar {fate.clinvar.replace('_', ' ')}" if fate.clinvar else ""
    rule = fate.rule.replace("_", " ")
    if fate.outcome == "kept":
        return f"{where}{gene}{clinvar}: kept by every rule" + (f" (flagged: {rule})" if rule else "")
    measured = ""
    if fate.value is not None:
        measured = f": {fate.value:.4g}"
        if fate.threshold is not None:
            measured += f", the limit is {fate.threshold:.4g}"
        if fate.margin is not None:
            measured += f" (missed by {fate.margin:.4g})"
    if fate.outcome == "no_call":
        return f"{where}{gene}{clinvar}: no call, {rule}{measured}"
    return f"{where}{gene}{clinvar}: dropped in {fate.stage} by {rule}{measured}"


def _named_answer(index: Path, name: str) -> Answer:
    there = place(index, name)
    if there.ref:
        site = (there.contig, there.first, there.ref, there.alt)
        told = _site_answer(index, name, fates(index, site=site))
        return Answer(name, f"{'-'.join(map(str, site))}: {told.verdict}", told.lines)
    near = fates_between(index, there.contig, there.first - _SHIFT_BP, there.last + _SHIFT_BP)
    alike = [fate for fate in near if len(fate.alt) - len(fate.ref) == there.growth]
    where = f"{there.contig}:{there.first}-{there.last}"
    if not alike:
        return Answer(name, f"{where}: not in the ledger: no change of that length was called there", ())
    count = f"{len(alike)} entr{'ies' if len(alike) > 1 else 'y'} of that length in the ledger there"
    return Answer(
        name, f"{where}: {count}; to be sure which, add --gene-models and --reference", tuple(sentence(fate) for fate in alike)
    )


def _site_answer(index: Path, question: str, found: Sequence[Fate]) -> Answer:
    if found:
        return Answer(question, f"{len(found)} entry in the ledger", tuple(sentence(fate) for fate in found))
    genes = sum(len(panel.get("symbols", [])) for panel in panel_genes(index))
    return Answer(
        question,
        f"not in the ledger: no such allele was called in the {genes} panel genes, and it is no ClinVar P/LP site",
        ("outside the panel genes variants are counted by rule and not listed one by one",),
    )


def _gene_answer(index: Path, gene: str) -> Answer:
    found = fates(index, gene=gene)
    covered = coverage_of(index, gene)
    also = (f"coverage: {covered}",) if covered else ()
    panels = panel_genes(index)
    on = [p for p in panels if gene in p.get("symbols", [])]
    missing = [p for p in panels if gene in p.get("not_in_gene_models", [])]
    if missing:
        names = ", ".join(f"{p['name']} v{p['version']}" for p in missing)
        return Answer(gene, f"on {names}, but not in the gene models: not looked at", ())
    if found:
        kept = sum(fate.outcome == "kept" for fate in found)
        return Answer(gene, f"{len(found)} variants in the ledger, {kept} kept", (*also, *map(sentence, found)))
    if on:
        return Answer(gene, "looked at: no variant was called in it", also)
    names = ", ".join(f"{p['name']} v{p['version']}" for p in panels) or "no panel was applied"
    return Answer(gene, f"not in this panel version ({names}): its variants are counted and not listed", ())
