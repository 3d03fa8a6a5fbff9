"""A clean world, and a doctor to show it to after something has been spoilt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.doctor import Case, open_case
from raysign.manifest import Outcome
from raysign.skeleton import HOLISTIC75, OPENPOSE55
from raysign.store import write_store
from raysign.synthetic import iter_clips

WORLD = SyntheticConfig(signs=20, train_signers=4, val_signers=2)

Consult = Callable[..., Case]


@pytest.fixture(scope="session")
def world() -> tuple[Clip, ...]:
    """120 clips of 20 signs and 6 signers, ``holistic75``."""
    return tuple(iter_clips(WORLD))


@pytest.fixture(scope="session")
def hands_world(world: tuple[Clip, ...]) -> tuple[Clip, ...]:
    """The same as ``hands42``."""
    return tuple(
        replace(clip, xyz=clip.xyz[:, 33:], layout="hands42", confidence=None) for clip in world
    )


@pytest.fixture(scope="session")
def openpose_world(world: tuple[Clip, ...]) -> tuple[Clip, ...]:
    """The same as ``openpose55``."""
    return tuple(
        replace(clip, xyz=as_openpose(clip.xyz), layout="openpose55", confidence=None)
        for clip in world
    )


def as_openpose(xyz: np.ndarray) -> np.ndarray:
    """OpenPose's joints of ``holistic75`` landmarks; it sees no depth."""
    middles = {"neck": "shoulder", "mid_hip": "hip"}
    joints = []
    for name in OPENPOSE55.joints:
        sides = [f"{s}_{middles[name]}" for s in ("left", "right")] if name in middles else [name]
        joints.append(np.mean([xyz[:, HOLISTIC75.joint(n)] for n in sides], axis=0))
    out = np.stack(joints, axis=1)
    out[..., 2] *= 0
    return out


@pytest.fixture
def consult(tmp_path: Path) -> Consult:
    """Write clips as a store and open the case."""

    def open_(clips: Sequence[Clip], outcomes: Sequence[Outcome] | None = None) -> Case:
        write_store(tmp_path / "store", clips, outcomes=outcomes)
        return open_case(str(tmp_path / "store"))

    return open_
