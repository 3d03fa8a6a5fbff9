"""What only one encoder has."""

from __future__ import annotations

import math

import pytest
import torch

from raysign.config import ConvTransformerConfig, TransformerConfig
from raysign.encoders import build_encoder, count_parameters
from raysign.encoders.conv_transformer import ChannelDropout, DropPath
from raysign.encoders.pooling import AttentionPooling, MeanPooling
from raysign.encoders.transformer import sinusoids


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


@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_drop_path_skips_whole_clips_and_keeps_the_mean(rate: float) -> None:
    torch.manual_seed(0)
    branch = torch.ones(2000, 2, 3)
    out = DropPath(rate).train()(branch)
    values = {0.0, 1 / (1 - rate)} if rate else {1.0}
    assert {round(v, 4) for v in out.unique().tolist()} == {round(v, 4) for v in values}
    assert torch.equal(out, out[:, :1, :1].expand_as(out))
    assert out.mean().item() == pytest.approx(1, abs=0.06)
    assert torch.equal(DropPath(rate).eval()(branch), branch)


def test_channel_dropout_drops_a_channel_in_every_frame() -> None:
    torch.manual_seed(0)
    out = ChannelDropout(0.25).train()(torch.ones(100, 5, 20))
    assert torch.equal(out, out[:, :1].expand_as(out))
    assert (out == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert out.mean().item() == pytest.approx(1, abs=0.05)


def test_the_poster_sized_transformer_has_its_parameters() -> None:
    # 4 blocks of 4 width² (attention) + 2 × width × feedforward, and what stands around them.
    got = count_parameters(build_encoder(TransformerConfig(pooling="mean"), 225))
    width, inner = 256, 512
    block = 4 * width**2 + 4 * width + 2 * width * inner + inner + width + 4 * width
    around = 225 * width + 3 * width + 2 * width + 2 * width + width * 256 + 256
    assert got == 4 * block + around


def test_the_convolution_sees_as_far_as_its_kernel() -> None:
    config = ConvTransformerConfig(groups=1, convolutions=1, kernel=5, width=8, dropout=0)
    block = build_encoder(config, 3).eval().blocks[0]  # type: ignore[index,union-attr]
    x = torch.randn(1, 11, 8)
    changed = x.clone()
    changed[0, 5] += torch.randn(8)
    differs = (block(x, None) != block(changed, None)).any(-1)[0]
    assert differs.nonzero().flatten().tolist() == [3, 4, 5, 6, 7]
