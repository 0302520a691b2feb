"""The annotate stage: bcftools csq's own output on a small genome, VEP's form, and what is read from the gene models."""

import shutil
import subprocess

import polars as pl
import pytest

from neotriage.annotate import annotations_table, consequences_table, impact_of, sorted_terms
from neotriage.columns import empty, frame
from neotriage.errors import FormatError
from neotriage.gene_models import read_gene_models
from neotriage.genome import Build, Contig, ContigKind
from neotriage.schema import Impact

BUILD = Build("small", (Contig("chr1", 600, ContigKind.AUTOSOME),), ())
# A gene of two coding exons (ATG GCT x 20 | GCT x 20 TAA), 20 bp of UTR on both sides, and a non-coding gene behind it.
LEFT, RIGHT = "ATG" + "GCT" * 20, "GCT" * 20 + "TAA"
SEQUENCE = "T" * 100 + "C" * 20 + LEFT + "GT" + "A" * 76 + "AG" + RIGHT + "C" * 20
SEQUENCE += "T" * (600 - len(SEQUENCE))
E1 = (101, 120 + len(LEFT))
E2 = (E1[1] + 81, E1[1] + 80 + len(RIGHT) + 20)
GFF = f"""chr1\tx\tgene\t{E1[0]}\t{E2[1]}\t.\t+\t.\tID=gene:G1;Name=AAA;biotype=protein_coding
chr1\tx\tmRNA\t{E1[0]}\t{E2[1]}\t.\t+\t.\tID=transcript:T1;Parent=gene:G1;biotype=protein_coding;version=2;tag=MANE_Select;refseq=NM_1.1
chr1\tx\texon\t{E1[0]}\t{E1[1]}\t.\t+\t.\tParent=transcript:T1
chr1\tx\tCDS\t121\t{E1[1]}\t.\t+\t0\tParent=transcript:T1
chr1\tx\texon\t{E2[0]}\t{E2[1]}\t.\t+\t.\tParent=transcript:T1
chr1\tx\tCDS\t{E2[0]}\t{E2[1] - 20}\t.\t+\t0\tParent=transcript:T1
chr1\tx\tgene\t451\t550\t.\t-\t.\tID=gene:G2;Name=RNU;biotype=snRNA
chr1\tx\tsnRNA\t451\t550\t.\t-\t.\tID=transcript:T2;Parent=gene:G2;biotype=snRNA
chr1\tx\texon\t451\t500\t.\t-\t.\tParent=transcript:T2
chr1\tx\texon\t521\t550\t.\t-\t.\tParent=transcript:T2
"""
needs_bcftools = pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")


@pytest.fixture
def models(tmp_path):
    (tmp_path / "m.gff3").write_text(GFF)
    return read_gene_models(tmp_path / "m.gff3", BUILD)


def variants(*sites):
    """The variant table of (1-based position, ref, alt); every other column is empty."""
    table = empty("variants", ["kid"])
    columns = {
        "variant": list(range(len(sites))),
        "kind": ["small"] * len(sites),
        "chrom": ["chr1"] * len(sites),
        "position": [p - 1 for p, _, _ in sites],
        "ref": [r for _, r, _ in sites],
        "alt": [a for _, _, a in sites],
    }
    return pl.DataFrame({c: pl.Series(columns.get(c, [None] * len(sites)), dtype=t) for c, t in table.schema.items()})


def vcf(folder, *records, info="BCSQ", description="x", sample="kid"):
    path = folder / "csq.vcf"
    head = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=600>\n"
    head += f'##INFO=<ID={info},Number=.,Type=String,Description="{description}">\n'
    head += '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
    head += f'##FORMAT=<ID={info},Number=.,Type=Integer,Description="b">\n'
    head += f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{sample}\n"
    rows = []
    for position, ref, alt, text, *mask in records:
        call = f"GT:{info}\t0/1:{mask[0]}" if mask else "GT\t0/1"
        rows.append(f"chr1\t{position}\t.\t{ref}\t{alt}\t50\tPASS\t{f'{info}={text}' if text else '.'}\t{call}\n")
    path.write_text(head + "".join(rows))
    return path


