"""What a query ranks, clips or signs, and by what: from cosines to the scores that are sorted.

With c_i = cos(q, g_i) of a query q and clip i of the gallery, C_s the clips of sign s in it, and
n_s their number:

* ``clip``: clips are ranked, clip i by c_i.
* ``smoothed``: clips are ranked, clip i of sign s by cos(q, g_i + λ m_s), where m_s is the mean of
  g_j over C_s. With λ = 0 it is ``clip``. A clip without others of its sign stays where it is.
* ``sign_max``: signs are ranked, sign s by the largest c_i over C_s.
* ``sign_mean``: signs are ranked, by the mean of c_i over C_s.
* ``support``: signs are ranked, by the attention that a query pays to their clips: the sum over
  C_s of a_i = exp(c_i / τ) / Σ_j exp(c_j / τ), j over the whole gallery. It lies in 0–1, and all
  signs' add to 1; a sign with more clips gets more. This is the one-shot search of arXiv
  2502.20171: scaled dot-product attention, softmax(q·k / √d), of embeddings that come from a
  LayerNorm and so have length about √d; for unit vectors that is τ = 1 / √d, the default. With one
  clip a sign the order is that of the cosines, whatever τ is.

A clip that a query leaves out (its own, by key) counts for nothing: not in m_s, n_s or Σ_j either.
Where signs are ranked a query has one positive, its sign: R@K asks whether it is among K signs,
AP = RR, and the gallery's size is its number of signs. Ties count against, as in ``rank``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from raysign.errors import ConfigError
from raysign.ranking.exact import Matches

SCORINGS = ("clip", "sign_max", "sign_mean", "support", "smoothed")


@dataclass(frozen=True)
class Scoring:
    """One of ``SCORINGS`` with its numbers; ``ConfigError`` where one is out of range."""

    kind: str = "clip"
    smooth: float = 0.5
    """λ of ``smoothed``, 0 and up. On WLASL's hands .5 gave R@1 +.024, mAP +.045, R@10 −.022."""
    temperature: float | None = None
    """τ of ``support``, above 0; None = 1 / √dim."""

    def __post_init__(self) -> None:
        if self.kind not in SCORINGS:
            raise ConfigError(
                f"no scoring is called {self.kind!r}; give one of {', '.join(SCORINGS)}"
            )
        if not 0 <= self.smooth < float("inf"):
            raise ConfigError(f"λ of a smoothed scoring must be 0 or more, got {self.smooth}")
        if self.temperature is not None and not 0 < self.temperature < float("inf"):
            raise ConfigError(f"τ of a support scoring must be above 0, got {self.temperature}")

    @property
    def of_signs(self) -> bool:
        """Whether signs are ranked instead of clips."""
        return self.kind in ("sign_max", "sign_mean", "support")

    def words(self) -> str:
        """For a protocol card."""
        tau = "1/√dim" if self.temperature is None else f"{self.temperature:g}"
        by = {
            "clip": "cosine, clip level",
            "smoothed": "cosine to clip + λ × mean of its sign's clips, "
            f"λ = {self.smooth:g}, clip level",
            "sign_max": "best cosine of a sign's clips",
            "sign_mean": "mean cosine of a sign's clips",
            "support": f"softmax attention over all clips (τ = {tau}), added up by sign",
        }[self.kind]
        return f"{by}; signs are ranked: R@K counts signs, mAP = MRR" if self.of_signs else by


def smooth(
    gallery: Float[Tensor, "clip dim"], sign: Int[Tensor, "clip"], weight: float
) -> Float[Tensor, "clip dim"]:
    """Each unit vector g_i as (g_i + λ m_s) / ‖g_i + λ m_s‖, in float64; λ is ``weight``."""
    exact = gallery.double()
    _, number, count = sign.to(gallery.device).unique(return_inverse=True, return_counts=True)
    total = exact.new_zeros(len(count), exact.shape[1]).index_add_(0, number, exact)
    mean = total / count[:, None]
    return torch.nn.functional.normalize(exact + weight * mean[number], dim=1)


def sign_scores(
    scoring: Scoring,
    scores: Float[Tensor, "query clip"],
    number: Int[Tensor, "clip"],
    signs: int,
    dim: int,
) -> Float[Tensor, "query sign"]:
    """Clips' cosines → signs' scores.

    Args:
        scoring: one that ranks signs.
        scores: cosines; -inf = the query leaves this clip out.
        number: of each clip's sign, 0 to ``signs`` - 1.
        signs: how many there are.
        dim: of the embeddings, for the default τ.

    Returns:
        The score of each sign, -inf for one of which no clip is left.
    """
    place = number.to(scores.device).expand_as(scores)
    there = scores > -torch.inf
    shape = len(scores), signs
    left = scores.new_zeros(shape).scatter_add_(1, place, there.to(scores))
    if scoring.kind == "sign_max":
        return scores.new_full(shape, -torch.inf).scatter_reduce_(1, place, scores, "amax")
    if scoring.kind == "sign_mean":
        # In float64, where equal cosines have equal means, however many they are: ties stay ties.
        given = scores.double().masked_fill(~there, 0)
        found = given.new_zeros(shape).scatter_add_(1, place, given) / left
    else:
        temperature = scoring.temperature or dim**-0.5
        attention = (scores.double() / temperature).softmax(dim=1)
        found = attention.new_zeros(shape).scatter_add_(1, place, attention)
    return found.float().masked_fill(left == 0, -torch.inf)


def soft_maxima(
    scoring: Scoring,
    scores: Float[Tensor, "query clip"],
    number: Int[Tensor, "clip"],
    signs: int,
    dim: int,
) -> Float64[Tensor, "query sign"]:
    """τ log Σ exp(c_i / τ) over each sign's clips: the order of ``support``, in units of cosines.

    The attention itself is nothing where τ is small: e^-103 is 0 in float32, and signs would tie.
    Arguments as in ``sign_scores``; -inf for a sign of which no clip is left.
    """
    tau = scoring.temperature or dim**-0.5
    place = number.to(scores.device).expand_as(scores)
    apart = scores.double()
    best = apart.new_full((len(scores), signs), -torch.inf).scatter_reduce_(1, place, apart, "amax")
    apart.sub_(best.gather(1, place)).masked_fill_(scores == -torch.inf, -torch.inf)
    total = torch.zeros_like(best).scatter_add_(1, place, apart.div_(tau).exp_())
    # In float32 sums of the same clips in another order are equal: ties stay ties.
    return best + tau * total.float().double().log()


def without_own(
    weight: float, sides: tuple[Tensor, Tensor, Tensor, Tensor], own: Matches
) -> Callable[[slice, Tensor], None]:
    """For queries that stand in the gallery: their sign's clips without their part in the mean."""
    queries, _, gallery, gallery_sign = sides
    sign = gallery_sign.to(queries.device)
    alike = Matches(sign, sign)

    def amend(block: slice, scores: Tensor) -> None:
        row, clip, _ = own.pairs(block)
        for query in row.unique().tolist():
            mine = clip[row == query]
            for first in {int(sign[i]): int(i) for i in mine}.values():
                _, others, _ = alike.pairs(slice(first, first + 1))
                others = others[~torch.isin(others, mine)]
                if len(others):
                    moved = smooth(gallery[others], sign[others], weight)
                    exact = queries[block][query].double()
                    scores[query, others] = (moved @ exact).to(scores)

    return amend
