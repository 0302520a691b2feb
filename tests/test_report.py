"""The report: what stands in the document stands in the page, the table and the VCF, and nothing leaves the file."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pysam
import pytest
import yaml

from neotriage.case import Case, Clock, Consent, write_case
from neotriage.columns import frame, write_table
from neotriage.errors import InputError
from neotriage.home import schema_file
from neotriage.pedigree import Member, Sex, check_family
from neotriage.report import Sources, build_document, render_page, withheld_genes, write_annotated_vcf, write_tsv, write_whynot
from neotriage.report.treatability import Urgency, read_treatability
from neotriage.report.words import likelihood_words, zygosity_words
from neotriage.whynot import fates

SAMPLES = ("baby", "dad", "mum")
NAN = float("nan")


def _case(**changes: object) -> Case:
    members = (
        Member("baby", Sex.MALE, True, "dad", "mum"),
        Member("dad", Sex.MALE, False),
        Member("mum", Sex.FEMALE, False),
    )
    base: dict[str, object] = {"name": "FAM", "family": check_family("FAM", members), "hpo_present": ("HP:0001250",)}
    return Case(**{**base, **changes})  # type: ignore[arg-type]


def _write(folder: Path, case: Case) -> Sources:
    write_case(case, folder / "case.json")
    tables = {
        "variants": {
            "variant": [0, 1],
            "chrom": ["chr20", "chr20"],
            "position": [99, 199],
            "ref": ["A", "C"],
            "alt": ["<b>T", "G"],
            "qual": [50.0, NAN],
            "filters": ["PASS", ""],
            "allele_frequency": [NAN, 0.0004],
            "frequency_source": ["", "cohort:all"],
            "homozygotes": [-1, 0],
            "hemizygotes": [-1, -1],
            "clinvar_significance": ["pathogenic", ""],
            "kept_by": [5, 1],
            "quality_rule": ["", "depth"],
            "genotype": [[[0, 1], [0, 0], [0, 0]], [[0, 1], [0, 1], [-1, -1]]],
            "is_phased": [[False] * 3] * 2,
            "phase_set": [[-1] * 3] * 2,
            "depth": [[30, 31, 29], [12, -1, -1]],
            "ref_depth": [[14, 31, 29], [6, -1, -1]],
            "alt_depth": [[16, 0, 0], [6, -1, -1]],
            "genotype_quality": [[99, 99, 99], [50, -1, -1]],
        },
        "consequences": {
            "variant": [0, 1],
            "gene_id": ["ENSG1", "ENSG2"],
            "gene": ["JAG1", "SECRET1"],
            "transcript": ["ENST1.1", "ENST2.1"],
            "refseq": ["NM_1.1", ""],
            "is_mane_select": [True, False],
            "strand": ["-", "+"],
            "terms": ["stop_gained", "missense_variant"],
            "impact": ["HIGH", "MODERATE"],
            "amino_acids": ["12R>12*", "7A>7V"],
            "exon": [2, -1],
            "exons": [26, 3],
            "joined_with": ["", ""],
        },
        "annotations": {
            "variant": [0, 1],
            "clinvar_id": ["12345", ""],
            "clinvar_text": ["Pathogenic", ""],
            "clinvar_review": ["reviewed_by_expert_panel", ""],
            "clinvar_stars": [3, -1],
            "clinvar_conditions": ["Alagille_syndrome_1", ""],
            "clinvar_gene": ["JAG1", ""],
        },
        "hits": {
            "hit": [0, 1],
            "gene_id": ["ENSG1", "ENSG2"],
            "gene": ["JAG1", "SECRET1"],
            "model": ["de_novo", "recessive_single_hit"],
            "variant_a": [0, 1],
            "variant_b": [-1, -1],
            "phase": ["not_applicable"] * 2,
            "de_novo_confidence": ["high", "not_applicable"],
            "is_incomplete": [False, True],
            "explains_affected": [True, True],
            "notes": ["", "mother not called"],
        },
        "criteria": {
            "hit": [0, 0],
            "variant": [0, 0],
            "criterion": ["PVS1", "PP3"],
            "state": ["met", "not_assessed"],
            "points": [8, 0],
            "value": ["stop_gained", ""],
            "source": ["Abou Tayoun 2018", ""],
        },
        "classes": {"hit": [0, 1], "variant": [0, 1], "points": [10, 1], "acmg_class": ["P", "VUS"]},
        "candidates": {
            "rank": [1, 2],
            "gene_id": ["ENSG1", "ENSG2"],
            "gene": ["JAG1", "SECRET1"],
            "hit": [0, 1],
            "model": ["de_novo", "recessive_single_hit"],
            "disease_id": ["OMIM:118450", ""],
            "disease": ["Alagille syndrome 1", ""],
            "panel": ["Cholestasis", ""],
            "panel_mode": ["MONOALLELIC", ""],
            "tier": ["1", "untiered"],
            "phenotype_db": [10.0, 0.0],
            "variant_db": [31.8, 3.0],
            "inheritance_db": [5.0, -10.0],
            "gene_db": [10.0, 0.0],
            "total_db": [56.8, -7.0],
            "probability": [0.97, 0.001],
        },
        "parts": {
            "rank": [1, 1],
            "part": ["P", "V"],
            "rule": ["phenotype", "acmg_points"],
            "points_db": [10.0, 31.8],
            "value": ["1 term", "10 points"],
            "source": ["HPO 2025-01-16", "Tavtigian 2020"],
        },
    }
    for name, columns in tables.items():
        write_table(frame(name, columns, SAMPLES), name, folder / f"{name}.parquet", SAMPLES)
    ledger = {
        "chrom": ["chr20"],
        "position": [5],
        "ref": ["A"],
        "alt": ["G"],
        "gene_id": ["ENSG1"],
        "gene": ["JAG1"],
        "outcome": ["dropped"],
        "rule": ["frequency"],
        "value": [0.2],
        "threshold": [0.01],
        "margin": [0.19],
        "clinvar_significance": [""],
    }
    write_table(frame("ledger", ledger), "ledger", folder / "ledger.parquet")
    (folder / "counts.tsv").write_text("rule\tvariants\nfrequency\t1\n")
    (folder / "provenance.json").write_text('{"pipeline": "0.1.0"}')
    (folder / "summary.json").write_text(
        json.dumps(
            {
                "statement": "found",
                "sentence": "JAG1: a new truncating change.",
                "no_diagnosis_probability": 0.02,
                "panels": [
                    {
                        "name": "Cholestasis",
                        "version": "2.1",
                        "sha256": "ab",
                        "genes": 9,
                        "symbols": ["JAG1", "SECRET1"],
                        "not_in_gene_models": ["XYZ1"],
                    }
                ],
                "hpo_names": {"HP:0001250": "Seizure"},
            }
        )
    )
    paths = {name: folder / f"{name}.parquet" for name in tables}
    return Sources(
        case=folder / "case.json",
        build="GRCh38",
        **paths,
        summary=folder / "summary.json",
        counts=folder / "counts.tsv",
        ledgers={"table": folder / "ledger.parquet"},
        qc=None,
        provenance=folder / "provenance.json",
    )


class _Outside(HTMLParser):
    """Collects every attribute through which a page can ask something of a network."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"src", "href", "action", "data", "srcset", "poster"} and not (value or "").startswith("#"):
                self.asked.append(f"{tag} {name}={value}")


