"""What all tests share: numba as the house tests it, the embedded demo made once, and runs of the workflow."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
OUTER_ENVIRONMENT = dict(os.environ)


def _kernels() -> str:
    """Digest of every file with a kernel: numba does not notice that a file which a cached kernel imports has changed."""
    files = [path for path in (CHECKOUT / "src").rglob("*.py") if b"njit" in path.read_bytes()]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()[:16]


# Before numba loads, and once for all workers of a session: array bounds checked, compiled anew when a kernel has changed.
if "NEOTRIAGE_TESTS" not in os.environ:
    os.environ["NEOTRIAGE_TESTS"] = "1"
    os.environ["NUMBA_CACHE_DIR"] = str(CHECKOUT / ".pytest_cache" / "numba" / _kernels())
    os.environ["NUMBA_BOUNDSCHECK"] = "1"
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The checkout's top folder."""
    return CHECKOUT


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded demo's input folder; tests read it, and write elsewhere."""
    from neotriage.simulate.demo import make_demo

    folder = tmp_path_factory.mktemp("demo") / "input"
    make_demo(folder, 7)
    return folder


@pytest.fixture(scope="session")
def workflow_environment() -> dict[str, str]:
    """The environment of a run: this interpreter's tools first, numba as users have it."""
    kept = {name: value for name, value in OUTER_ENVIRONMENT.items() if not name.startswith(("NUMBA_", "NEOTRIAGE_TESTS"))}
    return kept | {"PATH": os.environ["PATH"]}


RunSnakemake = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def run_snakemake(workflow_environment: dict[str, str]) -> RunSnakemake:
    """Call of snakemake in a folder with a config.yaml, to its end; output and errors together in `stdout`."""

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["snakemake", "--snakefile", str(CHECKOUT / "Snakefile"), "--configfile", "config.yaml", *arguments]
        return subprocess.run(
            command,
            cwd=folder,
            env=workflow_environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    return run
