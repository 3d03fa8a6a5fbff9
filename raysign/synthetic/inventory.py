"""What one synthetic sign language has of the phonetic space.

The two languages share the space, not the inventory: handshapes and movements are dealt out between
them, locations and orientations are drawn apart and shifted by each language's own offsets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from raysign.synthetic.phonetics import (
    HANDS,
    HEAD,
    PALMS,
    TRUNK,
    Handshape,
    Location,
    Movement,
    Orientation,
    Vector,
    handshapes,
    movements,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

NUM_HANDSHAPES, NUM_LOCATIONS, NUM_MOVEMENTS, NUM_ORIENTATIONS = 64, 24, 64, 8

_APART_RAD = 1.2
"""Between any two handshapes of a language, over all of ``FLEXION``."""

_SHORTEST, _LONGEST = 0.15, 0.24
_ON_HEAD_SIGMA, _ON_TRUNK_SIGMA, _AXIS_SIGMA = 0.012, 0.03, 0.12

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Inventory:
    """All the values that one language has for each parameter of a sign."""

    handshapes: tuple[Handshape, ...]
    locations: tuple[Location, ...]
    movements: tuple[Movement, ...]
    orientations: tuple[Orientation, ...]
    hands: tuple[str, ...] = HANDS

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each parameter has, in the order of ``signs.PARAMETERS``."""
        parts = (self.handshapes, self.locations, self.movements, self.orientations, self.hands)
        return tuple(len(part) for part in parts)

    @classmethod
    def draw(
        cls, shared: np.random.Generator, own: np.random.Generator, language: int
    ) -> Inventory:
        """Language 1's or 2's inventory. ``shared`` deals what the languages may not have in
        common, so both must be drawn with the same one; ``own`` draws the rest.
        """
        own_handshapes = _dealt(handshapes(), shared, language)
        own_movements = _dealt(movements(), shared, language)
        return cls(
            handshapes=_far_apart(own_handshapes, NUM_HANDSHAPES),
            locations=_locations(own),
            movements=tuple(
                replace(movement, size=float(own.uniform(_SHORTEST, _LONGEST)))
                for movement in own_movements[:NUM_MOVEMENTS]
            ),
            orientations=_orientations(own),
        )


def _dealt(pool: Iterable[_Value], rng: np.random.Generator, language: int) -> list[_Value]:
    values = list(pool)
    order = rng.permutation(len(values))
    return [values[i] for i in order[language - 1 :: 2]]


def _far_apart(pool: Iterable[Handshape], count: int) -> tuple[Handshape, ...]:
    chosen: list[Handshape] = []
    for shape in pool:
        flexion = np.asarray(shape.flexion)
        gaps = (np.linalg.norm(flexion - np.asarray(other.flexion)) for other in chosen)
        if all(gap > _APART_RAD for gap in gaps):
            chosen.append(shape)
            if len(chosen) == count:
                return tuple(chosen)
    raise AssertionError(f"only {len(chosen)} of {count} handshapes are far enough apart")


def _locations(rng: np.random.Generator) -> tuple[Location, ...]:
    pool = [(name, True, v) for name, v in HEAD.items()]
    pool += [(name, False, v) for name, v in TRUNK.items()]
    order = rng.permutation(len(pool))[:NUM_LOCATIONS]
    return tuple(
        Location(
            name, on_head, _shifted(offset, _ON_HEAD_SIGMA if on_head else _ON_TRUNK_SIGMA, rng)
        )
        for name, on_head, offset in (pool[i] for i in order)
    )


def _orientations(rng: np.random.Generator) -> tuple[Orientation, ...]:
    names = list(PALMS)
    order = rng.permutation(len(names))[:NUM_ORIENTATIONS]
    return tuple(
        Orientation(name, _shifted(fingers, _AXIS_SIGMA, rng), _shifted(palm, _AXIS_SIGMA, rng))
        for name, (fingers, palm) in ((names[i], PALMS[names[i]]) for i in order)
    )


def _shifted(vector: Vector, sigma: float, rng: np.random.Generator) -> Vector:
    x, y, z = (float(v) for v in np.asarray(vector) + rng.normal(0.0, sigma, 3))
    return x, y, z
