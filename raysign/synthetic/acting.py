"""A sign as one signer does it this time, asked of each arm at any moment of its movement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.synthetic import movement
from raysign.synthetic.anatomy import MIRROR, cross, unit
from raysign.synthetic.phonetics import FLAT
from raysign.synthetic.signers import Signer
from raysign.synthetic.signs import Sign

Array = NDArray[np.float64]

_BASE_DISTAL, _BASE_PALMAR = np.array([1.0, 0.0, -0.3]), np.array([0.0, -1.0, 0.2])
_BASE_BELOW = np.array([-0.05, 0.09, 0.02])
_TWO_HANDS_APART = np.array([-0.07, 0.0, 0.0])

_PLACE_SIGMA, _TURN_SIGMA_RAD, _SIZE_SIGMA = 0.02, 0.13, 0.15
"""From one performance to the next: metres, radians, share."""


@dataclass(frozen=True, eq=False)
class Targets:
    """What an arm is asked for, as a right arm: [frame axis] each, or [axis] where it stays.

    The place of the palm, where the fingers point and the palm faces, and the flexion.
    """

    palm: Array
    distal: Array
    palmar: Array
    flexion: Array


@dataclass(frozen=True, eq=False)
class Token:
    """A sign where, as large and as turned as it comes out this time."""

    sign: Sign
    repeats: int
    size: float
    place: Float[Array, " axis=3"]
    distal: Float[Array, " axis=3"]
    palmar: Float[Array, " axis=3"]

    @classmethod
    def draw(cls, sign: Sign, signer: Signer, repeats: int, rng: np.random.Generator) -> "Token":
        """The sign with the signer's habits and this time's chance."""
        size = sign.movement.size * signer.reach * np.exp(_SIZE_SIGMA * rng.standard_normal())
        place = _place(sign, signer) + rng.normal(0.0, _PLACE_SIGMA, 3)
        if sign.hands in ("both", "alternating"):
            place += _TWO_HANDS_APART
        turn = np.asarray(signer.turn_rad) + rng.normal(0.0, _TURN_SIGMA_RAD, 3)
        axes = np.array([sign.orientation.fingers, sign.orientation.palm])
        distal, palmar = unit(axes + cross(turn, axes))
        return cls(sign, repeats, float(size), place, distal, palmar)

    def signing(self, phase: Float[Array, " frame"]) -> Targets:
        """What the signing arm is asked for when that share of the movement is done."""
        return self._acting(phase, 1.0)

    def other(self, phase: Float[Array, " frame"]) -> Targets:
        """The same of the other arm, where the sign takes both."""
        if self.sign.hands == "base":
            below = self.place * MIRROR + _BASE_BELOW
            return Targets(below, _BASE_DISTAL, _BASE_PALMAR, np.asarray(FLAT))
        return self._acting(phase, -1.0 if self.sign.hands == "alternating" else 1.0)

    def _acting(self, phase: Float[Array, " frame"], sense: float) -> Targets:
        move, repeats = self.sign.movement, self.repeats
        shape = np.asarray(self.sign.handshape.flexion)
        strokes = sense * movement.stroke(move, phase, repeats)
        way = self.place + self.size * movement.path(move, strokes, phase, repeats, sense)
        flexion = movement.bent(move, shape, phase, repeats, sense)
        distal, palmar = movement.turned(move, strokes, self.distal, self.palmar)
        return Targets(way, distal, palmar, flexion)


def _place(sign: Sign, signer: Signer) -> Float[Array, " axis=3"]:
    offset = np.asarray(sign.location.offset)
    if sign.location.on_head:
        at = signer.head * offset + [0.0, -signer.neck, -0.02]
    else:
        at = offset * [signer.shoulder_width / 2, signer.trunk, 1.0]
    return at + signer.place
