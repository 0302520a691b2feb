"""Broken inputs by the seed: for each kind of file a run takes, ways to break it that leave no doubt that it is broken.

A breakage takes a whole file's bytes and a random generator, and returns the broken bytes with the 1-based line that the
message has to name (None: the file as a whole). `harmless` changes bytes but no meaning: what comes out has to be the same.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Broken = tuple[bytes, int | None]
Breakage = Callable[[bytes, random.Random], Broken]


@dataclass(frozen=True)
class Kind:
    """One kind of input: its file in the run's folder, the command that takes it, what that writes, and how to break it."""

    name: str
    file: str
    command: tuple[str, ...]
    output: str
    breakages: Mapping[str, Breakage]
    harmless: Mapping[str, Callable[[bytes], bytes]] = field(default_factory=dict)


# --- of any file


def empty(_: bytes, __: random.Random) -> Broken:
    return b"", None


def web_page(_: bytes, __: random.Random) -> Broken:
    """What a download behind a log-in page leaves."""
    return b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body>Sign in</body></html>\n", None


def noise(content: bytes, rng: random.Random) -> Broken:
    return b"\x89PNG\r\n\x1a\n" + rng.randbytes(max(64, len(content) // 4)), None


def zipped_twice(content: bytes, _: random.Random) -> Broken:
    return gzip.compress(gzip.compress(content, mtime=0), mtime=0), None


ANY: Mapping[str, Breakage] = {"empty": empty, "web_page": web_page, "noise": noise}

# --- of compressed files


def cut_short(content: bytes, rng: random.Random) -> Broken:
    """A copy that broke off, within the last two thirds."""
    return content[: rng.randrange(len(content) // 3, len(content) - 30)], None


def flipped_bit(content: bytes, rng: random.Random) -> Broken:
    """One bit of the compressed data, away from the headers' free fields."""
    at = rng.randrange(40, len(content) * 9 // 10)
    return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :], None


PACKED: Mapping[str, Breakage] = {"cut_short": cut_short, "flipped_bit": flipped_bit}

# --- of lines


def on_line(change: Callable[[bytes, random.Random], bytes], first: int = 1, names_row: bool = True) -> Breakage:
    """A breakage of one line that is no comment, from the first (counted from 0 among such lines) on."""

    def broken(content: bytes, rng: random.Random) -> Broken:
        lines = content.split(b"\n")
        rows = [row for row, line in enumerate(lines) if line.strip() and not line.startswith(b"#")][first:]
        for _ in range(50):
            row = rng.choice(rows)
            changed = change(lines[row], rng)
            if changed != lines[row]:
                return b"\n".join([*lines[:row], changed, *lines[row + 1 :]]), row + 1 if names_row else None
        raise AssertionError("nothing to break")

    return broken


def cell(column: int, *words: bytes, first: int = 1, separator: bytes = b"\t", names_row: bool = True) -> Breakage:
    """Another word in a column."""

    def change(line: bytes, rng: random.Random) -> bytes:
        cells = line.split(separator)
        cells[column] = rng.choice(words)
        return separator.join(cells)

    return on_line(change, first, names_row)


def fewer_cells(line: bytes, rng: random.Random) -> bytes:
    cells = line.split(b"\t")
    return b"\t".join(cells[: rng.randrange(1, max(2, len(cells) // 2))])


def more_cells(line: bytes, _: random.Random) -> bytes:
    return line + b"\textra"


def blanks_for_tabs(line: bytes, _: random.Random) -> bytes:
    return line.replace(b"\t", b"    ")


def not_utf8(line: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(1, len(line))
    return line[:at] + b"\xff\xfe\x80" + line[at:]


def nul(line: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(1, len(line))
    return line[:at] + b"\0" + line[at:]


def header_cell(column: int, word: bytes) -> Breakage:
    def broken(content: bytes, _: random.Random) -> Broken:
        head, _, rest = content.partition(b"\n")
        cells = head.split(b"\t")
        cells[column] = word
        return b"\t".join(cells) + b"\n" + rest, 1

    return broken


def no_header(content: bytes, _: random.Random) -> Broken:
    return content.partition(b"\n")[2], None


def only_header(content: bytes, _: random.Random) -> Broken:
    return content.partition(b"\n")[0] + b"\n", None


def replaced(old: bytes, *new: bytes, names_row: bool = True) -> Breakage:
    """One place where `old` stands, taken at random, holds another text."""

    def broken(content: bytes, rng: random.Random) -> Broken:
        at = rng.choice([n for n in range(len(content)) if content.startswith(old, n)])
        text = content[:at] + rng.choice(new) + content[at + len(old) :]
        return text, content[:at].count(b"\n") + 1 if names_row else None

    return broken


# --- of packed text: unpack, break, pack


def packed(breakages: Mapping[str, Breakage], pack: Callable[[bytes], bytes]) -> dict[str, Breakage]:
    def through(breakage: Breakage) -> Breakage:
        def broken(content: bytes, rng: random.Random) -> Broken:
            text, row = breakage(gzip.decompress(content), rng)
            return pack(text), row

        return broken

    return {name: through(breakage) for name, breakage in breakages.items()}


# --- of YAML and JSON


def _walk(value: Any, key: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    return [key, *(place for name, held in inner for place in _walk(held, (*key, name)))]


def document(load: Callable[[bytes], Any], dump: Callable[[Any], bytes]) -> dict[str, Breakage]:
    """Breakages of the values of a document, by place."""

    def at(choose: Callable[[Any], bool], change: Callable[[Any, Any, random.Random], None]) -> Breakage:
        """Change a place whose value is chosen: given its holder and its key there."""

        def broken(content: bytes, rng: random.Random) -> Broken:
            values = load(content)
            places = [place for place in _walk(values) if place]
            held = []
            for place in places:
                holder = values
                for name in place[:-1]:
                    holder = holder[name]
                if choose(holder[place[-1]]):
                    held.append((holder, place[-1]))
            holder, name = rng.choice(held)
            change(holder, name, rng)
            return dump(values), None

        return broken

    def put(*values: Any) -> Callable[[Any, Any, random.Random], None]:
        def change(holder: Any, name: Any, rng: random.Random) -> None:
            holder[name] = rng.choice(values)

        return change

    def unknown_key(holder: Any, name: Any, _: random.Random) -> None:
        holder[name]["colour"] = "red"

    def is_map(value: Any) -> bool:
        return isinstance(value, dict)

    return {
        "map_for_text": at(lambda v: isinstance(v, str), put({}, {"a": 1}, [["a"]])),
        "number_for_text": at(lambda v: isinstance(v, str), put(17, -1.5)),
        "text_for_map": at(is_map, put("text", 5, True)),
        "text_for_list": at(lambda v: isinstance(v, list), put(5, True)),
        "unknown_key": at(is_map, unknown_key),
        "null": at(lambda v: isinstance(v, str), put(None)),
    }


def dump_json(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def deep(_: bytes, __: random.Random) -> Broken:
    return b"[" * 100_000, None


def bomb(content: bytes, __: random.Random) -> Broken:
    """Aliases of aliases: a kilobyte that unfolds to a billion words."""
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 10)]
    return content + b"\n".join(lines) + b"\n", None
