"""What only the PoseFormer has."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from raysign.config import PoseFormerConfig, PrepareConfig, TrainConfig, load_config
from raysign.encoders import PoseFormer, build_encoder, count_parameters
from raysign.encoders.transformer import sinusoids
from raysign.losses import build_loss
from raysign.pose import Prepare
from raysign.skeleton import HANDS42, HOLISTIC75, ChannelMap, Layout

RECIPE = Path(__file__).parents[2] / "tune_configs" / "poseformer.yaml"


def recipe() -> TrainConfig:
    return load_config(TrainConfig, RECIPE)


def channels_of(layout: Layout) -> ChannelMap:
    return Prepare(recipe().prepare, layout).channel_map


def poseformer(**config: Any) -> PoseFormer:
    torch.manual_seed(0)
    encoder = build_encoder(PoseFormerConfig(**config), channels_of(HOLISTIC75))
    assert isinstance(encoder, PoseFormer)
    return encoder.eval()


def test_the_recipe_gives_the_published_input() -> None:
    holistic, hands = channels_of(HOLISTIC75), channels_of(HANDS42)
    assert (holistic.num_channels, hands.num_channels) == (134, 84)
    assert holistic.layout.joints[:25] == HOLISTIC75.joints[:25]
    assert holistic.layout.joints[25:] == HANDS42.joints


@pytest.mark.parametrize(
    ("signs", "parameters"), [(0, 2_086_848), (292, 2_143_204), (2_731, 2_613_931)]
)
def test_it_has_the_published_parameters(signs: int, parameters: int) -> None:
    config = recipe()
    assert config.encoder == PoseFormerConfig()
    got = count_parameters(build_encoder(config.encoder, channels_of(HOLISTIC75)))
    head = (
        count_parameters(build_loss(config.loss, signs, config.encoder.embedding)) if signs else 0
    )
    assert got + head == parameters


def test_each_ablation_leaves_out_that_part_alone() -> None:
    whole = poseformer()
    mlp = sum(
        (into + 1) * out + 2 * out for into, out in ((134, 536), (536, 768), (768, 384), (384, 192))
    )
    convolutions = sum(2 * 192 * (kernel + 1) for kernel in (3, 5, 7, 9))
    names = {name for name, _ in whole.named_parameters()}
    for part, left_out, parameters in (
        ("frame_embedding", "embed.mlp.", mlp),
        ("intermediate_convolutions", "convolve.", convolutions),
    ):
        without = poseformer(**{part: False})
        kept = {name for name, _ in without.named_parameters()}
        assert count_parameters(without) == 2_086_848 - parameters
        assert kept == {name for name in names if not name.startswith(left_out)}


def test_it_is_what_the_paper_describes() -> None:
    """One clip, all of it shown, written out with torch's own convolutions."""
    encoder, clip = poseformer(), torch.randn(12, 134)

    def along_time(convolve: nn.Module, x: Tensor) -> Tensor:
        return convolve(x.T[None])[0].T

    x = clip
    for branch, kernel in zip(encoder.enter.branches, (3, 5, 7, 9), strict=True):
        (convolve,) = branch  # type: ignore[misc]
        assert convolve.kernel_size == (kernel,)
        x = x + along_time(convolve, x)
    assert encoder.embed.mlp is not None
    x = encoder.embed.linear(x) + encoder.embed.mlp(x)
    assert encoder.convolve is not None
    for branch, kernel in zip(encoder.convolve.branches, (3, 5, 7, 9), strict=True):
        first, second = branch  # type: ignore[misc]
        assert first.kernel_size == second.kernel_size == (kernel,)
        x = x + along_time(second, nn.functional.gelu(along_time(first, x)))
    x = torch.cat([encoder.token[None], x + sinusoids(12, 192)])
    for block in encoder.blocks:
        x = block(x[None], None)[0]
    expected = nn.functional.layer_norm(x, [192], encoder.norm.weight, encoder.norm.bias)
    got = encoder(clip[None])[0]
    torch.testing.assert_close(got, expected[0] / expected[0].norm(), rtol=0, atol=1e-5)
    torch.testing.assert_close(encoder.frames(clip[None])[0], expected[1:], rtol=0, atol=1e-5)


def test_a_frame_in_which_nothing_was_seen_is_not_read() -> None:
    encoder, clip = poseformer(), torch.randn(2, 12, 134)
    clip[:, 7:] = 0
    torch.testing.assert_close(encoder(clip), encoder(clip[:, :7]), rtol=0, atol=1e-5)
    clip[:, 7:, 3] = 1e-3
    assert not torch.allclose(encoder(clip), encoder(clip[:, :7]), atol=1e-4)


def test_weights_start_small_and_the_head_reads_what_the_layer_norm_gave() -> None:
    encoder = poseformer()
    for name, parameter in encoder.named_parameters():
        if name.endswith("weight") and parameter.ndim > 1:
            assert parameter.std().item() == pytest.approx(0.02, rel=0.2), name
        elif name.endswith("bias"):
            assert not parameter.any(), name
    assert encoder.token.std().item() == pytest.approx(0.02, rel=0.2)
    normed = encoder._attended(torch.randn(3, 9, 134), None)[:, 0].norm(dim=1)
    scale = recipe().loss.scale  # type: ignore[union-attr]
    assert scale == pytest.approx(math.sqrt(192), abs=1e-4)
    torch.testing.assert_close(normed, torch.full((3,), scale), rtol=1e-3, atol=0)


def test_heads_have_to_divide_the_embedding() -> None:
    with pytest.raises(ValueError, match="heads=5 must divide embedding=192"):
        PoseFormerConfig(heads=5)


def test_positions_have_half_of_the_dropout() -> None:
    assert poseformer().dropout.p == 0.1
    assert poseformer(dropout=0).dropout.p == 0


def test_presence_and_motion_are_read_where_asked_for() -> None:
    rich = Prepare(PrepareConfig(angles=True), HOLISTIC75).channel_map
    assert build_encoder(PoseFormerConfig(), rich)(torch.randn(2, 5, rich.num_channels)).shape == (
        2,
        192,
    )
