"""The table stage: each rule by two inputs that differ in one value, and every row accounted for."""

import dataclasses
import gzip
import os
import random
from pathlib import Path

import numpy as np
import polars as pl
import pysam
import pytest

from neotriage.always_look import AlwaysLook, AlwaysLookEntry, EntryKind
from neotriage.case import Case
from neotriage.clinvar import read_clinvar
from neotriage.columns import array, read_table, table_samples
from neotriage.errors import BuildError, FormatError, InputError, ResourceError
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, ContigKind, ParRegion
from neotriage.panels import read_panel
from neotriage.pedigree import Family, Member, Sex
from neotriage.scan.calls import RULES as SCAN_RULES
from neotriage.schema import KeptBy
from neotriage.settings import Settings
from neotriage.table import TableInputs, TableOutputs, triage
from neotriage.table.reader import Calls, Interest, open_calls
from neotriage.table.triage import _Triager

SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
BUILD = Build(
    "small",
    (
        Contig("chr1", 5000, ContigKind.AUTOSOME),
        Contig("chrX", 5000, ContigKind.X),
        Contig("chrY", 5000, ContigKind.Y),
        Contig("chrM", 5000, ContigKind.MITOCHONDRION),
        Contig("alt", 5000, ContigKind.OTHER),
    ),
    (ParRegion("chrX", 0, 500), ParRegion("chrY", 0, 500)),
)
TRIO = Family(
    "f", (Member("kid", Sex.MALE, True, "dad", "mum"), Member("dad", Sex.MALE, False), Member("mum", Sex.FEMALE, False))
)
ALONE = Family("f", (Member("kid", Sex.MALE, True),))
GENES = "".join(
    f"{c}\tx\tgene\t1001\t3000\t.\t+\t.\tID=gene:G{c};Name=GENE{c}\n"
    f"{c}\tx\tmRNA\t1001\t3000\t.\t+\t.\tID=transcript:T{c};Parent=gene:G{c}\n"
    f"{c}\tx\texon\t1001\t1200\t.\t+\t.\tParent=transcript:T{c}\n"
    f"{c}\tx\tCDS\t1101\t1200\t.\t+\t0\tParent=transcript:T{c}\n"
    f"{c}\tx\texon\t2801\t3000\t.\t+\t.\tParent=transcript:T{c}\n"
    for c in ("chr1", "chrX", "chrY")
)
HEADER = (
    "##fileformat=VCFv4.2\n"
    + "".join(f"##contig=<ID={c.name},length={c.length}>\n" for c in BUILD.contigs)
    + '##contig=<ID=chrMT>\n##FILTER=<ID=LowQual,Description="low">\n'
    + "".join(
        f'##FORMAT=<ID={n},Number={k},Type={t},Description="{n}">\n'
        for n, k, t in (("GT", 1, "String"), *((n, k, "Integer") for n, k in (("DP", 1), ("AD", "R"), ("GQ", 1), ("PS", 1))))
    )
)
GOOD = {"chrom": "chr1", "pos": 1150, "ref": "A", "alt": "G", "qual": "50", "filter": "PASS", "kid": "0/1:20:10,10:99"}


class Frequencies:
    """A store by hand: allele -> popmax."""

    sources = ("gnomad:nfe",)

    def __init__(self, known=(), covers=("chr1", "chrX", "chrY", "chrM")):
        self.known = dict(known)
        self.covers = covers

    def lookup(self, contig, positions, refs, alts):
        """As `neotriage.store.Store.lookup`."""
        if contig not in self.covers:
            raise ResourceError(f"no record of contig {contig}")
        found = [self.known.get((contig, int(p) + 1, r, a)) for p, r, a in zip(positions, refs, alts, strict=True)]
        return {
            "allele_frequency": np.array([np.nan if f is None else f for f in found], np.float32),
            "homozygotes": np.array([-1 if f is None else 3 for f in found], np.int32),
            "hemizygotes": np.full(len(found), -1, np.int32),
            "source": np.array([-1 if f is None else 0 for f in found], np.int16),
            "is_covered": np.ones(len(found), bool),
        }


