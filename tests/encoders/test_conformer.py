from __future__ import annotations

from typing import Any

import pytest
import torch

from raysign.config import AugmentConfig, ConformerConfig, PrepareConfig
from raysign.encoders import build_encoder
from raysign.encoders.conformer import Conformer
from raysign.encoders.pick import Pick
from raysign.pose import Prepare, augment
from raysign.skeleton import HANDS42, HOLISTIC75, ChannelMap

RICH: dict[str, Any] = {"frames": 8, "angles": True, "bones": True, "motion_lags": (1, 2)}
HANDS = Prepare(PrepareConfig(**RICH), HANDS42)
WHOLE = Prepare(PrepareConfig(**RICH), HOLISTIC75)


def conformer(channels: ChannelMap, **config: Any) -> Conformer:
    torch.manual_seed(0)
    small = {"width": 16, "hand_width": 12, "heads": 2, "depth": 1, "kernel": 3, "embedding": 6}
    encoder = build_encoder(ConformerConfig(**{**small, **config}), channels).eval()
    assert isinstance(encoder, Conformer)
    return encoder


@pytest.mark.parametrize("prepare", [HANDS, WHOLE], ids=["hands42", "holistic75"])
@pytest.mark.parametrize("axes", [2, 3])
def test_a_left_hand_looks_like_the_right_hand_that_does_the_same(
    prepare: Prepare, axes: int
) -> None:
    prepare = Prepare(prepare.config.model_copy(update={"axes": axes}), prepare.layout)
    xyz = torch.randn(3, 8, prepare.output.num_joints, axes)
    off = dict.fromkeys(AugmentConfig.model_fields, 0.0) | {"mirror": 1.0}
    mirrored = augment(xyz, AugmentConfig(**off), prepare, torch.Generator())
    encoder = conformer(prepare.channel_map)
    _, left, right = encoder._streams(prepare.channels(xyz), None)
    _, other_left, other_right = encoder._streams(prepare.channels(mirrored), None)
    torch.testing.assert_close(other_right, left, rtol=0, atol=1e-5)
    torch.testing.assert_close(other_left, right, rtol=0, atol=1e-5)
    assert not torch.allclose(left, right, atol=1e-2)


def test_a_mirrored_clip_is_still_another_clip() -> None:
    """Which hand is which, the rest and the order of the hands tell."""
    xyz = torch.randn(3, 8, 42, 3)
    off = dict.fromkeys(AugmentConfig.model_fields, 0.0) | {"mirror": 1.0}
    mirrored = augment(xyz, AugmentConfig(**off), HANDS, torch.Generator())
    encoder = conformer(HANDS.channel_map)
    apart = encoder(HANDS.channels(xyz)) - encoder(HANDS.channels(mirrored))
    assert (apart.norm(dim=1) > 1e-2).all()


def test_every_channel_is_read_once() -> None:
    for prepare in (HANDS, WHOLE):
        encoder = conformer(prepare.channel_map)
        read = [*encoder.hands, encoder.rest]
        numbers = torch.cat([pick.numbers for pick in read])
        assert numbers.sort().values.tolist() == list(range(prepare.num_channels))


def test_fingers_go_to_the_hands_and_wrists_to_the_rest() -> None:
    where = HANDS.channel_map
    encoder = conformer(where)
    wrists = [HANDS42.joint("left_hand_wrist"), HANDS42.joint("right_hand_wrist")]
    assert encoder.rest.numbers.tolist() == list(where.of_joints(wrists))
    left, right = (set(pick.numbers.tolist()) for pick in encoder.hands)
    assert {*where.of_joints([1, 20]), *where.of_extras(["left_hand"])} <= left
    assert {*where.of_joints([22, 41]), *where.of_extras(["right_hand"])} <= right


def test_a_body_alone_has_no_hands_network() -> None:
    body = Prepare(PrepareConfig(joints="body"), HOLISTIC75)
    encoder = conformer(body.channel_map)
    assert encoder.hand is None
    assert encoder(torch.randn(2, 5, body.num_channels)).shape == (2, 6)


def test_a_pick_takes_channels_in_order_and_mirrors_them() -> None:
    channels = ChannelMap(HANDS42, 3, ("position",))
    x = torch.randn(2, 4, channels.num_channels)
    numbers = [5, 0, 9]  # z, x, x
    assert torch.equal(Pick(channels, numbers)(x), x[..., numbers])
    mirrored = Pick(channels, numbers, mirrored=True)(x)
    assert torch.equal(mirrored, x[..., numbers] * torch.tensor([1.0, -1, -1]))
    assert not Pick(channels, numbers).state_dict()
