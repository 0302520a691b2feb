"""Gene models: what a GFF3 says, in 0-based half-open coordinates, and the look-ups by place."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from neotriage.errors import BuildError, FormatError
from neotriage.gene_models import GeneIndex, read_gene_models
from neotriage.genome import Build, Contig, ContigKind

SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
BUILD = Build("small", (Contig("chr1", 1000, ContigKind.AUTOSOME),), ())
PLUS = """##gff-version 3
chr1\tx\tgene\t101\t400\t.\t+\t.\tID=gene:G1;Name=AAA;biotype=protein_coding;description=a [Source:HGNC Symbol%3BAcc:HGNC:5]
chr1\tx\tmRNA\t101\t400\t.\t+\t.\tID=transcript:T1;Parent=gene:G1;biotype=protein_coding;version=3;tag=basic,MANE_Select;refseq=NM_1.2
chr1\tx\texon\t101\t200\t.\t+\t.\tParent=transcript:T1
chr1\tx\tCDS\t151\t200\t.\t+\t0\tParent=transcript:T1
chr1\tx\texon\t301\t400\t.\t+\t.\tParent=transcript:T1
chr1\tx\tCDS\t301\t350\t.\t+\t2\tParent=transcript:T1
"""
MINUS = """chr1\tx\tncRNA_gene\t351\t600\t.\t-\t.\tID=gene:G2;Name=BBB;biotype=lncRNA
chr1\tx\tlnc_RNA\t351\t600\t.\t-\t.\tID=transcript:T2;Parent=gene:G2;biotype=lncRNA;transcript_id=T2.1;tag=basic
chr1\tx\texon\t501\t600\t.\t-\t.\tParent=transcript:T2
chr1\tx\texon\t351\t380\t.\t-\t.\tParent=transcript:T2
"""


def gff(folder, text, name="m.gff3"):
    path = folder / name
    path.write_text(text)
    return path


def test_read_gene_models__genes_and_transcripts(tmp_path):
    models = read_gene_models(gff(tmp_path, PLUS + MINUS), BUILD)
    first, second = models.genes
    assert (first.id, first.symbol, first.hgnc_id, first.strand) == ("G1", "AAA", "HGNC:5", "+")
    assert (first.start, first.end) == (100, 400)
    assert (second.symbol, second.hgnc_id, second.biotype) == ("BBB", "", "lncRNA")
    one, two = models.transcripts
    assert (one.id, one.stable_id, one.refseq, one.is_mane_select) == ("T1.3", "T1", "NM_1.2", True)
    assert (one.exons, one.cds) == (((100, 200), (300, 400)), ((150, 200), (300, 350)))
    assert (two.id, two.is_mane_select, two.exons, two.cds) == ("T2.1", False, ((350, 380), (500, 600)), ())


def test_read_gene_models__gzipped_is_the_same(tmp_path):
    plain = read_gene_models(gff(tmp_path, PLUS))
    (tmp_path / "m.gff3.gz").write_bytes(gzip.compress(PLUS.encode()))
    assert list(read_gene_models(tmp_path / "m.gff3.gz").transcripts) == list(plain.transcripts)


def test_exon_number__follows_the_strand(tmp_path):
    one, two = read_gene_models(gff(tmp_path, PLUS + MINUS)).transcripts
    assert [one.exon_number(p, p + 1) for p in (99, 100, 199, 200, 300, 399, 400)] == [-1, 1, 1, -1, 2, 2, -1]
    assert [two.exon_number(p, p + 1) for p in (350, 379, 500, 599)] == [2, 2, 1, 1]


def test_regions__padded_and_merged(tmp_path):
    models = read_gene_models(gff(tmp_path, PLUS + MINUS))
    starts, ends = models.exon_regions(0)["chr1"]
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == [(100, 200), (300, 400), (500, 600)]
    starts, ends = models.exon_regions(50)["chr1"]
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == [(50, 650)]
    assert starts.dtype == np.int32
    starts, ends = models.cds_regions()["chr1"]
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == [(150, 200), (300, 350)]


def test_gene_index__against_plain_comparison():
    rng = np.random.default_rng(5)
    starts = rng.integers(0, 300, 60).astype(np.int32)
    ends = starts + rng.integers(1, 40, 60).astype(np.int32)
    genes = rng.integers(0, 12, 60).astype(np.int32)
    index = GeneIndex(["chr1"] * 60, starts, ends, genes)
    low = np.arange(330, dtype=np.int32)
    for width in (1, 7):
        rows, found = index.overlaps("chr1", low, low + width)
        pairs = {(int(q), int(g)) for q in low for s, e, g in zip(starts, ends, genes, strict=True) if q < e and s < q + width}
        assert list(zip(rows.tolist(), found.tolist(), strict=True)) == sorted(pairs)


def test_gene_index__unknown_contig_has_no_gene(tmp_path):
    index = read_gene_models(gff(tmp_path, PLUS)).gene_index()
    rows, genes = index.overlaps("chr2", np.array([1], np.int32), np.array([2], np.int32))
    assert (len(rows), len(genes)) == (0, 0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("##gff-version 3\n", "no transcript"),
        (PLUS.replace("ID=transcript:", "ID="), "no line for transcript T1"),
        (PLUS.replace("ID=gene:", "ID="), "line 3.*no line for gene 'G1'"),
        (PLUS.replace("101\t400\t.\t+\t.\tID=gene", "x\t400\t.\t+\t.\tID=gene"), "line 2.*'x'"),
        (PLUS.replace("\texon\t101\t200", "\texon\t201\t200"), "line 4.*no interval"),
        (PLUS.replace("\t.\tID=gene", "\tID=gene"), "line 2.*8 columns"),
        (PLUS.replace("+\t.\tID=gene", ".\t.\tID=gene"), r"line 2.*strand '\.'"),
        (PLUS + PLUS, "gene G1 stands twice"),
        (PLUS.replace("\texon\t", "\tutr\t"), "T1 has no exon"),
    ],
)
def test_read_gene_models__refuses(tmp_path, text, problem):
    with pytest.raises(FormatError, match=problem) as caught:
        read_gene_models(gff(tmp_path, text))
    assert "m.gff3" in str(caught.value)


def test_read_gene_models__cut_gzip(tmp_path):
    path = tmp_path / "m.gff3.gz"
    path.write_bytes(gzip.compress(PLUS.encode())[:-20])
    with pytest.raises(FormatError, match=r"m\.gff3\.gz.*end"):
        read_gene_models(path)


def test_read_gene_models__other_contig_names(tmp_path):
    with pytest.raises(BuildError, match="first contig is '1'"):
        read_gene_models(gff(tmp_path, PLUS.replace("chr1", "1")), BUILD)


def test_read_gene_models__beyond_the_contig(tmp_path):
    with pytest.raises(BuildError, match="G1 ends at chr1:4000"):
        read_gene_models(gff(tmp_path, PLUS.replace("101\t400", "101\t4000")), BUILD)


def test_read_gene_models__leaves_out_other_contigs(tmp_path):
    models = read_gene_models(gff(tmp_path, PLUS.replace("chr1", "alt").replace("G1", "G0").replace("T1", "T0") + PLUS), BUILD)
    assert [(g.id, g.contig) for g in models.genes] == [("G1", "chr1")]
    assert [(t.stable_id, t.gene) for t in models.transcripts] == [("T1", 0)]


@pytest.mark.skipif(not (SHARED / "genes").is_dir(), reason="shared data are absent: set NEOTRIAGE_SHARED_DATA")
def test_read_gene_models__real_mane():
    models = read_gene_models(SHARED / "genes" / "mane.grch38.gff3.gz")
    assert (len(models.genes), len(models.transcripts)) == (19204, 19268)
    smn1 = models.by_transcript["ENST00000380707"]
    assert models.genes[smn1.gene].symbol == "SMN1"
    assert smn1.exon_number(70951945, 70951946) == 8  # c.840, exon 7 by the gene's old numbering


def test_read_gene_models__parts_of_several_transcripts_in_any_order(tmp_path):
    text = PLUS.replace("Parent=transcript:T1\n", "Parent=transcript:T1,transcript:T3;rank=1\n", 1) + (
        "# a comment\n\n"
        "chr1\tx\tmRNA\t101\t400\t.\t+\t.\tID=transcript:T3;Parent=gene:G1\r\n"
        "chr1\tx\texon\t50\t60\t.\t+\t.\tParent=transcript:T3\r\n"
        "##FASTA\n>chr1\nACGT"
    )
    one, three = read_gene_models(gff(tmp_path, text)).transcripts
    assert (one.exons, three.exons) == (((100, 200), (300, 400)), ((49, 60), (100, 200)))
    assert (len(one.cds), three.cds) == (2, ())
