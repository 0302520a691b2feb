"""Outside resources: a server that drops, lies and ignores; locks; slices; what is built of them."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pysam
import pytest
import yaml

from neotriage.cli import main
from neotriage.errors import InputError, ResourceError
from neotriage.gene_models import read_gene_models
from neotriage.genome import read_build
from neotriage.resources import RemoteFile, Trust, fetch_file, open_session, read_lock, read_manifest
from neotriage.resources.building import build_all, config_of
from neotriage.resources.ensembl import write_gene_models
from neotriage.resources.installing import HERE, fetch_all, install_from
from neotriage.resources.installing import plan as plan_files
from neotriage.resources.lock import check_files, write_lock
from neotriage.resources.slicing import panel_regions, slice_vcf
from neotriage.store import open_store
from neotriage.store.building import Source, build_store

BODY = bytes(range(256)) * 4000  # 1,024,000 bytes
AT_ONCE = (0.0, 0.0, 0.0, 0.0)


@dataclass
class Faults:
    """What the server does to a path, and what it was asked."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    drops_after: dict[str, list[int]] = field(default_factory=dict)  # bytes of each answer before the connection ends
    promised: dict[str, int] = field(default_factory=dict)  # Content-Length in place of the true one
    ignores_range: set[str] = field(default_factory=set)
    tags: dict[str, list[str]] = field(default_factory=dict)  # ETag of each answer
    asked: list[tuple[str, str]] = field(default_factory=list)  # path, Range


class Handler(BaseHTTPRequestHandler):
    """Answers as the faults of its server say."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Size of a file."""
        body = self.server.faults.bodies.get(self.path)  # type: ignore[attr-defined]
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()

    def do_GET(self) -> None:
        """A file, or what the faults make of it."""
        faults: Faults = self.server.faults  # type: ignore[attr-defined]
        faults.asked.append((self.path, self.headers.get("Range", "")))
        whole = faults.bodies.get(self.path)
        if whole is None:
            self.send_error(404)
            return
        tags = faults.tags.get(self.path, ['"one"'])
        tag = tags.pop(0) if len(tags) > 1 else tags[0]
        asked = self.headers.get("Range", "")
        start = 0
        is_part = asked and self.path not in faults.ignores_range and self.headers.get("If-Range") == tag
        if is_part:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), int(last or len(whole) - 1)
            if start >= len(whole):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(whole)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
        body = whole[start:]
        self.send_response(206 if is_part else 200)
        if is_part:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(whole)}")
        promised = faults.promised.get(self.path, len(whole)) - start
        self.send_header("Content-Length", str(promised))
        self.send_header("ETag", tag)
        self.end_headers()
        drops = faults.drops_after.get(self.path)
        if drops:
            body = body[: drops.pop(0)]
        self.wfile.write(body[:promised])
        if len(body) < promised:
            self.close_connection = True


