"""The page that people read about a trained keyword model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from raysign.bundle.card import ORIGIN, listed, metrics_table
from raysign.keywords.vocabulary import NAMES, PLURAL
from raysign.skeleton import layout_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raysign.config import KeywordConfig

FROM_FOLDER = """\
```python
from raysign.bundle import load_keyword_bundle
from raysign.engine.keywords import PreparedSentences, logits_of, probabilities
from raysign.store import load_sentences

bundle = load_keyword_bundle("this/folder")
sentences = PreparedSentences.of(load_sentences("STORE", ["val"]), bundle.prepare())
found = probabilities(logits_of(bundle.model(), bundle.prepare(), sentences, size=64))
found = bundle.contexts["tfidf"].rescore(found)  # [sentence word], words: bundle.vocabulary.words
found = bundle.confidence["tfidf"].of(found)     # how likely each word is in each sentence
```
"""

THRESHOLDS = (
    "`threshold` is the score from which on a word counts as found at that maxF1: for `val/…` a "
    "logit (0 is a probability of one half), with a context model its value in 0–1. A word that "
    "retrieves nothing there has no precision, and the paper does not say what counts then: "
    "`max_f1` and `max_f1_zero` count it as 0, `max_f1_left_out` averages over the words that "
    "retrieve something, `max_f1_one` counts it as 1."
)


def keyword_card(
    layout: str,
    config: KeywordConfig,
    words: int,
    metrics: Mapping[str, float],
    card: Mapping[str, Any],
    *,
    usage: str = FROM_FOLDER,
) -> str:
    """Markdown: what the model is, how good by which protocol, its data, use and limits."""
    joints = layout_named(layout).num_joints
    kind = NAMES[config.data.words]
    sections = [
        f"# Keyword search: {words:,} {PLURAL[config.data.words]} of {config.data.store} "
        f"({config.encoder.kind} on {layout})",
        f"Says of each {kind} of its vocabulary how likely it is in a signed sentence, and where: "
        "learned from sentences and their words alone, without times (Tamer and Saraçlar, LREC "
        "2020).",
        "## How good",
        metrics_table(metrics),
        listed("Protocol", card.get("protocol")),
        "`val/…` are the model's own figures, `val/tfidf/…` and `val/mlp/…` those with a context "
        "model. γ of TF-IDF was tuned and the MLP stopped by val, the epoch was chosen by it, and "
        "it told how sure to be of a score: on other sentences expect less.",
        THRESHOLDS,
        "## What it reads",
        f"Landmarks of layout `{layout}`: `[frame, {joints}, 3]`; x and y in units of the "
        "picture's width and height, origin top left; **NaN = not detected**; and each joint's "
        "confidence. Sentences of any length.",
        "## What it learned from",
        listed("Data", card.get("data") or config.data.model_dump(mode="json")),
        listed("Licence", card.get("licence")),
        "## How to use it",
        usage.strip(),
        "## Limits",
        "- It finds the words of its vocabulary and no others; it does not translate.\n"
        "- Where a word is, is where the model looked, not something that it was taught.\n"
        "- The figures hold for the protocol above; other signers, cameras and languages need "
        "their own measurement.",
        "## How it was made",
        listed("Origin", {key: card[key] for key in ORIGIN if card.get(key)}),
        listed("It won a sweep", card.get("selection")),
        f"```yaml\n{yaml.safe_dump(config.model_dump(mode='json'), sort_keys=False).strip()}\n```",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"
