"""What only one encoder has."""

from __future__ import annotations

import math

import pytest
import torch

from raysign.config import (
    ConformerConfig,
    ConvTransformerConfig,
    EncoderConfig,
    EnsembleConfig,
    PoseFormerConfig,
    PrepareConfig,
    STGCNConfig,
    TransformerConfig,
)
from raysign.encoders import build_encoder, count_parameters
from raysign.encoders.pooling import AttentionPooling, MeanPooling
from raysign.encoders.transformer import sinusoids
from raysign.pose import Prepare
from raysign.skeleton import HANDS42, HOLISTIC75, ChannelMap

HANDS = Prepare(PrepareConfig(), HANDS42).channel_map
POSTER = ChannelMap(HOLISTIC75, 3, ("position",))


def test_positions_are_vaswanis() -> None:
    got = sinusoids(7, 6)
    for frame in range(7):
        for i in range(3):
            angle = frame / 10_000 ** (2 * i / 6)
            assert got[frame, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert got[frame, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)
    assert sinusoids(3, 5).shape == (3, 5)


def test_mean_pooling_counts_shown_frames_only() -> None:
    frames = torch.tensor([[[1.0], [3.0], [100.0]]])
    pool = MeanPooling()
    assert pool(frames, torch.tensor([[True, True, False]])).item() == 2
    assert pool(frames, None).item() == pytest.approx(104 / 3)


def test_attention_pooling_weighs_each_group_of_channels_apart() -> None:
    pool = AttentionPooling(4, heads=2)
    frames = torch.randn(1, 5, 4)
    weight = pool.score(frames).softmax(dim=1)[0]
    expected = torch.cat([weight[:, :1].T @ frames[0, :, :2], weight[:, 1:].T @ frames[0, :, 2:]])
    torch.testing.assert_close(pool(frames, None)[0], expected.flatten())


def test_the_poster_sized_transformer_has_its_parameters() -> None:
    # 4 blocks of 4 width² (attention) + 2 × width × feedforward, and what stands around them.
    got = count_parameters(build_encoder(TransformerConfig(pooling="mean"), POSTER))
    width, inner = 256, 512
    block = 4 * width**2 + 4 * width + 2 * width * inner + inner + width + 4 * width
    around = 225 * width + 3 * width + 2 * width + 2 * width + width * 256 + 256
    assert got == 4 * block + around


def test_the_convolution_sees_as_far_as_its_kernel() -> None:
    config = ConvTransformerConfig(groups=1, convolutions=1, kernel=5, width=8, dropout=0)
    block = build_encoder(config, HANDS).eval().blocks[0]  # type: ignore[index,union-attr]
    x = torch.randn(1, 11, 8)
    changed = x.clone()
    changed[0, 5] += torch.randn(8)
    differs = (block(x, None) != block(changed, None)).any(-1)[0]
    assert differs.nonzero().flatten().tolist() == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (TransformerConfig(), 2_307_844),
        (ConvTransformerConfig(), 1_642_628),
        (STGCNConfig(), 3_130_340),
        (ConformerConfig(), 2_488_324),
        (PoseFormerConfig(), 2_669_568),
        (EnsembleConfig(), 2 * 2_307_844),
    ],
    ids=lambda given: getattr(given, "kind", ""),
)
def test_each_default_has_the_parameters_it_had(config: EncoderConfig, parameters: int) -> None:
    # A change here makes the weights of every model of that kind unreadable.
    assert count_parameters(build_encoder(config, HANDS)) == parameters


def test_drop_path_skips_the_transformers_branches_while_training_alone() -> None:
    torch.manual_seed(0)
    plain = build_encoder(TransformerConfig(dropout=0), HANDS)
    skipping = build_encoder(TransformerConfig(dropout=0, drop_path=0.9), HANDS)
    skipping.load_state_dict(plain.state_dict())
    x = torch.randn(2, 6, HANDS.num_channels)
    torch.testing.assert_close(skipping.eval()(x), plain.eval()(x))
    torch.testing.assert_close(plain.train()(x), plain.eval()(x), rtol=0, atol=1e-5)
    assert not torch.allclose(skipping.train()(x), plain(x), atol=1e-3)
    through = [block.leave(torch.ones(2000, 1, 1)) for block in skipping.blocks]
    assert torch.stack(through).count_nonzero().item() == pytest.approx(800, abs=120)
