"""Choose canaries from the resources themselves, read here by other ways than a run reads them.

Per contig one of each kind, its class in turn, and more until every class is there as far as the resources have it:

    clinvar       an SNV in a coding exon by ClinVar's VCF, of each class of CLNSIG
    frequency     an SNV in a coding exon by the sources' VCFs (tabix), rare or common
    consequence   a change made up in a coding transcript, whose effect follows from gene models, reference and genetic code

Beside them the facts of `resources/canaries.tsv`, where the resource is large enough that it must have them. A gene that bears
a consequence canary bears no other: neighbours on one copy change each other's consequence.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice, pairwise
from pathlib import Path

import numpy as np
import pysam

from neotriage.canaries.file import Canary, Kind
from neotriage.clinvar import parse_significance
from neotriage.coding import CodingTranscript, translate
from neotriage.errors import FormatError
from neotriage.fasta import open_fasta
from neotriage.gene_models import GeneModels, Transcript
from neotriage.genome import Build, ContigKind
from neotriage.home import resource
from neotriage.schema import ClinvarSignificance
from neotriage.store.building import Source

__all__ = ["Sources", "choose_canaries"]

_SIGNIFICANCES = (
    ClinvarSignificance.PATHOGENIC,
    ClinvarSignificance.BENIGN,
    ClinvarSignificance.UNCERTAIN,
    ClinvarSignificance.LIKELY_PATHOGENIC,
    ClinvarSignificance.LIKELY_BENIGN,
    ClinvarSignificance.CONFLICTING,
)
_FREQUENCIES = ("rare", "common")
_COMMON = 0.01
_APART_BP = 50
_MOST_REGIONS = 2000  # coding parts of a contig that are looked through
_MANY_RECORDS = 1000  # of ClinVar on a contig: it is no extract
_BASES = "ACGT"
_OTHER = str.maketrans("ACGT", "CAAC")  # a base that it is not


@dataclass(frozen=True)
class Sources:
    """What canaries are chosen from; None or empty what the run does not have."""

    gene_models: GeneModels
    reference: Path
    clinvar: Path | None
    frequencies: Sequence[Source]


@dataclass
class _Chooser:
    build: Build
    sources: Sources
    reference: pysam.FastaFile
    chosen: list[Canary] = field(default_factory=list)
    taken: dict[str, list[int]] = field(default_factory=dict)  # contig -> 1-based positions
    genes: set[int] = field(default_factory=set)  # that bear a consequence canary

    def is_free(self, chrom: str, position: int) -> bool:
        return all(abs(position - other) >= _APART_BP for other in self.taken.get(chrom, ()))

    def take(self, canary: Canary) -> None:
        self.chosen.append(canary)
        self.taken.setdefault(canary.chrom, []).append(canary.position)


def choose_canaries(build: Build, sources: Sources) -> tuple[Canary, ...]:
    """The canaries, by contig and place; same resources, same canaries.

    Raises:
        FormatError: the reference or a VCF cannot be read.
    """
    try:
        with open_fasta(sources.reference) as reference:
            chooser = _Chooser(build, sources, reference)
            _consequences(chooser)
            _from_vcf(chooser, _clinvar_records(chooser), [s.value for s in _SIGNIFICANCES])
            for source in sources.frequencies:
                _from_vcf(chooser, _frequency_records(chooser, source), _FREQUENCIES)
            _facts(chooser)
    except (OSError, ValueError) as error:
        raise FormatError(f"canaries cannot be chosen: {error}", file=sources.reference, fix="see the file it names") from None
    order = [contig.name for contig in build.contigs]
    return tuple(sorted(chooser.chosen, key=lambda one: (order.index(one.chrom), one.position, one.ref, one.alt, one.kind)))


# ---- consequences


def _consequences(chooser: _Chooser) -> None:
    """One made-up change a contig, its class in turn, and others until each class is there."""
    makers = cycle(_MAKERS)
    by_contig = _lone_genes(chooser)
    lacking = dict.fromkeys(_MAKERS)
    for places in by_contig.values():
        term = next(makers)
        if _place(chooser, places, term):
            lacking.pop(term, None)
    for term in list(lacking):
        for places in by_contig.values():
            if _place(chooser, places, term):
                break


def _lone_genes(chooser: _Chooser) -> dict[str, list[int]]:
    """Contig -> genes that overlap no other, with their place in the gene models; not the mitochondrion's."""
    models = chooser.sources.gene_models
    index = models.gene_index(_APART_BP)
    found: dict[str, list[int]] = {}
    for contig in chooser.build.primary:
        if contig.kind is ContigKind.MITOCHONDRION or contig.name not in chooser.reference.references:
            continue
        places = [place for place, gene in enumerate(models.genes) if gene.contig == contig.name]
        starts = np.array([models.genes[place].start for place in places], np.int32)
        ends = np.array([models.genes[place].end for place in places], np.int32)
        queries, _ = index.overlaps(contig.name, starts, ends)
        alone = np.flatnonzero(np.bincount(queries, minlength=len(places)) == 1)
        if len(alone):
            found[contig.name] = [places[place] for place in alone.tolist()]
    return found


