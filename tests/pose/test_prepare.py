from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from raysign.config import PrepareConfig
from raysign.errors import LayoutError
from raysign.pose import Prepare
from raysign.pose.prepare import LATER
from raysign.pose.trim import elbow_span
from raysign.skeleton import (
    HANDS42,
    HOLISTIC75,
    LAYOUTS,
    LEG_JOINTS,
    MIDDLE_FINGER_MCP,
    Layout,
)

NAN = torch.nan
MakeSigner = Callable[..., Tensor]
CONFIGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "in each frame": {"normalise": "frame"},
    "in the body's frame": {"hands": "body"},
    "as it is": {"trim": False, "repair_gap_frames": 0, "joints": "all", "axes": 2},
    "as PoseFormer has it": {
        "normalise": "frame",
        "scale": "shoulders",
        "own_hand_size": True,
        "axes": 2,
        "motion_lags": (),
        "presence": False,
    },
}
POSEFORMER = CONFIGS["as PoseFormer has it"]
every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
every_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())


def prepare_of(layout: Layout, **config: Any) -> Prepare:
    return Prepare(PrepareConfig(**{"frames": 20, **config}), layout)


def geometry(prepare: Prepare, *clips: Tensor, aspect: float = 1.0, padding: int = 0) -> Tensor:
    frames = max(len(clip) for clip in clips) + padding
    batch = torch.full((len(clips), frames, *clips[0].shape[1:]), NAN)
    for row, clip in zip(batch, clips, strict=True):
        row[: len(clip)] = clip
    return prepare.geometry(batch, torch.full((len(clips),), aspect))


def assert_same(got: Tensor, expected: Tensor, atol: float = 1e-4) -> None:
    assert expected.isfinite().any(), "all is missing: the test tests nothing"
    torch.testing.assert_close(got, expected, rtol=0, atol=atol, equal_nan=True)


@every_layout
@every_config
def test_where_the_signer_stands_and_how_large_does_not_matter(
    layout: Layout, config: dict[str, Any], signer: MakeSigner
) -> None:
    prepare, clip = prepare_of(layout, **config), signer(layout)
    middle = torch.tensor([0.5, 0.5, 0])
    expected = geometry(prepare, clip)
    assert_same(geometry(prepare, clip + torch.tensor([0.03, -0.05, 0])), expected)
    assert_same(geometry(prepare, (clip - middle) * 0.7 + middle), expected)


@every_layout
@every_config
def test_the_pictures_aspect_does_not_matter(
    layout: Layout, config: dict[str, Any], signer: MakeSigner
) -> None:
    prepare, clip = prepare_of(layout, **config), signer(layout)
    wide = clip.clone()
    wide[..., 0] = 0.5 + (clip[..., 0] - 0.5) / 1.5
    wide[..., 2] /= 1.5  # z is in picture widths, as x is
    assert_same(geometry(prepare, wide, aspect=1.5), geometry(prepare, clip))
    with pytest.raises(AssertionError, match="not close"):
        assert_same(geometry(prepare, wide, aspect=1.0), geometry(prepare, clip))


@every_layout
@every_config
def test_neither_padding_nor_batch_mates_matter(
    layout: Layout, config: dict[str, Any], signer: MakeSigner
) -> None:
    prepare = prepare_of(layout, **config)
    clips = [signer(layout, frames, seed) for seed, frames in enumerate((24, 1, 40, 7))]
    together = geometry(prepare, *clips, padding=3)
    for row, clip in zip(together, clips, strict=True):
        assert_same(row[None], geometry(prepare, clip), atol=1e-5)


@every_layout
def test_missing_is_nan_until_the_channels_and_zero_never_means_missing(
    layout: Layout, signer: MakeSigner
) -> None:
    prepare = prepare_of(layout, repair_gap_frames=0, trim=False)
    clip = signer(layout)
    hand = layout.parts["right_hand"]
    clip[12:, hand] = NAN
    sequence = geometry(prepare, clip)
    gone = sequence[0, 12:, prepare.output.parts["right_hand"]]
    assert gone.isnan().all()
    channels = prepare.channels(sequence)
    assert channels.isfinite().all()
    parts = list(prepare.output.parts)
    present = channels[0, :, -len(parts) :]
    right = present[:, parts.index("right_hand")]
    assert set(right[12:].tolist()) == {0.0}
    assert set(right[:8].tolist()) == {1.0}
    assert torch.equal(present.bool(), prepare.present(sequence)[0])


