"""The frequency store against a plain dictionary of the same sources, and what it refuses to guess."""

from __future__ import annotations

import filecmp
import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest

from neotriage.cli import main
from neotriage.errors import BuildError, FormatError, InputError, ResourceError
from neotriage.genome import Build, Contig, ContigKind, ParRegion
from neotriage.kernels import keys as key_kernels
from neotriage.kernels import scan as scan_kernels
from neotriage.store import Store, open_store
from neotriage.store.building import Source, build_store, parse_source

BUILD = Build(
    "toy",
    (
        Contig("chr1", 100_000, ContigKind.AUTOSOME),
        Contig("chr2", 90_000, ContigKind.AUTOSOME),
        Contig("chrX", 50_000, ContigKind.X),
        Contig("chrM", 16_569, ContigKind.MITOCHONDRION),
        Contig("chrUn_1", 1_000, ContigKind.OTHER),
    ),
    (ParRegion("chrX", 100, 200),),
)
INFO = {
    "AF": "A",
    "AF_nfe": "A",
    "AF_afr": "A",
    "AF_grpmax": "A",
    "nhomalt": "A",
    "AC_XY": "A",
    "FREQ": "R",
    "ONE": "1",
}


def source_text(rows: list[str], contigs: tuple[str, ...] = ("chr1", "chr2", "chrX", "chrM")) -> str:
    header = "##fileformat=VCFv4.2\n" + "".join(
        f'##INFO=<ID={k},Number={n},Type=Float,Description="d">\n' for k, n in INFO.items()
    )
    header += "".join(f"##contig=<ID={name}>\n" for name in contigs)
    return header + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(row.replace(" ", "\t") + "\n" for row in rows)


def build(folder: Path, rows: list[str], name: str = "gnomad", absent: tuple[str, ...] = (), **fields) -> Store:
    file = folder / f"{name}.vcf"
    file.write_text(source_text(rows))
    wanted = {"frequencies": ("AF",), **fields}
    build_store(folder / "store", BUILD, [Source(name, (file,), **wanted)], absent=absent)
    return open_store(folder / "store")


def look(store: Store, contig: str, position: int, ref: str, alt: str) -> dict:
    """One look-up, 1-based as in a VCF."""
    found = store.lookup(contig, np.array([position - 1], np.int32), [ref], [alt])
    return {name: values[0] for name, values in found.items()}


def random_rows(rng: random.Random, contig: str, length: int, count: int) -> list[str]:
    rows = []
    for position in sorted(rng.randint(1, length - 200) for _ in range(count)):
        ref = "".join(rng.choices("ACGT", k=rng.choice([1, 1, 1, 2, 5, 20, 60])))
        alts = [
            rng.choice([rng.choice("ACGT"), ref + rng.choice("ACGT"), ref[0], "".join(rng.choices("ACGTN", k=30))])
            for _ in range(rng.choice([1, 1, 2, 3]))
        ]
        values = {
            key: ",".join(rng.choice([".", "0", f"{rng.random():.5e}", f"{rng.random() / 1e4:.4g}"]) for _ in alts)
            for key in ("AF", "AF_nfe", "AF_afr")
        }
        values["nhomalt"] = ",".join(rng.choice([".", "0", "3", "253", "254", "255", "70000"]) for _ in alts)
        info = ";".join(f"{key}={value}" for key, value in values.items() if rng.random() < 0.9) or "."
        rows.append(f"{contig} {position} . {ref} {','.join(alts)} . {rng.choice(['PASS', 'AC0', '.'])} {info}")
    return rows


def trimmed(position: int, ref: str, alt: str) -> tuple[int, str, str]:
    while min(len(ref), len(alt)) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while min(len(ref), len(alt)) > 1 and ref[0] == alt[0]:
        ref, alt, position = ref[1:], alt[1:], position + 1
    return position, ref, alt


