# cluster: what a job asks for when it is put in again, and the end of jobs whose run is dead. No rule stands here.

import getpass
import hashlib
import subprocess
import time

LONGEST_END_S = 300
LAUNCH_MB = 500  # of the snakemake that runs a job on a node, and of the one that runs a group (200 MB each were measured)


def more_at_each_try(stated):
    """Twice as much each time that a job is put in again (retries in the profile): it may have been killed for want of it."""
    return lambda wildcards, attempt: stated * 2 ** (attempt - 1)


for asked in [each.resources for each in workflow.rules]:
    for name in asked.keys() & {"mem", "runtime"}:
        if isinstance(asked[name].raw, int):
            asked[name] = more_at_each_try(asked[name].raw + (LAUNCH_MB if name == "mem" else 0))


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
