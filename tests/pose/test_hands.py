"""Hands in detection order become left and right, on made-up tracks and on real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from raysign.pose.hands import assign_hands, drop_duplicate_hands, right_chirality
from raysign.skeleton import HANDS42, HOLISTIC75

LEFT, RIGHT = HANDS42.parts["left_hand"], HANDS42.parts["right_hand"]
FRAMES = 40
TIME = torch.linspace(0, 1, FRAMES)


def right_palm(bend: float = 0.3) -> Tensor:
    """A right hand held up, palm to the camera, thumb to the picture's right; [joint axis]."""
    joints = [(0.0, 0.0, 0.0)]
    joints += [(0.3 + 0.12 * k, -0.2 - 0.15 * k, -0.05 * k) for k in range(4)]
    for x in (0.25, 0.05, -0.15, -0.35):
        joints += [(x, -0.9 - 0.25 * k, -bend * k / 3) for k in range(4)]
    return 0.1 * torch.tensor(joints)


def track(x: Tensor, y: Tensor | float = 0.5, side: str = "right", bend: float = 0.3) -> Tensor:
    """A hand whose wrist goes along (x, y), NaN where x is; [frame joint axis]."""
    hand = right_palm(bend)
    if side == "left":
        hand = hand * torch.tensor([-1.0, 1.0, 1.0])
    wrist = torch.stack([x, torch.as_tensor(y).expand_as(x), torch.zeros_like(x)], dim=-1)
    return (hand + wrist[:, None]).where(~x.isnan()[:, None, None], torch.nan)


def pair(left: Tensor, right: Tensor) -> Tensor:
    return torch.cat([left, right], dim=1)


def missing(x: Tensor, start: int, stop: int) -> Tensor:
    x = x.clone()
    x[start:stop] = torch.nan
    return x


def detected(truth: Tensor, seed: int = 0) -> Tensor:
    """What a detector makes of it: two hands in random order, a lone one in slot 0."""
    hands = truth.reshape(*truth.shape[:-2], 2, 21, 3)
    seen = hands[..., 0, 0].isfinite()
    swap = torch.rand(seen.shape[:-1], generator=torch.Generator().manual_seed(seed)) < 0.5
    swap = torch.where(seen.all(-1), swap, seen[..., 1])
    return torch.where(swap[..., None, None, None], hands.flip(-3), hands).flatten(-3, -2)


def by_hand(xyz: Tensor) -> Tensor:
    return xyz.reshape(*xyz.shape[:2], 2, 21, 3)


def mirrored(xyz: Tensor) -> Tensor:
    flipped = torch.cat([xyz[..., RIGHT, :], xyz[..., LEFT, :]], dim=-2)
    return torch.stack([1 - flipped[..., 0], flipped[..., 1], flipped[..., 2]], dim=-1)