def run_csq(folder, *sites):
    """Through bcftools csq itself."""
    (folder / "g.fa").write_text(f">chr1\n{SEQUENCE}\n")
    subprocess.run(["samtools", "faidx", folder / "g.fa"], check=True)
    command = ["bcftools", "csq", "-p", "a", "-f", folder / "g.fa", "-g", folder / "m.gff3", "-o", folder / "out.vcf"]
    subprocess.run([*command, vcf(folder, *((*site, "") for site in sites), info="X")], check=True, capture_output=True)
    return folder / "out.vcf"


# position, alleles -> terms, amino acids, exon; by the genetic code and the gene's drawing above
REAL = {
    (124, "G", "A"): ("missense_variant", "2A>2T", 1),
    (126, "T", "C"): ("synonymous_variant", "2A", 1),
    (121, "A", "G"): ("start_lost", "", 1),  # csq names no amino acid here
    (E1[1] + 1, "G", "A"): ("splice_donor_variant", "", -1),
    (E1[1] + 80, "G", "A"): ("splice_acceptor_variant", "", -1),
    (E1[1] + 5, "A", "C"): ("splice_region_variant&intron_variant", "", -1),
    (E1[1] + 40, "A", "C"): ("intron_variant", "", -1),
    (105, "C", "A"): ("5_prime_UTR_variant", "", 1),
    (E2[1] - 5, "C", "A"): ("3_prime_UTR_variant", "", 2),
    (E2[1] - 20, "A", "C"): ("stop_lost", "42*>42Y", 2),
    (460, "T", "C"): ("non_coding_transcript_exon_variant", "", 2),
    (540, "T", "C"): ("non_coding_transcript_exon_variant", "", 1),
    (510, "T", "C"): ("intron_variant", "", -1),
}


@needs_bcftools
@pytest.mark.parametrize(("site", "expected"), REAL.items())
def test_consequences__by_bcftools_csq(tmp_path, models, site, expected):
    table, unsaid = consequences_table(variants(site), run_csq(tmp_path, site), models, "kid")
    row = table.row(0, named=True)
    assert (row["terms"], row["amino_acids"], row["exon"]) == expected
    assert (table.height, unsaid) == (1, 0)


@needs_bcftools
def test_consequences__deletion_shifts_the_frame(tmp_path, models):
    site = (127, SEQUENCE[126:128], SEQUENCE[126])
    table, _ = consequences_table(variants(site), run_csq(tmp_path, site), models, "kid")
    assert "frameshift_variant" in table["terms"][0].split("&")
    assert table["impact"].to_list() == ["HIGH"]


@needs_bcftools
def test_consequences__neighbours_in_one_codon_speak_together(tmp_path, models):
    sites = ((124, "G", "T"), (125, "C", "A"))  # GCT > TAT: alanine to tyrosine, alone serine and aspartate
    table, _ = consequences_table(variants(*sites), run_csq(tmp_path, *sites), models, "kid")
    assert table["amino_acids"].to_list() == ["2A>2Y", "2A>2Y"]
    assert table["joined_with"].to_list() == ["125", "124"]


@needs_bcftools
def test_consequences__facts_come_from_the_gene_models(tmp_path, models):
    row = consequences_table(variants((124, "G", "A")), run_csq(tmp_path, (124, "G", "A")), models, "kid")[0].row(0, named=True)
    assert (row["gene_id"], row["gene"], row["transcript"], row["refseq"]) == ("G1", "AAA", "T1.2", "NM_1.1")
    assert (row["is_mane_select"], row["strand"], row["exons"]) == (True, "+", 2)


