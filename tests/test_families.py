"""Planted families: who carries what, and a run folder whose reads, frequencies and truth agree."""

from __future__ import annotations

import csv
import gzip
import importlib
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pysam
import pytest

from neotriage.cli import main
from neotriage.columns import empty, frame, write_table
from neotriage.errors import InputError, ResourceError
from neotriage.panels import read_panel
from neotriage.schema import TABLES
from neotriage.simulate.families import GENES, SharedData, make_run, plan_families
from neotriage.simulate.haplotypes import Allele, normalised
from neotriage.simulate.planting import Background, Kind, PlantedFamily, background_frequencies, phase_randomly, plant
from neotriage.simulate.sequence import reverse_complement

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA") or CHECKOUT.parent / "shared" / "data")
needs_data = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the public data is not at {SHARED}")
needs_art = pytest.mark.skipif(shutil.which("art_illumina") is None, reason="art_illumina is not installed")
needs_bcftools = pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")
needs_pipeline = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("bwa", "samblaster", "samtools", "bcftools", "fastp", "mosdepth")),
    reason="a tool of the pipeline is not installed",
)

X, Y = Allele("chr20", 100, "A", "T"), Allele("chr20", 200, "C", "G")
NEAR, FAR = Allele("chr20", 104, "G", "C"), Allele("chr20", 110, "G", "C")
BACKGROUND = Background(frozenset({NEAR, FAR}), frozenset({FAR, Allele("chr20", 300, "T", "A")}))


