"""`neotriage provenance`: describe a shared file once, and state what made a case's report."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from neotriage.case import read_case
from neotriage.errors import FormatError
from neotriage.provenance import ResourceRecord, describe_resource, provenance, tool_versions
from neotriage.whole_file import write_json

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)


@app.command()
def resource(
    *,
    name: Annotated[str, typer.Option(help="Name of the resource, e.g. clinvar.")],
    file: Annotated[Path, typer.Option(help="The file.")],
    output: Annotated[Path, typer.Option(help="Its record (JSON).")],
) -> None:
    """Describe a resource: checksum, version as its header states it, records."""
    write_json(output, describe_resource(name, file).as_dict())


@app.command()
def case(
    *,
    case: Annotated[Path, typer.Option(help="The case (JSON).")],
    config_sha256: Annotated[str, typer.Option(help="SHA-256 of the config.")],
    resource: Annotated[list[Path] | None, typer.Option(help="Record of a resource; may be repeated.")] = None,
    tool: Annotated[list[str] | None, typer.Option(help="A tool the run called; may be repeated.")] = None,
    commands: Annotated[list[Path] | None, typer.Option(help="Text file of command lines; may be repeated.")] = None,
    canaries: Annotated[Path | None, typer.Option(help="What `neotriage canaries check` found (JSON).")] = None,
    output: Annotated[Path, typer.Option(help="The statement (JSON).")],
) -> None:
    """State what made a case's report."""
    lines = [line for path in commands or () for line in path.read_text().splitlines() if line.strip()]
    statement = provenance(
        config_sha256=config_sha256,
        settings=read_case(case).settings.as_dict(),
        tools=tool_versions(tool or ()),
        resources=[_read(path) for path in resource or ()],
        commands=lines,
        canaries={} if canaries is None else json.loads(canaries.read_text()),
    )
    write_json(output, statement)


def _read(path: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(path.read_text())
        return {field.name: record[field.name] for field in fields(ResourceRecord)}
    except (ValueError, TypeError, KeyError) as error:
        raise FormatError(
            f"not a record of a resource ({error!r})", file=path, fix="run `neotriage provenance resource`"
        ) from None
