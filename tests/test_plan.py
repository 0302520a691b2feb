"""The plan: Snakemake's own jobs as a graph, rates from what was measured, and a schedule with known best ends."""

import os
from pathlib import Path

import pytest

from neotriage import cli
from neotriage.errors import FormatError
from neotriage.plan import Job, Nodes, Rate, fit_rates, job_graph, read_rates, repeated, schedule, write_rates
from neotriage.plan.dry_run import planned_jobs
from neotriage.plan.jobs import scaled
from neotriage.plan.report import table

HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time"


def told(number: int, rule: str, given: list[str], made: list[str], **wildcards: str) -> dict:
    return {
        "event": "job_info",
        "jobid": number,
        "rule_name": rule,
        "input": given,
        "output": made,
        "log": [],
        "benchmark": "",
        "threads": 1,
        "resources": {"mem_mb": 100},
        "wildcards": wildcards,
    }


@pytest.fixture
def graph(tmp_path: Path) -> tuple[Job, ...]:
    """A shared index, two lanes of 2 and 4 MB, calling in two chunks, a report."""
    (tmp_path / "one.fq").write_bytes(bytes(2_000_000))
    (tmp_path / "two.fq").write_bytes(bytes(4_000_000))
    (tmp_path / "genome.fa").write_bytes(bytes(9_000_000))
    events = [
        told(5, "report", ["c1", "c2"], ["r"], case="F"),
        told(3, "call", ["a", "b"], ["c1"], case="F", chunk="001"),
        told(4, "call", ["a", "b"], ["c2"], case="F", chunk="002"),
        told(1, "align", ["one.fq", "index"], ["a"], case="F"),
        told(2, "align", ["two.fq", "index"], ["b"], case="F"),
        told(0, "index", ["genome.fa"], ["index"]),
    ]
    return job_graph(events, tmp_path)


def test_job_graph__after_those_that_make_its_files(graph: tuple[Job, ...]) -> None:
    by = {job.output: {graph[at].output for at in job.after} for job in graph}
    assert by == {"index": set(), "a": {"index"}, "b": {"index"}, "c1": {"a", "b"}, "c2": {"a", "b"}, "r": {"c1", "c2"}}
    assert all(at < place for place, job in enumerate(graph) for at in job.after)


def test_job_graph__size_is_what_was_given_of_the_own_family_shared_by_its_chunks(graph: tuple[Job, ...]) -> None:
    sizes = {job.output: round(job.size_gb, 6) for job in graph}
    assert sizes == {"index": 0.009, "a": 0.002, "b": 0.004, "c1": 0.003, "c2": 0.003, "r": 0.006}


def seconds(job: Job) -> float:
    return {"index": 5.0, "align": 10.0, "call": 4.0, "report": 1.0}[job.rule]


@pytest.mark.parametrize(("cores", "end"), [(1, 5 + 20 + 8 + 1), (2, 5 + 10 + 4 + 1), (8, 5 + 10 + 4 + 1)])
def test_schedule__ends_as_the_longest_path_and_the_cores_allow(graph: tuple[Job, ...], cores: int, end: float) -> None:
    result = schedule(graph, seconds, Nodes(1, cores))
    assert result.end_s == end
    assert result.core_s == 5 + 20 + 8 + 1
    assert graph[result.critical[0]].rule == "index"
    assert graph[result.critical[-1]].rule == "report"


def test_schedule__nodes_and_memory_bound_what_runs_at_once(graph: tuple[Job, ...]) -> None:
    assert schedule(graph, seconds, Nodes(2, 1)).end_s == 20
    assert schedule(graph, seconds, Nodes(1, 2, memory_mb=150)).end_s == 34
    assert schedule(graph, seconds, Nodes(1, 2, launch_s=1)).end_s == 24


def test_schedule__threads_beyond_a_node_take_all_of_it() -> None:
    jobs = [Job("a", "", 8, 0, 0, str(n), "", (), ()) for n in range(3)]
    assert schedule(jobs, lambda _: 2.0, Nodes(1, 2)).end_s == 6.0


