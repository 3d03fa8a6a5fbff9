"""What makes one clip look like another person's.

Drawn anew for every clip of every batch, on its device.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from raysign.config import AugmentConfig
from raysign.pose.mirror import mirror_image
from raysign.pose.normalise import hand_parts
from raysign.pose.prepare import Prepare
from raysign.pose.resample import interpolate_at

TEMPO_KNOTS = 5
"""Points of a clip between which tempo changes smoothly."""


def augment(
    xyz: Float[Tensor, "clip frame joint axis"],
    config: AugmentConfig,
    prepare: Prepare,
    generator: Generator,
) -> Float[Tensor, "clip frame joint axis"]:
    """A varied copy of prepared sequences.

    What is missing stays missing (NaN), and more may become so; only the time warp moves the edges
    of what is missing, by the rule of ``interpolate_at``. With every strength 0 nothing changes.
    """
    draw = _Draw(xyz, generator)
    if config.time_warp:
        xyz = interpolate_at(xyz, _warped(config.time_warp, draw))
    if config.mirror:
        flipped = draw.chance(config.mirror)[:, None, None, None]
        xyz = torch.where(flipped, mirror_image(xyz, prepare.output), xyz)
    matrix, shift = _affine(config, draw)
    moved = torch.einsum("c f j a, c b a -> c f j b", xyz[..., :2], matrix)
    stays = torch.tensor(prepare.relative, device=xyz.device)
    moved = moved + shift[:, None, None] * ~stays[:, None]
    xyz = torch.cat([moved, xyz[..., 2:]], dim=-1)
    if config.jitter_sigma:
        xyz = xyz + config.jitter_sigma * draw.normal(*xyz.shape[1:])
    return xyz.masked_fill(_hidden(config, prepare, draw)[..., None], torch.nan)


class _Draw:
    """Random tensors, one row a clip, on the clips' device and in their precision."""

    def __init__(self, like: Tensor, generator: Generator) -> None:
        self.clips, self.frames, self.joints, _ = like.shape
        self.options = {"device": like.device, "dtype": like.dtype, "generator": generator}

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(self.clips, *shape, **self.options)  # type: ignore[call-overload,no-any-return]

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(self.clips, *shape, **self.options)  # type: ignore[call-overload,no-any-return]

    def chance(self, probability: float, *shape: int) -> Tensor:
        return self.uniform(*shape) < probability

    def span(self, longest: float) -> Tensor:
        """One span of frames a clip, up to that share of it, as a mask [clip frame]."""
        length = self.uniform(1) * longest * self.frames
        start = self.uniform(1) * (self.frames - length)
        frame = torch.arange(self.frames, device=length.device)
        return (frame >= start) & (frame < start + length)


def _warped(strength: float, draw: _Draw) -> Float[Tensor, "clip frame"]:
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


def _affine(
    config: AugmentConfig, draw: _Draw
) -> tuple[Float[Tensor, "clip 2 2"], Float[Tensor, "clip 2"]]:
    """Rotation × shear × scale in the picture plane, and a shift."""
    angle = config.rotate_sigma_rad * draw.normal().clamp(-3, 3) % (2 * math.pi)
    cos, sin = angle.cos(), angle.sin()
    rotation = torch.stack([cos, -sin, sin, cos], dim=-1).view(-1, 2, 2)
    shear = config.shear_sigma * draw.normal(2).clamp(-3, 3)
    one = torch.ones_like(cos)
    sheared = torch.stack([one, shear[:, 0], shear[:, 1], one], dim=-1).view(-1, 2, 2)
    scale = (config.scale_sigma * draw.normal(2).clamp(-3, 3)).exp()
    return rotation @ sheared * scale[:, None], config.shift_sigma * draw.normal(2)


def _hidden(
    config: AugmentConfig, prepare: Prepare, draw: _Draw
) -> Bool[Tensor, "clip frame joint"]:
    """Which joints are hidden in which frames."""
    hidden = draw.chance(config.joint_drop, 1, draw.joints).expand(-1, draw.frames, -1).clone()
    masked = draw.span(0.25) & draw.chance(config.time_mask, 1)
    hidden |= masked[:, :, None]
    dropped = draw.span(0.5) & draw.chance(config.hand_drop, 1)
    hands = hand_parts(prepare.output)
    which = (draw.uniform() * len(hands)).long()
    for number, part in enumerate(hands):
        hidden[:, :, part] |= (dropped & (which == number)[:, None])[:, :, None]
    return hidden
