"""The workflow as a user runs it: planned fast, stopped with one line, killed and resumed, the same bytes on any cores."""

import fcntl
import gzip
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pysam
import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
CASE = "results/DEMO"
MITOCHONDRIAL_RULES = ("calls_turn", "calls_mitochondrion")
FREEBAYES_RULES = ("inputs", "calls_freebayes", *MITOCHONDRIAL_RULES, "calls")
CAUSES = {"KCNQ2", "MT-TL1", "GALT", "OTC"}


def folder_like(demo: Path, folder: Path, **changes: object) -> Path:
    """A folder with the demo's inputs and a changed config."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in demo.iterdir():
        if path.name not in {"config.yaml", "results", ".snakemake"} and not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)
    config = yaml.safe_load((demo / "config.yaml").read_text()) | changes
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def sheet(folder: Path, rows: list[str]) -> None:
    """Put a samplesheet in place of the linked one; cells are separated by one blank, '-' is empty."""
    (folder / "samples.tsv").unlink(missing_ok=True)
    lines = ["\t".join("" if cell == "-" else cell for cell in row.split(" ")) for row in rows]
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n")


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of what a case's stages wrote, but for what tells of the run itself (logs, times, tools' command lines)."""
    stages = [stage for stage in (folder / CASE).iterdir() if stage.name not in {"logs", "benchmarks"}]
    files = [path for stage in stages for path in stage.rglob("*")]
    told = ("/multiqc.html", ".stats", "/fastp/")
    kept = [path for path in files if path.is_file() and not any(part in str(path) for part in told)]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(kept)}


