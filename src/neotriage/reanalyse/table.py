"""A family's stored table under another ClinVar: what it says now, what comes back, what goes.

A variant comes back that the filters had dropped and that ClinVar now calls P/LP: it is taken from the stored calls by the
table stage's own rules. Without the calls it cannot be judged; the stored ledger then names it as to be looked at. A variant
goes that was kept for ClinVar's word alone.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pysam

from neotriage.always_look import read_always_look
from neotriage.annotate import annotations_of, consequences_table, open_mitochondrion
from neotriage.annotate.consequences import sites_of
from neotriage.case import Case
from neotriage.clinvar import PATHOGENIC, Clinvar, ClinvarRecord, Site
from neotriage.columns import array, frame, read_table, table_samples, write_table
from neotriage.errors import ResourceError
from neotriage.gene_models import GeneModels
from neotriage.genome import Build
from neotriage.panels import read_panel
from neotriage.reanalyse.archive import Stored
from neotriage.schema import KeptBy, Kind, LedgerOutcome, Origin
from neotriage.store import Store
from neotriage.table import TableInputs, TableOutputs, triage

__all__ = ["Genome", "pathogenic_sites", "retable"]

_NOT_SEEN_BEFORE = "came back in a reanalysis: its reads were not looked at"


@dataclass(frozen=True)
class Genome:
    """What does not change in a reanalysis: build, gene models (and their file), indexed reference, frequency store."""

    build: Build
    build_source: str
    gene_models: GeneModels
    reference: Path
    store: Store | None


def pathogenic_sites(clinvar: Clinvar) -> set[Site]:
    """Alleles that are P/LP."""
    return {
        Site(name, int(contig.positions[row]), contig.refs[row], contig.alts[row])
        for name, contig in clinvar.contigs.items()
        for row in np.flatnonzero(contig.is_pathogenic).tolist()
    }


def retable(
    stored: Stored,
    case: Case,
    genome: Genome,
    clinvar: Clinvar,
    records: Mapping[Site, ClinvarRecord],
    pathogenic: set[Site],
    folder: Path,
) -> list[str]:
    """Write the family's variants, annotations, consequences and reread under another ClinVar; returns what is to be looked at.

    Args:
        stored: the family as stored.
        case: its case.
        genome: what does not change.
        clinvar: the other ClinVar, for alleles.
        records: its records of this family's alleles.
        pathogenic: its alleles that may come back.
        folder: where the tables go.

    Raises:
        NeotriageError: a stored table is broken, or csq fails.
    """
    variants = read_table(stored.folder / "table" / "variants.parquet", "variants")
    samples = table_samples(stored.folder / "table" / "variants.parquet")
    back, to_look_at = _back(stored, case, genome, clinvar, pathogenic - set(sites_of(variants)), folder)
    both = variants if back is None else pl.concat([variants, back])
    both = _said_anew(both, clinvar).filter(pl.col("kept_by") > 0)
    order = {contig.name: place for place, contig in enumerate(genome.build.contigs)}
    # small variants in file order, and behind them structural changes in the order that they have
    both = both.with_columns(
        _behind=pl.col("kind") != Kind.SMALL,
        _place=pl.when(pl.col("kind") == Kind.SMALL).then(pl.col("chrom").replace_strict(order, default=len(order))),
        _position=pl.when(pl.col("kind") == Kind.SMALL).then("position"),
    ).sort("_behind", "_place", "_position", maintain_order=True)
    numbers = np.arange(both.height, dtype=np.int32)
    was = both["variant"].to_numpy()
    is_back = both["variant"].to_numpy() >= variants.height
    both = both.drop("_behind", "_place", "_position").with_columns(variant=pl.Series(numbers, dtype=pl.Int32))
    write_table(both, "variants", folder / "variants.parquet", samples)
    write_table(annotations_of(both, records), "annotations", folder / "annotations.parquet")
    if is_back.any():
        effects = _consequences(stored, case, genome, both, folder)
    else:
        place = pl.DataFrame({"variant": was, "new": numbers}, schema={"variant": pl.Int32, "new": pl.Int32})
        effects = read_table(stored.folder / "annotate" / "consequences.parquet", "consequences")
        effects = effects.join(place, on="variant").with_columns(variant="new").drop("new").sort("variant", maintain_order=True)
    write_table(effects, "consequences", folder / "consequences.parquet")
    reread = stored.optional("verify/reread.parquet")
    if reread is not None:
        unseen = is_back & ~_is_in_a_parent(both, case)
        table = _reread(read_table(reread, "reread"), was, is_back, unseen, samples)
        write_table(table, "reread", folder / "reread.parquet", samples)
    return to_look_at


def _said_anew(variants: pl.DataFrame, clinvar: Clinvar) -> pl.DataFrame:
    """The variants with what ClinVar says of each now, and kept for it or not."""
    significance = np.full(variants.height, "", dtype=object)
    for (contig,), rows in variants.with_row_index("_row").group_by("chrom"):
        found = clinvar.find(str(contig), rows["position"].to_numpy(), rows["ref"].to_list(), rows["alt"].to_list())
        for row, place in zip(rows["_row"].to_list(), found.tolist(), strict=True):
            if place >= 0:
                significance[row] = clinvar.contigs[str(contig)].significance(place).value
    pathogenic = [word.value for word in PATHOGENIC]
    said = variants.with_columns(clinvar_significance=pl.Series(significance.tolist(), dtype=pl.String))
    flag = int(KeptBy.CLINVAR)
    is_kept = pl.col("clinvar_significance").is_in(pathogenic)
    others = pl.col("kept_by") & ~flag
    kept_by = pl.when(is_kept).then(others | flag).otherwise(others).cast(pl.Int8)
    # what only its frequency kept from the table is in it with that rule, once something else keeps it (`table/triage.py`)
    is_raised = (pl.col("kept_by") == int(KeptBy.CODING)) & is_kept
    return said.with_columns(
        kept_by=kept_by, quality_rule=pl.when(is_raised).then(pl.lit("frequency")).otherwise("quality_rule")
    )


def _back(
    stored: Stored, case: Case, genome: Genome, clinvar: Clinvar, wanted: set[Site], folder: Path
) -> tuple[pl.DataFrame | None, list[str]]:
    """Variants of the stored calls that are P/LP now and were dropped, numbered behind the stored; without calls, words."""
    calls = stored.folder / "calls" / "calls.vcf.gz"
    if not calls.is_file() or not Path(f"{calls}.tbi").is_file():
        return None, _in_ledger(stored, wanted)
    part = folder / "back.calls.vcf.gz"
    if not _write_part(calls, wanted, part):
        return None, []
    names = ("variants.parquet", "ledger.parquet", "counts.tsv", "survivors.vcf.gz")
    outputs = TableOutputs(*(folder / f"back.{name}" for name in names))
    triage(
        TableInputs(
            case=case,
            build=genome.build,
            calls=part,
            gene_models=genome.gene_models,
            panels=[read_panel(Path(panel)) for panel in case.panels],
            always_look=read_always_look(genome.build, genome.gene_models),
            store=genome.store,
            clinvar=clinvar,
        ),
        outputs,
    )
    back = read_table(outputs.variants, "variants")
    known = read_table(stored.folder / "table" / "variants.parquet", "variants")
    back = back.filter(pl.Series([site in wanted for site in sites_of(back)], dtype=pl.Boolean))
    if not back.height:
        return None, []
    return back.with_columns(variant=pl.Series(np.arange(back.height, dtype=np.int32) + known.height, dtype=pl.Int32)), []


def _in_ledger(stored: Stored, wanted: set[Site]) -> list[str]:
    """The stored ledger's dropped alleles that are P/LP now."""
    path = stored.optional("table/ledger.parquet")
    if path is None or not wanted:
        return []
    rows = read_table(path, "ledger").filter(pl.col("outcome") == LedgerOutcome.DROPPED.value)
    return [
        f"{site.chrom}-{site.position + 1}-{site.ref}-{site.alt} ({gene}) is P/LP now; {rule} dropped it, calls are not stored"
        for site, gene, rule in zip(sites_of(rows), rows["gene"].to_list(), rows["rule"].to_list(), strict=True)
        if site in wanted
    ]


