"""What a run reads, built from the fetched files with the project's own builders, and a config that names it.

    built/reference.fa           the reference, unpacked and indexed
    built/gene_models.gff3.gz    from Ensembl's GFF3 and MANE's table
    built/clinvar.vcf.gz         ClinVar under the build's contig names, with its index
    built/constraint.tsv         gnomAD's table by gene, unpacked
    built/store/                 the frequency store; of a lite tier the panels' genes alone, and it says so
    built/lite.bed               of a lite tier: the regions to call in
    built/phenotype/             HPO compiled to arrays
    built/canaries.json          the canaries, with what the resources say of them now
    built/config.yaml            the parts `reference`, `resources` and, of a lite tier, `calls` of a run's config

A part whose sources are absent is left out, and this is said; a part is built anew if its sources' checksums have changed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pysam
import yaml

from neotriage.canaries import Sources, choose_canaries, read_canaries, write_canaries
from neotriage.errors import ResourceError
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build
from neotriage.phenotype import load
from neotriage.resources.ensembl import write_gene_models
from neotriage.resources.installing import SLICES
from neotriage.resources.lock import Locked, read_lock
from neotriage.store.building import Source, build_store
from neotriage.whole_file import write_text

__all__ = ["build_all", "build_gene_models", "config_of"]

GNOMAD_FIELDS = ("AF_afr", "AF_amr", "AF_eas", "AF_nfe", "AF_sas")
_FORMAT = 1  # raised when a builder here changes
_SOURCES = {  # part -> resources that it is built from
    "reference": ("reference",),
    "gene_models": ("ensembl", "mane"),
    "clinvar": ("clinvar",),
    "constraint": ("gnomad_constraint",),
    "store": ("gnomad_exomes", "gnomad_genomes"),
    "phenotype": ("hpo",),
}


def build_all(folder: Path, build: Build, threads: int = 1) -> Iterator[tuple[str, str]]:
    """Build every part whose sources are here; yields (part, what was done) as each ends.

    Args:
        folder: the resources folder.
        build: the reference build.
        threads: for the frequency store.

    Raises:
        NeotriageError: a source is damaged or of another build.
    """
    built = folder / "built"
    built.mkdir(parents=True, exist_ok=True)
    lock = read_lock(folder)
    builders: dict[str, Callable[[Sequence[Locked]], None]] = {
        "reference": lambda files: _reference(folder, files),
        "gene_models": lambda files: _gene_models(folder, files, build),
        "clinvar": lambda files: _clinvar(folder, files, build),
        "constraint": lambda files: _constraint(folder, files),
        "store": lambda files: _store(folder, files, build, threads),
        "phenotype": lambda files: _phenotype(folder, files),
    }
    for part, builder in builders.items():
        files = [one for one in lock.values() if one.name in _SOURCES[part] and not one.path.endswith(".tbi")]
        if not files:
            yield part, f"left out: none of {', '.join(_SOURCES[part])} is here"
            continue
        is_new = _built(folder, part, files, lambda files=files, builder=builder: builder(files))  # type: ignore[misc]
        yield part, f"built from {len(files)} file{'s' * (len(files) > 1)}" if is_new else "as it was, from the same files"
    yield "canaries", _canaries(folder, build, list(lock.values()))
    config = config_of(folder, build)
    write_text(built / "config.yaml", yaml.safe_dump(config, sort_keys=False))
    yield "config", str(built / "config.yaml")


def config_of(folder: Path, build: Build) -> dict[str, Any]:
    """The config's parts that name what is in the folder; what is absent is not named."""
    built, lock = folder / "built", read_lock(folder)
    by_name: dict[str, list[Path]] = {}
    for one in lock.values():
        if not one.path.endswith(".tbi"):
            by_name.setdefault(one.name, []).append(folder / one.path)
    reference = {
        "build": build.name,
        "fasta": by_name.get("reference", [None])[0],
        "gene_models": built / "gene_models.gff3.gz",
    }
    frequencies = [
        {
            "name": name,
            "vcf": _pattern(by_name[name]),
            "allele_frequency": list(GNOMAD_FIELDS),
            "homozygotes": "nhomalt",
            "hemizygotes": "AC_XY",
        }
        for name in _SOURCES["store"]
        if name in by_name
    ]
    resources = {
        "clinvar": built / "clinvar.vcf.gz",
        "frequencies": frequencies,
        "store": built / "store",
        "panels": folder / "panels",
        "constraint": built / "constraint.tsv",
        "canaries": built / "canaries.json",
    }
    config: dict[str, Any] = {"reference": _present(reference), "resources": _present(resources)}
    if (built / "lite.bed").is_file():
        config["calls"] = {"regions_bed": str(built / "lite.bed")}
    return config


def _present(values: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in values.items() if value and not (isinstance(value, Path) and not value.exists())}
    return {key: str(value) if isinstance(value, Path) else value for key, value in kept.items()}


def _pattern(files: Sequence[Path]) -> str:
    """The one file, or a pattern that names files which differ in their contig alone."""
    names = [file.name for file in files]
    common = [letters[0] if len(set(letters)) == 1 else "*" for letters in zip(*names, strict=False)]
    start = "".join(common).partition("*")[0]
    end = "".join(letters[0] if len(set(letters)) == 1 else "*" for letters in zip(*(n[::-1] for n in names), strict=False))
    return str(files[0] if len(files) == 1 else files[0].with_name(f"{start}*{end.partition('*')[0][::-1]}"))


