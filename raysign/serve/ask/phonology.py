"""How signs are made, to choose among them: by handshape, place, and number of hands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Int64

from raysign.datasets.asl_lex import Phonology as Table
from raysign.datasets.found import read_table
from raysign.serve.words import Filter, Phonology

HANDSHAPE, LOCATION = "Handshape.2.0", "MajorLocation.2.0"
MOVEMENT, SIGN_TYPE = "Movement.2.0", "SignType.2.0"
COLUMNS = (HANDSHAPE, LOCATION, MOVEMENT, SIGN_TYPE)
ONE_HANDED = "OneHanded"
"""The only type of ASL-LEX's ``SignType`` that is made with one hand."""
BETWEEN = " / "
"""Of what variants of a sign have."""

Hands = Literal["one", "two", ""]


@dataclass(frozen=True)
class Made:
    """How one sign is made: the values of its variants, each once, in the table's order."""

    handshape: tuple[str, ...]
    location: tuple[str, ...]
    movement: tuple[str, ...]
    hands: tuple[Hands, ...]

    def words(self) -> Phonology:
        """For people; of the number of hands one value only."""
        return Phonology(
            handshape=BETWEEN.join(self.handshape),
            location=BETWEEN.join(self.location),
            movement=BETWEEN.join(self.movement),
            hands=self.hands[0] if len(self.hands) == 1 else "",
        )

    def fits(self, wanted: Sequence[frozenset[str]]) -> bool:
        """Whether a variant has one of the values in each set that is not empty.

        ``wanted`` is of handshapes, locations, and numbers of hands.
        """
        own = (self.handshape, self.location, self.hands)
        return all(
            not some or not some.isdisjoint(has) for some, has in zip(wanted, own, strict=True)
        )


class HowMade:
    """A table of phonology, asked by gloss."""

    def __init__(self, table: Table, rows: Sequence[Made]) -> None:
        self._table, self._rows = table, rows

    @classmethod
    def read(cls, path: Path) -> HowMade:
        """ASL-LEX 2.0's table. ``DataError`` where it cannot be read or is another."""
        table = Table.read(path)
        rows = [
            Made((row[HANDSHAPE],), (row[LOCATION],), (row[MOVEMENT],), (_hands(row[SIGN_TYPE]),))
            for row in read_table(path, COLUMNS)
        ]
        return cls(table, rows)

    def of(self, gloss: str) -> Made | None:
        """Of the entries that a gloss may mean; None where it is not known."""
        entries = [self._rows[number] for number in self._table.entries_of(gloss)]
        if not entries:
            return None
        return Made(
            handshape=_each(value for entry in entries for value in entry.handshape),
            location=_each(value for entry in entries for value in entry.location),
            movement=_each(value for entry in entries for value in entry.movement),
            hands=tuple(dict.fromkeys(h for entry in entries for h in entry.hands if h)),
        )


@dataclass(frozen=True)
class Signs:
    """How each sign of a dictionary is made."""

    made: tuple[Made | None, ...]
    """In the order of ``Exemplars.signs``; None where it is not known."""

    @classmethod
    def of(cls, signs: Iterable[str], known: HowMade | None) -> Signs:
        """``known`` None: nothing is."""
        return cls(tuple(known.of(sign) if known else None for sign in signs))

    @property
    def known(self) -> int:
        return sum(made is not None for made in self.made)

    def handshapes(self) -> tuple[str, ...]:
        """What a filter can take, in order of the alphabet."""
        return tuple(sorted({value for made in self.made if made for value in made.handshape}))

    def locations(self) -> tuple[str, ...]:
        return tuple(sorted({value for made in self.made if made for value in made.location}))

    def fitting(self, wanted: Filter) -> Int64[np.ndarray, "sign"] | None:
        """Places of the signs that a filter leaves, rising; None where it asks for nothing.

        A sign of which nothing is known is left out.
        """
        if wanted == Filter():
            return None
        some = [frozenset(has) for has in (wanted.handshape, wanted.location, wanted.hands)]
        fits = [made is not None and made.fits(some) for made in self.made]
        return np.flatnonzero(fits).astype(np.int64)


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _hands(sign_type: str) -> Hands:
    if not sign_type:
        return ""
    return "one" if sign_type == ONE_HANDED else "two"
