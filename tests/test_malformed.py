"""Three hundred broken inputs: each is one line that names the file (and the line), exit code 2; same meaning, same result.

The breakages (tests/malformed.py) are taken in turn, each time with another seed, so that the same 300 are tried each time.
"""

import gzip
import itertools
import json
import os
import random
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import malformed
import pysam
import pytest
import yaml
from malformed import ANY, PACKED, Breakage, Kind, cell, dump_json, fewer_cells, more_cells, on_line, replaced

from neotriage import cli

INPUTS = 300
LONGEST_S = 60

# --- the run that is broken: a copy of the demo's inputs, with an alignment, calls and a BED


def bgzip(text: bytes) -> bytes:
    path = Path(os.environ["PYTEST_SCRATCH"]) / "packed.gz"
    with pysam.BGZFile(str(path), "wb") as file:
        file.write(text)
    return path.read_bytes()


def packed_again(content: bytes) -> bytes:
    """The same text in other blocks."""
    text = gzip.decompress(content)
    return bgzip(text[:100])[:-28] + bgzip(text[100:])


pack = partial(gzip.compress, mtime=0)


def dump_yaml(value: object) -> bytes:
    return yaml.safe_dump(value).encode()


CALLS = [
    "##fileformat=VCFv4.2",
    *(f"##contig=<ID={name},length={size}>" for name, size in (("chr1", 96000), ("chr2", 96000), ("chrX", 56000))),
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads of each allele">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Reads">',
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tDEMO-child",
    *(f"chr1\t{1000 * n + 100}\t.\tA\tC\t50\tPASS\t.\tGT:AD:DP\t0/1:10,12:22" for n in range(20)),
]


@pytest.fixture(scope="module")
def folder(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's inputs and a small file of each other kind."""
    place = tmp_path_factory.mktemp("malformed") / "run"
    shutil.copytree(demo, place, ignore=shutil.ignore_patterns("results", "reads"))
    (place / "reads").mkdir()
    rng = random.Random(1)
    for name in ("DEMO-child.L1", "DEMO-child.L2", "DEMO-father.L1", "DEMO-mother.L1"):
        for mate in (1, 2):
            records = [f"@r{n} {mate}:N:0:1\n{''.join(rng.choices('ACGT', k=100))}\n+\n{'I' * 100}\n" for n in range(60)]
            (place / "reads" / f"{name}_R{mate}.fastq.gz").write_bytes(pack("".join(records).encode()))
    lengths = {line.split("\t")[0]: int(line.split("\t")[1]) for line in (place / "genome.fa.fai").read_text().splitlines()}
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": name, "LN": size} for name, size in lengths.items()],
        "RG": [{"ID": "1", "SM": "DEMO-child"}],
    }
    with pysam.AlignmentFile(str(place / "child.bam"), "wb", header=header) as bam:
        for n in range(2000):
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.reference_id, read.reference_start = f"r{n}", 0, 20 * n
            read.query_sequence, read.cigarstring, read.mapping_quality = "".join(rng.choices("ACGT", k=100)), "100M", 60
            read.set_tag("RG", "1")
            bam.write(read)
    dictionary = "".join(f"@SQ\tSN:{name}\tLN:{size}\n" for name, size in lengths.items())
    (place / "genome.dict").write_text("@HD\tVN:1.6\n" + dictionary)
    (place / "calls.vcf").write_text("\n".join(CALLS) + "\n")
    os.environ["PYTEST_SCRATCH"] = str(place)
    (place / "calls.vcf.gz").write_bytes(bgzip((place / "calls.vcf").read_bytes()))
    (place / "target.bed").write_text("chr1\t100\t5000\nchr1\t9000\t20000\nchrX\t12000\t20000\n")
    (place / "packet.json").write_text(json.dumps(PACKET, indent=1))
    config = yaml.safe_load((place / "config.yaml").read_text())
    (place / "packet.yaml").write_text(yaml.safe_dump(config | {"cases": "packets"}))
    (place / "packets").mkdir()
    (place / "packets" / "DEMO.json").write_text(json.dumps(PACKET, indent=1))
    (place / "list.txt").write_text("KCNQ2\nGALT\nOTC\nSHOX\n")
    return place


