"""A continuous recording → pieces that may be one sign each, by the motion of the hands alone.

Nothing is learned; there are two ways, for two ways of signing:

``flow``: a sentence. From one sign to the next place and handshape change together, and fast: each
peak of that change is a transition, which is left out as far as it is higher than ``TRANSITION`` of
its height, and what lies between two of them is a piece.

``rests``: signs one after the other, with the hands down in between, as in a word list. A piece
goes from one dip of the higher hand to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import find_peaks, peak_widths

from raysign.clip import Clip
from raysign.pose.normalise import hand_parts
from raysign.search.timeline.motion import HandMotion
from raysign.search.timeline.spans import Span
from raysign.search.timeline.windows import fps_of
from raysign.skeleton import layout_named

Way = Literal["rests", "flow"]

DIP = 0.2
"""A dip of the higher hand is so deep at least, in shoulder widths, by either side of it."""
DIP_APART_S = 0.32
PEAK = 0.2
"""A peak of the change is so high at least, by either side of it."""
TRANSITION = 0.3
"""Share of a peak's height, from its top, that is transition."""
SLOW = 2.1
"""Shoulder widths a second that both wrists travel together, below which somebody may sign with
rests: so do 94 % of the sentences composed of WLASL100's train clips, but of the synthetic signers'
4 % at PHOENIX's pace and 25 % at two thirds of it, so that it decides nothing."""
RESTING = 0.2
"""Shoulder widths below the recording's median that the hands are before the first transition and
after the last where these pieces are rest."""
SHORTEST_S = 0.08
"""Less is no sign."""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A recording's pieces, in their order."""

    way: Way
    spans: tuple[Span, ...]
    """No two overlap; the score of a piece is the share of its frames in which a hand is seen."""
    motion: HandMotion

    @property
    def may_rest(self) -> bool:
        """Whether it was cut as a sentence, and is so slow that it may be signed with rests."""
        return self.way == "flow" and self.motion.pace < SLOW


def segment(clip: Clip, way: Way = "flow") -> Segmentation:
    """The pieces of a recording of a frame or more; maybe none.

    Args:
        clip: in a layout with two hands.
        way: how it is signed.
    """
    motion, fps = HandMotion.of(clip), fps_of(clip)
    pieces = _between_rests(motion, fps) if way == "rests" else _between_peaks(motion)
    seen = _seen(clip)
    spans = []
    for first, end in pieces:
        there = np.flatnonzero(seen[first:end])
        if len(there):
            first, end = first + int(there[0]), first + int(there[-1]) + 1
        if len(there) and end - first >= max(2, round(SHORTEST_S * fps)):
            spans.append(Span.around(first, end, float(seen[first:end].mean())))
    return Segmentation(way, tuple(spans), motion)


def _between_rests(motion: HandMotion, fps: float) -> Iterator[tuple[int, int]]:
    apart = max(1, round(DIP_APART_S * fps))
    dips = find_peaks(motion.depth, prominence=DIP, distance=apart)[0].tolist()
    return zip([0, *dips], [*dips, len(motion.depth)], strict=True)


def _between_peaks(motion: HandMotion) -> Iterator[tuple[int, int]]:
    frames, usual = len(motion.change), np.median(motion.depth)
    tops = find_peaks(motion.change, prominence=PEAK)[0]
    _, _, left, right = peak_widths(motion.change, tops, rel_height=TRANSITION)
    starts = [0, *np.ceil(right).astype(int).tolist()]
    ends = [*(np.floor(left).astype(int) + 1).tolist(), frames]
    for first, end in zip(starts, ends, strict=True):
        at_an_end = len(tops) and (first == 0 or end == frames)
        if at_an_end and np.median(motion.depth[first:end]) > usual + RESTING:
            continue
        yield first, end


def _seen(clip: Clip) -> np.ndarray:
    """The frames in which a hand is."""
    known = ~np.isnan(clip.xyz[..., 0])
    parts = hand_parts(layout_named(clip.layout))
    return np.asarray(np.any([known[:, part].any(axis=1) for part in parts], axis=0))
