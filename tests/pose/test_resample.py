from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from raysign.pose.resample import fill_gaps, interpolate_at

NAN = torch.nan


def sequence(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).view(1, -1, 1, 1)


def read(xyz: Tensor, *positions: float) -> list[float]:
    return interpolate_at(xyz, torch.tensor([positions])).flatten().tolist()


def random_gaps(seed: int, *shape: int, share: float = 0.5) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    xyz = torch.randn(*shape, generator=random)
    seen = torch.rand(shape[:2], generator=random) > share
    return xyz.masked_fill(~seen[:, :, None, None], NAN), seen


def test_interpolation_is_numpys_where_all_is_seen() -> None:
    random = torch.Generator().manual_seed(0)
    xyz = torch.randn(3, 11, 4, 2, generator=random)
    position = torch.rand(3, 29, generator=random) * 14 - 2  # also before the first, after the last
    got = interpolate_at(xyz, position)
    for c, j, a in np.ndindex(3, 4, 2):
        expected = np.interp(position[c].numpy(), np.arange(11), xyz[c, :, j, a].numpy())
        np.testing.assert_allclose(got[c, :, j, a].numpy(), expected, rtol=1e-5, atol=1e-5)


def test_whole_frames_are_read_exactly() -> None:
    xyz, _ = random_gaps(1, 2, 9, 3, 3)
    torch.testing.assert_close(
        interpolate_at(xyz, torch.arange(9.0).expand(2, 9)), xyz, rtol=0, atol=0, equal_nan=True
    )


def test_beside_a_missing_frame_only_half_a_frame_is_known() -> None:
    got = read(sequence(1, NAN, 5), 0, 0.4, 0.6, 1, 1.4, 1.6, 2)
    np.testing.assert_equal(got, [1, 1, NAN, NAN, NAN, 5, 5])


def test_a_joint_missing_alone_leaves_the_others_interpolated() -> None:
    xyz = torch.tensor([[[[0.0], [NAN]], [[2.0], [7.0]]]])
    got = interpolate_at(xyz, torch.tensor([[0.75]])).flatten().tolist()
    np.testing.assert_equal(got, [1.5, 7])
    got = interpolate_at(xyz, torch.tensor([[0.25]])).flatten().tolist()
    np.testing.assert_equal(got, [0.5, NAN])


def test_one_frame_is_read_everywhere() -> None:
    assert read(sequence(3), 0, 0.5, 7) == [3, 3, 3]


def slow_fill(xyz: np.ndarray, seen: np.ndarray, longest: int) -> np.ndarray:
    filled = xyz.copy()
    for c, f in np.ndindex(*seen.shape):
        if seen[c, f]:
            continue
        before = [i for i in range(f) if seen[c, i]]
        after = [i for i in range(f, seen.shape[1]) if seen[c, i]]
        if before and after and after[0] - before[-1] - 1 <= longest:
            share = (f - before[-1]) / (after[0] - before[-1])
            filled[c, f] = (1 - share) * xyz[c, before[-1]] + share * xyz[c, after[0]]
    return filled


@pytest.mark.parametrize("longest", [0, 1, 3, 50])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_gaps_are_filled_as_a_slow_loop_does(longest: int, share: float) -> None:
    xyz, seen = random_gaps(2, 8, 15, 2, 3, share=share)
    got = fill_gaps(xyz, seen, longest)
    expected = slow_fill(xyz.numpy(), seen.numpy(), longest)
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_what_is_seen_is_not_touched() -> None:
    xyz, seen = random_gaps(3, 4, 20, 2, 3)
    got = fill_gaps(xyz, seen, 5)
    assert torch.equal(got[seen], xyz[seen])
    assert got[~seen].isfinite().any(), "nothing was filled: the test tests nothing"
