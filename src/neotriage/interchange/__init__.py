"""What other systems take in: a GA4GH phenopacket, an HL7 FHIR genomics bundle, GA4GH VRS ids; all under pseudonyms.

`phenopacket`, `fhir` and `vrs` each load a library of their own, so they are imported by name where they are used.
"""

from neotriage.interchange.reported import (
    Pseudonyms,
    bears_on_question,
    beyond_lines,
    beyond_variants,
    failed_gates,
    reported_candidates,
    statement_of,
)

__all__ = [
    "Pseudonyms",
    "bears_on_question",
    "beyond_lines",
    "beyond_variants",
    "failed_gates",
    "reported_candidates",
    "statement_of",
]
