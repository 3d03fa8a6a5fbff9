from __future__ import annotations

import math

from raysign.bundle import model_card
from raysign.config import TrainConfig


def test_a_figure_stands_beside_its_interval_and_protocol() -> None:
    page = model_card(
        "holistic75",
        TrainConfig(),
        {"val/map": 0.23712, "val/map_low": 0.21, "val/map_high": 0.26, "val/mrr": math.nan},
        {"protocol": {"queries": 180}, "data": "synthetic", "commit": "c0ffee"},
    )
    assert "| `val/map` | 0.2371 | 0.21 – 0.26 |" in page
    assert "| `val/mrr` | n/a |  |" in page
    assert "`val/map_low`" not in page
    assert "- queries: 180" in page
    assert "Data: synthetic" in page
    assert "c0ffee" in page
    assert "[clip, frame, 75, 3]" in page
    assert "kind: transformer" in page


def test_who_chose_the_epoch_is_said() -> None:
    several = TrainConfig.model_validate({"optim": {"epochs": 8}, "evaluate": {"every": 4}})
    one = TrainConfig.model_validate({"optim": {"epochs": 8}, "evaluate": {"every": 8}})
    says = "The epoch that was kept was chosen by the figures above"
    assert says in model_card("hands42", several, {}, {})
    assert says not in model_card("hands42", one, {}, {})


def test_a_low_end_without_its_figure_is_still_shown() -> None:
    page = model_card("hands42", TrainConfig(), {"noise_low": 0.5, "epoch_s": 3.0}, {})
    assert "`noise_low`" in page
    assert "| `epoch_s` | 3 |" in page


def test_nothing_measured_is_said() -> None:
    page = model_card("hands42", TrainConfig(), {}, {}, usage="ask me")
    assert "Not measured." in page
    assert "ask me" in page


def test_the_models_that_one_was_made_of_are_told_with_their_figures() -> None:
    hands = {"name": "hands", "weight": 0.5, "joints": "hands", "seed": 1, "epoch": 9}
    figures = {"val/map": 0.25, "val/map_low": 0.2, "val/map_high": 0.3}
    body = {"name": "body", "weight": 1.0, "joints": "body", "seed": 2, "epoch": None}
    made = {
        "how": "ensemble",
        "members": [hands | figures, body],
        "differ": {"loss.kind": ["arcface", "supcon"], "loss.margin": [0.2, None]},
    }
    page = model_card("hands42", TrainConfig(), {}, {"made_of": made})
    assert "| hands | 0.5 | hands | 1 | 9 |  |  | 0.25 (0.2 – 0.3) |" in page
    assert "| body | 1.0 | body | 2 |  |  |  |  |" in page
    assert "weighted mean of theirs. Nothing was trained" in page
    assert "- loss.kind: arcface, supcon" in page
    assert "- loss.margin: 0.2, unset" in page
    assert "made of" not in model_card("hands42", TrainConfig(), {}, {})
