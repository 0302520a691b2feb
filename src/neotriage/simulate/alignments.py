"""Simulated reads aligned as the reads stage aligns them: bwa mem, sorted, indexed; for tests and benchmarks."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from neotriage.errors import MachineError
from neotriage.simulate.reads import Library, Molecule, simulate_reads

__all__ = ["align", "circular", "simulate_alignment", "write_reference"]


def circular(name: str, bases: str, depth: float) -> Molecule:
    """A circle to draw reads from, opened at a third of its length and gone round twice, so that reads cross its origin."""
    third = len(bases) // 3
    return Molecule(name, (bases[third:] + bases[:third]) * 2, depth / 2)


def write_reference(contigs: dict[str, str], path: Path) -> Path:
    """Write a FASTA with its .fai and bwa's index.

    Raises:
        MachineError: bwa or samtools failed or is not installed.
    """
    path.write_text("".join(f">{name}\n{bases}\n" for name, bases in contigs.items()))
    _run(["samtools", "faidx", str(path)])
    _run(["bwa", "index", str(path)])
    return path


def align(reference: Path, fastq: Sequence[Path], output: Path, *, sample: str, threads: int = 1) -> Path:
    """Align one or two FASTQ files to a sorted, indexed BAM.

    Raises:
        MachineError: bwa or samtools failed or is not installed.
    """
    group = rf"@RG\tID:{sample}\tSM:{sample}\tLB:{sample}\tPL:ILLUMINA"
    aligned = ["bwa", "mem", "-K", "10000000", "-Y", "-t", str(threads), "-R", group, str(reference), *map(str, fastq)]
    try:
        with subprocess.Popen(aligned, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as aligner:
            _run(["samtools", "sort", "--no-PG", "-o", str(output), "-"], stdin=aligner.stdout)
    except OSError as error:
        raise MachineError(f"bwa: {error}", fix="install bwa") from None
    if aligner.returncode:
        raise MachineError(f"bwa failed on {fastq[0]}", fix="see that the reference has its index")
    _run(["samtools", "index", str(output)])
    return output


def simulate_alignment(
    molecules: Sequence[Molecule], reference: Path, output: Path, *, seed: int, sample: str, library: Library | None = None
) -> Path:
    """Draw reads from molecules and align them; same molecules and seed, same alignment."""
    fastq = simulate_reads(molecules, output.with_suffix(""), seed=seed, name=sample, library=library)
    return align(reference, fastq, output, sample=sample)


def _run(command: Sequence[str], stdin: object = None) -> None:
    try:
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False)  # type: ignore[call-overload]
    except OSError as error:
        raise MachineError(f"{command[0]}: {error}", fix=f"install {command[0]}") from None
    if done.returncode:
        raise MachineError(f"{' '.join(command[:2])}: {done.stderr.strip()}", fix="see the message")