def test_a_hand_at_the_origin_is_told_from_a_missing_one() -> None:
    prepare = prepare_of(HANDS42, motion_lags=())
    at_origin, missing = torch.zeros(1, 4, 42, 3), torch.full((1, 4, 42, 3), NAN)
    there, gone = prepare.channels(at_origin), prepare.channels(missing)
    assert torch.equal(there[..., :-2], gone[..., :-2])
    assert there[..., -2:].all()
    assert not gone[..., -2:].any()


@every_layout
def test_a_clip_in_which_nothing_is_seen_stays_missing(layout: Layout) -> None:
    prepare = prepare_of(layout)
    sequence = geometry(prepare, torch.full((6, layout.num_joints, 3), NAN))
    assert sequence.isnan().all()
    assert not prepare.channels(sequence).any()


@every_config
def test_a_signer_without_hands_and_hands_without_a_signer(
    config: dict[str, Any], signer: MakeSigner
) -> None:
    prepare = prepare_of(HOLISTIC75, **config)
    clip = signer(HOLISTIC75)
    no_hands, no_body = clip.clone(), clip.clone()
    no_hands[:, 33:] = NAN
    no_body[:, :33] = NAN
    body = prepare.output.parts["body"]
    sequence = geometry(prepare, no_hands)[0]
    assert sequence[:, body].isfinite().all()
    assert sequence[:, body.stop :].isnan().all()
    sequence = geometry(prepare, no_body)[0]
    assert sequence[:, body].isnan().all()
    assert sequence[:, body.stop :].isfinite().any()
    assert sequence.nan_to_num(0).abs().max() < 20, "in units of the signer, not of the picture"


@every_layout
def test_one_frame_fills_the_sequence_and_does_not_move(layout: Layout, signer: MakeSigner) -> None:
    prepare = prepare_of(layout, pose=False, presence=False)
    sequence = geometry(prepare, signer(layout, frames=1))
    assert torch.equal(sequence[:, :1].expand_as(sequence), sequence)
    assert not prepare.channels(sequence).any()


@every_layout
@pytest.mark.parametrize(("frames", "length"), [(4, 50), (4, 1), (300, 3), (24, 24)])
def test_any_length_becomes_the_configs(
    layout: Layout, frames: int, length: int, signer: MakeSigner
) -> None:
    prepare = prepare_of(layout, frames=frames, trim=False, repair_gap_frames=0)
    sequence = geometry(prepare, signer(layout, length))
    assert sequence.shape == (1, frames, prepare.output.num_joints, 3)
    own = prepare_of(layout, frames=max(length, 4), trim=False, repair_gap_frames=0)
    ends = geometry(own, signer(layout, length))[:, [0, -1]]
    assert_same(sequence[:, [0, -1]], ends, atol=1e-5)


def test_as_many_frames_as_the_clip_has_are_those_frames(signer: MakeSigner) -> None:
    clip = signer(HOLISTIC75)
    prepare = prepare_of(HOLISTIC75, frames=24, hands="body", joints="all", repair_gap_frames=0)
    shoulders = clip[:, [11, 12]].mean(1)
    hips = clip[:, [23, 24]].mean(1)
    origin = shoulders.median(0).values * torch.tensor([1, 1, 0])
    scale = (shoulders - hips)[:, :2].norm(dim=-1).median()
    assert_same(geometry(prepare, clip)[0], (clip - origin) / scale, atol=1e-4)


def test_trimming_cuts_what_is_before_and_after_the_hands(signer: MakeSigner) -> None:
    clip = signer(HOLISTIC75)
    clip[:, :33] = clip[:1, :33]  # a still body: its median is that of every span
    clip[:4, 33:] = clip[17:, 33:] = NAN
    trimmed = geometry(prepare_of(HOLISTIC75), clip)
    assert_same(trimmed, geometry(prepare_of(HOLISTIC75, trim=False), clip[4:17]), atol=1e-5)
    left, right = (trimmed[0, [0, -1], part].isfinite() for part in (slice(25, 46), slice(46, 67)))
    assert (left | right).all()
    untrimmed = geometry(prepare_of(HOLISTIC75, trim=False), clip)
    assert untrimmed[0, [0, -1], 25:].isnan().all()


