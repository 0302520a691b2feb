"""HGVS names: published names of solved cases, a build's accessions, the 3' rule on both strands, refusals with a reason."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pysam
import pytest
from bioutils.assemblies import make_name_ac_map

from neotriage.cli import main
from neotriage.errors import FormatError, InputError
from neotriage.gene_models import GeneModels, read_gene_models
from neotriage.genome import Build, Contig, ContigKind, read_build
from neotriage.naming import Namer
from neotriage.report.document import _names
from neotriage.whynot import build_index
from neotriage.whynot.answer import is_hgvs

SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
FASTA = SHARED / "ref" / "chr20.GRCh38coords.1-11114352.fa.gz"
needs_shared = pytest.mark.skipif(not FASTA.is_file(), reason="the shared data are not beside the checkout")

# Two genes of the same bases, one on each strand, and a gene of the mitochondrion. The coding bases are ATG AAA G|GC TGC TGG
# TAA, the bar is the intron, before them stands AC, behind them CC. Names and proteins below were worked out by hand.
EXON_1 = "AC" + "ATGAAAG"
INTRON = "GTAAGTTTTTTCCCCCTTTCAG"
EXON_2 = "GCTGCTGGTAA" + "CC"
PLUS = EXON_1 + INTRON + EXON_2
FLANK = "TCATCATCAT"
MT_GENE = "ATGATATGATA"  # Met Met Trp in the mitochondrial code, and TA that the tail makes TAA


def _reverse(bases: str) -> str:
    return bases[::-1].translate(str.maketrans("ACGT", "TGCA"))


@pytest.fixture(scope="module")
def build() -> Build:
    return Build(
        "tiny",
        (
            Contig("one", len(FLANK) * 2 + len(PLUS), ContigKind.AUTOSOME, "NC_000001.11"),
            Contig("two", len(FLANK) * 2 + len(PLUS), ContigKind.AUTOSOME),
            Contig("mito", 31, ContigKind.MITOCHONDRION, "NC_012920.1"),
        ),
        (),
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("naming")
    fasta = folder / "tiny.fa"
    bases = {"one": FLANK + PLUS + FLANK, "two": FLANK + _reverse(PLUS) + FLANK, "mito": FLANK + MT_GENE + FLANK}
    fasta.write_text("".join(f">{name}\n{text}\n" for name, text in bases.items()))
    pysam.faidx(str(fasta))
    models = folder / "tiny.gff3"
    models.write_text("##gff-version 3\n" + "".join(_gene_lines()))
    return fasta, models


def _gene_lines() -> Iterator[str]:
    first, last = len(FLANK), len(FLANK) + len(PLUS)
    exon_1, exon_2 = (first, first + len(EXON_1)), (last - len(EXON_2), last)
    coding = ((first + 2, exon_1[1]), (exon_2[0], last - 2))
    yield from _gene("one", "+", 1, (exon_1, exon_2), coding, "refseq=NM_000001.2", "protein_id=ENSP1.1")
    flip = [
        tuple((2 * len(FLANK) + len(PLUS) - e, 2 * len(FLANK) + len(PLUS) - s) for s, e in p)
        for p in ((exon_1, exon_2), coding)
    ]
    yield from _gene("two", "-", 2, flip[0], flip[1], "", "")
    yield from _gene("two", "-", 3, flip[0], (), "", "")
    yield from _gene("mito", "+", 4, ((10, 21),), ((10, 21),), "", "")


def _gene(
    contig: str,
    strand: str,
    number: int,
    exons: tuple[tuple[int, int], ...],
    coding: tuple[tuple[int, int], ...],
    refseq: str,
    protein: str,
) -> Iterator[str]:
    low, high = min(s for s, _ in exons) + 1, max(e for _, e in exons)
    whole = f"{low}\t{high}\t.\t{strand}"
    yield f"{contig}\tx\tgene\t{whole}\t.\tID=gene:G{number};Name=GENE{number};biotype=x\n"
    yield f"{contig}\tx\tmRNA\t{whole}\t.\tID=transcript:T{number};Parent=gene:G{number};version=5;{refseq}\n"
    for kind, parts, more in (("exon", exons, ""), ("CDS", coding, protein)):
        for s, e in parts:
            yield f"{contig}\tx\t{kind}\t{s + 1}\t{e}\t.\t{strand}\t.\tParent=transcript:T{number};{more}\n"


@pytest.fixture(scope="module")
def models(files: tuple[Path, Path]) -> GeneModels:
    return read_gene_models(files[1])


@pytest.fixture(scope="module")
def namer(files: tuple[Path, Path], models: GeneModels, build: Build) -> Namer:
    return Namer(models, files[0], build)


def _on(strand: str, place: int, ref: str, alt: str) -> tuple[str, int, str, str]:
    """A change of the gene's own bases [place, place + len(ref)) as a VCF has it; alignment is left to the namer."""
    if strand == "+":
        return "one", len(FLANK) + place, ref, alt
    return "two", len(FLANK) + len(PLUS) - place - len(ref), _reverse(ref), _reverse(alt)


