"""The checks of a machine. `check_tools` and `check_outdir` are cheap, for the Snakefile; `check_versions` runs each tool."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from neotriage.errors import InputError, MachineError
from neotriage.provenance.tools import TOOLS, Tool, find_version, is_older

__all__ = [
    "Finding",
    "check_outdir",
    "check_tools",
    "check_versions",
    "inspect_packages",
    "inspect_tools",
    "needed_tools",
]


@dataclass(frozen=True)
class Finding:
    """One tool or package: version found ('' not there), version needed, whether a run needs it, what is wrong ('' nothing)."""

    name: str
    found: str
    minimum: str
    is_needed: bool
    problem: str
    source: str


def needed_tools(also: Iterable[str] = ()) -> tuple[str, ...]:
    """The tools every run needs, and those named.

    Raises:
        InputError: a name that is no tool of neotriage.
    """
    return tuple(dict.fromkeys([*(tool.name for tool in TOOLS.values() if tool.is_needed), *(_tool(n).name for n in also)]))


def check_tools(names: Iterable[str]) -> None:
    """Pass if every named tool is on PATH; runs none of them.

    Raises:
        MachineError: names all that are missing, with their Debian and conda packages.
        InputError: a name that is no tool of neotriage.
    """
    missing = [tool for tool in map(_tool, names) if shutil.which(tool.name) is None]
    if missing:
        raise MachineError(f"not on PATH: {', '.join(tool.name for tool in missing)}", fix=_install(missing))


def check_versions(names: Iterable[str]) -> None:
    """Pass if every named tool is on PATH, runs, and is not older than the oldest version tried.

    Raises:
        MachineError: names all that are not.
        InputError: a name that is no tool of neotriage.
    """
    wanted = tuple(names)
    wrong = [finding for finding in inspect_tools(wanted, wanted) if finding.problem]
    if wrong:
        problems = "; ".join(f"{finding.name} {finding.problem}" for finding in wrong)
        raise MachineError(problems, fix=_install([TOOLS[finding.name] for finding in wrong]))


def inspect_tools(names: Iterable[str], needed: Iterable[str]) -> tuple[Finding, ...]:
    """What is found of each named tool."""
    held = frozenset(needed)
    return tuple(_inspect_tool(_tool(name), is_needed=name in held) for name in names)


def inspect_packages() -> tuple[Finding, ...]:
    """What is found of each Python package that neotriage runs on, against pyproject.toml's lowest version."""
    wanted = [Requirement(line) for line in requires("neotriage") or ()]
    plain = [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    return tuple(_inspect_package(r.name, str(r.specifier), r) for r in sorted(plain, key=lambda r: r.name.lower()))


def check_outdir(outdir: Path, *, needed_bytes: int = 0) -> None:
    """Pass if files can be made in the output folder (or where it is to be made) and the disk has room.

    Raises:
        MachineError: the folder cannot be written, or its disk has less than the bytes needed.
    """
    folder = outdir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise MachineError(f"{folder} is not a folder", file=outdir, fix="name another outdir in the config")
    try:
        # access() lets root do what a read-only disk or a full quota then refuses: make a file and see
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".neotriage."):
            pass
    except OSError as error:
        raise MachineError(
            f"the output folder cannot be written ({os.strerror(error.errno or 0)})",
            file=outdir,
            fix="give yourself the right to write it, or name another outdir in the config",
        ) from None
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise MachineError(
            f"{_gigabytes(free)} free on the disk of the output folder, {_gigabytes(needed_bytes)} needed",
            file=outdir,
            fix="free space, or name an outdir on another disk",
        )


def _tool(name: str) -> Tool:
    try:
        return TOOLS[name]
    except KeyError:
        raise InputError(f"no tool {name!r}", fix=f"name one of {', '.join(TOOLS)}") from None


def _inspect_tool(tool: Tool, *, is_needed: bool) -> Finding:
    try:
        found = find_version(tool.name)
    except MachineError as error:
        return Finding(tool.name, "", tool.minimum, is_needed, error.problem.removeprefix(f"{tool.name} "), tool.source)
    problem = ""
    if found is None:
        problem = "is not on PATH"
    elif is_older(found, tool.minimum):
        problem = f"is version {found}, {tool.minimum} or newer is needed"
    return Finding(tool.name, found or "", tool.minimum, is_needed, problem, tool.source)


def _inspect_package(name: str, minimum: str, requirement: Requirement) -> Finding:
    source = "make setup"
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding(name, "", minimum, True, "is not installed", source)
    fits = requirement.specifier.contains(found, prereleases=True)
    return Finding(name, found, minimum, True, "" if fits else f"is version {found}, {minimum} is needed", source)


def _install(tools: Sequence[Tool]) -> str:
    debian = " ".join(dict.fromkeys(word for tool in tools for word in tool.debian.split()))
    conda = " ".join(dict.fromkeys(tool.conda if "::" in tool.conda else f"bioconda::{tool.conda}" for tool in tools))
    without = [tool.name for tool in tools if not tool.debian]
    left_out = f" (not {', '.join(without)})" if without else ""
    by_conda = f"conda install {conda}"
    if not debian:
        return by_conda
    return f"apt-get install {debian}{left_out}, or {by_conda}"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
