"""Which searched choice makes a sweep's trials differ, and how sure that is.

The share of a choice is that of its main effect in the variance of the objective, by fANOVA
(Hutter, Hoos & Leyton-Brown, ICML 2014) as Optuna has it: a random forest learns the objective from
the choices, and its variance is taken apart; what interactions have is nobody's share. (PED-ANOVA,
Optuna's default, asks what sets the best tenth apart: of tens of trials that is a handful.) A
conditional choice stands at one fixed value in the trials to which it does not apply, so what it
decides counts where it applies, and whether it applies counts for the switch.

Two things are added, since a sweep has tens of trials:

* an interval over trials: the trials are drawn with replacement, as many as there are, and all
  shares taken anew; it goes from the 2.5th to the 97.5th percentile;
* whether it is more than chance (Westfall & Young's max-T, 1993): what of the results' variance
  lies between the values of a choice, or the thirds of its range, is held against the largest of
  all choices after the results were shuffled among the trials: of thirty choices that do not
  matter one always looks as if it did. Not the share itself: it is one of what the forest has
  learned, so all of them add up to as much where that is noise.

Where choices are stated rather than open (a table's rows), trials are compared with those that are
alike in them: each counts with what it reached above its row's mean.

A trial counts with what it reached, also where it was stopped early; a sampler that learns tries
what does well more often. A sweep that is to explain draws at random and stops none
(``sampler=random``, a high ``grace_epochs``).
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from raysign.config import Dimension
from raysign.config.sweep import MINIMISED
from raysign.errors import TrackingError
from raysign.evaluate.table import Choice, Explained, Level
from raysign.ranking import Figure
from raysign.sweep.recorded import Trials, check_enough
from raysign.sweep.results import Outcome
from raysign.sweep.study import study_of

TREES = 16
"""Of each forest; four times as many move a share by .01."""

SHUFFLES = 1000
"""Behind what chance gives."""

FEW = 4
"""Up to so many values of a whole number are told apart; of more, the thirds of its range."""


def explain(
    trials: Trials, *, within: Sequence[str] = (), resamples: int = 100, seed: int = 0
) -> Explained:
    """The choices of a recorded sweep by its first objective; see :func:`importance`."""
    return importance(
        trials.outcomes,
        trials.config.space,
        trials.config.objective[0],
        sweep=trials.sweep,
        data=trials.data,
        within=within,
        resamples=resamples,
        seed=seed,
    )


def importance(
    outcomes: Sequence[Outcome],
    dimensions: Mapping[str, Dimension],
    objective: str,
    *,
    sweep: str = "",
    data: str = "",
    within: Sequence[str] = (),
    resamples: int = 100,
    seed: int = 0,
) -> Explained:
    """The choices of trials that all have the objective, the largest share first.

    Args:
        outcomes: the trials, in any order.
        dimensions: the space that they are from.
        objective: which figure is explained.
        sweep: its name.
        data: the clips of its trials.
        within: choices that are stated, as far as they are searched: trials that are alike in them
            are compared, and they are not among what is explained.
        resamples: of the trials, behind each interval. A hundred take 12 seconds of a core for
            48 trials of 21 choices.
        seed: of these, of the shuffles and of the forests.

    Raises:
        TrackingError: fewer than two (that are alike in what is stated), all reached the same, or
            all that was searched is stated.
    """
    check_enough(outcomes, 2)
    outcomes = sorted(outcomes, key=lambda outcome: outcome.number)  # the forests draw by place
    outcomes, within = _alike(outcomes, within)
    worth = np.array([outcome.figures[objective] for outcome in outcomes])
    if np.ptp(worth) == 0:
        raise TrackingError(
            f"all {len(worth)} trials reached {objective} {worth[0]:g}: no choice explains anything"
        )
    reached, worth = worth, _above_its_row(worth, outcomes, within)
    rng, count = np.random.default_rng(seed), len(outcomes)
    names = sorted({path for outcome in outcomes for path in outcome.values} - {*within})
    if not names:
        raise TrackingError(
            f"the sweep searched only what is stated ({', '.join(within)}): no open choice is left "
            "to be explained"
        )
    chosen = [_filled(outcome.values, dimensions, names) for outcome in outcomes]

    def shares(trials: np.ndarray, values: np.ndarray) -> np.ndarray:
        told = [
            Outcome(0, chosen[trial], {objective: float(value)}, 0, 0.0)
            for trial, value in zip(trials, values, strict=True)
        ]
        return _shares(told, dimensions, objective, names, seed)

    every = np.arange(count)
    own = shares(every, worth)
    draws = [rng.integers(count, size=count) for _ in range(resamples)]
    drawn = np.array([shares(taken, worth[taken]) for taken in draws])
    groups = [_groups(name, outcomes, dimensions[name]) for name in names]
    between = _between(groups, worth)
    shuffled = [_between(groups, rng.permutation(worth)).max() for _ in range(SHUFFLES)]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    leads = np.bincount(drawn.argmax(axis=1), minlength=len(names)) / resamples
    noise = float(np.percentile(shuffled, 95))
    choices = [
        Choice(
            name,
            Figure(float(own[i]), float(low[i]), float(high[i])),
            float(leads[i]),
            float(between[i]),
            bool(between[i] > noise),
            _levels(name, outcomes, worth, dimensions[name], objective in MINIMISED),
        )
        for i, name in enumerate(names)
    ]
    worst, best = (
        (reached.max(), reached.min()) if objective in MINIMISED else (reached.min(), reached.max())
    )
    return Explained(
        sweep=sweep,
        objective=objective,
        trials=count,
        resamples=resamples,
        lowest=float(worst),
        median=float(np.median(reached)),
        best=float(best),
        noise=noise,
        within=tuple(within),
        data=data,
        choices=tuple(sorted(choices, key=lambda choice: -choice.share.value)),
    )


def _alike(
    outcomes: Sequence[Outcome], within: Sequence[str]
) -> tuple[list[Outcome], tuple[str, ...]]:
    """Those of which another is alike in what is stated, and what of that was searched."""
    searched = tuple(name for name in within if any(name in one.values for one in outcomes))
    rows = Counter(_row(one, searched) for one in outcomes)
    alike = [one for one in outcomes if rows[_row(one, searched)] > 1]
    if len(alike) < 2:
        raise TrackingError(
            f"no two of {len(outcomes)} trials are alike in {', '.join(searched)}: run more trials"
        )
    return alike, searched


def _row(outcome: Outcome, within: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(outcome.values.get(name)) for name in within)


def _above_its_row(
    worth: np.ndarray, outcomes: Sequence[Outcome], within: Sequence[str]
) -> np.ndarray:
    """What each reached, as if all rows had the same mean."""
    row = [_row(one, within) for one in outcomes]
    means = {key: worth[[other == key for other in row]].mean() for key in set(row)}
    return np.asarray(worth - np.array([means[key] for key in row]) + worth.mean())


def _shares(
    outcomes: Sequence[Outcome],
    dimensions: Mapping[str, Dimension],
    objective: str,
    names: Sequence[str],
    seed: int,
) -> np.ndarray:
    """The share of each name in all variance; 0 where all that were drawn reached the same."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    forest = optuna.importance.FanovaImportanceEvaluator(n_trees=TREES, seed=seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of choices that are tuples: nothing is stored
            study = study_of(outcomes, dimensions, (objective,))
            found = optuna.importance.get_param_importances(
                study, evaluator=forest, normalize=False
            )
    except RuntimeError:  # no variance to take apart
        found = {}
    finally:
        optuna.logging.set_verbosity(verbosity)
    return np.array([found.get(name, 0.0) for name in names])


