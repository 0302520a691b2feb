"""Where the project's own files lie. neotriage runs from its checkout: the Snakefile, schemas and resources are part of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from neotriage.errors import MachineError

__all__ = ["checkout", "put_own_programs_first", "resource", "schema_file"]


def checkout() -> Path:
    """The checkout's top folder.

    Raises:
        MachineError: the package was installed without its checkout.
    """
    top = Path(__file__).resolve().parents[2]
    if not (top / "Snakefile").is_file():
        raise MachineError(
            f"no Snakefile in {top}",
            fix="install neotriage from its checkout with `make setup` (an editable install)",
        )
    return top


def resource(*parts: str) -> Path:
    """A file of the checkout's resources/ folder."""
    return checkout().joinpath("resources", *parts)


def schema_file(name: str) -> Path:
    """The JSON schema `workflow/schemas/<name>.schema.yaml`."""
    return checkout() / "workflow" / "schemas" / f"{name}.schema.yaml"


def put_own_programs_first() -> None:
    """Make `neotriage`, and what else the environment brings, those beside the Python that runs this, whatever PATH says."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