def line(**changes):
    r = {**GOOD, **changes}
    calls = [r.get("kid"), *([r.get("dad", "0/0:20:20,0:99"), r.get("mum", "0/0:20:20,0:99")] if r.get("trio", True) else [])]
    fields = [r["chrom"], r["pos"], ".", r["ref"], r["alt"], r["qual"], r["filter"], ".", r.get("format", "GT:DP:AD:GQ")]
    return "\t".join(map(str, [*fields, *calls])) + "\n"


class Run:
    """One run of the stage in a folder, its outputs at hand."""

    def __init__(self, folder, *lines, family=TRIO, samples=("kid", "dad", "mum"), **inputs):
        self.folder = folder
        self.calls = folder / "calls.vcf.gz"
        text = HEADER + "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]) + "\n"
        with pysam.BGZFile(str(self.calls), "wb") as out:
            out.write((text + "".join(lines)).encode())
        (folder / "m.gff3").write_text(GENES)
        (folder / "panel.txt").write_text("GENEchr1\n")
        models = read_gene_models(folder / "m.gff3", BUILD)
        values = {
            "case": Case("c", family, settings=inputs.pop("settings", Settings())),
            "panels": [read_panel(folder / "panel.txt")],
            "always_look": AlwaysLook((), ()),
            "store": Frequencies(),
            "clinvar": None,
        }
        paths = [folder / name for name in ("v.parquet", "l.parquet", "counts.tsv", "s.vcf.gz")]
        inputs = TableInputs(build=BUILD, calls=self.calls, gene_models=models, **{**values, **inputs})
        self.counts = triage(inputs, TableOutputs(*paths))
        self.variants = read_table(paths[0], "variants")
        self.ledger = read_table(paths[1], "ledger")
        self.survivors = paths[3]

    def end(self):
        """(outcome, rule) of the only row."""
        ends = [end for end, count in self.counts.ends.items() if count]
        assert len(ends) == 1
        return str(ends[0][0]), ends[0][1]


def clinvar(folder, *lines):
    path = folder / "clinvar.vcf"
    path.write_text("##fileformat=VCFv4.1\n" + "".join(f"{row}\n" for row in lines))
    return read_clinvar(path, BUILD)


PATHOGENIC = "chr1\t1150\t11\tA\tG\t.\t.\tCLNSIG=Pathogenic;CLNREVSTAT=practice_guideline"

# rule: (what passes, what fails): each differs from a good call in one value
PAIRS = {
    "reference_record": ({}, {"alt": "."}),
    "spanning_deletion": ({}, {"alt": "*"}),
    "symbolic_allele": ({}, {"alt": "<DEL>"}),
    "no_alternate_in_proband": ({}, {"kid": "0/0:20:10,10:99"}),
    "genotype_missing": ({"kid": "./1:20:10,10:99"}, {"kid": "./.:20:10,10:99"}),
    "site_filter": ({"filter": "."}, {"filter": "LowQual"}),
    "site_quality": ({"qual": "20"}, {"qual": "19.9"}),
    "region": ({"pos": 1220}, {"pos": 1221}),
    "depth": ({"kid": "0/1:8:10,10:99"}, {"kid": "0/1:7:10,10:99"}),
    "genotype_quality": ({"kid": "0/1:20:10,10:20"}, {"kid": "0/1:20:10,10:19"}),
    "allele_balance": ({"kid": "0/1:20:16,4:99"}, {"kid": "0/1:20:17,3:99"}),
}


@pytest.mark.parametrize("rule", PAIRS)
def test_rule__one_value_decides(tmp_path, rule):
    passes, fails = PAIRS[rule]
    assert Run(tmp_path, line(**passes)).end() == ("kept", "")
    outcome = "no_call" if rule == "genotype_missing" else "dropped"
    assert Run(tmp_path, line(**fails)).end() == (outcome, rule)


