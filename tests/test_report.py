"""The report: what stands in the document stands in the page, the table and the VCF, and nothing leaves the file."""

import base64
import csv
import gzip
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pysam
import pytest
import yaml
from report_case import SAMPLES, coverage, make_case, write_reads, write_tables

from neotriage.case import Case, Clock, Consent
from neotriage.cli import main
from neotriage.columns import read_table, write_table
from neotriage.errors import InputError
from neotriage.gene_models import read_gene_models
from neotriage.home import schema_file
from neotriage.report import Sources, build_document, render_page, withheld_genes, write_annotated_vcf, write_tsv, write_whynot
from neotriage.report.answer import Answer, answer_of
from neotriage.report.assessed import assess
from neotriage.report.frequencies import Populations
from neotriage.report.homology import Homology, read_homology
from neotriage.report.words import likelihood_words, zygosity_words
from neotriage.store.building import Source
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


def as_deletion(sources: Sources) -> Sources:
    """The case with its second variant made an exon loss, found by delly and depth."""
    variants = read_table(sources.variants, "variants")
    changed = {"kind": "DEL", "alt": "<DEL>", "end": 2500, "size_bp": 2200, "callers": "delly,depth"}
    is_it = pl.col("variant") == 1
    variants = variants.with_columns(
        *(pl.when(is_it).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in changed.items())
    ).cast(dict(variants.schema))
    people = {"copy_number": [1, 2, -1], "alt_pairs": [9, 0, -1], "alt_splits": [1, 0, -1]}
    for name, own in people.items():
        values = [row if n != 1 else own for n, row in enumerate(variants[name].to_list())]
        variants = variants.with_columns(pl.Series(name, values, dtype=variants.schema[name]))
    write_table(variants, "variants", sources.variants, SAMPLES)
    effects = read_table(sources.consequences, "consequences")
    effects = effects.with_columns(
        exon=pl.when(is_it).then(2).otherwise("exon").cast(pl.Int32),
        exon_last=pl.when(is_it).then(3).otherwise("exon_last").cast(pl.Int32),
    )
    write_table(effects, "consequences", sources.consequences)
    return sources


def test_structural__size_exons_callers_and_reads_of_each_person(tmp_path: Path) -> None:
    document = build_document(as_deletion(write_tables(tmp_path, make_case())))
    schema = yaml.safe_load(schema_file("report").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(document)))
    assert document["candidates"][0]["variants"][0]["structural"] is None
    facts = document["second_hit_not_found"][0]["variants"][0]["structural"]
    assert (facts["words"], facts["exons"]) == ("deletion chr20:301-2500 (2.2 kb)", "exons 2 to 3 of 3 lost")
    assert facts["people"][2] == {"sample": SAMPLES[2], "copies": None, "repeats": None, "pairs": None, "splits": None}
    page = " ".join(render_page(document).split())
    assert "<strong>exons 2 to 3 of 3 lost</strong>" in page
    assert "Found by delly and depth." in page
    assert "baby 9 pairs, 1 split read, 1 copy; father 0 pairs, 0 split reads, 2 copies; mother not looked at." in page
    [row] = [line.split("\t") for line in write_tsv(document).splitlines() if "<DEL>" in line]
    assert row[15:20] == ["DEL", "2500", "2200", "exons 2 to 3 of 3 lost", "delly,depth"]


@pytest.mark.parametrize("is_called", [True, False])
def test_structural__not_looked_at_is_said(tmp_path: Path, is_called: bool) -> None:
    sources = write_tables(tmp_path, make_case())
    told = build_document(replace(sources, structural=tmp_path / "s.vcf.gz" if is_called else None))["not_looked_at"]
    assert any("copy-number changes" in line for line in told) is not is_called


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
    models = read_gene_models(write_reads(tmp_path)["genes.gff3"])
    for excluded, lines in (((), 1), (("JAG1",), 0)):
        sources = write_tables(tmp_path, make_case(excluded_genes=excluded))
        write_whynot(sources, tmp_path / "whynot.sqlite", models, build_document(sources))
        assert len(fates(tmp_path / "whynot.sqlite", gene="JAG1")) == lines


