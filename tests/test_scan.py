"""The scan against cyvcf2 on the same files, field by field, whatever the container, the blocks and the threads."""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from cyvcf2 import VCF

from neotriage.errors import FormatError
from neotriage.kernels import scan as kernels
from neotriage.scan import chunks
from neotriage.scan.bgzf import EOF_BLOCK
from neotriage.scan.calls import RULES, Batch, Interest, Scan, open_scan

SHARED = Path(os.environ.get("NEOTRIAGE_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SAMPLES = ["child", "father", "mother", "aunt"]
CONTIGS = {"chr1": 5000, "chr2": 5000, "chrX": 4000, "chrM": 600, "decoy": 300}
PRIMARY = frozenset(CONTIGS) - {"decoy"}
EVERYWHERE = (np.array([0], np.int32), np.array([1 << 28], np.int32))
HEADER = (
    "##fileformat=VCFv4.2\n"
    '##FILTER=<ID=LowQual,Description="low, quality=>">\n##FILTER=<ID=q10,Description="q">\n'
    '##INFO=<ID=X,Number=.,Type=String,Description="x">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n##FORMAT=<ID=AD,Number=R,Type=Integer,Description="a">\n'
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">\n##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="q">\n'
    '##FORMAT=<ID=PS,Number=1,Type=Integer,Description="p">\n##FORMAT=<ID=PL,Number=G,Type=Integer,Description="l">\n'
    + "".join(f"##contig=<ID={name},length={length}>\n" for name, length in CONTIGS.items())
)
INTEREST = Interest(dict.fromkeys(CONTIGS, EVERYWHERE), dict.fromkeys(CONTIGS, EVERYWHERE), None, 0.0)
ONE_LINE = "chr1\t{}\t.\tA\tC\t50\tPASS\tX=1\tGT\t0/1\t0/0\t0/1\t0/0\n"


def header(samples: list[str]) -> str:
    return HEADER + "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]) + "\n"


def fuzzed(seed: int, records: int = 300) -> str:
    """A valid VCF that holds what VCFs hold."""
    rng = random.Random(seed)
    lines = []
    for contig, length in CONTIGS.items():
        positions = sorted(rng.randint(1, length) for _ in range(records // len(CONTIGS)))
        lines += [_record(rng, contig, position) for position in positions]
    return header(SAMPLES) + "".join(lines)


def _record(rng: random.Random, contig: str, position: int) -> str:
    ref = _bases(rng, "ACGTacgtNR")
    alts = ["."] if rng.random() < 0.05 else [_alternate(rng, ref) for _ in range(rng.choice([1, 1, 1, 1, 2, 2, 3, 5]))]
    qual = rng.choice([".", "0", "30", "19.99", "20", "1e3", "3.14159265", "12345.678", "-0"])
    filters = rng.choice([".", "PASS", "PASS", "PASS", "LowQual", "LowQual;q10", "q10"])
    keys = ["GT", *rng.sample(["AD", "DP", "GQ", "PS", "PL"], rng.randint(0, 5))]
    if rng.random() < 0.1:
        keys.remove("GT")
        keys = keys or ["DP"]
    info = "X=" + "x" * rng.choice([1, 5, 40, 400])
    fields = [contig, str(position), rng.choice([".", "rs1"]), ref, ",".join(alts), qual, filters, info, ":".join(keys)]
    alleles = 1 if alts == ["."] else 1 + len(alts)
    return "\t".join([*fields, *(_sample(rng, keys, alleles) for _ in SAMPLES)]) + "\n"


def _bases(rng: random.Random, letters: str) -> str:
    return "".join(rng.choice(letters) for _ in range(rng.choice([1, 1, 1, 2, 3, 9, 40])))


def _alternate(rng: random.Random, ref: str) -> str:
    kind = rng.random()
    if kind < 0.05:
        return "*"
    if kind < 0.1:
        return rng.choice(["<DEL>", "<INS:ME:ALU>", "G]chr1:100]", "[chr2:7[a"])
    return _bases(rng, "ACGTacgtN") if kind < 0.8 else ref.replace("R", "A") + rng.choice("ACGT")


def _sample(rng: random.Random, keys: list[str], alleles: int) -> str:
    def number() -> str:
        return rng.choice([".", "0", "1", "7", "34", "99", "70000"])

    values = {
        "GT": _genotype(rng, alleles),
        "AD": "." if rng.random() < 0.1 else ",".join(number() for _ in range(alleles)),
        "DP": number(),
        "GQ": number(),
        "PS": number(),
        "PL": ".",
    }
    kept = len(keys) if rng.random() < 0.9 else rng.randint(1, len(keys))
    return ":".join(values[key] for key in keys[:kept])


def _genotype(rng: random.Random, alleles: int) -> str:
    def allele() -> str:
        return "." if rng.random() < 0.1 else str(rng.randrange(alleles))

    return allele() if rng.random() < 0.15 else allele() + rng.choice("/|") + allele()


def bgzf(text: bytes, sizes: list[int]) -> bytes:
    """Text in BGZF blocks of the sizes given, over and over."""
    blocks, at, number = [], 0, 0
    while at < len(text):
        piece = text[at : at + sizes[number % len(sizes)]]
        at, number = at + len(piece), number + 1
        squeezer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = squeezer.compress(piece) + squeezer.flush()
        start = EOF_BLOCK[:16] + struct.pack("<H", len(packed) + 25)
        blocks.append(start + packed + struct.pack("<II", zlib.crc32(piece), len(piece)))
    return b"".join(blocks) + EOF_BLOCK


def write(path: Path, text: str, sizes: list[int] | None = None) -> Path:
    """Text as BGZF."""
    path.write_bytes(bgzf(text.encode(), sizes or [60_000]))
    return path


def by_cyvcf2(path: Path, samples: list[str]) -> dict[str, list]:
    """All rows of a file as cyvcf2 reads it, by the definitions of the schema."""
    rows: dict[str, list] = {name: [] for name in Batch.__dataclass_fields__}
    vcf = VCF(str(path))
    order = [vcf.samples.index(sample) for sample in samples]
    for record in vcf:
        genotypes = [record.genotypes[s] for s in order] if "GT" in record.FORMAT else [[-1, -1, False]] * len(order)
        depths = record.format("AD") if "AD" in record.FORMAT else None
        numbers = {name: record.format(name) if name in record.FORMAT else None for name in ("PS", "DP", "GQ")}
        alleles = 1 + max(len(record.ALT), 1)
        for number, alt in enumerate(record.ALT or ["."], start=1):
            codes, phased = [], []
            for *called, is_phased in genotypes:
                pair = [a if a <= 0 else (1 if a == number else 2) for a in called]
                codes.append(([*pair, -2])[:2])
                phased.append(bool(is_phased) and len(pair) == 2)
            has_depths = depths is not None and depths.shape[1] == alleles
            values = {
                "contig": record.CHROM,
                "positions": record.POS - 1,
                "refs": record.REF.upper(),
                "alts": alt if alt.startswith("<") else alt.upper(),
                "qual": np.float32(np.nan if record.QUAL is None else record.QUAL),
                "filters": ";".join(record.FILTERS),
                "genotype": codes,
                "is_phased": phased,
                "phase_set": _column(numbers["PS"], order),
                "depth": _column(numbers["DP"], order),
                "ref_depth": _column(depths if has_depths else None, order),
                "alt_depth": _column(depths if has_depths else None, order, number),
                "genotype_quality": _column(numbers["GQ"], order),
            }
            for name, value in values.items():
                rows[name].append(value)
    return rows


def _column(values: np.ndarray | None, order: list[int], number: int = 0) -> list[int]:
    return [-1] * len(order) if values is None else [max(int(values[s, number]), -1) for s in order]


def rows_of(batches: list[Batch]) -> dict[str, list]:
    """Batches laid one after the other."""
    rows: dict[str, list] = {name: [] for name in Batch.__dataclass_fields__}
    for batch in batches:
        for name, values in rows.items():
            part = getattr(batch, name)
            values.extend([part] * len(batch.refs) if name == "contig" else list(part))
    return rows


def assert_same(found: dict[str, list], expected: dict[str, list]) -> None:
    assert len(found["refs"]) == len(expected["refs"])
    for name, values in expected.items():
        if values and isinstance(values[0], str):
            assert found[name] == values, name
        else:
            np.testing.assert_array_equal(np.array(found[name]), np.array(values), name)


def scanned(path: Path, samples: list[str], interest: Interest = INTEREST, threads: int = 1) -> tuple[Scan, dict[str, list]]:
    scan = open_scan(path, samples)
    return scan, rows_of(list(scan.batches(interest, threads)))


@pytest.mark.parametrize("seed", range(6))
def test_rows__equal_cyvcf2_on_fuzzed_files(tmp_path, seed):
    path = write(tmp_path / "calls.vcf.gz", fuzzed(seed))
    order = random.Random(seed).sample(SAMPLES, 3)
    assert_same(scanned(path, order)[1], by_cyvcf2(path, order))


@pytest.mark.parametrize(
    "name",
    ["vcf/NA12878_trio.GRCh38.chr1_2_3_22.vcf.gz", "truth/HG002_GRCh38_1_22_v4.2.1_benchmark.chr20.vcf.gz"],
)
def test_rows__equal_cyvcf2_on_real_files(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip("the shared public data are not here")
    samples = VCF(str(path)).samples
    everything = Interest({}, dict.fromkeys(VCF(str(path)).seqnames, EVERYWHERE), None, 0.0)
    assert_same(scanned(path, samples, everything, 2)[1], by_cyvcf2(path, samples))


@pytest.mark.parametrize("sizes", [[1], [37, 401, 5, 90], [1000], [60_000]])
@pytest.mark.parametrize("blocks", [1, 3])
def test_rows__same_whatever_blocks_chunks_and_threads(tmp_path, monkeypatch, sizes, blocks):
    text = fuzzed(11, 40)
    expected = scanned(write(tmp_path / "plain.vcf.gz", text), SAMPLES)[1]
    path = write(tmp_path / "calls.vcf.gz", text, sizes)
    monkeypatch.setattr(chunks, "_BLOCKS", blocks)
    for threads in (1, 3):
        scan, rows = scanned(path, SAMPLES, threads=threads)
        assert_same(rows, expected)
        assert scan.records == text.count("\n") - HEADER.count("\n") - 1


@pytest.mark.parametrize("change", ["no_final_newline", "crlf", "empty_block_within"])
def test_rows__same_for_other_line_ends(tmp_path, change):
    text = fuzzed(12, 100)
    expected = scanned(write(tmp_path / "plain.vcf.gz", text), SAMPLES)[1]
    path = tmp_path / "calls.vcf.gz"
    if change == "empty_block_within":
        half = len(text) // 2
        path.write_bytes(bgzf(text[:half].encode(), [900]) + bgzf(text[half:].encode(), [900]))
    else:
        write(path, text[:-1] if change == "no_final_newline" else text.replace("\n", "\r\n"))
    assert_same(scanned(path, SAMPLES)[1], expected)


@pytest.mark.parametrize("container", ["text", "gzip", "two_gzips", "bcf", "bcf_plain"])
def test_rows__same_from_every_container(tmp_path, monkeypatch, container):
    monkeypatch.setattr(chunks, "_STREAM_BYTES", 4096)
    text = fuzzed(13).replace("12345.678", "12345.7")  # BCF is written out with six digits
    plain = write(tmp_path / "calls.vcf.gz", text)
    expected = scanned(plain, SAMPLES)[1]
    path = tmp_path / "other"
    if container == "text":
        path.write_text(text)
    elif container == "gzip":
        path.write_bytes(gzip.compress(text.encode()))
    elif container == "two_gzips":
        path.write_bytes(gzip.compress(text[:5000].encode()) + gzip.compress(text[5000:].encode()))
    else:
        subprocess.run(["bcftools", "view", "-Ob" if container == "bcf" else "-Ou", "-o", path, plain], check=True)
    found = scanned(path, SAMPLES)[1]
    if container.startswith("bcf"):
        np.testing.assert_allclose(found.pop("qual"), expected.pop("qual"), rtol=1e-5)
    assert_same(found, expected)


@pytest.mark.parametrize("container", ["bgzf", "text", "gzip", "bcf"])
def test_rows__same_from_standard_input(tmp_path, container):
    text = fuzzed(14, 100)
    plain = write(tmp_path / "calls.vcf.gz", text)
    data = {"bgzf": plain.read_bytes(), "text": text.encode(), "gzip": gzip.compress(text.encode())}.get(container)
    if data is None:
        data = subprocess.run(["bcftools", "view", "-Ob", plain], check=True, capture_output=True).stdout
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import test_scan as t\n"
        "rows = t.scanned(Path('-'), t.SAMPLES)[1]; print(rows['positions'] and rows['alts'])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent)], input=data, check=True, capture_output=True)
    assert done.stdout.decode().strip() == str(scanned(plain, SAMPLES)[1]["alts"])


def expected_rule(row: dict[str, object], starts: np.ndarray, ends: np.ndarray) -> str:
    """The first rule that a row fails, by the definitions in docs/architecture.md."""
    alt, codes = str(row["alts"]), row["genotype"][0]
    end = row["positions"] + len(row["refs"])
    checks = {
        "reference_record": alt == ".",
        "spanning_deletion": alt == "*",
        "symbolic_allele": any(sign in alt for sign in "<[]"),
        "other_contig": row["contig"] not in PRIMARY,
        "genotype_missing": 1 not in codes and -1 in codes,
        "no_alternate_in_proband": 1 not in codes,
        "site_filter": row["filters"] not in {"", "PASS"},
        "site_quality": row["qual"] < 20,
        "region": not any(start < end and row["positions"] < stop for start, stop in zip(starts, ends, strict=True)),
    }
    return next((rule for rule, fails in checks.items() if fails), "")


@pytest.mark.parametrize("seed", range(3))
def test_rules__count_what_they_drop(tmp_path, seed):
    path = write(tmp_path / "calls.vcf.gz", fuzzed(20 + seed, 600), [3000])
    rng = random.Random(seed)
    regions = {}
    for name in ("chr1", "chr2", "chrM"):
        bounds = np.array(sorted(rng.sample(range(CONTIGS[name]), 20)), np.int32)
        regions[name] = (bounds[::2], bounds[1::2])
    taken = {"chr2": (np.array([100, 150, 900], np.int32), np.array([200, 300, 901], np.int32))}
    rows = by_cyvcf2(path, SAMPLES)
    expected = dict.fromkeys(RULES, 0)
    kept = []
    for number in range(len(rows["refs"])):
        row = {name: values[number] for name, values in rows.items()}
        rule = expected_rule(row, *regions.get(row["contig"], ((), ())))
        end = row["positions"] + len(row["refs"])
        is_taken = any(s < end and row["positions"] < e for s, e in zip(*taken.get(row["contig"], ((), ())), strict=True))
        if rule and not is_taken:
            expected[rule] += 1
        else:
            kept.append(number)
    assert min(expected.values()) > 0
    for threads in (1, 2):
        scan, found = scanned(path, SAMPLES, Interest(regions, taken, PRIMARY, 20.0), threads)
        assert dict(zip(RULES, scan.dropped.tolist(), strict=True)) == expected
        assert_same(found, {name: [values[number] for number in kept] for name, values in rows.items()})


@pytest.mark.parametrize(
    ("lines", "bad", "text"),
    [
        ([ONE_LINE.format(5), "chr1\t6\t.\tA\tC\t50\tPASS\tX=1\n"], 2, "fewer columns"),
        ([ONE_LINE.format(5), "chr1\t6\t.\tA\tC\t50\tPASS\tX=1\tGT\t0/1\t0/0\t0/0\n"], 2, "fewer columns"),
        (["chr1\t6\t.\tA\tC\t50\tPASS\tX=1\tGT" + "\t0/1" * 5 + "\n"], 1, "more columns"),
        ([ONE_LINE.format(5).replace("\tA\t", "\tA-\t")], 1, "REF or ALT"),
        ([ONE_LINE.format(5).replace("\tC\t", "\tCZ\t")], 1, "REF or ALT"),
        ([ONE_LINE.format(5).replace("\tC\t", "\tC,\t")], 1, "REF or ALT"),
        ([ONE_LINE.format(5).replace("\tC\t", "\t\t")], 1, "REF or ALT"),
        ([ONE_LINE.format(5).replace("\tC\t", "\tC,.\t")], 1, "REF or ALT"),
        ([ONE_LINE.format(7), ONE_LINE.format(6)], 2, "out of order"),
        ([ONE_LINE.format(7), ONE_LINE.format(9).replace("chr1", "chr2"), ONE_LINE.format(9)], 3, "two places"),
        ([ONE_LINE.format(7).replace("chr1", "chr9")], 1, "header lacks"),
        ([ONE_LINE.format("x")], 1, "POS"),
        ([ONE_LINE.format("0")], 1, "POS"),
        ([ONE_LINE.format("")], 1, "POS"),
        ([ONE_LINE.format(7).replace("\t50\t", "\tfifty\t")], 1, "QUAL"),
        ([ONE_LINE.format(7).replace("0/1", "0/2")], 1, "GT"),
        ([ONE_LINE.format(7).replace("0/1", "0/x")], 1, "GT"),
        ([ONE_LINE.format(7).replace("0/1", "0/1/1")], 1, "more than two"),
        ([ONE_LINE.format(7).replace("GT", "GT:DP").replace("0/1", "0/1:many")], 1, "DP"),
        ([ONE_LINE.format(7), "\n", ONE_LINE.format(8)], 2, "fewer columns"),
    ],
)
@pytest.mark.parametrize("sizes", [[60_000], [31]])
def test_bad_lines__are_named(tmp_path, monkeypatch, lines, bad, text, sizes):
    monkeypatch.setattr(chunks, "_BLOCKS", 2)
    before = [ONE_LINE.format(position) for position in (1, 2, 3)]
    path = write(tmp_path / "calls.vcf.gz", header(SAMPLES) + "".join(before + lines), sizes)
    row = header(SAMPLES).count("\n") + len(before) + bad
    for threads in (1, 3):
        with pytest.raises(FormatError, match=text) as caught:
            scanned(path, SAMPLES, threads=threads)
        assert caught.value.row == row
        assert caught.value.file == str(path)


def test_bad_file__cut_short(tmp_path):
    whole = bgzf(fuzzed(1).encode(), [5000])
    path = tmp_path / "calls.vcf.gz"
    for size in (len(whole) - 28, len(whole) - 1, len(whole) // 2):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError, match=f"cut short.*byte {size}"):
            open_scan(path, SAMPLES)


def test_bad_file__cut_short_with_an_end_block_put_on(tmp_path):
    whole = bgzf(fuzzed(1).encode(), [5000])
    path = tmp_path / "calls.vcf.gz"
    path.write_bytes(whole[: len(whole) // 2] + EOF_BLOCK)
    with pytest.raises(FormatError, match=r"byte \d+"):
        scanned(path, SAMPLES)


@pytest.mark.parametrize("threads", [1, 2])
def test_bad_file__wrong_crc_names_the_block(tmp_path, threads):
    whole = bytearray(bgzf(fuzzed(1).encode(), [5000]))
    second = struct.unpack_from("<H", whole, 16)[0] + 1
    size = struct.unpack_from("<H", whole, second + 16)[0] + 1
    whole[second + size - 8] ^= 1
    path = tmp_path / "calls.vcf.gz"
    path.write_bytes(whole)
    with pytest.raises(FormatError, match=f"block at byte {second} is damaged"):
        scanned(path, SAMPLES, threads=threads)


def test_bad_file__gzip_cut_short(tmp_path):
    whole = gzip.compress(fuzzed(1).encode())
    path = tmp_path / "calls.vcf.gz"
    path.write_bytes(whole[:-9])
    with pytest.raises(FormatError, match="cut short or damaged"):
        scanned(path, SAMPLES)


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"", "empty"), (b"hello\n", "not a VCF"), (b"##fileformat=VCFv4.2\nchr1\t5\n", "does not end with")],
)
def test_bad_file__no_header(tmp_path, content, text):
    path = tmp_path / "calls.vcf"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=text):
        open_scan(path, SAMPLES)


def test_bad_file__sample_not_in_it(tmp_path):
    path = write(tmp_path / "calls.vcf.gz", header(["child", "father"]))
    with pytest.raises(FormatError, match=r"sample mother is not in it \(it has child, father\)"):
        open_scan(path, ["child", "mother"])


def test_bad_file__sample_twice(tmp_path):
    path = write(tmp_path / "calls.vcf.gz", header(["child", "child"]))
    with pytest.raises(FormatError, match="'child' stands in the header twice"):
        open_scan(path, ["child"])


def test_rows__none_in_an_empty_file(tmp_path):
    scan = open_scan(write(tmp_path / "calls.vcf.gz", header(SAMPLES)), SAMPLES)
    assert list(scan.batches(INTEREST)) == []
    assert scan.records == 0


def test_rows__more_than_the_kernel_has_room_for(tmp_path, monkeypatch):
    monkeypatch.setattr("neotriage.scan.calls._ROWS", 2)
    path = write(tmp_path / "calls.vcf.gz", fuzzed(5))
    assert_same(scanned(path, SAMPLES)[1], by_cyvcf2(path, SAMPLES))


def test_rows__kernel_as_plain_python(tmp_path, monkeypatch):
    monkeypatch.setattr(kernels, "scan_calls", kernels.scan_calls.py_func)
    path = write(tmp_path / "calls.vcf.gz", fuzzed(6, 150))
    assert_same(scanned(path, SAMPLES)[1], by_cyvcf2(path, SAMPLES))


def padded(text: str) -> tuple[np.ndarray, np.ndarray]:
    raw = text.encode() + bytes(-len(text) % 8)
    return np.frombuffer(raw, np.uint8), np.frombuffer(raw, np.uint64)


@pytest.mark.parametrize("split", [kernels.split_line, kernels.split_line.py_func])
def test_split_line__every_start_and_length(split):
    ends = np.empty(8, np.int64)
    with np.errstate(over="ignore"):
        for start in range(9):
            for sizes in ([0], [1, 2], [7, 0, 0, 8], [3, 17, 1], [1] * 10):
                line = "\t".join("\x01~\x0c\x07"[n % 4] * n for n in sizes) + "\n"
                data, words = padded("." * start + line + "a\tb\n")
                assert split(data, words, start, ends) == len(sizes)
                want = [start + sum(sizes[: n + 1]) + n for n in range(len(sizes))]
                assert ends[: min(len(sizes), 7)].tolist() == want[:7]
                assert ends[-1] == want[-1]


@pytest.mark.parametrize("parse", [kernels.parse_float, kernels.parse_float.py_func])
def test_parse_float__as_python_reads_it(parse):
    rng = random.Random(3)
    texts = [
        "0",
        "-0",
        "1",
        "0.5",
        ".5",
        "5.",
        "1e3",
        "1E-7",
        "6.57300e-06",
        "123456789.123",
        "1e-40",
        "1e30",
        "99999999999999999999",
    ]
    texts += [f"{rng.random() * 10 ** rng.randint(-9, 6):.{rng.randint(0, 9)}{rng.choice('eg')}}" for _ in range(500)]
    for text in texts:
        value, is_number = parse(np.frombuffer(text.encode(), np.uint8), 0, len(text))
        assert is_number, text
        assert np.float32(value) == np.float32(float(text)), text
    for text in ("", "-", ".e5", "1e", "1.2.3", "x", "1 ", "0x10", "1_000"):
        assert not parse(np.frombuffer(text.encode() or b" ", np.uint8), 0, len(text))[1], text
    for text in (".", "nan", "NaN", "inf", "-inf"):
        value, is_number = parse(np.frombuffer(text.encode(), np.uint8), 0, len(text))
        assert is_number
        assert np.isnan(value)


@pytest.mark.parametrize("parse", [kernels.parse_integer, kernels.parse_integer.py_func])
def test_parse_integer__whole_numbers_only(parse):
    for text in ("0", "7", "-12", "+3", "123456789012345678"):
        assert parse(np.frombuffer(text.encode(), np.uint8), 0, len(text)) == (int(text), True)
    for text in ("", "-", "1.0", "a", "1234567890123456789"):
        assert not parse(np.frombuffer(text.encode() or b" ", np.uint8), 0, len(text))[1]


def expected_key(position: int, ref: str, alt: str) -> int:
    """A key by its definition in kernels/scan.py, -1 for a hashed one."""
    ref, alt = ref.upper(), alt.upper()
    while min(len(ref), len(alt)) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while min(len(ref), len(alt)) > 1 and ref[0] == alt[0]:
        ref, alt, position = ref[1:], alt[1:], position + 1
    if len(ref) + len(alt) > 13 or set(ref + alt) - set("ACGT"):
        return -1
    code = len(ref) * 16 + len(alt)
    for base in ref + alt:
        code = code * 4 + "ACGT".index(base)
    return position * 2**35 + code


@pytest.mark.parametrize("pack", [kernels.pack_keys, kernels.pack_keys.py_func])
def test_pack_keys__exact_when_short(pack):
    rng = random.Random(4)
    alleles = [
        (
            rng.randrange(1 << 27),
            "".join(rng.choices("ACGTN", [9, 9, 9, 9, 1], k=size)),
            "".join(rng.choices("ACGTacgt", k=other)),
        )
        for size, other in ((rng.randint(1, 9), rng.randint(1, 9)) for _ in range(400))
    ]
    alleles += [(5, "A", "AT"), (5, "CA", "CAT"), (5, "AT", "A"), (5, "G", "*"), (5, "G", "<DEL>"), (5, ".", "A"), (5, "", "A")]
    refs, alts = [ref for _, ref, _ in alleles], [alt for *_, alt in alleles]
    data = np.frombuffer("".join(refs + alts).encode(), np.uint8)
    offsets = np.cumsum([0, *map(len, refs + alts)]).astype(np.int64)
    keys, lefts, rights = np.empty(len(refs), np.int64), np.empty(len(refs), np.int32), np.empty(len(refs), np.int32)
    positions = np.array([position for position, _, _ in alleles], np.int32)
    pack(data, positions, offsets[: len(refs) + 1], offsets[len(refs) :], keys, lefts, rights)
    for key, (position, ref, alt) in zip(keys.tolist(), alleles, strict=True):
        if not ref or ref == "." or set(alt.upper()) - set("ACGTN"):
            assert key == -1
            continue
        expected = expected_key(position, ref, alt)
        if expected < 0:
            assert key & kernels.HASHED
            assert key >> kernels.POSITION_SHIFT >= position
        else:
            assert key == expected
    assert keys[401] == expected_key(6, "A", "AT")


def spread(seed: int, records: int, factor: int) -> str:
    """A fuzzed file whose records lie `factor` times as far apart."""
    lines = []
    for row in fuzzed(seed, records).splitlines():
        fields = row.split("\t")
        if not row.startswith("#"):
            fields[1] = str(int(fields[1]) * factor)
        lines.append(re.sub(r",length=(\d+)>", lambda found: f",length={int(found[1]) * factor}>", "\t".join(fields)))
    return "".join(f"{row}\n" for row in lines)


@pytest.mark.parametrize("kind", ["tbi", "csi", "csi of 64 bp", "none", "older"])
@pytest.mark.parametrize("sizes", [[200], [60_000]])
def test_rows__same_by_index(tmp_path, kind, sizes):
    rng = random.Random(kind)
    path = write(tmp_path / "calls.vcf.gz", spread(21, 300, 10_000), sizes)
    if kind != "none":
        options = {"tbi": ["-t"], "csi": ["-c"], "csi of 64 bp": ["-c", "-m", "6"], "older": ["-t"]}[kind]
        subprocess.run(["bcftools", "index", *options, path], check=True)
    if kind == "older":
        os.utime(tmp_path / "calls.vcf.gz.tbi", (0, 0))
    for _ in range(8):
        starts = np.array([rng.randrange(50_000_000) for _ in range(rng.choice([0, 1, 5, 60]))], np.int32)
        ends = starts + rng.choice([1, 100, 900_000])
        places = dict.fromkeys(rng.sample(list(CONTIGS), 3), (starts, ends))
        found = scanned(path, SAMPLES, Interest({}, places, None, 0.0, elsewhere=False), threads=2)
        everywhere = list(open_scan(path, SAMPLES).batches(INTEREST))
        expected = [
            batch.take(np.flatnonzero([any(a < e and p < b for a, b in zip(starts, ends, strict=True)) for p, e in of]))
            for batch in everywhere
            if batch.contig in places
            for of in [list(zip(batch.positions.tolist(), batch.ends.tolist(), strict=True))]
        ]
        assert_same(found[1], rows_of([batch for batch in expected if len(batch)]))
        assert found[0].dropped.sum() == 0
        if kind in {"none", "older"} or sizes == [200]:
            assert (found[0].records == 300) == (kind in {"none", "older"})


def test_bad_file__index_of_another_file(tmp_path):
    other = write(tmp_path / "other.vcf.gz", spread(22, 300, 10_000), [200])
    subprocess.run(["bcftools", "index", "-t", other], check=True)
    path = write(tmp_path / "calls.vcf.gz", spread(23, 300, 10_000), [170])
    shutil.copy(f"{other}.tbi", f"{path}.tbi")
    interest = Interest(
        {}, {"chr1": (np.array([10_000_000], np.int32), np.array([20_000_000], np.int32))}, None, 0.0, elsewhere=False
    )
    with pytest.raises(FormatError, match=r"index is of another file|no BGZF block"):
        scanned(path, SAMPLES, interest)


def test_bad_file__index_is_none(tmp_path):
    path = write(tmp_path / "calls.vcf.gz", fuzzed(24))
    write(tmp_path / "calls.vcf.gz.tbi", "TBI\x01 or so")
    with pytest.raises(FormatError, match="not an index"):
        scanned(path, SAMPLES, Interest({}, {"chr1": EVERYWHERE}, None, 0.0, elsewhere=False))


def test_bad_lines__found_by_index_name_the_block(tmp_path):
    rows = spread(25, 300, 10_000).splitlines(keepends=True)
    broken = next(number for number, row in enumerate(rows) if row.startswith("chr2\t") and "\tGT" in row)
    rows[broken] = re.sub(r"\tGT.*", "\tGT\t0/77\t.\t.\t.", rows[broken])
    path = write(tmp_path / "calls.vcf.gz", "".join(rows), [200])
    subprocess.run(["bcftools", "index", "-t", path], check=True)
    with pytest.raises(FormatError, match=r"GT is not a genotype.*after the BGZF block at byte \d+"):
        scanned(path, SAMPLES, Interest({}, {"chr2": EVERYWHERE}, None, 0.0, elsewhere=False))
