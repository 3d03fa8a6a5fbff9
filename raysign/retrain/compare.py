"""Candidate and champion, asked the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysign.bundle import Bundle, commit, load_bundle
from raysign.retrain.asked import NOTHING, found_by, read_asked
from raysign.retrain.decision import Decision
from raysign.retrain.drift import Drift
from raysign.retrain.plan import champion_of, profile_of
from raysign.retrain.profile import Profile, fingerprint_of
from raysign.retrain.verdict import Found
from raysign.sources import load_split
from raysign.train import Member, fuse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from raysign.config import RetrainConfig
    from raysign.retrain.kept import Began
    from raysign.tracking import Tracker


def bundle_of(config: RetrainConfig, folder: Path, seeds: Sequence[Path]) -> Path:
    """Where the bundle is that is registered."""
    return seeds[0] / "bundle" if config.choose == "first" else folder / "ensemble"


def chosen(
    there: Began,
    config: RetrainConfig,
    folder: Path,
    seeds: Sequence[Path],
    say: Callable[[str], None],
) -> Path:
    """The bundle that is registered, settled by the config alone."""
    out = bundle_of(config, folder, seeds)
    if config.choose == "ensemble" and not out.exists():
        members = [Member(place.name, load_bundle(place / "bundle")) for place in seeds]
        fuse(members, there.recipe["data"]["store"], out, say=say)
    return out


def compare(
    there: Began,
    config: RetrainConfig,
    tracker: Tracker,
    bundle: Path,
    seeds: Sequence[Path],
    say: Callable[[str], None],
) -> Decision:
    """Ask candidate, champion and seeds the same, and decide.

    ``TrainingError`` where the clips are not those that it began with, or a seed learned others.
    """
    recipe = there.as_recipe()
    split = load_split(recipe.config.data, unlabelled=not recipe.config.by_sign)
    models = [load_bundle(place / "bundle") for place in seeds]
    learned = {place.name: _data(model) for place, model in zip(seeds, models, strict=True)}
    there.check_data(seeds[0].parent.name, {"its store": fingerprint_of(split), **learned})
    now = Profile.of(split, recipe.config.data.store)
    champion = champion_of(tracker, config.model)
    then = profile_of(tracker, champion, recipe, now)
    trained = NOTHING if champion is None else None if then is None else then.trained
    asked = read_asked(config, recipe.config, split, trained)
    say("asks the champion, and every seed's model" if champion else "asks every seed's model")
    rival = found_by(None if champion is None else champion.bundle, asked)
    each = [found_by(model, asked) for model in models]
    candidate = each[0] if config.choose == "first" else found_by(load_bundle(bundle), asked)
    found = [
        Found(one, candidate[i], rival[i], tuple(seed[i] for seed in each))
        for i, one in enumerate(asked)
    ]
    drift = Drift.of(now, then, champion.bundle if champion else None)
    return Decision.of(found, champion, drift, config, there.of, commit())


def _data(model: Bundle) -> str:
    """The fingerprint of the clips that a model learned from, as its card tells it."""
    data = model.card.get("data")
    return str(data.get("fingerprint", "")) if isinstance(data, dict) else ""