def test_document__says_what_the_tables_say(tmp_path: Path) -> None:
    document = build_document(_write(tmp_path, _case()))
    [candidate] = document["candidates"]
    [variant] = candidate["variants"]
    assert (candidate["gene"], candidate["tier"], candidate["probability_words"]) == ("JAG1", "1", "almost certain")
    assert (variant["position"], variant["acmg_class"], variant["clinvar"]["stars"]) == (100, "P", 3)
    assert [g["words"] for g in variant["genotypes"]] == ["heterozygous", "does not carry it", "does not carry it"]
    assert [c["gene"] for c in document["second_hit_not_found"]] == ["SECRET1"]


def test_document__fits_its_published_schema(tmp_path: Path) -> None:
    document = build_document(_write(tmp_path, _case()))
    schema = yaml.safe_load(schema_file("report").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(document)))


def test_document__missing_is_null_not_zero(tmp_path: Path) -> None:
    document = build_document(_write(tmp_path, _case()))
    single = document["second_hit_not_found"][0]["variants"][0]
    assert document["candidates"][0]["variants"][0]["allele_frequency"] is None
    assert [g["words"] for g in single["genotypes"]] == ["heterozygous", "heterozygous", "no call"]
    assert [g["depth"] for g in single["genotypes"]] == [12, None, None]
    assert single["qual"] is None


