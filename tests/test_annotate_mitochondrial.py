"""Substitutions in mitochondrial genes by NCBI's genetic code table 2, where it differs from the standard one."""

from pathlib import Path

import pytest

from neotriage.annotate.mitochondrial import open_mitochondrion, recoded
from neotriage.clinvar import Site
from neotriage.errors import InputError
from neotriage.gene_models import Gene, GeneModels, Transcript
from neotriage.genome import Build, Contig, ContigKind

CODING = "ATTTGATGGATAAGAAAATAA"  # I(start) W W M stop? K *
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def _models(strand: str, length: int) -> GeneModels:
    gene = Gene("G", "MT-X", "", "chrM", 10, 10 + length, strand, "protein_coding")
    block = ((10, 10 + length),)
    return GeneModels("m.gff3", (gene,), (Transcript("T", "T", 0, "", False, "protein_coding", strand, block, block),))


def _change(offset: int, alt: str, strand: str = "+", coding: str = CODING) -> tuple[str, str] | None:
    """The recoded change of `alt` put at an offset of the coding sequence, given in transcript direction."""
    genomic = coding if strand == "+" else coding.translate(COMPLEMENT)[::-1]
    contig = "N" * 10 + genomic + "N" * 10
    start = 10 + offset if strand == "+" else 10 + len(coding) - offset - len(alt)
    bases = alt if strand == "+" else alt.translate(COMPLEMENT)[::-1]
    models = _models(strand, len(coding))
    site = Site("chrM", start, contig[start : start + len(alt)], bases)
    return recoded(site, models.transcripts[0], models, lambda _, low, high: contig[low:high])


@pytest.mark.parametrize("strand", ["+", "-"])
@pytest.mark.parametrize(
    ("offset", "alt", "expected"),
    [
        (5, "G", ("synonymous_variant", "2W")),  # TGA>TGG: stop>W in the standard code
        (4, "A", ("stop_gained", "2W>2*")),  # TGA>TAA
        (11, "G", ("synonymous_variant", "4M")),  # ATA>ATG: I>M in the standard code
        (13, "A", ("stop_lost", "5*>5K")),  # AGA>AAA: R>K in the standard code
        (14, "G", ("stop_retained_variant", "5*")),  # AGA>AGG
        (2, "A", ("start_retained_variant", "1I>1M")),  # ATT>ATA, both start
        (0, "C", ("start_lost", "1I>1L")),  # ATT>CTT
        (7, "AA", ("stop_gained", "3W>3*")),  # TGG>TAA, two bases at once
    ],
)
def test_recoded__where_the_codes_differ(strand: str, offset: int, alt: str, expected: tuple[str, str]) -> None:
    assert _change(offset, alt, strand) == expected


def test_recoded__an_insertion_keeps_the_tools_term() -> None:
    models = _models("+", len(CODING))
    assert recoded(Site("chrM", 15, "A", "AT"), models.transcripts[0], models, lambda *_: CODING) is None


def test_recoded__outside_the_cds_is_none() -> None:
    models = _models("+", len(CODING))
    assert recoded(Site("chrM", 2, "A", "T"), models.transcripts[0], models, lambda *_: CODING) is None


def test_open_mitochondrion__protein_genes_without_reference_are_an_error() -> None:
    build = Build("b", (Contig("chrM", 60, ContigKind.MITOCHONDRION), Contig("chr1", 60, ContigKind.AUTOSOME)), ())
    with pytest.raises(InputError, match="give --reference"):
        open_mitochondrion(build, _models("+", len(CODING)), None)
    assert open_mitochondrion(build, GeneModels("m", (), ()), Path("nowhere.fa")) is None
