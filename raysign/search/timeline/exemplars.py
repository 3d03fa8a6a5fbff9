"""Where a sentence shows the sign of an example: a dictionary's encoder slides over it.

Every window of the sentence is prepared and embedded as a dictionary's clip would be, and compared
with the examples by cosine; what is nearest to any of them counts.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int

from raysign.bundle import Bundle
from raysign.clip import Clip, Clips
from raysign.errors import DataError
from raysign.search.query import check_query, for_layout
from raysign.search.timeline.spans import Span, kept
from raysign.search.timeline.windows import fps_of, pieces, windows

MOST_SPANS = 5
"""Places that are told of one sentence."""


@dataclass(frozen=True, eq=False)
class ExemplarTrack:
    """How near one sentence comes to the examples, moment by moment."""

    near: Float32[np.ndarray, "frame"]
    """The cosine, -1–1, of the nearest window that has the frame in its middle half."""
    spans: tuple[Span, ...]
    """The nearest windows, best first, of which no two are one find; their score is the cosine."""

    @property
    def best(self) -> float:
        """The sentence's own score: the cosine of its nearest window."""
        return self.spans[0].score


class ExemplarSearch:
    """Examples of one sign, looked for in one sentence after another."""

    def __init__(self, bundle: Bundle, exemplars: Sequence[Clip]) -> None:
        """Of a dictionary's model and clips of one sign each.

        Raises:
            DataError: there is none, or one that shows no sign (see ``check_query``).
            LayoutError: one without what the model reads.
            BundleError: this raysign prepares clips otherwise than the model.
        """
        if not exemplars:
            raise DataError("nothing to look for: give at least one example of the sign")
        for clip in exemplars:
            check_query(clip)
        self.layout = bundle.layout
        self._mirrored = bundle.config.evaluate.mirror != "none"
        self._embedder = bundle.embedder()
        self.vectors = self.embedded(
            Clips.pack(for_layout(clip, self.layout) for clip in exemplars)
        )
        self.windows, self.seconds = 0, 0.0

    def find(self, clip: Clip) -> ExemplarTrack:
        """Look through one sentence of a frame or more; ``LayoutError`` as for an example."""
        began_s = time.perf_counter()
        spans = windows(len(clip.xyz), fps_of(clip))
        vectors = self.embedded(pieces(for_layout(clip, self.layout), spans))
        self.windows += len(spans)
        self.seconds += time.perf_counter() - began_s
        return track_of(len(clip.xyz), spans, (vectors @ self.vectors.T).max(axis=1))

    @property
    def cost(self) -> str:
        """What the search cost so far, in words."""
        speed = self.windows / max(self.seconds, 1e-9)
        return f"{self.windows:,} windows in {self.seconds:.1f} s ({speed:,.0f} a second)"

    def embedded(self, clips: Clips) -> Float32[np.ndarray, "clip dim"]:
        """Clips of the model's layout, as the examples are."""
        vectors: np.ndarray = self._embedder.embed(clips, self._mirrored).cpu().numpy()
        return vectors


def track_of(
    frames: int, spans: Int[np.ndarray, "window 2"], cosine: Float[np.ndarray, "window"]
) -> ExemplarTrack:
    """The track of a sentence, all of whose frames lie in the middle half of some window, or in its
    outer quarters where these are the sentence's own ends.
    """
    near = np.full(frames, -1, dtype=np.float32)
    for (first, end), value in zip(spans.tolist(), cosine.tolist(), strict=True):
        quarter = (end - first) // 4
        start = first + quarter if first else 0
        stop = end - quarter if end < frames else end
        np.maximum(near[start:stop], value, out=near[start:stop])
    return ExemplarTrack(near, kept(spans, cosine, most=MOST_SPANS))
