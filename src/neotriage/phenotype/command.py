"""Command line of the phenotype term on its own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neotriage.phenotype import Explanation, GeneScores

app = typer.Typer(add_completion=False)


@app.command()
def phenotype(
    present: Annotated[list[str], typer.Argument(help="HPO ids of the patient's findings")],
    excluded: Annotated[
        list[str] | None, typer.Option(help="HPO id of a finding looked for and absent; repeat for more")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="genes shown")] = 20,
    gene: Annotated[
        list[str] | None, typer.Option(help="show the parts of this gene, whatever its rank; repeat for more")
    ] = None,
    newborn: Annotated[bool, typer.Option(help="findings that a newborn cannot show do not count against a disease")] = True,
    hpo: Annotated[Path | None, typer.Option(help="folder of another HPO release")] = None,
    cache: Annotated[Path | None, typer.Option(help="folder for the compiled arrays")] = None,
) -> None:
    """Rank genes by HPO terms alone, each term's part shown in decibans."""
    from neotriage.phenotype import load, score

    model = load(hpo, cache)
    scores = score(model, present, excluded or (), newborn=newborn)
    typer.echo(f"# HPO {model.release}, {len(model.genes)} genes; decibans against the average gene")
    for note in scores.notes:
        typer.echo(f"# {note}")
    chosen = gene or [model.genes[i] for i in scores.order[:top]]
    typer.echo("rank\tgene\tdb\tdisease\tname\tmodes\tparts")
    for symbol in chosen:
        typer.echo(_row(scores, symbol))
    if gene:
        for symbol in gene:
            for line in _parts(scores.explain(symbol)):
                typer.echo(line)


def _row(scores: GeneScores, symbol: str) -> str:
    explanation = scores.explain(symbol)
    rank = int((scores.db > scores.decibans(symbol)).sum()) + 1
    parts = "; ".join(f"{part.term or part.kind} {part.db:+.1f}" for part in explanation.parts)
    disease = explanation.disease
    return "\t".join((str(rank), symbol, f"{explanation.db:.1f}", disease.id, disease.name, ", ".join(disease.modes), parts))


def _parts(explanation: Explanation) -> list[str]:
    lines = ["", f"# {explanation.gene}: {explanation.disease.id} {explanation.disease.name}, {explanation.db:.2f} dB"]
    lines.append("kind\tterm\tname\tdisease\tmatched\tmatched_name\tfrequency\tbackground\tdb")
    for p in explanation.parts:
        numbers = ["" if math.isnan(value) else f"{value:.4g}" for value in (p.frequency, p.background)]
        lines.append("\t".join((p.kind, p.term, p.term_name, p.disease, p.matched, p.matched_name, *numbers, f"{p.db:+.2f}")))
    return lines
