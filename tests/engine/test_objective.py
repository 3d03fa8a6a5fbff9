"""What is learned without signs: views of a clip, and what was hidden of it."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from raysign.batches import Prepared, TrainingClips
from raysign.config import TrainConfig
from raysign.engine import Training, check_clips
from raysign.engine.measuring import Measured
from raysign.errors import ConfigError
from raysign.ranking import Figure, Ranking

MakeConfig = Callable[..., TrainConfig]
VARIED = {"jitter_sigma": 0.1, "time_warp": 0.2}
LOSSES = {"contrast": {"kind": "contrast"}, "masked": {"kind": "masked", "span": 0.4}}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


def with_more(clips: TrainingClips, count: int = 10) -> TrainingClips:
    """With clips whose sign nobody knows, all of whose landmarks are 7."""
    sequences = np.full((count, *clips.train.sequences.shape[1:]), 7, dtype=np.float16)
    more = Prepared(sequences, np.full(count, -1), 90_000 + np.arange(count))
    return TrainingClips(**{**vars(clips), "unlabelled": more})


def shown(training: Training, epochs: int = 1) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [b for _ in range(epochs) for b in training.objective.batches(random)]


def test_contrast_shows_p_clips_in_k_views(config: MakeConfig, clips: TrainingClips) -> None:
    training = Training(config(loss__kind="contrast"), with_more(clips))
    batches = shown(training)
    # 12 signs × 6 clips and 10 more, 6 a batch
    assert len(batches) == training.objective.batches_per_epoch == 82 // 6
    for batch in batches:
        assert batch.shape == (6, 3)
        assert (batch == batch[:, :1]).all()
    seen = Counter(np.concatenate([batch[:, 0] for batch in batches]).tolist())
    assert set(seen.values()) == {1}
    assert {n for b in shown(training, 5) for n in b[:, 0].tolist()} == set(range(82))
    assert training.objective.label.tolist() == list(range(82))


def test_masked_shows_p_times_k_clips(config: MakeConfig, clips: TrainingClips) -> None:
    training = Training(config(loss__kind="masked"), with_more(clips))
    batches = shown(training)
    assert len(batches) == training.objective.batches_per_epoch == 82 // 18
    assert [batch.shape for batch in batches] == [(6, 3)] * 4
    assert set(Counter(np.concatenate(batches, axis=None).tolist()).values()) == {1}
    assert {n for b in shown(training, 9) for n in b.ravel().tolist()} == set(range(82))


def test_a_loss_of_signs_shows_no_clip_without_one(
    config: MakeConfig, clips: TrainingClips
) -> None:
    training = Training(config(), with_more(clips))
    assert max(batch.max() for batch in shown(training, 3)) < len(clips.train)


def test_clips_without_a_sign_are_found_by_number(clips: TrainingClips) -> None:
    more = with_more(clips)
    assert more.unlabelled is not None
    assert more.num_clips == len(clips.train) + 10
    found = more.any_sequences(np.asarray([3, 73, 0, 81]))
    np.testing.assert_array_equal(found[[0, 2]], clips.train.sequences[[3, 0]])
    assert (found[[1, 3]] == 7).all()
    assert not (clips.train.sequences[0] == 7).any(), "nothing is written into them"


@every_loss
def test_signs_change_nothing_of_what_is_learned(
    loss: dict[str, Any], config: MakeConfig, clips: TrainingClips
) -> None:
    settings = config(loss=loss, augment=VARIED, optim__epochs=2)
    shuffled = np.random.default_rng(0).permutation(clips.train.sign)
    other = Prepared(clips.train.sequences, shuffled, clips.train.key)
    found = []
    for known in (clips, TrainingClips(**{**vars(clips), "train": other})):
        training = Training(settings, known)
        training.run()
        found.append(training.encoder.state_dict())
    one, two = found
    assert all(torch.equal(tensor, two[name]) for name, tensor in one.items())


@every_loss
def test_it_learns_without_signs(
    loss: dict[str, Any], config: MakeConfig, clips: TrainingClips
) -> None:
    settings = config(loss=loss, augment=VARIED, optim__epochs=25, optim__lr=0.01)
    training, losses = Training(settings, clips), []
    training.run(lambda epoch: losses.append(epoch.loss))
    assert losses[-1] < 0.75 * losses[0]


def test_what_is_hidden_is_told_better_than_by_its_mean(
    config: MakeConfig, clips: TrainingClips
) -> None:
    """Of two hands that do the same, one tells where the other is."""
    random = np.random.default_rng(0)
    place = random.standard_normal((72, 1, 21, 3)).repeat(8, axis=1)
    twins = Prepared(
        np.concatenate([place, place], axis=2).astype(np.float16),
        clips.train.sign,
        clips.train.key,
    )
    known = TrainingClips(**{**vars(clips), "train": twins, "queries": twins})
    settings = config(
        loss={"kind": "masked", "share": 1.0, "span": 1.0},
        encoder__width=64,
        optim__epochs=150,
        optim__patience=150,
        optim__lr=0.01,
        evaluate__every=150,
    )
    losses: list[float] = []
    Training(settings, known).run(lambda epoch: losses.append(epoch.loss))
    spread = torch.from_numpy(place)
    by_mean = torch.nn.functional.smooth_l1_loss(spread.mean(0).expand_as(spread), spread).item()
    assert losses[-1] < by_mean / 2


def test_the_encoder_does_not_see_what_is_hidden(
    config: MakeConfig, clips: TrainingClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(loss={"kind": "masked", "share": 0.5, "span": 0.3}, prepare__presence=True)
    training = Training(settings, clips)
    read, asked = [], []
    encoder, loss = training.objective.read(training.encoder), training.loss
    encoder.register_forward_pre_hook(lambda _, given: read.append(given[0]))
    loss.register_forward_pre_hook(lambda _, given: asked.append(given))
    batch = shown(training)[0]
    training.objective(encoder, loss, batch, np.random.default_rng(0), torch.Generator())
    (channels,), ((_, xyz, hidden),) = read, asked
    assert 0.2 < hidden.float().mean() < 0.3, "one of two hands in half of the spans"
    positions = channels[..., : 42 * 3].unflatten(-1, (42, 3))
    assert (positions[hidden] == 0).all()
    assert (xyz[hidden][:, :] != 0).any()
    torch.testing.assert_close(positions[~hidden], xyz[~hidden])
    presence = channels[..., -2:] > 0
    assert torch.equal(presence, ~hidden[:, :, [0, 21]])


@every_loss
def test_resumed_it_ends_with_the_same_bits(
    loss: dict[str, Any], config: MakeConfig, clips: TrainingClips
) -> None:
    settings = config(loss=loss, augment=VARIED, encoder__dropout=0.3, optim__ema=0.9)
    through = Training(settings, with_more(clips))
    states: list[dict[str, Any]] = []
    kept: list[float] = []

    def on_epoch(epoch: Any) -> None:
        kept.append(epoch.loss)
        if epoch.number == 2:
            states.append(copy.deepcopy(through.state()))

    through.run(on_epoch)
    again, rest = Training(settings, with_more(clips)), []
    again.restore(states[0])
    again.run(lambda epoch: rest.append(epoch.loss))
    assert rest == kept[2:]
    for part in ("encoder", "loss", "kept"):
        one, two = (getattr(t, part).state_dict() for t in (through, again))
        assert all(torch.equal(tensor, two[name]) for name, tensor in one.items())


@every_loss
def test_signs_do_not_judge_it(
    loss: dict[str, Any], config: MakeConfig, clips: TrainingClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    falling = iter([0.5, 0.4, 0.3, 0.2])

    def measure(training: Training) -> Measured:
        value = next(falling)
        return Measured(Ranking({"map": Figure(value, value, value)}, 1, 0, 1, 1, 1.0), None)

    monkeypatch.setattr(Training, "measure", measure)
    training = Training(config(loss=loss, optim__patience=1), clips)
    improved: list[bool] = []
    training.run(lambda epoch: improved.append(epoch.improved))
    assert improved == [True] * 4
    assert (training.best_epoch, training.best_map) == (4, 0.2)
    last = training.kept.state_dict()
    assert all(torch.equal(t, last[name]) for name, t in training.best_weights.items())


def test_masked_leaves_the_head_alone(config: MakeConfig, clips: TrainingClips) -> None:
    training = Training(config(loss__kind="masked", optim__weight_decay=0.5), clips)
    before = {n: p.detach().clone() for n, p in training.encoder.named_parameters()}
    training.run()
    for name, parameter in training.encoder.named_parameters():
        assert torch.equal(parameter, before[name]) == name.startswith("head."), name


@pytest.mark.parametrize(
    ("loss", "values", "message"),
    [
        ("contrast", {"signs": 73}, "ask for 73 different clips a batch, and 72 train; type batch"),
        ("masked", {"signs": 25}, r"ask for 75 .* 72 train; type batches.signs=24 or less"),
        ("masked", {"signs": 2, "clips_per_sign": 72}, "give data.store another store"),
    ],
)
def test_batches_larger_than_the_clips_are_refused(
    loss: str, values: dict[str, int], message: str, config: MakeConfig, clips: TrainingClips
) -> None:
    settings = config(loss__kind=loss, **{f"batches__{k}": v for k, v in values.items()})
    with pytest.raises(ConfigError, match=message) as caught:
        check_clips(settings, clips)
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match=message):
        Training(settings, clips)


def test_one_clip_of_each_sign_is_enough(config: MakeConfig, clips: TrainingClips) -> None:
    """As is one sign alone: what P-K batches of signs refuse."""
    one = Prepared(clips.train.sequences, np.arange(72), clips.train.key)
    lone = TrainingClips(**{**vars(clips), "train": one, "signs": np.arange(72).astype(str)})
    for kind in LOSSES:
        assert check_clips(config(loss__kind=kind), lone) == ()
    with pytest.raises(ConfigError, match="P-K batches need"):
        check_clips(config(), lone)
