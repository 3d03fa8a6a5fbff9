"""What makes one clip look like another person's.

Drawn anew for every clip of every batch, on its device.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from raysign.config import AugmentConfig
from raysign.pose.chance import Draw
from raysign.pose.mirror import mirror_image
from raysign.pose.normalise import hand_parts
from raysign.pose.prepare import Prepare
from raysign.pose.tempo import retimed
from raysign.skeleton import Layout


def augment(
    xyz: Float[Tensor, "clip frame joint axis"],
    config: AugmentConfig,
    prepare: Prepare,
    generator: Generator,
) -> Float[Tensor, "clip frame joint axis"]:
    """A varied copy of prepared sequences.

    What is missing stays missing (NaN), and more may become so; only what changes time moves the
    edges of what is missing, by the rule of ``interpolate_at``. With every strength 0 nothing
    changes. z is never turned, and no scale is taken anew: a varied clip has the units of its own.
    """
    draw = Draw(xyz, generator)
    xyz = retimed(xyz, config, draw)
    if config.mirror:
        flipped = draw.chance(config.mirror)[:, None, None, None]
        xyz = torch.where(flipped, mirror_image(xyz, prepare.output), xyz)
    if config.hand_rotate:
        xyz = _hands_turned(xyz, config, prepare, draw)
    matrix, shift = _affine(config, draw)
    moved = torch.einsum("c f j a, c b a -> c f j b", xyz[..., :2], matrix)
    stays = torch.tensor(prepare.relative, device=xyz.device)
    moved = moved + shift[:, None, None] * ~stays[:, None]
    xyz = torch.cat([moved, xyz[..., 2:]], dim=-1)
    if config.jitter_sigma:
        xyz = xyz + config.jitter_sigma * draw.normal(*xyz.shape[1:])
    if config.hand_jitter:
        noise = draw.normal(*xyz.shape[1:]) * draw.chance(config.hand_jitter, 1, 1, 1)
        hands = torch.tensor(_in_hands(prepare.output), device=xyz.device)
        xyz = xyz + config.hand_jitter_sigma * noise * hands[:, None]
    return xyz.masked_fill(_hidden(config, prepare, draw)[..., None], torch.nan)


def _in_hands(layout: Layout) -> list[bool]:
    """For each joint: is it a hand's?"""
    hands = hand_parts(layout)
    return [any(p.start <= joint < p.stop for p in hands) for joint in range(layout.num_joints)]


def _hands_turned(
    xyz: Float[Tensor, "clip frame joint axis"],
    config: AugmentConfig,
    prepare: Prepare,
    draw: Draw,
) -> Float[Tensor, "clip frame joint axis"]:
    """Each hand about its wrist in the picture plane, by an angle of its own.

    A hand whose wrist is missing stays as it is: nothing says what to turn it about.
    """
    hands = hand_parts(prepare.output)
    angle = config.hand_rotate_rad * (2 * draw.uniform(len(hands)) - 1)
    angle = angle * draw.chance(config.hand_rotate, 1)
    turns = rotation(angle)
    turned = xyz.clone()
    for number, part in enumerate(hands):
        fingers = slice(part.start + 1, part.stop)
        # Fingers that stand about their wrist have it at 0.
        wrist = 0 if prepare.relative[fingers.start] else xyz[:, :, part.start, None, :2]
        flat = xyz[:, :, fingers, :2]
        new = wrist + torch.einsum("c f j a, c b a -> c f j b", flat - wrist, turns[:, number])
        turned[:, :, fingers, :2] = torch.where(new.isnan(), flat, new)
    return turned


def rotation(angle: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch 2 2"]:
    """Turns x towards y."""
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([cos, -sin, sin, cos], dim=-1).view(*angle.shape, 2, 2)


def _affine(
    config: AugmentConfig, draw: Draw
) -> tuple[Float[Tensor, "clip 2 2"], Float[Tensor, "clip 2"]]:
    """Rotation × shear × scale in the picture plane, and a shift."""
    angle = config.rotate_sigma_rad * draw.normal().clamp(-3, 3) % (2 * math.pi)
    shear = config.shear_sigma * draw.normal(2).clamp(-3, 3)
    one = torch.ones_like(angle)
    sheared = torch.stack([one, shear[:, 0], shear[:, 1], one], dim=-1).view(-1, 2, 2)
    scale = (config.scale_sigma * draw.normal(2).clamp(-3, 3)).exp()
    return rotation(angle) @ sheared * scale[:, None], config.shift_sigma * draw.normal(2)


def _hidden(
    config: AugmentConfig, prepare: Prepare, draw: Draw
) -> Bool[Tensor, "clip frame joint"]:
    """Which joints are hidden in which frames."""
    hidden = draw.chance(config.joint_drop, 1, draw.joints).expand(-1, draw.frames, -1).clone()
    masked = draw.span(0.25) & draw.chance(config.time_mask, 1)
    hidden |= masked[:, :, None]
    _hide_a_hand(hidden, draw.span(0.5) & draw.chance(config.hand_drop, 1), prepare, draw)
    if config.hand_frame_drop:
        some = draw.some_frames(config.hand_frame_drop_share)
        _hide_a_hand(hidden, some & draw.chance(config.hand_frame_drop, 1), prepare, draw)
    return hidden


def _hide_a_hand(
    hidden: Bool[Tensor, "clip frame joint"],
    dropped: Bool[Tensor, "clip frame"],
    prepare: Prepare,
    draw: Draw,
) -> None:
    """Mark one hand of each clip, either one alike, in the frames that are dropped."""
    hands = hand_parts(prepare.output)
    which = (draw.uniform() * len(hands)).long()
    for number, part in enumerate(hands):
        hidden[:, :, part] |= (dropped & (which == number)[:, None])[:, :, None]
