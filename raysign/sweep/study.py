"""Trials as Optuna's analyses take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raysign.config.sweep import MINIMISED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import optuna

    from raysign.config import Dimension
    from raysign.sweep.results import Outcome


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
