"""ArcFace: a margin on the angle between an embedding and its sign's proxy."""

from __future__ import annotations

import math

from jaxtyping import Float
from pytorch_metric_learning.losses import SubCenterArcFaceLoss
from torch import Tensor, nn

from raysign.config import ArcFaceConfig, SupConArcFaceConfig

NEAREST = 1e-5
"""Cosines to the own proxy are kept this far from ±1 (angles 4.5 mrad from 0 and π). On the sphere
the loss nowhere has a slope above 2 × scale, but it is computed by way of the arc cosine's, which
is infinite at ±1: in float32 gradients nearer than .4 mrad would be NaN, and at 1 mrad twice too
long; outside of this they are within 2 % of exact ones.
"""


class ArcFace(SubCenterArcFaceLoss):  # type: ignore[misc]  # it ships no types
    """ArcFace with K proxies a sign, of which the nearest counts; with K = 1 the plain one.

    Deng et al. (2019), eq. 3, and sub-centre ArcFace, Deng et al. (2020), with label smoothing.
    Beyond an angle of π − margin, where cos(θ + margin) would rise again, the own logit is cos θ −
    margin sin margin. A clip nearer to its proxy than ``NEAREST`` is no longer drawn to it.
    """

    @classmethod
    def of(
        cls, config: ArcFaceConfig | SupConArcFaceConfig, num_signs: int, embedding: int
    ) -> ArcFace:
        """The loss that a config describes."""
        loss = cls(
            num_classes=num_signs,
            embedding_size=embedding,
            margin=math.degrees(config.margin),
            scale=config.scale,
            sub_centers=config.subcentres,
        )
        loss.cross_entropy = nn.CrossEntropyLoss(reduction="none", label_smoothing=config.smoothing)
        return loss

    def get_angles(self, cosine_of_target_classes: Float[Tensor, "clip"]) -> Float[Tensor, "clip"]:
        """Between the embeddings and the nearest of their signs' proxies."""
        near = cosine_of_target_classes.clamp(-1 + NEAREST, 1 - NEAREST)
        angles: Tensor = super().get_angles(near)
        return angles
