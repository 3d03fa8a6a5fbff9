"""Every query twice, each time without a sign; none sees itself; copies; signs not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysign.config import GalleryConfig
from raysign.errors import DataError
from raysign.gallery import Exemplar, Exemplars, Gallery, MadeBy, score_signs
from raysign.ranking import Scoring, fit_confidence, measure_confidence
from raysign.search.calibration import asking
from raysign.search.calibration.asking import Queries, ask_twice, some

DIM, SIGNS = 12, 15
BY = Scoring("sign_max")
EXACT = GalleryConfig(vectors="float32")
MADE_BY = MadeBy(
    name="m",
    layout="hands42",
    weights_sha256="a" * 64,
    prepare_fingerprint="0" * 16,
    mirrored=False,
    dim=DIM,
)


def quiet(line: str) -> None:
    """Nobody listens."""


def vectors(count: int, seed: int, noise: float = 0.5) -> np.ndarray:
    """Unit vectors; clip i is of sign i mod ``SIGNS``."""
    points = np.random.default_rng(99).standard_normal((SIGNS, DIM))
    rows = points[np.arange(count) % SIGNS]
    rows = rows + noise * np.random.default_rng(seed).standard_normal((count, DIM))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def signs(count: int) -> np.ndarray:
    return np.array([f"sign{i % SIGNS:02}" for i in range(count)])


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Three clips a sign, and one of a sign that has no other."""
    known = np.append(signs(45), "lonely")
    rows = np.concatenate([vectors(45, 0), vectors(1, 7, noise=3)])
    people = Exemplars.from_rows(
        Exemplar(f"clip{i}", str(sign), "", "", "a") for i, sign in enumerate(known)
    )
    return Gallery.build(tmp_path / "g", rows, people, MADE_BY, EXACT)


def strangers(count: int = 30, seed: int = 1) -> Queries:
    return asked_as(vectors(count, seed), signs(count))


def asked_as(rows: np.ndarray, sign: np.ndarray) -> Queries:
    """Clips that are not in the gallery."""
    return Queries(rows, sign, np.full(len(rows), -1), np.full(len(rows), ""))


def test_each_is_asked_without_its_sign_and_without_another(gallery: Gallery) -> None:
    asked = strangers()
    asks, copies = ask_twice(gallery, asked, BY, quiet)
    assert copies == 0
    assert asks.known.tolist() == [True] * 30 + [False] * 30
    np.testing.assert_array_equal(asks.sign[:30], asks.sign[30:])
    assert asks.scores.shape == (60, 15)
    assert np.isfinite(asks.scores).all()  # all have as many signs to find
    assert not asks.more_signs
    cosine = asked.vectors @ gallery.vectors_at(np.arange(46)).T
    names = np.append(signs(45), "lonely")
    gone = []
    for query in range(30):
        best = np.array([cosine[query, names == sign].max() for sign in (*signs(SIGNS), "lonely")])
        own = query % SIGNS
        without = [-np.sort(-np.delete(best, other)) for other in range(16)]
        (other,) = (n for n in range(16) if np.allclose(asks.scores[query], without[n], atol=1e-6))
        gone.append(other)
        assert other != own
        assert asks.place[query] == (np.delete(best, other) > best[own]).sum()
        np.testing.assert_allclose(asks.scores[30 + query], without[own], atol=1e-6)
    assert (asks.place[30:] == -1).all()
    assert len(set(gone)) > 8
    again, _ = ask_twice(gallery, asked, BY, quiet)
    np.testing.assert_array_equal(again.scores, asks.scores)
    other_seed, _ = ask_twice(gallery, asked, BY, quiet, seed=1)
    assert not np.array_equal(other_seed.scores[:30], asks.scores[:30])
    np.testing.assert_array_equal(other_seed.scores[30:], asks.scores[30:])


