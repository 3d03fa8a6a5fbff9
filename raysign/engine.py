"""The training loop: plain torch. It knows neither Ray nor MLflow and runs in one process or in many.

In many processes (``torch.distributed`` initialised) each takes its share of a batch's signs, embeddings
are gathered before the loss, and the loss sees the negatives of all; so n workers × 1/n of a batch give the
loss and gradient of one worker × the whole batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from jaxtyping import Float, Float16, Int
from torch import Tensor, nn
from torch.distributed.nn.functional import all_gather
from torch.nn.parallel import DistributedDataParallel

from raysign.batches import Prepared, TrainingClips, batches_per_epoch, check_batches, epoch_batches
from raysign.config import TrainConfig
from raysign.embed import Embedder
from raysign.encoders import build_encoder, count_parameters
from raysign.errors import TrainingError
from raysign.losses import build_loss
from raysign.pose import Prepare, augment
from raysign.ranking import Ranking, rank, summarise
from raysign.skeleton import layout_named


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave; the same on every worker."""

    number: int
    """From 1."""
    loss: float
    """Mean over the epoch's batches."""
    seconds: float
    """Training and measuring."""
    ranking: Ranking | None
    """Val queries → gallery; None in epochs that are not measured."""
    improved: bool
    """The val mAP is the best so far."""

    def metrics(self) -> dict[str, float]:
        """By the names that MLflow and JSON carry."""
        measured = self.ranking.as_metrics("val/") if self.ranking else {}
        return {"train/loss": self.loss, "epoch_s": self.seconds, **measured}


