"""The comparison of calls with a truth set: alleles, genotypes, regions."""

from __future__ import annotations

import importlib
import itertools
import math
import os
import shutil
from pathlib import Path
from types import ModuleType

import pysam
import pytest

from neotriage.simulate.families import SharedData

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA") or CHECKOUT.parent / "shared" / "data")
needs_data = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the public data is not at {SHARED}")
needs_pipeline = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("bwa", "samblaster", "samtools", "bcftools", "fastp", "mosdepth")),
    reason="a tool of the pipeline is not installed",
)
needs_bcftools = pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")


@pytest.fixture
def hg002(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(CHECKOUT / "benchmarks")
    return importlib.import_module("hg002")


def test_compare__counts(hg002: ModuleType) -> None:
    truth = {(1, "A", "C"): 1, (2, "A", "C"): 2, (3, "A", "C"): 1, (4, "AT", "A"): 1}
    calls = {(1, "A", "C"): 1, (2, "A", "C"): 1, (3, "A", "G"): 1}
    found = hg002.compare(truth, calls)
    assert (found.truth, found.found, found.agreeing, found.extra) == (4, 2, 1, 1)
    assert (found.recall, found.precision, found.concordance) == (0.5, 2 / 3, 0.5)


def test_compare__nothing_is_no_number(hg002: ModuleType) -> None:
    found = hg002.compare({}, {})
    assert all(math.isnan(share) for share in (found.recall, found.precision, found.concordance))


def test_confident_regions__cut_and_of_the_contig(hg002: ModuleType, tmp_path: Path) -> None:
    bed = tmp_path / "a.bed"
    bed.write_text("chr20\t10\t20\nchr20\t30\t40\nchr21\t30\t40\nchr20\t90\t100\n")
    assert hg002.confident_regions(bed, (15, 35)) == [(15, 20), (30, 35)]


@needs_bcftools
def test_read_alleles__normalised_inside_and_of_quality(hg002: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "ref.fa").write_text(">chr20\nGATTTTCACGACGTACGTAC\n")
    rows = [
        (6, "T", "G", "50", "0/1"),  # kept
        (5, "TT", "T", "50", "1/1"),  # a deletion in a run: the same as GAT>GA... at position 2
        (8, "A", "C,T", "50", "1/2"),  # two alleles, one copy each
        (9, "C", "A", "10", "0/1"),  # QUAL
        (10, "G", "A", "50", "0/0"),  # not carried
        (11, "ACGT", "A", "50", "0/1"),  # reaches beyond the region
        (12, "C", "T", ".", "./1"),  # no QUAL
    ]
    head = '##fileformat=VCFv4.2\n##contig=<ID=chr20,length=20>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="G">\n'
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n"
    lines = [f"chr20\t{p}\t.\t{ref}\t{alt}\t{qual}\t.\t.\tGT\t{gt}\n" for p, ref, alt, qual, gt in sorted(rows)]
    (tmp_path / "a.vcf").write_text(head + "".join(lines))
    pysam.faidx(str(tmp_path / "ref.fa"))
    pysam.tabix_index(str(tmp_path / "a.vcf"), preset="vcf")
    found = hg002.read_alleles(tmp_path / "a.vcf.gz", tmp_path / "ref.fa", [(0, 12)], "S", 20.0)
    assert found == {(5, "T", "G"): 1, (1, "AT", "A"): 2, (7, "A", "C"): 1, (7, "A", "T"): 1, (11, "C", "T"): 1}


def test_is_mendelian__all_diploid_genotypes(hg002: ModuleType) -> None:
    pairs = list(itertools.product("01", repeat=2))
    for child, father, mother in itertools.product(pairs, repeat=3):
        copies = [genotype.count("1") for genotype in (child, father, mother)]
        possible = {f + m for f in {0: {0}, 1: {0, 1}, 2: {1}}[copies[1]] for m in {0: {0}, 1: {0, 1}, 2: {1}}[copies[2]]}
        assert hg002.is_mendelian(child, father, mother) == (copies[0] in possible)


@pytest.mark.slow
@needs_data
@needs_pipeline
def test_pipeline__finds_what_giab_finds(hg002: ModuleType, tmp_path: Path) -> None:
    """Plain bwa and bcftools find 236 of 238, none false; the default caller is to be there at least."""
    shared = SharedData(SHARED)
    hg002.make_run(shared, tmp_path / "real reads", "bcftools")
    targets = [f"results/{family}/calls/calls.vcf.gz" for family in ("HG002", "CEU")]
    hg002.run_pipeline(tmp_path / "real reads", targets, cores=2)
    regions = hg002.confident_regions(shared.path("regions"), hg002.REGION)
    truth = hg002.read_alleles(shared.path("truth"), shared.path("reference"), regions, "-", 0.0)
    calls = hg002.read_alleles(
        tmp_path / "real reads" / targets[0], shared.path("reference"), regions, "HG002", hg002.LEAST_QUAL
    )
    found = hg002.compare(truth, calls)
    assert found.truth == 238
    assert found.found >= 236
    assert found.extra == 0
    assert found.agreeing >= 234
    trio = list(hg002.trio_genotypes(tmp_path / "real reads" / targets[1]))
    complete = [genotypes for genotypes in trio if all("." not in genotype for genotype in genotypes)]
    assert len(complete) > 60
    assert sum(hg002.is_mendelian(*genotypes) for genotypes in complete) / len(complete) > 0.9
