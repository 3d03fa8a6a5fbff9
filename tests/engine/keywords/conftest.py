"""Sentences so small that a model learns their words in seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import KeywordAugmentConfig, KeywordConfig
from raysign.config.load import with_values
from raysign.engine.keywords import Part, TrainingSentences
from raysign.keywords.prepare import PrepareSentences
from raysign.keywords.vocabulary import Vocabulary
from raysign.sentences import Sentences, SignedSentence
from raysign.skeleton import OPENPOSE55

WORDS, WORD_FRAMES = 8, 6
TINY: dict[str, Any] = {
    "prepare": {"joints": "dominant"},
    "augment": dict.fromkeys(KeywordAugmentConfig.model_fields, 0.0),
    "encoder": {"widths": [16, 24], "kernel": 3, "dropout": 0.0},
    "search": {"decision": "match"},
    "loss": {"reduce": "sum"},
    "batches": {"sentences": 16, "bucket": 2},
    "optim": {"epochs": 4, "lr": 0.01},
    "evaluate": {"bootstrap": 100},
    "device": "cpu",
}


def tiny_config(**values: Any) -> KeywordConfig:
    """``TINY`` with values at dotted paths, a dot written as two underscores."""
    changed = {name.replace("__", "."): value for name, value in values.items()}
    return KeywordConfig.model_validate(with_values(TINY, changed))


def tiny_signs(count: int = 64, split: str = "train", seed: int = 1) -> Sentences:
    """Two or three of eight words each; a word is a place and a movement of the right hand."""
    random = np.random.default_rng(0)
    place = random.uniform(-0.15, 0.15, (WORDS, 1, 1, 2))
    shape = random.uniform(-0.03, 0.03, (WORDS, 1, 21, 2))
    body = random.uniform(0.35, 0.65, (OPENPOSE55.num_joints, 2))
    for name, at in (("neck", (0.5, 0.3)), ("right_shoulder", (0.4, 0.3))):
        body[OPENPOSE55.joint(name)] = at
    body[OPENPOSE55.joint("left_shoulder")] = (0.6, 0.3)
    hand = OPENPOSE55.parts["right_hand"]
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        said = random.choice(WORDS, size=int(random.integers(2, 4)), replace=False)
        frames = WORD_FRAMES * len(said)
        xyz = np.zeros((frames, OPENPOSE55.num_joints, 3))
        xyz[:, :, :2] = body
        signed = np.repeat(place[said] + shape[said], WORD_FRAMES, axis=1).reshape(frames, 21, 2)
        xyz[:, hand, :2] = signed + np.array([0.45, 0.5])
        xyz[:, OPENPOSE55.joint("right_wrist")] = xyz[:, hand.start]
        xyz[:, :, :2] += 0.002 * random.standard_normal((frames, OPENPOSE55.num_joints, 2))
        clip = Clip(
            f"{split} {number}", xyz, "openpose55", signer=f"signer {number % 3}", split=split
        )
        glosses = tuple(f"WORD{word}" for word in said)
        rows.append(SignedSentence(clip, glosses, tuple(word.lower() for word in glosses)))
    return Sentences.pack(rows)


def tiny_sentences(config: KeywordConfig | None = None, count: int = 64) -> TrainingSentences:
    """Prepared as the config says."""
    prepare = PrepareSentences((config or tiny_config()).prepare, OPENPOSE55)
    train, val = tiny_signs(count), tiny_signs(25, "val", 2)
    vocabulary = Vocabulary.of(train.glosses, "gloss")
    return TrainingSentences(
        "openpose55",
        Part.of(train, prepare, vocabulary),
        Part.of(val, prepare, vocabulary),
        vocabulary,
        "tiny",
        "",
    )


@pytest.fixture(scope="session")
def config() -> Callable[..., KeywordConfig]:
    return tiny_config


@pytest.fixture(scope="session")
def sentences() -> TrainingSentences:
    return tiny_sentences()
