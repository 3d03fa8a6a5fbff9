"""Sign number i of a language, and the minimal pairs among signs.

The space of signs is cut into cubes: each parameter's values stand in twos, and a cube is the 2⁵
signs that share all the twos. A shuffle deals each even sign a cube of its own; the odd sign after
it is its minimal partner, in the same cube with one parameter changed, each parameter in turn. So
all signs differ, sign i is the same however many signs there are, and twenty signs hold a minimal
pair in every parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from raysign.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from raysign.synthetic.inventory import Inventory
    from raysign.synthetic.phonetics import Handshape, Location, Movement, Orientation

PARAMETERS = ("handshape", "location", "movement", "orientation", "hands")
"""What a sign is made of, in the order of ``Sign.code``."""


@dataclass(frozen=True)
class Sign:
    """One sign: a value for each parameter; ``code`` are the values' places in the inventory."""

    index: int
    code: tuple[int, ...]
    handshape: Handshape
    location: Location
    movement: Movement
    orientation: Orientation
    hands: str

    @property
    def gloss(self) -> str:
        """The parameters' names, unique in the language: ``IMsaw.chin.arc-up-x2.up-out.both``."""
        parts = (self.handshape, self.location, self.movement, self.orientation)
        return ".".join([*(part.name for part in parts), self.hands])


@dataclass(frozen=True)
class MinimalPair:
    """Two signs, by index, that differ in one parameter only."""

    first: int
    second: int
    parameter: str


class Lexicon:
    """All the signs that an inventory can make, in a shuffled order that ``rng`` decides."""

    def __init__(self, inventory: Inventory, rng: np.random.Generator) -> None:
        self.inventory = inventory
        self._twos = tuple(size // 2 for size in inventory.sizes)
        cubes = int(np.prod(self._twos))
        self._cube = rng.permutation(cubes)
        self._corner = rng.integers(0, 2 ** len(PARAMETERS), size=cubes)

    def __len__(self) -> int:
        return 2 * len(self._cube)

    def sign(self, index: int) -> Sign:
        """Sign number ``index``; ``DataError`` where the language has no such sign."""
        if not 0 <= index < len(self):
            raise DataError(
                f"the language has signs 0 to {len(self) - 1}, got {index}; ask for a smaller one"
            )
        pair, is_partner = divmod(index, 2)
        corner = int(self._corner[pair])
        if is_partner:
            corner ^= 1 << (pair % len(PARAMETERS))
        twos = np.unravel_index(self._cube[pair], self._twos)
        code = tuple(2 * int(two) + (corner >> bit & 1) for bit, two in enumerate(twos))
        have = self.inventory
        return Sign(
            index=index,
            code=code,
            handshape=have.handshapes[code[0]],
            location=have.locations[code[1]],
            movement=have.movements[code[2]],
            orientation=have.orientations[code[3]],
            hands=have.hands[code[4]],
        )


def minimal_pairs(signs: Iterable[Sign]) -> Iterator[MinimalPair]:
    """Every two of these signs that differ in exactly one parameter; first < second in the given
    order.

    Time and memory grow with the number of signs and of pairs, not with their square.
    """
    seen: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    for sign in signs:
        for place, parameter in enumerate(PARAMETERS):
            rest = (place, sign.code[:place] + sign.code[place + 1 :])
            others = seen.setdefault(rest, [])
            yield from (MinimalPair(other, sign.index, parameter) for other in others)
            others.append(sign.index)
