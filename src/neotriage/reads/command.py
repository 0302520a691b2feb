"""`neotriage reads`: the command line of the checks before alignment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neotriage.whole_file import write_text

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def reads() -> None:
    """Check read files before they are aligned or taken over."""


@app.command()
def check_fastq(
    fastq_1: Annotated[Path, typer.Option("--fastq-1", help="first mates")],
    fastq_2: Annotated[Path, typer.Option("--fastq-2", help="second mates")],
) -> None:
    """Pass if both files are whole and the mates of each other; say how many pairs they hold."""
    from neotriage.reads.fastq import check_fastq_pair

    first, _ = check_fastq_pair(fastq_1, fastq_2)
    print(f"{first.records} read pairs")


@app.command()
def check_alignment(
    file: Annotated[Path, typer.Option(help="BAM or CRAM")],
    name_in_file: Annotated[str, typer.Option(help="the person's SM in that file")],
    sample: Annotated[str, typer.Option(help="the person's name on the sheet")],
    build: Annotated[str, typer.Option(help="name of the build or its YAML file")],
    dictionary: Annotated[Path, typer.Option(help="the reference's .dict")],
    header: Annotated[Path, typer.Option(help="SAM header that the file gets here")],
    realign: Annotated[bool, typer.Option("--realign", help="the reads are aligned again")] = False,
) -> None:
    """Pass if a BAM or CRAM is whole, sorted, of the build and of that person; write its new header."""
    from neotriage.genome import read_build
    from neotriage.reads.alignment import check_alignment as check
    from neotriage.reads.alignment import header_for
    from neotriage.reads.dictionary import read_dictionary

    facts = check(file, read_build(build), name_in_file, is_realigned=realign)
    write_text(header, header_for(facts, read_dictionary(dictionary), sample))


@app.command()
def check_reference(
    reference: Annotated[Path, typer.Option(help="FASTA as given, for messages")],
    dictionary: Annotated[Path, typer.Option(help="its .dict")],
    build: Annotated[str, typer.Option(help="name of the build or its YAML file")],
) -> None:
    """Pass if the reference has every contig of the build, each of the build's length."""
    from neotriage.genome import read_build
    from neotriage.reads.dictionary import check_dictionary, read_dictionary

    check_dictionary(read_dictionary(dictionary), read_build(build), reference)
