from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from raysign.batches import (
    Prepared,
    TrainingClips,
    batches_per_epoch,
    check_batches,
    clip_batches,
    epoch_batches,
)
from raysign.clip import Clip, Clips
from raysign.config import BatchConfig, DataConfig, PrepareConfig, SyntheticConfig
from raysign.embed import prepare_clips
from raysign.errors import ConfigError
from raysign.pose import Prepare
from raysign.skeleton import HANDS42, layout_named
from raysign.sources import load_split
from raysign.splits import Split


def config(signs: int, clips_per_sign: int) -> BatchConfig:
    return BatchConfig(signs=signs, clips_per_sign=clips_per_sign)


def signs_of(*counts: int) -> np.ndarray:
    """Sign i has counts[i] clips, in a random order."""
    return np.random.default_rng(9).permutation(np.repeat(np.arange(len(counts)), counts))


def batches(settings: BatchConfig, sign: np.ndarray, seed: int = 0) -> list[np.ndarray]:
    return list(epoch_batches(settings, sign, np.random.default_rng(seed)))


UNEVEN = signs_of(*[3 + i % 5 for i in range(40)])


@pytest.mark.parametrize(("p", "k"), [(2, 2), (8, 3), (10, 2), (40, 3), (7, 5)])
def test_a_batch_is_p_distinct_signs_of_k_clips(p: int, k: int) -> None:
    made = batches(config(p, k), UNEVEN)
    assert made
    for batch in made:
        assert batch.shape == (p, k)
        own = UNEVEN[batch]
        assert (own == own[:, :1]).all()
        assert len(set(own[:, 0].tolist())) == p


