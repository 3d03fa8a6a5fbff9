"""The moving average of the weights against a loop over what the weights were."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from raysign.batches import TrainingClips
from raysign.config import TrainConfig
from raysign.engine import Training
from raysign.engine.average import decay_at, moving_average

MakeConfig = Callable[..., TrainConfig]


def test_the_decay_climbs_to_its_value() -> None:
    decays = [decay_at(step, 0.998) for step in range(20_000)]
    assert decays[:3] == pytest.approx([1 / 10, 2 / 11, 3 / 12])
    assert decays == sorted(decays)
    assert decays[4489] == pytest.approx(4490 / 4499)
    assert decays[4490:] == pytest.approx([0.998] * (20_000 - 4490))


@pytest.mark.parametrize("decay", [0.3, 0.998])
def test_the_average_is_that_of_every_steps_weights(
    decay: float, config: MakeConfig, clips: TrainingClips
) -> None:
    training = Training(config(optim__ema=decay), clips)
    seen: list[dict[str, Tensor]] = []
    training.optimizer.register_step_post_hook(
        lambda *_: seen.append({n: p.detach().clone() for n, p in weights.items()})
    )
    weights = dict(training.encoder.named_parameters())
    training.run()
    assert len(seen) == training.steps == 16
    kept = dict(training.kept.named_parameters())
    for name in weights:
        expected = seen[0][name].double()
        for step in range(1, len(seen)):
            d = min(decay, (1 + step) / (10 + step))
            expected = d * expected + (1 - d) * seen[step][name].double()
        torch.testing.assert_close(kept[name].double(), expected, rtol=1e-5, atol=1e-6)
    moved = max((kept[n] - p).abs().max().item() for n, p in weights.items())
    assert moved > 2e-5, "the average lags behind"


def test_the_average_is_what_is_measured_and_kept(config: MakeConfig, clips: TrainingClips) -> None:
    training = Training(config(optim__ema=0.9, evaluate__every=4), clips)
    training.run()
    assert training.best_weights.keys() == training.encoder.state_dict().keys()
    for name, tensor in training.kept.state_dict().items():
        assert torch.equal(training.best_weights[name], tensor)
    measured = training._embed(clips.queries)
    training.encoder.load_state_dict(training.best_weights)
    alone = Training(config(), clips)
    alone.encoder.load_state_dict(training.best_weights)
    assert torch.equal(alone._embed(clips.queries), measured)


def test_without_a_decay_the_weights_are_the_encoders(
    config: MakeConfig, clips: TrainingClips
) -> None:
    training = Training(config(), clips)
    assert training.kept is training.encoder
    assert "average" not in training.state()


def test_training_goes_the_same_way_with_an_average_beside_it(
    config: MakeConfig, clips: TrainingClips
) -> None:
    with_average, without = (Training(config(optim__ema=ema), clips) for ema in (0.9, 0))
    for training in (with_average, without):
        training.run()
    for name, tensor in without.encoder.state_dict().items():
        assert torch.equal(with_average.encoder.state_dict()[name], tensor)
    assert with_average.num_parameters == without.num_parameters


def test_running_statistics_are_averaged_and_counters_kept_whole() -> None:
    encoder = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = moving_average(encoder, 0.5)
    means = []
    for seed in range(3):
        encoder(torch.randn(8, 2, generator=torch.Generator().manual_seed(seed)))
        average.update_parameters(encoder)
        means.append(encoder[1].running_mean.clone())
    first, second, third = means
    d1, d2 = 2 / 11, 3 / 12
    expected = d2 * (d1 * first + (1 - d1) * second) + (1 - d2) * third
    torch.testing.assert_close(average.module[1].running_mean, expected)
    assert average.module[1].num_batches_tracked.dtype == torch.int64
