"""YAML and JSON files with the line of every key, so that an error can name it. Times stay text, a key twice is an error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml

from neotriage.errors import InputError

__all__ = ["Document", "Key", "read_document", "read_text"]

_SafeLoader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Key = tuple[str | int, ...]
_DEEPEST = 50  # of what is nested; a run's files have six
_MOST = 1_000_000  # values, aliases written out


class _Loader(_SafeLoader):  # type: ignore[misc]
    """The safe loader, but 2026-11-02T03:40:00Z stays the text it is."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, Any]]]] = {
        first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
        for first, pairs in _SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True)
class Document:
    """A file's values, and key path -> 1-based line (empty if the lines are not known)."""

    file: str
    values: Any
    lines: Mapping[Key, int] = field(default_factory=dict)

    def line(self, key: Sequence[str | int]) -> int | None:
        """The line of a key, or of the nearest key above it; None if not known."""
        for size in range(len(key), 0, -1):
            if tuple(key[:size]) in self.lines:
                return self.lines[tuple(key[:size])]
        return None

    def error(self, problem: str, key: Sequence[str | int], fix: str) -> InputError:
        """The error for a key: names the file, the key's line and the key with dots."""
        return InputError(problem, file=self.file, row=self.line(key), column=".".join(map(str, key)) or None, fix=fix)


def read_text(path: Path) -> str:
    """A text file's content, UTF-8 with or without byte order mark.

    Raises:
        InputError: the file is absent, cannot be read, or is not UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text (byte {error.start})", file=path, fix="save the file as UTF-8") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path, fix="give the path of a readable file") from None


def read_document(path: Path) -> Document:
    """The values and lines of a YAML file, or of a JSON file (ending .json).

    Raises:
        InputError: unreadable, not YAML or JSON, or a key given twice.
    """
    text = read_text(path)
    return _read_json(path, text) if path.suffix == ".json" else _read_yaml(path, text)


def _read_yaml(path: Path, text: str) -> Document:
    _check_depth(path, text)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is not None and _size(node, {}) > _MOST:
            raise InputError(f"its aliases stand for more than {_MOST} values", file=path, fix="write out what they stand for")
        lines: dict[Key, int] = {}
        if node is not None:
            _note_lines(path, node, (), lines)
        return Document(str(path), None if node is None else loader.construct_document(node), lines)
    except yaml.YAMLError as error:
        raise _not_yaml(path, error) from None
    finally:
        loader.dispose()


def _check_depth(path: Path, text: str) -> None:
    """Pass if nothing is nested past reading (libyaml's composer would end the process)."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                row = event.start_mark.line + 1 if event.start_mark else None
                raise InputError(f"nested more than {_DEEPEST} deep", file=path, row=row, fix="correct the YAML")
    except yaml.YAMLError as error:
        raise _not_yaml(path, error) from None


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Values below a node, each alias written out: a kilobyte of aliases may stand for a billion words."""
    if id(node) not in known:
        known[id(node)] = _MOST + 1  # a node within itself has no end
        inner = node.value if isinstance(node, yaml.SequenceNode) else ()
        if isinstance(node, yaml.MappingNode):
            inner = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_size(part, known) for part in inner)
    return known[id(node)]


def _not_yaml(path: Path, error: yaml.YAMLError) -> InputError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return InputError(f"not YAML ({problem})", file=path, row=None if mark is None else mark.line + 1, fix="correct the YAML")


def _note_lines(path: Path, node: yaml.Node, key: Key, lines: dict[Key, int]) -> None:
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            lines[*key, number] = item.start_mark.line + 1
            _note_lines(path, item, (*key, number), lines)
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            row = name.start_mark.line + 1
            here = (*key, str(name.value))
            if here in lines:
                raise InputError(
                    "the key is given twice",
                    file=path,
                    row=row,
                    column=".".join(map(str, here)),
                    fix=f"keep this one or the one of line {lines[here]}",
                )
            lines[here] = row
            _note_lines(path, value, here, lines)


def _read_json(path: Path, text: str) -> Document:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError("the key is given twice", file=path, column=twice, fix="keep one of the two")
        return result

    try:
        return Document(str(path), json.loads(text, object_pairs_hook=unique))
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON ({error.msg})", file=path, row=error.lineno, fix="correct the JSON") from None
    except RecursionError:
        raise InputError("nested past reading", file=path, fix="correct the JSON") from None
