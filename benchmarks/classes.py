"""Variant classes on planted truth: reads drawn by art_illumina, aligned by bwa, at 30x and 15x. Simulated reads throughout.

    python benchmarks/classes.py de_novo [--seed 1]
    python benchmarks/classes.py mitochondrion [--seed 1]
    python benchmarks/classes.py structural [--seed 1]
    python benchmarks/classes.py smn [--seed 1]
    python benchmarks/classes.py repeats [--seed 1]
    python benchmarks/classes.py chromosomes [--seed 1]
    python benchmarks/classes.py act_now --run RESULTS [--run RESULTS …]

`de_novo` and `structural` need the public data of ../shared/data (chr20's sequence, HG002's genotypes as a background);
`act_now` reads the benchmark files of finished runs, and the public calls. A class is a module `class_<name>.py` with
`add_options(parser)` and `measure(options, folder)`, which yields rows; it is listed in `CLASSES`.
"""

from __future__ import annotations

import argparse
import tempfile
from importlib import import_module
from pathlib import Path

CLASSES = ("de_novo", "mitochondrion", "structural", "smn", "repeats", "chromosomes", "act_now")
_COLUMNS = ("class", "what", "depth", "planted", "found", "share", "false")


def main() -> None:
    """Measure one class and print its rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    chosen = parser.add_subparsers(dest="name", required=True)
    modules = {name: import_module(f"class_{name}") for name in CLASSES}
    for name, module in modules.items():
        module.add_options(chosen.add_parser(name, help=(module.__doc__ or "").splitlines()[0]))
    options = parser.parse_args()
    print("\t".join(_COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        for row in modules[options.name].measure(options, Path(folder)):
            print("\t".join([options.name, *map(str, row)]), flush=True)


if __name__ == "__main__":
    main()
