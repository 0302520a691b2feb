"""Snakemake's events as JSON lines, for `neotriage run` and `neotriage plan`: snakemake --logger neotriage.

One object a line: `event` (job_info, job_started, job_finished, job_error, group_info, group_error, shellcmd), `time` (seconds
since 1970) and what Snakemake says of it. The module's name is the one by which Snakemake finds a logger plugin.
"""

import json  # (annotations are not put off here: Snakemake makes options of the settings' types)
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from logging import LogRecord
from pathlib import Path
from typing import Any, TextIO

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

__all__ = ["LogHandler", "LogHandlerSettings"]

_KEPT = (
    "jobid",
    "job_id",
    "jobs",
    "rule_name",
    "wildcards",
    "input",
    "output",
    "log",
    "benchmark",
    "threads",
    "shellcmd",
    "resources",
)
_EVENTS = ("job_", "group_", "shellcmd")


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """Where the events go."""

    events: Path = field(default=Path(os.devnull), metadata={"help": "File that the events are appended to"})


class LogHandler(LogHandlerBase):
    """Appends events to a file, each line whole."""

    def __post_init__(self) -> None:
        """Open the file."""
        path = self.settings.events if isinstance(self.settings, LogHandlerSettings) else Path(os.devnull)
        self._file: TextIO = Path(path).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 - as long as the run

    def emit(self, record: LogRecord) -> None:
        """Write what is an event of a job."""
        name = str(getattr(record, "event", None) or "")
        if not name.startswith(_EVENTS):
            return
        said = {key: _plain(getattr(record, key)) for key in _KEPT if hasattr(record, key)}
        self._file.write(json.dumps({"event": name, "time": record.created, **said}) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        """No: Snakemake's own lines stay."""
        return False

    @property
    def writes_to_file(self) -> bool:
        """No log for people."""
        return False

    @property
    def has_filter(self) -> bool:
        """Its own: --quiet hides nothing."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Its own."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """No."""
        return False


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(held) for name, held in value.items()}
    if hasattr(value, "items") and not isinstance(value, str):
        return {str(name): _plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(held) for held in value]
    return value if isinstance(value, int | float | str) or value is None else str(value)
