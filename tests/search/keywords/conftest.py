"""A model that has learned eight words of tiny sentences, whose times are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysign.bundle import KeywordBundle, save_keyword_bundle
from raysign.clip import Clip
from raysign.config import KeywordAugmentConfig, KeywordConfig
from raysign.engine.keywords import (
    KeywordTraining,
    Part,
    TrainingSentences,
    logits_of,
    probabilities,
)
from raysign.keywords.context import fit_contexts
from raysign.keywords.prepare import PrepareSentences
from raysign.keywords.vocabulary import Vocabulary
from raysign.sentences import Sentences, SignedSentence
from raysign.skeleton import HOLISTIC75
from raysign.store import write_sentences

WORDS, WORD_FRAMES = 8, 10
CONFIG = KeywordConfig.model_validate(
    {
        "prepare": {"joints": "dominant", "dominant": "right"},
        "augment": dict.fromkeys(KeywordAugmentConfig.model_fields, 0.0),
        "encoder": {"widths": [16, 24], "kernel": 3, "dropout": 0.0},
        "search": {"decision": "match"},
        "loss": {"reduce": "sum"},
        "batches": {"sentences": 8, "bucket": 2},
        "optim": {"epochs": 12, "lr": 0.01},
        "evaluate": {"bootstrap": 100, "every": 12},
        "context": {"mlp_epochs": 3},
        "device": "cpu",
    }
)


def signed(count: int, split: str, seed: int) -> Sentences:
    """Two or three of the words each; a word is a place and a shape of the right hand."""
    fixed = np.random.default_rng(0)
    place = fixed.uniform(-0.15, 0.15, (WORDS, 1, 1, 2))
    shape = fixed.uniform(-0.03, 0.03, (WORDS, 1, 21, 2))
    body = fixed.uniform(0.35, 0.65, (75, 2))
    for side, x in (("left", 0.6), ("right", 0.4)):
        body[HOLISTIC75.joint(f"{side}_shoulder")] = (x, 0.3)
        body[HOLISTIC75.joint(f"{side}_hip")] = (x, 0.8)
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        said = random.choice(WORDS, size=int(random.integers(2, 4)), replace=False)
        frames = WORD_FRAMES * len(said)
        xyz = np.zeros((frames, 75, 3))
        xyz[:, :, :2] = body
        at = np.repeat(place[said] + shape[said], WORD_FRAMES, axis=1).reshape(frames, 21, 2)
        xyz[:, HOLISTIC75.parts["right_hand"], :2] = np.asarray([0.45, 0.5]) + at
        xyz[:, HOLISTIC75.joint("right_wrist")] = xyz[:, HOLISTIC75.parts["right_hand"].start]
        xyz[:, :, :2] += 0.002 * random.standard_normal((frames, 75, 2))
        rows.append(
            SignedSentence(
                Clip(f"{split}-{number}", xyz, "holistic75", signer="me", split=split, fps=25.0),
                tuple(f"WORD{word}" for word in said),
                tuple(f"word{word}" for word in said),
                tuple((WORD_FRAMES * i, WORD_FRAMES * (i + 1)) for i in range(len(said))),
            )
        )
    return Sentences.pack(rows)


@pytest.fixture(scope="session")
def sentences() -> Sentences:
    """Of val."""
    return signed(25, "val", 2)


@pytest.fixture(scope="session")
def bundle(sentences: Sentences) -> KeywordBundle:
    train = signed(64, "train", 1)
    prepare = PrepareSentences(CONFIG.prepare, HOLISTIC75)
    vocabulary = Vocabulary.of(train.glosses, "gloss")
    parts = [Part.of(part, prepare, vocabulary) for part in (train, sentences)]
    given = TrainingSentences("holistic75", *parts, vocabulary, "tiny", "")
    training = KeywordTraining(CONFIG, given)
    training.run(lambda epoch: None)
    assert training.best_map > 0.8
    p_train, p_val = (
        probabilities(logits_of(training.kept, prepare, part.sentences, 64)) for part in parts
    )
    contexts = fit_contexts(
        p_train, parts[0].counts, p_val, parts[1].labels, CONFIG.context, seed=0
    )
    return KeywordBundle(
        "holistic75",
        CONFIG,
        prepare.fingerprint,
        vocabulary,
        parts[0].labels.mean(axis=0).astype(np.float32),
        training.kept.state_dict(),
        contexts,
        {"val/map": 0.9, "val/tfidf/map": 0.95, "val/mlp/map": 0.1},
    )


@pytest.fixture
def room(tmp_path: Path, bundle: KeywordBundle, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with ``words``, the model, and ``sentences``, a store."""
    monkeypatch.chdir(tmp_path)
    save_keyword_bundle(bundle, "words")
    write_sentences("sentences", [*signed(8, "val", 2), *signed(3, "test", 3)])
    return tmp_path


@pytest.fixture(scope="session")
def frames_of() -> Callable[[SignedSentence, str], tuple[int, int]]:
    """Where a word is in a sentence."""

    def find(sentence: SignedSentence, word: str) -> tuple[int, int]:
        assert sentence.spans is not None
        return sentence.spans[sentence.glosses.index(word)]

    return find
