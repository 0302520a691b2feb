"""Canaries: one per class and contig from the resources; a resource that says something else is named and blocks."""

import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pysam
import pytest

from neotriage.canaries import Canary, Kind, Sources, check_canaries, choose_canaries, read_canaries, write_canaries
from neotriage.cli import main
from neotriage.errors import FormatError, ResourceError
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, ContigKind, read_build
from neotriage.store.building import Source, build_store
from neotriage.store.clinvar import build_clinvar

FIELDS = ("AF_afr", "AF_amr", "AF_eas", "AF_nfe", "AF_sas")


@pytest.fixture(scope="module")
def resources(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The demo's resources as a run has them."""
    folder = tmp_path_factory.mktemp("resources")
    build = read_build(demo / "genome.yaml")
    shutil.copy(demo / "genome.fa", folder / "genome.fa")
    pysam.faidx(str(folder / "genome.fa"))
    build_store(folder / "store", build, [Source("demo", (demo / "frequencies.vcf.gz",), FIELDS)])
    build_clinvar(demo / "clinvar.vcf.gz", build, folder / "clinvar")
    return {
        "reference": folder / "genome.fa",
        "gene_models": demo / "genes.gff3",
        "store": folder / "store",
        "clinvar": demo / "clinvar.vcf.gz",
        "clinvar_store": folder / "clinvar",
    }


@pytest.fixture(scope="module")
def canaries(demo: Path, resources: dict[str, Path]) -> tuple[Canary, ...]:
    build = read_build(demo / "genome.yaml")
    sources = Sources(
        read_gene_models(resources["gene_models"], build),
        resources["reference"],
        resources["clinvar"],
        [Source("demo", (demo / "frequencies.vcf.gz",), FIELDS)],
    )
    chosen = choose_canaries(build, sources)
    assert chosen == choose_canaries(build, sources)
    return chosen


def check(demo: Path, canaries: tuple[Canary, ...], resources: dict[str, Path]) -> dict[str, int]:
    return check_canaries(canaries, str(demo / "genome.yaml"), **resources)


def test_choose__one_per_class_and_contig_that_the_resources_have(canaries: tuple[Canary, ...]) -> None:
    by_kind = {kind: [canary for canary in canaries if canary.kind is kind] for kind in Kind}
    assert {canary.expected for canary in by_kind[Kind.CONSEQUENCE]} == {
        "missense_variant",
        "stop_gained",
        "synonymous_variant",
        "frameshift_variant",
        "inframe_deletion",
        "splice_donor_variant",
        "splice_acceptor_variant",
    }
    assert {canary.chrom for canary in by_kind[Kind.CONSEQUENCE]} == {"chr1", "chr2", "chrX", "chrY"}
    assert {canary.chrom for canary in by_kind[Kind.FREQUENCY]} == {"chr1", "chr2", "chrX"}
    assert {float(canary.expected) >= 0.01 for canary in by_kind[Kind.FREQUENCY]} == {True, False}
    assert {canary.expected.partition("_of")[0] for canary in by_kind[Kind.CLINVAR]} == {
        "Pathogenic", "Likely_pathogenic", "Uncertain_significance", "Likely_benign", "Benign", "Conflicting_classifications"
    }  # fmt: skip


def test_check__run_that_annotates_rightly(demo: Path, canaries: tuple[Canary, ...], resources: dict[str, Path]) -> None:
    found = check(demo, canaries, resources)
    assert found["canaries"] == len(canaries) == found["clinvar"] + found["frequency"] + found["consequence"]


def test_check__clinvar_says_another_word(
    demo: Path, canaries: tuple[Canary, ...], resources: dict[str, Path], tmp_path: Path
) -> None:
    with gzip.open(demo / "clinvar.vcf.gz", "rt") as text:
        changed = text.read().replace("CLNSIG=Likely_benign", "CLNSIG=Benign")
    (tmp_path / "newer.vcf").write_text(changed)
    with pytest.raises(ResourceError, match=r"CLNSIG Likely_benign expected, Benign found") as said:
        check(demo, canaries, resources | {"clinvar": tmp_path / "newer.vcf", "clinvar_store": tmp_path / "newer.vcf"})
    assert str(said.value).startswith(f"clinvar.vcf.gz: 1 of {len(canaries)} canaries missed, first chr1-")


def test_check__clinvar_store_lacks_a_contig(
    demo: Path, canaries: tuple[Canary, ...], resources: dict[str, Path], tmp_path: Path
) -> None:
    with gzip.open(demo / "clinvar.vcf.gz", "rt") as text:
        (tmp_path / "cut.vcf").write_text("".join(line for line in text if not line.startswith("chrX\t")))
    with pytest.raises(ResourceError, match=r"chrX-.*ClinVar's store does not know it"):
        check(demo, canaries, resources | {"clinvar_store": tmp_path / "cut.vcf"})


def test_check__frequency_source_lost_a_contig(
    demo: Path, canaries: tuple[Canary, ...], resources: dict[str, Path], tmp_path: Path
) -> None:
    with gzip.open(demo / "frequencies.vcf.gz", "rt") as text:
        (tmp_path / "cut.vcf").write_text("".join(line for line in text if not line.startswith("chr2\t")))
    build = read_build(demo / "genome.yaml")
    build_store(tmp_path / "store", build, [Source("demo", (tmp_path / "cut.vcf",), FIELDS)], absent=["chr2"])
    with pytest.raises(ResourceError, match=r"demo: 1 of .*first chr2-.*frequency .* expected, nan found"):
        check(demo, canaries, resources | {"store": tmp_path / "store"})


def test_check__gene_models_that_csq_takes_nothing_of(
    demo: Path, canaries: tuple[Canary, ...], resources: dict[str, Path], tmp_path: Path
) -> None:
    models = tmp_path / "genes.gff3"
    models.write_text((demo / "genes.gff3").read_text().replace("biotype=protein_coding;", "biotype=processed_pseudogene;"))
    with pytest.raises(ResourceError, match=r"genes\.gff3: 5 of .*missense_variant expected, coding_sequence_variant found"):
        check(demo, canaries, resources | {"gene_models": models})


def test_command__miss_is_one_line_and_exit_2(
    demo: Path, canaries: tuple[Canary, ...], resources: dict[str, Path], tmp_path: Path, capsys
) -> None:
    wrong = tuple(replace(c, expected="stop_lost") if c.expected == "stop_gained" else c for c in canaries)
    write_canaries(wrong, "neodemo1", tmp_path / "canaries.json")
    output = tmp_path / "passed.json"
    arguments = ["--canaries", str(tmp_path / "canaries.json"), "--build", str(demo / "genome.yaml"), "--output", str(output)]
    for name, path in resources.items():
        arguments += [f"--{name.replace('_', '-')}", str(path)]
    with pytest.raises(SystemExit) as stopped:
        main(["canaries", "check", *arguments])
    assert stopped.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "stop_lost expected, stop_gained found" in lines[0]
    assert not output.exists()


@pytest.mark.parametrize("records", [999, 1000])
def test_facts__held_against_a_whole_clinvar_and_not_an_extract(tmp_path: Path, records: int) -> None:
    build = Build("GRCh38", (Contig("chrM", 16569, ContigKind.MITOCHONDRION),), ())
    (tmp_path / "m.fa").write_text(f">chrM\n{'A' * 16569}\n")
    pysam.faidx(str(tmp_path / "m.fa"))
    gene = "chrM\tx\t{}\t3307\t4262\t.\t+\t.\t{}biotype=protein_coding"
    parts = [gene.format("gene", "ID=gene:G;Name=MT-ND1;"), gene.format("mRNA", "ID=transcript:T;Parent=gene:G;")]
    parts += [gene.format("exon", "Parent=transcript:T;").partition(";biotype")[0]]
    (tmp_path / "g.gff3").write_text("\n".join(["##gff-version 3", *parts]) + "\n")
    lines = [f"chrM\t{place}\t{place}\tA\tG\t.\t.\tCLNSIG=Benign" for place in range(5000, 5000 + records)]
    (tmp_path / "c.vcf").write_text("\n".join(["##fileformat=VCFv4.2", "#CHROM\tPOS", *lines]) + "\n")
    models = read_gene_models(tmp_path / "g.gff3", build)
    chosen = choose_canaries(build, Sources(models, tmp_path / "m.fa", tmp_path / "c.vcf", []))
    assert [(c.name, c.kind) for c in chosen] == [("chrM-1555-A-G", Kind.CLINVAR)] * (records >= 1000)


def test_command__no_canary_is_not_called_a_check(
    demo: Path, resources: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_canaries((), "neodemo1", tmp_path / "none.json")
    arguments = ["--canaries", str(tmp_path / "none.json"), "--build", str(demo / "genome.yaml")]
    for name in ("gene_models", "reference"):
        arguments += [f"--{name.replace('_', '-')}", str(resources[name])]
    with pytest.raises(SystemExit) as stopped:
        main(["canaries", "check", *arguments, "--output", str(tmp_path / "passed.json")])
    assert stopped.value.code == 0
    assert "nothing was checked" in capsys.readouterr().err


def test_file__of_another_build(tmp_path: Path, canaries: tuple[Canary, ...]) -> None:
    write_canaries(canaries, "neodemo1", tmp_path / "canaries.json")
    assert read_canaries(tmp_path / "canaries.json", "neodemo1") == canaries
    with pytest.raises(FormatError, match="canaries of build neodemo1"):
        read_canaries(tmp_path / "canaries.json", "GRCh38")
    (tmp_path / "canaries.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(FormatError, match="not a file of canaries"):
        read_canaries(tmp_path / "canaries.json", "neodemo1")
