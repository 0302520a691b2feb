"""The stage `rank`: T = P + V + I + G in decibans per gene and hit, best first, each part shown."""

from __future__ import annotations

from neotriage.rank.candidates import Ranking, rank_case, shares, to_frames
from neotriage.rank.judge import Candidate
from neotriage.rank.summary import Statement, state, summarise

__all__ = ["Candidate", "Ranking", "Statement", "rank_case", "shares", "state", "summarise", "to_frames"]
