"""The two hand slots of a chunk of clips: found, missing, exchanged, doubled, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from raysign.doctor.segments import Segments, share
from raysign.skeleton import HAND_BONES, MIDDLE_FINGER_MCP, Layout

Half = NDArray[np.float16]
Single = NDArray[np.float32]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.floating[Any]]

WRIST = 0

EXCHANGED = 0.5
"""Hands exchange their slots where crossing over is less than half as far as staying …"""
EXCHANGED_PALMS = 2.0
"""… and this much shorter; two hands that touch may seem to."""
MOVED_OVER_PALMS = 0.3
"""A lone hand has changed its slot where it turns up this near in the other one."""
DOUBLED_PALMS = 0.25
"""Both slots hold one hand where their joints are this near to one another on average."""
FAR_OUTSIDE = 0.25
"""Of the picture's width or height; MediaPipe guesses hands up to .17 outside it."""
END_SHARE = 0.15
"""Share of the signing span that counts as its end, on either side."""

_BONES = np.asarray(HAND_BONES)


@dataclass(frozen=True, eq=False)
class Hands:
    """The two slots, stacked; a hand that is not there is NaN."""

    xy: Float[Single, "frame slot=2 joint=21 axis=2"]
    found: Bool[Flags, "frame slot=2"]
    """Any joint of it."""
    palm: Float[Single, "frame slot=2"]
    """Wrist to middle knuckle."""

    @classmethod
    def of(
        cls,
        xy: Float[Single, "frame joint axis=2"],
        layout: Layout,
    ) -> Hands:
        """The hands in landmarks of that layout, in units of the picture's height."""
        parts = [layout.parts[side] for side in ("left_hand", "right_hand")]
        hands = np.stack([xy[:, part] for part in parts], axis=1)
        palm = np.linalg.norm(hands[:, :, MIDDLE_FINGER_MCP] - hands[:, :, WRIST], axis=-1)
        return cls(hands, ~np.isnan(hands[..., 0]).all(axis=2), palm)


def measure_hands(hands: Hands, segments: Segments) -> dict[str, NDArray[np.float64]]:
    """Where hands are, and whether each stays in its slot; see ``Measures``."""
    any_hand = hands.found.any(axis=1)
    span = segments.between(any_hand)
    span_frames = segments.total(span)
    middles = hands.xy.mean(axis=2)
    return {
        "hand": share(segments.total(any_hand), segments.frames),
        "span_frames": span_frames.astype(np.float64),
        "missing_inside": share(segments.total(span & ~any_hand), span_frames),
        "exchanged": segments.total(_exchanged(hands, middles, segments)).astype(np.float64),
        "doubled": share(segments.total(_doubled(hands)), segments.total(any_hand)),
        "raised": _raised(hands, 1, span, segments),
        "raised_left": _raised(hands, 0, span, segments),
    }


def measure_hand_shapes(
    hands: Hands, xyz: Float[Half, "frame joint axis=3"], layout: Layout, segments: Segments
) -> dict[str, NDArray[np.float64]]:
    """Whether hands look like hands, and lie in the picture; see ``Measures``."""
    bones = relative_bones(hands.xy, _BONES)
    wrists = np.stack([xyz[:, layout.parts[f"{s}_hand"].start, :2] for s in ("left", "right")], 1)
    far = np.abs(wrists.astype(np.float32) - 0.5).max(axis=-1) > 0.5 + FAR_OUTSIDE
    size = np.abs(wrists.astype(np.float32)).max(axis=-1)
    # NaN compares as False: a missing hand is not outside.
    return {
        "hand_bones": segments.median(mean_of_both(bones)),
        "palm": segments.median(mean_of_both(hands.palm)),
        "outside": share(_total(far, segments), _total(hands.found, segments)),
        "coordinate": segments.median(mean_of_both(size)),
    }


def relative_bones(
    xy: Float[Single, "*rows joint axis=2"], bones: NDArray[np.int64]
) -> Float[Single, "*rows"]:
    """Mean length of the bones by the spread of their joints.

    Bones join neighbours, so it is about half of what it is when the joints are in another order.
    """
    ends = xy[..., bones[:, 0], :] - xy[..., bones[:, 1], :]
    length = np.sqrt(np.einsum("...a,...a->...", ends, ends)).mean(axis=-1)
    spread = np.sqrt(xy.var(axis=-2).sum(axis=-1))
    out: Single = np.full(length.shape, np.nan, dtype=np.float32)
    np.divide(length, spread, out=out, where=spread > 0)
    return out


def mean_of_both(values: Float[Single, "frame slot"]) -> Float[Single, " frame"]:
    """The mean of what is not NaN; NaN where all is."""
    known = ~np.isnan(values)
    out: Single = np.full(len(values), np.nan, dtype=np.float32)
    total = np.where(known, values, 0).sum(axis=1)
    np.divide(total, known.sum(axis=1), out=out, where=known.any(axis=1))
    return out


def _total(which: Bool[Flags, "frame slot=2"], segments: Segments) -> NDArray[np.int64]:
    return segments.total(which[:, 0]) + segments.total(which[:, 1])


def _exchanged(
    hands: Hands, middles: Float[Single, "frame slot=2 axis=2"], segments: Segments
) -> Bool[Flags, " frame"]:
    before = segments.before(middles)
    palm = hands.palm.max(axis=1)
    stay = _far(middles, before).sum(axis=1)
    cross = _far(middles, before[:, ::-1])
    both = cross.sum(axis=1)
    swapped = (both < EXCHANGED * stay) & (stay - both > EXCHANGED_PALMS * palm)
    was = ~np.isnan(before[..., 0])
    alone = hands.found.sum(axis=1) == 1
    elsewhere = alone & (was.sum(axis=1) == 1) & (hands.found & was[:, ::-1]).any(axis=1)
    near = (cross < MOVED_OVER_PALMS * hands.palm).any(axis=1)
    return np.asarray(swapped | (elsewhere & near))


def _doubled(hands: Hands) -> Bool[Flags, " frame"]:
    apart = _far(hands.xy[:, 0], hands.xy[:, 1]).mean(axis=1)
    return np.asarray(apart < DOUBLED_PALMS * hands.palm.max(axis=1))


def _raised(
    hands: Hands, axis: int, span: Bool[Flags, " frame"], segments: Segments
) -> NDArray[np.float64]:
    """Signing starts and ends low: positive along y, unless y points up."""
    height = -mean_of_both(hands.xy[:, :, WRIST, axis])
    seen = np.cumsum(span)
    before = np.concatenate([[0], seen])[segments.offsets[:-1]]
    frames = np.maximum(segments.total(span), 1)
    place = (seen - 0.5 - before[segments.clip]) / frames[segments.clip]
    at_end = (place < END_SHARE) | (place > 1 - END_SHARE)
    inside = segments.median(np.where(span & ~at_end, height, np.nan))
    ends = segments.median(np.where(span & at_end, height, np.nan))
    palm = segments.median(mean_of_both(hands.palm))
    return np.asarray((inside - ends) / np.where(palm > 0, palm, np.nan), dtype=np.float64)


def _far(a: Single, b: Single) -> Single:
    gap = a - b
    return np.asarray(np.sqrt(np.einsum("...a,...a->...", gap, gap)))