def _place(chooser: _Chooser, places: Sequence[int], term: str) -> bool:
    """Put a change of this class into the first gene that is free and lets it be."""
    models = chooser.sources.gene_models
    wanted = set(islice((place for place in places if place not in chooser.genes), 200))
    for transcript in models.transcripts:
        if transcript.gene not in wanted or not transcript.cds or transcript.biotype != "protein_coding":
            continue
        gene = models.genes[transcript.gene]
        made = _MAKERS[term](_coding(transcript, gene.contig), chooser.reference)
        if made is None or _is_seen(chooser.sources.frequencies, gene.contig, made[0]):
            continue
        position, ref, alt = made
        file = Path(models.file).name
        source = f"{transcript.id} of {file}, the reference, the standard genetic code"
        chooser.take(Canary(Kind.CONSEQUENCE, gene.contig, position, ref, alt, term, file, source, gene.symbol, transcript.id))
        chooser.genes.add(transcript.gene)
        return True
    return False


def _coding(transcript: Transcript, contig: str) -> CodingTranscript:
    return CodingTranscript(transcript.id, "", contig, transcript.strand, transcript.exons, transcript.cds)


def _is_seen(sources: Sequence[Source], contig: str, position: int) -> bool:
    """Whether a population source has a record at a place: a common variant there would not be kept."""
    files = [file for source in sources for file in source.files]
    return any(True for file in files for _ in _lines(file, contig, iter([(position - 1, position)])))


Made = tuple[int, str, str]  # 1-based position, reference and alternate allele


def _codons(transcript: CodingTranscript, reference: pysam.FastaFile) -> Iterator[tuple[tuple[int, ...], str]]:
    """Genomic positions (0-based, in transcript order) and bases of each codon inside one exon, 8 bp from its ends."""
    positions = transcript.coding_positions(0, transcript.coding_bp)
    bases = transcript.coding_sequence(lambda contig, start, end: reference.fetch(contig, start, end).upper())
    if len(bases) % 3 or translate(bases[:3]) != "M" or translate(bases[-3:]) != "*":
        return
    for start in range(6, len(bases) - 6, 3):
        places = positions[start : start + 3]
        inside = [min(transcript.bases_to_exon_edge(place)) > 8 for place in places]
        if all(inside) and abs(places[0] - places[2]) == 2 and set(bases[start : start + 3]) <= set(_BASES):
            yield places, bases[start : start + 3]


def _substitution(is_wanted: Callable[[str, str], bool]) -> Callable[[CodingTranscript, pysam.FastaFile], Made | None]:
    """A maker of the first change of one base whose old and new amino acids are as wanted."""

    def make(transcript: CodingTranscript, reference: pysam.FastaFile) -> Made | None:
        for places, codon in islice(_codons(transcript, reference), 400):
            for offset, base in ((offset, base) for offset in range(3) for base in _BASES):
                changed = codon[:offset] + base + codon[offset + 1 :]
                if changed != codon and is_wanted(translate(codon), translate(changed)):
                    flip = transcript.strand == "-"
                    ref, alt = (_complement(b) if flip else b for b in (codon[offset], base))
                    return places[offset] + 1, ref, alt
        return None

    return make


def _deletion(length: int) -> Callable[[CodingTranscript, pysam.FastaFile], Made | None]:
    """A maker of a deletion of bases from a codon's first on (3: the codon), the base before it kept, not in a repeat."""

    def make(transcript: CodingTranscript, reference: pysam.FastaFile) -> Made | None:
        for places, _ in islice(_codons(transcript, reference), 5, 400):
            start = min(places)
            text = reference.fetch(transcript.chrom, start - 1, start + 2 * length).upper()
            gone = text[1 : 1 + length]
            if len(text) == 2 * length + 1 and set(text) <= set(_BASES) and text[0] != gone[-1] and text[1 + length] != gone[0]:
                return start, text[: 1 + length], text[0]
        return None

    return make


