"""The phonetic space: every handshape, location, movement and palm orientation that a hand can do.

Everything is told for a right-handed signer, in metres unless a unit is named, on axes as a camera
in front of the signer sees them: x to the picture's right (the signer's left), y down, z away from
the camera. ``ipsi`` is the signing hand's own side (x < 0), ``contra`` the other.

The parameters are Stokoe's and Battison's (Stokoe 1960; Battison 1978); the numbers are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FLEXION = (
    *("index_mcp", "middle_mcp", "ring_mcp", "pinky_mcp"),
    *("index_pip", "middle_pip", "ring_pip", "pinky_pip"),
    *("spread", "thumb_abduction", "thumb_opposition", "thumb_mcp", "thumb_ip"),
)
"""The 13 numbers of a handshape: angles in radians, 0 = in line; ``spread`` 0 (together) to 1."""

LOW = (-0.3,) * 4 + (0.0,) * 4 + (-0.2, -0.5, -0.3, -0.2, -0.2)
HIGH = (1.6,) * 4 + (1.9,) * 4 + (1.4, 1.3, 1.4, 1.1, 1.3)
"""The anatomical range of each number of ``FLEXION``."""

RELAXED = (0.35,) * 4 + (0.5,) * 4 + (0.35, 0.25, 0.4, 0.2, 0.2)
PINCHED = (1.0,) * 4 + (0.7,) * 4 + (0.1, 0.4, 1.0, 0.2, 0.3)
FLAT = (0.0,) * 4 + (0.05,) * 4 + (0.1, 0.15, 0.1, 0.1, 0.1)
"""Three handshapes outside every inventory: at rest, closed to the thumb, and the base hand's."""

HANDS = ("one", "both", "alternating", "base")
"""One hand; both in mirror image; both in turn; one acting on a still, flat one."""

Vector = tuple[float, float, float]

_CHOSEN = ("I", "IM", "IMR", "IMRP", "M", "MR", "MRP", "RP", "P", "IP")
"""Fingers that sign languages single out: neighbours, mostly."""

_POSTURES = {"s": (0.0, 0.05), "b": (1.3, 0.1), "c": (0.5, 0.95), "h": (0.1, 1.5)}
_CLOSED, _OPEN = (1.4, 1.7), (0.0, 0.05)
_THUMBS = {
    "a": (0.15, 0.1, 0.1, 0.1),
    "o": (1.0, 0.1, 0.0, 0.0),
    "x": (-0.3, 0.8, 0.6, 0.5),
    "t": (0.5, 1.1, 0.3, 0.3),
}

HEAD: dict[str, Vector] = {
    "forehead": (0.0, -0.09, -0.14),
    "temple": (-0.10, -0.07, -0.08),
    "far-temple": (0.10, -0.06, -0.10),
    "eye": (-0.05, -0.03, -0.15),
    "cheek": (-0.08, 0.04, -0.12),
    "far-cheek": (0.08, 0.04, -0.13),
    "nose": (0.0, 0.01, -0.17),
    "mouth": (0.0, 0.07, -0.16),
    "chin": (0.0, 0.12, -0.14),
    "ear": (-0.13, 0.0, -0.02),
    "crown": (-0.03, -0.19, -0.05),
    "neck": (-0.01, 0.17, -0.10),
}
TRUNK: dict[str, Vector] = {
    "shoulder": (-0.9, 0.02, -0.11),
    "far-shoulder": (0.9, 0.02, -0.13),
    "chest": (0.0, 0.26, -0.14),
    "near-chest": (-0.6, 0.25, -0.14),
    "far-chest": (0.6, 0.25, -0.15),
    "belly": (0.0, 0.6, -0.16),
    "waist": (-0.75, 0.72, -0.13),
    "far-arm": (1.1, 0.32, -0.12),
    "far-elbow": (1.1, 0.6, -0.16),
    "centre": (-0.1, 0.36, -0.34),
    "low": (-0.2, 0.64, -0.32),
    "high": (-0.1, -0.02, -0.36),
    "side": (-1.2, 0.32, -0.30),
    "far-side": (0.8, 0.34, -0.32),
    "high-side": (-1.5, -0.14, -0.22),
    "low-side": (-1.4, 0.55, -0.20),
    "away": (-0.3, 0.2, -0.46),
    "over-side": (-1.1, -0.5, -0.22),
}
_DIRECTIONS: dict[str, Vector] = {
    "up": (0, -1, 0),
    "down": (0, 1, 0),
    "out": (0, 0, -1),
    "in": (0, 0, 1),
    "ipsi": (-1, 0, 0),
    "contra": (1, 0, 0),
    "up-ipsi": (-1, -1, 0),
    "up-contra": (1, -1, 0),
    "down-ipsi": (-1, 1, 0),
    "down-contra": (1, 1, 0),
    "out-up": (0, -1, -1),
    "out-down": (0, 1, -1),
    "out-ipsi": (-1, 0, -1),
    "out-contra": (1, 0, -1),
}
_AXES = ("up", "down", "out", "in", "ipsi", "contra")
PALMS: dict[str, tuple[Vector, Vector]] = {
    "up-out": ((0, -1, 0), (0, 0, -1)),
    "up-in": ((0, -1, 0), (0, 0, 1)),
    "up-contra": ((0, -1, 0), (1, 0, 0)),
    "up-ipsi": ((0.2, -1, 0), (-1, 0, -0.4)),
    "contra-in": ((1, 0, 0), (0, 0, 1)),
    "contra-down": ((1, 0, -0.3), (0, 1, 0)),
    "contra-up": ((1, 0, -0.4), (0, -1, 0)),
    "contra-out": ((1, -0.3, 0), (0, 0, -1)),
    "out-down": ((0.1, 0, -1), (0, 1, 0)),
    "out-up": ((0, 0, -1), (0, -1, 0)),
    "out-contra": ((0, 0, -1), (1, 0, 0)),
    "upcontra-in": ((0.7, -0.7, 0), (0, 0, 1)),
    "upcontra-down": ((0.7, -0.7, -0.3), (0.5, 0.6, -0.2)),
    "upcontra-out": ((0.7, -0.7, 0), (0, 0, -1)),
}


