"""What the workflow costs over the same tools in a shell script, from reads to report, on one core, both ways.

    python benchmarks/overhead.py --out DIR                    the demo trio
    python benchmarks/overhead.py --out DIR --inputs FOLDER    the run of a folder, e.g. as benchmarks/families.py makes it

The script holds the very commands that Snakemake would run (asked of its dry run), one after the other, in an order that
respects who makes whose files. Compared are processor seconds (of all children, user and system) and wall seconds, which a
machine whose speed changes from minute to minute blurs: so Snakemake's own processor time is held against its jobs', too,
within one run. What the two wrote is compared. A checkout's first run compiles the kernels: run it twice.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from slurm import digests

from neotriage.plan import job_graph, read_events

CHECKOUT = Path(__file__).resolve().parents[1]
START = "set -euo pipefail; export LC_ALL=C REF_PATH=none REF_CACHE=none"
LAUNCH = """
import atexit, json, resource, sys
from snakemake.cli import main
file = sys.argv.pop(1)
def told():
    ends = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    open(file, "w").write(json.dumps([end.ru_utime + end.ru_stime for end in ends]))
atexit.register(told)
main()
"""  # Snakemake, which says at its end what it took itself and what its jobs took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder to work in")
    parser.add_argument("--inputs", type=Path, help="folder of a run (config.yaml and what it names); the demo's if not given")
    given = parser.parse_args()
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    own = (given.out / "own.json").resolve()
    ways = {}
    for way in ("script", "workflow"):
        folder = given.out / way
        shutil.rmtree(folder, ignore_errors=True)
        if given.inputs:
            shutil.copytree(given.inputs, folder, symlinks=True, ignore=shutil.ignore_patterns("results", ".snakemake"))
        else:
            subprocess.run(["neotriage", "simulate", "demo", "--output", str(folder)], check=True, capture_output=True)
        launch = [sys.executable, "-c", LAUNCH, str(own), *snakemake()[1:]]
        ways[way] = measured(launch if way == "workflow" else ["bash", str(script(folder))], folder)
        print(f"{way}: {ways[way][0]:.1f} s of processor time, {ways[way][1]:.1f} s in all", flush=True)
    for what, place in (("processor time", 0), ("wall time", 1)):
        print(f"overhead of the workflow, {what}: {ways['workflow'][place] / ways['script'][place] - 1:+.1%}")
    own_s, jobs_s = json.loads(own.read_text())
    print(f"of the workflow's: Snakemake's own {own_s:.1f} s, its jobs' {jobs_s:.1f} s: {own_s / jobs_s:.1%} on top")
    here, there = (digests(given.out / way / "results") for way in ways)
    different = sorted(name for name in there if here.get(name) != there[name])  # (the script keeps what is temporary)
    print(f"files compared: {len(there)}; different: {', '.join(different) or 'none'}")


def snakemake(*more: str) -> list[str]:
    start = ["snakemake", "--snakefile", str(CHECKOUT / "Snakefile"), "--configfile", "config.yaml", "--cores", "1"]
    return [*start, "--quiet", "all", *more]


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """Processor and wall seconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["nice", *command], cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - began


def script(folder: Path) -> Path:
    """The run's commands as one shell script."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "events"
        more = ["--dry-run", "--printshellcmds", "--logger", "neotriage", "--logger-neotriage-events", str(path)]
        subprocess.run(snakemake(*more), cwd=folder, check=True, capture_output=True)
        events = read_events(path)
    command, made, info = {}, {}, None
    for event in events:
        if event["event"] == "job_info":
            info = event
        elif event["event"] == "shellcmd" and info is not None and info.get("output"):
            command[info["output"][0]] = event["shellcmd"]
            made[info["output"][0]] = [*info["output"], *(info["log"] or ())]
    lines = [START]
    for job in job_graph(events, folder):
        if job.output in command:
            folders = sorted({str(Path(path).parent) for path in made[job.output]})
            lines.append(f"mkdir -p {shlex.join(folders)}\n(\n{command[job.output].strip()}\n)")
    file = folder / "run.sh"
    file.write_text("\n".join(lines) + "\n")
    print(f"script: {len(command)} commands, {json.dumps(len(events))} events", flush=True)
    return file


if __name__ == "__main__":
    main()