def _groups(name: str, outcomes: Sequence[Outcome], dimension: Dimension) -> list[np.ndarray]:
    """The trials to which a choice applies, by its value or by the third of its range."""
    applies = [place for place, one in enumerate(outcomes) if name in one.values]
    has: list[Any] = [outcomes[place].values[name] for place in applies]
    if dimension.choice is None and (dimension.int_uniform is None or len({*has}) > FEW):
        has = np.searchsorted(np.quantile(has, [1 / 3, 2 / 3]), has).tolist()
    levels: dict[str, list[int]] = {}
    for place, value in zip(applies, has, strict=True):
        levels.setdefault(str(value), []).append(place)
    return [np.array(level) for level in levels.values()]


def _between(
    groups: Sequence[Sequence[np.ndarray]], worth: Float64[np.ndarray, "trial"]
) -> Float64[np.ndarray, "choice"]:
    """What of all variance lies between the levels of each choice (η²), where it applies; 0–1."""
    found = np.zeros(len(groups))
    for place, levels in enumerate(groups):
        middle = worth[np.concatenate(levels)].mean()
        found[place] = sum(len(one) * (worth[one].mean() - middle) ** 2 for one in levels)
    return np.asarray(found / (len(worth) * worth.var()))


def _filled(
    values: Mapping[str, Any], dimensions: Mapping[str, Dimension], names: Sequence[str]
) -> dict[str, Any]:
    """A trial's values, each choice that does not apply at one fixed value."""
    return {name: values[name] if name in values else _fixed(dimensions[name]) for name in names}


def _fixed(dimension: Dimension) -> Any:
    """The first choice, or the middle of the range."""
    if dimension.choice is not None:
        return dimension.choice[0]
    if dimension.int_uniform is not None:
        return sum(dimension.int_uniform) // 2
    if dimension.log_uniform is not None:
        return float(np.sqrt(np.prod(dimension.log_uniform)))
    return float(np.mean(dimension.ends))


def _levels(
    name: str,
    outcomes: Sequence[Outcome],
    worth: np.ndarray,
    dimension: Dimension,
    less_is_better: bool,
) -> tuple[Level, ...]:
    """Each value of a choice, or the lower and the upper half of a range, best first."""
    has = [(o.values[name], w) for o, w in zip(outcomes, worth, strict=True) if name in o.values]
    groups: dict[str, list[float]] = {}
    middle = None if dimension.choice else float(np.median([value for value, _ in has]))
    for value, reached in has:
        if middle is None:
            level = str(value)
        else:
            level = f"≤ {middle:.3g}" if value <= middle else f"> {middle:.3g}"
        groups.setdefault(level, []).append(float(reached))
    levels = [Level(value, len(group), float(np.mean(group))) for value, group in groups.items()]
    return tuple(sorted(levels, key=lambda level: level.mean, reverse=not less_is_better))
