"""Phenopacket, FHIR bundle and VRS ids: read back by their libraries, what the guide requires, and no leak of what is withheld.

Required elements: HL7 Genomics Reporting STU3, profiles genomic-report, variant, diagnostic-implication,
sequence-phase-relationship. VRS ids: the worked example of the VRS 2.0 specification and vrs-python's translator tests.
"""

import copy
import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import phenopackets
import pysam
import pytest
from fhir.resources.R4B.bundle import Bundle
from google.protobuf.json_format import Parse

from neotriage.gene_models import read_gene_models
from neotriage.interchange import Pseudonyms, reported_candidates
from neotriage.interchange.fhir import _MODES, _PHASES, build_bundle
from neotriage.interchange.phenopacket import build_phenopacket
from neotriage.interchange.reported import conclusion
from neotriage.interchange.vrs import AlleleIds, allele_id, refget_accession
from neotriage.report import write_annotated_vcf, write_tsv
from neotriage.schema import Model, Phase

LOINC = "http://loinc.org"
TBD = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
PROFILES = "http://hl7.org/fhir/uv/genomics-reporting/StructureDefinition/"


def _variant(position: int = 100, **changes: Any) -> dict[str, Any]:
    genotypes = [
        {"sample": "SMITH-baby", "role": "baby", "words": "heterozygous", "depth": 30, "alt_depth": 14},
        {"sample": "SMITH-father", "role": "father", "words": "does not carry it", "depth": 30, "alt_depth": 0},
    ]
    base = {
        "chrom": "chr20",
        "position": position,
        "ref": "CAT",
        "structural": None,
        "alt": "C",
        "hgvs_g": f"NC_000020.11:g.{position}del",
        "hgvs_c": "NM_000214.3:c.12del",
        "hgvs_p": "p.(Arg4Ter)",
        "hgvs_not_named": [],
        "vrs_id": "ga4gh:VA.0AePZIWZUNsUlQTamyLrjm2HWUw2opLt",
        "acmg_class": "LP",
        "clinvar": {"id": "12345"},
        "genotypes": genotypes,
    }
    return {**base, **changes}


def _candidate(gene: str = "JAG1", rank: int = 1, **changes: Any) -> dict[str, Any]:
    base = {
        "rank": rank,
        "gene": gene,
        "gene_id": f"ENSG_{gene}",
        "model": "de_novo",
        "model_words": "new in the baby",
        "phase": "not_applicable",
        "de_novo_confidence": "high",
        "disease_id": "OMIM:118450",
        "disease": "Alagille syndrome 1",
        "panels": ["Cholestasis"],
        "probability": 0.9,
        "probability_words": "very likely",
        "parts_db": {"P": 10.0, "V": 20.0, "I": 5.0, "G": 10.0},
        "treatment": None,
        "notes": ["SMITH-father: 1 of 30 reads"],
        "variants": [_variant()],
    }
    return {**base, **changes}


def _document(*candidates: dict[str, Any], singles: tuple[dict[str, Any], ...] = (), **consent: bool) -> dict[str, Any]:
    members = [("SMITH-baby", "baby", "female"), ("SMITH-father", "father", "male"), ("SMITH-b1", "brother", "male")]
    members.append(("SMITH-b2", "brother", "male"))
    return {
        "case": {
            "name": "SMITH",
            "build": "GRCh38",
            "members": [{"sample": s, "role": r, "sex": x, "is_affected": r == "baby"} for s, r, x in members],
            "hpo_present": [{"id": "HP:0001396", "name": "Cholestasis"}],
            "hpo_excluded": [{"id": "HP:0001250", "name": "Seizure"}],
            "consent": {"secondary_findings": False, "carrier_status": False, **consent},
            "clock": {"born": "2026-01-05T03:40:00Z", "received": "2026-01-06T16:30:00+01:00", "sample_taken": ""},
            "notes": ["called Smith by the ward"],
        },
        "summary": {
            "statement": "found" if candidates else "nothing_found",
            "sentence": f"A likely cause was found. One strong allele in {', '.join(c['gene'] for c in singles)}.",
            "hpo_release": "2025-01-16",
            "top": {"rank": 1},
        },
        "candidates": list(candidates),
        "second_hit_not_found": list(singles),
        "not_looked_at": ["Not assessed: copy-number changes"],
        "settings": {"quality": {"homoplasmy": 0.95}},
    }


