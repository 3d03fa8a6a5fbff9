"""When things happen in a clip, varied: what training sees of the same sign made faster or later.

Each function gives the clip at as many frames as it had, and leaves it as it is where nothing is
drawn.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from raysign.config import AugmentConfig
from raysign.pose.chance import Draw
from raysign.pose.resample import interpolate_at

TEMPO_KNOTS = 5
"""Points of a clip between which tempo changes smoothly."""


def retimed(
    xyz: Float[Tensor, "clip frame joint axis"], config: AugmentConfig, draw: Draw
) -> Float[Tensor, "clip frame joint axis"]:
    """Warped, cropped, with frames left out, and shifted, as the config has it."""
    if config.time_warp:
        xyz = interpolate_at(xyz, _warped(config.time_warp, draw))
    if config.time_crop:
        xyz = interpolate_at(xyz, _cropped(config, draw))
    if config.frame_drop:
        xyz = _closed_up(xyz, config, draw)
    if config.time_shift:
        xyz = _shifted(xyz, config, draw)
    return xyz


def _warped(strength: float, draw: Draw) -> Float[Tensor, "clip frame"]:
    """Positions to read at: tempo 1 ± strength at some knots, linear between.

    The path is then stretched over the clip less a crop of up to ``strength`` / 4 at either end.
    """
    knots = 1 + strength * (2 * draw.uniform(1, TEMPO_KNOTS) - 1)
    tempo = torch.nn.functional.interpolate(
        knots, size=draw.frames, mode="linear", align_corners=True
    )
    path = tempo[:, 0].cumsum(dim=1)
    path = (path - path[:, :1]) / (path[:, -1:] - path[:, :1])
    crop = strength / 4 * draw.uniform(2)
    start, stop = crop[:, :1], 1 - crop[:, 1:]
    return (start + path * (stop - start)) * (draw.frames - 1)


def _cropped(config: AugmentConfig, draw: Draw) -> Float[Tensor, "clip frame"]:
    """Positions to read at: a part of the clip, its length and place uniform."""
    chosen = draw.chance(config.time_crop, 1)
    share = config.time_crop_share + (1 - config.time_crop_share) * draw.uniform(1)
    share = torch.where(chosen, share, 1.0)
    start = draw.uniform(1) * (1 - share) * (draw.frames - 1)
    return start + share * torch.arange(draw.frames, device=share.device)


def _closed_up(
    xyz: Float[Tensor, "clip frame joint axis"], config: AugmentConfig, draw: Draw
) -> Float[Tensor, "clip frame joint axis"]:
    """What is left without some frames, resampled to as many as before."""
    dropped = draw.some_frames(config.frame_drop_share) & draw.chance(config.frame_drop, 1)
    order = dropped.int().argsort(dim=1, stable=True)  # the kept ones in turn, then the dropped
    closed = xyz.gather(1, order[:, :, None, None].expand_as(xyz))
    last = draw.frames - 1
    stretch = ((~dropped).sum(dim=1, keepdim=True) - 1) / max(last, 1)
    return interpolate_at(closed, stretch * torch.arange(draw.frames, device=xyz.device))


def _shifted(
    xyz: Float[Tensor, "clip frame joint axis"], config: AugmentConfig, draw: Draw
) -> Float[Tensor, "clip frame joint axis"]:
    """Whole frames later or earlier; missing where there was no frame before."""
    most = max(1, int(config.time_shift_share * draw.frames))
    by = 1 + (draw.uniform(1) * most).long().clamp(max=most - 1)
    by = torch.where(draw.chance(0.5, 1), by, -by) * draw.chance(config.time_shift, 1)
    source = torch.arange(draw.frames, device=xyz.device) - by
    outside = (source < 0) | (source >= draw.frames)
    inside = source.clamp(0, draw.frames - 1)
    moved = xyz.gather(1, inside[:, :, None, None].expand_as(xyz))
    return moved.masked_fill(outside[:, :, None, None], torch.nan)
