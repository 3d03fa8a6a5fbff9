"""Sentences whose every frame is known: synthetic ones, and joined clips."""

from __future__ import annotations

import pytest

from raysign.config import DataConfig, SyntheticConfig
from raysign.keywords.compose import Composed, take_apart
from raysign.sentences import SignedSentence
from raysign.synthetic import World, iter_clips
from raysign.synthetic.sentences import Interpreters

GLOSSES = tuple(f"G{number}" for number in range(30))


@pytest.fixture(scope="session")
def flowing() -> list[SignedSentence]:
    """Sentences of synthetic signers."""
    people = Interpreters(World(SyntheticConfig()), GLOSSES, ("a", "b", "c"))
    told = [[GLOSSES[(7 * n + 3 * i) % 30] for i in range(4 + n % 5)] for n in range(24)]
    return [
        people.sentence(f"s{n}", glosses, "abc"[n % 3], num_frames=14 * len(glosses) + 10)
        for n, glosses in enumerate(told)
    ]


@pytest.fixture(scope="session")
def composed() -> Composed:
    """Clips of single signs of the synthetic world, ready to be joined."""
    world = SyntheticConfig(signs=20, train_signers=3, val_signers=2)
    config = DataConfig(store="synthetic", splits="own", synthetic=world)
    return take_apart(iter_clips(world), config)
