"""Judge stored families by newer sources, one source after the other, so that each difference has the source that made it.

The order is neotriage itself (where the program differs from the one that made the results), ClinVar, panels, HPO. A source
whose stored state is not at hand any more (another ClinVar, a panel file that was replaced, another HPO release installed) is
switched with the first step, which then bears both names. Gene models, constraint and frequencies stay those of the results.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from neotriage.annotate.consequences import sites_of
from neotriage.case import write_case
from neotriage.checksum import file_sha256
from neotriage.clinvar import Clinvar, ClinvarRecord, Site, read_clinvar_records
from neotriage.columns import read_table
from neotriage.errors import InputError, NeotriageError, ResourceError
from neotriage.evidence.run import EvidenceFiles, run_evidence
from neotriage.gene_models import read_gene_models
from neotriage.home import checkout
from neotriage.inheritance import run_inheritance
from neotriage.inputs import Shared
from neotriage.panels import read_panel
from neotriage.phenotype import PhenotypeModel, load
from neotriage.provenance import describe_resource, pipeline_version
from neotriage.rank.run import RankFiles, run_rank
from neotriage.reanalyse.archive import NotJudged, Stored
from neotriage.reanalyse.compare import Change, Snapshot, compare, snapshot
from neotriage.reanalyse.table import Genome, pathogenic_sites, retable
from neotriage.store import open_clinvar, open_store
from neotriage.store.clinvar import build_clinvar

__all__ = ["Newer", "Outcome", "open_newer", "reanalyse"]

PROGRAM, CLINVAR, PANELS, HPO = "neotriage", "ClinVar", "panels", "HPO"
_TABLES = ("variants", "annotations", "consequences", "hits", "criteria", "classes", "candidates", "parts")
_KEPT = ("case.json", "summary.json", *(f"{name}.parquet" for name in _TABLES))


@dataclass(frozen=True)
class Newer:
    """The newer sources, opened once for the whole archive.

    `clinvar_was_store` is the store of the ClinVar that lies with the results, None where there is none; `pathogenic` and
    `pathogenic_was` the P/LP alleles of the newer and of that one; `fixed` the SHA-256 of what must be the results' own;
    `program` the state of this neotriage as provenance tells it.
    """

    shared: Shared
    genome: Genome
    store_folder: Path | None
    clinvar_store: Path | None
    clinvar: Clinvar | None
    clinvar_record: Mapping[str, Any]
    clinvar_was_store: Path | None
    clinvar_was_sha256: str
    pathogenic: set[Site]
    pathogenic_was: set[Site]
    hpo: PhenotypeModel
    hpo_was: PhenotypeModel
    program: Mapping[str, Any]
    fixed: Mapping[str, str]

    @cached_property
    def newly_pathogenic(self) -> set[Site]:
        """Alleles that are P/LP now and were not in the ClinVar that lies with the results."""
        return self.pathogenic - self.pathogenic_was


@dataclass(frozen=True)
class Outcome:
    """What a reanalysis of one family found; `steps` are the sources that were switched, in order, '' for none."""

    family: str
    steps: tuple[tuple[str, ...], ...]
    changes: tuple[Change, ...]
    to_look_at: tuple[str, ...]
    statement_before: str
    statement_after: str
    sources: Mapping[str, Mapping[str, str]]

    @property
    def has_changed(self) -> bool:
        """Whether anything is to be told."""
        return bool(self.changes or self.to_look_at) or self.statement_before != self.statement_after


def open_newer(results: Path, shared: Shared, scratch: Path, *, hpo: Path | None = None) -> Newer:
    """Open the newer sources.

    Args:
        results: the results folder, for what its run shared: reference, frequency store, the ClinVar it was made with.
        shared: the config's sources.
        scratch: where the store of the newer ClinVar goes.
        hpo: folder with hp.obo, phenotype.hpoa and genes_to_phenotype.txt; by default the installed release.

    Raises:
        NeotriageError: a source is missing, broken, or of another build.
    """
    common = results / "resources"
    reference = common / "reference.fa" if (common / "reference.fa.fai").is_file() else shared.reference
    store_folder = shared.resources.store or (common / "store" if (common / "store" / "manifest.json").is_file() else None)
    models = read_gene_models(shared.gene_models, shared.build)
    store = None if store_folder is None else open_store(store_folder)
    genome = Genome(shared.build, shared.build_source, models, reference, store)
    vcf = shared.resources.clinvar
    new_store = was_store = None
    record: Mapping[str, Any] = {}
    if vcf is not None:
        new_store = scratch / "clinvar"
        build_clinvar(vcf, shared.build, new_store)
        record = describe_resource("clinvar", vcf).as_dict()
    if (common / "clinvar" / "manifest.json").is_file():
        was_store = common / "clinvar"
    clinvar = None if new_store is None else open_clinvar(new_store, shared.build)
    was = None if was_store is None else open_clinvar(was_store, shared.build)
    was_sha256 = "" if was_store is None else json.loads((was_store / "manifest.json").read_text())["source"]["sha256"]
    installed = load()
    fixed = {"gene_models": shared.gene_models, **{name: getattr(shared.resources, name) for name in ("constraint", "dosage")}}
    return Newer(
        shared=shared,
        genome=genome,
        store_folder=store_folder,
        clinvar_store=new_store,
        clinvar=clinvar,
        clinvar_record=record,
        clinvar_was_store=was_store,
        clinvar_was_sha256=was_sha256,
        pathogenic=set() if clinvar is None else pathogenic_sites(clinvar),
        pathogenic_was=set() if was is None else pathogenic_sites(was),
        hpo=installed if hpo is None else load(hpo),
        hpo_was=installed,
        program=pipeline_version(checkout()),
        fixed={name: file_sha256(path) for name, path in fixed.items() if path is not None},
    )


def reanalyse(families: Sequence[Stored], newer: Newer, output: Path) -> Iterator[Outcome | NotJudged]:
    """Judge each family anew; its tables go to `output/<family>/`, which appears when they are whole; results are only read.

    A family that cannot be judged (a broken table, a panel that is nowhere) holds up no other.

    Raises:
        NeotriageError: ClinVar's VCF cannot be read.
    """
    wanted: dict[str, set[Site]] = {}
    unread: dict[str, NotJudged] = {}
    for stored in families:
        try:
            wanted[stored.name] = _sites(stored, newer)
        except NeotriageError as error:
            unread[stored.name] = NotJudged(stored.name, str(error))
    records = _records(set().union(*wanted.values()), newer)
    for stored in families:
        yield unread.get(stored.name) or _judged(stored, newer, records, output)


def _judged(stored: Stored, newer: Newer, records: Mapping[Site, ClinvarRecord], output: Path) -> Outcome | NotJudged:
    with tempfile.TemporaryDirectory(dir=output, prefix=f".{stored.name}.") as name:
        try:
            outcome, last = _family(stored, newer, records, Path(name))
        except NeotriageError as error:
            return NotJudged(stored.name, str(error))
        if last is not None:
            _keep(last, output / stored.name)
    return outcome


def _sites(stored: Stored, newer: Newer) -> set[Site]:
    """Every allele that the family has or that may come back."""
    return {*sites_of(read_table(stored.folder / "table" / "variants.parquet", "variants")), *_newly_pathogenic(stored, newer)}


def _records(wanted: set[Site], newer: Newer) -> Mapping[Site, ClinvarRecord]:
    """ClinVar's records of these alleles, from one reading of its VCF."""
    vcf = newer.shared.resources.clinvar
    return {} if vcf is None else read_clinvar_records(vcf, newer.genome.build, wanted)


