"""What the doctor looks at: a few numbers a clip, measured over all frames of many clips at once.

Lengths are in units of the picture's height (x is stretched by the clip's aspect), or in palms
(wrist to middle knuckle).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raysign.clip import Clips
from raysign.doctor.body import measure_body
from raysign.doctor.hands import Hands, measure_hand_shapes, measure_hands
from raysign.doctor.mend import mended
from raysign.doctor.segments import Segments
from raysign.skeleton import layout_named

CHUNK_CLIPS = 256
"""Clips measured at once: some tens of MB."""


@dataclass(frozen=True, eq=False)
class Measures:
    """One number a clip each; NaN where it does not apply or nothing was found.

    All but the first three are of the landmarks as they would be without those: see ``mended``.
    """

    infinite: NDArray[np.float64]
    """Share of joints with a coordinate that is infinite."""
    zeros: NDArray[np.float64]
    """Share of joints at exactly (0, 0): missing, and not written as NaN."""
    exchanged_axes: NDArray[np.float64]
    """Share of bodies that stand upright once x and y are exchanged."""
    body: NDArray[np.float64]
    """Share of frames with a body."""
    hand: NDArray[np.float64]
    """Share of frames with a hand, either one."""
    span_frames: NDArray[np.float64]
    """Frames from the first with a hand to the last: the signing span."""
    missing_inside: NDArray[np.float64]
    """Share of the span's frames without a hand."""
    exchanged: NDArray[np.float64]
    """How often the hands exchange their slots from one frame to the next."""
    other_wrist: NDArray[np.float64]
    """Share of found hands that lie clearly at the wrist of the body's other arm."""
    doubled: NDArray[np.float64]
    """Share of the frames with a hand in which both slots hold the same hand."""
    frozen_frames: NDArray[np.float64]
    """Most frames in a row in which a hand, or the body, is bit for bit as in the frame before."""
    raised: NDArray[np.float64]
    """How much higher the hands are inside the span than at its two ends, in palms."""
    raised_left: NDArray[np.float64]
    """The same to the left."""
    hand_bones: NDArray[np.float64]
    """Mean length of a hand's bones by the spread of its joints; median over hands."""
    palm: NDArray[np.float64]
    """Palm length, of the picture's height; median."""
    outside: NDArray[np.float64]
    """Share of found hands whose wrist is far outside the picture."""
    coordinate: NDArray[np.float64]
    """The larger of abs(x) and abs(y) of a wrist, in units of the frame; median."""
    body_bones: NDArray[np.float64]
    """Mean length of the upper body's bones by the spread of its joints; median over frames."""
    head_up: NDArray[np.float64]
    """Share of bodies whose nose is above their shoulders."""
    left_is_left: NDArray[np.float64]
    """Share of bodies whose left shoulder is on the picture's right, as in one that faces us."""
    shoulders: NDArray[np.float64]
    """Shoulder width, of the picture's height; median."""
    build: NDArray[np.float64]
    """Shoulder width by the height of neck and trunk, 1 in an average person; median. A picture
    squeezed from the sides has less, one squeezed from above more.
    """


def measure(clips: Clips) -> Measures:
    """Measure every clip."""
    layout = layout_named(clips.layout)
    parts: list[dict[str, NDArray[np.floating[Any]]]] = []
    for start in range(0, len(clips), CHUNK_CLIPS):
        end = min(start + CHUNK_CLIPS, len(clips))
        offsets = clips.offsets[start : end + 1]
        segments = Segments(offsets - offsets[0])
        aspect = clips.aspect[start:end][segments.clip]
        xyz, written = mended(clips.xyz[offsets[0] : offsets[-1]], aspect, layout, segments)
        xy = xyz[..., :2].astype(np.float32)
        xy[..., 0] *= aspect[:, None]
        hands = Hands.of(xy, layout)
        parts.append(
            written
            | measure_hands(hands, segments)
            | measure_hand_shapes(hands, xyz, layout, segments)
            | measure_body(hands, xyz, xy, layout, segments)
        )
    empty: dict[str, NDArray[np.floating[Any]]] = {f.name: np.empty(0) for f in fields(Measures)}
    return Measures(
        **{name: np.concatenate([empty[name], *(part[name] for part in parts)]) for name in empty}
    )
