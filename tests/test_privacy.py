"""What may leave a run: no name of a read file in logs and results, no values in a crash, and nothing written to its inputs."""

import gzip
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CRASH = """
import neotriage.doctor
def crash(*arguments, **options):
    patient = "Jane " + "Smith"
    raise RuntimeError("a bug")
neotriage.doctor.inspect_tools = crash
from neotriage.cli import main
main(["doctor"])
"""


def test_crash__traceback_shows_no_values() -> None:
    done = subprocess.run([sys.executable, "-c", CRASH], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "RuntimeError: a bug" in done.stderr
    assert "Jane Smith" not in done.stderr + done.stdout


def state(folder: Path) -> dict[str, tuple[int, str]]:
    """Time and content of every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files}


@pytest.fixture(scope="module")
def named(demo: Path, run_snakemake, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict]:
    """A run on files that bear a person's name, read-only, up to the alignment: its folder, the inputs, their state before."""
    inputs = tmp_path_factory.mktemp("inputs")
    folder = tmp_path_factory.mktemp("run")
    for path in demo.iterdir():
        if path.is_file() and path.name != "config.yaml":
            shutil.copy(path, inputs / path.name)
    shutil.copytree(demo / "cases", inputs / "cases")
    lines = (demo / "samples.tsv").read_text().splitlines()
    sheet = [lines[0]]
    for line in lines[1:]:
        cells = line.split("\t")
        for place, cell in enumerate(cells):
            if cell.endswith(".fastq.gz"):
                name = f"Smith_Jane_19990105.{Path(cell).name.removeprefix('DEMO-')}"
                shutil.copy(demo / cell, inputs / name)
                cells[place] = name
        sheet.append("\t".join(cells))
    (inputs / "samples.tsv").write_text("\n".join(sheet) + "\n")
    config = yaml.safe_load((demo / "config.yaml").read_text())

    def absolute(value):
        if isinstance(value, dict):
            return {key: absolute(one) for key, one in value.items()}
        if isinstance(value, list):
            return [absolute(one) for one in value]
        return str(inputs / value) if isinstance(value, str) and (inputs / value).exists() else value

    (folder / "config.yaml").write_text(yaml.safe_dump(absolute(config) | {"outdir": "results"}))
    for path in sorted(inputs.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    inputs.chmod(0o555)
    before = state(inputs)
    done = run_snakemake(
        folder, "--cores", "2", "results/DEMO/reads/DEMO-child.cram", "results/resources/store", "results/resources/clinvar"
    )
    assert done.returncode == 0, done.stdout[-3000:]
    yield folder, inputs, before
    inputs.chmod(0o755)
    for path in inputs.rglob("*"):
        path.chmod(0o755)


@pytest.mark.slow
def test_run__no_name_of_a_read_file_in_logs_and_results(named: tuple[Path, Path, dict]) -> None:
    folder, _, _ = named
    files = [path for path in (folder / "results").rglob("*") if path.is_file()]
    assert any(path.name == "L1.align.log" for path in files)
    for path in files:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        assert b"Smith" not in content, path
        assert "Smith" not in str(path)
    header = subprocess.run(
        ["samtools", "view", "-H", folder / "results/DEMO/reads/DEMO-child.cram"], capture_output=True, text=True, check=True
    )
    assert "Smith" not in header.stdout


@pytest.mark.slow
def test_run__inputs_are_as_they_were(named: tuple[Path, Path, dict]) -> None:
    _, inputs, before = named
    assert state(inputs) == before
