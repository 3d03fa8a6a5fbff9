from __future__ import annotations

import pytest
import torch

from raysign.encoders.dropout import ChannelDropout, DropPath


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


@pytest.mark.parametrize("module", [DropPath(0.5), ChannelDropout(0.5)])
def test_a_clip_is_drawn_for_once_however_many_axes_it_has(module: torch.nn.Module) -> None:
    torch.manual_seed(0)
    out = module.train()(torch.ones(50, 4, 3, 6))
    assert torch.equal(out, out[:, :1, :1].expand_as(out))
    apart = out[:, 0, 0].unique(dim=0)
    assert len(apart) > 1
    assert set(out.unique().tolist()) == {0, 2}