def _compound() -> dict[str, Any]:
    pair = [_variant(100), _variant(200, acmg_class="VUS", vrs_id=None, hgvs_p=None)]
    return _candidate("GALT", model="recessive_compound", phase="trans_by_parent", de_novo_confidence="", variants=pair)


OFF_QUESTION = _candidate("BRCA2", 2, panels=[], parts_db={"P": -3.0, "V": 20.0, "I": 0.0, "G": 0.0})
CARRIER = _candidate("CFTR", 3, model="recessive_single_hit", probability=0.02)


def _everything(document: dict[str, Any]) -> str:
    return build_phenopacket(document) + build_bundle(document)


def _packet(document: dict[str, Any]) -> phenopackets.Phenopacket:
    return Parse(build_phenopacket(document), phenopackets.Phenopacket())


def _resources(document: dict[str, Any], kind: str, profile: str = "") -> list[dict[str, Any]]:
    entries = [entry["resource"] for entry in json.loads(build_bundle(document))["entry"]]
    wanted = [r for r in entries if r["resourceType"] == kind]
    return [r for r in wanted if PROFILES + profile in r.get("meta", {}).get("profile", [])] if profile else wanted


def _codes(concept: dict[str, Any]) -> set[tuple[str, str]]:
    return {(c["system"], c["code"]) for c in concept["coding"]}


