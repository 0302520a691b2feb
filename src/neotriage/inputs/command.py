"""`neotriage inputs`: check a run, or write one family's case for the stages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from neotriage.case import write_case
from neotriage.errors import InputError
from neotriage.inputs import CaseInputs, Run, read_run
from neotriage.inputs.document import read_document

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def inputs(
    *,
    config: Annotated[Path | None, typer.Option(help="Config file (YAML).")] = None,
    config_json: Annotated[str, typer.Option(help="The config's values as JSON, in place of --config.")] = "",
    config_file: Annotated[str | None, typer.Option(help="Name of the file those values are from, for messages.")] = None,
    case: Annotated[str, typer.Option(help="Family to write.")] = "",
    output: Annotated[Path | None, typer.Option(help="Where to write the family's case (JSON).")] = None,
    check: Annotated[bool, typer.Option("--check", help="Check everything and print the families.")] = False,
) -> None:
    """Check samplesheet, case files and config; write a family's case or print the families."""
    if check == (output is not None):
        raise InputError("nothing to do", fix="give --check, or --case and --output")
    run = _run(config, config_json, config_file)
    if output is None:
        print(_table(run))
        return
    if case not in run.cases:
        raise InputError(f"no family {case!r}", file=run.samplesheet, fix=f"--case is one of {', '.join(run.cases)}")
    write_case(run.cases[case].case, output)


def _run(config: Path | None, config_json: str, config_file: str | None) -> Run:
    if (config is None) == (not config_json):
        raise InputError("no config, or two", fix="give --config or --config-json")
    if config is not None:
        return read_run(read_document(config).values, config_file=str(config))
    try:
        values: Any = json.loads(config_json)
    except json.JSONDecodeError as error:
        raise InputError(f"--config-json is not JSON ({error})", fix="give the config's values as JSON") from None
    return read_run(values, config_file=config_file)


def _table(run: Run) -> str:
    head = ("family", "kind", "proband", "sequenced", "files", "HPO terms", "panels")
    rows = [head, *(_family_row(inputs) for inputs in run.cases.values())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    notes = [f"{name}: {note}" for name, inputs in run.cases.items() for note in inputs.case.notes]
    unused = [f"not on the samplesheet, not used: {path}" for path in run.unused_case_files]
    return "\n".join([*lines, *notes, *unused])


def _family_row(inputs: CaseInputs) -> tuple[str, ...]:
    family = inputs.case.family
    kinds = dict.fromkeys(file.kind.value for file in inputs.files)
    return (
        family.name,
        family.kind,
        family.proband.sample,
        ",".join(family.samples),
        f"{len({file.path for file in inputs.files})} ({', '.join(kinds)})",
        f"{len(inputs.case.hpo_present)} present, {len(inputs.case.hpo_excluded)} excluded",
        str(len(inputs.case.panels)),
    )
