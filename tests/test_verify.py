"""The verify stage: origin and phase, each rule by a pair that differs in one thing; a simulated trio end to end."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

os.environ.setdefault("NUMBA_CACHE_DIR", tempfile.mkdtemp(prefix="numba-"))
os.environ.setdefault("NUMBA_BOUNDSCHECK", "1")

import numpy as np
import polars as pl
import pysam
import pytest

from neotriage import columns
from neotriage.case import Case, write_case
from neotriage.errors import FormatError
from neotriage.genome import Build, Contig, ContigKind, ParRegion
from neotriage.pedigree import Family, Member, Sex
from neotriage.schema import Origin
from neotriage.simulate.alignments import simulate_alignment, write_reference
from neotriage.simulate.haplotypes import Allele, apply_alleles
from neotriage.simulate.reads import Molecule
from neotriage.verify import reread
from neotriage.verify.fragments import ALT, OTHER, REF, Fragment, Site, allele_of
from neotriage.verify.origin import judge_origin
from neotriage.verify.phase import FATHER, MOTHER, parent_of

SAMPLES = ("kid", "dad", "mum")
LENGTH = 6000
BUILD = Build(
    "small",
    (
        Contig("chr1", LENGTH, ContigKind.AUTOSOME),
        Contig("chrX", LENGTH, ContigKind.X),
        Contig("chrY", LENGTH, ContigKind.Y),
        Contig("chrM", LENGTH, ContigKind.MITOCHONDRION),
    ),
    (ParRegion("chrX", 0, 500), ParRegion("chrY", 0, 500)),
)


def case(sex: Sex = Sex.MALE) -> Case:
    members = (
        Member("kid", sex, True, "dad", "mum"),
        Member("dad", Sex.MALE, False),
        Member("mum", Sex.FEMALE, False),
    )
    return Case("case", Family("F", members))


def seen(ref: int, alt: int, *, error: float = 1e-3, reverse: int | None = None, near: int = 0) -> list[Fragment]:
    """Fragments of which `alt` have the allele, `reverse` of these on the reverse strand (half if not said)."""
    turned = alt // 2 if reverse is None else reverse
    return [Fragment(REF, error, bool(i % 2), False) for i in range(ref)] + [
        Fragment(ALT, error, i < turned, i < near) for i in range(alt)
    ]


CLEAN = {"father": seen(30, 0), "mother": seen(30, 0)}


def test_origin__clean_trio_is_de_novo() -> None:
    verdict = judge_origin(seen(15, 15), CLEAN)
    assert verdict.origin is Origin.DE_NOVO
    assert verdict.posterior[Origin.DE_NOVO] > 0.97
    assert sum(verdict.posterior.values()) == pytest.approx(1)


def test_origin__a_parents_reads_decide() -> None:
    half = judge_origin(seen(15, 15), CLEAN | {"mother": seen(16, 14)})
    some = judge_origin(seen(15, 15), CLEAN | {"father": seen(58, 3)})
    assert (half.origin, half.parent) == (Origin.INHERITED, "mother")
    assert (some.origin, some.parent) == (Origin.MOSAIC_PARENT, "father")


@pytest.mark.parametrize(("depth", "origin"), [(25, Origin.DE_NOVO), (8, Origin.UNCLEAR), (0, Origin.UNCLEAR)])
def test_origin__shallow_parent_is_never_taken_to_lack_it(depth: int, origin: Origin) -> None:
    """At 8 reads a heterozygote is missed 1 in 256 times, and rare inherited alleles are 500 times as many as new ones."""
    assert judge_origin(seen(15, 15), CLEAN | {"mother": seen(depth, 0)}).origin is origin


def test_origin__an_allele_that_large_sources_lack_needs_less_depth() -> None:
    shallow = CLEAN | {"mother": seen(10, 0)}
    assert judge_origin(seen(15, 15), shallow).origin is Origin.UNCLEAR
    assert judge_origin(seen(15, 15), shallow, is_unseen=True).origin is Origin.DE_NOVO
    assert judge_origin(seen(15, 15), CLEAN | {"mother": seen(5, 0)}, is_unseen=True).origin is Origin.UNCLEAR


def test_origin__one_poor_read_of_a_parent_is_an_error_three_good_ones_are_not() -> None:
    poor = [Fragment(ALT, 0.1, False, False)]
    assert judge_origin(seen(15, 15), CLEAN | {"father": seen(29, 0) + poor}).origin is Origin.DE_NOVO
    assert judge_origin(seen(15, 15), CLEAN | {"father": seen(29, 3)}).origin is not Origin.DE_NOVO


@pytest.mark.parametrize("lopsided", [{"reverse": 12}, {"near": 12, "reverse": 12}])
def test_origin__lopsided_alternate_reads_lower_it(lopsided: dict[str, int]) -> None:
    assert judge_origin(seen(18, 12), CLEAN).posterior[Origin.ARTEFACT] < 0.05
    assert judge_origin(seen(18, 12, **lopsided), CLEAN).posterior[Origin.ARTEFACT] > 0.8


def test_origin__few_reads_on_one_strand_are_an_artefact() -> None:
    assert judge_origin(seen(26, 4, reverse=4, near=4), CLEAN).origin is Origin.ARTEFACT


def test_origin__all_persons_alike_is_an_artefact() -> None:
    alike = {"father": seen(25, 5, reverse=0), "mother": seen(25, 5, reverse=0)}
    assert judge_origin(seen(24, 6, reverse=0), alike).origin is Origin.ARTEFACT


def test_origin__boy_on_x() -> None:
    assert judge_origin(seen(0, 15), {"mother": seen(30, 0)}, is_hemizygous=True).origin is Origin.DE_NOVO
    assert judge_origin(seen(0, 15), {"mother": seen(14, 16)}, is_hemizygous=True).origin is Origin.INHERITED


def oracle(child: tuple[int, ...], father: tuple[int, ...], mother: tuple[int, ...]) -> set[int]:
    """Parents who can have given allele 1, by writing down every transmission."""
    found = set()
    for a, b in product(set(father), set(mother)):
        if sorted((a, b)) == sorted(child):
            found.add(FATHER if a == 1 else MOTHER)
    return found


def test_parent_of__every_genotype() -> None:
    for father, mother in product([(0, 0), (0, 1), (1, 1), (1,), (0,), (0, 2)], [(0, 0), (0, 1), (1, 1)]):
        possible = oracle((0, 1), father, mother)
        expected = possible.pop() if len(possible) == 1 else None
        if 2 not in father:
            assert parent_of(father, mother) == expected, (father, mother)
    assert parent_of((-1, -1), (0, 1)) is None
    assert parent_of((-1,), (0, 0)) is None


BASES = "".join(random.Random(3).choices("ACGT", k=LENGTH))


def read_of(bases: str, start: int, cigar: str) -> pysam.AlignedSegment:
    read = pysam.AlignedSegment()
    read.query_sequence, read.reference_start, read.cigarstring = bases, start, cigar
    return read


def other(base: str) -> str:
    return "ACGT"["ACGT".index(base) - 1]


def test_allele__substitution() -> None:
    site = Site("chr1", 1050, BASES[1050], other(BASES[1050]), BASES[1051:1111])
    piece = BASES[1000:1100]
    assert allele_of(read_of(piece, 1000, "100M"), site) == REF
    assert allele_of(read_of(piece[:50] + site.alt + piece[51:], 1000, "100M"), site) == ALT
    third = next(base for base in "ACGT" if base not in {site.ref, site.alt})
    assert allele_of(read_of(piece[:50] + third + piece[51:], 1000, "100M"), site) == OTHER
    assert allele_of(read_of(piece[:50], 1000, "50M"), site) is None
    assert allele_of(read_of(piece[:45] + piece[55:], 1000, "45M10D45M"), site) is None


def test_allele__deletion_aligned_or_clipped_and_read_that_ends_too_soon() -> None:
    site = Site("chr1", 1049, BASES[1049:1054], BASES[1049], BASES[1054:1114])
    lacking = BASES[1000:1050] + BASES[1054:1104]
    assert allele_of(read_of(lacking, 1000, "50M4D50M"), site) == ALT
    assert allele_of(read_of(lacking, 1000, "50M50S"), site) == ALT
    assert allele_of(read_of(BASES[1000:1100], 1000, "100M"), site) == REF
    assert allele_of(read_of(BASES[1000:1050], 1000, "50M"), site) is None


def test_allele__insertion_in_a_repeat_needs_its_end() -> None:
    repeat = BASES[:1000] + "CACACACACACACACACACAG" + BASES[1000:2000]
    site = Site("chr1", 999, repeat[999], repeat[999] + "CA", repeat[1000:1060])
    assert allele_of(read_of(repeat[950:1010], 950, "60M"), site) is None
    assert allele_of(read_of(repeat[950:1050], 950, "100M"), site) == REF
    assert allele_of(read_of(repeat[950:1000] + "CA" + repeat[1000:1048], 950, "50M2I48M"), site) == ALT


# ---- a trio's reads, made by art_illumina and aligned by bwa


PLANTED = {
    "snp": Allele("chr1", 1000, BASES[1000], other(BASES[1000])),  # from the father; 150 bp before the de novo
    "new": Allele("chr1", 1150, BASES[1150], other(BASES[1150])),
    "mosaic": Allele("chr1", 2500, BASES[2500], other(BASES[2500])),  # in 10 % of the mother
    "new_indel": Allele("chr1", 3600, BASES[3600:3604], BASES[3600]),
    "pair_a": Allele("chr1", 4800, BASES[4800], other(BASES[4800])),  # both parents have it
    "pair_b": Allele("chr1", 4920, BASES[4920], other(BASES[4920])),  # both parents have it; in trans in the child
}


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reference, three BAMs at 40x, and calls.vcf.gz of the planted alleles."""
    folder = tmp_path_factory.mktemp("trio")
    reference = write_reference({"chr1": BASES}, folder / "ref.fa")
    copies: dict[str, list[tuple[list[str], float]]] = {
        "kid": [(["snp", "new", "pair_a", "mosaic"], 20), (["new_indel", "pair_b"], 20)],
        "dad": [(["snp", "pair_a"], 20), (["pair_b"], 20)],
        "mum": [(["pair_a"], 20), (["pair_b"], 16), (["pair_b", "mosaic"], 4)],
    }
    for number, (sample, haplotypes) in enumerate(copies.items()):
        molecules = [
            Molecule(f"{sample}{i}", apply_alleles(BASES, [PLANTED[name] for name in names]), depth)
            for i, (names, depth) in enumerate(haplotypes)
        ]
        simulate_alignment(molecules, reference, folder / f"{sample}.bam", seed=11 + number, sample=sample)
    calls = {"snp": "0/1 0/1 0/0", "new": "0/1 0/0 0/0", "mosaic": "0/1 0/0 0/0", "new_indel": "0/1 0/0 0/0"}
    calls |= {"pair_a": "0/1 0/1 0/1", "pair_b": "0/1 0/1 0/1"}
    lines = ["##fileformat=VCFv4.2", f"##contig=<ID=chr1,length={LENGTH}>"]
    lines += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']
    lines += ["\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *SAMPLES])]
    for name, genotypes in calls.items():
        a = PLANTED[name]
        cells = ["chr1", str(a.position + 1), ".", a.ref, a.alt, "99", "PASS", ".", "GT", *genotypes.split()]
        lines.append("\t".join(cells))
    (folder / "calls.vcf").write_text("\n".join(lines) + "\n")
    pysam.tabix_compress(str(folder / "calls.vcf"), str(folder / "calls.vcf.gz"))
    pysam.tabix_index(str(folder / "calls.vcf.gz"), preset="vcf")
    return folder


def variants(rows: Sequence[tuple[Allele, str]]) -> pl.DataFrame:
    """A `variants` table of alleles with their calls; what the stage does not read is missing."""
    codes = [[[-1 if c == "." else int(c) for c in call.split("/")] for call in calls.split()] for _, calls in rows]
    n = len(rows)
    none = np.full((n, 3), -1)
    return columns.frame(
        "variants",
        {
            "variant": np.arange(n),
            **columns.small_variants(n, 3),
            "chrom": [a.contig for a, _ in rows],
            "position": [a.position for a, _ in rows],
            "ref": [a.ref for a, _ in rows],
            "alt": [a.alt for a, _ in rows],
            "qual": np.full(n, 99.0),
            "filters": ["PASS"] * n,
            "allele_frequency": np.full(n, np.nan),
            "frequency_source": [""] * n,
            "homozygotes": [-1] * n,
            "hemizygotes": [-1] * n,
            "clinvar_significance": [""] * n,
            "kept_by": [1] * n,
            "quality_rule": [""] * n,
            "genotype": [[[*call, -2][:2] for call in row] for row in codes],
            "is_phased": none > 0,
            **dict.fromkeys(("phase_set", "depth", "ref_depth", "alt_depth", "genotype_quality"), none),
        },
        SAMPLES,
    )


def consequences(genes: Sequence[str]) -> pl.DataFrame:
    """A `consequences` table with one gene a variant."""
    n = len(genes)
    text = {name: [""] * n for name in ("transcript", "refseq", "terms", "amino_acids", "joined_with")}
    return columns.frame(
        "consequences",
        {"variant": np.arange(n), "gene_id": genes, "gene": genes, "is_mane_select": [True] * n, "strand": ["+"] * n}
        | text
        | {"impact": ["HIGH"] * n, "exon": [1] * n, "exon_last": [1] * n, "exons": [1] * n},
    )


GIVEN = [
    (PLANTED["new"], "0/1 0/0 0/0"),
    (PLANTED["mosaic"], "0/1 0/0 0/0"),
    (PLANTED["new_indel"], "0/1 0/0 0/0"),
    (PLANTED["pair_a"], "0/1 0/1 0/1"),
    (PLANTED["pair_b"], "0/1 0/1 0/1"),
]


@pytest.fixture
def run(trio: Path) -> Callable[..., pl.DataFrame]:
    def run(samples: Sequence[str] = SAMPLES, rows: Sequence[tuple[Allele, str]] = GIVEN) -> pl.DataFrame:
        genes = [f"G{a.position // 1000}" for a, _ in rows]
        paths = {sample: trio / f"{sample}.bam" for sample in samples}
        return reread(case(), BUILD, variants(rows), consequences(genes), trio / "calls.vcf.gz", paths, trio / "ref.fa")

    return run


def test_reread__planted_trio(run: Callable[..., pl.DataFrame]) -> None:
    found = run()
    assert found["origin"].to_list() == ["de_novo", "mosaic_parent", "de_novo", "", ""]
    assert (found["p_de_novo"].to_numpy()[[0, 2]] > 0.95).all()
    alt = columns.array(found, "alt_fragments")
    assert (alt[[0, 2], 1:] == 0).all()
    assert 1 <= alt[1, 2] <= 8
    assert alt[3].tolist() == [-1, -1, -1]


def test_reread__parent_of_origin_from_a_place_within_reach(run: Callable[..., pl.DataFrame]) -> None:
    found = run()
    assert found["parent_of_origin"].to_list() == ["father", "", "", "", ""]
    assert "on the father's copy" in found["words"][0]


def test_reread__pair_in_trans_where_both_parents_have_both(run: Callable[..., pl.DataFrame]) -> None:
    pair = run()[3:5]
    assert pair["phase_set"][0] == pair["phase_set"][1] >= 0
    assert sorted(pair["haplotype"].to_list()) == [0, 1]
    assert (pair["phase_fragments"].to_numpy() >= 2).all()


def test_reread__without_an_alignment_nothing_is_said(run: Callable[..., pl.DataFrame]) -> None:
    found = run(["kid", "dad"])
    assert found["origin"].to_list() == ["not_looked_at"] * 3 + ["", ""]
    assert found["words"][0] == "reads not looked at again: no alignment of the mother"
    assert np.isnan(found["p_de_novo"].to_numpy()).all()
    assert run([])["phase_set"].to_list() == [-1] * 5


@pytest.mark.parametrize("calls", ["0/1 0/1 0/0", "0/1 ./. 0/0", "0/0 0/0 0/0", "./. 0/0 0/0"])
def test_reread__only_where_the_parents_are_called_without_it(run: Callable[..., pl.DataFrame], calls: str) -> None:
    assert run(rows=[(PLANTED["new"], calls)])["origin"].to_list() == [""]


def test_reread__broken_alignment_is_one_line(trio: Path, tmp_path: Path) -> None:
    (tmp_path / "kid.bam").write_bytes((trio / "kid.bam").read_bytes()[:1000])
    rows = GIVEN[:1]
    with pytest.raises(FormatError, match="the reads cannot be read again"):
        reread(
            case(),
            BUILD,
            variants(rows),
            consequences(["G"]),
            trio / "calls.vcf.gz",
            dict.fromkeys(SAMPLES, tmp_path / "kid.bam"),
            trio / "ref.fa",
        )


def test_command__writes_the_table(trio: Path, tmp_path: Path) -> None:
    build = {"name": "small", "contigs": [{"name": "chr1", "length": LENGTH, "kind": "autosome"}]}
    (tmp_path / "build.yaml").write_text(json.dumps(build))
    the_case = Case("case", case().family, build=str(tmp_path / "build.yaml"))
    write_case(the_case, tmp_path / "case.json")
    columns.write_table(variants(GIVEN), "variants", tmp_path / "variants.parquet", SAMPLES)
    columns.write_table(consequences(["G"] * 5), "consequences", tmp_path / "consequences.parquet")
    command = [sys.executable, "-m", "neotriage", "verify", "--case", str(tmp_path / "case.json")]
    command += ["--variants", str(tmp_path / "variants.parquet"), "--consequences", str(tmp_path / "consequences.parquet")]
    command += ["--calls", str(trio / "calls.vcf.gz"), "--reference", str(trio / "ref.fa")]
    for sample in SAMPLES:
        command += ["--alignment", f"{sample}={trio / sample}.bam"]
    done = subprocess.run([*command, "--output", str(tmp_path / "out.parquet")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert columns.read_table(tmp_path / "out.parquet", "reread")["origin"][0] == "de_novo"
    assert columns.table_samples(tmp_path / "out.parquet") == SAMPLES