def _components(observation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {next(iter(_codes(c["code"])))[1]: c for c in observation["component"]}


def test_phenopacket__is_read_back_by_its_library() -> None:
    packet = _packet(_document(_candidate()))
    [interpretation] = packet.interpretations
    [genomic] = interpretation.diagnosis.genomic_interpretations
    descriptor = genomic.variant_interpretation.variation_descriptor
    assert re.fullmatch("case-[0-9a-f]{10}", packet.id)
    assert packet.subject.id == f"{packet.id}-baby"
    assert [(f.type.id, f.excluded) for f in packet.phenotypic_features] == [("HP:0001396", False), ("HP:0001250", True)]
    assert interpretation.diagnosis.disease.id == "OMIM:118450"
    assert genomic.subject_or_biosample_id == packet.subject.id
    assert descriptor.id == "ga4gh:VA.0AePZIWZUNsUlQTamyLrjm2HWUw2opLt"
    assert [(e.syntax, e.value) for e in descriptor.expressions] == [
        ("hgvs.c", "NM_000214.3:c.12del"),
        ("hgvs.g", "NC_000020.11:g.100del"),
        ("hgvs.p", "p.(Arg4Ter)"),
    ]
    assert (descriptor.vcf_record.chrom, descriptor.vcf_record.pos, descriptor.vcf_record.genome_assembly) == (
        "chr20",
        100,
        "GRCh38",
    )
    assert (descriptor.allelic_state.id, descriptor.gene_context.symbol) == ("GENO:0000135", "JAG1")
    assert genomic.variant_interpretation.acmg_pathogenicity_classification == 4
    assert {r.namespace_prefix for r in packet.meta_data.resources} == {"HP", "GENO", "OMIM", "ENSEMBL"}


def test_phenopacket__machine_calls_nothing_causative() -> None:
    [interpretation] = _packet(_document(_candidate())).interpretations
    assert interpretation.progress_status == phenopackets.Interpretation.ProgressStatus.IN_PROGRESS
    statuses = {g.interpretation_status for g in interpretation.diagnosis.genomic_interpretations}
    assert statuses == {phenopackets.GenomicInterpretation.InterpretationStatus.CANDIDATE}


def test_phenopacket__nothing_found_has_no_interpretation() -> None:
    assert not _packet(_document()).interpretations


def test_phenopacket__gene_without_disease_gets_the_root_of_mondo() -> None:
    [interpretation] = _packet(_document(_candidate(disease_id="", disease=""))).interpretations
    assert interpretation.diagnosis.disease.id == "MONDO:0000001"


def test_fhir__is_what_the_r4b_models_take() -> None:
    bundle = Bundle.model_validate_json(build_bundle(_document(_compound(), _candidate(rank=2))))
    assert bundle.type == "collection"
    kinds = [entry.resource.get_resource_type() for entry in bundle.entry]
    assert kinds[:2] == ["DiagnosticReport", "Patient"]
    assert set(kinds[2:]) == {"Observation"}


def test_fhir__every_reference_leads_to_an_entry() -> None:
    text = build_bundle(_document(_compound()))
    entries = json.loads(text)["entry"]
    held = {entry["fullUrl"] for entry in entries}
    asked = {part.split('"')[0] for part in text.split('"reference": "')[1:]}
    assert len(held) == len(entries)
    assert asked <= held


def test_fhir__report_has_what_the_guide_requires() -> None:
    [report] = _resources(_document(_candidate()), "DiagnosticReport", "genomic-report")
    assert report["status"] == "preliminary"
    assert _codes(report["code"]) == {(LOINC, "51969-4")}
    assert ("http://terminology.hl7.org/CodeSystem/v2-0074", "GE") in _codes(report["category"][0])
    assert report["subject"]["reference"]
    assert len(report["result"]) == 3
    assert "JAG1" in report["conclusion"]


def test_fhir__variant_has_what_the_guide_requires() -> None:
    [variant] = _resources(_document(_candidate()), "Observation", "variant")
    components = _components(variant)
    assert _codes(variant["code"]) == {(LOINC, "69548-6")}
    assert any(
        ("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory") in _codes(c) for c in variant["category"]
    )
    assert _codes(variant["valueCodeableConcept"]) == {(LOINC, "LA9633-4")}
    hgvs = "http://varnomen.hgvs.org"
    assert _codes(components["48004-6"]["valueCodeableConcept"]) == {(hgvs, "NM_000214.3:c.12del")}
    assert _codes(components["48005-3"]["valueCodeableConcept"]) == {(hgvs, "p.(Arg4Ter)")}
    assert _codes(components["81290-9"]["valueCodeableConcept"]) == {(hgvs, "NC_000020.11:g.100del")}
    assert _codes(components["48013-7"]["valueCodeableConcept"]) == {("http://www.ncbi.nlm.nih.gov/refseq", "NC_000020.11")}
    assert _codes(components["51958-7"]["valueCodeableConcept"]) == {("http://www.ncbi.nlm.nih.gov/refseq", "NM_000214.3")}
    assert components["48018-6"]["valueCodeableConcept"]["text"] == "JAG1"
    assert _codes(components["53034-5"]["valueCodeableConcept"]) == {(LOINC, "LA6706-1")}
    assert _codes(components["62374-4"]["valueCodeableConcept"]) == {(LOINC, "LA26806-2")}
    assert components["81254-5"]["valueRange"] == {"low": {"value": 100.0}, "high": {"value": 102.0}}
    assert _codes(components["92822-6"]["valueCodeableConcept"]) == {(LOINC, "LA30102-0")}
    assert (components["69547-8"]["valueString"], components["69551-0"]["valueString"]) == ("CAT", "C")
    assert _codes(components["48002-0"]["valueCodeableConcept"]) == {(LOINC, "LA26807-0")}


def test_fhir__implication_has_what_the_guide_requires() -> None:
    [implication] = _resources(_document(_candidate()), "Observation", "diagnostic-implication")
    components = _components(implication)
    assert _codes(implication["code"]) == {(TBD, "diagnostic-implication")}
    assert len(implication["derivedFrom"]) == 1
    assert not any(key.startswith("value") for key in implication)
    assert _codes(components["53037-8"]["valueCodeableConcept"]) == {(LOINC, "LA26332-9")}
    assert _codes(components["81259-4"]["valueCodeableConcept"]) == {("http://www.omim.org", "118450")}
    assert _codes(components["condition-inheritance"]["valueCodeableConcept"]) == {
        ("http://human-phenotype-ontology.org", "HP:0000006")
    }


@pytest.mark.parametrize(
    ("phase", "word"), [("trans_by_parent", "Trans"), ("trans_by_read", "Trans"), ("unknown", "Unknown"), ("cis", "Cis")]
)
def test_fhir__phase_of_two_variants_is_stated_as_known(phase: str, word: str) -> None:
    [relation] = _resources(_document({**_compound(), "phase": phase}), "Observation", "sequence-phase-relationship")
    [(_, code)] = _codes(relation["valueCodeableConcept"])
    assert (code, len(relation["derivedFrom"])) == (word, 2)


def test_fhir__every_model_and_phase_has_its_code() -> None:
    imprinted = {Model.IMPRINTED_MATERNAL, Model.IMPRINTED_PATERNAL}  # no term of HPO says which parent's copy is silent
    assert set(Model) - imprinted == set(_MODES)
    assert set(Phase) - {Phase.NOT_APPLICABLE} == set(_PHASES)


@pytest.mark.parametrize(
    ("statement", "code"), [("found", "LA6576-8"), ("candidate", "LA9663-1"), ("nothing_found", "LA6577-6")]
)
def test_fhir__overall_interpretation_and_what_was_not_looked_at(statement: str, code: str) -> None:
    document = _document(_candidate())
    document["summary"]["statement"] = statement
    [overall] = [o for o in _resources(document, "Observation") if (LOINC, "51968-6") in _codes(o["code"])]
    assert _codes(overall["valueCodeableConcept"]) == {(LOINC, code)}
    assert overall["note"] == [{"text": "Not assessed: copy-number changes"}]


def test_fhir__unknown_is_left_out_and_not_made_up() -> None:
    nameless = {"hgvs_g": None, "hgvs_c": None, "hgvs_p": None, "vrs_id": None, "acmg_class": None, "clinvar": {"id": ""}}
    genotypes = [
        {"sample": "SMITH-baby", "role": "baby", "words": "partly called, carries it", "depth": None, "alt_depth": None}
    ]
    document = _document(
        _candidate(variants=[_variant(**nameless, genotypes=genotypes)], disease_id="", de_novo_confidence="low")
    )
    [variant] = _resources(document, "Observation", "variant")
    [implication] = _resources(document, "Observation", "diagnostic-implication")
    absent = {"48004-6", "48005-3", "81290-9", "51958-7", "81252-9", "53034-5", "82121-5"}
    assert not absent & set(_components(variant))
    assert _codes(_components(variant)["48002-0"]["valueCodeableConcept"]) == {(LOINC, "LA6683-2")}
    assert set(_components(implication)) == {"condition-inheritance"}


@pytest.mark.parametrize(("share", "code"), [(29, "LA6704-6"), (28, "LA6703-8")])
def test_fhir__heteroplasmy_is_by_the_setting(share: int, code: str) -> None:
    genotypes = [{"sample": "s", "role": "baby", "words": "97% of mitochondrial reads", "depth": 30, "alt_depth": share}]
    document = _document(_candidate(model="mitochondrial", variants=[_variant(genotypes=genotypes)]))
    [variant] = _resources(document, "Observation", "variant")
    assert _codes(_components(variant)["53034-5"]["valueCodeableConcept"]) == {(LOINC, code)}


def test_reported__no_name_sample_or_time_of_day_leaks() -> None:
    text = _everything(_document(_compound(), OFF_QUESTION, singles=(CARRIER,), secondary_findings=True, carrier_status=True))
    assert "smith" not in text.lower()
    assert "16:30" not in text
    assert "2026-01-05" not in text


def test_reported__carrier_status_only_by_consent() -> None:
    refused = _everything(_document(_candidate(), singles=(CARRIER,), secondary_findings=True))
    allowed = _everything(_document(_candidate(), singles=(CARRIER,), carrier_status=True))
    assert "CFTR" not in refused
    assert allowed.count("CFTR") > 1


def test_reported__secondary_finding_only_by_consent() -> None:
    refused = _everything(_document(_candidate(), OFF_QUESTION, carrier_status=True))
    allowed = _everything(_document(_candidate(), OFF_QUESTION, secondary_findings=True))
    assert "BRCA2" not in refused
    assert allowed.count("BRCA2") > 1


def test_conclusion__withheld_top_is_not_spoken_of() -> None:
    document = _document({**OFF_QUESTION, "rank": 1})
    assert conclusion(document)[0] == "nothing_found"
    assert "BRCA2" not in _everything(document)


def test_reported__remote_candidate_stays_in_the_report_alone() -> None:
    remote = _candidate("TTN", 2, probability=0.049, variants=[_variant(acmg_class="VUS")])
    worth = _candidate("TTN", 2, probability=0.05, variants=[_variant(acmg_class="VUS")])
    assert [c["gene"] for c in reported_candidates(_document(_candidate(), remote))] == ["JAG1"]
    assert [c["gene"] for c in reported_candidates(_document(_candidate(), worth))] == ["JAG1", "TTN"]


def test_reported__off_panel_gene_that_the_signs_speak_for_goes_in() -> None:
    signs = _candidate("NEW1", 2, panels=[], parts_db={"P": 0.1, "V": 0.0, "I": 0.0, "G": 0.0})
    assert [c["gene"] for c in reported_candidates(_document(_candidate(), signs))] == ["JAG1", "NEW1"]


def test_pseudonyms__stable_distinct_and_mapped_apart() -> None:
    document = _document(_candidate())
    names = Pseudonyms.of(document)
    other = copy.deepcopy(document)
    other["case"]["name"] = "JONES"
    assert names == Pseudonyms.of(document)
    assert names.case != Pseudonyms.of(other).case
    assert names.members["SMITH-b1"] == f"{names.case}-brother"
    assert names.members["SMITH-b2"] == f"{names.case}-brother-2"
    assert names.table("SMITH").splitlines()[:3] == [
        "pseudonym\tkind\tname",
        f"{names.case}\tcase\tSMITH",
        f"{names.case}-baby\tsample\tSMITH-baby",
    ]


def test_interchange__same_document_same_bytes() -> None:
    code = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import test_interchange as t; "
        "print(t._everything(t._document(t._compound())))"
    )
    run = [sys.executable, "-c", code, str(Path(__file__).parent)]
    first, second = (subprocess.run(run, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert first == second
    assert first.strip() == _everything(_document(_compound())).strip()


def test_annotated_vcf__excluded_gene_is_not_named(tmp_path: Path) -> None:
    plain = tmp_path / "called.vcf"
    plain.write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=chr20,length=1000>\n"
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n##FORMAT=<ID=BCSQ,Number=.,Type=Integer,Description="b">\n'
        '##INFO=<ID=BCSQ,Number=.,Type=String,Description="c">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tbaby\n"
        "chr20\t100\t.\tA\tT\t50\tPASS\tBCSQ=missense|SECRET1|T1|x\tGT:BCSQ\t0/1:1\n"
        "chr20\t200\t.\tA\tT\t50\tPASS\tBCSQ=missense|SECRET1|T1|x,missense|JAG1|T2|x\tGT:BCSQ\t0/1:5\n"
        "chr20\t300\t.\tA\tT\t50\tPASS\tBCSQ=missense|JAG1|T2|x\tGT:BCSQ\t0/1:1\n"
        "chr20\t400\t.\tA\tT\t50\tPASS\t.\tGT\t0/1\n"
    )
    pysam.tabix_compress(str(plain), str(tmp_path / "called.vcf.gz"))
    models = tmp_path / "g.gff3"
    models.write_text(
        "chr20\tx\tgene\t1\t900\t.\t+\t.\tID=gene:G1;Name=SECRET1\nchr20\tx\tmRNA\t1\t900\t.\t+\t.\tID=transcript:T1;Parent=gene:G1\n"
        "chr20\tx\texon\t1\t900\t.\t+\t.\tParent=transcript:T1\n"
    )
    withheld = read_gene_models(models).names_of(["G1"])
    write_annotated_vcf(_document(), tmp_path / "called.vcf.gz", tmp_path / "out.vcf.gz", withheld)
    with pysam.VariantFile(str(tmp_path / "out.vcf.gz")) as vcf:
        records = {record.pos: str(record) for record in vcf}
    assert withheld == {"G1", "SECRET1"}
    assert list(records) == [200, 300, 400]
    assert "SECRET1" not in "".join(records.values())
    assert "JAG1" in records[200]
    assert records[300].rstrip().endswith("0/1:1")


class _Window:
    """A stretch of a sequence whose refget accession is known, the rest of which is never asked for."""

    def __init__(self, start: int, bases: str) -> None:
        self._start = start
        self._bases = bases

    def length(self, refget: str) -> int:
        return 10**9

    def fetch(self, refget: str, start: int, end: int) -> str:
        return self._bases[max(start - self._start, 0) : end - self._start]


CHR19, CHR13 = "SQ.IIB53T8CNeJJdUqzn9V_JnRtQadwWCbl", "SQ._0wi-qoDrvram155UmcSC-zA5ZK4fpLT"


@pytest.mark.parametrize(
    ("refget", "start", "left", "ref", "right", "alt", "digest"),
    [
        (CHR19, 44908821, "G", "C", "G", "T", "0AePZIWZUNsUlQTamyLrjm2HWUw2opLt"),  # rs7412, the specification's example
        (CHR13, 20003095, "T", "AC", "T", "A", "agNTkBOVZ0HQP5iWJ2GoRovSaHUCyZHN"),
        (CHR13, 20003009, "T", "A", "T", "AG", "YSFR_-q58UM-bsgyq9ScHa4hfNOWGelM"),
        (CHR13, 19993837, "C", "GT", "C", "GTGT", "2Ju2sXpBNposOefRvorsmfqkAvt9tRHD"),
    ],
)
def test_vrs__published_identifiers(refget: str, start: int, left: str, ref: str, right: str, alt: str, digest: str) -> None:
    window = _Window(start - 200, left * 200 + ref + right * 200)
    assert allele_id(window, refget, start, start + len(ref), alt) == f"ga4gh:VA.{digest}"


@pytest.mark.parametrize(
    ("bases", "digest"), [("", "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXc"), ("ACGT", "aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2")]
)
def test_refget__published_digests(bases: str, digest: str) -> None:
    """Those of the VRS specification's validation/functions.yaml."""
    assert refget_accession(bases) == f"SQ.{digest}"


def test_refget__same_in_pieces_and_in_lower_case() -> None:
    assert refget_accession("ac", "gt") == refget_accession("ACGT")


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    path = tmp_path / "x.fa"
    path.write_text(">one\nTTGCACACACGGTT\n>two\nTTGCACACACGGTT\n")
    pysam.faidx(str(path))
    return path


def test_allele_ids__one_id_however_it_is_written(fasta: Path) -> None:
    ids = AlleleIds(fasta)
    written = [("GCA", 2, "G"), ("ACA", 4, "A"), ("CAC", 7, "C"), ("GCACACAC", 2, "GCACAC")]
    found = {ids("one", position, ref, alt) for ref, position, alt in written}
    assert len(found) == 1
    assert found == {ids("two", 2, "GCA", "G")}  # a contig is what its bases are, not what it is called
    assert found != {ids("one", 2, "GCACA", "G")}


@pytest.mark.parametrize("site", [("one", 2, "A", "G"), ("one", 2, "G", "<DEL>"), ("one", 2, "G", "*"), ("gone", 2, "G", "A")])
def test_allele_ids__what_is_no_plain_change_has_none(fasta: Path, site: tuple[str, int, str, str]) -> None:
    assert AlleleIds(fasta)(*site) is None


TRISOMY = {"level": "finding", "title": "Trisomy 21", "words": "3.01 copies by depth; confirm by karyotype"}


@pytest.mark.parametrize("level", ["urgent", "finding", "note"])
def test_beyond_variants__is_never_a_negative(level: str) -> None:
    document = _document() | {"chromosomes": {"findings": [{**TRISOMY, "level": level}]}}
    [overall] = [o for o in _resources(document, "Observation") if (LOINC, "51968-6") in _codes(o["code"])]
    assert _codes(overall["valueCodeableConcept"]) == {(LOINC, "LA6577-6" if level == "note" else "LA9663-1")}
    [report] = _resources(document, "DiagnosticReport")
    for text in (report["conclusion"], overall["note"][0]["text"], build_phenopacket(document)):
        assert ("Found beyond small variants: Trisomy 21: 3.01 copies" in text) is (level != "note")
    _packet(document)


def test_beyond_variants__stands_before_the_candidate() -> None:
    statement, sentence = conclusion(_document(_candidate()) | {"chromosomes": {"findings": [TRISOMY]}})
    assert statement == "found"
    assert sentence.index("Trisomy 21") < sentence.index("A likely cause was found: JAG1")


def test_beyond_variants__is_told_where_the_first_candidate_is_withheld() -> None:
    statement, sentence = conclusion(_document({**OFF_QUESTION, "rank": 1}) | {"chromosomes": {"findings": [TRISOMY]}})
    assert statement == "beyond_variants"
    assert "BRCA2" not in sentence


FATHER_IS_NOT = "SMITH-child and SMITH-father are not parent and child by their genotypes (kinship 0.012)"


def _red(*candidates: dict[str, Any]) -> dict[str, Any]:
    """A document of a family whose father was left out, under names of the sheet that begin alike."""
    document = _document(*candidates)
    document["case"]["members"] = [{**member, "sample": "SMITH-child"} for member in document["case"]["members"][:1]]
    samples = [{"sample": name} for name in ("SMITH-child", "SMITH-father", "SMITH-fathers-brother")]
    qc = {"verdict": "red", "reasons": [FATHER_IS_NOT], "left_out": ["SMITH-father"], "samples": samples}
    return document | {"qc": qc, "not_looked_at": ["Left out, because the genotypes refute who they are: SMITH-father"]}


@pytest.mark.parametrize("verdict", ["red", "amber"])
def test_failed_check__is_said_under_pseudonyms_without_a_candidate_too(verdict: str) -> None:
    document = _red()
    document["qc"]["verdict"] = verdict
    texts = build_bundle(document), build_phenopacket(document)
    for text in texts:
        assert ("The data failed a check: case-" in text) is (verdict == "red")
        assert ("are not parent and child by their genotypes" in text) is (verdict == "red")
        assert "SMITH" not in text
    assert ("The quality of the data is red" in texts[0]) is (verdict == "red")
    Parse(texts[1], phenopackets.Phenopacket())


@pytest.mark.parametrize("verdict", ["red", "amber"])
def test_failed_check__is_the_first_row_of_the_table(verdict: str) -> None:
    document = _red()
    document["qc"]["verdict"] = verdict
    document["second_hit_not_found"] = []
    rows = list(csv.DictReader(io.StringIO(write_tsv(document)), delimiter="\t"))
    told = [(row["section"], row["notes"]) for row in rows]
    assert told == ([("failed_check", f"The data failed a check: {FATHER_IS_NOT}")] if verdict == "red" else [])
