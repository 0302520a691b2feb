"""Quality figures of a family's reads in one verdict (depth, duplicates, insert size, sex), and each panel gene's coverage."""

from neotriage.qc.coverage import LIMITS, panel_coverage
from neotriage.qc.figures import SampleFigures, SampleFiles, read_figures
from neotriage.qc.verdict import THRESHOLDS, Light, family_verdict

__all__ = [
    "LIMITS",
    "THRESHOLDS",
    "Light",
    "SampleFigures",
    "SampleFiles",
    "family_verdict",
    "panel_coverage",
    "read_figures",
]