@dataclass(frozen=True)
class Handshape:
    """``name``: the chosen fingers (I M R P), their posture (straight, bent, curved, hooked), the
    thumb (along, out, across, to the fingertips), then ``w`` where spread and ``o`` where the
    others are open. ``flexion``: the 13 numbers of ``FLEXION``.
    """

    name: str
    flexion: tuple[float, ...]


@dataclass(frozen=True)
class Location:
    """Where the palm is half-way through the movement. On the head: metres from its centre. On the
    trunk and before it: x in half shoulder widths, y in trunk lengths, z in metres from
    mid-shoulder.
    """

    name: str
    on_head: bool
    offset: Vector


@dataclass(frozen=True)
class Movement:
    """``path``: hold, straight, arc, zigzag or circle, along (or in the plane across)
    ``direction``; ``local``: '', twist, nod, wiggle, open or close of the hand itself; done
    ``repeats`` times. ``size`` is the length or diameter of the path in metres.
    """

    name: str
    path: str
    local: str
    direction: Vector
    repeats: int
    size: float = 0.2


@dataclass(frozen=True)
class Orientation:
    """Where the straight fingers point, and where the palm faces (``fingers-palm`` in the name)."""

    name: str
    fingers: Vector
    palm: Vector


def handshapes() -> Iterator[Handshape]:
    """Every handshape: chosen fingers × posture × thumb × spread × the other fingers."""
    for chosen, posture, thumb, spread, rest in product(_CHOSEN, _POSTURES, _THUMBS, "-w", "-o"):
        if rest == "o" and (posture == "s" or chosen == "IMRP"):
            continue
        if spread == "w" and (posture == "h" or len(chosen) == 1):
            continue
        others = _OPEN if rest == "o" else _CLOSED
        fingers = [_POSTURES[posture] if f in chosen else others for f in "IMRP"]
        flexion = (
            *(mcp for mcp, _ in fingers),
            *(pip for _, pip in fingers),
            1.0 if spread == "w" else 0.1,
            *_THUMBS[thumb],
        )
        yield Handshape(f"{chosen}{posture}{thumb}{spread}{rest}".replace("-", ""), flexion)


def movements() -> Iterator[Movement]:
    """Every movement, all of one size."""
    for path, (name, way), times in product(("straight", "arc"), _DIRECTIONS.items(), (1, 2)):
        yield Movement(f"{path}-{name}-x{times}", path, "", way, times)
    for name, way in _DIRECTIONS.items():
        yield Movement(f"zigzag-{name}", "zigzag", "", way, 1)
    for name, times in product(_AXES, (1, 2)):
        yield Movement(f"circle-{name}-x{times}", "circle", "", _DIRECTIONS[name], times)
    for local, times in product(("twist", "nod", "wiggle", "open", "close"), (1, 2)):
        yield Movement(f"{local}-x{times}", "hold", local, _DIRECTIONS["down"], times)
        for name in _AXES:
            yield Movement(f"{local}-{name}-x{times}", "straight", local, _DIRECTIONS[name], times)
