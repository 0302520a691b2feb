"""Files that are there whole or not at all: written beside their place, then put there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

__all__ = ["write_bytes", "write_json", "write_text"]


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8."""
    write_bytes(path, text.encode())


def write_json(path: Path, values: Any) -> None:
    """Write plain values as JSON, keys sorted: same values, same bytes."""
    write_text(path, json.dumps(values, indent=1, sort_keys=True) + "\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or none; `<name>.partial` beside it is what a killed run leaves."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
