"""What every protocol comes down to: rounds of queries, each with the gallery that it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int64


@dataclass(frozen=True, eq=False)
class Rounds:
    """Clips by their numbers in ``Sides``; all galleries have as many clips of the same signs.

    Where chance chooses, a round is a draw. A sign may be asked for by one query in it or several.
    """

    queries: tuple[Int64[np.ndarray, "_"], ...]
    galleries: tuple[Int64[np.ndarray, "clip"], ...]
    card: Mapping[str, Any] = field(default_factory=dict)
    """What a reader has to know: the rule, how many ask and are searched, what was left out."""

    @property
    def asked(self) -> Int64[np.ndarray, "query"]:
        """The queries of all rounds, one round after the other."""
        return np.concatenate(self.queries)

    @property
    def asking(self) -> tuple[tuple[Int64[np.ndarray, "_"], Int64[np.ndarray, "clip"]], ...]:
        """Queries and gallery of each round in which somebody asks.

        Copies of a clip that is searched do not, and a small round may have nobody else.
        """
        each = zip(self.queries, self.galleries, strict=True)
        return tuple((asks, searched) for asks, searched in each if len(asks))

    @property
    def number(self) -> Int64[np.ndarray, "query"]:
        """Of each of ``asked``, the round that it is of, from 0."""
        return np.repeat(np.arange(len(self.queries)), [len(asks) for asks in self.queries])

    @property
    def drawn(self) -> bool:
        """Whether chance chose what these rounds hold."""
        return "draws" in self.card
