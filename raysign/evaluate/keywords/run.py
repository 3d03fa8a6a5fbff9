"""One model of keyword search on one selection of sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from raysign.bundle import KeywordBundle
from raysign.bundle.card import ORIGIN
from raysign.evaluate.keywords.result import KeywordEvaluation
from raysign.evaluate.keywords.searching import PLAIN, Predicted, predict
from raysign.evaluate.keywords.system import System
from raysign.evaluate.record import opening
from raysign.keywords.baselines import chance
from raysign.keywords.localisation import localisation
from raysign.keywords.metrics import check_scores
from raysign.ranking import Resampling
from raysign.sentences import Sentences
from raysign.sources import parse_selection
from raysign.store import load_sentences
from raysign.tracking.model import load_keywords

WORDS = {"gloss": "glosses", "translation": "written words"}
"""What a vocabulary's entries are called, for people."""


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
        selection: ``STORE`` or ``STORE:split`` of sentences.
        open_test: allow the sealed test split, say so in the card, and record it in MLflow.
        resamples: draws of sentences behind each interval.
        seed: of these.

    Raises:
        BundleError, StoreError, SplitError, SealedSplitError, LayoutError, DataError: see their
            messages.
    """
    bundle, name = opened(model), model if isinstance(model, str) else "(in memory)"
    sentences = read(selection, open_test=open_test)
    has_test = open_test and bool((sentences.clips.split == "test").any())
    record = opening() if has_test else None  # reached before any figure of the test split is seen
    found = predict(bundle, sentences)
    card = {
        **card_of(bundle, name),
        **sentences_card(sentences, selection),
        "opened_test": has_test,
    }
    how = Resampling(resamples=resamples, seed=seed)
    done = measure(found, bundle.frequency, sentences.clips.num_frames, card, how)
    if record is not None:
        record(done.systems[PLAIN], done.card)
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
    check_scores(found.scores[PLAIN], labels)
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
        located=located,
        card={
            **card,
            "nothing_retrieved": systems[PLAIN].figures.nothing_retrieved,
            "intervals": intervals,
        },
    )


def opened(model: str | KeywordBundle) -> KeywordBundle:
    """The bundle that MODEL names; ``BundleError`` where there is none."""
    if not isinstance(model, str):
        return model
    return load_keywords(model)


def read(selection: str, *, open_test: bool = False) -> Sentences:
    """The sentences of ``STORE`` or ``STORE:split``; without a split, all but the sealed test."""
    store, split = parse_selection(selection)
    return load_sentences(store, None if split is None else (split,), open_test=open_test)


def card_of(bundle: KeywordBundle, name: str) -> dict[str, Any]:
    """Which model it is, what it learned from, and which code made it when."""
    config = bundle.config
    return {
        "words": WORDS[bundle.vocabulary.kind],
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


def sentences_card(sentences: Sentences, selection: str) -> dict[str, Any]:
    """Which sentences they are."""
    names = {*map(str, sentences.clips.signer)} - {""}
    unnamed = int((sentences.clips.signer == "").sum())
    signers = f"{len(names):,} signer{'' if len(names) == 1 else 's'}"
    return {
        "sentences": selection,
        "signers": signers + (f" and {unnamed:,} sentences of unknown signers" if unnamed else ""),
        "data": sentences.fingerprint(),
    }
