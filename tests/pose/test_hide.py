from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from raysign.pose import hide_articulators
from raysign.skeleton import HANDS42, HOLISTIC75, Layout

FRAMES = 40


def hidden(layout: Layout, share: float, span: float, seed: int = 0) -> np.ndarray:
    """Which part is hidden, [clip frame]: its number, -1 for none; whole parts are."""
    random = np.random.default_rng(seed)
    mask = hide_articulators(layout, 500, FRAMES, share=share, span=span, random=random)
    assert mask.shape == (500, FRAMES, layout.num_joints)
    parts = np.stack([mask[:, :, part].all(-1) for part in layout.parts.values()], axis=-1)
    some = np.stack([mask[:, :, part].any(-1) for part in layout.parts.values()], axis=-1)
    assert np.array_equal(parts, some)
    assert parts.sum(-1).max() == 1, "one articulator at a time"
    return np.where(parts.any(-1), parts.argmax(-1), -1)


@pytest.mark.parametrize("layout", [HANDS42, HOLISTIC75], ids=lambda layout: layout.name)
@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_every_articulator_is_hidden_as_often(layout: Layout, share: float) -> None:
    found = hidden(layout, share, 0.25)
    for number in range(len(layout.parts)):
        assert (found == number).mean() == pytest.approx(share / len(layout.parts), abs=0.03)


def test_spans_have_their_length_wherever_they_begin() -> None:
    found = hidden(HANDS42, 0.3, 0.25)
    runs = [(part, len(list(run))) for row in found for part, run in groupby(row.tolist())]
    inner = [
        length
        for row in found
        for part, length in [(p, len(list(r))) for p, r in groupby(row.tolist())][1:-1]
        if part >= 0
    ]
    assert {length % 10 for length in inner} == {0}, "two spans may hide the same hand"
    assert min(length for _, length in runs) < 10, "the clip's ends cut some short"
    begins = [np.flatnonzero(np.diff(row)) + 1 for row in found]
    assert {int(begin) % 10 for row in begins for begin in row} == set(range(10))
    for row in begins:
        assert len({int(begin) % 10 for begin in row}) <= 1, "one grid a clip"


def test_a_span_is_a_frame_at_least_and_the_clip_at_most() -> None:
    found = hidden(HANDS42, 1.0, 1e-6)
    assert (np.diff(found) != 0).mean() == pytest.approx(0.5, abs=0.05)
    whole = hidden(HANDS42, 1.0, 1.0)
    assert (np.diff(whole) != 0).sum(axis=1).max() == 1
    assert (whole >= 0).all()


def test_the_generator_decides() -> None:
    one, same, other = (hidden(HOLISTIC75, 0.5, 0.25, seed) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
