"""A training of keyword search → the bundle of its best epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysign.bundle import KeywordBundle, Learned
from raysign.engine.keywords import KeywordTraining
from raysign.keywords.vocabulary import PLURAL

if TYPE_CHECKING:
    from raysign.engine.keywords import TrainingSentences


def keyword_bundle_of(training: KeywordTraining, commit: str) -> KeywordBundle:
    """The best epoch of a run, still without context models."""
    data = training.sentences
    return KeywordBundle(
        layout=data.layout,
        config=training.config,
        prepare_fingerprint=training.prepare.fingerprint,
        vocabulary=data.vocabulary,
        frequency=data.train.labels.mean(axis=0),
        weights=training.best_weights,
        metrics=training.best_metrics,
        learned=Learned(data.train.content, data.val.content, data.train.signers),
        card={
            "protocol": protocol(data),
            "data": {
                "store": training.config.data.store,
                "splits": training.config.data.splits,
                "words": data.vocabulary.kind,
                "fingerprint": data.fingerprint,
                "train sentences": len(data.train),
                "vocabulary": len(data.vocabulary),
            },
            "commit": commit,
            "epoch": training.best_epoch,
        },
    )


def protocol(data: TrainingSentences) -> str:
    """What was searched where, in one line."""
    labels = data.val.labels
    there = labels.any(axis=0)
    positives = labels.sum() / max(1, there.sum())
    return (
        f"{there.sum():,} of train's {len(there):,} {PLURAL[data.vocabulary.kind]} are in val, "
        f"each ranks its {len(labels):,} sentences; {positives:.1f} positives a word; "
        f"{data.signer_overlap}"
    )