def _newly_pathogenic(stored: Stored, newer: Newer) -> set[Site]:
    """Alleles that are P/LP now; without those that were so, where the ClinVar that the family was judged by is at hand."""
    is_at_hand = newer.clinvar_was_sha256 == stored.source("clinvar").get("sha256", "")
    return newer.newly_pathogenic if is_at_hand else newer.pathogenic


@dataclass
class _State:
    """Where the tables of a step lie, and by which sources it judges."""

    case: Path
    tables: Path  # variants, annotations, consequences, reread
    clinvar: Path | None
    clinvar_name: str
    hpo: PhenotypeModel


def _family(stored: Stored, newer: Newer, records: Mapping[Site, ClinvarRecord], scratch: Path) -> tuple[Outcome, Path | None]:
    """The outcome, and the folder of the last step's tables, None where nothing had to be judged."""
    _check_fixed(stored, newer)
    panels = _panels(stored, newer)
    sources = _sources(stored, newer, panels)
    steps = _steps(stored, newer, sources)
    before = _stored_snapshot(stored)
    said_before = stored.summary["statement"]
    if not steps:
        return Outcome(stored.name, (), (), (), said_before, said_before, sources), None
    case = replace(stored.case, build=newer.shared.build_source)
    is_same = sources[CLINVAR]["before"] == sources[CLINVAR]["after"]
    clinvar = newer.clinvar_store if is_same else newer.clinvar_was_store
    state = _State(scratch / "case.json", scratch / "stored", clinvar, stored.source("clinvar").get("file", ""), newer.hpo_was)
    _link_stored(stored, state.tables)
    is_switched: set[str] = set()
    snapshots = [before]
    to_look_at: list[str] = []
    folder = scratch
    for number, names in enumerate(steps):
        is_switched |= set(names)
        folder = scratch / f"step{number}"
        folder.mkdir()
        state.case = folder / "case.json"
        current = replace(case, panels=tuple(map(str, panels))) if PANELS in is_switched else case
        write_case(current, state.case)
        if CLINVAR in names and newer.clinvar is not None:
            state.tables = scratch / "newer"
            state.tables.mkdir()
            wanted = _newly_pathogenic(stored, newer)
            to_look_at = retable(stored, current, newer.genome, newer.clinvar, records, wanted, state.tables)
            state.clinvar = newer.clinvar_store
            state.clinvar_name = "" if newer.shared.resources.clinvar is None else newer.shared.resources.clinvar.name
        if HPO in names:
            state.hpo = newer.hpo
        is_ranking_alone = names == (HPO,) and number > 0
        _judge(state, newer, folder, scratch / f"step{number - 1}" if is_ranking_alone else None)
        snapshots.append(_snapshot(folder))
    summary = json.loads((folder / "summary.json").read_text())
    changes = tuple(_attributed(snapshots, steps))
    return Outcome(stored.name, steps, changes, tuple(to_look_at), said_before, summary["statement"], sources), folder


