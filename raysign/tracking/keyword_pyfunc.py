"""How MLflow loads a registered keyword model: ``mlflow.pyfunc.load_model`` names this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from raysign.bundle import KeywordBundle, load_keyword_bundle
from raysign.clip import USUAL_FPS
from raysign.engine.keywords import PreparedSentences, logits_of, probabilities
from raysign.errors import DataError

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
            landmarks: float32 [sentence frame joint axis]; NaN = not detected, also as padding. A
                joint has x, y and z, and may have a fourth number: the detector's confidence, 0–1.
            params: ``aspect``: width / height of the pictures, 1 if not given. ``fps``: frames a
                second, 25 if not given; sentences are brought to those that the model reads.

        ``DataError`` where a joint has fewer numbers or more, or a sentence cannot be prepared.
        """
        if landmarks.shape[-1] not in (3, 4):
            raise DataError(
                f"a joint must have x, y and z, or these and a confidence, got "
                f"{landmarks.shape[-1]} numbers"
            )
        given = {"aspect": 1.0, "fps": USUAL_FPS, **(params or {})}
        prepare, own = self.bundle.prepare(), [_unpadded(sentence) for sentence in landmarks]
        sentences = PreparedSentences.joined(
            prepare.geometry(
                one[..., :3],
                one[..., 3] if one.shape[-1] == 4 else None,
                float(given["aspect"]),
                float(given["fps"]),
            )
            for one in own
        )
        size = self.bundle.config.evaluate.batch_sentences
        return probabilities(logits_of(self.bundle.model(), prepare, sentences, size))


def _unpadded(sentence: NDArray[np.float32]) -> NDArray[np.float32]:
    """A sentence without the frames at its end in which nothing is seen; one is left at least."""
    seen = np.flatnonzero(~np.isnan(sentence[..., :3]).all(axis=(1, 2)))
    return sentence[: seen[-1] + 1] if len(seen) else sentence[:1]


def _load_pyfunc(path: str) -> KeywordSearch:
    """Load the bundle folder inside the model; called by MLflow."""
    return KeywordSearch(load_keyword_bundle(path))