@pytest.mark.parametrize(
    ("call", "end", "doubt"),
    [
        ("0/1:20:4,16:99", "kept", ""),
        ("0/1:20:3,17:99", "dropped", ""),
        ("0/1:30:0,14:99", "kept", ""),  # a site with two alternates, split in two records
        ("0/1:14:0,14:99", "dropped", ""),
        ("1/1:50:1,49:99", "kept", ""),
        ("1/1:30:1,29:99", "kept", "allele_balance"),
        ("1/1:20:4,16:99", "dropped", ""),
        ("1:20:0,20:99", "kept", ""),  # haploid
        ("1:20:4,16:99", "dropped", ""),
        ("1|0:20:10,10:99", "kept", ""),
    ],
)
def test_allele_balance__by_zygosity(tmp_path, call, end, doubt):
    run = Run(tmp_path, line(kid=call))
    assert run.end()[0] == end
    assert run.variants["quality_rule"].to_list() == ([doubt] if end == "kept" else [])


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"qual": "."}, "site_quality"),
        ({"kid": "0/1:.:10,10:99"}, "depth"),
        ({"kid": "0/1:20:10,10:."}, "genotype_quality"),
        ({"kid": "0/1:20:.,.:99"}, "allele_balance"),
        ({"kid": "0/1:20:0,0:99"}, "allele_balance"),
        ({"format": "GT:DP:GQ", "kid": "0/1:20:99", "dad": "0/0:20:99", "mum": "0/0:20:99"}, "allele_balance"),
    ],
)
def test_missing_value__is_kept_and_said(tmp_path, changes, rule):
    run = Run(tmp_path, line(**changes))
    assert run.variants["quality_rule"].to_list() == [f"{rule}_not_measured"]
    assert run.variants["kept_by"].to_list() == [KeptBy.RARE]


@pytest.mark.parametrize(
    ("chrom", "popmax", "kept_by"),
    [
        ("chr1", None, KeptBy.RARE),
        ("chr1", 0.0099, KeptBy.RARE),
        ("chr1", 0.0101, KeptBy.CODING),
        ("chrM", 0.00099, KeptBy.RARE),
        ("chrM", 0.00101, None),
    ],
)
def test_frequency__cap_of_the_contig(tmp_path, chrom, popmax, kept_by):
    run = Run(tmp_path, line(chrom=chrom), store=Frequencies({(chrom, 1150, "A", "G"): popmax}))
    assert run.variants["kept_by"].to_list() == ([] if kept_by is None else [kept_by])
    if kept_by is not None and popmax:
        assert run.variants["allele_frequency"][0] == pytest.approx(popmax)
        assert run.variants["frequency_source"].to_list() == ["gnomad:nfe"]
    if kept_by is KeptBy.CODING:
        assert run.variants["quality_rule"].to_list() == [""]


def test_frequency__common_outside_the_coding_part_is_dropped(tmp_path):
    run = Run(tmp_path, line(pos=1050), store=Frequencies({("chr1", 1050, "A", "G"): 0.2}))
    assert run.end() == ("dropped", "frequency")


def test_frequency__not_seen_is_missing_not_zero(tmp_path):
    run = Run(tmp_path, line())
    assert np.isnan(run.variants["allele_frequency"][0])
    assert run.variants.select("homozygotes", "hemizygotes", "frequency_source").row(0) == (-1, -1, "")


def test_frequency__without_a_store_is_said(tmp_path):
    assert Run(tmp_path, line(), store=None).variants["quality_rule"].to_list() == ["frequency_not_measured"]


def test_frequency__contig_without_records_is_an_error(tmp_path):
    with pytest.raises(ResourceError, match="chrX"):
        Run(tmp_path, line(chrom="chrX", kid="1:20:0,20:99"), store=Frequencies(covers=("chr1",)))


@pytest.mark.parametrize(("reads", "end"), [("97,3", "kept"), ("98,2", "dropped")])
def test_mitochondrion__heteroplasmy(tmp_path, reads, end):
    run = Run(tmp_path, line(chrom="chrM", pos=77, kid=f"0/1:100:{reads}:99"))
    assert run.end() == (end, "" if end == "kept" else "heteroplasmy")