def _outputs(folder: Path, case: Case) -> dict[str, bytes]:
    """Every file that `neotriage report` writes of a case, unpacked as far as it goes: also the reads within the page."""
    files, sources, out = write_reads(folder), write_tables(folder, case), folder / "out"
    out.mkdir()
    given = {
        **{
            f"--{name}": getattr(sources, name) for name in ("case", "build", "variants", "consequences", "annotations", "hits")
        },
        **{f"--{name}": getattr(sources, name) for name in ("criteria", "classes", "candidates", "parts", "summary", "counts")},
        **{f"--{name}": getattr(sources, name) for name in ("provenance", "coverage", "moves")},
        "--calls": files["called.vcf.gz"],
        "--gene-models": files["genes.gff3"],
        "--reference": files["ref.fa"],
        "--ledger": f"table={sources.ledgers['table']}",
        **{f"--{name}": out / f"FAM.{name}" for name in ("html", "tsv", "json", "whynot", "phenopacket", "fhir", "identities")},
        "--vcf": out / "FAM.vcf.gz",
    }
    words = [str(word) for pair in given.items() for word in pair]
    words += [word for sample in SAMPLES for word in ("--alignment", f"{sample}={files[sample]}")]
    with pytest.raises(SystemExit) as end:
        main(["report", *words])
    assert end.value.code == 0
    told = {path.name: path.read_bytes() for path in sorted(out.iterdir())}
    held = re.findall(rb"data:application/(?:gzip|octet-stream);base64,([A-Za-z0-9+/=]+)", told["FAM.html"])
    told |= {f"embedded {i}": base64.b64decode(text) for i, text in enumerate(held)}
    told |= {f"unpacked {name}": gzip.decompress(text) for name, text in told.items() if text[:2] == b"\x1f\x8b"}
    return told


def _naming(outputs: dict[str, bytes], *names: str) -> list[str]:
    return [file for file, text in outputs.items() if any(name.encode() in text for name in names)]


def test_outputs__nothing_withheld_everything_is_named(tmp_path: Path) -> None:
    consent = Consent(secondary_findings=True, carrier_status=True)
    outputs = _outputs(tmp_path, make_case(consent=consent))
    assert len([name for name in outputs if name.startswith("unpacked embedded")]) == len(SAMPLES)
    for gene in ("JAG1", "SECRET1"):
        assert set(_naming(outputs, gene)) >= {"FAM.html", "FAM.tsv", "FAM.json", "FAM.whynot", "unpacked FAM.vcf.gz"}
    assert _naming(outputs, "BRCA1") == ["FAM.html", "FAM.whynot", "unpacked FAM.vcf.gz"]


def test_outputs__excluded_gene_is_named_in_none(tmp_path: Path) -> None:
    outputs = _outputs(tmp_path, make_case(excluded_genes=("SECRET1",)))
    assert _naming(outputs, "SECRET1", "ENSG2", "ENST2", "NM_2", "HGNC:99999") == []
    assert b"\t300\t" not in outputs["FAM.tsv"]
    assert json.loads(outputs["FAM.json"])["excluded_genes_withheld"] == 1
    assert json.loads(outputs["FAM.json"])["coverage"]["panels"][0]["not_listed"] > 0


def test_outputs__secondary_finding_is_named_in_none_without_consent(tmp_path: Path) -> None:
    assert _naming(_outputs(tmp_path, make_case()), "BRCA1", "ENSG3", "ENST3", "NM_3") == []


@pytest.mark.parametrize("has_consent", [False, True])
def test_outputs__carrier_status_goes_into_a_record_only_with_consent(tmp_path: Path, has_consent: bool) -> None:
    outputs = _outputs(tmp_path, make_case(consent=Consent(carrier_status=has_consent)))
    sent = [name for name in _naming(outputs, "SECRET1") if name in {"FAM.fhir", "FAM.phenopacket"}]
    assert sent == (["FAM.fhir", "FAM.phenopacket"] if has_consent else [])


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
    assert "Frequencies by population" not in lines