def _write_part(calls: Path, wanted: set[Site], part: Path) -> int:
    """Write the records of the wanted alleles, indexed; returns how many."""
    count = 0
    with pysam.TabixFile(str(calls)) as vcf, pysam.BGZFile(str(part), "wb", None) as out:
        out.write("".join(f"{line}\n" for line in vcf.header).encode())
        contigs = set(vcf.contigs)
        for contig, position in sorted({(site.chrom, site.position) for site in wanted if site.chrom in contigs}):
            for line in vcf.fetch(contig, position, position + 1):
                fields = line.split("\t", 5)
                if Site(fields[0], int(fields[1]) - 1, fields[3], fields[4]) in wanted:
                    out.write(f"{line}\n".encode())
                    count += 1
    if count:
        pysam.tabix_index(str(part), preset="vcf", force=True)
    return count


def _consequences(stored: Stored, case: Case, genome: Genome, variants: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Consequences of the stored survivors and what came back together: neighbours in one codon are one change."""
    lines: dict[Site, str] = {}
    header: list[str] = []
    for path in (stored.folder / "table" / "survivors.vcf.gz", folder / "back.survivors.vcf.gz"):
        with pysam.BGZFile(str(path), "rb", None) as text:
            for raw in text:
                line = raw.decode()
                if line.startswith("#"):
                    header += [line] if path.parent != folder else []
                    continue
                fields = line.split("\t", 5)
                lines[Site(fields[0], int(fields[1]) - 1, fields[3], fields[4])] = line
    filters = {name for line in lines.values() for name in line.split("\t", 7)[6].split(";")} - {".", "PASS"}
    declared = {line.split("ID=")[1].split(",")[0] for line in header if line.startswith("##FILTER=")}
    added = [f'##FILTER=<ID={name},Description="in the calls">' for name in sorted(filters - declared)]
    merged, csq = folder / "survivors.vcf", folder / "csq.vcf.gz"
    body = [lines[site] for site in sites_of(variants.filter(pl.col("kind") == Kind.SMALL))]
    merged.write_text("\n".join([*header[:-1], *added, header[-1], *body]) + "\n")
    command = ["bcftools", "csq", "--no-version", "-p", "a", "-f", str(genome.reference), "-g", genome.gene_models.file]
    done = subprocess.run([*command, "-Oz", "-o", str(csq), str(merged)], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [""])[-1]
        fix = "give the run's gene models and reference"
        raise ResourceError(f"bcftools csq fails: {said}", file=genome.gene_models.file, fix=fix)
    mitochondrion = open_mitochondrion(genome.build, genome.gene_models, genome.reference)
    return consequences_table(variants, csq, genome.gene_models, case.family.proband.sample, mitochondrion)[0]


def _is_in_a_parent(variants: pl.DataFrame, case: Case) -> np.ndarray:
    """Whether a parent is called with the allele, bool (variants,)."""
    places = [place for place in (case.family.father_index, case.family.mother_index) if place >= 0]
    found: np.ndarray = (array(variants, "genotype")[:, places] == 1).any(axis=(1, 2))
    return found


def _reread(
    reread: pl.DataFrame, was: np.ndarray, is_back: np.ndarray, unseen: np.ndarray, samples: Sequence[str]
) -> pl.DataFrame:
    """The stored reread in the new order; of what came back the reads were not looked at, which is said where they matter."""
    source = np.where(is_back, 0, was)
    columns: dict[str, object] = {"variant": np.arange(len(was), dtype=np.int32)}
    for name, dtype in reread.schema.items():
        if name == "variant":
            continue
        if dtype == pl.String:
            values = reread[name].to_list()
            said = {"origin": Origin.NOT_LOOKED_AT.value, "words": _NOT_SEEN_BEFORE}.get(name, "")
            triples = zip(source.tolist(), is_back.tolist(), unseen.tolist(), strict=True)
            columns[name] = [(said if is_unseen else "") if back else values[row] for row, back, is_unseen in triples]
            continue
        stored = array(reread, name)
        taken = stored[source].copy() if len(stored) else np.zeros((len(was), *stored.shape[1:]), stored.dtype)
        taken[is_back] = np.nan if np.issubdtype(taken.dtype, np.floating) else 0 if name == "phase_fragments" else -1
        columns[name] = taken
    return frame("reread", columns, samples)
