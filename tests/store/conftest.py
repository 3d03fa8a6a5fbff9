from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.skeleton import layout_named

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def clip() -> Callable[..., Clip]:
    """Make a clip whose landmarks depend on its id alone; a tenth of its joints is missing."""

    def make(clip_id: str, frames: int = 5, layout: str = "hands42", **known: Any) -> Clip:
        rng = np.random.default_rng(list(clip_id.encode()))
        xyz = rng.random((frames, layout_named(layout).num_joints, 3)).astype(np.float16)
        xyz[rng.random(xyz.shape[:2]) < 0.1] = np.nan
        return Clip(clip_id, xyz, layout, **known)

    return make


@pytest.fixture
def rows(clip: Callable[..., Clip]) -> list[Clip]:
    """Six clips: three train, one val, one test, one in no split; lengths differ."""
    known = {"language": "ase", "dataset": "tiny", "fps": 25.0, "width": 640, "height": 320}
    confidence = np.linspace(0, 1, 4 * 42).reshape(4, 42).astype(np.float16)
    return [
        clip("a", 3, sign="book", signer="1", split="train", **known),
        clip("b", 4, sign="drink", signer="2", split="train", confidence=confidence, **known),
        clip("c", 1, sign="book", signer="1", split="val", **known),
        clip("d", 6, sign="book", signer="3", split="test", **known),
        clip("e", 0, sign="drink", split="train"),
        clip("f", 2),
    ]
