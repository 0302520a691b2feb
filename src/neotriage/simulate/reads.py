"""Paired Illumina reads drawn from given molecules by art_illumina (Huang et al. 2012, Bioinformatics 28:593), seeded."""

from __future__ import annotations

import gzip
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from neotriage.errors import MachineError
from neotriage.whole_file import write_bytes

__all__ = ["Library", "Molecule", "simulate_reads"]


@dataclass(frozen=True)
class Molecule:
    """A stretch of DNA to draw reads from: a name unique in its library, bases, mean depth in reads per base."""

    name: str
    sequence: str
    depth: float


@dataclass(frozen=True)
class Library:
    """How the reads are drawn: ART's built-in quality profile, read length and fragment lengths in bp."""

    profile: str = "HS25"
    read_length: int = 150
    fragment_mean: int = 350
    fragment_sd: int = 50


def simulate_reads(
    molecules: Sequence[Molecule], out_prefix: Path, *, seed: int, name: str, library: Library | None = None
) -> tuple[Path, Path]:
    """Write `<out_prefix>_R1.fastq.gz` and `_R2.fastq.gz`; same molecules and seed, same bytes.

    Args:
        molecules: what to draw from, each at its own depth.
        out_prefix: path of the two files without their endings.
        seed: of ART and of the order of the reads.
        name: first part of each read's name, so that names differ between libraries.
        library: profile and lengths.

    Returns:
        the paths of first and second mates.

    Raises:
        MachineError: art_illumina is not installed.
        ValueError: ART refused the molecules.
    """
    if shutil.which("art_illumina") is None:
        raise MachineError("art_illumina is not installed", fix="apt-get install art-nextgen-simulation-tools")
    if len({molecule.name for molecule in molecules}) != len(molecules):
        raise ValueError("two molecules of one name")
    library = library or Library()
    first: list[str] = []
    second: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, depth in enumerate(sorted({m.depth for m in molecules if m.depth > 0})):
            chosen = [m for m in molecules if m.depth == depth]
            _run_art(chosen, depth, Path(folder), seed * 1009 + number + 1, library)
            first += _records(Path(folder) / "reads1.fq", name, 1)
            second += _records(Path(folder) / "reads2.fq", name, 2)
    order = list(range(len(first)))
    random.Random(f"{seed}:order").shuffle(order)
    paths = (out_prefix.with_name(out_prefix.name + "_R1.fastq.gz"), out_prefix.with_name(out_prefix.name + "_R2.fastq.gz"))
    for path, records in zip(paths, (first, second), strict=True):
        fastq = "".join(records[i] for i in order)
        write_bytes(path, gzip.compress(fastq.encode(), compresslevel=1, mtime=0))
    return paths


def _run_art(molecules: Sequence[Molecule], depth: float, folder: Path, seed: int, library: Library) -> None:
    (folder / "molecules.fa").write_text("".join(f">{m.name}\n{m.sequence}\n" for m in molecules))
    command = ["art_illumina", "-q", "-na", "-p", "-ss", library.profile, "-l", str(library.read_length)]
    command += ["-m", str(library.fragment_mean), "-s", str(library.fragment_sd), "-f", f"{depth:.6f}"]
    command += ["-rs", str(seed % 2**31), "-i", "molecules.fa", "-o", "reads"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ValueError(f"art_illumina: {(done.stderr or done.stdout).strip()}")


def _records(path: Path, name: str, mate: int) -> Iterator[str]:
    with path.open() as lines:
        for title in lines:
            read = title[1:].strip().removesuffix(f"/{mate}")
            yield f"@{name}:{read} {mate}:N:0:1\n{next(lines)}+\n{_qualities(lines)}"


def _qualities(lines: Iterator[str]) -> str:
    next(lines)
    return next(lines)
