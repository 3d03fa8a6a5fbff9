"""A whole run of keyword search: trained from sentences and the words of each (LREC 2020)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from raysign.config.base import Config, Seed, kind_or
from raysign.config.encoder import (
    ConformerConfig,
    ConvTransformerConfig,
    Rate,
    TransformerConfig,
    check_kernel,
)
from raysign.config.prepare import Probability, Share, Sigma
from raysign.config.train import OptimConfig


class KeywordDataConfig(Config):
    """The sentences of a run, and which of their words are searched."""

    store: str = Field(default="sentences", min_length=1)
    """A sentence store, such as `raysign keywords make` writes: a folder or an Arrow filesystem
    URI.
    """
    words: Literal["gloss", "translation"] = "gloss"
    """`gloss`: what is signed. `translation`: what is said, in another language than the signs."""
    min_count: int = Field(default=1, ge=1)
    """Words in fewer training sentences than this are not searched; 1 as published."""
    splits: Literal["own", "signer_disjoint"] = "own"
    """`own`: the dataset's train and val. `signer_disjoint`: no val signer signs in train."""
    val_fraction: float = Field(default=0.2, gt=0, lt=1)
    """Share of the signers that `signer_disjoint` holds out."""
    split_seed: Seed = 0
    """Which signers are held out."""
    duplicates: Literal["keep", "drop"] = "keep"
    """Training sentences whose landmarks are byte-identical to a val sentence: keep them, or drop
    them.
    """


class KeywordPrepareConfig(Config):
    """From a sentence's landmarks to what the encoder reads; its fingerprint travels with a model.

    x and y only: OpenPose sees no depth. How the paper normalises is not stated.
    """

    joints: Literal["body", "dominant", "both"] = "both"
    """13 upper-body joints, 34 with the dominant hand, or 55 with both hands."""
    dominant: Literal["found", "right"] = "found"
    """`found`: the hand that moves more, is seen in more frames and is held higher (the three are
    added up), in all sentences of a signer together, or in the sentence alone where nobody says who
    signs; one signed with the left is mirrored as a whole, so that the dominant hand is always the
    right one. `right`: nothing is mirrored; every signer is taken to be right-handed.
    """
    confidence: bool = True
    """Give the encoder each joint's confidence beside its x and y, as published; 0 where it is
    missing. Where a store has none it is 1 for what was detected. False: 1 wherever x and y are
    known, also in a repaired gap, and 0 where not, since a missing joint is at (0, 0) like one that
    lies at the origin.
    """
    normalise: Literal["sentence", "frame"] = "sentence"
    """Origin (mid-shoulder), scale and hand size from the median over the sentence, or anew in
    every frame.
    """
    scale: Literal["torso", "shoulders"] = "shoulders"
    """The unit of length. The picture of a news interpreter often ends above the hips, which the
    torso would need.
    """
    hands: Literal["wrist", "body"] = "wrist"
    """`wrist`: finger joints relative to their wrist, in units of hand size; the wrist keeps its
    place. `body`: every hand joint in the body's frame.
    """
    repair_gap_frames: int = Field(default=8, ge=0, le=100)
    """Gaps up to this many frames inside a hand's track are filled by linear interpolation; their
    confidence stays 0. 0 = never.
    """
    motion_lags: tuple[Annotated[int, Field(ge=1, le=16)], ...] = ()
    """Give the encoder the differences over these numbers of frames as well; () as published."""
    fps: float = Field(default=25.0, ge=5, le=120)
    """Frames a second that the encoder reads; a sentence of another rate is resampled, one of an
    unknown rate is taken as it is.
    """
    longest_frames: int = Field(default=5000, ge=16, le=100_000)
    """A sentence with more frames than this is refused: what is trained or searched at once has to
    fit in memory.
    """


class KeywordAugmentConfig(Config):
    """What is varied, sentence by sentence, while training; σ are standard deviations of a normal
    draw. Not published.
    """

    rotate_sigma_rad: Sigma = 0.05
    """In-plane rotation."""
    scale_sigma: Sigma = 0.05
    """Log-scale, drawn for x and y apart."""
    shift_sigma: Sigma = 0.05
    """Shift of the whole body, in normalised units; finger joints about a wrist stay."""
    jitter_sigma: Sigma = 0.01
    """Noise on every joint in every frame."""
    tempo: Share = 0.1
    """Largest relative change of a sentence's speed, faster or slower."""
    frame_drop: Probability = 0.02
    """Chance for each frame that nothing is seen in it."""
    hand_drop: Probability = 0.02
    """Chance for each hand to be hidden in a tenth of the sentence."""

    @property
    def nothing(self) -> bool:
        """Whether a sentence stays as it is."""
        return not any(self.model_dump().values())


