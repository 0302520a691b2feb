"""The report as an HL7 FHIR bundle after the Genomics Reporting guide, STU3 (http://hl7.org/fhir/uv/genomics-reporting/STU3).

    Patient            a pseudonym and the sex, nothing else
    DiagnosticReport   profile genomic-report: the answer, preliminary until a person signs
    Observation        profile variant, one for each reported variant
    Observation        profile diagnostic-implication, one for each variant of each candidate
    Observation        profile sequence-phase-relationship, one for each pair of variants
    Observation        51968-6, the overall interpretation

Built of fhir.resources' R4B classes; of these four resources R4 (4.0.1, which the guide is based on) and R4B have the same
elements. Codes are LOINC's, the guide's own, HPO's and those of the named registries.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fhir.resources.R4B.bundle import Bundle

from neotriage.interchange.reported import (
    Pseudonyms,
    allelic_state,
    beyond_lines,
    conclusion,
    failed_gates,
    reported_candidates,
)

__all__ = ["build_bundle"]

GUIDE = "http://hl7.org/fhir/uv/genomics-reporting"
LOINC = "http://loinc.org"
TBD_CODES = f"{GUIDE}/CodeSystem/tbd-codes-cs"
HGVS = "http://varnomen.hgvs.org"
HPO = "http://human-phenotype-ontology.org"
REFSEQ = "http://www.ncbi.nlm.nih.gov/refseq"
CLINVAR = "http://www.ncbi.nlm.nih.gov/clinvar"
ENSEMBL = "http://www.ensembl.org"
VRS = "https://vrs.ga4gh.org"
PHASES = "http://terminology.hl7.org/CodeSystem/sequence-phase-relationship-cs"
_NAMESPACE = uuid.UUID("6f1f7f0e-35a5-5d0c-9a50-0d6f2c8f2b0d")  # of this bundle's resource addresses

_OVERALL = {
    "found": ("LA6576-8", "Positive"),
    "candidate": ("LA9663-1", "Inconclusive"),
    "beyond_variants": ("LA9663-1", "Inconclusive"),
    "nothing_found": ("LA6577-6", "Negative"),
}
_ACMG = {
    "P": ("LA6668-3", "Pathogenic"),
    "LP": ("LA26332-9", "Likely pathogenic"),
    "VUS": ("LA26333-7", "Uncertain significance"),
    "LB": ("LA26334-5", "Likely benign"),
    "B": ("LA6675-8", "Benign"),
}
_STATES = {
    "heterozygous": ("LA6706-1", "Heterozygous"),
    "homozygous": ("LA6705-3", "Homozygous"),
    "hemizygous": ("LA6707-9", "Hemizygous"),
    "heteroplasmic": ("LA6703-8", "Heteroplasmic"),
    "homoplasmic": ("LA6704-6", "Homoplasmic"),
}
_CHANGES = {  # LOINC answer list LL379-9
    "DEL": ("LA6692-3", "Deletion"),
    "DUP": ("LA6686-5", "Duplication"),
    "INS": ("LA6687-3", "Insertion"),
    "INV": ("LA6689-9", "Inversion"),
}
_ASSEMBLIES = {"GRCh37": ("LA14029-5", "GRCh37"), "GRCh38": ("LA26806-2", "GRCh38")}
_MODES = {
    "de_novo": ("HP:0000006", "Autosomal dominant inheritance"),
    "dominant_inherited": ("HP:0000006", "Autosomal dominant inheritance"),
    "dominant_unknown_origin": ("HP:0000006", "Autosomal dominant inheritance"),
    "recessive_homozygous": ("HP:0000007", "Autosomal recessive inheritance"),
    "recessive_isodisomy": ("HP:0000007", "Autosomal recessive inheritance"),
    "recessive_compound": ("HP:0000007", "Autosomal recessive inheritance"),
    "recessive_single_hit": ("HP:0000007", "Autosomal recessive inheritance"),
    "x_recessive": ("HP:0001419", "X-linked recessive inheritance"),
    "x_compound": ("HP:0001419", "X-linked recessive inheritance"),
    "x_dominant": ("HP:0001423", "X-linked dominant inheritance"),
    "x_de_novo": ("HP:0001417", "X-linked inheritance"),
    "y_linked": ("HP:0001450", "Y-linked inheritance"),
    "mitochondrial": ("HP:0001427", "Mitochondrial inheritance"),
}
_PHASES = {"trans_by_parent": "Trans", "trans_by_read": "Trans", "cis": "Cis", "unknown": "Unknown"}


def build_bundle(document: Mapping[str, Any]) -> str:
    """The bundle of a report document as JSON; same document, same bytes.

    Raises:
        pydantic.ValidationError: a bug: the bundle is not what the R4B models take.
    """
    names = Pseudonyms.of(document)
    patient = _patient(document, names)
    observations = [_overall(document, names)]
    for candidate in reported_candidates(document):
        observations += _of_candidate(document, candidate, names)
    report = _report(document, names, observations)
    bundle = Bundle.model_validate(
        {
            "resourceType": "Bundle",
            "id": names.case,
            "type": "collection",
            "entry": [{"fullUrl": _address(r["id"]), "resource": r} for r in (report, patient, *observations)],
        }
    )
    return json.dumps(json.loads(bundle.model_dump_json()), indent=1, sort_keys=True) + "\n"


_UNSAFE = "The quality of the data is red: neither a finding nor its absence is safe before that is looked into. "


def _patient(document: Mapping[str, Any], names: Pseudonyms) -> dict[str, Any]:
    [baby] = [member for member in document["case"]["members"] if member["role"] == "baby"]
    return {
        "resourceType": "Patient",
        "id": names.baby,
        "identifier": [{"use": "secondary", "system": "urn:neotriage:pseudonym", "value": names.baby}],
        "gender": baby["sex"],
    }


def _report(document: Mapping[str, Any], names: Pseudonyms, observations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    _, sentence = conclusion(document)
    return {
        "resourceType": "DiagnosticReport",
        "id": f"{names.case}-report",
        "meta": {"profile": [f"{GUIDE}/StructureDefinition/genomic-report"]},
        "status": "preliminary",
        "category": [_coded("http://terminology.hl7.org/CodeSystem/v2-0074", "GE", "Genetics")],
        "code": _coded(LOINC, "51969-4", "Genetic analysis report"),
        "subject": {"reference": _address(names.baby)},
        "result": [{"reference": _address(o["id"])} for o in observations],
        "conclusion": f"{_UNSAFE}{sentence}" if failed_gates(document) else sentence,
    }


def _overall(document: Mapping[str, Any], names: Pseudonyms) -> dict[str, Any]:
    """Positive, inconclusive or negative, and what was not looked at: a negative is no more than that."""
    statement, _ = conclusion(document)
    lines = [*failed_gates(document), *beyond_lines(document), *document["not_looked_at"]]
    code = _coded(LOINC, "51968-6", "Genetic analysis overall interpretation")
    return {
        **_observation(f"{names.case}-overall", None, code, names),
        "valueCodeableConcept": _coded(LOINC, *_OVERALL[statement]),
        "note": [{"text": names.hide(document, line)} for line in lines],
    }


def _of_candidate(document: Mapping[str, Any], candidate: Mapping[str, Any], names: Pseudonyms) -> list[dict[str, Any]]:
    rank = f"{names.case}-{candidate['rank']}"
    numbered = list(enumerate(candidate["variants"], start=1))
    found = [_variant(document, candidate, variant, f"{rank}-variant-{number}", names) for number, variant in numbered]
    implied = [
        _implication(candidate, variant, f"{rank}-implication-{number}", f"{rank}-variant-{number}", names)
        for number, variant in numbered
    ]
    phase = _PHASES.get(candidate["phase"])
    related = [_phase(phase, rank, [o["id"] for o in found], names)] if phase and len(found) > 1 else []
    return [*found, *implied, *related]


def _variant(
    document: Mapping[str, Any], candidate: Mapping[str, Any], variant: Mapping[str, Any], identifier: str, names: Pseudonyms
) -> dict[str, Any]:
    return {
        **_observation(identifier, "variant", _coded(LOINC, "69548-6", "Genetic variant assessment"), names),
        "valueCodeableConcept": _coded(LOINC, "LA9633-4", "Present"),
        "method": _coded(LOINC, "LA26398-0", "Sequencing"),
        "component": [
            *_place(document, candidate, variant),
            *_named(variant),
            *_carried(document, candidate, variant),
        ],
    }


def _place(document: Mapping[str, Any], candidate: Mapping[str, Any], variant: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    gene = {**_coded(ENSEMBL, candidate["gene_id"], candidate["gene"]), "text": candidate["gene"]}
    yield _component("48018-6", "Gene studied [ID]", valueCodeableConcept=gene)
    build = document["case"]["build"]
    assembly = _coded(LOINC, *_ASSEMBLIES[build]) if build in _ASSEMBLIES else {"text": build}
    yield _component("62374-4", "Human reference sequence assembly version", valueCodeableConcept=assembly)
    sequence = (variant["hgvs_g"] or "").partition(":")[0]
    named = _coded(REFSEQ, sequence, sequence) if sequence.startswith("NC_") else {"text": variant["chrom"]}
    yield _component("48013-7", "Genomic reference sequence [ID]", valueCodeableConcept=named)
    structural = variant["structural"]
    last = structural["end"] if structural else variant["position"] + len(variant["ref"]) - 1
    low, high = {"value": variant["position"]}, {"value": last}
    yield _component("81254-5", "Genomic allele start-end", valueRange={"low": low, "high": high})
    counting = _coded(LOINC, "LA30102-0", "1-based character counting")
    yield _component("92822-6", "Genomic coord system", valueCodeableConcept=counting)
    if structural:
        if structural["kind"] in _CHANGES:
            change = _coded(LOINC, *_CHANGES[structural["kind"]])
            yield _component("48019-4", "DNA change type", valueCodeableConcept=change)
        return
    yield _component("69547-8", "Genomic ref allele [ID]", valueString=variant["ref"])
    yield _component("69551-0", "Genomic alt allele [ID]", valueString=variant["alt"])


def _named(variant: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for code, display, name in (
        ("81290-9", "Genomic DNA change (gHGVS)", variant["hgvs_g"]),
        ("48004-6", "DNA change (c.HGVS)", variant["hgvs_c"]),
        ("48005-3", "Amino acid change (pHGVS)", variant["hgvs_p"]),
    ):
        if name:
            yield _component(code, display, valueCodeableConcept=_coded(HGVS, name, name))
    transcript = (variant["hgvs_c"] or "").partition(":")[0]
    if transcript:
        system = REFSEQ if transcript.startswith(("NM_", "NR_")) else ENSEMBL
        yield _component("51958-7", "Transcript reference sequence [ID]", valueCodeableConcept=_coded(system, transcript))
    if variant["vrs_id"]:
        yield _component("81252-9", "Discrete genetic variant", valueCodeableConcept=_coded(VRS, variant["vrs_id"]))
    if variant["clinvar"]["id"]:
        yield _component("81252-9", "Discrete genetic variant", valueCodeableConcept=_coded(CLINVAR, variant["clinvar"]["id"]))


def _carried(document: Mapping[str, Any], candidate: Mapping[str, Any], variant: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    state = allelic_state(document, candidate, variant)
    if state:
        yield _component("53034-5", "Allelic state", valueCodeableConcept=_coded(LOINC, *_STATES[state]))
    is_sure_de_novo = candidate["de_novo_confidence"] == "high"
    source = ("LA26807-0", "De novo") if is_sure_de_novo else ("LA6683-2", "Germline")
    yield _component("48002-0", "Genomic source class [Type]", valueCodeableConcept=_coded(LOINC, *source))
    [baby] = [genotype for genotype in variant["genotypes"] if genotype["role"] == "baby"]
    if baby["alt_depth"] is not None:
        count = {"value": baby["alt_depth"], "unit": "reads", "system": "http://unitsofmeasure.org", "code": "1"}
        yield _component("82121-5", "Allelic read depth", valueQuantity=count)


def _implication(
    candidate: Mapping[str, Any], variant: Mapping[str, Any], identifier: str, of_variant: str, names: Pseudonyms
) -> dict[str, Any]:
    components = []
    if variant["acmg_class"]:
        significance = _coded(LOINC, *_ACMG[variant["acmg_class"]])
        components.append(_component("53037-8", "Genetic variation clinical significance", valueCodeableConcept=significance))
    if candidate["disease_id"]:
        components.append(_component("81259-4", "Associated phenotype", valueCodeableConcept=_disease(candidate)))
    if candidate["model"] in _MODES:
        code = _coded(TBD_CODES, "condition-inheritance", "Condition Inheritance")
        components.append({"code": code, "valueCodeableConcept": _coded(HPO, *_MODES[candidate["model"]])})
    code = _coded(TBD_CODES, "diagnostic-implication", "Diagnostic Implication")
    return {
        **_observation(identifier, "diagnostic-implication", code, names),
        "derivedFrom": [{"reference": _address(of_variant)}],
        **({"component": components} if components else {}),
    }


def _disease(candidate: Mapping[str, Any]) -> dict[str, Any]:
    prefix, _, number = candidate["disease_id"].partition(":")
    systems = {"OMIM": "http://www.omim.org", "ORPHA": "http://www.orpha.net"}
    coding = [{"system": systems[prefix], "code": number, "display": candidate["disease"]}] if prefix in systems else []
    return {"text": candidate["disease"], **({"coding": coding} if coding else {})}


def _phase(phase: str, rank: str, of_variants: Sequence[str], names: Pseudonyms) -> dict[str, Any]:
    return {
        **_observation(f"{rank}-phase", "sequence-phase-relationship", _coded(LOINC, "82120-7", "Allelic phase"), names),
        "valueCodeableConcept": _coded(PHASES, phase, phase),
        "derivedFrom": [{"reference": _address(identifier)} for identifier in of_variants],
    }


def _observation(identifier: str, profile: str | None, code: dict[str, Any], names: Pseudonyms) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": identifier,
        **({"meta": {"profile": [f"{GUIDE}/StructureDefinition/{profile}"]}} if profile else {}),
        "status": "preliminary",
        "category": [
            _coded("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "Laboratory"),
            _coded("http://terminology.hl7.org/CodeSystem/v2-0074", "GE", "Genetics"),
        ],
        "code": code,
        "subject": {"reference": _address(names.baby)},
    }


def _component(code: str, display: str, **value: Any) -> dict[str, Any]:
    return {"code": _coded(LOINC, code, display), **value}


def _coded(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}


def _address(identifier: str) -> str:
    """The address of a resource within the bundle, the same whenever the bundle is made."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, identifier)}"