def expected_store(sources: dict[str, list[str]], fields: tuple[str, ...]) -> dict[tuple, dict]:
    """What the store must say, from the definition: (contig, position, ref, alt) trimmed -> values."""
    found: dict[tuple, dict] = {}
    for name, rows in sources.items():
        for row in rows:
            contig, position, _, ref, alts, _, _filters, info = row.split(" ")
            values = dict(part.split("=") for part in info.split(";") if "=" in part)
            for number, alt in enumerate(alts.split(",")):
                site = found.setdefault((contig, *trimmed(int(position), ref, alt)), {"seen": [], "hom": {}})
                given = {key: value.split(",")[number] for key, value in values.items()}
                for key in fields:
                    if given.get(key, ".") != ".":
                        site["seen"].append((np.float32(given[key]), f"{name}:{key.removeprefix('AF_')}"))
                if given.get("nhomalt", ".") != ".":
                    site["hom"][name] = max(site["hom"].get(name, 0), int(given["nhomalt"]))
    return found


def test_lookup__equals_a_dictionary_of_the_sources(tmp_path):
    rng = random.Random(8)
    sources = {
        name: [row for c, n in (("chr1", 9_000), ("chr2", 3_000)) for row in random_rows(rng, c, n, 900)]
        for name in ("exomes", "genomes")
    }
    sources["genomes"][100:150] = sources["exomes"][100:150]
    files = {}
    for name, rows in sources.items():
        files[name] = tmp_path / f"{name}.vcf.gz"
        files[name].write_bytes(gzip.compress(source_text(rows).encode()))
    fields = ("AF_nfe", "AF_afr")
    build_store(tmp_path / "store", BUILD, [Source(n, (f,), fields, "nhomalt") for n, f in files.items()], threads=2)
    store = open_store(tmp_path / "store")
    expected = expected_store(sources, fields)
    assert sum(store.contigs.values()) == len(expected)
    keys = list(expected)
    rng.shuffle(keys)
    for contig in ("chr1", "chr2"):
        here = [key for key in keys if key[0] == contig]
        found = store.lookup(
            contig, np.array([k[1] - 1 for k in here], np.int32), [k[2].lower() for k in here], [k[3] for k in here]
        )
        assert found["is_seen"].all()
        for row, key in enumerate(here):
            frequencies = [frequency for frequency, _ in expected[key]["seen"]]
            source = found["source"][row]
            if frequencies:
                assert found["allele_frequency"][row] == max(frequencies)
                assert (max(frequencies), store.sources[source]) in expected[key]["seen"]
            else:
                assert np.isnan(found["allele_frequency"][row])
                assert source == -1
            assert found["homozygotes"][row] == (sum(expected[key]["hom"].values()) if expected[key]["hom"] else -1)
        others = store.lookup(
            contig, np.array([k[1] - 1 for k in here], np.int32), [k[2] for k in here], [k[3] + "TTTTTTTTTTTTTT" for k in here]
        )
        assert not others["is_seen"].any()
        assert np.isnan(others["allele_frequency"]).all()


def test_build__kernel_as_plain_python(tmp_path, monkeypatch):
    file = tmp_path / "a.vcf"
    file.write_text(source_text(random_rows(random.Random(10), "chr1", 9_000, 200)))
    sources = [Source("a", (file,), ("AF", "AF_nfe"), "nhomalt")]
    build_store(tmp_path / "compiled", BUILD, sources)
    monkeypatch.setattr(scan_kernels, "scan_sites", scan_kernels.scan_sites.py_func)
    build_store(tmp_path / "plain", BUILD, sources)
    names = sorted(str(p.relative_to(tmp_path / "plain")) for p in (tmp_path / "plain").rglob("*") if p.is_file())
    assert filecmp.cmpfiles(tmp_path / "plain", tmp_path / "compiled", names, shallow=False)[0] == names


