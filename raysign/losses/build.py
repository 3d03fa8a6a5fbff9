"""Config → loss."""

from __future__ import annotations

from jaxtyping import Float, Int
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import (
    NormalizedSoftmaxLoss,
    ProxyNCALoss,
    SupConLoss,
    TripletMarginLoss,
)
from pytorch_metric_learning.miners import BatchHardMiner
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor, nn

from raysign.config import (
    ArcFaceConfig,
    ContrastConfig,
    CrossEntropyConfig,
    LossConfig,
    MaskedConfig,
    ProxyNCAConfig,
    SupConArcFaceConfig,
    SupConConfig,
    TripletConfig,
)
from raysign.losses.arcface import ArcFace
from raysign.losses.classifier import LinearClassifier
from raysign.losses.memory import Memory, Mined
from raysign.losses.reconstruction import Reconstruction


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


def build_loss(
    config: LossConfig,
    num_signs: int,
    embedding: int,
    *,
    width: int = 0,
    joints: int = 0,
    axes: int = 0,
) -> nn.Module:
    """The loss that a config describes.

    Args:
        config: which loss.
        num_signs: signs are numbered 0 … num_signs − 1; a loss with proxies keeps some for each.
        embedding: dimensions of the embeddings.
        width: channels of the encoder's frames; this and what follows is for `masked` alone.
        joints: of a prepared clip.
        axes: of a joint.

    A loss with proxies holds them as parameters: they train, and stand in the checkpoint, but not
    in the bundle; so does a decoder. A memory is state too, and likewise stands in the checkpoint
    alone.
    """
    match config:
        case SupConConfig():
            return WeightedSum([(1.0, _supcon(config, embedding))])
        case ArcFaceConfig():
            return WeightedSum([(1.0, ArcFace.of(config, num_signs, embedding))])
        case ProxyNCAConfig():
            # Its distance is the squared Euclidean one between unit vectors, its softmax runs over
            # all proxies, the own one too: what makes ProxyNCA's loss that of ProxyNCA++.
            nca = ProxyNCALoss(num_signs, embedding, softmax_scale=1 / config.temperature)
            return WeightedSum([(1.0, nca)])
        case SupConArcFaceConfig():
            return WeightedSum(
                [
                    (config.supcon_weight, _supcon(config, embedding)),
                    (config.arcface_weight, ArcFace.of(config, num_signs, embedding)),
                ]
            )
        case TripletConfig():
            return WeightedSum([(1.0, _triplet(config, embedding))])
        case CrossEntropyConfig():
            return WeightedSum([(1.0, _cross_entropy(config, num_signs, embedding))])
        case ContrastConfig():
            return WeightedSum([(1.0, SupConLoss(config.temperature))])
        case MaskedConfig():
            return Reconstruction(width, joints, axes)


def _supcon(config: SupConConfig | SupConArcFaceConfig, embedding: int) -> nn.Module:
    loss: nn.Module = SupConLoss(config.temperature)
    return Memory(loss, embedding, config) if config.memory else loss


def _triplet(config: TripletConfig, embedding: int) -> nn.Module:
    distance = LpDistance(p=2)
    # The mean over all clips, as published; by default those in no need of more are left out.
    loss = TripletMarginLoss(
        config.margin, smooth_loss=config.soft, distance=distance, reducer=MeanReducer()
    )
    miner = BatchHardMiner(distance=distance)
    return Memory(loss, embedding, config, miner) if config.memory else Mined(loss, miner)


def _cross_entropy(config: CrossEntropyConfig, num_signs: int, embedding: int) -> nn.Module:
    if config.classifier == "linear":
        return LinearClassifier(config, num_signs, embedding)
    loss: nn.Module = NormalizedSoftmaxLoss(num_signs, embedding, temperature=1 / config.scale)
    loss.cross_entropy = nn.CrossEntropyLoss(reduction="none", label_smoothing=config.smoothing)
    return loss