@pytest.fixture(scope="module")
def finished(demo: Path, run_snakemake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo run to its end on two cores, in a folder with a space in its path."""
    folder = folder_like(demo, tmp_path_factory.mktemp("two cores") / "a run")
    done = run_snakemake(folder, "--cores", "2")
    assert done.returncode == 0, done.stdout[-5000:]
    return folder


@pytest.mark.slow
def test_demo__planted_causes_and_nothing_else(finished: Path, demo: Path) -> None:
    report = json.loads((finished / CASE / "report" / "DEMO.json").read_text())
    assert {candidate["gene"] for candidate in report["candidates"]} >= CAUSES
    rows = [line.split("\t") for line in (demo / "truth.tsv").read_text().splitlines()]
    truth = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    text = (finished / CASE / "report" / "DEMO.tsv").read_text().splitlines()
    head = text[0].split("\t")
    shown = {
        (row["chrom"], row["position"], row["ref"], row["alt"])
        for row in (dict(zip(head, line.split("\t"), strict=True)) for line in text[1:])
        if row["section"] == "candidates"
    }
    expected = {(t["chrom"], t["position"], t["ref"], t["alt"]): t["expected"] for t in truth}
    assert {site for site, state in expected.items() if state == "reported"} == shown


@pytest.mark.slow
def test_demo__second_run_does_nothing(finished: Path, run_snakemake) -> None:
    done = run_snakemake(finished, "--cores", "2")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


@pytest.mark.slow
def test_demo__calls_are_in_one_form(finished: Path) -> None:
    with pysam.VariantFile(str(finished / CASE / "calls" / "calls.vcf.gz")) as calls:
        assert list(calls.header.samples) == ["DEMO-child", "DEMO-father", "DEMO-mother"]
        assert list(calls.header.formats) == ["GT", "AD", "DP", "GQ", "PS"]
        assert all(len(record.alts or ()) == 1 for record in calls)


@pytest.mark.slow
def test_demo__no_vcf_tells_of_the_run(finished: Path) -> None:
    files = sorted((finished / CASE).rglob("*.vcf.gz"))
    assert {path.parent.name for path in files} == {"actnow", "annotate", "calls", "report", "table"}
    for path in files:
        header = gzip.decompress(path.read_bytes()).decode().split("#CHROM")[0]
        assert [word for word in ("Command", "Date", "##reference", "file:", "results") if word in header] == [], path.name


@pytest.mark.slow
def test_demo__crams_open_offline_by_the_runs_own_reference(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REF_PATH", "none")
    monkeypatch.setenv("REF_CACHE", "none")
    reference = str(finished / "results" / "resources" / "reference.fa")
    with pysam.AlignmentFile(str(finished / CASE / "reads" / "DEMO-child.cram"), reference_filename=reference) as cram:
        assert sum(1 for _ in cram.fetch("chr1", 0, 5000)) > 500
        groups = cram.header.to_dict()["RG"]
    assert [group["ID"] for group in groups] == ["DEMO-child.L1", "DEMO-child.L2"]


@pytest.mark.slow
def test_killed__same_command_resumes_to_the_same_bytes(
    demo: Path, finished: Path, tmp_path: Path, run_snakemake, workflow_environment: dict[str, str], checkout: Path
) -> None:
    folder = folder_like(demo, tmp_path / "killed")
    command = ["snakemake", "--snakefile", str(checkout / "Snakefile"), "--configfile", "config.yaml", "--cores", "1"]
    run = subprocess.Popen(
        command,
        cwd=folder,
        env=workflow_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    for line in run.stdout:  # a job is running when its rule has been printed
        if "rule reads_cram_from_lanes" in line:
            break
    os.killpg(run.pid, signal.SIGKILL)
    run.stdout.close()
    assert run.wait() == -signal.SIGKILL
    cram = f"{CASE}/reads/DEMO-mother.cram"  # as if the kill had come between the CRAM and the removal of what it was made from
    made = run_snakemake(folder, "--cores", "2", "--notemp", cram)
    assert made.returncode == 0, made.stdout[-5000:]
    left = [folder / CASE / "reads" / name for name in ("lanes/DEMO-mother/L1.bam", "DEMO-mother.sort")]
    assert all(path.exists() for path in left)
    again = run_snakemake(folder, "--cores", "1")
    assert again.returncode == 0, again.stdout[-5000:]
    assert digests(folder) == digests(finished)  # another folder, one core in place of two, killed on the way
    assert not any(path.exists() for path in left)


def test_canaries__in_every_report(finished: Path) -> None:
    found = json.loads((finished / CASE / "report" / "DEMO.json").read_text())["provenance"]["canaries"]
    assert found["canaries"] == found["clinvar"] + found["frequency"] + found["consequence"] > 10


def test_canaries__miss_blocks_the_report(demo: Path, finished: Path, tmp_path: Path, run_snakemake) -> None:
    """The canaries were chosen when ClinVar said another word."""
    known = json.loads((finished / "results" / "resources" / "canaries" / "canaries.json").read_text())
    for canary in known["canaries"]:
        canary["expected"] = {"Pathogenic": "Benign"}.get(canary["expected"], canary["expected"])
    (tmp_path / "canaries.json").write_text(json.dumps(known))
    resources = yaml.safe_load((demo / "config.yaml").read_text())["resources"] | {"canaries": str(tmp_path / "canaries.json")}
    folder = folder_like(demo, tmp_path / "run", resources=resources)
    done = run_snakemake(folder, "--cores", "2", f"{CASE}/report/provenance.json")
    assert done.returncode != 0
    assert "neotriage: error: clinvar.vcf.gz: 1 of " in done.stdout
    assert "CLNSIG Benign expected, Pathogenic found" in done.stdout
    assert not (folder / CASE / "report" / "provenance.json").exists()


def test_lock__two_runs_in_one_folder(demo: Path, tmp_path: Path, run_snakemake) -> None:
    folder = folder_like(demo, tmp_path / "run")
    (folder / "results").mkdir()
    with (folder / "results" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run_snakemake(folder, "--cores", "1")
    assert done.returncode == 2
    assert "neotriage: error: results: another run writes here at this moment" in done.stdout
    assert not (folder / CASE).exists()


def test_plan__fault_in_the_sheet_is_one_line_and_exit_2(demo: Path, tmp_path: Path, run_snakemake) -> None:
    folder = folder_like(demo, tmp_path / "run")
    sheet(
        folder,
        [
            "family sample father mother sex affected read_group fastq_1 fastq_2",
            "DEMO DEMO-child 0 0 boy yes L1 reads/a.fastq reads/b.fastq",
        ],
    )
    done = run_snakemake(folder, "--cores", "1")
    assert done.returncode == 2
    errors = [line for line in done.stdout.splitlines() if "error" in line.lower()]
    assert len(errors) == 1
    assert errors[0].startswith("neotriage: error: ")
    assert "samples.tsv, line 2, column sex" in errors[0]
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("caller", "rules"),
    [
        ("freebayes", {"calls_freebayes"}),
        ("deepvariant", {"calls_deepvariant", "calls_glnexus", "calls_glnexus_form"}),
        ("gatk", {"calls_gatk_person", "calls_gatk"}),
    ],
)
def test_plan__callers(demo: Path, tmp_path: Path, run_snakemake, caller: str, rules: set[str]) -> None:
    folder = folder_like(demo, tmp_path / "run", calls={"caller": caller})
    done = run_snakemake(folder, "--dry-run", "--quiet", "rules", "--cores", "2")
    assert done.returncode == 0, done.stdout[-3000:]
    planned = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("calls")}
    others = {"calls", "calls_second_hit", "calls_special", "calls_delly", "calls_bins", "calls_structural"}
    assert planned == rules | others | set(MITOCHONDRIAL_RULES)


def test_plan__expansion_hunter(demo: Path, tmp_path: Path, run_snakemake) -> None:
    folder = folder_like(demo, tmp_path / "run", calls={"expansion_hunter": True})
    done = run_snakemake(folder, "--dry-run", "--quiet", "rules", "--cores", "2")
    assert done.returncode == 0, done.stdout[-3000:]
    counts = dict(line.split() for line in done.stdout.splitlines() if line.startswith("calls"))
    assert (counts["calls_repeat_catalogue"], counts["calls_expansion_hunter"], counts["calls_special"]) == ("1", "3", "1")


@pytest.mark.slow
def test_freebayes__finds_what_bcftools_finds(demo: Path, finished: Path, tmp_path: Path, run_snakemake) -> None:
    folder = folder_like(demo, tmp_path / "freebayes", calls={"caller": "freebayes"})
    reads = folder / CASE / "reads"
    shutil.copytree(finished / CASE / "reads", reads)
    shutil.copytree(finished / "results" / "resources", folder / "results" / "resources")
    target = f"{CASE}/calls/calls.vcf.gz"
    done = run_snakemake(folder, "--cores", "2", "--rerun-triggers", "mtime", "--allowed-rules", *FREEBAYES_RULES, "--", target)
    assert done.returncode == 0, done.stdout[-3000:]
    ours, theirs = genotypes(finished / target), genotypes(folder / target)
    rows = [line.split("\t") for line in (demo / "truth.tsv").read_text().splitlines()[1:]]
    sites = [(row[4], int(row[5]), row[6], row[7]) for row in rows if row[13] == "reported"]
    assert {site: sorted(map(str, theirs[site])) for site in sites} == {site: sorted(map(str, ours[site])) for site in sites}


def test_plan__fifty_trios(tmp_path: Path, run_snakemake, demo: Path) -> None:
    grch38 = {"build": "GRCh38", "fasta": "grch38.fa", "gene_models": "genes.gff3"}
    folder = folder_like(demo, tmp_path / "fifty", reference=grch38)
    (folder / "grch38.fa").write_text(">chr1\nA\n")
    (folder / "cases").unlink()
    (folder / "cases").mkdir()
    one_read = gzip.compress(b"@a\nA\n+\nI\n")
    rows = ["family sample father mother sex affected read_group fastq_1 fastq_2"]
    for number in range(50):
        family = f"F{number:02d}"
        (folder / "cases" / f"{family}.yaml").write_text(f"family: {family}\n")
        people = [("child", f"{family}-father", f"{family}-mother", "male", "yes"), ("father", "0", "0", "male", "no")]
        people.append(("mother", "0", "0", "female", "no"))
        for role, father, mother, sex, affected in people:
            files = [folder / f"{family}-{role}_R{mate}.fastq.gz" for mate in (1, 2)]
            for file in files:
                file.write_bytes(one_read)
            rows.append(f"{family} {family}-{role} {father} {mother} {sex} {affected} L1 {files[0].name} {files[1].name}")
    sheet(folder, rows)
    plan_s, said = processor_seconds(run_snakemake, folder, "--dry-run", "--quiet", "rules", "--cores", "8")
    counts = dict(line.split() for line in said.splitlines() if len(line.split()) == 2 and line.split()[1].isdigit())
    assert (counts["reads_align"], counts["calls_bcftools"], counts["report"]) == ("150", str(50 * 2), "50")
    print(f"{counts['total']} jobs of 50 trios planned in {plan_s:.1f} s of processor time")


def processor_seconds(run_snakemake, folder: Path, *arguments: str) -> tuple[float, str]:
    before = os.times()
    done = run_snakemake(folder, *arguments)
    after = os.times()
    assert done.returncode == 0, done.stdout[-3000:]
    return sum(after[2:4]) - sum(before[2:4]), done.stdout


def test_bad_reads__truncated_fastq_stops_with_its_name(demo: Path, tmp_path: Path, run_snakemake) -> None:
    folder = folder_like(demo, tmp_path / "run")
    (folder / "reads").unlink()
    shutil.copytree(demo / "reads", folder / "reads")
    broken = folder / "reads" / "DEMO-father.L1_R2.fastq.gz"
    broken.write_bytes(broken.read_bytes()[:-1000])
    done = run_snakemake(folder, "--cores", "2", f"{CASE}/reads/DEMO-father.cram")
    assert done.returncode != 0
    assert "neotriage: error: reads/DEMO-father.L1_R2.fastq.gz: not a whole gzip file" in done.stdout
    assert not (folder / CASE / "reads" / "DEMO-father.cram").exists()
    shutil.copy(demo / "reads" / broken.name, broken)
    mended = run_snakemake(folder, "--cores", "2", f"{CASE}/reads/DEMO-father.cram")
    assert mended.returncode == 0, mended.stdout[-3000:]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_full_disk__said_and_resumed_when_there_is_room(demo: Path, tmp_path: Path, small_disk: Path, run_snakemake) -> None:
    folder = folder_like(demo, tmp_path / "run", outdir=str(small_disk / "results"))
    target = str(small_disk / "results" / "DEMO" / "reads" / "DEMO-father.cram")
    full = run_snakemake(folder, "--cores", "2", target)
    assert full.returncode != 0
    assert "No space left on device" in full.stdout
    assert not Path(target).exists()
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    done = run_snakemake(folder, "--cores", "2", target)
    assert done.returncode == 0, done.stdout[-3000:]
    shell(f"samtools quickcheck '{target}'")


@pytest.mark.slow
def test_mixed_inputs__bam_gvcf_and_vcf_in_one_family(demo: Path, finished: Path, tmp_path: Path, run_snakemake) -> None:
    folder = folder_like(demo, tmp_path / "mixed")
    given = folder / "given"
    given.mkdir()
    reference = finished / "results" / "resources" / "reference.fa"
    crams = {role: finished / CASE / "reads" / f"DEMO-{role}.cram" for role in ("child", "father", "mother")}
    turned_round = "grep -v ^@SQ {header}; grep ^@SQ {header} | tac"
    header, bam = given / "header.sam", given / "child.bam"
    shell(f"samtools view -H '{crams['child']}' | sed 's/SM:DEMO-child/SM:lab42/' > '{header}'")
    order = turned_round.format(header=f"'{header}'")
    shell(f"({order}; samtools view -T '{reference}' '{crams['child']}') | samtools sort -o '{bam}'; samtools index '{bam}'")
    pileup = f"bcftools mpileup -f '{reference}' -a AD,DP"
    shell(f"{pileup} -g 0 '{crams['father']}' | bcftools call -m -g 0 -a GQ | bcftools view -Oz -o '{given}/father.g.vcf.gz'")
    shell(f"{pileup} '{crams['mother']}' | bcftools call -mv -a GQ | bcftools view -Ob -o '{given}/mother.bcf'")
    shell(f"bcftools index -t '{given}/father.g.vcf.gz'; bcftools index '{given}/mother.bcf'")
    sheet(
        folder,
        [
            "family sample father mother sex affected file file_sample",
            "DEMO DEMO-child DEMO-father DEMO-mother male yes given/child.bam lab42",
            "DEMO DEMO-father 0 0 male no given/father.g.vcf.gz -",
            "DEMO DEMO-mother 0 0 female no given/mother.bcf -",
        ],
    )
    done = run_snakemake(folder, "--cores", "2", f"{CASE}/calls/calls.vcf.gz", f"{CASE}/qc/qc.json")
    assert done.returncode == 0, done.stdout[-5000:]
    joint = genotypes(finished / CASE / "calls" / "calls.vcf.gz")
    mixed = genotypes(folder / CASE / "calls" / "calls.vcf.gz")
    de_novo = ("chr1", 8877, "G", "A")
    child, father, mother = mixed[de_novo]
    assert child == joint[de_novo][0] == (0, 1)
    assert father == (0, 0)  # a block of the gVCF says reference
    assert mother in {(None,), (None, None)}  # a VCF without the site says nothing
    assert mixed["chr1", 31276, "T", "A"][:2] == [(0, 1), (0, 1)]
    quality = json.loads((folder / CASE / "qc" / "qc.json").read_text())
    assert quality["samples"][0]["mean_depth"] == pytest.approx(34.8, abs=0.2)
    assert quality["verdict"] == "amber"  # two persons whose reads were not seen


def shell(command: str) -> None:
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], check=True, capture_output=True)


def genotypes(path: Path) -> dict[tuple[str, int, str, str], list[tuple[int | None, ...]]]:
    with pysam.VariantFile(str(path)) as calls:
        return {
            (record.chrom, record.pos, str(record.ref), (record.alts or ("",))[0]): [
                tuple(sample["GT"]) for sample in record.samples.values()
            ]
            for record in calls
        }


def test_plan__programs_are_those_beside_the_python_that_runs(
    demo: Path, tmp_path: Path, workflow_environment: dict[str, str]
) -> None:
    folder = folder_like(demo, tmp_path / "run")
    programs = Path(sys.executable).parent
    path = os.pathsep.join(part for part in workflow_environment["PATH"].split(os.pathsep) if Path(part) != programs)
    done = subprocess.run(
        [
            programs / "snakemake",
            "-s",
            CHECKOUT / "Snakefile",
            "--configfile",
            "config.yaml",
            "-c1",
            "results/DEMO/inputs/case.json",
        ],
        cwd=folder,
        env=workflow_environment | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (folder / "results" / "DEMO" / "inputs" / "case.json").is_file()


@pytest.mark.slow
def test_called_family_without_a_variant__report_says_that_nothing_was_found(demo: Path, tmp_path: Path, run_snakemake) -> None:
    folder = folder_like(demo, tmp_path / "empty")
    with pysam.FastaFile(str(demo / "genome.fa")) as genome:
        contigs = "".join(f"##contig=<ID={name},length={genome.get_reference_length(name)}>\n" for name in genome.references)
    formats = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tDEMO-child\tDEMO-father\tDEMO-mother\n"
    (folder / "joint.vcf").write_text("##fileformat=VCFv4.2\n" + contigs + formats + columns)
    pysam.tabix_index(str(folder / "joint.vcf"), preset="vcf")
    head = "family sample father mother sex affected file file_sample"
    people = [
        "DEMO DEMO-child DEMO-father DEMO-mother male yes",
        "DEMO DEMO-father 0 0 male no",
        "DEMO DEMO-mother 0 0 female no",
    ]
    sheet(folder, [head, *(f"{person} joint.vcf.gz -" for person in people)])
    done = run_snakemake(folder, "--cores", "2")
    assert done.returncode == 0, done.stdout[-5000:]
    report = json.loads((folder / CASE / "report" / "DEMO.json").read_text())
    assert (report["summary"]["statement"], report["candidates"]) == ("nothing_found", [])
    assert report["qc"]["verdict"] == "amber"
    assert any("came as called variants" in reason for reason in report["qc"]["reasons"])
    assert any(line.startswith("No read data") for line in report["not_looked_at"])
