"""PVS1 by the ClinGen SVI decision tree.

Abou Tayoun et al. 2018, Hum Mutat 39:1517, PMID 30192042. Truth table of the strength, before the gene's mechanism:

    nonsense, frameshift   NMD predicted                                        very strong
                           no NMD, region critical or > 10 % of protein lost    strong
                           no NMD, <= 10 % lost                                 moderate
    canonical splice site  skip breaks the frame, NMD predicted                 very strong
                           skip breaks the frame, no NMD: as above              strong or moderate
                           skip keeps the frame, critical or > 10 % lost        strong
                           skip keeps the frame, <= 10 % lost                   moderate
    start codon            P/LP record before the next in-frame methionine      moderate
                           none                                                 supporting

Exons lost or doubled by a structural change: `exon_loss.py`.

The gene's mechanism then takes levels off: see `mechanism`. Not looked at: other transcripts' start codons, and whether loss
of function is frequent in the exon.
"""

from __future__ import annotations

from neotriage.coding import CodingTranscript
from neotriage.evidence.exon_loss import critical_records, structural_strength
from neotriage.evidence.facts import (
    Facts,
    Finding,
    changed_bases,
    met,
    not_assessed,
    not_met,
    pathogenic_of,
)
from neotriage.evidence.points import Strength

__all__ = ["mechanism", "null_strength", "pvs1"]

SOURCE = "PVS1 decision tree, Abou Tayoun 2018 (PMID 30192042)"
_LOST_FRACTION = 0.1
_LOEUF = 0.35


def pvs1(facts: Facts) -> Finding:
    """Null variant in a gene whose loss of function is a known mechanism."""
    if facts.is_mitochondrial:
        return not_assessed("mitochondrial mRNA has no nonsense-mediated decay: the tree does not apply", SOURCE)
    if not facts.terms:
        return not_assessed("no consequence on a transcript of the gene", SOURCE)
    if not facts.is_null:
        return not_met(f"not a null variant: {', '.join(sorted(facts.terms))}", SOURCE)
    if facts.transcript is None:
        return not_assessed("the gene models have no coding transcript for it", SOURCE)
    judged = _strength(facts, facts.transcript)
    if judged is None:
        return not_assessed("the tree has no branch for an inversion, insertion, breakpoint or repeat", SOURCE)
    strength, branch = judged
    if strength is Strength.NONE:
        return not_met(branch, SOURCE)
    levels, reason = mechanism(facts)
    source = "; ".join(filter(None, (SOURCE, facts.gene.clinvar_source, facts.gene.constraint_source)))
    if levels is None:
        if facts.gene.has_clinvar and facts.gene.loeuf is not None:
            return not_met(f"{branch}; {reason}", source)
        return not_assessed(f"{branch}; {reason}", source)
    final = strength.weaker_by(levels)
    if final is Strength.NONE:
        return not_met(f"{branch}; {reason}", source)
    return met(final, f"{branch}; {reason}", source)


def _strength(facts: Facts, transcript: CodingTranscript) -> tuple[Strength, str] | None:
    if facts.structural is not None:
        return structural_strength(facts, facts.structural, transcript)
    return null_strength(facts, transcript)


def mechanism(facts: Facts) -> tuple[int | None, str]:
    """Levels that the strength loses for what is known of loss of function in the gene, and in words why; None: unknown.

    The tree's table of mechanism, with the gene-disease validity and mouse evidence that it asks for read from what is here:
    ClinVar's unconflicted P/LP records other than this variant, LOEUF (gnomAD v2.1.1, Karczewski 2020, PMID 32461654), and
    the applied panels.

        0    three or more loss-of-function records, in more than one exon if the gene has several, over 10 % of all P/LP
        1    two such records; or a green panel gene that is biallelic or X-linked recessive there, or has LOEUF < 0.35
        2    one such record; or LOEUF < 0.35 alone
        None nothing of this
    """
    records = pathogenic_of(facts.gene.known, facts)
    lof = [k for k in records if k.change.is_loss_of_function]
    text = _mechanism_words(facts, len(lof), len(records))
    is_spread = facts.transcript is None or len(facts.transcript.exons) == 1 or len({k.exon for k in lof}) > 1
    if len(lof) >= 3 and len(lof) > 0.1 * len(records) and is_spread:
        return 0, f"loss of function is an established mechanism: {text}"
    constrained = facts.gene.loeuf is not None and facts.gene.loeuf < _LOEUF
    if len(lof) >= 2 or (facts.gene.is_green and (facts.gene.is_biallelic_on_panel or constrained)):
        return 1, f"loss of function is a likely mechanism, one level down: {text}"
    if lof or constrained:
        return 2, f"loss of function is a possible mechanism, two levels down: {text}"
    return None, f"no evidence that loss of function causes disease in this gene: {text}"


