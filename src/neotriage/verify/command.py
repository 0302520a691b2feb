"""`neotriage verify`: the alignments read again at what looks de novo, and phase by reads."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def verify(
    case: Annotated[Path, typer.Option(help="inputs/case.json")],
    variants: Annotated[Path, typer.Option(help="table/variants.parquet")],
    consequences: Annotated[Path, typer.Option(help="annotate/consequences.parquet")],
    calls: Annotated[Path, typer.Option(help="calls/calls.vcf.gz, indexed")],
    reference: Annotated[Path, typer.Option(help="FASTA of the run, indexed")],
    output: Annotated[Path, typer.Option(help="the table to write")],
    alignment: Annotated[
        list[str] | None, typer.Option(help="SAMPLE=indexed BAM or CRAM, once for each person; who has none is not looked at")
    ] = None,
    has_frequencies: Annotated[
        bool, typer.Option("--has-frequencies", help="the table was held against a frequency source")
    ] = False,
) -> None:
    """Read the alignments again at what looks de novo, and find the phase that reads show."""
    from neotriage.verify import run_verify

    pairs = [text.partition("=") for text in alignment or ()]
    if any(not path for _, _, path in pairs):
        raise typer.BadParameter("give SAMPLE=PATH", param_hint="--alignment")
    alignments = {name: Path(path) for name, _, path in pairs}
    run_verify(case, variants, consequences, calls, alignments, reference, output, has_frequencies=has_frequencies)