def world() -> tuple[int, int]:
    """This process's rank and how many there are; (0, 1) without ``torch.distributed``."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def choose_device(name: str) -> torch.device:
    """``auto`` → a GPU where there is one; ``TrainingError`` for a GPU that is not there."""
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("device=cuda, but torch sees no GPU; type device=cpu or device=auto")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def gathered_loss(
    loss: nn.Module, embeddings: Float[Tensor, "clip embedding"], sign: Int[Tensor, "clip"]
) -> Float[Tensor, ""]:
    """The loss over the clips of all workers, differentiable on each.

    ``all_gather``'s backward sums over workers what DistributedDataParallel then averages: together the
    gradient of the one loss.
    """
    if world()[1] > 1:
        embeddings = torch.cat(all_gather(embeddings.contiguous()))
        signs = [torch.empty_like(sign) for _ in range(world()[1])]
        dist.all_gather(signs, sign.contiguous())
        sign = torch.cat(signs)
    value: Tensor = loss(embeddings, sign)
    return value


class Training:
    """One training run: ``run`` it, take its ``state`` at any epoch, ``restore`` it elsewhere."""

    def __init__(self, config: TrainConfig, clips: TrainingClips) -> None:
        self.config = config
        self.clips = clips
        self.device = choose_device(config.device)
        self.notes = check_batches(config.batches, clips.train.sign)
        torch.manual_seed(config.seed)
        self.prepare = Prepare(config.prepare, layout_named(clips.layout))
        self.encoder = build_encoder(config.encoder, self.prepare.num_channels).to(self.device)
        self.loss = build_loss(config.loss, len(clips.signs), config.encoder.embedding)
        self.loss.to(self.device)
        self.embedder = Embedder(self.prepare, self.encoder, config.evaluate.batch_clips)
        self.optimizer = _optimizer(config, self.encoder, self.loss)
        self.steps = batches_per_epoch(config.batches, clips.train.sign) * config.optim.epochs
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._rate)
        self.epoch = 0
        self.best_map = -1.0
        self.best_epoch = 0
        self.best_metrics: dict[str, float] = {}
        self.best_weights: dict[str, Tensor] = {}

    @property
    def num_parameters(self) -> int:
        return count_parameters(self.encoder)

    @property
    def finished(self) -> bool:
        """All epochs are done, or val mAP has not risen for ``optim.patience`` epochs."""
        optim = self.config.optim
        waited = self.epoch - self.best_epoch
        return self.epoch >= optim.epochs or (self.epoch > 0 and waited >= optim.patience)

    def run(self, on_epoch: Callable[[Epoch], None] = lambda epoch: None) -> None:
        """Train until finished, calling ``on_epoch`` after each epoch, on every worker."""
        encoder, loss = _distributed(self.encoder), _distributed(self.loss)
        while not self.finished:
            started = time.perf_counter()
            mean = self._train_epoch(encoder, loss)
            self.epoch += 1
            due = self.epoch % self.config.evaluate.every == 0
            ranking = self.measure() if due or self.epoch == self.config.optim.epochs else None
            improved = ranking is not None and ranking.figures["map"].value > self.best_map
            if ranking is not None and improved:
                self.best_map, self.best_epoch = ranking.figures["map"].value, self.epoch
                self.best_metrics = {f"val/{k}": float(v) for k, v in ranking.as_json().items()}
                self.best_weights = {
                    name: tensor.detach().cpu().clone()
                    for name, tensor in self.encoder.state_dict().items()
                }
            seconds = time.perf_counter() - started
            on_epoch(Epoch(self.epoch, mean, seconds, ranking, improved))

    def best(self) -> dict[str, float]:
        """The figures of the best epoch so far, by their names with ``best/`` before them."""
        return {f"best/{name}": value for name, value in self.best_metrics.items()}

    def measure(self) -> Ranking:
        """Rank the gallery for every val query; a clip is never its own answer."""
        queries = self._embed(self.clips.queries)
        searched = self.clips.gallery or self.clips.train
        gallery = self._embed(searched)
        sign, gallery_sign, key, gallery_key = (
            torch.from_numpy(a.copy()).to(self.device)
            for a in (self.clips.queries.sign, searched.sign, self.clips.queries.key, searched.key)
        )
        found = rank(queries, sign, gallery, gallery_sign, query_key=key, gallery_key=gallery_key)
        return summarise(found, sign, resamples=self.config.evaluate.bootstrap)

    def state(self) -> dict[str, Any]:
        """All that ``restore`` needs, in types that ``torch.load(weights_only=True)`` takes.

        Random numbers need no state: every epoch draws from the seed, its number and the rank.
        """
        return {
            "config": self._identity(),
            "encoder": self.encoder.state_dict(),
            "loss": self.loss.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "epoch": self.epoch,
            "best_map": self.best_map,
            "best_epoch": self.best_epoch,
            "best_metrics": self.best_metrics,
            "best_weights": self.best_weights,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken: the epochs that follow are those that would have followed.

        ``TrainingError`` where the state is of another config or of other clips.
        """
        if state["config"] != self._identity():
            raise TrainingError(
                "this run began with another config or other clips; give it another --name, "
                "or the config that it began with"
            )
        for part in ("encoder", "loss", "optimizer", "schedule"):
            getattr(self, part).load_state_dict(state[part])
        for name in ("epoch", "best_map", "best_epoch", "best_metrics", "best_weights"):
            setattr(self, name, state[name])

    def _identity(self) -> str:
        """What a resumed run must share with the one it resumes; where it runs may differ."""
        where = {"workers", "threads", "device"}
        return f"{self.clips.fingerprint} {self.config.model_dump_json(exclude=where)}"

    def _rate(self, step: int) -> float:
        """Linear warm-up from zero, then a cosine to zero, as a share of the highest rate."""
        warm = self.config.optim.warmup * self.steps
        if step < warm:
            return (step + 1) / (warm + 1)
        progress = (step - warm) / max(1.0, self.steps - warm)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))

    def _train_epoch(self, encoder: nn.Module, loss: nn.Module) -> float:
        rank_, workers = world()
        share = self.config.batches.signs // workers
        own = slice(rank_ * share, (rank_ + 1) * share)
        seed = [self.config.seed, self.epoch]
        random = np.random.default_rng(seed)
        draws = torch.Generator(self.device)
        draws.manual_seed(int(np.random.default_rng([*seed, rank_]).integers(2**63)))
        torch.manual_seed(draws.initial_seed() ^ 1)  # dropout draws from torch's own generator
        encoder.train()
        train = self.clips.train
        values = []
        for batch in epoch_batches(self.config.batches, train.sign, random):
            index = batch[own].ravel()
            channels = self._channels(train.sequences[index], draws)
            sign = torch.from_numpy(train.sign[index]).to(self.device)
            self.optimizer.zero_grad(set_to_none=True)
            with self._autocast():
                embeddings = encoder(channels)
            value = gathered_loss(loss, embeddings.float(), sign)
            if not torch.isfinite(value):
                raise TrainingError(
                    f"the loss is {value.item()} in epoch {self.epoch + 1}; "
                    f"try a lower optim.lr than {self.config.optim.lr:g}"
                )
            value.backward()
            nn.utils.clip_grad_norm_(self.encoder.parameters(), self.config.optim.clip_norm)
            self.optimizer.step()
            self.schedule.step()
            values.append(value.detach())
        return float(torch.stack(values).mean())

    def _channels(
        self, sequences: Float16[np.ndarray, "clip frame joint axis"], draws: torch.Generator
    ) -> Float[Tensor, "clip frame channel"]:
        xyz = torch.from_numpy(sequences).to(self.device).float()
        return self.prepare.channels(augment(xyz, self.config.augment, self.prepare, draws))

    def _autocast(self) -> Any:
        precision = self.config.optim.precision
        fit = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        if precision == "bfloat16" or (precision == "auto" and fit):
            return torch.autocast(self.device.type, torch.bfloat16)
        return nullcontext()

    def _embed(self, clips: Prepared) -> Float[Tensor, "clip embedding"]:
        """Embeddings of all clips on every worker; each worker computes its share."""
        rank_, workers = world()
        with self._autocast():
            if workers == 1:
                return self.embedder.embed_prepared(clips.sequences)
            share = math.ceil(len(clips) / workers)
            # The last share is filled up, so that all are of one size, and cut again.
            index = np.minimum(np.arange(rank_ * share, (rank_ + 1) * share), len(clips) - 1)
            part = self.embedder.embed_prepared(clips.sequences[index])
        parts = [torch.empty_like(part) for _ in range(workers)]
        dist.all_gather(parts, part.contiguous())
        return torch.cat(parts)[: len(clips)]


def _distributed(module: nn.Module) -> nn.Module:
    trainable = any(p.requires_grad for p in module.parameters())
    return DistributedDataParallel(module) if world()[1] > 1 and trainable else module


def _optimizer(config: TrainConfig, encoder: nn.Module, loss: nn.Module) -> torch.optim.Optimizer:
    """AdamW; no weight decay on vectors (biases, norms) and proxies, which have a rate of their own."""
    matrices = [p for p in encoder.parameters() if p.ndim > 1]
    vectors = [p for p in encoder.parameters() if p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": config.optim.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    proxies = list(loss.parameters())
    if proxies:
        factor = getattr(config.loss, "proxy_lr_factor", 1.0)
        groups.append({"params": proxies, "weight_decay": 0.0, "lr": config.optim.lr * factor})
    return torch.optim.AdamW(groups, lr=config.optim.lr, betas=(0.9, 0.98))
