"""Binary cross-entropy over the whole vocabulary (LREC 2020, section 2.3)."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from raysign.config import KeywordLossConfig


def word_losses(
    logits: Float[Tensor, "sentence word"],
    labels: Bool[Tensor, "sentence word"],
    config: KeywordLossConfig,
) -> Float[Tensor, "sentence"]:
    """The loss of each sentence: −log p of the words in it and −log(1 − p) of all others.

    Their mean, or with ``reduce: sum`` their sum, which weighs a sentence the same but makes the
    gradients as many times larger as there are words.
    """
    each = binary_cross_entropy_with_logits(
        logits.float(), labels.to(logits.device, logits.dtype).float(), reduction="none"
    )
    return each.mean(dim=1) if config.reduce == "mean" else each.sum(dim=1)
