"""Sentences, and a word or an example or both → the sentences that have it, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from raysign.errors import DataError
from raysign.search.keywords.found import Found, FoundSentence
from raysign.search.keywords.fused import fused
from raysign.search.keywords.words import WordSearch
from raysign.search.timeline.exemplars import ExemplarSearch, ExemplarTrack
from raysign.sentences import Sentences

USUAL_K = 10
UNMEASURED = "how sure a word is is the model's own word; how often it is right was not measured"


def find(
    sentences: Sentences,
    *,
    words: Sequence[str] = (),
    model: WordSearch | None = None,
    examples: ExemplarSearch | None = None,
    named: Sequence[str] = (),
    k: int = USUAL_K,
    say: Callable[[str], object] = str,
) -> Found:
    """Look for words, all of them, and for a sign by example, in many sentences.

    Args:
        sentences: that are searched, each of a frame or more.
        words: of the model's vocabulary.
        model: of keyword search; needed where there are words.
        examples: of one sign, ready to be looked for.
        named: what these are called.
        k: so many sentences are told, or all where there are fewer.
        say: is told what goes on.

    Raises:
        WordError: a word is not in the vocabulary.
        DataError: nothing is looked for, or a word without a model.
        LayoutError: sentences without the joints that a model reads.
    """
    if not words and examples is None:
        raise DataError("nothing to look for: give a word, or an example of a sign")
    if words and model is None:
        raise DataError("a word is looked for by a model of keyword search: give --model MODEL")
    numbers = [model.vocabulary.number(word) for word in words] if model else []
    scores: list[Float[np.ndarray, "sentence"]] = []
    confidence = np.empty((len(sentences), 0))
    if model is not None and words:
        say(f"searching {len(sentences):,} sentences")
        confidence = model.confidences(sentences)[:, numbers]
        scores.append(np.prod(confidence, axis=1, dtype=np.float64))
    near: list[ExemplarTrack] = []
    if examples is not None:
        for row, sentence in enumerate(sentences, 1):
            say(f"looking through sentence {row:,} of {len(sentences):,}")
            near.append(examples.find(sentence.clip))
        scores.append(np.asarray([track.best for track in near]))
    score = fused(*scores)
    best = np.argsort(-score, kind="stable")[:k]
    return Found(
        sentences=tuple(
            FoundSentence(
                sentence=(sentence := sentences.sentence(row)),
                number=row,
                score=float(score[row]),
                words=model.tracks(sentence, numbers, confidence[row].tolist()) if model else (),
                example=near[row] if near else None,
            )
            for row in best.tolist()
        ),
        words=tuple(words),
        examples=tuple(named),
        searched=len(sentences),
        context=model.context if model else "none",
        cost=examples.cost if examples else "",
        notes=(UNMEASURED,) if words else (),
    )
