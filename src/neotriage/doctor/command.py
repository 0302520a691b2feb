"""`neotriage doctor`: a table of what the machine has, and one line on what it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neotriage.doctor import Finding, check_outdir, check_versions, inspect_packages, inspect_tools, needed_tools
from neotriage.errors import MachineError
from neotriage.provenance.tools import TOOLS

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def doctor(
    *,
    outdir: Annotated[Path, typer.Option(help="Output folder of the runs to come.")] = Path("results"),
    free_gb: Annotated[float, typer.Option(help="Free disk that the run needs there, GB.")] = 2.0,
    tool: Annotated[
        list[str] | None, typer.Option(help="A tool that is needed besides the usual ones; may be repeated.")
    ] = None,
) -> None:
    """Say which tools and packages are here, missing or too old, and whether the output folder can be written."""
    needed = needed_tools(tool or ())
    tools = inspect_tools(TOOLS, needed)
    packages = inspect_packages()
    print(_table([*tools, *packages]))
    wrong = [finding for finding in packages if finding.problem]
    if wrong:
        raise MachineError("; ".join(f"Python package {f.name} {f.problem}" for f in wrong), fix="run `make setup`")
    check_versions(finding.name for finding in tools if finding.is_needed and finding.problem)
    check_outdir(outdir, needed_bytes=int(free_gb * 1e9))
    print(f"{outdir}: can be written, {free_gb:g} GB are free")


def _table(findings: list[Finding]) -> str:
    rows = [("name", "found", "needed", ""), *(_row(finding) for finding in findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join((*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3])).rstrip() for row in rows
    )


def _row(finding: Finding) -> tuple[str, str, str, str]:
    minimum = finding.minimum if finding.minimum[:1] in "><=!~" else f">={finding.minimum}"
    wanted = minimum if finding.is_needed else f"{minimum}, optional"
    said = f"{finding.problem}: {finding.source}" if finding.problem else "ok"
    return finding.name, finding.found or "-", wanted, said