@pytest.mark.parametrize("signs_there", [12, 30, 60])
def test_an_encoder_that_knows_nothing_tells_nothing_apart(
    tmp_path: Path, signs_there: int
) -> None:
    rng = np.random.default_rng(signs_there)
    rows = rng.standard_normal((signs_there * 3 + 240, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    sign = np.array([f"s{i % signs_there:02}" for i in range(len(rows))])
    there = Exemplars.from_rows(
        Exemplar(f"c{i}", str(name), "", "", "a") for i, name in enumerate(sign[:-240])
    )
    noise = Gallery.build(tmp_path / "g", rows[:-240], there, MADE_BY, EXACT)
    asks, _ = ask_twice(noise, asked_as(rows[-240:], sign[-240:]), BY, quiet)
    found = measure_confidence(asks, fit_confidence(asks), resamples=5)
    for name, figures in found.figures.items():
        assert figures["auroc"].value == pytest.approx(0.5, abs=0.04), name


def test_of_many_signs_the_best_are_looked_at(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    every, _ = ask_twice(gallery, strangers(), BY, quiet)
    monkeypatch.setattr(asking, "LOOKED_AT", 4)
    best, _ = ask_twice(gallery, strangers(), BY, quiet)
    assert best.more_signs
    np.testing.assert_array_equal(best.scores, every.scores[:, :4])
    np.testing.assert_array_equal(best.place, np.where(every.place < 4, every.place, -1))


def test_attention_is_counted_in_logarithms(gallery: Gallery) -> None:
    asked, by = strangers(4), Scoring("support")
    asks, _ = ask_twice(gallery, asked, by, quiet)
    hidden = [gallery.exemplars.of_signs(np.array([1 + query])) for query in range(4)]
    _, scores = score_signs(gallery, asked.vectors, 15, by, hidden)
    np.testing.assert_allclose(asks.scores[4:], np.log(scores), rtol=1e-6)
    np.testing.assert_allclose(np.exp(asks.scores).sum(axis=1), 1, atol=1e-5)


def test_own_clips_do_not_see_themselves(gallery: Gallery) -> None:
    own = Queries.own(gallery)
    asks, copies = ask_twice(gallery, own, BY, quiet)
    assert copies == 0
    assert (asks.known.sum(), (~asks.known).sum()) == (45, 46)  # lonely is unknown to itself
    cosine = own.vectors @ own.vectors.T
    np.fill_diagonal(cosine, -np.inf)
    wanted = [cosine[query, own.sign == own.sign[query]].max() for query in range(45)]
    np.testing.assert_allclose(asks.scores[np.arange(45), asks.place[:45]], wanted, atol=1e-6)
    assert (asks.scores[:, 0] < 0.9999).all()


def test_copies_say_nothing_about_strangers(gallery: Gallery) -> None:
    asked = strangers()
    rows = gallery.vectors_at(np.arange(2))
    with_copies = asked_as(
        np.concatenate([rows, asked.vectors]), np.append(["sign00", "other"], asked.sign)
    )
    asks, copies = ask_twice(gallery, with_copies, BY, quiet)
    assert copies == 2
    plain, _ = ask_twice(gallery, asked, BY, quiet)
    np.testing.assert_array_equal(asks.scores[30:], plain.scores[30:])
    only = asked_as(rows, signs(2))
    with pytest.raises(DataError, match="the same recording as every one of the 2 queries"):
        ask_twice(gallery, only, BY, quiet)


def test_a_sign_that_is_not_there_is_asked_once(gallery: Gallery) -> None:
    asked = strangers(4)
    unheard = asked_as(asked.vectors, np.array(["sign00", "nobody", "sign02", "none"]))
    asks, _ = ask_twice(gallery, unheard, BY, quiet)
    assert asks.known.tolist() == [True] * 2 + [False] * 4
    assert np.isfinite(asks.scores).all()  # one sign is taken out for "nobody" too


def test_blocks_change_nothing_and_somebody_is_told(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = ask_twice(gallery, strangers(), BY, quiet)
    monkeypatch.setattr(asking, "QUERIES_AT_ONCE", 7)
    monkeypatch.setattr(asking, "SAID_EVERY", 4)
    said: list[str] = []
    parts, _ = ask_twice(gallery, strangers(), BY, said.append)
    np.testing.assert_array_equal(parts.scores, whole.scores)
    np.testing.assert_array_equal(parts.place, whole.place)
    assert said == ["28 of 60 asked", "56 of 60 asked"]


def test_some_of_many(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    every = Queries.own(gallery)
    monkeypatch.setattr(asking, "MOST_QUERIES", 8)
    few = Queries.own(gallery, seed=3)
    assert len(few) == 8
    assert (np.diff(few.row) > 0).all()
    np.testing.assert_array_equal(few.vectors, every.vectors[few.row])
    np.testing.assert_array_equal(few.sign, every.sign[few.row])
    np.testing.assert_array_equal(few.row, some(np.arange(46), seed=3))
    assert not np.array_equal(few.row, some(np.arange(46), seed=4))
    np.testing.assert_array_equal(some(np.arange(8), seed=0), np.arange(8))
