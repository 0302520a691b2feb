"""What made a report: pipeline, tools, packages, resources, config and commands; same run, same bytes.

No time, no host, no absolute path is stated: the report of a run must not depend on when and where it was made.
"""

from neotriage.provenance.resource import ResourceRecord, describe_resource
from neotriage.provenance.statement import package_versions, pipeline_version, provenance, tool_versions
from neotriage.provenance.tools import TOOLS, Tool, find_version, is_older

__all__ = [
    "TOOLS",
    "ResourceRecord",
    "Tool",
    "describe_resource",
    "find_version",
    "is_older",
    "package_versions",
    "pipeline_version",
    "provenance",
    "tool_versions",
]