@pytest.mark.parametrize("strand", ["+", "-"])
@pytest.mark.parametrize(
    ("place", "ref", "alt", "coding", "protein"),
    [
        (5, "A", "G", "c.4A>G", "p.(Lys2Glu)"),
        (2, "A", "G", "c.1A>G", "p.(Met1?)"),
        (1, "C", "T", "c.-1C>T", "p.?"),
        (9, "G", "A", "c.7+1G>A", "p.?"),
        (30, "G", "A", "c.8-1G>A", "p.?"),
        (5, "A", "AA", "c.6dup", "p.(Gly3ArgfsTer?)"),
        (33, "TGC", "T", "c.11_12del", "p.(Cys4LeufsTer?)"),
        (37, "G", "A", "c.14G>A", "p.(Trp5Ter)"),
        (42, "C", "G", "c.*1C>G", "p.?"),
        (15, "T", "TA", "c.7+7_7+8insA", "p.?"),
        (13, "GT", "G", "c.7+11del", "p.?"),
        (8, "GG", "G", "c.7del", "p.(Gly3AlafsTer?)"),  # the last of the exon and the first of the intron are the same
        (30, "GG", "G", "c.8del", "p.(Gly3AlafsTer?)"),  # so are the last of the intron and the first of the exon
        (34, "GCTG", "CAGC", "c.11_14inv", "p.(Cys4_Trp5delinsSerAla)"),
    ],
)
def test_names__same_on_both_strands(
    namer: Namer, strand: str, place: int, ref: str, alt: str, coding: str, protein: str
) -> None:
    transcript = "T1" if strand == "+" else "T2"
    assert PLUS[place : place + len(ref)] == ref
    names = namer.names(*_on(strand, place, ref, alt), transcript)
    accession = "NM_000001.2" if strand == "+" else "T2.5"
    assert (names.coding, (names.protein or "").removeprefix("ENSP1.1:")) == (f"{accession}:{coding}", protein)


def test_names__without_transcript_the_genome_alone(namer: Namer) -> None:
    names = namer.names("one", 15, "A", "AA", None)
    assert (names.genomic, names.coding) == ("NC_000001.11:g.18dup", None)
    assert names.not_named == ("c. not named: no transcript",)


def test_names__contig_without_accession_goes_by_its_name(namer: Namer) -> None:
    assert namer.names("two", 0, "T", "A", None).genomic == "two:g.1T>A"


def test_names__non_coding_transcript_is_n(namer: Namer) -> None:
    names = namer.names(*_on("-", 5, "A", "G"), "T3")
    assert (names.coding, names.protein) == ("T3.5:n.6A>G", None)
    assert names.not_named == ("p. not named: the transcript codes for no protein",)


def test_names__mitochondrial_is_m_and_read_by_its_own_code(namer: Namer) -> None:
    names = namer.names("mito", 15, "A", "G", "T4")  # ATG ATA TGA TA: codon 2 is Met as ATA and as ATG
    assert (names.genomic, names.coding, names.protein) == ("NC_012920.1:m.16A>G", None, "p.(Met2=)")
    assert "mitochondrial variants go by their m. name" in names.not_named[0]


@pytest.mark.parametrize(
    ("site", "transcript", "reason"),
    [
        (("one", 15, "C", "T"), "T1", "C is not what the reference has at one:16"),
        (("one", 15, "A", "<DEL>"), "T1", "alternate <DEL> is not a sequence"),
        (("one", 15, "A", "*"), "T1", "alternate * is not a sequence"),
        (("gone", 15, "A", "T"), "T1", "gone"),
        (("one", 15, "A", "T"), "T9", "no transcript T9 in the gene models"),
        (("two", 12, "C", "T"), "T1", "not named"),
        (("one", 2, "A", "T"), "T1", "c. not named"),
    ],
)
def test_names__refusal_gives_its_reason(namer: Namer, site: tuple[str, int, str, str], transcript: str, reason: str) -> None:
    names = namer.names(*site, transcript)
    assert names.coding is None
    assert names.protein is None
    assert any(reason in line for line in names.not_named), names