@pytest.mark.parametrize("chrom", ["chrX", "chrY"])
@pytest.mark.parametrize("position", [1150, 100])
def test_hemizygous__either_notation_has_the_same_end(tmp_path, chrom, position):
    ends = [Run(tmp_path, line(chrom=chrom, pos=position, kid=f"{gt}:20:0,20:99")).end() for gt in ("1", "1/1")]
    assert ends == [("kept", "") if position == 1150 else ("dropped", "region")] * 2  # 100 lies in PAR1, off the gene


def test_hemizygous__codes_keep_the_notation(tmp_path):
    run = Run(tmp_path, line(chrom="chrX", kid="1:20:0,20:99", dad="0:9:9,0:50", mum="0|1:20:9,11:99"))
    assert array(run.variants, "genotype")[0].tolist() == [[1, -2], [0, -2], [0, 1]]
    assert array(run.variants, "is_phased")[0].tolist() == [False, False, True]


def test_other_contig__is_counted(tmp_path):
    assert Run(tmp_path, line(chrom="alt")).end() == ("dropped", "other_contig")


def test_region__a_deletion_that_reaches_the_exon_is_in(tmp_path):
    long = "A" * 60
    assert Run(tmp_path, line(pos=921, ref=long, alt="A")).end() == ("dropped", "region")
    assert Run(tmp_path, line(pos=922, ref=long, alt="A")).end() == ("kept", "")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, ""),
        ({"filter": "LowQual"}, "site_filter"),
        ({"qual": "1"}, "site_quality"),
        ({"kid": "0/1:2:1,1:99"}, "depth"),
        ({"kid": "0/1:20:19,1:99"}, "allele_balance"),
    ],
)
def test_clinvar_site__stays_with_what_it_fails(tmp_path, changes, rule):
    run = Run(tmp_path, line(**changes), clinvar=clinvar(tmp_path, PATHOGENIC))
    assert run.variants["quality_rule"].to_list() == [rule]
    assert run.variants["kept_by"].to_list() == [KeptBy.CLINVAR | (KeptBy.RARE if not rule else 0)]
    assert run.variants["clinvar_significance"].to_list() == ["pathogenic"]
    assert run.ledger.select("outcome", "rule").row(0) == ("kept", rule)


def test_clinvar_site__common_is_kept_with_the_conflict(tmp_path):
    store = Frequencies({("chr1", 1150, "A", "G"): 0.3})
    run = Run(tmp_path, line(), clinvar=clinvar(tmp_path, PATHOGENIC), store=store)
    assert run.variants["kept_by"].to_list() == [KeptBy.CLINVAR | KeptBy.CODING]
    assert run.variants["quality_rule"].to_list() == ["frequency"]


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        (PATHOGENIC, True),
        (PATHOGENIC.replace("\tG\t", "\tC\t"), False),
        (PATHOGENIC.replace("Pathogenic", "Conflicting_classifications_of_pathogenicity"), False),
        (PATHOGENIC.replace("Pathogenic", "Uncertain_significance"), False),
    ],
)
def test_clinvar_site__only_the_pathogenic_allele_is_protected(tmp_path, row, kept):
    run = Run(tmp_path, line(filter="LowQual"), clinvar=clinvar(tmp_path, row))
    assert (run.end()[0] == "kept") is kept


@pytest.mark.parametrize(("kid", "end"), [("0/0:20:20,0:99", "dropped"), ("./.:3:.,.:.", "no_call")])
def test_clinvar_site__not_carried_is_not_kept(tmp_path, kid, end):
    run = Run(tmp_path, line(kid=kid), clinvar=clinvar(tmp_path, PATHOGENIC))
    assert run.end()[0] == end
    assert run.ledger["outcome"].to_list() == [end]
    if end == "no_call":
        assert run.ledger.select("value", "threshold", "margin").row(0) == (3.0, 8.0, 5.0)


def test_clinvar_site__without_a_record_is_no_call(tmp_path):
    rows = (PATHOGENIC, PATHOGENIC.replace("1150", "2000"), PATHOGENIC.replace("1150", "4000"))
    run = Run(tmp_path, line(pos=1140), clinvar=clinvar(tmp_path, *rows))
    lines = run.ledger.filter(pl.col("rule") == "no_record")
    assert lines["position"].to_list() == [1149, 1999]  # 4000 lies in no panel gene
    assert set(lines["outcome"]) == {"no_call"}


