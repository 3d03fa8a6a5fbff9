from __future__ import annotations

import numpy as np
import pytest

from raysign.baseline import FRAMES, flattened, untrained
from raysign.batches import Prepared, TrainingClips


def prepared(place: list[list[float]], sign: list[int], first_key: int) -> Prepared:
    """Clips of 4 frames of one joint at these places."""
    xyz = np.repeat(np.asarray(place, dtype=np.float16)[:, None, None, :], 4, axis=1)
    key = np.arange(len(sign)) + first_key
    return Prepared(xyz, np.asarray(sign), key)


def clips(train: Prepared, queries: Prepared, gallery: Prepared | None = None) -> TrainingClips:
    signs = np.asarray(["a", "b", "c"])
    return TrainingClips("hands42", train, queries, gallery, signs, "", "", ())


TRAIN = prepared([[1, 0], [0.8, 0.6], [0, 1]], [0, 1, 1], 0)


def test_a_sequence_becomes_a_unit_vector_with_missing_values_0() -> None:
    xyz = np.array([3, np.nan, 0, 4], dtype=np.float16).reshape(1, 2, 1, 2)
    np.testing.assert_allclose(flattened(xyz).numpy(), [[0.6, 0, 0, 0.8]], rtol=1e-6)


@pytest.mark.parametrize(("frames", "kept"), [(5, 5), (FRAMES, FRAMES), (100, FRAMES)])
def test_frames_are_kept_evenly_from_the_first_to_the_last(frames: int, kept: int) -> None:
    xyz = np.zeros((1, frames, 1, frames), dtype=np.float16)
    xyz[0, np.arange(frames), 0, np.arange(frames)] = 1
    chosen = flattened(xyz).view(kept, frames).argmax(dim=1).numpy()
    assert chosen[0] == 0
    assert chosen[-1] == frames - 1
    assert np.ptp(np.diff(chosen)) <= 1


def test_queries_search_the_train_clips_by_cosine() -> None:
    # Cosines to train: .95, .96 (b), .32 (b): b has ranks 1 and 3 for a query of b.
    found = untrained(clips(TRAIN, prepared([[9.5, 3.2]], [1], 10)))
    assert found.figures["map"].value == pytest.approx((1 + 2 / 3) / 2)
    assert found.figures["recall_at_1"].value == 1
    assert (found.queries, found.gallery) == (1, 3)


def test_a_gallery_of_its_own_is_searched_instead() -> None:
    gallery = prepared([[1, 0], [0, 1]], [2, 1], 20)
    found = untrained(clips(TRAIN, prepared([[9, 1]], [1], 10), gallery))
    assert found.gallery == 2
    assert found.figures["mrr"].value == pytest.approx(0.5)


def test_a_clip_does_not_find_itself() -> None:
    found = untrained(clips(TRAIN, prepared([[0, 1]], [1], 2)))  # the last train clip
    assert found.figures["recall_at_1"].value == 1
    assert found.positives_per_query == 1
