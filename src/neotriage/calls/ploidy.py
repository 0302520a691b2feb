"""How many copies of a contig a person has, by sex: for bcftools as a ploidy table, for freebayes as a copy number map.

| place       | male | female | unknown |
|-------------|------|--------|---------|
| autosome    | 2    | 2      | 2       |
| X           | 1    | 2      | 2       |
| PAR of X    | 2    | 2      | 2       |
| Y           | 1    | 0      | 1       |
| PAR of Y    | 1    | 0      | 1       |
| mitochondrion is called by allele fraction, without ploidy |

A person of unknown sex gets the larger number: a diploid call of a hemizygous place loses no variant, the reverse does. The PAR
of Y is one copy in a man as in `bcftools call --ploidy GRCh38`; aligners' references mask it, and its reads lie on X.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from neotriage.calls.regions import Region
from neotriage.genome import Build, Contig, ContigKind
from neotriage.pedigree import Member, Sex

__all__ = ["freebayes_copy_numbers", "ploidy_table", "sample_sexes"]

_LETTER = {Sex.MALE: "M", Sex.FEMALE: "F", Sex.UNKNOWN: "U"}
_COPIES = {
    ContigKind.X: {Sex.MALE: 1, Sex.FEMALE: 2, Sex.UNKNOWN: 2},
    ContigKind.Y: {Sex.MALE: 1, Sex.FEMALE: 0, Sex.UNKNOWN: 1},
}


def ploidy_table(build: Build) -> str:
    """The table of `bcftools call --ploidy-file`: contig, from, to (1-based closed), sex, copies; then the default."""
    lines = [
        f"{region.contig} {region.start + 1} {region.end} {_LETTER[sex]} {copies}"
        for sex in Sex
        for region, copies in _unusual(build, sex)
    ]
    return "\n".join([*lines, *(f"* * * {letter} 2" for letter in _LETTER.values())]) + "\n"


def sample_sexes(members: Iterable[Member]) -> str:
    """The list of `bcftools call --samples-file`: sample and sex, in the order given."""
    return "".join(f"{member.sample}\t{_LETTER[member.sex]}\n" for member in members)


def freebayes_copy_numbers(build: Build, members: Iterable[Member]) -> str:
    """The table of `freebayes --cnv-map`: contig, start, end (0-based half-open), sample, copies where they are not two.

    freebayes has no ploidy 0: where a woman has no copy of Y the table says 1, and `harmonise` sets the call missing.
    """
    return "".join(
        f"{region.contig}\t{region.start}\t{region.end}\t{member.sample}\t{max(copies, 1)}\n"
        for member in members
        for region, copies in _unusual(build, member.sex)
    )


def _unusual(build: Build, sex: Sex) -> Iterator[tuple[Region, int]]:
    """Regions where a person of that sex has not two copies."""
    for contig in build.primary:
        if contig.kind not in _COPIES:
            continue
        copies = _COPIES[contig.kind][sex]
        if copies == 2:
            continue
        for region in _outside_par(build, contig) if contig.kind is ContigKind.X else [Region(contig.name, 0, contig.length)]:
            yield region, copies


def _outside_par(build: Build, contig: Contig) -> Iterator[Region]:
    start = 0
    for par in sorted((p for p in build.par if p.contig == contig.name), key=lambda p: p.start):
        if par.start > start:
            yield Region(contig.name, start, par.start)
        start = par.end
    if start < contig.length:
        yield Region(contig.name, start, contig.length)
