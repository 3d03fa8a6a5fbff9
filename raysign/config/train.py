"""A whole training run."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from raysign.config.base import Config, Seed
from raysign.config.data import DataConfig
from raysign.config.encoder import (
    ConformerConfig,
    ConvTransformerConfig,
    EncoderConfig,
    EnsembleConfig,
    STGCNConfig,
    TransformerConfig,
)
from raysign.config.loss import ContrastConfig, LossConfig, MaskedConfig, SupConConfig
from raysign.config.prepare import AugmentConfig, PrepareConfig
from raysign.config.rerank import ValRerankConfig


class BatchConfig(Config):
    """P-K batches: P signs, K clips of each.

    Without signs they are P clips in K views (`contrast`), or P × K clips (`masked`).
    """

    signs: int = Field(default=32, ge=2, le=65_536)
    """P, over all workers together. Not published."""
    clips_per_sign: int = Field(default=3, ge=2, le=1024)
    """K (3 in the reverse dictionary). A sign with fewer clips gives each of them as often as it
    takes to make K, each time augmented anew.
    """


class OptimConfig(Config):
    """AdamW with linear warm-up and a cosine to zero."""

    epochs: int = Field(default=30, ge=1, le=100_000)
    """An epoch shows every clip about once: as many batches of P distinct signs × K clips as the
    clips make.
    """
    lr: float = Field(default=1e-3, gt=0, le=1)
    """Highest learning rate."""
    weight_decay: float = Field(default=0.05, ge=0, le=10)
    """AdamW's; biases, norms and proxies are left out."""
    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Share of all steps in which the rate climbs from zero."""
    clip_norm: float = Field(default=1.0, gt=0)
    """Gradients of the encoder longer than this are scaled down to it; those of what the loss has
    beside it (proxies, a decoder) are not.
    """
    patience: int = Field(default=10, ge=1)
    """Epochs without a better val mAP after which the run stops. A loss without signs is not judged
    by them: it runs to the end, and its last measured epoch is kept.
    """
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """`auto`: bfloat16 autocast on a GPU that has it, else float32."""
    ema: float = Field(default=0.0, ge=0, lt=1)
    """Decay d a step of an exponential moving average of the encoder's weights, such as .998; val
    is measured with the average, and the average is bundled. It climbs at first: step t (from 0)
    has min(d, (1 + t) / (10 + t)). 0 = off.
    """


class EvaluateConfig(Config):
    """How a run is measured on val."""

    every: int = Field(default=1, ge=1)
    """Epochs between measurements; the last epoch is always measured."""
    bootstrap: int = Field(default=1000, ge=100, le=100_000)
    """Resamples of the signs behind each 95 % interval."""
    batch_clips: int = Field(default=256, ge=1)
    """Clips embedded at a time."""
    mirror: Literal["none", "queries", "both"] = "none"
    """Whose embeddings are those of the clip and of its mirror image together (their sum, at unit
    length): nobody's, the queries', or the gallery's as well. Costs a second pass.
    """
    rerank: ValRerankConfig = ValRerankConfig()
    """What is done to the cosines before they rank."""


class TrainConfig(Config):
    """Everything that decides what a training run does."""

    data: DataConfig = DataConfig()
    prepare: PrepareConfig = PrepareConfig()
    augment: AugmentConfig = AugmentConfig()
    encoder: EncoderConfig = TransformerConfig()
    loss: LossConfig = SupConConfig()
    batches: BatchConfig = BatchConfig()
    optim: OptimConfig = OptimConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    start_from: str | None = Field(default=None, min_length=1)
    """MODEL whose weights the encoder begins with: a bundle's folder, `models:/NAME@ALIAS` or
    `default`. Layout, prepare and encoder must be its own; what is dropped by chance may differ.
    Null: random weights.
    """
    workers: int = Field(default=1, ge=1, le=4096)
    """Processes that train together; each takes P / workers signs of a batch."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda)$")] = "auto"
    """`auto`: a GPU where there is one."""
    threads: int = Field(default=0, ge=0)
    """Torch threads a worker; 0 = the CPUs that the worker holds."""
    seed: Seed = 0
    """Weights, batches, augmentation and dropout."""

    @property
    def by_sign(self) -> bool:
        """Whether the loss learns from signs; the others take clips without one as well."""
        return not isinstance(self.loss, ContrastConfig | MaskedConfig)

    @model_validator(mode="after")
    def _workers_share_signs(self) -> Self:
        if self.batches.signs % self.workers:
            raise ValueError(
                f"workers={self.workers} must divide batches.signs={self.batches.signs}, "
                "so that every worker gets as many signs"
            )
        return self

    @model_validator(mode="after")
    def _frames_are_kept(self) -> Self:
        kept = TransformerConfig | ConvTransformerConfig | ConformerConfig
        if isinstance(self.loss, MaskedConfig) and not isinstance(self.encoder, kept):
            raise ValueError(
                "loss.kind=masked tells hidden joints from an encoder's frames, which "
                f"{self.encoder.kind} does not keep one for one; type encoder.kind=transformer, "
                "conv_transformer or conformer"
            )
        return self

    @model_validator(mode="after")
    def _frames_are_told(self) -> Self:
        rerank = self.evaluate.rerank
        aligned = "dtw" in rerank.stages.split("+") and rerank.dtw.on == "frames"
        if aligned and isinstance(self.encoder, STGCNConfig | EnsembleConfig):
            raise ValueError(
                "evaluate.rerank.dtw.on=frames aligns what an encoder makes of each frame, which "
                f"{self.encoder.kind} does not tell; type evaluate.rerank.dtw.on=landmarks"
            )
        return self

    @model_validator(mode="after")
    def _memory_holds_a_batch(self) -> Self:
        memory = getattr(self.loss, "memory", 0)
        clips = self.batches.signs * self.batches.clips_per_sign
        if 0 < memory < clips:
            raise ValueError(
                f"loss.memory={memory} must be 0 or at least the {clips} clips of a batch "
                "(batches.signs × batches.clips_per_sign)"
            )
        return self
