"""The whole run from the config: everything that can be known before a job starts is checked here, and every path exists."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neotriage.case import Case
from neotriage.errors import BuildError, InputError
from neotriage.genome import Build, check_lengths, read_build
from neotriage.inputs.casefile import Question, find_case_files, read_question
from neotriage.inputs.document import Document, Key, read_document
from neotriage.inputs.panels import list_panels
from neotriage.inputs.run import CaseInputs, FrequencySource, Resources, Run, Shared
from neotriage.inputs.samplesheet import Sheet, SheetFamily, read_sheet
from neotriage.inputs.validation import with_defaults
from neotriage.pedigree import Family, Member, check_family
from neotriage.settings import Settings, settings_from

__all__ = ["read_run", "read_shared"]

_REGION_BP = {"gatk": 100_000_000}  # its jobs do not take contigs side by side
_MOST_REGION_BP = 1_600_000_000
_SETTINGS = ("quality", "frequency", "regions", "rank")


def read_run(config: Mapping[str, Any], *, config_file: str | None = None) -> Run:
    """The checked run of a config: families, their files and questions, reference, resources, thresholds.

    Paths in the config are taken from the working directory, paths in a sheet or case file from its own folder.

    Args:
        config: the config's values, as Snakemake holds them.
        config_file: the file they were read from, for messages; its lines are named if it can be read.

    Raises:
        InputError: the first fault of config, samplesheet, case files and panels, with file, line, column and fix.
        BuildError: the reference's index (.fai) disagrees with the build.
        MachineError: HPO's terms are not installed.
    """
    document = _document(config, config_file)
    values = with_defaults(document, "config")
    settings = settings_from({name: values[name] for name in _SETTINGS}, file=config_file)
    reference = _file(document, ("reference", "fasta"), values["reference"]["fasta"])
    build = _build(document, values["reference"]["build"], reference)
    resources = _resources(document, values["resources"])
    sheet = read_sheet(_file(document, ("samplesheet",), values["samplesheet"]))
    case_files, unused = find_case_files(_folder(document, ("cases",), values["cases"]), sheet)
    questions = {name: read_question(path, sheet.families[name], resources.panels) for name, path in case_files.items()}
    source = values["reference"]["build"]
    return Run(
        build=build,
        build_source=source,
        reference=reference,
        gene_models=_file(document, ("reference", "gene_models"), values["reference"]["gene_models"]),
        cases={name: _case(sheet, sheet.families[name], question, settings, source) for name, question in questions.items()},
        resources=resources,
        aligner=values["reads"]["aligner"],
        trim=values["reads"]["trim"],
        realign=values["reads"]["realign"],
        caller=values["calls"]["caller"],
        expansion_hunter=values["calls"]["expansion_hunter"],
        region_size_bp=values["calls"].get("region_size_bp", _REGION_BP.get(values["calls"]["caller"], _MOST_REGION_BP)),
        regions_bed=_optional(document, ("calls", "regions_bed"), values["calls"].get("regions_bed")),
        outdir=Path(values["outdir"]),
        settings=settings,
        samplesheet=sheet.path,
        config_sha256=_digest(values),
        unused_case_files=unused,
        structural_callers=tuple(values["calls"]["structural"]),
        mappability=_optional(document, ("calls", "mappability"), values["calls"].get("mappability")),
        exclude_bed=_optional(document, ("calls", "exclude_bed"), values["calls"].get("exclude_bed")),
    )


def read_shared(config: Mapping[str, Any], *, config_file: str | None = None) -> Shared:
    """What the families of a config share, without its samplesheet and case files.

    Raises:
        InputError, BuildError: as `read_run`, of these parts.
    """
    document = _document(config, config_file)
    values = with_defaults(document, "config")
    reference = _file(document, ("reference", "fasta"), values["reference"]["fasta"])
    return Shared(
        build=_build(document, values["reference"]["build"], reference),
        build_source=values["reference"]["build"],
        reference=reference,
        gene_models=_file(document, ("reference", "gene_models"), values["reference"]["gene_models"]),
        resources=_resources(document, values["resources"]),
    )


def _document(config: Mapping[str, Any], config_file: str | None) -> Document:
    if config_file is not None and Path(config_file).is_file():
        return Document(config_file, config, read_document(Path(config_file)).lines)
    return Document(config_file or "config", config)


def _digest(values: Mapping[str, Any]) -> str:
    """SHA-256 of the config with its defaults; not of `outdir`, since results are the same wherever they are written."""
    held = {name: value for name, value in values.items() if name != "outdir"}
    return hashlib.sha256(json.dumps(held, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _file(document: Document, key: Key, given: str) -> Path:
    path = Path(given)
    if not path.is_file():
        raise document.error(f"no file {given!r}", key, "correct the path; it is taken from the working directory")
    if path.stat().st_size == 0:
        raise document.error(f"{given} is empty", key, "fetch the file again")
    return path


def _folder(document: Document, key: Key, given: str) -> Path:
    if not Path(given).is_dir():
        raise document.error(f"no folder {given!r}", key, "make it, with one case file <family>.yaml per family")
    return Path(given)


def _optional(document: Document, key: Key, given: str | None) -> Path | None:
    return None if given is None else _file(document, key, given)


def _build(document: Document, given: str, reference: Path) -> Build:
    try:
        build = read_build(given)
    except InputError as error:
        if error.file is not None:
            raise
        raise document.error(error.problem, ("reference", "build"), error.fix or "name a build") from None
    index = reference.with_name(reference.name + ".fai")
    if index.is_file():
        check_lengths(build, _index_lengths(index), file=index)
    return build


def _index_lengths(index: Path) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for number, line in enumerate(index.read_text().splitlines(), 1):
        fields = line.split("\t")
        if len(fields) < 2 or not fields[1].isdigit():
            raise BuildError("not an index of a FASTA", file=index, row=number, fix="remove it and run `samtools faidx` again")
        lengths[fields[0]] = int(fields[1])
    return lengths


def _resources(document: Document, values: Mapping[str, Any]) -> Resources:
    return Resources(
        clinvar=_optional(document, ("resources", "clinvar"), values.get("clinvar")),
        frequencies=tuple(
            _frequency(document, ("frequencies", n), source)
            for n, source in enumerate(_unique(document, values["frequencies"]))
        ),
        panels=list_panels(document, values["panels"]),
        constraint=_optional(document, ("resources", "constraint"), values.get("constraint")),
        always_look=_optional(document, ("resources", "always_look"), values.get("always_look")),
        store=_store(document, values.get("store")),
        canaries=_optional(document, ("resources", "canaries"), values.get("canaries")),
        structural=_frequency(document, ("structural",), values["structural"]) if "structural" in values else None,
        dosage=_optional(document, ("resources", "dosage"), values.get("dosage")),
    )


def _store(document: Document, given: str | None) -> Path | None:
    if given is not None and not (Path(given) / "manifest.json").is_file():
        raise document.error(
            f"no frequency store {given!r}", ("resources", "store"), "give a folder of `neotriage store build`"
        )
    return None if given is None else Path(given)


def _unique(document: Document, sources: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    names = [source["name"] for source in sources]
    for number, name in enumerate(names):
        if name in names[:number]:
            key = ("resources", "frequencies", number, "name")
            raise document.error(f"two frequency sources are named {name!r}", key, "give each a name of its own")
    return sources


def _frequency(document: Document, key: Key, source: Mapping[str, Any]) -> FrequencySource:
    fields = source["allele_frequency"]
    vcf = Path(source["vcf"])
    for file in sorted(vcf.parent.glob(vcf.name)) or [vcf]:
        _file(document, ("resources", *key, "vcf"), str(file))
    return FrequencySource(
        name=source["name"],
        vcf=vcf,
        allele_frequency=(fields,) if isinstance(fields, str) else tuple(fields),
        homozygotes=source["homozygotes"],
        hemizygotes=source["hemizygotes"],
    )


def _case(sheet: Sheet, family: SheetFamily, question: Question, settings: Settings, build: str) -> CaseInputs:
    members, notes = _sequenced(sheet, family, question.proband)
    case = Case(
        name=family.name,
        family=members,
        hpo_present=question.hpo_present,
        hpo_excluded=question.hpo_excluded,
        panels=tuple(str(path) for path in question.panels),
        excluded_genes=question.excluded_genes,
        suspected_mode=question.suspected_mode,
        consent=question.consent,
        clock=question.clock,
        settings=settings,
        build=build,
        notes=(*question.notes, *notes),
    )
    return CaseInputs(case, family.files, tuple(dict.fromkeys((sheet.path, question.file, *question.panels))))


def _sequenced(sheet: Sheet, family: SheetFamily, proband: str | None) -> tuple[Family, tuple[str, ...]]:
    """The family of those who have a file, and a note on each who has a row but none; the pedigree is checked whole."""
    whole = check_family(family.name, family.members, proband, file=sheet.path, rows=family.rows)
    have = {file.sample for file in family.files}
    baby = whole.proband
    if baby.sample not in have:
        raise InputError(
            f"family {family.name}: the proband {baby.sample} has no file",
            file=sheet.path,
            row=family.rows[baby.sample],
            column="file",
            fix="give FASTQ in fastq_1 and fastq_2, or a BAM, CRAM or VCF in file",
        )
    if not baby.is_affected:
        raise InputError(
            f"family {family.name}: the proband {baby.sample} is not stated affected",
            file=sheet.path,
            row=family.rows[baby.sample],
            column="affected",
            fix="set affected to yes, or name another `proband:` in the case file",
        )
    kept = [
        Member(m.sample, m.sex, m.is_affected, m.father if m.father in have else None, m.mother if m.mother in have else None)
        for m in family.members
        if m.sample in have
    ]
    affected = {True: "affected", False: "unaffected", None: "affected status unknown"}
    notes = tuple(
        f"{m.sample} ({m.sex}, {affected[m.is_affected]}) is on the samplesheet without a file: not sequenced"
        for m in family.members
        if m.sample not in have
    )
    return check_family(family.name, kept, baby.sample, file=sheet.path, rows=family.rows), notes
