"""Which of two detected hands is the signer's left and which the right.

A hand detector numbers hands in the order in which it finds them. This module follows them through
a clip and gives each its side. Hands are whole or missing, as MediaPipe gives them; a joint missing
from a hand that is there is taken, for this purpose, to be at the mean of its other joints.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from raysign.skeleton import HAND_JOINTS, HAND_SIZE

WRIST = HAND_JOINTS.index("wrist")
KNUCKLES = [
    HAND_JOINTS.index(f"{f}_mcp") for f in ("index_finger", "middle_finger", "ring_finger", "pinky")
]
TIPS = [
    HAND_JOINTS.index(f"{f}_tip") for f in ("index_finger", "middle_finger", "ring_finger", "pinky")
]

SAME_HAND = 0.7
"""Detections closer than this, in units of the hand's spread, are a hand seen twice. Of such pairs
in wlasl2000_hands (7,906 of 267,495) 90 % have equal chirality; of pairs over 3 apart 18 %."""

# What one frame says for "right", in nats, each squashed by tanh(value / width). A frame's own
# log-odds are larger (up to 3 for the chirality, 8 for the place), but its neighbours repeat it.
# Fitted, with the motion below, to half of wlasl100 train by random search, then rounded; ORDER and
# SAME_HAND were settled afterwards with the sets A and B of assign_hands in view (± .004 there).
CHIRALITY, CHIRALITY_WIDTH = 0.4, 0.3  # do the fingers bend to where a right palm faces?
PLACE, PLACE_WIDTH = 0.6, 0.1  # in picture widths: a signer stands in the middle
ORDER, ORDER_WIDTH = 0.3, 0.5  # in hand sizes, where both hands are seen
LONE_RIGHT = 0.2  # most signers are right-handed

# What a movement costs, in nats: log(1 + (distance / reach)²), heavy-tailed as hands are fast and
# detectors jump; distances in hand sizes.
REACH = 0.3
"""Distance from the expected place that costs log 2 one frame later; grows with the gap's root."""
INERTIA = 0.4
"""Share of the last speed that is expected to go on into the next frame."""
FIRST_SEEN = 10.0
"""Cost of a hand that was never seen before: that of a jump of 45 hand sizes."""


def assign_hands(
    xyz: Float[Tensor, "clip frame joint axis"],
) -> Float[Tensor, "clip frame joint axis"]:
    """Put the signer's left hand into joints 0–20 and the right hand into joints 21–41.

    For every clip the likeliest sequence of sides is found: Viterbi over the two ways to give sides
    to a frame's hands, where each way remembers where its left and its right hand were last seen.
    Movement ties frames together; the sides come from chirality, place in the picture, the order
    of two hands, and a prior that a lone hand is the right one. A hand detected twice is kept once
    (``drop_duplicate_hands``).

    Measured as the share of hand frames on the correct side, by Holistic's own left and right:

    * A: WLASL100 val, Holistic's hands with the lone ones in slot 0 and two in random order; 338
      clips, 19,689 hand frames; 186 clips have two hands in over 10 % of their frames, 152 do not.
    * B: the slots of wlasl2000_hands as MediaPipe Hands filled them; the 515 clips that are also in
      WLASL100 and could be matched to it by place, 9,583 hand frames (the three simple ways keep
      hands seen twice: 516 clips, 9,728 hand frames). In A such frames are left out.

    | | A | A, two hands | A, one hand | A, clips ≥ .9 | B | B, clips ≥ .9 |
    |---|---|---|---|---|---|---|
    | slots as they are | .363 | .483 | .065 | .027 | .255 | .163 |
    | by x, a lone hand is the right one | .926 | .921 | .938 | .855 | .947 | .859 |
    | by x, a lone hand by the picture's half | .951 | .949 | .957 | .899 | .958 | .888 |
    | **this** | **.976** | .973 | .983 | **.962** | **.982** | **.957** |
    | this, where whole clips may be swapped | .986 | .984 | .993 | .967 | .995 | .979 |

    Args:
        xyz: ``hands42`` landmarks, x and y in units of the picture, which is not mirrored and shows
            the signer from the front; NaN = missing.

    Returns:
        The same landmarks, bit for bit, with the hands in place. A clip's result depends neither on
        its padding, nor on the other clips, nor on the order of its slots.
    """
    if xyz.numel() == 0:
        return xyz
    hands = _larger_x_first(_two_hands(drop_duplicate_hands(xyz)))
    whole = _without_holes(hands)
    seen = whole[..., 0, 0].isfinite()
    size = _hand_size(whole)
    whole = torch.nan_to_num(whole)
    swapped = _likeliest_swaps(
        (whole[..., :2] / size[:, None, None, None, None]).flatten(3),
        seen,
        _evidence(whole, seen, size),
    )
    return torch.where(swapped[..., None, None, None], hands.flip(2), hands).flatten(2, 3)