def _mechanism_words(facts: Facts, lof: int, records: int) -> str:
    gene = facts.gene
    parts = [f"{lof} of {records} other ClinVar P/LP records are loss of function" if gene.has_clinvar else "no ClinVar given"]
    if gene.loeuf is not None:
        parts.append(f"LOEUF {gene.loeuf:.3f}")
    else:
        parts.append("gene not in the constraint table" if gene.has_constraint else "no constraint table given")
    if gene.is_green:
        parts.append(
            "green on an applied panel" + (", biallelic or X-linked recessive there" if gene.is_biallelic_on_panel else "")
        )
    return ", ".join(parts)


def null_strength(facts: Facts, transcript: CodingTranscript) -> tuple[Strength, str]:
    """Strength by the kind of null variant and its place, before the gene's mechanism, and the branch in words."""
    start, end, _ = changed_bases(facts.position, facts.ref, facts.alt)
    if facts.terms & {"splice_donor", "splice_acceptor"}:
        return _splice(facts, transcript, start, max(end, start + 1))
    if facts.terms & {"stop_gained", "frameshift"}:
        return _truncation(facts, transcript, start, max(end, start + 1))
    return _start_loss(facts)


def _truncation(facts: Facts, transcript: CodingTranscript, start: int, end: int) -> tuple[Strength, str]:
    inside = [p for p in range(start, end) if transcript.coding_offset(p) >= 0]
    if not inside:
        return Strength.NONE, "the change does not lie in the coding sequence of this gene model"
    first = inside[0] if transcript.strand == "+" else inside[-1]
    exon = f"exon {transcript.exon_of(first) + 1} of {len(transcript.exons)}"
    stop = first if facts.truncation is None else facts.truncation
    exact = "" if facts.truncation is not None or "frameshift" not in facts.terms else " (by the place of the change)"
    if facts.elongates:
        return _without_decay(facts, transcript, transcript.coding_offset(first), f"{exon}, frameshift past the normal stop")
    if transcript.undergoes_nmd(stop):
        return Strength.VERY_STRONG, f"{exon}, nonsense-mediated decay predicted{exact}"
    why = "single-exon gene" if len(transcript.exons) == 1 else "stop in the last exon or the last 50 bp before it"
    return _without_decay(facts, transcript, transcript.coding_offset(first), f"{exon}, {why}{exact}")


def _without_decay(facts: Facts, transcript: CodingTranscript, offset: int, place: str) -> tuple[Strength, str]:
    lost = transcript.fraction_lost_after(offset)
    if lost > _LOST_FRACTION:
        return Strength.STRONG, f"{place}: no decay, {lost:.0%} of the protein lost"
    critical = critical_records(pathogenic_of(facts.gene.known, facts), offset, transcript.coding_bp)
    if critical:
        return Strength.STRONG, f"{place}: no decay, {lost:.0%} lost, with {critical} P/LP missense records in it"
    return Strength.MODERATE, f"{place}: no decay, {lost:.0%} of the protein lost"


def _splice(facts: Facts, transcript: CodingTranscript, start: int, end: int) -> tuple[Strength, str]:
    site = transcript.splice_site(start, end)
    if site is None:
        return Strength.NONE, "no canonical splice site of this gene model is touched"
    place = f"{site.kind} site of exon {site.exon + 1} of {len(transcript.exons)}"
    exons = [transcript.coding_bp_of_exon(i) for i in range(len(transcript.exons))]
    coding = exons[site.exon]
    if not coding:
        return Strength.NONE, f"{place}, which is not coding"
    before = sum(exons[: site.exon])
    if not before:
        strength, words = _start_loss(facts)
        return strength, f"{place}, which holds the start codon: {words}"
    after = transcript.coding_bp - before - coding
    if after and coding % 3:
        exon_start, exon_end = transcript.ordered_exons[site.exon + 1]
        if transcript.undergoes_nmd(exon_start if transcript.strand == "+" else exon_end - 1):
            return Strength.VERY_STRONG, f"{place}: skipping {coding} bp breaks the frame, nonsense-mediated decay predicted"
        return _without_decay(facts, transcript, before, f"{place}: skipping {coding} bp breaks the frame")
    lost = coding / transcript.coding_bp
    critical = critical_records(pathogenic_of(facts.gene.known, facts), before, before + coding)
    what = "skipping it keeps the frame" if after else "the last coding exon"
    if lost > _LOST_FRACTION or critical:
        extra = f", with {critical} P/LP missense records in it" if critical else ""
        return Strength.STRONG, f"{place}: {what}, {lost:.0%} of the protein lost{extra}"
    return Strength.MODERATE, f"{place}: {what}, {lost:.0%} of the protein lost"


def _start_loss(facts: Facts) -> tuple[Strength, str]:
    following = facts.gene.next_start_residue
    if following is None:
        return Strength.SUPPORTING, "start codon lost; the next in-frame methionine is not known (no reference given)"
    upstream = [k for k in pathogenic_of(facts.gene.known, facts) if 3 <= k.coding_offset < 3 * (following - 1)]
    if upstream:
        text = f"start codon lost, {len(upstream)} P/LP records before the next in-frame methionine (residue {following})"
        return Strength.MODERATE, text
    return Strength.SUPPORTING, f"start codon lost, no P/LP record before the next in-frame methionine (residue {following})"
