"""The command line: one command per stage, loaded only when asked for. User errors are one line and exit 2."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Mapping
from importlib import import_module

from neotriage import __version__
from neotriage.errors import MachineError, NeotriageError

__all__ = ["COMMANDS", "main"]

COMMANDS: Mapping[str, str] = {
    "inputs": "check samplesheet, case files and config; write each case for the stages",
    "reads": "check read files before alignment",
    "actnow": "the provisional page of treatable findings, before the calls",
    "qc": "gather the quality figures of a family into one verdict",
    "calls": "regions, ploidy and checks for variant calling",
    "table": "filter a family's calls into the variant table and the why-not ledger",
    "annotate": "consequences and ClinVar for the table",
    "verify": "read the alignments again at what looks de novo; phase by reads",
    "inheritance": "the ways in which variants explain the affected",
    "evidence": "ACMG/AMP criteria and classes",
    "rank": "rank the candidates",
    "report": "HTML, TSV, JSON and annotated VCF",
    "run": "check everything, then let Snakemake do the work, with a live view",
    "plan": "when so many families are done on so many nodes, by what was measured",
    "clock": "when a family came, what each stage took, how long is left",
    "whynot": "why a variant or a gene is not in the report",
    "reanalyse": "stored families against newer ClinVar, panels and HPO, without the reads",
    "serve": "local page over many families: worklist, search, notes, sign-off",
    "store": "build and read the frequency store",
    "phenotype": "rank genes by HPO terms alone",
    "panels": "fetch, take, check or suggest gene panels",
    "simulate": "make the embedded family: genome, gene models, reads, planted variants",
    "canaries": "choose sentinel variants; send them through the annotation",
    "provenance": "describe resources; state what made a report",
    "seal": "checksums and a signature over results, and the check of both",
    "resources": "plan, fetch, verify, build and compare the outside resources",
    "doctor": "say which tools are missing or too old",
}


def main(arguments: list[str] | None = None) -> None:
    """Run `neotriage COMMAND …`: exit 0 done, 2 the user's to mend, 1 a bug (with traceback)."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in {"-h", "--help"}:
        print(_help())
        return
    if given[0] == "--version":
        print(f"neotriage {__version__}")
        return
    if given[0] not in COMMANDS:
        _fail(f"no command {given[0]!r}. Fix: use one of {', '.join(COMMANDS)}")
    # A command's start makes objects that all stay: they need not be looked through again and again.
    gc.set_threshold(100_000, 20, 20)
    app = import_module(f"neotriage.{given[0]}.command").app
    app.pretty_exceptions_enable = False  # they show local variables: a bug's traceback may go to strangers
    try:
        app(given[1:], prog_name=f"neotriage {given[0]}")
    except NeotriageError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT}:
            raise
        place = error.filename or "the output"
        _fail(
            str(MachineError(f"{os.strerror(error.errno)}: {place}", fix="free space or choose a folder that can be written"))
        )


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()]
    return "\n".join(["usage: neotriage COMMAND [OPTIONS]   (neotriage COMMAND --help)", "", *lines])


def _fail(line: str) -> None:
    print(f"neotriage: error: {line}", file=sys.stderr)
    sys.exit(2)
