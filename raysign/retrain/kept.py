"""A re-training's folder: what it began with, and how far it is.

retrain.json     SOURCE, settings, recipe and data, written before anything else
seed-N/          one training each, a run of its own
ensemble/        the bundle of all seeds together, where that is what is registered
decision.json    what was decided and why, written before anything is registered
report/          the report for people
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from raysign.config import TrainConfig, resolve
from raysign.errors import ConfigError, TrainingError
from raysign.retrain.recipe import Recipe
from raysign.trees import changes
from raysign.whole import whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from raysign.config import RetrainConfig

BEGAN, DECIDED, LOCK = "retrain.json", "decision.json", "retrain.lock"
NEEDED = ("model", "champion", "better", "summary", "evidence", "metrics", "profile")
"""Of a decision, to go on with it;"""
TOLD = ("version", "outcome", "promoted")
"""and of one that is done."""
NOWHERE = {"workers"}
"""Where it runs may differ when it goes on."""


@dataclass(frozen=True)
class Began:
    """What a re-training began with; the same command goes on with it, and no other does."""

    key: str
    """By which its run in MLflow is found again."""
    source: str
    of: str
    config: dict[str, Any]
    recipe: dict[str, Any]
    data: str
    """The fingerprint of the clips."""

    @classmethod
    def new(cls, source: str, config: RetrainConfig, recipe: Recipe, data: str) -> Self:
        return cls(
            uuid.uuid4().hex,
            source,
            recipe.of,
            _told(config),
            recipe.config.model_dump(mode="json"),
            data,
        )

    @classmethod
    def read(cls, file: Path) -> Self:
        """As it was kept; ``TrainingError`` where the file holds something else."""
        try:
            found = cls(**_read(file))
            resolve(TrainConfig, found.recipe)
        except (TypeError, ConfigError):
            raise _damaged(file) from None
        texts = (found.key, found.source, found.of, found.data)
        if not (isinstance(found.config, dict) and all(isinstance(text, str) for text in texts)):
            raise _damaged(file)
        return found

    def as_recipe(self) -> Recipe:
        """What is trained, as it was settled."""
        return Recipe(self.of, resolve(TrainConfig, self.recipe))

    def check_data(self, name: str, found: Mapping[str, str]) -> None:
        """``TrainingError`` where something is of other clips than it began with."""
        for what, data in found.items():
            if data != self.data:
                raise TrainingError(
                    f"re-training {name!r} began with data {self.data}, now {what} has {data}: "
                    "give another --name"
                )

    def training(self, seed: int, workers: int | None) -> TrainConfig:
        """The training of one seed."""
        where = {} if workers is None else {"workers": workers}
        return resolve(TrainConfig, {**self.recipe, "seed": seed, **where})


def began(folder: Path, source: str, config: RetrainConfig) -> Began | None:
    """What is in the folder; None where it is nobody's, ``TrainingError`` where it is another's."""
    try:
        found = Began.read(folder / BEGAN)
    except FileNotFoundError:
        if folder.exists() and any(path.name != LOCK for path in folder.iterdir()):
            raise TrainingError(
                f"{str(folder)!r} holds something else than a re-training; give another --name"
            ) from None
        return None
    now = {"SOURCE": source, **_told(config)}
    changed = changes({"SOURCE": found.source, **found.config}, now)
    if changed:
        raise TrainingError(
            f"re-training {folder.name!r} began with {'; '.join(changed)}: give another --name, or "
            "what it began with"
        )
    return found


def begin(folder: Path, new: Began) -> Began:
    """Note what it begins with."""
    with whole_file(folder / BEGAN) as draft:
        draft.write_text(json.dumps(asdict(new), indent=1), encoding="utf-8")
    return new


def decided(folder: Path) -> dict[str, Any] | None:
    """What was decided, as it was kept; None where it was not yet."""
    try:
        kept = _read(folder / DECIDED)
    except FileNotFoundError:
        return None
    if not {*NEEDED, *(TOLD if kept.get("done") else ())} <= kept.keys():
        raise _damaged(folder / DECIDED)
    return kept


def keep_decision(folder: Path, decision: dict[str, Any]) -> None:
    """Keep what was decided."""
    with whole_file(folder / DECIDED) as draft:
        text = json.dumps(decision, indent=1, ensure_ascii=False)
        draft.write_text(text, encoding="utf-8")


def _read(file: Path) -> dict[str, Any]:
    """``TrainingError`` where it holds no object; ``FileNotFoundError`` where it is not there."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        raise _damaged(file) from None
    if not isinstance(found, dict):
        raise _damaged(file)
    return found


def _damaged(file: Path) -> TrainingError:
    return TrainingError(f"{str(file)!r} is damaged, or of another raysign; give another --name")


def _told(config: RetrainConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", exclude=NOWHERE)