def test_consequences__outside_every_gene_has_no_row(tmp_path, models):
    path = vcf(tmp_path, (50, "T", "C", ""), (124, "G", "A", "missense|AAA|T1|protein_coding|+|2A>2T|124G>A"))
    table, _ = consequences_table(variants((50, "T", "C"), (124, "G", "A")), path, models, "kid")
    assert table["variant"].to_list() == [1]


MISSENSE = "missense|AAA|T1|protein_coding|+|2A>2T|124G>A"
JOINT = "stop_gained|AAA|T1|protein_coding|+|2A>2*|124G>A+126T>C"


@pytest.mark.parametrize(
    ("mask", "amino_acids", "joined"), [(1, "2A>2T", ""), (2, "2A>2T", ""), (4, "2A>2*", "126"), (9, "2A>2*", "126")]
)
def test_consequences__those_of_the_probands_haplotypes(tmp_path, models, mask, amino_acids, joined):
    path = vcf(tmp_path, (124, "G", "A", f"{MISSENSE},{JOINT}", mask))
    table, _ = consequences_table(variants((124, "G", "A")), path, models, "kid")
    assert table.select("amino_acids", "joined_with").row(0) == (amino_acids, joined)


def test_consequences__local_terms_join_those_of_the_protein(tmp_path, models):
    text = f"splice_region|AAA|T1|protein_coding,{MISSENSE}"
    table, _ = consequences_table(variants((124, "G", "A")), vcf(tmp_path, (124, "G", "A", text, 4)), models, "kid")
    assert table.select("terms", "impact").row(0) == ("missense_variant&splice_region_variant", "MODERATE")


def test_consequences__behind_a_stop_keeps_its_term(tmp_path, models):
    table, _ = consequences_table(variants((124, "G", "A")), vcf(tmp_path, (124, "G", "A", f"*{MISSENSE}")), models, "kid")
    assert table["terms"].to_list() == ["missense_variant"]


def test_consequences__unsaid_coding_change_is_counted(tmp_path, models):
    path = vcf(tmp_path, (124, "G", "A", MISSENSE), (130, "G", "A", ""))
    table, unsaid = consequences_table(variants((124, "G", "A"), (130, "G", "A")), path, models, "kid")
    assert (table["terms"][1], unsaid) == ("coding_sequence_variant", 1)


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ((124, "G", "A", ""), "nothing is annotated, although chr1:124 lies in an exon"),
        ((124, "G", "A", "marvellous|AAA|T1|protein_coding"), "chr1:124: unknown consequence 'marvellous'"),
        ((124, "G", "A", "missense_maybe|AAA|T1|protein_coding"), "unknown consequence"),
        ((124, "G", "A", MISSENSE.replace("T1", "T9")), "transcript 'T9' is not in the gene models"),
        ((124, "G", "A", "@126"), "BCSQ points at @126"),
        ((124, "G", "C", MISSENSE), "chr1:124 G>A is not in it"),
    ],
)
def test_consequences__refused(tmp_path, models, record, problem):
    with pytest.raises(FormatError, match=problem) as caught:
        consequences_table(variants((124, "G", "A")), vcf(tmp_path, record), models, "kid")
    assert "csq.vcf" in str(caught.value)


def test_consequences__nothing_annotated_off_the_exons_is_no_error(tmp_path, models):
    table, _ = consequences_table(variants((50, "T", "C")), vcf(tmp_path, (50, "T", "C", "")), models, "kid")
    assert table.height == 0


def test_consequences__no_variants(tmp_path, models):
    assert consequences_table(variants(), vcf(tmp_path), models, "kid")[0].equals(empty("consequences"))


def test_consequences__neither_csq_nor_vep(tmp_path, models):
    with pytest.raises(FormatError, match="neither BCSQ nor CSQ"):
        consequences_table(variants((124, "G", "A")), vcf(tmp_path, (124, "G", "A", "", ""), info="ANN"), models, "kid")