@every_layout
def test_repair_fills_short_gaps_of_a_hand_and_no_long_ones(
    layout: Layout, signer: MakeSigner
) -> None:
    clip = signer(layout)  # the left hand is gone for 3 frames, the right one for 2
    left, right = (prepare_of(layout).output.parts[part] for part in ("left_hand", "right_hand"))

    def gaps(longest: int) -> tuple[bool, bool]:
        prepare = prepare_of(layout, frames=24, trim=False, repair_gap_frames=longest)
        sequence = geometry(prepare, clip)[0]
        return bool(sequence[:, left].isnan().any()), bool(sequence[:, right].isnan().any())

    assert gaps(0) == gaps(1) == (True, True)
    assert gaps(2) == (True, False)
    assert gaps(3) == (False, False)


def test_fingers_are_the_same_in_every_layout(signer: MakeSigner) -> None:
    fingers = [
        geometry(prepare, signer(layout))[0, :, list(prepare.relative)]
        for layout in (HANDS42, HOLISTIC75)
        for prepare in [prepare_of(layout)]
    ]
    assert_same(*fingers)


def test_slots_in_any_order_give_the_same_sequence(signer: MakeSigner) -> None:
    clip = signer(HANDS42)
    swapped = torch.cat([clip[:, 21:], clip[:, :21]], dim=1)
    assert_same(geometry(prepare_of(HANDS42), swapped), geometry(prepare_of(HANDS42), clip))


def test_the_hands_paths_are_kept_where_there_is_no_body(signer: MakeSigner) -> None:
    prepare, clip = prepare_of(HANDS42, **POSEFORMER, frames=24, trim=False), signer(HANDS42)
    assert prepare.num_channels == 84
    clip[:, 21:] += torch.linspace(0, 0.2, 24)[:, None, None] * torch.tensor([1, 0, 0])
    sequence = geometry(prepare, clip)[0]
    left, right = sequence[:, 0, 0], sequence[:, 21, 0]
    steps = right[~right.isnan()].diff()
    assert (steps > 0).all(), "the right hand, which moves to the side, does so here"
    assert (right - right[0]).nan_to_num().abs().max() > 5 * (
        left - left[0]
    ).nan_to_num().abs().max()


def test_each_hand_has_size_1_in_each_frame_and_the_shoulders_are_1_apart(
    signer: MakeSigner,
) -> None:
    prepare, clip = (
        prepare_of(HOLISTIC75, **POSEFORMER | {"axes": 3, "frames": 24}),
        signer(HOLISTIC75),
    )
    clip[:, 33:54] = clip[:, 33:34] + 2.5 * (clip[:, 33:54] - clip[:, 33:34])
    sequence = geometry(prepare, clip, aspect=0.7)[0]
    for part in ("left_hand", "right_hand"):
        size = sequence[:, prepare.output.parts[part].start + MIDDLE_FINGER_MCP].norm(dim=-1)
        torch.testing.assert_close(size, torch.ones(24))
    left, right = (
        sequence[:, prepare.output.joint(f"{side}_shoulder"), :2] for side in ("left", "right")
    )
    torch.testing.assert_close((left - right).norm(dim=-1), torch.ones(24))
    torch.testing.assert_close(left + right, torch.zeros(24, 2), rtol=0, atol=1e-5)


def test_trimming_by_the_jerk_keeps_what_elbow_span_finds(signer: MakeSigner) -> None:
    clip = signer(HOLISTIC75, 60)
    clip[:, [13, 14], 1] += 0.02 * torch.randn(60, 2).cumsum(0)
    clip[:, :13] = clip[:1, :13]  # still but for the elbows: their median is that of every span
    clip[:, 15:33] = clip[:1, 15:33]
    first, last = (int(end) for end in elbow_span(clip[None], HOLISTIC75))
    assert (first, last) != (0, 59)
    options: dict[str, Any] = {"repair_gap_frames": 0, "own_hand_size": True, "normalise": "frame"}
    got = geometry(prepare_of(HOLISTIC75, trim="jerk", **options), clip)
    expected = geometry(prepare_of(HOLISTIC75, trim=False, **options), clip[first : last + 1])
    assert_same(got[:, 1:-1], expected[:, 1:-1])
    with pytest.raises(LayoutError, match="'hands42' has no elbows, got prepare"):
        prepare_of(HANDS42, trim="jerk")


