"""Windows reach everywhere, and hold the frames that they are named after."""

from __future__ import annotations

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.search.timeline.windows import LENGTHS_S, pieces, windows


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 12, 13, 50, 257, 5000])
@pytest.mark.parametrize("fps", [12.5, 25.0, 60.0])
def test_every_length_covers_the_sentence(frames: int, fps: float) -> None:
    found = windows(frames, fps)
    assert (found[:, 0] >= 0).all()
    assert (found[:, 1] <= frames).all()
    assert len(np.unique(found, axis=0)) == len(found)
    lengths = np.diff(found, axis=1)[:, 0]
    assert set(lengths) <= {min(frames, max(4, round(s * fps))) for s in LENGTHS_S}
    for length in np.unique(lengths):
        own = found[lengths == length]
        assert own[0, 0] == 0
        assert own[-1, 1] == frames
        assert (np.diff(own[:, 0]) <= max(1, round(length / 4))).all()


def test_pieces_are_the_clip_s_own_frames() -> None:
    rng = np.random.default_rng(0)
    clip = Clip(
        "c", rng.random((20, 75, 3)), "holistic75", signer="me", fps=30.0, width=4, height=3
    )
    made = pieces(clip, np.asarray([[0, 20], [3, 8], [5, 6]]))
    assert made.clip_id.tolist() == ["c@0-20", "c@3-8", "c@5-6"]
    assert made.num_frames.tolist() == [20, 5, 1]
    assert np.array_equal(made.landmarks(1), clip.xyz[3:8].astype(np.float16))
    assert made.signer.tolist() == ["me"] * 3
    assert (made.fps[0], made.width[0], made.aspect[2]) == (30, 4, np.float32(4 / 3))
    unknown = pieces(Clip("c", clip.xyz, "holistic75"), np.asarray([[0, 4]]))
    assert np.isnan(unknown.fps[0])
    assert unknown.width[0] == 0
