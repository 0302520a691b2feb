"""What a reanalysis leaves: per family changes.json, and for the archive a summary as TSV, JSON and one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from neotriage.reanalyse.archive import NotJudged
from neotriage.reanalyse.run import Outcome
from neotriage.whole_file import write_json, write_text

__all__ = ["as_dict", "statement", "write_family", "write_summary"]

_COLUMNS = ("family", "date", "outcome", "kind", "gene", "rank", "tier", "probability", "sources", "differences")


def statement(outcome: Outcome, date: str) -> str:
    """The family's result in one dated sentence."""
    against = "; ".join(f"{name} {states['after']}" for name, states in outcome.sources.items())
    if outcome.has_changed:
        count = len(outcome.changes)
        changed = f"{count} candidate{'s' * (count != 1)} differ{'s' * (count == 1)}"
        moved = f"; statement {outcome.statement_before} -> {outcome.statement_after}"
        return (
            f"{date}: {changed}{moved if outcome.statement_before != outcome.statement_after else ''}. Held against {against}."
        )
    return f"{date}: nothing changed. Held against {against}."


def as_dict(outcome: Outcome, date: str) -> dict[str, Any]:
    """An outcome as plain values."""
    changes = [
        {
            "kind": change.kind.value,
            "gene": change.gene,
            "sources": list(change.sources),
            "differences": list(change.differences),
            "before": None if change.before is None else change.before.as_dict(),
            "after": None if change.after is None else change.after.as_dict(),
        }
        for change in outcome.changes
    ]
    return {
        "family": outcome.family,
        "date": date,
        "statement": statement(outcome, date),
        "has_changed": outcome.has_changed,
        "statement_before": outcome.statement_before,
        "statement_after": outcome.statement_after,
        "sources": {name: dict(states) for name, states in outcome.sources.items()},
        "switched": [list(step) for step in outcome.steps],
        "changes": changes,
        "to_look_at": list(outcome.to_look_at),
    }


def write_family(outcome: Outcome, date: str, folder: Path) -> None:
    """Write `<folder>/<family>/changes.json`."""
    target = folder / outcome.family
    target.mkdir(exist_ok=True)
    write_json(target / "changes.json", as_dict(outcome, date))


def write_summary(outcomes: Sequence[Outcome], not_judged: Sequence[NotJudged], date: str, folder: Path) -> None:
    """Write summary.tsv, summary.json and summary.html of the archive: not judged, changed, the rest."""
    open_ones = [
        {"family": one.family, "date": date, "statement": f"{date}: not judged: {one.reason}", "not_judged": one.reason}
        for one in not_judged
    ]
    found = [as_dict(outcome, date) for outcome in sorted(outcomes, key=lambda one: (not one.has_changed, one.family))]
    rows = [list(_COLUMNS), *([one.family, date, "not judged", *[""] * 6, one.reason] for one in not_judged)]
    for one in found:
        start = [one["family"], date, "changed" if one["has_changed"] else "nothing changed"]
        rows += [[*start, *_cells(change)] for change in one["changes"]]
        rows += [[*start, "to look at", "", "", "", "", "ClinVar", words] for words in one["to_look_at"]]
        if not one["changes"] and not one["to_look_at"]:
            rows.append([*start, "", "", "", "", "", "", ""])
    write_text(folder / "summary.tsv", "".join("\t".join(row) + "\n" for row in rows))
    write_json(folder / "summary.json", [*open_ones, *found])
    page = Environment(loader=PackageLoader("neotriage.reanalyse"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    write_text(
        folder / "summary.html", page.get_template("summary.html.j2").render(families=found, not_judged=not_judged, date=date)
    )


def _cells(change: dict[str, Any]) -> list[str]:
    shown = change["after"] or change["before"]
    figures = [str(shown["rank"]), shown["tier"], f"{shown['probability']:.3f}"]
    return [change["kind"], change["gene"], *figures, "+".join(change["sources"]), "; ".join(change["differences"])]