PACKET = {
    "id": "packet",
    "subject": {"id": "DEMO-child", "sex": "MALE"},
    "phenotypicFeatures": [{"type": {"id": "HP:0001250", "label": "Seizure"}}, {"type": {"id": "HP:0001252", "label": "x"}}],
    "metaData": {
        "created": "2026-01-07T12:00:00Z",
        "createdBy": "unit",
        "phenopacketSchemaVersion": "2.0",
        "resources": [{"id": "hp", "name": "HPO", "version": "2025-01-16", "namespacePrefix": "HP"}],
    },
}

# --- how each kind is broken

LINES: dict[str, Breakage] = {
    "fewer_cells": on_line(fewer_cells),
    "not_utf8": on_line(malformed.not_utf8, names_row=False),
}
GENOMIC: dict[str, Breakage] = {
    "fewer_cells": on_line(fewer_cells, first=0),
    "blanks_for_tabs": on_line(malformed.blanks_for_tabs, first=0),
    "position_no_number": cell(1, b"ten", b"-5", b"1e6", b"", first=0),
    "only_header": lambda content, _: (
        b"\n".join(line for line in content.split(b"\n") if line.startswith(b"#")) + b"\n",
        None,
    ),
}


def lines_with(content: bytes, word: bytes, *, are: bool = True) -> bytes:
    """The lines that begin with a word, or those that do not."""
    return b"".join(line for line in content.splitlines(keepends=True) if line.startswith(word) is are)


def appended(*texts: bytes) -> Breakage:
    return lambda content, rng: (content + rng.choice(texts) + b"\n", None)


def other_strand(line: bytes, _: random.Random) -> bytes:
    return re.sub(rb"\t[-+]\t", b"\tx\t", line) if b"ID=gene" in line else line


def longer_contigs(text: bytes, _: random.Random) -> malformed.Broken:
    """In the header's text and in its binary part."""
    sizes = [(96000).to_bytes(4, "little"), (96001).to_bytes(4, "little")]
    return text.replace(b"LN:96000", b"LN:96001").replace(*sizes), None


FIELDS = malformed.document(yaml.safe_load, dump_yaml)
JSON_FIELDS = malformed.document(json.loads, dump_json)
YAML_TEXT: dict[str, Breakage] = {
    "not_utf8": on_line(malformed.not_utf8, names_row=False),
    "tab_indented": on_line(lambda line, _: b"\t" + line),
    "unclosed": on_line(lambda line, _: line.replace(b": ", b": [", 1), names_row=False),
    "key_twice": lambda content, _: (
        content + next(n for n in content.split(b"\n") if b":" in n and n[:1].islower()) + b"\n",
        None,
    ),
    "aliases": malformed.bomb,
    "deep": malformed.deep,
    "two_documents": lambda content, _: (content + b"---\n" + content, None),
    "object": lambda content, _: (content + b"more: !!python/object/apply:os.system ['true']\n", None),
}
JSON_TEXT: dict[str, Breakage] = {
    "cut": lambda content, rng: (content[: rng.randrange(1, len(content) - 3)], None),
    "deep": malformed.deep,
    "surrogate": replaced(b'"DEMO-child', b'"\\ud800', names_row=False),
    "nul": replaced(b'"DEMO-child', b'"DEMO-child\\u0000', names_row=False),
}
FORGED = ("../../etc/passwd", "a b", "$(id)", "a;b", "'a'", "-x", "a|b", "a\\b", "a\u2028b")

