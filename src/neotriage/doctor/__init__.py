"""Is this machine fit to run: tools, Python packages, disk, output folder; what is missing is named with its package."""

from neotriage.doctor.machine import (
    Finding,
    check_outdir,
    check_tools,
    check_versions,
    inspect_packages,
    inspect_tools,
    needed_tools,
)

__all__ = [
    "Finding",
    "check_outdir",
    "check_tools",
    "check_versions",
    "inspect_packages",
    "inspect_tools",
    "needed_tools",
]
