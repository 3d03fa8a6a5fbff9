"""How MLflow loads a registered encoder: ``mlflow.pyfunc.load_model`` imports this by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from raysign.bundle import load_bundle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from raysign.embed import Embedder


@dataclass(frozen=True)
class SignEncoder:
    """What ``load_model(...).unwrap()`` would be: landmarks → embeddings."""

    embedder: Embedder

    def predict(
        self, landmarks: NDArray[np.float32], params: Mapping[str, Any] | None = None
    ) -> NDArray[np.float32]:
        """Unit-length embeddings, float32 [clip embedding].

        Args:
            landmarks: float32 [clip frame joint axis]; NaN = not detected, also as padding.
            params: ``aspect``: width / height of the pictures, 1 if not given.
        """
        ratio = (params or {}).get("aspect", 1.0)
        aspect = np.full(len(landmarks), ratio, dtype=np.float32)
        return self.embedder.embed_padded(landmarks, aspect=aspect)


def _load_pyfunc(path: str) -> SignEncoder:
    """Load the bundle folder inside the model; called by MLflow."""
    return SignEncoder(load_bundle(path).embedder())