def test_always_look__stays(tmp_path):
    entry = AlwaysLookEntry(EntryKind.POSITION, "chr1", 3999, 4000, "A", "G", "RNU", "t", "s")
    look = AlwaysLook((entry,), ())
    run = Run(tmp_path, line(pos=4000, kid="0/1:2:1,1:3"), always_look=look)
    assert run.variants.select("kept_by", "quality_rule").row(0) == (KeptBy.ALWAYS_LOOK, "region")
    assert Run(tmp_path, line(pos=4000, alt="C"), always_look=look).end() == ("dropped", "region")


def test_ledger__only_panel_genes_with_value_threshold_margin(tmp_path):
    run = Run(tmp_path, line(pos=1150, kid="0/1:5:2,3:99"), line(pos=4000), line(chrom="chrX", kid="1:5:0,5:99"))
    assert run.ledger.height == 1
    row = run.ledger.row(0, named=True)
    assert (row["gene"], row["outcome"], row["rule"]) == ("GENEchr1", "dropped", "depth")
    assert (row["value"], row["threshold"], row["margin"]) == (5.0, 8.0, 3.0)


def test_ledger__kept_has_no_rule(tmp_path):
    row = Run(tmp_path, line()).ledger.row(0, named=True)
    assert (row["outcome"], row["rule"]) == ("kept", "")
    assert np.isnan(row["value"])


def test_ledger__intron_of_a_panel_gene_has_a_line(tmp_path):
    assert Run(tmp_path, line(pos=2000)).ledger.select("outcome", "rule").row(0) == ("dropped", "region")


def test_multiallelic__a_row_for_each_alternate(tmp_path):
    run = Run(tmp_path, line(alt="G,T", kid="1/2:30:0,14,16:99", dad="0/1:20:10,10,0:99", mum="0/2:20:10,0,10:99"))
    assert run.variants["alt"].to_list() == ["G", "T"]
    assert array(run.variants, "genotype").tolist() == [[[1, 2], [0, 1], [0, 2]], [[2, 1], [0, 2], [0, 1]]]
    assert array(run.variants, "alt_depth").tolist() == [[14, 10, 0], [16, 0, 10]]
    assert run.counts.read == 2


def test_survivors__hold_the_kept_rows_in_order(tmp_path):
    call = "1|0:20:10,10:99:1100"
    phased = line(pos=1160, format="GT:DP:AD:GQ:PS", kid=call, dad="0/0:9:9,0:9:.", mum="./.:.:.,.:.:.")
    run = Run(tmp_path, line(pos=1100), line(pos=1150, filter="LowQual"), phased)
    with pysam.VariantFile(str(run.survivors)) as vcf:
        records = list(vcf)
        assert list(vcf.header.samples) == list(TRIO.samples)
        assert [r.pos for r in vcf.fetch("chr1", 1155, 1170)] == [1160]  # by the index
    assert [(r.pos, r.ref, r.alts) for r in records] == [(1100, "A", ("G",)), (1160, "A", ("G",))]
    kid = records[1].samples["kid"]
    assert (kid["GT"], kid.phased, kid["AD"], kid["PS"]) == ((1, 0), True, (10, 10), 1100)
    assert records[1].samples["mum"]["GT"] == (None, None)
    assert run.variants["variant"].to_list() == [0, 1]


def test_samples__follow_the_family_not_the_file(tmp_path):
    fields = line(kid="0/1:20:10,10:99", dad="0/0:31:31,0:99", mum="0/0:42:42,0:99").rstrip("\n").split("\t")
    mixed = "\t".join([*fields[:9], fields[11], fields[9], fields[10], fields[10]]) + "\n"
    run = Run(tmp_path, mixed, samples=("mum", "kid", "dad", "stranger"))
    assert array(run.variants, "depth").tolist() == [[20, 31, 42]]
    assert table_samples(tmp_path / "v.parquet") == ("kid", "dad", "mum")