@pytest.fixture
def benchmark_families(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(CHECKOUT / "benchmarks")
    return importlib.import_module("families")


def genotypes(family: PlantedFamily, allele: Allele) -> tuple[str, str, str]:
    return tuple(family.genotype(role, allele) for role in ("child", "father", "mother"))


# --- planting ---


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", list(Kind))
def test_plant__who_carries_what(kind: Kind, seed: int) -> None:
    planted = (X, Y)[: kind.variants]
    family = plant(kind, planted, BACKGROUND, {}, random.Random(seed))
    found = [genotypes(family, allele) for allele in planted]
    healthy_carriers = [("0/1", "0/1", "0/0"), ("0/1", "0/0", "0/1")]
    expected = {
        Kind.DE_NOVO: [[("0/1", "0/0", "0/0")]],
        Kind.COMP_HET_TRANS: [healthy_carriers],
        Kind.COMP_HET_CIS: [[carrier] * 2 for carrier in healthy_carriers],
        Kind.HOMOZYGOTE: [[("1/1", "0/1", "0/1")]],
        Kind.DOMINANT: [[carrier] for carrier in healthy_carriers],
        Kind.NONE: [[]],
        Kind.COMP_HET_DELETION: [healthy_carriers],
    }
    assert found in expected[kind]
    affected = {role for role in ("father", "mother") if kind is Kind.DOMINANT and family.genotype(role, X) == "0/1"}
    assert family.affected == affected


def test_plant__trans_and_cis_lie_on_the_child_as_named() -> None:
    trans = plant(Kind.COMP_HET_TRANS, (X, Y), BACKGROUND, {}, random.Random(1)).haplotypes["child"]
    cis = plant(Kind.COMP_HET_CIS, (X, Y), BACKGROUND, {}, random.Random(1)).haplotypes["child"]
    assert sorted(({X, Y} & side for side in trans), key=str) == sorted(({X}, {Y}), key=str)
    assert sorted(len({X, Y} & side) for side in cis) == [0, 2]


@pytest.mark.parametrize(("allele", "is_kept"), [(NEAR, False), (FAR, True)])
def test_plant__background_beside_the_planted(allele: Allele, is_kept: bool) -> None:
    family = plant(Kind.DE_NOVO, (X,), BACKGROUND, {}, random.Random(1))
    assert (family.genotype("child", allele) != "0/0") is is_kept


def test_plant__child_has_one_haplotype_of_each_parent() -> None:
    family = plant(Kind.DOMINANT, (X,), BACKGROUND, {FAR: 1.0}, random.Random(2))
    child, father, mother = (family.haplotypes[role] for role in ("child", "father", "mother"))
    assert child == (father[0], mother[0])
    assert father[1] == mother[1] == {FAR}


def test_plant__too_few_variants() -> None:
    with pytest.raises(ValueError, match="takes 2"):
        plant(Kind.COMP_HET_CIS, (X,), BACKGROUND, {}, random.Random(1))


def test_phase_randomly__both_ways_and_two_alternates_apart() -> None:
    other = Allele("chr20", 200, "C", "T")
    sites = [[(1, X)], [(0, Y), (1, other)]]
    seen = {phase_randomly(sites, random.Random(seed)) for seed in range(30)}
    assert len(seen) == 4
    for background in seen:
        assert {X} & background.first != {X} & background.second
        assert len({Y, other} & background.first) == len({Y, other} & background.second) == 1


def test_background_frequencies__a_small_share_is_private() -> None:
    alleles = [Allele("chr20", position, "A", "C") for position in range(5000)]
    found = background_frequencies(alleles, 1)
    assert 0.01 < 1 - len(found) / 5000 < 0.02
    assert 0.02 <= min(found.values()) < max(found.values()) <= 0.5
    assert background_frequencies(alleles[::-1], 1) == found != background_frequencies(alleles, 2)


@needs_bcftools
def test_normalised__bcftools_norm_agrees(tmp_path: Path) -> None:
    stream = random.Random(5)
    bases = "G" + "".join(stream.choice(("A", "AT", "CAG", "ACGT")) * stream.randint(1, 6) for _ in range(60)) + "C"
    (tmp_path / "ref.fa").write_text(f">chr20\n{bases}\n")
    pysam.faidx(str(tmp_path / "ref.fa"))
    alleles = []
    for _ in range(300):
        start = stream.randrange(1, len(bases) - 12)
        ref = bases[start : start + stream.randint(1, 8)]
        alt = ref[: stream.randint(0, len(ref))] + ref[stream.randint(0, len(ref)) :]
        alt = alt or stream.choice("ACGT")
        if alt != ref:
            alleles.append(Allele("chr20", start, ref, alt))
    rows = [f"chr20\t{a.position + 1}\t{number}\t{a.ref}\t{a.alt}\t.\t.\t." for number, a in enumerate(alleles)]
    head = f"##fileformat=VCFv4.2\n##contig=<ID=chr20,length={len(bases)}>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (tmp_path / "in.vcf").write_text(head + "\n".join(rows) + "\n")
    command = ["bcftools", "norm", "-f", tmp_path / "ref.fa", tmp_path / "in.vcf"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    fields = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    expected = {int(f[2]): Allele("chr20", int(f[1]) - 1, f[3], f[4]) for f in fields}
    assert {number: normalised(allele, bases) for number, allele in enumerate(alleles)} == expected
    assert sum(expected[number] != allele for number, allele in enumerate(alleles)) > 50


def test_normalised__nothing_left_of_the_first_base() -> None:
    assert normalised(Allele("chr20", 2, "AA", "A"), "AAAAT") == Allele("chr20", 0, "AA", "A")


# --- plans ---


def test_plan_families__kinds_and_genes_in_turn() -> None:
    plans = plan_families(list(Kind), 14)
    assert [plan.kind for plan in plans] == list(Kind) * 2
    assert [plan.gene.symbol for plan in plans if plan.kind is Kind.HOMOZYGOTE] == ["MKKS", "PANK2"]
    assert all(plan.window[0] < plan.gene.start < plan.gene.end < plan.window[1] for plan in plans)
    assert [plan.expected for plan in plans[:6]] == [
        "named_first",
        "named_first",
        "not_named",
        "named_first",
        "named_first",
        "not_named",
    ]


def test_plan_families__whole() -> None:
    (plan,) = plan_families([Kind.DE_NOVO], 20, is_whole=True)
    assert plan.window == (60_000, 11_114_352)


# --- a run folder ---


_IN_CI = [Kind.COMP_HET_TRANS, Kind.COMP_HET_CIS, Kind.DE_NOVO]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted families") / "run"
    make_run(SharedData(SHARED), folder, plan_families(_IN_CI, len(_IN_CI), 60_000), seed=4)
    return folder


def truth(run: Path) -> list[dict[str, str]]:
    with (run / "truth.tsv").open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


@needs_data
def test_genes__places_are_those_of_mane() -> None:
    with gzip.open(SHARED / "genes" / "mane.grch38.gff3.gz", "rt") as lines:
        genes = [line.split("\t") for line in lines if "\tgene\t" in line]
    places = {f[8].partition("Name=")[2].partition(";")[0]: (int(f[3]) - 1, int(f[4])) for f in genes if f[0] == "chr20"}
    assert {symbol: (gene.start, gene.end) for symbol, gene in GENES.items()} == {symbol: places[symbol] for symbol in GENES}


@needs_data
@pytest.mark.parametrize("symbol", sorted(GENES))
def test_pathogenic__only_unconflicted(symbol: str) -> None:
    with gzip.open(SHARED / "clinvar" / "clinvar_2016-11.GRCh38.chr20_1-11114352.vcf.gz", "rt") as lines:
        rows = [line.split("\t") for line in lines if f"GENEINFO={symbol}:" in line]
    sure = [f for f in rows if f[7].split(";")[0] in {"CLNSIG=Pathogenic", "CLNSIG=Likely_pathogenic"}]
    found = SharedData(SHARED).pathogenic(symbol)
    assert 5 < len(found) <= len(sure)
    assert {(a.position + 1, len(a.ref) - len(a.alt)) for a in found if len(a.ref) == len(a.alt)} <= {
        (int(f[1]), 0) for f in sure
    }


@needs_data
@needs_art
def test_run__same_pair_in_trans_and_in_cis(run: Path) -> None:
    by_family: dict[str, list[dict[str, str]]] = {}
    for row in truth(run):
        by_family.setdefault(row["family"], []).append(row)
    trans, cis, de_novo = by_family.values()
    assert [row["position"] for row in trans] == [row["position"] for row in cis]
    assert [(row["father"], row["mother"]) for row in trans] == [("0/1", "0/0"), ("0/0", "0/1")]
    assert len({(row["father"], row["mother"]) for row in cis}) == 1
    assert [(row["child"], row["father"], row["mother"]) for row in de_novo] == [("0/1", "0/0", "0/0")]


@needs_data
@needs_art
def test_run__reads_show_the_planted_genotypes(run: Path) -> None:
    """The share of reads with the 41-mer of the alternate allele, without an aligner."""
    reference = SharedData(SHARED).reference
    for row in truth(run):
        start, ref = int(row["position"]) - 1, row["ref"]
        words = []
        for allele in (ref, row["alt"]):
            word = (reference[start - 12 : start] + allele + reference[start + len(ref) : start + len(ref) + 40])[:25]
            words.append((word, reverse_complement(word)))
        for role in ("child", "father", "mother"):
            text = b"".join(
                gzip.decompress(path.read_bytes())
                for path in sorted((run / "reads").glob(f"{row['family']}-{role}_R?.fastq.gz"))
            ).decode()
            without, having = (sum(map(text.count, pair)) for pair in words)
            share = having / (having + without)
            assert (share == 0) if row[role] == "0/0" else (0.2 < share < 0.8), (row, role, without, having)


@needs_data
@needs_art
def test_run__background_is_common_but_for_a_few(run: Path) -> None:
    regions = [tuple(map(int, line.split("\t")[1:])) for line in (run / "windows.bed").read_text().splitlines()]
    carried = {allele for start, end in regions for site in SharedData(SHARED).genotypes(start, end) for _, allele in site}
    with pysam.VariantFile(str(run / "frequencies.vcf.gz")) as source:
        known = {Allele(r.chrom, r.start, r.ref, r.alts[0]): r.info["AF"][0] for r in source}
    assert set(known) <= carried
    assert 0.95 < len(known) / len(carried) < 1
    assert min(known.values()) > 0.01


@needs_data
@needs_art
def test_run__inputs_accepts_it_and_panels_are_read(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(run)
    with pytest.raises(SystemExit) as done:
        main(["inputs", "--check", "--config", "config.yaml"])
    assert done.value.code == 0
    assert capsys.readouterr().out.count("trio") == 3
    assert "SLC52A3" in {gene.symbol for gene in read_panel(run / "panels" / "panel_467.tsv").genes if gene.is_green}


@needs_data
@needs_art
def test_run__without_a_cause_and_same_seed_same_bytes(tmp_path: Path) -> None:
    make_run(SharedData(SHARED), tmp_path / "again", plan_families([Kind.NONE], 1, 20_000), seed=4)
    assert [(row["position"], row["expected"]) for row in truth(tmp_path / "again")] == [(".", "not_named")]
    before = {path: path.read_bytes() for path in (tmp_path / "again").rglob("*") if path.is_file()}
    make_run(SharedData(SHARED), tmp_path / "again", plan_families([Kind.NONE], 1, 20_000), seed=4)
    assert {path: path.read_bytes() for path in (tmp_path / "again").rglob("*") if path.is_file()} == before


def test_run__refuses_a_foreign_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine\n")
    with pytest.raises(InputError, match="not a run"):
        make_run(SharedData(SHARED), tmp_path, [], seed=1)


def test_shared_data__absent(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="NEOTRIAGE_SHARED_DATA"):
        SharedData(tmp_path).path("reference")


# --- the benchmark's verdict ---


@pytest.mark.parametrize(
    ("expected", "genes", "statement", "is_as_expected"),
    [
        ("named_first", ["JAG1", "MKKS"], "found", True),
        ("named_first", ["MKKS", "JAG1"], "found", False),
        ("named_first", ["JAG1", "MKKS"], "nothing_found", False),
        ("named_first", [], "nothing_found", False),
        ("not_named", ["JAG1"], "candidate", False),
        ("not_named", ["JAG1"], "nothing_found", True),
        ("not_named", [], "nothing_found", True),
    ],
)
def test_judge__as_expected(
    benchmark_families: ModuleType, tmp_path: Path, expected: str, genes: list[str], statement: str, is_as_expected: bool
) -> None:
    top = {"gene": genes[0]} if genes else None
    (tmp_path / "summary.json").write_text(json.dumps({"statement": statement, "top": top}))
    table = empty("candidates")
    if genes:
        blank = {"str": "", "bool": False}
        columns = {c.name: [blank.get(c.dtype, 0)] * len(genes) for c in TABLES["candidates"].columns}
        table = frame("candidates", {**columns, "gene": genes, "rank": range(1, len(genes) + 1), "tier": ["1"] * len(genes)})
    write_table(table, "candidates", tmp_path / "candidates.parquet")
    row = {"family": "F01", "kind": "de_novo", "gene": "JAG1", "expected": expected}
    outcome = benchmark_families.judge(row, tmp_path, 1.0)
    assert outcome.is_as_expected is is_as_expected
    assert outcome.rank == (genes.index("JAG1") + 1 if genes else 0)


# --- reads to report ---


@pytest.mark.slow
@needs_data
@needs_art
@needs_pipeline
def test_pipeline__says_of_each_family_what_it_should(run: Path, benchmark_families: ModuleType) -> None:
    benchmark_families.run_pipeline(run, [], cores=2)
    rows = {row["family"]: row for row in reversed(truth(run))}
    for family, row in sorted(rows.items()):
        outcome = benchmark_families.judge(row, run / "results" / family / "rank", 0.0)
        assert outcome.is_as_expected, outcome


@needs_data
@needs_art
@pytest.mark.slow
def test_workflow__exon_loss_and_a_small_variant_are_one_pair_in_trans(tmp_path: Path, run_snakemake) -> None:
    """Reads to report: the exon loss is called, passed on by one parent, paired with the other's variant, and named first."""
    folder = tmp_path / "run"
    make_run(SharedData(SHARED), folder, plan_families([Kind.COMP_HET_DELETION], 1, 60_000), seed=4)
    done = run_snakemake(folder, "--cores", "2", "results/F01/report/F01.html")
    assert done.returncode == 0, done.stdout[-5000:]
    small, loss = truth(folder)
    with pysam.VariantFile(str(folder / "results" / "F01" / "calls" / "structural.vcf.gz")) as file:
        [record] = [r for r in file if r.info["SVTYPE"] == "DEL" and abs(r.pos - int(loss["position"])) < 20]
        assert abs(record.info["SVLEN"] + len(loss["ref"]) - 1) < 20
        carried = [tuple(sorted(record.samples[f"F01-{role}"]["GT"])) for role in ("child", "father", "mother")]
    assert carried == [(0, 1), (0, 0), (0, 1)]
    document = json.loads((folder / "results" / "F01" / "report" / "F01.json").read_text())
    first = document["candidates"][0]
    assert (first["gene"], first["model"], first["phase"]) == (small["gene"], "recessive_compound", "trans_by_parent")
    [shown] = [v["structural"] for v in first["variants"] if v["structural"]]
    assert shown["kind"] == "DEL"
    assert shown["exons"].endswith("lost")
    with pysam.VariantFile(str(folder / "results" / "F01" / "report" / "F01.vcf.gz")) as file:
        assert [r.info["NEO_RANK"] for r in file if r.info.get("SVTYPE") == "DEL" and r.pos == record.pos] == [1]


@needs_data
def test_genotypes__sites_that_the_reference_has() -> None:
    shared = SharedData(SHARED)
    sites = [allele for site in shared.genotypes(9_995_000, 10_020_000) for _, allele in site]  # N up to 10,014,352
    assert sites
    assert all(shared.reference.startswith(allele.ref, allele.position) for allele in sites)
