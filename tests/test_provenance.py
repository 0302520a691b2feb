"""Provenance: what is stated of resources, tools and code, and that neither place nor time is in it."""

import gzip
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import cyvcf2
import pysam
import pytest

from neotriage import __version__
from neotriage.case import Case, write_case
from neotriage.cli import main
from neotriage.errors import MachineError, ResourceError
from neotriage.home import checkout
from neotriage.pedigree import Member, Sex, check_family
from neotriage.provenance import describe_resource, package_versions, pipeline_version, provenance, tool_versions
from neotriage.settings import Settings

VCF = """##fileformat=VCFv4.2
##fileDate=2016-11-02
##source=ClinVar
##reference=file:///home/someone/GRCh38.fa
##contig=<ID=chr1,length=248956422>
##INFO=<ID=AF,Number=A,Type=Float,Description="version=9">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
chr1\t100\t.\tA\tG\t.\t.\tAF=0.1
chr1\t200\t.\tA\tG\t.\t.\tAF=0.1
"""
STATED = {"fileDate": "2016-11-02", "fileformat": "VCFv4.2", "reference": "GRCh38.fa", "source": "ClinVar"}


@pytest.mark.parametrize("is_gzipped", [True, False])
def test_describe_resource__vcf(tmp_path: Path, is_gzipped: bool) -> None:
    path = tmp_path / ("a.vcf.gz" if is_gzipped else "a.vcf")
    path.write_bytes(gzip.compress(VCF.encode()) if is_gzipped else VCF.encode())
    record = describe_resource("clinvar", path)
    content = path.read_bytes()
    assert (record.file, record.size_bytes, record.sha256) == (path.name, len(content), hashlib.sha256(content).hexdigest())
    assert (record.stated, record.records) == (STATED, 2)


def test_describe_resource__indexed_vcf_is_counted_by_its_index(tmp_path: Path) -> None:
    plain = tmp_path / "a.vcf"
    plain.write_text(VCF)
    path = Path(pysam.tabix_index(str(plain), preset="vcf"))
    assert describe_resource("clinvar", path).records == cyvcf2.VCF(str(path)).num_records == 2


@pytest.mark.parametrize(
    ("name", "text", "stated", "records"),
    [
        (
            "a.gff3",
            (
                "##gff-version 3\n#!genome-build GRCh38.p14\n#!genebuild-last-updated 2023-03\n"
                "# MANE v1.3\nchr1\tM\tgene\t1\t2\t.\t+\t.\tID=a\n"
            ),
            {"gff-version": "3", "genome-build": "GRCh38.p14", "genebuild-last-updated": "2023-03", "comment": "MANE v1.3"},
            1,
        ),
        (
            "a.hpoa",
            "#version: 2025-01-16\n#hpo-version: http://x/hp.json\nid\tname\nOMIM:1\tx\n",
            {"version": "2025-01-16", "hpo-version": "http://x/hp.json"},
            2,
        ),
        (
            "a.obo",
            "format-version: 1.2\ndata-version: hp/2025\n\n[Term]\nid: HP:1\n\n[Term]\nid: HP:2\n",
            {"data-version": "hp/2025"},
            2,
        ),
        ("a.fa", ">chr1 version: 3\nACGT\nACGT\n>chr2\nAC\n", {}, 2),
        (
            "a.json",
            '{"id": 467, "name": "IEM", "version": "8.91", "genes": [1, 2, 3]}',
            {"id": "467", "name": "IEM", "version": "8.91"},
            3,
        ),
        ("a.tsv", "gene\tversion\nA\t1\n\nB\t2\n", {}, 3),
    ],
)
def test_describe_resource__other_formats(tmp_path: Path, name: str, text: str, stated: dict[str, str], records: int) -> None:
    path = tmp_path / name
    path.write_text(text)
    record = describe_resource("x", path)
    assert (record.stated, record.records) == (stated, records)


