"""The always-look list: entries hold for their build, exact alleles only, and absent genes are named."""

import numpy as np
import pytest

from neotriage.always_look import EntryKind, read_always_look
from neotriage.errors import BuildError, InputError
from neotriage.gene_models import Gene, GeneModels
from neotriage.genome import Build, Contig, ContigKind, read_build

NONE = GeneModels("m", (), ())
RMRP = GeneModels("m", (Gene("ENSG00000269900", "RMRP", "", "chr9", 1000, 1268, "-", "ribozyme"),), ())


def entry(models, contig, position, ref, alt, build="GRCh38"):
    look = read_always_look(read_build(build), models)
    number = int(look.entry_of(contig, np.array([position], np.int32), [ref], [alt])[0])
    return None if number < 0 else look.entries[number].gene


@pytest.mark.parametrize(
    ("allele", "gene"),
    [
        (("chrM", 1554, "A", "G"), "MT-RNR1"),  # m.1555A>G, CPIC
        (("chrM", 1554, "A", "T"), None),
        (("chrM", 1553, "A", "G"), None),
        (("chrM", 1493, "C", "T"), "MT-RNR1"),  # m.1494C>T, CPIC
        (("chr5", 70951945, "C", "T"), "SMN1"),  # c.840C>T
        (("chr5", 70951940, "G", "A"), "SMN1"),
        (("chr5", 70951939, "G", "A"), None),
        (("chr5", 70951993, "G", "A"), "SMN1"),
        (("chr5", 70951994, "G", "A"), None),
        (("chr5", 70951930, "GAAAAAAAAAA", "G"), "SMN1"),  # ends in the exon
        (("chr5", 70951930, "GAAAAAAAAA", "G"), None),
        (("chr12", 120291838, "T", "TA"), "RNU4-2"),  # n.64_65insT
        (("chr12", 120291838, "T", "TC"), None),
        (("chr9", 1000, "G", "A"), "RMRP"),
        (("chr9", 1268, "G", "A"), None),
    ],
)
def test_entry_of__allele(allele, gene):
    assert entry(RMRP, *allele) == gene


def test_entry_of__other_build_has_its_own_names():
    assert entry(NONE, "MT", 1554, "A", "G", "GRCh37") == "MT-RNR1"
    assert entry(NONE, "5", 70951945, "C", "T", "GRCh37") is None


def test_read_always_look__other_builds_hold_genes_only():
    small = Build("small", (Contig("chr9", 5000, ContigKind.AUTOSOME),), ())
    look = read_always_look(small, RMRP)
    assert [(e.kind, e.gene, e.contig, e.start, e.end) for e in look.entries] == [(EntryKind.GENE, "RMRP", "chr9", 1000, 1268)]
    assert {e.gene for e in look.not_looked_at} == {"RNU4-2", "RNU4ATAC"}


def test_read_always_look__every_entry_has_a_source():
    look = read_always_look(read_build("GRCh38"), NONE)
    assert all(len(e.source) > 10 for e in (*look.entries, *look.not_looked_at))


HEADER = "build\tkind\tcontig\tstart\tend\tref\talt\tgene\ttitle\tsource\n"


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ("x\n", InputError, "not an always-look list"),
        (HEADER + "GRCh38\tplace\tchr1\t1\t1\tA\tC\tG\tt\ts\n", InputError, "line 2, column kind"),
        (HEADER + "GRCh38\tposition\tchr1\t1\t1\tAC\tC\tG\tt\ts\n", InputError, "line 2.*do not fit"),
        (HEADER + "GRCh38\tposition\tchr1\t0\t1\tA\tC\tG\tt\ts\n", InputError, "line 2, column start"),
        (HEADER + "GRCh38\tregion\t1\t1\t9\t.\t.\tG\tt\ts\n", BuildError, "line 2.*1:1-9"),
        (HEADER + "GRCh38\tregion\tchr1\t1\t9\t.\t.\tG\tt\t\n", InputError, "column source"),
        (HEADER + "*\tgene\t.\t.\t.\t.\t.\t.\tt\ts\n", InputError, "column gene"),
        (HEADER + "*\tgene\n", InputError, "line 2: 2 fields"),
    ],
)
def test_read_always_look__refuses(tmp_path, text, kind, problem):
    path = tmp_path / "list.tsv"
    path.write_text(text)
    with pytest.raises(kind, match=problem):
        read_always_look(read_build("GRCh38"), NONE, path)
