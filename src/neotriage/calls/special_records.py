"""SMN1 losses and repeat expansions as records of structural variants: one symbolic allele a record, the family's samples.

A lost copy of SMN1 is `<DEL>` over the gene, whether it is deleted or turned into SMN2, which counting does not tell apart. A
repeat is `<STRn>`, n the baby's size; all alleles of the family in the same class (above normal, or of disease) carry it, since
sizes beyond a read differ by chance. An allele of which nothing is seen is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log10

import pysam

from neotriage.calls.repeats import Allele, RepeatCall, tier_of
from neotriage.calls.special import Looked
from neotriage.copies.smn import SmnCopies, SmnPlace
from neotriage.genome import Build, ContigKind
from neotriage.pedigree import Family, Member, Sex

__all__ = ["vcf_lines"]

_HEADER = """\
##ALT=<ID=DEL,Description="Deletion, or loss by conversion">
##ALT=<ID=STR,Description="Short tandem repeat of so many units">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type of structural variant">
##INFO=<ID=END,Number=1,Type=Integer,Description="End position">
##INFO=<ID=SVLEN,Number=1,Type=Integer,Description="Difference in length to the reference, bp">
##INFO=<ID=CIPOS,Number=2,Type=Integer,Description="Confidence interval of POS">
##INFO=<ID=IMPRECISE,Number=0,Type=Flag,Description="The ends are those of the gene">
##INFO=<ID=CALLERS,Number=.,Type=String,Description="What called it">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality, phred">
##FORMAT=<ID=CN,Number=1,Type=Integer,Description="Copies of the gene, or repeats of the longest allele">
##FORMAT=<ID=DR,Number=1,Type=Integer,Description="Reference pairs">
##FORMAT=<ID=DV,Number=1,Type=Integer,Description="Variant pairs">
##FORMAT=<ID=RR,Number=1,Type=Integer,Description="Reads of other alleles">
##FORMAT=<ID=RV,Number=1,Type=Integer,Description="Reads of the allele">
"""
_MISSING = "./.:.:.:.:.:.:."


def vcf_lines(looked: Looked, family: Family, build: Build, fasta: pysam.FastaFile) -> Iterator[str]:
    """The lines of a VCF, records in the build's order."""
    yield "##fileformat=VCFv4.2\n"
    yield from (f"##contig=<ID={contig.name},length={contig.length}>\n" for contig in build.contigs)
    yield _HEADER
    yield "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *family.samples]) + "\n"
    order = {contig.name: place for place, contig in enumerate(build.contigs)}
    records = [*_smn_records(looked, family), *_repeat_records(looked, family, build)]
    for contig, position, alt, info, cells in sorted(records, key=lambda r: (order[r[0]], r[1], r[2])):
        base = fasta.fetch(contig, position - 1, position).upper()
        yield "\t".join([contig, str(position), ".", base, alt, ".", "PASS", info, "GT:GQ:CN:DR:DV:RR:RV", *cells]) + "\n"


Record = tuple[str, int, str, str, list[str]]


def _smn_records(looked: Looked, family: Family) -> Iterator[Record]:
    place = looked.smn_place
    if not isinstance(place, SmnPlace) or not any(copies.smn1 in (0, 1) for copies in looked.smn.values()):
        return
    start, end = place.gene
    info = f"SVTYPE=DEL;END={end};SVLEN={start - end};CIPOS=0,0;IMPRECISE;CALLERS=smn"
    yield place.contig, start, "<DEL>", info, [_smn_cell(looked.smn.get(sample)) for sample in family.samples]


def _smn_cell(copies: SmnCopies | None) -> str:
    if copies is None or copies.smn1 is None:
        return _MISSING
    genotype = ("1/1", "0/1", "0/0")[min(copies.smn1, 2)]
    quality = min(99, int(-10 * log10(max(1 - copies.probability, 1e-10))))
    return f"{genotype}:{quality}:{copies.smn1}:.:.:.:."


def _repeat_records(looked: Looked, family: Family, build: Build) -> Iterator[Record]:
    for call in looked.repeats.get(family.proband.sample, ()):
        longest = call.alleles[-1] if call.alleles else None
        tier = tier_of(call.locus, longest) if longest else 0
        if longest is None or not tier or longest.size <= call.locus.normal:
            continue
        if call.caller == "repeats" and _others(looked, family.proband, call):
            continue  # ExpansionHunter has it too, and its size is the better one
        locus = call.locus
        callers = sorted({call.caller, *(other.caller for other in _others(looked, family.proband, call))})
        length = longest.size * len(locus.motif) - (locus.end - locus.start)
        info = f"SVTYPE=STR;END={locus.end};SVLEN={length};CIPOS=0,0;CALLERS={','.join(callers)}"
        cells = [_repeat_cell(_same(looked, member, call), tier, _copies(member, call, build)) for member in family.members]
        yield locus.contig, locus.start, f"<STR{longest.size}>", info, cells


def _others(looked: Looked, member: Member, call: RepeatCall) -> list[RepeatCall]:
    """What the other caller says of the locus, where it sees the like."""
    return [
        other
        for other in looked.repeats.get(member.sample, ())
        if other.locus.name == call.locus.name
        and other.caller != call.caller
        and other.alleles
        and tier_of(call.locus, other.alleles[-1])
    ]


def _same(looked: Looked, member: Member, call: RepeatCall) -> RepeatCall | None:
    return next(
        (c for c in looked.repeats.get(member.sample, ()) if (c.locus.name, c.caller) == (call.locus.name, call.caller)), None
    )


def _copies(member: Member, call: RepeatCall, build: Build) -> int:
    return 1 if build.kind(call.locus.contig) is ContigKind.X and member.sex is Sex.MALE else 2


def _repeat_cell(call: RepeatCall | None, tier: int, copies: int) -> str:
    if call is None or not call.alleles:
        return _MISSING if copies == 2 else _MISSING.replace("./.", ".", 1)
    carried = [0 < tier_of(call.locus, allele) <= tier for allele in call.alleles]
    codes = [str(int(is_carried)) for is_carried in carried]
    if len(codes) < copies and any(carried):
        codes.append(".")  # the other allele was not seen: the same size, or missed
    elif len(codes) < copies:
        codes.append("0")
    longest = call.alleles[-1]
    supporting = sum(allele.reads for allele, is_carried in zip(call.alleles, carried, strict=True) if is_carried)
    return f"{'/'.join(sorted(codes))}:.:{longest.size}:.:.:{_reads(call.alleles) - supporting}:{supporting}"


def _reads(alleles: Sequence[Allele]) -> int:
    return sum(allele.reads for allele in alleles)
