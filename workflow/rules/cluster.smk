# cluster: what a job asks for when it is put in again, and the end of jobs whose run is dead. No rule stands here.

import getpass
import hashlib
import subprocess
import time

from neotriage.plan import own_rates, read_rates

LONGEST_END_S = 300
LAUNCH_MB = 500  # of the snakemake that runs a job on a node, and of the one that runs a group (200 MB each were measured)


# What was measured of each rule's jobs (resources/rates.tsv), with room: half more memory, three times the time.
RATES = read_rates(own_rates())
MEMORY_ROOM, TIME_ROOM = 1.5, 3
FAMILY_GB = {
    name: sum(path.stat().st_size for path in {file.path for file in inputs.files}) / 1e9 for name, inputs in RUN.cases.items()
}


def asked_of(name, kind, stated):
    """Memory (MB) or time (minutes) of a rule's jobs: as stated, or as measured where that is more, scaled by the family's files.

    Twice as much each time that a job is put in again (retries in the profile): it may have been killed for want of it.
    """
    rate = RATES.get(name)

    def asked(wildcards, attempt):
        need = stated
        if rate is not None and kind == "mem_mb":
            need = max(need, MEMORY_ROOM * rate.memory_mb)
        elif rate is not None:
            pieces = len(CHUNK_NAMES) if "chunk" in wildcards.keys() else 1
            need = max(need, TIME_ROOM * rate.seconds(FAMILY_GB.get(wildcards.get("case"), 0) / pieces) / 60)
        return math.ceil((need + (LAUNCH_MB if kind == "mem_mb" else 0)) * 2 ** (attempt - 1))

    return asked


for name, held in [(each.name, each.resources) for each in workflow.rules]:
    for kind in held.keys() & {"mem_mb", "runtime"}:
        if isinstance(held[kind].raw, int):
            held[kind] = asked_of(name, kind, held[kind].raw)


def end_jobs_of_dead_run(run):
    """Cancel what a killed run left in SLURM's queue, and wait until it has ended: two jobs must never write one file.

    The caller holds the results folder's lock, so that no run that lives has sent them. They are known by the name that all
    jobs of a results folder get here, before the first is sent.
    """
    executor = workflow.scheduler._executor
    if not hasattr(executor, "run_uuid"):  # the slurm plugin's name for all jobs of a run
        return
    prefix = f"neotriage_{hashlib.sha256(str(run.outdir.resolve()).encode()).hexdigest()[:12]}"
    executor.run_uuid = f"{prefix}_{executor.run_uuid}"
    if not (left := jobs_in_queue(prefix)):
        return
    print(
        f"neotriage: a run before this one was killed: its {len(left)} SLURM jobs are cancelled, to be done again",
        file=sys.stderr,
    )
    subprocess.run(["scancel", *left], check=False)
    patience = time.monotonic() + LONGEST_END_S
    while left := jobs_in_queue(prefix):
        if time.monotonic() > patience:
            fix = "ask SLURM's administrator to end them"
            stop(MachineError(f"SLURM jobs of a killed run do not end: {' '.join(left)}", file=run.outdir, fix=fix))
        time.sleep(1)


def jobs_in_queue(prefix):
    """SLURM's ids of this user's jobs of that name that are not at their end."""
    command = ["squeue", "--user", getpass.getuser(), "--noheader", "--states=PD,R,CF,CG,S,RQ,RH,SI,SO,ST", "--format=%A %j"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return sorted({number for number, name in map(str.split, told.stdout.splitlines()) if name.startswith(prefix)})
