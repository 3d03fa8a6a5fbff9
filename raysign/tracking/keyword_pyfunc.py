"""How MLflow loads a registered keyword model: ``mlflow.pyfunc.load_model`` names this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from raysign.bundle import KeywordBundle, load_keyword_bundle
from raysign.engine.keywords import PreparedSentences, logits_of, probabilities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True)
class KeywordSearch:
    """What ``load_model(...).unwrap()`` would be: landmarks → how likely each word is."""

    bundle: KeywordBundle

    def predict(
        self, landmarks: NDArray[np.float32], params: Mapping[str, Any] | None = None
    ) -> NDArray[np.float32]:
        """The probability of every word of the vocabulary, float32 [sentence word]; no context.

        Args:
            landmarks: float32 [sentence frame joint axis]; NaN = not detected, also as padding.
            params: ``aspect``: width / height of the pictures, 1 if not given.
        """
        prepare, aspect = self.bundle.prepare(), (params or {}).get("aspect", 1.0)
        parts = [prepare.geometry(_unpadded(xyz), None, float(aspect)) for xyz in landmarks]
        offsets = np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64)
        sentences = PreparedSentences(np.concatenate(parts), offsets)
        size = self.bundle.config.evaluate.batch_sentences
        return probabilities(logits_of(self.bundle.model(), prepare, sentences, size))


def _unpadded(xyz: NDArray[np.float32]) -> NDArray[np.float32]:
    """A sentence without the frames at its end in which nothing is seen; one is left at least."""
    seen = np.flatnonzero(~np.isnan(xyz).all(axis=(1, 2)))
    return xyz[: seen[-1] + 1] if len(seen) else xyz[:1]


def _load_pyfunc(path: str) -> KeywordSearch:
    """Load the bundle folder inside the model; called by MLflow."""
    return KeywordSearch(load_keyword_bundle(path))
