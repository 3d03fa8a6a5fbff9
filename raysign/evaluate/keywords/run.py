"""One model of keyword search on one selection of sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from raysign.bundle import KeywordBundle
from raysign.bundle.card import ORIGIN
from raysign.evaluate.keywords.asked import Asked
from raysign.evaluate.keywords.result import Calibrated, KeywordEvaluation
from raysign.evaluate.keywords.searching import Predicted, predict
from raysign.evaluate.keywords.system import System
from raysign.evaluate.record import opened_card, opening
from raysign.keywords.baselines import chance, floor
from raysign.keywords.context import PLAIN
from raysign.keywords.localisation import localisation
from raysign.keywords.vocabulary import PLURAL
from raysign.ranking import Resampling
from raysign.tracking.model import load_keywords

PROTOCOL = "keywords"
"""What an opening of the test split is noted as."""


def evaluate(
    model: str | KeywordBundle,
    selection: str,
    *,
    open_test: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> KeywordEvaluation:
    """Search every word of the model's vocabulary in every sentence, with and without context.

    Args:
        model: a bundle folder, an MLflow URI (``models:/raysign-keywords@champion``), or a bundle.
        selection: ``STORE`` or ``STORE:split`` of sentences, as :meth:`Asked.read` takes it: what
            the model was trained on is left out.
        open_test: allow the sealed test split, say so in the card, and record it in MLflow.
        resamples: draws of sentences behind each interval.
        seed: of these.

    Raises:
        BundleError, StoreError, SplitError, SealedSplitError, LayoutError, DataError: see their
            messages.
    """
    bundle, name = opened(model), model if isinstance(model, str) else "(in memory)"
    asked = Asked.read(selection, [bundle], open_test=open_test)
    record = None
    if asked.opened_test:
        record = opening([(name, bundle)], asked.test_data(), PROTOCOL)
    found = predict(bundle, asked.sentences)
    card = {
        **card_of(bundle, name),
        **asked.card(),
        **asked.card_for(bundle),
        **opened_card([name], record),
    }
    how = Resampling(resamples=resamples, seed=seed)
    done = measure(found, bundle.frequency, asked.sentences.clips.num_frames, card, how)
    if record is not None:
        record.record(0, done.systems[PLAIN].as_json(), done.card)
    return done


def measure(
    found: Predicted,
    frequency: np.ndarray,
    num_frames: np.ndarray,
    card: Mapping[str, Any],
    how: Resampling,
) -> KeywordEvaluation:
    """The figures of what was predicted.

    Args:
        found: scores of every system, labels, and where glosses were found.
        frequency: share of the training sentences that have each word.
        num_frames: of each sentence.
        card: what the figures were measured on; the intervals are added.
        how: how these are drawn.
    """
    labels = found.labels
    systems = {name: System.of(scores, labels, how) for name, scores in found.scores.items()}
    located = None
    if found.places is not None:
        places = (found.places, found.peak, found.span, num_frames)
        located = localisation(*places, found.scores[PLAIN], **how)
    intervals = f"95 %, bootstrap over sentences, {how['resamples']} resamples, seed {how['seed']}"
    return KeywordEvaluation(
        systems=systems,
        frequency=System.by_frequency(frequency, labels, how),
        chance=chance(labels),
        floor=floor(frequency, labels, **how),
        confidence={name: Calibrated.of(each, how) for name, each in found.read.items()},
        located=located,
        card={
            **card,
            "gamma_crossed": None if found.crossed is None else list(found.crossed),
            "nothing_retrieved": systems[PLAIN].figures.nothing_retrieved,
            "intervals": intervals,
        },
    )


def opened(model: str | KeywordBundle) -> KeywordBundle:
    """The bundle that MODEL names; ``BundleError`` where there is none."""
    if not isinstance(model, str):
        return model
    return load_keywords(model)


def card_of(bundle: KeywordBundle, name: str) -> dict[str, Any]:
    """Which model it is, what it learned from, and which code made it when."""
    config = bundle.config
    return {
        "words": PLURAL[bundle.vocabulary.kind],
        "vocabulary": len(bundle.vocabulary),
        "model": {
            "name": name,
            "encoder": config.encoder.kind,
            "joints": config.prepare.joints,
            "layout": bundle.layout,
            "prepare": bundle.prepare_fingerprint,
            "contexts": {kind: context.facts() for kind, context in bundle.contexts.items()},
            "trained_on": {
                "store": config.data.store,
                "splits": config.data.splits,
                "seed": config.seed,
            },
            **{fact: bundle.card[fact] for fact in ORIGIN if bundle.card.get(fact)},
        },
    }