def test_document__excluded_gene_is_counted_and_named_nowhere(tmp_path: Path) -> None:
    document = build_document(_write(tmp_path, _case(excluded_genes=("SECRET1",))))
    assert document["excluded_genes_withheld"] == 1
    assert "SECRET1" not in json.dumps(document)
    assert "SECRET1" not in render_page(document)
    assert "SECRET1" not in write_tsv(document)


def test_whynot__excluded_gene_is_not_in_the_index(tmp_path: Path) -> None:
    for excluded, lines in (((), 1), (("JAG1",), 0)):
        write_whynot(_write(tmp_path, _case(excluded_genes=excluded)), tmp_path / "whynot.sqlite")
        assert len(fates(tmp_path / "whynot.sqlite", gene="JAG1")) == lines


def test_withheld_genes__secondary_findings_need_consent_unless_asked_for(tmp_path: Path) -> None:
    asked = withheld_genes(_write(tmp_path, _case(excluded_genes=("SECRET1",))))
    assert {"SECRET1", "BRCA1"} <= asked
    assert "JAG1" not in asked
    consent = Consent(secondary_findings=True)
    assert withheld_genes(_write(tmp_path, _case(excluded_genes=("SECRET1",), consent=consent))) == {"SECRET1"}


def test_document__says_what_was_not_looked_at(tmp_path: Path) -> None:
    lines = "\n".join(build_document(_write(tmp_path, _case()))["not_looked_at"])
    assert "XYZ1" in lines
    assert "copy-number" in lines
    assert "coverage was not measured" in lines


