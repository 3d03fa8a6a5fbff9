"""What a training step asks of the encoder: a batch of clips → the loss over all workers.

==============  ==================  =====================================================
``loss.kind``   a batch             what is asked
==============  ==================  =====================================================
of signs        P signs × K clips   that clips of a sign lie together
``contrast``    P clips × K views   that the views of a clip do
``masked``      P × K clips         where the joints are that were hidden from the encoder
==============  ==================  =====================================================

Batches, and what is hidden, are drawn from a generator that is the same on every worker; each takes
its share of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from raysign.batches import (
    TrainingClips,
    batches_per_epoch,
    check_batches,
    clip_batches,
    epoch_batches,
)
from raysign.config import BatchConfig, ContrastConfig, LossConfig, MaskedConfig, TrainConfig
from raysign.encoders import Frames
from raysign.engine.precision import autocast
from raysign.engine.workers import distributed, gathered_loss, gathered_mean, share_of_signs
from raysign.errors import ConfigError
from raysign.pose import Prepare, augment, hide_articulators

Index = Int64[np.ndarray, "sign clip"]


class BySign:
    """Clips of a sign lie together; ``ConfigError`` where the clips cannot fill the batches."""

    def __init__(
        self, config: TrainConfig, clips: TrainingClips, prepare: Prepare, device: torch.device
    ) -> None:
        self.config, self.clips, self.prepare, self.device = config, clips, prepare, device
        self.check(config.batches, clips)
        self.label = self.labels(clips)

    @classmethod
    def check(cls, config: BatchConfig, clips: TrainingClips) -> tuple[str, ...]:
        """Notes on how these clips fill such batches; ``ConfigError`` where they cannot."""
        return check_batches(config, clips.train.sign)

    @classmethod
    def labels(cls, clips: TrainingClips) -> Int64[np.ndarray, "clip"]:
        """What the loss knows each clip by."""
        return clips.train.sign

    @property
    def batches_per_epoch(self) -> int:
        return batches_per_epoch(self.config.batches, self.label)

    def batches(self, random: np.random.Generator) -> Iterator[Index]:
        """The numbers of an epoch's clips, batch by batch, of all workers."""
        return epoch_batches(self.config.batches, self.label, random)

    def read(self, encoder: nn.Module) -> nn.Module:
        """What is asked of the encoder, as a module whose gradients all workers share."""
        return distributed(encoder)

    def __call__(
        self,
        encoder: nn.Module,
        loss: nn.Module,
        batch: Index,
        random: np.random.Generator,
        draws: torch.Generator,
    ) -> Float[Tensor, ""]:
        """The loss of a batch over all workers, differentiable on each.

        Args:
            encoder: what ``read`` gave.
            loss: the loss, its gradients shared alike.
            batch: one of ``batches``.
            random: the same on every worker.
            draws: this worker's own, on its device.
        """
        index = batch[share_of_signs(len(batch))].ravel()
        channels = self.prepare.channels(self._varied(index, draws))
        label = torch.from_numpy(self.label[index]).to(self.device)
        with autocast(self.config.optim, self.device):
            embeddings = encoder(channels)
        return gathered_loss(loss, embeddings.float(), label)

    def _varied(
        self, index: Int64[np.ndarray, "clip"], draws: torch.Generator
    ) -> Float[Tensor, "clip frame joint axis"]:
        xyz = torch.from_numpy(self.clips.any_sequences(index)).to(self.device).float()
        return augment(xyz, self.config.augment, self.prepare, draws)


class ByClip(BySign):
    """Each clip is a sign of its own, of which a batch holds K views."""

    @classmethod
    def check(cls, config: BatchConfig, clips: TrainingClips) -> tuple[str, ...]:
        _refuse_more(config.signs, config, clips.num_clips, 1)
        return ()

    @classmethod
    def labels(cls, clips: TrainingClips) -> Int64[np.ndarray, "clip"]:
        return np.arange(clips.num_clips)


class Masked(ByClip):
    """Articulators are hidden for spans of time; where their joints are, the rest has to tell."""

    @classmethod
    def check(cls, config: BatchConfig, clips: TrainingClips) -> tuple[str, ...]:
        _refuse_more(
            config.signs * config.clips_per_sign, config, clips.num_clips, config.clips_per_sign
        )
        return ()

    @property
    def batches_per_epoch(self) -> int:
        batches = self.config.batches
        return self.clips.num_clips // (batches.signs * batches.clips_per_sign)

    def batches(self, random: np.random.Generator) -> Iterator[Index]:
        return clip_batches(self.config.batches, self.clips.num_clips, random)

    def read(self, encoder: nn.Module) -> nn.Module:
        return distributed(Frames(encoder), in_part=True)

    def __call__(
        self,
        encoder: nn.Module,
        loss: nn.Module,
        batch: Index,
        random: np.random.Generator,
        draws: torch.Generator,
    ) -> Float[Tensor, ""]:
        config = self.config.loss
        assert isinstance(config, MaskedConfig)
        own = share_of_signs(len(batch))
        xyz = self._varied(batch[own].ravel(), draws)
        hidden = hide_articulators(
            self.prepare.output,
            batch.size,
            xyz.shape[1],
            share=config.share,
            span=config.span,
            random=random,
        )
        hidden = hidden.reshape(*batch.shape, *hidden.shape[1:])[own].reshape(-1, *hidden.shape[1:])
        out = torch.from_numpy(hidden).to(self.device)
        with autocast(self.config.optim, self.device):
            frames = encoder(self.prepare.channels(xyz.masked_fill(out[..., None], torch.nan)))
        total, count = loss(frames.float(), xyz, out)
        return gathered_mean(total, count)


def objective_of(loss: LossConfig) -> type[BySign]:
    """What a loss asks."""
    match loss:
        case ContrastConfig():
            return ByClip
        case MaskedConfig():
            return Masked
        case _:
            return BySign


def check_clips(config: TrainConfig, clips: TrainingClips) -> tuple[str, ...]:
    """Notes on how the clips fill a config's batches; ``ConfigError`` where they cannot."""
    return objective_of(config.loss).check(config.batches, clips)


def _refuse_more(asked: int, config: BatchConfig, clips: int, row: int) -> None:
    """``ConfigError`` where a batch asks for more clips than there are; ``row``: clips of one P."""
    if asked <= clips:
        return
    most = clips // row
    instead = f"type batches.signs={most} or less" if most > 1 else "give data.store another store"
    raise ConfigError(
        f"batches.signs={config.signs} and batches.clips_per_sign={config.clips_per_sign} ask for "
        f"{asked} different clips a batch, and {clips} train; {instead}"
    )
