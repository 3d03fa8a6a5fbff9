"""Which hand is the dominant one, found from what the hands do."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from raysign.pose.normalise import origin_and_scale, seen
from raysign.skeleton import Layout

# What speaks for the right hand, in no unit: halves of a log ratio, shares, shoulder widths.
PATH = 0.5
"""For each unit of log(right wrist's path / left wrist's path)."""
SEEN = 1.0
"""For the difference of the shares of frames in which each hand is seen."""
HEIGHT = 1.0
"""For the height of the right wrist over the left one, in shoulder widths: a hand at rest hangs."""
MOST_RIGHT = 0.2
"""Before anything is seen: most signers are right-handed, and many signs use both hands alike. It
counts once, however many sentences of one signer are added up."""

STEP = 0.5
"""In shoulder widths: a wrist that is found farther off one frame later counts no more than so."""
STILL = 0.02
"""In shoulder widths a frame: shakes that are no movement."""


def left_handed(
    xyz: Float[Tensor, "clip frame joint axis"], layout: Layout
) -> Bool[Tensor, "clip"]:
    """True for each clip or sentence whose dominant hand is the left one.

    A signer's dominant hand moves more, is seen more, and is held higher; the three are added up.
    In doubt, and where nobody is seen, it is the right one. The longer the signing the surer.
    Share told correctly of WLASL100 train, where three signers (31, 64, 99) are taken for
    left-handed, as most of their clips say so by height and by what is seen, and all others for
    right-handed:

    | | left-handed | right-handed |
    |---|---|---|
    | one clip, that is one sign (35 and 1,407) | .69 | .979 |
    | five clips of a signer end to end (30 and 540 draws) | .97 | 1.000 |

    Args:
        xyz: landmarks with square pixels, x and y in one unit, origin top left; NaN = missing. The
            hands are told apart, and there is a body.
        layout: whose joints they are.

    A clip's result depends neither on its padding nor on the other clips. Where the signer of many
    is known, :func:`for_the_right` of all of them tells more.
    """
    return MOST_RIGHT + for_the_right(xyz, layout) < 0


def for_the_right(
    xyz: Float[Tensor, "clip frame joint axis"], layout: Layout
) -> Float[Tensor, "clip"]:
    """What speaks for the right hand as the dominant one, below 0 for the left; arguments as above.

    To be added up over what one signer signs, and ``MOST_RIGHT`` to the sum.
    """
    _, width = origin_and_scale(xyz, layout, unit="shoulders")
    frames = seen(xyz).any(-1).sum(1).clamp(min=1)
    path, shown, height = [], [], []
    for side in ("right", "left"):
        arm = xyz[:, :, layout.joint(f"{side}_wrist"), :2]
        hand = xyz[:, :, layout.parts[f"{side}_hand"]]
        wrist = torch.where(arm.isnan(), hand[:, :, 0, :2], arm) / width[..., None]
        step = wrist.diff(dim=1).norm(dim=-1).nan_to_num(0).clamp(max=STEP)
        path.append(step.sum(1) / frames)
        shown.append(seen(hand).any(-1).sum(1) / frames)
        height.append(-wrist[..., 1].nanmean(1))
    moves = ((path[0] + STILL) / (path[1] + STILL)).log()
    higher = (height[0] - height[1]).nan_to_num(0).clamp(-2, 2)
    right: Tensor = PATH * moves + SEEN * (shown[0] - shown[1]) + HEIGHT * higher
    return right