KINDS = (
    Kind(
        "sheet",
        "samples.tsv",
        ("inputs", "--config", "config.yaml", "--case", "DEMO", "--output", "out.json"),
        "out.json",
        {
            **ANY,
            "fewer_cells": on_line(fewer_cells),
            "more_cells": on_line(more_cells),
            "blanks_for_tabs": on_line(malformed.blanks_for_tabs),
            "not_utf8": on_line(malformed.not_utf8, names_row=False),
            "nul": on_line(malformed.nul, names_row=False),
            "sex": cell(4, b"boy", b"3", b"m", b"xy", b"male female"),
            "affected": cell(5, b"maybe", b"3", b"affected"),
            "family_name": cell(0, *(name.encode() for name in FORGED), b"", b"resources"),
            "sample_name": cell(1, *(name.encode() for name in FORGED), b""),
            "file_absent": cell(7, b"reads/none.fastq.gz", b"/dev/null", b"reads"),
            "file_kind": cell(7, b"genome.fa", b"child.bam"),
            "mate_absent": cell(8, b"", b"0"),
            "file_forged": cell(8, b"reads/$(id).fastq.gz", b"reads/`id`.fastq.gz", b"reads/a;b.fastq.gz"),
            "column_unknown": malformed.header_cell(6, b"lane"),
            "column_twice": malformed.header_cell(6, b"sample"),
            "column_lacking": malformed.header_cell(4, b"read_group"),
            "no_header": malformed.no_header,
            "only_header": malformed.only_header,
        },
        {
            "windows": lambda content: content.replace(b"\n", b"\r\n"),
            "byte_order_mark": lambda content: b"\xef\xbb\xbf" + content,
            "blank_lines": lambda content: content + b"\n\t\t\n\n",
        },
    ),
    Kind(
        "pedigree",
        "samples.tsv",
        ("inputs", "--config", "config.yaml", "--case", "DEMO", "--output", "out.json"),
        "out.json",
        {
            "father_is_mother": replaced(b"DEMO-father\tDEMO-mother", b"DEMO-mother\tDEMO-father", names_row=False),
            "own_father": replaced(b"DEMO-father\tDEMO-mother", b"DEMO-child\tDEMO-mother", names_row=False),
            "father_twice": replaced(b"DEMO-father\tDEMO-mother", b"DEMO-father\tDEMO-father", names_row=False),
            "rows_disagree": replaced(b"male\tyes\tL2", b"female\tyes\tL2", b"male\tno\tL2"),
            "parents_disagree": replaced(b"DEMO-mother\tmale\tyes\tL2", b"0\tmale\tyes\tL2"),
            "descends_from_itself": replaced(b"DEMO-father\t0\t0", b"DEMO-father\tDEMO-child\t0", names_row=False),
            "two_families": replaced(
                b"DEMO\tDEMO-child\tDEMO-father\tDEMO-mother\tmale\tyes\tL2",
                b"OTHER\tDEMO-child\tDEMO-father\tDEMO-mother\tmale\tyes\tL2",
            ),
            "nobody_affected": lambda content, _: (content.replace(b"male\tyes", b"male\tno"), None),
            "lane_twice": replaced(b"yes\tL2", b"yes\tL1"),
            "file_twice": replaced(b"reads/DEMO-father.L1_R1", b"reads/DEMO-child.L1_R1"),
            "mates_swapped": replaced(
                b"reads/DEMO-father.L1_R1.fastq.gz\treads/DEMO-father.L1_R2.fastq.gz",
                b"reads/DEMO-father.L1_R2.fastq.gz\treads/DEMO-father.L1_R1.fastq.gz",
            ),
            "mate_twice": replaced(b"reads/DEMO-mother.L1_R2", b"reads/DEMO-mother.L1_R1"),
        },
    ),
    Kind(
        "config",
        "config.yaml",
        ("inputs", "--config", "config.yaml", "--case", "DEMO", "--output", "out.json"),
        "out.json",
        {
            **ANY,
            **YAML_TEXT,
            **FIELDS,
            "no_number": appended(b"quality: {depth: .nan}", b"quality: {qual: .inf}", b"frequency: {recessive: '0.01'}"),
            "not_a_number": appended(b"quality: {qual: .nan}", b"frequency: {dominant: .nan}", b"rank: {db_per_point: .nan}"),
            "out_of_bounds": appended(b"quality: {qual: -1}", b"quality: {het_balance_low: 1.5}", b"frequency: {dominant: 2}"),
            "misspelt": appended(b"quality: {depht: 8}", b"qualities: {depth: 8}", b"quality: {depth: true}"),
            "number_as_key": appended(b"17: 1", b"? [a, b]\n: 1", b"null: 1"),
            "path_absent": replaced(b"genes.gff3", b"none.gff3", b"cases", b"", b"a\\0b", names_row=False),
            "build_absent": replaced(b"build: genome.yaml", b"build: GRCh39", b"build: none.yaml"),
        },
        {
            "blank": lambda content: b"# a word\n\n" + content + b"\n",
            "flow": lambda content: dump_json(yaml.safe_load(content)),
        },
    ),
    Kind(
        "case",
        "cases/DEMO.yaml",
        ("inputs", "--config", "config.yaml", "--case", "DEMO", "--output", "out.json"),
        "out.json",
        {
            **ANY,
            **YAML_TEXT,
            **{name: FIELDS[name] for name in ("map_for_text", "text_for_map", "text_for_list", "unknown_key", "null")},
            "term_unknown": replaced(b"HP:0001332", b"HP:9999999", b"HP:1332", b"Dystonia", b"HP:0001332 x", b"OMIM:100100"),
            "term_both": replaced(b"HP:0001627", b"HP:0001332"),
            "family": replaced(b"family: DEMO", b"family: OMED", b"family: demo"),
            "proband": replaced(b"proband: DEMO-child", b"proband: nobody", b"proband: ''"),
            "proband_unaffected": replaced(b"proband: DEMO-child", b"proband: DEMO-father", names_row=False),
            "panel_absent": replaced(b"../panel.json", b"none", b"../none.json", b"../genes.gff3"),
            "panel_version": replaced(b"../panel.json", b"../panel.json@9.9"),
            "mode": replaced(b"suspected_mode: any", b"suspected_mode: autosomal", b"suspected_mode: 3"),
            "time": replaced(b"2026-01-06T16:30:00Z", b"yesterday", b"2026-13-06T16:30:00Z", b"2026-01-06T16:30:00", b"2026"),
            "time_before_birth": replaced(b"2026-01-06T16:30:00Z", b"2025-01-06T16:30:00Z"),
            "consent": replaced(b"carrier_status: false", b"carrier_status: maybe", b"carrier_status: 1"),
        },
        {"flow": lambda content: dump_json(yaml.safe_load(content))},
    ),
    Kind(
        "phenopacket",
        "packets/DEMO.json",
        ("inputs", "--config", "packet.yaml", "--case", "DEMO", "--output", "out.json"),
        "out.json",
        {
            **ANY,
            **JSON_TEXT,
            **{name: JSON_FIELDS[name] for name in ("map_for_text", "text_for_map", "text_for_list", "unknown_key")},
            "subject": replaced(b'"DEMO-child"', b'"nobody"', b'""', names_row=False),
            "sex": replaced(b'"MALE"', b'"FEMALE"', b'"BOY"', names_row=False),
            "term": replaced(b"HP:0001250", b"HP:9999999", b"HP:12", names_row=False),
            "version": replaced(b'Version": "2.0"', b'Version": "1.0"', b'Version": "3"', names_row=False),
        },
        {"in_one_line": lambda content: json.dumps(json.loads(content)).encode()},
    ),
    Kind(
        "panel",
        "panel.json",
        ("panels", "check", "panel.json", "--gene-models", "genes.gff3"),
        "-",
        {
            **ANY,
            "cut": JSON_TEXT["cut"],
            "deep": malformed.deep,
            "not_utf8": on_line(malformed.not_utf8, names_row=False),
            "genes": JSON_FIELDS["text_for_list"],
            "no_gene": lambda content, _: (dump_json(json.loads(content) | {"genes": []}), None),
            "gene_twice": lambda content, rng: (
                dump_json(json.loads(content) | {"genes": [rng.choice(json.loads(content)["genes"])] * 2}),
                None,
            ),
            "confidence": replaced(
                b'"confidence_level": "3"',
                b'"confidence_level": "7"',
                b'"confidence_level": "green"',
                b'"confidence_level": null',
                names_row=False,
            ),
            "mode": replaced(b"BIALLELIC, autosomal", b"TRIALLELIC, autosomal", names_row=False),
            "symbol": replaced(b'"gene_symbol": "', b'"gene_symbol": "$(id) ', b'"gene_symbol": " <b>', names_row=False),
            "list_of_panels": lambda content, _: (dump_json({"count": 1, "results": [json.loads(content)]}), None),
        },
    ),
    Kind(
        "panel_list",
        "list.txt",
        ("panels", "check", "list.txt", "--gene-models", "genes.gff3"),
        "-",
        {
            **ANY,
            "gene_twice": lambda content, _: (content + b"GALT\n", None),
            "two_words": on_line(lambda line, _: line + b" " + line),
            "not_utf8": on_line(malformed.not_utf8, names_row=False),
        },
    ),
    Kind(
        "fastq",
        "reads/DEMO-child.L1_R2.fastq.gz",
        (
            "reads",
            "check-fastq",
            "--fastq-1",
            "reads/DEMO-child.L1_R1.fastq.gz",
            "--fastq-2",
            "reads/DEMO-child.L1_R2.fastq.gz",
        ),
        "-",
        {
            **ANY,
            **PACKED,
            "zipped_twice": malformed.zipped_twice,
            **malformed.packed(
                {
                    "record_cut": lambda text, rng: (text[: rng.randrange(2000, len(text) - 260)], None),
                    "record_lost": lambda text, rng: (
                        b"\n".join(text.split(b"\n")[: -1 - 4 * rng.randrange(1, 5)]) + b"\n",
                        None,
                    ),
                    "record_shifted": lambda text, rng: (b"\n".join(text.split(b"\n")[4:]), None),
                    "quality_short": replaced(b"I" * 100, b"I" * 99, names_row=False),
                    "at_lost": replaced(b"@r", b"r"),
                    "plus_lost": replaced(b"\n+\n", b"\n-\n", names_row=False),
                    "mates_renamed": replaced(b"@r", b"@other", names_row=False),
                    "swapped": lambda text, _: (text.replace(b" 2:N", b" 1:N"), None),
                    "fasta": lambda text, _: (text.replace(b"@", b">"), None),
                },
                pack,
            ),
        },
        {"plain": gzip.decompress, "packed_again": lambda content: gzip.compress(gzip.decompress(content), 1, mtime=7)},
    ),
    Kind(
        "bam",
        "child.bam",
        (
            "reads",
            "check-alignment",
            "--file",
            "child.bam",
            "--name-in-file",
            "DEMO-child",
            "--sample",
            "DEMO-child",
            "--build",
            "genome.yaml",
            "--dictionary",
            "genome.dict",
            "--header",
            "out.sam",
        ),
        "out.sam",
        {
            **ANY,
            **PACKED,
            "no_end": lambda content, _: (content[:-28], None),
            **malformed.packed(
                {
                    "person": replaced(b"SM:DEMO-child", b"SM:DEMO-other", names_row=False),
                    "length": longer_contigs,
                    "order": replaced(b"SO:coordinate", b"SO:queryname ", b"SO:unsorted  ", names_row=False),
                    "magic": replaced(b"BAM\1", b"BAX\1", names_row=False),
                },
                bgzip,
            ),
            "text": lambda _, __: (b"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:96000\n@RG\tID:1\tSM:DEMO-child\n", None),
        },
    ),
    Kind(
        "vcf",
        "calls.vcf.gz",
        ("calls", "check", "--file", "calls.vcf.gz", "--build", "genome.yaml", "--sample", "DEMO-child", "--output", "out.tsv"),
        "out.tsv",
        {
            **ANY,
            **PACKED,
            **malformed.packed(
                {
                    "fewer_cells": on_line(fewer_cells, first=0, names_row=False),
                    "blanks_for_tabs": on_line(malformed.blanks_for_tabs, first=0, names_row=False),
                    "position": cell(1, b"ten", b"0x10", b"", b"-5", first=0, names_row=False),
                    "beyond": cell(1, b"96001", b"99999999", b"4000000000", first=0, names_row=False),
                    "allele": cell(4, b"C,,G", b"<DEL", b"!!", b"", first=0, names_row=False),
                    "reference": cell(3, b"", b"<X>", b"1", first=0, names_row=False),
                    "quality": cell(5, b"high", b"--", first=0, names_row=False),
                    "genotype": cell(9, b"0/7:10,12:22", b"a/b:1,2:3", first=0, names_row=False),
                    "depths": cell(9, b"0/1:ten,12:22", b"0/1:10,12:many", first=0, names_row=False),
                    "contig": lambda text, _: (text.replace(b"chr1", b"1"), None),
                    "length": replaced(b"length=96000", b"length=1", names_row=False),
                    "person": replaced(b"DEMO-child", b"somebody", names_row=False),
                    "no_genotype": lambda text, _: (text.replace(b"ID=GT", b"ID=XT").replace(b"GT:", b"XT:"), None),
                    "no_header": lambda text, _: (b"\n".join(n for n in text.split(b"\n") if not n.startswith(b"##")), None),
                    "no_columns": lambda text, _: (b"\n".join(n for n in text.split(b"\n") if not n.startswith(b"#C")), None),
                },
                bgzip,
            ),
        },
        {"packed_again": packed_again},
    ),
    Kind(
        "bed",
        "target.bed",
        (
            "calls",
            "regions",
            "--build",
            "genome.yaml",
            "--size-bp",
            "1000000",
            "--output",
            "out.bed",
            "--regions-bed",
            "target.bed",
        ),
        "out.bed",
        {
            **ANY,
            "fewer_cells": on_line(lambda line, rng: b"\t".join(line.split(b"\t")[: rng.randrange(1, 3)]), first=0),
            "blanks_for_tabs": on_line(malformed.blanks_for_tabs, first=0),
            "start": cell(1, b"ten", b"-1", b"1e3", b"5000.0", b"", b"\xc2\xb2", first=0),
            "end_before_start": cell(2, b"0", b"50", first=0),
            "contig": cell(0, b"1", b"chr99", b"", first=0),
            "beyond": cell(1, b"4000000", first=0),
            "not_utf8": on_line(malformed.not_utf8, first=0, names_row=False),
        },
        {
            "order": lambda content: b"\n".join(sorted(content.split(b"\n"), reverse=True)) + b"\n",
            "track": lambda content: b"track name=x\n# word\n" + content + b"\n",
        },
    ),
    Kind(
        "gff3",
        "genes.gff3",
        ("qc", "regions", "--gene-models", "genes.gff3", "--build", "genome.yaml", "--output", "out.bed"),
        "out.bed",
        {
            **ANY,
            "fewer_cells": on_line(fewer_cells, first=0),
            "blanks_for_tabs": on_line(malformed.blanks_for_tabs, first=0),
            "start": cell(3, b"ten", b"-5", b"1e6", b"", b"0", first=0),
            "end_before_start": cell(4, b"1", first=0),
            "strand": on_line(other_strand, first=0),
            "parent_lost": replaced(b"Parent=transcript:ENST", b"Parent=transcript:NONE", names_row=False),
            "gene_lost": replaced(b"Parent=gene:ENSG", b"Parent=gene:NONE", names_row=False),
            "gene_twice": lambda content, _: (content + next(n for n in content.split(b"\n") if b"ID=gene" in n) + b"\n", None),
            "beyond": on_line(
                lambda line, _: (
                    line
                    if b"ID=gene" not in line
                    else b"\t".join([*line.split(b"\t")[:4], b"99999999", *line.split(b"\t")[5:]])
                ),
                first=0,
                names_row=False,
            ),
            "contigs": lambda content, _: (content.replace(b"chr", b"Chr_"), None),
            "gtf": lambda content, _: (content.replace(b"ID=", b"gene_id ").replace(b"Parent=", b"transcript_id "), None),
            "cut": lambda content, rng: (content[: rng.randrange(3000, 6000) // 7 * 7], None),
        },
        {"packed": pack, "comments": lambda content: content.replace(b"\n", b"\n# a word\n", 3)},
    ),
    Kind(
        "clinvar",
        "clinvar.vcf.gz",
        ("store", "clinvar", "--output", "out_clinvar", "--build", "genome.yaml", "--vcf", "clinvar.vcf.gz"),
        "out_clinvar",
        {
            **ANY,
            **PACKED,
            **malformed.packed(
                {
                    **GENOMIC,
                    "significance": replaced(b"CLNSIG=Pathogenic", b"CLNSIG=Bad", b"CLNSIG=Pathogenicity", b"CLNSIG=P"),
                    "review": replaced(b"CLNREVSTAT=", b"CLNREVSTAT=five_stars,"),
                    "alleles": cell(4, b"C,G", b"A,C,T", first=0),
                    "contigs": lambda text, _: (text.replace(b"chr", b"Chr_"), None),
                },
                bgzip,
            ),
        },
        {"packed_again": packed_again},
    ),
    Kind(
        "frequencies",
        "frequencies.vcf.gz",
        (
            "store",
            "build",
            "--output",
            "out_store",
            "--build",
            "genome.yaml",
            "--source",
            "name=pop,vcf=frequencies.vcf.gz,af=AF_afr,hom=nhomalt",
        ),
        "out_store",
        {
            **ANY,
            **PACKED,
            **malformed.packed(
                {
                    **GENOMIC,
                    "frequency": replaced(b"AF_afr=0.", b"AF_afr=rare", b"AF_afr=1.5", b"AF_afr=-0.", b"AF_afr=nan"),
                    "count": replaced(b"nhomalt=", b"nhomalt=many", b"nhomalt=-1", b"nhomalt=1e400"),
                    "field_lost": lambda text, _: (text.replace(b"AF_afr", b"AF_none"), None),
                    "beyond": cell(1, b"99999999", b"4000000000", first=0),
                    "contigs": lambda text, _: (text.replace(b"chr", b"Chr_"), None),
                },
                bgzip,
            ),
        },
        {"packed_again": packed_again},
    ),
    Kind(
        "build",
        "genome.yaml",
        ("calls", "regions", "--build", "genome.yaml", "--size-bp", "1000000", "--output", "out.bed"),
        "out.bed",
        {
            **ANY,
            "deep": malformed.deep,
            "not_utf8": on_line(malformed.not_utf8, names_row=False),
            "length": replaced(b"length: ", b"length: x", b"length: -", names_row=False),
            "kind": replaced(b"kind: autosome", b"kind: chromosome", b"kind: []", names_row=False),
            "contigs": FIELDS["text_for_list"],
            "par_contig": replaced(b"contig: chrX", b"contig: chrZ", names_row=False),
            "par_interval": replaced(b"start: 2000", b"start: 99000", b"start: -3", names_row=False),
            "contig_twice": replaced(b"name: chr2", b"name: chr1", names_row=False),
        },
    ),
)

# --- the test


def inputs() -> Iterator[tuple[int, Kind, str, Breakage]]:
    """Every breakage of every kind, in turn, until there are enough; the round is the seed."""
    for seed in itertools.count():
        for kind in KINDS:
            for name, breakage in kind.breakages.items():
                yield seed, kind, name, breakage


CASES = list(itertools.islice(inputs(), INPUTS))


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Fail where something hangs."""

    def ring(number: int, frame: object) -> None:
        raise TimeoutError(f"not done in {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(folder: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> tuple[int, str, bytes]:
    """Exit code, what stood on standard error, and what was written (a folder's files; of `-` what was printed)."""
    monkeypatch.chdir(folder)
    made = folder / kind.output
    shutil.rmtree(made, ignore_errors=True) if made.is_dir() else made.unlink(missing_ok=True)
    capfd.readouterr()
    try:
        with at_most(LONGEST_S):
            cli.main(list(kind.command))
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = capfd.readouterr()
    if kind.output == "-":
        return code, said.err, said.out.encode()
    files = sorted(path for path in made.rglob("*") if path.is_file()) if made.is_dir() else [made] if made.exists() else []
    content = b"".join(path.read_bytes() for path in files if path.suffix != ".json" or not made.is_dir())
    return code, said.err, content


@contextmanager
def broken(folder: Path, kind: Kind, change: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """The kind's file changed, and put back."""
    path = folder / kind.file
    whole = path.read_bytes()
    try:
        path.write_bytes(change(whole))
        yield whole
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("seed", "kind", "name", "breakage"), CASES, ids=[f"{kind.name}-{name}-{seed}" for seed, kind, name, _ in CASES]
)
def test_malformed__one_line_that_names_the_place(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    seed: int,
    kind: Kind,
    name: str,
    breakage: Breakage,
) -> None:
    rows: list[int | None] = []

    def change(content: bytes) -> bytes:
        text, row = breakage(content, random.Random(f"{kind.name} {name} {seed}"))
        rows.append(row)
        assert text != content, "a breakage that changes nothing is none"
        return text

    with broken(folder, kind, change):
        code, said, written = run(folder, kind, monkeypatch, capfd)
    errors = [line for line in said.splitlines() if line.startswith("neotriage: error: ")]
    assert (code, len(errors)) == (2, 1), said
    assert "Traceback" not in said
    assert kind.file.split("/")[-1] in errors[0] or kind.file.split("/")[-1].split(".")[0] in errors[0], said
    assert ". Fix: " in errors[0], said
    if rows[0] is not None:
        assert f"line {rows[0]}" in errors[0], said
    assert not written


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in KINDS for name in kind.harmless],
    ids=lambda value: getattr(value, "name", value),
)
def test_harmless__same_meaning_same_result(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], kind: Kind, name: str
) -> None:
    before = run(folder, kind, monkeypatch, capfd)
    with broken(folder, kind, kind.harmless[name]) as whole:
        assert (folder / kind.file).read_bytes() != whole
        after = run(folder, kind, monkeypatch, capfd)
    assert before[0] == after[0] == 0, (before[1], after[1])
    assert before[2] == after[2]
    assert before[2]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_unbroken__is_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], kind: Kind
) -> None:
    code, said, written = run(folder, kind, monkeypatch, capfd)
    assert code == 0, said
    assert written