@pytest.fixture
def server() -> Iterator[tuple[str, Faults]]:
    """Address of a server on this machine, and what it is to do wrong."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.faults = Faults()  # type: ignore[attr-defined]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", http.faults  # type: ignore[attr-defined]
        http.shutdown()
        thread.join()


@pytest.fixture
def session():
    with open_session() as opened:
        yield opened


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def manifest(folder: Path, base: str, names: dict[str, dict[str, object]]) -> Path:
    """A manifest of one file a resource."""
    entries = [
        {"name": name, "version": "1", "licence": "none", "tiers": ["lite", "full"], "needed_by": "tests", "files": [
            {"path": f"{name}/{name}.bin", "address": f"{base}/{name}"} | more]}
        for name, more in names.items()
    ]  # fmt: skip
    path = folder / "manifest.yaml"
    path.write_text(yaml.safe_dump({"resources": entries}))
    return path


# ---- the manifest


def test_manifest__bundled_one_is_whole() -> None:
    entries = read_manifest()
    names = {entry.name for entry in entries}
    asked = {"reference", "ensembl", "mane", "clinvar", "gnomad_exomes", "gnomad_genomes", "gnomad_sv", "gnomad_constraint"}
    asked |= {"hpo", "panelapp", "hgnc", "revel", "alphamissense", "spliceai", "clingen_dosage", "mappability", "giab_trio"}
    assert names >= asked
    exomes = next(entry for entry in entries if entry.name == "gnomad_exomes")
    assert len(exomes.files) == 48
    assert exomes.files[0].address.endswith("gnomad.exomes.v4.1.sites.chr1.vcf.bgz")
    spliceai = next(entry for entry in entries if entry.name == "spliceai")
    assert [file.addresses for file in spliceai.files] == [(), ()]
    assert "BaseSpace" in spliceai.note
    assert all(file.address.startswith("https://") for entry in entries for file in entry.files if file.address)


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside", "a/../../outside", ""])
def test_manifest__path_that_leaves_the_folder(tmp_path: Path, path: str) -> None:
    file = manifest(tmp_path, "http://x", {"one": {"path": path}})
    with pytest.raises(InputError, match="is not below the folder"):
        read_manifest(file)


def test_manifest__address_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no web address"):
        read_manifest(manifest(tmp_path, "file:///etc", {"one": {}}))


# ---- one file


def test_fetch__dropped_connections_are_resumed(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies["/a"] = BODY
    faults.drops_after["/a"] = [300_000, 300_000]
    seen: list[int] = []
    got = fetch_file(session, RemoteFile("a", f"{base}/a"), tmp_path / "a", progress=seen.append, pauses_s=AT_ONCE)
    assert (tmp_path / "a").read_bytes() == BODY
    block = 65_536
    assert [asked for _, asked in faults.asked] == ["", f"bytes={4 * block}-", f"bytes={8 * block}-"]
    assert (got.size, got.sha256, got.trust) == (len(BODY), sha256(BODY), Trust.FIRST_USE)
    assert sum(seen) == len(BODY)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_fetch__killed_process_is_resumed(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies["/a"] = BODY
    (tmp_path / "a.part").write_bytes(BODY[:1000])
    (tmp_path / "a.part.from").write_text(f'{base}/a\n"one"')
    fetch_file(session, RemoteFile("a", f"{base}/a"), tmp_path / "a", pauses_s=AT_ONCE)
    assert (tmp_path / "a").read_bytes() == BODY
    assert faults.asked == [("/a", "bytes=1000-")]


def test_fetch__killed_when_all_was_here(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies["/a"] = BODY
    (tmp_path / "a.part").write_bytes(BODY)
    (tmp_path / "a.part.from").write_text(f'{base}/a\n"one"')
    fetch_file(session, RemoteFile("a", f"{base}/a"), tmp_path / "a", pauses_s=AT_ONCE)
    assert (tmp_path / "a").read_bytes() == BODY
    assert len(faults.asked) == 1


def test_fetch__server_ignores_range(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies["/a"] = BODY
    faults.drops_after["/a"] = [300_000]
    faults.ignores_range.add("/a")
    seen: list[int] = []
    fetch_file(session, RemoteFile("a", f"{base}/a"), tmp_path / "a", progress=seen.append, pauses_s=AT_ONCE)
    assert (tmp_path / "a").read_bytes() == BODY
    assert sum(seen) == len(BODY)


def test_fetch__another_release_while_fetching(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies["/a"] = BODY
    faults.drops_after["/a"] = [300_000]
    faults.tags["/a"] = ['"old"', '"new"']
    fetch_file(session, RemoteFile("a", f"{base}/a"), tmp_path / "a", pauses_s=AT_ONCE)
    assert (tmp_path / "a").read_bytes() == BODY  # not 300,000 bytes of the old one and the rest of the new one


def test_fetch__promises_more_than_it_has(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies["/a"] = BODY
    faults.promised["/a"] = len(BODY) + 500
    faults.ignores_range.add("/a")
    with pytest.raises(ResourceError, match=r"a was not fetched: .*the connection broke"):
        fetch_file(session, RemoteFile("a", f"{base}/a"), tmp_path / "a", pauses_s=AT_ONCE)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("stated", [{"size": len(BODY)}, {"sha256": sha256(BODY)}])
def test_fetch__promises_less_than_it_has(server, session, tmp_path: Path, stated: dict) -> None:
    base, faults = server
    faults.bodies["/a"] = BODY
    faults.promised["/a"] = len(BODY) - 500
    with pytest.raises(ResourceError, match="the manifest says"):
        fetch_file(session, RemoteFile("a", f"{base}/a", **stated), tmp_path / "a", pauses_s=AT_ONCE)
    assert list(tmp_path.iterdir()) == []


def test_fetch__cut_bgzip_without_any_checksum(server, session, tmp_path: Path) -> None:
    base, faults = server
    whole = tmp_path / "whole.vcf.gz"
    with pysam.BGZFile(str(whole), "wb", None) as out:
        out.write(b"##fileformat=VCFv4.2\n" * 20_000)
    faults.bodies["/v"] = whole.read_bytes()
    file = RemoteFile("v.vcf.gz", f"{base}/v")
    assert fetch_file(session, file, tmp_path / "v.vcf.gz", pauses_s=AT_ONCE).trust is Trust.FIRST_USE
    faults.promised["/v"] = len(whole.read_bytes()) - 100
    with pytest.raises(ResourceError, match="cut short, bgzip's end mark is lacking"):
        fetch_file(session, file, tmp_path / "again.vcf.gz", pauses_s=AT_ONCE)


def test_fetch__wrong_checksum_is_refused_and_the_mirror_taken(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies |= {"/bad": BODY[::-1], "/good": BODY}
    file = RemoteFile("a", f"{base}/bad", (f"{base}/good",), sha256=sha256(BODY))
    got = fetch_file(session, file, tmp_path / "a", pauses_s=AT_ONCE)
    assert (got.address, got.trust) == (f"{base}/good", Trust.MANIFEST)
    with pytest.raises(ResourceError, match=r"SHA-256 is .* the manifest says"):
        fetch_file(session, RemoteFile("b", f"{base}/bad", sha256=sha256(BODY)), tmp_path / "b", pauses_s=AT_ONCE)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_fetch__providers_md5(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies |= {"/a": BODY, "/a.md5": f"{md5(BODY)}  /panfs/a\n".encode()}
    file = RemoteFile("a", f"{base}/a", md5_address=f"{base}/a.md5")
    got = fetch_file(session, file, tmp_path / "a", pauses_s=AT_ONCE)
    assert (got.trust, got.md5) == (Trust.PROVIDER, md5(BODY))
    faults.bodies["/a"] = BODY[:-1] + b"x"
    with pytest.raises(ResourceError, match="its provider says"):
        fetch_file(session, file, tmp_path / "b", pauses_s=AT_ONCE)
    faults.bodies["/a.md5"] = b"<html>sign in</html>"
    with pytest.raises(ResourceError, match="holds no md5"):
        fetch_file(session, file, tmp_path / "b", pauses_s=AT_ONCE)


def test_fetch__not_there_is_not_asked_again(server, session, tmp_path: Path) -> None:
    base, faults = server
    with pytest.raises(ResourceError, match="the server answers 404"):
        fetch_file(session, RemoteFile("a", f"{base}/a"), tmp_path / "a", pauses_s=AT_ONCE)
    assert len(faults.asked) == 1


# ---- a folder


def test_fetch_all__lock_and_second_time(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies |= {f"/{name}": name.encode() * 1000 for name in ("one", "two", "three")}
    entries = read_manifest(manifest(tmp_path, base, {"one": {}, "two": {"sha256": sha256(b"two" * 1000)}, "three": {}}))
    folder = tmp_path / "local"
    folder.mkdir()
    wanted = plan_files(entries, folder, session)
    assert [(one.size, one.state) for one in wanted] == [(3000, "to fetch"), (3000, "to fetch"), (5000, "to fetch")]
    list(fetch_all(wanted, folder, session, "2026-11-21", pauses_s=AT_ONCE))
    lock = read_lock(folder)
    assert {path: (one.size, one.trust.value, one.date) for path, one in lock.items()} == {
        "one/one.bin": (3000, "first use", "2026-11-21"),
        "two/two.bin": (3000, "manifest", "2026-11-21"),
        "three/three.bin": (5000, "first use", "2026-11-21"),
    }
    assert [one.state for one in plan_files(entries, folder, session)] == [HERE] * 3
    assert check_files(folder, lock) == []


def test_fetch_all__one_fails_the_others_stay(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies |= {"/one": b"1", "/three": b"3"}
    entries = read_manifest(manifest(tmp_path, base, {"one": {}, "two": {}, "three": {}}))
    wanted = plan_files(entries, tmp_path, session)
    with pytest.raises(ResourceError, match=r"1 of 3 files not fetched: two/two\.bin"):
        list(fetch_all(wanted, tmp_path, session, "2026-11-21", pauses_s=AT_ONCE))
    assert set(read_lock(tmp_path)) == {"one/one.bin", "three/three.bin"}


def test_plan__provider_has_a_newer_one(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies |= {"/one": b"1", "/one.md5": md5(b"1").encode()}
    entries = read_manifest(manifest(tmp_path, base, {"one": {"md5_address": f"{base}/one.md5"}}))
    list(fetch_all(plan_files(entries, tmp_path, session), tmp_path, session, "2026-11-21"))
    assert [one.state for one in plan_files(entries, tmp_path, session, renew=True)] == [HERE]
    faults.bodies |= {"/one": b"2", "/one.md5": md5(b"2").encode()}
    assert [one.state for one in plan_files(entries, tmp_path, session)] == ["newer there"]
    assert [one.state for one in plan_files(entries, tmp_path, session, renew=True)] == ["to fetch"]


def test_mirror__is_tried_first_and_need_not_have_all(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies |= {"/mirror/one/one.bin": b"same", "/one": b"same", "/two": b"two"}
    entries = read_manifest(manifest(tmp_path, base, {"one": {}, "two": {}}))
    wanted = plan_files(entries, tmp_path, session)
    got = {one.path: one.address for one in fetch_all(wanted, tmp_path, session, "2026-11-21", mirrors=[f"{base}/mirror"])}
    assert got == {"one/one.bin": f"{base}/mirror/one/one.bin", "two/two.bin": f"{base}/two"}


def test_install__from_a_folder_that_was_carried(server, session, tmp_path: Path) -> None:
    base, faults = server
    faults.bodies |= {"/one": b"1", "/two": b"2"}
    entries = read_manifest(manifest(tmp_path, base, {"one": {}, "two": {}}))
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    list(fetch_all(plan_files(entries, outside, session), outside, session, "2026-11-21"))
    asked = len(faults.asked)
    installed = list(install_from(entries, outside, inside, "2026-11-22"))
    assert [one.trust for one in installed] == [Trust.OTHER_LOCK] * 2
    assert len(faults.asked) == asked
    (outside / "two" / "two.bin").write_bytes(b"3")
    with pytest.raises(ResourceError, match="is not what its lock"):
        list(install_from(entries, outside, inside, "2026-11-23"))
    assert check_files(inside, read_lock(inside)) == []


def test_install__file_by_name_with_its_md5(tmp_path: Path) -> None:
    entries = read_manifest(manifest(tmp_path, "http://nowhere", {"one": {}}))
    source, folder = tmp_path / "stick", tmp_path / "local"
    source.mkdir()
    folder.mkdir()
    (source / "one.bin").write_bytes(b"1")
    (source / "one.bin.md5").write_text(md5(b"1"))
    assert [one.trust for one in install_from(entries, source, folder, "2026-11-21")] == [Trust.PROVIDER]
    (source / "one.bin").unlink()
    with pytest.raises(ResourceError, match=r"no one/one\.bin of one"):
        list(install_from(entries, source, tmp_path / "other", "2026-11-21"))


# ---- the command


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = 0
    try:
        main(["resources", *arguments])
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_command__plan_fetch_verify_diff(server, tmp_path: Path, capsys) -> None:
    base, faults = server
    faults.bodies |= {"/one": b"1" * 2_000_000, "/two": b"2" * 500_000}
    file = str(manifest(tmp_path, base, {"one": {}, "two": {}}))
    folder = str(tmp_path / "local")
    code, out, _ = run(capsys, "plan", "--manifest", file, "--folder", folder)
    assert (code, out.splitlines()[-1]) == (0, "to fetch: 2 files, 2.5 MB")
    assert not Path(folder).exists()
    code, out, _ = run(capsys, "fetch", "--manifest", file, "--folder", folder)
    assert code == 0
    assert out.index("to fetch: 2 files, 2.5 MB") < out.index("one/one.bin\t2000000\tby first use")
    assert "2 files have no checksum of their provider" in out
    code, out, _ = run(capsys, "verify", "--folder", folder)
    assert (code, out) == (0, "2 files are as they were taken in\n")
    code, out, _ = run(capsys, "diff", "--manifest", file, "--folder", folder)
    assert out == "no difference to the manifest\n"
    path = tmp_path / "local" / "two" / "two.bin"
    path.write_bytes(b"3" * 500_000)
    code, _, err = run(capsys, "verify", "--folder", folder)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert f"{path}: has SHA-256 " in err


def test_command__diff_of_two_folders(tmp_path: Path, capsys) -> None:
    for name, content in (("old", b"1"), ("new", b"2")):
        folder = tmp_path / name
        (folder / "stick").mkdir(parents=True)
        (folder / "stick" / "one.bin").write_bytes(content)
        list(install_from(read_manifest(manifest(tmp_path, "http://x", {"one": {}})), folder / "stick", folder, "2026-11-21"))
    _, out, _ = run(capsys, "diff", str(tmp_path / "old"), "--folder", str(tmp_path / "new"))
    assert out.startswith("one/one.bin\tcontent\td4735e3a265e16ee… here, 6b86b273ff34fce1… in ")


# ---- the lite tier


def test_slice__panel_genes_over_the_index_alone(server, demo: Path, tmp_path: Path) -> None:
    base, faults = server
    vcf = demo / "frequencies.vcf.gz"
    faults.bodies |= {"/f.vcf.gz": vcf.read_bytes(), "/f.vcf.gz.tbi": Path(f"{vcf}.tbi").read_bytes()}
    models = read_gene_models(demo / "genes.gff3", read_build(demo / "genome.yaml"))
    panel = tmp_path / "one.tsv"
    panel.write_text("symbol\tconfidence\tmode_of_inheritance\nGALT\t3\tBIALLELIC, autosomal or pseudoautosomal\n")
    regions = panel_regions([panel], models)
    gene = next(gene for gene in models.genes if gene.symbol == "GALT")
    assert regions == [("chr1", gene.start - 500, gene.end + 500)]
    target = tmp_path / "sliced.vcf.gz"
    records = slice_vcf(f"{base}/f.vcf.gz", Path(f"{vcf}.tbi"), regions, target)
    with pysam.TabixFile(str(vcf)) as whole, pysam.TabixFile(str(target)) as part:
        assert list(part.fetch("chr1")) == list(whole.fetch(*regions[0]))
        assert records == sum(1 for _ in part.fetch("chr1")) > 5
        assert any(line.startswith("##neotriage_slice=<Regions=1,") for line in part.header)


def test_store_of_regions__outside_is_not_covered(demo: Path, tmp_path: Path) -> None:
    build = read_build(demo / "genome.yaml")
    source = Source("s", (demo / "frequencies.vcf.gz",), ("AF",))
    build_store(tmp_path / "whole", build, [source])
    build_store(tmp_path / "part", build, [source], regions=[("chr1", 30_000, 40_000)])
    with pysam.VariantFile(str(demo / "frequencies.vcf.gz")) as vcf:
        sites = [(r.pos - 1, r.ref, r.alts[0]) for r in vcf.fetch("chr1")]
    positions, refs, alts = (list(column) for column in zip(*sites, strict=True))
    inside = [30_000 <= position < 40_000 for position in positions]
    assert 0 < sum(inside) < len(inside)
    places = np.array(positions, np.int32)
    assert open_store(tmp_path / "part").lookup("chr1", places, refs, alts)["is_covered"].tolist() == inside
    assert open_store(tmp_path / "whole").lookup("chr1", places, refs, alts)["is_covered"].all()
    assert not open_store(tmp_path / "part").covers("chr2", places).any()


# ---- what is built

ENSEMBL = """##gff-version 3
1\tensembl_havana\tgene\t1000\t2000\t.\t+\t.\tID=gene:ENSG1;Name=AAA;description=a [Source:HGNC Symbol%3BAcc:HGNC:5]
1\tensembl_havana\tmRNA\t1000\t2000\t.\t+\t.\tID=transcript:ENST1;Parent=gene:ENSG1;biotype=protein_coding;tag=basic,Ensembl_canonical,MANE_Select;transcript_id=ENST1;version=2
1\tensembl_havana\texon\t1000\t2000\t.\t+\t.\tParent=transcript:ENST1;Name=ENSE1
1\tensembl_havana\tCDS\t1100\t1399\t.\t+\t0\tID=CDS:ENSP1;Parent=transcript:ENST1;protein_id=ENSP1
1\thavana\tmRNA\t1000\t2000\t.\t+\t.\tID=transcript:ENST2;Parent=gene:ENSG1;biotype=protein_coding;tag=basic;transcript_id=ENST2;version=1
1\thavana\texon\t1000\t1500\t.\t+\t.\tParent=transcript:ENST2;Name=ENSE2
1\thavana\tncRNA_gene\t3000\t3100\t.\t-\t.\tID=gene:ENSG2;Name=RNU;biotype=snRNA;gene_id=ENSG2
1\thavana\tsnRNA\t3000\t3100\t.\t-\t.\tID=transcript:ENST3;Parent=gene:ENSG2;biotype=snRNA;tag=basic,Ensembl_canonical;transcript_id=ENST3;version=1
1\thavana\texon\t3000\t3100\t.\t-\t.\tParent=transcript:ENST3;Name=ENSE3
1\thavana\tpseudogene\t4000\t4100\t.\t-\t.\tID=gene:ENSG3;Name=PPP;biotype=processed_pseudogene;gene_id=ENSG3
1\thavana\tpseudogenic_transcript\t4000\t4100\t.\t-\t.\tID=transcript:ENST4;Parent=gene:ENSG3;biotype=processed_pseudogene;tag=basic,Ensembl_canonical;version=1
1\thavana\texon\t4000\t4100\t.\t-\t.\tParent=transcript:ENST4;Name=ENSE4
MT\tinsdc\tncRNA_gene\t648\t1601\t.\t+\t.\tID=gene:ENSG4;Name=MT-RNR1;biotype=Mt_rRNA;gene_id=ENSG4
MT\tinsdc\trRNA\t648\t1601\t.\t+\t.\tID=transcript:ENST5;Parent=gene:ENSG4;biotype=Mt_rRNA;tag=basic;version=2
MT\tinsdc\texon\t648\t1601\t.\t+\t.\tParent=transcript:ENST5;Name=ENSE5
KI270728.1\tx\tgene\t1\t9\t.\t+\t.\tID=gene:ENSG9;Name=ZZZ;biotype=protein_coding
"""
MANE = "#NCBI_GeneID\tEnsembl_Gene\tHGNC_ID\tsymbol\tname\tRefSeq_nuc\tRefSeq_prot\tEnsembl_nuc\tEnsembl_prot\tMANE_status\n"
MANE += "GeneID:1\tENSG1.3\tHGNC:5\tAAA\taaa\tNM_1.4\tNP_1.4\tENST1.2\tENSP1.2\tMANE Select\n"


def test_gene_models__of_ensembl_and_mane(tmp_path: Path) -> None:
    (tmp_path / "e.gff3.gz").write_bytes(gzip.compress(ENSEMBL.encode()))
    (tmp_path / "m.txt.gz").write_bytes(gzip.compress(MANE.encode()))
    build = read_build("GRCh38")
    assert write_gene_models(tmp_path / "e.gff3.gz", tmp_path / "m.txt.gz", build, tmp_path / "out.gff3.gz") == 3
    models = read_gene_models(tmp_path / "out.gff3.gz", build)
    assert [(gene.symbol, gene.contig, gene.hgnc_id) for gene in models.genes] == [
        ("AAA", "chr1", "HGNC:5"), ("RNU", "chr1", ""), ("MT-RNR1", "chrM", "")
    ]  # fmt: skip
    first = models.transcripts[0]
    assert (first.id, first.refseq, first.is_mane_select, first.cds) == ("ENST1.2", "NM_1.4", True, ((1099, 1399),))


def sites(path: Path) -> list[tuple[str, int, str | None]]:
    with pysam.VariantFile(str(path)) as vcf:
        return [(record.chrom, record.pos, record.id) for record in vcf]


def gnomad_like(demo: Path, folder: Path, contig: str) -> Path:
    """One contig of the demo's frequencies with the fields that gnomAD has."""
    tags = '##INFO=<ID=AC_XY,Number=A,Type=Integer,Description="x">\n'
    with gzip.open(demo / "frequencies.vcf.gz", "rt") as text:
        lines = text.read().replace("#CHROM", f"{tags}#CHROM").splitlines()
    path = folder / f"exomes.{contig}.vcf"
    path.write_text("\n".join(line for line in lines if line.startswith(("#", f"{contig}\t"))) + "\n")
    pysam.tabix_index(str(path), preset="vcf")
    return folder / f"exomes.{contig}.vcf.gz"


