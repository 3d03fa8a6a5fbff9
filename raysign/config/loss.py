"""The losses, one config each; `kind` chooses among them, and this union is the registry."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from raysign.config.base import Config, kind_or

Temperature = Annotated[float, Field(gt=0, le=10)]
Margin = Annotated[float, Field(ge=0, lt=1.5)]
Scale = Annotated[float, Field(gt=0, le=256)]
Weight = Annotated[float, Field(gt=0, le=100)]


class SupConConfig(Config):
    """Supervised contrastive loss (Khosla et al., 2020, eq. 2, L_out)."""

    kind: Literal["supcon"] = "supcon"
    temperature: Temperature = 0.07
    """τ: similarities are divided by it."""


class ArcFaceConfig(Config):
    """Additive angular margin over one proxy a sign (Deng et al., 2019, eq. 3)."""

    kind: Literal["arcface"] = "arcface"
    margin: Margin = 0.3
    """Margin on the angle, in radians."""
    scale: Scale = 30.0
    """s: cosines are multiplied by it."""
    proxy_lr_factor: Weight = 10.0
    """The proxies' learning rate over the encoder's."""


class SupConArcFaceConfig(Config):
    """Weighted sum of both."""

    kind: Literal["supcon_arcface"] = "supcon_arcface"
    temperature: Temperature = 0.07
    """τ of SupCon."""
    margin: Margin = 0.3
    """Margin of ArcFace on the angle, in radians."""
    scale: Scale = 30.0
    """s of ArcFace."""
    supcon_weight: Weight = 1.0
    """Weight of SupCon in the sum."""
    arcface_weight: Weight = 1.0
    """Weight of ArcFace in the sum."""
    proxy_lr_factor: Weight = 10.0
    """The proxies' learning rate over the encoder's."""


LossConfig = Annotated[
    SupConConfig | ArcFaceConfig | SupConArcFaceConfig,
    Field(discriminator="kind"),
    kind_or("supcon"),
]
