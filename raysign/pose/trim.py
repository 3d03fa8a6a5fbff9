"""Where a sign begins and ends in its clip."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from raysign.pose.normalise import signing_span
from raysign.skeleton import Layout

ELBOWS = ("left_elbow", "right_elbow")

SIGMA_FRAMES = 2.0
"""Of the Gaussian that the elbows' speed is smoothed with."""
REACH_FRAMES = 8
"""The Gaussian is cut off so many frames away: four σ."""

FIRST_CROSSING, LAST_CROSSING = 4, 2
"""The span begins at the fourth zero crossing of the jerk, and ends at the second from the end."""
FEWEST_CROSSINGS = FIRST_CROSSING + LAST_CROSSING
FEWEST_FRAMES = FEWEST_CROSSINGS + 4
"""A crossing has two frames on either side."""

STILL = 1e-9
"""A jerk nearer to 0 than this, in picture heights a frame³, is 0: what is left of rounding."""


def has_elbows(layout: Layout) -> bool:
    """Can ``elbow_span`` be told from this layout's joints?"""
    return all(name in layout.joints for name in ELBOWS)


def elbow_span(
    xyz: Float[Tensor, "clip frame joint axis"], layout: Layout
) -> tuple[Float[Tensor, "clip"], Float[Tensor, "clip"]]:
    """First and last frame between the elbows' moves into and out of rest (in frames).

    As the one-shot system trims dictionary videos (arXiv 2502.20171): the elbows' vertical speed,
    smoothed; its second difference, the jerk; and what lies between the jerk's fourth zero crossing
    and its second-last. Which elbow is not published: here it is the sum of both speeds, so that
    the hand that signs decides. A clip with fewer than six crossings, such as one in which the
    elbows are not seen, has the span of ``signing_span``.

    Args:
        xyz: landmarks, NaN where missing and in short clips' padding.
        layout: one that ``has_elbows``.
    """
    first, last = signing_span(xyz, layout)
    if xyz.shape[1] < FEWEST_FRAMES:
        return first, last
    crossing = _crossings(_smooth_speed(xyz[:, :, [layout.joint(name) for name in ELBOWS], 1]))
    number = crossing.cumsum(dim=1)
    total = number[:, -1:]
    enough = total[:, 0] >= FEWEST_CROSSINGS
    # Of the frames in which so many crossings have been, the first is that crossing's own.
    start, stop = (
        (number >= wanted).float().argmax(dim=1).float()
        for wanted in (torch.full_like(total, FIRST_CROSSING), total - LAST_CROSSING + 1)
    )
    return torch.where(enough, start, first), torch.where(enough, stop, last)


def _smooth_speed(
    y: Float[Tensor, "clip frame elbow"],
) -> Float[Tensor, "clip step"]:
    """How fast both elbows go up or down from one frame to the next; NaN outside of their time.

    The mean over the steps that are seen, weighted by the Gaussian: what is missing, or padding,
    has no weight, and a gap is bridged.
    """
    step = y.double().diff(dim=1).abs().sum(dim=2)
    known = ~step.isnan()
    offset = torch.arange(-REACH_FRAMES, REACH_FRAMES + 1, device=y.device)
    kernel = torch.exp(-0.5 * (offset / SIGMA_FRAMES) ** 2)[None, None].to(step)
    total, weight = (
        torch.nn.functional.conv1d(values[:, None], kernel, padding=REACH_FRAMES)[:, 0]
        for values in (step.nan_to_num(0), known.to(step))
    )
    inside = known.cummax(dim=1).values & known.flip(1).cummax(dim=1).values.flip(1)
    return (total / weight).masked_fill(~inside, torch.nan)


def _crossings(speed: Float[Tensor, "clip step"]) -> Bool[Tensor, "clip frame"]:
    """The frames at which the jerk of a speed changes its sign.

    Step s lies between the frames s and s + 1, and so does the jerk that is centred on it; a change
    between steps s and s + 1 lies at frame s + 1.
    """
    jerk = speed.diff(n=2, dim=1)  # its first entry is centred on step 1
    known = ~jerk.isnan()
    up = jerk > -STILL
    change = (up[:, 1:] != up[:, :-1]) & known[:, 1:] & known[:, :-1]
    return torch.nn.functional.pad(change, (2, 2))