def test_lite__from_servers_to_a_config(server, demo: Path, tmp_path: Path, capsys) -> None:
    """Gene models are built first, gnomAD is sliced by the panel's genes, and the store knows that it holds no more."""
    base, faults = server
    for contig in ("chr1", "chr2"):
        vcf = gnomad_like(demo, tmp_path, contig)
        faults.bodies |= {f"/{vcf.name}": vcf.read_bytes(), f"/{vcf.name}.tbi": Path(f"{vcf}.tbi").read_bytes()}
    faults.bodies |= {
        "/e.gff3.gz": gzip.compress((demo / "genes.gff3").read_bytes()),
        "/m.txt.gz": gzip.compress(MANE.encode()),
        "/panel.json": (demo / "panel.json").read_bytes(),
    }
    common = {"version": "1", "licence": "none", "tiers": ["lite", "full"], "needed_by": "tests"}
    exomes = "exomes.{contig}.vcf.gz"
    files = [{"path": f"gnomad/{exomes}{end}", "address": f"{base}/{exomes}{end}"} for end in ("", ".tbi")]
    entries = [
        {"name": "ensembl", "files": [{"path": "genes/e.gff3.gz", "address": f"{base}/e.gff3.gz"}]},
        {"name": "mane", "files": [{"path": "genes/m.txt.gz", "address": f"{base}/m.txt.gz"}]},
        {"name": "panelapp", "files": [{"path": "panels/panel.json", "address": f"{base}/panel.json"}]},
        {"name": "gnomad_exomes", "slice": True, "contigs": ["chr1", "chr2"], "files": files},
    ]
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"resources": [entry | common for entry in entries]}))
    folder, build = tmp_path / "local", str(demo / "genome.yaml")
    arguments = ["--manifest", str(tmp_path / "m.yaml"), "--folder", str(folder), "--build", build]
    code, out, err = run(capsys, "fetch", "--tier", "lite", *arguments)
    assert code == 0, err
    assert set(read_lock(folder)) >= {"sliced/gnomad/exomes.chr1.vcf.gz", "gnomad/exomes.chr1.vcf.gz.tbi"}
    assert "gnomad/exomes.chr1.vcf.gz" not in read_lock(folder)
    code, out, err = run(capsys, "plan", "--tier", "lite", "--manifest", str(tmp_path / "m.yaml"), "--folder", str(folder))
    assert out.splitlines()[-1] == "to fetch: 0 files, 0.0 MB"
    code, out, err = run(capsys, "build", "--folder", str(folder), "--build", build)
    assert code == 0, err
    assert "store\tbuilt from 2 files" in out
    models = read_gene_models(folder / "built" / "gene_models.gff3.gz", read_build(build))
    gene = next(gene for gene in models.genes if gene.symbol == "GALT")
    store = open_store(folder / "built" / "store")
    assert store.covers("chr1", np.array([gene.start, 1], np.int32)).tolist() == [True, False]
    config = yaml.safe_load((folder / "built" / "config.yaml").read_text())
    assert config["calls"] == {"regions_bed": str(folder / "built" / "lite.bed")}
    assert config["resources"]["frequencies"][0]["vcf"] == str(folder / "sliced" / "gnomad" / "exomes.chr*.vcf.gz")
    code, out, _ = run(capsys, "verify", "--folder", str(folder))
    assert code == 0


