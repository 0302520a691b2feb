"""The engine from Python: the code of docs/api.md on a small family, and what it refuses."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from neotriage import api
from neotriage.errors import FormatError, InputError
from neotriage.genome import read_build
from neotriage.pedigree import Sex
from neotriage.store.building import build_store, parse_source

TUTORIAL = Path(__file__).parents[1] / "docs" / "api.md"
needs_tools = pytest.mark.skipif(not (shutil.which("bcftools") and shutil.which("samtools")), reason="needs bcftools, samtools")

LEFT, RIGHT = "ATG" + "GCT" * 20, "GCT" * 20 + "TAA"  # two coding exons of alanines
SEQUENCE = "T" * 100 + "C" * 20 + LEFT + "GT" + "A" * 76 + "AG" + RIGHT + "C" * 20 + "T" * 150
E1, E2 = (101, 120 + len(LEFT)), (120 + len(LEFT) + 81, 120 + len(LEFT) + 80 + len(RIGHT) + 20)
GFF = f"""chr1\tx\tgene\t{E1[0]}\t{E2[1]}\t.\t+\t.\tID=gene:G1;Name=GENE1;biotype=protein_coding
chr1\tx\tmRNA\t{E1[0]}\t{E2[1]}\t.\t+\t.\tID=transcript:T1;Parent=gene:G1;biotype=protein_coding;version=1;tag=MANE_Select
chr1\tx\texon\t{E1[0]}\t{E1[1]}\t.\t+\t.\tParent=transcript:T1
chr1\tx\tCDS\t121\t{E1[1]}\t.\t+\t0\tParent=transcript:T1
chr1\tx\texon\t{E2[0]}\t{E2[1]}\t.\t+\t.\tParent=transcript:T1
chr1\tx\tCDS\t{E2[0]}\t{E2[1] - 20}\t.\t+\t0\tParent=transcript:T1
"""
HEADER = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n"
FORMATS = "".join(
    f'##FORMAT=<ID={name},Number={number},Type={kind},Description="x">\n'
    for name, number, kind in (("GT", 1, "String"), ("DP", 1, "Integer"), ("AD", "R", "Integer"), ("GQ", 1, "Integer"))
)
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
HET, HOM_REF = "0/1:30:15,15:99", "0/0:30:30,0:99"
# position, alleles, calls of father, mother, child: new, common, and inherited from each parent
CALLS = [
    (124, "G", "A", HOM_REF, HOM_REF, HET),
    (130, "G", "A", HET, HOM_REF, HET),
    (133, "G", "A", HET, HOM_REF, HET),
    (E2[0] + 6, "G", "A", HOM_REF, HET, HET),
    (E2[0] + 30, "G", "A", HOM_REF, HOM_REF, "0/1:5:3,2:99"),
]
PED = "fam\tkid\tdad\tmum\t1\t2\nfam\tdad\t0\t0\t1\t1\nfam\tmum\t0\t0\t2\t1\n"


@pytest.fixture
def small_family(tmp_path, monkeypatch):
    """A folder with all the files that the tutorial names; the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "family.ped").write_text(PED)
    (tmp_path / "panel.txt").write_text("GENE1\n")
    (tmp_path / "genes.gff3").write_text(GFF)
    (tmp_path / "reference.fa").write_text(f">chr1\n{SEQUENCE}\n")
    rows = [f"chr1\t{at}\t.\t{ref}\t{alt}\t50\tPASS\t.\tGT:DP:AD:GQ\t" + "\t".join(calls) for at, ref, alt, *calls in CALLS]
    calls = HEADER + FORMATS + f"{COLUMNS}\tFORMAT\tdad\tmum\tkid\n" + "".join(f"{row}\n" for row in rows)
    packed = subprocess.run(["bgzip", "-c"], input=calls.encode(), capture_output=True, check=True).stdout
    (tmp_path / "family.vcf.gz").write_bytes(packed)
    known = "chr1\t130\t.\tG\tA\t.\tPASS\tAF=0.005\nchr1\t133\t.\tG\tA\t.\tPASS\tAF=0.0001\n"
    declared = '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n'
    (tmp_path / "sites.vcf").write_text(f"{HEADER}{declared}{COLUMNS}\n{known}")
    build_store(tmp_path / "gnomad", read_build("GRCh38"), [parse_source("name=gnomad,vcf=sites.vcf")])
    review = "CLNSIG=Pathogenic;CLNREVSTAT=criteria_provided,_single_submitter"
    (tmp_path / "clinvar.vcf").write_text(f"{HEADER}{COLUMNS}\nchr1\t124\t7\tG\tA\t.\t.\t{review}\n")
    subprocess.run(["samtools", "faidx", "reference.fa"], check=True)
    return tmp_path


