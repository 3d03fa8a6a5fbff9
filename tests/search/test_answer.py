from __future__ import annotations

import time

import pytest

from raysign.search.answer import in_words, not_here
from raysign.search.stages import Stages


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (1.0, "very likely"),
        (0.9, "very likely"),
        (0.899, "likely"),
        (0.6, "likely"),
        (0.3, "maybe"),
        (0.1, "unlikely"),
        (0.0, "very unlikely"),
    ],
)
def test_probabilities_in_words(probability: float, words: str) -> None:
    assert in_words(probability) == words


def test_a_low_threshold_makes_nothing_probable() -> None:
    assert not_here(0.5) == "probably not in this dictionary"
    assert not_here(0.06) == "may not be in this dictionary"


def test_stages_add_up_and_keep_their_order() -> None:
    stages = Stages()
    began_s = time.perf_counter()
    with stages.timed("read"):
        time.sleep(0.01)
    with pytest.raises(KeyError), stages.timed("embed"):
        raise KeyError
    once = stages.ms["read"]
    with stages.timed("read"):
        time.sleep(0.01)
    stages.since("all", began_s)
    assert list(stages.ms) == ["read", "embed", "all"]
    assert once >= 10
    assert stages.ms["read"] >= once + 10
    assert stages.ms["all"] >= stages.ms["read"]