def test_repeated__families_share_what_is_shared(graph: tuple[Job, ...]) -> None:
    many = repeated(graph, 3)
    assert len(many) == 1 + 3 * 5
    assert {job.family for job in many} == {"", "F.0", "F.1", "F.2"}
    assert schedule(many, seconds, Nodes(1, 100)).end_s == 20
    assert schedule(many, seconds, Nodes(1, 1)).end_s == 5 + 3 * 29


def test_scaled__families_files_by_one_factor(graph: tuple[Job, ...]) -> None:
    assert {j.output: round(j.size_gb, 6) for j in scaled(graph, 60.0)} == {
        "index": 0.009, "a": 20.0, "b": 40.0, "c1": 30.0, "c2": 30.0, "r": 60.0,
    }  # fmt: skip


def benchmark(path: Path, took_s: float) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEAD}\n{took_s}\t0:00:00\t56.14\t1\t1\t1\t0\t0\t0\t1\n")
    os.utime(path, (1e9, 1e9))
    return str(path)


def test_fit_rates__line_through_two_sizes(tmp_path: Path) -> None:
    jobs = [
        Job("align", "F", 1, 0, gb, "o", benchmark(tmp_path / "F" / "benchmarks" / "reads" / f"{gb}.tsv", 3 + 20 * gb), (), ())
        for gb in (1.0, 2.0, 4.0)
    ]
    rate = fit_rates([(jobs, tmp_path)])["align"]
    assert (rate.jobs, rate.largest_gb, rate.memory_mb) == (3, 4.0, 56.14)
    assert (rate.fixed_s, rate.per_gb_s) == (pytest.approx(3), pytest.approx(20))


@pytest.mark.parametrize(("took_s", "at_ten_times"), [(2.0, 2.0), (30.0, 300.0)])
def test_fit_rates__one_size_short_is_fixed_long_grows(tmp_path: Path, took_s: float, at_ten_times: float) -> None:
    path = benchmark(tmp_path / "F" / "benchmarks" / "reads" / "a.tsv", took_s)
    rate = fit_rates([([Job("align", "F", 1, 0, 1.0, "o", path, (), ())], tmp_path)])["align"]
    assert rate.seconds(10.0) == pytest.approx(at_ten_times)


def test_rates__written_and_read(tmp_path: Path) -> None:
    rates = {"b": Rate(3, 1.25, 20.5, 300.0, 0.5), "a": Rate(1, 2.0, 0.0, 10.0, 0.0)}
    write_rates(rates, tmp_path / "r.tsv", "here")
    assert read_rates(tmp_path / "r.tsv") == rates
    (tmp_path / "r.tsv").write_text("rule\njust a word\n")
    with pytest.raises(FormatError, match="not a rate"):
        read_rates(tmp_path / "r.tsv")


def test_table__says_what_was_never_measured(graph: tuple[Job, ...]) -> None:
    rates = {rule: Rate(1, seconds(job), 0.0, 0.0, 0.001) for job in graph for rule in [job.rule] if rule != "report"}
    text = list(table(graph, rates, [1], 1, 2, 0, 0.0))
    assert text[2].split()[:4] == ["1", "6", "29", "s"]  # 5 + 10 + 4, and 10 for what was never measured
    assert "never measured, taken for 10 s each: report" in text
    assert any(line.startswith("beyond three times the largest size measured: ") for line in text)


def test_planned_jobs__of_the_demo(demo: Path) -> None:
    jobs = planned_jobs(demo / "config.yaml", demo, ["--cores", "2"])
    rules = [job.rule for job in jobs]
    assert (rules.count("reads_align"), rules.count("report")) == (4, 1)
    [report] = [job for job in jobs if job.rule == "report"]
    given = sum(path.stat().st_size for path in (demo / "reads").iterdir()) / 1e9
    assert report.size_gb == pytest.approx(given, rel=0.02)
    assert not (demo / "results").exists()


def test_command__nothing_to_learn_from_is_said(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "rates.tsv"
    with pytest.raises(SystemExit) as end:
        cli.main(["plan", "--config", str(demo / "config.yaml"), "--directory", str(demo), "--learn", "--rates", str(table)])
    assert end.value.code == 2
    assert "no job of this run has ended" in capsys.readouterr().err
    assert not table.exists()
