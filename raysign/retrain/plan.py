"""What a re-training will do, settled and checked before anything is written."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raysign.bundle import Bundle, load_any
from raysign.errors import BundleError, ConfigError, LayoutError
from raysign.retrain.asked import NOTHING, read_asked
from raysign.retrain.drift import champions_profile
from raysign.retrain.profile import Profile
from raysign.retrain.recipe import Recipe, read_recipe
from raysign.sources import load_split
from raysign.tracking import champion_version

if TYPE_CHECKING:
    from raysign.config import RetrainConfig
    from raysign.retrain.asked import Asked
    from raysign.tracking import Tracker, Version


@dataclass(frozen=True, eq=False)
class Champion:
    """The model that is to be beaten."""

    version: Version
    bundle: Bundle


@dataclass(frozen=True, eq=False)
class Plan:
    """Who is trained again, on what, and what it must pass."""

    source: str
    config: RetrainConfig
    recipe: Recipe
    champion: Champion | None
    profile: Profile
    protocols: tuple[str, ...]
    """Each in a line."""

    def lines(self) -> list[str]:
        """For people."""
        config, trains = self.config, self.recipe.config
        what = f"{trains.encoder.kind}, loss {trains.loss.kind}, {trains.optim.epochs} epochs"
        seeds = ", ".join(map(str, config.seeds))
        kept = {"last": "the last epoch is kept", "best": "the epoch with the best val mAP is kept"}
        chosen = {"first": f"seed {config.seeds[0]}", "ensemble": "the ensemble of all seeds"}
        rival = "the untrained nearest neighbour: there is no champion yet"
        if self.champion is not None:
            rival = f"version {self.champion.version.number}, the champion"
        return [
            f"recipe: {self.recipe.of}: {what}; {kept[config.epoch]}",
            f"trains: seeds {seeds}, {trains.workers} worker{'s' * (trains.workers > 1)} each",
            f"data: {self.profile.store}, {self.profile.clips:,} train clips of "
            f"{len(self.profile.signs):,} signs, data {self.profile.fingerprint}",
            f"registers: {chosen[config.choose]}, as candidate of {config.model}",
            f"compared with: {rival}",
            *self.protocols,
        ]

    def as_json(self) -> dict[str, Any]:
        champion = self.champion
        return {
            "source": self.source,
            "recipe": self.recipe.config.model_dump(mode="json"),
            "recipe_of": self.recipe.of,
            "seeds": list(self.config.seeds),
            "champion": None if champion is None else champion.version.number,
            "data": self.profile.fingerprint,
            "protocols": list(self.protocols),
        }


def make_plan(
    source: str,
    config: RetrainConfig,
    tracker: Tracker | None,
    recipe: Recipe | None = None,
) -> Plan:
    """Settle what is trained and check what can be refused before hours of training.

    The clips of the split are read into this process's memory, whatever ``data.memory`` says: here
    and where candidate and champion are compared. The trainings alone map them.

    Args:
        source: see :func:`raysign.retrain.recipe.read_recipe`.
        config: what is declared.
        tracker: the registry; None where there is none yet.
        recipe: that of a re-training that goes on, instead of SOURCE's.

    Raises:
        BundleError, TrackingError, ConfigError: there is no such model, or it does not fit.
        StoreError, LayoutError, SplitError, SealedSplitError, DataError: the clips cannot be used.
    """
    recipe = recipe or read_recipe(source, config, tracker)
    champion = champion_of(tracker, config.model)
    split = load_split(recipe.config.data, unlabelled=not recipe.config.by_sign)
    profile = Profile.of(split, recipe.config.data.store)
    then = profile_of(tracker, champion, recipe, profile)
    trained = NOTHING if champion is None else None if then is None else then.trained
    asked = read_asked(config, recipe.config, split, trained)
    if champion is not None:
        check_champion(champion, asked)
    return Plan(source, config, recipe, champion, profile, tuple(map(_line, asked)))


def champion_of(tracker: Tracker | None, name: str) -> Champion | None:
    """The champion of a registered model; None where it has none.

    ``ConfigError`` where it is no encoder of signs.
    """
    version = None if tracker is None else champion_version(tracker, name)
    if tracker is None or version is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        bundle = load_any(tracker.fetch_bundle(version.uri, Path(folder) / "bundle"))
    if not isinstance(bundle, Bundle):
        raise ConfigError(
            f"{name} holds keyword models, and raysign retrain is for encoders of signs; give "
            "another model=NAME"
        )
    return Champion(version, bundle)


def profile_of(
    tracker: Tracker | None, champion: Champion | None, recipe: Recipe, now: Profile
) -> Profile | None:
    """What the champion learned from; None where there is no champion, or nobody knows."""
    if tracker is None or champion is None:
        return None
    here = (recipe.config.data, now)
    return champions_profile(tracker, champion.version, champion.bundle, here)


def check_champion(champion: Champion, asked: tuple[Asked, ...]) -> None:
    """``BundleError`` or ``LayoutError`` where it cannot embed what is asked."""
    layout = asked[0].sides.asking.layout
    if champion.bundle.layout != layout:
        raise LayoutError(
            f"the champion, {champion.version.uri}, reads {champion.bundle.layout}, and these "
            f"clips are {layout}: they cannot be compared; give model=NAME of another"
        )
    try:
        champion.bundle.embedder()
    except BundleError as error:
        raise BundleError(f"the champion, {champion.version.uri}: {error}") from None


def _line(asked: Asked) -> str:
    protocol, clips = asked.protocol, len(set(asked.clip.tolist()))
    gate = {
        "better": f"{protocol.metric} must be better",
        "not_worse": f"{protocol.metric} must not be worse by {protocol.margin:g}",
        "none": "measured, no gate",
    }[protocol.gate]
    return (
        f"protocol {asked.name}: {protocol.protocol}, {clips:,} query clips of "
        f"{asked.sides.queries} ask {asked.sides.gallery}: {gate}"
        + (f" ({asked.left_out:,} more do not ask: trained on)" if asked.left_out else "")
        + ("" if asked.champion_known else " (what the champion trained on is not known)")
    )