def test_consequences__proband_absent(tmp_path, models):
    with pytest.raises(FormatError, match="sample kid"):
        consequences_table(variants((124, "G", "A")), vcf(tmp_path, (124, "G", "A", MISSENSE), sample="x"), models, "kid")


VEP = (
    "Consequence annotations from Ensembl VEP. Format: Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature|EXON|"
    "Protein_position|Amino_acids|STRAND|MANE_SELECT"
)
VEP_OWN = "A|missense_variant&splice_region_variant|MODERATE|AAA|G1|Transcript|T1.2|1/2|2|A/T|1|NM_1.1"
VEP_OTHER = "A|stop_gained|HIGH|AAA|G1|Transcript|T7.1|3/9|5/40|R/*|-1|"
VEP_REGULATORY = "A|regulatory_region_variant|MODIFIER|||RegulatoryFeature|ENSR1|||||"


def test_consequences__of_vep(tmp_path, models):
    text = f"{VEP_OTHER},{VEP_REGULATORY},{VEP_OWN}"
    path = vcf(tmp_path, (124, "G", "A", text), info="CSQ", description=VEP)
    table, _ = consequences_table(variants((124, "G", "A")), path, models, "kid")
    wanted = ("transcript", "terms", "impact", "amino_acids", "exon", "exons", "strand", "is_mane_select")
    assert table.select(wanted).rows() == [
        ("T1.2", "missense_variant&splice_region_variant", "MODERATE", "2A>2T", 1, 2, "+", True),
        ("T7.1", "stop_gained", "HIGH", "5R>5*", 3, 9, "-", False),
    ]


@pytest.mark.parametrize(
    ("text", "description", "problem"),
    [(VEP_OWN.replace("missense", "marvellous"), VEP, "unknown consequence term"), (VEP_OWN, "x", "CSQ header has no field")],
)
def test_consequences__vep_refused(tmp_path, models, text, description, problem):
    path = vcf(tmp_path, (124, "G", "A", text), info="CSQ", description=description)
    with pytest.raises(FormatError, match=problem):
        consequences_table(variants((124, "G", "A")), path, models, "kid")


@pytest.mark.parametrize(
    ("term", "impact"),  # Ensembl, "Calculated variant consequences"
    [
        ("splice_donor_variant", Impact.HIGH),
        ("frameshift_variant", Impact.HIGH),
        ("inframe_deletion", Impact.MODERATE),
        ("splice_region_variant", Impact.LOW),
        ("stop_retained_variant", Impact.LOW),
        ("non_coding_transcript_exon_variant", Impact.MODIFIER),
        ("intron_variant", Impact.MODIFIER),
    ],
)
def test_impact__of_the_term(term, impact):
    assert impact_of([term, "intron_variant"]) is impact


def test_terms__most_severe_first_and_each_once():
    given = ["intron_variant", "splice_region_variant", "missense_variant", "missense_variant"]
    assert sorted_terms(given, file="f") == ("missense_variant", "splice_region_variant", "intron_variant")


def test_annotations__as_written_and_absent_is_not_zero_stars(tmp_path):
    info = "CLNDN=Alagille;CLNREVSTAT=criteria_provided,_single_submitter;CLNSIG=Pathogenic;GENEINFO=AAA:1"
    path = tmp_path / "clinvar.vcf"
    path.write_text(f"##fileformat=VCFv4.1\nchr1\t124\t77\tG\tA\t.\t.\t{info}\n")
    rows = annotations_table(variants((124, "G", "A"), (124, "G", "C")), path, BUILD).rows()
    assert rows == [
        (0, "77", "Pathogenic", "criteria_provided,_single_submitter", 1, "Alagille", "AAA"),
        (1, "", "", "", -1, "", ""),
    ]


def test_annotations__without_clinvar():
    assert annotations_table(variants((124, "G", "A")), None, BUILD)["clinvar_stars"].to_list() == [-1]
    assert frame("annotations", {c: [] for c in annotations_table(variants(), None, BUILD).columns}).height == 0
