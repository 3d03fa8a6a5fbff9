"""A clean world, and a doctor to show it to after something has been spoilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.doctor import Case, Finding, open_case
from raysign.doctor.checks import check
from raysign.manifest import Outcome
from raysign.skeleton import HOLISTIC75, OPENPOSE55
from raysign.store import write_store
from raysign.synthetic import iter_clips

WORLD = SyntheticConfig(signs=20, train_signers=4, val_signers=2)

Consult = Callable[..., Case]
Spoil = Callable[[np.ndarray], np.ndarray]
EVERY = slice(None)


@pytest.fixture(scope="session")
def world() -> tuple[Clip, ...]:
    """60 clips of 10 signs and 6 signers, ``holistic75``."""
    clips = list(iter_clips(WORLD))
    some = sorted({clip.sign for clip in clips})[:10]
    return tuple(clip for clip in clips if clip.sign in some)


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

    def open_(
        clips: Sequence[Clip],
        outcomes: Sequence[Outcome] | None = None,
        *,
        imported: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> Case:
        store = tmp_path / f"store{len(list(tmp_path.iterdir()))}"
        extractor = {"extractor": {"settings": settings or {}}}
        about = None if imported or outcomes is None else extractor
        write_store(store, clips, outcomes=outcomes, about=about)
        return open_case(str(store))

    return open_


@pytest.fixture
def findings_in(consult: Consult) -> Callable[..., dict[str, Finding]]:
    """What the doctor finds in clips, by the check's name."""

    def named(
        clips: Sequence[Clip], outcomes: Sequence[Outcome] | None = None, **made: Any
    ) -> dict[str, Finding]:
        return {finding.check: finding for finding in check(consult(clips, outcomes, **made))}

    return named


@pytest.fixture(scope="session")
def spoilt() -> Callable[..., list[Clip]]:
    """The clips, with some of their landmarks changed."""

    def spoil_some(clips: Sequence[Clip], spoil: Spoil, which: slice = EVERY) -> list[Clip]:
        chosen = set(range(len(clips))[which])
        return [
            replace(clip, xyz=spoil(clip.xyz.copy()), confidence=None) if i in chosen else clip
            for i, clip in enumerate(clips)
        ]

    return spoil_some


@pytest.fixture(scope="session")
def relabelled() -> Callable[..., list[Clip]]:
    """The clips, with some of their labels changed."""

    def relabel_some(clips: Sequence[Clip], which: slice = EVERY, **facts: Any) -> list[Clip]:
        chosen = set(range(len(clips))[which])
        return [replace(clip, **facts) if i in chosen else clip for i, clip in enumerate(clips)]

    return relabel_some


@pytest.fixture(scope="session")
def real_case(real_data: Path) -> Callable[[str], Case]:
    """A real store of that name, read once for all tests."""
    return cache(lambda name: open_case(str(real_data / name)))
