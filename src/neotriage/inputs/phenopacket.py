"""A GA4GH phenopacket v2 (`Phenopacket` or `Family` JSON) as a case file, and where it contradicts the samplesheet.

What it may contradict: each subject's sex, and of each person of the pedigree sex, affected status and parents. `Unknown` on
either side contradicts nothing; the sheet is followed and the difference noted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from neotriage.errors import InputError
from neotriage.inputs.document import Document, Key
from neotriage.inputs.samplesheet import SheetFamily
from neotriage.pedigree import Member, Sex

__all__ = ["Packet", "is_phenopacket", "read_phenopacket"]

_SEX = {"MALE": Sex.MALE, "FEMALE": Sex.FEMALE}
_CORRECT = "correct the one that is wrong"
_AFFECTED = {"AFFECTED": True, "UNAFFECTED": False}


@dataclass(frozen=True)
class Packet:
    """What a phenopacket says: the proband, and key -> HPO id as stated (`excluded` in the key of an excluded term)."""

    proband: str
    proband_key: Key
    terms: Mapping[Key, str]
    notes: tuple[str, ...]


def is_phenopacket(values: Any) -> bool:
    """Whether a file's values are a phenopacket, not a case file: both its messages require metaData."""
    return isinstance(values, Mapping) and ("metaData" in values or "meta_data" in values)


def read_phenopacket(document: Document, family: SheetFamily) -> Packet:
    """A phenopacket of a family of the sheet.

    Raises:
        InputError: not a phenopacket of version 2, no subject, or a contradiction to the sheet.
    """
    message, is_family = _parse(document)
    at: Key = ("proband",) if is_family else ()
    packet = message.proband if is_family else message
    if not packet.subject.id:
        raise document.error(
            "the phenopacket names no subject", (*at, "subject", "id"), "name the proband's sample as subject.id"
        )
    others = [(("relatives", n), relative) for n, relative in enumerate(message.relatives)] if is_family else []
    notes: list[str] = []
    by_name = {member.sample: member for member in family.members}
    for key, person in [(at, packet), *others]:
        if person.subject.id in by_name:
            sex = _SEX.get(_enum_name(person.subject, "sex"))
            notes += _compare(document, (*key, "subject", "sex"), by_name[person.subject.id], "sex", sex)
    if is_family:
        for number, person in enumerate(message.pedigree.persons):
            notes += _compare_person(document, ("pedigree", "persons", number), person, by_name, family.name)
    terms, unused = _features(packet, at)
    return Packet(packet.subject.id, (*at, "subject", "id"), terms, (*notes, *unused))


def _parse(document: Document) -> tuple[Any, bool]:
    # the phenopackets package loads protobuf, which only those pay who give one
    import phenopackets
    from google.protobuf.json_format import ParseDict, ParseError

    values = document.values
    meta = values.get("metaData") or values.get("meta_data") or {}
    if not isinstance(meta, Mapping):
        raise document.error("metaData holds no keys", ("metaData",), "give a GA4GH phenopacket v2")
    version = str(meta.get("phenopacketSchemaVersion") or meta.get("phenopacket_schema_version") or "2")
    if version.partition(".")[0] != "2":
        raise document.error(
            f"phenopacket of schema version {version}", ("metaData", "phenopacketSchemaVersion"), "give a GA4GH phenopacket v2"
        )
    is_family = "proband" in values
    try:
        return ParseDict(values, phenopackets.Family() if is_family else phenopackets.Phenopacket()), is_family
    except ParseError as error:
        kind = "Family" if is_family else "Phenopacket"
        raise InputError(
            f"not a phenopacket v2 {kind} ({error})", file=document.file, fix="correct the field, or write a case file"
        ) from None


def _features(packet: Any, at: Key) -> tuple[dict[Key, str], list[str]]:
    terms: dict[Key, str] = {}
    notes: list[str] = []
    for number, feature in enumerate(packet.phenotypic_features):
        if feature.type.id.startswith("HP:"):
            state = "excluded" if feature.excluded else "type"
            terms[*at, "phenotypicFeatures", number, state, "id"] = feature.type.id
        else:
            notes.append(f"phenotypic feature {feature.type.id} ({feature.type.label}) is not an HPO term and was not used")
    return terms, notes


def _compare_person(document: Document, key: Key, person: Any, by_name: Mapping[str, Member], family: str) -> Iterator[str]:
    if person.family_id and person.family_id != family:
        raise document.error(
            f"the pedigree is of family {person.family_id!r}, the case of {family!r}", (*key, "familyId"), "make the two agree"
        )
    member = by_name.get(person.individual_id)
    if member is None:
        yield f"{person.individual_id} of the phenopacket's pedigree is not on the samplesheet"
        return
    yield from _compare(document, (*key, "sex"), member, "sex", _SEX.get(_enum_name(person, "sex")))
    status = _AFFECTED.get(_enum_name(person, "affected_status"))
    yield from _compare(document, (*key, "affectedStatus"), member, "is_affected", status)
    for role, field, stated in (("father", "paternalId", person.paternal_id), ("mother", "maternalId", person.maternal_id)):
        own = getattr(member, role)
        is_stated = stated not in {"", "0"} and (stated in by_name or own is not None)
        if is_stated and stated != own:
            raise document.error(_contradiction(member, role, stated, own or "0"), (*key, field), _CORRECT)


def _enum_name(message: Any, field: str) -> str:
    name: str = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[getattr(message, field)].name
    return name


def _compare(document: Document, key: Key, member: Member, what: str, stated: Sex | bool | None) -> Iterator[str]:
    """A note if only the packet knows; nothing if only the sheet does or both agree."""
    own = getattr(member, what)
    if stated is None or stated == own:
        return
    if own is None or own is Sex.UNKNOWN:
        yield f"the phenopacket states {what} {stated} of {member.sample}, the samplesheet none, which is followed"
        return
    raise document.error(_contradiction(member, what, stated, own), key, _CORRECT)


def _contradiction(member: Member, what: str, here: object, there: object) -> str:
    return f"contradicts the samplesheet: {what} of {member.sample} is {here} here and {there} there"
