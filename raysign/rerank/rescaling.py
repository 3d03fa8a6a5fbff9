"""Cosines rescaled against hubs: by what is usual for a clip, for a query, or for both.

Every rule here has the form ``score = s (a_q + b_c) − u_q − v_c`` with the cosine s of query q and
clip c. That is the dot product of ``[a q, q, −u, 1]`` and ``[c, b c, 1, −v]``: whatever searches
for the largest dot product takes such vectors as it takes embeddings, and queries × clips is never
held at once.

What is usual for a clip comes from its cosines to a *reference*; see
:mod:`raysign.rerank.reference`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from raysign.errors import DataError
from raysign.rerank.reference import Reference, Usual, nearest, sums


@dataclass(frozen=True, eq=False)
class Rescaling:
    """a and u of each query, b and v of each clip; None stands for 0 throughout."""

    query_scale: Float[Tensor, "query"] | None
    query_shift: Float[Tensor, "query"] | None
    clip_scale: Float[Tensor, "clip"] | None
    clip_shift: Float[Tensor, "clip"] | None

    def queries(self, vectors: Float[Tensor, "query dim"]) -> Float[Tensor, "query wider"]:
        """The vectors that stand for the queries' embeddings."""
        ones = vectors.new_ones(len(vectors), 1)
        return torch.cat(
            [
                *([] if self.query_scale is None else [vectors * self.query_scale[:, None]]),
                *([] if self.clip_scale is None else [vectors]),
                *([] if self.query_shift is None else [-self.query_shift[:, None]]),
                *([] if self.clip_shift is None else [ones]),
            ],
            dim=1,
        ).to(vectors.dtype)

    def gallery(self, vectors: Float[Tensor, "clip dim"]) -> Float[Tensor, "clip wider"]:
        """The vectors that stand for the gallery's embeddings."""
        ones = vectors.new_ones(len(vectors), 1)
        return torch.cat(
            [
                *([] if self.query_scale is None else [vectors]),
                *([] if self.clip_scale is None else [vectors * self.clip_scale[:, None]]),
                *([] if self.query_shift is None else [ones]),
                *([] if self.clip_shift is None else [-self.clip_shift[:, None]]),
            ],
            dim=1,
        ).to(vectors.dtype)

    def scores(self, cosine: Float[Tensor, "query clip"]) -> Float[Tensor, "query clip"]:
        """The same dot products, from the cosines where these are known."""

        def both(query: Tensor | None, clip: Tensor | None) -> Tensor | float:
            return (0.0 if query is None else query[:, None]) + (0.0 if clip is None else clip)

        scale = both(self.query_scale, self.clip_scale)
        return scale * cosine - both(self.query_shift, self.clip_shift)


def csls(nearness: Float[Tensor, "clip"]) -> Rescaling:
    """Cross-domain similarity local scaling (Conneau et al., ICLR 2018, equation 3).

    ``score = 2 s − r(c)`` with the ``nearness`` r of each clip. The paper takes it to the queries,
    which a search does not know beforehand; other clips can stand in for them. It also takes off
    r(q), a query's nearness to the gallery; that moves no clip before another, and is left out.
    """
    return Rescaling(None, None, torch.full_like(nearness, 2.0), nearness)


def znorm(*, by_clip: Usual | None = None, by_query: Usual | None = None) -> Rescaling:
    """Scores in standard deviations from what is usual, as speaker verification normalises them.

    * ``by_clip``: (s − μ_c) / σ_c, with what is usual for a clip among impostors. Z-norm (Li &
      Porter, ICASSP 1988).
    * ``by_query``: (s − μ_q) / σ_q, with what is usual for a query, here in the gallery. T-norm
      (Auckenthaler et al., *Digital Signal Processing* 10, 2000). It leaves one query's order as it
      is, but makes scores of several comparable.
    * both: the mean of the two. S-norm (Kenny, Odyssey 2010).

    ``DataError`` where neither is given.
    """
    if by_clip is None and by_query is None:
        raise DataError("znorm needs what is usual for clips, for queries, or for both")
    share = 1.0 if by_clip is None or by_query is None else 0.5

    def terms(usual: Usual | None) -> tuple[Tensor | None, Tensor | None]:
        if usual is None:
            return None, None
        return share / usual.deviation, share * usual.mean / usual.deviation

    return Rescaling(*terms(by_query), *terms(by_clip))


def nearness(
    vectors: Float[Tensor, "row dim"],
    key: Int[Tensor, "row"],
    reference: Reference,
    *,
    neighbours: int = 10,
) -> Float[Tensor, "row"]:
    """r: each unit vector's mean cosine to the K of the reference nearest to it.

    To all where there are fewer than K. ``DataError`` where there is none, or sizes do not fit.
    """
    return nearest(vectors, key, reference, neighbours).mean()


def usual(
    vectors: Float[Tensor, "row dim"], key: Int[Tensor, "row"], reference: Reference
) -> Usual:
    """What is usual for each unit vector among all of the reference.

    ``DataError`` where cosines do not differ (the reference is too small, or the encoder maps every
    clip to one point), where nothing is left to compare with, or sizes do not fit.
    """
    return sums(vectors, key, reference).usual()