@needs_tools
def test_tutorial__runs_from_top_to_bottom(small_family):
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", TUTORIAL.read_text(), re.MULTILINE | re.DOTALL):
        exec(block, names)  # noqa: S102 - the project's own tutorial
    assert names["table"].variants["position"].to_list() == [123, 129, 132, E2[0] + 5]
    assert names["table"].ledger.filter(pl.col("rule") == "depth")["position"].to_list() == [E2[0] + 29]
    assert names["rare"].variants["position"].to_list() == [123, 132, E2[0] + 5]
    hits = names["found"].hits
    assert "de_novo" in hits["model"].to_list()
    assert "trans_by_parent" in hits.filter(pl.col("model") == "recessive_compound")["phase"].to_list()
    assert names["depth"].shape == (4, 3)
    assert names["child"].tolist() == [[0, 1]] * 4
    assert "nothing.vcf.gz: no such file" in names["problem"]
    assert not (small_family / "elsewhere" / "variants.parquet").exists()


@needs_tools
def test_table__numpy_and_pandas_without_copying(small_family):
    table = api.make_table(api.read_family("family.ped"), "family.vcf.gz", "genes.gff3", "work")
    variants = table.variants.rechunk()
    assert np.shares_memory(variants["depth"].to_numpy(), variants["depth"].to_numpy())
    pandas = pytest.importorskip("pandas")
    frame = variants.to_pandas(use_pyarrow_extension_array=True)
    assert isinstance(frame, pandas.DataFrame)
    theirs = frame["position"].array.__arrow_array__().chunk(0).buffers()[1].address
    assert theirs == variants["position"].to_arrow().buffers()[1].address


@needs_tools
@pytest.mark.parametrize("kind", "vzb")
def test_table__same_from_a_pipe(small_family, kind):
    family = api.read_family("family.ped")
    one = api.make_table(family, "family.vcf.gz", "genes.gff3", "one")
    subprocess.run(["mkfifo", "pipe"], check=True)
    with subprocess.Popen(f"bcftools view -O{kind} family.vcf.gz > pipe", shell=True) as sender:  # noqa: S602
        two = api.make_table(family, "pipe", "genes.gff3", "two", threads=2)
    assert sender.returncode == 0
    assert one.variants.equals(two.variants, null_equal=True)
    assert one.counts.equals(two.counts)


def test_read_family__persons_in_array_order(tmp_path):
    (tmp_path / "f.ped").write_text("#a comment\n" + PED + "fam\tsis\tdad\tmum\t0\t0\n")
    family = api.read_family(tmp_path / "f.ped").family
    assert family.samples == ("kid", "dad", "mum", "sis")
    assert (family.members[3].sex, family.members[3].is_affected) == (Sex.UNKNOWN, None)


def test_read_family__of_several(tmp_path):
    (tmp_path / "f.ped").write_text(PED + PED.replace("fam", "two").replace("kid", "kit"))
    with pytest.raises(InputError, match="which family? it has fam, two".replace("?", r"\?")):
        api.read_family(tmp_path / "f.ped")
    assert api.read_family(tmp_path / "f.ped", "two").family.proband.sample == "kit"


@pytest.mark.parametrize("row", ["fam\tkid\tdad\tmum\t1\n", "fam\tkid\tdad\tmum\tmale\t2\n", "fam\tkid\tdad\tmum\t1\t3\n"])
def test_read_family__no_ped(tmp_path, row):
    (tmp_path / "f.ped").write_text(row)
    with pytest.raises(InputError, match=r"f\.ped, line 1"):
        api.read_family(tmp_path / "f.ped")


@needs_tools
def test_open_table__not_there(small_family):
    with pytest.raises(FormatError, match="not a readable table"):
        api.open_table(api.read_family("family.ped"), "genes.gff3", "nowhere")


@needs_tools
def test_find_consequences__csq_fails(small_family):
    table = api.make_table(api.read_family("family.ped"), "family.vcf.gz", "genes.gff3", "work")
    with pytest.raises(InputError, match="bcftools csq fails"):
        api.find_consequences(table, reference="nothing.fa")
