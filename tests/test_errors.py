"""One line that names the place and the fix."""

import errno
from types import SimpleNamespace

import pytest

from neotriage import cli
from neotriage.errors import BuildError, FormatError, InputError, MachineError, NeotriageError, ResourceError


def test_error__names_file_line_column_and_fix() -> None:
    error = InputError("sample twice.", file="s.tsv", row=3, column="sample", fix="rename it")
    assert str(error) == "s.tsv, line 3, column sample: sample twice. Fix: rename it"


def test_error__what_is_not_known_is_left_out() -> None:
    assert str(InputError("a problem")) == "a problem"
    assert str(InputError("a problem", file="f")) == "f: a problem"
    assert str(InputError("a problem", column="c", fix="mend it")) == "column c: a problem. Fix: mend it"


def test_error__is_one_line_whatever_it_quotes() -> None:
    assert str(FormatError("bad\nline\ttwo", file="a\nb")) == "a b: bad line two"


@pytest.mark.parametrize("kind", [InputError, FormatError, BuildError, ResourceError, MachineError])
def test_cli__user_error_is_one_line_and_exit_2(
    kind: type[NeotriageError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(kind("broken", file="f", fix="mend it"), monkeypatch) == 2
    assert capsys.readouterr() == ("", "neotriage: error: f: broken. Fix: mend it\n")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_cli__full_or_closed_disk_is_one_line_and_exit_2(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(OSError(number, "words", "results/x"), monkeypatch) == 2
    said = capsys.readouterr().err
    assert "results/x" in said
    assert "Fix: free space or choose a folder that can be written" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("bug", [KeyError("column"), OSError(errno.EIO, "words"), ValueError("x")])
def test_cli__a_bug_keeps_its_traceback(bug: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(type(bug)):
        _run(bug, monkeypatch)


def test_cli__unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["anotate"])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "annotate" in said
    assert said.count("\n") == 1


def _run(error: Exception, monkeypatch: pytest.MonkeyPatch) -> object:
    def app(arguments: list[str], prog_name: str) -> None:
        raise error

    monkeypatch.setattr(cli, "import_module", lambda name: SimpleNamespace(app=app))
    with pytest.raises(SystemExit) as end:
        cli.main(["rank"])
    return end.value.code