STILL_LEFT, STILL_RIGHT = torch.full((FRAMES,), 0.65), torch.full((FRAMES,), 0.35)
NOWHERE = torch.full((FRAMES,), torch.nan)
CASES = {
    "apart": pair(track(STILL_LEFT, 0.6, "left"), track(0.35 + 0.1 * TIME, 0.5)),
    "crossing": pair(track(0.7 - 0.4 * TIME, 0.55, "left"), track(0.3 + 0.4 * TIME, 0.45)),
    "crossing, fingers stretched": pair(
        track(0.62 - 0.2 * TIME, 0.6, "left", bend=0), track(0.33 + 0.25 * TIME, 0.4, bend=0)
    ),
    "gaps": pair(
        track(missing(STILL_LEFT, 10, 20), 0.6, "left"),
        track(missing(STILL_RIGHT + 0.2 * TIME, 15, 30)),
    ),
    "right hand first seen on the left, while the left is gone": pair(
        track(missing(STILL_LEFT, 12, 30), 0.8, "left"), track(missing(0.3 + 0.3 * TIME, 0, 5), 0.4)
    ),
    "lone right": pair(track(NOWHERE), track(STILL_RIGHT + 0.1 * TIME)),
    "lone left of a left-handed signer": pair(
        track(STILL_LEFT - 0.1 * TIME, 0.5, "left"), track(NOWHERE)
    ),
    "lone right in the middle, fingers stretched": pair(
        track(NOWHERE), track(0.5 + 0 * TIME, bend=0)
    ),
    "crossed and stretched, both gone for a while": torch.cat(
        [
            pair(track(0.65 - 0.17 * TIME, 0.35, "left"), track(0.35 + 0.17 * TIME, 0.65)),
            pair(track(NOWHERE[:4]), track(NOWHERE[:4])),
            pair(
                track(STILL_LEFT[:8] - 0.17, 0.35, "left", bend=0),
                track(STILL_RIGHT[:8] + 0.17, 0.65, bend=0),
            ),
        ]
    ),
    "side known only after a gap": torch.cat(
        [
            pair(track(0.49 + 0 * TIME[:6], 0.5, "left", bend=0), track(NOWHERE[:6])),
            pair(track(NOWHERE[:2]), track(NOWHERE[:2])),
            pair(track(0.5 + 0.1 * TIME, 0.5, "left"), track(NOWHERE)),
        ]
    ),
    "both at the picture's edge, fingers stretched": pair(
        track(STILL_LEFT + 0.33, 0.5, "left", bend=0), track(STILL_LEFT + 0.27, 0.9, bend=0)
    ),
    "one frame": pair(track(STILL_LEFT[:1], 0.5, "left"), track(STILL_RIGHT[:1])),
    "nothing": pair(track(NOWHERE), track(NOWHERE)),
}


def batch(clips: list[Tensor], padding: int = 0) -> Tensor:
    frames = max(len(clip) for clip in clips) + padding
    xyz = torch.full((len(clips), frames, 42, 3), torch.nan)
    for row, clip in zip(xyz, clips, strict=True):
        row[: len(clip)] = clip
    return xyz