def _check_fixed(stored: Stored, newer: Newer) -> None:
    for name in ("gene_models", "constraint", "dosage"):
        if stored.source(name).get("sha256", "") != newer.fixed.get(name, ""):
            raise InputError(
                f"family {stored.name} was judged with another {name.replace('_', ' ')} than the config's",
                file=stored.folder / "report" / "provenance.json",
                fix="name those of the run; a change of them takes a new run, not a reanalysis",
            )


def _panels(stored: Stored, newer: Newer) -> list[Path]:
    """The file of each panel of the case now: of the config's panels by its file's name, else the stored path."""
    by_file = {path.name: path for path in newer.shared.resources.panels.values()}
    found = []
    for text in stored.case.panels:
        path = by_file.get(Path(text).name, Path(text))
        if not path.is_file():
            raise InputError(
                f"family {stored.name}: panel {Path(text).name} is nowhere", fix="give the folder of panels: --panels"
            )
        found.append(path)
    return found


def _sources(stored: Stored, newer: Newer, panels: Sequence[Path]) -> dict[str, dict[str, str]]:
    """Source -> before and after, as text that tells two states apart."""
    now = [read_panel(path) for path in panels]
    clinvar, record = stored.source("clinvar"), newer.clinvar_record
    was, new = _program(stored.provenance.get("pipeline", {})), _program(newer.program)
    return {
        PROGRAM: {"before": was, "after": new},
        CLINVAR: {"before": _dated(clinvar), "after": _dated(record)},
        PANELS: {
            "before": "; ".join(f"{p['name']} {p['version']} ({p['sha256'][:12]})" for p in stored.panels) or "none",
            "after": "; ".join(f"{p.name} {p.version} ({p.sha256[:12]})" for p in now) or "none",
        },
        HPO: {"before": str(stored.summary.get("hpo_release", "")), "after": newer.hpo.release},
    }


def _program(pipeline: Mapping[str, Any]) -> str:
    changed = " with local changes" if pipeline.get("has_local_changes") else ""
    return f"{pipeline.get('version', '')} {str(pipeline.get('git_commit', ''))[:12]}{changed}".strip()


def _dated(record: Mapping[str, Any]) -> str:
    if not record:
        return "none"
    stated = record.get("stated", {})
    return f"{record['file']} {stated.get('fileDate', '')} ({record['sha256'][:12]})".replace("  ", " ")