def test_build__same_bytes_whatever_the_threads(tmp_path):
    rng = random.Random(9)
    file = tmp_path / "a.vcf"
    file.write_text(source_text(random_rows(rng, "chr1", 90_000, 500) + random_rows(rng, "chr2", 80_000, 500)))
    for threads in (1, 3):
        build_store(tmp_path / str(threads), BUILD, [Source("a", (file,), ("AF",), "nhomalt")], threads=threads)
    names = sorted(str(p.relative_to(tmp_path / "1")) for p in (tmp_path / "1").rglob("*") if p.is_file())
    assert "manifest.json" in names
    assert filecmp.cmpfiles(tmp_path / "1", tmp_path / "3", names, shallow=False)[0] == names


def test_lookup__missing_frequency_is_not_zero(tmp_path):
    store = build(
        tmp_path, ["chr1 5 . A C . PASS AF=.", "chr1 6 . A C . PASS AN=0", "chr1 7 . A C . PASS AF=0", "chr1 8 . A C . PASS ."]
    )
    for position in (5, 6, 8):
        found = look(store, "chr1", position, "A", "C")
        assert found["is_seen"]
        assert np.isnan(found["allele_frequency"])
        assert found["source"] == -1
    assert look(store, "chr1", 7, "A", "C")["allele_frequency"] == 0
    assert not look(store, "chr1", 7, "A", "G")["is_seen"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_build__duplicate_site_keeps_the_highest_frequency(tmp_path, order):
    rows = ["chr1 5 . A C . PASS AF=0.2;nhomalt=3", "chr1 5 . A C . AC0 AF=0.01;nhomalt=9"]
    store = build(tmp_path, [rows[n] for n in order], homozygotes="nhomalt")
    found = look(store, "chr1", 5, "A", "C")
    assert found["allele_frequency"] == np.float32(0.2)
    assert store.filters[found["source_filter"]] == "PASS"
    assert found["homozygotes"] == 9


def test_build__multiallelic_record_gives_each_alternate_its_own_value(tmp_path):
    store = build(tmp_path, ["chr1 5 . A C,G,*,<DEL> . PASS AF=0.1,0.2,0.3,0.4"])
    assert look(store, "chr1", 5, "A", "C")["allele_frequency"] == np.float32(0.1)
    assert look(store, "chr1", 5, "A", "G")["allele_frequency"] == np.float32(0.2)
    for alt in ("*", "<DEL>"):
        assert not look(store, "chr1", 5, "A", alt)["is_seen"]
    assert store.manifest["source_files"][0]["not_sequences"] == 2


def test_build__number_r_starts_with_the_reference(tmp_path):
    store = build(tmp_path, ["chr1 5 . A C,G . PASS FREQ=0.7,0.1,0.2"], frequencies=("FREQ",))
    assert look(store, "chr1", 5, "A", "G")["allele_frequency"] == np.float32(0.2)


def test_build__unnormalised_record_is_found_under_its_trimmed_form(tmp_path):
    store = build(tmp_path, ["chr1 5 . CAGT CATT . PASS AF=0.1", "chr1 20 . TTG TG . PASS AF=0.3"])
    assert look(store, "chr1", 7, "G", "T")["allele_frequency"] == np.float32(0.1)
    assert look(store, "chr1", 20, "TT", "T")["allele_frequency"] == np.float32(0.3)


def test_lookup__two_long_alleles_of_one_key_are_told_apart(tmp_path):
    rng = np.random.default_rng(1)
    alts = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, (600_000, 14))]
    alts[:, 0] = ord("A")
    data = np.concatenate([np.frombuffer(b"G" * len(alts), np.uint8), alts.ravel()])
    data.flags.writeable = False
    keys = np.empty(len(alts), np.int64)
    spare = np.empty((2, len(alts)), np.int32)
    refs, offsets = np.arange(len(alts) + 1), len(alts) + 14 * np.arange(len(alts) + 1)
    scan_kernels.pack_keys(data, np.full(len(alts), 4, np.int32), refs, offsets, keys, spare[0], spare[1])
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero((keys[order][1:] == keys[order][:-1]) & (alts[order][1:] != alts[order][:-1]).any(axis=1))
    one, two = (alts[order[same[0] + n]].tobytes().decode() for n in (0, 1))
    store = build(tmp_path, [f"chr1 5 . G {one} . PASS AF=0.4"])
    assert look(store, "chr1", 5, "G", one)["allele_frequency"] == np.float32(0.4)
    assert not look(store, "chr1", 5, "G", two)["is_seen"]
    store = build(tmp_path, [f"chr1 5 . G {two},{one} . PASS AF=0.2,0.4", f"chr1 5 . G {two} . PASS AF=0.3"])
    assert store.contigs == {"chr1": 2}
    assert look(store, "chr1", 5, "G", one)["allele_frequency"] == np.float32(0.4)
    assert look(store, "chr1", 5, "G", two)["allele_frequency"] == np.float32(0.3)


