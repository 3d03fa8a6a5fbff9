"""What MLflow serves of a keyword model is what every other door says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from raysign.bundle import KeywordBundle, load_keyword_bundle, save_keyword_bundle
from raysign.clip import Clip
from raysign.config import KeywordConfig
from raysign.engine.keywords import PreparedSentences, logits_of, probabilities
from raysign.errors import DataError
from raysign.keywords.model import KeywordModel
from raysign.keywords.prepare import PrepareSentences
from raysign.keywords.vocabulary import Vocabulary
from raysign.sentences import Sentences, SignedSentence
from raysign.skeleton import OPENPOSE55
from raysign.tracking import connect
from raysign.tracking.keyword_pyfunc import KeywordSearch

CONFIG = KeywordConfig.model_validate(
    {"prepare": {"joints": "body", "fps": 12.5}, "encoder": {"widths": [8], "kernel": 3}}
)
WORDS = ("REGEN", "SONNE", "WIND")


@pytest.fixture(scope="module")
def bundle() -> KeywordBundle:
    torch.manual_seed(0)
    prepare = PrepareSentences(CONFIG.prepare, OPENPOSE55)
    model = KeywordModel(CONFIG, prepare.channel_map, len(WORDS))
    parts = (Vocabulary("gloss", WORDS), np.full(3, 0.5, np.float32), model.state_dict())
    return KeywordBundle("openpose55", CONFIG, prepare.fingerprint, *parts)


@pytest.fixture(scope="module")
def sentences() -> Sentences:
    """Of unknown signers, 50 frames a second, and one that ends before the other."""
    random = np.random.default_rng(0)
    rows = []
    for name, frames in (("long", 60), ("short", 37)):
        walk = random.standard_normal((frames, 55, 3)).cumsum(axis=0)
        sure = random.uniform(0.1, 1, (frames, 55))
        clip = Clip(name, 0.5 + 0.02 * walk, "openpose55", fps=50.0, confidence=sure)
        rows.append(SignedSentence(clip))
    return Sentences.pack(rows)


def padded(sentences: Sentences, *, confidence: bool) -> np.ndarray:
    given = np.full((2, 64, 55, 4 if confidence else 3), np.nan, np.float32)
    for row, sentence in enumerate(sentences):
        frames = len(sentence.clip.xyz)
        given[row, :frames, :, :3] = sentence.clip.xyz
        if confidence:
            given[row, :frames, :, 3] = sentences.seen(row)
    return given


def doors(bundle: KeywordBundle, sentences: Sentences) -> np.ndarray:
    prepared = PreparedSentences.of(sentences, bundle.prepare())
    return probabilities(logits_of(bundle.model(), bundle.prepare(), prepared, 2))


@pytest.mark.parametrize("fps", [25.0, 50.0, 30.0])
def test_frames_a_second_and_confidence_count(
    bundle: KeywordBundle, sentences: Sentences, fps: float
) -> None:
    """At 12.5 frames a second, sentences of 25 must not pass at double tempo."""
    clips = replace(sentences.clips, fps=np.full(2, fps, np.float32))
    expected = doors(bundle, replace(sentences, clips=clips))
    params = {} if fps == 25 else {"fps": fps}  # 25 is what is taken where nothing is said
    got = KeywordSearch(bundle).predict(padded(sentences, confidence=True), params)
    np.testing.assert_allclose(got, expected, atol=1e-4)
    unknown = replace(sentences.clips, fps=np.full(2, np.nan, np.float32))
    assert np.abs(got - doors(bundle, replace(sentences, clips=unknown))).max() > 1e-3


def test_without_confidence_what_is_there_is_sure(
    bundle: KeywordBundle, sentences: Sentences
) -> None:
    sure = replace(sentences, confidence=np.ones_like(sentences.confidence))
    got = KeywordSearch(bundle).predict(padded(sentences, confidence=False), {"fps": 50.0})
    np.testing.assert_allclose(got, doors(bundle, sure), atol=1e-4)
    assert np.abs(got - doors(bundle, sentences)).max() > 1e-3


def test_joints_of_other_numbers_are_refused(bundle: KeywordBundle) -> None:
    with pytest.raises(DataError, match="x, y and z, or these and a confidence, got 2 numbers"):
        KeywordSearch(bundle).predict(np.zeros((1, 9, 55, 2), np.float32))


def test_the_registry_takes_both(
    bundle: KeywordBundle, sentences: Sentences, tmp_path: Path
) -> None:
    import mlflow

    tracker = connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    folder = save_keyword_bundle(bundle, tmp_path / "model")
    version = tracker.register(folder, tracker.start_run("words"), name="words")
    mlflow.set_tracking_uri(tracker.uri)
    try:
        model = mlflow.pyfunc.load_model(version.uri, suppress_warnings=True)
    finally:
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]
    own = KeywordSearch(load_keyword_bundle(folder))
    for confidence in (False, True):
        given = padded(sentences, confidence=confidence)
        np.testing.assert_allclose(
            model.predict(given, params={"fps": 50.0}), own.predict(given, {"fps": 50.0}), atol=1e-5
        )
        assert np.abs(model.predict(given) - own.predict(given, {"fps": 50.0})).max() > 1e-3
