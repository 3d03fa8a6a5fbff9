"""The losses, each pytorch-metric-learning's own, behind one signature.

Embeddings and signs → a number.
"""

from __future__ import annotations

import math

from jaxtyping import Float, Int
from pytorch_metric_learning.losses import ArcFaceLoss
from pytorch_metric_learning.losses import SupConLoss as SupCon
from torch import Tensor, nn

from raysign.config import ArcFaceConfig, LossConfig, SupConArcFaceConfig, SupConConfig


class WeightedSum(nn.Module):
    """Σ weight × loss over the same embeddings."""

    def __init__(self, terms: list[tuple[float, nn.Module]]) -> None:
        super().__init__()
        self.weights = [weight for weight, _ in terms]
        self.losses = nn.ModuleList([loss for _, loss in terms])

    def forward(
        self, embeddings: Float[Tensor, "clip embedding"], sign: Int[Tensor, "clip"]
    ) -> Float[Tensor, ""]:
        terms = [
            weight * loss(embeddings, sign)
            for weight, loss in zip(self.weights, self.losses, strict=True)
        ]
        total: Tensor = sum(terms[1:], start=terms[0])
        return total


def build_loss(config: LossConfig, num_signs: int, embedding: int) -> nn.Module:
    """The loss that a config describes.

    Args:
        config: which loss.
        num_signs: signs are numbered 0 … num_signs − 1; a loss with proxies keeps one for each.
        embedding: dimensions of the embeddings.

    A loss with proxies holds them as parameters: they train, and stand in the checkpoint, but not
    in the bundle.
    """
    match config:
        case SupConConfig():
            return WeightedSum([(1.0, SupCon(config.temperature))])
        case ArcFaceConfig():
            return WeightedSum([(1.0, _arcface(config, num_signs, embedding))])
        case SupConArcFaceConfig():
            return WeightedSum(
                [
                    (config.supcon_weight, SupCon(config.temperature)),
                    (config.arcface_weight, _arcface(config, num_signs, embedding)),
                ]
            )


def _arcface(
    config: ArcFaceConfig | SupConArcFaceConfig, num_signs: int, embedding: int
) -> nn.Module:
    # pytorch-metric-learning takes the margin in degrees.
    loss: nn.Module = ArcFaceLoss(
        num_signs, embedding, margin=math.degrees(config.margin), scale=config.scale
    )
    return loss
