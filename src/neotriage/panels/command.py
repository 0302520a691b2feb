"""`neotriage panels`: fetch one from PanelApp, take one from its table, check one, suggest some for HPO terms."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from neotriage.whole_file import write_text

if TYPE_CHECKING:
    from neotriage.panels import Panel, PanelGene
    from neotriage.panels.names import GeneNames

app = typer.Typer(help="Gene panels.", no_args_is_help=True, add_completion=False)


@app.command()
def fetch(
    identifier: Annotated[str, typer.Argument(help="PanelApp's number of the panel")],
    output: Annotated[Path, typer.Option(help="file to write, .json")],
    version: Annotated[str, typer.Option(help="version; the newest if not given")] = "",
    signed_off: Annotated[bool, typer.Option("--signed-off", help="the version that the NHS signed off last")] = False,
) -> None:
    """Fetch a panel from PanelApp, checked before it is written."""
    from neotriage.errors import InputError, NeotriageError
    from neotriage.panels import read_panel
    from neotriage.panels.api import fetch_panel

    if version and signed_off:
        raise InputError("--version and --signed-off", fix="give one of them")
    if output.suffix != ".json":
        raise InputError(f"{output} does not end in .json", fix="name it .json")
    text = fetch_panel(identifier, version=version, signed_off=signed_off)
    with TemporaryDirectory() as folder:  # not beside the output: a run takes every file of a panels folder for a panel
        fetched = Path(folder) / output.name
        fetched.write_text(text)
        try:
            panel = read_panel(fetched)
        except NeotriageError as error:
            raise type(error)(f"panel {identifier} of PanelApp: {error.problem}", column=error.column, fix=error.fix) from None
    write_text(output, text)
    _describe(panel)


@app.command()
def take(
    table: Annotated[Path, typer.Argument(help="PanelApp's table of all panels, tab-separated")],
    name: Annotated[str, typer.Option(help="the panel's name")],
    output: Annotated[Path, typer.Option(help="file to write, .tsv")],
) -> None:
    """Take one panel from the table of all panels."""
    from neotriage.errors import InputError
    from neotriage.panels import read_panel_table

    found = [panel for panel in read_panel_table(table) if panel.name == name]
    if not found:
        raise InputError(f"no panel is called {name!r}", file=table, fix="see `cut -f5` of the table")
    rows = [f"{g.symbol}\t{g.confidence}\t{g.mode_text}" for panel in found for g in panel.genes]
    write_text(output, "\n".join(["symbol\tconfidence\tmode_of_inheritance", *rows]) + "\n")


@app.command()
def check(
    panel: Annotated[Path, typer.Argument(help="a panel")],
    gene_models: Annotated[Path, typer.Option(help="gene models, GFF3")],
    hgnc: Annotated[Path | None, typer.Option(help="HGNC's hgnc_complete_set.txt")] = None,
    withdrawn: Annotated[Path | None, typer.Option(help="HGNC's withdrawn.txt")] = None,
) -> None:
    """Say what a panel holds, and what of it the gene models lack; other names are shown and never used."""
    from neotriage.errors import InputError
    from neotriage.gene_models import read_gene_models
    from neotriage.panels import match_panel, read_panel
    from neotriage.panels.names import read_gene_names

    if withdrawn and not hgnc:
        raise InputError("--withdrawn without --hgnc", fix="give both")
    read = read_panel(panel)
    match = match_panel(read, read_gene_models(gene_models))
    names = read_gene_names(hgnc, withdrawn) if hgnc else None
    _describe(read)
    typer.echo(f"genes found\t{len(match.genes)}")
    for gene in match.unmatched:
        seen = ", ".join(match.candidates[gene.label])
        words = [f"perhaps {seen} (alias; not used)"] if seen else []
        typer.echo("\t".join(("not in the gene models", gene.label, gene.hgnc_id, "; ".join([*words, *_said(gene, names)]))))
    for gene in match.genes.values():
        if said := _said(gene, names):
            typer.echo("\t".join(("name", gene.label, gene.hgnc_id, "; ".join(said))))


@app.command()
def suggest(
    present: Annotated[list[str], typer.Argument(help="HPO ids of the patient's findings")],
    panels: Annotated[list[Path], typer.Option(help="a panel, or PanelApp's table of all; repeat for more")],
    top: Annotated[int, typer.Option(min=1, help="panels shown")] = 10,
) -> None:
    """Suggest panels for HPO terms."""
    from neotriage.panels import read_panel, read_panel_table
    from neotriage.panels.suggest import suggest_panels
    from neotriage.phenotype import load, score

    given = [p for path in panels for p in (read_panel_table(path) if _is_table(path) else (read_panel(path),))]
    scores = score(load(), present)
    for note in scores.notes:
        typer.echo(f"# {note}")
    typer.echo("panel\tversion\tshare\tby_chance\tnats\tgenes")
    for s in suggest_panels(scores, given)[:top]:
        row = (s.panel.name, s.panel.version, f"{s.share:.3f}", f"{s.by_chance:.3f}", f"{s.nats:.2f}", ", ".join(s.genes))
        typer.echo("\t".join(row))


def _said(gene: PanelGene, names: GeneNames | None) -> list[str]:
    """What HGNC says of a gene's names, where it was asked and says anything."""
    return sorted({names.say(name) for name in (gene.symbol, gene.hgnc_id) if name} - {""}) if names else []


def _is_table(path: Path) -> bool:
    """Whether a file is PanelApp's table of all panels, by its header."""
    import gzip

    if not path.is_file():
        return False
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as text:
        return {"name", "Gene", "confidence_level"} <= set(text.readline().rstrip("\n").split("\t"))


def _describe(panel: Panel) -> None:
    signed = f", signed off {panel.signed_off}" if panel.signed_off else ""
    typer.echo(f"panel\t{panel.name}, version {panel.version or 'not stated'}{signed}")
    typer.echo(f"sha256\t{panel.sha256}")
    typer.echo(f"green genes\t{sum(g.is_green for g in panel.genes)} of {len(panel.genes)}")
    for region in panel.regions:
        typer.echo(f"region\t{region.name}\t{region.contig}:{region.start + 1}-{region.end}\t{region.variants}")
    for repeat in panel.repeats:
        limits = f"normal to {repeat.normal_repeats}, pathogenic from {repeat.pathogenic_repeats}"
        typer.echo(f"repeat\t{repeat.name}\t{repeat.contig}:{repeat.start + 1}-{repeat.end}\t{repeat.motif}, {limits}")
