"""A model that learns the words of tiny sentences, stops, and goes on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raysign.config import KeywordConfig
from raysign.engine import Epoch, build_training
from raysign.engine.keywords import KeywordTraining, TrainingSentences, logits_of
from raysign.errors import ConfigError, TrainingError
from raysign.keywords.baselines import by_frequency
from raysign.train.checkpoint import load_state, save_state

MakeConfig = Callable[..., KeywordConfig]
CONV = {"kind": "conv_transformer", "width": 16, "heads": 2, "groups": 1, "kernel": 3}
VARIED = {"encoder": {**CONV, "dropout": 0.2}, "augment": {"tempo": 0.2, "rotate_sigma_rad": 0.1}}


def trained(
    config: KeywordConfig, sentences: TrainingSentences
) -> tuple[KeywordTraining, list[Epoch]]:
    training, epochs = KeywordTraining(config, sentences), []
    training.run(epochs.append)
    return training, epochs


GRAPH = {"kind": "st_gcn", "widths": [16, 24], "kernel": 3}
WIDER = {**CONV, "width": 32, "kernel": 5, "drop_path": 0.0}


@pytest.mark.parametrize("encoder", [GRAPH, WIDER])
def test_it_learns_which_words_are_in_a_sentence(
    encoder: dict[str, Any], config: MakeConfig, sentences: TrainingSentences
) -> None:
    settings = config(
        encoder={**encoder, "dropout": 0.0},
        batches__sentences=8,
        optim__epochs=16,
        evaluate__every=8,
    )
    training, epochs = trained(settings, sentences)
    assert epochs[-1].loss < 0.6 * epochs[0].loss
    frequency = sentences.train.labels.mean(axis=0)
    floor = by_frequency(frequency, sentences.val.labels)
    assert training.best_map > floor.map + 0.3
    assert training.best_metrics["val/max_f1"] > floor.max_f1 + 0.2
    assert [epoch.number for epoch in epochs if epoch.measured] == [8, 16]


def test_an_epoch_says_what_it_gave(config: MakeConfig, sentences: TrainingSentences) -> None:
    training, epochs = trained(config(encoder=CONV, optim__epochs=2), sentences)
    metrics = epochs[0].metrics()
    assert {"train/loss", "epoch_s", "val/map", "val/max_f1", "val/words"} <= metrics.keys()
    assert all(type(value) is float for value in metrics.values())
    assert metrics["val/sentences"] == 25
    assert metrics["val/map_low"] <= metrics["val/map"] <= metrics["val/map_high"]
    assert training.best()["best/val/map"] == training.best_map
    assert isinstance(build_training(training.config, sentences), KeywordTraining)


def test_an_epoch_that_is_not_the_best_goes_without_intervals(
    config: MakeConfig, sentences: TrainingSentences
) -> None:
    training = KeywordTraining(config(encoder=CONV), sentences)
    training.best_map = 2.0
    assert "val/map_low" not in training.measure().metrics()
    training.best_map = -1.0
    assert "val/map_low" in training.measure().metrics()


def test_the_best_epochs_resamples_are_kept(
    config: MakeConfig, sentences: TrainingSentences
) -> None:
    training, _ = trained(config(encoder=CONV, optim__epochs=2), sentences)
    kept, told = training.best_evidence, training.best_metrics
    for name in ("map", "max_f1"):
        drawn = kept[f"drawn_{name}"].numpy()
        assert float(kept[name]) == told[f"val/{name}"]
        centred = np.percentile(drawn - drawn.mean() + float(kept[name]), [2.5, 97.5]).clip(0, 1)
        ends = [told[f"val/{name}_{end}"] for end in ("low", "high")]
        assert centred.tolist() == pytest.approx(ends)


def test_what_is_measured_is_what_is_kept(config: MakeConfig, sentences: TrainingSentences) -> None:
    """With a moving average, whose weights are others than those that train."""
    training, _ = trained(config(encoder=CONV, optim__epochs=2, optim__ema=0.9), sentences)
    val = sentences.val.sentences
    kept, plain = (
        logits_of(model, training.prepare, val, 7) for model in (training.kept, training.model)
    )
    assert np.array_equal(
        training._logits(val), logits_of(training.kept, training.prepare, val, 64)
    )
    assert np.allclose(kept, training._logits(val), atol=1e-4)  # whatever the batch
    assert not np.allclose(kept, plain, atol=1e-3)


@pytest.mark.parametrize("stop", [1, 2])
def test_a_run_goes_on_exactly_where_it_stopped(
    stop: int, config: MakeConfig, sentences: TrainingSentences, tmp_path: Path
) -> None:
    settings = config(**VARIED, optim__epochs=3, optim__ema=0.9)
    through, epochs = trained(settings, sentences)

    first = KeywordTraining(settings, sentences)

    class Stopped(Exception):
        pass

    def end(epoch: Epoch) -> None:
        if epoch.number == stop:
            save_state(first.state(), tmp_path)
            raise Stopped

    with pytest.raises(Stopped):
        first.run(end)
    second, rest = KeywordTraining(settings, sentences), []
    second.restore(load_state(tmp_path))
    second.run(rest.append)
    assert [epoch.loss for epoch in rest] == [epoch.loss for epoch in epochs[stop:]]
    assert (second.best_map, second.best_epoch) == (through.best_map, through.best_epoch)
    assert second.best_metrics == through.best_metrics
    for part in ("model", "kept"):
        ours, theirs = (getattr(each, part).state_dict() for each in (second, through))
        assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1)])
def test_among_other_workers_it_goes_on_with_the_rates_that_are_left(
    before: int, after: int, config: MakeConfig, sentences: TrainingSentences
) -> None:
    """A worker's share bounds the batches, so that epochs have four times as many for one."""

    def training(workers: int) -> tuple[KeywordTraining, list[float]]:
        bound = {"batches__frames": 40, "workers": workers, "evaluate__every": 4}
        made = KeywordTraining(config(encoder=CONV, **bound), sentences)
        rates: list[float] = []

        def note(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            rates.append(optimizer.param_groups[0]["lr"])

        made.optimizer.register_step_pre_hook(note)
        return made, rates

    states: list[dict[str, Any]] = []
    first, _ = training(before)
    first.run(lambda epoch: states.append(copy.deepcopy(first.state())))
    through, expected = training(after)
    through.run()
    assert max(first.steps, through.steps) == 4 * min(first.steps, through.steps)
    second, rates = training(after)
    second.restore(states[1])
    second.run()
    assert rates == expected[through.steps // 2 :]
    again, _ = training(after)
    again.restore(states[3])
    assert again.finished
    assert again.schedule.last_epoch == through.steps


@pytest.mark.parametrize("change", [{"optim__lr": 0.02}, {"search__decision": "c"}])
def test_a_state_of_another_config_is_refused(
    change: dict[str, Any], config: MakeConfig, sentences: TrainingSentences
) -> None:
    state = KeywordTraining(config(encoder=CONV), sentences).state()
    with pytest.raises(TrainingError, match="began with another config or other data"):
        KeywordTraining(config(encoder=CONV, **change), sentences).restore(state)


def test_a_loss_that_is_not_finite_ends_the_run(
    config: MakeConfig, sentences: TrainingSentences
) -> None:
    training = KeywordTraining(config(encoder=CONV), sentences)
    with torch.no_grad():
        training.model.queries.fill_(torch.nan)
    with pytest.raises(TrainingError, match=r"the loss is nan in epoch 1; try a lower optim\.lr"):
        training.run()


def test_fewer_sentences_than_workers_are_refused(
    config: MakeConfig, sentences: TrainingSentences
) -> None:
    with pytest.raises(ConfigError, match="type workers=64 or less"):
        KeywordTraining(config(workers=128, batches__sentences=128), sentences)
