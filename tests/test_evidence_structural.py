"""Evidence of structural changes: PVS1's branches for exons lost or doubled, and the lines of the 2020 copy number standards.

Sources: Abou Tayoun 2018 (PVS1, figure 1), Riggs 2020 (tables 1 and 2), ClinGen's gene curation list (its header and scores).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_evidence import CONFIRMED, LOF_RECORDS, TOO_FEW, facts, known

from neotriage.coding import CodingTranscript
from neotriage.errors import FormatError
from neotriage.evidence.assess import findings_of_hit
from neotriage.evidence.cnv_lines import cnv_points, gene_overlaps, read_dosage
from neotriage.evidence.exon_loss import structural_strength
from neotriage.evidence.facts import Change, Facts, GeneDosage, GeneKnowledge, GeneOverlap, Structural
from neotriage.evidence.pvs1 import pvs1
from neotriage.gene_models import read_gene_models
from neotriage.schema import CriterionState, DeNovoConfidence, Kind, Model

EXONS = ((100, 200), (300, 400), (500, 800), (900, 1000))
PLUS = CodingTranscript("T+", "G", "chr1", "+", EXONS, ((150, 200), (300, 400), (500, 800), (900, 960)))
MINUS = CodingTranscript(  # the mirror image of PLUS about base 1000
    "T-",
    "G",
    "chr1",
    "-",
    tuple((1000 - b, 1000 - a) for a, b in reversed(EXONS)),
    tuple((1000 - b, 1000 - a) for a, b in reversed(PLUS.cds)),
)
TWO_MISSENSE = tuple(known(Change.MISSENSE, position=n, coding_offset=200 + n) for n in (1, 2))


def structural(start: int, end: int, kind: Kind = Kind.DELETION, *, seen: bool = True, **more: object) -> Structural:
    return Structural(kind, start, end, seen, **more)


def judged(of: Structural, transcript: CodingTranscript = PLUS, **more: object) -> Facts:
    terms = {Kind.DELETION: "feature_truncation", Kind.DUPLICATION: "feature_elongation"}.get(of.kind, "feature_truncation")
    return facts(**{"transcript": transcript, "structural": of, "terms": frozenset({terms}), "alt": f"<{of.kind}>", **more})


@pytest.mark.parametrize("mirror", [False, True], ids=["plus", "minus"])
@pytest.mark.parametrize(
    ("start", "end", "points", "words"),
    [
        (50, 1100, 8, "whole gene"),
        (250, 450, 8, "exon 2 of 4 lost: the frame is broken, nonsense-mediated decay predicted"),
        (350, 450, 8, "exon 2 of 4 lost"),  # a breakpoint in it: lost whole
        (450, 850, 4, "exon 3 of 4 lost: the frame is kept, 59% of the protein lost"),
        (600, 630, 2, "the frame is kept, 6% of the protein lost"),
        (250, 850, 4, "exons 2 to 3 of 4 lost: the frame is broken, no decay"),
        (850, 1100, 4, "with the stop codon, 12% of the protein lost"),
        (50, 250, 8, "with the first exon and the start codon"),
        (965, 1100, 0, "no coding exon"),
        (210, 290, 0, "no coding exon"),
    ],
)
def test_pvs1__exons_lost(start: int, end: int, points: int, words: str, mirror: bool) -> None:
    of = structural(1000 - end, 1000 - start) if mirror else structural(start, end)
    transcript = MINUS if mirror else PLUS
    strength, branch = structural_strength(judged(of, transcript), of, transcript)
    assert (int(strength), words in branch) == (points, True), branch


def test_pvs1__a_short_loss_in_a_critical_stretch_is_strong() -> None:
    of = structural(540, 570)
    gene = GeneKnowledge(has_clinvar=True, known=TWO_MISSENSE)
    plain, critical = (int(structural_strength(f, of, PLUS)[0]) for f in (judged(of), judged(of, gene=gene)))
    assert (plain, critical) == (2, 4)


@pytest.mark.parametrize(
    ("of", "points"),
    [
        (structural(250, 450, Kind.DUPLICATION), 8),
        (structural(250, 450, Kind.DUPLICATION, seen=False), 4),
        (structural(450, 850, Kind.DUPLICATION), 0),  # frame kept
        (structural(250, 1100, Kind.DUPLICATION), 0),  # not contained: one whole copy stays
    ],
)
def test_pvs1__exons_doubled(of: Structural, points: int) -> None:
    assert int(structural_strength(judged(of), of, PLUS)[0]) == points


def test_pvs1__mechanism_counts_as_for_small_variants() -> None:
    known_loss, unknown = pvs1(judged(structural(250, 450))), pvs1(judged(structural(250, 450), gene=GeneKnowledge()))
    assert (known_loss.state, known_loss.points) == (CriterionState.MET, 8)
    assert (unknown.state, unknown.points) == (CriterionState.NOT_ASSESSED, 0)


@pytest.mark.parametrize("kind", [Kind.INVERSION, Kind.BREAKEND, Kind.INSERTION, Kind.REPEAT])
def test_pvs1__no_branch_is_not_assessed(kind: Kind) -> None:
    assert pvs1(judged(structural(250, 450, kind))).state is CriterionState.NOT_ASSESSED


def test_criteria__of_small_changes_alone_are_not_assessed() -> None:
    [found] = findings_of_hit([judged(structural(250, 450))])
    assert {found[name].state for name in ("PS1", "PM1", "PM4", "PM5", "PP3", "BP4", "BP7")} == {CriterionState.NOT_ASSESSED}
    assert found["CNV2020"].state is CriterionState.NOT_ASSESSED  # no dosage table
    [small] = findings_of_hit([facts()])
    assert "CNV2020" not in small


# --- copy number points

WHOLE = GeneOverlap("HI3", takes_start=True, takes_end=True, is_coding=True, is_last_exon_alone=False)
DOSAGE = {"HI3": GeneDosage(3, 0), "TS3": GeneDosage(0, 3), "AR": GeneDosage(30, -1)}


def points(*genes: GeneOverlap, kind: Kind = Kind.DELETION, strength: int = 8, **more: object) -> str:
    of = structural(0, 100, kind, genes=genes, dosage=DOSAGE, dosage_source="clingen.tsv")
    return cnv_points(judged(of, **more), of, strength).value


@pytest.mark.parametrize(
    ("overlap", "line"),
    [
        (WHOLE, "2A 1"),
        (replace(WHOLE, takes_end=False), "2C-1 0.9"),
        (replace(WHOLE, takes_end=False, is_coding=False), "2C-2 0"),
        (replace(WHOLE, takes_start=False), "2D-4 0.9"),
        (replace(WHOLE, takes_start=False, is_last_exon_alone=True), "2D-3 0.3"),
        (replace(WHOLE, takes_start=False, is_coding=False), "2D-1 0"),
        (replace(WHOLE, takes_start=False, takes_end=False), "2E 0.9"),
    ],
)
def test_cnv__line_of_a_loss_in_a_haploinsufficient_gene(overlap: GeneOverlap, line: str) -> None:
    assert f"1A 0, {line}, 3A 0" in points(overlap)
    assert "2" not in points(replace(overlap, symbol="AR")).partition("genes: ")[2].partition(";")[0]


@pytest.mark.parametrize(
    ("overlap", "strength", "line"),
    [
        (replace(WHOLE, symbol="TS3"), 0, "2A 1"),
        (WHOLE, 0, "2H 0"),
        (replace(WHOLE, takes_start=False, takes_end=False), 8, "2I 0.9"),
        (replace(WHOLE, takes_start=False, takes_end=False), 4, "2I 0.45"),
        (replace(WHOLE, takes_end=False), 8, "2J 0"),
    ],
)
def test_cnv__line_of_a_gain(overlap: GeneOverlap, strength: int, line: str) -> None:
    assert f"1A 0, {line}, 3A 0" in points(overlap, kind=Kind.DUPLICATION, strength=strength)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"parentage": CONFIRMED}, "5A 0.15"),
        ({"parentage": TOO_FEW}, "5A 0.1"),
        ({"de_novo_confidence": DeNovoConfidence.LOW}, "5F 0"),
        ({"model": Model.DOMINANT_INHERITED, "explains_affected": False}, "5C -0.15"),
        ({"model": Model.DOMINANT_UNKNOWN}, "5F 0"),
    ],
)
def test_cnv__line_of_inheritance(more: dict[str, object], line: str) -> None:
    assert line in points(WHOLE, **more)
    assert "5" not in points(WHOLE, model=Model.RECESSIVE_COMPOUND).partition("genes: ")[2].partition(";")[0]


def test_cnv__class_is_that_of_the_sum_and_adds_no_acmg_points() -> None:
    of = structural(0, 100, genes=(WHOLE,), dosage=DOSAGE)
    found = cnv_points(judged(of), of, 8)
    assert (found.state, found.points) == (CriterionState.MET, 0)
    assert "sum 1.15, P by these alone" in found.value
    assert "loss of 0 coding genes: 1B -0.6" in points()
    many = tuple(replace(WHOLE, symbol=f"G{n}") for n in range(35))
    assert "3C 0.9" in points(*many)


CLINGEN = """#ClinGen Gene Curation List
#21 Nov,2024
#Genomic Locations are reported on GRCh38 (hg38): GCF_000001405.36
#https://www.ncbi.nlm.nih.gov/projects/dbvar/clingen
#to create link: https://www.ncbi.nlm.nih.gov/projects/dbvar/clingen/clingen_gene.cgi?sym=Gene Symbol
#Gene Symbol	Gene ID	cytoBand	Genomic Location	Haploinsufficiency Score	Haploinsufficiency Description	Triplosensitivity Score	Triplosensitivity Description
JAG1	182	20p12.2	chr20:10637684-10674107	3	Sufficient evidence	0	No evidence
GALT	2592	9p13.3	chr9:34646675-34651035	30	Gene associated with autosomal recessive phenotype	Not yet evaluated	Not yet evaluated
"""  # noqa: E501


def test_dosage__scores_as_published(tmp_path: Path) -> None:
    (tmp_path / "c.tsv").write_text(CLINGEN)
    dosage = read_dosage(tmp_path / "c.tsv")
    assert dosage.by_gene == {"JAG1": GeneDosage(3, 0), "GALT": GeneDosage(30, -1)}
    (tmp_path / "c.tsv").write_text(CLINGEN.replace("Triplosensitivity Score", "x"))
    with pytest.raises(FormatError, match="Triplosensitivity Score"):
        read_dosage(tmp_path / "c.tsv")


GFF = """##gff-version 3
chr1	t	gene	101	1000	.	-	.	ID=gene:ENSG1;Name=AAA;biotype=protein_coding
chr1	t	mRNA	101	1000	.	-	.	ID=transcript:ENST1;Parent=gene:ENSG1;biotype=protein_coding;tag=MANE_Select
chr1	t	exon	101	200	.	-	.	Parent=transcript:ENST1
chr1	t	CDS	151	200	.	-	0	Parent=transcript:ENST1
chr1	t	exon	801	1000	.	-	.	Parent=transcript:ENST1
chr1	t	CDS	801	900	.	-	0	Parent=transcript:ENST1
chr1	t	gene	3001	4000	.	+	.	ID=gene:ENSG2;Name=NC;biotype=lncRNA
chr1	t	lnc_RNA	3001	4000	.	+	.	ID=transcript:ENST2;Parent=gene:ENSG2;biotype=lncRNA
chr1	t	exon	3001	4000	.	+	.	Parent=transcript:ENST2
"""


def test_overlaps__by_strand_and_coding_genes_alone(tmp_path: Path) -> None:
    (tmp_path / "m.gff3").write_text(GFF)
    models = read_gene_models(tmp_path / "m.gff3")
    [first] = gene_overlaps(Kind.DELETION, "chr1", 750, 5000, models)  # the gene runs backwards: its 5' end
    assert (first.symbol, first.takes_start, first.takes_end, first.is_coding) == ("AAA", True, False, True)
    [last] = gene_overlaps(Kind.DELETION, "chr1", 50, 160, models)
    assert (last.takes_start, last.takes_end, last.is_last_exon_alone) == (False, True, True)
    assert gene_overlaps(Kind.DELETION, "chr1", 300, 700, models) == ()
    assert gene_overlaps(Kind.INVERSION, "chr1", 50, 5000, models) == ()
    assert LOF_RECORDS