def _splice(offset: int, *, is_donor: bool) -> Callable[[CodingTranscript, pysam.FastaFile], Made | None]:
    """A maker of a change of an intron's first or last base, between two coding exons."""

    def make(transcript: CodingTranscript, reference: pysam.FastaFile) -> Made | None:
        exons = transcript.exons
        is_right_end = is_donor == (transcript.strand == "+")
        for before, after in pairwise(exons):
            if (
                after[0] - before[1] < 60
                or transcript.coding_offset(before[1] - 1) < 0
                or transcript.coding_offset(after[0]) < 0
            ):
                continue
            place = before[1] + offset if is_right_end else after[0] - 1 - offset
            base = reference.fetch(transcript.chrom, place, place + 1).upper()
            if base in _BASES:
                return place + 1, base, base.translate(_OTHER)
        return None

    return make


def _complement(base: str) -> str:
    return base.translate(str.maketrans("ACGT", "TGCA"))


_MAKERS: Mapping[str, Callable[[CodingTranscript, pysam.FastaFile], Made | None]] = {
    "missense_variant": _substitution(lambda old, new: "*" not in {old, new} and old != new),
    "stop_gained": _substitution(lambda old, new: old != "*" == new),
    "synonymous_variant": _substitution(lambda old, new: old == new),
    "frameshift_variant": _deletion(1),
    "splice_donor_variant": _splice(0, is_donor=True),
    "splice_acceptor_variant": _splice(0, is_donor=False),
    "inframe_deletion": _deletion(3),
}


# ---- what files say

Record = tuple[str, Canary]  # class, the canary that it would be


def _from_vcf(chooser: _Chooser, records: Callable[[str], Iterator[Record]], classes: Sequence[str]) -> None:
    """One record a contig, its class in turn (any class where that one is not there), then one of each class still lacking."""
    turn = cycle(classes)
    lacking = set(classes)
    spare: dict[str, list[Canary]] = {name: [] for name in classes}
    for contig in (contig for contig in chooser.build.primary if contig.name in chooser.reference.references):
        wanted = next(turn)
        first: dict[str, Canary] = {}
        for name, canary in records(contig.name):
            if name in spare and chooser.is_free(canary.chrom, canary.position):
                first.setdefault(name, canary)
                spare[name] += [canary] * (len(spare[name]) < 3)
            if wanted in first and set(first) >= lacking:
                break
        if first:
            name = wanted if wanted in first else next(iter(first))
            chooser.take(first[name])
            lacking.discard(name)
    for name in classes:
        if name in lacking:
            free = next((c for c in spare[name] if chooser.is_free(c.chrom, c.position)), None)
            if free is not None:
                chooser.take(free)


