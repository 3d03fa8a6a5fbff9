"""The encoders, one config each; `kind` chooses among them, and this union is the registry."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from raysign.config.base import Config, kind_or

Rate = Annotated[float, Field(ge=0, lt=1)]


def _check_heads(heads: int, width: int) -> None:
    if width % heads:
        raise ValueError(f"heads={heads} must divide width={width}")


def check_kernel(kernel: int) -> None:
    """``ValueError`` where a convolution's kernel has no frame in its middle."""
    if kernel % 2 == 0:
        raise ValueError(f"kernel={kernel} must be odd, so that the frames stay in place")


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
    drop_path: Rate = 0.0
    """Chance that a residual branch is skipped for a clip (stochastic depth)."""
    embedding: int = Field(default=256, ge=2, le=4096)
    """Dimensions of the unit-length embedding."""
    pooling: Literal["mean", "attention"] = "attention"
    """How frames become one vector: M1 = mean, M5 = attention."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_heads(self.heads, self.width)
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
    """After the input and inside each block."""
    head_dropout: Rate = 0.2
    """Before the embedding."""
    drop_path: Rate = 0.1
    """Chance that a residual branch is skipped for a clip (stochastic depth)."""
    embedding: int = Field(default=256, ge=2, le=4096)
    """Dimensions of the unit-length embedding."""
    pooling: Literal["mean", "attention"] = "attention"
    """How frames become one vector."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_heads(self.heads, self.width)
        check_kernel(self.kernel)
        return self


class STGCNConfig(Config):
    """Two streams of graph convolutions, body and hands (rows M2–M4 of the reverse dictionary).

    The streams and that they are fused late are published; how, and all else, is not: blocks and
    kernel are those of Yan et al. (2018), but for the norm of a residual branch in which the width
    or the stride changes, which is left out.
    """

    kind: Literal["st_gcn"] = "st_gcn"
    widths: tuple[Annotated[int, Field(ge=8, le=1024)], ...] = Field(
        default=(64,) * 4 + (128,) * 3 + (256,) * 3, min_length=1, max_length=24
    )
    """Channels of each block, in each stream."""
    kernel: int = Field(default=9, ge=3, le=63)
    """Length of each convolution in time, in the block's frames; odd."""
    stride: int = Field(default=2, ge=1, le=4)
    """In a block wider than the one before it, one frame is left of so many."""
    fusion: Literal["concat", "sum", "score"] = "concat"
    """`concat`: the streams' vectors side by side, then a linear layer. `sum`: added, then a linear
    layer. `score`: an embedding a stream, so that a cosine is the mean of the streams' cosines;
    they share out `embedding`. A layout of hands alone has one stream, and nothing to fuse.
    """
    dropout: Rate = 0.2
    """Inside each block, and before the embedding."""
    drop_path: Rate = 0.0
    """Chance that a residual branch is skipped for a clip (stochastic depth)."""
    embedding: int = Field(default=256, ge=2, le=4096)
    """Dimensions of the unit-length embedding."""
    pooling: Literal["mean", "attention"] = "mean"
    """How frames become one vector; joints are always averaged."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_kernel(self.kernel)
        return self


class ConformerConfig(Config):
    """Conformer blocks over both hands, seen by one network, and the rest of the body.

    Blocks of Gulati et al. (2020); the mirrored shared-hand stream is SignSeek's (arXiv
    2609.03695). Sizes are ours: those of the hybrid, so that both cost about the same.
    """

    kind: Literal["conformer"] = "conformer"
    depth: int = Field(default=4, ge=1, le=48)
    """Conformer blocks."""
    heads: int = Field(default=4, ge=1, le=64)
    """Attention heads; they divide the width."""
    width: int = Field(default=192, ge=8, le=4096)
    """Channels of the blocks."""
    kernel: int = Field(default=11, ge=3, le=63)
    """Length of each convolution in frames; odd. Gulati's is 32, for sequences of hundreds."""
    expansion: int = Field(default=2, ge=1, le=8)
    """Hidden channels over width in feed-forward layers; Gulati's is 4."""
    hand_width: int = Field(default=128, ge=8, le=4096)
    """Channels of the streams: left hand, right hand, and all else."""
    hand_blocks: int = Field(default=1, ge=0, le=12)
    """Gated convolutions in the network that both hands share."""
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
        _check_heads(self.heads, self.width)
        check_kernel(self.kernel)
        return self


class PoseFormerConfig(Config):
    """The one-shot system's PoseFormer (arXiv 2502.20171), sized as its authors' public code is.

    With 134 channels (67 joints, x and y) the defaults are its 2,086,848 parameters.
    """

    kind: Literal["poseformer"] = "poseformer"
    embedding: int = Field(default=192, ge=8, le=4096)
    """Channels of the blocks, and so dimensions of the unit-length embedding: it is the learned
    token's own vector, which no layer comes after.
    """
    depth: int = Field(default=4, ge=1, le=48)
    """Blocks of self-attention."""
    heads: int = Field(default=8, ge=1, le=64)
    """Attention heads; they divide the embedding."""
    feedforward: int = Field(default=384, ge=8, le=16384)
    """Channels of the hidden layer in each block."""
    frame_embedding: bool = True
    """Each frame through an MLP beside a linear layer; `false`: through the linear layer alone, the
    paper's first ablation (−.0211 MRR there).
    """
    intermediate_convolutions: bool = True
    """Convolutions in time between the frames' embedding and the blocks; `false`: the paper's
    second ablation (−.0132 MRR there).
    """
    dropout: Rate = 0.2
    """In the frames' MLP and in each block; positions have half of it, .1 as published."""
    drop_path: Rate = 0.1
    """Chance that a residual branch is skipped for a clip (stochastic depth)."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.embedding % self.heads:
            raise ValueError(f"heads={self.heads} must divide embedding={self.embedding}")
        return self


OneEncoder = (
    TransformerConfig | ConvTransformerConfig | STGCNConfig | ConformerConfig | PoseFormerConfig
)


class MemberConfig(Config):
    """One encoder of an ensemble, and which joints it reads."""

    joints: Literal["all", "signing", "hands", "body"] = "all"
    """Of the joints that prepare gives: `all` of them, or as in `prepare.joints`. A member reads
    what an encoder of its own would that is trained with that `prepare.joints`.
    """
    weight: float = Field(default=1.0, gt=0, le=1000)
    """Its cosines' share in the ensemble's, over the sum of all members' weights."""
    encoder: Annotated[OneEncoder, Field(discriminator="kind"), kind_or("transformer")] = (
        TransformerConfig()
    )
    """Any kind but another ensemble."""


class EnsembleConfig(Config):
    """Several encoders side by side, fused late: a cosine is the weighted mean of theirs.

    Trained as one (streams with late fusion), or put together from bundles by `raysign fuse`.
    """

    kind: Literal["ensemble"] = "ensemble"
    members: tuple[MemberConfig, ...] = (MemberConfig(), MemberConfig(joints="hands"))
    """2 to 8 encoders, in the order in which their embeddings stand side by side."""

    @model_validator(mode="after")
    def _several(self) -> Self:
        if not 2 <= len(self.members) <= 8:
            raise ValueError(f"members must be 2 to 8 encoders, got {len(self.members)}")
        return self

    @property
    def embedding(self) -> int:
        """Dimensions of the unit-length embedding: its members' together."""
        return sum(member.encoder.embedding for member in self.members)


EncoderConfig = Annotated[
    OneEncoder | EnsembleConfig, Field(discriminator="kind"), kind_or("transformer")
]
