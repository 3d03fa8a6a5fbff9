"""What makes one sentence look like another person's; drawn anew in every batch, on its device."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Generator, Tensor

from raysign.config import KeywordAugmentConfig
from raysign.keywords.prepare import PrepareSentences
from raysign.pose.augment import rotation
from raysign.pose.chance import Draw
from raysign.pose.normalise import hand_parts
from raysign.pose.resample import interpolate_at

HIDDEN_SHARE = 0.1
"""A hand is hidden for so much of a sentence: longer, and a word would be lost that is its label's.
"""
SMALLEST_TEMPO = 0.05
"""Of a sentence's own speed; the config's bound lies above it."""

Varied = tuple[Float[Tensor, "sentence frame_out joint axis"], Bool[Tensor, "sentence frame_out"]]


def augment(
    joints: Float[Tensor, "sentence frame joint axis"],
    shown: Bool[Tensor, "sentence frame"],
    config: KeywordAugmentConfig,
    prepare: PrepareSentences,
    generator: Generator,
) -> Varied:
    """A varied copy of prepared sentences, NaN after their ends, and which of its frames are shown.

    What is missing stays missing, and more may become so. No frame of a sentence is cut off: its
    words are known of the whole alone. With every strength 0 nothing changes.
    """
    if config.nothing:
        return joints, shown
    if config.tempo:
        joints, shown = _at_another_speed(joints, shown, config, prepare, generator)
    draw = Draw(joints, generator)
    angle = config.rotate_sigma_rad * draw.normal().clamp(-3, 3)
    scale = (config.scale_sigma * draw.normal(2).clamp(-3, 3)).exp()
    turn = rotation(angle) * scale[:, None]
    place = torch.einsum("c f j a, c b a -> c f j b", joints[..., :2], turn)
    stays = torch.tensor(prepare.relative, device=joints.device)
    shift = config.shift_sigma * draw.normal(1, 1, 2).clamp(-3, 3)
    place = place + shift * ~stays[:, None]
    place = place + config.jitter_sigma * draw.normal(*place.shape[1:])
    hidden = _hidden(shown, config, prepare, draw)[..., None]
    trust = joints[..., 2:].masked_fill(hidden, 0)
    return torch.cat([place.masked_fill(hidden, torch.nan), trust], dim=-1), shown


def longest(
    num_frames: Int64[np.ndarray, "sentence"], config: KeywordAugmentConfig
) -> Int64[np.ndarray, "sentence"]:
    """The most frames that ``augment`` makes of sentences of one or more: those of the slowest."""
    slowest = max(1 - config.tempo, SMALLEST_TEMPO)
    varied: np.ndarray = 1 + np.ceil((num_frames - 1) / slowest).astype(np.int64)
    return varied


def _at_another_speed(
    joints: Float[Tensor, "sentence frame joint axis"],
    shown: Bool[Tensor, "sentence frame"],
    config: KeywordAugmentConfig,
    prepare: PrepareSentences,
    generator: Generator,
) -> Varied:
    """Each sentence faster or slower as a whole, from its first frame to its last."""
    draw = Draw(joints, generator)
    speed = (1 + config.tempo * (2 * draw.uniform(1) - 1)).clamp(min=SMALLEST_TEMPO)
    length = shown.sum(1, keepdim=True)
    last = (length - 1).clamp(min=0)
    varied = 1 + (last / speed).round()
    frame = torch.arange(int(varied.max()), device=joints.device)
    at = torch.minimum(frame * last / (varied - 1).clamp(min=1), last)
    now = (frame < varied) & (length > 0)
    moved = interpolate_at(joints, at)
    missing = moved[..., :2].isnan().any(-1)
    moved[..., 2] = moved[..., 2].masked_fill(missing, 0)
    if not prepare.config.confidence:
        moved[..., 2] = (~missing).to(moved)
    # Nothing is read from after a sentence's end, where there is none.
    return moved.masked_fill(~now[..., None, None], torch.nan), now


def _hidden(
    shown: Bool[Tensor, "sentence frame"],
    config: KeywordAugmentConfig,
    prepare: PrepareSentences,
    draw: Draw,
) -> Bool[Tensor, "sentence frame joint"]:
    """Which joints are hidden in which frames."""
    dropped = draw.chance(config.frame_drop, draw.frames)
    hidden = dropped[:, :, None].expand(-1, -1, draw.joints).clone()
    length = shown.sum(1, keepdim=True)
    frame = torch.arange(draw.frames, device=shown.device)
    for part in hand_parts(prepare.output):
        start = draw.uniform(1) * (1 - HIDDEN_SHARE) * length
        span = (frame >= start) & (frame < start + HIDDEN_SHARE * length)
        hidden[:, :, part] |= (span & draw.chance(config.hand_drop, 1))[..., None]
    return hidden