def drop_duplicate_hands(
    xyz: Float[Tensor, "clip frame joint axis"],
) -> Float[Tensor, "clip frame joint axis"]:
    """Where both slots hold the same hand, keep the larger detection and set the other to NaN.

    The same hand: the mean distance of like joints is under ``SAME_HAND`` of the larger hand's
    spread (root mean square distance of its joints from their mean), in the picture plane.
    """
    hands = _two_hands(xyz)
    flat = _without_holes(hands)[..., :2]
    apart = torch.linalg.vector_norm(flat[:, :, 0] - flat[:, :, 1], dim=-1).mean(-1)
    spread = (flat - flat.mean(3, keepdim=True)).square().sum(-1).mean(-1).sqrt()
    twice = apart < SAME_HAND * spread.amax(2)
    keep_first = spread[:, :, 0] >= spread[:, :, 1]
    dropped = twice[..., None] & torch.stack([~keep_first, keep_first], dim=-1)
    return hands.masked_fill(dropped[..., None, None], torch.nan).flatten(2, 3)


def right_chirality(
    hands: Float[Tensor, "clip frame slot hand_joint axis"], size: Float[Tensor, " clip"]
) -> Float[Tensor, "clip frame slot"]:
    """How far the fingers bend to where a right palm faces, in hand sizes; < 0 for a left hand.

    The normal (wrist to index knuckle) × (wrist to pinky knuckle) leaves a right hand through its
    palm. The sign alone is right in 80 % of the hand frames of WLASL100 train; near 0 (fingers
    stretched) it says little.
    """
    hands = hands - hands[..., WRIST : WRIST + 1, :]
    normal: Tensor = torch.linalg.cross(hands[..., KNUCKLES[0], :], hands[..., KNUCKLES[-1], :])
    normal = normal / torch.linalg.vector_norm(normal, dim=-1, keepdim=True).clamp(min=1e-9)
    bend = (hands[..., TIPS, :] - hands[..., KNUCKLES, :]).mean(-2)
    return (bend * normal).sum(-1) / size[:, None, None]


def _two_hands(
    xyz: Float[Tensor, "clip frame joint axis"],
) -> Float[Tensor, "clip frame 2 hand_joint axis"]:
    return xyz.reshape(*xyz.shape[:2], 2, HAND_SIZE, xyz.shape[-1])


def _points(flat: Float[Tensor, "*rest coordinate"]) -> Float[Tensor, "*rest joint 2"]:
    return flat.reshape(*flat.shape[:-1], -1, 2)


def _without_holes(
    hands: Float[Tensor, "clip frame slot hand_joint axis"],
) -> Float[Tensor, "clip frame slot hand_joint axis"]:
    hands = hands.float()
    return torch.where(hands.isnan(), hands.nanmean(3, keepdim=True), hands)


def _hand_size(hands: Float[Tensor, "clip frame slot hand_joint axis"]) -> Float[Tensor, " clip"]:
    """The median over a clip's detections of the mean distance from wrist to knuckles."""
    palm = hands[..., KNUCKLES, :2] - hands[..., WRIST : WRIST + 1, :2]
    palm = torch.linalg.vector_norm(palm, dim=-1).mean(-1)
    return torch.nan_to_num(palm.flatten(1).nanmedian(1).values, nan=1.0).clamp(min=1e-3)


