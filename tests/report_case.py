"""A small finished case as the report stage finds it: one de novo candidate, one lone hit, every table on disk."""

import json
import random
from pathlib import Path
from typing import Any

import pysam

from neotriage.case import Case, write_case
from neotriage.columns import frame, small_variants, write_table
from neotriage.pedigree import Member, Sex, check_family
from neotriage.report import Sources

SAMPLES = ("baby", "dad", "mum")
NAN = float("nan")


def make_case(**changes: object) -> Case:
    members = (
        Member("baby", Sex.MALE, True, "dad", "mum"),
        Member("dad", Sex.MALE, False),
        Member("mum", Sex.FEMALE, False),
    )
    base: dict[str, object] = {"name": "FAM", "family": check_family("FAM", members), "hpo_present": ("HP:0001250",)}
    return Case(**{**base, **changes})  # type: ignore[arg-type]


GFF = """##gff-version 3
chr20\t.\tgene\t51\t250\t.\t-\t.\tID=gene:ENSG1;Name=JAG1;description=jagged [Source:HGNC Symbol%3BAcc:HGNC:6188]
chr20\t.\tmRNA\t51\t250\t.\t-\t.\tID=transcript:ENST1;Parent=gene:ENSG1;version=1;tag=MANE_Select;refseq=NM_1.1
chr20\t.\texon\t51\t150\t.\t-\t.\tParent=transcript:ENST1
chr20\t.\texon\t171\t250\t.\t-\t.\tParent=transcript:ENST1
chr20\t.\tCDS\t61\t150\t.\t-\t.\tParent=transcript:ENST1
chr20\t.\tgene\t281\t400\t.\t+\t.\tID=gene:ENSG2;Name=SECRET1;description=secret [Source:HGNC Symbol%3BAcc:HGNC:99999]
chr20\t.\tmRNA\t281\t400\t.\t+\t.\tID=transcript:ENST2;Parent=gene:ENSG2;version=1;refseq=NM_2.1
chr20\t.\texon\t281\t400\t.\t+\t.\tParent=transcript:ENST2
chr20\t.\tCDS\t281\t400\t.\t+\t.\tParent=transcript:ENST2
chr20\t.\tgene\t501\t600\t.\t+\t.\tID=gene:ENSG3;Name=BRCA1;description=x [Source:HGNC Symbol%3BAcc:HGNC:1100]
chr20\t.\tmRNA\t501\t600\t.\t+\t.\tID=transcript:ENST3;Parent=gene:ENSG3;version=1;refseq=NM_3.1
chr20\t.\texon\t501\t600\t.\t+\t.\tParent=transcript:ENST3
"""


def coverage(short: int = 26) -> dict[str, Any]:
    """qc/coverage.json of the case: JAG1 with an exon short in the baby, SECRET1 whole there and short in the mother."""

    def exon(baby: int, mum: int) -> dict[str, object]:
        below = {"15": [baby, 0, mum], "20": [baby, 3, mum]}
        place = {"exon": 2, "chrom": "chr20", "start": 51, "end": 150, "bases": 100}
        return {**place, "is_coding": True, "bases_below": below}

    def gene(symbol: str, gene_id: str, exons: list[dict[str, object]]) -> dict[str, object]:
        counts = {"exons": 2, "coding_exons": 1, "one_copy": [False] * 3, "exons_short": exons}
        return {"gene": symbol, "gene_id": gene_id, "panels": {"ab": symbol}, "transcript": "T.1", **counts}

    genes = [gene("JAG1", "ENSG1", [exon(short, 0)]), gene("SECRET1", "ENSG2", [exon(0, 40)])]
    return {"limits": [15, 20], "samples": list(SAMPLES), "genes": genes}


def write_reads(folder: Path) -> dict[str, Path]:
    """Reference of 1000 bases, gene models, called variants with consequences, and an alignment of each person."""
    stream = random.Random(4)
    bases = list("".join(stream.choice("ACGT") for _ in range(1000)))
    bases[99], bases[299], bases[549] = "A", "C", "G"
    files = {name: folder / name for name in ("ref.fa", "genes.gff3", "called.vcf.gz")}
    files["ref.fa"].write_text(f">chr20\n{''.join(bases)}\n")
    pysam.faidx(str(files["ref.fa"]))
    files["genes.gff3"].write_text(GFF)
    rows = [(100, "A", "T", "JAG1", "ENST1"), (300, "C", "G", "SECRET1", "ENST2"), (550, "G", "A", "BRCA1", "ENST3")]
    (folder / "called.vcf").write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=chr20,length=1000>\n"
        '##INFO=<ID=BCSQ,Number=.,Type=String,Description="c">\n##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tbaby\n"
        + "".join(f"chr20\t{p}\t.\t{r}\t{a}\t50\tPASS\tBCSQ=missense|{g}|{t}|x\tGT\t0/1\n" for p, r, a, g, t in rows)
    )
    pysam.tabix_compress(str(folder / "called.vcf"), str(files["called.vcf.gz"]), force=True)
    header = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chr20", "LN": 1000}]})
    for sample in SAMPLES:
        files[sample] = folder / f"{sample}.bam"
        with pysam.AlignmentFile(str(files[sample]), "wb", header=header) as sink:
            for start in range(0, 900, 10):
                read = pysam.AlignedSegment(header)
                read.query_name, read.reference_id, read.reference_start = f"{sample}{start}", 0, start
                read.query_sequence, read.cigarstring, read.mapping_quality = "".join(bases[start : start + 100]), "100M", 60
                read.query_qualities = pysam.qualitystring_to_array("I" * 100)
                sink.write(read)
        pysam.index(str(files[sample]))
    return files


def write_tables(folder: Path, case: Case) -> Sources:
    write_case(case, folder / "case.json")
    tables = {
        "variants": {
            "variant": [0, 1],
            **small_variants(2, 3),
            "chrom": ["chr20", "chr20"],
            "position": [99, 299],
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
            "exon_last": [2, -1],
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
        "classes": {"hit": [0, 1], "variant": [0, 1], "points": [10, 6], "acmg_class": ["P", "LP"]},
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
        "chrom": ["chr20"] * 3,
        "position": [5, 299, 549],
        "ref": ["A", "C", "G"],
        "alt": ["G", "G", "A"],
        "gene_id": ["ENSG1", "ENSG2", "ENSG3"],
        "gene": ["JAG1", "SECRET1", "BRCA1"],
        "outcome": ["dropped", "kept", "no_call"],
        "rule": ["frequency", "", "no_record"],
        "value": [0.2, NAN, NAN],
        "threshold": [0.01, NAN, NAN],
        "margin": [0.19, NAN, NAN],
        "clinvar_significance": ["", "", "pathogenic"],
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
    moves = {"rank": [1, 1], "change": ["without a sign", "in a parent"], "total_db": [46.8, -9.0], "new_rank": [1, 2]}
    write_table(frame("moves", moves), "moves", folder / "moves.parquet")
    (folder / "coverage.json").write_text(json.dumps(coverage()))
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
        coverage=folder / "coverage.json",
        moves=folder / "moves.parquet",
    )
