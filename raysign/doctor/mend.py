"""What the writer of a store commonly gets wrong, taken back before anything else is measured.

Otherwise it would be found again as what it looks like: zeros as hands that stand still and are
tiny, exchanged axes as people who lie on their side, and one infinite number in every mean.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from raysign.doctor.segments import Segments, share
from raysign.skeleton import Layout

Half = NDArray[np.float16]
Single = NDArray[np.float32]
Flags = NDArray[np.bool_]

IN_ONE_PLACE = 2
"""So many joints of a hand or a body at exactly (0, 0) were not seen there; one alone may be the
origin of landmarks that are centred on it.
"""
LYING = 0.5
"""Share of a clip's bodies that stand upright once x and y are exchanged. Not one body of WLASL100
does, and in every clip more than .67 do once its axes are exchanged.
"""


def mended(
    xyz: Float[Half, "frame joint axis=3"],
    aspect: Float[Single, " frame"],
    layout: Layout,
    segments: Segments,
) -> tuple[Float[Half, "frame joint axis=3"], dict[str, NDArray[np.float64]]]:
    """The landmarks with NaN for zeros and what is infinite, and the axes in their order; and how
    much of it there was.

    See ``infinite``, ``zeros`` and ``exchanged_axes`` of ``Measures``.
    """
    joints = segments.frames * xyz.shape[1]
    endless: Flags = np.isinf(xyz).any(axis=2)
    infinite = share(_per_clip(endless, segments), joints)
    if endless.any():
        xyz = np.where(endless[..., None], np.float16(np.nan), xyz)
    lost = _zeros(xyz, layout)
    zeros = share(_per_clip(lost, segments), joints)
    if lost.any():
        xyz = np.where(lost[..., None], np.float16(np.nan), xyz)
    lying = np.full(len(segments.frames), np.nan)
    if layout.has_body:
        lying = _lying(xyz, aspect, layout, segments)
        wrong = (lying > LYING)[segments.clip]
        if wrong.any():
            xyz = np.where(wrong[:, None, None], xyz[..., [1, 0, 2]], xyz)
    return xyz, {"infinite": infinite, "zeros": zeros, "exchanged_axes": lying}


def _zeros(xyz: Float[Half, "frame joint axis=3"], layout: Layout) -> Bool[Flags, "frame joint"]:
    # Of x and y: where a format has no depth, z is 0 for all.
    lost: Flags = (xyz[..., 0] == 0) & (xyz[..., 1] == 0)
    if lost.any():
        for part in layout.parts.values():
            lost[:, part] &= (lost[:, part].sum(axis=1) >= IN_ONE_PLACE)[:, None]
    return lost


def _per_clip(which: Bool[Flags, "frame joint"], segments: Segments) -> NDArray[np.int64]:
    running = np.concatenate([[0], np.cumsum(which.sum(axis=1))])
    return np.asarray(running[segments.offsets[1:]] - running[segments.offsets[:-1]])


def _lying(
    xyz: Float[Half, "frame joint axis=3"],
    aspect: Float[Single, " frame"],
    layout: Layout,
    segments: Segments,
) -> NDArray[np.float64]:
    """Turned by a quarter as well as mirrored: no video that lies on its side looks so."""
    left, right, nose = (
        xyz[:, layout.joint(name), :2].astype(np.float32) * np.stack([aspect, aspect**0], axis=1)
        for name in ("left_shoulder", "right_shoulder", "nose")
    )
    across, up = left - right, nose - (left + right) / 2
    known = ~np.isnan(across[:, 0] + up[:, 0])
    lies = (across[:, 1] > np.abs(across[:, 0])) & (-up[:, 0] > np.abs(up[:, 1]))
    return share(segments.total(lies & known), segments.total(known))
