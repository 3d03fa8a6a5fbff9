"""``start_from``: the bundle that a run begins with, checked to be of the run's kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raysign.engine import Start
from raysign.errors import ConfigError
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.tracking import load_model
from raysign.trees import differing, said

if TYPE_CHECKING:
    from raysign.bundle import Bundle
    from raysign.config import DataConfig, TrainConfig
    from raysign.train.material import Say

CHANCES = ("dropout", "head_dropout", "drop_path")
"""Settings of an encoder that its weights know nothing of."""


def starting_bundle(config: TrainConfig, layout: str, say: Say) -> Bundle | None:
    """The bundle that ``config.start_from`` names, for clips of a layout; None where it names none.

    Says so where what it has learned from may be among what this run holds out.

    Raises:
        ConfigError: see :func:`check_start`.
        BundleError, TrackingError: there is none.
    """
    if config.start_from is None:
        return None
    bundle = load_model(config.start_from, layout)
    check_start(bundle, config, layout)
    there, here = bundle.config, config
    say(
        f"begins with {config.start_from}: {there.encoder.kind} after loss.kind={there.loss.kind}, "
        f"epoch {bundle.card.get('epoch', 'unknown')}"
    )
    if _splitting(there.data) != _splitting(here.data):
        how = ", ".join(f"data.{name}={value}" for name, value in _splitting(there.data).items())
        say(
            f"note: {config.start_from} was trained with {how}; what data.splits="
            f"{here.data.splits} holds out may have been among its clips"
        )
    return bundle


def check_start(bundle: Bundle, config: TrainConfig, layout: str) -> None:
    """``ConfigError`` where a run of that config cannot begin with a bundle; names what differs."""
    ours = Prepare(config.prepare, layout_named(layout)).fingerprint
    if bundle.layout != layout:
        differs = f"layout is {bundle.layout} there, {layout} here"
    elif bundle.prepare_fingerprint != ours:
        differs = _difference(
            "prepare", bundle.config.prepare.model_dump(), config.prepare.model_dump()
        ) or (
            f"prepare gives other numbers for the same settings ({bundle.prepare_fingerprint} "
            f"there, {ours} here: another version of raysign)"
        )
    else:
        differs = _difference(
            "encoder", bundle.config.encoder.model_dump(), config.encoder.model_dump()
        )
    if differs:
        raise ConfigError(
            f"start_from={config.start_from}: {differs}; give this run the settings of the bundle, "
            "or train a bundle with those of this run"
        )


def start_of(bundle: Bundle) -> Start:
    """What the engine begins with."""
    config, card = bundle.config, bundle.card
    data = card.get("data")
    facts = {
        "loss": config.loss.kind,
        "epoch": str(card.get("epoch", "unknown")),
        "data": str(data.get("fingerprint", "unknown")) if isinstance(data, dict) else "unknown",
        "commit": str(card.get("commit") or "unknown"),
    }
    if before := card.get("began with"):
        facts["began with"] = str(before)
    return Start(dict(bundle.weights), bundle.signs, facts)


def _splitting(data: DataConfig) -> dict[str, Any]:
    """The settings that decide which clips train."""
    drawn = {"val_fraction", "split_seed"} if data.splits != "own" else set()
    made = {"synthetic"} if data.store == "synthetic" else set()
    return data.model_dump(include={"splits", "store", "duplicates"} | drawn | made)


def _difference(section: str, there: dict[str, Any], here: dict[str, Any]) -> str:
    """What differs between two dumps of a section, in words; '' where nothing that matters does."""
    one, other = ({section: _without_chances(tree)} for tree in (there, here))
    return ", ".join(
        f"{name} is {said(theirs)} there, {said(ours)} here"
        for name, theirs, ours in differing(one, other)
    )


def _without_chances(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _without_chances(part) for name, part in tree.items() if name not in CHANCES}
    return [_without_chances(part) for part in tree] if isinstance(tree, list | tuple) else tree