def noisy_batch(padding: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    clips = [detected(clip) for clip in CASES.values()]
    return batch(
        [clip + 0.01 * torch.randn(clip.shape, generator=generator) for clip in clips], padding
    )


def same(a: Tensor, b: Tensor) -> bool:
    return torch.equal(a.nan_to_num(9), b.nan_to_num(9))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_finds_the_sides_of_made_up_tracks(name: str, seed: int) -> None:
    assert same(assign_hands(detected(CASES[name], seed)[None])[0], CASES[name])


def test_slots_that_swap_in_every_frame() -> None:
    truth = CASES["crossing"].clone()
    swapped = truth.clone()
    swapped[::2] = torch.cat([truth[::2, RIGHT], truth[::2, LEFT]], dim=1)
    assert same(assign_hands(swapped[None])[0], truth)


@pytest.mark.parametrize("name", [name for name in CASES if "in the middle" not in name])
def test_a_mirrored_picture_gives_the_mirrored_hands(name: str) -> None:
    truth = mirrored(CASES[name])
    assert same(assign_hands(detected(truth)[None])[0], truth)


def test_a_clip_does_not_depend_on_its_batch_its_padding_or_the_order_of_its_slots() -> None:
    xyz = noisy_batch()
    expected = assign_hands(xyz)
    order = torch.randperm(len(xyz), generator=torch.Generator().manual_seed(0))
    assert same(assign_hands(xyz[order]), expected[order])
    for clip, result in zip(xyz, expected, strict=True):
        assert same(assign_hands(clip[None])[0], result)
    assert same(assign_hands(noisy_batch(padding=17))[:, : xyz.shape[1]], expected)
    assert same(assign_hands(torch.cat([xyz[:, :, RIGHT], xyz[:, :, LEFT]], dim=2)), expected)


def test_assigned_hands_stay_as_they_are() -> None:
    once = assign_hands(noisy_batch())
    assert same(assign_hands(once), once)


def test_values_and_type_are_kept() -> None:
    xyz = noisy_batch().half()
    hands = by_hand(assign_hands(xyz))
    assert hands.dtype == torch.float16
    before, after = by_hand(xyz).nan_to_num(9), hands.nan_to_num(9)
    assert ((before == after) | (before.flip(2) == after)).flatten(2).all()


def test_no_frames_no_clips() -> None:
    assert assign_hands(torch.zeros(3, 0, 42, 3)).shape == (3, 0, 42, 3)
    assert assign_hands(torch.zeros(0, 5, 42, 3)).shape == (0, 5, 42, 3)


def test_a_missing_joint_does_not_lose_the_hand() -> None:
    truth = CASES["apart"].clone()
    truth[5, 3], truth[9, 21], truth[12, 41] = torch.nan, torch.nan, torch.nan
    assert same(assign_hands(detected(truth)[None])[0], truth)


@pytest.mark.parametrize("slot", [LEFT, RIGHT])
def test_a_lone_hand_without_its_wrist_is_still_seen(slot: slice) -> None:
    truth = CASES["lone right"].clone()
    truth[7, 21] = torch.nan
    given = torch.full_like(truth, torch.nan)
    given[:, slot] = truth[:, RIGHT]
    assert same(assign_hands(given[None])[0], truth)


def test_a_hand_seen_twice_is_kept_once() -> None:
    hand = track(STILL_RIGHT)
    again = hand[:, :1] + 0.95 * (hand - hand[:, :1])
    kept = drop_duplicate_hands(pair(again, hand)[None])[0]
    assert kept[:, LEFT].isnan().all()
    assert same(kept[:, RIGHT], hand)
    assert same(assign_hands(pair(hand, hand)[None])[0], pair(track(NOWHERE), hand))


def test_two_hands_that_touch_are_two() -> None:
    touching = pair(track(STILL_RIGHT + 0.08, 0.5, "left"), track(STILL_RIGHT))
    assert same(drop_duplicate_hands(touching[None])[0], touching)


def test_chirality_does_not_depend_on_how_the_hand_is_turned() -> None:
    generator = torch.Generator().manual_seed(0)
    turns = torch.linalg.qr(torch.randn(50, 3, 3, generator=generator)).Q
    turns = turns * torch.linalg.det(turns)[:, None, None]
    hands = torch.einsum("nab,jb->nja", turns, right_palm())
    chirality = right_chirality(hands[None, :, None], torch.tensor([0.1]))
    assert torch.allclose(chirality, chirality[0, 0], atol=1e-5)
    assert chirality[0, 0] > 0.1
    flipped = right_chirality(
        hands[None, :, None] * torch.tensor([-1.0, 1, 1]), torch.tensor([0.1])
    )
    assert torch.allclose(flipped, -chirality)


def sorted_by_x(xyz: Tensor) -> Tensor:
    """The obvious way: left has the larger x; a lone hand goes by its half of the picture."""
    hands = by_hand(xyz)
    x = hands[..., 0, 0]
    swap = torch.where(x.isfinite().all(-1), x[..., 0] < x[..., 1], x[..., 0] < 0.5)
    return torch.where(swap[..., None, None, None], hands.flip(2), hands).flatten(2, 3)


def share_right(got: Tensor, truth: Tensor) -> float:
    """Share of the detected hands that stand in their own slot; hands seen twice are left out."""
    got, wrist = got[:, :, [0, 21], 0], drop_duplicate_hands(truth)[:, :, [0, 21], 0]
    seen = (
        wrist.isfinite()
        & (wrist.isfinite().sum(2) == truth[:, :, [0, 21], 0].isfinite().sum(2))[..., None]
    )
    return float((got == wrist)[seen].float().mean())


@pytest.mark.real
def test_real_hands_come_to_their_sides(real_data: Path) -> None:
    import pyarrow.parquet as parquet

    column = parquet.read_table(real_data / "wlasl100" / "val.parquet", columns=["xyz"])["xyz"]
    flat = [np.asarray(row.values, dtype=np.float32) for row in column]
    body = HOLISTIC75.parts["body"].stop
    truth = batch(
        [torch.from_numpy(x.reshape(-1, HOLISTIC75.num_joints, 3)[:, body:]) for x in flat]
    )
    slots = detected(truth)
    ours, by_x = share_right(assign_hands(slots), truth), share_right(sorted_by_x(slots), truth)
    assert ours > 0.97
    assert ours > by_x + 0.02
