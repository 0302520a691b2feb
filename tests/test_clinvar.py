"""ClinVar: words parsed whole, review stars, exact joins, and files that would be lost in silence refused."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from neotriage.clinvar import Site, is_pathogenic, parse_review, parse_significance, read_clinvar, read_clinvar_records
from neotriage.errors import BuildError, FormatError, ResourceError
from neotriage.genome import Build, Contig, ContigKind
from neotriage.schema import ClinvarSignificance as Sig
from neotriage.store import open_clinvar, open_store
from neotriage.store.clinvar import build_clinvar

SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
BUILD = Build("GRCh38", (Contig("chr20", 64444167, ContigKind.AUTOSOME), Contig("chrM", 16569, ContigKind.MITOCHONDRION)), ())
HEADER = "##fileformat=VCFv4.1\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"

# CLNSIG of ClinVar's VCF releases of 2016 to 2025 -> significance; P/LP or not
WORDS = {
    "Pathogenic": (Sig.PATHOGENIC, True),
    "Likely_pathogenic": (Sig.LIKELY_PATHOGENIC, True),
    "Pathogenic/Likely_pathogenic": (Sig.LIKELY_PATHOGENIC, True),
    "Pathogenic|risk_factor": (Sig.PATHOGENIC, True),
    "Pathogenic/Likely_risk_allele": (Sig.PATHOGENIC, True),
    "Pathogenic,_low_penetrance": (Sig.PATHOGENIC_LOW_PENETRANCE, True),
    "Likely_pathogenic,_low_penetrance": (Sig.PATHOGENIC_LOW_PENETRANCE, True),
    "Pathogenic/Likely_pathogenic/Pathogenic,_low_penetrance|other": (Sig.PATHOGENIC_LOW_PENETRANCE, True),
    "Uncertain_significance": (Sig.UNCERTAIN, False),
    "Uncertain_significance/Uncertain_risk_allele": (Sig.UNCERTAIN, False),
    "Likely_benign": (Sig.LIKELY_BENIGN, False),
    "Benign": (Sig.BENIGN, False),
    "Benign/Likely_benign": (Sig.LIKELY_BENIGN, False),
    "Benign|Likely_benign|not_provided": (Sig.LIKELY_BENIGN, False),
    "Conflicting_interpretations_of_pathogenicity": (Sig.CONFLICTING, False),
    "Conflicting_classifications_of_pathogenicity": (Sig.CONFLICTING, False),
    "Conflicting_classifications_of_pathogenicity|risk_factor": (Sig.CONFLICTING, False),
    "Pathogenic|Uncertain_significance": (Sig.CONFLICTING, False),
    "Pathogenic,Benign": (Sig.CONFLICTING, False),
    "Benign|Uncertain_significance": (Sig.CONFLICTING, False),
    "risk_factor": (Sig.OTHER, False),
    "drug_response": (Sig.OTHER, False),
    "association": (Sig.OTHER, False),
    "protective": (Sig.OTHER, False),
    "Affects": (Sig.OTHER, False),
    "not_provided": (Sig.OTHER, False),
    "Established_risk_allele": (Sig.OTHER, False),
    "no_classification_for_the_single_variant": (Sig.OTHER, False),
    "": (Sig.OTHER, False),
}


@pytest.mark.parametrize(("text", "expected"), WORDS.items())
def test_significance__of_each_word(text, expected):
    found = parse_significance(text, file="c.vcf")
    assert (found, is_pathogenic(found)) == expected


@pytest.mark.parametrize("text", ["pathogenic", "Pathogenic_maybe", "Not_Pathogenic", "Pathogenic|_", "5"])
def test_significance__unknown_word_names_the_place(text):
    with pytest.raises(FormatError, match=r"c\.vcf, line 7: unknown word"):
        parse_significance(text, file="c.vcf", row=7)


@pytest.mark.parametrize(
    ("text", "stars"),  # ClinVar, "Review status"
    [
        ("practice_guideline", 4),
        ("reviewed_by_expert_panel", 3),
        ("criteria_provided,_multiple_submitters,_no_conflicts", 2),
        ("criteria_provided,_single_submitter", 1),
        ("criteria_provided,_conflicting_classifications", 1),
        ("criteria_provided,_conflicting_interpretations", 1),
        ("no_assertion_criteria_provided", 0),
        ("no_classification_provided", 0),
    ],
)
def test_review__stars(text, stars):
    assert parse_review(text, file="c.vcf") == stars


def test_review__unknown_is_an_error():
    with pytest.raises(FormatError, match="unknown review status"):
        parse_review("criteria_provided", file="c.vcf")


def record(chrom="chr20", position=100, ref="A", alt="G", significance="Pathogenic", review="practice_guideline", name="11"):
    info = f"CLNDN=Alagille_syndrome;CLNREVSTAT={review};CLNSIG={significance};CLNSIGCONF=x;GENEINFO=JAG1:182|X:1"
    return f"{chrom}\t{position}\t{name}\t{ref}\t{alt}\t.\t.\t{info}\n"


def vcf(folder, *lines):
    path = folder / "clinvar.vcf"
    path.write_text(HEADER + "".join(lines))
    return path


def test_find__needs_the_exact_allele(tmp_path):
    clinvar = read_clinvar(vcf(tmp_path, record(), record(position=200, ref="AT", alt="A", significance="Benign")), BUILD)
    positions = np.array([99, 99, 98, 199, 199], np.int32)
    found = clinvar.find("chr20", positions, ["A", "A", "A", "AT", "A"], ["G", "C", "G", "A", "G"])
    assert found.tolist() == [0, -1, -1, 1, -1]
    assert clinvar.contigs["chr20"].is_pathogenic.tolist() == [True, False]
    assert clinvar.find("chrM", positions[:1], ["A"], ["G"]).tolist() == [-1]


def test_find__of_two_records_the_better_reviewed(tmp_path):
    weak = record(significance="Benign", review="no_assertion_criteria_provided")
    clinvar = read_clinvar(vcf(tmp_path, weak, record()), BUILD)
    row = int(clinvar.find("chr20", np.array([99], np.int32), ["A"], ["G"])[0])
    assert clinvar.contigs["chr20"].significance(row) is Sig.PATHOGENIC
    site = Site("chr20", 99, "A", "G")
    assert read_clinvar_records(vcf(tmp_path, weak, record(name="12")), BUILD, {site})[site].id == "12"


def test_records__as_written(tmp_path):
    site = Site("chr20", 99, "A", "G")
    found = read_clinvar_records(vcf(tmp_path, record(), record(position=101)), BUILD, {site})
    assert list(found) == [site]
    one = found[site]
    assert (one.text, one.stars, one.gene, one.conditions) == ("Pathogenic", 4, "JAG1", "Alagille_syndrome")


def test_read_clinvar__counts_records_without_an_allele(tmp_path):
    clinvar = read_clinvar(vcf(tmp_path, record(), record(alt=".")), BUILD)
    assert (clinvar.records, clinvar.skipped) == (2, 1)


@pytest.mark.parametrize(
    ("lines", "kind", "problem"),
    [
        ([], FormatError, "no record"),
        ([record(chrom="20")], BuildError, "line 3.*contig 20 is called chr20"),
        ([record(), record(chrom="chrMT")], BuildError, "line 4.*contig chrMT is called chrM"),
        ([record(chrom="NW_1")], BuildError, "no record lies on"),
        ([record(alt="G,T")], FormatError, "line 3.*several alternate"),
        ([record(significance="Great")], FormatError, "line 3.*'Great'"),
        (["chr20\t100\n"], FormatError, "line 3.*not a VCF record"),
    ],
)
def test_read_clinvar__refuses(tmp_path, lines, kind, problem):
    with pytest.raises(kind, match=problem):
        read_clinvar(vcf(tmp_path, *lines), BUILD)


@pytest.mark.skipif(not (SHARED / "clinvar").is_dir(), reason="shared data are absent: set NEOTRIAGE_SHARED_DATA")
def test_read_clinvar__real_2016():
    clinvar = read_clinvar(SHARED / "clinvar" / "clinvar_2016-11.GRCh38.chr20_1-11114352.vcf.gz", BUILD)
    # grep -c of CLNSIG=Pathogenic, Pathogenic|not_provided and Likely_pathogenic in the file: 253 + 1 + 10
    assert (clinvar.records, int(clinvar.contigs["chr20"].is_pathogenic.sum())) == (400, 264)


def test_store__answers_as_the_vcf(tmp_path):
    rows = [
        record(),
        record(position=150, ref="AT", alt="A", significance="Benign"),
        record(alt="."),
        record(position=150, ref="A", alt="G", review="no_assertion_criteria_provided"),
    ]
    path = vcf(tmp_path, *rows)
    plain = read_clinvar(path, BUILD)
    build_clinvar(path, BUILD, tmp_path / "one")
    build_clinvar(path, BUILD, tmp_path / "two", threads=2)
    stored = open_clinvar(tmp_path / "one", BUILD)
    assert (stored.records, stored.skipped) == (plain.records, plain.skipped)
    assert stored.contigs.keys() == plain.contigs.keys()
    for name, one in plain.contigs.items():
        other = stored.contigs[name]
        assert (list(one.refs), list(one.alts)) == (list(other.refs), list(other.alts))
        for array in ("positions", "ends", "codes", "stars", "is_pathogenic"):
            assert getattr(one, array).tolist() == getattr(other, array).tolist()
    assert open_clinvar(path, BUILD).find("chr20", np.array([99]), ["A"], ["G"]) == stored.find(
        "chr20", np.array([99]), ["A"], ["G"]
    )
    files = sorted(file.relative_to(tmp_path / "one") for file in (tmp_path / "one").rglob("*") if file.is_file())
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)


def test_store__refuses(tmp_path):
    path = vcf(tmp_path, record())
    build_clinvar(path, BUILD, tmp_path / "store")
    with pytest.raises(ResourceError, match="kind clinvar, not frequency"):
        open_store(tmp_path / "store")
    with pytest.raises(BuildError, match="of build"):
        open_clinvar(tmp_path / "store", dataclasses.replace(BUILD, name="other"))
    manifest = tmp_path / "store" / "manifest.json"
    text = manifest.read_text()
    manifest.write_text(text.replace('"benign"', '"kind"'))
    with pytest.raises(ResourceError, match="another version"):
        open_clinvar(tmp_path / "store", BUILD)
    manifest.write_text(text)
    with next((tmp_path / "store").rglob("position.npy")).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ResourceError, match="not as long"):
        open_clinvar(tmp_path / "store", BUILD)