def test_samples__singleton(tmp_path):
    run = Run(tmp_path, line(trio=False), family=ALONE, samples=("kid",))
    assert array(run.variants, "genotype").tolist() == [[[0, 1]]]


def test_samples__in_the_pedigree_but_not_in_the_file(tmp_path):
    with pytest.raises(FormatError, match=r"calls\.vcf\.gz: sample dad is not in it \(it has kid\)"):
        Run(tmp_path, line(trio=False), samples=("kid",))


def test_calls__empty(tmp_path):
    run = Run(tmp_path)
    assert (run.variants.height, run.ledger.height, run.counts.read) == (0, 0, 0)
    with pysam.VariantFile(str(run.survivors)) as vcf:
        assert list(vcf) == []


def test_calls__without_genotypes_are_no_calls(tmp_path):
    assert Run(tmp_path, line(format="DP", kid="20", dad="20", mum="20")).end() == ("no_call", "genotype_missing")


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([line(pos=1150), line(pos=1149)], "line 16: position out of order"),
        ([line(), line(chrom="chrX"), line()], "stands in two places"),
        ([line(alt="Z")], "line 15: REF or ALT"),
        ([line(ref="1")], "line 15: REF or ALT"),
        ([line(kid="0/1/1:20:10,10:99")], "more than two alleles"),
        (["chr1\t1150\t.\tA\n"], "line 15: fewer columns"),
    ],
)
def test_calls__refused(tmp_path, lines, problem):
    with pytest.raises(FormatError, match=problem) as caught:
        Run(tmp_path, *lines)
    assert "calls.vcf.gz" in str(caught.value)
    assert not (tmp_path / "v.parquet").exists()