@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_a_sign_with_enough_clips_never_shows_one_twice_in_a_batch(k: int) -> None:
    counts = np.bincount(UNEVEN)
    for batch in batches(config(8, k), UNEVEN):
        for row in batch:
            distinct = min(k, counts[UNEVEN[row[0]]])
            assert len(set(row.tolist())) == distinct
            assert max(Counter(row.tolist()).values()) <= -(-k // distinct)


def test_every_clip_comes_about_once_an_epoch() -> None:
    sign = signs_of(*[6] * 30)
    shown = Counter(np.concatenate(batches(config(10, 3), sign), axis=None).tolist())
    assert shown == dict.fromkeys(range(len(sign)), 1)
    shown = Counter(np.concatenate(batches(config(8, 3), UNEVEN), axis=None).tolist())
    assert len(shown) > 0.9 * len(UNEVEN)
    assert max(shown.values()) <= 2


def test_what_one_epoch_leaves_out_the_next_ones_show() -> None:
    settings, random = config(16, 4), np.random.default_rng(0)
    shown: set[int] = set()
    for _ in range(5):
        for batch in epoch_batches(settings, UNEVEN, random):
            shown.update(batch.ravel().tolist())
    assert len(shown) == len(UNEVEN)


def test_the_seed_decides_and_epochs_differ() -> None:
    settings = config(8, 3)
    once, again, other = (batches(settings, UNEVEN, seed) for seed in (0, 0, 1))
    assert np.array_equal(once, again)
    assert not np.array_equal(once[0], other[0])
    random = np.random.default_rng(0)
    first, second = (next(epoch_batches(settings, UNEVEN, random)) for _ in range(2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(("p", "k"), [(2, 2), (8, 3), (13, 4), (20, 2), (40, 3)])
def test_as_many_batches_as_promised_and_no_more_could_be(p: int, k: int) -> None:
    zipfian = signs_of(*[1 + 300 // (i + 1) for i in range(60)])
    for sign in (UNEVEN, signs_of(*[6] * 40), zipfian):
        settings = config(p, k)
        groups = np.ceil(np.bincount(sign) / k)
        possible = [b for b in range(1, len(sign)) if np.minimum(groups, b).sum() >= p * b]
        assert batches_per_epoch(settings, sign) == max(possible)
        for seed in range(5):
            made = batches(settings, sign, seed)
            assert len(made) == max(possible)
            assert all(len(set(sign[batch[:, 0]].tolist())) == p for batch in made)


def test_batches_of_any_clips_show_each_once() -> None:
    random = np.random.default_rng(0)
    epochs = [list(clip_batches(config(4, 3), 40, random)) for _ in range(8)]
    for made in epochs:
        assert [batch.shape for batch in made] == [(4, 3)] * 3
        assert len(np.unique(made)) == 36
    assert len(np.unique(epochs)) == 40
    assert not np.array_equal(epochs[0], epochs[1])
    assert list(clip_batches(config(4, 3), 11, random)) == []


def test_there_is_a_batch_where_every_sign_is_in_it() -> None:
    assert len(batches(config(3, 2), signs_of(2, 9, 2))) == 1


def test_more_signs_than_there_are_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"P\) is larger .* 5; type batches.signs=5 or less"):
        check_batches(config(6, 2), signs_of(4, 4, 4, 4, 4))


def test_more_clips_than_any_sign_has_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"at most 4; type batches.clips_per_sign=4 or less"):
        check_batches(config(2, 5), signs_of(4, 2, 3))
    assert len(check_batches(config(2, 4), signs_of(4, 2, 3))) == 1


@pytest.mark.parametrize("counts", [(1, 1, 1), (9,)])
def test_signs_that_no_batch_can_hold_are_refused_without_advice_that_fails(
    counts: tuple[int, ...],
) -> None:
    with pytest.raises(ConfigError, match="two training signs and two clips of one of them"):
        check_batches(config(2, 2), signs_of(*counts))


def test_signs_with_few_clips_are_named() -> None:
    (note,) = check_batches(config(2, 3), signs_of(4, 2, 1))
    assert note.startswith("2 of 3 signs have fewer than K = 3 clips")
    assert check_batches(config(2, 3), signs_of(4, 3, 5)) == ()


def clips_of(signs: str, seed: int) -> Clips:
    random = np.random.default_rng(seed)
    return Clips.pack(
        Clip(
            f"{seed}-{i}",
            random.random((4 + i, 42, 3)),
            "hands42",
            sign=sign,
            signer=f"signer {seed}",
        )
        for i, sign in enumerate(signs)
    )


def test_a_split_is_prepared_with_signs_numbered_over_all_parts() -> None:
    prepare = Prepare(PrepareConfig(frames=6), HANDS42)
    train, queries = clips_of("cad", 0), clips_of("dbc", 1)
    got = TrainingClips.prepare(Split(train, queries, train, notes=("a note",)), prepare)
    assert got.signs.tolist() == ["a", "c", "d", "b"]
    assert got.signs[got.train.sign].tolist() == ["c", "a", "d"]
    assert got.signs[got.queries.sign].tolist() == ["d", "b", "c"]
    assert got.gallery is None
    assert got.notes == ("a note",)
    assert got.layout == "hands42"
    np.testing.assert_array_equal(got.train.sequences, prepare_clips(train, prepare))
    assert not set(got.train.key.tolist()) & set(got.queries.key.tolist())
    assert isinstance(got.train, Prepared)
    assert len(got.train) == 3


def test_clips_without_a_sign_are_prepared_beside_the_others() -> None:
    prepare = Prepare(PrepareConfig(frames=6), HANDS42)
    train, queries, more = clips_of("cad", 0), clips_of("dbc", 1), clips_of("    ", 2)
    nameless = replace(more, sign=np.asarray([""] * 4))
    got = TrainingClips.prepare(Split(train, queries, train, unlabelled=nameless), prepare)
    without = TrainingClips.prepare(Split(train, queries, train), prepare)
    assert got.unlabelled is not None
    assert got.unlabelled.sign.tolist() == [-1] * 4
    np.testing.assert_array_equal(got.unlabelled.sequences, prepare_clips(nameless, prepare))
    assert got.signs.tolist() == without.signs.tolist() == ["a", "c", "d", "b"]
    for part in ("train", "queries"):
        assert getattr(got, part).sign.tolist() == getattr(without, part).sign.tolist()
    assert (got.num_trained, got.num_clips, without.num_clips) == (3, 7, 3)
    assert got.gallery is None
    assert got.fingerprint != without.fingerprint
    keys = [key for part in (got.train, got.queries, got.unlabelled) for key in part.key.tolist()]
    assert len(set(keys)) == 10


def test_a_gallery_of_its_own_is_prepared_too_and_the_same_clip_has_the_same_key() -> None:
    prepare = Prepare(PrepareConfig(frames=6), HANDS42)
    train, queries = clips_of("ab", 0), clips_of("cdc", 1)
    got = TrainingClips.prepare(Split(train, queries, queries.select(np.arange(2))), prepare)
    assert got.gallery is not None
    assert got.gallery.key.tolist() == got.queries.key.tolist()[:2]
    assert len(set(got.queries.key.tolist())) == 3


def test_the_fingerprint_is_that_of_the_clips() -> None:
    prepare = Prepare(PrepareConfig(frames=6), HANDS42)
    train, queries = clips_of("ab", 0), clips_of("ab", 1)
    one, same, other = (
        TrainingClips.prepare(Split(train, asked, train), prepare).fingerprint
        for asked in (queries, queries, clips_of("ab", 2))
    )
    assert one == same != other


def test_signs_that_train_are_numbered_first() -> None:
    data = DataConfig(
        splits="sign_disjoint",
        val_fraction=0.5,
        synthetic=SyntheticConfig(signs=20, train_signers=2, val_signers=1),
    )
    split = load_split(data)
    prepare = Prepare(PrepareConfig(frames=8), layout_named(split.train.layout))
    clips = TrainingClips.prepare(split, prepare)
    assert clips.gallery is not None
    assert clips.num_trained == 10
    assert set(clips.train.sign.tolist()) == set(range(10))
    assert set(clips.gallery.sign.tolist()) == set(range(10, 20))
    for part, source in ((clips.train, split.train), (clips.gallery, split.gallery)):
        assert clips.signs[part.sign].tolist() == source.sign.tolist()
