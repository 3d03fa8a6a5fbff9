"""A plain classifier over the training signs."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor, nn

from raysign.config import CrossEntropyConfig


class LinearClassifier(nn.Module):
    """Cross-entropy of W (scale × embedding) + b."""

    def __init__(self, config: CrossEntropyConfig, num_signs: int, embedding: int) -> None:
        super().__init__()
        self.scale = config.scale
        self.linear = nn.Linear(embedding, num_signs)
        self.cross_entropy = nn.CrossEntropyLoss(label_smoothing=config.smoothing)

    def forward(
        self, embeddings: Float[Tensor, "clip embedding"], sign: Int[Tensor, "clip"]
    ) -> Float[Tensor, ""]:
        value: Tensor = self.cross_entropy(self.linear(self.scale * embeddings), sign)
        return value
