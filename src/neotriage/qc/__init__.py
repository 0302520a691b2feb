"""Quality figures of a family's reads in one verdict: depth over the exons, duplicates, insert size, sex by depth."""

from neotriage.qc.figures import SampleFigures, SampleFiles, read_figures
from neotriage.qc.verdict import THRESHOLDS, Light, family_verdict

__all__ = ["THRESHOLDS", "Light", "SampleFigures", "SampleFiles", "family_verdict", "read_figures"]
