"""A training state → the bundle of its best epoch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from raysign.bundle import AnyBundle, Bundle
from raysign.engine import Loop, Training, build_training
from raysign.engine.keywords import KeywordTraining
from raysign.errors import TrainingError
from raysign.train.figures import protocol
from raysign.train.keywords.bundling import keyword_bundle_of

if TYPE_CHECKING:
    from raysign.batches import TrainingClips
    from raysign.config import KeywordConfig, TrainConfig
    from raysign.engine.keywords import TrainingSentences


def bundle_of(training: Loop, commit: str) -> AnyBundle:
    """The best epoch of a run, with all that has to travel with its numbers."""
    if not training.best_weights:
        raise TrainingError("no epoch was measured yet, so there is no best one to bundle")
    if isinstance(training, KeywordTraining):
        return keyword_bundle_of(training, commit)
    return _encoder_of(cast("Training", training), commit)


def _encoder_of(training: Training, commit: str) -> Bundle:
    return Bundle(
        layout=training.clips.layout,
        config=training.config,
        prepare_fingerprint=training.prepare.fingerprint,
        weights=training.best_weights,
        metrics=training.best_metrics,
        card=protocol_card(training.config, training.clips, training.best_metrics)
        | {"commit": commit, "epoch": training.best_epoch}
        | ({} if training.start is None else {"began with": dict(training.start.facts)}),
        signs=_signs(training),
    )


def _signs(training: Training) -> tuple[str, ...] | None:
    """The glosses trained on, also by what the run began with; None where any is not known."""
    own = set(training.clips.signs[: training.clips.num_trained].tolist())
    if training.clips.unlabelled is not None and not training.config.by_sign:
        return None
    if training.start is None:
        return tuple(sorted(own))
    return None if training.start.signs is None else tuple(sorted(own | {*training.start.signs}))


def bundle_of_state(
    state: dict[str, Any],
    config: TrainConfig | KeywordConfig,
    data: TrainingClips | TrainingSentences,
    commit: str,
) -> AnyBundle:
    """The same of a run that ended in other processes; this one need not have their device."""
    training = build_training(config.model_copy(update={"device": "cpu"}), data)
    training.restore_best(state)
    # The config is of the bundle's own kind, which a type checker cannot see.
    made: AnyBundle = replace(bundle_of(training, commit), config=cast("Any", config))
    return made


def protocol_card(
    config: TrainConfig, clips: TrainingClips, metrics: dict[str, float]
) -> dict[str, Any]:
    """Who asked whom, for the figures of a run."""
    return {
        "protocol": protocol(clips, metrics, config.evaluate.mirror, config.evaluate.rerank.stages),
        "data": {
            "store": config.data.store,
            "splits": config.data.splits,
            "duplicates": config.data.duplicates,
            "fingerprint": clips.fingerprint,
            "train clips": len(clips.train),
            **({} if clips.unlabelled is None else {"clips without a sign": len(clips.unlabelled)}),
            "signs": clips.num_trained,
        },
    }
