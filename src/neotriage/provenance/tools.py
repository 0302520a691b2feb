"""The outside programs a run may call: oldest version that was tried, how to ask for the version, where to get them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from neotriage.errors import MachineError

__all__ = ["TOOLS", "Tool", "find_version", "is_older"]

_VERSION = re.compile(r"(?<![\w.])v?(\d+\.\d+[\w.+-]*)")
_TIMEOUT_S = 60


@dataclass(frozen=True)
class Tool:
    """A program: its command, the oldest version that was tried, its packages, and whether every run needs it."""

    name: str
    minimum: str
    debian: str
    conda: str
    purpose: str
    arguments: tuple[str, ...] = ("--version",)
    is_needed: bool = True

    @property
    def source(self) -> str:
        """How to install it, for a message."""
        conda = f"conda install bioconda::{self.conda}" if "::" not in self.conda else f"conda install {self.conda}"
        return f"apt-get install {self.debian}, or {conda}" if self.debian else f"{conda} (Debian has no package)"


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("bwa", "0.7.17", "bwa", "bwa", "aligns reads", ()),
        Tool("samblaster", "0.1.26", "samblaster", "samblaster", "marks duplicates"),
        Tool("samtools", "1.16", "samtools", "samtools", "sorts, indexes and counts alignments"),
        Tool("bcftools", "1.16", "bcftools", "bcftools", "calls and normalises variants, consequences"),
        Tool("bgzip", "1.16", "tabix", "htslib", "compresses what is indexed"),
        Tool("tabix", "1.16", "tabix", "htslib", "indexes variants and gene models"),
        Tool("freebayes", "1.3.6", "freebayes", "freebayes", "calls variants"),
        Tool("fastp", "0.23.2", "fastp", "fastp", "trims adapters, read quality"),
        Tool("mosdepth", "0.3.3", "mosdepth libhts-dev", "mosdepth", "depth of coverage"),
        Tool("delly", "1.1.6", "delly", "delly", "finds structural changes (calls.structural: delly)", is_needed=False),
        Tool("bwa-mem2", "2.2.1", "", "bwa-mem2", "aligns reads (reads.aligner: bwa-mem2)", ("version",), is_needed=False),
        Tool("apptainer", "1.1", "", "conda-forge::apptainer", "runs DeepVariant and GATK", is_needed=False),
        Tool("git", "2.30", "git", "conda-forge::git", "states the commit in reports", is_needed=False),
    )
}


def find_version(name: str) -> str | None:
    """The version that a tool on PATH says it has; None if it is not on PATH.

    Raises:
        MachineError: it is there, but does not run or says no version.
    """
    tool = TOOLS[name]
    path = shutil.which(name)
    if path is None:
        return None
    try:
        done = subprocess.run([path, *tool.arguments], capture_output=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MachineError(f"{name} does not run ({error})", file=path, fix=f"install it anew: {tool.source}") from None
    said = (done.stdout + b"\n" + done.stderr).decode("utf-8", "replace")
    match = _VERSION.search(said)
    if match is None:
        words = " ".join(said.split())[:120] or f"exit {done.returncode}"
        raise MachineError(f"{name} says no version ({words})", file=path, fix=f"install it anew: {tool.source}")
    return match[1]


def is_older(version: str, minimum: str) -> bool:
    """Whether a version is below a minimum, compared number by number (1.9 < 1.16; 0.7.17-r1188 is not below 0.7.17)."""
    return _numbers(version) < _numbers(minimum)


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(\.\d+)*", version)
    numbers = [] if match is None else [int(part) for part in match[0].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
