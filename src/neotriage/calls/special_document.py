"""What was measured beside small variants, in words: the family's one document (`calls/chromosomes.json`).

`findings` of the baby, most urgent first, `looked_at` of everyone with what was seen, no call included, and `not_looked_at`.
Levels: `urgent` asks for action within days, `finding` may explain the illness, `note` helps to read the rest. Genes that the
family excluded are in none of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neotriage.calls.aneuploidy import ContigCopies, karyotype
from neotriage.calls.disomy import overlapping
from neotriage.calls.repeats import RepeatCall, tier_of
from neotriage.calls.special import EXCLUDED, Looked, SpecialFiles
from neotriage.case import Case
from neotriage.copies.smn import SMN1
from neotriage.genome import ContigKind
from neotriage.treatability import read_treatability

__all__ = ["document", "repeat_level"]

_LEVELS = ("urgent", "finding", "note")
_RELATED = 1 / 32
_DELETED = 1.5
_CARRIER_SOURCE = "Chen et al. 2020, Genetics in Medicine 22:945"
_TWO_ON_ONE = "two copies on one chromosome and none on the other (silent carrier, 2+0) look the same as one on each"


def document(case: Case, looked: Looked, files: SpecialFiles) -> dict[str, Any]:
    """The document as plain JSON values."""
    findings = [*_smn_findings(case, looked), *_repeat_findings(case, looked), *_contig_findings(case, looked)]
    findings += [*_disomy_findings(looked), *_kinship_findings(looked)]
    return {
        "findings": sorted(findings, key=lambda f: _LEVELS.index(f["level"])),
        "looked_at": [
            *_smn_rows(looked),
            *_repeat_rows(looked),
            *_contig_rows(case, looked),
            *_trio_rows(case, looked),
        ],
        "not_looked_at": _not_looked_at(case, looked, files),
        "smn": {sample: copies.as_dict() for sample, copies in looked.smn.items()},
        "repeats": {sample: [call.as_dict() for call in calls] for sample, calls in looked.repeats.items()},
        "contigs": [contig.as_dict() for contig in looked.contigs],
        "disomy": [stretch.as_dict() | {"copies_by_depth": _number(copies)} for stretch, copies in looked.stretches],
        "sites": {contig: dict(says) for contig, says in looked.says.items()},
        "homozygosity": dict(looked.homozygosity),
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 2)


def _finding(kind: str, level: str, title: str, words: str, source: str, **more: Any) -> dict[str, Any]:
    return {
        "class": kind,
        "level": level,
        "title": title,
        "words": words,
        "source": source,
        "gene": "",
        "treatment": None,
    } | more


def _row(kind: str, sample: str, what: str, result: str) -> dict[str, str]:
    return {"class": kind, "sample": sample, "what": what, "result": result}


# ---- SMN1


def _smn_findings(case: Case, looked: Looked) -> list[dict[str, Any]]:
    copies = looked.smn.get(case.family.proband.sample)
    if copies is None:
        return []
    if copies.is_zero_possible:
        row = read_treatability().get(SMN1)
        act = (
            {"condition": row.condition, "action": row.action, "urgency": row.urgency.value, "source": row.source}
            if row
            else None
        )
        title = "No copy of SMN1" if copies.smn1 == 0 else "No copy of SMN1 is not excluded"
        of_smn2 = f", SMN2: {copies.smn2 if copies.smn2 is not None else 'number not known'}" if copies.smn1 == 0 else ""
        reason = f" ({copies.reason})" if copies.reason else ""
        words = f"spinal muscular atrophy{of_smn2}{reason}; confirm by MLPA"
        return [_finding("smn", "urgent", title, words, _CARRIER_SOURCE, gene=SMN1, treatment=act)]
    if copies.smn1 == 1:
        words = (
            "a carrier of spinal muscular atrophy; affected if that copy has a small change, which the candidates would show"
        )
        return [_finding("smn", "note", "One copy of SMN1", words, _CARRIER_SOURCE, gene=SMN1)]
    return []


def _smn_rows(looked: Looked) -> list[dict[str, str]]:
    rows = []
    for sample, copies in looked.smn.items():
        if copies.smn1 is None:
            rows.append(_row("smn", sample, "SMN1, SMN2", f"no call: {copies.reason}"))
            continue
        of_smn2 = "not known" if copies.smn2 is None else str(copies.smn2)
        caveat = f"; {_TWO_ON_ONE}" if copies.smn1 == 2 else ""
        told = f"SMN1 {copies.smn1}, SMN2 {of_smn2}; {copies.probability:.1%} sure by the model{caveat}"
        rows.append(_row("smn", sample, "SMN1, SMN2", told))
    return rows


# ---- repeats


def _repeat_findings(case: Case, looked: Looked) -> list[dict[str, Any]]:
    found = []
    by_locus: dict[str, list[RepeatCall]] = {}
    for call in looked.repeats.get(case.family.proband.sample, ()):
        by_locus.setdefault(call.locus.name, []).append(call)
    for calls in by_locus.values():
        levels = [(call, *repeat_level(call)) for call in calls]
        call, level, title = min(levels, key=lambda of: _LEVELS.index(of[1]) if of[1] else len(_LEVELS))
        if level:
            words = f"{_sizes(call)} repeats; normal up to {call.locus.normal}, disease from {call.locus.pathogenic}"
            words += f"; by {', '.join(sorted(one.caller for one, its, _ in levels if its == level))}"
            words += "; confirm by repeat-primed PCR or fragment analysis"
            gene = call.locus.gene
            found.append(_finding("repeat", level, f"{gene}: {title}", words, call.locus.source, gene=gene))
    return found


def repeat_level(call: RepeatCall) -> tuple[str, str]:
    """Level and title of a person's alleles at a locus, '' none.

    The tier is shown of the panels' loci; elsewhere the limits are the same. An allele whose least size is normal, though its
    upper limit is one of disease, is a note.
    """
    locus = call.locus
    tiers = sorted(tier for allele in call.alleles if (tier := tier_of(locus, allele)))
    if not tiers:
        return "", ""
    shown = f" (tier {tiers[0]})" if locus.is_on_panel else ""
    condition = f", {locus.condition}" if locus.condition else ""
    if tiers[0] == 2:
        return ("note", f"a repeat at or above the limit of normal{shown}") if locus.is_on_panel else ("", "")
    expanded = [allele for allele in call.alleles if tier_of(locus, allele) == 1 and allele.low > locus.normal]
    if not expanded:
        return "note", f"a repeat that may be longer than is seen{condition}{shown}"
    if locus.is_recessive and len(expanded) == 1 < len(call.alleles):
        return "note", f"one expanded repeat of a recessive gene{condition}{shown}"
    return "finding", f"repeat expansion{condition}{shown}"


def _sizes(call: RepeatCall) -> str:
    parts = []
    for allele in call.alleles:
        interval = f" ({allele.low} to {allele.high})" if allele.low != allele.high else ""
        parts.append(f"{'about or above ' if allele.is_bound else ''}{allele.size}{interval}")
    return " and ".join(parts)


def _repeat_rows(looked: Looked) -> list[dict[str, str]]:
    rows = []
    for sample, calls in looked.repeats.items():
        for call in calls:
            result = f"{_sizes(call)} repeats" if call.alleles else f"no call: {call.reason}"
            rows.append(_row("repeat", sample, f"{call.locus.gene} {call.locus.motif} by {call.caller}", result))
    return rows


# ---- whole chromosomes


def _contig_findings(case: Case, looked: Looked) -> list[dict[str, Any]]:
    found = []
    source = "depth of the reads"
    for contig in looked.contigs:
        if contig.kind is not ContigKind.AUTOSOME or np.isnan(contig.copies):
            continue
        by_depth = f"{contig.copies:.2f} copies by depth"
        bare = contig.contig.removeprefix("chr")
        if contig.whole is not None and contig.whole != 2:
            name = {1: "Monosomy", 3: "Trisomy"}.get(contig.whole, f"{contig.whole} copies of")
            found.append(_finding("aneuploidy", "finding", f"{name} {bare}", f"{by_depth}; confirm by karyotype", source))
        elif contig.whole is None and contig.reason.startswith("between"):
            words = f"{by_depth}: mosaic, or a large gain or loss; confirm by karyotype or array"
            found.append(_finding("aneuploidy", "finding", f"Uneven number of chromosome {bare}", words, source))
    name, is_unusual = _karyotype(case, looked)
    if is_unusual:
        words = (
            f"stated sex: {case.family.proband.sex}; a swapped sample looks the same where it is whole; confirm by karyotype"
        )
        found.append(_finding("aneuploidy", "finding", f"Sex chromosomes: {name}", words, source))
    return found


def _karyotype(case: Case, looked: Looked) -> tuple[str, bool]:
    by_kind: dict[ContigKind, ContigCopies] = {
        contig.kind: contig for contig in looked.contigs if contig.kind in {ContigKind.X, ContigKind.Y}
    }
    return karyotype(by_kind, case.family.proband.sex)


def _contig_rows(case: Case, looked: Looked) -> list[dict[str, str]]:
    sample = case.family.proband.sample
    autosomes = [contig for contig in looked.contigs if contig.kind is ContigKind.AUTOSOME]
    rows = []
    told = [contig for contig in autosomes if not np.isnan(contig.copies)]
    if told:
        two = sum(contig.whole == 2 for contig in told)
        least = max(contig.least_mosaic for contig in told)
        result = f"{two} of {len(told)} autosomes have two copies; another number in {least:.0%} of cells and more would show"
        rows.append(_row("aneuploidy", sample, "number of each autosome", result))
    untold = [contig for contig in looked.contigs if np.isnan(contig.copies)]
    if untold:
        result = f"no call of {', '.join(contig.contig for contig in untold)}: {untold[0].reason}"
        rows.append(_row("aneuploidy", sample, "number of each autosome", result))
    name, _ = _karyotype(case, looked)
    if name:
        rows.append(_row("aneuploidy", sample, "sex chromosomes", name))
    return rows


# ---- one parent alone, and kinship


def _disomy_findings(looked: Looked) -> list[dict[str, Any]]:
    found = []
    for stretch, copies in looked.stretches:
        regions = overlapping(stretch, looked.imprinted[0])
        other = "mother" if stretch.parent == "father" else "father"
        is_deleted = copies < _DELETED
        what = (
            f"a deletion of the {other}'s copy"
            if is_deleted
            else f"uniparental disomy from the {stretch.parent} ({stretch.kind})"
        )
        place = f"{stretch.contig}:{stretch.start + 1}-{stretch.end}"
        whole = ", the whole chromosome" if stretch.is_whole else ""
        told = f"{place} ({(stretch.end - stretch.start) / 1e6:.1f} Mb{whole}): {what}"
        depth = "depth not measured, so that a deletion looks the same" if np.isnan(copies) else f"{copies:.2f} copies by depth"
        words = f"{told}; {stretch.sites} sites without the {other}'s allele, {stretch.against} with both; {depth}"
        source = "; ".join(dict.fromkeys(region.source for region in regions)) or "the trio's genotypes"
        disorders = ", ".join(dict.fromkeys(f"{region.disorder} ({region.name})" for region in regions))
        title = f"{stretch.contig} from the {stretch.parent} alone" + (f": {disorders}" if disorders else "")
        tail = "; confirm by methylation analysis" if regions else ""
        level = "finding" if regions or stretch.is_whole or is_deleted else "note"
        found.append(_finding("disomy", level, title, words + tail, source))
    return found


def _kinship_findings(looked: Looked) -> list[dict[str, Any]]:
    share = looked.homozygosity["f_roh"]
    if share is None or share < _RELATED:
        return []
    source = "bcftools roh; McQuillan et al. 2008, American Journal of Human Genetics 83:359"
    words = f"{looked.homozygosity['said']}; a recessive disease by one ancestral allele twice is likelier"
    return [_finding("homozygosity", "note", "The parents may be related", words, source)]


def _trio_rows(case: Case, looked: Looked) -> list[dict[str, str]]:
    sample = case.family.proband.sample
    rows = [_row("homozygosity", sample, "runs of homozygosity", looked.homozygosity["said"])]
    informative = sum(sum(says.values()) for says in looked.says.values())
    if _is_trio(case) and informative:
        both = sum(says["both"] for says in looked.says.values())
        names = ", ".join(dict.fromkeys(region.name for region in looked.imprinted[0]))
        result = f"{len(looked.stretches)} stretches of 1 Mb and more; {both} of {informative} telling sites show both parents"
        rows.append(
            _row("disomy", sample, "both copies from one parent", f"{result}; imprinted regions known here: {names or 'none'}")
        )
    return rows


def _is_trio(case: Case) -> bool:
    return case.family.proband.father is not None and case.family.proband.mother is not None


def _not_looked_at(case: Case, looked: Looked, files: SpecialFiles) -> list[str]:
    baby = case.family.proband.sample
    lines = []
    if baby not in files.alignments:
        lines.append("SMN1 and SMN2, repeats, number of chromosomes: the baby came as calls without reads")
    elif isinstance(looked.smn_place, str) and looked.smn_place != EXCLUDED:
        lines.append(f"SMN1 and SMN2 copy number: {looked.smn_place}")
    if looked.not_in_reference and files.alignments:
        lines.append(
            f"repeats that the reference has not at their place: {', '.join(locus.gene for locus in looked.not_in_reference)}"
        )
    if files.alignments and not files.expansion_hunter:
        lines.append("repeats by ExpansionHunter (off in the config): sized from reads by our own rules alone")
    if not _is_trio(case):
        lines.append("uniparental disomy: asks for both parents; without them only runs of homozygosity tell of isodisomy")
    else:
        lines.append("uniparental disomy of the X chromosome")
    if looked.imprinted[1]:
        lines.append(f"imprinted regions whose genes the gene models lack: {', '.join(looked.imprinted[1])}")
    if not files.has_frequencies:
        lines.append("runs of homozygosity were found without population frequencies (0.4 for every allele)")
    lines.append(
        "changes of methylation without a change of the sequence (imprinting defects), mosaic uniparental disomy, triploidy"
    )
    return lines