def test_document__act_now_lines_without_excluded_genes(tmp_path: Path) -> None:
    line = {"condition": "c", "words": "w", "state": "withdrawn", "reason": "in cis", "rank": None, "alleles": []}
    (tmp_path / "outcome.json").write_text(json.dumps({"lines": [{**line, "gene": "GALT"}, {**line, "gene": "OTC"}]}))
    case = replace(make_case(), excluded_genes=("OTC",))
    sources = replace(write_tables(tmp_path, case), act_now=tmp_path / "outcome.json")
    assert [row["gene"] for row in build_document(sources)["act_now"]] == ["GALT"]
    assert build_document(replace(sources, act_now=None))["act_now"] is None


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
    assert "Almost certain, 97\N{NO-BREAK SPACE}%." in page
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
        ("SECRET1", "second_hit_not_found", "300"),
    ]
    assert rows[0]["allele_frequency"] == ""
    assert rows[0]["genotypes"].startswith("baby heterozygous (16 of 30 reads)")


@pytest.fixture
def called(tmp_path: Path) -> Path:
    text = (
        "##fileformat=VCFv4.2\n##contig=<ID=chr20,length=1000>\n"
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tbaby\n"
        "chr20\t100\t.\tA\tT\t50\tPASS\t.\tGT\t0/1\nchr20\t700\t.\tC\tG\t50\tPASS\t.\tGT\t0/1\n"
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


# --- what was assessed ---


def _assessed(**changes: object) -> dict[str, Any]:
    panel = {
        "name": "P",
        "version": "1",
        "sha256": "ab",
        "genes": 4,
        "symbols": ["JAG1", "SECRET1"],
        "not_in_gene_models": ["GONE"],
    }
    given: dict[str, Any] = {"panels": [panel], "coverage": coverage(), "homology": {}, "proband": "baby"}
    return assess(**{**given, **changes})


def test_assess__counts_each_kind_of_gap() -> None:
    told = _assessed()
    assert told["panels"] == [{"name": "P", "version": "1", "genes": 4, "not_fully_assessed": 2, "not_listed": 1}]
    assert {gene["gene"]: gene["reasons"] for gene in told["genes"]} == {
        "GONE": ["not in the gene models: not looked at"],
        "JAG1": ["bases under 15 reads in the baby: exon 2 of 2"],
        "SECRET1": [],
    }


@pytest.mark.parametrize(("short", "is_whole"), [(0, True), (1, False)])
def test_assess__one_base_short_in_the_baby_is_enough(short: int, is_whole: bool) -> None:
    told = _assessed(coverage=coverage(short))
    assert next(gene for gene in told["genes"] if gene["gene"] == "JAG1")["is_fully_assessed"] is is_whole


def test_assess__parent_short_where_the_baby_is_not() -> None:
    people = {person["sample"]: person for person in _assessed()["people"]}
    assert people["baby"] == {
        "sample": "baby",
        "coding_exons": 2,
        "whole_at": {"15": 1, "20": 1},
        "short_here_not_in_baby": None,
    }
    assert (people["mum"]["short_here_not_in_baby"], people["dad"]["short_here_not_in_baby"]) == (1, 0)
    assert people["dad"]["whole_at"] == {"15": 2, "20": 0}


def test_assess__homology_names_its_source() -> None:
    row = Homology("SECRET1", "exons 1 to 2", "SECRET1P", "any", "a paper")
    told = _assessed(homology={"SECRET1": row})
    gene = next(gene for gene in told["genes"] if gene["gene"] == "SECRET1")
    assert gene["reasons"] == ["exons 1 to 2 like SECRET1P: short reads may be placed wrongly (a paper)"]


def test_assess__without_reads_nothing_is_fully_assessed() -> None:
    unmeasured = [{**gene, "exons_short": []} for gene in coverage()["genes"]]
    told = _assessed(coverage={"limits": [15, 20], "samples": [], "genes": unmeasured})
    assert told["panels"][0]["not_fully_assessed"] == 3
    assert told["people"] == []
    assert {gene["transcript"] for gene in told["genes"]} == {None}  # named on one line, not in a table with nothing in it


def test_assess__calls_only_for_the_baby_is_not_measured() -> None:
    assert _assessed(proband="other")["panels"][0]["not_fully_assessed"] == 3


def test_homology__rows_hold_for_their_build_and_cite() -> None:
    here, elsewhere = read_homology("GRCh38"), read_homology("GRCh37")
    assert set(here) - set(elsewhere) == {"CBS", "CRYAA", "KCNE1"}  # Wagner et al. 2022: false duplications of GRCh38
    assert {"SMN1", "CYP21A2", "PMS2", "GBA1", "STRC"} <= set(elsewhere)
    assert all(row.source.startswith("GeneReviews: ") or " et al. " in row.source for row in here.values())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gene\tpart\nA\tb\n", "other columns"),
        ("gene\tpart\tlike\tbuild\tsource\nA\tb\tc\tany\t\n", "empty"),
        ("gene\tpart\tlike\tbuild\tsource\n" + "A\tb\tc\tany\td\n" * 2, "stands twice"),
    ],
)
def test_homology__broken_table_is_an_error(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "h.tsv").write_text(text)
    with pytest.raises(InputError, match=told):
        read_homology("GRCh38", tmp_path / "h.tsv")


