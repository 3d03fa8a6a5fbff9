"""Where a word looks in a sentence (LREC 2020, equations 1 and 2)."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.config import KeywordSearchConfig


class Attention(nn.Module):
    """score(q, s) = β·cos(q, s)² + θ (equation 1), or β·cos(q, s) + θ, with learned β and θ.

    β is learned by its logarithm: it stays positive, so that a word attends to what is like it and
    not to what is unlike, and one learning rate fits it however large it is. θ moves all scores of
    a sentence alike and cancels in the softmax over time: it changes something only where the score
    itself decides (``decision: match``), and has no gradient elsewhere, so that it is no parameter
    there.
    """

    theta: Tensor

    def __init__(self, config: KeywordSearchConfig) -> None:
        super().__init__()
        self.square = config.similarity == "cos2"
        self.log_beta = nn.Parameter(torch.tensor(math.log(config.beta_start)))
        theta = torch.tensor(config.theta_start)
        if config.decision == "match":
            self.theta = nn.Parameter(theta)
        else:
            self.register_buffer("theta", theta)

    @property
    def beta(self) -> Float[Tensor, ""]:
        """How sharply a word attends."""
        return self.log_beta.exp()

    def forward(
        self,
        frames: Float[Tensor, "sentence frame width"],
        queries: Float[Tensor, "word width"],
    ) -> Float[Tensor, "sentence word frame"]:
        """Each frame's score for each word; both sides are of unit length (``unit_length``)."""
        cosine = queries @ frames.transpose(1, 2)
        return self.beta * (cosine.square() if self.square else cosine) + self.theta


def attended(
    score: Float[Tensor, "sentence word frame"], shown: Bool[Tensor, "sentence frame"] | None
) -> Float[Tensor, "sentence word frame"]:
    """The softmax over shown frames; 0 elsewhere, and alike in all where none is shown."""
    if shown is not None:
        # Finite, so that a sentence with no shown frame gives a plain mean and not NaN.
        score = score.masked_fill(~shown[:, None], torch.finfo(score.dtype).min)
    return score.softmax(dim=-1)