def test_lookup__hemizygotes_only_where_x_and_y_do_not_recombine(tmp_path):
    rows = [
        "chr1 150 . A C . PASS AF=0.1;AC_XY=7",
        "chrX 150 . A C . PASS AF=0.1;AC_XY=7",
        "chrX 300 . A C . PASS AF=0.1;AC_XY=7",
    ]
    store = build(tmp_path, rows, hemizygotes="AC_XY")
    assert [look(store, c, p, "A", "C")["hemizygotes"] for c, p in (("chr1", 150), ("chrX", 150), ("chrX", 300))] == [-1, -1, 7]


def test_lookup__contig_without_a_record_is_an_error(tmp_path):
    store = build(tmp_path, ["chr1 5 . A C . PASS AF=0.1"])
    with pytest.raises(ResourceError, match="no record of contig chr2"):
        look(store, "chr2", 5, "A", "C")


def test_lookup__contig_declared_absent_is_not_covered(tmp_path):
    store = build(tmp_path, ["chr1 5 . A C . PASS AF=0.1"], absent=("chrM",))
    found = look(store, "chrM", 5, "A", "C")
    assert not found["is_covered"]
    assert np.isnan(found["allele_frequency"])
    assert look(store, "chr1", 5, "A", "G")["is_covered"]


def test_lookup__of_nothing(tmp_path):
    store = build(tmp_path, ["chr1 5 . A C . PASS AF=0.1"])
    assert all(values.shape == (0,) for values in store.lookup("chr1", np.empty(0, np.int32), [], []).values())


def test_build__contig_declared_absent_that_has_records(tmp_path):
    with pytest.raises(InputError, match="--absent chr1"):
        build(tmp_path, ["chr1 5 . A C . PASS AF=0.1"], absent=("chr1",))


def test_build__contig_declared_absent_that_the_build_lacks(tmp_path):
    with pytest.raises(BuildError, match="chr77"):
        build(tmp_path, ["chr1 5 . A C . PASS AF=0.1"], absent=("chr77",))


@pytest.mark.parametrize("name", ["1", "MT", "M", "chrMT"])
@pytest.mark.parametrize("where", ["header", "records"])
def test_build__contig_of_another_style_is_an_error(tmp_path, name, where):
    file = tmp_path / "a.vcf"
    if where == "header":
        text = source_text([]).replace("##contig=<ID=chr1>", f"##contig=<ID={name},length=7>")
    else:
        text = source_text(["chr1 5 . A C . PASS AF=0.1", f"{name} 5 . A C . PASS AF=0.1"])
    file.write_text(text)
    with pytest.raises(BuildError, match=f"contig '{name}' is 'chr"):
        build_store(tmp_path / "store", BUILD, [Source("a", (file,), ("AF",))])
    assert not (tmp_path / "store").exists()


def test_build__other_contigs_are_counted_not_kept(tmp_path):
    store = build(
        tmp_path, ["chr1 5 . A C . PASS AF=0.1", "chrUn_1 5 . A C . PASS AF=0.1", "HLA-A 5 . A C,G . PASS AF=0.1,0.2"]
    )
    assert dict(store.contigs) == {"chr1": 1}
    assert store.manifest["source_files"][0]["other_contigs"] == 3


