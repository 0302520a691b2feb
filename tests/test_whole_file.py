"""Whole files: what was there stays until the new one is whole."""

from pathlib import Path

import pytest

from neotriage.whole_file import write_json, write_text


def test_write_text__utf8_and_nothing_left_beside(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "≥ 3\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xe2\x89\xa5 3\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_write_text__what_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old\n")
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a.txt", "new \ud800\n")
    (tmp_path / "a.txt.partial").mkdir()
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path / "a.txt", "new\n")
    assert (tmp_path / "a.txt").read_text() == "old\n"


def test_write_json__same_values_same_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": [None]})
    assert (tmp_path / "a.json").read_text() == '{\n "a": [\n  null\n ],\n "b": 1\n}\n'
