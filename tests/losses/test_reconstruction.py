from __future__ import annotations

import pytest
import torch
from torch import Tensor

from raysign.config import MaskedConfig
from raysign.losses import Reconstruction, build_loss

CLIPS, FRAMES, JOINTS, AXES, WIDTH = 3, 4, 5, 2, 6


def material() -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    frames = torch.randn(CLIPS, FRAMES, WIDTH, generator=random)
    xyz = 2 * torch.randn(CLIPS, FRAMES, JOINTS, AXES, generator=random)
    hidden = torch.rand(CLIPS, FRAMES, JOINTS, generator=random) < 0.5
    xyz[0, :, 1] = torch.nan
    return frames, xyz, hidden


def built() -> Reconstruction:
    torch.manual_seed(0)
    loss = build_loss(MaskedConfig(), 9, 7, width=WIDTH, joints=JOINTS, axes=AXES)
    assert isinstance(loss, Reconstruction)
    return loss


def test_it_is_the_smooth_distance_to_what_was_hidden_and_seen() -> None:
    loss, (frames, xyz, hidden) = built(), material()
    told = loss.decoder(frames).view(CLIPS, FRAMES, JOINTS, AXES)
    expected, count = 0.0, 0
    for place in hidden.nonzero():
        for axis in range(AXES):
            true = xyz[(*place, axis)]
            if true.isnan():
                continue
            off = abs((told[(*place, axis)] - true).item())
            expected += off * off / 2 if off < 1 else off - 0.5
            count += 1
    total, asked = loss(frames, xyz, hidden)
    assert total.item() == pytest.approx(expected, rel=1e-5)
    assert asked.item() == count < AXES * hidden.sum()


def test_what_was_not_hidden_or_not_seen_is_not_asked() -> None:
    loss, (frames, xyz, hidden) = built(), material()
    before = loss(frames, xyz, hidden)[0]
    xyz[~hidden] += 5
    assert torch.equal(loss(frames, xyz, hidden)[0], before)
    xyz[hidden] += 5
    assert not torch.equal(loss(frames, xyz, hidden)[0], before)
    total, asked = loss(frames, torch.full_like(xyz, torch.nan), hidden)
    assert (total.item(), asked.item()) == (0, 0)


def test_gradients_are_finite_and_reach_frames_and_decoder() -> None:
    loss, (frames, xyz, hidden) = built(), material()
    frames.requires_grad_()
    loss(frames, xyz, hidden)[0].backward()
    for tensor in (frames, *loss.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()
        assert tensor.grad.any()


def test_the_decoder_is_its_state() -> None:
    assert {n: tuple(t.shape) for n, t in built().state_dict().items()} == {
        "decoder.weight": (JOINTS * AXES, WIDTH),
        "decoder.bias": (JOINTS * AXES,),
    }