def test_build__position_beyond_the_contig(tmp_path):
    with pytest.raises(BuildError, match="beyond the end of chr2") as caught:
        build(tmp_path, ["chr1 5 . A C . PASS AF=0.1", "chr2 90001 . A C . PASS AF=0.1"])
    assert caught.value.row == source_text([]).count("\n") + 2


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("chr1 6 . A C . PASS", "fewer than 8 columns"),
        ("chr1 x . A C . PASS AF=0.1", "POS"),
        ("chr1 6 . A! C . PASS AF=0.1", "REF or ALT"),
        ("chr1 6 . A C- . PASS AF=0.1", "REF or ALT"),
        ("chr1 6 . A C . PASS AF=1.5", "not a number from 0 to 1"),
        ("chr1 6 . A C . PASS AF=often", "not a number from 0 to 1"),
        ("chr1 6 . A C . PASS AF=0.1;nhomalt=1.5", "not a whole number"),
        ("chr1 6 . A C,G . PASS AF=0.1", "another number of values"),
        ("chr1 6 . A C . PASS AF=0.1,0.2", "another number of values"),
    ],
)
def test_build__bad_line_is_named_and_the_old_store_stays(tmp_path, row, text):
    build(tmp_path, ["chr1 5 . A C . PASS AF=0.25"])
    with pytest.raises(FormatError, match=text) as caught:
        build(tmp_path, ["chr1 5 . A C . PASS AF=0.1", row], homozygotes="nhomalt")
    assert caught.value.row == source_text([]).count("\n") + 2
    assert look(open_store(tmp_path / "store"), "chr1", 5, "A", "C")["allele_frequency"] == np.float32(0.25)


def test_build__number_1_on_a_record_with_two_alternates(tmp_path):
    build(tmp_path, ["chr1 5 . A C . PASS ONE=0.1"], frequencies=("ONE",))
    with pytest.raises(FormatError, match="another number of values"):
        build(tmp_path, ["chr1 5 . A C,G . PASS ONE=0.1"], frequencies=("ONE",))


def test_build__field_that_the_header_lacks(tmp_path):
    with pytest.raises(InputError, match="declares no INFO field AF_sas"):
        build(tmp_path, [], frequencies=("AF_sas",))


def test_build__default_fields_are_those_declared(tmp_path):
    store = build(
        tmp_path, ["chr1 5 . A C . PASS AF=0.1;AF_grpmax=0.3", "chr1 6 . A C . PASS AF=0.1;AF_grpmax=."], frequencies=()
    )
    assert look(store, "chr1", 5, "A", "C")["allele_frequency"] == np.float32(0.3)
    found = look(store, "chr1", 6, "A", "C")
    assert store.sources[found["source"]] == "gnomad:all"


def test_open__what_is_no_store(tmp_path):
    with pytest.raises(ResourceError, match="not a store"):
        open_store(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ResourceError, match="not the manifest"):
        open_store(tmp_path)
    (tmp_path / "manifest.json").write_text('{"format": "neotriage store", "version": 999}')
    with pytest.raises(ResourceError, match="version 999"):
        open_store(tmp_path)


def test_open__file_cut_short_or_changed(tmp_path):
    store = build(tmp_path, ["chr1 5 . A C . PASS AF=0.1", "chr1 9 . A C . PASS AF=0.2"])
    store.check()
    file = tmp_path / "store" / "chr1" / "allele_frequency.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"?")
    with pytest.raises(ResourceError, match="checksum"):
        open_store(tmp_path / "store").check()
    file.write_bytes(whole[:-1])
    with pytest.raises(ResourceError, match="not as long"):
        look(open_store(tmp_path / "store"), "chr1", 5, "A", "C")


def test_parse_source__keys_and_lists(tmp_path):
    for name in ("chr1", "chr2"):
        (tmp_path / f"g.{name}.vcf").write_text("")
    source = parse_source(f"name=g,vcf={tmp_path}/g.*.vcf,af=AF_nfe,AF_afr,hom=nhomalt,hemi=AC_XY")
    assert source == Source("g", (tmp_path / "g.chr1.vcf", tmp_path / "g.chr2.vcf"), ("AF_nfe", "AF_afr"), "nhomalt", "AC_XY")


