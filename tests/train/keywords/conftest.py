"""Stores of tiny sentences: a word is a place of the right hand and its shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.sentences import SignedSentence
from raysign.skeleton import OPENPOSE55
from raysign.store import write_sentences

WORDS, FRAMES = 6, 6


def signed(count: int, split: str, seed: int) -> list[SignedSentence]:
    random = np.random.default_rng(0)
    place = random.uniform(-0.15, 0.15, (WORDS, 21, 2))
    body = random.uniform(0.4, 0.6, (OPENPOSE55.num_joints, 2))
    for name, at in (("left", (0.6, 0.3)), ("right", (0.4, 0.3))):
        body[OPENPOSE55.joint(f"{name}_shoulder")] = at
    hand = OPENPOSE55.parts["right_hand"]
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        said = random.choice(WORDS, size=2, replace=False)
        xyz = np.zeros((2 * FRAMES, OPENPOSE55.num_joints, 3))
        xyz[:, :, :2] = body
        xyz[:, hand, :2] = place[said].repeat(FRAMES, axis=0) + 0.5
        xyz[:, OPENPOSE55.joint("right_wrist")] = xyz[:, hand.start]
        xyz[:, :, :2] += 0.002 * random.standard_normal((*xyz.shape[:2], 2))
        glosses = tuple(f"WORT{word}" for word in said)
        signer = f"signer {number % 3}"
        clip = Clip(f"{split}-{number}", xyz, "openpose55", signer=signer, split=split)
        rows.append(SignedSentence(clip, glosses, tuple(gloss.lower() for gloss in glosses)))
    return rows


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sentences") / "store"
    write_sentences(folder, [*signed(40, "train", 1), *signed(16, "val", 2)])
    return folder


@pytest.fixture
def other(tmp_path: Path) -> Callable[..., Path]:
    """Make a store whose train or val sentences have other words: ``other(val=("NIE",))``."""

    def write(**glosses: tuple[str, ...]) -> Path:
        rows = [*signed(12, "train", 1), *signed(12, "val", 2), *signed(3, "test", 3)]
        changed = [
            replace(row, glosses=glosses[row.clip.split]) if row.clip.split in glosses else row
            for row in rows
        ]
        write_sentences(tmp_path / "other", changed)
        return tmp_path / "other"

    return write
