"""One training of keyword search: from sentences and the words of each (LREC 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from raysign.config import KeywordConfig
from raysign.engine.keywords.batches import Index, check_batches, epoch_batches, steps_of
from raysign.engine.keywords.scoring import logits_of
from raysign.engine.keywords.sentences import PreparedSentences, TrainingSentences
from raysign.engine.loop import Asked, Loop
from raysign.engine.optimizer import build_optimizer
from raysign.engine.precision import autocast
from raysign.engine.workers import distributed, gathered_mean, gathered_rows, share_of_clips, world
from raysign.keywords.augment import augment
from raysign.keywords.loss import word_losses
from raysign.keywords.metrics import KeywordFigures, keyword_figures
from raysign.keywords.model import KeywordModel
from raysign.keywords.prepare import PrepareSentences
from raysign.keywords.resampled import resample
from raysign.ranking import Figure
from raysign.skeleton import layout_named


@dataclass(frozen=True)
class MeasuredWords:
    """The figures of val; ``sure`` are their intervals, where they were asked for."""

    figures: KeywordFigures
    sure: Mapping[str, Figure] = field(default_factory=dict)
    evidence: Mapping[str, Tensor] = field(default_factory=dict)
    """``map`` and ``max_f1``, and ``drawn_map`` and ``drawn_max_f1`` in each resample of the
    sentences; they are there where the intervals are.
    """

    def metrics(self) -> dict[str, float]:
        """``val/map``, ``val/max_f1`` and so on; the ends of their intervals where there are."""
        numbers = self.figures.as_json()
        for name, figure in self.sure.items():
            numbers |= {f"{name}_low": figure.low, f"{name}_high": figure.high}
        return {f"val/{name}": float(value) for name, value in numbers.items()}


def measure_words(
    scores: Float[np.ndarray, "sentence word"],
    labels: np.ndarray,
    *,
    resamples: int,
    above: float = -1.0,
) -> MeasuredWords:
    """The figures of scores, with intervals over sentences where the mAP is above a value."""
    figures = keyword_figures(scores, labels)
    if figures.map <= above:
        return MeasuredWords(figures)
    drawn = resample(scores, labels, figures=figures, resamples=resamples)
    evidence = {
        **{name: torch.tensor(value, dtype=torch.float64) for name, value in drawn.value.items()},
        **{f"drawn_{name}": torch.from_numpy(each.copy()) for name, each in drawn.drawn.items()},
    }
    return MeasuredWords(figures, {name: drawn.figure(name) for name in drawn.value}, evidence)


class KeywordTraining(Loop):
    """The training of a keyword model: its epochs are judged by val mAP.

    Only words that train has are searched, and the figures are of those that val has too, as
    published. An epoch that is not the best so far is told without intervals.
    """

    config: KeywordConfig
    kept: KeywordModel

    def __init__(self, config: KeywordConfig, sentences: TrainingSentences) -> None:
        """Raises as ``check``."""
        self.check(config, sentences)
        self.sentences = sentences
        self._begin(config, sentences.fingerprint)
        self.prepare = PrepareSentences(config.prepare, layout_named(sentences.layout))
        self.labels = sentences.train.labels
        model = KeywordModel(config, self.prepare.channel_map, len(sentences.vocabulary))
        model.start_at(self.labels.mean(axis=0))
        self._set_out(model.to(self.device))
        self._schedule(build_optimizer(config, self.model))

    @classmethod
    def check(cls, config: KeywordConfig, sentences: TrainingSentences) -> None:
        """``ConfigError``: fewer sentences than workers."""
        check_batches(config, len(sentences.train))

    def measure(self) -> MeasuredWords:
        """Every word ranks all of val's sentences."""
        val = self.sentences.val
        scores = self._logits(val.sentences)
        resamples = self.config.evaluate.bootstrap
        return measure_words(scores, val.labels, resamples=resamples, above=self.best_map)

    def _asked(self) -> Asked:
        model = distributed(self.model)

        def loss(batch: Index, random: np.random.Generator, draws: torch.Generator) -> Tensor:
            own = batch[world()[0] :: world()[1]]
            joints, shown = (
                torch.from_numpy(part).to(self.device)
                for part in self.sentences.train.sentences.padded(own)
            )
            joints, shown = augment(joints.float(), shown, self.config.augment, self.prepare, draws)
            with autocast(self.config.optim, self.device):
                logits = model(self.prepare.channels(joints), shown)
            labels = torch.from_numpy(self.labels[own]).to(self.device)
            each = word_losses(logits, labels, self.config.loss)
            return gathered_mean(each.sum(), each.new_tensor(float(len(own))))

        return loss

    def _steps(self, epochs: int) -> int:
        return steps_of(self.config, self.sentences.train.sentences.num_frames, epochs)

    def _batches(self, random: np.random.Generator) -> list[Index]:
        return epoch_batches(self.config, self.sentences.train.sentences.num_frames, random)

    def _logits(self, part: PreparedSentences) -> Float32[np.ndarray, "sentence word"]:
        """On every worker; each computes its share."""
        size = self.config.evaluate.batch_sentences
        if world()[1] == 1:
            return logits_of(self.kept, self.prepare, part, size)
        own = logits_of(self.kept, self.prepare, part.select(share_of_clips(len(part))), size)
        rows = gathered_rows(torch.from_numpy(own).to(self.device), len(part))
        gathered: np.ndarray = rows.cpu().numpy()
        return gathered

    def _parts(self) -> dict[str, Any]:
        return {"model": self.model, **super()._parts()}