# --- the first screen ---


def _answer(tmp_path: Path, statement: str = "found", **second: object) -> Answer:
    document = build_document(write_tables(tmp_path, make_case()))
    document["summary"]["statement"] = statement
    if second:
        copy = json.loads(json.dumps(document["candidates"][0])) | {"rank": 2, "gene": "GALT", "tier": second.get("tier", "1")}
        copy["treatment"]["urgency"] = second.get("urgency", "hours")
        copy["variants"][0]["acmg_class"] = second.get("acmg_class", "P")
        document["candidates"].append(copy)
    return answer_of(document)


def test_answer__of_each_statement(tmp_path: Path) -> None:
    found = _answer(tmp_path)
    assert (found.label, found.sentence) == ("Found", "A likely cause was found: JAG1 (Alagille syndrome 1).")
    assert [(a.candidate["gene"], a.urgency) for a in found.actions] == [("JAG1", "weeks")]
    assert _answer(tmp_path, "candidate").sentence.startswith("No proven cause; the best candidate is JAG1")
    nothing = _answer(tmp_path, "nothing_found")
    assert nothing.about is None
    assert "JAG1" not in nothing.sentence


@pytest.mark.parametrize(
    ("second", "is_now", "genes"),
    [
        ({"urgency": "hours"}, True, ["GALT", "JAG1"]),
        ({"urgency": "days"}, False, ["GALT", "JAG1"]),
        ({"urgency": "hours", "acmg_class": "VUS"}, False, ["JAG1", "GALT"]),
        ({"urgency": "hours", "acmg_class": "VUS", "tier": "3"}, False, ["JAG1"]),
    ],
)
def test_answer__act_now_needs_hours_and_pathogenic_alleles(
    tmp_path: Path, second: dict[str, str], is_now: bool, genes: list[str]
) -> None:
    answer = _answer(tmp_path, **second)
    assert answer.is_act_now is is_now
    assert [action.candidate["gene"] for action in answer.actions] == genes


# --- frequency by population ---


def test_populations__counts_of_the_allele_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "f.vcf").write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=chr20,length=1000>\n"
        + "".join(
            f'##INFO=<ID={name},Number={number},Type={kind},Description="x">\n'
            for name, number, kind in (
                ("AF", "A", "Float"),
                ("AC", "A", "Integer"),
                ("AN", "1", "Integer"),
                ("AF_nfe", "A", "Float"),
                ("AC_nfe", "A", "Integer"),
            )
        )
        + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        "chr20\t98\t.\tGTA\tGTC,GTT\t.\t.\tAF=0.25,0.5;AC=1,2;AN=4;AF_nfe=0.5,.;AC_nfe=1,.\n"
    )
    pysam.tabix_compress(str(tmp_path / "f.vcf"), str(tmp_path / "f.vcf.gz"))
    source = Source("here", (tmp_path / "f.vcf.gz",))
    assert Populations([source]).not_indexed == ["here"]
    pysam.tabix_index(str(tmp_path / "f.vcf.gz"), preset="vcf")
    look_up = Populations([source])
    first = {"source": "here", "population": "all", "frequency": 0.25, "count": 1, "number": 4}
    assert look_up("chr20", 100, "A", "C") == [first, {**first, "population": "nfe", "frequency": 0.5, "number": None}]
    unknown = dict.fromkeys(("frequency", "count", "number"))
    assert look_up("chr20", 100, "A", "T")[1] == {"source": "here", "population": "nfe", **unknown}
    for absent in (("chr20", 100, "A", "G"), ("chr1", 100, "A", "C")):
        assert look_up(*absent) == [{"source": "here", "population": None, **unknown}]


# --- the waterfall ---


