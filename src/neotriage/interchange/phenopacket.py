"""The baby as a GA4GH phenopacket v2: signs, and the reported candidates as interpretations.

A finding beyond small variants is a line of text (an external reference, as a failed check is). Names are pseudonyms and no
date but the day of receipt is given. A machine's interpretation is IN_PROGRESS and its variants CANDIDATE until a person has
signed; nobody is told here that something is causative.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from google.protobuf.json_format import MessageToJson, ParseDict
from phenopackets import Phenopacket

from neotriage import __version__
from neotriage.interchange.reported import Pseudonyms, allelic_state, beyond_lines, failed_gates, reported_candidates

__all__ = ["build_phenopacket"]

_ACMG = {
    "P": "PATHOGENIC",
    "LP": "LIKELY_PATHOGENIC",
    "VUS": "UNCERTAIN_SIGNIFICANCE",
    "LB": "LIKELY_BENIGN",
    "B": "BENIGN",
    None: "NOT_PROVIDED",
}
_STATES = {
    "heterozygous": "GENO:0000135",
    "homozygous": "GENO:0000136",
    "hemizygous": "GENO:0000134",
    "heteroplasmic": "GENO:0000603",
    "homoplasmic": "GENO:0000602",
}
_RESOURCES = {
    "HP": ("human phenotype ontology", "http://purl.obolibrary.org/obo/hp.owl", "http://purl.obolibrary.org/obo/HP_"),
    "GENO": ("Genotype Ontology", "http://purl.obolibrary.org/obo/geno.owl", "http://purl.obolibrary.org/obo/GENO_"),
    "OMIM": ("Online Mendelian Inheritance in Man", "https://www.omim.org", "https://omim.org/entry/"),
    "ORPHA": ("Orphanet", "https://www.orpha.net", "http://www.orpha.net/ORDO/Orphanet_"),
    "MONDO": ("Mondo Disease Ontology", "http://purl.obolibrary.org/obo/mondo.owl", "http://purl.obolibrary.org/obo/MONDO_"),
    "ENSEMBL": ("Ensembl", "https://www.ensembl.org", "https://identifiers.org/ensembl:"),
}
_NO_DAY = "1970-01-01T00:00:00Z"  # the schema asks for a time of making; without a day of receipt there is none to give


def build_phenopacket(document: Mapping[str, Any]) -> str:
    """The phenopacket of a report document as JSON; same document, same bytes."""
    names = Pseudonyms.of(document)
    reported = reported_candidates(document)
    values = {
        "id": names.case,
        "subject": {"id": names.baby, "sex": _sex(document), "taxonomy": {"id": "NCBITaxon:9606", "label": "Homo sapiens"}},
        "phenotypicFeatures": _features(document),
        "interpretations": [_interpretation(document, candidate, names) for candidate in reported],
        "metaData": {
            "created": _created(document),
            "createdBy": f"neotriage {__version__}",
            "phenopacketSchemaVersion": "2.0",
            "resources": _resources(document, reported),
            "externalReferences": [
                {"id": f"neotriage:{kind}-{number}", "description": names.hide(document, line)}
                for kind, lines in (("failed-check", failed_gates(document)), ("beyond-variants", beyond_lines(document)))
                for number, line in enumerate(lines, start=1)
            ],
        },
    }
    text = MessageToJson(ParseDict(values, Phenopacket()), indent=None)
    return json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"


def _sex(document: Mapping[str, Any]) -> str:
    [baby] = [member for member in document["case"]["members"] if member["role"] == "baby"]
    return {"male": "MALE", "female": "FEMALE"}.get(baby["sex"], "UNKNOWN_SEX")


def _features(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    case = document["case"]
    present = [{"type": _term(term)} for term in case["hpo_present"]]
    return present + [{"type": _term(term), "excluded": True} for term in case["hpo_excluded"]]


def _term(term: Mapping[str, str]) -> dict[str, str]:
    return {"id": term["id"], "label": term["name"] or term["id"]}


def _created(document: Mapping[str, Any]) -> str:
    received = document["case"]["clock"]["received"]
    return f"{datetime.fromisoformat(received).date().isoformat()}T00:00:00Z" if received else _NO_DAY


def _interpretation(document: Mapping[str, Any], candidate: Mapping[str, Any], names: Pseudonyms) -> dict[str, Any]:
    return {
        "id": f"{names.case}-candidate-{candidate['rank']}",
        "progressStatus": "IN_PROGRESS",
        "summary": f"{candidate['model_words']}; {candidate['probability_words']} (share {candidate['probability']})",
        "diagnosis": {
            "disease": _disease(candidate),
            "genomicInterpretations": [
                {
                    "subjectOrBiosampleId": names.baby,
                    "interpretationStatus": "CANDIDATE",
                    "variantInterpretation": {
                        "acmgPathogenicityClassification": _ACMG[variant["acmg_class"]],
                        "therapeuticActionability": "ACTIONABLE" if candidate["treatment"] else "UNKNOWN_ACTIONABILITY",
                        "variationDescriptor": _descriptor(document, candidate, variant),
                    },
                }
                for variant in candidate["variants"]
            ],
        },
    }


def _disease(candidate: Mapping[str, Any]) -> dict[str, str]:
    """The candidate's disease; where the gene has none annotated, the root of Mondo, for the schema asks for one."""
    if not candidate["disease_id"]:
        return {"id": "MONDO:0000001", "label": "disease"}
    return {"id": candidate["disease_id"], "label": candidate["disease"]}


