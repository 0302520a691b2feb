"""The outside resources: planned, fetched, proven, compared, and built into what a run reads. A run itself fetches nothing."""

from neotriage.resources.fetching import Fetched, fetch_file, open_session
from neotriage.resources.lock import LOCK, Locked, Trust, check_files, read_lock, write_lock
from neotriage.resources.manifest import TIERS, Entry, RemoteFile, chosen, read_manifest

__all__ = [
    "LOCK",
    "TIERS",
    "Entry",
    "Fetched",
    "Locked",
    "RemoteFile",
    "Trust",
    "check_files",
    "chosen",
    "fetch_file",
    "open_session",
    "read_lock",
    "read_manifest",
    "write_lock",
]
