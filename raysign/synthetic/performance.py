"""One signer performs one sign: joints in metres, frame by frame, before any camera.

Rest, raise, the sign's movement, lower, rest. What differs from one performance to the next besides
the signer's habits (length of rests, an extra repetition, a few millimetres and degrees) comes from
the generator that is passed in. Both arms are computed as right arms, first the signing one, then
the other; the other is mirrored at the end, and so is everything where the signer is left-handed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.skeleton import HOLISTIC75
from raysign.synthetic.acting import Targets, Token
from raysign.synthetic.anatomy import MIRROR, arm, hand, trunk
from raysign.synthetic.phonetics import HIGH, LOW, RELAXED
from raysign.synthetic.signers import Signer
from raysign.synthetic.signs import Sign

Array = NDArray[np.float64]

FPS = 25
MIN_FRAMES, MAX_FRAMES = 30, 80

_REST_DISTAL, _REST_PALMAR = np.array([0.15, 0.9, -0.35]), np.array([0.75, 0.05, 0.45])
FORWARD, FORWARD_DISTAL = -0.08, np.array([0.0, 0.0, -0.5])
SHAPED_EARLY = 1.4
"""The hand has its shape before it has arrived."""

_REST_SIGMA, _TIME_SIGMA = 0.015, 0.1
"""From one performance to the next: metres, share."""

_RIGHT = [HOLISTIC75.joint(f"right_{n}") for n in ("elbow", "wrist", "pinky", "index", "thumb")]
_RIGHT += range(HOLISTIC75.num_joints)[HOLISTIC75.parts["right_hand"]]
_LEFT = [HOLISTIC75.mirror[joint] for joint in _RIGHT]
_HAND_JOINTS_ON_BODY = [17, 5, 2]


@dataclass(frozen=True, eq=False)
class Performance:
    """``joints`` [frame joint axis] in metres from mid-shoulder, on ``phonetics``'s axes;
    ``raised`` [hand frame] goes from 0 at rest to 1 in the sign, for the left and the right hand.
    """

    joints: Array
    raised: Array


@dataclass(frozen=True, eq=False)
class _Timing:
    """``raised`` [hand frame] as above, but for the signing and the other hand; ``phase`` [frame]
    is the share of the movement that is done.
    """

    raised: Array
    phase: Array
    repeats: int


def perform(sign: Sign, signer: Signer, rng: np.random.Generator) -> Performance:
    """The sign as this signer does it this time."""
    timing = _timing(sign, signer, rng)
    token = Token.draw(sign, signer, timing.repeats, rng)
    signing = _from_rest(token.signing(timing.phase), timing.raised[0], signer, rng)
    other = _from_rest(token.other(timing.phase), timing.raised[1], signer, rng)
    return performed(signing, other, timing.raised, signer)


def performed(
    signing: Targets, other: Targets, raised: Float[Array, "hand=2 frame"], signer: Signer
) -> Performance:
    """The whole body, where the signing and the other arm are asked for that; ``raised`` is of
    the signing and the other hand.
    """
    palm, distal, palmar, flexion = (
        np.concatenate([getattr(one, name) for one in (signing, other)])
        for name in ("palm", "distal", "palmar", "flexion")
    )
    bones = (signer.upper_arm, signer.forearm, signer.palm)
    shoulder = np.array([-signer.shoulder_width / 2, 0.0, 0.0])
    elbow, wrist, axes = arm(shoulder, palm, distal, palmar, bones, signer.swivel_rad)
    flexion = np.clip(flexion * signer.bend + np.asarray(signer.bias), LOW, HIGH)
    hands = wrist[:, None] + signer.palm * (hand(flexion, signer.fingers) @ axes)
    moving = np.concatenate(
        [elbow[:, None], wrist[:, None], hands[:, _HAND_JOINTS_ON_BODY], hands], axis=1
    )
    frames = raised.shape[1]
    joints = np.empty((frames, HOLISTIC75.num_joints, 3))
    joints[:, :33] = trunk(signer.shoulder_width, signer.trunk, signer.neck, signer.head)
    joints[:, _RIGHT], joints[:, _LEFT] = moving[:frames], moving[frames:] * MIRROR
    if signer.left_handed:
        return Performance(joints[:, HOLISTIC75.mirror] * MIRROR, raised)
    return Performance(joints, raised[::-1])


def resting(signer: Signer, rng: np.random.Generator) -> Targets:
    """What a resting arm is asked for, about where this signer rests."""
    palm = np.array([signer.rest[0] - signer.shoulder_width / 2, *signer.rest[1:]])
    palm += rng.normal(0.0, _REST_SIGMA, 3)
    return Targets(palm, _REST_DISTAL, _REST_PALMAR, np.asarray(RELAXED))


def _timing(sign: Sign, signer: Signer, rng: np.random.Generator) -> _Timing:
    repeats = sign.movement.repeats
    if repeats > 1 and rng.random() < signer.extra_repeat:
        repeats += 1
    sign_s = (0.4 + 0.28 * repeats) / signer.tempo * np.exp(_TIME_SIGMA * rng.standard_normal())
    before_s, after_s = signer.rest_s * rng.uniform(0.2, 1.4, 2)
    ends_s = np.cumsum([before_s, signer.raise_s, sign_s, signer.lower_s, after_s])
    ends_s *= min(1.0, MAX_FRAMES / FPS / ends_s[-1])
    frames = max(MIN_FRAMES, int(ends_s[-1] * FPS))
    time_s = np.arange(frames) / FPS
    late_s = np.array([[0.0], [signer.lag_s]])
    up = smooth((time_s - ends_s[0] - late_s) / (ends_s[1] - ends_s[0]))
    down = smooth((time_s - ends_s[2] - late_s) / (ends_s[3] - ends_s[2]))
    raised = up - down
    if sign.hands == "one":
        raised[1] = 0.0
    phase = np.clip((time_s - ends_s[1]) / (ends_s[2] - ends_s[1]), 0.0, 1.0)
    phase -= signer.ease * np.sin(2 * np.pi * phase) / (2 * np.pi)
    return _Timing(raised, phase, repeats)


def _from_rest(
    there: Targets, raised: Float[Array, " frame"], signer: Signer, rng: np.random.Generator
) -> Targets:
    """From the rest to the sign and back, through the space before the trunk."""
    share = raised[:, None]
    rest = resting(signer, rng)
    arch = 4 * share * (1 - share)
    return Targets(
        rest.palm + share * (there.palm - rest.palm) + arch * np.array([0.0, signer.lift, FORWARD]),
        rest.distal + share * (there.distal - rest.distal) + arch * FORWARD_DISTAL,
        rest.palmar + share * (there.palmar - rest.palmar),
        rest.flexion + np.minimum(1.0, SHAPED_EARLY * share) * (there.flexion - rest.flexion),
    )


def smooth(share: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """0 to 1 with no speed at either end."""
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)
