"""`neotriage reanalyse`: stored families against newer ClinVar, panels and HPO, without the reads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False)


@app.command()
def reanalyse(
    results: Annotated[Path, typer.Argument(help="results folder of finished families; only read")],
    config: Annotated[Path, typer.Option(help="config of the run; paths are taken from the folder you run in")],
    family: Annotated[list[str] | None, typer.Option(help="a family; repeat for more; all if none is named")] = None,
    clinvar: Annotated[Path | None, typer.Option(help="newer ClinVar VCF in place of the config's")] = None,
    panels: Annotated[Path | None, typer.Option(help="folder of newer panels, by the same file names")] = None,
    hpo: Annotated[
        Path | None, typer.Option(help="folder of a newer HPO: hp.obo, phenotype.hpoa, genes_to_phenotype.txt")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="folder; by default RESULTS-reanalysis/<date> beside the results")] = None,
    date: Annotated[str, typer.Option(help="date of the statement; today's if not given")] = "",
) -> None:
    """Re-tier stored families by newer sources, and list what is new, lost or changed and which source did it."""
    import tempfile

    from neotriage.errors import InputError
    from neotriage.inputs import read_shared
    from neotriage.inputs.document import read_document
    from neotriage.reanalyse import NotJudged, find_families, open_newer
    from neotriage.reanalyse import reanalyse as judge
    from neotriage.reanalyse.written import statement, write_family, write_summary

    today = date or datetime.now(UTC).date().isoformat()
    families, not_judged = find_families(results, family or ())
    values: Any = read_document(config).values
    if not isinstance(values, dict) or not isinstance(values.get("resources") or {}, dict):
        raise InputError("not a config", file=config, fix="name the run's config.yaml")
    given = {"clinvar": clinvar, "panels": panels}
    values["resources"] = (values.get("resources") or {}) | {key: str(path) for key, path in given.items() if path is not None}
    shared = read_shared(values, config_file=str(config))
    folder = _new_folder(output, results, today)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="neotriage.") as scratch:
        newer = open_newer(results, shared, Path(scratch), hpo=hpo)
        for outcome in judge(families, newer, folder):
            if isinstance(outcome, NotJudged):
                not_judged.append(outcome)
                continue
            outcomes.append(outcome)
            write_family(outcome, today, folder)
            typer.echo(f"{outcome.family}\t{statement(outcome, today)}")
            for change in outcome.changes:
                words = "; ".join(change.differences)
                typer.echo(f"  {change.kind}\t{change.gene}\tby {' and '.join(change.sources)}\t{words}")
            for words in outcome.to_look_at:
                typer.echo(f"  to look at\t{words}")
    write_summary(outcomes, not_judged, today, folder)
    typer.echo(f"{folder}/summary.html")
    if not_judged:
        told = "; ".join(f"{one.family}: {one.reason}" for one in not_judged)
        raise InputError(
            f"{len(not_judged)} of {len(outcomes) + len(not_judged)} families were not judged: {told}", file=results
        )


def _new_folder(output: Path | None, results: Path, today: str) -> Path:
    """A folder of its own: nothing that is there is written over."""
    base = output or results.resolve().with_name(f"{results.resolve().name}-reanalysis") / today
    folder, number = base, 1
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}.{number}")
    folder.mkdir(parents=True)
    return folder
