"""How well a gallery answers queries: R@K, mAP and MRR, exact, each with its interval.

``rank`` finds where each query's positives stand, ``summarise`` turns that into figures, and
``paired_differences`` says whether one encoder beats another on the same queries, over as many
seeds as each was trained from. ``shortlist`` is the top of a ranking and ``reordered`` what a
second stage makes of it. ``chance`` is the floor, ``one_draw`` what a single draw may show.
"""

from __future__ import annotations

from raysign.ranking.bootstrap import Resampling
from raysign.ranking.chance import chance
from raysign.ranking.draws import one_draw
from raysign.ranking.exact import PerQuery, rank
from raysign.ranking.interval import (
    RECALL_AT,
    Figure,
    Ranking,
    short,
    signed,
    spoken,
    summarise,
    wilson,
)
from raysign.ranking.paired import Difference, Row, paired_differences, summarise_row
from raysign.ranking.scoring import SCORINGS, Scoring, rank_by, sign_scores, smooth
from raysign.ranking.shortlist import Shortlist, reordered, shortlist

__all__ = [
    "RECALL_AT",
    "SCORINGS",
    "Difference",
    "Figure",
    "PerQuery",
    "Ranking",
    "Resampling",
    "Row",
    "Scoring",
    "Shortlist",
    "chance",
    "one_draw",
    "paired_differences",
    "rank",
    "rank_by",
    "reordered",
    "short",
    "shortlist",
    "sign_scores",
    "signed",
    "smooth",
    "spoken",
    "summarise",
    "summarise_row",
    "wilson",
]
