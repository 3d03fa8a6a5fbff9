"""What a sweep's run in MLflow holds: leaderboard, who won and why, what mattered, space, plots."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from raysign.config import TrainConfig
from raysign.config.load import write_yaml
from raysign.errors import TrackingError
from raysign.evaluate.table.plots import importance as importance_plot
from raysign.sweep import plots
from raysign.sweep.importance import importance
from raysign.sweep.recorded import FEWEST_TRIALS
from raysign.sweep.results import leaderboard, usable
from raysign.tracking import recorded_run
from raysign.train import protocol
from raysign.train.keywords import KeywordMaterial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from raysign.config import SweepConfig
    from raysign.evaluate.table import Explained
    from raysign.sweep.chosen import Selection
    from raysign.sweep.results import Outcome
    from raysign.sweep.space import Space
    from raysign.tracking import Tracker
    from raysign.train.material import AnyMaterial

RESAMPLES = 40
"""Of the trials, behind what mattered: seconds for tens of trials, and people wait for them.
`raysign table --sweep RUN` takes its time."""


def write_report(
    tracker: Tracker,
    run_id: str,
    space: Space,
    config: SweepConfig,
    outcomes: Sequence[Outcome],
    material: AnyMaterial,
    selection: Selection | None,
) -> None:
    """Write everything about a sweep that is not one trial's.

    ``selection`` is None where no trial could win.
    """
    baseline = material.untrained("val/")
    front = None if selection is None else selection.front
    table = leaderboard(outcomes, config.objective, baseline, config.task, front)
    good = usable(outcomes, config.objective)
    explained = _explained(good, space, config)
    won = ("", "") if selection is None else (selection.words, selection.table)
    parts = (table, *won, _what_mattered(explained), protocol_line(space, material))
    text = "".join(f"{part}\n\n" for part in parts if part).removesuffix("\n")
    tracker.describe(run_id, text)
    tracker.log_text(run_id, text, "leaderboard.md")
    tracker.log_text(run_id, _resolved(space, config), "space.yaml")
    known = recorded_run(tracker, run_id).metrics  # of a sweep that went on

    def log(figures: Mapping[str, float]) -> None:
        new = {name: value for name, value in figures.items() if known.get(name) != value}
        tracker.log_metrics(run_id, new, 0)

    log(material.untrained(f"{material.floor}/"))
    if selection is None:
        return
    tracker.log_text(run_id, json.dumps(selection.as_json(), indent=1), "selection.json")
    log({f"best/{name}": value for name, value in selection.run.figures.items()})
    first = config.objective[0]
    floor = baseline.get(first)
    figures = {
        "history.png": plots.history(good, first, floor, material.known_as),
        "map_against_time.png": plots.against(
            good, "seconds", "seconds", (first,), floor, material.known_as
        ),
    }
    for other in config.objective[1:]:
        figures[f"pareto_{other.replace('/', '_')}.png"] = plots.against(
            good, other, other, config.objective, floor, material.known_as
        )
    if selection.standings:
        figures["standings.png"] = plots.standings(selection)
        figures["map_against_latency.png"] = plots.front(good, selection)
    if explained is not None:
        figures["importance.png"] = importance_plot(explained)
    for name, figure in figures.items():
        tracker.log_figure(run_id, figure, f"plots/{name}")


def protocol_line(space: Space, material: AnyMaterial) -> str:
    """What all figures of a sweep were measured on, in one line."""
    if isinstance(material, KeywordMaterial):
        return material.protocol
    shared, given = space.config({}), space.dimensions
    assert isinstance(shared, TrainConfig)  # as its material is
    mirror = "searched" if "evaluate.mirror" in given else shared.evaluate.mirror
    stages = "searched" if "evaluate.rerank.stages" in given else shared.evaluate.rerank.stages
    return protocol(material.clips, material.untrained("val/"), mirror, stages)


def _explained(good: Sequence[Outcome], space: Space, config: SweepConfig) -> Explained | None:
    """None where there is nothing to explain: one trial, or all reached the same."""
    first = config.objective[0]
    try:
        return importance(good, space.dimensions, first, resamples=RESAMPLES, seed=config.seed)
    except TrackingError:
        return None


def _what_mattered(explained: Explained | None) -> str:
    """In a sentence: a picture shows how little a few trials tell, a verdict would not."""
    if explained is None:
        return ""
    if explained.trials < FEWEST_TRIALS:
        return (
            f"{explained.trials} finished trials do not tell which choice matters; "
            f"{FEWEST_TRIALS} or more may."
        )
    return explained.verdict


def _resolved(space: Space, config: SweepConfig) -> str:
    tree = {
        "train": space.config({}).model_dump(mode="json", exclude={"workers"}),  # as placed
        "space": {
            path: dimension.model_dump(mode="json", exclude_defaults=True)
            for path, dimension in space.dimensions.items()
        },
        **config.model_dump(mode="json", exclude={"train", "space"}),
    }
    return write_yaml(tree)
