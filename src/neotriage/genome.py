"""The reference build: which contigs there are, how long, of which kind, and where X and Y recombine.

A build is a YAML file (`resources/builds/*.yaml`, or one given in the config). The kind of a contig is read from there and
nowhere else: nothing is concluded from a chromosome's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import yaml

from neotriage.errors import BuildError, InputError
from neotriage.home import resource

__all__ = ["Build", "Contig", "ContigKind", "ParRegion", "check_lengths", "read_build"]


class ContigKind(StrEnum):
    """What a contig is to inheritance."""

    AUTOSOME = "autosome"
    X = "x"
    Y = "y"
    MITOCHONDRION = "mitochondrion"
    OTHER = "other"


@dataclass(frozen=True)
class Contig:
    """One contig of a build: its name in every file, its length in bp, its kind; `accession` (RefSeq) is '' if not stated."""

    name: str
    length: int
    kind: ContigKind
    accession: str = ""


@dataclass(frozen=True)
class ParRegion:
    """A pseudoautosomal region, 0-based half-open, on one sex chromosome."""

    contig: str
    start: int
    end: int


@dataclass(frozen=True)
class Build:
    """A reference build."""

    name: str
    contigs: tuple[Contig, ...]
    par: tuple[ParRegion, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Contig]:
        """Contig name -> contig."""
        return {contig.name: contig for contig in self.contigs}

    @cached_property
    def primary(self) -> tuple[Contig, ...]:
        """The contigs that are called and triaged: all kinds but OTHER."""
        return tuple(contig for contig in self.contigs if contig.kind is not ContigKind.OTHER)

    def kind(self, contig: str) -> ContigKind:
        """The kind of a contig.

        Raises:
            BuildError: the build has no such contig.
        """
        try:
            return self.by_name[contig].kind
        except KeyError:
            raise BuildError(
                f"contig {contig!r} is not in build {self.name}",
                fix=f"use files of {self.name}; its contigs are {', '.join(c.name for c in self.contigs[:4])} …",
            ) from None

    def own_name(self, contig: str) -> str | None:
        """The build's name of a chromosome that a file calls otherwise (20, chr20; MT, chrM, chrMT); None if it is none."""
        return None if contig in self.by_name else self._by_bare_name.get(_bare(contig))

    @cached_property
    def _by_bare_name(self) -> Mapping[str, str]:
        return {_bare(contig.name): contig.name for contig in self.contigs}

    def is_par(self, contig: str, position: int) -> bool:
        """Whether a 0-based position lies in a pseudoautosomal region."""
        return any(r.contig == contig and r.start <= position < r.end for r in self.par)


def read_build(name_or_path: str | Path) -> Build:
    """A build by the name of a bundled one (GRCh38, GRCh37) or by the path of a YAML file.

    Raises:
        InputError: no such build, or the file does not describe one.
    """
    path = Path(name_or_path)
    if path.suffix not in {".yaml", ".yml"}:
        path = resource("builds", f"{name_or_path}.yaml")
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in resource("builds").glob("*.yaml")))
        raise InputError(
            f"no reference build {str(name_or_path)!r}", fix=f"name one of {known}, or a YAML file that describes the build"
        )
    try:
        raw = yaml.safe_load(path.read_text())
        contigs = tuple(
            Contig(str(c["name"]), int(c["length"]), ContigKind(c["kind"]), str(c.get("accession", ""))) for c in raw["contigs"]
        )
        par = tuple(ParRegion(str(p["contig"]), int(p["start"]), int(p["end"])) for p in raw.get("par") or ())
        build = Build(str(raw["name"]), contigs, par)
        _check_build(build)
    except (KeyError, TypeError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(
            f"not a reference build ({error!r})", file=path, fix="see resources/builds/GRCh38.yaml for the form"
        ) from None
    return build


def _check_build(build: Build) -> None:
    """Pass if each contig stands once and has a length, and each pseudoautosomal region lies on a sex chromosome.

    Raises:
        ValueError: says which does not.
    """
    for contig in build.contigs:
        if contig.length < 1 or sum(other.name == contig.name for other in build.contigs) > 1:
            raise ValueError(f"contig {contig.name} stands twice, or has no length")
    for region in build.par:
        on = build.by_name.get(region.contig)
        if on is None or on.kind not in {ContigKind.X, ContigKind.Y} or not 0 <= region.start < region.end <= on.length:
            raise ValueError(f"pseudoautosomal region {region.contig}:{region.start}-{region.end} does not lie on X or Y")


def check_lengths(build: Build, lengths: Mapping[str, int], *, file: str | Path) -> None:
    """Pass if every primary contig that a file names has the build's length; extra contigs of other names are let by.

    Args:
        build: the run's build.
        lengths: contig name -> length in bp as the file's header or index has them.
        file: where they were read, for the message.

    Raises:
        BuildError: no contig in common, or a length that differs; names the bundled build that the file looks like.
    """
    shared = [name for name in lengths if name in build.by_name]
    wrong = [name for name in shared if lengths[name] != build.by_name[name].length]
    if shared and not wrong:
        return
    like = _looks_like(lengths)
    hint = f"; by its lengths it looks like {like}" if like else ""
    if not shared:
        first = next(iter(lengths), "none")
        raise BuildError(
            f"no contig of {build.name} is in it (its first is {first!r}, {build.name} has {build.contigs[0].name!r}){hint}",
            file=file,
            fix=f"give a file aligned to {build.name} with the same contig names, or the FASTQ",
        )
    name = wrong[0]
    raise BuildError(
        f"contig {name} is {lengths[name]} bp long, in {build.name} it is {build.by_name[name].length}{hint}",
        file=file,
        fix=f"give a file of {build.name}, or the FASTQ",
    )


def _bare(contig: str) -> str:
    bare = contig.removeprefix("chr")
    return "M" if bare == "MT" else bare


def _looks_like(lengths: Mapping[str, int]) -> str | None:
    """The bundled build (and naming style) that most contig lengths agree with, if any."""
    best, votes = None, 0
    for path in sorted(resource("builds").glob("*.yaml")):
        build = read_build(path)
        by_bare = {c.name.removeprefix("chr"): c for c in build.primary}
        same = [n for n, size in lengths.items() if (c := by_bare.get(n.removeprefix("chr"))) and c.length == size]
        if len(same) > votes:
            style = "with chr names" if same[0].startswith("chr") else "without chr in the names"
            best, votes = f"{build.name} {style}", len(same)
    return best
