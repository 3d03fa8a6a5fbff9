"""Films are drawn once, and few enough are kept."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from raysign.config import SyntheticConfig
from raysign.serve.ask import films as room
from raysign.serve.ask.films import Films
from raysign.synthetic import iter_clips

CLIP = next(iter_clips(SyntheticConfig(signs=20)))
ONE, TWO, THREE = (
    (row, replace(CLIP, clip_id=name)) for row, name in enumerate(["one", "two", "three"])
)
NOW: Any = SimpleNamespace(fingerprint="now")
LATER: Any = SimpleNamespace(fingerprint="later")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The clips that were drawn, in their order."""
    names: list[str] = []
    draw = room.film_of

    def watched(clip: Any) -> Any:
        names.append(clip.clip_id)
        return draw(clip)

    monkeypatch.setattr(room, "film_of", watched)
    return names


def test_each_is_drawn_once_and_each_way_round(drawn: list[str]) -> None:
    films = Films()
    first = films.film(NOW, *ONE)
    assert films.film(NOW, *ONE) is first
    assert films.film(NOW, *ONE, mirrored=True) is not first
    assert drawn == ["one", "one"]
    assert films.film(NOW, *TWO) == first, "of the same landmarks"
    assert drawn == ["one", "one", "two"]


def test_clips_of_two_stores_may_have_one_id() -> None:
    films, other = Films(), replace(CLIP, xyz=CLIP.xyz[:-3], confidence=None)
    assert films.film(NOW, 0, CLIP).frames == len(CLIP.xyz)
    assert films.film(NOW, 1, other).frames == len(CLIP.xyz) - 3


def test_of_too_many_the_longest_unused_goes(drawn: list[str]) -> None:
    films = Films(2 * len(Films().film(NOW, *ONE).places))
    drawn.clear()
    for clip in (ONE, TWO, ONE, THREE, ONE, TWO):
        films.film(NOW, *clip)
    assert drawn == ["one", "two", "three", "two"]
    assert len(films) == 2
    small = Films(10)
    assert small.film(NOW, *ONE).frames == len(CLIP.xyz)
    assert len(small) == 0


def test_a_changed_dictionary_has_other_films(drawn: list[str]) -> None:
    films = Films()
    films.film(NOW, *ONE)
    films.film(NOW, *TWO)
    films.film(LATER, 0, TWO[1])
    assert drawn == ["one", "two", "two"]
    assert len(films) == 1


def test_a_film_of_before_the_change_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    films, draw = Films(), room.film_of

    def changed_meanwhile(clip: Any) -> Any:
        monkeypatch.setattr(room, "film_of", draw)
        films.film(LATER, *TWO)
        return draw(clip)

    monkeypatch.setattr(room, "film_of", changed_meanwhile)
    films.film(NOW, *ONE)
    assert len(films) == 1
    monkeypatch.setattr(room, "film_of", None)
    films.film(LATER, *TWO)