@pytest.mark.parametrize(
    "text", ["name=g", "vcf=x", "name=g,vcf=", "name=g,vcf=x,hom=a,b", "name=g,vcf=x,colour=blue", "name=g,name=h,vcf=x"]
)
def test_parse_source__what_is_not_understood(text):
    with pytest.raises(InputError, match="--source"):
        parse_source(text)


def test_command__build_info_query(tmp_path, capsys):
    build_yaml = tmp_path / "toy.yaml"
    contigs = "".join(f"  - {{name: {c.name}, length: {c.length}, kind: {c.kind.value}}}\n" for c in BUILD.contigs)
    build_yaml.write_text(f"name: toy\ncontigs:\n{contigs}")
    file = tmp_path / "a.vcf"
    file.write_text(source_text(["chr1 5 . A C . PASS AF=0.125;nhomalt=2"]))
    command = ["store", "build", "--output", str(tmp_path / "s"), "--build", str(build_yaml), "--absent", "chrM"]
    for arguments in (
        [*command, "--source", f"name=g,vcf={file},af=AF,hom=nhomalt"],
        ["store", "info", str(tmp_path / "s"), "--verify"],
        ["store", "query", str(tmp_path / "s"), "chr1:5:A:C", "chr1:5:A:G", "chrM:5:A:G"],
    ):
        with pytest.raises(SystemExit) as done:
            main(arguments)
        assert done.value.code == 0
    printed = capsys.readouterr()
    assert "no record on chr2, chrX" in printed.err
    assert "chr1:5:A:C\t0.125\tg:all\tPASS\t2\t-1\tseen" in printed.out
    assert "chr1:5:A:G\tnan\t.\t.\t-1\t-1\tnot seen" in printed.out
    assert "chrM:5:A:G\tnan\t.\t.\t-1\t-1\tnot covered" in printed.out
    manifest = json.loads((tmp_path / "s" / "manifest.json").read_text())
    assert str(tmp_path) not in json.dumps(manifest)


@pytest.mark.parametrize("combine", [key_kernels.combine, key_kernels.combine.py_func])
def test_combine__every_order_of_four_rows(combine):
    rng = random.Random(5)
    for _ in range(200):
        rows = sorted(
            (rng.randrange(2), rng.randrange(2), rng.choice([np.nan, 0.0, 0.1, 0.2]), rng.choice([-1, 0, 4])) for _ in range(4)
        )
        site, owner, frequency, count = (np.array(values) for values in zip(*rows, strict=True))
        is_new = np.append(True, site[1:] != site[:-1])
        sites = int(is_new.sum())
        out = (
            np.empty(sites, np.int64),
            np.empty(sites, np.float32),
            np.empty(sites, np.int16),
            np.empty(sites, np.int16),
            np.empty((sites, 2), np.int32),
        )
        numbers = np.arange(4, dtype=np.int16)
        counts = np.stack([count, np.full(4, -1)], axis=1).astype(np.int32)
        found = combine(
            np.arange(4), is_new, owner.astype(np.int16), frequency.astype(np.float32), numbers, numbers, counts, out
        )
        assert found == sites
        for place, number in enumerate(np.unique(site)):
            here = np.flatnonzero(site == number)
            known = [r for r in here if not np.isnan(frequency[r])]
            best = max(known, key=lambda r: (frequency[r], -r)) if known else here[0]
            np.testing.assert_array_equal(out[1][place], np.float32(frequency[best]))
            assert out[2][place] == best
            by_owner = [max(count[r] for r in here if owner[r] == o) for o in (0, 1) if any(owner[here] == o)]
            assert out[4][place].tolist() == [sum(v for v in by_owner if v >= 0) if max(by_owner) >= 0 else -1, -1]
