"""How unevenly a gallery's clips come up: the measure of hubs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from raysign.errors import DataError


@dataclass(frozen=True)
class Hubness:
    """How often the clips of a gallery are among the first k hits of a set of queries (N_k)."""

    k: int
    skewness: float
    """S_Nk = E[(N_k − μ)³] / σ³: 0 where clips come up alike often, above 1 where there are hubs
    (Radovanović et al., *JMLR* 11, 2010, section 4). 0 where all come up equally often."""
    most: int
    """The most queries that one clip is a hit of."""
    never: float
    """Share of the gallery that is no query's hit, 0–1."""

    def as_json(self) -> dict[str, float | int]:
        """All numbers, flat."""
        return {"k": self.k, "skewness": self.skewness, "most": self.most, "never": self.never}


def hubness(hits: Int[Tensor, "query k"], clips: int) -> Hubness:
    """The k-occurrence of every clip of a gallery, and what is odd about it.

    It depends on k, and on how many queries were asked: compare figures of the same queries alone.

    Args:
        hits: the clips that each query found, by number; -1 = none.
        clips: how many the gallery has.

    ``DataError`` where no clip was found.

    >>> found = hubness(torch.tensor([[0], [0], [0], [2]]), clips=4)
    >>> round(found.skewness, 3), found.most, found.never
    (0.816, 3, 0.5)
    """
    found = hits[hits >= 0].cpu()
    if not len(found) or int(found.max()) >= clips:
        raise DataError(
            f"hubness needs hits among the {clips:,} clips of a gallery, got {len(found):,}"
        )
    occurs = torch.bincount(found, minlength=clips).double()
    apart = occurs - occurs.mean()
    deviation = apart.square().mean().sqrt()
    skewness = (apart.pow(3).mean() / deviation**3).item() if deviation > 0 else 0.0
    return Hubness(
        k=hits.shape[1],
        skewness=skewness,
        most=int(occurs.max()),
        never=float((occurs == 0).double().mean()),
    )
