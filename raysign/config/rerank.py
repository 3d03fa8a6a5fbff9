"""The second stage of a search: what is done to the first stage's scores."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from raysign.config.base import Config

Share = Annotated[float, Field(ge=0, le=1)]


class DTWConfig(Config):
    """The first hits are put in a new order, by how well query and clip match when warped in time.

    DTW re-ranking is future work in the reverse dictionary (LREC 2026), which states no setting.
    """

    top: int = Field(default=50, ge=1, le=10_000)
    """So many hits of the first stage are looked at; all others stay where they are."""
    on: Literal["landmarks", "frames"] = "landmarks"
    """What is aligned: prepared `landmarks`, or what the encoder makes of each of its `frames`."""
    weight: Share = 0.1
    """w in (1 − w) × the first stage's score − w × the distance. 0 = the first stage's order. More
    pays where the encoder is weak; frames bear about twice as much as landmarks.
    """
    standardise: bool = False
    """Bring both to mean 0 and deviation 1 over a query's hits before they are blended."""
    frames: int = Field(default=16, ge=2, le=1000)
    """Frames of each sequence that are compared, evenly spaced; time grows with their square."""
    band: Share = 0.25
    """A frame is matched with none that lies farther off than this share of the sequence (Sakoe &
    Chiba, 1978). 0 = frame by frame, 1 = any warp.
    """
    mirror: bool = False
    """Align the query's mirror image too, and take the smaller distance. Costs as much again."""


class ReferenceConfig(Config):
    """Whose cosines tell how near a clip is to everything."""

    reference: Literal["gallery", "queries"] = "gallery"
    """`gallery`: clips of other signs in the gallery itself, which a dictionary always has.
    `queries`: all queries of the evaluation, as published; a search that gets one query at a time
    does not have them.
    """
    reference_clips: int = Field(default=10_000, ge=2)
    """At most so many of them, drawn at random."""


class CSLSConfig(ReferenceConfig):
    """Cross-domain similarity local scaling (Conneau et al., 2018, section 2.3)."""

    neighbours: int = Field(default=10, ge=1, le=1000)
    """K, over which a clip's nearness is averaged; 10 in the paper."""


class ZNormConfig(ReferenceConfig):
    """Scores in standard deviations from what is usual."""

    over: Literal["clip", "query", "both"] = "clip"
    """What is usual for the `clip`, among the reference (Z-norm); for the `query`, in the gallery
    (T-norm: no query's order changes, but scores of two queries can be compared); or the mean of
    `both` (S-norm).
    """


class RerankConfig(Config):
    """What each second stage does; which of them run is said where they are asked for."""

    csls: CSLSConfig = CSLSConfig()
    znorm: ZNormConfig = ZNormConfig()
    dtw: DTWConfig = DTWConfig()

    def of(self, stages: Collection[str]) -> dict[str, Any]:
        """The settings of these stages, as plain values; a stage without any is left out."""
        return {name: value for name, value in self.model_dump().items() if name in stages}


class ValRerankConfig(RerankConfig):
    """The second stage with which a run measures itself on val."""

    stages: Literal["", "csls", "znorm", "dtw", "csls+dtw", "znorm+dtw"] = ""
    """Which of them, in the order in which they run; empty: the first stage's cosines alone. Epochs
    and trials are then chosen by the ranking that comes out; the untrained floor stays without it.
    `latency_ms` has a query's share of the milliseconds that all val queries take at once, and of
    DTW the vectors of clips that a search meets for the first time; that a search also prepares
    their landmarks comes on top. `raysign evaluate` shows it beside the first stage.
    """


class SecondStageConfig(Config):
    """What ``rerank.key=value`` changes."""

    LISTED: ClassVar[str] = "raysign config --kind rerank"

    rerank: RerankConfig = RerankConfig()
