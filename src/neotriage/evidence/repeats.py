"""How often the sequence that an insertion or deletion changes stands in tandem in the reference."""

from __future__ import annotations

from neotriage.coding import Sequence
from neotriage.evidence.facts import changed_bases

__all__ = ["tandem_copies"]

_FLANK_UNITS = 30


def tandem_copies(chrom: str, position: int, ref: str, alt: str, reference: Sequence) -> int:
    """Copies of the smallest unit of what a pure insertion or deletion adds or takes, one after another at its place.

    0 for a substitution or a change that both takes and adds bases.
    """
    start, end, inserted = changed_bases(position, ref, alt)
    moved = inserted or ref[start - position : end - position]
    if (inserted and end > start) or not moved or len(ref) == len(alt):
        return 0
    unit = next(moved[:n] for n in range(1, len(moved) + 1) if len(moved) % n == 0 and moved == moved[:n] * (len(moved) // n))
    reach = _FLANK_UNITS * len(unit)
    before = reference(chrom, max(0, start - reach), start)
    after = reference(chrom, start, start + reach)
    copies = 0
    while after.startswith(unit):
        after, copies = after[len(unit) :], copies + 1
    while before.endswith(unit):
        before, copies = before[: -len(unit)], copies + 1
    return copies
