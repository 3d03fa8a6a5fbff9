"""Reading a sequence between its frames."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from raysign.pose.normalise import hand_parts, seen
from raysign.skeleton import Layout


def interpolate_at(
    xyz: Float[Tensor, "clip frame joint axis"], position: Float[Tensor, "clip sample"]
) -> Float[Tensor, "clip sample joint axis"]:
    """Landmarks at fractional frame positions, linear in time.

    Args:
        xyz: landmarks, NaN where a joint is missing.
        position: where to read, in frames; clamped to the sequence.

    Between two seen neighbours the value is interpolated; where only one of them is seen, the
    positions nearer to it take its value (halfway: if it is the later one); elsewhere the joint is
    missing (NaN).
    """
    clips, frames, joints, axes = xyz.shape
    position = position.clamp(0, frames - 1)
    before = position.floor().long()
    after = (before + 1).clamp(max=frames - 1)
    weight = (position - before)[:, :, None, None].to(xyz.dtype)
    flat = xyz.reshape(clips * frames, joints, axes)
    base = torch.arange(clips, device=xyz.device)[:, None] * frames
    left, right = flat[base + before], flat[base + after]
    nearest = torch.where(weight < 0.5, left, right)
    mixed = torch.lerp(left, right, weight)
    return torch.where(mixed.isnan(), nearest, mixed)


def fill_gaps(
    xyz: Float[Tensor, "clip frame joint axis"],
    seen: Bool[Tensor, "clip frame"],
    longest_frames: int,
) -> Float[Tensor, "clip frame joint axis"]:
    """Interpolate over runs of unseen frames, between two seen ones.

    Args:
        xyz: the joints of one part, seen or missing together.
        seen: True where the part was detected.
        longest_frames: the longest gap that is filled; longer ones, and those at either end of
            the clip, stay missing.
    """
    frames = xyz.shape[1]
    index = torch.arange(frames, device=xyz.device).expand_as(seen)
    last = torch.where(seen, index, -1).cummax(dim=1).values
    following = torch.where(seen, index, frames).flip(1).cummin(dim=1).values.flip(1)
    gap = following - last - 1
    fill = ~seen & (last >= 0) & (following < frames) & (gap <= longest_frames)
    step = (index - last) / (following - last).clamp(min=1)
    flat = xyz.flatten(2)
    pick = last.clamp(min=0), following.clamp(max=frames - 1)
    start, stop = (flat.gather(1, p[..., None].expand_as(flat)) for p in pick)
    filled = torch.lerp(start, stop, step[..., None].to(xyz.dtype)).view_as(xyz)
    return torch.where(fill[..., None, None], filled, xyz)


def repaired(
    xyz: Float[Tensor, "clip frame joint axis"], layout: Layout, longest_frames: int
) -> Float[Tensor, "clip frame joint axis"]:
    """Each hand's gaps filled, where they are no longer; 0 = never."""
    if not longest_frames:
        return xyz
    xyz = xyz.clone()
    for part in hand_parts(layout):
        hand = xyz[:, :, part]
        xyz[:, :, part] = fill_gaps(hand, seen(hand).any(-1), longest_frames)
    return xyz


def thinned(frames: int, most: int) -> Int64[np.ndarray, "kept"]:
    """The numbers of at most ``most`` frames, evenly spaced, with the first and the last.

    >>> thinned(9, 5)
    array([0, 2, 4, 6, 8])
    """
    return np.linspace(0, frames - 1, min(frames, most)).round().astype(np.int64)