def test_names__stop_inside_the_coding_sequence_names_no_protein(
    files: tuple[Path, Path], build: Build, tmp_path: Path
) -> None:
    lines = [line for line in files[1].read_text().splitlines() if "T1" in line or "G1;" in line]
    text = "\n".join(lines).replace("CDS\t13\t", "CDS\t15\t")  # two bases on, GAA AGG CTG CTG GTA A: not of three
    (tmp_path / "g.gff3").write_text(text + "\n")
    names = Namer(read_gene_models(tmp_path / "g.gff3"), files[0], build).names("one", 16, "A", "G", "T1")
    assert names.coding is not None
    assert names.protein is None
    assert "p. not named: " in names.not_named[0]


def test_site__is_what_was_named(namer: Namer) -> None:
    for strand, transcript in (("+", "T1"), ("-", "T2")):
        for place in range(1, len(PLUS) - 2):  # at the very end a change may slide out of the transcript
            for ref, alt in ((PLUS[place], "A" if PLUS[place] != "A" else "C"), (PLUS[place], PLUS[place] + "CA")):
                site = _on(strand, place, ref, alt)
                names = namer.names(*site, transcript)
                assert names.coding is not None
                assert namer.site(names.coding) == namer.site(names.genomic or "")
                _, start, found_ref, found_alt = namer.site(names.coding)
                assert _changed(namer, site) == _changed(namer, (site[0], start, found_ref, found_alt))


def _changed(namer: Namer, site: tuple[str, int, str, str]) -> str:
    """The contig with the change made."""
    chrom, start, ref, alt = site
    bases = FLANK + (PLUS if chrom == "one" else _reverse(PLUS)) + FLANK
    assert bases[start : start + len(ref)] == ref
    return bases[:start] + alt + bases[start + len(ref) :]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("NM_000001.1:c.4A>G", "they have NM_000001.2"),
        ("NM_9.1:c.4A>G", "no transcript NM_9.1"),
        ("NM_000001.2:c.4C>G", "the reference has . where the name has C"),
        ("NC_000009.1:g.4C>G", "no contig NC_000009.1"),
        ("NM_000001.2:c.4A>", "leads to no site"),
        ("NM_000001.2:c.400A>G", "leads to no site"),
    ],
)
def test_site__refusal_names_the_reason(namer: Namer, name: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        namer.site(name)


def test_namer__no_fasta_is_an_error(models: GeneModels, build: Build, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="indexed FASTA"):
        Namer(models, tmp_path / "none.fa", build)


def _document_names(namer: Namer | None, **changes: str) -> dict:
    consequence = {"transcript": "T1.5", "joined_with": "", **changes}
    site = {"chrom": "one", "position": 16, "ref": "A", "alt": "G", "structural": None}
    return _names({**site, "consequence": consequence}, namer, None)


def test_document__names_on_the_shown_transcript(namer: Namer) -> None:
    named = _document_names(namer)
    assert (named["hgvs_c"], named["hgvs_p"], named["hgvs_not_named"]) == ("NM_000001.2:c.4A>G", "ENSP1.1:p.(Lys2Glu)", [])


def test_document__change_read_with_its_neighbour_has_no_protein_name_of_its_own(namer: Namer) -> None:
    named = _document_names(namer, joined_with="one:17 A>T")
    assert (named["hgvs_c"], named["hgvs_p"]) == ("NM_000001.2:c.4A>G", None)
    assert named["hgvs_not_named"] == ["p. not named: read together with its neighbour at one:17 A>T"]


def test_document__without_reference_says_why_there_is_no_name() -> None:
    named = _document_names(None)
    assert (named["hgvs_g"], named["hgvs_c"], named["hgvs_p"]) == (None, None, None)
    assert named["hgvs_not_named"] == ["not named: no reference FASTA was given"]


@pytest.mark.parametrize(("name", "assembly"), [("GRCh38", "GRCh38.p14"), ("GRCh37", "GRCh37.p13")])
def test_build__accessions_are_those_of_the_assembly_report(name: str, assembly: str) -> None:
    known = make_name_ac_map(assembly)
    for contig in read_build(name).primary:
        bare = contig.name.removeprefix("chr").replace("M", "MT").replace("MTT", "MT")
        assert contig.accession == known[bare], contig


def test_naming__imports_nothing_that_asks_a_network() -> None:
    code = (
        "import sys, neotriage.naming; "
        "print([m for m in ('psycopg2', 'biocommons.seqrepo', 'IPython', 'hgvs.dataproviders.uta') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.fixture(scope="module")
def mane() -> Namer:
    build = read_build("GRCh38")
    return Namer(read_gene_models(SHARED / "genes" / "mane.grch38.gff3.gz", build), FASTA, build)


def _published() -> dict[tuple[int, str, str], dict[str, str]]:
    """Site -> names (c, g, p) of every published variant of the solved cases that lies on the reference at hand."""
    found: dict[tuple[int, str, str], dict[str, str]] = {}
    with gzip.open(SHARED / "cases" / "phenopackets_dev.jsonl.gz", "rt") as lines:
        for line in lines:
            for place in _descriptors(json.loads(line)):
                record = place.get("vcfRecord", {})
                if record.get("chrom") == "chr20" and int(record["pos"]) <= 11_114_352:
                    names = {e["syntax"]: e["value"] for e in place["expressions"]}
                    found[int(record["pos"]), record["ref"], record["alt"]] = names
    return found


def _descriptors(packet: dict) -> Iterator[dict]:
    for interpretation in packet.get("interpretations", []):
        for genomic in interpretation["diagnosis"]["genomicInterpretations"]:
            yield genomic.get("variantInterpretation", {}).get("variationDescriptor", {})


@needs_shared
def test_names__published_variants_of_solved_cases_have_their_published_names(mane: Namer) -> None:
    published = _published()
    assert len(published) == 14
    by_refseq = {t.refseq: t.id for t in mane._models.transcripts}
    for (position, ref, alt), names in published.items():
        given = mane.names("chr20", position - 1, ref, alt, by_refseq[names["hgvs.c"].partition(":")[0]])
        assert (given.genomic, given.coding) == (names["hgvs.g"], names["hgvs.c"])
        assert (given.protein or "").partition(":")[2] == names["hgvs.p"].partition(":")[2]
        assert mane.site(names["hgvs.c"]) == mane.site(names["hgvs.g"]) == ("chr20", position - 1, ref, alt)


@needs_shared
def test_site__clinvar_records_come_back_from_their_names(mane: Namer) -> None:
    starts = {
        t.id: mane._models.genes[t.gene] for t in mane._models.transcripts if mane._models.genes[t.gene].contig == "chr20"
    }
    asked = 0
    with pysam.VariantFile(str(SHARED / "clinvar" / "clinvar_2016-11.GRCh38.chr20_1-11114352.vcf.gz")) as records:
        for record in records:
            site = ("chr20", record.start, record.ref, record.alts[0])
            for transcript in [name for name, gene in starts.items() if gene.start <= record.start < gene.end]:
                names = mane.names(*site, transcript)
                assert names.not_named == ()
                assert mane.site(names.coding or "") == mane.site(names.genomic or "") == site
                asked += 1
    assert asked >= 400


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("NM_000001.2:c.4A>G", True),
        ("NC_000020.11:g.5del", True),
        ("JAG1", False),
        ("chr20-5-A-G", False),
        ("NP_1.1:p.?", False),
    ],
)
def test_is_hgvs__tells_names_from_genes_and_sites(question: str, answer: bool) -> None:
    assert is_hgvs(question) is answer


