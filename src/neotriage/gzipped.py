"""Gzip by isal, several times faster than the standard library's: its opener and decompressor, and how damage shows itself."""

import gzip
import zlib
from typing import Any, cast

from isal import igzip, igzip_lib

__all__ = ["DAMAGED", "IGZIP"]

IGZIP: Any = igzip  # as the standard library's gzip; isal states no types for its files
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, cast("type[Exception]", igzip_lib.IsalError))