def build_gene_models(folder: Path, build: Build) -> Path:
    """The gene models, built if they are not there or their sources have changed.

    Raises:
        ResourceError: ensembl or mane is not here.
    """
    files = [one for one in read_lock(folder).values() if one.name in _SOURCES["gene_models"]]
    _built(folder, "gene_models", files, lambda: _gene_models(folder, files, build))
    return folder / "built" / "gene_models.gff3.gz"


def _built(folder: Path, part: str, files: Sequence[Locked], builder: Callable[[], None]) -> bool:
    """Build a part unless it was built from the same files; whether that had to be done."""
    stamp, said = _stamp(files), folder / "built" / f".{part}.built"
    if said.is_file() and said.read_text() == stamp:
        return False
    said.parent.mkdir(parents=True, exist_ok=True)
    builder()
    said.write_text(stamp)
    return True


def _gene_models(folder: Path, files: Sequence[Locked], build: Build) -> None:
    by_name = {one.name: folder / one.path for one in files}
    if set(by_name) != {"ensembl", "mane"}:
        raise ResourceError("gene models take both, ensembl and mane", file=folder, fix="fetch the other one as well")
    target = folder / "built" / "gene_models.gff3.gz"
    write_gene_models(by_name["ensembl"], by_name["mane"], build, target)
    read_gene_models(target, build)


def _reference(folder: Path, files: Sequence[Locked]) -> None:
    target = folder / "built" / "reference.fa"
    partial = target.with_name(f"partial.{target.name}")
    with gzip.open(folder / files[0].path, "rb") as packed, partial.open("wb") as out:
        shutil.copyfileobj(packed, out, 1 << 24)
    pysam.faidx(str(partial))
    os.replace(f"{partial}.fai", f"{target}.fai")
    os.replace(partial, target)


def _canaries(folder: Path, build: Build, files: Sequence[Locked]) -> str:
    """Choose the canaries from what was built; says what was done."""
    built = folder / "built"
    models, reference, clinvar = built / "gene_models.gff3.gz", built / "reference.fa", built / "clinvar.vcf.gz"
    if not models.is_file() or not reference.is_file():
        return "left out: they take reference and gene models"

    def choose() -> None:
        sources = _sources(folder, [one for one in files if not one.path.endswith(".tbi")])
        known = Sources(read_gene_models(models, build), reference, clinvar if clinvar.is_file() else None, sources)
        write_canaries(choose_canaries(build, known), build.name, built / "canaries.json")

    is_new = _built(folder, "canaries", files, choose)
    count = len(read_canaries(built / "canaries.json", build.name))
    return f"{count} chosen" if is_new else f"{count}, as they were"


def _clinvar(folder: Path, files: Sequence[Locked], build: Build) -> None:
    """ClinVar's VCF with `1` named `chr1`, as the build has it."""
    vcf, target = folder / files[0].path, folder / "built" / "clinvar.vcf.gz"
    names, partial = target.with_name("clinvar.names"), target.with_name("partial.clinvar.vcf.gz")
    with gzip.open(vcf, "rt") as text:
        contigs = dict.fromkeys(line.partition("\t")[0] for line in text if not line.startswith("#"))
    pairs = [(contig, build.own_name(contig)) for contig in contigs]
    names.write_text("".join(f"{old}\t{new}\n" for old, new in pairs if new is not None))
    command = ["bcftools", "annotate", "--no-version", "--rename-chrs", str(names), "-Oz", "-o", str(partial), str(vcf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.splitlines() or [""])[0]
        raise ResourceError(f"bcftools annotate: {said}", file=vcf, fix="fetch ClinVar again")
    pysam.tabix_index(str(partial), preset="vcf", force=True)
    os.replace(f"{partial}.tbi", f"{target}.tbi")
    os.replace(partial, target)
    names.unlink()


def _constraint(folder: Path, files: Sequence[Locked]) -> None:
    with gzip.open(folder / files[0].path, "rt") as text:
        write_text(folder / "built" / "constraint.tsv", text.read())


def _store(folder: Path, files: Sequence[Locked], build: Build, threads: int) -> None:
    sources = _sources(folder, files)
    bed = folder / "built" / "lite.bed"
    regions = None
    if any(one.path.startswith(f"{SLICES}/") for one in files):
        rows = [line.split("\t") for line in bed.read_text().splitlines()]
        regions = [(contig, int(start), int(end)) for contig, start, end in rows]
    seen = {contig for source in sources for file in source.files for contig in pysam.TabixFile(str(file)).contigs}
    absent = [contig.name for contig in build.primary if contig.name not in seen] if regions is None else []
    build_store(folder / "built" / "store", build, sources, absent=absent, regions=regions, threads=threads)


def _sources(folder: Path, files: Sequence[Locked]) -> list[Source]:
    """The frequency sources that are here."""
    return [
        Source(name, tuple(sorted(folder / one.path for one in files if one.name == name)), GNOMAD_FIELDS, "nhomalt", "AC_XY")
        for name in _SOURCES["store"]
        if any(one.name == name for one in files)
    ]


def _phenotype(folder: Path, files: Sequence[Locked]) -> None:
    cache = folder / "built" / "phenotype"
    shutil.rmtree(cache, ignore_errors=True)
    load((folder / files[0].path).parent, cache)


def _stamp(files: Sequence[Locked]) -> str:
    said = [_FORMAT, sorted((one.path, one.sha256) for one in files)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest() + "\n"
