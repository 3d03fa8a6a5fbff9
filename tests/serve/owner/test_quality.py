"""How good exemplars are, beside slow and obvious counts."""

from __future__ import annotations

import numpy as np

from raysign.serve.owner.quality import Asked, ask_each, clips_a_sign, confusions


def made(clips: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    sign = rng.integers(-1, 9, clips)
    signer = rng.integers(-1, 4, clips)
    vectors = rng.normal(size=(clips, 8)) + 1.5 * rng.normal(size=(10, 8))[sign]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("f4"), sign, signer


def slowly(vectors: np.ndarray, sign: np.ndarray, signer: np.ndarray) -> Asked:
    asking, nearest, own = [], [], []
    for clip in range(len(sign)):
        others = [o for o in range(len(sign)) if o != clip and sign[o] >= 0]
        if sign[clip] < 0 or not any(sign[o] == sign[clip] for o in others):
            continue
        by_others = [o for o in others if signer[clip] < 0 or signer[o] != signer[clip]]
        if not any(sign[o] == sign[clip] for o in by_others):
            by_others = others
        asking.append(clip)
        nearest.append(max(by_others, key=lambda o: vectors[o] @ vectors[clip]))
        own.append(sign[max(others, key=lambda o: vectors[o] @ vectors[clip])] == sign[clip])
    return Asked(np.array(asking), np.array(nearest), np.array(own))


def test_each_asks_all_others() -> None:
    for seed in range(5):
        vectors, sign, signer = made(seed=seed)
        found, wanted = ask_each(vectors, sign, signer), slowly(vectors, sign, signer)
        np.testing.assert_array_equal(found.clip, wanted.clip)
        np.testing.assert_array_equal(found.nearest, wanted.nearest)
        np.testing.assert_array_equal(found.own, wanted.own)


def test_signs_of_one_clip_do_not_ask() -> None:
    vectors = np.eye(3, dtype="f4")
    nobody = ask_each(vectors, np.array([0, 1, 2]), np.array([0, 0, 0]))
    assert len(nobody.clip) == len(nobody.nearest) == len(nobody.own) == 0
    assert confusions(nobody, np.array([0, 1, 2]), ("a", "b", "c")) == ()


def test_confusions_the_most_frequent_first() -> None:
    sign = np.array([0, 0, 0, 1, 1, 2, 2])
    asked = Asked(np.arange(7), np.array([3, 4, 1, 4, 5, 0, 6]), np.zeros(7, dtype=bool))
    told = [(c.sign, c.other, c.times, c.of) for c in confusions(asked, sign, ("a", "b", "c"))]
    assert told == [("a", "b", 2, 3), ("b", "c", 1, 2), ("c", "a", 1, 2)]


def test_how_many_signs_have_how_many_clips() -> None:
    told = clips_a_sign(np.array([1, 1, 2, 9, 10, 40]))
    assert list(told) == [*map(str, range(1, 10)), "10+"]
    assert (told["1"], told["2"], told["9"], told["10+"], told["5"]) == (2, 1, 1, 2, 0)
