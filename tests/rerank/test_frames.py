from __future__ import annotations

import numpy as np
import pytest

from raysign.errors import DataError
from raysign.pose.resample import thinned
from raysign.rerank import JointAverages


def landmarks(clips=6, frames=5, joints=4, axes=3, seed=0, missing=0.3):
    rng = np.random.default_rng(seed)
    xyz = rng.normal(size=(clips, frames, joints, axes)) + np.arange(joints)[:, None]
    xyz[rng.random((clips, frames, joints)) < missing] = np.nan
    return xyz.astype(np.float32)


def test_averages_are_over_what_is_seen():
    xyz = landmarks()
    found = JointAverages.of(xyz)
    mean = np.nanmean(xyz, axis=(0, 1), dtype=np.float64)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-6)
    variance = np.nanvar(xyz, axis=(0, 1), dtype=np.float64).sum(axis=-1)
    np.testing.assert_allclose(found.deviation**2, variance, rtol=1e-6)


def squared(a, b, averages):
    """The definition at the top of the module, joint by joint."""
    total = 0.0
    rows = zip(a, b, averages.mean, averages.deviation, strict=True)
    for one, other, mean, deviation in rows:
        seen = [place for place in (one, other) if not np.isnan(place[0])]
        if len(seen) == 2:
            total += float(((one - other) ** 2).sum())
        elif seen:
            total += float(((seen[0] - mean) ** 2).sum() + deviation**2)
    return total / len(a)


def test_distances_are_those_of_the_definition():
    xyz = landmarks(missing=0.4)
    averages = JointAverages.of(xyz)
    vectors = averages.vectors(xyz)
    assert vectors.shape == (6, 5, 4 * 4)
    assert not np.isnan(vectors).any()
    for a in range(5):
        for b in range(5):
            found = ((vectors[0, a] - vectors[1, b]) ** 2).sum()
            assert found == pytest.approx(squared(xyz[0, a], xyz[1, b], averages), rel=1e-4)


def test_a_missing_joint_costs_what_it_costs_on_average():
    xyz = landmarks(missing=0.0)
    averages = JointAverages.of(xyz)
    shown = xyz[:1, :1]
    every = np.square(shown - xyz).sum(axis=-1).mean(axis=(0, 1))  # to each place of each joint
    hidden = np.full_like(shown, np.nan)
    gap = averages.vectors(shown) - averages.vectors(hidden)
    assert np.square(gap).sum() == pytest.approx(every.mean(), rel=1e-4)


def test_what_no_frame_shows_costs_nothing():
    xyz = landmarks(missing=0.0)
    xyz[:, :, 2] = np.nan
    averages = JointAverages.of(xyz)
    other = JointAverages.of(np.delete(xyz, 2, axis=2))
    gaps = [np.diff(a.vectors(x)[0], axis=0) for a, x in ((averages, xyz),)]
    kept = np.diff(other.vectors(np.delete(xyz, 2, axis=2))[0], axis=0)
    np.testing.assert_allclose((gaps[0] ** 2).sum(-1) * 4, (kept**2).sum(-1) * 3, rtol=1e-4)


def test_other_joints_are_refused():
    averages = JointAverages.of(landmarks())
    with pytest.raises(DataError, match=r"\(3, 3\) joints and axes, the averages \(4, 3\)"):
        averages.vectors(landmarks(joints=3))


@pytest.mark.parametrize(("frames", "most"), [(100, 16), (32, 16), (5, 16), (16, 16), (4, 2)])
def test_thinned_keeps_both_ends_and_repeats_nothing(frames, most):
    kept = thinned(frames, most)
    assert (kept[0], kept[-1]) == (0, frames - 1)
    assert len(kept) == min(frames, most)
    assert (np.diff(kept) > 0).all()