@pytest.mark.parametrize("content", [b"", b"#only a header\n", gzip.compress(VCF.encode())[:-20], b"\x1f\x8bjunk"])
def test_describe_resource__empty_or_cut_short(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(content)
    with pytest.raises(ResourceError, match=r"a\.vcf\.gz: resource clinvar .*Fix: "):
        describe_resource("clinvar", path)


def test_describe_resource__absent(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="Fix: "):
        describe_resource("clinvar", tmp_path / "no.vcf.gz")


def _git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_pipeline_version__commit_and_local_changes(tmp_path: Path) -> None:
    assert pipeline_version(tmp_path)["git_commit"] == ""
    assert pipeline_version(tmp_path)["has_local_changes"] is None
    _git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("1")
    _git(tmp_path, "add", "a")
    _git(tmp_path, "commit", "-q", "-m", "one")
    (tmp_path / "results").write_text("untracked")
    stated = pipeline_version(tmp_path)
    assert (stated["git_commit"], stated["has_local_changes"]) == (_git(tmp_path, "rev-parse", "HEAD"), False)
    (tmp_path / "a").write_text("2")
    assert pipeline_version(tmp_path)["has_local_changes"] is True
    assert stated["version"] == __version__


def test_package_versions__of_what_neotriage_runs_on() -> None:
    versions = package_versions()
    assert versions["pysam"] == pysam.__version__
    assert "pytest" not in versions
    assert all(versions.values())


def test_tool_versions__missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match=r"bwa is not on PATH\. Fix: apt-get install bwa, or conda install bioconda::bwa"):
        tool_versions(["bwa"])


def test_provenance__order_of_parts_does_not_matter_and_no_place_is_stated() -> None:
    resources = [{"name": "mane", "sha256": "1"}, {"name": "clinvar", "sha256": "2"}]
    tools = {"samtools": "1.16", "bwa": "0.7.17"}

    def stated(turn: int) -> str:
        return json.dumps(
            provenance(
                config_sha256="c",
                settings=Settings().as_dict(),
                tools=dict(list(tools.items())[::turn]),
                resources=resources[::turn],
                commands=[f"bwa mem {Path.cwd()}/a.fa", f"neotriage rank {checkout()}/resources/x"],
            )
        )

    assert stated(1) == stated(-1)
    assert json.loads(stated(1))["commands"] == ["bwa mem a.fa", "neotriage rank resources/x"]
    assert str(checkout()) not in stated(1)


def test_command__resource_then_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.vcf").write_text(VCF)
    Path("commands.txt").write_text(f"bcftools call {tmp_path}/x.bam\n\n")
    write_case(Case(name="F", family=check_family("F", (Member("b", Sex.MALE, True),))), Path("case.json"))
    _run("resource", "--name", "clinvar", "--file", "a.vcf", "--output", "clinvar.json")
    for output in ("one.json", "two.json"):
        _run(
            *("case", "--case", "case.json", "--config-sha256", "abc", "--resource", "clinvar.json"),
            *("--commands", "commands.txt", "--output", output),
        )
    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()
    stated = json.loads(Path("one.json").read_text())
    assert (stated["config_sha256"], stated["commands"]) == ("abc", ["bcftools call x.bam"])
    assert stated["resources"] == [describe_resource("clinvar", Path("a.vcf")).as_dict()]
    assert stated["settings"] == Settings().as_dict()
    assert stated["pipeline"]["version"] == __version__


def test_command__not_a_record_is_one_line_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_case(Case(name="F", family=check_family("F", (Member("b", Sex.MALE, True),))), tmp_path / "case.json")
    (tmp_path / "r.json").write_text('{"name": "x"}')
    arguments = [
        "case",
        "--case",
        str(tmp_path / "case.json"),
        "--config-sha256",
        "abc",
        "--resource",
        str(tmp_path / "r.json"),
    ]
    with pytest.raises(SystemExit) as end:
        main(["provenance", *arguments, "--output", str(tmp_path / "p.json")])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "r.json: not a record of a resource" in said
    assert "Fix: " in said
    assert not (tmp_path / "p.json").exists()


def _run(*arguments: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(["provenance", *arguments])
    assert end.value.code == 0
