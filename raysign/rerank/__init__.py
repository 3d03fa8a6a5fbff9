"""The second stage: other scores for what the first stage found by cosine.

* Against *hubs*, clips that are near to everything: ``csls`` and ``znorm`` rescale cosines by what
  is usual for a clip (``nearness``, ``usual``), which is known before anyone asks. What they give
  is again a dot product of two vectors (``Rescaling``), so whatever ranks or indexes embeddings
  takes it as it is. ``hubness`` says how bad the hubs are.
* ``dtw_distances`` compares a query with its first hits frame by frame, warped in time, and
  ``blended`` weighs that against the first stage's score; ``alignment`` says which frame was
  matched with which.
"""

from __future__ import annotations

from raysign.rerank.dtw import Alignment, alignment, blended, dtw_distances
from raysign.rerank.frames import JointAverages
from raysign.rerank.hubness import Hubness, hubness
from raysign.rerank.reference import Nearest, Reference, Sums, Usual, nearest, sampled, sums
from raysign.rerank.rescaling import Rescaling, csls, nearness, usual, znorm

__all__ = [
    "Alignment",
    "Hubness",
    "JointAverages",
    "Nearest",
    "Reference",
    "Rescaling",
    "Sums",
    "Usual",
    "alignment",
    "blended",
    "csls",
    "dtw_distances",
    "hubness",
    "nearest",
    "nearness",
    "sampled",
    "sums",
    "usual",
    "znorm",
]
