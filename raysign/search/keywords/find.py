"""Sentences, and a word or an example or both → the sentences that have it, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from raysign.errors import DataError
from raysign.search.keywords.found import Found, FoundSentence, what_is
from raysign.search.keywords.fused import fused_by_place
from raysign.search.keywords.words import WordSearch
from raysign.search.timeline.exemplars import ExemplarSearch, ExemplarTrack
from raysign.sentences import Sentences

USUAL_K = 10
UNMEASURED = "“how sure” is what the model says; nobody has measured how often it is right"
MEASURED = (
    "“how sure” is how often a word was in the sentences of val that scored so; of other signers "
    "and cameras expect less"
)


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
        words: of the model's vocabulary, or what :meth:`Vocabulary.meant` reads as one.
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
    numbers: list[int] = []
    notes: list[str] = []
    if model:
        given, words = words, [model.vocabulary.meant(word) for word in words]
        notes = [f"“{a}” is read as “{b}”" for a, b in zip(given, words, strict=True) if a != b]
        numbers = [model.vocabulary.number(word) for word in words]
    scores: list[Float[np.ndarray, "sentence"]] = []
    judged = None
    if model is not None and words:
        say(f"searching {len(sentences):,} sentences")
        judged = model.judge(sentences)
        # For one word both are the same order; a product is one of probabilities, where they hold.
        several = len(numbers) > 1 and judged.measured
        each = judged.confidence if several else judged.score
        scores.append(np.prod(each[:, numbers], axis=1, dtype=np.float64))
    near: list[ExemplarTrack] = []
    if examples is not None:
        for row, sentence in enumerate(sentences, 1):
            say(f"looking through sentence {row:,} of {len(sentences):,}")
            near.append(examples.find(sentence.clip))
        scores.append(np.asarray([track.best for track in near]))
    score = fused_by_place(*scores)
    best = np.argsort(-score, kind="stable")[:k]
    own = [row for row in best.tolist() if {*named} & {*sentences.pieces[row]}]
    if own:
        notes.append(f"{len(own)} of the sentences below are composed of the example itself")
    return Found(
        sentences=tuple(
            FoundSentence(
                sentence=(sentence := sentences.sentence(row)),
                number=row,
                score=float(score[row]),
                words=model.tracks(judged, row, sentence, numbers) if model and judged else (),
                example=near[row] if near else None,
            )
            for row in best.tolist()
        ),
        words=tuple(words),
        examples=tuple(named),
        searched=len(sentences),
        context=model.context if model else "none",
        what=Counter(map(what_is, sentences)).most_common(1)[0][0]
        if len(sentences)
        else "sentence",
        cost=examples.cost if examples else "",
        measured=judged is not None and judged.measured,
        notes=(*notes, MEASURED if judged.measured else UNMEASURED) if judged else (*notes,),
    )
