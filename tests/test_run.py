"""`neotriage run`: the same work as snakemake, checked first, resumed by the same command, and a failure in words."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from neotriage import cli
from neotriage.plan import Job, Nodes, Rate
from neotriage.run import launch
from neotriage.run.progress import Failure, Progress, failure_words

CASE = "results/DEMO/inputs/case.json"


def jobs() -> tuple[Job, ...]:
    index = Job("resources_store", "", 1, 0, 0, "store", "", (), ())
    return (index, *(Job("reads_align", f, 2, 0, 0, f"{f}.bam", "", (f"{f}.log",), (0,)) for f in ("A", "B")))


RATES = {"resources_store": Rate(1, 30.0, 0.0, 0, 0), "reads_align": Rate(1, 60.0, 0.0, 0, 0)}


def event(name: str, time: float, **more: object) -> dict:
    return {"event": name, "time": time, **more}


def started(jobid: int, output: str, time: float) -> dict:
    return event("job_info", time, jobid=jobid, rule_name="x", output=[output], wildcards={})


def test_progress__share_stage_and_time_left() -> None:
    progress = Progress(jobs(), RATES, Nodes(1, 2))
    assert max(progress.left_s(0.0)) == 30 + 60 + 60
    told = [started(7, "store", 0.0), event("job_finished", 30.0, job_id=7), started(8, "A.bam", 30.0)]
    progress.follow(told)
    shared, a, b = progress.lines(40.0)
    assert (shared.family, shared.done, shared.share, shared.left_s) == ("shared files", 1, 1.0, 0.0)
    assert (a.stages, a.done, a.left_s) == (("reads",), 0, 50.0)
    assert (b.stages, b.left_s) == ((), 50.0 + 60.0)
    assert progress.core_hours(40.0) == pytest.approx((30 + 2 * 10) / 3600)
    progress.follow([*told, event("job_finished", 90.0, job_id=8)])
    assert len(progress.finished) == 2


def test_progress__job_that_failed_and_was_put_in_again_is_done() -> None:
    progress = Progress(jobs(), RATES, Nodes(1, 2))
    failed = event("job_error", 5.0, jobid=8, rule_name="reads_align", wildcards={"case": "A"}, log=["A.log"])
    told = [started(8, "A.bam", 0.0), failed, started(8, "A.bam", 6.0)]
    progress.follow(told)
    assert progress.failures == [Failure("reads_align", "A", ("A.log",))]
    progress.follow([*told, event("job_finished", 9.0, job_id=8)])
    assert progress.finished == {1}
    assert progress.failures == []


def test_failure_words__own_line_else_the_last_ones(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("[W::x] word\nneotriage: error: a.fq: cut short. Fix: copy it again\n")
    (tmp_path / "b.log").write_text("one\ntwo\nKilled\n")
    failures = [Failure("reads_align", "A", ("a.log",)), Failure("calls", "B", ("b.log",)), Failure("rank", "", ("none.log",))]
    told = failure_words([*failures, failures[0]], tmp_path)
    assert told == [
        f"reads_align of A failed: error: a.fq: cut short. Fix: copy it again (log: {tmp_path}/a.log)",
        f"calls of B failed: one / two / Killed (log: {tmp_path}/b.log)",
        f"rank failed: its log says nothing (log: {tmp_path}/none.log)",
    ]


@pytest.fixture
def folder(demo: Path, tmp_path: Path) -> Path:
    shutil.copytree(demo, tmp_path / "run", ignore=shutil.ignore_patterns("results", ".snakemake"))
    return tmp_path / "run"


def neotriage(folder: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "--config", str(folder / "config.yaml"), "--directory", str(folder), "--cores", "2", *arguments])
    return int(ended.value.code or 0)


def test_run__same_work_as_snakemake_then_nothing_to_do(folder: Path, capfd: pytest.CaptureFixture[str], run_snakemake) -> None:
    assert neotriage(folder, CASE) == 0
    said = capfd.readouterr().err
    assert "checked: 1 family, 8 files, tools" in said
    assert "1 jobs to do" in said
    assert "done after" in (folder / "results" / "run.log").read_text()
    assert neotriage(folder, CASE) == 0
    assert "nothing to be done" in capfd.readouterr().err
    ours = (folder / CASE).read_bytes()
    (folder / CASE).unlink()
    assert run_snakemake(folder, "--cores", "1", CASE).returncode == 0
    assert (folder / CASE).read_bytes() == ours


def test_run__failed_job_is_named_with_place_and_fix_and_goes_on_when_mended(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken, target = folder / "clinvar.vcf.gz", "results/resources/clinvar"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-200])
    assert neotriage(folder, target) == 1
    said = capfd.readouterr().err
    assert "resources_clinvar failed: error: clinvar.vcf.gz" in said
    log = (folder / "results" / "run.log").read_text()
    assert "resources_clinvar failed: error: clinvar.vcf.gz" in log
    assert "results/resources/logs/clinvar.log" in log
    broken.write_bytes(whole)
    assert neotriage(folder, target) == 0


def test_run__folder_in_use_names_its_holder(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "results").mkdir()
    with (folder / "results" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print("process 12 on node7", file=lock, flush=True)
        assert neotriage(folder, CASE) == 2
    assert "another run writes here at this moment (process 12 on node7)" in capfd.readouterr().err
    assert neotriage(folder, CASE) == 0  # a holder that is gone holds nothing


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_run__signal_ends_it_with_its_jobs_and_it_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    target, real = "results/resources/reference.fa", shutil.which("samtools")
    tools, nap = tmp_path / "tools", f"sleep 600.{os.getpid()}{number:d}"
    tools.mkdir()
    (tools / "samtools").write_text(f'#!/bin/sh\n[ $1 != faidx ] || exec {nap}\nexec {real} "$@"\n')
    (tools / "samtools").chmod(0o755)
    command = [sys.executable, "-m", "neotriage", "run", "--config", "config.yaml", "--cores", "1", target]
    with monkeypatch.context() as slowly:
        slowly.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
        run = subprocess.Popen(command, cwd=folder, start_new_session=True)
    wait_until(lambda: bool(sleepers(nap)))
    run.send_signal(number)
    assert run.wait(timeout=60) == 130
    assert sleepers(nap) == []
    assert "goes on from here" in (folder / "results" / "run.log").read_text()
    assert not (folder / f"{target}.fai").exists()
    assert neotriage(folder, target) == 0
    assert (folder / f"{target}.fai").is_file()


def test_end__second_interrupt_kills(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen(["sh", "-c", "trap '' INT; echo ready; sleep 600"], stdout=subprocess.PIPE, process_group=0)
    assert child.stdout is not None
    child.stdout.readline()  # it ignores the first signal from here on
    waits = [KeyboardInterrupt]
    wait = child.wait

    def interrupted_once() -> int:
        if waits:
            raise waits.pop()
        return wait(timeout=60)

    monkeypatch.setattr(child, "wait", interrupted_once)
    launch._end(child)
    assert child.returncode == -signal.SIGKILL
    child.stdout.close()


def sleepers(command: str) -> list[Path]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            words = path.read_text().rstrip("\0").split("\0")
            found += [path] if words == command.split() else []
    return found


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_run__fault_in_the_inputs_starts_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "samples.tsv").write_text((folder / "samples.tsv").read_text().replace("male\tyes", "boy\tyes"))
    assert neotriage(folder, CASE) == 2
    assert "samples.tsv, line 2, column sex" in capfd.readouterr().err
    assert not (folder / "results").exists()


@pytest.mark.parametrize(("profile", "said"), [("none", "no profile 'none'"), ("slurm", "")])
def test_run__profile(folder: Path, capfd: pytest.CaptureFixture[str], profile: str, said: str) -> None:
    if said:
        assert neotriage(folder, "--profile", profile) == 2
        assert said in capfd.readouterr().err
    else:
        assert neotriage(folder, "--profile", profile, "--dry-run", CASE) == 0
        assert not (folder / CASE).exists()


def test_slurm_profile__groups_name_rules_and_make_no_circle(demo: Path, checkout: Path) -> None:
    import yaml

    from neotriage.plan.dry_run import planned_jobs

    groups = dict(
        entry.split("=")
        for entry in yaml.safe_load((checkout / "workflow" / "profiles" / "slurm" / "config.yaml").read_text())["groups"]
    )
    jobs = [job for job in planned_jobs(demo / "config.yaml", demo, ["--cores", "2"], whole=True) if job.rule != "all"]
    rules = "".join(path.read_text() for path in (checkout / "workflow" / "rules").glob("*.smk"))
    assert set(groups) <= set(re.findall(r"^ *rule (\w+):", rules, re.MULTILINE))
    name = {at: (groups.get(job.rule, "") and f"{groups[job.rule]} {job.family}") or f"job {at}" for at, job in enumerate(jobs)}
    before: dict[str, set[str]] = {}
    for at, job in enumerate(jobs):
        before.setdefault(name[at], set()).update(name[other] for other in job.after if name[other] != name[at])
    while ready := [group for group, others in before.items() if not others & before.keys()]:
        for group in ready:
            del before[group]
    assert before == {}, "groups that wait for each other are never sent"


def test_slurm_script__refuses_what_it_does_not_know(checkout: Path) -> None:
    done = subprocess.run([checkout / "scripts" / "slurm.sh", "begin"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Fix: slurm.sh start|restart|stop FOLDER" in done.stderr
    assert json.dumps(done.stdout) == '""'
