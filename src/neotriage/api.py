"""The engine from Python, for notebooks: read a family, make its table, filter it, find how it is inherited.

docs/api.md is the tutorial. Tables are polars frames with the columns of `schema.py`; what they hold is 0-based.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from neotriage.always_look import read_always_look
from neotriage.annotate import annotations_table, consequences_table, open_mitochondrion
from neotriage.case import Case
from neotriage.columns import read_table
from neotriage.errors import InputError
from neotriage.gene_models import GeneModels, read_gene_models
from neotriage.genome import read_build
from neotriage.inheritance import Inheritance, find_hits
from neotriage.inheritance.genes import read_gene_rules
from neotriage.panels import read_panel
from neotriage.pedigree import Member, Sex, check_family
from neotriage.settings import Settings
from neotriage.store import open_clinvar, open_store
from neotriage.table import TableInputs, TableOutputs, triage

__all__ = ["FamilyTable", "find_consequences", "find_inheritance", "make_table", "open_table", "read_family"]

_PED_COLUMNS = 6
_SEX = {"1": Sex.MALE, "2": Sex.FEMALE}
_AFFECTED = {"1": False, "2": True}


@dataclass(frozen=True)
class FamilyTable:
    """A family's small variants as columns.

    Attributes:
        case: the family and its question.
        gene_models: the gene models that the table was made with.
        folder: where its files are.
        variants: the `variants` table; per-sample columns are in the order of `case.family.samples`.
        ledger: the `ledger` table: the fate of each variant of a panel gene and of each ClinVar P/LP site.
        counts: how many alternate alleles met which end.
    """

    case: Case
    gene_models: GeneModels
    folder: Path
    variants: pl.DataFrame
    ledger: pl.DataFrame
    counts: pl.DataFrame

    def filter(self, *predicates: pl.Expr) -> FamilyTable:
        """The table with the variants for which every predicate is true, numbered anew; NaN and missing values are not."""
        kept = self.variants.filter(*predicates)
        return replace(self, variants=kept.with_columns(variant=pl.Series(np.arange(kept.height, dtype=np.int32))))


def read_family(
    ped: str | Path,
    name: str | None = None,
    *,
    proband: str | None = None,
    panels: Sequence[str | Path] = (),
    build: str = "GRCh38",
    settings: Settings | None = None,
) -> Case:
    """A family of a PED file: family, sample, father, mother (0 not sequenced), sex (1, 2), affected (1 no, 2 yes, 0 unknown).

    Args:
        ped: the file.
        name: the family, if the file has several.
        proband: the baby; without it the one affected person who is nobody's parent.
        panels: gene panels: PanelApp's JSON, a table, or a list of genes.
        build: GRCh38, GRCh37, or a YAML file that describes the build.
        settings: thresholds other than the published ones.

    Raises:
        InputError: a row that is not PED, a family that cannot be, or which of several is not said.
    """
    path = Path(ped)
    rows = [(n, line.split()) for n, line in enumerate(path.read_text().splitlines(), start=1) if line[:1] not in {"", "#"}]
    members: dict[str, list[Member]] = {}
    lines: dict[str, int] = {}
    for number, row in rows:
        if len(row) != _PED_COLUMNS or row[4] not in {"0", *_SEX} or row[5] not in {"-9", "0", *_AFFECTED}:
            fix = "write family, sample, father, mother, sex, affected, separated by tabs"
            raise InputError("not a row of a PED file", file=path, row=number, fix=fix)
        father, mother = (None if value == "0" else value for value in row[2:4])
        member = Member(row[1], _SEX.get(row[4], Sex.UNKNOWN), _AFFECTED.get(row[5]), father, mother)
        members.setdefault(row[0], []).append(member)
        lines[member.sample] = number
    chosen = name or (next(iter(members)) if len(members) == 1 else "")
    if chosen not in members:
        has = ", ".join(members) or "none"
        raise InputError(f"which family? it has {has}", file=path, fix="name one of them")
    family = check_family(chosen, members[chosen], proband=proband, file=path, rows=lines)
    return Case(chosen, family, panels=tuple(map(str, panels)), settings=settings or Settings(), build=build)


def make_table(
    case: Case,
    calls: str | Path,
    gene_models: str | Path,
    folder: str | Path,
    *,
    store: str | Path | None = None,
    clinvar: str | Path | None = None,
    threads: int = 1,
) -> FamilyTable:
    """Read a family's calls once, and keep what the table stage keeps; its files stay in the folder, for `open_table`.

    Args:
        case: the family.
        calls: its joint calls, VCF or BCF, after `bcftools norm`; `-` is standard input.
        gene_models: Ensembl-style GFF3.
        folder: made if it is not there.
        store: frequency store; without one, frequency is not measured.
        clinvar: ClinVar's VCF or store; without it, ClinVar is not looked at.
        threads: they change nothing but the time.

    Raises:
        NeotriageError: as the table stage; the folder then has no table.
    """
    build = read_build(case.build)
    models = read_gene_models(Path(gene_models), build)
    inputs = TableInputs(
        case=case,
        build=build,
        calls=Path(calls),
        gene_models=models,
        panels=[read_panel(Path(panel)) for panel in case.panels],
        always_look=read_always_look(build, models),
        store=None if store is None else open_store(store),
        clinvar=None if clinvar is None else open_clinvar(Path(clinvar), build, threads),
    )
    outputs = _outputs(Path(folder))
    outputs.variants.parent.mkdir(parents=True, exist_ok=True)
    triage(inputs, outputs, threads)
    return _read(case, models, Path(folder))


def open_table(case: Case, gene_models: str | Path, folder: str | Path) -> FamilyTable:
    """The table that `make_table` or the table stage wrote to the folder; the calls are not touched.

    Raises:
        FormatError: not such tables, or of another schema version.
    """
    return _read(case, read_gene_models(Path(gene_models), read_build(case.build)), Path(folder))


def find_consequences(table: FamilyTable, *, reference: str | Path, vep: str | Path | None = None) -> pl.DataFrame:
    """The `consequences` table of a table's variants: each on each transcript, neighbours in one codon taken together.

    Args:
        table: the table, filtered or not; csq sees all that the table stage kept.
        reference: FASTA with .fai.
        vep: the survivors annotated by VEP (VCF with CSQ), in place of `bcftools csq`.

    Raises:
        InputError: bcftools csq fails.
        FormatError: as the annotate stage.
    """
    build, models = read_build(table.case.build), table.gene_models
    if vep is None:
        vep = table.folder / "csq.vcf.gz"
        command = ["bcftools", "csq", "--no-version", "-p", "a", "-f", reference, "-g", models.file, "-Oz", "-o", vep]
        ran = subprocess.run([*command, _outputs(table.folder).survivors], capture_output=True, text=True, check=False)
        if ran.returncode:
            last = (ran.stderr.strip().splitlines() or [""])[-1]
            raise InputError(f"bcftools csq fails: {last}", file=models.file, fix="give gene models and reference of one build")
    proband = table.case.family.proband.sample
    mitochondrion = open_mitochondrion(build, models, Path(reference))
    return consequences_table(table.variants, Path(vep), models, proband, mitochondrion)[0]


def find_inheritance(table: FamilyTable, consequences: pl.DataFrame, clinvar: str | Path | None = None) -> Inheritance:
    """The ways in which the table's variants explain the affected (`hits`), and why the others do not (`ledger`).

    Args:
        table: the table, filtered or not.
        consequences: of this same table; after a filter, find them again.
        clinvar: ClinVar's VCF.
    """
    build = read_build(table.case.build)
    annotations = annotations_table(table.variants, None if clinvar is None else Path(clinvar), build)
    rules = read_gene_rules(table.case.panels, table.gene_models)
    return find_hits(table.case, build, table.variants, consequences, annotations, rules)


def _outputs(folder: Path) -> TableOutputs:
    names = ("variants.parquet", "ledger.parquet", "counts.tsv", "survivors.vcf.gz")
    return TableOutputs(*(folder / name for name in names))


def _read(case: Case, models: GeneModels, folder: Path) -> FamilyTable:
    files = _outputs(folder)
    variants, ledger = read_table(files.variants, "variants"), read_table(files.ledger, "ledger")
    counts = pl.read_csv(files.counts, separator="\t", schema_overrides={"rule": pl.String})
    return FamilyTable(case, models, folder, variants, ledger, counts.with_columns(pl.col("rule").fill_null("")))
