"""A family's quality in one verdict (depth, duplicates, insert size, sex, identity), and each panel gene's coverage."""

from neotriage.qc.coverage import LIMITS, panel_coverage
from neotriage.qc.figures import SampleFigures, SampleFiles, read_figures
from neotriage.qc.identity import check_identity
from neotriage.qc.relatedness import Pair, confirmed_family, judge_pairs, kinship
from neotriage.qc.verdict import THRESHOLDS, Light, family_verdict

__all__ = [
    "LIMITS",
    "THRESHOLDS",
    "Light",
    "Pair",
    "SampleFigures",
    "SampleFiles",
    "check_identity",
    "confirmed_family",
    "family_verdict",
    "judge_pairs",
    "kinship",
    "panel_coverage",
    "read_figures",
]
