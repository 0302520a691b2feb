"""What a run is made of, as the samplesheet, the case files and the config say it: the values the workflow plans from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from neotriage.case import Case
from neotriage.genome import Build
from neotriage.settings import Settings

__all__ = ["CaseInputs", "FileKind", "FrequencySource", "InputFile", "ReadGroup", "Resources", "Run", "Shared"]


class FileKind(StrEnum):
    """What a file of the sheet is, by the ending of its name; VCF is called variants as VCF or BCF."""

    FASTQ = "fastq"
    BAM = "bam"
    CRAM = "cram"
    VCF = "vcf"
    GVCF = "gvcf"

    @property
    def is_called(self) -> bool:
        """Whether it holds called variants, not reads."""
        return self in {FileKind.VCF, FileKind.GVCF}


@dataclass(frozen=True)
class InputFile:
    """One file of one sample.

    `name_in_file` is the sample's column of a VCF or its SM of a BAM; `read_group` is '' but for FASTQ; `mate` is 1 or 2 for
    FASTQ, else 0; `row` is the sheet's line, 1-based.
    """

    kind: FileKind
    sample: str
    name_in_file: str
    read_group: str
    path: Path
    mate: int
    row: int


@dataclass(frozen=True)
class ReadGroup:
    """One lane or library of a sample as a pair of FASTQ; its name is unique within the sample."""

    sample: str
    name: str
    fastq_1: Path
    fastq_2: Path


@dataclass(frozen=True)
class CaseInputs:
    """A family's case, its files in sheet order, and the files the case was read from (samplesheet, case file, panels)."""

    case: Case
    files: tuple[InputFile, ...]
    sources: tuple[Path, ...]

    def read_groups(self, sample: str) -> tuple[ReadGroup, ...]:
        """The sample's FASTQ pairs, in sheet order; none if it came as BAM, CRAM or calls."""
        mates = {(f.read_group, f.mate): f.path for f in self._of(sample) if f.kind is FileKind.FASTQ}
        names = dict.fromkeys(name for name, _ in mates)
        return tuple(ReadGroup(sample, name, mates[name, 1], mates[name, 2]) for name in names)

    def alignments(self, sample: str) -> tuple[InputFile, ...]:
        """The sample's BAM and CRAM files, in sheet order."""
        return tuple(f for f in self._of(sample) if f.kind in {FileKind.BAM, FileKind.CRAM})

    def called(self, sample: str) -> InputFile | None:
        """The VCF, BCF or gVCF that holds the sample's calls; None if it came as reads."""
        return next((f for f in self._of(sample) if f.kind.is_called), None)

    @cached_property
    def samples_with_reads(self) -> tuple[str, ...]:
        """Samples that came as FASTQ, BAM or CRAM, in family order."""
        return tuple(s for s in self.case.family.samples if self.called(s) is None)

    @cached_property
    def samples_with_calls(self) -> tuple[str, ...]:
        """Samples that came as called variants only, in family order."""
        return tuple(s for s in self.case.family.samples if self.called(s) is not None)

    def _of(self, sample: str) -> tuple[InputFile, ...]:
        return tuple(f for f in self.files if f.sample == sample)


@dataclass(frozen=True)
class FrequencySource:
    """Population allele frequencies: a VCF, or a pattern (`*`) of several, one a contig.

    `allele_frequency` are the INFO fields of which the highest counts (one a population); `homozygotes` and `hemizygotes`
    are INFO fields with counts of persons, '' if the file has none.
    """

    name: str
    vcf: Path
    allele_frequency: tuple[str, ...]
    homozygotes: str = ""
    hemizygotes: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the pattern names, by name."""
        return tuple(sorted(self.vcf.parent.glob(self.vcf.name))) or (self.vcf,)


@dataclass(frozen=True)
class Resources:
    """The files that families share; None or empty where the config names none. `panels` is panel name -> file.

    `store` is a frequency store that was built before, in place of one that the run builds.
    """

    clinvar: Path | None
    frequencies: tuple[FrequencySource, ...]
    panels: Mapping[str, Path]
    constraint: Path | None
    always_look: Path | None
    store: Path | None = None
    canaries: Path | None = None
    structural: FrequencySource | None = None
    dosage: Path | None = None


@dataclass(frozen=True)
class Shared:
    """What the families of a config share: build, reference, gene models and resources."""

    build: Build
    build_source: str
    reference: Path
    gene_models: Path
    resources: Resources


@dataclass(frozen=True)
class Run:
    """A checked run. Paths are as given, relative ones from the working directory; `cases` is family name -> inputs."""

    build: Build
    build_source: str
    reference: Path
    gene_models: Path
    cases: Mapping[str, CaseInputs]
    resources: Resources
    aligner: str
    trim: bool
    realign: bool
    caller: str
    expansion_hunter: bool
    region_size_bp: int
    regions_bed: Path | None
    outdir: Path
    settings: Settings
    samplesheet: Path
    config_sha256: str
    unused_case_files: tuple[Path, ...]
    structural_callers: tuple[str, ...] = ()
    mappability: Path | None = None
    exclude_bed: Path | None = None
