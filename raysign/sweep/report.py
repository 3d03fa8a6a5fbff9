"""What a sweep's run in MLflow holds: leaderboard, resolved space, plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from raysign.config.sweep import MINIMISED
from raysign.sweep import plots
from raysign.sweep.results import leaderboard, ranked, usable
from raysign.train import protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import optuna

    from raysign.config import Dimension, SweepConfig
    from raysign.sweep.results import Outcome
    from raysign.sweep.space import Space
    from raysign.tracking import Tracker
    from raysign.train import Material


def write_report(
    tracker: Tracker,
    run_id: str,
    space: Space,
    config: SweepConfig,
    outcomes: Sequence[Outcome],
    material: Material,
) -> None:
    """Write everything about a sweep that is not one trial's."""
    baseline = material.untrained("val/")
    table = leaderboard(outcomes, config.objective, baseline)
    text = f"{table}\n\n{protocol(material.clips, baseline)}\n"
    tracker.describe(run_id, text)
    tracker.log_text(run_id, text, "leaderboard.md")
    tracker.log_text(run_id, _resolved(space, config), "space.yaml")
    tracker.log_metrics(run_id, material.untrained("untrained/"), 0)
    good = usable(outcomes, config.objective)
    if not good:
        return
    best = ranked(good, config.objective)[0]
    tracker.log_metrics(run_id, {f"best/{k}": v for k, v in best.figures.items()}, 0)
    first = config.objective[0]
    floor = baseline.get(first)
    figures = {
        "history.png": plots.history(good, first, floor),
        "map_against_time.png": plots.against(good, "seconds", "seconds", (first,), floor),
    }
    for other in config.objective[1:]:
        figures[f"pareto_{other.replace('/', '_')}.png"] = plots.against(
            good, other, other, config.objective, floor
        )
    share = plots.importance(study_of(good, space.dimensions, config.objective))
    if share is not None:
        figures["importance.png"] = share
    for name, figure in figures.items():
        tracker.log_figure(run_id, figure, f"plots/{name}")


def study_of(
    outcomes: Sequence[Outcome], dimensions: Mapping[str, Dimension], objective: Sequence[str]
) -> optuna.Study:
    """The finished trials as an Optuna study of the first objective, for its analyses."""
    import optuna

    first = objective[0]
    study = optuna.create_study(direction="minimize" if first in MINIMISED else "maximize")
    for outcome in outcomes:
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(outcome.values),
                distributions={path: _distribution(dimensions[path]) for path in outcome.values},
                value=outcome.figures[first],
            )
        )
    return study


def _distribution(dimension: Dimension) -> Any:
    import optuna.distributions as of

    if dimension.choice is not None:
        return of.CategoricalDistribution(dimension.choice)
    if dimension.int_uniform is not None:
        return of.IntDistribution(*dimension.int_uniform)
    if dimension.log_uniform is not None:
        return of.FloatDistribution(*dimension.log_uniform, log=True)
    assert dimension.uniform is not None  # the config holds exactly one distribution
    return of.FloatDistribution(*dimension.uniform)


def _resolved(space: Space, config: SweepConfig) -> str:
    tree = {
        "train": space.config({}).model_dump(mode="json"),
        "space": {
            path: dimension.model_dump(mode="json", exclude_defaults=True)
            for path, dimension in space.dimensions.items()
        },
        **config.model_dump(mode="json", exclude={"train", "space"}),
    }
    return yaml.safe_dump(tree, sort_keys=False)