class KeywordSTGCNConfig(Config):
    """Graph convolutions over all joints at once, which keep time (LREC 2020, section 2.1).

    That there are 12 layers is published; channels are those of Yan et al. (2018) with a fourth
    block at each width, as are kernel and strides.
    """

    kind: Literal["st_gcn"] = "st_gcn"
    widths: tuple[Annotated[int, Field(ge=8, le=1024)], ...] = Field(
        default=(64,) * 4 + (128,) * 4 + (256,) * 4, min_length=1, max_length=24
    )
    """Channels of each block."""
    kernel: int = Field(default=9, ge=3, le=63)
    """Length of each convolution in time, in the block's frames; odd."""
    stride: int = Field(default=2, ge=1, le=4)
    """In a block wider than the one before it, one frame is left of so many; all of them together
    leave at least one of four, so that a short sign keeps a frame of its own.
    """
    dropout: Rate = 0.2
    """Inside each block."""
    drop_path: Rate = 0.0
    """Chance that a residual branch is skipped for a sentence (stochastic depth)."""

    @property
    def total_stride(self) -> int:
        """Frames of a sentence for each frame that is kept."""
        wider = sum(a < b for a, b in zip(self.widths, self.widths[1:], strict=False))
        return int(self.stride**wider)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_kernel(self.kernel)
        if self.total_stride > 4:
            raise ValueError(
                f"stride={self.stride} in every block that widens leaves one frame of "
                f"{self.total_stride}; keep at least one of 4"
            )
        return self


KeywordEncoderConfig = Annotated[
    KeywordSTGCNConfig | TransformerConfig | ConvTransformerConfig | ConformerConfig,
    Field(discriminator="kind"),
    kind_or("st_gcn"),
]
"""The published encoder, or one of the house's that tells its frames; those have stride 1, and
their `embedding` and `pooling` are not used.
"""


class KeywordSearchConfig(Config):
    """How a word looks for itself in a sentence, and how it is decided whether it is there."""

    similarity: Literal["cos2", "cos"] = "cos2"
    """A frame's score for a word is β·cos² + θ (eq. 1), or β·cos + θ."""
    decision: Literal["c", "cq", "per_word", "match"] = "per_word"
    """`c`: one linear layer on the context vector, the same for all words. `cq`: on the context
    and the query vector. `per_word`: on the context vector, with an output a word; the published
    "simple fully connected layer" may be any of these three. `match`: how similar the frames are
    that the word attends to (ours). Val mAP of 200 made-up words after 10 and 25 epochs (chance
    .04): c .32, .61; match .50, .74; per_word .56, .85.
    """
    bias: Literal["word", "shared"] = "word"
    """The decision's bias: one a word (ours), or one for all, as one linear layer has it."""
    bias_start: Literal["log_odds", "zero"] = "log_odds"
    """Where it begins: at the log-odds of the word's share of the training sentences (or of all
    words' mean share), or at 0, from where 12 epochs on the same words led nowhere (.05).
    """
    beta_start: float = Field(default=10.0, gt=0, le=1000)
    """β at first: how sharply a word attends. Not published."""
    theta_start: float = Field(default=0.0, ge=-100, le=100)
    """θ at first. Not published; it cancels in the attention."""
    chunk_words: int = Field(default=0, ge=0)
    """Words searched at a time, which bounds memory and changes no result; 0 = as many as keep one
    piece of attention under 32 MiB.
    """


class KeywordLossConfig(Config):
    """Binary cross-entropy over every word of the vocabulary, for every sentence."""

    reduce: Literal["mean", "sum"] = "mean"
    """Over words; over sentences it is always the mean."""


