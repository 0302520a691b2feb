"""The verify stage: the alignments read again at what looks de novo, and the phase that read pairs show.

Model, priors and their sources: docs/verify.md.
"""

from neotriage.verify.run import reread, run_verify

__all__ = ["reread", "run_verify"]
