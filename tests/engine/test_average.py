"""The moving average of the weights against a loop over what the weights were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from raysign.batches import TrainingClips
from raysign.config import EncoderConfig, PrepareConfig, TrainConfig
from raysign.encoders import build_encoder
from raysign.engine import Training
from raysign.engine.average import decay_at, moving_average
from raysign.pose import Prepare
from raysign.skeleton import HOLISTIC75

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


GRAPH = {"kind": "st_gcn", "widths": [8, 12], "kernel": 3, "embedding": 8}
TWO = {"kind": "conformer", "width": 16, "hand_width": 12, "heads": 4, "depth": 1, "embedding": 8}


@pytest.mark.parametrize(
    "encoder",
    [
        GRAPH,
        TWO,
        {"kind": "ensemble", "members": [{"encoder": GRAPH, "joints": "hands"}, {"encoder": TWO}]},
    ],
    ids=lambda encoder: encoder["kind"],
)
def test_the_average_of_weights_that_stay_is_the_encoder(encoder: dict[str, Any]) -> None:
    """It reads the same joints: their places are whole numbers, which a mean would cut off."""
    channels = Prepare(PrepareConfig(), HOLISTIC75).channel_map
    made = build_encoder(TypeAdapter(EncoderConfig).validate_python(encoder), channels).eval()
    average = moving_average(made, 0.999)
    for _ in range(50):
        average.update_parameters(made)
    clips = torch.randn(3, 9, channels.num_channels, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(average(clips), made(clips))
    for (name, mine), theirs in zip(average.module.named_buffers(), made.buffers(), strict=True):
        if not mine.is_floating_point():
            assert torch.equal(mine, theirs), name


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