def _larger_x_first(
    hands: Float[Tensor, "clip frame slot hand_joint axis"],
) -> Float[Tensor, "clip frame slot hand_joint axis"]:
    """An order of slots that does not depend on the given one; a lone hand comes first."""
    x = torch.nan_to_num(_without_holes(hands)[..., WRIST, 0], nan=-torch.inf)
    return torch.where((x[..., 0] < x[..., 1])[..., None, None, None], hands.flip(2), hands)


def _evidence(
    hands: Float[Tensor, "clip frame slot hand_joint axis"],
    seen: Bool[Tensor, "clip frame slot"],
    size: Float[Tensor, " clip"],
) -> Float[Tensor, "clip frame"]:
    """What each frame says for the slots being swapped: slot 0 the right hand, slot 1 the left."""
    x = hands[..., WRIST, 0]
    right = CHIRALITY * torch.tanh(right_chirality(hands, size) / CHIRALITY_WIDTH)
    right = (right + PLACE * torch.tanh((0.5 - x) / PLACE_WIDTH)) * seen
    order = ORDER * torch.tanh((x[..., 1] - x[..., 0]) / size[:, None] / ORDER_WIDTH)
    return right[..., 0] - right[..., 1] + torch.where(seen.all(-1), order, LONE_RIGHT)


def _likeliest_swaps(
    place: Float[Tensor, "clip frame slot coordinate"],
    seen: Bool[Tensor, "clip frame slot"],
    evidence: Float[Tensor, "clip frame"],
) -> Bool[Tensor, "clip frame"]:
    clips, frames = seen.shape[:2]
    side_of_slot = torch.tensor(
        [[0, 1], [1, 0]], device=place.device
    )  # [state slot], its own inverse
    stay = torch.arange(2, device=place.device)
    sign = torch.tensor([-0.5, 0.5], device=place.device)
    # What each state's best history remembers of its left and right hand: [clip state side …].
    last = place.new_zeros(clips, 2, 2, place.shape[-1])
    speed = place.new_zeros(clips, 2, 2, 2)
    age = place.new_full((clips, 2, 2), torch.inf)
    score = place.new_zeros(clips, 2)
    came_from = []
    for t in range(frames):
        here = seen[:, t]
        cost = _motion_cost(place[:, t], last, speed, age) * here[:, None, None]
        of_state = [cost[:, :, 0, 0] + cost[:, :, 1, 1], cost[:, :, 1, 0] + cost[:, :, 0, 1]]
        best, previous = (score[:, :, None] - torch.stack(of_state, dim=-1)).max(dim=1)
        some = here.any(-1, keepdim=True)
        previous = torch.where(some, previous, stay)
        came_from.append(previous)
        score = torch.where(some, best + sign * evidence[:, t, None], score)

        pick = previous[:, :, None, None]
        last, speed = last.gather(1, pick.expand_as(last)), speed.gather(1, pick.expand_as(speed))
        age = age.gather(1, previous[:, :, None].expand_as(age))
        new, now = place[:, t][:, side_of_slot], here[:, side_of_slot]
        step = _points(new - last).mean(-2) / age[..., None]  # 0 at the first sight
        speed = torch.where(now[..., None], step, 0.0)
        last = torch.where(now[..., None], new, last)
        age = torch.where(now, 1.0, age + 1.0)

    state = score.argmax(dim=1, keepdim=True)
    path = [state]
    for previous in reversed(came_from[1:]):
        state = previous.gather(1, state)
        path.append(state)
    return torch.cat(path[::-1], dim=1).bool()


def _motion_cost(
    place: Float[Tensor, "clip slot coordinate"],
    last: Float[Tensor, "clip state side coordinate"],
    speed: Float[Tensor, "clip state side 2"],
    age: Float[Tensor, "clip state side"],
) -> Float[Tensor, "clip state side slot"]:
    """The cost of each slot being the hand that each state remembers on each side."""
    step = _points(place[:, None, None] - last[:, :, :, None])
    step = step - INERTIA * speed[:, :, :, None, None]
    distance = torch.linalg.vector_norm(step, dim=-1).mean(-1)
    cost = torch.log1p((distance / REACH).square() / age[..., None])
    return torch.where(age[..., None].isinf(), FIRST_SEEN, cost)
