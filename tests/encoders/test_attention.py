from __future__ import annotations

import pytest
import torch

from raysign.encoders.attention import SelfAttention, attended
from raysign.encoders.layers import over_frames
from raysign.encoders.rotary import turned, turns


@pytest.mark.parametrize("hidden", [False, True])
def test_attention_on_a_cpu_is_torchs(hidden: bool) -> None:
    query, key, value = torch.randn(3, 2, 4, 7, 8)
    shown = torch.tensor([[True] * 5 + [False] * 2, [False] + [True] * 6]) if hidden else None
    mask = None if shown is None else shown[:, None, None]
    fused = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    torch.testing.assert_close(attended(query, key, value, shown), fused, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kernel", [3, 11])
def test_a_convolution_on_a_cpu_is_torchs(kernel: int) -> None:
    convolve = torch.nn.Conv1d(6, 6, kernel, padding=kernel // 2, groups=6)
    frames = torch.randn(2, 9, 6)
    plain = convolve(frames.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(over_frames(convolve, frames), plain, rtol=0, atol=1e-6)


def test_a_clip_of_which_nothing_is_shown_attends_to_all() -> None:
    attend = SelfAttention(8, 2)
    x, hidden = torch.randn(1, 5, 8), torch.zeros(1, 5, dtype=torch.bool)
    torch.testing.assert_close(attend(x, hidden), attend(x, ~hidden))


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_turned_vectors_keep_their_length_and_see_differences_of_frames(size: int) -> None:
    turn = turns(12, size)
    query, key = torch.randn(2, size)
    queries, keys = (turned(v.expand(1, 1, 12, size), turn)[0, 0] for v in (query, key))
    torch.testing.assert_close(queries.norm(dim=1), query.norm().expand(12))
    products = queries @ keys.T
    for lag in range(-11, 12):
        diagonal = products.diagonal(lag)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), rtol=0, atol=1e-4)
    if size > 1:
        assert products[0].std() > 1e-3


def test_attention_knows_order_but_not_place() -> None:
    torch.manual_seed(0)
    attend = SelfAttention(16, 2)
    x, turn = torch.randn(1, 6, 16), turns(30, 8)
    first = attend(x, None, turn[:6])
    torch.testing.assert_close(attend(x, None, turn[20:26]), first, rtol=0, atol=1e-5)
    flipped = attend(x.flip(1), None, turn[:6]).flip(1)
    assert not torch.allclose(flipped, first, atol=1e-3)
