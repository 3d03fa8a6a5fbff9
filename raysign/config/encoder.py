"""The encoders, one config each; `kind` chooses among them, and this union is the registry."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from raysign.config.base import Config, kind_or

Rate = Annotated[float, Field(ge=0, lt=1)]


class TransformerConfig(Config):
    """Self-attention over frames (rows M1 and M5 of the reverse dictionary).

    Pooling is published; depth, heads, width, feed-forward, dropout and embedding are not.
    """

    kind: Literal["transformer"] = "transformer"
    depth: int = Field(default=4, ge=1, le=48)
    """Blocks."""
    heads: int = Field(default=8, ge=1, le=64)
    """Attention heads; they divide the width."""
    width: int = Field(default=256, ge=8, le=4096)
    """Channels inside."""
    feedforward: int = Field(default=512, ge=8, le=16384)
    """Channels of the hidden layer in each block."""
    dropout: Rate = 0.2
    """After the input, inside each block."""
    embedding: int = Field(default=256, ge=2, le=4096)
    """Dimensions of the unit-length embedding."""
    pooling: Literal["mean", "attention"] = "attention"
    """How frames become one vector: M1 = mean, M5 = attention."""

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"heads={self.heads} must divide width={self.width}")
        return self


class ConvTransformerConfig(Config):
    """Depthwise convolutions in time, attention after each group (Kaggle ISLR's winner)."""

    kind: Literal["conv_transformer"] = "conv_transformer"
    groups: int = Field(default=2, ge=1, le=12)
    """Groups of (convolutions, one attention block)."""
    convolutions: int = Field(default=2, ge=1, le=8)
    """Gated depthwise convolutions in a group."""
    kernel: int = Field(default=11, ge=3, le=63)
    """Length of each convolution in frames; odd."""
    heads: int = Field(default=4, ge=1, le=64)
    """Attention heads; they divide the width."""
    width: int = Field(default=192, ge=8, le=4096)
    """Channels inside."""
    expansion: int = Field(default=2, ge=1, le=8)
    """Hidden channels over width, in convolutions and feed-forward layers."""
    dropout: Rate = 0.2
    """After the input, inside each block, and before the embedding."""
    drop_path: Rate = 0.1
    """Chance that a residual branch is skipped for a clip (stochastic depth)."""
    embedding: int = Field(default=256, ge=2, le=4096)
    """Dimensions of the unit-length embedding."""
    pooling: Literal["mean", "attention"] = "attention"
    """How frames become one vector."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"heads={self.heads} must divide width={self.width}")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel={self.kernel} must be odd, so that the frames stay in place")
        return self


EncoderConfig = Annotated[
    TransformerConfig | ConvTransformerConfig, Field(discriminator="kind"), kind_or("transformer")
]
