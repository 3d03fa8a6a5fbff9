"""Every sentence once an epoch, in batches of about one length."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from raysign.config import KeywordConfig
from raysign.engine.keywords.batches import check_batches, epoch_batches, steps_of
from raysign.errors import ConfigError
from raysign.keywords.augment import augment
from raysign.keywords.prepare import PrepareSentences
from raysign.skeleton import OPENPOSE55

MakeConfig = Callable[..., KeywordConfig]
LENGTHS = np.random.default_rng(0).integers(1, 500, 257)


def epoch(config: KeywordConfig, seed: int = 0) -> list[np.ndarray]:
    return epoch_batches(config, LENGTHS, np.random.default_rng(seed))


@pytest.mark.parametrize("sentences", [1, 16, 300])
@pytest.mark.parametrize("frames", [0, 1000])
def test_every_sentence_comes_once(config: MakeConfig, sentences: int, frames: int) -> None:
    made = epoch(config(batches__sentences=sentences, batches__frames=frames))
    assert sorted(np.concatenate(made).tolist()) == list(range(257))
    assert max(map(len, made)) <= sentences


def test_batches_differ_by_one_sentence_at_most_within_a_bucket(config: MakeConfig) -> None:
    assert {len(batch) for batch in epoch(config(batches__bucket=64))} == {15, 16}


def padding(batches: list[np.ndarray]) -> float:
    shown = sum(LENGTHS[batch].sum() for batch in batches)
    return 1 - shown / sum(len(batch) * LENGTHS[batch].max() for batch in batches)


def test_larger_buckets_leave_less_padding(config: MakeConfig) -> None:
    alone, some, all_of_them = (
        padding(epoch(config(batches__bucket=bucket))) for bucket in (1, 4, 64)
    )
    assert alone > 0.4 > some > all_of_them
    assert all_of_them < 0.06


def test_long_sentences_do_not_come_last(config: MakeConfig) -> None:
    longest = [LENGTHS[batch].max() for batch in epoch(config(batches__bucket=64))]
    assert longest != sorted(longest)


def test_another_seed_gives_other_batches_and_the_same_the_same(config: MakeConfig) -> None:
    one, same, other = epoch(config()), epoch(config()), epoch(config(), seed=1)
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(np.sort(one[0]), np.sort(other[0]))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_is_given_no_more_frames_than_it_may_be(config: MakeConfig, workers: int) -> None:
    settings = config(batches__frames=900, batches__sentences=32, workers=workers)
    for batch in epoch(settings):
        share = -(-len(batch) // workers)
        assert len(batch) >= workers
        assert share * LENGTHS[batch].max() <= 900 or len(batch) < 2 * workers


@pytest.mark.parametrize("tempo", [0.1, 0.5, 0.99])
def test_nor_when_its_sentences_are_slowed_down(config: MakeConfig, tempo: float) -> None:
    settings = config(batches__frames=900, augment__tempo=tempo)
    prepare = PrepareSentences(settings.prepare, OPENPOSE55)
    draws, lengths, most = torch.Generator().manual_seed(0), LENGTHS[:100] // 8 + 1, 0
    for batch in epoch_batches(settings, lengths, np.random.default_rng(0)):
        shown = torch.arange(lengths[batch].max()) < torch.from_numpy(lengths[batch])[:, None]
        joints = torch.zeros(*shown.shape, prepare.output.num_joints, 3)
        for _ in range(20):
            varied, _ = augment(joints, shown, settings.augment, prepare, draws)
            assert varied.shape[0] * varied.shape[1] <= 900 or len(batch) == 1
            most = max(most, varied.shape[0] * varied.shape[1])
    assert most > 600, "batches are smaller than they may be"


@pytest.mark.parametrize("frames", [0, 900])
def test_the_steps_of_a_run_are_counted_as_they_come(config: MakeConfig, frames: int) -> None:
    settings = config(batches__frames=frames, optim__epochs=5, seed=3)
    random = (np.random.default_rng((3, number)) for number in range(5))
    counted = [len(epoch_batches(settings, LENGTHS, draws)) for draws in random]
    for epochs in (0, 1, 3, 5):
        assert steps_of(settings, LENGTHS, epochs) == sum(counted[:epochs])


@pytest.mark.parametrize(
    ("workers", "size", "sentences", "bucket"),
    [(5, 5, 5, 8), (4, 4, 7, 1), (2, 8, 3, 8), (32, 32, 7096, 8), (32, 32, 7096, 1)],
)
def test_every_worker_has_a_sentence_of_every_batch(
    config: MakeConfig, workers: int, size: int, sentences: int, bucket: int
) -> None:
    settings = config(batches__sentences=size, workers=workers, batches__bucket=bucket)
    check_batches(settings, sentences)
    lengths = np.random.default_rng(0).integers(1, 300, sentences)
    made = epoch_batches(settings, lengths, np.random.default_rng(0))
    assert sorted(np.concatenate(made).tolist()) == list(range(sentences))
    assert min(map(len, made)) >= workers
    assert max(map(len, made)) < 2 * size


def test_fewer_sentences_than_workers_are_refused(config: MakeConfig) -> None:
    with pytest.raises(ConfigError, match="3 training sentences to share; type workers=3 or less"):
        check_batches(config(workers=4), 3)
