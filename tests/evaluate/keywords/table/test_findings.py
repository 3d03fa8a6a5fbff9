"""The findings on rows of made-up scores, whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from raysign.evaluate.keywords.run import measure
from raysign.evaluate.keywords.searching import Predicted
from raysign.evaluate.keywords.table.findings import FAILS, HOLDS, OPEN, findings_of
from raysign.evaluate.keywords.table.row import Row

HOW = {"resamples": 100, "seed": 0}


def row(kind, joints, gains, runs=1, words=30):
    """A row whose systems tell sentences with a word by so much."""
    rng = np.random.default_rng([len(kind), words])
    labels = rng.random((80, words)) < 0.12
    labels[0] = True
    parts, scores = [], []
    for _ in range(runs):
        noise = rng.standard_normal(labels.shape)
        made = {name: noise + gain * labels for name, gain in gains.items()}
        found = Predicted(made, labels, None, np.zeros(0, int), np.zeros((0, 2), int))
        frames = np.full(80, 10)
        parts.append(measure(found, labels.mean(axis=0), frames, {"words": "glosses"}, HOW))
        scores.append(made)
    names = tuple(f"{kind}-{joints}-{n}" for n in range(runs))
    return Row(kind, joints, names, tuple(range(runs)), tuple(parts), tuple(scores), labels, HOW)


@pytest.fixture(scope="module")
def found():
    rows = [
        row("gloss", "body", {"none": 1.5}),
        row("gloss", "dominant", {"none": 2.5}),
        row("translation", "body", {"none": 0.5, "tfidf": 1.0, "mlp": 0.2}, words=40),
        row("translation", "dominant", {"none": 0.5, "tfidf": 1.0, "mlp": 0.5}, words=40),
    ]
    return {finding.claim: finding for finding in findings_of(rows)}


def test_every_finding_that_there_are_models_for(found):
    assert list(found) == [
        "glosses are found better than written words",
        "the dominant hand helps",
        "TF-IDF context helps word search",
        "MLP context helps word search",
    ]
    hands = found["the dominant hand helps"]
    assert [each.name for each in hands.comparisons] == ["gloss search", "word search"]
    assert hands.comparisons[0].published["map"] == pytest.approx(0.2991 - 0.2429)
    words = found["glosses are found better than written words"].comparisons[0]
    assert words.published["map"] == pytest.approx(0.2429 - 0.1249)  # as table 1 has it: with MLP


def test_verdicts(found):
    assert found["glosses are found better than written words"].verdict["map"] == HOLDS
    assert found["TF-IDF context helps word search"].verdict == {"map": HOLDS, "max_f1": HOLDS}
    hands = found["the dominant hand helps"]
    gloss, word = hands.comparisons
    assert gloss.difference["map"].low > 0
    assert hands.mean["map"].value == pytest.approx(
        (gloss.difference["map"].value + word.difference["map"].value) / 2
    )
    mlp = found["MLP context helps word search"]
    worse, same = mlp.comparisons
    assert worse.difference["map"].high < 0
    assert same.difference["map"].value == 0
    assert mlp.verdict["map"] in (FAILS, OPEN)


def test_a_worse_system_does_not_hold():
    (finding,) = findings_of([row("gloss", "both", {"none": 2.0, "mlp": 0.5})])
    assert finding.claim == "MLP context helps gloss search"
    assert finding.verdict == {"map": FAILS, "max_f1": FAILS}
    assert finding.comparisons[0].published is None


def test_seeds_can_undo_what_sentences_decide():
    """One of two runs gains much, the other loses: the mean of both is no evidence."""
    better = row("gloss", "both", {"none": 1.5, "mlp": 4.0}, runs=1)
    worse = row("gloss", "both", {"none": 1.5, "mlp": 1.2}, runs=1)
    mixed = Row(
        "gloss",
        "both",
        ("a", "b"),
        (0, 1),
        (better.runs[0], worse.runs[0]),
        (better.scores[0], worse.scores[0]),
        better.labels,
        HOW,
    )
    (finding,) = findings_of([mixed])
    by = finding.mean["map"]
    assert by.low > 0
    assert by.seed_error > by.value / 2
    assert finding.verdict["map"] == OPEN


def test_one_model_decides_nothing():
    assert findings_of([row("gloss", "both", {"none": 1.0})]) == ()
