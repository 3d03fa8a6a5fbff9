from __future__ import annotations

import json
import warnings
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
import pytest

from raysign.config import SweepConfig, resolve
from raysign.sweep import plots, space_of
from raysign.sweep import report as report_room
from raysign.sweep.evidence import Evidence
from raysign.sweep.importance import importance
from raysign.sweep.report import write_report
from raysign.sweep.results import Outcome
from raysign.sweep.selection import choose
from raysign.sweep.study import study_of

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
def _quick_and_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    monkeypatch.setattr("raysign.sweep.report.RESAMPLES", 4)


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


class Server:
    """A tracker that keeps what it is told."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.figures: dict[str, Figure] = {}
        self.note = ""

    def describe(self, run_id: str, text: str) -> None:
        self.note = text

    def log_text(self, run_id: str, text: str, path: str) -> None:
        self.texts[path] = text

    def log_figure(self, run_id: str, figure: Figure, path: str) -> None:
        self.figures[path] = figure

    def log_metrics(self, run_id: str, metrics: dict[str, float], step: int) -> None:
        pass


@pytest.fixture(autouse=True)
def _a_new_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_room, "recorded_run", lambda *_: SimpleNamespace(metrics={}))


MATERIAL: Any = SimpleNamespace(
    clips=SimpleNamespace(gallery=None, signer_overlap="signers unknown"),
    floor="untrained",
    known_as="untrained nearest neighbour",
    untrained=lambda prefix: {
        f"{prefix}{name}{end}": 0.1
        for name in (
            *("queries", "gallery", "positives_per_query", "map", "mrr"),
            *(f"recall_at_{k}" for k in (1, 5, 10, 50)),
        )
        for end in ("", "_low", "_high")
    },
)


def evidence(outcome: Outcome) -> Evidence:
    """Every query got what the trial did, more or less."""
    luck = np.random.default_rng(outcome.number).normal(0, 0.01, 20)
    count = np.ones(20, dtype=np.int64)
    return Evidence(
        {
            "first_rank": count,
            "average_precision": outcome.figures["val/map"] + luck - luck.mean(),
            "positives": count,
            "sign": np.arange(20),
            "gallery": np.array(9),
        }
    )


def report(
    made: list[Outcome],
    space: dict[str, Any] = SPACE,
    train: dict[str, Any] | None = None,
    **settings: Any,
) -> Server:
    """What a sweep with these trials leaves."""
    config = resolve(SweepConfig, {"space": space, "train": train or {}, **settings})
    figures = {**MATERIAL.untrained("val/"), "latency_ms": 1.0, "parameters": 10.0}
    whole = [replace(o, figures={**figures, **o.figures}) for o in made]
    server: Any = Server()
    chosen = None
    if whole:
        chosen = choose(whole, config, again=None, say=print, evidence=evidence)
    write_report(server, "run", space_of(config), config, whole, MATERIAL, chosen)
    assert server.note == server.texts["leaderboard.md"]
    return server  # type: ignore[no-any-return]


def test_what_mattered_is_the_tables_importance_with_its_error_bars() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        left = report(outcomes(12))
    shares, between = left.figures["plots/importance.png"].axes
    assert shares.get_title() == "share in what makes 12 trials differ"
    own = importance(outcomes(12), DIMENSIONS, "val/map", resamples=4)
    assert own.verdict in left.note
    assert [bar.get_width() for bar in shares.patches] == [c.share.value for c in own.choices]
    ends = [tuple(line.get_xdata()) for line in shares.lines]
    assert ends == [(c.share.low, c.share.high) for c in own.choices]
    assert [bar.get_width() for bar in between.patches] == [c.between for c in own.choices]
    assert [tuple(line.get_xdata()) for line in between.lines] == [(own.noise, own.noise)]


def test_it_says_who_won_and_shows_where_the_others_stand() -> None:
    left = report(outcomes(4))
    assert "\n\nTrial 4 won: val mAP .350 [" in left.note
    assert "| 4 | winner | .350 [" in left.note
    told = json.loads(left.texts["selection.json"])
    assert (told["winner"], told["tied"], len(told["trials"])) == (4, [4], 4)
    means, behind = left.figures["plots/standings.png"].axes
    assert [text.get_text() for text in means.get_yticklabels()] == ["4", "3", "2", "1"]
    assert labels(left.figures["plots/standings.png"]) == ["winner", "behind by more"]
    ends = [line.get_xdata() for line in behind.lines if len(line.get_xdata()) == 2][1:]
    judged = [(t["behind_low"], t["behind_high"]) for t in told["trials"]]
    assert [tuple(end) for end in ends] == judged
    (axes,) = left.figures["plots/map_against_latency.png"].axes
    dots = {tuple(dot.get_offsets()[0]): dot.get_sizes()[0] for dot in axes.collections}
    assert len(dots) == 4
    assert set(dots.values()) == {250}, "all have as many parameters"


def test_the_plain_best_has_no_standings() -> None:
    left = report(outcomes(3), selection={"mode": "none"})
    assert "Trial 3 is the best of 3: selection.mode=none asks for no noise." in left.note
    assert "plots/standings.png" not in left.figures


def test_a_front_is_drawn_as_far_as_it_is_worth_it() -> None:
    left = report(outcomes(3), objective=["val/map", "latency_ms"])
    (axes,) = left.figures["plots/map_against_latency.png"].axes
    assert labels(left.figures["plots/map_against_latency.png"])[-1] == "Pareto front beyond noise"
    assert list(axes.lines[-1].get_xdata()) == [1.0, 2.0, 3.0]
    assert left.note.count(" (Pareto) ") == 3


def test_few_trials_get_the_picture_and_no_verdict_and_one_gets_neither() -> None:
    few = report(outcomes(5))
    assert "plots/importance.png" in few.figures
    assert "5 finished trials do not tell which choice matters; 10 or more may." in few.note
    assert "explains most" not in few.note
    one = report(outcomes(1))
    assert "plots/importance.png" not in one.figures
    assert "which choice" not in one.note
    assert set(report([]).figures) == set()


@pytest.mark.parametrize(
    ("train", "searched", "says"),
    [
        ({}, {}, "; cosine, clip level;"),
        ({"evaluate": {"mirror": "queries"}}, {}, "; cosine, queries with their mirror images,"),
        (
            {},
            {"evaluate.mirror": {"choice": ["none", "both"]}},
            "; cosine, mirror images as each trial's evaluate.mirror says, clip level;",
        ),
    ],
)
def test_the_protocol_says_who_is_seen_in_the_mirror(
    train: dict[str, Any], searched: dict[str, Any], says: str
) -> None:
    line = report(outcomes(2), SPACE | searched, train).note.splitlines()[-1]
    assert line.startswith("val clips → train clips; cosine")
    assert says in line


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
