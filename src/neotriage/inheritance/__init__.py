"""The inheritance stage: the ways in which variants explain the affected, and why the others do not.

Truth tables, rules in order and their sources: docs/inheritance.md.
"""

from neotriage.inheritance.run import Inheritance, find_hits, run_inheritance

__all__ = ["Inheritance", "find_hits", "run_inheritance"]