@every_layout
def test_legs_are_left_out_unless_asked_for(layout: Layout) -> None:
    assert not LEG_JOINTS & set(prepare_of(layout).output.joints)
    assert prepare_of(layout, joints="all").output.joints == layout.joints


@every_layout
def test_only_finger_joints_are_relative(layout: Layout) -> None:
    prepare = prepare_of(layout)
    names = [n for n, r in zip(prepare.output.joints, prepare.relative, strict=True) if r]
    assert len(names) == 40
    assert all("_hand_" in name and not name.endswith("wrist") for name in names)
    assert not any(prepare_of(layout, hands="body").relative)


OPTIONS: dict[str, list[Any]] = {
    "joints": ["signing", "all"],
    "axes": [2, 3],
    "pose": [True, False],
    "motion_lags": [(), (1,), (1, 2, 16)],
    "presence": [True, False],
}


@every_layout
def test_the_number_of_channels_is_what_channels_gives(layout: Layout, signer: MakeSigner) -> None:
    clip = signer(layout)
    for values in itertools.product(*OPTIONS.values()):
        config = dict(zip(OPTIONS, values, strict=True))
        if not config["pose"] and not config["motion_lags"]:
            continue
        prepare = prepare_of(layout, frames=5, **config)  # fewer frames than a lag
        channels = prepare.channels(geometry(prepare, clip))
        assert channels.shape == (1, 5, prepare.num_channels), config


def test_motion_is_the_difference_over_its_lag_and_unknown_is_no_motion() -> None:
    prepare = prepare_of(HANDS42, pose=False, presence=False, motion_lags=(1, 3), frames=6)
    sequence = torch.zeros(1, 6, 42, 3)
    sequence[0, :, 7, 1] = torch.tensor([0.0, 1, 4, NAN, 16, 25])
    near, far = prepare.channels(sequence).view(6, 2, 42, 3)[:, :, 7, 1].T.tolist()
    assert near == [0, 1, 3, 0, 0, 9]
    assert far == [0, 0, 0, 0, 15, 21]
    assert prepare.channels(sequence).count_nonzero() == 5


OTHER: dict[str, Any] = {
    "trim": False,
    "normalise": "frame",
    "scale": "shoulders",
    "hands": "body",
    "own_hand_size": True,
    "joints": "all",
    "axes": 2,
    "repair_gap_frames": 3,
    "frames": 21,
    "pose": False,
    "bones": True,
    "motion_lags": (1, 2),
    "angles": True,
    "presence": False,
}


def test_every_setting_and_the_layout_change_the_fingerprint() -> None:
    assert OTHER.keys() == PrepareConfig.model_fields.keys()
    prepares = [prepare_of(layout) for layout in LAYOUTS.values()]
    prepares += [prepare_of(HANDS42, **{name: value}) for name, value in OTHER.items()]
    prepares.append(prepare_of(HOLISTIC75, trim="jerk"))
    fingerprints = {prepare.fingerprint for prepare in prepares}
    assert len(fingerprints) == len(prepares)
    assert all(len(f) == 16 and int(f, 16) >= 0 for f in fingerprints)


def test_the_fingerprint_is_the_same_tomorrow() -> None:
    # It travels with every model: a change here makes every model that exists unusable.
    assert Prepare(PrepareConfig(), HOLISTIC75).fingerprint == "863419dadd9a76b8"
    # As it was before a config could name them.
    assert {"bones", "angles", "scale", "own_hand_size"} == {*LATER}
    off = PrepareConfig(frames=21, bones=False, angles=False, scale="torso", own_hand_size=False)
    assert Prepare(off, HANDS42).fingerprint == "c77440c63871347d"
