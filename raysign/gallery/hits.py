"""What a search gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from raysign.errors import DataError
from raysign.gallery.exemplars import Exemplar, Exemplars


@dataclass(frozen=True, eq=False)
class Hits:
    """Clips for each query, best first."""

    rows: Int64[np.ndarray, "query k"]
    """Of the gallery."""
    scores: Float32[np.ndarray, "query k"]
    """Cosine of query and clip, in -1–1."""
    exemplars: Exemplars

    def of(self, query: int) -> list[Exemplar]:
        """The clips found for one query."""
        return self.exemplars.at(self.rows[query])


def check_k(k: int, there: int, what: str) -> None:
    """``DataError`` where more is asked for than there is."""
    if not 1 <= k <= there:
        raise DataError(
            f"k must be 1–{there:,}, the gallery's {what}, got {k:,}; give {there:,} or less"
        )
