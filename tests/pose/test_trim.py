from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from raysign.pose.normalise import signing_span
from raysign.pose.trim import elbow_span, has_elbows
from raysign.skeleton import HANDS42, HOLISTIC75, OPENPOSE55

NAN = torch.nan
MakeSigner = Callable[..., Tensor]
ELBOWS = [HOLISTIC75.joint(f"{side}_elbow") for side in ("left", "right")]


def restless(frames: int, seed: int) -> Tensor:
    """[frame joint axis]: elbows that wander, a hand that is there throughout."""
    random = torch.Generator().manual_seed(seed)
    clip = torch.full((frames, 75, 3), NAN)
    clip[:, ELBOWS] = 0.5 + 0.02 * torch.randn(frames, 2, 3, generator=random).cumsum(0)
    clip[:, HOLISTIC75.parts["left_hand"]] = 0.5
    return clip


def crossings(clip: Tensor) -> list[int]:
    """Frame by frame, as the definition reads."""
    speed: list[float] = []
    for t in range(len(clip) - 1):
        total = weights = 0.0
        for s in range(max(0, t - 8), min(len(clip) - 1, t + 9)):
            step = (clip[s + 1, ELBOWS, 1] - clip[s, ELBOWS, 1]).abs().sum().item()
            if not math.isnan(step):
                weight = math.exp(-((s - t) ** 2) / 8)
                total, weights = total + weight * step, weights + weight
        speed.append(total / weights if weights else NAN)
    jerk = {s: speed[s + 1] - 2 * speed[s] + speed[s - 1] for s in range(1, len(speed) - 1)}
    return [s + 1 for s in list(jerk)[:-1] if (jerk[s] > 0) != (jerk[s + 1] > 0)]


def spans(*clips: Tensor, padding: int = 0) -> list[tuple[float, float]]:
    frames = max(map(len, clips)) + padding
    batch = torch.full((len(clips), frames, 75, 3), NAN)
    for row, clip in zip(batch, clips, strict=True):
        row[: len(clip)] = clip
    first, last = elbow_span(batch, HOLISTIC75)
    return list(zip(first.tolist(), last.tolist(), strict=True))


@pytest.mark.parametrize("frames", [45, 60, 80])
def test_the_span_runs_from_the_fourth_crossing_to_the_second_last(frames: int) -> None:
    for seed in range(4):
        clip = restless(frames, seed)
        clip[11:13, ELBOWS[0]] = NAN  # a gap is bridged
        expected = crossings(clip)
        assert len(expected) >= 6, "the test tests nothing"
        assert spans(clip) == [(expected[3], expected[-2])]


def test_a_sign_between_two_rests_is_found() -> None:
    frame = torch.arange(100.0)
    raised = torch.sigmoid((frame - 30) / 2) - torch.sigmoid((frame - 70) / 2)
    clip = restless(100, 0)
    tremble = 0.03 * torch.sin(frame * 0.7) * ((frame > 36) & (frame < 64))
    clip[:, ELBOWS, 1] = (0.8 - 0.3 * raised + tremble)[:, None].expand(-1, 2)
    ((first, last),) = spans(clip)
    assert 25 < first < 45
    assert 55 < last < 75


def test_neither_padding_nor_batch_mates_matter() -> None:
    clips = [restless(frames, seed) for seed, frames in enumerate((40, 3, 25, 1, 64, 9))]
    together = spans(*clips, padding=7)
    assert together == [spans(clip)[0] for clip in clips]
    assert len(set(together)) == len(clips)


def test_without_enough_crossings_the_hands_decide() -> None:
    still, unseen, brief = restless(40, 0), restless(40, 1), restless(9, 2)
    still[:, ELBOWS] = 0.25
    unseen[:, ELBOWS] = NAN
    for clip in (still, unseen, brief):
        clip[:3, HOLISTIC75.parts["left_hand"]] = NAN
        first, last = signing_span(clip[None], HOLISTIC75)
        assert spans(clip) == [(first.item(), last.item())] == [(3, len(clip) - 1)]


def test_where_the_picture_is_cut_does_not_matter_and_one_elbow_is_enough() -> None:
    clip = restless(60, 3)
    moved = clip.clone()
    moved[..., 1] = 0.5 * moved[..., 1] + 0.125
    assert spans(moved) == spans(clip)
    clip[:, ELBOWS[1], 1] = 0.5
    alone = clip.clone()
    alone[:, ELBOWS[1], 0] += 0.1 * torch.randn(60)
    assert spans(alone) == spans(clip) != spans(moved)


def test_which_layouts_have_elbows(signer: MakeSigner) -> None:
    assert has_elbows(HOLISTIC75)
    assert has_elbows(OPENPOSE55)
    assert not has_elbows(HANDS42)
    first, last = elbow_span(signer(OPENPOSE55, 60)[None], OPENPOSE55)
    assert 0 < first < last < 59
