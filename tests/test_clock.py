"""The clock: stages from Snakemake's own benchmark files, what was waited for, the marks."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from neotriage import cli
from neotriage.case import Case, Clock, write_case
from neotriage.clock import duration_words, job_times, mark_words, seconds_words, stage_times, waited_for
from neotriage.clock.words import clock_lines
from neotriage.pedigree import Family, Member, Sex

HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time"
NOON = datetime(2026, 1, 7, 12, 0, tzinfo=UTC)


def job(folder: Path, name: str, began_s: float, took_s: float, cpu: str = "1.00") -> None:
    """A benchmark file as Snakemake leaves it: its time is the job's end."""
    path = folder / "benchmarks" / f"{name}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEAD}\n{took_s}\t0:00:00\t56.14\t1\t1\t1\t0.00\t0.73\t0.00\t{cpu}\n")
    ended = NOON.timestamp() + began_s + took_s
    os.utime(path, (ended, ended))


@pytest.fixture
def family(tmp_path: Path) -> Path:
    """Two alignments side by side, calls after the slower, a page beside them, the report last."""
    folder = tmp_path / "F"
    job(folder, "reads/a.align", 0, 60, cpu="100.00")
    job(folder, "reads/b.align", 0, 90, cpu="NA")
    job(folder, "calls/bcftools.001", 90, 30)
    job(folder, "actnow/actnow", 60, 5)
    job(folder, "report/report", 120, 10)
    return folder


def test_stage_times__first_start_last_end_and_work(family: Path) -> None:
    told = [
        (s.stage, s.jobs, (s.started - NOON).seconds, (s.finished - NOON).seconds, s.wall_s)
        for s in stage_times(job_times(family))
    ]
    assert told == [
        ("reads", 2, 0, 90, 150.0),
        ("actnow", 1, 60, 65, 5.0),
        ("calls", 1, 90, 120, 30.0),
        ("report", 1, 120, 130, 10.0),
    ]


def test_waited_for__each_time_the_job_that_ended_last_before(family: Path) -> None:
    assert [one.name for one in waited_for(job_times(family))] == ["b.align", "bcftools.001", "report"]


@pytest.mark.parametrize("text", ["", HEAD, f"{HEAD}\nx\t0:00:00\n", f"{HEAD}\n"])
def test_job_times__file_that_is_being_written_is_left_out(family: Path, text: str) -> None:
    (family / "benchmarks" / "rank").mkdir()
    (family / "benchmarks" / "rank" / "rank.tsv").write_text(text)
    assert {one.stage for one in job_times(family)} == {"reads", "calls", "actnow", "report"}


def test_job_times__not_measured_is_zero(family: Path) -> None:
    assert {one.name: one.cpu_s for one in job_times(family)}["b.align"] == 0.0


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "day 7 in 7 d 0 h"), (7, "past day 7; day 14 in 7 d 0 h"), (14, "past day 14"), (6.9, "day 7 in 2 h")],
)
def test_mark_words__by_the_days(days: float, words: str) -> None:
    assert mark_words(timedelta(days=days)) == words


def test_words__of_spans() -> None:
    assert [duration_words(timedelta(hours=h)) for h in (0.9, 47, 48)] == ["0 h", "47 h", "2 d 0 h"]
    assert [seconds_words(s) for s in (89, 600, 5400, 11100)] == ["89 s", "10 min", "1 h 30 min", "3 h 05 min"]


def lines(folder: Path, received: str) -> list[str]:
    (folder / "inputs").mkdir()
    family = Family("F", (Member("baby", Sex.MALE, True),))
    write_case(Case("F", family, clock=Clock(received=received)), folder / "inputs" / "case.json")
    return list(clock_lines(folder, NOON + timedelta(days=1)))


def test_clock_lines__elapsed_until_now_then_until_the_report(family: Path) -> None:
    told = lines(family, "2026-01-06T12:00:00Z")
    assert told[:2] == ["F: received 2026-01-06T12:00:00Z", "  elapsed 2 d 0 h, day 7 in 5 d 0 h"]
    (family / "report").mkdir()
    (family / "report" / "F.html").write_text("x")
    assert "  reported after 24 h, day 7 in 5 d 23 h" in clock_lines(family, NOON + timedelta(days=1))
    assert told[-2].startswith("  from first start to last end 2 min; longest of what was waited for: reads/b.align 2 min")


def test_clock_lines__receipt_in_the_future_and_not_stated(family: Path) -> None:
    assert lines(family, "2027-01-06T12:00:00Z")[1] == "  the receipt lies in the future"


def test_command__no_family_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["clock", str(tmp_path)])
    assert "no family in" in capsys.readouterr().err
