"""The second stage of a search: mirror images, rescaled cosines, the first hits aligned by DTW.

Training measures with it, ``raysign evaluate`` says what it gains and costs; the mathematics is in
:mod:`raysign.rerank`.
"""

from __future__ import annotations

from raysign.second_stage.material import Framed, Material, Sequences, Side
from raysign.second_stage.rounds import OCCURRENCE, Round
from raysign.second_stage.stages import Stages, parse_stages

__all__ = [
    "OCCURRENCE",
    "Framed",
    "Material",
    "Round",
    "Sequences",
    "Side",
    "Stages",
    "parse_stages",
]
