"""Batch norm against torch's own, with frames left out, and over two workers."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from raysign.encoders.batch_norm import BatchNorm


def clips(number: int = 6, far: float = 0.0) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return far + torch.randn(number, 5, 3, 4, generator=random) * torch.tensor([1.0, 2, 0.1, 5])


def shaken(norm: BatchNorm) -> BatchNorm:
    torch.manual_seed(1)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    return norm


def test_it_is_torchs_batch_norm() -> None:
    ours = shaken(BatchNorm(4))
    theirs = nn.BatchNorm2d(4)
    theirs.load_state_dict(ours.state_dict(), strict=False)
    for _ in range(3):
        x = clips()
        expected = theirs(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        torch.testing.assert_close(ours(x), expected)
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    expected = theirs.eval()(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    torch.testing.assert_close(ours.eval()(x), expected)


def test_frames_that_are_not_shown_do_not_count() -> None:
    """Of the shown frames alone it learns what it would without the others, 1,000 from 0 too."""
    x = clips(far=1000)
    shown = torch.ones(6, 5, dtype=torch.bool)
    shown[2:, 3:] = False
    seen = x[shown].view(1, -1, 3, 4)
    x[~shown] = 1e6
    ours, without = shaken(BatchNorm(4)), shaken(BatchNorm(4))
    got = ours(x, shown)[shown].view(1, -1, 3, 4)
    torch.testing.assert_close(got, without(seen), rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(ours.running_mean, without.running_mean)
    torch.testing.assert_close(ours.running_var, without.running_var, rtol=1e-3, atol=1e-3)


WORKER = """
import sys
import torch
import torch.distributed as dist
from raysign.encoders.batch_norm import BatchNorm

rank, store, out = int(sys.argv[1]), sys.argv[2], sys.argv[3]
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
state, x = torch.load(out + ".in", weights_only=True)
norm = BatchNorm(4)
norm.load_state_dict(state)
share = x[rank * 3 : rank * 3 + 3].requires_grad_()
(norm(share) ** 3).sum().backward()
torch.save([share.grad, norm.weight.grad, norm.running_var], f"{out}.{rank}")
dist.destroy_process_group()
"""


def test_two_workers_learn_what_one_does(tmp_path: Path) -> None:
    norm, x = shaken(BatchNorm(4)), clips()
    out = str(tmp_path / "norm")
    torch.save((copy.deepcopy(norm.state_dict()), x), out + ".in")
    command = [sys.executable, "-c", WORKER]
    workers = [
        subprocess.Popen([*command, str(rank), str(tmp_path / "store"), out]) for rank in (0, 1)
    ]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    x.requires_grad_()
    (norm(x) ** 3).sum().backward()
    assert x.grad is not None
    assert norm.weight.grad is not None
    parts = [torch.load(f"{out}.{rank}", weights_only=True) for rank in (0, 1)]
    torch.testing.assert_close(torch.cat([p[0] for p in parts]), x.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(parts[0][1] + parts[1][1], norm.weight.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(parts[0][2], norm.running_var)
    torch.testing.assert_close(parts[1][2], norm.running_var)
