"""The second stage of one query's search: its nearest clips in another order.

What each stage does is said in :mod:`raysign.rerank`, and with which settings by the model
(``evaluate.rerank``). A search has one query and not all of an evaluation's, and does not look at
every clip of a large gallery; where that makes a difference to ``raysign evaluate --rerank``:

* Only the nearest clips are put in order, ``NEAREST`` or more. On WLASL's hands the ten best by
  CSLS or z-norm are all among the 60 nearest.
* Clips without a sign are nobody's kin, and so impostors of each other.
* Landmarks are aligned with the mean places of ``AVERAGED`` clips' joints, not of all clips'.
"""

from __future__ import annotations

from raysign.search.reranking.aligned import prepared
from raysign.search.reranking.choice import NONE, RERANKED, RERANKS, Reranks
from raysign.search.reranking.first import first_stage
from raysign.search.reranking.stage import Asking, SecondStage, best_clips

__all__ = [
    "NONE",
    "RERANKED",
    "RERANKS",
    "Asking",
    "Reranks",
    "SecondStage",
    "best_clips",
    "first_stage",
    "prepared",
]
