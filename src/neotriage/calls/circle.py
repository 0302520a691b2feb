"""The mitochondrion is a circle: the contig turned by half, so that what lies across its origin lies in the middle."""

from __future__ import annotations

from dataclasses import dataclass

from neotriage.errors import BuildError
from neotriage.genome import Build, Contig, ContigKind

__all__ = ["Circle", "mitochondrion_of"]

FLANK_BP = 1000


@dataclass(frozen=True)
class Circle:
    """A circular contig of that length, as it is and turned by half."""

    length: int

    @property
    def shift(self) -> int:
        """The contig's position, 0-based, at which the turned contig starts."""
        return self.length // 2

    @property
    def flank(self) -> int:
        """Bases on either side of the origin that are read off the turned contig."""
        return min(FLANK_BP, self.length // 4)

    def turned(self, bases: str) -> str:
        """The turned contig's bases."""
        return bases[self.shift :] + bases[: self.shift]

    def to_turned(self, position: int) -> int:
        """Place on the turned contig."""
        return (position - self.shift) % self.length

    def from_turned(self, position: int) -> int:
        """Place on the contig of a place on the turned one."""
        return (position + self.shift) % self.length

    def is_near_origin(self, position: int) -> bool:
        """Whether a place is read off the turned contig."""
        return position < self.flank or position >= self.length - self.flank


def mitochondrion_of(build: Build) -> Contig:
    """The build's mitochondrial contig.

    Raises:
        BuildError: it has none.
    """
    found = next((contig for contig in build.contigs if contig.kind is ContigKind.MITOCHONDRION), None)
    if found is None:
        raise BuildError(f"build {build.name} has no mitochondrion", fix="name it in the build's file, or leave the rule out")
    return found
