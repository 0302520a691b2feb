"""The provenance statement of a case, put together from its parts."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from neotriage import __version__
from neotriage.errors import MachineError
from neotriage.home import checkout
from neotriage.provenance.tools import TOOLS, find_version
from neotriage.schema import SCHEMA_VERSION

__all__ = ["package_versions", "pipeline_version", "provenance", "tool_versions"]

_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)[^;]*(?P<marker>;.*extra\s*==.*)?$")


def provenance(
    *,
    config_sha256: str,
    settings: Mapping[str, Any],
    tools: Mapping[str, str],
    resources: Sequence[Mapping[str, Any]],
    commands: Iterable[str],
    canaries: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The statement as plain values, resources by name, commands in the order run.

    Args:
        config_sha256: SHA-256 of the config with its defaults (`Run.config_sha256`).
        settings: the thresholds in force (`Settings.as_dict`).
        tools: tool -> version, as `tool_versions` gives.
        resources: records as `describe_resource` makes.
        commands: command lines; the working directory and the checkout are taken out of their paths.
        canaries: how many sentinel variants were found as expected, by kind; none where they were not looked for.
    """
    return {
        "pipeline": pipeline_version(checkout()),
        "config_sha256": config_sha256,
        "settings": dict(settings),
        "tools": dict(sorted(tools.items())),
        "python": platform.python_version(),
        "packages": package_versions(),
        "resources": sorted(map(dict, resources), key=lambda record: str(record["name"])),
        "commands": [_without_folders(command) for command in commands],
        "canaries": dict(canaries or {}),
    }


def pipeline_version(top: Path) -> dict[str, Any]:
    """Version of neotriage, the git commit of its checkout ('' if there is none), and whether tracked files differ from it."""
    commit = _git(top, "rev-parse", "HEAD") if (top / ".git").exists() else None
    changes = None if commit is None else _git(top, "status", "--porcelain", "--untracked-files=no")
    return {
        "name": "neotriage",
        "version": __version__,
        "schema_version": SCHEMA_VERSION,
        "git_commit": commit or "",
        "has_local_changes": None if changes is None else bool(changes),
    }


def tool_versions(names: Iterable[str]) -> dict[str, str]:
    """Tool -> version, of the tools that a run used.

    Raises:
        MachineError: one is not on PATH, or does not run.
    """
    versions: dict[str, str] = {}
    for name in sorted(set(names)):
        found = find_version(name)
        if found is None:
            raise MachineError(f"{name} is not on PATH", fix=TOOLS[name].source)
        versions[name] = found
    return versions


def package_versions() -> dict[str, str]:
    """Python package -> installed version, of those that neotriage runs on; '' not installed."""
    matches = (_REQUIREMENT.match(line) for line in requires("neotriage") or ())
    names = sorted({match["name"] for match in matches if match and not match["marker"]}, key=str.lower)
    return {name: _installed(name) for name in names}


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _git(top: Path, *arguments: str) -> str | None:
    """Git's answer; None where git is absent or will not answer (another owner's checkout)."""
    try:
        done = subprocess.run(["git", "-C", str(top), *arguments], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _without_folders(command: str) -> str:
    for folder in sorted({str(Path.cwd()), str(checkout())}, key=len, reverse=True):
        command = command.replace(f"{folder}/", "")
    return " ".join(command.split())
