"""A trio's haplotypes and the molecules its reads are drawn from.

| haplotype | child (boy) | father | mother |
|---|---|---|---|
| father_transmitted | autosomes, Y, PAR | autosomes, Y, PAR | |
| father_other | | autosomes, X, PAR | |
| mother_transmitted | autosomes, X | | autosomes, X |
| mother_other | | | autosomes, X |
| child_paternal, child_maternal | added to father_transmitted, mother_transmitted | | |

The mitochondrion is the mother's in the child; a variant on a fraction of the reads is on a molecule of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from neotriage.genome import ContigKind
from neotriage.simulate.assembly import Assembly
from neotriage.simulate.haplotypes import Allele, apply_alleles
from neotriage.simulate.reads import Molecule

__all__ = ["FOUNDERS", "ROLES", "Trio", "haplotypes_at"]

FOUNDERS = ("father_transmitted", "father_other", "mother_transmitted", "mother_other")
ROLES: Mapping[str, tuple[str, str]] = {
    "child": ("child_paternal", "child_maternal"),
    "father": ("father_transmitted", "father_other"),
    "mother": ("mother_transmitted", "mother_other"),
}
_FROM = {"child_paternal": "father_transmitted", "child_maternal": "mother_transmitted"}
_ARTEFACT_FLANK_BP = 600


@dataclass
class Trio:
    """Which alleles lie on which haplotype, and which on a fraction of whose reads."""

    assembly: Assembly
    carried: dict[str, set[Allele]] = field(default_factory=dict)
    fractions: dict[Allele, Mapping[str, float]] = field(default_factory=dict)

    def put(self, allele: Allele, haplotypes: Iterable[str]) -> None:
        """Put an allele on haplotypes."""
        for name in haplotypes:
            self.carried.setdefault(name, set()).add(allele)

    def on(self, haplotype: str) -> set[Allele]:
        """The alleles of a haplotype; a child's haplotype has its parent's too."""
        inherited = self.carried.get(_FROM[haplotype], set()) if haplotype in _FROM else set()
        return self.carried.get(haplotype, set()) | inherited

    def genotype(self, role: str, allele: Allele) -> str:
        """A person's genotype: 0/1, 1 (hemizygous), a share of the reads, or `.` where they have no such contig."""
        if allele in self.fractions:
            return f"{self.fractions[allele].get(role, 0.0):g} of reads"
        there = haplotypes_at(self.assembly, role, allele.contig, allele.position)
        return "/".join(sorted(str(int(allele in self.on(name))) for name in there)) or "."

    def molecules(self, role: str, share: float = 1.0) -> list[Molecule]:
        """What a person's reads are drawn from; `share` of the whole depth, for one lane of several."""
        design = self.assembly.design
        half = design.nuclear_depth * share / 2
        found: list[Molecule] = []
        for contig in design.build.contigs:
            if contig.kind is ContigKind.MITOCHONDRION:
                found += self._mitochondria(role, contig.name, design.mitochondrial_depth * share)
                continue
            for name in ROLES[role]:
                bases = self._nuclear(contig.name, name)
                if bases:
                    found.append(Molecule(f"{contig.name}.{name}", bases, half))
        return found + self._artefacts(role, share)

    def _nuclear(self, contig: str, haplotype: str) -> str:
        design, bases = self.assembly.design, self.assembly.sequences[contig]
        if contig == design.par_y.contig:
            return self._y(haplotype) if _has_y(haplotype) else ""
        if contig == design.par_x.contig and _has_y(haplotype):
            return ""
        return apply_alleles(bases, [a for a in self.on(haplotype) if a.contig == contig])

    def _y(self, haplotype: str) -> str:
        x, y = self.assembly.design.par_x, self.assembly.design.par_y
        shift = y.start - x.start
        from_par = [
            Allele(y.contig, a.position + shift, a.ref, a.alt)
            for a in self.on(haplotype)
            if a.contig == x.contig and x.start <= a.position < x.end
        ]
        own = [a for a in self.on(haplotype) if a.contig == y.contig]
        return apply_alleles(self.assembly.sequences[y.contig], from_par + own)

    def _mitochondria(self, role: str, contig: str, depth: float) -> list[Molecule]:
        line = "father_other" if role == "father" else "mother_transmitted"
        homoplasmic = [a for a in self.on(line) if a.contig == contig]
        bases = self.assembly.sequences[contig]
        found: list[Molecule] = []
        rest = depth
        for allele, shares in self.fractions.items():
            if allele.contig == contig and shares.get(role, 0.0) > 0:
                mutant = apply_alleles(bases, [*homoplasmic, allele])
                found.append(Molecule(f"{contig}.m{allele.position + 1}", mutant, depth * shares[role]))
                rest -= depth * shares[role]
        return [*found, Molecule(f"{contig}.{line}", apply_alleles(bases, homoplasmic), rest)]

    def _artefacts(self, role: str, share: float) -> list[Molecule]:
        found: list[Molecule] = []
        depth = self.assembly.design.nuclear_depth * share
        for allele, shares in self.fractions.items():
            kind = self.assembly.design.build.kind(allele.contig)
            if kind is ContigKind.MITOCHONDRION or shares.get(role, 0.0) == 0:
                continue
            start = max(0, allele.position - _ARTEFACT_FLANK_BP)
            bases = self.assembly.sequences[allele.contig][start : allele.position + _ARTEFACT_FLANK_BP]
            extra = depth * shares[role] / (1 - shares[role])
            found.append(Molecule(f"{allele.contig}.a{allele.position + 1}", apply_alleles(bases, [allele], start), extra))
        return found


def haplotypes_at(assembly: Assembly, role: str, contig: str, position: int) -> tuple[str, ...]:
    """The haplotypes with which a person carries a place of the reference: two, one (hemizygous, mitochondrion), or none."""
    design = assembly.design
    kind = design.build.kind(contig)
    if kind is ContigKind.MITOCHONDRION:
        return ("father_other",) if role == "father" else ("mother_transmitted",)
    if kind is ContigKind.Y:
        return () if design.build.is_par(contig, position) else tuple(name for name in ROLES[role] if _has_y(name))
    if kind is ContigKind.X and not design.build.is_par(contig, position):
        return tuple(name for name in ROLES[role] if not _has_y(name))
    return ROLES[role]


def _has_y(haplotype: str) -> bool:
    return haplotype in {"father_transmitted", "child_paternal"}