def _descriptor(document: Mapping[str, Any], candidate: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    site = f"{variant['chrom']}-{variant['position']}-{variant['ref']}-{variant['alt']}"
    state = allelic_state(document, candidate, variant)
    structural = variant["structural"]
    descriptor = {
        "id": variant["vrs_id"] or site,
        "label": variant["hgvs_c"] or variant["hgvs_g"] or (structural["words"] if structural else site),
        "geneContext": {"valueId": f"ENSEMBL:{candidate['gene_id']}", "symbol": candidate["gene"]},
        "expressions": [
            {"syntax": f"hgvs.{_kind(name)}", "value": name}
            for name in (variant["hgvs_c"], variant["hgvs_g"], variant["hgvs_p"])
            if name
        ],
        "vcfRecord": {
            "genomeAssembly": document["case"]["build"],
            "chrom": variant["chrom"],
            "pos": str(variant["position"]),
            "ref": variant["ref"],
            "alt": variant["alt"],
            **({"info": f"SVTYPE={structural['kind']};END={structural['end']}"} if structural else {}),
        },
        "moleculeContext": "genomic",
    }
    if state:
        descriptor["allelicState"] = {"id": _STATES[state], "label": state}
    if variant["clinvar"]["id"]:
        descriptor["xrefs"] = [f"clinvar:{variant['clinvar']['id']}"]
    return descriptor


def _kind(name: str) -> str:
    """The letter of an HGVS name: c, n, g, m or p."""
    return name.rpartition(":")[2][0]


def _resources(document: Mapping[str, Any], reported: list[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The vocabularies that the packet's ids come from; a version that no input states is said to be not stated."""
    used = {"HP"} if document["case"]["hpo_present"] or document["case"]["hpo_excluded"] else set()
    for candidate in reported:
        used |= {"GENO", "ENSEMBL", _disease(candidate)["id"].partition(":")[0]}
    versions = {"HP": document["summary"].get("hpo_release", "")}
    return [
        {
            "id": prefix.lower(),
            "name": name,
            "url": url,
            "version": versions.get(prefix) or "not stated",
            "namespacePrefix": prefix,
            "iriPrefix": iri,
        }
        for prefix, (name, url, iri) in _RESOURCES.items()
        if prefix in used
    ]
