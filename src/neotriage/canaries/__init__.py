"""Canaries: sentinel variants whose annotation is known, sent through a run's own annotation; a miss blocks the reports."""

from neotriage.canaries.checking import check_canaries
from neotriage.canaries.choosing import Sources, choose_canaries
from neotriage.canaries.file import Canary, Kind, read_canaries, write_canaries

__all__ = ["Canary", "Kind", "Sources", "check_canaries", "choose_canaries", "read_canaries", "write_canaries"]
