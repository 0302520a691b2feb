"""The family's calls, opened and checked against the build; their rows come from the scan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from neotriage.errors import BuildError, FormatError
from neotriage.genome import Build, check_lengths
from neotriage.scan.calls import RULES, Batch, Interest, Scan, open_scan

__all__ = ["Batch", "Calls", "Interest", "open_calls"]


class Calls:
    """Opened calls; `filters` maps each FILTER of the header to its description."""

    def __init__(self, path: Path, scan: Scan, build: Build) -> None:
        self.path = path
        self.filters = {"PASS": "All filters passed", **scan.header.filters}
        self._scan = scan
        self._build = build

    def batches(self, interest: Interest, threads: int = 1, rows: int = 20_000) -> Iterator[Batch]:
        """The rows that the rules of the scan do not settle, in file order, about `rows` at a time, each batch of one contig.

        Raises:
            FormatError: broken or cut short, an allele that is not a base, positions out of order, more than two alleles in
                a genotype.
            BuildError: a chromosome under another name than the build's.
        """
        return self._scan.batches(interest, threads, rows, self._check_contig)

    @property
    def dropped(self) -> Mapping[str, int]:
        """Rule -> rows it dropped in the scan, whole when `batches` has come to its end."""
        return dict(zip(RULES, self._scan.dropped.tolist(), strict=True))

    def _check_contig(self, contig: str) -> None:
        name = self._build.own_name(contig)
        if name is not None:
            raise BuildError(
                f"contig {contig} is called {name} in {self._build.name}",
                file=self.path,
                fix="rename it: bcftools annotate --rename-chrs",
            )


def open_calls(path: Path, samples: Sequence[str], build: Build) -> Calls:
    """Calls opened for reading, their header checked.

    Args:
        path: VCF (BGZF, gzip or text) or BCF; a pipe, or `-` for standard input.
        samples: the family's samples, the order of every samples axis.
        build: the run's build.

    Raises:
        FormatError: no such file, not a VCF, cut short, or without one of the samples.
        BuildError: contigs of another build.
    """
    if str(path) != "-" and not (path.is_file() or path.is_fifo()):
        raise FormatError("no such file", file=path, fix="give the family's calls as VCF")
    scan = open_scan(path, samples)
    lengths = {name: length for name, length in scan.header.contigs.items() if length > 0}
    if lengths:
        check_lengths(build, lengths, file=path)
    return Calls(path, scan, build)