def test_calls__cut_short(tmp_path):
    run = Run(tmp_path, *[line(pos=p) for p in range(1001, 1190)])
    whole = run.calls.read_bytes()
    for size in (len(whole) - 28, len(whole) - 1, len(whole) // 2):
        run.calls.write_bytes(whole[:size])
        with pytest.raises(FormatError, match=r"calls\.vcf\.gz: cut short"):
            open_calls(run.calls, TRIO.samples, BUILD)


def test_calls__of_another_build(tmp_path):
    run = Run(tmp_path, line())
    other = dataclasses.replace(BUILD, contigs=(Contig("chr1", 4000, ContigKind.AUTOSOME),))
    with pytest.raises(BuildError, match="chr1 is 5000 bp long"):
        open_calls(run.calls, TRIO.samples, other)


@pytest.mark.parametrize("content", [b"", b"not a VCF\n"])
def test_calls__not_a_vcf(tmp_path, content):
    (tmp_path / "x.vcf").write_bytes(content)
    with pytest.raises(FormatError, match=r"x\.vcf.*not a VCF"):
        open_calls(tmp_path / "x.vcf", ("kid",), BUILD)


def test_outputs__same_bytes_whatever_the_batches(tmp_path, monkeypatch):
    whole = Calls.batches
    monkeypatch.setattr("neotriage.scan.calls._ROWS", 50)
    lines = [line(pos=p, kid=f"0/1:{p % 20}:10,10:99") for p in range(1001, 1190)]
    names = ("v.parquet", "l.parquet", "counts.tsv", "s.vcf.gz", "s.vcf.gz.tbi")
    Run(tmp_path, *lines)
    first = [(tmp_path / name).read_bytes() for name in names]
    monkeypatch.setattr(Calls, "batches", lambda calls, interest, threads: list(whole(calls, interest, 2, 1)))
    Run(tmp_path, *lines)
    assert [(tmp_path / name).read_bytes() for name in names] == first


def random_lines(seed):
    """Calls of every kind on every contig, so that each rule drops some."""
    rng = random.Random(seed)
    genotypes = ["0/0", "0/1", "1/1", "1", ".", "./.", "./1", "0|1"]
    lines = []
    for contig in BUILD.contigs:
        for pos in sorted(rng.randrange(900, 3100) for _ in range(150)):
            alt = rng.choice(["G", "G", "G", "AT", "G,T", "G,*", ".", "*", "<DEL>", "G]chr1:5]"])
            calls = {}
            for person in ("kid", "dad", "mum"):
                genotype = "0/0" if alt == "." else rng.choice([*genotypes, "1/2" if "," in alt else "0/1"])
                reads = [rng.choice([".", "3", "20"]), rng.choice([".", "10,10", "19,1", "0,20"]), rng.choice([".", "5", "99"])]
                calls[person] = ":".join([genotype, *reads])
            site = {
                "ref": rng.choice(["A", "A", "A", "ACGTA"]),
                "alt": alt,
                "filter": rng.choice(["PASS", "PASS", ".", "LowQual"]),
            }
            lines.append(line(chrom=contig.name, pos=pos, qual=rng.choice(["50", "50", "10", "."]), **site, **calls))
    return lines


@pytest.mark.parametrize("seed", range(3))
def test_outputs__same_bytes_whether_the_scan_or_the_rules_settle_a_row(tmp_path, monkeypatch, seed):
    lines = random_lines(seed)
    known = clinvar(
        tmp_path, PATHOGENIC, *(f"chr1\t{pos}\t{pos}\tA\tG\t.\t.\tCLNSIG=Pathogenic" for pos in range(1200, 2600, 7))
    )
    entry = AlwaysLookEntry(EntryKind.REGION, "chrX", 1500, 1700, "", "", "", "a region", "test")
    names = ("v.parquet", "l.parquet", "counts.tsv", "s.vcf.gz", "s.vcf.gz.tbi")
    everywhere = {contig.name: (np.array([0], np.int32), np.array([9999], np.int32)) for contig in BUILD.contigs}
    outputs = []
    for settles in (True, False):
        if not settles:
            monkeypatch.setattr(_Triager, "interest", lambda triager: Interest({}, everywhere, None, 0.0))
        run = Run(tmp_path, *lines, clinvar=known, always_look=AlwaysLook((entry,), ()))
        outputs.append([(tmp_path / name).read_bytes() for name in names])
    assert outputs[0] == outputs[1]
    assert {rule for (_, rule), count in run.counts.ends.items() if count} >= {"", *SCAN_RULES}


def test_panel_genes_only__the_same_of_what_it_looks_at(tmp_path):
    lines = random_lines(7)
    entry = AlwaysLookEntry(EntryKind.REGION, "chrX", 1500, 1700, "", "", "", "a region", "test")
    runs = []
    for number, only in enumerate((False, True, True)):
        if number == 2:
            pysam.tabix_index(str(tmp_path / "calls.vcf.gz"), preset="vcf", force=True)
            os.utime(tmp_path / "calls.vcf.gz.tbi", (4e9, 4e9))  # the run writes its calls again, the same
        clinvar_store = clinvar(tmp_path, PATHOGENIC)
        run = Run(tmp_path, *lines, clinvar=clinvar_store, always_look=AlwaysLook((entry,), ()), panel_genes_only=only)
        runs.append(run)
    everywhere, panel, indexed = runs
    place = pl.col("chrom"), pl.col("position")
    is_looked_at = (place[0] == "chrM") | ((place[0] == "chr1") & (place[1] < 3020)) | (place[0] == "chrX")
    shared = [name for name in panel.variants.columns if name != "variant"]
    wanted = everywhere.variants.filter(is_looked_at).select(shared)
    found = panel.variants.select(shared)
    assert found.height > 20
    assert found.join(wanted, on=["chrom", "position", "ref", "alt"], how="anti", nulls_equal=True).is_empty()
    on_panel = (place[0] == "chr1") | (place[0] == "chrM")
    assert wanted.filter(on_panel).equals(found.filter(on_panel), null_equal=True)
    assert panel.ledger.equals(everywhere.ledger, null_equal=True)
    assert indexed.variants.equals(panel.variants, null_equal=True)
    assert indexed.counts.ends == panel.counts.ends
    assert (tmp_path / "counts.tsv").read_text().splitlines()[1].startswith("read\tpanel_genes\t")


def test_panel_genes_only__without_a_panel(tmp_path):
    with pytest.raises(InputError, match="no panel"):
        Run(tmp_path, line(), panels=[], panel_genes_only=True)


def test_counts__every_row_has_one_end(tmp_path):
    failing = [line(**change) for _, change in PAIRS.values() if "pos" not in change]
    run = Run(tmp_path, *failing, line(pos=4000), line(pos=4001))
    rows = [row.split("\t") for row in (tmp_path / "counts.tsv").read_text().splitlines()]
    assert rows[0] == ["outcome", "rule", "variants"]
    by_outcome = {o: sum(int(n) for p, _, n in rows[1:] if p == o) for o in ("read", "kept", "dropped", "no_call")}
    assert by_outcome["read"] == by_outcome["kept"] + by_outcome["dropped"] + by_outcome["no_call"] == run.counts.read
    assert by_outcome["no_call"] == 1


@pytest.mark.skipif(not (SHARED / "vcf").is_dir(), reason="shared data are absent: set NEOTRIAGE_SHARED_DATA")
def test_reader__real_trio_is_what_its_text_says():
    from neotriage.genome import read_build

    path = SHARED / "vcf" / "NA12878_trio.GRCh38.chr1_2_3_22.vcf.gz"
    samples = ("NA12878x2_80", "NA12892_18", "NA12891_14")
    build = read_build("GRCh38")
    whole = {contig.name: (np.array([0], np.int32), np.array([contig.length], np.int32)) for contig in build.contigs}
    batches = open_calls(path, samples, build).batches(Interest({}, whole, None, 0.0))
    rows = ((batch, row) for batch in batches for row in range(len(batch)))
    read = 0
    with gzip.open(path, "rt") as text:
        lines = [row.rstrip("\n").split("\t") for row in text if not row.startswith("##")]
    columns = [lines[0].index(name) for name in samples]
    for fields in lines[1:]:
        for number, alt in enumerate(fields[4].split(","), start=1):
            batch, row = next(rows)
            read += 1
            site = [batch.contig, str(batch.positions[row] + 1), batch.refs[row], batch.alts[row]]
            assert site == [fields[0], fields[1], fields[3], alt]
            assert batch.filters[row] == fields[6].replace(".", "")
            assert batch.qual[row] == float(fields[5])
            for place, column in enumerate(columns):
                call = dict(zip(fields[8].split(":"), fields[column].split(":"), strict=False))
                assert_call(batch, row, place, call, number)
    assert read == 48459  # records after bcftools norm -m-any
    assert next(rows, None) is None


def assert_call(batch, row, place, call, number):
    """The row's columns against the call's text."""
    alleles = call["GT"].replace("|", "/").split("/")
    codes = [-1 if a == "." else 0 if a == "0" else 1 if a == str(number) else 2 for a in alleles]
    assert batch.genotype[row, place].tolist() == [*codes, -2][:2]
    assert batch.is_phased[row, place] == ("|" in call["GT"])
    depths = [-1 if d == "." else int(d) for d in call["AD"].split(",")]
    expected = (depths[0], depths[number]) if len(depths) > number else (-1, -1)
    assert (batch.ref_depth[row, place], batch.alt_depth[row, place]) == expected
    assert batch.depth[row, place] == int(call["DP"].replace(".", "-1"))
    assert batch.genotype_quality[row, place] == int(call["GQ"].replace(".", "-1"))


def test_calls__plain_gzip_cut_short(tmp_path):
    text = HEADER + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tkid\tdad\tmum\n"
    packed = gzip.compress((text + "".join(line(pos=p) for p in range(1, 4000))).encode())
    (tmp_path / "calls.vcf.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(FormatError, match=r"calls\.vcf\.gz: cut short or damaged"):
        list(open_calls(tmp_path / "calls.vcf.gz", TRIO.samples, BUILD).batches(Interest({}, {}, None, 0.0)))


def test_calls__chromosome_under_another_name(tmp_path):
    with pytest.raises(BuildError, match="contig chrMT is called chrM in small"):
        Run(tmp_path, line(), line(chrom="chrMT"))
