"""A confidence in a gallery's card: kept on disk, kept when clips come and go, and outgrown."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from raysign.errors import GalleryError
from raysign.gallery import FittedOn, Gallery, GalleryConfidence, Measured, evidence
from raysign.gallery.card import _digest
from raysign.ranking import Scoring

Build = Any  # the fixture `build`

FIGURE = Measured(value=0.5, low=0.4, high=0.6)


def confidence(clips: int = 200, signs: int = 40, **change: Any) -> GalleryConfidence:
    return GalleryConfidence(
        looked_at=40,
        sharpness=10.0,
        temperature=0.1,
        slope=20.0,
        none=14.0,
        farther=None,
        unknown_share=0.5,
        threshold=0.6,
        scoring="sign_max",
        fitted_on=FittedOn(
            queries=("stores/a:val",),
            known_asks=50,
            unknown_asks=50,
            query_signs=30,
            learned=None,
            copies=0,
            clips=clips,
            signs=signs,
            index="flat with float16",
            signer_overlap="2 of 2 query signers also sign in the gallery",
            refuse=0.05,
            refused=Measured(value=0.051, low=0.03, high=0.08),
            noticed=Measured(value=0.714, low=0.66, high=0.77),
            auroc=FIGURE,
            error=FIGURE,
            created="2026-01-01T00:00:00+00:00",
        ),
        **change,
    )


def test_it_is_kept_on_disk_and_taken_away_again(build: Build) -> None:
    gallery = build()
    assert gallery.card.confidence is None
    files = sorted(path.name for path in gallery.folder.iterdir())
    sure = gallery.with_confidence(confidence())
    again = Gallery.open(gallery.folder)
    assert again.card.confidence == sure.card.confidence == confidence()
    assert again.card.files == gallery.card.files
    assert sorted(path.name for path in gallery.folder.iterdir()) == files
    signs, none = again.card.confidence.of(np.array([0.9, 0.1]))
    assert signs.sum() + none == pytest.approx(1)
    assert sure.with_confidence(None).card == gallery.card


def test_a_gallery_from_before_there_was_confidence_opens(build: Build) -> None:
    gallery = build()
    path = gallery.folder / "gallery.json"
    tree = json.loads(path.read_text())
    del tree["confidence"], tree["sha256"]
    path.write_text(json.dumps({**tree, "sha256": _digest(tree)}))
    assert Gallery.open(gallery.folder).card == gallery.card


def test_it_stays_when_clips_come_and_go_and_says_when_it_is_outgrown(build: Build) -> None:
    said: list[str] = []
    gallery = build().with_confidence(confidence())
    some = gallery.change(
        add=(build.clips(20, seed=2), build.people(20, start=200)), say=said.append
    )
    assert some.card.confidence == confidence(changed=20)
    assert some.card.outgrown is None
    assert not said
    many = some.change(add=(build.clips(1, seed=3), build.people(1, start=220)), say=said.append)
    assert many.card.confidence == confidence(changed=21)
    assert said == [
        "note: the confidence was fitted when the gallery had 200 clips of 40 signs; 21 clips came "
        "or went since, now it has 221 of 40; type `raysign calibrate` again"
    ]
    small = build("flat").with_confidence(confidence())
    gone = small.remove(small.exemplars.named((), [f"sign{i}" for i in range(5)]))
    assert "now it has 175 of 35" in str(gone.card.outgrown)
    assert build("hnsw", 1000).card.outgrown is None


def test_as_many_other_clips_are_another_gallery(build: Build) -> None:
    gallery = build().with_confidence(confidence())
    every = np.ones(200, dtype=bool)
    other = gallery.change(
        remove=every, add=(build.clips(200, seed=5), build.people(200, source="stores/b"))
    )
    assert other.card.counts == gallery.card.counts
    assert "400 clips came or went since" in str(other.card.outgrown)
    same = other.with_confidence(confidence()).change(
        add=(build.clips(20, seed=6), build.people(20, source="stores/b"))
    )
    assert same.card.confidence == confidence(changed=20)  # each took the place of one
    assert same.card.outgrown is None


def test_another_precision_is_another_search(build: Build) -> None:
    gallery = build("flat").with_confidence(confidence())
    exact = gallery.change(config=gallery.config(["vectors=float32"]))
    assert exact.card.outgrown == (
        "the confidence was fitted when the gallery was searched by flat with float16, now by flat "
        "with float32; type `raysign calibrate` again"
    )


def test_two_cannot_write_it_at_once(build: Build) -> None:
    gallery = build()
    gallery.with_confidence(confidence())
    with pytest.raises(GalleryError, match="was changed by another process meanwhile"):
        gallery.with_confidence(confidence(clips=7))


def test_what_it_says_to_people_and_what_it_is_for() -> None:
    assert confidence().words() == (
        "of 100 queries whose sign is in the dictionary, 5 (3–8) are wrongly called unknown; of "
        "100 whose sign is not, 71 (66–77) are noticed (95 % intervals over 30 signs)"
    )
    few, many = (
        Measured(value=value, low=value - 0.003, high=value + 0.003) for value in (0.004, 0.996)
    )
    sharp = confidence().fitted_on.model_copy(update={"refused": few, "noticed": many})
    words = confidence().model_copy(update={"fitted_on": sharp}).words()
    assert "fewer than 1 (0–1) are wrongly called unknown" in words
    assert "more than 99 (99–100) are noticed" in words
    assert confidence().fits(Scoring("sign_max"))
    assert not confidence().fits(Scoring("sign_mean"))
    support = confidence().model_copy(update={"scoring": "support"})
    assert support.fits(Scoring("support"))
    assert not support.fits(Scoring("support", temperature=0.2))
    with pytest.raises(ValidationError, match="scoring"):
        GalleryConfidence.model_validate({**confidence().model_dump(), "scoring": "clip"})


def test_of_attention_the_logarithm_counts() -> None:
    support = confidence().model_copy(update={"scoring": "support"})
    shares = np.array([0.4, 0.2, 0.0, -np.inf])
    signs, none = support.of(shares)
    plain, same = confidence().of(np.log(shares[:2]))
    np.testing.assert_allclose(signs, [*plain, 0, 0])
    assert none == pytest.approx(same)
    np.testing.assert_array_equal(evidence("sign_max", shares), shares)
    _, _, many = support.of_many(shares[None])
    assert many[0] == none


def test_other_askers_keep_the_rest() -> None:
    moved = confidence().with_share(0.8)
    assert isinstance(moved, GalleryConfidence)
    assert moved.fitted_on == confidence().fitted_on