def test_page__waterfall_bars_follow_on_and_moves_are_told(tmp_path: Path) -> None:
    page = render_page(build_document(write_tables(tmp_path, make_case())))
    bars = re.findall(r'class="bar" style="margin-left:([0-9.]+)%;width:([0-9.]+)%', page)
    assert [(float(left), float(width)) for left, width in bars] == [(0.0, 23.92), (23.92, 76.08)]
    assert re.search(r"in a parent</td><td[^>]*>\N{MINUS SIGN}9.0</td><td[^>]*>\N{MINUS SIGN}65.8</td><td>2</td>", page)


# --- who is who ---


def test_page__person_left_out_is_said_first_and_in_every_output(tmp_path: Path) -> None:
    said = "baby and dad are not parent and child by their genotypes"
    pairs = [{"verdict": "differs", "said": said}, {"verdict": "agrees", "said": "baby and mum are parent and child"}]
    sample = {"sample": "dad", "verdict": "green", "reasons": [], "fraction_15x": 0.99, "mean_depth": 31.0}
    qc = {"verdict": "red", "reasons": [said], "left_out": ["dad"], "identity": {"pairs": pairs}, "samples": [sample]}
    (tmp_path / "qc.json").write_text(json.dumps(qc))
    sources = replace(write_tables(tmp_path, make_case()), qc=tmp_path / "qc.json")
    document = build_document(sources)
    page = render_page(document)
    alert = re.search(r'<section class="stop" role="alert".*?</section>', page, re.DOTALL)
    assert alert
    assert said in alert[0]
    assert "Left out: dad." in alert[0]
    assert "baby and mum" not in alert[0]
    assert page.index('role="alert"') < page.index('aria-label="The answer"')
    assert "Left out, because the genotypes refute who they are: dad" in document["not_looked_at"]


def test_page__nothing_found_says_what_it_does_not_rule_out(tmp_path: Path) -> None:
    document = build_document(write_tables(tmp_path, make_case()))
    assert "rules no genetic cause out" not in render_page(document)
    document["summary"]["statement"] = "nothing_found"
    assert "That rules no genetic cause out: 2 of 9 genes of Cholestasis were not fully assessed" in render_page(document)


def test_page__candidate_is_called_not_proven_whatever_its_probability(tmp_path: Path) -> None:
    document = build_document(write_tables(tmp_path, make_case()))
    document["summary"]["statement"] = "candidate"
    assert "<strong>Not proven</strong>, though almost certain by the ranking" in render_page(document)


def test_page__red_data_is_said_beside_the_answer(tmp_path: Path) -> None:
    document = build_document(write_tables(tmp_path, make_case()))
    for verdict in ("amber", "red"):
        document["qc"] = {"verdict": verdict, "reasons": [], "samples": [], "left_out": []}
        assert ("The data is of poor quality" in render_page(document)) is (verdict == "red")


URGENT = {
    "class": "smn",
    "level": "urgent",
    "title": "No copy of SMN1",
    "words": "spinal muscular atrophy",
    "source": "Chen et al. 2020",
    "gene": "SMN1",
    "treatment": {
        "condition": "Spinal muscular atrophy",
        "action": "refer at once",
        "urgency": "days",
        "source": "GeneReviews",
    },
}
SEEN = {"class": "smn", "sample": "mum", "what": "SMN1, SMN2", "result": "SMN1 1, SMN2 2"}


def with_chromosomes(folder: Path, *findings: dict[str, object], **changes: object) -> dict[str, object]:
    told = {"findings": findings, "looked_at": [SEEN], "not_looked_at": ["methylation"]}
    (folder / "chromosomes.json").write_text(json.dumps(told))
    sources = replace(write_tables(folder, make_case(**changes)), chromosomes=folder / "chromosomes.json")
    return build_document(sources)


def test_chromosomes__a_finding_comes_first(tmp_path: Path) -> None:
    document = with_chromosomes(tmp_path, URGENT)
    html = render_page(document)
    assert answer_of(document).is_act_now
    assert html.index("No copy of SMN1: spinal muscular atrophy") < html.index("A likely cause was found: JAG1")
    assert "refer at once" in html
    document["summary"]["statement"] = "nothing_found"  # type: ignore[index]
    answer = answer_of(document)
    assert (answer.label, answer.sentence) == ("Found beyond small variants", "No copy of SMN1: spinal muscular atrophy.")


