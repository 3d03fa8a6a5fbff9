from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from raysign import engine
from raysign.baseline import untrained
from raysign.batches import TrainingClips, epoch_batches
from raysign.config import TrainConfig
from raysign.engine import Epoch, Training, choose_device
from raysign.engine.measuring import Measured
from raysign.errors import ConfigError, TrainingError
from raysign.ranking import Figure, Ranking

MakeConfig = Callable[..., TrainConfig]
LOSSES: dict[str, dict[str, Any]] = {
    "supcon": {},
    "supcon with memory": {"kind": "supcon", "memory": 40, "memory_start": 5},
    "arcface": {},
    "arcface with sub-centres": {"kind": "arcface", "subcentres": 2, "smoothing": 0.1},
    "proxy_nca": {},
    "supcon_arcface": {},
    "triplet": {},
    "triplet with memory": {"kind": "triplet", "memory": 40, "memory_start": 5},
    "cross_entropy": {},
    "cross_entropy, linear": {"kind": "cross_entropy", "classifier": "linear"},
}
QUICKLY: dict[str, Any] = {"optim__epochs": 15, "optim__lr": 0.01, "evaluate__every": 5}
every_loss = pytest.mark.parametrize(
    "loss", [{"kind": name, **values} for name, values in LOSSES.items()], ids=LOSSES.keys()
)


def trained(config: TrainConfig, clips: TrainingClips) -> tuple[Training, list[Epoch]]:
    training, epochs = Training(config, clips), []
    training.run(epochs.append)
    return training, epochs


