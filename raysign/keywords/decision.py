"""Whether a word is in a sentence, given where it looks."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from raysign.config import KeywordSearchConfig


class Decision(nn.Module):
    """The logit of a word: Σₜ αₜ · evidenceₜ + offset, with the word's attention α over frames.

    The context vector c = Σₜ αₜ sₜ (equation 2) is never made: a linear layer on it is the same
    layer on each frame, averaged, w·c + b = Σₜ αₜ (w·sₜ) + b. So [sentence word width] numbers
    become [sentence word frame], which the attention has made already.

    ============  ====================  ==========================================================
    ``decision``  evidence of a frame
    ============  ====================  ==========================================================
    ``c``         w·sₜ                  "a simple fully connected layer", one for all words: every
                                        word's signs must look alike in the direction w
    ``cq``        w·sₜ                  the same on [c; q]: v·q is one number a word, so that this
                                        is ``c`` with a bias a word
    ``per_word``  wq·sₜ                 a layer with an output a word
    ``match``     the score, β·cos²+θ   ours: the frames that a word attends to are as like it as
                                        β and θ say
    ============  ====================  ==========================================================
    """

    def __init__(self, config: KeywordSearchConfig, num_words: int, width: int) -> None:
        super().__init__()
        self.kind = config.decision
        self.bias = nn.Parameter(torch.zeros(num_words if config.bias == "word" else 1))
        rows = {"c": 1, "cq": 2, "per_word": num_words, "match": 0}[self.kind]
        self.weight = nn.Parameter(torch.randn(rows, width) / math.sqrt(width)) if rows else None

    def evidence(
        self,
        frames: Float[Tensor, "sentence frame width"],
        score: Float[Tensor, "sentence word frame"],
        words: Tensor | slice,
    ) -> Float[Tensor, "sentence word_or_1 frame"]:
        """What each frame says for each word; one for all words where the layer is one."""
        if self.weight is None:
            return score
        weight = self.weight[words] if self.kind == "per_word" else self.weight[:1]
        return weight @ frames.transpose(1, 2)

    def offset(
        self, queries: Float[Tensor, "word width"], words: Tensor | slice
    ) -> Float[Tensor, "word_or_1"]:
        """What is added for each word, or for all."""
        bias = self.bias[words] if len(self.bias) > 1 else self.bias
        if self.weight is None or self.kind != "cq":
            return bias
        return queries @ self.weight[1] + bias
