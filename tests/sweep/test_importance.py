from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from raysign.config import SweepConfig, resolve
from raysign.errors import TrackingError
from raysign.sweep import space_of
from raysign.sweep.importance import explain, importance
from raysign.sweep.recorded import recorded_trials
from raysign.sweep.report import _resolved
from raysign.sweep.results import Outcome
from raysign.tracking import Tracker, connect

CONFIG = resolve(
    SweepConfig,
    {
        "space": {
            "encoder.pooling": {"choice": ["mean", "attention"]},
            "prepare.motion_lags": {"choice": [[1], [1, 2]]},
            "encoder.dropout": {"uniform": [0.0, 0.3]},
            "optim.lr": {"log_uniform": [1e-4, 1e-2]},
            "batches.clips_per_sign": {"int_uniform": [2, 4]},
            "loss.kind": {"choice": ["supcon", "arcface"]},
            "loss.margin": {"uniform": [0.1, 0.5], "when": {"loss.kind": "arcface"}},
        }
    },
)

AUGMENTED = ("mirror", "time_mask", "hand_drop")


def trials(count: int, seed: int = 0, **effects: float) -> list[Outcome]:
    """Trials at random, in which attentive pooling is worth so much and the margin so much."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(1, count + 1):
        values: dict[str, Any] = {
            "encoder.pooling": str(rng.choice(["mean", "attention"])),
            "prepare.motion_lags": [(1,), (1, 2)][rng.integers(2)],
            "encoder.dropout": float(rng.uniform(0, 0.3)),
            "optim.lr": float(10 ** rng.uniform(-4, -2)),
            "batches.clips_per_sign": int(rng.integers(2, 5)),
            "loss.kind": str(rng.choice(["supcon", "arcface"])),
        }
        reached = 0.2 + 0.01 * rng.normal()
        reached += effects.get("pooling", 0) * (values["encoder.pooling"] == "attention")
        if values["loss.kind"] == "arcface":
            values["loss.margin"] = float(rng.uniform(0.1, 0.5))
            reached += effects.get("margin", 0) * (values["loss.margin"] - 0.3) / 0.4
        made.append(Outcome(number, values, {"val/map": reached}, 3, 1.0))
    return made


def test_the_choice_that_decides_has_most_of_the_variance() -> None:
    """Pooling is worth .06: variance .03² = .0009 of .001 (noise .01²), so about .9."""
    found = importance(trials(40, pooling=0.06), CONFIG.space, "val/map", resamples=6)
    first = found.choices[0]
    assert first.name == "encoder.pooling"
    assert first.share.value > 0.75
    assert 0.5 < first.share.low <= first.share.value <= first.share.high + 0.02
    assert first.stands_out
    assert first.leads == 1.0
    assert [level.value for level in first.levels] == ["attention", "mean"]
    assert first.levels[0].mean - first.levels[1].mean == pytest.approx(0.06, abs=0.01)
    assert sum(level.trials for level in first.levels) == found.trials == 40
    assert 0.75 < sum(choice.share.value for choice in found.choices) < 1
    assert found.verdict.startswith("`encoder.pooling` (")
    assert "it leads in 100 % of the resamples." in found.verdict


def test_a_conditional_choice_is_found_too() -> None:
    found = importance(trials(50, margin=0.2), CONFIG.space, "val/map", resamples=4)
    first = found.choices[0]
    assert first.name == "loss.margin"
    assert sum(level.trials for level in first.levels) < 50
    assert first.levels[0].value.startswith("> 0.")


def test_where_nothing_matters_nothing_stands_out() -> None:
    found = importance(trials(20, seed=1), CONFIG.space, "val/map", resamples=8)
    first = found.choices[0]
    assert first.leads < 0.95
    assert max(choice.between for choice in found.choices) < found.noise
    assert not any(choice.stands_out for choice in found.choices)
    assert "No choice stands out" in found.verdict


def test_chance_alone_is_seldom_called_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 40 sweeps in which nothing matters, two; more than six by a chance of 1 in 100."""
    monkeypatch.setattr("raysign.sweep.importance._shares", lambda *_: np.ones(7) / 7)
    called = 0
    for seed in range(40):
        found = importance(trials(14, seed), CONFIG.space, "val/map", resamples=1)
        called += any(choice.stands_out for choice in found.choices)
    assert called <= 6


@pytest.mark.parametrize("matter", [1, 2, 3])
def test_of_few_choices_those_that_decide_stand_out(matter: int) -> None:
    """Each has a share of one in as many, as it would in noise: shares alone cannot tell."""
    space = resolve(
        SweepConfig,
        {"space": {f"augment.{name}": {"choice": [0.0, 0.5]} for name in AUGMENTED[:matter]}},
    ).space
    rng = np.random.default_rng(0)
    drawn = [{name: float(rng.choice([0, 0.5])) for name in space} for _ in range(60)]
    made = [
        Outcome(number, values, {"val/map": sum(values.values()) + 0.01 * rng.normal()}, 3, 1.0)
        for number, values in enumerate(drawn)
    ]
    found = importance(made, space, "val/map", resamples=2)
    assert all(choice.stands_out for choice in found.choices)
    assert [choice.between for choice in found.choices] == pytest.approx(
        [1 / matter] * matter, abs=0.2
    )


def test_a_range_is_told_by_its_thirds() -> None:
    """What is best in the middle is equal in both halves."""
    space = resolve(SweepConfig, {"space": {"optim.lr": {"log_uniform": [1e-4, 1e-2]}}}).space
    ends = np.random.default_rng(0).uniform(-4, -2, 60)
    made = [
        Outcome(number, {"optim.lr": 10**end}, {"val/map": -((end + 3) ** 2)}, 3, 1.0)
        for number, end in enumerate(ends)
    ]
    (only,) = importance(made, space, "val/map", resamples=2).choices
    assert only.stands_out
    assert 0.4 < only.between < 0.6


