"""Context models: a sentence's words rescored by each other (LREC 2020, section 3).

Both are fitted once a model is trained, on its predictions for the training sentences, and take
what they choose (γ, when to stop) from dev. Those predictions are of sentences whose labels the
model has seen, as in the paper, so they are surer and better than they will be of others; fair ones
would cost a training for each fold and are not offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Integer
from torch import Tensor

from raysign.config import KeywordContextConfig
from raysign.errors import BundleError
from raysign.keywords.context.fusion import fused, tune_gamma
from raysign.keywords.context.mlp import MlpContext
from raysign.keywords.context.tfidf import TfidfContext


@runtime_checkable
class Context(Protocol):
    """Rescores all words of a sentence by each other. In a bundle it is tensors and plain facts."""

    def rescore(
        self, p: Float[np.ndarray, "sentence word"]
    ) -> Float[np.ndarray, "sentence word"]: ...

    def state(self) -> dict[str, Tensor]: ...

    def facts(self) -> dict[str, Any]: ...


PLAIN = "none"
"""The name of a model's own predictions among those of its context models."""
KINDS: Mapping[str, type[TfidfContext] | type[MlpContext]] = {
    "tfidf": TfidfContext,
    "mlp": MlpContext,
}
"""By the names that figures and bundles have."""


def fit_contexts(
    p_train: Float[np.ndarray, "sentence word"],
    counts_train: Integer[np.ndarray, "sentence word"],
    p_dev: Float[np.ndarray, "dev word"],
    labels_dev: Bool[np.ndarray, "dev word"],
    config: KeywordContextConfig,
    *,
    seed: int,
) -> dict[str, Context]:
    """Both context models, by name.

    Args:
        p_train: the model's probabilities for the sentences it was trained on.
        counts_train: how often each word is in each of them.
        p_dev: its probabilities for dev.
        labels_dev: which word is in which sentence of dev.
        config: which reading of equation 4, the grid of γ, and the MLP's size and training.
        seed: of the MLP's weights, batches and dropout.

    Raises:
        SplitError: no word is in any sentence of dev.
        DataError: a probability is NaN.
    """
    return {
        "tfidf": TfidfContext.fit(counts_train, p_dev, labels_dev, config),
        "mlp": MlpContext.fit(p_train, counts_train > 0, p_dev, labels_dev, config, seed=seed),
    }


def load_context(kind: str, state: Mapping[str, Tensor], facts: Mapping[str, Any]) -> Context:
    """The context model that ``state`` and ``facts`` were taken of.

    ``BundleError`` where the kind is not known, or they are not of such a model.
    """
    if kind not in KINDS:
        raise BundleError(f"a context model must be one of {', '.join(KINDS)}, got {kind!r}")
    try:
        return KINDS[kind].of_state(state, facts)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BundleError(
            f"the context model {kind!r} is damaged ({reason}); train anew"
        ) from error


__all__ = [
    "KINDS",
    "PLAIN",
    "Context",
    "MlpContext",
    "TfidfContext",
    "fit_contexts",
    "fused",
    "load_context",
    "tune_gamma",
]
