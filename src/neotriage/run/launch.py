"""Checks, Snakemake as a child, the live view, and the run's log. The work is that of plain `snakemake` of the same options."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table

from neotriage.clock import duration_words, mark_words, seconds_words
from neotriage.doctor import check_outdir, check_versions, needed_tools
from neotriage.errors import InputError
from neotriage.home import checkout
from neotriage.inputs import Run, read_run
from neotriage.inputs.document import read_document
from neotriage.plan import Job, Nodes, Rates, fit_rates, own_rates, read_events, read_rates, schedule
from neotriage.plan.dry_run import planned_jobs, snakemake
from neotriage.plan.rates import expected_s
from neotriage.run.progress import Progress, failure_words

__all__ = ["launch", "needed_bytes"]

_WORK_FACTOR = 3  # disk beside the given read files: lanes as BAM until they are one CRAM, and the CRAM (measured 1.9)
_WORK_BYTES = 2_000_000_000
_TURN_S = 1.0
_SAID_EVERY_S = 60.0


def launch(config: Path, folder: Path, profile: str, cores: int | None, more: Sequence[str]) -> int:
    """Run to the end; exit code 0 done, 1 a job failed.

    Raises:
        NeotriageError: what the checks found; nothing was started.
    """
    console = Console(stderr=True, soft_wrap=True)
    with _in(folder):
        run = read_run(read_document(config).values, config_file=str(config))
        profile_folder = _profile(profile)
        is_local = not _is_remote(profile_folder)
        count = cores or os.cpu_count() or 1
        _check(run, console)
        options = ["--workflow-profile", str(profile_folder), *(["--cores", str(count)] if is_local or cores else []), *more]
        jobs = [job for job in planned_jobs(config, Path(), options) if job.rule != "all"]
        if not jobs:
            console.print(f"nothing to be done: every report is there, in {run.outdir}")
            return 0
        rates = read_rates(own_rates()) | fit_rates([(jobs, Path())])
        nodes = Nodes(1, count) if is_local else Nodes(1, 10_000, launch_s=5.0)
        _say_plan(run, jobs, rates, nodes, console)
        run.outdir.mkdir(parents=True, exist_ok=True)
        with (run.outdir / "run.log").open("a", encoding="utf-8") as log:
            return _follow(snakemake(config, Path(), options), Progress(jobs, rates, nodes), run, log, console)


def needed_bytes(run: Run) -> int:
    """Disk that a run needs in its output folder: three times its read files, and two GB."""
    files = {file.path for inputs in run.cases.values() for file in inputs.files}
    return _WORK_FACTOR * sum(path.stat().st_size for path in files) + _WORK_BYTES


def _check(run: Run, console: Console) -> None:
    check_versions(needed_tools([run.aligner, *(["apptainer"] if run.caller == "deepvariant" else [])]))
    check_outdir(run.outdir, needed_bytes=needed_bytes(run))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    families = f"{len(run.cases)} {'family' if len(run.cases) == 1 else 'families'}"
    files = len({file.path for inputs in run.cases.values() for file in inputs.files})
    console.print(
        f"checked: {families}, {files} files, tools, {needed_bytes(run) / 1e9:.1f} GB of disk in {run.outdir}; "
        f"{os.cpu_count()} cores and {memory:.0f} GB here"
    )
    lock = run.outdir / ".lock"
    if lock.is_file() and (holder := _holder(lock)):
        raise InputError(f"another run writes here at this moment ({holder})", file=run.outdir, fix="wait for it, or end it")


def _holder(lock: Path) -> str:
    """Who holds the results folder, '' nobody: the lock is the kernel's, and ends with the process that took it."""
    import fcntl

    with lock.open() as file:  # to read is enough for the lock: the file may be another user's
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read().strip() or "its process is not named"
        return ""


def _say_plan(run: Run, jobs: Sequence[Job], rates: Rates, nodes: Nodes, console: Console) -> None:
    planned = schedule(jobs, lambda job: expected_s(job, rates), nodes)
    shown = datetime.fromtimestamp(time.time() + planned.end_s).astimezone()
    console.print(
        f"{len(jobs)} jobs to do, about {seconds_words(planned.end_s)} by what was measured (until {shown:%a %H:%M}), "
        f"{planned.core_s / 3600:.2f} core hours"
    )
    for name, inputs in run.cases.items():
        if received := inputs.case.clock.received:
            elapsed = shown - datetime.fromisoformat(received)
            words = (
                f"{duration_words(elapsed)} later, {mark_words(elapsed)}"
                if elapsed > timedelta(0)
                else "which lies in the future"
            )
            console.print(f"{name}: received {received}; the expected end is {words}")


