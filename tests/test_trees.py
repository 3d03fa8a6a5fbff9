"""Nested settings as dotted paths."""

from __future__ import annotations

from raysign.trees import changes, differing, leaves

THEN = {"optim": {"lr": 0.1, "epochs": 3}, "seed": 0, "fps": None}
NOW = {"optim": {"lr": 0.2, "epochs": 3}, "fps": 25, "lags": [1]}


def test_leaves() -> None:
    assert dict(leaves(THEN, "a.")) == {
        "a.optim.lr": 0.1,
        "a.optim.epochs": 3,
        "a.seed": 0,
        "a.fps": None,
    }


def test_what_two_say_otherwise() -> None:
    assert list(differing(THEN, NOW)) == [
        ("fps", None, 25),
        ("lags", None, [1]),
        ("optim.lr", 0.1, 0.2),
        ("seed", 0, None),
    ]
    assert changes(THEN, NOW) == [
        "fps=unset, now 25",
        "lags=unset, now [1]",
        "optim.lr=0.1, now 0.2",
        "seed=0, now unset",
    ]
    assert not changes(THEN, THEN)