def test_treatability__every_row_is_whole_and_cites() -> None:
    rows = read_treatability()
    assert rows["GALT"].urgency is Urgency.HOURS
    assert all("GeneReviews: " in row.source or "guideline" in row.source for row in rows.values())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("GALT\tx\ty\tsoon\tz", "unknown urgency 'soon'"),
        ("GALT\tx\ty\thours\t", "column source"),
        ("GALT\tx\ty\thours\tz\nGALT\tx\ty\thours\tz", "line 4"),
    ],
)
def test_treatability__bad_row_names_the_place(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "t.tsv"
    file.write_text(f"# note\ngene\tcondition\taction\turgency\tsource\n{line}\n")
    with pytest.raises(InputError, match=told):
        read_treatability(file)


def test_document__treatment_comes_with_its_source(tmp_path: Path) -> None:
    [candidate] = build_document(_write(tmp_path, _case()))["candidates"]
    assert candidate["treatment"]["source"] == "GeneReviews: Alagille Syndrome"


def test_page__asks_nothing_of_a_network_and_escapes_text(tmp_path: Path) -> None:
    page = render_page(build_document(_write(tmp_path, _case())))
    parser = _Outside()
    parser.feed(page)
    assert parser.asked == []
    assert not re.search(r"@import|url\(", page)
    assert "<b>T" not in page
    assert "&lt;b&gt;T" in page


def test_page__shows_sentence_probability_and_warning(tmp_path: Path) -> None:
    page = render_page(build_document(_write(tmp_path, _case())))
    assert "JAG1: a new truncating change." in page
    assert "97 %" in page
    assert "not a certified medical device" in page
    assert "Kept although it fails the quality rule depth" in page


def test_page__a_treatable_candidate_below_the_first_is_on_the_first_screen(tmp_path: Path) -> None:
    document = build_document(_write(tmp_path, _case()))
    second = json.loads(json.dumps(document["candidates"][0])) | {"rank": 2, "gene": "GALT"}
    second["treatment"]["urgency"] = "hours"
    document["candidates"].append(second)
    assert re.search(r"Also treatable[^;]*GALT[^;]*act within <strong>hours", render_page(document))
    second |= {"tier": "3"}
    second["variants"][0]["acmg_class"] = "VUS"
    assert "Also treatable" not in render_page(document)


def test_page__clock_as_people_write_it(tmp_path: Path) -> None:
    page = render_page(build_document(_write(tmp_path, _case(clock=Clock(received="2026-01-06T16:30:00+01:00")))))
    assert "Received 6 January 2026, 16:30 UTC+01:00" in page
    assert "Born not stated" in page


def test_tsv__one_row_per_variant_and_empty_where_unknown(tmp_path: Path) -> None:
    lines = write_tsv(build_document(_write(tmp_path, _case()))).splitlines()
    rows = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    assert [(r["gene"], r["section"], r["position"]) for r in rows] == [
        ("JAG1", "candidates", "100"),
        ("SECRET1", "second_hit_not_found", "200"),
    ]
    assert rows[0]["allele_frequency"] == ""
    assert rows[0]["genotypes"].startswith("baby heterozygous (16 of 30 reads)")


@pytest.fixture
def called(tmp_path: Path) -> Path:
    text = (
        "##fileformat=VCFv4.2\n##contig=<ID=chr20,length=1000>\n"
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tbaby\n"
        "chr20\t100\t.\tA\tT\t50\tPASS\t.\tGT\t0/1\nchr20\t300\t.\tC\tG\t50\tPASS\t.\tGT\t0/1\n"
    )
    plain = tmp_path / "called.vcf"
    plain.write_text(text)
    pysam.tabix_compress(str(plain), str(tmp_path / "called.vcf.gz"), force=True)
    return tmp_path / "called.vcf.gz"


def test_annotated_vcf__marks_the_candidate_and_no_other(tmp_path: Path, called: Path) -> None:
    document = build_document(_write(tmp_path, _case()))
    document["candidates"][0]["variants"][0]["alt"] = "T"
    output = tmp_path / "out.vcf.gz"
    write_annotated_vcf(document, called, output)
    with pysam.VariantFile(str(output)) as vcf:
        marked, other = list(vcf.fetch("chr20"))
    assert (marked.info["NEO_GENE"], marked.info["NEO_RANK"], marked.info["NEO_ACMG"]) == ("JAG1", 1, "P")
    assert "NEO_GENE" not in other.info


@pytest.mark.parametrize(
    ("probability", "words"), [(0.95, "almost certain"), (0.949, "very likely"), (0.2, "unlikely"), (0.049, "remote")]
)
def test_likelihood_words__at_the_steps(probability: float, words: str) -> None:
    assert likelihood_words(probability) == words


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ((-1, -1), "no call"),
        ((0, -1), "partly called"),
        ((-1, 1), "partly called, carries it"),
        ((1, -2), "hemizygous"),
        ((0, -2), "does not carry it"),
        ((-1, -2), "no call"),
        ((1, 2), "heterozygous with another alternate"),
        ((0, 2), "carries another alternate"),
        ((1, 1), "homozygous"),
    ],
)
def test_zygosity_words__every_kind(codes: tuple[int, int], words: str) -> None:
    assert zygosity_words(codes, is_mitochondrial=False, alt_depth=3, depth=9) == words


def test_zygosity_words__mitochondrial_is_a_share() -> None:
    assert zygosity_words((0, 1), is_mitochondrial=True, alt_depth=30, depth=40) == "75% of mitochondrial reads"
