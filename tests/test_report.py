"""The report: what stands in the document stands in the page, the table and the VCF, and nothing leaves the file."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pysam
import pytest
import yaml
from report_case import make_case, write_tables

from neotriage.case import Clock, Consent
from neotriage.errors import InputError
from neotriage.home import schema_file
from neotriage.report import build_document, render_page, withheld_genes, write_annotated_vcf, write_tsv, write_whynot
from neotriage.report.words import likelihood_words, zygosity_words
from neotriage.treatability import Urgency, read_treatability
from neotriage.whynot import fates


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
    document = build_document(write_tables(tmp_path, make_case()))
    [candidate] = document["candidates"]
    [variant] = candidate["variants"]
    assert (candidate["gene"], candidate["tier"], candidate["probability_words"]) == ("JAG1", "1", "almost certain")
    assert (variant["position"], variant["acmg_class"], variant["clinvar"]["stars"]) == (100, "P", 3)
    assert [g["words"] for g in variant["genotypes"]] == ["heterozygous", "does not carry it", "does not carry it"]
    assert [c["gene"] for c in document["second_hit_not_found"]] == ["SECRET1"]


def test_document__fits_its_published_schema(tmp_path: Path) -> None:
    document = build_document(write_tables(tmp_path, make_case()))
    schema = yaml.safe_load(schema_file("report").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(document)))


def test_document__missing_is_null_not_zero(tmp_path: Path) -> None:
    document = build_document(write_tables(tmp_path, make_case()))
    single = document["second_hit_not_found"][0]["variants"][0]
    assert document["candidates"][0]["variants"][0]["allele_frequency"] is None
    assert [g["words"] for g in single["genotypes"]] == ["heterozygous", "heterozygous", "no call"]
    assert [g["depth"] for g in single["genotypes"]] == [12, None, None]
    assert single["qual"] is None


def test_document__excluded_gene_is_counted_and_named_nowhere(tmp_path: Path) -> None:
    document = build_document(write_tables(tmp_path, make_case(excluded_genes=("SECRET1",))))
    assert document["excluded_genes_withheld"] == 1
    assert "SECRET1" not in json.dumps(document)
    assert "SECRET1" not in render_page(document)
    assert "SECRET1" not in write_tsv(document)


def test_whynot__excluded_gene_is_not_in_the_index(tmp_path: Path) -> None:
    for excluded, lines in (((), 1), (("JAG1",), 0)):
        write_whynot(write_tables(tmp_path, make_case(excluded_genes=excluded)), tmp_path / "whynot.sqlite")
        assert len(fates(tmp_path / "whynot.sqlite", gene="JAG1")) == lines


def test_withheld_genes__secondary_findings_need_consent_unless_asked_for(tmp_path: Path) -> None:
    asked = withheld_genes(write_tables(tmp_path, make_case(excluded_genes=("SECRET1",))))
    assert {"SECRET1", "BRCA1"} <= asked
    assert "JAG1" not in asked
    consent = Consent(secondary_findings=True)
    assert withheld_genes(write_tables(tmp_path, make_case(excluded_genes=("SECRET1",), consent=consent))) == {"SECRET1"}


def test_document__says_what_was_not_looked_at(tmp_path: Path) -> None:
    lines = "\n".join(build_document(write_tables(tmp_path, make_case()))["not_looked_at"])
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
        ("GALT\tx\ty\tsoon\tz\tbiallelic\tyes", "unknown urgency 'soon'"),
        ("GALT\tx\ty\thours\tz\tautosomal\tyes", "unknown mode 'autosomal'"),
        ("GALT\tx\ty\thours\t\tbiallelic\tyes", "column source"),
        ("GALT\tx\ty\thours\tz\tbiallelic\tyes\nGALT\tx\ty\thours\tz\tbiallelic\tyes", "line 4"),
    ],
)
def test_treatability__bad_row_names_the_place(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "t.tsv"
    file.write_text(f"# note\ngene\tcondition\taction\turgency\tsource\tmode\tloss_of_function\n{line}\n")
    with pytest.raises(InputError, match=told):
        read_treatability(file)


def test_document__treatment_comes_with_its_source(tmp_path: Path) -> None:
    [candidate] = build_document(write_tables(tmp_path, make_case()))["candidates"]
    assert candidate["treatment"]["source"] == "GeneReviews: Alagille Syndrome"


def test_page__asks_nothing_of_a_network_and_escapes_text(tmp_path: Path) -> None:
    page = render_page(build_document(write_tables(tmp_path, make_case())))
    parser = _Outside()
    parser.feed(page)
    assert parser.asked == []
    assert not re.search(r"@import|url\(", page)
    assert "<b>T" not in page
    assert "&lt;b&gt;T" in page


def test_page__shows_sentence_probability_and_warning(tmp_path: Path) -> None:
    page = render_page(build_document(write_tables(tmp_path, make_case())))
    assert "A likely cause was found: JAG1 (Alagille syndrome 1)." in page
    assert "Almost certain, 97 %." in page
    assert "not a certified medical device" in page
    assert "Kept although it fails the quality rule depth" in page


def test_page__clock_as_people_write_it(tmp_path: Path) -> None:
    page = render_page(build_document(write_tables(tmp_path, make_case(clock=Clock(received="2026-01-06T16:30:00+01:00")))))
    assert "Received 6 January 2026, 16:30 UTC+01:00" in page
    assert "Born not stated" in page


def test_tsv__one_row_per_variant_and_empty_where_unknown(tmp_path: Path) -> None:
    lines = write_tsv(build_document(write_tables(tmp_path, make_case()))).splitlines()
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
    document = build_document(write_tables(tmp_path, make_case()))
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
