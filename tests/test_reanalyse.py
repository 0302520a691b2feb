"""Reanalysis: planted changes of ClinVar, panels and HPO are found, with their source; results are only read."""

import csv
import gzip
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pysam
import pytest
import yaml

from neotriage.cli import main
from neotriage.genome import read_build
from neotriage.phenotype.model import SOURCES, installed_folder
from neotriage.store.clinvar import build_clinvar

pytestmark = pytest.mark.slow
COMES_BACK = ("chrX", "21672", "G", "A")  # CDKL5, deep in an intron: dropped by region
WITHDRAWN = ("chrX", "38515", "C", "T")  # OTC


def write_calls(demo: Path, path: Path) -> None:
    """The demo's planted variants as joint calls, clean in every figure."""
    with pysam.FastaFile(str(demo / "genome.fa")) as genome:
        contigs = [f"##contig=<ID={name},length={genome.get_reference_length(name)}>" for name in genome.references]
        order = list(genome.references)
    rows = list(csv.DictReader((demo / "truth.tsv").read_text().splitlines(), delimiter="\t"))
    kept = [row for row in rows if "of reads" not in row["child"]]
    formats = [f'##FORMAT=<ID={n},Number={c},Type={t},Description="{n}">' for n, c, t in (
        ("GT", "1", "String"), ("AD", "R", "Integer"), ("DP", "1", "Integer"), ("GQ", "1", "Integer"))]  # fmt: skip
    depths = {"0": "30,0", "1": "0,30", "0/0": "30,0", "0/1": "15,15", "1/1": "0,30"}
    lines = ["##fileformat=VCFv4.2", *contigs, *formats]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tDEMO-child\tDEMO-father\tDEMO-mother")
    for row in sorted(kept, key=lambda row: (order.index(row["chrom"]), int(row["position"]))):
        calls = [f"{row[who]}:{depths[row[who]]}:30:99" for who in ("child", "father", "mother")]
        lines.append(
            "\t".join([row["chrom"], row["position"], ".", row["ref"], row["alt"], "100", "PASS", ".", "GT:AD:DP:GQ", *calls])
        )
    path.write_text("\n".join(lines) + "\n")
    pysam.tabix_index(str(path), preset="vcf", force=True)