def _follow(command: Sequence[str], progress: Progress, run: Run, log: TextIO, console: Console) -> int:
    """Start Snakemake and show how far it is, until it ends."""
    began = time.time()
    log.write(f"{_now()} started: {' '.join(command)}\n")
    with tempfile.TemporaryDirectory() as scratch:
        events = Path(scratch) / "events"
        said = run.outdir / "snakemake.log"
        with said.open("w") as output:
            # A process group of its own: a terminal's Ctrl-C would reach it beside ours, and the second one cuts its end short.
            child = subprocess.Popen(
                [*command, "--logger", "neotriage", "--logger-neotriage-events", str(events)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
            try:
                with _interrupted_by(signal.SIGTERM, signal.SIGHUP):
                    _watch(child, events, progress, console)
            except KeyboardInterrupt:
                _end(child)
                log.write(f"{_now()} ended by a signal (Ctrl-C or its like); the same command goes on from here\n")
                console.print("ended; the same command goes on from here")
                return 130
        progress.follow(read_events(events))
    words = failure_words(progress.failures, Path())
    if child.returncode and not words:
        words = [line for line in said.read_text(errors="replace").splitlines() if line.startswith("neotriage: error: ")]
        words = words or [f"snakemake ended with {child.returncode}; see {said}"]
    state = "failed" if child.returncode else "done"
    log.write(
        f"{_now()} {state} after {seconds_words(time.time() - began)}, {len(progress.finished)} of {len(progress.jobs)} jobs\n"
    )
    for line in words if child.returncode else ():
        log.write(f"{_now()} {line}\n")
        console.print(line, style="bold red", highlight=False)
    if child.returncode:
        console.print(f"mend that, then the same command goes on; everything Snakemake said: {said}")
        return 1
    for name in run.cases:
        console.print(f"{name}: {run.outdir / name / 'report' / f'{name}.html'}")
    return 0


def _end(child: subprocess.Popen[bytes]) -> None:
    """End Snakemake and its jobs as Ctrl-C does, and wait; a second Ctrl-C meanwhile kills them."""
    with suppress(ProcessLookupError):  # it has ended by itself
        os.killpg(child.pid, signal.SIGINT)
        try:
            child.wait()
        except KeyboardInterrupt:
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()


@contextmanager
def _interrupted_by(*signals: signal.Signals) -> Iterator[None]:
    """A closed terminal or a kill ends a run as Ctrl-C does: without this, Snakemake and its jobs would live on unseen."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(child: subprocess.Popen[bytes], events: Path, progress: Progress, console: Console) -> None:
    """Until the child ends; on a terminal a table that is drawn anew, else a line a minute."""
    if not console.is_terminal:
        last = 0.0
        while child.poll() is None:
            time.sleep(_TURN_S)
            progress.follow(read_events(events))
            if time.monotonic() - last > _SAID_EVERY_S:
                last = time.monotonic()
                left = max(progress.left_s(time.time()), default=0.0)
                console.print(
                    f"{_now()} {len(progress.finished)} of {len(progress.jobs)} jobs, about {seconds_words(left)} left"
                )
        return
    with Live(console=console, refresh_per_second=2) as live:
        while child.poll() is None:
            time.sleep(_TURN_S)
            progress.follow(read_events(events))
            live.update(_table(progress))


def _table(progress: Progress) -> Table:
    now = time.time()
    table = Table(box=None, caption=f"{progress.core_hours(now):.2f} core hours so far", caption_justify="left")
    for name in ("family", "stage", "", "jobs", "left"):
        table.add_column(name)
    for line in progress.lines(now):
        full = round(20 * line.share)
        bar = "█" * full + "░" * (20 - full)
        left = "done" if line.done == line.jobs else seconds_words(line.left_s)
        table.add_row(line.family, ", ".join(line.stages), bar, f"{line.done}/{line.jobs}", left)
    return table


def _profile(name: str) -> Path:
    own = checkout() / "workflow" / "profiles" / name
    found = own if own.is_dir() else Path(name)
    if not (found / "config.yaml").is_file():
        known = ", ".join(sorted(path.parent.name for path in own.parent.glob("*/config.yaml")))
        raise InputError(f"no profile {name!r}", fix=f"name one of {known}, or a folder with a config.yaml")
    return found


def _is_remote(profile: Path) -> bool:
    values: Mapping[str, Any] = read_document(profile / "config.yaml").values
    return bool(values.get("executor", "local") != "local")


@contextmanager
def _in(folder: Path) -> Iterator[None]:
    """Work in a folder, as snakemake --directory does."""
    if not folder.is_dir():
        raise InputError(f"no folder {folder}", fix="correct --directory")
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
