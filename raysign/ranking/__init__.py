"""How well a gallery answers queries: R@K, mAP and MRR, exact, each with its interval.

``rank`` finds where each query's positives stand, ``summarise`` turns that into figures, and
``paired_differences`` says whether one encoder beats another on the same queries, over as many
seeds as each was trained from. ``shortlist`` is the top of a ranking and ``reordered`` what a
second stage makes of it. ``chance`` is the floor, ``one_draw`` what a single draw may show.
``sign_ranks`` and ``neighbour_values`` are about the signs that a person is shown.
``fit_confidence`` makes probabilities of scores, that of "not in this dictionary" among them, and
``measure_confidence`` says what these are worth.
"""

from __future__ import annotations

from raysign.ranking.bootstrap import Resampling
from raysign.ranking.by_scoring import rank_by
from raysign.ranking.calibration import Asks, fit_confidence
from raysign.ranking.chance import chance
from raysign.ranking.confidence import Confidence
from raysign.ranking.draws import one_draw
from raysign.ranking.exact import PerQuery, check_answered, rank
from raysign.ranking.fold import FOLD_METRICS, FOLDS, hits_above_fold, sign_ranks
from raysign.ranking.graded import agreement, neighbour_metrics, neighbour_values
from raysign.ranking.held_out import OpenSet, Point, measure_confidence
from raysign.ranking.interval import (
    RECALL_AT,
    Figure,
    Ranking,
    mean_figures,
    short,
    signed,
    spoken,
    summarise,
    wilson,
)
from raysign.ranking.paired import (
    Difference,
    Row,
    SeedError,
    mean_differences,
    paired_differences,
    summarise_row,
)
from raysign.ranking.scoring import SCORINGS, Scoring, sign_scores, smooth
from raysign.ranking.shortlist import Shortlist, reordered, shortlist

__all__ = [
    "FOLDS",
    "FOLD_METRICS",
    "RECALL_AT",
    "SCORINGS",
    "Asks",
    "Confidence",
    "Difference",
    "Figure",
    "OpenSet",
    "PerQuery",
    "Point",
    "Ranking",
    "Resampling",
    "Row",
    "Scoring",
    "SeedError",
    "Shortlist",
    "agreement",
    "chance",
    "check_answered",
    "fit_confidence",
    "hits_above_fold",
    "mean_differences",
    "mean_figures",
    "measure_confidence",
    "neighbour_metrics",
    "neighbour_values",
    "one_draw",
    "paired_differences",
    "rank",
    "rank_by",
    "reordered",
    "short",
    "shortlist",
    "sign_ranks",
    "sign_scores",
    "signed",
    "smooth",
    "spoken",
    "summarise",
    "summarise_row",
    "wilson",
]
