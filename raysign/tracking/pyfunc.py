"""How MLflow loads a registered encoder: ``mlflow.pyfunc.load_model`` imports this by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from raysign.bundle import load_bundle
from raysign.embed import Embedder
from raysign.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


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
    bundle = load_bundle(path)
    embedder = Embedder.from_parts(bundle.layout, bundle.config, bundle.weights)
    if embedder.prepare.fingerprint != bundle.prepare_fingerprint:
        raise BundleError(
            f"this encoder was trained on prepare {bundle.prepare_fingerprint}, this raysign's is "
            f"{embedder.prepare.fingerprint}; pip install raysign=={bundle.card.get('raysign')}, "
            "or train again"
        )
    return SignEncoder(embedder)
