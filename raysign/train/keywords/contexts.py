"""The context models of a trained keyword model, fitted on train and chosen by val, and how sure
one may be of its words, told by val.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from raysign.bundle import AnyBundle, KeywordBundle
from raysign.engine import choose_device
from raysign.engine.keywords import (
    PreparedSentences,
    TrainingSentences,
    logits_of,
    probabilities,
)
from raysign.engine.keywords.training import measure_words
from raysign.keywords.confidence import fit_shown
from raysign.keywords.context import PLAIN, fit_contexts
from raysign.ranking import Figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from raysign.batches import TrainingClips
    from raysign.train.material import Say


def completed(
    bundle: AnyBundle,
    data: TrainingClips | TrainingSentences,
    say: Say,
    near: Callable[..., Any],
) -> AnyBundle:
    """What is still to be done to a run's best epoch: a keyword model gets its context models."""
    if isinstance(bundle, KeywordBundle) and isinstance(data, TrainingSentences):
        return with_contexts(bundle, data, say, near)
    return bundle


def with_contexts(
    bundle: KeywordBundle, data: TrainingSentences, say: Say, near: Callable[..., Any]
) -> KeywordBundle:
    """The bundle with its context models, what makes probabilities of their scores, and what they
    make of val among its metrics.

    Args:
        bundle: of the best epoch.
        data: that it was trained on.
        say: prints a line for each context model.
        near: calls a function with arguments where the cluster computes fastest.
    """
    train, val = near(confidences, bundle, data.train.sentences, data.val.sentences)
    config, labels = bundle.config, data.val.labels
    contexts = fit_contexts(train, data.train.counts, val, labels, config.context, seed=config.seed)
    metrics = dict(bundle.metrics)
    scores = {PLAIN: val, **{name: context.rescore(val) for name, context in contexts.items()}}
    confidence = {name: fit_shown(each, labels) for name, each in scores.items()}
    for name, context in contexts.items():
        found = measure_words(scores[name], labels, resamples=config.evaluate.bootstrap).metrics()
        metrics |= {key.replace("val/", f"val/{name}/", 1): value for key, value in found.items()}
        sure = {
            key: Figure(*(found[f"val/{key}{end}"] for end in ("", "_low", "_high")))
            for key in ("map", "max_f1")
        }
        gamma = context.facts().get("gamma")
        chosen = "" if gamma is None else f" (γ = {gamma:g}, chosen on val)"
        say(f"with {name} context{chosen}: val mAP {sure['map']}  maxF1 {sure['max_f1']}")
    return replace(bundle, contexts=contexts, confidence=confidence, metrics=metrics)


def confidences(bundle: KeywordBundle, *parts: PreparedSentences) -> list[np.ndarray]:
    """What the bundle's model says of each word in the sentences of each part, on this machine's
    fastest device.
    """
    prepare, size = bundle.prepare(), bundle.config.evaluate.batch_sentences
    device = choose_device("cpu" if bundle.config.device == "cpu" else "auto")
    model = bundle.model().to(device)
    return [probabilities(logits_of(model, prepare, part, size)) for part in parts]
