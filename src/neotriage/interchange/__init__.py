"""What other systems take in: a GA4GH phenopacket, an HL7 FHIR genomics bundle, GA4GH VRS ids; all under pseudonyms.

The libraries behind each are loaded by the module that needs them.
"""

from typing import TYPE_CHECKING, Any

from neotriage.interchange.reported import Pseudonyms, bears_on_question, reported_candidates

if TYPE_CHECKING:
    from neotriage.interchange.fhir import fhir_bundle
    from neotriage.interchange.phenopacket import phenopacket
    from neotriage.interchange.vrs import AlleleIds

__all__ = ["AlleleIds", "Pseudonyms", "bears_on_question", "fhir_bundle", "phenopacket", "reported_candidates"]

_HOMES = {"AlleleIds": "vrs", "fhir_bundle": "fhir", "phenopacket": "phenopacket"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"neotriage.interchange.{_HOMES[name]}"), name)