def _coding_parts(chooser: _Chooser, contig: str) -> Iterator[tuple[int, int]]:
    """Coding parts of a contig whose genes bear no consequence canary, spread over it."""
    models = chooser.sources.gene_models
    if contig not in models.cds_regions():
        return
    starts, ends = models.cds_regions()[contig]
    queries, genes = models.gene_index().overlaps(contig, starts, ends)
    barred = set(queries[np.isin(genes, list(chooser.genes))].tolist())
    step = max(1, len(starts) // _MOST_REGIONS)
    for place in range(0, len(starts), step):
        if place not in barred:
            yield int(starts[place]), int(ends[place])


def _lines(vcf: Path, contig: str, parts: Iterator[tuple[int, int]]) -> Iterator[list[str]]:
    """Columns of the records that begin in the parts: over the index if there is one, else from the whole file."""
    if Path(f"{vcf}.tbi").is_file() or Path(f"{vcf}.csi").is_file():
        with pysam.TabixFile(str(vcf)) as tabix:
            if contig in tabix.contigs:
                for start, end in parts:
                    for line in tabix.fetch(contig, start, end):
                        fields = line.split("\t")
                        if start <= int(fields[1]) - 1 < end:
                            yield fields
        return
    spans = sorted(parts)
    starts = np.array([start for start, _ in spans])
    prefix = f"{contig}\t"
    with gzip.open(vcf, "rt") if vcf.suffix in {".gz", ".bgz"} else vcf.open() as text:
        for line in text:
            if line.startswith(prefix):
                fields = line.rstrip("\n").split("\t")
                place = int(np.searchsorted(starts, int(fields[1]) - 1, "right")) - 1
                if place >= 0 and int(fields[1]) - 1 < spans[place][1]:
                    yield fields


def _clinvar_records(chooser: _Chooser) -> Callable[[str], Iterator[Record]]:
    vcf = chooser.sources.clinvar

    def records(contig: str) -> Iterator[Record]:
        if vcf is None:
            return
        for fields in _lines(vcf, contig, _coding_parts(chooser, contig)):
            info = _info(fields[7])
            if _is_snv(fields) and info.get("CLNSIG"):
                said = info["CLNSIG"]
                name = parse_significance(said, file=vcf).value
                source = f"variation {fields[2]} of {vcf.name}"
                yield name, Canary(Kind.CLINVAR, contig, int(fields[1]), fields[3], fields[4], said, vcf.name, source)

    return records


def _frequency_records(chooser: _Chooser, source: Source) -> Callable[[str], Iterator[Record]]:
    """Records of a source, with the highest frequency that any source has for the allele: that is what a store answers."""

    def records(contig: str) -> Iterator[Record]:
        for file in source.files:
            for fields in _lines(file, contig, _coding_parts(chooser, contig)):
                highest = _frequency(_info(fields[7]), source)
                if not _is_snv(fields) or highest is None:
                    continue
                others = [_frequency_at(other, contig, fields) for other in chooser.sources.frequencies if other is not source]
                highest = max([highest, *(other for other in others if other is not None)])
                said = Canary(
                    Kind.FREQUENCY,
                    contig,
                    int(fields[1]),
                    fields[3],
                    fields[4],
                    repr(highest),
                    source.name,
                    f"record of {file.name}",
                )
                yield ("common" if highest >= _COMMON else "rare"), said

    return records


def _frequency(info: Mapping[str, str], source: Source) -> float | None:
    """The highest of a record's frequencies; None if none is measured."""
    names = source.frequencies or ("AF_grpmax", "AF_popmax", "AF")
    values = [float(info[name]) for name in names if info.get(name, ".") not in {".", "nan"}]
    return max(values, default=None)


def _frequency_at(source: Source, contig: str, like: Sequence[str]) -> float | None:
    position = int(like[1])
    for file in source.files:
        for fields in _lines(file, contig, iter([(position - 1, position)])):
            if fields[3:5] == like[3:5]:
                return _frequency(_info(fields[7]), source)
    return None


def _is_snv(fields: Sequence[str]) -> bool:
    return len(fields[3]) == len(fields[4]) == 1 and fields[3] in _BASES and fields[4] in _BASES


def _info(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(";") if "=" in part)


# ---- fixed facts


def _facts(chooser: _Chooser) -> None:
    """The facts of `resources/canaries.tsv` that these resources must know: on contigs of which they hold no mere extract."""
    models = chooser.sources.gene_models
    rows = csv.DictReader(resource("canaries.tsv").read_text().splitlines(), delimiter="\t")
    for row in rows:
        contig, position = row["contig"], int(row["position"])
        if row["build"] != chooser.build.name or contig not in chooser.reference.references:
            continue
        if chooser.reference.fetch(contig, position - 1, position).upper() != row["ref"] or not chooser.is_free(
            contig, position
        ):
            continue
        allele = (contig, position, row["ref"], row["alt"])
        clinvar, models_file = chooser.sources.clinvar, Path(models.file).name
        genes = {models.genes[place].contig for place in models.by_symbol.get(row["gene"], ())}
        if contig in genes and not set(models.by_symbol[row["gene"]]) & chooser.genes:
            chooser.chosen.append(
                Canary(Kind.CONSEQUENCE, *allele, row["consequence"], models_file, row["source"], row["gene"])
            )
        if row["clinvar"] == "yes" and clinvar is not None and _is_large(clinvar, contig):
            chooser.chosen.append(Canary(Kind.CLINVAR, *allele, "", clinvar.name, row["source"]))
        for source in chooser.sources.frequencies:
            if row["population"] == "yes" and any(_is_large(file, contig) for file in source.files):
                chooser.chosen.append(Canary(Kind.FREQUENCY, *allele, "", source.name, row["source"]))


def _is_large(vcf: Path, contig: str) -> bool:
    everywhere = iter([(0, 1 << 29)])
    return sum(1 for _ in islice(_lines(vcf, contig, everywhere), _MANY_RECORDS)) == _MANY_RECORDS
