from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import optuna
import pytest

from raysign.config import SweepConfig, resolve
from raysign.sweep import plots
from raysign.sweep.report import study_of
from raysign.sweep.results import Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPACE = {
    "optim.lr": {"log_uniform": [1e-4, 1e-2]},
    "encoder.dropout": {"uniform": [0.0, 0.3]},
    "encoder.depth": {"int_uniform": [1, 4]},
    "loss.kind": {"choice": ["supcon", "arcface"]},
    "loss.margin": {"uniform": [0.1, 0.5], "when": {"loss.kind": "arcface"}},
}
DIMENSIONS = resolve(SweepConfig, {"space": SPACE}).space


@pytest.fixture(autouse=True)
def _quiet_optuna() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def outcomes(count: int) -> list[Outcome]:
    made = []
    for i in range(count):
        values: dict[str, Any] = {
            "optim.lr": 1e-4 * (1 + i),
            "encoder.dropout": 0.1 * (i % 3),
            "encoder.depth": 1 + i % 4,
            "loss.kind": ["supcon", "arcface"][i % 2],
        }
        if i % 2:
            values["loss.margin"] = 0.2
        figures = {"val/map": 0.2 + 0.05 * i, "latency_ms": 1.0 + i, "parameters": 10.0}
        made.append(Outcome(i + 1, values, figures, epochs=2, seconds=3.0 + i))
    return made


def labels(figure: Figure) -> list[str]:
    legend = figure.axes[0].get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


def test_the_study_has_every_trial_with_its_distributions() -> None:
    study = study_of(outcomes(6), DIMENSIONS, ("val/map", "latency_ms"))
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert [t.value for t in study.trials] == [o.figures["val/map"] for o in outcomes(6)]
    assert [t.params for t in study.trials] == [dict(o.values) for o in outcomes(6)]
    found = study.trials[1].distributions
    assert found["optim.lr"] == optuna.distributions.FloatDistribution(1e-4, 1e-2, log=True)
    assert found["encoder.depth"] == optuna.distributions.IntDistribution(1, 4)
    assert study_of(outcomes(2), DIMENSIONS, ("latency_ms",)).direction.name == "MINIMIZE"


def test_importance_says_how_few_trials_it_is_from_and_warns_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = plots.importance(study_of(outcomes(8), DIMENSIONS, ("val/map",)))
    assert figure is not None
    assert "from 8 trials" in figure.axes[0].get_title()


def test_importance_of_one_trial_is_no_picture() -> None:
    assert plots.importance(study_of(outcomes(1), DIMENSIONS, ("val/map",))) is None


def test_history_draws_the_best_so_far_and_the_baseline() -> None:
    made = outcomes(3)
    figure = plots.history([made[1], made[0], made[2]], "val/map", 0.15)
    steps = figure.axes[0].lines[0]
    assert list(steps.get_ydata()) == pytest.approx([0.2, 0.25, 0.3])
    assert labels(figure) == ["trial", "best so far", "untrained nearest neighbour"]
    falling = plots.history(made, "latency_ms", None)
    assert list(falling.axes[0].lines[0].get_ydata()) == [1.0, 1.0, 1.0]
    assert len(labels(falling)) == 2


def test_the_front_is_drawn_only_against_an_objective() -> None:
    both = ("val/map", "latency_ms")
    front = plots.against(outcomes(4), "latency_ms", "latency_ms", both, None)
    assert labels(front) == ["Pareto front"]
    assert len(front.axes[0].lines[0].get_xdata()) == 4
    time = plots.against(outcomes(4), "seconds", "seconds", both[:1], None)
    assert not time.axes[0].lines