class KeywordContextConfig(Config):
    """The two models that rescore a sentence's words by each other, fitted after training."""

    tfidf: Literal["cos", "one_minus_cos"] = "cos"
    """Equation 4's similarity of context and prediction: `cos`, or 1 − cos as it is printed."""
    gamma_step: float = Field(default=0.02, gt=0, le=0.5)
    """γ is tuned on dev mAP over 0, this, twice this, … 1; the published ones are .40, .54, .58."""
    floor: float = Field(default=1e-6, gt=0, le=0.01)
    """Probabilities and cosines are no less than this before their logs are taken."""
    mlp_hidden: tuple[Annotated[int, Field(ge=1, le=16384)], ...] = (256, 256)
    """Widths of the MLP's hidden layers."""
    mlp_dropout: Rate = 0.2
    """After each hidden layer."""
    mlp_lr: float = Field(default=1e-3, gt=0, le=1)
    """Adam's learning rate. Not published."""
    mlp_batch: int = Field(default=128, ge=1)
    """Sentences in a batch. Not published."""
    mlp_epochs: int = Field(default=200, ge=1)
    """Epochs at most."""
    mlp_patience: int = Field(default=10, ge=1)
    """Epochs without a lower dev loss after which it stops; the best weights are kept."""


class KeywordOptimConfig(OptimConfig):
    """AdamW with linear warm-up and a cosine to zero."""

    epochs: int = Field(default=30, ge=1, le=100_000)
    """An epoch shows every training sentence once."""
    weight_decay: float = Field(default=0.05, ge=0, le=10)
    """AdamW's; biases and norms are left out, and the words' query vectors are not."""
    clip_norm: float = Field(default=1.0, gt=0)
    """Gradients of the model longer than this are scaled down to it."""
    patience: int = Field(default=10, ge=1)
    """Epochs without a better val mAP after which the run stops; the best one is kept."""
    ema: float = Field(default=0.0, ge=0, lt=1)
    """Decay d a step of an exponential moving average of the model's weights, such as .998; val is
    measured with the average, and the average is bundled. It climbs at first: step t (from 0) has
    min(d, (1 + t) / (10 + t)). 0 = off.
    """


class KeywordBatchConfig(Config):
    """Sentences of about one length together, so that little of a batch is padding."""

    sentences: int = Field(default=32, ge=1, le=65_536)
    """In a batch, over all workers together. Not published."""
    frames: int = Field(default=0, ge=0)
    """A worker's share of a batch holds no more frames than this, padding and what `augment.tempo`
    may add counted: a batch of more is halved, while either half has a sentence for every worker.
    0 = no such bound.
    """
    bucket: int = Field(default=8, ge=1, le=4096)
    """Sentences are shuffled, and then sorted by length within so many batches; 1 = not sorted."""


class KeywordEvaluateConfig(Config):
    """How a run is measured on val."""

    every: int = Field(default=1, ge=1)
    """Epochs between measurements; the last epoch is always measured."""
    bootstrap: int = Field(default=1000, ge=100, le=100_000)
    """Resamples of the sentences behind each 95 % interval."""
    batch_sentences: int = Field(default=64, ge=1)
    """Sentences searched at a time."""


class KeywordConfig(Config):
    """Everything that decides what a run of keyword search does."""

    LISTED: ClassVar[str] = "raysign config --kind keywords"

    data: KeywordDataConfig = KeywordDataConfig()
    prepare: KeywordPrepareConfig = KeywordPrepareConfig()
    augment: KeywordAugmentConfig = KeywordAugmentConfig()
    encoder: KeywordEncoderConfig = KeywordSTGCNConfig()
    search: KeywordSearchConfig = KeywordSearchConfig()
    loss: KeywordLossConfig = KeywordLossConfig()
    context: KeywordContextConfig = KeywordContextConfig()
    batches: KeywordBatchConfig = KeywordBatchConfig()
    optim: KeywordOptimConfig = KeywordOptimConfig()
    evaluate: KeywordEvaluateConfig = KeywordEvaluateConfig()
    workers: int = Field(default=1, ge=1, le=4096)
    """Processes that train together; each takes its share of a batch's sentences."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda)$")] = "auto"
    """`auto`: a GPU where there is one."""
    threads: int = Field(default=0, ge=0)
    """Torch threads a worker; 0 = the CPUs that the worker holds."""
    seed: Seed = 0
    """Weights, batches, augmentation and dropout."""

    @model_validator(mode="after")
    def _workers_share_sentences(self) -> Self:
        if self.batches.sentences % self.workers:
            raise ValueError(
                f"workers={self.workers} must divide batches.sentences={self.batches.sentences}, "
                "so that every worker gets as many sentences"
            )
        return self
