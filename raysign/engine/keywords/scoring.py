"""How sure a model is of each word in each sentence."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float32

from raysign.engine.keywords.sentences import PreparedSentences
from raysign.keywords.model import KeywordModel
from raysign.keywords.prepare import PrepareSentences


def logits_of(
    model: KeywordModel, prepare: PrepareSentences, sentences: PreparedSentences, size: int
) -> Float32[np.ndarray, "sentence word"]:
    """The log-odds of every word in every sentence, in float32 whatever trains.

    Args:
        model: on whose device they are computed; it is left as it was, training or not.
        prepare: that made the sentences.
        sentences: in any order.
        size: sentences searched at a time, those of about one length together.
    """
    device = next(model.parameters()).device
    out = np.empty((len(sentences), model.num_words), dtype=np.float32)
    before = model.training
    model.eval()
    with torch.inference_mode():
        for index in sentences.by_length(size):
            geometry, shown = (torch.from_numpy(part) for part in sentences.padded(index))
            channels = prepare.channels(geometry.to(device).float())
            out[index] = model(channels, shown.to(device)).float().cpu().numpy()
    model.train(before)
    return out


def probabilities(
    logits: Float32[np.ndarray, "sentence word"],
) -> Float32[np.ndarray, "sentence word"]:
    """The logistic function, without overflow."""
    return torch.from_numpy(logits).sigmoid().numpy()