@pytest.fixture(scope="module")
def archive(demo: Path, run_snakemake: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with config.yaml and results/DEMO, run to its end from calls."""
    folder = tmp_path_factory.mktemp("archive")
    for path in demo.iterdir():
        if path.name not in {"config.yaml", "samples.tsv"}:
            (folder / path.name).symlink_to(path)
    write_calls(demo, folder / "joint.vcf")
    people = ["child\tDEMO-father\tDEMO-mother\tmale\tyes", "father\t0\t0\tmale\tno", "mother\t0\t0\tfemale\tno"]
    rows = ["family\tsample\tfather\tmother\tsex\taffected\tfile", *(f"DEMO\tDEMO-{person}\tjoint.vcf.gz" for person in people)]
    (folder / "samples.tsv").write_text("\n".join(rows) + "\n")
    shutil.copy(demo / "config.yaml", folder / "config.yaml")
    done = run_snakemake(folder, "--cores", "2")
    assert done.returncode == 0, done.stdout[-3000:]
    return folder


def planted_clinvar(demo: Path, path: Path) -> Path:
    """ClinVar with CDKL5's intronic variant pathogenic and OTC's benign."""
    with gzip.open(demo / "clinvar.vcf.gz", "rt") as text:
        lines = text.read().splitlines()
    start = "\t".join([*WITHDRAWN[:2]])
    lines = [line.replace("CLNSIG=Likely_pathogenic", "CLNSIG=Benign") if line.startswith(start) else line for line in lines]
    chrom, position, ref, alt = COMES_BACK
    review = "criteria_provided,_multiple_submitters,_no_conflicts"
    info = f"ALLELEID=1;CLNDN=x;CLNREVSTAT={review};CLNSIG=Pathogenic;GENEINFO=CDKL5:6792"
    new = f"{chrom}\t{position}\t9999999\t{ref}\t{alt}\t.\t.\t{info}"
    place = next(
        n for n, line in enumerate(lines) if line.startswith(f"{chrom}\t") and int(line.split("\t")[1]) > int(position)
    )
    lines.insert(place, new)
    path.write_text("\n".join(lines) + "\n")
    return path


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def run(archive: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[dict]]:
    """Call of `neotriage reanalyse` on the archive; returns the outcomes."""
    monkeypatch.chdir(archive)

    def call(*arguments: str, results: str = "results", output: Path | None = None) -> list[dict]:
        folder = output or tmp_path / "out"
        given = [results, "--config", "config.yaml", "--date", "2026-11-21", "--output", str(folder), *arguments]
        with pytest.raises(SystemExit) as stopped:
            main(["reanalyse", *given])
        if stopped.value.code:
            raise stopped.value
        outcomes: list[dict] = json.loads((folder / "summary.json").read_text())
        for outcome in outcomes:  # a commit made while the tests ran is a step of its own, which changes nothing
            outcome["switched"] = [step for step in outcome["switched"] if step != ["neotriage"]]
        return outcomes

    return call


def test_same_sources__nothing_changed_is_dated(run: Callable, tmp_path: Path) -> None:
    (outcome,) = run()
    assert outcome["statement"].startswith("2026-11-21: nothing changed. Held against neotriage 0")
    assert (outcome["switched"], outcome["changes"], outcome["has_changed"]) == ([], [], False)
    rows = (tmp_path / "out" / "summary.tsv").read_text().splitlines()
    assert rows[1].split("\t")[:3] == ["DEMO", "2026-11-21", "nothing changed"]


def test_clinvar__comes_back_and_withdrawn(run: Callable, archive: Path, demo: Path, tmp_path: Path) -> None:
    before = digests(archive / "results")
    newer = planted_clinvar(demo, tmp_path / "newer.vcf")
    (outcome,) = run("--clinvar", str(newer))
    assert digests(archive / "results") == before
    found = {change["gene"]: change for change in outcome["changes"]}
    assert set(found) == {"CDKL5", "OTC"}
    assert {tuple(change["sources"]) for change in found.values()} == {("ClinVar",)}
    assert found["CDKL5"]["kind"] == "new"
    assert found["CDKL5"]["after"]["alleles"][0]["variant"] == "chrX-21672-G-A"
    assert found["CDKL5"]["after"]["alleles"][0]["clinvar"] == "Pathogenic"
    assert "chrX-38515-C-T ClinVar Likely_pathogenic -> Benign" in found["OTC"]["differences"]
    assert outcome["statement"].startswith("2026-11-21: 2 candidates differ")
    page = (tmp_path / "out" / "summary.html").read_text()
    assert "<strong>CDKL5: new</strong> by ClinVar" in page


def test_clinvar__as_a_whole_run_with_it(
    run: Callable, archive: Path, demo: Path, tmp_path: Path, run_snakemake: Callable
) -> None:
    """The same candidates as the workflow finds from the calls on, in all that is stored of them."""
    newer = planted_clinvar(demo, tmp_path / "newer.vcf")
    run("--clinvar", str(newer))
    whole = tmp_path / "whole"
    shutil.copytree(archive, whole, symlinks=True, ignore=shutil.ignore_patterns(".snakemake", "config.yaml"))
    shutil.rmtree(whole / "results")
    config = yaml.safe_load((archive / "config.yaml").read_text())
    config["resources"]["clinvar"] = str(newer)
    (whole / "config.yaml").write_text(yaml.safe_dump(config))
    done = run_snakemake(whole, "--cores", "2", "results/DEMO/rank/candidates.parquet")
    assert done.returncode == 0, done.stdout[-3000:]
    ours, theirs = tmp_path / "out" / "DEMO", whole / "results" / "DEMO"
    stages = {"variants": "table", "annotations": "annotate", "consequences": "annotate", "hits": "inheritance"}
    stages |= {"classes": "evidence", "candidates": "rank"}
    for table, stage in stages.items():
        assert pl.read_parquet(ours / f"{table}.parquet").equals(pl.read_parquet(theirs / stage / f"{table}.parquet")), table


def test_clinvar__calls_not_stored(run: Callable, archive: Path, demo: Path, tmp_path: Path) -> None:
    stored = tmp_path / "parquet"
    shutil.copytree(archive / "results", stored, ignore=shutil.ignore_patterns("calls.vcf.gz*", "reads", "qc.json"))
    (outcome,) = run("--clinvar", str(planted_clinvar(demo, tmp_path / "newer.vcf")), results=str(stored))
    assert outcome["to_look_at"] == ["chrX-21672-G-A (CDKL5) is P/LP now; region dropped it, calls are not stored"]
    assert [change["gene"] for change in outcome["changes"]] == ["OTC"]


def test_clinvar__the_results_one_is_not_the_familys(run: Callable, archive: Path, demo: Path, tmp_path: Path) -> None:
    """A family that was judged before the shared ClinVar was renewed: what became P/LP by that renewal comes back too."""
    newer = planted_clinvar(demo, tmp_path / "newer.vcf")
    stored = tmp_path / "results"
    shutil.copytree(archive / "results", stored)
    shutil.rmtree(stored / "resources" / "clinvar")
    build_clinvar(newer, read_build(str(archive / "genome.yaml")), stored / "resources" / "clinvar")
    (outcome,) = run("--clinvar", str(newer), results=str(stored))
    assert {change["gene"]: change["kind"] for change in outcome["changes"]} == {"CDKL5": "new", "OTC": "changed"}


def test_panel__gene_no_longer_green(run: Callable, archive: Path, demo: Path, tmp_path: Path) -> None:
    panel = demo / "panel.json"
    raw = json.loads(panel.read_text())
    for gene in raw["genes"]:
        if gene["entity_name"] == "GALT":
            gene["confidence_level"] = "1"
    raw["version"] = "1.1"
    (tmp_path / "panels").mkdir()
    (tmp_path / "panels" / panel.name).write_text(json.dumps(raw))
    newer = planted_clinvar(demo, tmp_path / "newer.vcf")
    (outcome,) = run("--panels", str(tmp_path / "panels"), "--clinvar", str(newer))
    found = {change["gene"]: change for change in outcome["changes"]}
    assert set(found) == {"CDKL5", "OTC", "GALT"}
    assert found["GALT"]["sources"] == ["panels"]
    assert any(words.startswith("tier 1 -> ") for words in found["GALT"]["differences"])
    assert found["CDKL5"]["sources"] == ["ClinVar"]
    assert outcome["switched"] == [["ClinVar"], ["panels"]]


def test_hpo__gene_lost_its_disease(run: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "hpo"
    folder.mkdir()
    for name in SOURCES:
        shutil.copy(installed_folder() / name, folder / name)
    links = (folder / "genes_to_phenotype.txt").read_text().splitlines()
    (folder / "genes_to_phenotype.txt").write_text("\n".join(line for line in links if "\tKCNQ2\t" not in line) + "\n")
    ontology = (folder / "hp.obo").read_text()
    (folder / "hp.obo").write_text(ontology.replace("data-version: hp/releases/", "data-version: hp/releases/new-", 1))
    (outcome,) = run("--hpo", str(folder))
    assert outcome["switched"] == [["HPO"]]
    (change,) = [change for change in outcome["changes"] if change["gene"] == "KCNQ2"]
    assert change["sources"] == ["HPO"]
    assert any(words.startswith("probability ") for words in change["differences"])


def test_output__never_written_over(run: Callable, tmp_path: Path) -> None:
    run()
    before = digests(tmp_path / "out")
    run()
    assert digests(tmp_path / "out") == before
    assert (tmp_path / "out.2" / "summary.json").is_file()


def test_gene_models__others_than_the_runs(
    run: Callable, archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = yaml.safe_load((archive / "config.yaml").read_text())
    (tmp_path / "genes.gff3").write_text((archive / "genes.gff3").read_text() + "# another\n")
    config["reference"]["gene_models"] = str(tmp_path / "genes.gff3")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(SystemExit) as stopped:
        run("--config", str(tmp_path / "config.yaml"))
    assert stopped.value.code == 2
    assert "family DEMO was judged with another gene models than the config's" in capsys.readouterr().err


@pytest.mark.parametrize("text", [None, "a: [\n", "[]\n", "resources: [clinvar.vcf.gz]\n"])
def test_config__broken_is_one_line(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    if text is not None:
        (tmp_path / "broken.yaml").write_text(text)
    with pytest.raises(SystemExit) as stopped:
        main(["reanalyse", str(archive / "results"), "--config", str(tmp_path / "broken.yaml")])
    told = capsys.readouterr().err
    assert (stopped.value.code, len(told.splitlines())) == (2, 1)
    assert "broken.yaml" in told


def test_family__unknown(run: Callable, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("--family", "NOBODY")
    assert "no finished family 'NOBODY'" in capsys.readouterr().err


def test_archive__a_broken_family_holds_up_no_other(
    run: Callable, archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results"
    shutil.copytree(archive / "results", results)
    for name in ("BROKEN", "UNDONE"):
        shutil.copytree(results / "DEMO", results / name)
    (results / "BROKEN" / "table" / "variants.parquet").write_bytes(b"PAR1")
    (results / "UNDONE" / "report" / "provenance.json").unlink()
    with pytest.raises(SystemExit) as stopped:
        run(results=str(results))
    told = capsys.readouterr().err
    assert (stopped.value.code, len(told.splitlines())) == (2, 1)
    assert "2 of 3 families were not judged" in told
    found = {one["family"]: one for one in json.loads((tmp_path / "out" / "summary.json").read_text())}
    assert "nothing changed" in found["DEMO"]["statement"]
    assert "variants.parquet" in found["BROKEN"]["not_judged"]
    assert "lacks report/provenance.json" in found["UNDONE"]["not_judged"]
    rows = [line.split("\t") for line in (tmp_path / "out" / "summary.tsv").read_text().splitlines()]
    assert {row[0]: row[2] for row in rows[1:]} == {"BROKEN": "not judged", "UNDONE": "not judged", "DEMO": "nothing changed"}
    assert {len(row) for row in rows} == {10}
    assert "UNDONE" in (tmp_path / "out" / "summary.html").read_text()
