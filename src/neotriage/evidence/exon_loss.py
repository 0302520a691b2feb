"""PVS1's branches for exons that a structural change takes or doubles.

Abou Tayoun et al. 2018, PMID 30192042. Truth table of the strength, before the gene's mechanism:

    deletion of the whole gene                                            very strong
    deletion of exons, frame broken, decay predicted                      very strong
                       frame broken, no decay; or frame kept:
                           region critical or > 10 % of protein lost      strong
                           <= 10 % lost                                   moderate
                       with the first exon and the start codon            very strong (as line 2C-1 of Riggs 2020)
                       with the start codon alone, or the stop codon      strong or moderate, by the share lost
    duplication within the gene, frame broken, decay predicted            very strong if shown to be in tandem, else strong
    every other duplication                                               not met
    inversion, insertion, breakpoint, repeat                              not assessed: the tree has no branch for them

An exon that a breakpoint lies in is taken as lost whole if a splice site of it goes, else for what is taken. A duplication
is shown to be in tandem by read pairs or split reads over its junction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neotriage.coding import CodingTranscript
from neotriage.evidence.facts import Change, Facts, KnownVariant, Structural, pathogenic_of
from neotriage.evidence.points import Strength
from neotriage.schema import Kind

__all__ = ["critical_records", "structural_strength"]

_CRITICAL_RECORDS = 2
_LOST_FRACTION = 0.1


@dataclass(frozen=True)
class _Stretch:
    """Exons that an interval touches: 1-based numbers in transcript order, their coding bases, the coding offset of the first.

    `after` is the first genomic base of the exon that follows, -1 none.
    """

    first: int
    last: int
    coding_bp: int
    offset: int
    after: int

    def words(self, transcript: CodingTranscript) -> str:
        which = f"exon {self.first}" if self.first == self.last else f"exons {self.first} to {self.last}"
        return f"{which} of {len(transcript.exons)}"


def structural_strength(facts: Facts, structural: Structural, transcript: CodingTranscript) -> tuple[Strength, str] | None:
    """Strength and branch in words; None where the tree has no branch."""
    if structural.kind is Kind.DELETION:
        return _deleted(facts, structural, transcript)
    if structural.kind is Kind.DUPLICATION:
        return _doubled(structural, transcript)
    return None


def critical_records(records: Sequence[KnownVariant], start: int, end: int) -> int:
    """P/LP missense records with stars in a stretch of coding sequence if they are enough to call it critical, else 0."""
    found = sum(1 for k in records if k.change is Change.MISSENSE and k.stars >= 1 and start <= k.coding_offset < end)
    return found if found >= _CRITICAL_RECORDS else 0


def _stretch(transcript: CodingTranscript, start: int, end: int) -> _Stretch | None:
    exons = transcript.ordered_exons
    touched = [i for i, (low, high) in enumerate(exons) if start < high and low < end]
    if not touched:
        return None
    if len(touched) == 1 and not _takes_splice_site(transcript, touched[0], start, end):
        coding = sum(max(0, min(end, high) - max(start, low)) for low, high in transcript.cds)
        lost = [p for p in range(start, end) if transcript.coding_offset(p) >= 0]
        offset = min(map(transcript.coding_offset, lost), default=0)
    else:
        coding = sum(transcript.coding_bp_of_exon(i) for i in touched)
        offset = sum(transcript.coding_bp_of_exon(i) for i in range(touched[0]))
    after = -1
    if touched[-1] + 1 < len(exons):
        low, high = exons[touched[-1] + 1]
        after = low if transcript.strand == "+" else high - 1
    return _Stretch(touched[0] + 1, touched[-1] + 1, coding, offset, after)


def _takes_splice_site(transcript: CodingTranscript, exon: int, start: int, end: int) -> bool:
    """Whether an interval reaches over an end of an exon (0-based, transcript order) at which it is spliced."""
    low, high = transcript.ordered_exons[exon]
    over_low, over_high = start <= low, end >= high
    over_first, over_last = (over_low, over_high) if transcript.strand == "+" else (over_high, over_low)
    return (over_first and exon > 0) or (over_last and exon < len(transcript.exons) - 1)


def _deleted(facts: Facts, structural: Structural, transcript: CodingTranscript) -> tuple[Strength, str]:
    start, end = structural.start, structural.end
    stretch = _stretch(transcript, start, end)
    if stretch is None or not stretch.coding_bp:
        return Strength.NONE, "no coding exon of this gene model is lost"
    if start <= transcript.exons[0][0] and transcript.exons[-1][1] <= end:
        return Strength.VERY_STRONG, "the whole gene is lost"
    words = f"{stretch.words(transcript)} lost"
    behind = stretch.offset + stretch.coding_bp
    if stretch.offset == 0:
        if stretch.first == 1:
            return Strength.VERY_STRONG, f"{words}, with the first exon and the start codon"
        return _by_share(facts, transcript, 0, transcript.coding_bp, f"{words}, with the start codon")
    if behind >= transcript.coding_bp:
        return _by_share(facts, transcript, stretch.offset, behind, f"{words}, with the stop codon")
    if stretch.coding_bp % 3:
        if stretch.after >= 0 and transcript.undergoes_nmd(stretch.after):
            return Strength.VERY_STRONG, f"{words}: the frame is broken, nonsense-mediated decay predicted"
        return _by_share(facts, transcript, stretch.offset, transcript.coding_bp, f"{words}: the frame is broken, no decay")
    return _by_share(facts, transcript, stretch.offset, behind, f"{words}: the frame is kept")


def _by_share(facts: Facts, transcript: CodingTranscript, start: int, end: int, words: str) -> tuple[Strength, str]:
    """Strength of losing the coding offsets [start, end)."""
    share = (end - start) / transcript.coding_bp
    critical = critical_records(pathogenic_of(facts.gene.known, facts), start, end)
    extra = f", with {critical} P/LP missense records in it" if critical else ""
    strength = Strength.STRONG if share > _LOST_FRACTION or critical else Strength.MODERATE
    return strength, f"{words}, {share:.0%} of the protein lost{extra}"


def _doubled(structural: Structural, transcript: CodingTranscript) -> tuple[Strength, str]:
    start, end = structural.start, structural.end
    stretch = _stretch(transcript, start, end)
    if stretch is None or not stretch.coding_bp:
        return Strength.NONE, "no coding exon of this gene model is doubled"
    if start <= transcript.exons[0][0] or transcript.exons[-1][1] <= end:
        return Strength.NONE, "not contained in the gene: in tandem it leaves one whole copy"
    words = f"{stretch.words(transcript)} doubled"
    is_broken = stretch.coding_bp % 3 != 0 and 0 < stretch.offset < transcript.coding_bp - stretch.coding_bp
    if not is_broken or stretch.after < 0 or not transcript.undergoes_nmd(stretch.after):
        return Strength.NONE, f"{words}: the frame is kept, or no decay is predicted"
    if structural.is_junction_seen:
        return (
            Strength.VERY_STRONG,
            f"{words}, in tandem by its junction: the frame is broken, nonsense-mediated decay predicted",
        )
    return Strength.STRONG, f"{words}, tandem presumed: the frame is broken, nonsense-mediated decay predicted"
