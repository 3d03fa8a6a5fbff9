"""How well a gallery answers queries: R@K, mAP and MRR, exact, each with its interval.

``rank`` finds where each query's positives stand, ``summarise`` turns that into figures, and
``paired_difference`` says whether one encoder beats another on the same queries.
"""

from __future__ import annotations

from raysign.ranking.exact import PerQuery, rank
from raysign.ranking.interval import Figure, Ranking, paired_difference, summarise

__all__ = ["Figure", "PerQuery", "Ranking", "paired_difference", "rank", "summarise"]