def test_whynot__hgvs_name_is_led_to_its_site(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report").mkdir()
    row = {"chrom": "one", "position": 15, "ref": "A", "alt": "G", "gene": "GENE1", "gene_id": "G1", "outcome": "dropped"}
    row |= {"rule": "frequency", "value": 0.05, "threshold": 0.01, "margin": 0.04, "clinvar_significance": ""}
    build_index({"table": [row]}, [], tmp_path / "report" / "whynot.sqlite")
    tiny = tmp_path / "tiny.yaml"
    tiny.write_text(
        "name: tiny\ncontigs:\n  - {name: one, length: 64, kind: autosome}\n  - {name: two, length: 64, kind: autosome}\n"
    )
    options = ["--gene-models", str(files[1]), "--reference", str(files[0]), "--build", str(tiny)]
    with pytest.raises(SystemExit) as stopped:
        main(["whynot", str(tmp_path), "NM_000001.2:c.4A>G", *options])
    assert stopped.value.code == 0
    assert "NM_000001.2:c.4A>G is one-16-A-G" in (told := capsys.readouterr().out)
    assert "by frequency" in told


def test_whynot__hgvs_name_without_the_files_says_what_to_add(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report").mkdir()
    build_index({}, [], tmp_path / "report" / "whynot.sqlite")
    with pytest.raises(SystemExit) as stopped:
        main(["whynot", str(tmp_path), "NM_000001.2:c.4A>G"])
    assert stopped.value.code == 2
    assert "add --gene-models and --reference" in capsys.readouterr().err
