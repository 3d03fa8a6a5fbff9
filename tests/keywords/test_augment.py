from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from raysign.config import KeywordAugmentConfig, KeywordPrepareConfig
from raysign.keywords.augment import augment
from raysign.keywords.prepare import PrepareSentences
from raysign.skeleton import OPENPOSE55

OFF = dict.fromkeys(KeywordAugmentConfig.model_fields, 0.0)
PREPARE = PrepareSentences(KeywordPrepareConfig(), OPENPOSE55)
LENGTHS = torch.tensor([40, 1, 23])
HAND = PREPARE.output.parts["right_hand"]


def batch() -> tuple[Tensor, Tensor]:
    joints = torch.randn(3, 40, 55, 3, generator=torch.Generator().manual_seed(0))
    joints[..., 2] = 0.8
    joints[0, 5, 7, :2], joints[0, 5, 7, 2] = torch.nan, 0
    shown = torch.arange(40) < LENGTHS[:, None]
    return joints.masked_fill(~shown[..., None, None], torch.nan), shown


def varied(seed: int = 0, prepare: PrepareSentences = PREPARE, **config: Any) -> Any:
    draws = torch.Generator().manual_seed(seed)
    return augment(*batch(), KeywordAugmentConfig(**OFF | config), prepare, draws)


def test_no_strength_changes_nothing() -> None:
    joints, shown = varied()
    torch.testing.assert_close(joints, batch()[0], rtol=0, atol=0, equal_nan=True)
    assert torch.equal(shown, batch()[1])


@pytest.mark.parametrize("name", [name for name in OFF if name not in ("tempo", "shift_sigma")])
def test_each_strength_changes_something_and_loses_no_frame(name: str) -> None:
    (joints, shown), (before, was) = varied(**{name: 0.3}), batch()
    assert torch.equal(shown, was)
    assert not torch.equal(joints.nan_to_num(9), before.nan_to_num(9))
    # What is missing stays missing, and what is hidden has no confidence.
    assert joints[..., :2][before[..., :2].isnan()].isnan().all()
    assert (joints[..., 2][joints[..., 0].isnan() & shown[..., None]] == 0).all()


@pytest.mark.parametrize("confidence", [True, False])
def test_what_another_speed_finds_missing_has_no_confidence(confidence: bool) -> None:
    prepare = PrepareSentences(KeywordPrepareConfig(confidence=confidence), OPENPOSE55)
    some = 0
    for seed in range(5):
        joints, shown = varied(seed, prepare, tempo=0.3)
        missing = joints[..., 0].isnan() & shown[..., None]
        some += int(missing.sum())
        trust = joints[..., 2]
        assert (trust[missing] == 0).all()
        there = trust[~missing & shown[..., None]]
        assert (there > 0).all() if confidence else (there == 1).all()
    assert some


def test_by_default_it_is_light() -> None:
    draws = torch.Generator().manual_seed(0)
    joints, _ = augment(*batch(), KeywordAugmentConfig(tempo=0), PREPARE, draws)
    apart = (joints - batch()[0])[..., :2].abs()
    assert 0.01 < apart.nanmean() < 0.2


def test_fingers_about_a_wrist_are_not_shifted() -> None:
    moved = varied(shift_sigma=0.5)[0] - batch()[0]
    stays = torch.tensor(PREPARE.relative)
    assert moved[0, 0, stays, :2].abs().max() == 0
    apart = moved[0, 0, ~stays, :2]
    assert apart.abs().min() > 1e-3
    torch.testing.assert_close(apart, apart[:1].expand_as(apart), rtol=0, atol=1e-5)
    body = PrepareSentences(KeywordPrepareConfig(hands="body"), OPENPOSE55)
    assert (varied(prepare=body, shift_sigma=0.5)[0] - batch()[0])[0, 0, :, :2].abs().min() > 1e-3


@pytest.mark.parametrize("seed", range(5))
def test_another_speed_keeps_the_first_and_the_last_frame(seed: int) -> None:
    (joints, shown), (before, _) = varied(seed, tempo=0.3), batch()
    lengths = shown.sum(1)
    assert (shown == (torch.arange(shown.shape[1]) < lengths[:, None])).all()
    assert lengths[1] == 1
    assert (lengths[[0, 2]] / LENGTHS[[0, 2]] > 0.6).all()
    assert (lengths[[0, 2]] / LENGTHS[[0, 2]] < 1.5).all()
    for now, was, new, old in zip(joints, before, lengths, LENGTHS, strict=True):
        torch.testing.assert_close(now[0], was[0], equal_nan=True)
        torch.testing.assert_close(now[new - 1], was[old - 1], equal_nan=True)
        assert now[new:].isnan().all()
        assert now[:new, :7].isfinite().all()  # nothing of the padding is read


def test_a_hand_is_hidden_for_a_tenth_of_its_own_sentence() -> None:
    joints = varied(hand_drop=1.0)[0]
    hidden = joints[..., 0].isnan() & batch()[1][..., None]
    for sentence, length in zip(hidden, LENGTHS, strict=True):
        assert int(sentence[:, HAND].all(1).sum()) in {int(length) // 10, -(-int(length) // 10)}
    assert hidden[:, :, :13].sum() == 1


def test_a_sentence_of_nothing_stays_one() -> None:
    joints, shown = batch()
    empty = torch.zeros_like(shown)
    draws = torch.Generator().manual_seed(0)
    _, got = augment(joints * torch.nan, empty, KeywordAugmentConfig(), PREPARE, draws)
    assert not got.any()
