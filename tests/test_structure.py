"""One name per stage, imports down only, and everything that has a list is on it."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from neotriage.cli import COMMANDS
from neotriage.schema import TABLES

CHECKOUT = Path(__file__).resolve().parents[1]
SOURCE = CHECKOUT / "src" / "neotriage"
STAGES = ("inputs", "reads", "actnow", "qc", "calls", "table", "annotate")
STAGES += ("verify", "inheritance", "evidence", "rank", "report")
STAGE_LAYER = 5


def layers() -> dict[str, int]:
    """Module -> layer, from the numbered list in docs/architecture.md."""
    text = (CHECKOUT / "docs" / "architecture.md").read_text()
    section = text.split("## Layers")[1].split("\n\n")[0]
    entries = re.findall(r"^(\d)\. (.*(?:\n   .*)*)", section, re.MULTILINE)
    return {name.rstrip("/"): int(number) for number, names in entries for name in re.findall(r"`(\w+/?)`", names)}


def imports() -> list[tuple[str, str, str]]:
    """(file, top module that imports, top module imported) over the package, lazy imports included."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        here = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                full = [node.module or ""] if node.module != "neotriage" else [f"neotriage.{name.name}" for name in node.names]
            elif isinstance(node, ast.Import):
                full = [name.name for name in node.names]
            else:
                continue
            tops = {name.split(".")[1] for name in full if name.startswith("neotriage.")} - {here, "__version__"}
            found += [(str(path.relative_to(CHECKOUT)), here, top) for top in sorted(tops)]
    return found


def test_layers__every_module_has_one() -> None:
    modules = {path.stem for path in SOURCE.glob("*.py")} | {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert modules - {"__init__", "__main__"} == set(layers())


def test_layers__imports_go_down() -> None:
    layer = layers() | {"__main__": max(layers().values()) + 1, "__init__": 0}
    wrong = [
        f"{file}: {here} (layer {layer[here]}) imports {there} (layer {layer[there]})"
        for file, here, there in imports()
        if layer[there] > layer[here] or (layer[here] == layer[there] == STAGE_LAYER)
    ]
    assert wrong == []


@pytest.mark.parametrize("stage", STAGES)
def test_stage__one_name(stage: str) -> None:
    assert stage in COMMANDS
    assert (SOURCE / stage / "command.py").is_file()
    assert (CHECKOUT / "tests" / f"test_{stage}.py").is_file()
    rules = (CHECKOUT / "workflow" / "rules" / f"{stage}.smk").read_text()
    assert rules.startswith(f"# {stage}: "), "a rule file opens with its purpose"
    names = re.findall(r"^ *rule (\w+):", rules, re.MULTILINE)
    assert names
    assert [name for name in names if name.split("_")[0] != stage] == []
    paths = re.findall(r'"<results>/\{case\}/(logs|benchmarks)/(\w+)/', rules)
    assert {folder for _, folder in paths} == {stage}


def test_stage__written_only_by_itself() -> None:
    for stage in STAGES:
        rules = (CHECKOUT / "workflow" / "rules" / f"{stage}.smk").read_text()
        outputs = re.findall(r"    output:\n((?:        .*\n)+)", rules)
        folders = {folder for block in outputs for folder in re.findall(r"<results>/\{case\}/(\w+)/", block)}
        assert folders <= {stage}


def test_rule_files__are_the_stages_and_what_they_share() -> None:
    files = {path.stem for path in (CHECKOUT / "workflow" / "rules").glob("*.smk")}
    assert files == {*STAGES, "cluster", "common", "resources"}
    snakefile = (CHECKOUT / "Snakefile").read_text()
    assert set(re.findall(r'include: "workflow/rules/(\w+)\.smk"', snakefile)) == files


def test_rules__one_shell_command_with_all_that_a_cluster_needs() -> None:
    for path in sorted((CHECKOUT / "workflow" / "rules").rglob("*.smk")):
        text = path.read_text()
        assert not re.search(r"^ *(run|script|notebook):", text, re.MULTILINE), path
        for rule in re.split(r"^ *rule ", text, flags=re.MULTILINE)[1:]:
            name = rule.split(":")[0]
            lacking = [word for word in ("log", "benchmark", "resources", "shell") if f"    {word}:" not in rule]
            assert lacking == [], f"{path.name}: rule {name}"
            assert "    conda:" in rule or "    container:" in rule, f"{path.name}: rule {name}"
            assert "mem_mb=" in rule and "runtime=" in rule, f"{path.name}: rule {name}"  # noqa: PT018


def test_commands__are_the_packages_with_a_command() -> None:
    assert set(COMMANDS) == {path.parent.name for path in SOURCE.glob("*/command.py")}


def test_schema__tables_are_written_by_stages() -> None:
    assert {table.stage for table in TABLES.values()} <= set(STAGES)


def test_lock__holds_every_requirement_and_no_address() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    names = {re.sub(r"[._]", "-", re.split(r"[<>=!~\[; ]", line)[0].lower()) for line in wanted}
    lock = (CHECKOUT / "requirements.lock").read_text()
    assert names - set(re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE)) == set()
    assert "://" not in lock
    assert "--hash=sha256:" in lock


def test_tests__named_after_what_they_test() -> None:
    wrong = [
        f"{path.name}: {node.name}"
        for path in sorted((CHECKOUT / "tests").glob("test_*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and "__" not in node.name
    ]
    assert wrong == []
