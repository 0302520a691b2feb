"""What `quality_rule` says of a call: failed, not measured, or nothing against the call itself.

The table stage writes there the first rule that a kept variant fails. A rule of the proband's call makes the call doubtful;
frequency and region do not, since they are no words about the call. `<rule>_not_measured` is neither failed nor passed.
"""

from __future__ import annotations

__all__ = ["is_call_doubtful", "is_call_failed", "unmeasured_rule"]

_CALL_RULES = frozenset(
    {"site_filter", "site_quality", "depth", "genotype_quality", "allele_balance", "heteroplasmy", "support"}
)
_UNMEASURED = "_not_measured"


def is_call_failed(quality_rule: str) -> bool:
    """Whether the proband's call fails a quality rule."""
    return quality_rule in _CALL_RULES


def is_call_doubtful(quality_rule: str) -> bool:
    """Whether the proband's call fails a quality rule, or one of them could not be measured."""
    return is_call_failed(quality_rule) or is_call_failed(unmeasured_rule(quality_rule))


def unmeasured_rule(quality_rule: str) -> str:
    """The rule whose value is missing, '' none."""
    return quality_rule.removesuffix(_UNMEASURED) if quality_rule.endswith(_UNMEASURED) else ""
