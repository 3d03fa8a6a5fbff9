"""The search space: config path → distribution, checked against the typed config at once."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from raysign.config import Dimension, KeywordConfig, SweepConfig, TrainConfig, resolve
from raysign.config.load import with_values
from raysign.errors import ConfigError, SpaceError

if TYPE_CHECKING:
    import optuna

KINDS: Mapping[str, type[TrainConfig] | type[KeywordConfig]] = {
    "signs": TrainConfig,
    "keywords": KeywordConfig,
}
"""What the settings of a trial are, for each task of a sweep."""
MOST_CHECKED = 4096
"""So many combinations are checked one by one; in a larger space, one dimension at a time."""


@dataclass(frozen=True)
class Space:
    """A checked space. As a plain class it can be pickled, which Tune's searcher state needs.

    ``base`` is what every trial shares, as a tree; ``dimensions`` maps config paths to
    distributions, each after those that its ``when`` names; ``kind`` is what a trial's settings
    are.
    """

    base: Mapping[str, Any]
    dimensions: Mapping[str, Dimension]
    kind: type[TrainConfig] | type[KeywordConfig] = TrainConfig

    @classmethod
    def of(cls, config: SweepConfig, base: Mapping[str, Any]) -> Space:
        """The space of a sweep over that base.

        Raises:
            SpaceError: names the first thing that does not fit; ConfigError: the base does not.
        """
        try:
            resolve(KINDS[config.task], base)
        except ConfigError as error:
            raise ConfigError(f"under `train`, which every trial shares: {error}") from None
        space = cls(base, _ordered(config.space), KINDS[config.task])
        for path, dimension in space.dimensions.items():
            if path.partition(".")[0] == "data":
                raise SpaceError(
                    f"space key {path!r}: trials are compared on the same clips, so the data "
                    "cannot be searched; set it under `train:` instead"
                )
            if path == "start_from":
                raise SpaceError(
                    "space key 'start_from': all trials begin with the same weights; set it under "
                    "`train:`, and search once with it and once without"
                )
            if path in ("workers", "device", "threads"):
                section = "placement" if path == "workers" else "train"
                raise SpaceError(
                    f"space key {path!r} says where a trial runs, not what it learns; set it under "
                    f"`{section}:`"
                )
            for other, wanted in dimension.when.items():
                space._check_when(path, other, _listed(wanted))
        for values in space._corners():
            space._resolved(values)
        return space

    def _check_when(self, path: str, other: str, wanted: tuple[Any, ...]) -> None:
        """Refuse a condition that never holds: the dimension would be searched by nobody."""
        dimension = self.dimensions.get(other)
        if dimension is not None:
            if dimension.choice is None:
                raise SpaceError(
                    f"space key {path!r}: `when` names {other!r}, which is no `choice`; a "
                    "condition can only name keys with choices, or settings that do not vary"
                )
            there = dimension.choice
        else:
            value = _first(_look(self.base, other), _look(self._defaults(self.base, other), other))
            if value is _NOTHING:
                raise SpaceError(
                    f"space key {path!r}: `when` names {other!r}, which is neither a setting nor a "
                    "space key; `raysign config` lists the settings"
                )
            there = (value,)
        never = [value for value in wanted if value not in there]
        if never:
            raise SpaceError(
                f"space key {path!r}: `when` waits for {other}={never[0]}, which never happens; "
                f"{other} is {' or '.join(map(str, there))}"
            )

    def __call__(self, trial: optuna.Trial) -> None:
        """Optuna's define-by-run space: suggest every dimension that applies."""
        values: dict[str, Any] = {}
        for path, dimension in self.dimensions.items():
            if self._applies(dimension, values):
                values[path] = _suggest(trial, path, dimension)

    def config(self, values: Mapping[str, Any]) -> TrainConfig | KeywordConfig:
        """The training config of a trial's values."""
        return resolve(self.kind, with_values(self.base, values))

    def varies(self, section: str) -> bool:
        """Does any dimension lie in that section of the config?"""
        return any(path.partition(".")[0] == section for path in self.dimensions)

    def corner_configs(self) -> Iterator[TrainConfig | KeywordConfig]:
        """Configs all over the space, with the ends of every dimension, for checks that need the
        data.
        """
        for values in self._corners():
            yield self._resolved(values)

    def _applies(self, dimension: Dimension, values: Mapping[str, Any]) -> bool:
        if not dimension.when:
            return True
        # Not validated as a whole: half the values of a trial may not make a valid config yet.
        tree = with_values(self.base, values)
        return all(
            _first(_look(tree, path), _look(self._defaults(tree, path), path)) in _listed(wanted)
            for path, wanted in dimension.when.items()
        )

    def _defaults(self, tree: Mapping[str, Any], path: str) -> TrainConfig | KeywordConfig:
        """What is not in the tree; the kind that it names has defaults of its own."""
        section = path.partition(".")[0]
        kind = _look(tree, f"{section}.kind")
        if kind is _NOTHING:
            return self.kind()
        try:
            return resolve(self.kind, {section: {"kind": kind}})
        except ConfigError:
            return self.kind()  # a wrong kind is told with the whole config

    def _corners(self) -> Iterator[dict[str, Any]]:
        """Values of the dimensions that apply: their ends and every whole number between, in all
        combinations where these are few.
        """
        switches = {other for d in self.dimensions.values() for other in d.when}
        free = [path for path in self.dimensions if path not in switches]
        chosen = [path for path in self.dimensions if path in switches]
        for picked in itertools.product(*(self.dimensions[path].ends for path in chosen)):
            fixed = self._only_applying(dict(zip(chosen, picked, strict=True)))
            active = [p for p in free if self._applies(self.dimensions[p], fixed)]
            ends = [self.dimensions[path].ends for path in active]
            checked = [self.dimensions[path].checked for path in active]
            few = [every for every in (checked, ends) if prod(map(len, every)) <= MOST_CHECKED]
            for combined in itertools.product(*few[0]) if few else ():
                yield fixed | dict(zip(active, combined, strict=True))
            if few and few[0] is checked:
                continue
            first = {path: values[0] for path, values in zip(active, ends, strict=True)}
            for path, values in zip(active, checked, strict=True):
                for value in values:
                    yield fixed | first | {path: value}

    def _only_applying(self, values: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for path, dimension in self.dimensions.items():
            if path in values and self._applies(dimension, kept):
                kept[path] = values[path]
        return kept

    def _resolved(self, values: Mapping[str, Any]) -> TrainConfig | KeywordConfig:
        try:
            return self.config(values)
        except ConfigError as error:
            named = ", ".join(f"{p}={v}" for p, v in values.items() if self._to_name(p, v))
            within = f" where {named}" if named else ""
            raise SpaceError(
                f"the search space gives a config that does not fit{within}: {error}; correct the "
                "key or its bounds, list what fits with `choice:`, or say with `when:` where it "
                "applies"
            ) from None

    def _to_name(self, path: str, value: Any) -> bool:
        """A kind, or a number that nobody wrote down."""
        return path.endswith(".kind") or value not in self.dimensions[path].ends


def without(config: SweepConfig, given: Collection[str]) -> tuple[SweepConfig, list[str]]:
    """The sweep with some dimensions settled by what every trial shares; and which went.

    With them go the dimensions that wait for another value of theirs. ``SpaceError`` where nothing
    is left to search.
    """
    settled = Space(config.shared, {}, KINDS[config.task])
    left: dict[str, Dimension] = {}
    for path, one in _ordered(config.space).items():
        of_given = {other: wanted for other, wanted in one.when.items() if other in given}
        waits = {other: wanted for other, wanted in one.when.items() if other not in given}
        gone = any(other in config.space and other not in left for other in waits)
        applies = settled._applies(one.model_copy(update={"when": of_given}), {})
        if path not in given and not gone and applies:
            left[path] = one.model_copy(update={"when": waits})
    went = [path for path in config.space if path not in left]
    if not left:
        raise SpaceError(f"nothing is left to search: {', '.join(went)} are given for every trial")
    return config.model_copy(update={"space": left}), went


_NOTHING = object()


def _ordered(dimensions: Mapping[str, Dimension]) -> dict[str, Dimension]:
    """Each dimension after those that its ``when`` names."""
    placed: dict[str, Dimension] = {}
    waiting = dict(dimensions)
    while waiting:
        ready = [p for p, d in waiting.items() if not any(o in waiting for o in d.when)]
        if not ready:
            raise SpaceError(f"space keys {', '.join(waiting)} wait for each other in `when`")
        for path in ready:
            placed[path] = waiting.pop(path)
    return placed


def _look(tree: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(tree, Mapping):
            tree = tree.get(part, _NOTHING)
        else:
            tree = getattr(tree, part, _NOTHING)
    return tree


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not _NOTHING), _NOTHING)


def _listed(wanted: Any) -> tuple[Any, ...]:
    """The values; one that is itself a list is a tuple, as in a setting."""
    each = wanted if isinstance(wanted, list | tuple) else (wanted,)
    return tuple(tuple(value) if isinstance(value, list) else value for value in each)


def _suggest(trial: optuna.Trial, path: str, dimension: Dimension) -> Any:
    if dimension.choice is not None:
        with warnings.catch_warnings():
            # A choice that is a list cannot be stored in a database; this study is in memory.
            warnings.filterwarnings("ignore", "Choices for a categorical", UserWarning)
            return trial.suggest_categorical(path, dimension.choice)
    if dimension.int_uniform is not None:
        return trial.suggest_int(path, *dimension.int_uniform)
    log = dimension.log_uniform is not None
    bounds = dimension.log_uniform or dimension.uniform
    assert bounds is not None  # the config holds exactly one distribution
    return trial.suggest_float(path, *bounds, log=log)
