"""The demo on a real SLURM of this machine: the report is that of a plain local run, whatever is killed on the way.

    python benchmarks/slurm.py --out DIR                 the demo trio, undisturbed
    python benchmarks/slurm.py --out DIR --kills 10      the launching snakemake is killed ten times by SIGKILL, a job once,
                                                         slurmctld once, each at a random moment
    ... --baby                                           the demo's baby alone, with its first lane

As root, with Debian's slurm-wlm and munge (`apt-get install --no-install-recommends slurm-wlm munge`); scripts/slurm.sh
starts and stops it. Run it from a checkout that nobody edits meanwhile: provenance says whether it has local changes.
Compared are all files of all stages by SHA-256 but those that tell of the run itself: logs, benchmarks (seconds),
samtools' .stats and fastp's JSON (they hold command lines with paths), MultiQC's page (made of the last two).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SLURM = CHECKOUT / "scripts" / "slurm.sh"
PROFILE = CHECKOUT / "workflow" / "profiles" / "slurm"
TELLS_OF_THE_RUN = ("/multiqc.html", ".stats", "/fastp/", "/logs/", "/benchmarks/")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder to work in")
    parser.add_argument("--kills", type=int, default=0, help="how often the launcher is killed")
    parser.add_argument("--baby", action="store_true", help="the baby alone, in place of the trio")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    local, cluster = (inputs(given.out / name, is_small=given.baby) for name in ("local", "cluster"))
    began = time.monotonic()
    subprocess.run(snakemake(), cwd=local, check=True, capture_output=True)
    print(f"local run: {time.monotonic() - began:.0f} s")
    for log in given.out.glob("cluster.*.log"):
        log.unlink()
    with slurm(given.out / "slurm"):
        disturbed = disturb(cluster, given.out, random.Random(given.seed), given.kills)
    sent = sum(log.read_text().count("has been submitted with SLURM jobid") for log in given.out.glob("cluster.*.log"))
    print(f"SLURM run: {disturbed.seconds:.0f} s, {disturbed.starts} starts of the same command, {sent} SLURM jobs sent")
    for line in disturbed.told:
        print(f"  {line}")
    here, there = digests(local / "results"), digests(cluster / "results")
    different = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    reports = [name for name in here if "/report/" in name]
    print(f"files compared: {len(here)}, of them {len(reports)} of the report; different: {', '.join(different) or 'none'}")
    raise SystemExit(1 if different else 0)


def inputs(folder: Path, *, is_small: bool) -> Path:
    """The demo's inputs; small: the baby alone, with its first lane."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["neotriage", "simulate", "demo", "--output", str(folder)], check=True, capture_output=True)
    if is_small:
        rows = (folder / "samples.tsv").read_text().splitlines()[:2]
        baby = rows[1].replace("DEMO-father", "0").replace("DEMO-mother", "0")
        (folder / "samples.tsv").write_text(f"{rows[0]}\n{baby}\n")
    return folder


def snakemake(*more: str) -> list[str]:
    start = ["nice", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile"), "--configfile", "config.yaml", "--cores", "2"]
    return [*start, *more]


@contextmanager
def slurm(folder: Path) -> Iterator[None]:
    subprocess.run([SLURM, "start", folder], check=True)
    try:
        yield
    finally:
        subprocess.run([SLURM, "stop", folder], check=True)


@dataclass
class Disturbed:
    """A run on SLURM: wall seconds, starts of the command, and what befell it."""

    seconds: float = 0.0
    starts: int = 0
    told: list[str] = field(default_factory=list)


def disturb(folder: Path, out: Path, rng: random.Random, kills: int) -> Disturbed:
    """Run to the end; the launcher, a job and the controller are killed at random moments, and the same command given again."""
    run = Disturbed()
    began = time.monotonic()
    command = snakemake("--workflow-profile", str(PROFILE), "--slurm-init-seconds-before-status-checks", "1")
    command += ["--slurm-no-account", "--latency-wait", "5", "--seconds-between-status-checks", "2"]
    others = dict(zip(rng.sample(range(max(kills, 1)), 2), (kill_job, restart_controller), strict=True)) if kills > 1 else {}
    while True:
        with (out / f"cluster.{run.starts}.log").open("w") as log:
            launcher = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        run.starts += 1
        until = time.monotonic() + rng.uniform(8, 45) if run.starts <= kills else float("inf")
        act = others.get(run.starts - 1)
        half = until - 4
        while launcher.poll() is None and time.monotonic() < until:
            if act is not None and time.monotonic() > half:
                run.told.append(f"{time.monotonic() - began:.0f} s: {act(out)}")
                act = None
            time.sleep(0.2)
        if launcher.poll() is None:
            os.killpg(launcher.pid, signal.SIGKILL)
            run.told.append(f"{time.monotonic() - began:.0f} s: launcher killed, {in_queue()} jobs in the queue")
            launcher.wait()
            continue
        run.seconds = time.monotonic() - began
        if launcher.returncode:
            raise SystemExit(f"the run failed; see {out}/cluster.{run.starts - 1}.log")
        return run


def in_queue() -> int:
    return len(running("PD,R"))


def running(states: str) -> list[str]:
    asked = ["squeue", "--noheader", f"--states={states}", "--format=%A"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)
    return told.stdout.split()


def kill_job(_: Path) -> str:
    jobs = running("R")
    if not jobs:
        return "no job ran that could be killed"
    subprocess.run(["scancel", "--signal=KILL", "--full", jobs[0]], check=False)
    return f"job {jobs[0]} killed"


def restart_controller(out: Path) -> str:
    subprocess.run([SLURM, "restart", out / "slurm"], check=True)
    return "slurmctld killed and started"


def digests(results: Path) -> dict[str, str]:
    """Relative path -> SHA-256 of each file of the families that does not tell of the run itself."""
    files = [path for path in results.rglob("*") if path.is_file() and path.relative_to(results).parts[0] != "resources"]
    kept = [path for path in files if not any(part in str(path) for part in TELLS_OF_THE_RUN) and path.name != ".lock"]
    return {str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(kept)}


if __name__ == "__main__":
    main()