def test_build__from_a_folder_of_fetched_files(demo: Path, tmp_path: Path) -> None:
    """ClinVar without `chr`, constraint, gnomAD per contig: built, named in a config, and not built twice."""
    folder = tmp_path / "local"
    source = tmp_path / "stick"
    source.mkdir()
    with gzip.open(demo / "clinvar.vcf.gz", "rt") as text:
        plain = (
            text.read().replace("ID=chr", "ID=").replace("\nchr", "\n").replace("ID=M,", "ID=MT,").replace("\nM\t", "\nMT\t")
        )
    (source / "clinvar.vcf").write_text(plain)
    pysam.tabix_compress(str(source / "clinvar.vcf"), str(source / "clinvar.vcf.gz"))
    (source / "constraint.txt.bgz").write_bytes(gzip.compress((demo / "constraint.tsv").read_bytes()))
    for contig in ("chr1", "chr2"):
        gnomad_like(demo, source, contig)
    entries = [
        {"name": "clinvar", "files": [{"path": "clinvar/clinvar.vcf.gz"}]},
        {"name": "gnomad_constraint", "files": [{"path": "gnomad/constraint.txt.bgz"}]},
        {"name": "gnomad_exomes", "contigs": ["chr1", "chr2"], "files": [
            {"path": "gnomad/exomes.{contig}.vcf.gz"}, {"path": "gnomad/exomes.{contig}.vcf.gz.tbi"}]},
    ]  # fmt: skip
    common = {"version": "1", "licence": "none", "tiers": ["full"], "needed_by": "tests"}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"resources": [entry | common for entry in entries]}))
    folder.mkdir()
    list(install_from(read_manifest(tmp_path / "m.yaml"), source, folder, "2026-11-21"))
    build = read_build(demo / "genome.yaml")
    done = dict(build_all(folder, build))
    assert done["store"] == "built from 2 files"
    assert done["gene_models"] == "left out: none of ensembl, mane is here"
    with (
        pysam.VariantFile(str(folder / "built" / "clinvar.vcf.gz")) as ours,
        pysam.VariantFile(str(demo / "clinvar.vcf.gz")) as theirs,
    ):
        assert [(r.chrom, r.pos, r.id) for r in ours] == [(r.chrom, r.pos, r.id) for r in theirs]
    store = open_store(folder / "built" / "store")
    assert (sorted(store.contigs), sorted(store.absent)) == (["chr1", "chr2"], ["chrM", "chrX", "chrY"])
    config = config_of(folder, build)
    assert config["resources"]["frequencies"][0]["vcf"] == str(folder / "gnomad" / "exomes.chr*.vcf.gz")
    assert set(config["resources"]) == {"clinvar", "frequencies", "store", "constraint"}
    assert dict(build_all(folder, build))["store"] == "as it was, from the same files"


def test_lock__broken_line(tmp_path: Path) -> None:
    write_lock(tmp_path, [])
    with (tmp_path / "resources.lock").open("a") as lock:
        lock.write("one\ttwo\n")
    with pytest.raises(Exception, match=r"resources.lock, line 2: not a line of the lock"):
        read_lock(tmp_path)