def _steps(stored: Stored, newer: Newer, sources: Mapping[str, Mapping[str, str]]) -> tuple[tuple[str, ...], ...]:
    """The sources that differ, in order; those whose stored state is gone go with the first step."""
    differ = [name for name in (PROGRAM, CLINVAR, PANELS, HPO) if sources[name]["before"] != sources[name]["after"]]
    at_hand = {
        PROGRAM: False,
        CLINVAR: newer.clinvar_was_sha256 == stored.source("clinvar").get("sha256", ""),
        PANELS: _has_stored_panels(stored),
        HPO: newer.hpo_was.release == stored.summary.get("hpo_release"),
    }
    gone = [name for name in differ if not at_hand[name]]
    steps = [tuple(gone)] if gone else []
    return (*steps, *((name,) for name in differ if name not in gone))


def _has_stored_panels(stored: Stored) -> bool:
    paths = [Path(path) for path in stored.case.panels]
    return all(path.is_file() for path in paths) and [read_panel(path).sha256 for path in paths] == [
        panel["sha256"] for panel in stored.panels
    ]


def _link_stored(stored: Stored, folder: Path) -> None:
    folder.mkdir()
    places = {"variants": "table", "annotations": "annotate", "consequences": "annotate", "reread": "verify"}
    for name, stage in places.items():
        path = stored.optional(f"{stage}/{name}.parquet")
        if path is not None:
            (folder / f"{name}.parquet").symlink_to(path.resolve())


def _judge(state: _State, newer: Newer, folder: Path, judged: Path | None) -> None:
    """Inheritance, evidence and ranking of one step; `judged` is a step whose hits and criteria still hold."""
    build = newer.shared.build_source
    models = newer.shared.gene_models
    tables = {name: state.tables / f"{name}.parquet" for name in ("variants", "consequences", "annotations")}
    for name, path in tables.items():
        (folder / f"{name}.parquet").symlink_to(path.resolve())
    out = {name: folder / f"{name}.parquet" for name in ("hits", "ledger", "criteria", "classes", "candidates", "parts")}
    if judged is not None:
        for name in ("hits", "ledger", "criteria", "classes"):
            out[name].symlink_to((judged / f"{name}.parquet").resolve())
    else:
        reread = state.tables / "reread.parquet"
        run_inheritance(
            state.case,
            tables["variants"],
            tables["consequences"],
            tables["annotations"],
            hits=out["hits"],
            ledger=out["ledger"],
            gene_models=models,
            reread=reread if reread.is_file() else None,
        )
        run_evidence(
            EvidenceFiles(
                state.case,
                **tables,
                hits=out["hits"],
                gene_models=models,
                clinvar=state.clinvar,
                constraint=newer.shared.resources.constraint,
                store=newer.store_folder,
                reference=newer.genome.reference,
                predictions=None,
                criteria=out["criteria"],
                classes=out["classes"],
                clinvar_name=state.clinvar_name,
                dosage=newer.shared.resources.dosage,
                has_structural_source=newer.shared.resources.structural is not None,
            ),
            build,
        )
    files = RankFiles(
        state.case,
        **tables,
        hits=out["hits"],
        criteria=out["criteria"],
        classes=out["classes"],
        gene_models=models,
        candidates=out["candidates"],
        parts=out["parts"],
        summary=folder / "summary.json",
    )
    run_rank(files, build, state.hpo)


def _stored_snapshot(stored: Stored) -> dict[str, Snapshot]:
    stages = ("rank", "evidence", "inheritance", "table", "annotate")
    return snapshot(*(stored.folder / stage for stage in stages))


def _snapshot(folder: Path) -> dict[str, Snapshot]:
    return snapshot(folder, folder, folder, folder, folder)


def _attributed(snapshots: Sequence[Mapping[str, Snapshot]], steps: Sequence[tuple[str, ...]]) -> Iterator[Change]:
    """The changes from first to last, each with the sources of the steps at which the gene changed.

    Where no single step changed it so that it counts, the sources are all that were switched.
    """
    by_step = [compare(before, after) for before, after in pairwise(snapshots)]
    for gene, change in compare(snapshots[0], snapshots[-1]).items():
        at = [names for names, changes in zip(steps, by_step, strict=True) if gene in changes] or list(steps)
        yield replace(change, sources=tuple(dict.fromkeys(name for names in at for name in names)))


def _keep(step: Path, folder: Path) -> None:
    """The last step's tables as files of their own; the folder appears when it is whole."""
    if folder.exists():
        raise ResourceError("is there already", file=folder, fix="name another --output")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name in _KEPT:
        shutil.copyfile(step / name, partial / name)
    os.replace(partial, folder)