def test_a_conditional_choice_has_no_part_of_what_its_switch_does() -> None:
    made = [
        Outcome(
            o.number,
            o.values,
            {"val/map": o.figures["val/map"] + ("loss.margin" in o.values)},
            3,
            1.0,
        )
        for o in trials(60)
    ]
    found = importance(made, CONFIG.space, "val/map", resamples=2)
    assert [choice.name for choice in found.choices if choice.stands_out] == ["loss.kind"]


def test_where_all_that_is_searched_is_stated_nothing_is_left() -> None:
    stated = [
        Outcome(o.number, {"loss.kind": o.values["loss.kind"]}, o.figures, 3, 1.0)
        for o in trials(12)
    ]
    with pytest.raises(TrackingError, match=r"only what is stated \(loss\.kind\): no open choice"):
        importance(stated, CONFIG.space, "val/map", within=["loss.kind", "encoder.kind"])


def test_what_is_stated_explains_nothing() -> None:
    """Pooling is worth much, but tells the rows apart; within them the margin decides."""
    made = trials(80, pooling=0.5, margin=0.2)
    stated = ("encoder.pooling", "loss.kind", "encoder.kind")
    found = importance(made, CONFIG.space, "val/map", within=stated, resamples=8)
    assert found.within == ("encoder.pooling", "loss.kind"), "nobody searched encoder.kind"
    assert {choice.name for choice in found.choices}.isdisjoint(stated)
    assert found.choices[0].name == "loss.margin"
    assert found.choices[0].stands_out
    levels = {level.value[0]: level.mean for level in found.choices[0].levels}
    assert levels[">"] - levels["≤"] == pytest.approx(0.1, abs=0.02), "pooling would blur it"
    assert found.best - found.lowest > 0.5, "the range is that of all trials"


def test_a_row_of_one_trial_has_nobody_to_be_compared_with() -> None:
    one, *rest = trials(12, pooling=0.06)
    lone = Outcome(99, {**one.values, "loss.kind": "triplet"}, one.figures, 3, 1.0)
    kept = importance(
        [one, *rest, lone], CONFIG.space, "val/map", within=["loss.kind"], resamples=2
    )
    assert kept.trials == 12
    with pytest.raises(
        TrackingError, match=r"no two of 2 trials are alike in loss\.kind: run more"
    ):
        importance([one, lone], CONFIG.space, "val/map", within=["loss.kind"])


def test_the_seed_decides_not_the_order_and_less_may_be_better() -> None:
    made = trials(12, pooling=0.06)
    assert importance(made, CONFIG.space, "val/map", resamples=3) == importance(
        made, CONFIG.space, "val/map", resamples=3
    )
    assert importance(made[::-1], CONFIG.space, "val/map", resamples=3) == importance(
        made, CONFIG.space, "val/map", resamples=3
    )
    slow = [Outcome(o.number, o.values, {"latency_ms": o.figures["val/map"]}, 3, 1) for o in made]
    found = importance(slow, CONFIG.space, "latency_ms", resamples=2)
    assert found.best < found.median < found.lowest
    pooling = next(choice for choice in found.choices if choice.name == "encoder.pooling")
    assert pooling.levels[0].value == "mean"


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    return connect(f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db")


def record(tracker: Tracker, made: list[Outcome]) -> str:
    """As a sweep records its trials; one failed and one was interrupted."""
    space = space_of(CONFIG)
    parent = tracker.start_run("ambiguity", tags={"kind": "sweep"})
    tracker.log_text(parent, _resolved(space, CONFIG), "space.yaml")
    for outcome in made:
        run = tracker.start_run(
            f"trial-{outcome.number:03d}",
            parent=parent,
            tags={"kind": "trial", "searched": ", ".join(outcome.values)},
            params=space.config(outcome.values).model_dump(mode="json"),
        )
        tracker.log_metrics(run, {"best/val/map": outcome.figures["val/map"]}, 3)
        tracker.finish(run)
    for status in ("FAILED", "KILLED"):
        run = tracker.start_run(f"trial-{status}", parent=parent, tags={"searched": ""})
        tracker.log_metrics(run, {"best/val/map": 9.0}, 1)
        tracker.finish(run, status)
    tracker.finish(parent)
    return parent


def test_a_recorded_sweep_is_explained_as_the_one_at_hand(tracker: Tracker) -> None:
    made = trials(12, pooling=0.06)
    run_id = record(tracker, made)
    found = explain(recorded_trials(tracker, run_id), resamples=3)
    assert found == importance(
        made, CONFIG.space, "val/map", sweep="ambiguity", data="synthetic", resamples=3
    )
    assert found.trials == 12


def test_what_explains_nothing_is_one_line(tracker: Tracker) -> None:
    run_id = record(tracker, trials(4))
    with pytest.raises(TrackingError, match=r"4 finished trials explain nothing.*--trials 10"):
        recorded_trials(tracker, run_id)
    plain = tracker.start_run("plain", tags={"kind": "train"})
    with pytest.raises(TrackingError, match=r"\(plain\) is no sweep; give the run id that"):
        recorded_trials(tracker, plain)
    with pytest.raises(TrackingError, match="no run 'nope'"):
        recorded_trials(tracker, "nope")
    with pytest.raises(TrackingError, match="1 finished trials explain nothing"):
        importance(trials(1), CONFIG.space, "val/map")
    same = [Outcome(o.number, o.values, {"val/map": 0.3}, 3, 1.0) for o in trials(10)]
    with pytest.raises(TrackingError, match=r"all 10 trials reached val/map 0\.3"):
        importance(same, CONFIG.space, "val/map")