def saved(state: dict[str, Any]) -> dict[str, Any]:
    """Through a file and back, with no pickle executed."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    loaded: dict[str, Any] = torch.load(buffer, weights_only=True)
    return loaded


def assert_same_weights(one: Training, other: Training) -> None:
    for part in ("encoder", "loss", "kept"):
        first, second = (getattr(t, part).state_dict() for t in (one, other))
        assert first.keys() == second.keys()
        for name, tensor in first.items():
            assert torch.equal(tensor, second[name]), name


def scripted(monkeypatch: pytest.MonkeyPatch, maps: list[float]) -> None:
    """Let every measurement give the next of these mAPs."""
    found = iter(maps)

    def measure(training: Training) -> Measured:
        value = next(found)
        return Measured(Ranking({"map": Figure(value, value, value)}, 1, 0, 1, 1, 1.0), None)

    monkeypatch.setattr(Training, "measure", measure)


def assert_learns(settings: TrainConfig, clips: TrainingClips) -> None:
    training, epochs = trained(settings, clips)
    assert epochs[4].loss < 0.8 * epochs[0].loss
    before = untrained(clips, resamples=100).figures["map"].value
    assert training.best_map > before + 0.25
    assert [e.number for e in epochs] == list(range(1, len(epochs) + 1))
    assert training.best_map == max(e.metrics()["val/map"] for e in epochs if e.measured)


@every_loss
def test_it_learns_by_every_loss(
    loss: dict[str, Any], config: MakeConfig, clips: TrainingClips
) -> None:
    assert_learns(config(loss=loss, **QUICKLY), clips)


def test_it_learns_with_another_encoder(config: MakeConfig, clips: TrainingClips) -> None:
    small = {"kind": "conv_transformer", "width": 16, "heads": 2, "groups": 1, "kernel": 3}
    assert_learns(config(loss__kind="supcon_arcface", encoder=small, **QUICKLY), clips)


def test_an_epoch_says_what_it_gave(config: MakeConfig, clips: TrainingClips) -> None:
    training, epochs = trained(config(optim__epochs=2), clips)
    metrics = epochs[0].metrics()
    assert {"train/loss", "epoch_s", "val/map", "val/mrr", "val/recall_at_1"} <= metrics.keys()
    assert all(type(value) is float for value in metrics.values())
    assert epochs[0].improved
    best = training.best()
    assert best["best/val/map"] == training.best_map
    assert best["best/val/gallery"] == len(clips.train)
    assert training.num_parameters == sum(p.numel() for p in training.encoder.parameters())
    assert training.finished


def test_the_best_epochs_weights_are_kept(
    config: MakeConfig, clips: TrainingClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, [0.1, 0.3, 0.2, 0.3])
    training, after = Training(config(), clips), []
    training.run(lambda _: after.append(saved(training.encoder.state_dict())))
    assert (training.best_epoch, training.best_map) == (2, 0.3)
    assert training.best_metrics["val/map"] == 0.3
    assert all(torch.equal(t, after[1][name]) for name, t in training.best_weights.items())
    assert not torch.equal(after[1]["head.project.weight"], after[3]["head.project.weight"])


def test_it_stops_when_val_map_has_not_risen_for_patience_epochs(
    config: MakeConfig, clips: TrainingClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, [0.1, 0.2, 0.2, 0.15, 0.19, 0.9])
    training, epochs = trained(config(optim__epochs=20, optim__patience=3), clips)
    assert [e.improved for e in epochs] == [True, True, False, False, False]
    assert training.best_epoch == 2


def test_patience_waits_for_measurements_where_they_are_rare(
    config: MakeConfig, clips: TrainingClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, [0.1, 0.2, 0.1, 0.9])
    settings = config(optim__epochs=30, optim__patience=2, evaluate__every=4)
    training, epochs = trained(settings, clips)
    assert [e.number for e in epochs if e.measured] == [4, 8, 12]
    assert training.best_epoch == 8
    assert training.best_weights


def test_the_last_epoch_is_always_measured(config: MakeConfig, clips: TrainingClips) -> None:
    _, epochs = trained(config(optim__epochs=5, evaluate__every=3), clips)
    assert [e.number for e in epochs if e.measured] == [3, 5]
    assert "val/map" not in epochs[0].metrics()


@every_loss
def test_resumed_it_ends_with_the_same_bits(
    loss: dict[str, Any], config: MakeConfig, clips: TrainingClips
) -> None:
    chance = {"jitter_sigma": 0.1, "mirror": 0.5, "time_warp": 0.2}
    ema = 0.9 if "memory" in loss else 0
    settings = config(loss=loss, encoder__dropout=0.3, augment=chance, optim__ema=ema)
    through, epochs = trained(settings, clips)

    first, states = Training(settings, clips), []

    class Killed(Exception):
        pass

    def on_epoch(epoch: Epoch) -> None:
        states.append(saved(first.state()))
        if epoch.number == 2:
            raise Killed

    with pytest.raises(Killed):
        first.run(on_epoch)
    torch.manual_seed(99)
    second, rest = Training(settings, clips), []
    second.restore(states[-1])
    assert second.epoch == 2
    second.run(rest.append)
    assert_same_weights(second, through)
    assert [e.loss for e in rest] == [e.loss for e in epochs[2:]]
    assert [e.metrics()["val/map"] for e in rest] == [e.metrics()["val/map"] for e in epochs[2:]]
    assert (second.best_map, second.best_epoch) == (through.best_map, through.best_epoch)
    assert second.best_metrics == through.best_metrics
    assert all(torch.equal(t, through.best_weights[n]) for n, t in second.best_weights.items())


def test_a_finished_run_restored_is_finished(config: MakeConfig, clips: TrainingClips) -> None:
    done, _ = trained(config(optim__epochs=1), clips)
    again = Training(config(optim__epochs=1), clips)
    again.restore(saved(done.state()))
    assert again.finished
    again.run(lambda epoch: pytest.fail("it trained on"))
    assert_same_weights(again, done)


@pytest.mark.parametrize(
    "change", [{"optim__lr": 0.01}, {"seed": 1}, {"optim__epochs": 5}, {"evaluate__every": 2}]
)
def test_a_state_of_another_config_is_refused(
    change: dict[str, Any], config: MakeConfig, clips: TrainingClips
) -> None:
    state = Training(config(), clips).state()
    with pytest.raises(TrainingError, match="began with another config or other data"):
        Training(config(**change), clips).restore(state)


def test_a_state_of_other_clips_is_refused_but_not_one_of_another_machine(
    config: MakeConfig, clips: TrainingClips
) -> None:
    state = Training(config(), clips).state()
    other = TrainingClips(**{**clips.__dict__, "fingerprint": "other"})
    with pytest.raises(TrainingError, match="other data"):
        Training(config(), other).restore(state)
    Training(config(workers=2, threads=3, device="auto"), clips).restore(state)


def test_the_same_seed_gives_the_same_weights_and_another_others(
    config: MakeConfig, clips: TrainingClips
) -> None:
    one, same = (trained(config(optim__epochs=1), clips)[0] for _ in range(2))
    assert_same_weights(one, same)
    other, _ = trained(config(optim__epochs=1, seed=1), clips)
    with pytest.raises(AssertionError):
        assert_same_weights(one, other)


def test_a_loss_that_is_not_finite_ends_the_run(config: MakeConfig, clips: TrainingClips) -> None:
    training = Training(config(optim__lr=0.5), clips)
    training.encoder.head.project.weight.data.fill_(torch.nan)  # type: ignore[union-attr,operator]
    with pytest.raises(TrainingError, match=r"loss is nan in epoch 1; .* lower optim.lr than 0.5"):
        training.run()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused(config: MakeConfig, clips: TrainingClips) -> None:
    with pytest.raises(TrainingError, match="device=cuda, but torch sees no GPU"):
        Training(config(device="cuda"), clips)
    assert choose_device("auto") == torch.device("cpu")


def test_batches_that_cannot_be_filled_are_refused(
    config: MakeConfig, clips: TrainingClips
) -> None:
    with pytest.raises(ConfigError, match=r"type batches.signs=12 or less"):
        Training(config(batches__signs=13), clips)


def test_long_gradients_are_cut(config: MakeConfig, clips: TrainingClips) -> None:
    training = Training(config(optim__epochs=1, optim__clip_norm=1e-3), clips)
    training.run()
    norms = [p.grad.norm() for p in training.encoder.parameters() if p.grad is not None]
    assert torch.stack(norms).norm() == pytest.approx(1e-3, rel=1e-3)


def test_bfloat16_keeps_weights_and_embeddings_in_float32(
    config: MakeConfig, clips: TrainingClips
) -> None:
    exact, _ = trained(config(optim__epochs=1), clips)
    training, epochs = trained(config(optim__epochs=1, optim__precision="bfloat16"), clips)
    assert math.isfinite(epochs[0].loss)
    assert {p.dtype for p in training.encoder.parameters()} == {torch.float32}
    with pytest.raises(AssertionError):
        assert_same_weights(training, exact)
    assert training._embed(clips.queries).dtype == torch.float32


def test_a_memory_that_would_never_be_used_is_refused(
    config: MakeConfig, clips: TrainingClips
) -> None:
    with pytest.raises(
        ConfigError, match=r"start=16, but the run has 16 steps: .* type loss.memory_start=8"
    ):
        Training(config(loss__memory=18, loss__memory_start=16), clips)
    Training(config(loss__memory=18, loss__memory_start=15), clips)
    Training(config(loss__memory=0, loss__memory_start=16), clips)


def test_batches_are_seen_by_every_epoch_anew(
    config: MakeConfig, clips: TrainingClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs: list[list[np.ndarray]] = []

    def noted(*given: Any) -> Iterator[np.ndarray]:
        epochs.append(list(epoch_batches(*given)))
        return iter(epochs[-1])

    monkeypatch.setattr(engine.objective, "epoch_batches", noted)
    trained(config(optim__epochs=2), clips)
    first, second = epochs
    assert not np.array_equal(first[0], second[0])
