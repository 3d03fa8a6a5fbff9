"""What an encoder is told about joints beside where they are.

Each function is batched, and NaN wherever one of the joints that it takes is missing.
"""

from __future__ import annotations

import itertools

import torch
from jaxtyping import Float
from torch import Tensor

from raysign.skeleton import HAND_JOINTS, Extra, Layout, parents

FINGERS = ("thumb", "index_finger", "middle_finger", "ring_finger", "pinky")
CHAINS = [[0, *(4 * finger + joint for joint in range(1, 5))] for finger in range(len(FINGERS))]
"""Each finger's joints from the wrist to the tip."""
TIPS = [chain[-1] for chain in CHAINS]
PAIRS = list(itertools.combinations(range(len(FINGERS)), 2))
INDEX_MCP, PINKY_MCP = (HAND_JOINTS.index(f"{name}_mcp") for name in ("index_finger", "pinky"))

SHORTEST = 1e-6
"""A bone under this length has no direction: its cosines and the palm's normal are 0."""


def motion(
    xyz: Float[Tensor, "clip frame joint axis"], lag: int
) -> Float[Tensor, "clip frame joint axis"]:
    """Each joint less itself ``lag`` frames before; 0 in the first ``lag`` frames."""
    moved = torch.zeros_like(xyz)
    moved[:, lag:] = xyz[:, lag:] - xyz[:, :-lag]
    return moved


def bones(
    xyz: Float[Tensor, "clip frame joint axis"],
    layout: Layout,
    at_wrist: tuple[bool, ...],
) -> Float[Tensor, "clip frame joint axis"]:
    """Each joint less its parent (``skeleton.parents``); a joint without one is 0.

    Args:
        xyz: the joints of ``layout``.
        layout: whose bones.
        at_wrist: which joints stand relative to their wrist; such a joint's wrist is at 0.
    """
    above = list(parents(layout))
    start = xyz[:, :, above]
    from_wrist = torch.tensor(
        [own and not at_wrist[other] for own, other in zip(at_wrist, above, strict=True)],
        device=xyz.device,
    )
    return xyz - start.masked_fill(from_wrist[:, None], 0)


def hand_shape(
    hand: Float[Tensor, "clip frame 21 axis"], *, left: bool
) -> Float[Tensor, "clip frame extra"]:
    """What no linear layer can make of a hand's joints, in the order of ``hand_shape_extras``.

    * The cosines of the angles between successive bones of each finger, from the wrist: 1 where it
      is straight. The same however the hand is turned, and for a hand and its mirror image.
    * The unit normal of the palm, (wrist to index knuckle) × (wrist to pinky knuckle) in a right
      hand and its opposite in a left one, so that it leaves every hand through the palm. With two
      axes the sine of that angle in the picture, > 0 where the palm turns away from the camera
      (y points down).
    * The distances between fingertips, in the unit that the joints have.

    Args:
        hand: its joints, about any origin.
        left: is it a left hand?
    """
    fingers = hand[:, :, CHAINS]  # [clip frame finger joint axis]
    direction = _unit(fingers.diff(dim=3))
    bend = (direction[..., 1:, :] * direction[..., :-1, :]).sum(-1).flatten(2)
    first, last = (hand[:, :, knuckle] - hand[:, :, 0] for knuckle in (INDEX_MCP, PINKY_MCP))
    if hand.shape[-1] == 3:
        palm = _unit(torch.linalg.cross(first, last))
    else:
        first, last = _unit(first), _unit(last)
        palm = first[..., :1] * last[..., 1:] - first[..., 1:] * last[..., :1]
    tips = hand[:, :, TIPS]
    one, other = ([pair[side] for pair in PAIRS] for side in (0, 1))
    apart = torch.linalg.vector_norm(tips[:, :, one] - tips[:, :, other], dim=-1)
    return torch.cat([bend, -palm if left else palm, apart], dim=-1)


def hand_shape_extras(part: str, axes: int) -> tuple[Extra, ...]:
    """The names of what ``hand_shape`` gives."""
    bends = (f"bend_{HAND_JOINTS[joint]}" for chain in CHAINS for joint in chain[1:-1])
    palm = "xyz" if axes == 3 else "z"
    gaps = (f"gap_{FINGERS[one]}_{FINGERS[other]}" for one, other in PAIRS)
    return (
        *(Extra(f"{part}_{name}", part) for name in bends),
        *(Extra(f"{part}_palm_{axis}", part, flips=axis == "x") for axis in palm),
        *(Extra(f"{part}_{name}", part) for name in gaps),
    )


def _unit(vector: Float[Tensor, "*batch axis"]) -> Float[Tensor, "*batch axis"]:
    return torch.nn.functional.normalize(vector, dim=-1, eps=SHORTEST)
