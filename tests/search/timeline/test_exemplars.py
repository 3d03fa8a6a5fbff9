"""An example is found where its own movement is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysign.bundle import load_bundle
from raysign.clip import Clip
from raysign.config import DataConfig
from raysign.errors import DataError, LayoutError
from raysign.keywords.compose import Composed, compose, join, take_apart
from raysign.keywords.metrics import average_precision
from raysign.search.timeline.exemplars import ExemplarSearch, track_of
from raysign.search.timeline.windows import pieces, windows
from raysign.sentences import SignedSentence
from raysign.store import iter_clips
from raysign.tracking import load_model


def test_a_track_is_the_nearest_window_about_each_frame() -> None:
    spans = np.asarray([[0, 8], [2, 10], [4, 12], [0, 12]])
    track = track_of(12, spans, np.asarray([0.1, 0.9, 0.2, 0.3]))
    assert track.near.tolist() == pytest.approx([0.3] * 4 + [0.9] * 4 + [0.3] * 4)
    assert [(s.first, s.end) for s in track.spans] == [(2, 10)]
    assert track.best == 0.9


@pytest.mark.parametrize("frames", [1, 3, 12, 60, 999])
def test_every_frame_has_a_nearness(frames: int) -> None:
    spans = windows(frames, 25.0)
    assert track_of(frames, spans, np.zeros(len(spans))).near.min() == 0


@pytest.mark.usefixtures("desk")
def test_a_sentence_finds_its_own_piece(flowing: list[SignedSentence]) -> None:
    """Even an untrained encoder knows the very same frames again."""
    clip = flowing[1].clip
    spans = windows(len(clip.xyz), 25.0)
    own = spans[len(spans) // 2]
    cut = replace(clip, xyz=clip.xyz[slice(*own)], confidence=None)
    track = ExemplarSearch(load_bundle("model"), [cut]).find(clip)
    assert [track.spans[0].first, track.spans[0].end] == own.tolist()
    assert track.best == pytest.approx(1, abs=1e-3)
    assert track.near[track.spans[0].peak] == pytest.approx(track.best)


@pytest.mark.usefixtures("desk")
def test_of_several_examples_the_nearest_counts(flowing: list[SignedSentence]) -> None:
    bundle, clip = load_bundle("model"), flowing[0].clip
    others = [sentence.clip for sentence in flowing[1:3]]
    tracks = [ExemplarSearch(bundle, [other]).find(clip) for other in others]
    both = ExemplarSearch(bundle, others)
    assert np.allclose(both.find(clip).near, np.max([t.near for t in tracks], axis=0), atol=1e-5)
    count = len(windows(len(clip.xyz), 25.0))
    assert both.cost.startswith(f"{count} windows in ")
    vectors = bundle.embedder().embed(pieces(clip, windows(len(clip.xyz), 25.0))).numpy()
    assert both.find(clip).best == pytest.approx((vectors @ both.vectors.T).max(), abs=1e-5)


@pytest.mark.usefixtures("desk")
def test_what_cannot_be_an_example(flowing: list[SignedSentence]) -> None:
    bundle = load_bundle("model")
    with pytest.raises(DataError, match="at least one example"):
        ExemplarSearch(bundle, [])
    nobody = Clip("n", np.full((9, 75, 3), np.nan), "holistic75")
    with pytest.raises(DataError, match="shows nobody"):
        ExemplarSearch(bundle, [nobody])
    hands = Clip("h", np.zeros((9, 42, 3)), "hands42")
    with pytest.raises(LayoutError):
        ExemplarSearch(bundle, [flowing[0].clip]).find(hands)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("frames", [1, 2, 30])
def test_sentences_with_nobody_in_them(frames: int, flowing: list[SignedSentence]) -> None:
    search = ExemplarSearch(load_bundle("model"), [flowing[0].clip])
    track = search.find(Clip("n", np.full((frames, 75, 3), np.nan), "holistic75"))
    assert np.isfinite(track.near).all()


def test_no_clip_is_in_a_sentence_and_asks(composed: Composed) -> None:
    train, val = ({piece.clip.clip_id for piece in part} for part in (composed.train, composed.val))
    assert train
    assert val
    assert not train & val


@pytest.mark.real
@pytest.mark.slow
def test_real_signs_are_found_in_composed_sentences(real_data: Path) -> None:
    """Train's clips ask for five signs in sentences of val's clips."""
    parts = take_apart(
        iter_clips(real_data / "wlasl100"),
        DataConfig(store="w", splits="own", duplicates="drop"),
    )
    sentences = [join(s, f"j{n}", "val") for n, s in enumerate(np.array_split(parts.val[:40], 8))]
    assert len(list(compose(parts.val, 2, "val", 0))) == 2
    signs = sorted({gloss for sentence in sentences for gloss in sentence.glosses})[:5]
    clips = [next(p.clip for p in parts.train if p.clip.sign == sign) for sign in signs]
    bundle = load_model("default", "holistic75")
    scores = np.empty((len(sentences), len(signs)))
    for column, clip in enumerate(clips):
        search = ExemplarSearch(bundle, [clip])
        scores[:, column] = [search.find(sentence.clip).best for sentence in sentences]
    labels = np.asarray([[sign in sentence.glosses for sign in signs] for sentence in sentences])
    assert average_precision(scores, labels).mean() > labels.mean() + 0.3