TRISOMY = {
    "class": "aneuploidy",
    "level": "finding",
    "title": "Trisomy 21",
    "words": "3.01 copies by depth; confirm by karyotype",
    "source": "depth of the reads",
    "gene": "",
    "treatment": None,
}


@pytest.mark.parametrize(("level", "is_told"), [("urgent", True), ("finding", True), ("note", False)])
@pytest.mark.parametrize("statement", ["found", "nothing_found"])
def test_chromosomes__every_file_tells_of_a_finding(
    tmp_path: Path, called: Path, statement: str, level: str, is_told: bool
) -> None:
    sources = write_tables(tmp_path, make_case())
    summary = {**json.loads(sources.summary.read_text()), "statement": statement, "sentence": "The ranking's sentence."}
    sources.summary.write_text(json.dumps(summary))
    told = {"findings": [{**TRISOMY, "level": level}], "looked_at": [], "not_looked_at": []}
    (tmp_path / "chromosomes.json").write_text(json.dumps(told))
    document = build_document(replace(sources, chromosomes=tmp_path / "chromosomes.json"))
    schema = yaml.safe_load(schema_file("report").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(document)))
    summary = document["summary"]
    assert summary["statement"] == ("beyond_variants" if is_told and statement == "nothing_found" else statement)
    assert summary["sentence"].startswith("Found beyond small variants: Trisomy 21: 3.01") is is_told
    assert summary["sentence"].endswith("The ranking's sentence.")
    assert ('<p class="sentence">Trisomy 21' in render_page(document)) is is_told
    rows = list(csv.DictReader(io.StringIO(write_tsv(document)), delimiter="\t"))
    told = [row["notes"] for row in rows if row["section"] == "beyond_variants"]
    assert told == (["Trisomy 21: 3.01 copies by depth; confirm by karyotype"] if is_told else [])
    write_annotated_vcf(document, called, tmp_path / "out.vcf.gz")
    with pysam.VariantFile(str(tmp_path / "out.vcf.gz")) as written:
        assert ("##neotriage_beyond_variants=Found beyond small variants: Trisomy 21" in str(written.header)) is is_told


def test_chromosomes__a_note_does_not(tmp_path: Path) -> None:
    document = with_chromosomes(tmp_path, {**URGENT, "level": "note", "treatment": None})
    assert answer_of(document).beyond == ()
    assert "(note): spinal muscular atrophy" in render_page(document)


def test_chromosomes__looked_at_and_not(tmp_path: Path) -> None:
    document = with_chromosomes(tmp_path)
    html = render_page(document)
    assert "Nothing unusual was found" in html
    assert "SMN1 1, SMN2 2" in html
    lines = "\n".join(document["not_looked_at"])  # type: ignore[arg-type]
    assert "Not assessed: methylation" in lines
    assert "SMN1/SMN2" not in lines
    plain = build_document(write_tables(tmp_path, make_case()))
    assert plain["chromosomes"] is None
    assert "SMN1/SMN2" in "\n".join(plain["not_looked_at"])


def test_chromosomes__an_excluded_gene_is_not_named(tmp_path: Path) -> None:
    assert with_chromosomes(tmp_path, URGENT, excluded_genes=("SMN1",))["chromosomes"]["findings"] == []  # type: ignore[index]


SEARCHED = {
    "gene": "SECRET1",
    "gene_id": "ENSG2",
    "looked_at": ["depth of 3 exons"],
    "found": ["exon 2 lost"],
    "not_looked_at": ["exon 1"],
}


def test_second_look__is_told_beside_the_lone_hit(tmp_path: Path) -> None:
    elsewhere = {**SEARCHED, "gene": "OTHER", "gene_id": "ENSG9"}
    (tmp_path / "second.json").write_text(json.dumps({"genes": [SEARCHED, elsewhere]}))
    document = build_document(replace(write_tables(tmp_path, make_case()), second_hit=tmp_path / "second.json"))
    assert document["second_hit_search"] == [SEARCHED]
    html = render_page(document)
    for words in (
        "again for a second change in SECRET1",
        "depth of 3 exons",
        "exon 2 lost",
        "Not looked at in SECRET1: exon 1",
    ):
        assert words in html


def test_second_look__not_made_is_said(tmp_path: Path) -> None:
    assert "No second look was made in SECRET1" in render_page(build_document(write_tables(tmp_path, make_case())))
